/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/buffer.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void assert_holds(const struct buffer *b, struct str expected)
{
	struct str s = buffer_str(b);
	assert_int_equal(s.n, expected.n);
	assert_memory_equal(s.p, expected.p, expected.n);
}

static void starts_empty(void **state)
{
	(void)state;
	struct buffer b;
	buffer_init(&b, 10);
	assert_holds(&b, S(""));
	assert_non_null(buffer_str(&b).p);
	buffer_add(&b, NULL, 0);
	buffer_put(&b, NULL, 0);
	assert_false(b.over);
	buffer_fini(&b);
}

static void additions_follow_each_other(void **state)
{
	(void)state;
	struct buffer b;
	buffer_init(&b, 1000);
	buffer_add(&b, "a\0b", 3);
	buffer_add_str(&b, S("cd"));
	buffer_add_char(&b, 'e');
	buffer_printf(&b, "%d%s", 42, "f");
	buffer_add_str(&b, STR_NONE);
	assert_holds(&b, S("a\0bcde42f"));
	assert_false(b.over);
	buffer_fini(&b);
}

static void grows_up_to_its_limit(void **state)
{
	(void)state;
	struct buffer b;
	buffer_init(&b, 100000);
	for (int i = 0; i < 100000; i++)
		buffer_add_char(&b, (char)('a' + i % 26));
	assert_false(b.over);
	assert_int_equal(b.n, 100000);
	buffer_add_char(&b, 'x');
	assert_true(b.over);
	assert_int_equal(b.n, 100000);
	for (size_t i = 0; i < b.n; i++)
		assert_int_equal(b.p[i], 'a' + i % 26);
	buffer_fini(&b);
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
	(void)state;
	struct buffer b;
	buffer_init(&b, 5);
	buffer_add_str(&b, S("123"));
	buffer_add_str(&b, S("456"));
	assert_true(b.over);
	assert_holds(&b, S("123"));
	assert_null(buffer_room(&b, 1));
	buffer_clear(&b);
	assert_false(b.over);
	buffer_add_str(&b, S("12345"));
	assert_false(b.over);
	assert_holds(&b, S("12345"));
	assert_null(buffer_room(&b, SIZE_MAX));
	buffer_fini(&b);
}

static void room_is_filled_by_the_caller(void **state)
{
	(void)state;
	struct buffer b;
	buffer_init(&b, 5000);
	buffer_add_str(&b, S("start "));
	char *room = buffer_room(&b, 4000);
	assert_non_null(room);
	memset(room, '.', 4000);
	b.n += 2;
	assert_holds(&b, S("start .."));
	buffer_fini(&b);
}

static void lives_in_an_arena(void **state)
{
	(void)state;
	struct arena a;
	struct buffer b;
	arena_init(&a);
	buffer_init_in(&b, &a, 1 << 20);
	for (int i = 0; i < 10000; i++)
		buffer_put(&b, "0123456789", 10);
	assert_int_equal(b.n, 100000);
	assert_memory_equal(b.p + 99990, "0123456789", 10);
	assert_true(a.used >= 100000);
	buffer_fini(&b);
	arena_fini(&a);
}

static void code_points_become_utf8(void **state)
{
	(void)state;
	static const struct {
		uint32_t code_point;
		const char *utf8;
	} cases[] = {
		{ 0x41, "A" },
		{ 0x7F, "\x7F" },
		{ 0x80, "\xC2\x80" },
		{ 0x7FF, "\xDF\xBF" },
		{ 0x800, "\xE0\xA0\x80" },
		{ 0xD83D, "\xED\xA0\xBD" },
		{ 0xFFFF, "\xEF\xBF\xBF" },
		{ 0x10000, "\xF0\x90\x80\x80" },
		{ 0x1F600, "\xF0\x9F\x98\x80" },
		{ 0x10FFFF, "\xF4\x8F\xBF\xBF" },
	};
	struct buffer b;
	buffer_init(&b, 100);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		buffer_clear(&b);
		buffer_add_utf8(&b, cases[i].code_point);
		assert_holds(&b, str_of(cases[i].utf8));
	}
	buffer_clear(&b);
	buffer_add_utf8(&b, 0);
	assert_holds(&b, S("\0"));
	buffer_fini(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_empty),
		cmocka_unit_test(additions_follow_each_other),
		cmocka_unit_test(grows_up_to_its_limit),
		cmocka_unit_test(what_does_not_fit_is_left_out_whole),
		cmocka_unit_test(room_is_filled_by_the_caller),
		cmocka_unit_test(lives_in_an_arena),
		cmocka_unit_test(code_points_become_utf8),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
