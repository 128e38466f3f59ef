/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/yaml.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

/* The document as Python shows it, or the error. */
static const char *shown(struct str text)
{
	struct value v;
	struct yaml_mark *marks;
	struct err err = { 0 };
	struct buffer b;
	if (yaml_parse(&arena, text, &v, &marks, &err) < 0)
		return arena_printf(&arena, "%s", err.text).p;
	buffer_init_in(&b, &arena, 1 << 20);
	yaml_repr(&b, v, marks);
	return arena_cstr(&arena, buffer_str(&b));
}

static const char *written(const char *yaml)
{
	struct value v;
	struct buffer b;
	assert_int_equal(yaml_parse(&arena, str_of(yaml), &v, NULL, NULL), 0);
	buffer_init_in(&b, &arena, 1 << 20);
	yaml_write(&b, v);
	return arena_cstr(&arena, buffer_str(&b));
}

struct example {
	const char *yaml, *python;
};

static void check_examples(const struct example *e)
{
	for (; e->yaml; e++)
		assert_string_equal(shown(str_of(e->yaml)), e->python);
}

static void scalars_are_typed(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{ "[yes, no, on, off, y]", "['yes', 'no', 'on', 'off', 'y']" },
		{ "[true, True, TRUE, false, tRue]", "[True, True, True, False, 'tRue']" },
		{ "[null, Null, ~, nULL]", "[None, None, None, 'nULL']" },
		{ "[012, 0o14, 0x1f, 0b11, 1_000, -5, +5, 08]", "[12, 12, 31, 3, 1000, -5, 5, 8]" },
		{ "[1.0, .5, 1., 1e3, 1.5e-3, .inf, -.inf]",
		  "[1.0, 0.5, 1.0, 1000.0, 0.0015, inf, -inf]" },
		{ "[0o18, 0x, .5e5, 1:20, 1e, 1.2.3]",
		  "['0o18', '0x', '.5e5', '1:20', '1e', '1.2.3']" },
		{ "123456789012345678901234567890", "123456789012345678901234567890" },
		{ "-9223372036854775808", "-9223372036854775808" },
		{ "0xffffffffffffffffffff", "1208925819614629174706175" },
		{ "['5', \"5\", !!str 5, !!int '5', !!float 1]", "['5', '5', '5', 5, 1.0]" },
		{ "", "None" },
		{ "x", "'x'" },
		{ NULL, NULL },
	};
	check_examples(examples);
}

static void dates_are_text_with_a_mark(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{ "2015-08-31", "datetime.date(2015, 8, 31)" },
		{ "2015-08-31T08:16:10Z", "datetime.datetime(2015, 8, 31, 8, 16, 10)" },
		{ "2001-12-14t21:59:43.10-05:00",
		  "datetime.datetime(2001, 12, 15, 2, 59, 43, 100000)" },
		{ "2015-08-01 10:00:00.123456789",
		  "datetime.datetime(2015, 8, 1, 10, 0, 0, 123457)" },
		{ "2015-8-1 10:00:00", "datetime.datetime(2015, 8, 1, 10, 0)" },
		{ "2015-8-1", "'2015-8-1'" },
		{ "'2015-08-31'", "'2015-08-31'" },
		{ NULL, NULL },
	};
	check_examples(examples);
	struct value v;
	struct yaml_mark *marks;
	assert_int_equal(yaml_parse(&arena, S("a: 2015-08-31 10:00:00"), &v, &marks, NULL), 0);
	assert_true(yaml_has_date(marks));
	assert_true(value_is_text(*dict_get(v.dict, S("a")), S("2015-08-31 10:00:00")));
	assert_int_equal(yaml_parse(&arena, S("2015-02-30"), &v, NULL, NULL), -1);
}

static void structures_are_read(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{ "a: [1, 2]\nb: {c: d}\n", "{'a': [1, 2], 'b': {'c': 'd'}}" },
		{ "- a\n- b\n", "['a', 'b']" },
		{ "{a: b, c}", "{'a': 'b', 'c': None}" },
		{ "{\"a\": 1,}", "{'a': 1}" },
		{ "a: |\n  x\n  y\nb: >\n  x\n  y\n", "{'a': 'x\\ny\\n', 'b': 'x y\\n'}" },
		{ "1: a\n", "{'1': 'a'}" },
		{ "true: a\n~: b\n", "{'true': 'a', 'null': 'b'}" },
		{ "\xef\xbb\xbf"
		  "a: 1",
		  "{'a': 1}" },
		{ "a: 'x\n  y'", "{'a': 'x y'}" },
		{ "a: 1", "{'a': 1}" },
		{ NULL, NULL },
	};
	check_examples(examples);
}

static void aliases_and_merges(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{ "a: &x {b: 1}\nc: *x\n", "{'a': {'b': 1}, 'c': {'b': 1}}" },
		{ "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n",
		  "{'a': {'b': 1}, 'c': {'d': 2, 'b': 1}}" },
		{ "<<: [{a: 1}, {a: 2, b: 1}]\n", "{'a': 1, 'b': 1}" },
		{ "a: 2\n<<: {a: 1}\n", "{'a': 2}" },
		{ "'<<': {a: 1}\n", "{'<<': {'a': 1}}" },
		{ "a: &x 1\nb: &x 2\nc: *x\n", "{'a': 1, 'b': 2, 'c': 2}" },
		{ "&a [*a]", "line 1, column 5: an alias inside its own anchor: 'a'" },
		{ "a: *u", "line 1, column 4: no anchor before this alias: 'u'" },
		{ "a: <<", "line 1, column 4: '<<' has no meaning as a value; put it in quotes" },
		{ NULL, NULL },
	};
	check_examples(examples);
}

static void errors_name_the_place(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{ "a: 1\nb: 2\na: 3\n", "line 3, column 1: the same key twice in a map: 'a'" },
		{ "a: b: c\n", "line 1, column 5: mapping values are not allowed in this context" },
		{ "a: !foo x\n", "line 1, column 4: a configuration knows no tag '!foo'" },
		{ "a: 1\n---\nb: 2\n",
		  "line 2, column 1: a second document begins; only one is expected" },
		{ "? [a]\n: b\n", "line 1, column 3: a list or map cannot be a key" },
		{ "a: 0x_\n", "line 1, column 4: '0x_' is no integer" },
		{ NULL, NULL },
	};
	check_examples(examples);
	assert_non_null(strstr(shown(S("a: @foo\n")), "line 1, column 4: "));
	assert_non_null(strstr(shown(S("a: 1\nb: \xff\n")), "line 2, column 4: "));
	assert_non_null(strstr(shown(S("a: \"unclosed\n")), "line 2, column 1: "));
}

static void conflicts_of_git_get_advice(void **state)
{
	(void)state;
	struct err err = { 0 };
	struct value v;
	struct str text = S(
		"{\n\"a\": 1,\n<<<<<<< HEAD\n\"b\": 2\n=======\n\"b\": 3\n>>>>>>> x\n}\n");
	assert_int_equal(yaml_parse(&arena, text, &v, NULL, &err), -1);
	assert_int_equal(err.fault, FAULT_CONFIGURATION);
	assert_true(str_starts(str_of(err.text), S("line 3, column 1: a merge conflict of git")));
}

static void tabs_make_it_json(void **state)
{
	(void)state;
	static const struct example examples[] = {
		{ "{\n\t\"a\": 1\n}", "{'a': 1}" },
		{ "{\"a\":\t1, \"a\": 2}", "{'a': 2}" }, /* JSON allows a key twice */
		{ "a: \"x\ty\" # c\tc\n", "{'a': 'x\\ty'}" },
		{ "a: |\n  x\ty\n", "{'a': 'x\\ty\\n'}" },
		{ NULL, NULL },
	};
	check_examples(examples);
	assert_non_null(strstr(shown(S("a:\n\t- b\n")), "line 2, column 1: YAML forbids this tab"));
	assert_non_null(strstr(shown(S("a: b\t\n")), "line 1, column 5: YAML forbids this tab"));
	assert_string_equal(shown(S("{\"a\": \"\\ud83e\\udd84\"}")), "{'a': '🦄'}");
}

static void bombs_are_refused(void **state)
{
	(void)state;
	struct buffer b;
	buffer_init_in(&b, &arena, 1 << 20);
	buffer_add_str(&b, S("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"));
	for (int i = 1; i < 20; i++) {
		buffer_printf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			buffer_printf(&b, "%s*a%d", k ? ", " : "", i - 1);
		buffer_add_str(&b, S("]\n"));
	}
	assert_non_null(strstr(shown(buffer_str(&b)), "too many values, aliases counted"));

	buffer_clear(&b);
	buffer_add_str(&b, S("a0: &a0 x\n"));
	for (int i = 1; i < 1000; i++)
		buffer_printf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	assert_non_null(strstr(shown(buffer_str(&b)), "nested too deeply"));

	buffer_clear(&b);
	for (int i = 0; i < 10000; i++)
		buffer_add_char(&b, '[');
	assert_non_null(strstr(shown(buffer_str(&b)), "nested too deeply"));
}

static void marks_have_lines(void **state)
{
	(void)state;
	struct value v;
	struct yaml_mark *marks;
	assert_int_equal(yaml_parse(&arena,
	                            S("bot:\n  parameters:\n    x: 1\n    y:\n    - a\n    - b\n"),
	                            &v, &marks, NULL),
	                 0);
	const struct yaml_mark *bot = yaml_mark_of(v.dict, marks, S("bot"));
	assert_int_equal(bot->key_line, 1);
	assert_int_equal(bot->line, 2);
	const struct dict *section = dict_get(v.dict, S("bot"))->dict;
	const struct yaml_mark *parameters = yaml_mark_of(section, bot, S("parameters"));
	const struct dict *map = dict_get(section, S("parameters"))->dict;
	assert_int_equal(yaml_mark_of(map, parameters, S("x"))->key_line, 3);
	assert_int_equal(yaml_mark_of(map, parameters, S("x"))->column, 8);
	assert_int_equal(yaml_mark_of(map, parameters, S("y"))->children[1].line, 6);
	assert_null(yaml_mark_of(map, parameters, S("z")));
}

static void documents_are_written(void **state)
{
	(void)state;
	static const struct {
		const char *yaml, *text;
	} examples[] = {
		{ "{}", "{}\n" },
		{ "{b: 1, a: 2}", "{a: 2, b: 1}\n" },
		{ "a: {b: {c: 1}}", "a:\n  b: {c: 1}\n" },
		{ "a: [[1], 2]", "a:\n- [1]\n- 2\n" },
		{ "- {a: {b: 1}, c: 2}", "- a: {b: 1}\n  c: 2\n" },
		{ "a: {x: [], y: {}, z: ''}", "a:\n  x: []\n  y: {}\n  z: ''\n" },
		{ "a: ['12', '1e3', 'null', 'true', '2015-08-31', yes, '~', '<<', '=']",
		  "a: ['12', '1e3', 'null', 'true', '2015-08-31', yes, '~', '<<', '=']\n" },
		{ "a: [1.0, 100000.0, .inf, .nan, null, true]",
		  "a: [1.0, 100000.0, .inf, .nan, null, true]\n" },
		{ "z:\n  a: it's\n  b: \"'x'\"\n  c: '\"x\"'\n  d: \"x\\ny\"\n  e: [a]",
		  "z:\n  a: it's\n  b: \"'x'\"\n  c: '\"x\"'\n  d: \"x\\ny\"\n  e: [a]\n" },
		{ "x", "x\n...\n" },
		{ "'1'", "'1'\n" },
		{ NULL, NULL },
	};
	for (size_t i = 0; examples[i].yaml; i++)
		assert_string_equal(written(examples[i].yaml), examples[i].text);
}

static void long_lines_are_folded(void **state)
{
	(void)state;
	struct buffer b;
	buffer_init_in(&b, &arena, 4096);
	buffer_add_str(&b, S("a: {d: [], x: '"));
	for (int i = 0; i < 30; i++)
		buffer_add_str(&b, S("word "));
	buffer_add_str(&b, S("end'}\n"));
	const char *text = written(arena_cstr(&arena, buffer_str(&b)));
	assert_string_equal(
		text,
		"a:\n  d: []\n  x: word word word word word word word word word word word word "
		"word word word word\n    word word word word word word word word word word word "
		"word word word end\n");
	struct value before, after;
	assert_int_equal(yaml_parse(&arena, buffer_str(&b), &before, NULL, NULL), 0);
	assert_int_equal(yaml_parse(&arena, str_of(text), &after, NULL, NULL), 0);
	assert_true(value_same(before, after));
}

static void plain_text_is_resolved(void **state)
{
	(void)state;
	assert_int_equal(yaml_resolve(&arena, S("12")).integer, 12);
	assert_int_equal(yaml_resolve(&arena, S("true")).kind, VALUE_BOOL);
	assert_true(isnan(yaml_resolve(&arena, S(".nan")).real));
	assert_true(value_is_text(yaml_resolve(&arena, S("<<")), S("<<")));
	assert_true(value_is_text(yaml_resolve(&arena, S("0x_")), S("0x_")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_are_typed),
		cmocka_unit_test(dates_are_text_with_a_mark),
		cmocka_unit_test(structures_are_read),
		cmocka_unit_test(aliases_and_merges),
		cmocka_unit_test(errors_name_the_place),
		cmocka_unit_test(conflicts_of_git_get_advice),
		cmocka_unit_test(tabs_make_it_json),
		cmocka_unit_test(bombs_are_refused),
		cmocka_unit_test(marks_have_lines),
		cmocka_unit_test(documents_are_written),
		cmocka_unit_test(long_lines_are_folded),
		cmocka_unit_test(plain_text_is_resolved),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
