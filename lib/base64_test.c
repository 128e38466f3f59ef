/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/base64.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

static struct arena arena;

static void encode(void **state)
{
	(void)state;
	/* RFC 4648 section 10 */
	static const char *const rows[][2] = {
		{ "", "" },
		{ "f", "Zg==" },
		{ "fo", "Zm8=" },
		{ "foo", "Zm9v" },
		{ "foob", "Zm9vYg==" },
		{ "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct str got = base64_encode(&arena, str_of(rows[i][0]));
		assert_string_equal(got.p, rows[i][1]);
		assert_int_equal(got.n, strlen(rows[i][1]));
	}
	assert_int_equal(base64_encode(&arena, STR_NONE).n, 0);
}

static void whole_alphabet(void **state)
{
	(void)state;
	/* The 48 bytes whose groups of six bits count from 0 to 63, twice. */
	uint8_t bytes[96];
	for (size_t i = 0; i < 32; i++) {
		uint32_t a = (uint32_t)i % 16 * 4;
		uint32_t bits = a << 18 | (a + 1) << 12 | (a + 2) << 6 | (a + 3);
		bytes[3 * i] = (uint8_t)(bits >> 16);
		bytes[3 * i + 1] = (uint8_t)(bits >> 8);
		bytes[3 * i + 2] = (uint8_t)bits;
	}
	struct str text = base64_encode(&arena, (struct str){ (char *)bytes, sizeof bytes }), back;
	assert_string_equal(text.p,
	                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	                    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
	assert_int_equal(base64_decode(&arena, text, &back, NULL), 0);
	assert_int_equal(back.n, sizeof bytes);
	assert_memory_equal(back.p, bytes, sizeof bytes);
}

static void check_decode(struct str text, const char *want)
{
	struct str got;
	assert_int_equal(base64_decode(&arena, text, &got, NULL), 0);
	assert_int_equal(got.n, strlen(want));
	assert_memory_equal(got.p, want, got.n);
}

static void decode(void **state)
{
	(void)state;
	check_decode(S(""), "");
	check_decode(S("Zm9vYmFy"), "foobar");
	check_decode(S("Zm9\nvY mFy\r\n"), "foobar");
	check_decode(S("Zm9v\xC3\xA4-_YmFy"), "foobar");
	check_decode(S("Zg=="), "f");
	check_decode(S("Zg=x="), "f\x0C"); /* padding in between is skipped */
	check_decode(S("Zg==Zm9v"), "f");  /* padding ends the text */
	check_decode(S("Zg=\n="), "f");
	check_decode(S("=Zm9v="), "foo");
	check_decode(S("===="), "");
	check_decode(S("Zm9vZh=="), "foof"); /* bits that are left over do not matter */
}

static void decode_errors(void **state)
{
	(void)state;
	struct str got;
	struct err err;
	static const char *const incomplete[] = { "Zg", "Zg=", "Zm9", "Zm9vZg", "Z=g=" };
	for (size_t i = 0; i < sizeof incomplete / sizeof *incomplete; i++) {
		assert_int_equal(base64_decode(&arena, str_of(incomplete[i]), &got, &err), -1);
		assert_int_equal(err.fault, FAULT_OTHER);
		assert_string_equal(err.text, "Incorrect padding");
	}
	assert_int_equal(base64_decode(&arena, S("Zm9v!Z=="), &got, &err), -1);
	assert_string_equal(err.text,
	                    "Invalid base64-encoded string: number of data characters (5) "
	                    "cannot be 1 more than a multiple of 4");
	assert_int_equal(base64_decode(&arena, S("Z"), &got, NULL), -1);
}

static void strict(void **state)
{
	(void)state;
	static const char *const right[] = {
		"", "Zg==", "Zm8=", "Zm9v", "Zm9vZg==", "Zh==", "Zm9v="
	};
	static const char *const wrong[] = { "Z",       "Zg",        "Zg=",  "Zg===",    "=",
		                             "Zm9v\n",  "Zm9v Zm9v", "Z=g=", "Zg==Zg==", "Zm-v",
		                             "Zm9\xC3", "Zm8==",     "=Zm9v" };
	for (size_t i = 0; i < sizeof right / sizeof *right; i++)
		assert_true(base64_is_strict(str_of(right[i])));
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		assert_false(base64_is_strict(str_of(wrong[i])));
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
		cmocka_unit_test(encode), cmocka_unit_test(whole_alphabet),
		cmocka_unit_test(decode), cmocka_unit_test(decode_errors),
		cmocka_unit_test(strict),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
