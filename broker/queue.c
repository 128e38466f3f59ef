/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "broker/queue.h"

#include "broker/journal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static void *allocate(size_t size)
{
	void *p = malloc(size);
	if (!p) {
		fprintf(stderr, "out of memory: %zu bytes\n", size);
		abort();
	}
	return p;
}

struct queue *queue_new(struct str name)
{
	struct queue *queue = allocate(sizeof *queue + name.n + 1);
	char *text = (char *)(queue + 1);
	memcpy(text, name.p, name.n);
	text[name.n] = 0;
	*queue = (struct queue){ .name = { text, name.n } };
	queue->cycle = queue->next_in_cycle = queue;
	return queue;
}

static void block_free(struct block *block)
{
	if (block->journal)
		block->journal->memory -= block->size;
	free(block);
}

static void block_put(struct block *block)
{
	if (--block->entries)
		return;
	if (block->fresh)
		journal_forget(block);
	if (!block->pins)
		block_free(block);
}

void block_unpin(struct block *block)
{
	if (--block->pins == 0 && !block->entries)
		block_free(block);
}

static void entry_drop(struct entry *entry)
{
	free(entry->notes);
	block_put(entry->block);
}

void queue_free(struct queue *queue)
{
	while (queue->first) {
		struct entry *after = queue->first->after;
		entry_drop(queue->first);
		queue->first = after;
	}
	free(queue);
}

/* ---- Publishing ---- */

struct plan {
	struct queue *touched; /* queues that get something, linked by building.next */
	uint32_t entries;
	size_t places, sparse; /* of all entries; of those that do not get every message */
	size_t bytes;
	struct journal *journal;
};

/*
 * How many messages each queue gets. Later passes see only targets that are the first of their
 * kind.
 */
static struct plan plan_block(const struct publish *messages, size_t n,
                              struct queue *const *targets)
{
	struct plan plan = { 0 };
	for (size_t i = 0; i < n; i++, targets++) {
		plan.bytes += messages[i].body.n;
		for (; *targets; targets++) {
			struct queue *queue = *targets;
			if (!queue->building.n) {
				plan.journal = queue->journal;
				queue->building.next = plan.touched;
				plan.touched = queue;
				plan.entries++;
			} else if (queue->building.stamp == i) {
				continue;
			}
			queue->building.stamp = i;
			queue->building.n++;
			plan.places++;
		}
	}
	for (struct queue *queue = plan.touched; queue; queue = queue->building.next)
		if (queue->building.n < n)
			plan.sparse += queue->building.n;
	return plan;
}

/* One allocation, in the order of alignment: block, entries, ends, at, holders, bodies. */
static struct block *lay_out(const struct plan *plan, size_t n)
{
	size_t words = n + plan->sparse;
	size_t size = sizeof(struct block) + plan->entries * sizeof(struct entry) +
	              words * sizeof(uint32_t) + plan->places * sizeof(uint16_t) + plan->bytes;
	struct block *block = allocate(size);
	struct entry *entry = (struct entry *)(block + 1);
	uint32_t *ends = (uint32_t *)(entry + plan->entries);
	uint32_t *at = ends + n;
	uint16_t *holders = (uint16_t *)(ends + words);
	*block = (struct block){
		.entries = plan->entries,
		.n = (uint32_t)n,
		.ends = ends,
		.bodies = (char *)(holders + plan->places),
		.journal = plan->journal,
		.size = size,
		.n_made = plan->entries,
	};
	memset(holders, 0, plan->places * sizeof *holders);
	for (struct queue *queue = plan->touched; queue; queue = queue->building.next, entry++) {
		uint32_t count = queue->building.n;
		*entry = (struct entry){
			.block = block,
			.queue = queue,
			.n = count,
			.holders = holders,
			.shared = plan->entries > 1,
		};
		holders += count;
		if (count < n) {
			entry->at = at;
			at += count;
		}
		queue->building.entry = entry;
	}
	return block;
}

/* Links an entry behind `before` (NULL: as the first one). */
static void link_behind(struct queue *queue, struct entry *entry, struct entry *before)
{
	entry->before = before;
	entry->after = before ? before->after : queue->first;
	*(before ? &before->after : &queue->first) = entry;
	*(entry->after ? &entry->after->before : &queue->last) = entry;
	if (!queue->first_free || queue->first_free->block->identity > entry->block->identity)
		queue->first_free = entry;
}

/* `left` and `free` count the places that are filled already. */
static void add_place(struct entry *entry, uint32_t at, size_t bytes)
{
	if (entry->left && entry_at(entry, entry->left - 1) == at)
		return;
	if (entry->at)
		entry->at[entry->left] = at;
	entry->free = ++entry->left;
	entry->queue->bytes += bytes;
}

void block_publish(uint64_t identity, const struct publish *messages, size_t n,
                   struct queue *const *targets)
{
	struct plan plan = plan_block(messages, n, targets);
	if (!plan.entries)
		return;
	struct block *block = lay_out(&plan, n);
	block->identity = identity;
	char *bodies = block->bodies;
	size_t end = 0;
	for (uint32_t i = 0; i < block->n; i++, targets++) {
		struct str body = messages[i].body;
		if (body.n)
			memcpy(bodies + end, body.p, body.n);
		end += body.n;
		block->ends[i] = (uint32_t)end;
		for (; *targets; targets++)
			add_place((*targets)->building.entry, i, body.n);
	}
	for (struct queue *queue = plan.touched; queue; queue = queue->building.next) {
		link_behind(queue, queue->building.entry, queue->last);
		queue->messages += queue->building.entry->n;
		queue->building.entry = NULL;
		queue->building.n = 0;
	}
	if (block->journal)
		journal_add(block);
}

static void write_note(struct entry *entry, uint32_t place, uint64_t note)
{
	if (!entry->notes) {
		entry->notes = allocate(entry->n * sizeof *entry->notes);
		memset(entry->notes, 0, entry->n * sizeof *entry->notes);
	}
	if (place != PLACE_NONE)
		entry->notes[place] = note;
}

struct entry *block_restore(struct queue *queue, struct entry *before,
                            const struct store_block *read)
{
	size_t places = read->messages;
	struct plan plan = {
		.touched = queue,
		.entries = 1,
		.places = places,
		.sparse = places < read->n ? places : 0,
		.bytes = read->ends[read->n - 1],
		.journal = queue->journal,
	};
	queue->building.n = (uint32_t)places;
	queue->building.next = NULL;
	struct block *block = lay_out(&plan, read->n);
	struct entry *entry = queue->building.entry;
	queue->building.entry = NULL;
	queue->building.n = 0;
	block->identity = read->block;
	memcpy(block->ends, read->ends, read->n * sizeof *block->ends);
	memcpy(block->bodies, read->bodies, plan.bytes);
	block->journal->memory += block->size;
	uint32_t place = 0;
	for (size_t i = 0; entry->at && i < read->n_left; i++)
		for (uint32_t at = read->left[i].from; at < read->left[i].to; at++)
			entry->at[place++] = at;
	entry->shared = read->shared;
	entry->free = entry->left = (uint32_t)places;
	entry->stored = true;
	link_behind(queue, entry, before);
	for (size_t i = 0; i < read->n_notes; i++)
		write_note(entry, entry_place(entry, read->notes[i].at), read->notes[i].value);
	return entry;
}

struct entry *queue_tail_start(const struct queue *queue)
{
	struct entry *entry = queue->first;
	while (entry && entry->block->identity <= queue->gap.to)
		entry = entry->after;
	return entry;
}

struct entry *queue_head_end(const struct queue *queue)
{
	struct entry *end = NULL;
	for (struct entry *entry = queue->first;
	     entry && (!queue->gap.messages || entry->block->identity < queue->gap.from);
	     entry = entry->after)
		end = entry;
	return end;
}

/* ---- Entries and places ---- */

uint32_t entry_at(const struct entry *entry, uint32_t place)
{
	return entry->at ? entry->at[place] : place;
}

uint32_t entry_place(const struct entry *entry, uint32_t at)
{
	if (!entry->at)
		return at < entry->n ? at : PLACE_NONE;
	uint32_t low = 0, high = entry->n;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (entry->at[middle] < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low < entry->n && entry->at[low] == at ? low : PLACE_NONE;
}

struct str entry_body(const struct entry *entry, uint32_t place)
{
	const struct block *block = entry->block;
	uint32_t at = entry_at(entry, place);
	uint32_t start = at ? block->ends[at - 1] : 0;
	return (struct str){ block->bodies + start, block->ends[at] - start };
}

static bool held(uint16_t holder)
{
	return holder != PLACE_FREE && holder != PLACE_GONE;
}

void place_claim(struct entry *entry, uint32_t place, uint16_t holder)
{
	struct queue *queue = entry->queue;
	assert(entry->holders[place] == PLACE_FREE && holder && holder <= HOLDER_MAX);
	entry->holders[place] = holder;
	entry->free--;
	queue->claimed++;
	if (place == entry->first_free)
		entry->first_free++;
	while (queue->first_free && !queue->first_free->free)
		queue->first_free = queue->first_free->after;
}

void place_unclaim(struct entry *entry, uint32_t place)
{
	struct queue *queue = entry->queue;
	assert(held(entry->holders[place]));
	entry->holders[place] = PLACE_FREE;
	entry->free++;
	queue->claimed--;
	if (place < entry->first_free)
		entry->first_free = place;
	if (!queue->first_free || queue->first_free->block->identity > entry->block->identity)
		queue->first_free = entry;
}

void entry_forget(struct entry *entry)
{
	struct queue *queue = entry->queue;
	*(entry->before ? &entry->before->after : &queue->first) = entry->after;
	*(entry->after ? &entry->after->before : &queue->last) = entry->before;
	if (queue->first_free == entry)
		queue->first_free = entry->after;
	while (queue->first_free && !queue->first_free->free)
		queue->first_free = queue->first_free->after;
	entry_drop(entry);
}

void place_remove(struct entry *entry, uint32_t place)
{
	struct queue *queue = entry->queue;
	assert(entry->holders[place] != PLACE_GONE);
	if (held(entry->holders[place]))
		queue->claimed--;
	else
		entry->free--;
	entry->holders[place] = PLACE_GONE;
	queue->messages--;
	queue->bytes -= entry_body(entry, place).n;
	if (--entry->left == 0) {
		if (entry->stored)
			journal_gone(entry);
		entry_forget(entry);
		return;
	}
	if (entry->stored && !entry->dirty)
		journal_touch(entry);
	while (entry->holders[entry->first] == PLACE_GONE)
		entry->first++;
	if (entry->first_free < entry->first)
		entry->first_free = entry->first;
}

uint64_t place_note(const struct entry *entry, uint32_t place)
{
	return entry->notes ? entry->notes[place] : 0;
}

void place_set_note(struct entry *entry, uint32_t place, uint64_t note)
{
	write_note(entry, place, note);
	if (entry->stored && !entry->dirty)
		journal_touch(entry);
}

/* ---- Walking ---- */

/* What lies behind the gap is not reached before the gap is read. */
static void stop_at_gap(struct walk *walk, const struct queue *queue)
{
	if (walk->entry && queue->gap.messages && walk->entry->block->identity >= queue->gap.from)
		walk->entry = NULL;
}

struct walk walk_start(const struct queue *queue, uint16_t self)
{
	struct walk walk = { .entry = self ? queue->first : queue->first_free, .self = self };
	stop_at_gap(&walk, queue);
	if (walk.entry)
		walk.place = self ? walk.entry->first : walk.entry->first_free;
	walk.place--;
	return walk;
}

static void walk_on(struct walk *walk)
{
	const struct queue *queue = walk->entry->queue;
	walk->entry = walk->entry->after;
	stop_at_gap(walk, queue);
	if (walk->entry)
		walk->place = walk->self ? walk->entry->first : walk->entry->first_free;
}

bool walk_next(struct walk *walk)
{
	if (walk->entry)
		walk->place++;
	while (walk->entry) {
		struct entry *entry = walk->entry;
		if (walk->place >= entry->n || (!entry->free && !walk->self)) {
			walk_on(walk);
			continue;
		}
		uint16_t holder = entry->holders[walk->place];
		if (holder == PLACE_FREE)
			return true;
		if (walk->self && holder != PLACE_GONE && holder != walk->self)
			return false;
		walk->place++;
	}
	return false;
}
