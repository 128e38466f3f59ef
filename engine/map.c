/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Mapping tables: which column of a row becomes which field. */
#include "engine/inside.h"

#include <intelmq/datetime.h>
#include <intelmq/number.h>
#include <intelmq/repr.h>
#include <intelmq/text.h>
#include <stdio.h>

bool row_find(const struct row *row, const char *name, struct str *out)
{
	struct str wanted = str_of(name);
	for (size_t i = row->n_names; i > 0; i--)
		if (str_eq(row->names[i - 1], wanted)) {
			*out = row_cell(row, i);
			return true;
		}
	return false;
}

const struct value *row_json(const struct row *row, const char *path)
{
	const struct value *at = &row->json;
	for (struct str rest = str_of(path); rest.p;) {
		struct str name = str_cut(&rest, '.');
		if (at->kind != VALUE_DICT)
			return NULL;
		at = dict_get(at->dict, name);
		if (!at)
			return NULL;
	}
	return at;
}

static bool is_skipped(const char *skip, struct value v)
{
	if (!skip || v.kind != VALUE_STR)
		return false;
	for (struct str rest = str_of(skip); rest.p;)
		if (str_eq(str_cut(&rest, '|'), v.text))
			return true;
	return false;
}

/* The value of a map line in this row; false if the row lacks it. */
static bool source_value(const struct map *m, const struct row *row, struct value *out)
{
	struct str cell = STR_NONE;
	*out = value_null();
	if (m->column) {
		cell = row_cell(row, (size_t)m->column);
	} else if (!m->key) {
		*out = value_cstr(m->value);
		return true;
	} else if (row->names) {
		if (!row_find(row, m->key, &cell))
			return false;
	} else {
		const struct value *v = row_json(row, m->key);
		*out = v ? *v : value_null();
		return v != NULL;
	}
	if (cell.p)
		*out = value_str(cell);
	return cell.p != NULL;
}

/* One step of a row's journey, for `intelmq trace --steps` and the debug log. */
static void trace_map(struct bot *bot, const struct map *m, const struct row *row, struct value v,
                      enum added added)
{
	static const char *const outcomes[] = { "kept out", "stored", "no value" };
	char from[64] = "constant";
	if (m->column)
		snprintf(from, sizeof from, "column %d", m->column);
	else if (m->key)
		snprintf(from, sizeof from, "'%.50s'", m->key);
	struct str shown = value_repr(bot->arena, v);
	bot_log(bot, LEVEL_DEBUG, "row %zu: %s %.*s -> %s: %s", row->number, from,
	        (int)(shown.n > 200 ? 200 : shown.n), shown.p, m->field,
	        added == ADD_FAILED ? bot->err.text : outcomes[added]);
}

static enum result map_one(struct bot *bot, const struct map *m, const struct row *row,
                           struct event *event)
{
	struct value v;
	if (!source_value(m, row, &v)) {
		if (!m->required)
			return DONE;
		if (m->key)
			return bot_fail(bot, BAD_DATA, "column '%s' is missing", m->key);
		return bot_fail(bot, BAD_DATA, "column %d is missing, the row has %zu", m->column,
		                row->n);
	}
	if (is_skipped(m->skip, v))
		return DONE;
	if (m->via) {
		enum result result = m->via(bot, v, &v);
		if (result == DROP || (result == BAD_DATA && m->lenient))
			return DONE;
		if (result != DONE)
			return result;
	}
	unsigned flags = (m->lenient ? EVENT_LENIENT : 0u) | (m->overwrite ? EVENT_OVERWRITE : 0u);
	enum added added = event_add(event, str_of(m->field), v, flags);
	if (worker_of(bot)->level == LEVEL_DEBUG)
		trace_map(bot, m, row, v, added);
	return added == ADD_FAILED ? BAD_DATA : DONE;
}

enum result map_row(struct bot *bot, const struct row *row, struct event *event)
{
	for (const struct map *m = bot->type->map; m->field; m++) {
		enum result result = map_one(bot, m, row, event);
		if (result != DONE)
			return result;
	}
	return DONE;
}

enum result event_when(struct event *event, const struct when *when, struct str value)
{
	size_t most = sizeof when->then / sizeof *when->then;
	while (when->is && !str_eq(str_of(when->is), value))
		when++;
	for (const struct set *set = when->then; set < when->then + most && set->field; set++) {
		enum result result = event_set(event, set->field,
		                               set->value ? str_of(set->value) : value);
		if (result != DONE)
			return result;
	}
	return DONE;
}

/* ---- Converters ---- */

enum result convert_lower(struct bot *bot, struct value in, struct value *out)
{
	*out = in.kind == VALUE_STR ? value_str(text_lower(bot->arena, in.text)) : in;
	return DONE;
}

enum result convert_upper(struct bot *bot, struct value in, struct value *out)
{
	*out = in.kind == VALUE_STR ? value_str(text_upper(bot->arena, in.text)) : in;
	return DONE;
}

enum result convert_int(struct bot *bot, struct value in, struct value *out)
{
	return value_to_int(bot->arena, in, out, &bot->err) < 0 ? BAD_DATA : DONE;
}

enum result convert_float(struct bot *bot, struct value in, struct value *out)
{
	return value_to_float(bot->arena, in, out, &bot->err) < 0 ? BAD_DATA : DONE;
}

enum result convert_epoch(struct bot *bot, struct value in, struct value *out)
{
	struct str text;
	if (time_convert(bot->arena, in, S("timestamp"), &text, &bot->err) < 0)
		return BAD_DATA;
	*out = value_str(text);
	return DONE;
}

/* "AS1234" -> "1234"; the field's own sanitation does the rest. */
enum result convert_asn_prefix(struct bot *bot, struct value in, struct value *out)
{
	(void)bot;
	*out = in;
	if (in.kind == VALUE_STR && str_starts(in.text, S("AS")))
		out->text = str_slice(in.text, 2, in.text.n);
	return DONE;
}
