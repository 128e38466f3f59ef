/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "state/index.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	SLOTS = 2048,
	FULL = SLOTS / 16 * 13, /* slots in use, by numbers or graves, that a segment may have */
	SPLIT = SLOTS / 16 *
	        10, /* numbers from which on a full segment is split, not just cleaned */
	DEPTH_MAX = 28,

	/* Tags; others are a part of the hash. */
	EMPTY = 0,
	GRAVE = 1, /* was in use: a search goes on */
};

struct index_segment {
	unsigned depth;   /* so many upper bits are common to all hashes */
	uint32_t n, used; /* numbers; numbers and graves */
	uint8_t tags[SLOTS];
	uint32_t numbers[SLOTS];
};

static uint8_t tag_of(uint64_t hash)
{
	uint8_t tag = (uint8_t)(hash >> 24);
	return tag > GRAVE ? tag : (uint8_t)(tag + 2);
}

static size_t slot_of(uint64_t hash)
{
	return hash % SLOTS;
}

static size_t place_in(const struct index *index, uint64_t hash)
{
	return index->depth ? hash >> (64 - index->depth) : 0;
}

static struct index_segment *segment_new(struct index *index, unsigned depth)
{
	struct index_segment *segment = malloc(sizeof *segment);
	if (!segment) {
		fprintf(stderr, "out of memory: %zu entries\n", index->n);
		abort();
	}
	segment->depth = depth;
	segment->n = segment->used = 0;
	memset(segment->tags, EMPTY, sizeof segment->tags);
	index->segments++;
	return segment;
}

void index_init(struct index *index, struct index_owner owner)
{
	*index = (struct index){ .owner = owner };
	index->directory = malloc(sizeof *index->directory);
	if (!index->directory)
		abort();
	index->directory[0] = segment_new(index, 0);
}

/* One pointer in the directory after the last that leads to the same segment. */
static size_t past_segment(const struct index *index, size_t at)
{
	return at + ((size_t)1 << (index->depth - index->directory[at]->depth));
}

void index_fini(struct index *index)
{
	size_t end = (size_t)1 << index->depth;
	for (size_t at = 0, after; at < end; at = after) {
		after = past_segment(index, at);
		free(index->directory[at]);
	}
	free(index->directory);
}

uint32_t index_find(const struct index *index, uint64_t hash, const void *key)
{
	const struct index_segment *segment = index->directory[place_in(index, hash)];
	uint8_t tag = tag_of(hash);
	for (size_t i = slot_of(hash); segment->tags[i] != EMPTY; i = (i + 1) % SLOTS)
		if (segment->tags[i] == tag &&
		    index->owner.equal(index->owner.context, segment->numbers[i], key))
			return segment->numbers[i];
	return INDEX_NONE;
}

static void segment_add(struct index_segment *segment, uint64_t hash, uint32_t number)
{
	size_t i = slot_of(hash);
	while (segment->tags[i] > GRAVE)
		i = (i + 1) % SLOTS;
	segment->used += segment->tags[i] == EMPTY;
	segment->n++;
	segment->tags[i] = tag_of(hash);
	segment->numbers[i] = number;
}

static void double_directory(struct index *index)
{
	size_t n = (size_t)1 << index->depth;
	index->directory = realloc(index->directory, 2 * n * sizeof *index->directory);
	if (!index->directory)
		abort();
	for (size_t i = n; i-- > 0;)
		index->directory[2 * i] = index->directory[2 * i + 1] = index->directory[i];
	index->depth++;
}

/* Puts what a full segment holds into new ones: two, or one if it was full of graves. */
static void rebuild(struct index *index, uint64_t hash)
{
	struct index_segment *old = index->directory[place_in(index, hash)];
	bool split = old->n >= SPLIT;
	unsigned depth = old->depth + split;
	assert(depth <= DEPTH_MAX);
	if (depth > index->depth)
		double_directory(index);
	struct index_segment *low = segment_new(index, depth);
	struct index_segment *high = split ? segment_new(index, depth) : low;
	for (size_t i = 0; i < SLOTS; i++) {
		if (old->tags[i] <= GRAVE)
			continue;
		uint64_t each = index->owner.hash(index->owner.context, old->numbers[i]);
		bool upper = split && (each >> (64 - depth) & 1);
		segment_add(upper ? high : low, each, old->numbers[i]);
	}
	size_t count = (size_t)1 << (index->depth - old->depth);
	size_t first = place_in(index, hash) / count * count;
	for (size_t i = 0; i < count; i++)
		index->directory[first + i] = split && i >= count / 2 ? high : low;
	free(old);
	index->segments--;
}

void index_add(struct index *index, uint64_t hash, uint32_t number)
{
	while (index->directory[place_in(index, hash)]->used >= FULL)
		rebuild(index, hash);
	segment_add(index->directory[place_in(index, hash)], hash, number);
	index->n++;
}

void index_del(struct index *index, uint64_t hash, uint32_t number)
{
	struct index_segment *segment = index->directory[place_in(index, hash)];
	uint8_t tag = tag_of(hash);
	size_t i = slot_of(hash);
	while (segment->tags[i] != tag || segment->numbers[i] != number) {
		assert(segment->tags[i] != EMPTY);
		i = (i + 1) % SLOTS;
	}
	segment->n--;
	index->n--;
	segment->tags[i] = GRAVE;
	/* A grave in front of an empty slot keeps nobody searching. */
	if (segment->tags[(i + 1) % SLOTS] != EMPTY)
		return;
	for (; segment->tags[i] == GRAVE; i = (i + SLOTS - 1) % SLOTS) {
		segment->tags[i] = EMPTY;
		segment->used--;
	}
}

size_t index_memory(const struct index *index)
{
	return index->segments * sizeof(struct index_segment) +
	       ((size_t)1 << index->depth) * sizeof *index->directory;
}
