/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/arena.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void pieces_are_aligned_and_apart(void **state)
{
	(void)state;
	struct arena a;
	char *pieces[300];
	arena_init(&a);
	for (size_t i = 0; i < 300; i++) {
		pieces[i] = arena_alloc(&a, i);
		assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		memset(pieces[i], (int)i & 0xFF, i);
	}
	for (size_t i = 0; i < 300; i++)
		for (size_t k = 0; k < i; k++)
			assert_int_equal((unsigned char)pieces[i][k], i & 0xFF);
	arena_fini(&a);
}

static void size_zero_gives_a_pointer(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a);
	assert_non_null(arena_alloc(&a, 0));
	arena_fini(&a);
}

static void zalloc_clears_reused_memory(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a);
	memset(arena_alloc(&a, 5000), 0xAA, 5000);
	arena_reset(&a);
	const unsigned char *bytes = arena_zalloc(&a, 1000, 5);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(bytes[i], 0);
	arena_fini(&a);
}

static void large_pieces_fit(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a);
	char *small = arena_alloc(&a, 10);
	char *large = arena_alloc(&a, 20u << 20);
	memset(small, 1, 10);
	memset(large, 2, 20u << 20);
	assert_int_equal(small[9], 1);
	assert_int_equal(large[(20u << 20) - 1], 2);
	assert_true(a.used >= (20u << 20) + 10);
	arena_fini(&a);
}

static void reset_starts_again(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a);
	arena_reset(&a); /* of a fresh arena */
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 10000; i++)
			arena_alloc(&a, 64);
		assert_true(a.used >= 640000);
		arena_reset(&a);
		assert_int_equal(a.used, 0);
		assert_non_null(a.chunk);
	}
	arena_fini(&a);
	assert_null(a.chunk);
}

static void rewind_gives_back_what_came_after(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a);
	struct str kept = arena_dup(&a, S("kept"));
	struct arena_mark mark = arena_mark(&a);
	char *first = arena_alloc(&a, 100);
	for (int i = 0; i < 1000; i++)
		arena_alloc(&a, 1000);
	arena_rewind(&a, mark);
	assert_int_equal(a.used, mark.used);
	assert_ptr_equal(arena_alloc(&a, 100), first);
	assert_string_equal(kept.p, "kept");
	arena_fini(&a);
}

static void rewind_to_the_start(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a);
	struct arena_mark mark = arena_mark(&a);
	for (int i = 0; i < 1000; i++)
		arena_alloc(&a, 1000);
	arena_rewind(&a, mark);
	assert_int_equal(a.used, 0);
	memset(arena_alloc(&a, 1000), 0, 1000);
	arena_fini(&a);
}

static void copies_end_with_nul(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a);
	struct str copy = arena_dup(&a, (struct str){ "a\0bcd", 4 });
	assert_int_equal(copy.n, 4);
	assert_memory_equal(copy.p, "a\0bc", 5);
	assert_string_equal(arena_cstr(&a, STR_NONE), "");
	arena_fini(&a);
}

static void printf_formats_any_length(void **state)
{
	(void)state;
	struct arena a;
	arena_init(&a);
	struct str s = arena_printf(&a, "%s-%d", "x", 42);
	assert_int_equal(s.n, 4);
	assert_string_equal(s.p, "x-42");
	s = arena_printf(&a, "%0*d", 100000, 7);
	assert_int_equal(s.n, 100000);
	assert_int_equal(s.p[99999], '7');
	arena_fini(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pieces_are_aligned_and_apart),
		cmocka_unit_test(size_zero_gives_a_pointer),
		cmocka_unit_test(zalloc_clears_reused_memory),
		cmocka_unit_test(large_pieces_fit),
		cmocka_unit_test(reset_starts_again),
		cmocka_unit_test(rewind_gives_back_what_came_after),
		cmocka_unit_test(rewind_to_the_start),
		cmocka_unit_test(copies_end_with_nul),
		cmocka_unit_test(printf_formats_any_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
