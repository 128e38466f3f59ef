/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "message/fields.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/format.h"

static void names(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		bool valid;
	} rows[] = {
		{ "source.ip", true },  { "ab", true },         { "a_", true },
		{ "_a", true },         { "extra.1", true },    { "extra.a.b.c", true },
		{ "extra.a1_", true },  { "raw\n", true },      { "", false },
		{ "a", false },         { "1a", false },        { "A.b", false },
		{ "source.", false },   { ".ip", false },       { "source..ip", false },
		{ "source.IP", false }, { "source ip", false }, { "source.ip ", false },
		{ "extra.a-b", false }, { "\n", false },        { "extra.a\n\n", false },
		{ "extra.\n", false },  { "e.a", false },       { "extra.\xc3\xa4", false },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (field_name_is_valid(str_of(rows[i].name)) != rows[i].valid)
			fail_msg("'%s'", rows[i].name);
}

static void usual_format(void **state)
{
	(void)state;
	struct data_format *format = test_format_new();
	assert_int_equal(format->event->n, 82);
	assert_int_equal(format->report->n, 10);
	assert_true(str_eq(format->event->class_name, S("Event")));
	assert_true(str_eq(format->event->wire_type, S("\"__type\": \"Event\"}")));
	for (size_t i = 0; i < format->event->n; i++) {
		const struct field *field = &format->event->all[i];
		assert_ptr_equal(field_find(format->event, field->name), field);
		assert_int_equal(field->id, i);
	}
	/* ranks follow the order of the names */
	for (size_t i = 0; i < format->event->n; i++)
		for (size_t k = 0; k < format->event->n; k++) {
			const struct field *a = &format->event->all[i], *b = &format->event->all[k];
			assert_int_equal(a->rank < b->rank, str_cmp(a->name, b->name) < 0);
		}
	assert_null(field_find(format->event, S("source.i")));
	assert_null(field_find(format->event, S("")));
	assert_null(field_find(format->event, S("source.ip2")));
	assert_null(field_find(format->report, S("source.ip")));
	assert_true(field_find(format->event, S("extra"))->json_dict);
	assert_false(field_find(format->event, S("output"))->json_dict);
	assert_int_equal(field_find(format->event, S("source.port"))->length, 5);
	assert_int_equal(field_find(format->event, S("destination.port"))->length, -1);
	data_format_free(format);
}

static void sections(void **state)
{
	(void)state;
	struct data_format *format = test_format_new();
	assert_ptr_equal(data_format_section(format, S("Event")), format->event);
	assert_ptr_equal(data_format_section(format, S("event")), format->event);
	assert_ptr_equal(data_format_section(format, S("Report")), format->report);
	assert_null(data_format_section(format, S("Message")));
	assert_null(data_format_section(format, S("")));
	data_format_free(format);
}

static void parents(void **state)
{
	(void)state;
	struct data_format *format = test_format_new();
	assert_true(str_eq(field_parent(format->event, S("extra.a"))->name, S("extra")));
	assert_true(str_eq(field_parent(format->event, S("extra.a.b"))->name, S("extra")));
	assert_true(str_eq(field_parent(format->event, S("comment.x"))->name, S("comment")));
	assert_null(field_parent(format->event, S("extra")));
	assert_null(field_parent(format->event, S("source.x")));
	assert_null(field_parent(format->event, S(".x")));
	data_format_free(format);
}

/* Old files type extra as JSON; it is a JSONDict all the same. */
static void old_extra(void **state)
{
	(void)state;
	struct data_format *format;
	assert_int_equal(data_format_new(S("{\"event\": {\"extra\": {\"type\": \"JSON\"}, "
	                                   "\"output\": {\"type\": \"JSON\"}}}"),
	                                 &format, NULL),
	                 0);
	assert_true(format->event->extra->json_dict);
	assert_false(field_find(format->event, S("output"))->json_dict);
	assert_null(format->report);
	assert_null(format->event->raw);
	data_format_free(format);
}

static void broken_files(void **state)
{
	(void)state;
	static const struct {
		const char *text, *part;
	} rows[] = {
		{ "", "Expecting value" },
		{ "[]", "sections" },
		{ "{\"event\": []}", "'event'" },
		{ "{\"event\": {\"Source.ip\": {\"type\": \"String\"}}}",
		  "invalid key 'Source.ip'" },
		{ "{\"event\": {\"comment\": \"String\"}}", "'comment'" },
		{ "{\"event\": {\"comment\": {}}}", "'type' is missing" },
		{ "{\"event\": {\"comment\": {\"type\": \"Sring\"}}}", "unknown type 'Sring'" },
		{ "{\"event\": {\"comment\": {\"type\": \"String\", \"length\": -1}}}",
		  "'length'" },
		{ "{\"event\": {\"comment\": {\"type\": \"String\", \"length\": \"5\"}}}",
		  "'length'" },
		{ "{\"event\": {\"comment\": {\"type\": \"String\", \"regex\": \"(\"}}}",
		  "'regex'" },
		{ "{\"event\": {\"comment\": {\"type\": \"String\", \"iregex\": 1}}}", "'iregex'" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct data_format *format = NULL;
		struct err err = { 0 };
		assert_int_equal(data_format_new(str_of(rows[i].text), &format, &err), -1);
		if (!strstr(err.text, rows[i].part))
			fail_msg("%s: %s", rows[i].text, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),     cmocka_unit_test(usual_format),
		cmocka_unit_test(sections),  cmocka_unit_test(parents),
		cmocka_unit_test(old_extra), cmocka_unit_test(broken_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
