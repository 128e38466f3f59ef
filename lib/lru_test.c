/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/lru.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct str name(char buf[40], int i)
{
	snprintf(buf, 40, "key %d", i);
	return str_of(buf);
}

static void test_keeps_replaces_expires(void **state)
{
	(void)state;
	struct lru *l = lru_new(100000);
	struct str got;
	assert_false(lru_get(l, S("a"), 0, &got));
	lru_set(l, S("a"), S("1"), 0);
	lru_set(l, S("b"), S(""), 100);
	assert_true(lru_get(l, S("a"), 1000, &got) && str_eq(got, S("1")));
	assert_true(lru_get(l, S("b"), 99, &got) && got.n == 0);
	assert_false(lru_get(l, S("b"), 100, &got));
	lru_set(l, S("a"), S("longer than before"), 0);
	assert_true(lru_get(l, S("a"), 0, &got) && str_eq(got, S("longer than before")));
	lru_set(l, S(""), S("empty key"), 0);
	assert_true(lru_get(l, S(""), 0, &got) && str_eq(got, S("empty key")));
	lru_free(l);
}

static void count(void *context, struct str key, struct str value)
{
	(void)key;
	(void)value;
	++*(int *)context;
}

/* Memory is bounded, and what is used stays. */
static void test_forgets_what_was_not_used(void **state)
{
	(void)state;
	struct lru *l = lru_new(20000);
	struct str got;
	char buf[40];
	int n = 0;
	for (int i = 0; i < 10000; i++) {
		lru_set(l, name(buf, i), S("value"), 0);
		assert_true(lru_get(l, name(buf, 0), 0, &got));
	}
	assert_true(lru_get(l, name(buf, 9999), 0, &got));
	assert_false(lru_get(l, name(buf, 1), 0, &got));
	lru_each(l, count, &n);
	assert_in_range(n, 100, 20000 / 64);
	lru_free(l);
}

static void test_large_values_are_not_kept(void **state)
{
	(void)state;
	static char large[20000];
	struct lru *l = lru_new(20000);
	struct str got;
	lru_set(l, S("a"), S("small"), 0);
	lru_set(l, S("a"), (struct str){ large, sizeof large }, 0);
	assert_false(lru_get(l, S("a"), 0, &got));
	lru_free(l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keeps_replaces_expires),
		cmocka_unit_test(test_forgets_what_was_not_used),
		cmocka_unit_test(test_large_values_are_not_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
