/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * buffer.h - bytes that grow, up to a limit that is named when the buffer is made.
 *
 * What does not fit any more is not added and `over` is set, so that a chain of additions needs
 * one check at its end. A buffer lives on the heap (buffer_init … buffer_fini) or in an arena
 * (buffer_init_in, nothing to free; growing leaves the smaller copies behind in the arena).
 */
#pragma once
#include <intelmq/arena.h>

struct buffer {
	char *p;
	size_t n, capacity, limit;
	struct arena *arena; /* NULL: heap */
	bool over;           /* something did not fit */
};

void buffer_init(struct buffer *, size_t limit);
void buffer_init_in(struct buffer *, struct arena *, size_t limit);
void buffer_fini(struct buffer *);

/* Empties it and forgets `over`; keeps the memory. */
void buffer_clear(struct buffer *);

/* Room for `more` bytes at p + n, or NULL (and `over`) if the limit forbids it. The caller adds what it wrote to n. */
char *buffer_room(struct buffer *, size_t more);

void buffer_add(struct buffer *, const void *bytes, size_t count);
void buffer_add_str(struct buffer *, struct str);
void buffer_add_char(struct buffer *, char);
void buffer_printf(struct buffer *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Appends one code point as UTF-8 (surrogates in their three-byte form). */
void buffer_add_utf8(struct buffer *, uint32_t code_point);

/* What it holds, borrowed until the next addition. */
static inline struct str buffer_str(const struct buffer *b)
{
	return (struct str){ b->p ? b->p : "", b->n };
}

/* Inline fast path for code that adds many small pieces. */
static inline void buffer_put(struct buffer *b, const void *bytes, size_t count)
{
	if (b->capacity - b->n >= count && count) {
		memcpy(b->p + b->n, bytes, count);
		b->n += count;
	} else {
		buffer_add(b, bytes, count);
	}
}
