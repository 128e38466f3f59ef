/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/value.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static int arena_setup(void **state)
{
	static struct arena arena;
	arena_init(&arena);
	*state = &arena;
	return 0;
}

static int arena_teardown(void **state)
{
	arena_fini(*state);
	return 0;
}

static struct value big(const char *digits)
{
	return (struct value){ .kind = VALUE_BIG, .text = str_of(digits) };
}

static void dict_keeps_order_and_replaces_in_place(void **state)
{
	struct dict *d = dict_new(*state);
	dict_set(d, S("b"), value_int(1));
	dict_set(d, S("a"), value_int(2));
	dict_set(d, S("b"), value_int(3));
	assert_int_equal(d->n, 2);
	assert_true(str_eq(d->pairs[0].key, S("b")));
	assert_int_equal(d->pairs[0].value.integer, 3);
	assert_true(str_eq(d->pairs[1].key, S("a")));
	assert_null(dict_get(d, S("c")));
	assert_null(dict_get(d, S("")));
}

/* Crosses the size at which the map gets a hash table, in both directions. */
static void dict_finds_all_of_many_keys(void **state)
{
	enum { MANY = 5000 };
	struct dict *d = dict_new(*state);
	for (int i = 0; i < MANY; i++)
		dict_set(d, arena_printf(*state, "key%d", i), value_int(i));
	assert_int_equal(d->n, MANY);
	for (int i = 0; i < MANY; i++) {
		const struct value *v = dict_get(d, arena_printf(*state, "key%d", i));
		assert_non_null(v);
		assert_int_equal(v->integer, i);
	}
	assert_null(dict_get(d, S("key5000")));
	for (int i = 0; i < MANY; i += 500) {
		assert_true(dict_del(d, arena_printf(*state, "key%d", i)));
		assert_false(dict_del(d, arena_printf(*state, "key%d", i)));
	}
	assert_int_equal(d->n, MANY - 10);
	for (int i = 0; i < MANY; i++) {
		const struct value *v = dict_get(d, arena_printf(*state, "key%d", i));
		if (i % 500 == 0)
			assert_null(v);
		else
			assert_int_equal(v->integer, i);
	}
	assert_int_equal(d->pairs[0].value.integer, 1);
}

static void dict_can_be_emptied_and_filled_again(void **state)
{
	struct dict *d = dict_new(*state);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 20; i++)
			dict_set(d, arena_printf(*state, "%d", i), value_int(i));
		for (int i = 19; i >= 0; i--)
			assert_true(dict_del(d, arena_printf(*state, "%d", i)));
		assert_int_equal(d->n, 0);
		assert_false(dict_del(d, S("0")));
	}
}

static void list_grows(void **state)
{
	struct list *l = list_new(*state);
	for (int i = 0; i < 1000; i++)
		list_add(l, value_int(i));
	assert_int_equal(l->n, 1000);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(l->items[i].integer, i);
}

static void copy_is_deep(void **state)
{
	struct arena other;
	arena_init(&other);
	struct dict *d = dict_new(&other);
	struct list *l = list_new(&other);
	list_add(l, value_str(arena_dup(&other, S("text"))));
	list_add(l, big(arena_cstr(&other, S("123456789012345678901234567890"))));
	dict_set(d, arena_dup(&other, S("list")), value_list(l));
	dict_set(d, arena_dup(&other, S("null")), value_null());
	struct value copy = value_copy(*state, value_dict(d));
	assert_true(value_same(copy, value_dict(d)));
	arena_fini(&other);

	const struct value *list = dict_get(copy.dict, S("list"));
	assert_non_null(list);
	assert_true(value_is_text(list->list->items[0], S("text")));
	assert_int_equal(list->list->items[1].kind, VALUE_BIG);
	assert_int_equal(dict_get(copy.dict, S("null"))->kind, VALUE_NULL);
}

struct pair_case {
	struct value a, b;
	bool eq, same;
};

static void assert_pairs(const struct pair_case *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct pair_case *c = &cases[i];
		if (value_eq(c->a, c->b) != c->eq || value_eq(c->b, c->a) != c->eq)
			fail_msg("value_eq, case %zu", i);
		if (value_same(c->a, c->b) != c->same || value_same(c->b, c->a) != c->same)
			fail_msg("value_same, case %zu", i);
	}
}

static void scalars_compare_as_in_python(void **state)
{
	(void)state;
	const struct pair_case cases[] = {
		{ value_null(), value_null(), true, true },
		{ value_null(), value_bool(false), false, false },
		{ value_null(), value_int(0), false, false },
		{ value_int(1), value_int(1), true, true },
		{ value_int(1), value_int(2), false, false },
		{ value_int(1), value_float(1.0), true, false },
		{ value_int(1), value_bool(true), true, false },
		{ value_float(0.0), value_bool(false), true, false },
		{ value_int(2), value_bool(true), false, false },
		{ value_float(0.0), value_float(-0.0), true, true },
		{ value_float((double)NAN), value_float((double)NAN), false, true },
		/* 2**53 + 1 has no exact double; Python compares the exact numbers. */
		{ value_int(9007199254740993), value_float(9007199254740992.0), false, false },
		{ value_int(9007199254740992), value_float(9007199254740992.0), true, false },
		{ value_int(INT64_MAX), value_float(0x1p63), false, false },
		{ value_int(INT64_MIN), value_float(-0x1p63), true, false },
		{ value_int(0), value_float((double)INFINITY), false, false },
		{ value_int(0), value_float((double)NAN), false, false },
		{ value_str(S("1")), value_int(1), false, false },
		{ value_str(S("a")), value_str(S("a")), true, true },
		{ value_str(S("a\0b")), value_str(S("a\0c")), false, false },
		{ value_str(S("a")), value_bytes(S("a")), false, false },
		{ big("18446744073709551616"), big("18446744073709551616"), true, true },
		{ big("18446744073709551616"), value_float(0x1p64), true, false },
		{ big("18446744073709551616"), value_int(0), false, false },
	};
	assert_pairs(cases, sizeof cases / sizeof *cases);
}

static void containers_compare_by_content(void **state)
{
	struct dict *ab = dict_new(*state), *ba = dict_new(*state), *a = dict_new(*state);
	dict_set(ab, S("a"), value_int(1));
	dict_set(ab, S("b"), value_int(2));
	dict_set(ba, S("b"), value_int(2));
	dict_set(ba, S("a"), value_float(1.0));
	dict_set(a, S("a"), value_int(1));
	struct list *one = list_new(*state), *real = list_new(*state), *none = list_new(*state);
	list_add(one, value_int(1));
	list_add(real, value_float(1.0));
	const struct pair_case cases[] = {
		{ value_dict(ab), value_dict(ab), true, true },
		{ value_dict(ab), value_dict(ba), true, false },
		{ value_dict(ab), value_dict(a), false, false },
		{ value_list(one), value_list(one), true, true },
		{ value_list(one), value_list(real), true, false },
		{ value_list(one), value_list(none), false, false },
		{ value_list(none), value_dict(dict_new(*state)), false, false },
	};
	assert_pairs(cases, sizeof cases / sizeof *cases);
}

static void truth_is_pythons(void **state)
{
	struct list *l = list_new(*state);
	struct dict *d = dict_new(*state);
	assert_false(value_truthy(value_null()));
	assert_false(value_truthy(value_bool(false)));
	assert_true(value_truthy(value_bool(true)));
	assert_false(value_truthy(value_int(0)));
	assert_true(value_truthy(value_int(-1)));
	assert_false(value_truthy(value_float(-0.0)));
	assert_true(value_truthy(value_float((double)NAN)));
	assert_false(value_truthy(value_str(S(""))));
	assert_true(value_truthy(value_str(S("0"))));
	assert_false(value_truthy(value_bytes(S(""))));
	assert_true(value_truthy(big("18446744073709551616")));
	assert_false(value_truthy(value_list(l)));
	assert_false(value_truthy(value_dict(d)));
	list_add(l, value_null());
	dict_set(d, S(""), value_null());
	assert_true(value_truthy(value_list(l)));
	assert_true(value_truthy(value_dict(d)));
}

static void cstr_of_null_is_null(void **state)
{
	(void)state;
	assert_int_equal(value_cstr(NULL).kind, VALUE_NULL);
	assert_true(value_is_text(value_cstr("x"), S("x")));
	assert_false(value_is_text(value_bytes(S("x")), S("x")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dict_keeps_order_and_replaces_in_place),
		cmocka_unit_test(dict_finds_all_of_many_keys),
		cmocka_unit_test(dict_can_be_emptied_and_filled_again),
		cmocka_unit_test(list_grows),
		cmocka_unit_test(copy_is_deep),
		cmocka_unit_test(scalars_compare_as_in_python),
		cmocka_unit_test(containers_compare_by_content),
		cmocka_unit_test(truth_is_pythons),
		cmocka_unit_test(cstr_of_null_is_null),
	};
	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
