/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/export.h>

#include <intelmq/json.h>
#include <intelmq/repr.h>
#include <intelmq/text.h>

#include "message/event.h"

#define PARAMS struct export_params
const struct param export_params[] = {
	STR(single_key, "Write the value of this field only.", .nullable = true),
	BOOL(keep_raw_field, "Keep the field raw."),
	BOOL(hierarchical_output, "Split field names at dots into nested objects."),
	BOOL(message_with_type, "Add the field __type."),
	BOOL(message_jsondict_as_string,
	     "Write objects such as extra as JSON text, where the format has none."),
	{ 0 },
};

static int export_output(const struct event *event, struct buffer *out, struct err *err)
{
	struct str text = event_text(event, "output");
	struct value v;
	if (!text.p)
		return err_set(err, FAULT_OTHER, "the message has no field 'output'");
	if (json_parse(event->arena, text, &v, err) < 0)
		return -1;
	buffer_add_str(out, v.kind == VALUE_STR ? v.text : text);
	return 0;
}

static int export_key(const struct event *event, const char *key, struct buffer *out,
                      struct err *err)
{
	if (str_eq(str_of(key), S("raw"))) {
		struct str raw = event_raw(event);
		buffer_add_str(out, raw.p ? text_clean_utf8(event->arena, raw) : raw);
		return 0;
	}
	if (str_eq(str_of(key), S("output")))
		return export_output(event, out, err);
	const struct value *v = event_get(event, key);
	buffer_add_str(out, v ? value_text(event->arena, *v) : S("None"));
	return 0;
}

int export_event(const struct event *event, const struct export_params *p, struct buffer *out,
                 struct err *err)
{
	unsigned export = (p->hierarchical_output ? EXPORT_HIERARCHICAL : 0u) |
	                  (p->message_with_type ? EXPORT_WITH_TYPE : 0u);
	/* "False" is how a configuration page writes the default of this parameter. */
	if (p->single_key && *p->single_key &&
	    !str_eq_ascii_case(str_of(p->single_key), S("false")))
		return export_key(event, p->single_key, out, err);
	if (p->keep_raw_field)
		return event_to_json(event, export, out, err);
	struct event *copy = event_share(event->arena, event);
	event_del(copy, "raw");
	return event_to_json(copy, export, out, err);
}
