/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Mapping tables and their helpers, through a parser each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/stage.h"

/* Runs one report through a parser. The events, without class and feed, joined by line feeds; failed rows are counted. */
static struct str parse(struct stage *s, const struct bot_type *type, const char *text,
                        size_t *failed_out)
{
	struct str *sent;
	struct buffer all;
	stage_init(s, (struct queue_limits){ 0 });
	assert_true(stage_enter(s, type));
	stage_push_report(s, str_of(text));
	assert_true(stage_run(s));
	size_t n = stage_sent(s, "out", &sent), head = strlen("{\"feed.name\": \"F\", "),
	       tail = strlen(", \"__type\": \"Event\"}");
	buffer_init_in(&all, &s->arena, SIZE_MAX / 2);
	for (size_t i = 0; i < n; i++) {
		buffer_add_str(&all, str_slice(sent[i], head, sent[i].n - tail));
		buffer_add_char(&all, '\n');
	}
	*failed_out = s->dumps->n;
	return buffer_str(&all);
}

static void check(const struct bot_type *type, const char *text, const char *events, size_t failed)
{
	struct stage s;
	size_t got_failed;
	struct str got = parse(&s, type, text, &got_failed);
	if (!str_eq(got, str_of(events)))
		fail_msg("%s gives\n%.*sinstead of\n%s", text, STR_ARG(got), events);
	assert_int_equal(got_failed, failed);
	stage_fini(&s);
}

static const struct map column_map[] = {
	{ .column = 1, .field = "source.ip" },
	{ .column = 2, .field = "source.port", .via = convert_int, .skip = "?|unknown" },
	{ .column = 3, .field = "source.asn", .via = convert_asn_prefix, .lenient = true },
	{ .column = 4, .field = "comment", .required = true },
	{ .value = "blacklist", .field = "classification.type" },
	{ 0 },
};

static const struct bot_type columns = {
	.module = "test.columns",
	.summary = "CSV by position.",
	.rows = ROWS_CSV,
	.map = column_map,
};

static void cells_by_position(void **state)
{
	(void)state;
	check(&columns, "192.0.2.1,80,AS64496,x\n",
	      "\"source.ip\": \"192.0.2.1\", \"source.port\": 80, \"source.asn\": 64496, "
	      "\"comment\": \"x\", "
	      "\"classification.type\": \"blacklist\"\n",
	      0);
}

static void cells_without_a_value(void **state)
{
	(void)state;
	/* empty and skipped cells are left out */
	check(&columns, ",?,,x\n", "\"comment\": \"x\", \"classification.type\": \"blacklist\"\n",
	      1 - 1);
	/* lenient: an invalid value is left out */
	check(&columns, "192.0.2.1,unknown,none,x\n",
	      "\"source.ip\": \"192.0.2.1\", \"comment\": \"x\", \"classification.type\": "
	      "\"blacklist\"\n",
	      0);
}

static void rows_that_fail(void **state)
{
	(void)state;
	check(&columns, "nonsense,80,,x\n", "", 1);      /* invalid value */
	check(&columns, "192.0.2.1,eighty,,x\n", "", 1); /* the converter refuses */
	check(&columns, "192.0.2.1,80,\n", "", 1);       /* a required column is missing */
	check(&columns, "nonsense,80,,x\n192.0.2.1,80,,x\n",
	      "\"source.ip\": \"192.0.2.1\", \"source.port\": 80, \"comment\": \"x\", "
	      "\"classification.type\": \"blacklist\"\n",
	      1);
}

static const struct map named_map[] = {
	{ .key = "addr", .field = "source.ip", .required = true },
	{ .key = "seen", .field = "time.source", .via = convert_epoch },
	{ .key = "name", .field = "malware.name", .via = convert_lower },
	{ .key = "cc", .field = "source.geolocation.cc", .via = convert_upper },
	{ .key = "score", .field = "extra.score", .via = convert_float },
	{ 0 },
};

static const struct bot_type named = {
	.module = "test.named",
	.summary = "CSV by name.",
	.rows = ROWS_CSV_DICT,
	.map = named_map,
};

static void cells_by_name(void **state)
{
	(void)state;
	check(&named, "name,addr,seen,cc,score\nZeuS,192.0.2.1,1441286002,at,1.5\n",
	      "\"source.ip\": \"192.0.2.1\", \"time.source\": \"2015-09-03T13:13:22+00:00\", "
	      "\"malware.name\": \"zeus\", "
	      "\"source.geolocation.cc\": \"AT\", \"extra.score\": 1.5\n",
	      0);
	check(&named, "name,cc\nZeuS,at\n", "", 1);
}

static const struct map json_map[] = {
	{ .key = "a.b", .field = "source.ip" },
	{ .key = "list", .field = "extra.list" },
	{ .key = "flag", .field = "extra.flag" },
	{ .key = "a.none", .field = "comment" },
	{ 0 },
};

static const struct bot_type json_rows = {
	.module = "test.json",
	.summary = "JSON.",
	.rows = ROWS_JSON,
	.map = json_map,
};

static void paths_in_json(void **state)
{
	(void)state;
	check(&json_rows,
	      "[{\"a\": {\"b\": \"192.0.2.1\", \"none\": null}, \"list\": [1, {\"x\": 2}], "
	      "\"flag\": false}]",
	      "\"source.ip\": \"192.0.2.1\", \"extra.list\": [1, {\"x\": 2}], \"extra.flag\": "
	      "false\n",
	      0);
	check(&json_rows, "[{\"a\": 1, \"flag\": true}]", "\"extra.flag\": true\n", 0);
}

/* A line that is not split is one cell; pieces between separators are stripped. */
static const struct map line_map[] = { { .column = 1, .field = "source.ip" },
	                               { .column = 2, .field = "comment" },
	                               { 0 } };
static const struct bot_type whole_lines = {
	.module = "test.lines",
	.summary = "Lines.",
	.rows = ROWS_LINES,
	.ignore = "#|;",
	.map = line_map,
};
static const struct bot_type split_lines = {
	.module = "test.split",
	.summary = "Lines.",
	.rows = ROWS_LINES,
	.separator = "||",
	.map = line_map,
};

static void lines(void **state)
{
	(void)state;
	check(&whole_lines, "# head\n192.0.2.1\n; more\n\n192.0.2.2\n",
	      "\"source.ip\": \"192.0.2.1\"\n\"source.ip\": \"192.0.2.2\"\n", 0);
	check(&split_lines, "192.0.2.1 || a comment || more\n192.0.2.2",
	      "\"source.ip\": \"192.0.2.1\", \"comment\": \"a comment\"\n\"source.ip\": "
	      "\"192.0.2.2\"\n",
	      0);
}

/* ---- Tables of decisions ---- */

static const struct when decisions[] = {
	{ "scan", { { "classification.type", "scanner" }, { "classification.identifier", NULL } } },
	{ "bot", { { "classification.type", "infected-system" } } },
	{ NULL, { { "classification.type", "other" }, { "comment", NULL } } },
};

static enum result decide(struct bot *bot, const struct row *row, struct event *event)
{
	(void)bot;
	return event_when(event, decisions, row->line);
}

static const struct bot_type decider = {
	.module = "test.when",
	.summary = "Decides.",
	.rows = ROWS_LINES,
	.row = decide,
};

static void first_line_that_matches(void **state)
{
	(void)state;
	check(&decider, "scan\nbot\nthird\n",
	      "\"classification.type\": \"scanner\", \"classification.identifier\": \"scan\"\n"
	      "\"classification.type\": \"infected-system\"\n"
	      "\"classification.type\": \"other\", \"comment\": \"third\"\n",
	      0);
}

static void cells_of_rows(void **state)
{
	(void)state;
	const struct str cells[] = { S("one"), S(""), STR_NONE, S("again") },
			 names[] = { S("a"), S("b"), S("c"), S("a") };
	const struct row row = { .cells = cells, .n = 4, .names = names, .n_names = 4 };
	struct str cell;
	assert_true(str_eq(row_cell(&row, 1), S("one")));
	assert_null(row_cell(&row, 0).p);
	assert_null(row_cell(&row, 5).p);
	assert_true(row_find(&row, "a", &cell) && str_eq(cell, S("again")));
	assert_true(row_find(&row, "b", &cell) && cell.p && cell.n == 0);
	assert_true(row_find(&row, "c", &cell) && !cell.p);
	assert_false(row_find(&row, "d", &cell));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_by_position),       cmocka_unit_test(cells_without_a_value),
		cmocka_unit_test(rows_that_fail),          cmocka_unit_test(cells_by_name),
		cmocka_unit_test(paths_in_json),           cmocka_unit_test(lines),
		cmocka_unit_test(first_line_that_matches), cmocka_unit_test(cells_of_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
