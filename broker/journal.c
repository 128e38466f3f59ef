/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "broker/journal.h"

#include "broker/rules.h"
#include "lib/allocated.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

struct journal *journal_new(void)
{
	return allocated(calloc(1, sizeof(struct journal)));
}

void journal_free(struct journal *j)
{
	if (!j)
		return;
	free(j->gone);
	free(j->queues);
	free(j);
}

void journal_add(struct block *block)
{
	struct journal *j = block->journal;
	block->fresh = true;
	block->before = NULL;
	block->after = j->fresh;
	if (j->fresh)
		j->fresh->before = block;
	j->fresh = block;
	j->memory += block->size;
	j->fresh_bytes += block->size;
}

void journal_forget(struct block *block)
{
	struct journal *j = block->journal;
	*(block->before ? &block->before->after : &j->fresh) = block->after;
	if (block->after)
		block->after->before = block->before;
	block->fresh = false;
	j->fresh_bytes -= block->size;
}

void journal_touch(struct entry *entry)
{
	struct journal *j = entry->queue->journal;
	entry->dirty = true;
	entry->dirty_before = NULL;
	entry->dirty_after = j->dirty;
	if (j->dirty)
		j->dirty->dirty_before = entry;
	j->dirty = entry;
}

static void untouch(struct entry *entry)
{
	*(entry->dirty_before ? &entry->dirty_before->dirty_after
	                      : &entry->queue->journal->dirty) = entry->dirty_after;
	if (entry->dirty_after)
		entry->dirty_after->dirty_before = entry->dirty_before;
	entry->dirty = false;
}

/* The database has such rows until the group is stored: no gap must lie across them. */
static void note_gone(struct queue *queue, uint64_t last)
{
	const struct journal *j = queue->journal;
	if (queue->gone_group <= j->durable || last > queue->gone_last)
		queue->gone_last = last;
	queue->gone_group = j->number;
}

static void add_gone(struct journal *j, struct group_gone gone)
{
	if (j->n_gone == j->gone_capacity) {
		j->gone_capacity = j->gone_capacity ? j->gone_capacity * 2 : 64;
		j->gone = allocated(realloc(j->gone, j->gone_capacity * sizeof *j->gone));
	}
	j->gone[j->n_gone++] = gone;
}

void journal_gone(struct entry *entry)
{
	uint64_t block = entry->block->identity;
	if (entry->dirty)
		untouch(entry);
	note_gone(entry->queue, block);
	add_gone(entry->queue->journal,
	         (struct group_gone){ entry->queue->id, block, block, entry->shared });
}

void journal_gone_span(struct queue *queue, uint64_t from, uint64_t to)
{
	note_gone(queue, to);
	add_gone(queue->journal, (struct group_gone){ queue->id, from, to, true });
}

void journal_queue(struct journal *j, struct queue *queue)
{
	queue->journal = j;
	queue->id = ++j->last_queue_id;
	if (j->n_queues == j->queues_capacity) {
		j->queues_capacity = j->queues_capacity ? j->queues_capacity * 2 : 16;
		j->queues = allocated(realloc(j->queues, j->queues_capacity * sizeof *j->queues));
	}
	j->queues[j->n_queues++] = (struct group_queue){ queue->id, queue->name };
}

bool journal_is_empty(const struct journal *j)
{
	/* A queue that nobody has put anything into need not be known yet. */
	return !j->fresh && !j->dirty && !j->n_gone;
}

/* ---- Closing ---- */

/* The places that are left, as ranges of positions; ascending, since places are. */
static struct range *ranges_left(struct arena *arena, const struct entry *entry, size_t *n_out)
{
	size_t n = 0, capacity = entry->left < 8 ? entry->left : 8;
	struct range *ranges = arena_alloc(arena, capacity * sizeof *ranges);
	uint32_t left = entry->left;
	for (uint32_t k = entry->first; left; k++) {
		if (entry->holders[k] == PLACE_GONE)
			continue;
		left--;
		uint32_t at = entry_at(entry, k);
		if (n && ranges[n - 1].to == at) {
			ranges[n - 1].to++;
			continue;
		}
		if (n == capacity) {
			struct range *more = arena_alloc(arena, 2 * capacity * sizeof *more);
			memcpy(more, ranges, n * sizeof *more);
			ranges = more;
			capacity *= 2;
		}
		ranges[n++] = (struct range){ at, at + 1 };
	}
	*n_out = n;
	return ranges;
}

static struct note *notes_left(struct arena *arena, const struct entry *entry, size_t *n_out)
{
	size_t n = 0;
	struct note *notes = arena_alloc(arena, entry->left * sizeof *notes);
	for (uint32_t k = entry->first; k < entry->n; k++)
		if (entry->holders[k] != PLACE_GONE && entry->notes[k])
			notes[n++] = (struct note){ entry_at(entry, k), entry->notes[k] };
	*n_out = n;
	return notes;
}

static struct group_entry entry_row(struct arena *arena, const struct entry *entry)
{
	struct group_entry row = {
		.queue = entry->queue->id,
		.block = entry->block->identity,
		.shared = entry->shared,
		.messages = entry->left,
	};
	row.left = ranges_left(arena, entry, &row.n_left);
	if (entry->notes)
		row.notes = notes_left(arena, entry, &row.n_notes);
	const uint32_t *ends = entry->block->ends;
	for (size_t i = 0; i < row.n_left; i++)
		row.bytes += ends[row.left[i].to - 1] -
		             (row.left[i].from ? ends[row.left[i].from - 1] : 0);
	return row;
}

static int order_by_start(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	return (x->from > y->from) - (x->from < y->from);
}

/* Messages that some queue still has: the union of what the entries have left. */
static void set_live(struct arena *arena, struct group_body *body, const struct group_entry *rows,
                     size_t n)
{
	if (n == 1) {
		body->live = rows->left;
		body->n_live = rows->n_left;
		return;
	}
	size_t total = 0, count = 0;
	for (size_t i = 0; i < n; i++)
		total += rows[i].n_left;
	struct range *all = arena_alloc(arena, total * sizeof *all);
	for (size_t i = 0; i < n; i++) {
		memcpy(all + count, rows[i].left, rows[i].n_left * sizeof *all);
		count += rows[i].n_left;
	}
	qsort(all, count, sizeof *all, order_by_start);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (kept && all[i].from <= all[kept - 1].to) {
			if (all[i].to > all[kept - 1].to)
				all[kept - 1].to = all[i].to;
		} else {
			all[kept++] = all[i];
		}
	}
	body->live = all;
	body->n_live = kept;
}

/* Rows of a block that is new, and the block itself. */
static void add_block(struct closed_group *g, struct block *block, struct group_body *body,
                      struct group_entry *rows, size_t *n_rows)
{
	struct entry *entries = (struct entry *)(block + 1);
	size_t first = *n_rows;
	for (uint32_t i = 0; i < block->n_made; i++) {
		if (!entries[i].left)
			continue;
		rows[(*n_rows)++] = entry_row(&g->arena, &entries[i]);
		entries[i].stored = true;
	}
	*body = (struct group_body){
		.block = block->identity,
		.n = block->n,
		.ends = block->ends,
		.bodies = block->bodies,
	};
	set_live(&g->arena, body, rows + first, *n_rows - first);
	block->fresh = false;
	block->group = g->group.number;
	block->pins++;
	g->pinned[g->n_pinned++] = block;
	g->bytes += block->size;
}

struct counts {
	size_t blocks, rows;
};

static struct counts count_rows(const struct journal *j)
{
	struct counts counts = { 0 };
	for (const struct block *b = j->fresh; b; b = b->after) {
		counts.blocks++;
		counts.rows += b->n_made;
	}
	for (const struct entry *e = j->dirty; e; e = e->dirty_after)
		counts.rows++;
	return counts;
}

static void *copy(struct arena *arena, const void *from, size_t size)
{
	void *to = arena_alloc(arena, size);
	if (size)
		memcpy(to, from, size);
	return to;
}

struct closed_group *journal_close(struct journal *j, uint64_t number)
{
	struct closed_group *g = allocated(calloc(1, sizeof *g));
	arena_init(&g->arena);
	g->group.number = number;
	struct counts counts = count_rows(j);
	struct group_body *bodies = arena_alloc(&g->arena, counts.blocks * sizeof *bodies);
	struct group_entry *rows = arena_alloc(&g->arena, counts.rows * sizeof *rows);
	g->pinned = arena_alloc(&g->arena, counts.blocks * sizeof(struct block *));
	size_t n_rows = 0;
	struct block *oldest = j->fresh; /* the database likes ascending keys */
	while (oldest && oldest->after)
		oldest = oldest->after;
	for (struct block *b = oldest; b; b = b->before)
		add_block(g, b, &bodies[g->n_pinned], rows, &n_rows);
	while (j->dirty && rule_on(RULE_PREFIX)) {
		rows[n_rows++] = entry_row(&g->arena, j->dirty);
		j->dirty->group = number;
		untouch(j->dirty);
	}
	g->group.bodies = bodies;
	g->group.n_bodies = g->n_pinned;
	g->group.entries = rows;
	g->group.n_entries = n_rows;
	g->group.gone = copy(&g->arena, j->gone, j->n_gone * sizeof *j->gone);
	g->group.n_gone = j->n_gone;
	g->group.queues = copy(&g->arena, j->queues, j->n_queues * sizeof *j->queues);
	g->group.n_queues = j->n_queues;
	j->number = number + 1;
	j->fresh = NULL;
	j->fresh_bytes = j->n_gone = j->n_queues = 0;
	return g;
}

void closed_group_free(struct closed_group *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->n_pinned; i++)
		block_unpin(g->pinned[i]);
	arena_fini(&g->arena);
	free(g);
}

void journal_stored(struct journal *j, struct closed_group *g)
{
	assert(g->group.number > j->durable);
	j->durable = g->group.number;
	closed_group_free(g);
}
