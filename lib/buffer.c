/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/buffer.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void buffer_init(struct buffer *b, size_t limit)
{
	*b = (struct buffer){ .limit = limit };
}

void buffer_init_in(struct buffer *b, struct arena *arena, size_t limit)
{
	*b = (struct buffer){ .limit = limit, .arena = arena };
}

void buffer_fini(struct buffer *b)
{
	if (!b->arena)
		free(b->p);
	*b = (struct buffer){ 0 };
}

void buffer_clear(struct buffer *b)
{
	b->n = 0;
	b->over = false;
}

static void grow(struct buffer *b, size_t need)
{
	size_t capacity = b->capacity ? b->capacity * 2 : 256;
	if (capacity < need)
		capacity = need;
	if (capacity > b->limit)
		capacity = b->limit;
	if (b->arena) {
		char *p = arena_alloc(b->arena, capacity);
		if (b->n)
			memcpy(p, b->p, b->n);
		b->p = p;
	} else {
		char *p = realloc(b->p, capacity);
		if (!p) {
			fprintf(stderr, "out of memory: %zu bytes\n", capacity);
			abort();
		}
		b->p = p;
	}
	b->capacity = capacity;
}

char *buffer_room(struct buffer *b, size_t more)
{
	if (b->over || more > b->limit - b->n) {
		b->over = true;
		return NULL;
	}
	if (b->capacity - b->n < more || !b->p)
		grow(b, b->n + more);
	return b->p + b->n;
}

void buffer_add(struct buffer *b, const void *bytes, size_t count)
{
	char *room = count ? buffer_room(b, count) : NULL;
	if (room) {
		memcpy(room, bytes, count);
		b->n += count;
	}
}

void buffer_add_str(struct buffer *b, struct str s)
{
	buffer_put(b, s.p, s.n);
}

void buffer_add_char(struct buffer *b, char c)
{
	buffer_put(b, &c, 1);
}

void buffer_printf(struct buffer *b, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		abort();
	char *room = buffer_room(b, (size_t)n + 1);
	if (!room)
		return;
	va_start(args, format);
	vsnprintf(room, (size_t)n + 1, format, args);
	va_end(args);
	b->n += (size_t)n;
}

void buffer_add_utf8(struct buffer *b, uint32_t c)
{
	char bytes[4];
	size_t n;
	if (c < 0x80) {
		bytes[0] = (char)c;
		n = 1;
	} else if (c < 0x800) {
		bytes[0] = (char)(0xC0 | c >> 6);
		bytes[1] = (char)(0x80 | (c & 0x3F));
		n = 2;
	} else if (c < 0x10000) {
		bytes[0] = (char)(0xE0 | c >> 12);
		bytes[1] = (char)(0x80 | (c >> 6 & 0x3F));
		bytes[2] = (char)(0x80 | (c & 0x3F));
		n = 3;
	} else {
		bytes[0] = (char)(0xF0 | (c >> 18 & 0x07));
		bytes[1] = (char)(0x80 | (c >> 12 & 0x3F));
		bytes[2] = (char)(0x80 | (c >> 6 & 0x3F));
		bytes[3] = (char)(0x80 | (c & 0x3F));
		n = 4;
	}
	buffer_put(b, bytes, n);
}
