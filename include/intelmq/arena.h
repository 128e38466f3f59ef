/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * arena.h - memory that dies at once.
 *
 * Everything that belongs to one message (or one call) is taken from an arena and given back by
 * one arena_reset; nobody frees single pieces. Disadvantage, as with every arena: a pointer kept
 * across the reset dangles. Under AddressSanitizer the memory given back is poisoned, so that the
 * tests see such a pointer. Out of memory aborts the process (its supervisor starts it again).
 */
#pragma once
#include <intelmq/str.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk; /* newest first */
	char *next, *end;          /* free part of the newest chunk */
	size_t used;               /* bytes handed out since the last reset */
	size_t first;              /* bytes of the first chunk, for many small arenas; 0: 16 KB */
};

/* A place to come back to, see arena_rewind. */
struct arena_mark {
	struct arena_chunk *chunk;
	char *next;
	size_t used;
};

void arena_init(struct arena *);
void arena_fini(struct arena *);

/* Gives everything back; keeps one chunk (at most 1 MB) for the next message. */
void arena_reset(struct arena *);

/* Everything taken after the mark is given back by the rewind. */
struct arena_mark arena_mark(const struct arena *);
void arena_rewind(struct arena *, struct arena_mark);

/* `size` bytes, aligned for any type, not cleared; size 0 gives a valid pointer. Never NULL. */
void *arena_alloc(struct arena *, size_t size) __attribute__((returns_nonnull, malloc));

/* As arena_alloc for `count` items, cleared; aborts when the product overflows. */
void *arena_zalloc(struct arena *, size_t count, size_t size)
	__attribute__((returns_nonnull, malloc));

/* A copy, followed by a NUL byte that is not counted in the length. */
struct str arena_dup(struct arena *, struct str);

/* A NUL-terminated copy. */
char *arena_cstr(struct arena *, struct str) __attribute__((returns_nonnull));

/* Formatted text, NUL terminated. */
struct str arena_printf(struct arena *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
