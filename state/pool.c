/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "state/pool.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	CHUNK_FIRST = 4 * 1024,
	CHUNK_LARGEST = 64 * 1024,
};

/* Large texts are chunks of their own, in a list with links both ways. */
struct pool_chunk {
	struct pool_chunk *before, *after;
	size_t size;
	_Alignas(POOL_STEP) char bytes[];
};

static struct pool_chunk *chunk_new(struct pool *pool, size_t size)
{
	struct pool_chunk *chunk = malloc(sizeof *chunk + size);
	if (!chunk) {
		fprintf(stderr, "out of memory: %zu bytes\n", size);
		abort();
	}
	*chunk = (struct pool_chunk){ .after = pool->chunks, .size = sizeof *chunk + size };
	if (pool->chunks)
		pool->chunks->before = chunk;
	pool->chunks = chunk;
	pool->memory += chunk->size;
	return chunk;
}

void pool_init(struct pool *pool)
{
	*pool = (struct pool){ 0 };
}

void pool_fini(struct pool *pool)
{
	while (pool->chunks) {
		struct pool_chunk *after = pool->chunks->after;
		free(pool->chunks);
		pool->chunks = after;
	}
}

static size_t steps_of(size_t n)
{
	return (sizeof(struct blob) + n + POOL_STEP - 1) / POOL_STEP;
}

static void *cut(struct pool *pool, size_t steps)
{
	void *freed = pool->freed[steps];
	if (freed) {
		memcpy(&pool->freed[steps], freed, sizeof freed);
		return freed;
	}
	size_t size = steps * POOL_STEP;
	if ((size_t)(pool->end - pool->next) < size) {
		size_t chunk = pool->memory < CHUNK_LARGEST ? CHUNK_FIRST : CHUNK_LARGEST;
		pool->next = chunk_new(pool, chunk)->bytes;
		pool->end = pool->next + chunk;
	}
	char *p = pool->next;
	pool->next += size;
	return p;
}

struct blob *pool_add(struct pool *pool, struct str text)
{
	assert(text.n <= UINT32_MAX);
	size_t steps = steps_of(text.n);
	struct blob *blob = steps <= POOL_STEPS ? cut(pool, steps)
	                                        : (void *)chunk_new(pool, steps * POOL_STEP)->bytes;
	blob->n = (uint32_t)text.n;
	blob->references = 1;
	if (text.n)
		memcpy(blob->bytes, text.p, text.n);
	return blob;
}

void pool_del(struct pool *pool, struct blob *blob)
{
	size_t steps = steps_of(blob->n);
	if (steps <= POOL_STEPS) {
		memcpy(blob, &pool->freed[steps], sizeof pool->freed[steps]);
		pool->freed[steps] = blob;
		return;
	}
	struct pool_chunk *chunk =
		(struct pool_chunk *)(void *)((char *)blob - offsetof(struct pool_chunk, bytes));
	*(chunk->before ? &chunk->before->after : &pool->chunks) = chunk->after;
	if (chunk->after)
		chunk->after->before = chunk->before;
	pool->memory -= chunk->size;
	free(chunk);
}
