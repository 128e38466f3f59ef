/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/dump_read.h"

#include <intelmq/buffer.h>
#include <intelmq/json.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static struct arena arena;

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

/* As the reference and engine/dump_file.c write it. */
static const char three[] = "{\n"
			    "    \"2015-09-03T13:13:24\": {\n"
			    "        \"message\": \"a\"\n"
			    "    },\n"
			    "    \"2015-09-03T13:13:22\": {\n"
			    "        \"message\": \"b }\\n\"\n"
			    "    },\n"
			    "    \"2015-09-03T13:13:23\": {\n"
			    "        \"message\": \"c\"\n"
			    "    }\n"
			    "}";

static struct dump_index read_index(struct str text)
{
	struct dump_index index;
	struct err err = { 0 };
	if (dump_index_read(&arena, text, &index, &err) < 0)
		fail_msg("%s in: %.*s", err.text, STR_ARG(text));
	return index;
}

static void entries_in_both_orders(void **state)
{
	(void)state;
	struct dump_index index = read_index(str_of(three));
	assert_int_equal(index.n, 3);
	assert_int_equal(index.tail, 0);
	assert_true(str_eq(index.entries[0].name, S("2015-09-03T13:13:24")));
	assert_true(str_eq(index.sorted[0]->name, S("2015-09-03T13:13:22")));
	assert_ptr_equal(index.sorted[2], &index.entries[0]);
	struct str member = str_slice(str_of(three), index.entries[1].at,
	                              index.entries[1].at + index.entries[1].n);
	assert_true(str_starts(member, S("\"2015-09-03T13:13:22\": {")));
	assert_true(str_ends(member, S("    }")));
}

static int collect(void *context, struct str bytes)
{
	buffer_add_str(context, bytes);
	return 0;
}

static struct str rewrite(struct str text, const struct str *instead, int64_t written)
{
	struct dump_index index = read_index(text);
	struct buffer out;
	buffer_init_in(&out, &arena, 1 << 20);
	assert_int_equal(dump_rewrite(text, &index, instead, collect, &out), written);
	return buffer_str(&out);
}

static void untouched_it_is_the_same_file(void **state)
{
	(void)state;
	assert_true(str_eq(rewrite(str_of(three), (struct str[3]){ 0 }, 3), str_of(three)));
}

static void removed_and_replaced(void **state)
{
	(void)state;
	struct str out = rewrite(str_of(three), (struct str[]){ S(""), S("\"x\": 1"), STR_NONE },
	                         2);
	assert_string_equal(arena_cstr(&arena, out), "{\n"
	                                             "    \"x\": 1,\n"
	                                             "    \"2015-09-03T13:13:23\": {\n"
	                                             "        \"message\": \"c\"\n"
	                                             "    }\n"
	                                             "}");
	out = rewrite(str_of(three), (struct str[]){ S(""), S(""), S("") }, 0);
	assert_true(str_eq(out, S("{}")));
}

static int fail_at_once(void *context, struct str bytes)
{
	(void)context, (void)bytes;
	return -1;
}

static void failures_of_writing_are_passed_on(void **state)
{
	(void)state;
	struct dump_index index = read_index(str_of(three));
	assert_int_equal(
		dump_rewrite(str_of(three), &index, (struct str[3]){ 0 }, fail_at_once, NULL), -1);
}

/* A writer may be killed at any byte: every whole entry is read, and the rest is a tail. */
static void every_open_tail(void **state)
{
	(void)state;
	struct dump_index whole = read_index(str_of(three));
	for (size_t n = 0; n < sizeof three - 1; n++) {
		struct dump_index index = read_index(str_slice(str_of(three), 0, n));
		size_t expected = 0;
		while (expected < 3 && whole.entries[expected].at + whole.entries[expected].n <= n)
			expected++;
		assert_int_equal(index.n, expected);
	}
}

/* The old end is written over: a byte of it may be left behind the comma; or zeros after a power cut. */
static void other_open_tails(void **state)
{
	(void)state;
	assert_int_equal(read_index(S("{\"a\": {},}")).n, 1);
	assert_int_equal(read_index(S("{\"a\": {},\n    \"b\": {\"m\": \"x\0\0\0")).n, 1);
	assert_int_equal(read_index(S("{\"a\": {}\0\0")).n, 1);
	assert_int_equal(read_index(S("{\"a\": {}, \"b\": {\"m\": \"\\")).tail, 15);
	struct str out = rewrite(S("{\"a\": {}, \"b\": {\"m"), (struct str[]){ STR_NONE }, 1);
	assert_true(str_eq(out, S("{\n    \"a\": {}\n}")));
}

static void others_files(void **state)
{
	(void)state;
	assert_int_equal(read_index(S("")).n, 0);
	assert_int_equal(read_index(S(" \n")).n, 0);
	assert_int_equal(read_index(S("{}")).n, 0);
	assert_int_equal(read_index(S(" { } \n")).n, 0);
	assert_int_equal(read_index(S("{\"a\":1,\"a\":2,\"\\u0061\":3}\n")).n, 3);
	assert_true(str_eq(read_index(S("{\"\\u0061b\": null}")).entries[0].name, S("ab")));
}

/* What is damaged in front of whole entries is never taken for an open tail: they would be lost. */
static void damage_is_told(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"[1]",
		"x",
		"{\"a\": {bad}, \"b\": {}}",
		"{\"a\": {}, \"b\" {}}",
		"{\"a\": {}} x",
		"{\"a\": {}}{",
		"{\"a\": {},\n\"b\": {\"m\": \"no end\n    }\n}",
		"{\"a\": {}, \"b\": 1 2, \"c\": {}}",
		"{1: 2}",
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct dump_index index;
		struct err err = { 0 };
		assert_int_equal(dump_index_read(&arena, str_of(bad[i]), &index, &err), -1);
		assert_true(err.text[0]);
	}
}

static void limits(void **state)
{
	(void)state;
	struct dump_index index;
	struct err err = { 0 };
	struct buffer text;
	buffer_init_in(&text, &arena, 1 << 20);
	buffer_add_str(&text, S("{\""));
	for (int i = 0; i <= MAX_DUMP_NAME; i++)
		buffer_add_char(&text, 'n');
	buffer_add_str(&text, S("\": 1}"));
	assert_int_equal(dump_index_read(&arena, buffer_str(&text), &index, &err), -1);
	assert_non_null(strstr(err.text, "name of 1001 bytes"));
	buffer_clear(&text);
	buffer_add_str(&text, S("{\"a\": "));
	for (int i = 0; i < 100000; i++)
		buffer_add_char(&text, '[');
	buffer_add_str(&text, S("}"));
	/* nested too deep, and no end of it either */
	assert_int_equal(dump_index_read(&arena, buffer_str(&text), &index, &err), 0);
	assert_int_equal(index.n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(entries_in_both_orders, setup, teardown),
		cmocka_unit_test_setup_teardown(untouched_it_is_the_same_file, setup, teardown),
		cmocka_unit_test_setup_teardown(removed_and_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(failures_of_writing_are_passed_on, setup, teardown),
		cmocka_unit_test_setup_teardown(every_open_tail, setup, teardown),
		cmocka_unit_test_setup_teardown(other_open_tails, setup, teardown),
		cmocka_unit_test_setup_teardown(others_files, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(limits, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
