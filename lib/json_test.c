/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/json.h>

/* jansson has macros of the same names. */
enum { SORTED = JSON_SORT_KEYS, COMPACT = JSON_COMPACT };

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct arena arena;

static struct str written(struct value v, unsigned flags)
{
	struct buffer out;
	buffer_init_in(&out, &arena, 1 << 20);
	json_write(&out, v, flags);
	return buffer_str(&out);
}

static void texts_read_and_written_again(void **state)
{
	static const struct {
		const char *in;
		unsigned flags;
		const char *out;
	} rows[] = {
		{ "{\"b\":1,\"a\":[true,null,\"x\"]}", 0,
		  "{\"b\": 1, \"a\": [true, null, \"x\"]}" },
		{ "{\"b\":1,\"a\":2}", SORTED | COMPACT, "{\"a\":2,\"b\":1}" },
		{ "\"\\u00e4\\n\\\"\"", 0, "\"\\u00e4\\n\\\"\"" },
		{ "\"\\u00e4\"", JSON_KEEP_UNICODE, "\"\xc3\xa4\"" },
		{ "\"\\ud83e\\udd84\"", 0, "\"\\ud83e\\udd84\"" },
		{ "\"\\ud83e\"", 0, "\"\\ud83e\"" },
		{ "1e999", 0, "Infinity" },
		{ "100.0", 0, "100.0" },
		{ "123456789012345678901234567890", 0, "123456789012345678901234567890" },
		{ "-0", 0, "0" },
		{ "{\"a\":1,\"b\":2,\"a\":3}", 0, "{\"a\": 3, \"b\": 2}" },
		{ "[[],{}]", JSON_INDENT4, "[\n    [],\n    {}\n]" },
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct value v;
		struct err err = { 0 };
		assert_int_equal(json_parse(&arena, str_of(rows[i].in), &v, &err), 0);
		assert_true(str_eq(written(v, rows[i].flags), str_of(rows[i].out)));
	}
}

static void broken_texts_are_refused(void **state)
{
	static const char *const rows[] = {
		"",      " ",       "{",  "[1,]",      "{\"a\":1,}",     "{a:1}", "'a'",
		"01",    "1.",      "+1", "\"\n\"",    "\"\\x\"",        "tru",   "nul",
		"[1] 2", "\"\\u12", "-",  "{\"a\" 1}", "\xEF\xBB\xBF{}", "[1 2]"
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct value v;
		struct err err = { 0 };
		assert_int_equal(json_parse(&arena, str_of(rows[i]), &v, &err), -1);
		assert_true(strlen(err.text) > 0);
	}
}

static void nesting_has_a_limit(void **state)
{
	struct buffer text;
	struct value v;
	(void)state;
	buffer_init_in(&text, &arena, 1 << 20);
	for (int i = 0; i < MAX_JSON_DEPTH + 1; i++)
		buffer_add_char(&text, '[');
	for (int i = 0; i < MAX_JSON_DEPTH + 1; i++)
		buffer_add_char(&text, ']');
	assert_int_equal(json_parse(&arena, buffer_str(&text), &v, NULL), -1);
	assert_int_equal(json_parse(&arena, str_slice(buffer_str(&text), 1, text.n - 1), &v, NULL),
	                 0);
}

static json_t *random_tree(int depth)
{
	static const char *const texts[] = { "", "plain", "quote \" and \\", "\xc3\xa4\xe2\x82\xac",
		                             "tab\t\n" };
	int kind = rand() % (depth > 3 ? 5 : 7);
	json_t *tree;
	switch (kind) {
	case 0:
		return json_null();
	case 1:
		return json_boolean(rand() % 2);
	case 2:
		return json_integer(rand() - RAND_MAX / 2);
	case 3:
		return json_real((double)rand() / 1000);
	case 4:
		return json_string(texts[rand() % 5]);
	case 5:
		tree = json_array();
		for (int n = rand() % 4; n > 0; n--)
			json_array_append_new(tree, random_tree(depth + 1));
		return tree;
	default:
		tree = json_object();
		for (int n = rand() % 4; n > 0; n--) {
			char key[32];
			snprintf(key, sizeof key, "k%d", rand() % 100);
			json_object_set_new(tree, key, random_tree(depth + 1));
		}
		return tree;
	}
}

/* What jansson writes ours reads, and jansson reads what ours writes as the same. */
static void agrees_with_jansson(void **state)
{
	(void)state;
	srand(1);
	for (int i = 0; i < 3000; i++) {
		json_t *tree = random_tree(0);
		char *text = json_dumps(tree, JSON_ENCODE_ANY);
		struct value v;
		assert_int_equal(json_parse(&arena, str_of(text), &v, NULL), 0);
		struct str again = written(v, 0);
		json_t *read = json_loadb(again.p, again.n, JSON_DECODE_ANY, NULL);
		assert_non_null(read);
		assert_true(json_equal(tree, read));
		json_decref(tree);
		json_decref(read);
		free(text);
		arena_reset(&arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_read_and_written_again),
		cmocka_unit_test(broken_texts_are_refused),
		cmocka_unit_test(nesting_has_a_limit),
		cmocka_unit_test(agrees_with_jansson),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	arena_fini(&arena);
	return failed;
}
