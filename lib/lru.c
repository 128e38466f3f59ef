/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/lru.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "lib/allocated.h"

enum { FIRST_SLOTS = 64, OVERHEAD = 16 /* of malloc, and the slot */ };

struct lru_entry {
	struct lru_entry *newer, *older;
	struct lru_entry *next; /* in its slot */
	uint64_t hash;
	int64_t expires;
	size_t key, value; /* bytes */
	char bytes[];
};

struct lru {
	size_t max, used, n;
	struct lru_entry **slots;
	size_t n_slots; /* a power of two */
	struct lru_entry *newest, *oldest;
};

struct lru *lru_new(size_t max)
{
	struct lru *l = allocated(calloc(1, sizeof *l));
	l->max = max;
	l->n_slots = FIRST_SLOTS;
	l->slots = allocated(calloc(l->n_slots, sizeof(struct lru_entry *)));
	return l;
}

void lru_free(struct lru *l)
{
	if (!l)
		return;
	while (l->newest) {
		struct lru_entry *older = l->newest->older;
		free(l->newest);
		l->newest = older;
	}
	free(l->slots);
	free(l);
}

static size_t size_of(const struct lru_entry *e)
{
	return sizeof *e + e->key + e->value + OVERHEAD;
}

static struct lru_entry **place_of(const struct lru *l, uint64_t hash, struct str key)
{
	struct lru_entry **place = &l->slots[hash & (l->n_slots - 1)];
	while (*place && !((*place)->hash == hash &&
	                   str_eq(key, (struct str){ (*place)->bytes, (*place)->key })))
		place = &(*place)->next;
	return place;
}

static void leave_line(struct lru *l, struct lru_entry *e)
{
	*(e->newer ? &e->newer->older : &l->newest) = e->older;
	*(e->older ? &e->older->newer : &l->oldest) = e->newer;
}

static void enter_line(struct lru *l, struct lru_entry *e)
{
	e->newer = NULL;
	e->older = l->newest;
	*(l->newest ? &l->newest->newer : &l->oldest) = e;
	l->newest = e;
}

static void drop(struct lru *l, struct lru_entry **place)
{
	struct lru_entry *e = *place;
	*place = e->next;
	leave_line(l, e);
	l->used -= size_of(e);
	l->n--;
	free(e);
}

bool lru_get(struct lru *l, struct str key, int64_t now, struct str *value_out)
{
	struct lru_entry **place = place_of(l, XXH3_64bits(key.p, key.n), key);
	struct lru_entry *e = *place;
	if (!e)
		return false;
	if (e->expires && e->expires <= now) {
		drop(l, place);
		return false;
	}
	leave_line(l, e);
	enter_line(l, e);
	*value_out = (struct str){ e->bytes + e->key, e->value };
	return true;
}

static void grow(struct lru *l)
{
	free(l->slots);
	l->n_slots *= 2;
	l->slots = allocated(calloc(l->n_slots, sizeof(struct lru_entry *)));
	for (struct lru_entry *e = l->newest; e; e = e->older) {
		struct lru_entry **slot = &l->slots[e->hash & (l->n_slots - 1)];
		e->next = *slot;
		*slot = e;
	}
}

static void make_room(struct lru *l)
{
	while (l->used > l->max) {
		const struct lru_entry *e = l->oldest;
		drop(l, place_of(l, e->hash, (struct str){ (char *)(uintptr_t)e->bytes, e->key }));
	}
}

void lru_set(struct lru *l, struct str key, struct str value, int64_t expires)
{
	uint64_t hash = XXH3_64bits(key.p, key.n);
	struct lru_entry **place = place_of(l, hash, key);
	if (*place)
		drop(l, place);
	if (key.n > l->max / 8 || value.n > l->max / 8)
		return;
	struct lru_entry *e = allocated(malloc(sizeof *e + key.n + value.n));
	*e = (struct lru_entry){ .hash = hash, .expires = expires, .key = key.n, .value = value.n };
	if (key.n)
		memcpy(e->bytes, key.p, key.n);
	if (value.n)
		memcpy(e->bytes + key.n, value.p, value.n);
	if (l->n == l->n_slots)
		grow(l);
	struct lru_entry **slot = &l->slots[hash & (l->n_slots - 1)];
	e->next = *slot;
	*slot = e;
	enter_line(l, e);
	l->used += size_of(e);
	l->n++;
	make_room(l);
}

void lru_each(const struct lru *l, void (*each)(void *context, struct str key, struct str value),
              void *context)
{
	for (struct lru_entry *e = l->newest; e; e = e->older)
		each(context, (struct str){ e->bytes, e->key },
		     (struct str){ e->bytes + e->key, e->value });
}
