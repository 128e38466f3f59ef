/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/base64.h>
#include <intelmq/json.h>
#include <intelmq/text.h>

#include "cli/dump.h"

enum { LONGEST_REASON = 200, SHORT_REASON = 100 };

static struct str text_of(const struct dict *fields, struct str key)
{
	const struct value *v = dict_get(fields, key);
	return v && v->kind == VALUE_STR ? v->text : STR_NONE;
}

/* The reference writes a text; whoever wrote an object meant its text. */
static int read_message(struct arena *arena, struct dumped *out, struct err *err)
{
	const struct value *message = dict_get(out->fields, S("message"));
	out->is_bytes = str_eq(text_of(out->fields, S("message_type")), S("base64"));
	if (!message || !value_truthy(*message))
		return 0;
	if (message->kind != VALUE_STR) {
		struct buffer text;
		buffer_init_in(&text, arena, SIZE_MAX / 4);
		json_write(&text, *message, 0);
		out->message = buffer_str(&text);
	} else if (!out->is_bytes) {
		out->message = message->text;
	} else if (base64_decode(arena, message->text, &out->message, err) < 0) {
		return err_prefix(err, "its message is no base64");
	}
	return 0;
}

/* What stands behind the name of a member. */
static struct str value_of(struct str member)
{
	const char *after = member.p;
	enum value_kind kind;
	bool canonical;
	if (json_skip(member.p, member.p + member.n, &after, &kind, &canonical, NULL) < 0)
		return STR_NONE;
	struct str rest = str_slice(member, (size_t)(after - member.p), member.n);
	str_cut(&rest, ':');
	return rest;
}

/* Texts borrow their bytes; what is built of many small values is limited. */
static int read_fields(struct arena *arena, struct str text, struct dict *fields, struct err *err)
{
	struct dump_member member;
	for (bool first = true; dump_member_next(&text, first, &member, err); first = false) {
		struct value value;
		struct str key;
		if (fields->n == MAX_DUMPED_MEMBERS)
			return err_set(err, FAULT_OTHER, "it has more than %d members",
			               MAX_DUMPED_MEMBERS);
		if (member.value.n > MAX_DUMPED_VALUE && *member.value.p != '"')
			return err_set(err, FAULT_OTHER, "its member %.*s is too large",
			               STR_ARG(member.quoted));
		if (json_string_decode(arena, member.quoted, &key) < 0 ||
		    json_parse(arena, member.value, &value, err) < 0)
			return err_set(err, FAULT_OTHER, "its member %.*s cannot be read",
			               STR_ARG(member.quoted));
		dict_set(fields, key, value);
	}
	return 0;
}

int dumped_read(struct dump_session *session, const struct dump_entry *entry, struct arena *arena,
                struct dumped *out, struct err *err)
{
	struct dict *fields = dict_new(arena);
	*out = (struct dumped){ .fields = fields };
	if (dump_session_entry(session, entry, arena, &out->member, err) < 0 ||
	    read_fields(arena, value_of(out->member), fields, err) < 0)
		return -1;
	out->queue = text_of(out->fields, S("source_queue"));
	return read_message(arena, out, err);
}

struct str dumped_reason(struct arena *arena, const struct dumped *d)
{
	const struct value *told = dict_get(d->fields, S("traceback"));
	struct str line = STR_NONE;
	if (told && told->kind == VALUE_LIST && told->list->n)
		told = &told->list->items[told->list->n - 1];
	if (!told || told->kind != VALUE_STR)
		return S("(no reason given)");
	for (struct str rest = text_strip(told->text); rest.n;)
		line = text_line(&rest, NULL);
	line = text_strip(line);
	size_t n = text_length(line);
	if (n <= LONGEST_REASON)
		return line;
	struct buffer text;
	buffer_init_in(&text, arena, line.n + 3);
	buffer_add_str(&text, text_slice(line, 0, SHORT_REASON));
	buffer_add_str(&text, S("..."));
	buffer_add_str(&text, text_slice(line, n - SHORT_REASON, n));
	return buffer_str(&text);
}

/* ---- For people ---- */

static void cut_raw(struct arena *arena, struct dict *message, size_t truncate)
{
	static const struct str mark = { "...[truncated]", 14 };
	struct str raw = text_of(message, S("raw"));
	if (!truncate || text_length(raw) <= truncate)
		return;
	struct buffer text;
	buffer_init_in(&text, arena, raw.n + mark.n);
	buffer_add_str(&text, text_slice(raw, 0, truncate));
	buffer_add_str(&text, mark);
	dict_set(message, S("raw"), value_str(buffer_str(&text)));
}

/* The message as an object, or cut like a raw where it is none. */
static struct value readable_message(struct arena *arena, const struct dumped *d, size_t truncate)
{
	struct value v;
	if (!d->is_bytes && d->message.n <= MAX_DUMPED_PARSED &&
	    json_parse(arena, d->message, &v, NULL) == 0) {
		if (v.kind == VALUE_DICT)
			cut_raw(arena, v.dict, truncate);
		return v;
	}
	struct dict *alone = dict_new(arena);
	struct str text = d->is_bytes ? text_of(d->fields, S("message")) : d->message;
	dict_set(alone, S("raw"), value_str(text));
	cut_raw(arena, alone, truncate);
	return *dict_get(alone, S("raw"));
}

static struct value lines_of(struct arena *arena, struct str text)
{
	struct list *lines = list_new(arena);
	while (text.n)
		list_add(lines, value_str(text_line(&text, NULL)));
	return value_list(lines);
}

struct str dumped_show(struct arena *arena, struct str name, const struct dumped *d,
                       size_t truncate)
{
	struct dict *shown = dict_new(arena), *whole = dict_new(arena);
	struct buffer text;
	for (size_t i = 0; i < d->fields->n; i++) {
		const struct pair *pair = &d->fields->pairs[i];
		struct value v = pair->value;
		if (str_eq(pair->key, S("message")) && d->message.p)
			v = readable_message(arena, d, truncate);
		else if (str_eq(pair->key, S("traceback")) && v.kind == VALUE_STR)
			v = lines_of(arena, v.text);
		dict_set(shown, pair->key, v);
	}
	dict_set(whole, name, value_dict(shown));
	buffer_init_in(&text, arena, SIZE_MAX / 4);
	json_write(&text, value_dict(whole), JSON_INDENT4 | JSON_SORT_KEYS);
	return buffer_str(&text);
}

/* ---- For queues and files ---- */

/* Whether the text is the JSON of an event; takes no memory. Of members with one name the last counts. */
static bool is_event(struct str message)
{
	struct dump_member member;
	bool found = false;
	for (bool first = true; dump_member_next(&message, first, &member, NULL); first = false)
		if (str_eq(member.quoted, S("__type")))
			found = str_eq(member.value, S("\"Event\""));
	return found;
}

int dumped_report(struct arena *arena, const struct data_format *format, struct str message,
                  struct str *out, struct err *err)
{
	*out = message;
	if (!is_event(message))
		return 0;
	struct event *event = event_decode(arena, format, message, STR_NONE, WIRE_CHECKED, err);
	struct event *report = event ? event_from_event(arena, format->report, event, NULL, err)
	                             : NULL;
	if (!report)
		return err_prefix(err, "the event cannot become a report");
	struct buffer text;
	buffer_init_in(&text, arena, MAX_MESSAGE);
	event_encode(report, &text);
	*out = buffer_str(&text);
	return text.over ? err_set(err, FAULT_OTHER, "the report is too long") : 0;
}

struct str dumped_with_message(struct arena *arena, struct str name, const struct dumped *d,
                               struct str message)
{
	struct dict *entry = dict_new(arena), *whole = dict_new(arena);
	struct buffer text;
	for (size_t i = 0; i < d->fields->n; i++)
		if (!str_eq(d->fields->pairs[i].key, S("message_type")))
			dict_set(entry, d->fields->pairs[i].key, d->fields->pairs[i].value);
	dict_set(entry, S("message"), value_str(message));
	dict_set(whole, name, value_dict(entry));
	buffer_init_in(&text, arena, SIZE_MAX / 4);
	json_write(&text, value_dict(whole), JSON_INDENT4 | JSON_SORT_KEYS);
	/* Without the braces around it and the white space inside them. */
	struct str member = buffer_str(&text);
	return text_strip(str_slice(member, 1, member.n - 1));
}
