/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* parser_lines.jsonl: how reports are cut into rows; bot_defaults.json: the parameters of bots. */
#include <intelmq/json.h>
#include <stdio.h>

#include "cli/conformance_lib.h"
#include "engine/rows.h"
#include "engine/settings.h"
#include "engine/types.h"

static struct value member(const struct dict *d, const char *name)
{
	const struct value *v = dict_get(d, str_of(name));
	return v ? *v : value_null();
}

static const struct {
	const char *function;
	enum rows_kind kind;
} kinds[] = {
	{ "ParserBot.parse", ROWS_LINES },
	{ "ParserBot.parse_csv", ROWS_CSV },
	{ "ParserBot.parse_csv_dict", ROWS_CSV_DICT },
	{ "ParserBot.parse_json", ROWS_JSON },
	{ "ParserBot.parse_json_stream", ROWS_JSON_LINES },
};

/* Which of ours makes what the reference's recover functions make. */
static const struct {
	const char *function;
	enum rows_form form;
} recoveries[] = {
	{ "recover_line_csv", ROWS_FORM_LINE },
	{ "recover_line_csv(row)", ROWS_FORM_CELLS },
	{ "recover_line_csv_dict", ROWS_FORM_LINE },
	{ "recover_line_csv_dict(row)", ROWS_FORM_CELLS },
	{ "recover_line_json", ROWS_FORM_CELLS },
	{ "recover_line_json_stream", ROWS_FORM_LINE },
	{ "recover_line", ROWS_FORM_GENERIC },
};

static struct value cells_value(struct arena *arena, const struct row *row, size_t from, size_t to)
{
	struct list *cells = list_new(arena);
	for (size_t i = from; i < to; i++)
		list_add(cells, row->cells[i].p ? value_str(row->cells[i]) : value_null());
	return value_list(cells);
}

/* A row as the recordings show it. */
static struct value row_value(struct arena *arena, enum rows_kind kind, const struct row *row)
{
	if (kind == ROWS_LINES)
		return value_str(row->line);
	if (kind == ROWS_CSV)
		return cells_value(arena, row, 0, row->n);
	if (kind != ROWS_CSV_DICT)
		return row->json;
	struct dict *named = dict_new(arena);
	for (size_t i = 0; i < row->n_names; i++)
		dict_set(named, row->names[i],
		         row->cells[i].p ? value_str(row->cells[i]) : value_null());
	if (row->n > row->n_names)
		dict_set(named, S("None"), cells_value(arena, row, row->n_names, row->n));
	return value_dict(named);
}

static bool row_agrees(struct arena *arena, struct rows *rows, enum rows_kind kind,
                       const struct row *row, const struct dict *want, struct outcome *out)
{
	struct value ours = row_value(arena, kind, row);
	if (!value_same(member(want, "line"), ours)) {
		out->value = ours;
		return false;
	}
	for (size_t i = 0; i < sizeof recoveries / sizeof *recoveries; i++) {
		const struct value *recorded = dict_get(want, str_of(recoveries[i].function));
		struct outcome recovered = { 0 };
		if (!recorded || (recoveries[i].form == ROWS_FORM_GENERIC &&
		                  (kind == ROWS_JSON || kind == ROWS_JSON_LINES)))
			continue;
		struct str text = rows_recover_as(rows, row, recoveries[i].form, arena,
		                                  &recovered.err);
		recovered.raised = !text.p;
		recovered.value = value_str(text);
		if (!outcome_agrees(arena, *recorded, &recovered)) {
			*out = recovered;
			return false;
		}
	}
	return true;
}

static int compare_rows(struct arena *arena, const struct dict *vector,
                        struct rows_options *options, struct outcome *out)
{
	struct value lines = member(vector, "lines");
	struct arena row_arena;
	struct rows *rows;
	struct row row;
	size_t n = 0;
	bool same = true;
	arena_init(&row_arena);
	int got = rows_open(&rows, arena, &row_arena, options, &out->err);
	while (got == 0 && same && (got = rows_next(rows, &row, &out->err)) > 0) {
		same = n < lines.list->n &&
		       row_agrees(arena, rows, options->kind, &row, lines.list->items[n].dict, out);
		n++;
		got = 0;
		arena_reset(&row_arena);
		if (!same)
			got = 1;
	}
	/* The reference fails where it cannot write the next row again; ours where somebody asks for its raw. */
	struct value raises = member(vector, "raises");
	const struct value *why = raises.kind == VALUE_DICT ? dict_get(raises.dict, S("message"))
	                                                    : NULL;
	bool unwritable = why && why->kind == VALUE_STR &&
	                  str_starts(why->text, S("need to escape"));
	if (got == 0 && rows_next(rows, &row, NULL) != 0 && same)
		same = false;
	arena_fini(&row_arena);
	if (unwritable)
		return n >= lines.list->n;
	return same && n == lines.list->n && (got < 0) == (raises.kind != VALUE_NULL);
}

bool vector_parser_lines(struct conformance *c, struct arena *arena, const struct dict *vector,
                         struct outcome *out)
{
	(void)c;
	struct rows_options options = {
		.text = member(vector, "raw").text,
		.csv = csv_excel,
		.ignore = member(vector, "ignore_lines_starting").list,
	};
	const struct dict *parameters = member(vector, "csv_params").dict;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (value_is_text(member(vector, "function"), str_of(kinds[i].function)))
			options.kind = kinds[i].kind;
	for (size_t i = 0; i < parameters->n; i++)
		if (csv_dialect_set(&options.csv, parameters->pairs[i].key,
		                    parameters->pairs[i].value, &out->err) < 0) {
			out->raised = true;
			return true;
		}
	if (compare_rows(arena, vector, &options, out))
		*out = (struct outcome){ .value = value_bool(true) };
	else
		out->raised = true;
	return options.kind != ROWS_NONE;
}

/* ---- bot_defaults.json ---- */

/* Where ours has no such parameter on purpose: what it sets is done by the engine for all bots alike. */
static const char *const elsewhere[] = { "bottype", "redis_cache_db", "redis_cache_host",
	                                 "redis_cache_password", "redis_cache_port" };

static bool is_elsewhere(struct str name)
{
	for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++)
		if (str_eq(name, str_of(elsewhere[i])))
			return true;
	return false;
}

static const struct dict *described(struct value list, struct str name)
{
	for (size_t i = 0; i < list.list->n; i++)
		if (value_is_text(*dict_get(list.list->items[i].dict, S("name")), name))
			return list.list->items[i].dict;
	return NULL;
}

/* Equal, or the same "nothing": null, "", [] and {}; a list may be given as text with commas. */
static bool same_default(struct value want, struct value ours)
{
	if (value_same(want, ours) || (!value_truthy(want) && !value_truthy(ours)) ||
	    value_eq(want, ours))
		return true;
	if (want.kind != VALUE_STR || ours.kind != VALUE_LIST)
		return false;
	struct str rest = want.text;
	for (size_t i = 0; i < ours.list->n; i++)
		if (!rest.p || !value_is_text(ours.list->items[i], str_cut(&rest, ',')))
			return false;
	return !rest.p;
}

static void replay_defaults(struct conformance *c, struct arena *arena, const struct bot_type *type,
                            const struct dict *recorded, struct tally *tally)
{
	struct settings usual = settings_defaults;
	usual.rate_limit = type->rate_limit;
	struct value own = type->params ? param_describe_json(arena, type->params, type->defaults)
	                                : value_list(list_new(arena));
	struct value common = param_describe_json(arena, settings_params, &usual);
	struct value defaults = member(recorded, "defaults");
	bool same = true;
	for (size_t i = 0; i < defaults.dict->n; i++) {
		const struct pair *want = &defaults.dict->pairs[i];
		const struct dict *row = described(own, want->key);
		row = row ? row : described(common, want->key);
		const struct value *ours = row ? dict_get(row, S("default")) : NULL;
		/* What is secret is not described, not even its placeholder. */
		bool secret = row && dict_get(row, S("secret"));
		if (is_elsewhere(want->key) || secret || (ours && same_default(want->value, *ours)))
			continue;
		same = false;
		struct outcome shown = { .value = ours ? *ours : value_null() };
		difference_print(c, "bot_defaults", str_of(type->module), "  %.*s: ours %s %.*s",
		                 STR_ARG(want->key), ours ? "has" : "lacks it",
		                 STR_ARG(outcome_text(arena, &shown)));
	}
	if (same)
		tally->passed++;
	else
		tally->failed++;
}

void replay_bot_defaults(struct conformance *c)
{
	struct arena arena;
	struct str text;
	struct value tree;
	struct tally tally = { 0 };
	if (c->prefix && strncmp("bot_defaults", c->prefix, strlen(c->prefix)) != 0)
		return;
	arena_init(&arena);
	if (recording_read(&arena, arena_printf(&arena, "%s/lib/bot_defaults.json", c->dir).p,
	                   &text, NULL) == 0 &&
	    json_parse(&arena, text, &tree, NULL) == 0 && tree.kind == VALUE_DICT) {
		for (size_t i = 0; i < tree.dict->n; i++) {
			const struct bot_type *type = bot_type_find(tree.dict->pairs[i].key, NULL);
			if (type)
				replay_defaults(c, &arena, type, tree.dict->pairs[i].value.dict,
				                &tally);
		}
		tally_report(c, c->lib, S("bot_defaults"), &tally, NULL);
	}
	arena_fini(&arena);
}
