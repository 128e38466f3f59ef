/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "state/table.h"

#include <stdio.h>
#include <stdlib.h>

static int64_t now;

static int64_t test_now(void)
{
	return now;
}

static const char *const hex_key =
	"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

static bool has(struct state_table *t, struct str key, const char *value)
{
	struct arena arena;
	arena_init(&arena);
	struct str found = STR_NONE;
	bool there = state_table_get(t, &arena, key, &found);
	bool equal = !value ? !there : there && str_eq(found, str_of(value));
	arena_fini(&arena);
	return equal;
}

static void test_keys_of_all_kinds(void **state)
{
	(void)state;
	char lengths[600];
	memset(lengths, 'k', sizeof lengths);
	const struct str keys[] = {
		S(""),
		{ "\0\1\xff", 3 },
		str_of(hex_key),
		S("0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef"),
		S("g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"),
		/* the bytes that the digits stand for */
		S("\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef"
		  "\x01\x23\x45\x67\x89\xab\xcd\xef\x01\x23\x45\x67\x89\xab\xcd\xef"),
		{ lengths, 30 },
		{ lengths, 31 },
		{ lengths, 32 },
		{ lengths, 33 },
		{ lengths, 63 },
		{ lengths, 64 },
		{ lengths, 65 },
		{ lengths, 255 },
		{ lengths, 600 },
	};
	enum { N = sizeof keys / sizeof *keys };
	struct state_table *t = state_table_new(test_now);
	for (int committed = 0; committed < 2; committed++) {
		for (int i = 0; i < N; i++) {
			char value[20];
			snprintf(value, sizeof value, "%d", i);
			if (!committed)
				state_table_set(t, keys[i], str_of(value), 0);
		}
		for (int i = 0; i < N; i++) {
			char value[20];
			snprintf(value, sizeof value, "%d", i);
			assert_true(has(t, keys[i], value));
		}
		state_table_committed(t);
		assert_int_equal(state_table_count(t), N);
	}
	for (int i = 0; i < N; i++) {
		state_table_del(t, keys[i]);
		assert_true(has(t, keys[i], NULL));
		state_table_committed(t);
		assert_true(has(t, keys[i], NULL));
		assert_int_equal(state_table_count(t), N - 1 - i);
	}
	state_table_free(t);
}

static void test_values(void **state)
{
	(void)state;
	struct state_table *t = state_table_new(test_now);
	char large[5000];
	memset(large, 'v', sizeof large);
	large[sizeof large - 1] = 0;
	state_table_set(t, S("empty"), S(""), 0);
	state_table_set(t, S("large"), str_of(large), 0);
	state_table_set(t, S("same"), S("hash"), 0);
	state_table_set(t, S("again"), S("hash"), 0);
	state_table_committed(t);
	assert_true(has(t, S("empty"), ""));
	assert_true(has(t, S("large"), large));
	assert_true(has(t, S("same"), "hash"));
	state_table_set(t, S("same"), S("other"), 0);
	state_table_set(t, S("large"), S("small"), 0);
	state_table_committed(t);
	assert_true(has(t, S("same"), "other"));
	assert_true(has(t, S("again"), "hash"));
	assert_true(has(t, S("large"), "small"));
	assert_true(state_table_get(t, NULL, S("again"), NULL));
	state_table_free(t);
}

static void test_expiry(void **state)
{
	(void)state;
	now = 1000;
	struct state_table *t = state_table_new(test_now);
	state_table_set(t, S("ever"), S("1"), 0);
	state_table_set(t, S("ten"), S("2"), 10);
	state_table_set(t, S("past"), S("3"), -1);
	state_table_set(t, S("far"), S("4"), INT64_MAX);
	for (int committed = 0; committed < 2; committed++) {
		now = 1009;
		assert_true(has(t, S("ten"), "2"));
		assert_true(has(t, S("past"), NULL));
		assert_int_equal(state_table_count(t), 3);
		now = 1010;
		assert_true(has(t, S("ten"), NULL));
		assert_int_equal(state_table_count(t), 2);
		now = 1000;
		state_table_committed(t);
	}
	state_table_load(t, &(struct state_change){ S("ever"), S("5"), .expires = 999 });
	assert_true(has(t, S("ever"), NULL));
	assert_true(has(t, S("far"), "4"));
	state_table_free(t);
}

static void test_overlay_and_undo(void **state)
{
	(void)state;
	struct state_table *t = state_table_new(test_now);
	state_table_load(t, &(struct state_change){ .key = S("base"), .value = S("old") });
	size_t start = state_table_mark(t);
	state_table_set(t, S("base"), S("new"), 0);
	state_table_set(t, S("own"), S("1"), 0);
	size_t middle = state_table_mark(t);
	state_table_del(t, S("base"));
	state_table_set(t, S("own"), S("2"), 0);
	state_table_set(t, S("third"), S("3"), 0);
	assert_true(has(t, S("base"), NULL));
	assert_true(has(t, S("own"), "2"));
	assert_int_equal(state_table_count(t), 2);
	state_table_undo(t, middle);
	assert_true(has(t, S("base"), "new"));
	assert_true(has(t, S("own"), "1"));
	assert_true(has(t, S("third"), NULL));
	assert_int_equal(state_table_count(t), 2);
	state_table_undo(t, start);
	assert_true(has(t, S("base"), "old"));
	assert_true(has(t, S("own"), NULL));
	assert_int_equal(state_table_count(t), 1);
	state_table_free(t);
}

static void test_changes_for_a_commit(void **state)
{
	(void)state;
	now = 50;
	struct arena arena;
	arena_init(&arena);
	struct state_table *t = state_table_new(test_now);
	struct state_change *changes;
	assert_int_equal(state_table_changes(t, &arena, &changes), 0);
	state_table_set(t, S("a"), S("1"), 0);
	state_table_set(t, S("b"), S("2"), 7);
	state_table_set(t, S("a"), S("3"), 0);
	state_table_del(t, S("c"));
	assert_int_equal(state_table_changes(t, &arena, &changes), 3);
	assert_true(str_eq(changes[0].key, S("b")) && str_eq(changes[0].value, S("2")));
	assert_int_equal(changes[0].expires, 57);
	assert_true(str_eq(changes[1].key, S("a")) && str_eq(changes[1].value, S("3")));
	assert_int_equal(changes[1].expires, 0);
	assert_true(str_eq(changes[2].key, S("c")) && changes[2].deleted && !changes[0].deleted);
	state_table_committed(t);
	assert_int_equal(state_table_changes(t, &arena, &changes), 0);
	assert_int_equal(state_table_mark(t), 0);
	assert_true(has(t, S("a"), "3"));
	state_table_free(t);
	arena_fini(&arena);
}

static void make_key(char key[65], uint32_t number)
{
	for (int i = 0; i < 8; i++)
		snprintf(key + 8 * i, 9, "%08x", number * 2654435761u + (uint32_t)i);
}

static void test_memory_follows_live_entries(void **state)
{
	(void)state;
	enum { N = 200000 };
	now = 1;
	struct state_table *t = state_table_new(test_now);
	char key[65];
	for (uint32_t i = 0; i < N; i++) {
		make_key(key, i);
		state_table_load(t,
		                 &(struct state_change){ .key = str_of(key), .value = S("hash") });
	}
	assert_int_equal(state_table_count(t), N);
	assert_true(state_table_memory(t) / N <= 64);
	state_table_free(t);

	/* A steady stream: 20,000 are live at any time. */
	t = state_table_new(test_now);
	for (uint32_t i = 0; i < 2 * N; i++) {
		now = i / 100 + 1;
		make_key(key, i);
		struct state_change change = { .key = str_of(key),
			                       .value = S("hash"),
			                       .expires = now + 200 };
		if (i % 3 == 0)
			change.key.n = 60; /* not packed */
		state_table_load(t, &change);
	}
	assert_int_equal(state_table_count(t), 20000);
	assert_true(state_table_memory(t) < 20000 * 64 * 2);
	state_table_free(t);
}

/* ---- Random operations against arrays ---- */

enum { KEYS = 3000, CHANGES = 64 };

struct entry {
	uint32_t value; /* 0: none */
	int64_t expires;
};

static uint64_t seed;

static uint32_t below(uint32_t n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

static struct str random_key(char room[300], uint32_t number)
{
	make_key(room, number);
	if (number % 4 == 1)
		room[20] = 0;
	if (number % 4 == 2)
		memset(room + 64, '-', 200), room[264] = 0;
	return str_of(room);
}

static bool live(const struct entry *e)
{
	return e->value && (!e->expires || e->expires > now);
}

static void compare(struct state_table *t, const struct entry *model, uint32_t k)
{
	char room[300], value[100] = "";
	snprintf(value, sizeof value, "%0*u", k % 2 ? 5 : 80, model[k].value);
	assert_true(has(t, random_key(room, k), live(&model[k]) ? value : NULL));
}

static void change_one(struct state_table *t, struct entry *model, uint32_t k)
{
	char room[300], value[100];
	if (below(4) == 0) {
		state_table_del(t, random_key(room, k));
		model[k] = (struct entry){ 0 };
		return;
	}
	uint32_t number = 1 + below(200);
	int64_t ttl = below(2) ? 1 + below(30) : 0;
	snprintf(value, sizeof value, "%0*u", k % 2 ? 5 : 80, number);
	state_table_set(t, random_key(room, k), str_of(value), ttl);
	model[k] = (struct entry){ number, ttl ? now + ttl : 0 };
}

static void test_random(void **state)
{
	(void)state;
	static struct entry model[KEYS], saved[KEYS];
	for (uint32_t run = 0; run < 20; run++) {
		seed = run;
		now = 100;
		uint32_t span = run % 2 ? KEYS : 40;
		struct state_table *t = state_table_new(test_now);
		memset(model, 0, sizeof model);
		for (int round = 0; round < 400; round++) {
			size_t mark = state_table_mark(t);
			memcpy(saved, model, sizeof model);
			for (uint32_t i = below(CHANGES); i > 0; i--)
				change_one(t, model, below(span));
			if (below(3) == 0) {
				state_table_undo(t, mark);
				memcpy(model, saved, sizeof model);
			}
			for (int i = 0; i < 20; i++)
				compare(t, model, below(span));
			if (below(3) == 0)
				state_table_committed(t);
			now += below(3);
		}
		size_t n = 0;
		for (uint32_t k = 0; k < span; k++) {
			compare(t, model, k);
			n += live(&model[k]);
		}
		assert_int_equal(state_table_count(t), n);
		state_table_free(t);
	}
}

/* ---- Entries sent again: a broker that keeps the changes of each commit as a row ---- */

enum { ROWS = 2000 };

struct row {
	struct state_change *changes;
	size_t n;
};

struct rows {
	struct arena arena;
	struct row rows[ROWS];
	size_t first, n;    /* those that count are first … n - 1 */
	size_t round_began; /* of this connection, or NO_ROUND */
	size_t rounds, sent_again;
};

#define NO_ROUND SIZE_MAX

static void rows_add(struct rows *r, const struct state_change *changes, size_t n, bool round)
{
	struct row *row = &r->rows[r->n];
	assert_true(r->n < ROWS);
	row->changes = arena_zalloc(&r->arena, n + 1, sizeof *row->changes);
	row->n = n;
	for (size_t i = 0; i < n; i++) {
		row->changes[i] = changes[i];
		row->changes[i].key = arena_dup(&r->arena, changes[i].key);
		row->changes[i].value = arena_dup(&r->arena, changes[i].value);
	}
	if (round && r->round_began != NO_ROUND)
		r->first = r->round_began;
	if (round)
		r->round_began = r->n;
	r->rounds += round;
	r->n++;
}

/* What a new worker gets. */
static struct state_table *rows_load(const struct rows *r)
{
	struct state_table *t = state_table_new(test_now);
	for (size_t i = r->first; i < r->n; i++)
		for (size_t k = 0; k < r->rows[i].n; k++)
			state_table_load(t, &r->rows[i].changes[k]);
	return t;
}

static void compare_all(struct state_table *t, const struct entry *model)
{
	size_t n = 0;
	for (uint32_t k = 0; k < KEYS; k++) {
		compare(t, model, k);
		n += live(&model[k]);
	}
	assert_int_equal(state_table_count(t), n);
}

/* One commit; it may fail first. */
static void commit_again(struct state_table *t, struct rows *r)
{
	struct arena arena;
	struct state_change *plain, *changes;
	bool round;
	arena_init(&arena);
	for (uint32_t failures = below(3) ? 0 : below(3); failures > 0; failures--)
		state_table_changes_again(t, &arena, &changes, &round);
	size_t n = state_table_changes(t, &arena, &plain);
	size_t all = state_table_changes_again(t, &arena, &changes, &round);
	assert_true(all >= n && all <= 3 * n);
	assert_false(round && !n);
	for (size_t i = 0; i < n; i++)
		assert_true(str_eq(changes[i].key, plain[i].key));
	for (size_t i = n; i < all; i++)
		assert_false(changes[i].deleted ||
		             (changes[i].expires && changes[i].expires <= now));
	r->sent_again += all - n;
	if (all)
		rows_add(r, changes, all, round);
	state_table_committed(t);
	arena_fini(&arena);
}

static void test_old_rows_do_not_count(void **state)
{
	(void)state;
	static struct entry model[KEYS], saved[KEYS];
	static struct rows r;
	size_t rounds = 0;
	for (uint32_t run = 0; run < 20; run++) {
		seed = run + 1000;
		now = 100;
		r = (struct rows){ .round_began = NO_ROUND };
		arena_init(&r.arena);
		uint32_t span = run % 3 == 0 ? 3 : run % 3 == 1 ? 200 : KEYS;
		struct state_table *t = state_table_new(test_now);
		memset(model, 0, sizeof model);
		for (int step = 0; step < 600; step++) {
			size_t mark = state_table_mark(t);
			memcpy(saved, model, sizeof model);
			for (uint32_t i = below(CHANGES); i > 0; i--)
				change_one(t, model, below(span));
			if (below(4) == 0) {
				state_table_undo(t, mark);
				memcpy(model, saved, sizeof model);
			}
			if (below(4))
				commit_again(t, &r);
			if (below(100) == 0) {
				/* The worker ends in the middle of a round. */
				commit_again(t, &r);
				state_table_free(t);
				t = rows_load(&r);
				r.round_began = NO_ROUND;
				compare_all(t, model);
			}
			if (below(4) == 0)
				now += below(3);
		}
		commit_again(t, &r);
		struct state_table *loaded = rows_load(&r);
		compare_all(loaded, model);
		state_table_free(loaded);
		state_table_free(t);
		arena_fini(&r.arena);
		assert_true(r.first > 0);
		rounds += r.rounds;
	}
	assert_true(rounds > 200);
}

/* A row of long ago is the only one that has them: they come again, two a change, and the round ends. */
static void test_rounds(void **state)
{
	(void)state;
	now = 10;
	struct arena arena;
	arena_init(&arena);
	struct state_table *t = state_table_new(test_now);
	struct state_change *changes;
	bool round;
	char key[65];
	for (uint32_t i = 0; i < 5; i++) {
		make_key(key, i);
		state_table_load(t, &(struct state_change){ str_of(key), S("old"),
		                                            .expires = i == 1 ? 11 : 0 });
	}
	now = 20;
	assert_int_equal(state_table_changes_again(t, &arena, &changes, &round), 0);
	assert_false(round);
	make_key(key, 2);
	state_table_set(t, str_of(key), S("new"), 0);
	for (int failed = 0; failed < 2; failed++) {
		assert_int_equal(state_table_changes_again(t, &arena, &changes, &round), 3);
		assert_true(round);
		assert_true(str_eq(changes[0].value, S("new")));
		make_key(key, 0);
		assert_true(str_eq(changes[1].key, str_of(key)));
		make_key(key, 3); /* the second has expired, the third is changed in this commit */
		assert_true(str_eq(changes[2].key, str_of(key)));
		assert_true(str_eq(changes[2].value, S("old")));
	}
	state_table_committed(t);
	for (int i = 0; i < 2; i++) {
		state_table_set(t, S("x"), S("1"), 0);
		assert_int_equal(state_table_changes_again(t, &arena, &changes, &round),
		                 i == 0 ? 2 : 3);
		assert_int_equal(round, i == 1);
		state_table_committed(t);
	}
	state_table_free(t);
	arena_fini(&arena);
}

/* However empty the table has become, one commit looks at few places. */
static void test_a_round_is_bounded(void **state)
{
	(void)state;
	enum { N = 100000 };
	now = 10;
	struct arena arena;
	arena_init(&arena);
	struct state_table *t = state_table_new(test_now);
	struct state_change *changes;
	bool round;
	char key[65];
	for (uint32_t i = 0; i < N; i++) {
		make_key(key, i);
		state_table_load(t, &(struct state_change){ str_of(key), S("old") });
	}
	for (uint32_t i = 0; i < N - 1; i++) {
		make_key(key, i);
		state_table_load(t, &(struct state_change){ str_of(key), .deleted = true });
	}
	size_t commits = 0, rounds = 0;
	for (; rounds < 3; commits++) {
		state_table_set(t, S("x"), S("1"), 0);
		assert_true(state_table_changes_again(t, &arena, &changes, &round) <= 2);
		state_table_committed(t);
		rounds += round;
	}
	assert_in_range(commits, 2 * N / 16, 2 * N / 4);
	state_table_free(t);
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys_of_all_kinds),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_expiry),
		cmocka_unit_test(test_overlay_and_undo),
		cmocka_unit_test(test_changes_for_a_commit),
		cmocka_unit_test(test_memory_follows_live_entries),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_a_round_is_bounded),
		cmocka_unit_test(test_old_rows_do_not_count),
	};
	return cmocka_run_group_tests_name("table", tests, NULL, NULL);
}
