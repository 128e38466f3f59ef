/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/format.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena arena;

static int format(const char *text, struct str *out)
{
	struct buffer b;
	struct err err = { 0 };
	struct list *positional = list_new(&arena);
	struct dict *named = dict_new(&arena);
	list_add(positional, value_int(-42));
	list_add(positional, value_float(1234.5));
	list_add(positional, value_str(S("t\xc3\xa4xt")));
	dict_set(named, S("a"), value_list(positional));
	dict_set(named, S("yes"), value_bool(true));
	buffer_init_in(&b, &arena, 1000);
	int rc = format_values(&b, str_of(text), positional, named, &err);
	*out = buffer_str(&b);
	return rc;
}

/* What Python's str.format gives. */
static void formats_like_python(void **state)
{
	static const struct {
		const char *text, *out;
	} rows[] = {
		{ "plain {{}}", "plain {}" },  { "{0} {1} {2}", "-42 1234.5 t\xc3\xa4xt" },
		{ "{}{}", "-421234.5" },       { "{0:>6}|{0:<6}|{0:^7}", "   -42|-42   |  -42  " },
		{ "{0:06d}", "-00042" },       { "{1:,.2f}", "1,234.50" },
		{ "{1:e}", "1.234500e+03" },   { "{2!r:>8}", "  't\xc3\xa4xt'" },
		{ "{2!a}", "'t\\xe4xt'" },     { "{a[2]}", "t\xc3\xa4xt" },
		{ "{yes} {yes:d}", "True 1" }, { "{0:x}", "-2a" },
		{ "{2:*^{a[0]:}}", NULL },     { "{2:.2}", "t\xc3\xa4" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str out;
		int rc = format(rows[i].text, &out);
		assert_int_equal(rc, rows[i].out ? 0 : -1);
		if (rows[i].out)
			assert_true(str_eq(out, str_of(rows[i].out)));
	}
}

static void broken_formats_are_refused(void **state)
{
	static const char *const rows[] = { "{",       "}",     "{0",    "{5}",   "{nobody}",
		                            "{0:q}",   "{0!z}", "{2:d}", "{0}{}", "{0:9999999d}",
		                            "{2:2000}" };
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str out;
		assert_int_equal(format(rows[i], &out), -1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(formats_like_python),
		cmocka_unit_test(broken_formats_are_refused),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_fini(&arena);
	return failed;
}
