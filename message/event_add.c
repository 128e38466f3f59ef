/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What may be stored: the reference's add(), update() and its constructors. */
#include "message/event.h"

#include <intelmq/json.h>
#include <intelmq/repr.h>
#include <intelmq/text.h>

#include "message/codec.h"

static bool is_ignored(struct value v)
{
	if (v.kind == VALUE_NULL)
		return true;
	return v.kind == VALUE_STR &&
	       (v.text.n == 0 || (v.text.n == 1 && v.text.p[0] == '-') || str_eq(v.text, S("N/A")));
}

static const char *python_type(enum value_kind kind)
{
	static const char *const names[] = {
		[VALUE_NULL] = "NoneType", [VALUE_BOOL] = "bool",   [VALUE_INT] = "int",
		[VALUE_BIG] = "int",       [VALUE_FLOAT] = "float", [VALUE_STR] = "str",
		[VALUE_BYTES] = "bytes",   [VALUE_LIST] = "list",   [VALUE_DICT] = "dict",
	};
	return names[kind];
}

static enum added invalid_value(struct event *e, struct str key, struct value v, unsigned flags,
                                const char *reason)
{
	if (flags & EVENT_LENIENT)
		return ADD_REFUSED;
	struct str shown = value_repr(e->arena, v);
	err_set(e->err, FAULT_INVALID_VALUE, "invalid value %.*s (<class '%s'>) for key '%.*s'%s%s",
	        (int)(shown.n > 300 ? 300 : shown.n), shown.p, python_type(v.kind), STR_ARG(key),
	        reason ? ": " : "", reason ? reason : "");
	return ADD_FAILED;
}

static enum added invalid_key(struct event *e, struct str key)
{
	err_set(e->err, FAULT_INVALID_KEY,
	        "invalid key '%.*s' This key is not allowed by the harmonization configuration",
	        STR_ARG(key));
	return ADD_FAILED;
}

/* Length and regular expressions look at the text of the value. */
static const char *constraint_broken(struct event *e, const struct field *field, struct value v)
{
	if (field->length < 0 && !field->regex && !field->iregex)
		return NULL;
	struct str text = v.kind == VALUE_STR ? v.text : value_text(e->arena, v);
	if (field->length >= 0 && text.n > (size_t)field->length) {
		size_t length = text_length(text);
		if (length > (size_t)field->length)
			return arena_printf(e->arena, "too long: %zu > %lld.", length,
			                    (long long)field->length)
			        .p;
	}
	if (field->regex && regex_search(field->regex, e->arena, text, NULL, NULL) != 1)
		return "regex did not match.";
	if (field->iregex && regex_search(field->iregex, e->arena, text, NULL, NULL) != 1)
		return "regex (case insensitive) did not match.";
	return NULL;
}

/* `slot` is the key's, or NULL if it is not there yet. */
static void store(struct event *e, struct slot *slot, struct str key, const struct field *field,
                  struct value v)
{
	if (slot) {
		slot->value = v;
		slot->json = STR_NONE;
		slot->lazy = false;
	} else {
		event_append(e, key, field, v);
	}
}

/* `extra` as a whole: every member becomes extra.<member>, unchecked. */
static enum added store_members(struct event *e, const struct field *field, struct value text,
                                unsigned flags)
{
	struct value object;
	if (text.kind != VALUE_STR || json_parse(e->arena, text.text, &object, e->err) < 0)
		return ADD_FAILED;
	bool is_extra = field == e->fields->extra;
	if (is_extra && flags & EVENT_OVERWRITE)
		event_del_key(e, S("extra"));
	for (size_t i = 0; i < object.dict->n; i++) {
		struct pair *member = &object.dict->pairs[i];
		if (!is_extra && is_ignored(member->value))
			continue;
		struct buffer key;
		buffer_init_in(&key, e->arena, MAX_KEY);
		buffer_add_str(&key, field->name);
		buffer_add_char(&key, '.');
		buffer_add_str(&key, member->key);
		if (key.over || e->live >= MAX_EVENT_FIELDS) {
			err_set(e->err, FAULT_OTHER, "too many or too long members in '%.*s'",
			        STR_ARG(field->name));
			return ADD_FAILED;
		}
		store(e, event_slot(e, buffer_str(&key)), buffer_str(&key),
		      field_find(e->fields, buffer_str(&key)), member->value);
	}
	return ADD_STORED;
}

static enum added add_checked(struct event *e, struct slot *slot, const struct field *field,
                              struct value v, unsigned flags)
{
	struct str key = field->name;
	struct value clean = v;
	if (!(flags & EVENT_AS_IS)) {
		if (field->type->sanitize(e->arena, v, &clean, e->err) < 0)
			return ADD_FAILED;
		if (clean.kind == VALUE_NULL)
			return invalid_value(e, key, v, flags, NULL);
	}
	int valid = field->type->is_valid(e->arena, clean, e->err);
	if (valid < 0)
		return ADD_FAILED;
	const char *broken = valid ? constraint_broken(e, field, clean)
	                           : "is_valid returned False.";
	if (broken)
		return invalid_value(e, key, clean, flags, broken);
	if (field->json_dict)
		return store_members(e, field, clean, flags);
	store(e, slot, key, field, clean);
	return ADD_STORED;
}

enum added event_add(struct event *e, struct str key, struct value v, unsigned flags)
{
	const struct field *field = field_find(e->fields, key);
	struct slot *slot = event_slot_of(e, key, field);
	bool present = field && field->json_dict
	                     ? event_has(e, "extra") && field == e->fields->extra
	                     : slot != NULL;
	if (present && flags & EVENT_KEEP)
		return ADD_REFUSED;
	if (present && !(flags & EVENT_OVERWRITE)) {
		err_set(e->err, FAULT_KEY_EXISTS, "key '%.*s' already exists", STR_ARG(key));
		return ADD_FAILED;
	}
	if (is_ignored(v)) {
		if (present)
			event_del_key(e, key);
		return ADD_IGNORED;
	}
	if (e->live >= MAX_EVENT_FIELDS || key.n > MAX_KEY) {
		err_set(e->err, FAULT_OTHER, "too many fields or too long a name in one message");
		return ADD_FAILED;
	}
	if (field)
		return add_checked(e, slot, field, v, flags);
	const struct field *parent = field_parent(e->fields, key);
	if (!parent || !field_name_is_valid(key))
		return invalid_key(e, key);
	if (!parent->json_dict) {
		err_set(e->err, FAULT_OTHER, "'%.*s' has no sub-keys", STR_ARG(parent->name));
		return ADD_FAILED;
	}
	if (v.kind == VALUE_BYTES) {
		err_set(e->err, FAULT_OTHER, "bytes cannot be stored in '%.*s'", STR_ARG(key));
		return ADD_FAILED;
	}
	store(e, slot, key, NULL, v);
	return ADD_STORED;
}

int event_would_accept(struct event *e, struct str key, struct value v, bool sanitize)
{
	const struct field *field = field_find(e->fields, key);
	const struct field *parent = field ? NULL : field_parent(e->fields, key);
	if (is_ignored(v))
		return 0;
	if (!field && (!parent || !field_name_is_valid(key)))
		return invalid_key(e, key);
	if (!field)
		return parent->json_dict ? 1
		                         : err_set(e->err, FAULT_OTHER, "'%.*s' has no sub-keys",
		                                   STR_ARG(parent->name));
	struct value clean = v;
	if (sanitize && field->type->sanitize(e->arena, v, &clean, e->err) < 0)
		return -1;
	if (sanitize && clean.kind == VALUE_NULL)
		return 0;
	int valid = field->type->is_valid(e->arena, clean, e->err);
	return valid <= 0 ? valid : constraint_broken(e, field, clean) == NULL;
}

enum result event_set_value(struct event *e, const char *field, struct value v)
{
	return event_add(e, str_of(field), v, 0) == ADD_FAILED ? BAD_DATA : DONE;
}

enum result event_set(struct event *e, const char *field, struct str text)
{
	return event_set_value(e, field, text.p ? value_str(text) : value_null());
}

enum result event_replace(struct event *e, const char *field, struct str text)
{
	return event_add(e, str_of(field), text.p ? value_str(text) : value_null(),
	                 EVENT_OVERWRITE) == ADD_FAILED
	             ? BAD_DATA
	             : DONE;
}

enum result event_try(struct event *e, const char *field, struct str text, bool *stored_out)
{
	enum added added = event_add(e, str_of(field), text.p ? value_str(text) : value_null(),
	                             EVENT_LENIENT);
	if (stored_out)
		*stored_out = added == ADD_STORED;
	return added == ADD_FAILED ? BAD_DATA : DONE;
}

bool event_offer(struct event *e, const char *field, struct str text)
{
	return event_add(e, str_of(field), text.p ? value_str(text) : value_null(),
	                 EVENT_LENIENT | EVENT_KEEP) == ADD_STORED;
}

enum result event_update(struct event *e, const struct dict *pairs)
{
	for (size_t i = 0; i < pairs->n; i++) {
		const struct pair *pair = &pairs->pairs[i];
		enum added added = event_add(e, pair->key, pair->value,
		                             EVENT_AS_IS | EVENT_LENIENT | EVENT_OVERWRITE);
		if (added == ADD_REFUSED || added == ADD_IGNORED)
			added = event_add(e, pair->key, pair->value, EVENT_OVERWRITE);
		if (added == ADD_FAILED)
			return BAD_DATA;
	}
	return DONE;
}

/* One pair of a constructor's input: as it is where it is valid, else sanitised. */
static int add_pair(struct event *e, struct str key, struct value v)
{
	enum added added = event_add(e, key, v, EVENT_AS_IS | EVENT_LENIENT);
	if (added == ADD_REFUSED || added == ADD_IGNORED)
		added = event_add(e, key, v, 0);
	return added == ADD_FAILED ? -1 : 0;
}

int event_add_pair(struct event *e, struct str key, const struct field *field, struct value v,
                   struct slot **stored_out)
{
	*stored_out = NULL;
	if (field && field->json_dict)
		return add_pair(e, key, v);
	if (is_ignored(v))
		return 0;
	if (!field) {
		const struct field *parent = field_parent(e->fields, key);
		if (!parent || !parent->json_dict || !field_name_is_valid(key))
			return -1;
	} else {
		int valid = field->type->is_valid(e->arena, v, e->err);
		if (valid < 0)
			return -1;
		if (valid == 0 || constraint_broken(e, field, v)) {
			if (add_checked(e, NULL, field, v, 0) != ADD_STORED)
				return -1;
			*stored_out = &e->slots[e->n - 1];
			return 0;
		}
	}
	*stored_out = event_append(e, key, field, v);
	return 0;
}

struct event *event_from_dict(struct arena *arena, const struct data_format *format,
                              const struct fields *fields, const struct dict *input,
                              struct err *err)
{
	struct event *e = event_new_in(arena, format, fields, err);
	for (size_t i = 0; i < input->n; i++)
		if (add_pair(e, input->pairs[i].key, input->pairs[i].value) < 0)
			return NULL;
	return e;
}

/* What every event takes over from its report. */
static bool passes_from_report(struct str key)
{
	static const char *const passed[] = {
		"feed.accuracy", "feed.code", "feed.documentation", "feed.name", "feed.provider",
		"feed.url",      "rtir_id",   "time.observation"
	};
	for (size_t i = 0; i < sizeof passed / sizeof *passed; i++)
		if (str_eq(key, str_of(passed[i])))
			return true;
	return false;
}

/* Further report fields that the operator wants in the events; `extra` as a whole is one of them. */
static int add_copied(struct event *e, const struct event *report, const struct list *copied)
{
	for (size_t i = 0; copied && i < copied->n; i++) {
		struct str name = copied->items[i].kind == VALUE_STR ? copied->items[i].text
		                                                     : STR_NONE;
		const struct value *v = name.p && !passes_from_report(name)
		                              ? event_get_key(report, name)
		                              : NULL;
		if (v && add_pair(e, name, *v) < 0)
			return -1;
	}
	return 0;
}

struct event *event_from_event(struct arena *arena, const struct fields *fields,
                               const struct event *other, const struct list *copied,
                               struct err *err)
{
	struct event *e = event_new_in(arena, other->format, fields, err);
	bool from_report = fields == other->format->event && event_is_report(other);
	bool to_report = fields == other->format->report && other->fields != fields;
	for (size_t i = 0; i < other->n; i++) {
		struct slot *slot = &other->slots[i];
		if (slot->gap || (from_report && !passes_from_report(slot->key)))
			continue;
		if (to_report && !field_find(fields, slot->key) && !field_parent(fields, slot->key))
			continue;
		if (add_pair(e, slot->key, *slot_value(other, slot)) < 0)
			return NULL;
	}
	return from_report && add_copied(e, other, copied) < 0 ? NULL : e;
}

struct event *event_from_report(struct arena *arena, const struct event *report)
{
	return event_from_event(arena, report->format->event, report, NULL, NULL);
}

void event_origin_json(const struct event *e, struct buffer *out)
{
	struct event empty = { .fields = e->fields };
	if (e->origin.p)
		buffer_add_str(out, message_without_type(e->arena, e->origin));
	else
		event_encode_fields(e->parent ? e->parent : &empty, out);
}
