/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/buffer.h>
#include <intelmq/idna.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#define A62 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct arena arena;

static void check(struct str name, const char *want)
{
	struct str got;
	assert_int_equal(idna_encode(&arena, name, &got, NULL), 0);
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p ? got.p : "", want, got.n);
}

static void refused(struct str name)
{
	struct str got;
	struct err err = { FAULT_NONE, "" };
	assert_int_equal(idna_encode(&arena, name, &got, &err), -1);
	assert_int_equal(err.fault, FAULT_OTHER);
}

static void ascii(void **state)
{
	(void)state;
	struct str name = S("_Any *thing-.xn--.123");
	struct str got;
	assert_int_equal(idna_encode(&arena, name, &got, NULL), 0);
	assert_ptr_equal(got.p, name.p);
	check(S(""), "");
	check(S("a."), "a.");
	check(S(A62 "a.b"), A62 "a.b");
	refused(S("."));
	refused(S(".a"));
	refused(S("a..b"));
	refused(S("a.."));
	refused(S(A62 "aa.b"));
	refused(S("b." A62 "aa"));
}

static void labels(void **state)
{
	(void)state;
	check(S("b\u00FCcher.DE"), "xn--bcher-kva.DE");
	check(S("B\u00DCCHER.example."), "xn--bcher-kva.example.");
	check(S("stra\u00DFe"), "strasse");
	check(S("\u4F8B\u3048.\u30C6\u30B9\u30C8"), "xn--r8jz45g.xn--zckzah");
	check(S("a\u3002b\uFF0Ec\uFF61\u00E4"), "a.b.c.xn--4ca");
	check(S("\u00E4\u3002"), "xn--4ca.");
	check(S("a\u0308"), "xn--4ca");
	check(S("\uFF21\u00ADb"), "ab");
	check(S("\u00A0"), " "); /* becomes a plain space, which is not prohibited */
	check(S("\u00E4 _*"), "xn-- _*-pla");
	check(S("\u05D0\u05D1"), "xn--4dbc");
}

static void younger_than_unicode_3_2(void **state)
{
	(void)state;
	check(S("\u1E9E"), "ss");
	check(S("\U0001F4A9"), "xn--ls8h");
	check(S("\u1B05\u1B35"), "xn--9sf"); /* composed, since composition is of today */
	check(S("\uFA70"), "xn--ei6c");      /* decomposition is not */
	check(S("\u10A0"), "xn--rkj");
}

static void not_allowed(void **state)
{
	(void)state;
	refused(S("\u00E4..b"));
	refused(S("\u3002"));
	refused(S("\u00AD"));       /* nothing is left */
	refused(S("xn--\u00E4"));   /* prefix */
	refused(S("\u2028"));       /* prohibited */
	refused(S("\xED\xA0\x80")); /* surrogate */
	refused(S("\u00E4\xFF"));   /* no character */
	refused(S("\u05D0a"));      /* both directions */
	refused(S("\u05D0"
	          "1"));          /* ends in neither */
	refused(S(A62 "\u00E4")); /* too long */
}

static void long_labels(void **state)
{
	(void)state;
	static char name[300000];
	for (size_t i = 0; i + 1 < sizeof name; i += 2)
		memcpy(name + i, "\u0301", 2);
	refused((struct str){ name, sizeof name });
	/* Many code points that become few: 50 times alpha with three marks. */
	struct buffer b;
	buffer_init_in(&b, &arena, 10000);
	for (int i = 0; i < 50; i++)
		buffer_add_str(&b, S("\u03B1\u0313\u0300\u0345"));
	refused(buffer_str(&b));
	buffer_clear(&b);
	for (int i = 0; i < 40; i++)
		buffer_add_str(&b, S("A\u030A"));
	struct str got;
	assert_int_equal(idna_encode(&arena, buffer_str(&b), &got, NULL), 0);
	assert_true(str_starts(got, S("xn--")) && got.n <= 63);
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
		cmocka_unit_test(ascii),
		cmocka_unit_test(labels),
		cmocka_unit_test(younger_than_unicode_3_2),
		cmocka_unit_test(not_allowed),
		cmocka_unit_test(long_labels),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
