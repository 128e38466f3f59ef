/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <intelmq/duration.h>

#include <math.h>

static struct arena arena;

static void check(const char *text, struct value expected)
{
	struct value minutes;
	double number;
	assert_int_equal(duration_parse(&arena, str_of(text), &minutes, NULL), 0);
	assert_true(value_same(minutes, expected));
	assert_int_equal(duration_minutes(str_of(text), &number, NULL), 0);
	assert_true(
		expected.kind == VALUE_BIG ||
		number == (expected.kind == VALUE_INT ? (double)expected.integer : expected.real));
}

static void parsing(void **state)
{
	(void)state;
	check("1 minute", value_int(1));
	check("2 hours", value_int(120));
	check(" 007 days\n", value_int(7 * 1440));
	check("1  week", value_int(10080));
	check("1 month", value_int(43200));
	check("1 years", value_int(525600));
	check("90 seconds", value_float(1.5));
	check("\xef\xbc\x91\xc2\xa0"
	      "day",
	      value_int(1440)); /* a full-width digit, a wide space */
	check("9223372036854775807 hours",
	      (struct value){ .kind = VALUE_BIG, .text = S("553402322211286548420") });
	check("10000000000000000000 minutes",
	      (struct value){ .kind = VALUE_BIG, .text = S("10000000000000000000") });
}

static void refusing(void **state)
{
	(void)state;
	static const char *const texts[] = { "",       "1",        "hour",      "1hour",
		                             "1 Hour", "1 hourss", "-1 day",    "1.5 days",
		                             "1 h",    "1 s",      "1 day ago", "1_0 days" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct value minutes;
		struct err err;
		assert_int_equal(duration_parse(&arena, str_of(texts[i]), &minutes, &err), -1);
		assert_int_equal(err.fault, FAULT_INVALID_ARGUMENT);
	}
}

static void check_human(double seconds, unsigned precision, const char *expected)
{
	struct str text;
	assert_int_equal(duration_human(&arena, seconds, precision, &text, NULL), 0);
	assert_true(str_eq(text, str_of(expected)));
}

static void human(void **state)
{
	(void)state;
	check_human(0, 0, "");
	check_human(59, 0, "59s");
	check_human(90061, 0, "1d 1h 1m 1s");
	check_human(86400, 2, "1.00d");
	check_human(60.5, 1, "1.0m 0.5s");
	check_human(-3601, 0, "-1h -1s");
	struct str text;
	assert_int_equal(duration_human(&arena, HUGE_VAL, 0, &text, NULL), -1);
}

static int close_arena(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsing),
		cmocka_unit_test(refusing),
		cmocka_unit_test(human),
	};
	return cmocka_run_group_tests(tests, NULL, close_arena);
}
