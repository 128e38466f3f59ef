/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * index.h - finds numbers by hash: the part of a hash table that grows without a pause.
 *
 * Extendible hashing: a directory, indexed by the upper bits of the hash, points to segments of
 * fixed size with open addressing. A full segment alone is split in two, which moves some thousand
 * slots at most; only the directory (one pointer a segment) is ever doubled as a whole. What a
 * number stands for is the owner's business. 5 bytes a slot, segments are between two and four
 * fifths full.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define INDEX_NONE UINT32_MAX

/* How the index asks its owner about what a number stands for. */
struct index_owner {
	bool (*equal)(const void *context, uint32_t number, const void *key);
	uint64_t (*hash)(const void *context, uint32_t number);
	const void *context;
};

struct index_segment;

struct index {
	struct index_owner owner;
	struct index_segment **directory;
	unsigned depth; /* the directory has 2^depth elements */
	size_t segments, n;
};

void index_init(struct index *, struct index_owner);
void index_fini(struct index *);

/* The number with this hash for which `equal` is true, or INDEX_NONE. */
uint32_t index_find(const struct index *, uint64_t hash, const void *key);

/* Adds a number; the owner knows that its key is not there yet. */
void index_add(struct index *, uint64_t hash, uint32_t number);

/* Removes a number that is there. */
void index_del(struct index *, uint64_t hash, uint32_t number);

size_t index_memory(const struct index *);
