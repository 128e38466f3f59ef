/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Drives the store with random groups on a disk that loses power, fails and fills, and compares it after every
 * opening with a model: its state is that at the end of a group, not older than the last one that was stored. A
 * failing seed is printed; `broker_store_power_test SEED` repeats it, `broker_store_power_test SEED COUNT` runs more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <intelmq/arena.h>

#include "broker/store_inside.h"
#include "tests/power_vfs.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	SEEDS = 300,
	STEPS = 24,
	QUEUES = 3,
	BOTS = 2,
	ENTRIES = 400,
	BLOCKS = 600,
	MESSAGES = 9, /* in a block at most */
	ROWS = 64,    /* of a bot's state */
	TRIES = 100,
};

/* Never changes once it is made; bodies follow from identity and position. */
struct block {
	uint64_t block;
	uint32_t n, live; /* live: a bit each */
	uint32_t large;   /* this message, if there is such a one, takes several pages */
};

struct entry {
	uint32_t queue, block; /* index in blocks */
	bool shared;
	uint32_t left; /* a bit each */
	uint32_t n_notes;
	struct note notes[2];
};

struct model {
	uint64_t number;
	uint32_t n_queues;
	struct entry entries[ENTRIES]; /* in the order of queue and block */
	size_t n;
	uint64_t rows[BOTS][ROWS];
	size_t n_rows[BOTS];
};

struct world {
	uint64_t seed, random;
	struct power_vfs *power;
	struct store *store;
	struct store_options options;
	struct arena arena; /* of the group in hand */
	struct block blocks[BLOCKS];
	uint32_t n_blocks;
	struct model stored, next; /* `next`: with the group in hand */
	uint32_t epoch;
	bool failed; /* just now: power may be lost when the process ends, or while that is mended */
	unsigned reopened, full;
};

/* Prints the seed that cmocka does not know. */
#define CHECK(w, condition)                                                                        \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			print_error("seed %llu, %s:%d: %s\n", (unsigned long long)(w)->seed,       \
			            __FILE__, __LINE__, #condition);                               \
			fail();                                                                    \
		}                                                                                  \
	} while (0)

static uint32_t below(struct world *w, uint32_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)(w->random >> 20) % n;
}

static bool chance(struct world *w, uint32_t one_in)
{
	return below(w, one_in) == 0;
}

static const char *const bots[BOTS] = { "collector", "deduplicator" };

/* ---- Texts of what model and store hold ---- */

static size_t body_size(const struct block *block, uint32_t at)
{
	return at == block->large ? 20000 + block->block % 30000
	                          : (size_t)(block->block * 31 + at * 17) % 90;
}

static void put_body(struct buffer *out, const struct block *block, uint32_t at)
{
	size_t n = body_size(block, at);
	char *p = buffer_room(out, n);
	for (size_t i = 0; i < n; i++)
		p[i] = (char)('a' + (block->block + at + i / 7) % 26);
	out->n += n;
}

static void put_row(struct buffer *out, uint64_t number)
{
	size_t n = 1 + number * 2654435761u % (number % 16 ? 300 : 20000);
	for (size_t i = 0; i < n; i++)
		buffer_add_char(out, (char)('A' + (number + i) % 26));
}

static uint64_t left_bytes(const struct block *block, uint32_t left)
{
	uint64_t bytes = 0;
	for (uint32_t at = 0; at < block->n; at++)
		bytes += left >> at & 1 ? body_size(block, at) : 0;
	return bytes;
}

static void put_entry(const struct world *w, struct buffer *out, const struct entry *entry)
{
	const struct block *block = &w->blocks[entry->block];
	buffer_printf(out, "  %llu of %u, shared %d, left %x, %d with %llu:",
	              (unsigned long long)block->block, block->n, entry->shared, entry->left,
	              __builtin_popcount(entry->left),
	              (unsigned long long)left_bytes(block, entry->left));
	for (uint32_t i = 0; i < entry->n_notes; i++)
		buffer_printf(out, " note %u=%llu", entry->notes[i].at,
		              (unsigned long long)entry->notes[i].value);
	for (uint32_t at = 0; at < block->n; at++) {
		buffer_add_char(out, ' ');
		if (block->live >> at & 1)
			put_body(out, block, at);
	}
	buffer_add_char(out, '\n');
}

static void put_model_queue(const struct world *w, struct buffer *out, const struct model *m,
                            uint32_t queue)
{
	uint64_t first = 0, last = 0, blocks = 0, messages = 0, bytes = 0;
	for (size_t i = 0; i < m->n; i++) {
		const struct entry *e = &m->entries[i];
		if (e->queue != queue)
			continue;
		last = w->blocks[e->block].block;
		first = first ? first : last;
		blocks++;
		messages += (uint64_t)__builtin_popcount(e->left);
		bytes += left_bytes(&w->blocks[e->block], e->left);
	}
	buffer_printf(out, "queue-%u: %llu %llu %llu %llu %llu\n", queue,
	              (unsigned long long)blocks, (unsigned long long)messages,
	              (unsigned long long)bytes, (unsigned long long)first,
	              (unsigned long long)last);
	for (size_t i = 0; i < m->n; i++)
		if (m->entries[i].queue == queue)
			put_entry(w, out, &m->entries[i]);
}

static void put_model(const struct world *w, struct buffer *out, const struct model *m)
{
	buffer_printf(out, "group %llu\n", (unsigned long long)m->number);
	for (uint32_t q = 1; q <= m->n_queues; q++)
		put_model_queue(w, out, m, q);
	for (int b = 0; b < BOTS; b++) {
		buffer_printf(out, "%s: ", bots[b]);
		for (size_t i = 0; i < m->n_rows[b]; i++)
			put_row(out, m->rows[b][i]);
		buffer_add_char(out, '\n');
	}
}

static void put_block(struct buffer *out, const struct store_block *block)
{
	uint32_t left = 0;
	for (size_t i = 0; i < block->n_left; i++)
		for (uint32_t at = block->left[i].from; at < block->left[i].to; at++)
			left |= 1u << at;
	buffer_printf(out, "  %llu of %u, shared %d, left %x, %llu with %llu:",
	              (unsigned long long)block->block, block->n, block->shared, left,
	              (unsigned long long)block->messages, (unsigned long long)block->bytes);
	for (size_t i = 0; i < block->n_notes; i++)
		buffer_printf(out, " note %u=%llu", block->notes[i].at,
		              (unsigned long long)block->notes[i].value);
	for (uint32_t at = 0; at < block->n; at++) {
		uint32_t start = at ? block->ends[at - 1] : 0;
		buffer_add_char(out, ' ');
		buffer_add(out, block->bodies + start, block->ends[at] - start);
	}
	buffer_add_char(out, '\n');
}

static void put_store_queue(struct world *w, struct buffer *out, const struct store_queue *q)
{
	struct store_slice slice;
	uint64_t after = 0;
	struct err err = { 0 };
	buffer_printf(out, "%.*s: %llu %llu %llu %llu %llu\n", STR_ARG(q->name),
	              (unsigned long long)q->blocks, (unsigned long long)q->messages,
	              (unsigned long long)q->bytes, (unsigned long long)q->first,
	              (unsigned long long)q->last);
	for (;;) {
		size_t blocks = 1 + below(w, 9), bytes = below(w, 3000);
		int rc = store_read(w->store, q->id, after, UINT64_MAX, blocks, bytes, &slice,
		                    &err);
		if (rc < 0)
			print_error("%s\n", err.text);
		CHECK(w, rc == 0 && slice.n <= blocks);
		for (size_t i = 0; i < slice.n; i++)
			put_block(out, &slice.blocks[i]);
		if (!slice.n)
			break;
		after = slice.last;
		store_slice_free(&slice);
	}
}

static void put_store(struct world *w, struct buffer *out)
{
	struct store_queue *queues;
	size_t n;
	struct err err = { 0 };
	buffer_printf(out, "group %llu\n", (unsigned long long)store_group(w->store));
	CHECK(w, store_queues(w->store, &queues, &n, &err) == 0);
	for (size_t i = 0; i < n; i++)
		put_store_queue(w, out, &queues[i]);
	store_queues_free(queues, n);
	for (int b = 0; b < BOTS; b++) {
		bool more = true;
		uint64_t row = 0;
		struct str text;
		buffer_printf(out, "%s: ", bots[b]);
		while (more) {
			CHECK(w, store_read_state(w->store, str_of(bots[b]), row, below(w, 2000),
			                          &text, &row, &more, &err) == 0);
			buffer_add_str(out, text);
			free((char *)text.p);
		}
		buffer_add_char(out, '\n');
	}
}

static void compare(struct world *w, const struct model *model)
{
	struct buffer is, should;
	buffer_init(&is, SIZE_MAX / 2);
	buffer_init(&should, SIZE_MAX / 2);
	put_store(w, &is);
	put_model(w, &should, model);
	if (!str_eq(buffer_str(&is), buffer_str(&should)))
		print_error("--- the store\n%.*s--- should be\n%.*s", STR_ARG(buffer_str(&is)),
		            STR_ARG(buffer_str(&should)));
	CHECK(w, str_eq(buffer_str(&is), buffer_str(&should)));
	buffer_fini(&is);
	buffer_fini(&should);
}

/* ---- A random group, and what it makes of the model ---- */

static struct range *ranges_of(struct world *w, uint32_t bits, size_t *n_out)
{
	struct range *ranges = arena_zalloc(&w->arena, MESSAGES, sizeof *ranges);
	size_t n = 0;
	for (uint32_t at = 0; at < MESSAGES; at++) {
		if (!(bits >> at & 1))
			continue;
		if (n && ranges[n - 1].to == at)
			ranges[n - 1].to++;
		else
			ranges[n++] = (struct range){ at, at + 1 };
	}
	*n_out = n;
	return ranges;
}

static struct group_entry describe(struct world *w, const struct entry *e)
{
	struct note *notes = arena_zalloc(&w->arena, 2, sizeof *notes);
	struct group_entry g = {
		.queue = e->queue,
		.block = w->blocks[e->block].block,
		.shared = e->shared,
		.notes = notes,
		.n_notes = e->n_notes,
		.messages = (uint64_t)__builtin_popcount(e->left),
		.bytes = left_bytes(&w->blocks[e->block], e->left),
	};
	memcpy(notes, e->notes, sizeof e->notes);
	g.left = ranges_of(w, e->left, &g.n_left);
	return g;
}

static void remove_entries(struct model *m, size_t from, size_t n)
{
	memmove(&m->entries[from], &m->entries[from + n], (m->n - from - n) * sizeof *m->entries);
	m->n -= n;
}

static void random_gone(struct world *w, struct group *group, uint32_t part)
{
	struct model *m = &w->next;
	struct group_gone *gone = arena_zalloc(&w->arena, ENTRIES, sizeof *gone);
	group->gone = gone;
	for (size_t i = 0; i < m->n;) {
		struct entry e = m->entries[i];
		uint64_t block = w->blocks[e.block].block;
		size_t n = 0;
		if (!chance(w, part)) {
			i++;
			continue;
		}
		if (chance(w, 3)) {
			gone[group->n_gone++] = (struct group_gone){ e.queue, block, block,
				                                     e.shared };
			remove_entries(m, i, 1);
			continue;
		}
		while (i + n < m->n && m->entries[i + n].queue == e.queue && !chance(w, 20))
			n++;
		if (!n)
			continue;
		uint64_t last = w->blocks[m->entries[i + n - 1].block].block;
		bool all = i + n == m->n || m->entries[i + n].queue != e.queue;
		gone[group->n_gone++] = (struct group_gone){
			e.queue, block, all && chance(w, 2) ? UINT64_MAX : last, true
		};
		remove_entries(m, i, n);
	}
}

static void random_updates(struct world *w, struct group_entry *entries, size_t *n)
{
	struct model *m = &w->next;
	for (size_t i = 0; i < m->n; i++) {
		struct entry *e = &m->entries[i];
		if (!chance(w, 8))
			continue;
		uint32_t rest = e->left & below(w, 1u << MESSAGES);
		e->left = rest ? rest : e->left;
		e->n_notes = below(w, 3);
		for (uint32_t k = 0; k < e->n_notes; k++)
			e->notes[k] = (struct note){ below(w, w->blocks[e->block].n),
				                     w->random >> below(w, 64) };
		entries[(*n)++] = describe(w, e);
	}
}

static void insert_entry(struct model *m, struct entry e)
{
	size_t at = m->n;
	while (at && m->entries[at - 1].queue > e.queue)
		at--;
	memmove(&m->entries[at + 1], &m->entries[at], (m->n - at) * sizeof e);
	m->entries[at] = e;
	m->n++;
}

static struct group_body describe_body(struct world *w, const struct block *block)
{
	struct group_body body = { .block = block->block, .n = block->n };
	uint32_t *ends = arena_zalloc(&w->arena, block->n, sizeof *ends);
	struct buffer bodies;
	buffer_init_in(&bodies, &w->arena, SIZE_MAX / 2);
	for (uint32_t at = 0; at < block->n; at++) {
		put_body(&bodies, block, at); /* also what is not to be written */
		ends[at] = (uint32_t)bodies.n;
	}
	body.ends = ends;
	body.bodies = buffer_str(&bodies).p;
	body.live = ranges_of(w, block->live, &body.n_live);
	return body;
}

static void random_block(struct world *w, struct group_body *body, struct group_entry *entries,
                         size_t *n)
{
	struct block *block = &w->blocks[w->n_blocks];
	uint32_t all, queues = 1 + below(w, (1u << w->next.n_queues) - 1);
	*block = (struct block){ ((uint64_t)w->epoch << 40) + w->n_blocks + 1,
		                 1 + below(w, MESSAGES), 0, below(w, 100) };
	all = (1u << block->n) - 1;
	block->live = chance(w, 2) ? all : (1 + below(w, all));
	*body = describe_body(w, block);
	for (uint32_t q = 1; q <= w->next.n_queues; q++) {
		if (!(queues >> (q - 1) & 1))
			continue;
		struct entry e = { .queue = q, .block = w->n_blocks };
		e.shared = (queues & (queues - 1)) != 0 || chance(w, 5);
		e.left = block->live & (1 + below(w, all));
		e.left = e.left ? e.left : block->live;
		insert_entry(&w->next, e);
		entries[(*n)++] = describe(w, &e);
	}
	w->n_blocks++;
}

static void random_states(struct world *w, struct group *group)
{
	struct model *m = &w->next;
	struct group_state *states = arena_zalloc(&w->arena, BOTS, sizeof *states);
	group->states = states;
	for (int b = 0; b < BOTS; b++) {
		struct buffer row;
		if (m->n_rows[b] == ROWS || !chance(w, 3))
			continue;
		buffer_init_in(&row, &w->arena, SIZE_MAX / 2);
		put_row(&row, m->number);
		m->rows[b][m->n_rows[b]++] = m->number;
		struct group_state s = { str_of(bots[b]), buffer_str(&row), 0 };
		if (chance(w, 4)) {
			size_t old = below(w, (uint32_t)m->n_rows[b]);
			s.drop_before = m->rows[b][old];
			m->n_rows[b] -= old;
			memmove(m->rows[b], m->rows[b] + old, m->n_rows[b] * sizeof m->rows[b][0]);
		}
		states[group->n_states++] = s;
	}
}

static struct group random_group(struct world *w)
{
	struct group group = { 0 };
	arena_reset(&w->arena);
	w->next = w->stored;
	group.number = w->next.number += 1 + below(w, 3);
	group.last_counter = w->n_blocks;
	if (w->next.n_queues == 0 || (w->next.n_queues < QUEUES && chance(w, 3))) {
		struct group_queue *queue = arena_zalloc(&w->arena, 1, sizeof *queue);
		queue->id = ++w->next.n_queues;
		queue->name = arena_printf(&w->arena, "queue-%u", queue->id);
		group.queues = queue;
		group.n_queues = 1;
	}
	bool crowded = w->next.n > ENTRIES / 2;
	random_gone(w, &group, crowded ? 2 : 10);
	struct group_entry *entries = arena_zalloc(&w->arena, 2 * ENTRIES, sizeof *entries);
	size_t n_bodies = crowded ? 0 : below(w, 8);
	struct group_body *bodies = arena_zalloc(&w->arena, n_bodies + 1, sizeof *bodies);
	random_updates(w, entries, &group.n_entries);
	for (; group.n_bodies < n_bodies && w->n_blocks < BLOCKS; group.n_bodies++)
		random_block(w, &bodies[group.n_bodies], entries, &group.n_entries);
	group.entries = entries;
	group.bodies = bodies;
	random_states(w, &group);
	return group;
}

/* ---- Opening ---- */

/* Something that goes wrong soon. */
static void random_fault(struct world *w)
{
	switch (below(w, 4)) {
	case 0:
		power_vfs_cut(w->power, 1 + below(w, 30));
		break;
	case 1:
		power_vfs_fail(w->power, 1 + below(w, 30));
		break;
	case 2:
		power_vfs_fill(w->power, below(w, 2) * below(w, 300000));
		break;
	default:
		break;
	}
}

static void mend(struct world *w)
{
	power_vfs_off(w->power, true);
	power_vfs_on(w->power);
}

/* Opens until it succeeds; then nothing goes wrong any more until the next fault. */
static void open_store(struct world *w)
{
	for (int try = 0;; try++) {
		struct err err = { 0 };
		struct str warning;
		unsigned strikes = power_vfs_strikes(w->power);
		CHECK(w, try < TRIES);
		if (w->failed && chance(w, 2))
			power_vfs_cut(w->power, 1 + below(w, 15));
		else if (chance(w, 3))
			random_fault(w);
		w->failed = false;
		if (store_open(&w->options, &w->store, &warning, &err) == 0) {
			CHECK(w, warning.n == 0);
			break;
		}
		if (power_vfs_strikes(w->power) == strikes)
			print_error("%s\n", err.text);
		CHECK(w, power_vfs_strikes(w->power) != strikes);
		mend(w);
	}
	if (power_vfs_is_off(w->power)) { /* it failed at the reserve */
		store_close(w->store);
		mend(w);
		open_store(w);
		return;
	}
	power_vfs_cut(w->power, 0);
	power_vfs_fail(w->power, 0);
	power_vfs_fill(w->power, POWER_NO_LIMIT);
	w->store->log_limit = 1 + (int)below(w, 40);
	/* With little memory a group goes into the log before its commit. */
	if (chance(w, 2))
		sqlite3_exec(w->store->db, "PRAGMA cache_size = 5", NULL, NULL, NULL);
	w->store->log_kept = w->store->log_limit * (1 + (int)below(w, 3));
	CHECK(w, store_epoch(w->store) > w->epoch);
	w->epoch = store_epoch(w->store);
	w->reopened++;
}

/* After whatever happened: what is there is the model of the last group, or of the one that was being written. */
static void reopen(struct world *w)
{
	if (w->failed && chance(w, 2))
		power_vfs_cut(w->power, 1 + below(w, 10));
	store_close(w->store);
	mend(w);
	open_store(w);
	if (store_group(w->store) == w->next.number)
		w->stored = w->next;
	compare(w, &w->stored);
}

/* ---- Steps ---- */

static void write_group(struct world *w)
{
	struct group group = random_group(w);
	struct err err = { 0 };
	unsigned strikes = power_vfs_strikes(w->power);
	bool was_off = power_vfs_is_off(w->power); /* since the reserve was being made */
	enum stored stored = store_write(w->store, &group, false, &err);
	for (int try = 0; stored == STORE_FULL; try++) {
		CHECK(w, try < TRIES && err.text[0]);
		w->full++;
		if (try > 2 && w->options.limit)
			break; /* the group does not fit; the real one waits for consumers */
		if (chance(w, 6))
			power_vfs_fill(w->power, POWER_NO_LIMIT);
		else if (chance(w, 3))
			power_vfs_fill(w->power, below(w, 100000));
		else if (chance(w, 6))
			break;
		stored = store_write(w->store, &group, true, &err);
	}
	if (stored == STORED) {
		CHECK(w, store_group(w->store) == w->next.number);
		w->stored = w->next;
		if (chance(w, 8) && !power_vfs_is_off(w->power))
			compare(w, &w->stored);
	} else {
		if (stored == STORE_FAILED && power_vfs_strikes(w->power) == strikes && !was_off)
			print_error("%s\n", err.text);
		CHECK(w, stored == STORE_FULL || was_off || power_vfs_strikes(w->power) != strikes);
		CHECK(w, stored == STORE_FULL ||
		                 store_write(w->store, &group, true, &err) == STORE_FAILED);
		w->failed = stored == STORE_FAILED;
		reopen(w);
	}
}

static void drop_state(struct world *w)
{
	int b = (int)below(w, BOTS);
	struct err err = { 0 };
	w->next = w->stored;
	w->next.n_rows[b] = 0;
	if (store_drop_state(w->store, str_of(bots[b]), &err) == 0) {
		w->stored = w->next;
		return;
	}
	/* Not a group of its own: which of both is there shows in what can be read. */
	store_close(w->store);
	mend(w);
	open_store(w);
	struct str text;
	uint64_t last;
	bool more;
	CHECK(w, store_read_state(w->store, str_of(bots[b]), 0, 1, &text, &last, &more, &err) == 0);
	if (!text.n)
		w->stored = w->next;
	free((char *)text.p);
	compare(w, &w->stored);
}

static void step(struct world *w)
{
	if (chance(w, 3))
		random_fault(w);
	if (chance(w, 12))
		drop_state(w);
	else
		write_group(w);
	w->next = w->stored;
	if (!chance(w, 6))
		return;
	if (chance(w, 3))
		power_vfs_off(w->power, chance(w, 2));
	reopen(w);
}

/* With SQLite's own eyes: nothing is damaged, and there is no body without an entry. */
static void inspect(struct world *w)
{
	static const char *const queries[][2] = {
		{ "PRAGMA locking_mode = EXCLUSIVE", "exclusive" },
		{ "PRAGMA integrity_check", "ok" },
		{ "SELECT count(*) FROM bodies WHERE block NOT IN (SELECT block FROM entries)",
		  "0" },
		{ "SELECT count(*) FROM entries WHERE block NOT IN (SELECT block FROM bodies)",
		  "0" },
		{ "PRAGMA page_size", "16384" },
		{ "PRAGMA journal_mode", "wal" },
	};
	sqlite3 *db;
	CHECK(w, sqlite3_open_v2("/broker/broker.db", &db, SQLITE_OPEN_READWRITE, w->options.vfs) ==
	                 SQLITE_OK);
	for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
		sqlite3_stmt *s;
		CHECK(w, sqlite3_prepare_v2(db, queries[i][0], -1, &s, NULL) == SQLITE_OK);
		CHECK(w, sqlite3_step(s) == SQLITE_ROW);
		const char *says = (const char *)sqlite3_column_text(s, 0);
		if (strcmp(says, queries[i][1]) != 0)
			print_error("%s: %s\n", queries[i][0], says);
		CHECK(w, strcmp(says, queries[i][1]) == 0);
		sqlite3_finalize(s);
	}
	sqlite3_close(db);
}

static unsigned all_reopened, all_full;

static void run_seed(uint64_t seed)
{
	struct world *w = calloc(1, sizeof *w);
	assert_non_null(w);
	w->seed = seed;
	w->random = (seed + 1) * 0x9e3779b97f4a7c15u;
	below(w, 2);
	w->power = power_vfs_new("power", seed);
	w->options = (struct store_options){
		.directory = "/broker",
		.vfs = "power",
		.limit = chance(w, 3) ? 500000 + below(w, 1000000) : 0,
		.reserve = chance(w, 2) ? 0 : below(w, 100000),
		.without_lock = true,
	};
	arena_init(&w->arena);
	open_store(w);
	for (int i = 0; i < STEPS; i++)
		step(w);
	w->next = w->stored;
	reopen(w);
	store_close(w->store);
	inspect(w);
	all_reopened += w->reopened;
	all_full += w->full;
	power_vfs_free(w->power);
	arena_fini(&w->arena);
	free(w);
}

static uint64_t first_seed = 1, count = SEEDS;

static void every_opening_finds_the_end_of_a_group(void **state)
{
	(void)state;
	for (uint64_t i = 0; i < count; i++)
		run_seed(first_seed + i);
	print_message("%llu seeds, %u openings, %u times full\n", (unsigned long long)count,
	              all_reopened, all_full);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_opening_finds_the_end_of_a_group),
	};
	if (argc > 1) {
		first_seed = strtoull(argv[1], NULL, 10);
		count = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
