/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* message.jsonl and message_factory.jsonl: messages built, changed and written, operation by operation. */
#include <intelmq/json.h>
#include <intelmq/text.h>
#include <stdio.h>

#include "cli/conformance_lib.h"
#include "message/codec.h"

#define OBSERVED S("2015-01-01T00:00:00+00:00")

static struct value member(const struct dict *d, const char *name)
{
	const struct value *v = dict_get(d, str_of(name));
	return v ? *v : value_null();
}

static bool flag(const struct dict *d, const char *name, bool usual)
{
	const struct value *v = dict_get(d, str_of(name));
	return v ? value_truthy(*v) : usual;
}

static void fail(struct outcome *out, enum fault fault, const char *text)
{
	out->raised = true;
	err_set(&out->err, fault, "%s", text);
}

/* ---- Building ---- */

static void add_observation(struct event *e, bool automatic)
{
	if (e->fields == e->format->report && !automatic && !event_has(e, "time.observation"))
		event_append(e, S("time.observation"), e->fields->time_observation,
		             value_str(OBSERVED));
}

static struct event *build(struct conformance *c, struct arena *arena, const struct dict *init,
                           struct err *err)
{
	struct value class = member(init, "class"), fields = member(init, "fields"),
		     from = member(init, "from");
	struct value copied = member(init, "copy_collector_provided_fields");
	const struct fields *section = data_format_section(c->format, class.text);
	struct event *e;
	if (!section) {
		err_set(err, FAULT_INVALID_ARGUMENT, "no section for class '%.*s'",
		        STR_ARG(class.text));
		return NULL;
	}
	if (from.kind == VALUE_DICT) {
		struct event *other = build(c, arena, from.dict, err);
		e = other ? event_from_event(arena, section, other,
		                             copied.kind == VALUE_LIST ? copied.list : NULL, err)
		          : NULL;
	} else {
		struct value input = recorded_value(arena, value_copy(arena, fields));
		e = event_from_dict(arena, c->format, section,
		                    input.kind == VALUE_DICT ? input.dict : dict_new(arena), err);
	}
	if (e)
		add_observation(e, flag(init, "auto", false));
	return e;
}

/* ---- Results as the recordings write them ---- */

static struct value fields_of(struct arena *arena, const struct event *e)
{
	struct list *pairs = list_new(arena);
	for (size_t i = 0; i < e->n; i++) {
		if (e->slots[i].gap)
			continue;
		struct list *pair = list_new(arena);
		list_add(pair, value_str(e->slots[i].key));
		list_add(pair, *slot_value(e, &e->slots[i]));
		list_add(pairs, value_list(pair));
	}
	return value_list(pairs);
}

static struct value message_value(struct arena *arena, const struct event *e)
{
	struct dict *d = dict_new(arena);
	dict_set(d, S("__message__"), value_str(e->fields->class_name));
	dict_set(d, S("fields"), fields_of(arena, e));
	return value_dict(d);
}

static void set_text(struct arena *arena, struct outcome *out, const struct buffer *text)
{
	(void)arena;
	out->value = value_str(buffer_str(text));
}

/* ---- Operations ---- */

struct operation {
	struct conformance *c;
	struct arena *arena;
	struct event *e;
	const struct dict *args;
	struct value *default_value; /* of m[key], once set */
	struct outcome *out;
};

static void added(struct operation *op, enum added added)
{
	if (added == ADD_FAILED) {
		op->out->raised = true;
		op->out->err = *event_err(op->e);
	}
	op->out->value = added == ADD_IGNORED ? value_null() : value_bool(added == ADD_STORED);
}

static unsigned add_flags(const struct dict *args)
{
	struct value overwrite = member(args, "overwrite");
	unsigned flags = flag(args, "sanitize", true) ? 0 : EVENT_AS_IS;
	flags |= flag(args, "raise_failure", true) ? 0 : EVENT_LENIENT;
	if (overwrite.kind == VALUE_BOOL)
		flags |= overwrite.boolean ? EVENT_OVERWRITE : EVENT_KEEP;
	return flags;
}

static bool is_ignored_by(struct operation *op, struct value v)
{
	struct value ignore = member(op->args, "ignore");
	for (size_t i = 0; ignore.kind == VALUE_LIST && i < ignore.list->n; i++)
		if (value_eq(ignore.list->items[i], v))
			return true;
	for (size_t i = 0; ignore.kind == VALUE_DICT && i < ignore.dict->n; i++)
		if (value_is_text(v, ignore.dict->pairs[i].key))
			return true;
	return false;
}

/* `ignore` is looked at between the rules for what is there and those for the value. */
static void op_add(struct operation *op)
{
	struct str key = member(op->args, "key").text;
	struct value v = recorded_value(op->arena, member(op->args, "value"));
	unsigned flags = add_flags(op->args);
	const struct value *ignore = dict_get(op->args, S("ignore"));
	bool part = ignore && ignore->kind == VALUE_STR && v.kind == VALUE_STR &&
	            str_find(ignore->text, v.text) != STR_NOT_FOUND;
	bool iterable = !ignore || ignore->kind == VALUE_LIST || ignore->kind == VALUE_DICT || part;
	if (ignore && (!iterable || part || is_ignored_by(op, v))) {
		/* Everything that comes before `ignore` still decides: try it on a copy with a value that fails nothing. */
		struct event *trial = event_dup(op->arena, op->e);
		enum added first = event_add(trial, key, v, flags | EVENT_LENIENT);
		if (first == ADD_FAILED || first == ADD_IGNORED ||
		    (first == ADD_REFUSED && flags & EVENT_KEEP)) {
			added(op, event_add(op->e, key, v, flags));
			return;
		}
		if (!iterable)
			fail(op->out, FAULT_INVALID_ARGUMENT, "ignore must be a list");
		else
			op->out->value = value_null();
		return;
	}
	added(op, event_add(op->e, key, v, flags));
}

static void op_setitem(struct operation *op)
{
	added(op, event_add(op->e, member(op->args, "key").text,
	                    recorded_value(op->arena, member(op->args, "value")), 0));
	if (!op->out->raised)
		op->out->value = value_null();
}

static void op_change(struct operation *op)
{
	struct str key = member(op->args, "key").text;
	if (!event_has(op->e, arena_cstr(op->arena, key))) {
		fail(op->out, FAULT_KEY_NOT_EXISTS, "key does not exist");
		return;
	}
	added(op, event_add(op->e, key, recorded_value(op->arena, member(op->args, "value")),
	                    add_flags(op->args) | EVENT_OVERWRITE));
}

static void op_update(struct operation *op)
{
	struct value other = recorded_value(op->arena, member(op->args, "other"));
	if (event_update(op->e, other.dict) != DONE) {
		op->out->raised = true;
		op->out->err = *event_err(op->e);
	}
	op->out->value = value_null();
}

/* True if m[key] knows the key at all; else it raises whatever the default. */
static bool is_key(const struct event *e, struct str key)
{
	return field_find(e->fields, key) || field_parent(e->fields, key);
}

static void get(struct operation *op, const struct value *usual)
{
	struct str key = member(op->args, "key").text;
	const struct value *v = event_get_key(op->e, key);
	if (v)
		op->out->value = *v;
	else if (usual && is_key(op->e, key) && !str_eq(key, S("extra")))
		op->out->value = *usual;
	else
		fail(op->out, FAULT_OTHER, "no such key");
}

static void op_get(struct operation *op)
{
	struct value usual = member(op->args, "default");
	struct str key = member(op->args, "key").text;
	const struct value *v = event_get_key(op->e, key);
	op->out->value = v ? *v
	               : op->default_value->kind != VALUE_DICT && is_key(op->e, key)
	                       ? *op->default_value
	                       : usual;
	if (!v && str_eq(key, S("__type")))
		fail(op->out, FAULT_OTHER, "the type is no field");
}

static void op_getitem(struct operation *op)
{
	get(op, op->default_value->kind == VALUE_DICT ? NULL : op->default_value);
}

static void op_delitem(struct operation *op)
{
	struct str key = member(op->args, "key").text;
	/* To delete `extra` where there is none is no error. */
	if (!event_del_key(op->e, key) && !str_eq(key, S("extra")))
		fail(op->out, FAULT_OTHER, "no such key");
	op->out->value = value_null();
}

static void op_contains(struct operation *op)
{
	op->out->value = value_bool(
		event_has(op->e, arena_cstr(op->arena, member(op->args, "key").text)));
}

static void op_set_default_value(struct operation *op)
{
	*op->default_value = member(op->args, "value");
}

static void op_finditems(struct operation *op)
{
	struct str keyword = member(op->args, "keyword").text;
	struct value all = fields_of(op->arena, op->e);
	struct list *found = list_new(op->arena);
	for (size_t i = 0; i < all.list->n; i++)
		if (str_starts(all.list->items[i].list->items[0].text, keyword))
			list_add(found, all.list->items[i]);
	op->out->value = value_list(found);
}

/* The check that a value would pass, without storing it. */
static void op_is_valid(struct operation *op)
{
	struct value v = recorded_value(op->arena, member(op->args, "value"));
	struct str key = member(op->args, "key").text;
	int valid = event_would_accept(op->e, key, v, flag(op->args, "sanitize", true));
	op->out->raised = valid < 0;
	op->out->err = *event_err(op->e);
	op->out->value = value_bool(valid > 0);
}

static void op_serialize(struct operation *op)
{
	struct buffer text;
	buffer_init_in(&text, op->arena, MAX_RECORDING);
	event_encode(op->e, &text);
	set_text(op->arena, op->out, &text);
}

static void op_copy(struct operation *op)
{
	struct event *copy = event_from_event(op->arena, op->e->fields, op->e, NULL, &op->out->err);
	if (copy)
		op->out->value = message_value(op->arena, copy);
	else
		op->out->raised = true;
}

static void op_deep_copy(struct operation *op)
{
	struct buffer text;
	buffer_init_in(&text, op->arena, MAX_RECORDING);
	event_encode(op->e, &text);
	struct event *copy = event_decode(op->arena, op->c->format, buffer_str(&text), STR_NONE,
	                                  WIRE_CHECKED, &op->out->err);
	if (copy)
		op->out->value = message_value(op->arena, copy);
	else
		op->out->raised = true;
}

static void op_len(struct operation *op)
{
	op->out->value = value_int((int64_t)op->e->live);
}

static void op_hash(struct operation *op)
{
	struct value keys = member(op->args, "filter_keys"), type = member(op->args, "filter_type");
	bool whitelist = value_is_text(type, S("whitelist"));
	char hex[65];
	if (type.kind != VALUE_NULL && !whitelist && !value_is_text(type, S("blacklist"))) {
		fail(op->out, FAULT_INVALID_ARGUMENT, "unknown filter_type");
		return;
	}
	event_hash(op->e, keys.kind == VALUE_LIST ? keys.list : NULL, whitelist, hex);
	op->out->value = value_str(arena_dup(op->arena, str_of(hex)));
}

static unsigned export_flags(const struct dict *args)
{
	return (flag(args, "hierarchical", false) ? EXPORT_HIERARCHICAL : 0u) |
	       (flag(args, "with_type", false) ? EXPORT_WITH_TYPE : 0u) |
	       (flag(args, "jsondict_as_string", false) ? EXPORT_EXTRA_AS_TEXT : 0u);
}

static void op_to_dict(struct operation *op)
{
	struct dict *whole;
	op->out->raised = event_to_dict(op->e, export_flags(op->args), op->arena, &whole,
	                                &op->out->err) < 0;
	if (!op->out->raised)
		op->out->value = value_dict(whole);
}

static void op_to_json(struct operation *op)
{
	struct buffer text;
	buffer_init_in(&text, op->arena, MAX_RECORDING);
	op->out->raised = event_to_json(op->e, export_flags(op->args), &text, &op->out->err) < 0;
	set_text(op->arena, op->out, &text);
}

static const struct {
	const char *name;
	void (*run)(struct operation *);
} operations[] = {
	{ "add", op_add },
	{ "setitem", op_setitem },
	{ "change", op_change },
	{ "update", op_update },
	{ "get", op_get },
	{ "getitem", op_getitem },
	{ "delitem", op_delitem },
	{ "contains", op_contains },
	{ "set_default_value", op_set_default_value },
	{ "finditems", op_finditems },
	{ "is_valid", op_is_valid },
	{ "serialize", op_serialize },
	{ "__str__", op_serialize },
	{ "copy", op_copy },
	{ "deep_copy", op_deep_copy },
	{ "__len__", op_len },
	{ "hash", op_hash },
	{ "to_dict", op_to_dict },
	{ "to_json", op_to_json },
};

static bool operate(struct operation *op, struct str name)
{
	for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
		if (str_eq(name, str_of(operations[i].name))) {
			operations[i].run(op);
			return true;
		}
	return false;
}

/* Texts that are JSON may have their members in another order. */
static bool same_result(struct arena *arena, struct value recorded, const struct outcome *out)
{
	return outcome_agrees(arena, recorded, out);
}

bool vector_message(struct conformance *c, struct arena *arena, const struct dict *vector,
                    struct outcome *out)
{
	struct value ops = member(vector, "ops"), results = member(vector, "results"),
		     fields = member(vector, "fields");
	struct value raises = member(vector, "init_raises"), default_value = value_dict(NULL);
	struct event *e = build(c, arena, member(vector, "init").dict, &out->err);
	out->value = value_bool(true);
	if (!e || raises.kind != VALUE_NULL) {
		struct outcome built = { .raised = !e, .err = out->err };
		out->value = value_bool(raises.kind != VALUE_NULL &&
		                        outcome_agrees(arena, raises, &built));
		return true;
	}
	for (size_t i = 0; ops.kind == VALUE_LIST && i < ops.list->n; i++) {
		const struct list *call = ops.list->items[i].list;
		struct outcome result = { 0 };
		struct operation op = { c, arena, e, dict_new(arena), &default_value, &result };
		if (call->n > 1 && call->items[1].kind == VALUE_DICT)
			op.args = call->items[1].dict;
		if (!operate(&op, call->items[0].text))
			return false;
		if (!same_result(arena, results.list->items[i], &result)) {
			out->raised = true;
			err_set(&out->err, FAULT_OTHER, "operation %zu (%.*s) gives %.*s", i + 1,
			        STR_ARG(call->items[0].text),
			        STR_ARG(outcome_text(arena, &result)));
			return true;
		}
	}
	struct outcome final = { .value = fields_of(arena, e) };
	if (!outcome_agrees(arena, fields, &final)) {
		out->raised = true;
		err_set(&out->err, FAULT_OTHER, "at the end: %.*s",
		        STR_ARG(outcome_text(arena, &final)));
	}
	return true;
}

bool vector_message_factory(struct conformance *c, struct arena *arena, const struct dict *vector,
                            struct outcome *out)
{
	struct value usual = member(vector, "default_type"),
		     serialized = member(vector, "serialized");
	struct event *e = event_decode(arena, c->format, member(vector, "raw").text,
	                               usual.kind == VALUE_STR ? usual.text : STR_NONE,
	                               WIRE_CHECKED, &out->err);
	if (!e) {
		out->raised = true;
		return true;
	}
	out->value = message_value(arena, e);
	struct buffer text;
	buffer_init_in(&text, arena, MAX_RECORDING);
	event_encode(e, &text);
	if (serialized.kind == VALUE_STR && !str_eq(serialized.text, buffer_str(&text)))
		out->value = value_str(buffer_str(&text));
	return true;
}
