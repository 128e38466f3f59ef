/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * pool.h - many small texts that come and go, each with a counter.
 *
 * Cut from chunks in steps of 16 bytes; what is freed serves the next text of the same step. Texts
 * of more than a kilobyte are allocated one by one.
 */
#pragma once
#include <intelmq/str.h>

enum {
	POOL_STEP = 16,
	POOL_STEPS = 64, /* the largest size that is pooled */
};

struct blob {
	uint32_t n;
	uint32_t references; /* the owner's */
	char bytes[];
};

struct pool_chunk;

struct pool {
	struct pool_chunk *chunks;
	char *next, *end;
	void *freed[POOL_STEPS + 1];
	size_t memory;
};

void pool_init(struct pool *);
void pool_fini(struct pool *);

/* A copy with `references` 1; at most UINT32_MAX bytes. */
struct blob *pool_add(struct pool *, struct str);
void pool_del(struct pool *, struct blob *);
