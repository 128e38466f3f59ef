/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>
#include <cmocka.h>
#include <intelmq/bot.h>
#include <intelmq/clock.h>
#include <intelmq/http.h>
#include <intelmq/json.h>

struct formatting {
	struct arena arena;
	struct bot bot;
};

static int begin(void **state)
{
	static struct formatting f;
	setenv("TZ", "UTC", 1);
	tzset();
	arena_init(&f.arena);
	f.bot = (struct bot){ .arena = &f.arena };
	clock_set(INT64_C(1772366706) * 1000000); /* 2026-03-01T12:05:06 */
	*state = &f;
	return 0;
}

static int end(void **state)
{
	struct formatting *f = *state;
	clock_unset();
	arena_fini(&f->arena);
	return 0;
}

/* `how` is JSON. NULL: it cannot be, bot.err says why. */
static const char *format(struct formatting *f, const char *url, const char *how)
{
	struct value formatting;
	struct str out;
	assert_int_equal(json_parse(&f->arena, str_of(how), &formatting, NULL), 0);
	enum result result = http_format_url(&f->bot, str_of(url), formatting, &out);
	assert_true(result == DONE || result == BAD_CONF);
	return result == DONE ? arena_cstr(&f->arena, out) : NULL;
}

static void the_time_is_put_in(void **state)
{
	struct formatting *f = *state;
	static const struct {
		const char *url, *how, *expected;
	} cases[] = {
		{ "http://a/{time[%Y]}.txt", "true", "http://a/2026.txt" },
		{ "http://a/{time[%Y]}.txt", "false", "http://a/{time[%Y]}.txt" },
		{ "http://a/{time[%Y]}.txt", "null", "http://a/{time[%Y]}.txt" },
		{ "http://a/{time[%Y]}.txt", "{}", "http://a/{time[%Y]}.txt" },
		{ "http://a/{time[%Y-%m-%d]}", "{\"days\": -1}", "http://a/2026-02-28" },
		{ "http://a/{time[%H:%M]}", "{\"hours\": 1, \"minutes\": -5.5}", "http://a/12:59" },
		{ "http://a/{time[%d]}{time[%H%z]}", "{\"weeks\": 1, \"seconds\": 0}",
		  "http://a/0812" },
		{ "http://a/{{x}}/{time[%y]:>4}", "true", "http://a/{x}/  26" },
		{ "http://a/", "true", "http://a/" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_string_equal(format(f, cases[i].url, cases[i].how), cases[i].expected);
}

static void what_cannot_be(void **state)
{
	struct formatting *f = *state;
	static const struct {
		const char *url, *how, *why;
	} cases[] = {
		{ "http://a/{}", "true", "something else in braces" },
		{ "http://a/{date}", "true", "something else in braces" },
		{ "http://a/{time.year}", "true", "something else in braces" },
		{ "http://a/{time[%Y][0]}", "true", "something else in braces" },
		{ "http://a/{time[%Y]", "true", "expected '}'" },
		{ "http://a/}", "true", "Single '}'" },
		{ "http://a/{time[%1000Y]:>999999}", "true", "" },
		{ "http://a/", "{\"months\": 1}", "'months' is no number of weeks" },
		{ "http://a/", "{\"days\": \"1\"}", "'days' is no number of weeks" },
		{ "http://a/", "{\"days\": 1e300}", "too far from now" },
		{ "http://a/", "{\"days\": -900000}", "too far from now" },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *got = format(f, cases[i].url, cases[i].how);
		if (got)
			fail_msg("%s gives %.100s", cases[i].url, got);
		if (!strstr(f->bot.err.text, cases[i].why))
			fail_msg("%s: %s", cases[i].url, f->bot.err.text);
	}
}

static void where_the_bot_is(void **state)
{
	struct formatting *f = *state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	assert_string_equal(format(f, "{time[%H]}", "true"), "13");
	assert_string_equal(format(f, "{time[%H]}", "{\"days\": 31}"), "14");
	setenv("TZ", "UTC", 1);
	tzset();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_time_is_put_in, begin, end),
		cmocka_unit_test_setup_teardown(what_cannot_be, begin, end),
		cmocka_unit_test_setup_teardown(where_the_bot_is, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
