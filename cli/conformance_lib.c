/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/conformance_lib.h"

#include <intelmq/clock.h>
#include <intelmq/datetime.h>
#include <intelmq/json.h>
#include <stdio.h>

#include "message/types.h"

/* Exceptions that somebody decides on: their names must agree. */
static bool is_named(enum fault fault)
{
	return fault != FAULT_NONE && fault != FAULT_OTHER && fault != FAULT_CONFIGURATION;
}

static bool names_a_fault(struct str name, enum fault *out)
{
	for (enum fault f = FAULT_NONE; f <= FAULT_CONFIGURATION; f++)
		if (is_named(f) && str_eq(name, str_of(fault_name(f)))) {
			*out = f;
			return true;
		}
	return false;
}

bool outcome_agrees(struct arena *arena, struct value recorded, const struct outcome *ours)
{
	const struct value *raises = recorded.kind == VALUE_DICT
	                                   ? dict_get(recorded.dict, S("__raises__"))
	                                   : NULL;
	enum fault fault;
	if (!raises)
		return !ours->raised &&
		       value_same(recorded_value(arena, value_copy(arena, recorded)), ours->value);
	if (!ours->raised)
		return false;
	return !names_a_fault(raises->text, &fault) || fault == ours->err.fault;
}

struct str outcome_text(struct arena *arena, const struct outcome *ours)
{
	if (ours->raised)
		return arena_printf(arena, "%s: %s", fault_name(ours->err.fault), ours->err.text);
	struct buffer out;
	buffer_init_in(&out, arena, MAX_RECORDING);
	if (ours->value.kind == VALUE_BYTES)
		buffer_add_str(&out, ours->value.text);
	else
		json_write(&out, ours->value, 0);
	return buffer_str(&out);
}

static struct str shortened(struct str text)
{
	return str_slice(text, 0, 1500);
}

static void replay_line(struct conformance *c, struct arena *arena, const char *name,
                        struct str line, vector_function *function, struct tally *tally)
{
	struct value v;
	struct outcome ours = { 0 };
	if (json_parse(arena, line, &v, &ours.err) < 0 || v.kind != VALUE_DICT) {
		tally->failed++;
		difference_print(c, name, S("?"), "  the vector is no JSON object: %s",
		                 ours.err.text);
		return;
	}
	bool known = function(c, arena, v.dict, &ours);
	const struct value *recorded = dict_get(v.dict, S("result"));
	if (!known) {
		tally->failed++;
		difference_print(c, name, shortened(line), "  ours has no such function");
	} else if (recorded ? outcome_agrees(arena, *recorded, &ours)
	                    : !ours.raised && ours.value.boolean) {
		tally->passed++;
	} else {
		tally->failed++;
		difference_print(c, name, shortened(line), "  ours: %.*s",
		                 STR_ARG(shortened(outcome_text(arena, &ours))));
	}
}

static void vectors_replay(struct conformance *c, const char *name, vector_function *function)
{
	struct arena file, line_arena;
	struct str text;
	struct tally tally = { 0 };
	if (c->prefix && strncmp(name, c->prefix, strlen(c->prefix)) != 0)
		return;
	arena_init(&file);
	arena_init(&line_arena);
	if (recording_read(&file, arena_printf(&file, "%s/lib/%s.jsonl", c->dir, name).p, &text,
	                   NULL) == 0) {
		for (struct str rest = text; rest.p;) {
			struct str line = str_cut(&rest, '\n');
			if (line.n)
				replay_line(c, &line_arena, name, line, function, &tally);
			arena_reset(&line_arena);
		}
		tally_report(c, c->lib, arena_dup(&c->arena, str_of(name)), &tally, NULL);
	}
	arena_fini(&line_arena);
	arena_fini(&file);
}

/* ---- harmonization.jsonl, datetime.jsonl ---- */

static struct value member(const struct dict *d, const char *name)
{
	const struct value *v = dict_get(d, str_of(name));
	return v ? *v : value_null();
}

static void further_operation(struct arena *arena, struct str type, struct str method,
                              struct value v, struct outcome *out)
{
	struct str text = v.kind == VALUE_STR ? v.text : STR_NONE;
	int n = 0;
	if (v.kind != VALUE_STR) {
		out->raised = true;
	} else if (str_eq(method, S("to_int"))) {
		out->raised = ipaddress_to_int(arena, text, &out->value, &out->err) < 0;
	} else if (str_eq(method, S("version"))) {
		n = str_eq(type, S("IPAddress")) ? ipaddress_version(text, &out->err)
		                                 : ipnetwork_version(text, &out->err);
		out->raised = n < 0;
		out->value = value_int(n);
	} else if (str_eq(method, S("to_reverse"))) {
		out->raised = ipaddress_to_reverse(arena, text, &text, &out->err) < 0;
		out->value = value_str(text);
	} else {
		out->raised = url_to_domain_name(arena, text, &text, &out->err) < 0;
		out->value = text.p ? value_str(text) : value_null();
	}
}

static bool vector_harmonization(struct conformance *c, struct arena *arena,
                                 const struct dict *vector, struct outcome *out)
{
	(void)c;
	struct str type_name = member(vector, "type").text, method = member(vector, "method").text;
	struct value v = recorded_value(arena, member(vector, "value"));
	const struct field_type *type = field_type_find(type_name);
	int valid = 0;
	if (!type)
		return false;
	if (str_eq(method, S("sanitize"))) {
		out->raised = type->sanitize(arena, v, &out->value, &out->err) < 0;
	} else if (str_eq(method, S("is_valid")) || str_eq(method, S("is_valid_sanitize"))) {
		valid = method.n == 8 ? type->is_valid(arena, v, &out->err)
		                      : field_type_is_valid_sanitized(type, arena, v, &out->err);
		out->raised = valid < 0;
		out->value = value_bool(valid > 0);
	} else {
		further_operation(arena, type_name, method, v, out);
	}
	return true;
}

static bool vector_datetime(struct conformance *c, struct arena *arena, const struct dict *vector,
                            struct outcome *out)
{
	(void)c;
	struct value v = recorded_value(arena, member(vector, "value")),
		     format = member(vector, "format");
	struct str text;
	out->raised = time_convert(arena, v, format.kind == VALUE_STR ? format.text : STR_NONE,
	                           &text, &out->err) < 0;
	out->value = text.p ? value_str(text) : value_null();
	return true;
}

void conformance_lib(struct conformance *c)
{
	clock_set((int64_t)CLOCK_OF_RECORDINGS * 1000000);
	vectors_replay(c, "harmonization", vector_harmonization);
	vectors_replay(c, "datetime", vector_datetime);
	vectors_replay(c, "message", vector_message);
	vectors_replay(c, "message_factory", vector_message_factory);
	vectors_replay(c, "utils", vector_utils);
	vectors_replay(c, "parser_lines", vector_parser_lines);
	replay_bot_defaults(c);
	clock_unset();
}
