/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/repr.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct arena arena;

static void check(struct value v, const char *want)
{
	struct str got = value_repr(&arena, v);
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
}

static void scalars(void **state)
{
	(void)state;
	check(value_null(), "None");
	check(value_bool(true), "True");
	check(value_bool(false), "False");
	check(value_int(-7), "-7");
	check(value_float(1), "1.0");
	check(value_float(1e-5), "1e-05");
	check((struct value){ .kind = VALUE_BIG, .text = S("-18446744073709551616") },
	      "-18446744073709551616");
}

static void texts(void **state)
{
	(void)state;
	check(value_cstr(""), "''");
	check(value_cstr("a\"b"), "'a\"b'");
	check(value_cstr("it's"), "\"it's\"");
	check(value_cstr("it's \"x\""), "'it\\'s \"x\"'");
	check(value_cstr("\\\n\r\t\x01\x7F"), "'\\\\\\n\\r\\t\\x01\\x7f'");
	check(value_str(S("a\0b")), "'a\\x00b'");
	check(value_cstr("\u00E4\u20AC\U0001F600"), "'\u00E4\u20AC\U0001F600'");
	check(value_cstr("\u00A0\u00AD\u2028\uE000"), "'\\xa0\\xad\\u2028\\ue000'");
	check(value_cstr("\U000E0001\xED\xA0\x80"), "'\\U000e0001\\ud800'");
	check(value_bytes(S("a'\xFF\n\0\\")), "b\"a'\\xff\\n\\x00\\\\\"");
	check(value_bytes(S("'\"")), "b'\\'\"'");
}

static void containers(void **state)
{
	(void)state;
	struct list *list = list_new(&arena);
	struct dict *dict = dict_new(&arena);
	check(value_list(list), "[]");
	check(value_dict(dict), "{}");
	list_add(list, value_int(1));
	list_add(list, value_dict(dict));
	dict_set(dict, S("b'"), value_cstr("x"));
	dict_set(dict, S("a"), value_null());
	check(value_list(list), "[1, {\"b'\": 'x', 'a': None}]");
}

static void depth(void **state)
{
	(void)state;
	struct value v = value_list(list_new(&arena));
	for (int i = 0; i < MAX_REPR_DEPTH - 1; i++) {
		struct list *outer = list_new(&arena);
		list_add(outer, v);
		v = value_list(outer);
	}
	assert_int_equal(value_repr(&arena, v).n, 2 * MAX_REPR_DEPTH);
	struct list *outer = list_new(&arena);
	list_add(outer, v);
	list_add(outer, value_int(1));
	struct str got = value_repr(&arena, value_list(outer));
	assert_int_equal(got.n, 2 * MAX_REPR_DEPTH + 3 + 3);
	assert_int_not_equal(str_find(got, S("[...]")), STR_NOT_FOUND);
	assert_true(str_ends(got, S("], 1]")));
}

static void limits(void **state)
{
	(void)state;
	struct list *list = list_new(&arena);
	for (int i = 0; i < 100; i++)
		list_add(list, value_cstr("text"));
	struct buffer b;
	buffer_init(&b, 50);
	repr_write(&b, value_list(list));
	assert_true(b.over);
	assert_in_range(b.n, 1, 50);
	buffer_fini(&b);
}

static void python_str(void **state)
{
	(void)state;
	struct str text = S("it's\n");
	assert_ptr_equal(value_text(&arena, value_str(text)).p, text.p);
	assert_true(str_eq(value_text(&arena, value_int(5)), S("5")));
	assert_true(str_eq(value_text(&arena, value_bytes(S("a"))), S("b'a'")));
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
		cmocka_unit_test(scalars), cmocka_unit_test(texts),  cmocka_unit_test(containers),
		cmocka_unit_test(depth),   cmocka_unit_test(limits), cmocka_unit_test(python_str),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
