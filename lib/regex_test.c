/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/regex.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena arena;

/* What Python's re.search gives: the text of the match, or none. */
static void searches_like_python(void **state)
{
	static const struct {
		const char *pattern;
		unsigned flags;
		const char *subject, *match;
	} rows[] = {
		{ "b+", 0, "abbc", "bb" },
		{ "^abc$", 0, "abc\n", "abc" },
		{ "abc\\Z", 0, "abc\n", NULL },
		{ "a{,2}", 0, "aaa", "aa" },
		{ "(?i)ABC", 0, "xabc", "abc" },
		{ "abc", REGEX_IGNORE_CASE, "ABC", "ABC" },
		{ "\\d+", 0, "x\xd9\xa3y", "\xd9\xa3" },
		{ "\\d+", REGEX_ASCII, "x\xd9\xa3y", NULL },
		{ "\\u00e4", 0, "\xc3\xa4", "\xc3\xa4" },
		{ "(?P<a>x)(?P=a)", 0, "yxx", "xx" },
		{ "(?<=a)b", 0, "ab", "b" },
		{ "[[:alpha:]]", 0, "x", NULL },
		{ "\\w+", 0, "\xc3\xa4_1-", "\xc3\xa4_1" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct regex *regex;
		struct regex_match match;
		struct err err = { 0 };
		assert_int_equal(regex_new(str_of(rows[i].pattern), rows[i].flags, &regex, &err),
		                 0);
		int found = regex_search(regex, &arena, str_of(rows[i].subject), &match, &err);
		assert_int_equal(found, rows[i].match != NULL);
		if (found)
			assert_true(str_eq(regex_group(&match, 0), str_of(rows[i].match)));
		regex_free(regex);
	}
}

/* Patterns that Python's re.compile refuses. */
static void bad_patterns_are_refused(void **state)
{
	static const char *const rows[] = { "(",        ")",        "[",      "*a",
		                            "a**",      "(?P<1>a)", "(?P=x)", "\\h",
		                            "(?<=a*)b", "\\N{x",    "x(?i)",  "a{2,1}" };
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct regex *regex;
		struct err err = { 0 };
		assert_int_equal(regex_new(str_of(rows[i]), 0, &regex, &err), -1);
		assert_true(strlen(err.text) > 0);
	}
}

static void groups_by_number_and_name(void **state)
{
	struct regex *regex;
	struct regex_match match;
	struct err err;
	(void)state;
	assert_int_equal(regex_new(S("(?P<word>[a-z]+)(-(\\d+))?"), 0, &regex, &err), 0);
	assert_int_equal(regex_group_count(regex), 3);
	assert_int_equal(regex_group_number(regex, S("word")), 1);
	assert_int_equal(regex_search(regex, &arena, S("!abc"), &match, &err), 1);
	assert_true(str_eq(regex_group_by_name(regex, &match, S("word")), S("abc")));
	assert_null(regex_group(&match, 3).p);
	regex_free(regex);
}

/* A pattern that would run for ages ends with an error, and an absent text is an empty one. */
static void limits_hold(void **state)
{
	struct regex *regex;
	struct err err = { 0 };
	char text[40];
	(void)state;
	memset(text, 'a', sizeof text);
	text[sizeof text - 1] = '!';
	assert_int_equal(regex_new(S("^(a|a)*$|^(a+)+$"), 0, &regex, &err), 0);
	assert_true(regex_search(regex, &arena, (struct str){ text, sizeof text }, NULL, &err) <=
	            0);
	assert_int_equal(regex_search(regex, &arena, STR_NONE, NULL, &err), 1);
	regex_free(regex);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(searches_like_python),
		cmocka_unit_test(bad_patterns_are_refused),
		cmocka_unit_test(groups_by_number_and_name),
		cmocka_unit_test(limits_hold),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_fini(&arena);
	return failed;
}
