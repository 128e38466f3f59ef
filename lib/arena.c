/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/arena.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif
#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION(p, n)
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#define GAP 16 /* poisoned bytes behind every piece, so that an overrun is seen */
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
#define GAP 0
#endif

enum {
	CHUNK_FIRST = 16 * 1024,
	CHUNK_KEPT = 1024 * 1024,
	ALIGNMENT = 16,
};

struct arena_chunk {
	struct arena_chunk *older;
	size_t size;
	_Alignas(ALIGNMENT) char bytes[];
};

static void out_of_memory(size_t size)
{
	fprintf(stderr, "out of memory: %zu bytes\n", size);
	abort();
}

void arena_init(struct arena *a)
{
	*a = (struct arena){ 0 };
}

static void chunk_free(struct arena_chunk *chunk)
{
	UNPOISON(chunk->bytes, chunk->size);
	free(chunk);
}

void arena_fini(struct arena *a)
{
	while (a->chunk) {
		struct arena_chunk *older = a->chunk->older;
		chunk_free(a->chunk);
		a->chunk = older;
	}
	*a = (struct arena){ .first = a->first };
}

void arena_rewind(struct arena *a, struct arena_mark mark)
{
	while (a->chunk != mark.chunk) {
		struct arena_chunk *older = a->chunk->older;
		/* The last chunk of an emptied arena is worth keeping: the next message needs one. */
		if (!older && !mark.chunk && a->chunk->size <= CHUNK_KEPT) {
			mark.chunk = a->chunk;
			mark.next = a->chunk->bytes;
			break;
		}
		chunk_free(a->chunk);
		a->chunk = older;
	}
	a->next = mark.next;
	a->end = a->chunk ? a->chunk->bytes + a->chunk->size : NULL;
	a->used = mark.used;
	if (a->chunk)
		POISON(a->next, (size_t)(a->end - a->next));
}

void arena_reset(struct arena *a)
{
	/* Chunks grow, so the newest one serves the next message best. */
	if (a->chunk && a->chunk->older && a->chunk->size <= CHUNK_KEPT) {
		struct arena_chunk *older = a->chunk->older;
		a->chunk->older = NULL;
		while (older) {
			struct arena_chunk *next = older->older;
			chunk_free(older);
			older = next;
		}
	}
	arena_rewind(a, (struct arena_mark){ 0 });
}

struct arena_mark arena_mark(const struct arena *a)
{
	return (struct arena_mark){ a->chunk, a->next, a->used };
}

static void chunk_add(struct arena *a, size_t size)
{
	size_t want = a->chunk ? a->chunk->size * 2 : a->first ? a->first : CHUNK_FIRST;
	if (want > CHUNK_KEPT)
		want = CHUNK_KEPT;
	if (want < size)
		want = size;
	struct arena_chunk *chunk = malloc(sizeof *chunk + want);
	if (!chunk)
		out_of_memory(want);
	chunk->older = a->chunk;
	chunk->size = want;
	a->chunk = chunk;
	a->next = chunk->bytes;
	a->end = chunk->bytes + want;
	POISON(chunk->bytes, want);
}

void *arena_alloc(struct arena *a, size_t size)
{
	if (size > SIZE_MAX / 2)
		out_of_memory(size);
	/* An empty piece takes room, too, so that its pointer is valid and its own. */
	size_t room = (((size ? size : 1) + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1)) + GAP;
	if ((size_t)(a->end - a->next) < room)
		chunk_add(a, room);
	char *p = a->next;
	a->next += room;
	a->used += room;
	UNPOISON(p, size);
	return p;
}

void *arena_zalloc(struct arena *a, size_t count, size_t size)
{
	size_t bytes;
	if (__builtin_mul_overflow(count, size, &bytes))
		out_of_memory(SIZE_MAX);
	return memset(arena_alloc(a, bytes), 0, bytes);
}

struct str arena_dup(struct arena *a, struct str s)
{
	return (struct str){ arena_cstr(a, s), s.n };
}

char *arena_cstr(struct arena *a, struct str s)
{
	char *p = arena_alloc(a, s.n + 1);
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = 0;
	return p;
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	int n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0)
		abort();
	char *p = arena_alloc(a, (size_t)n + 1);
	va_start(args, format);
	vsnprintf(p, (size_t)n + 1, format, args);
	va_end(args);
	return (struct str){ p, (size_t)n };
}
