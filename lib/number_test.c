/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/number.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

static struct arena arena;

static void check_int(struct str text, int64_t want)
{
	struct value v = value_null();
	assert_int_equal(number_int(&arena, text, &v), 0);
	assert_int_equal(v.kind, VALUE_INT);
	assert_true(v.integer == want);
}

static void check_big(struct str text, struct str want)
{
	struct value v = value_null();
	assert_int_equal(number_int(&arena, text, &v), 0);
	assert_int_equal(v.kind, VALUE_BIG);
	assert_true(str_eq(v.text, want));
}

static void no_int(struct str text)
{
	struct value v = value_null();
	assert_int_equal(number_int(&arena, text, &v), -1);
	assert_int_equal(v.kind, VALUE_NULL);
}

static void ints(void **state)
{
	(void)state;
	check_int(S("0"), 0);
	check_int(S("-0"), 0);
	check_int(S("+17"), 17);
	check_int(S(" \t\n\v\f\r1_000 "), 1000);
	check_int(S("\u3000\u0661\uFF12\u2028"), 12);
	check_int(S("000000000000000000000000007"), 7);
	check_int(S("9223372036854775807"), INT64_MAX);
	check_int(S("-9223372036854775808"), INT64_MIN);
	check_big(S("9223372036854775808"), S("9223372036854775808"));
	check_big(S("-9223372036854775809"), S("-9223372036854775809"));
	check_big(S("00_18446744073709551616"), S("18446744073709551616"));
	static const char *const wrong[] = { "",
		                             " ",
		                             "-",
		                             "1__0",
		                             "_1",
		                             "1_",
		                             "1.0",
		                             "1e3",
		                             "0x1",
		                             "- 1",
		                             "+-1",
		                             "1 2",
		                             "a",
		                             "\xB9"
		                             "1",
		                             "\x1C"
		                             "1",
		                             "--1" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		no_int(str_of(wrong[i]));
	no_int(S("1\0"));
}

static void limit_of_digits(void **state)
{
	(void)state;
	static char digits[MAX_NUMBER_DIGITS + 1];
	memset(digits, '1', sizeof digits);
	struct value v = value_null();
	struct str most = { digits, MAX_NUMBER_DIGITS };
	assert_int_equal(number_int(&arena, most, &v), 0);
	assert_true(str_eq(v.text, most));
	no_int((struct str){ digits, MAX_NUMBER_DIGITS + 1 });
	memset(digits, '0', sizeof digits);
	check_int(most, 0);
	no_int((struct str){ digits, MAX_NUMBER_DIGITS + 1 });
}

static void check_float(struct str text, double want)
{
	double got = 42;
	assert_int_equal(number_float(text, &got), 0);
	assert_true(got == want || (isnan(got) && isnan(want)));
	assert_int_equal(!!signbit(got), !!signbit(want));
}

static void floats(void **state)
{
	(void)state;
	check_float(S("1"), 1);
	check_float(S("-0"), -0.0);
	check_float(S(" .5\n"), 0.5);
	check_float(S("5."), 5);
	check_float(S("1_0.2_5e0_1"), 102.5);
	check_float(S("1E-3"), 0.001);
	check_float(S("0.1"), 0.1);
	check_float(S("\u0661.\u0665"), 1.5);
	check_float(S("1e400"), (double)INFINITY);
	check_float(S("-1e-400"), -0.0);
	check_float(S("1e99999999999999999999"), (double)INFINITY);
	check_float(S("0e99999999999999999999"), 0);
	check_float(S("5e-324"), 0x1p-1074);
	check_float(S("2.2250738585072011e-308"), 0x0.fffffffffffffp-1022);
	/* Half way between two doubles: the even one; a little more: the upper one. */
	check_float(S("9007199254740993"), 9007199254740992.0);
	check_float(S("9007199254740993.0000000000000000000000000000000000001"),
	            9007199254740994.0);
	check_float(S("InFinity"), (double)INFINITY);
	check_float(S("-inf"), -(double)INFINITY);
	check_float(S("nan"), (double)NAN);
	static const char *const wrong[] = { "",     ".",    "1e",    "1e+",  "e1",
		                             "1_.5", "1._5", "_1",    "1e_5", "1 2",
		                             "0x1",  "1,5",  "infin", "nan1", "+-1" };
	double number = 0;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_int_equal(number_float(str_of(wrong[i]), &number), -1);
}

static void sticky_digit(void **state)
{
	(void)state;
	/* 2^53 + 1, then so many zeros that the last digit is beyond any buffer, and a 1. */
	static char text[3000] = "9007199254740993.";
	memset(text + 17, '0', 2000);
	check_float((struct str){ text, 2017 }, 9007199254740992.0);
	text[2017] = '1';
	check_float((struct str){ text, 2018 }, 9007199254740994.0);
}

static void float_texts(void **state)
{
	(void)state;
	static const struct {
		double number;
		const char *text;
	} rows[] = {
		{ 0, "0.0" },
		{ -0.0, "-0.0" },
		{ 1, "1.0" },
		{ 100, "100.0" },
		{ 0.1, "0.1" },
		{ -1.5, "-1.5" },
		{ 0.0001, "0.0001" },
		{ 0.00001, "1e-05" },
		{ 1e15, "1000000000000000.0" },
		{ 9999999999999998, "9999999999999998.0" },
		{ 1e16, "1e+16" },
		{ 1.5e300, "1.5e+300" },
		{ 5e-324, "5e-324" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 1.7976931348623157e308, "1.7976931348623157e+308" },
		{ 123456.789, "123456.789" },
		{ 0x1p-44, "5.684341886080802e-14" },
		{ 1e23, "1e+23" },
		{ 0x1p-1022, "2.2250738585072014e-308" },
		{ (double)NAN, "nan" },
		{ (double)INFINITY, "inf" },
		{ -(double)INFINITY, "-inf" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char room[NUMBER_FLOAT_SIZE];
		struct str got = number_float_text(rows[i].number, room);
		assert_string_equal(got.p, rows[i].text);
		assert_int_equal(got.n, strlen(rows[i].text));
	}
}

static void int_texts(void **state)
{
	(void)state;
	char room[NUMBER_INT_SIZE];
	assert_string_equal(number_int_text(0, room).p, "0");
	assert_string_equal(number_int_text(-120, room).p, "-120");
	assert_string_equal(number_int_text(INT64_MAX, room).p, "9223372036854775807");
	assert_string_equal(number_int_text(INT64_MIN, room).p, "-9223372036854775808");
}

static void from_double(void **state)
{
	(void)state;
	struct value v;
	struct err err;
	assert_int_equal(number_from_double(&arena, -1.9, &v, &err), 0);
	assert_true(v.kind == VALUE_INT && v.integer == -1);
	assert_int_equal(number_from_double(&arena, -0x1p63, &v, &err), 0);
	assert_true(v.kind == VALUE_INT && v.integer == INT64_MIN);
	assert_int_equal(number_from_double(&arena, 1e23, &v, &err), 0);
	assert_true(v.kind == VALUE_BIG && str_eq(v.text, S("99999999999999991611392")));
	assert_int_equal(number_from_double(&arena, (double)NAN, &v, &err), -1);
	assert_string_equal(err.text, "ValueError: cannot convert float NaN to integer");
	assert_int_equal(number_from_double(&arena, (double)INFINITY, &v, &err), -1);
	assert_string_equal(err.text, "OverflowError: cannot convert float infinity to integer");
	assert_int_equal(number_from_double(&arena, (double)INFINITY, &v, NULL), -1);
}

static void of_values(void **state)
{
	(void)state;
	struct value v;
	struct err err;
	assert_int_equal(value_to_int(&arena, value_bool(true), &v, &err), 0);
	assert_true(v.kind == VALUE_INT && v.integer == 1);
	assert_int_equal(value_to_int(&arena, value_bytes(S(" 12 ")), &v, &err), 0);
	assert_true(v.kind == VALUE_INT && v.integer == 12);
	assert_int_equal(value_to_int(&arena, value_float(5.5), &v, &err), 0);
	assert_true(v.kind == VALUE_INT && v.integer == 5);
	assert_int_equal(value_to_int(&arena, value_cstr("5.5\n"), &v, &err), -1);
	assert_string_equal(err.text,
	                    "ValueError: invalid literal for int() with base 10: '5.5\\n'");
	assert_int_equal(value_to_int(&arena, value_bytes(S("\u0661")), &v, &err), -1);
	assert_int_equal(value_to_int(&arena, value_null(), &v, &err), -1);
	assert_int_equal(strncmp(err.text, "TypeError: ", 11), 0);
	assert_int_equal(value_to_float(&arena, value_cstr("1e3"), &v, &err), 0);
	assert_true(v.kind == VALUE_FLOAT && v.real == 1000);
	assert_int_equal(value_to_float(&arena, value_int(INT64_MAX), &v, &err), 0);
	assert_true(v.real == 0x1p63);
	struct value big = { .kind = VALUE_BIG, .text = S("-18446744073709551616") };
	assert_int_equal(value_to_float(&arena, big, &v, &err), 0);
	assert_true(v.real == -0x1p64);
	static char digits[400];
	memset(digits, '9', sizeof digits);
	big.text = (struct str){ digits, sizeof digits };
	assert_int_equal(value_to_float(&arena, big, &v, &err), -1);
	assert_string_equal(err.text, "OverflowError: int too large to convert to float");
	assert_int_equal(value_to_float(&arena, value_cstr("x"), &v, NULL), -1);
}

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ints),        cmocka_unit_test(limit_of_digits),
		cmocka_unit_test(floats),      cmocka_unit_test(sticky_digit),
		cmocka_unit_test(float_texts), cmocka_unit_test(int_texts),
		cmocka_unit_test(from_double), cmocka_unit_test(of_values),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
