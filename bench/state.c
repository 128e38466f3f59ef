/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Keyed state of a large deduplicator: memory and time an entry, and what it costs that commits carry
 * entries of long ago once more.
 *
 *	state [ENTRIES]
 */
#include "bench/events.h"
#include "state/table.h"

#include <string.h>

enum { ENTRIES = 10000000, BATCH = 1000, BATCHES = 2000 };

static int64_t no_time(void)
{
	return 1;
}

static void make_key(char key[64], uint64_t number)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t state = number * 0x9E3779B97F4A7C15u + 1;
	for (int i = 0; i < 64; i++)
		key[i] = digits[bench_random(&state) >> 7 & 15];
}

static void fill(struct state_table *t, uint64_t n)
{
	char key[64];
	double start = bench_cpu();
	for (uint64_t i = 0; i < n; i++) {
		make_key(key, i);
		state_table_load(t, &(struct state_change){ { key, 64 }, S("hash") });
	}
	printf("load       %.3f us an entry, %.1f bytes an entry\n",
	       (bench_cpu() - start) * 1e6 / (double)n, (double)state_table_memory(t) / (double)n);
}

/* Batches of changes, half of them new keys, as commits take them. */
static void commit_batches(struct state_table *t, uint64_t entries, bool again)
{
	struct arena arena;
	struct state_change *changes;
	bool round;
	char key[64];
	uint64_t random = again ? 2 : 1, sent = 0;
	arena_init(&arena);
	double start = bench_cpu();
	for (int batch = 0; batch < BATCHES; batch++) {
		for (int i = 0; i < BATCH; i++) {
			make_key(key, bench_below(&random, entries * 2));
			state_table_set(t, (struct str){ key, 64 }, S("hash"), 0);
		}
		sent += again ? state_table_changes_again(t, &arena, &changes, &round)
		              : state_table_changes(t, &arena, &changes);
		state_table_committed(t);
		arena_reset(&arena);
	}
	printf("%s  %.3f us a change, %.2f sent a change, %.1f MB\n",
	       again ? "with again" : "plain     ", (bench_cpu() - start) * 1e6 / BATCHES / BATCH,
	       (double)sent / BATCHES / BATCH, (double)state_table_memory(t) / 1e6);
	arena_fini(&arena);
}

int main(int argc, char **argv)
{
	uint64_t entries = argc > 1 ? strtoull(argv[1], NULL, 10) : ENTRIES;
	struct state_table *t = state_table_new(no_time);
	fill(t, entries);
	commit_batches(t, entries, false);
	commit_batches(t, entries, true);
	state_table_free(t);
	return 0;
}
