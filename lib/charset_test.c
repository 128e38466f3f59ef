/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/charset.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct arena arena;

static void decodes(struct str bytes, const char *charset, bool force, struct str want)
{
	struct str got;
	assert_int_equal(charset_decode(&arena, bytes, str_of(charset), force, &got, NULL), 0);
	assert_int_equal(got.n, want.n);
	assert_memory_equal(got.p, want.p, want.n);
}

static void no_decode(struct str bytes, const char *charset, enum fault fault)
{
	struct str got;
	struct err err = { FAULT_NONE, "" };
	assert_int_equal(charset_decode(&arena, bytes, str_of(charset), false, &got, &err), -1);
	assert_int_equal(err.fault, fault);
}

static void encodes(struct str text, const char *charset, bool force, struct str want)
{
	struct str got;
	assert_int_equal(charset_encode(&arena, text, str_of(charset), force, &got, NULL), 0);
	assert_int_equal(got.n, want.n);
	assert_memory_equal(got.p, want.p, want.n);
}

static void no_encode(struct str text, const char *charset, enum fault fault)
{
	struct str got;
	struct err err = { FAULT_NONE, "" };
	assert_int_equal(charset_encode(&arena, text, str_of(charset), false, &got, &err), -1);
	assert_int_equal(err.fault, fault);
}

static void names(void **state)
{
	(void)state;
	static const char *const known[] = { "UTF-8",      "utf8",       "u8",           " Utf 8",
		                             "utf--8",     "US-ASCII",   "latin-1",      "L1",
		                             "ISO_8859-1", "iso.8859.1", "windows-1252", "1252" };
	static const char *const unknown[] = { "",      "nonsense",         "8",     "utf.8", " ",
		                               "cp125", "iso8859_1 latin1", "base64" };
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		decodes(S("a"), known[i], false, S("a"));
	for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++)
		no_decode(S("a"), unknown[i], FAULT_OTHER);
	decodes(S(""), "nonsense", false, S(""));
	no_encode(S(""), "nonsense", FAULT_OTHER);
	char longest[100];
	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = 0;
	no_decode(S("a"), longest, FAULT_OTHER);
}

static void utf8(void **state)
{
	(void)state;
	decodes(S("\u00E4"), "utf-8", false, S("\u00E4"));
	decodes(S("\uFEFFa"), "utf-8", false, S("\uFEFFa"));
	decodes(S("\uFEFF\uFEFFa"), "utf-8-sig", false, S("\uFEFFa"));
	decodes(S("a"), "utf-8-sig", false, S("a"));
	no_decode(S("\xED\xA0\x80"), "utf-8", FAULT_DECODING);
	decodes(S("a\xFF\xED\xA0\x80"
	          "b"),
	        "utf-8", true, S("ab"));
	encodes(S("\u00E4"), "utf-8", false, S("\u00E4"));
	encodes(S(""), "utf-8-sig", false, S("\uFEFF"));
	no_encode(S("\xED\xA0\x80"), "utf-8", FAULT_DECODING);
	encodes(S("a\xED\xA0\x80"), "utf-8-sig", true,
	        S("\uFEFF"
	          "a"));
}

static void utf16(void **state)
{
	(void)state;
	decodes(S("a\0\xE4\0"), "utf-16", false, S("a\u00E4"));
	decodes(S("\xFF\xFE"
	          "a\0"),
	        "utf-16", false, S("a"));
	decodes(S("\xFE\xFF\0a"), "utf-16", false, S("a"));
	decodes(S("\xFF\xFE"
	          "a\0"),
	        "utf-16-le", false,
	        S("\uFEFF"
	          "a"));
	decodes(S("\xD8\x3D\xDE\x00"), "utf-16-be", false, S("\U0001F600"));
	no_decode(S("a"), "utf-16", FAULT_DECODING);
	no_decode(S("\x3D\xD8"), "utf-16-le", FAULT_DECODING);
	no_decode(S("\x3D\xD8"
	            "a\0"),
	          "utf-16-le", FAULT_DECODING);
	no_decode(S("\x00\xDC"), "utf-16-le", FAULT_DECODING);
	decodes(S("\x3D\xD8"
	          "a\0\x00\xDC"
	          "b\0c"),
	        "utf-16-le", true, S("ab"));
	encodes(S("a\U0001F600"), "utf-16", false,
	        S("\xFF\xFE"
	          "a\0\x3D\xD8\x00\xDE"));
	encodes(S("a\U0001F600"), "utf-16-be", false, S("\0a\xD8\x3D\xDE\x00"));
	no_encode(S("\xED\xA0\x80"), "utf-16", FAULT_DECODING);
	encodes(S("\xED\xA0\x80"
	          "a"),
	        "utf-16-le", true, S("a\0"));
}

static void single_bytes(void **state)
{
	(void)state;
	no_decode(S("a\x80"), "ascii", FAULT_DECODING);
	decodes(S("a\x80"
	          "b"),
	        "ascii", true, S("ab"));
	decodes(S("\x80\xA4\xFF"), "iso-8859-1", false, S("\xC2\x80\u00A4\u00FF"));
	decodes(S("\x80\xA4\xBE\xFF"), "iso-8859-15", false, S("\xC2\x80\u20AC\u0178\u00FF"));
	decodes(S("\x80\x9F\xA4\0"), "cp1252", false, S("\u20AC\u0178\u00A4\0"));
	static const char undefined[] = "\x81\x8D\x8F\x90\x9D";
	for (size_t i = 0; undefined[i]; i++)
		no_decode((struct str){ undefined + i, 1 }, "cp1252", FAULT_DECODING);
	decodes(S("a\x81"
	          "b"),
	        "cp1252", true, S("ab"));
	encodes(S("\u20AC\u00E4"), "iso-8859-15", false, S("\xA4\xE4"));
	encodes(S("\u20AC\u00E4"), "cp1252", false, S("\x80\xE4"));
	no_encode(S("\u20AC"), "latin-1", FAULT_DECODING);
	no_encode(S("\u00A4"), "iso-8859-15", FAULT_DECODING);
	no_encode(S("\xC2\x80"), "cp1252", FAULT_DECODING);
	encodes(S("a\u20AC\u4E00z\u00E4"), "ascii", true, S("az"));
}

static void others(void **state)
{
	(void)state;
	decodes(S("\xE6"), "iso-8859-2", false, S("\u0107"));
	decodes(S("\xC1"), "koi8-r", false, S("\u0430"));
	decodes(S("a\xD2"
	          "b"),
	        "cp1253", true, S("ab"));
	no_decode(S("a\xD2"), "cp1253", FAULT_DECODING);
	encodes(S("\u3042"), "shift_jis", false, S("\x82\xA0"));
	decodes(S("\x82\xA0"), "shift_jis", false, S("\u3042"));
	no_decode(S("\x82"), "shift_jis", FAULT_DECODING);
	encodes(S("a\u3042b"), "cp1250", true, S("ab"));
	no_encode(S("\u3042"), "cp1250", FAULT_DECODING);
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
		cmocka_unit_test(names),        cmocka_unit_test(utf8),   cmocka_unit_test(utf16),
		cmocka_unit_test(single_bytes), cmocka_unit_test(others),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
