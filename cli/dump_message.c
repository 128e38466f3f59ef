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

/* The value behind the name of a member. */
static struct str value_of(struct str member)
{
	struct value name;
	size_t end;
	struct arena arena;
	arena_init(&arena);
	if (json_parse_prefix(&arena, member, &name, &end, NULL) < 0)
		end = 0;
	arena_fini(&arena);
	size_t colon = str_index(str_slice(member, end, member.n), ':');
	return str_slice(member, end + colon + 1, member.n);
}

int dumped_read(struct dump_session *session, const struct dump_entry *entry, struct arena *arena,
                struct dumped *out, struct err *err)
{
	struct value v;
	*out = (struct dumped){ 0 };
	if (dump_session_entry(session, entry, arena, &out->member, err) < 0 ||
	    json_parse(arena, value_of(out->member), &v, err) < 0)
		return -1;
	out->fields = v.kind == VALUE_DICT ? v.dict : dict_new(arena);
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
	if (!d->is_bytes && json_parse(arena, d->message, &v, NULL) == 0) {
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

int dumped_report(struct arena *arena, const struct data_format *format, struct str message,
                  struct str *out, struct err *err)
{
	struct value v;
	const struct value *type;
	*out = message;
	if (json_parse(arena, message, &v, NULL) < 0 || v.kind != VALUE_DICT ||
	    !(type = dict_get(v.dict, S("__type"))) || !value_is_text(*type, S("Event")))
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
