/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/text.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct arena arena;

static void check(struct str got, const char *want)
{
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p ? got.p : "", want, got.n);
}

static void strip(void **state)
{
	(void)state;
	check(text_strip(S(" \t\r\n a b \x1c\x1f ")), "a b");
	check(text_strip(S("\u3000\u00A0\u2028x\xC2\x85\u200A")), "x");
	check(text_strip(S("\u200Bx")), "\u200Bx"); /* of width zero, but no space */
	check(text_strip(S(" \n ")), "");
	check(text_strip(S("")), "");
	assert_null(text_strip(STR_NONE).p);
	check(text_strip_left(S(" a ")), "a ");
	check(text_strip_right(S("\u00A0a\u00A0")), "\u00A0a");
	check(text_strip_right(S("a\xA0")), "a\xA0"); /* a byte that belongs to nothing */
	check(text_strip_bytes(S("..a.b.-"), S(".-")), "a.b");
	check(text_strip_bytes(S("..."), S(".")), "");
	check(text_strip_bytes(S("a"), S("")), "a");
}

static void lower(void **state)
{
	(void)state;
	struct str same = S("already lower \u00E4");
	assert_ptr_equal(text_lower(&arena, same).p, same.p);
	assert_ptr_equal(text_lower(&arena, S("")).p, S("").p);
	check(text_lower(&arena, S("ABC[xyz]@Z`")), "abc[xyz]@z`");
	check(text_lower(&arena, S("\u00C4\u0410\u1E9E")), "\u00E4\u0430\u00DF");
	check(text_lower(&arena, S("\u0130")), "i\u0307");
	check(text_lower(&arena, S("\u03A3")), "\u03C3");
	check(text_lower(&arena, S("A\u03A3")), "a\u03C2");
	check(text_lower(&arena, S("A\u03A3B")), "a\u03C3b");
	check(text_lower(&arena, S("A.\u03A3'.")), "a.\u03C2'.");
	check(text_lower(&arena, S("A'\u0345\u03A3")), "a'\u0345\u03C2");
	check(text_lower(&arena, S("\u0345\u03A3")), "\u0345\u03C3");
	check(text_lower(&arena, S("A\xED\xA0\x80"
	                           "B\xFF"
	                           "C")),
	      "a\xED\xA0\x80"
	      "b\xFF"
	      "c");
	assert_true(text_is_lower(&arena, S("a\u00DF1")));
	assert_false(text_is_lower(&arena, S("a\u00C4")));
	assert_false(text_is_lower(&arena, S("aB")));
}

static void upper(void **state)
{
	(void)state;
	struct str same = S("ALREADY \u00C4");
	assert_ptr_equal(text_upper(&arena, same).p, same.p);
	check(text_upper(&arena, S("abc{xyz}`z@")), "ABC{XYZ}`Z@");
	check(text_upper(&arena, S("stra\u00DFe \uFB03 \u0390")), "STRASSE FFI \u0399\u0308\u0301");
	check(text_upper(&arena, S("\u03C2\u03C3")), "\u03A3\u03A3");
	check(text_upper(&arena, S("a\xED\xB0\x80"
	                           "b\x80")),
	      "A\xED\xB0\x80"
	      "B\x80");
	assert_true(text_is_upper(&arena, S("A\u00C4 1")));
	assert_false(text_is_upper(&arena, S("A\u00DF")));
	assert_false(text_is_upper(&arena, S("Ab")));
}

static void kinds_of_bytes(void **state)
{
	(void)state;
	char text[100];
	memset(text, 'x', sizeof text);
	for (size_t n = 0; n <= sizeof text; n++)
		assert_true(text_is_ascii((struct str){ text, n }));
	for (size_t i = 0; i < sizeof text; i++) {
		text[i] = (char)0x80;
		assert_false(text_is_ascii((struct str){ text, sizeof text }));
		assert_false(text_is_utf8((struct str){ text, sizeof text }));
		assert_true(text_is_ascii((struct str){ text, i }));
		text[i] = 'x';
	}
	assert_true(text_is_utf8(S("\u00E4\uFFFF\U0010FFFF")));
	assert_false(text_is_utf8(S("\xC0\x80")));         /* overlong */
	assert_false(text_is_utf8(S("\xED\xA0\x80")));     /* surrogate */
	assert_false(text_is_utf8(S("\xF4\x90\x80\x80"))); /* beyond U+10FFFF */
	assert_false(text_is_utf8(S("a\xE2\x82")));        /* cut off */
}

static void characters(void **state)
{
	(void)state;
	struct str rest = S("a\u00E4\u20AC\U0001F600\xED\xA0\x80\xE2\x82");
	static const uint32_t want[] = { 'a', 0xE4, 0x20AC, 0x1F600, 0xD800, 0xFFFD, 0xFFFD };
	const size_t n = sizeof want / sizeof *want;
	assert_int_equal(text_length(rest), n);
	struct str backwards = rest;
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(text_next(&rest), want[i]);
		assert_int_equal(text_last(&backwards), want[n - 1 - i]);
	}
	assert_int_equal(rest.n, 0);
	assert_int_equal(backwards.n, 0);
	check(text_slice(S("abcdef"), 1, 3), "bc");
	check(text_slice(S("abc"), 2, 9), "c");
	check(text_slice(S("abc"), 5, 9), "");
	check(text_slice(S("abc"), 2, 1), "");
	check(text_slice(S("a\u00E4\u20AC\U0001F600z"), 1, 4), "\u00E4\u20AC\U0001F600");
	check(text_slice(S("a\u00E4\u20AC"), 2, 2), "");
	check(text_slice(S("abc\u00E4"), 0, 3), "abc");
}

static void lines(void **state)
{
	(void)state;
	struct str rest = S(
		"a\nb\r\nc\rd\ve\ff\x1Cg\x1Dh\x1Ei\xC2\x85j\u2028k\u2029\n\u00E4\u20ACx");
	static const char *const want[][2] = {
		{ "a", "\n" },           { "b", "\r\n" },   { "c", "\r" },     { "d", "\v" },
		{ "e", "\f" },           { "f", "\x1C" },   { "g", "\x1D" },   { "h", "\x1E" },
		{ "i", "\xC2\x85" },     { "j", "\u2028" }, { "k", "\u2029" }, { "", "\n" },
		{ "\u00E4\u20ACx", "" },
	};
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		struct str ending;
		assert_true(rest.n > 0);
		check(text_line(&rest, &ending), want[i][0]);
		check(ending, want[i][1]);
	}
	assert_int_equal(rest.n, 0);
	rest = S("one\n");
	check(text_line(&rest, NULL), "one");
	assert_int_equal(rest.n, 0);
	rest = S("0123456789012345678901234567890123456789012345678901234567890123456789\x1F\nx");
	assert_int_equal(text_line(&rest, NULL).n, 71);
	check(rest, "x");
}

static void properties(void **state)
{
	(void)state;
	assert_true(text_is_space(0x1F) && text_is_space(' ') && text_is_space(0x2003));
	assert_false(text_is_space(0x200B) || text_is_space('_') || text_is_space(0x1B));
	assert_true(text_is_printable(' ') && text_is_printable('~') && text_is_printable(0xE4));
	assert_false(text_is_printable(0x7F) || text_is_printable(0xA0) ||
	             text_is_printable(0xAD) || text_is_printable(0x2028) ||
	             text_is_printable(0xD800) || text_is_printable(0xE000) ||
	             text_is_printable(0x378));
	assert_int_equal(text_decimal('7'), 7);
	assert_int_equal(text_decimal(0x0663), 3);
	assert_int_equal(text_decimal(0x1D7D9), 1);
	assert_int_equal(text_decimal(0xB2), -1); /* superscript two: a digit, but no decimal one */
	assert_int_equal(text_decimal('a'), -1);
}

static void nfkc(void **state)
{
	(void)state;
	struct str same = S("plain");
	assert_ptr_equal(text_nfkc(&arena, same).p, same.p);
	check(text_nfkc(&arena, S("a\u0308\uFF0F\u2100\u212B")), "\u00E4/a/c\u00C5");
	check(text_nfkc(&arena, S("\uFF21\xED\xA0\x80\uFF22")), "A\xED\xA0\x80"
	                                                        "B");
}

static void clean(void **state)
{
	(void)state;
	struct str same = S("fine \u00E4");
	assert_ptr_equal(text_clean_utf8(&arena, same).p, same.p);
	check(text_clean_utf8(&arena, S("a\xFF"
	                                "b\xE2\x82"
	                                "c\xC3\xA4\xED\xA0\x80")),
	      "abc\u00E4");
	check(text_clean_utf8(&arena, S("\xF0\x9F\x98")), "");
	check(text_clean_utf8(&arena, S("\xC3(")), "(");
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
		cmocka_unit_test(strip),      cmocka_unit_test(lower),
		cmocka_unit_test(upper),      cmocka_unit_test(kinds_of_bytes),
		cmocka_unit_test(characters), cmocka_unit_test(lines),
		cmocka_unit_test(properties), cmocka_unit_test(nfkc),
		cmocka_unit_test(clean),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
