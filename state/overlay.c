/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "state/overlay.h"

#include "lib/allocated.h"

#include <intelmq/hash.h>

#include <stdio.h>
#include <stdlib.h>

enum {
	SLOTS_FIRST = 64,
	SLOTS_KEPT = 16384, /* more are given back when the overlay is cleared */
};

void overlay_init(struct overlay *o)
{
	*o = (struct overlay){ 0 };
	arena_init(&o->arena);
}

void overlay_fini(struct overlay *o)
{
	arena_fini(&o->arena);
	free(o->changes);
	free(o->slots);
}

/* The slot of the key, or the empty one where it belongs. There are always empty ones. */
static uint32_t *slot_of(const struct overlay *o, struct str key)
{
	size_t at = hash_bytes(key) & (o->n_slots - 1);
	while (o->slots[at] && !str_eq(o->changes[o->slots[at] - 1].change.key, key))
		at = (at + 1) & (o->n_slots - 1);
	return &o->slots[at];
}

/*
 * Keys enter in the order of their first change, here as well as one by one: so the newest one is
 * in the way of no other, and undoing empties its slot without a grave.
 */
static void grow_slots(struct overlay *o)
{
	free(o->slots);
	o->n_slots = o->n_slots ? o->n_slots * 2 : SLOTS_FIRST;
	o->slots = allocated(calloc(o->n_slots, sizeof *o->slots));
	for (size_t i = 0; i < o->n; i++)
		*slot_of(o, o->changes[i].change.key) = (uint32_t)i + 1;
}

void overlay_add(struct overlay *o, const struct state_change *change)
{
	if (o->n_slots <= o->n_keys * 2)
		grow_slots(o);
	if (o->n == o->capacity) {
		o->capacity = o->capacity ? o->capacity * 2 : SLOTS_FIRST;
		o->changes = allocated(realloc(o->changes, o->capacity * sizeof *o->changes));
	}
	uint32_t *slot = slot_of(o, change->key);
	struct overlay_change *added = &o->changes[o->n];
	*added = (struct overlay_change){ *change, *slot, false, arena_mark(&o->arena) };
	added->change.key = arena_dup(&o->arena, change->key);
	added->change.value = arena_dup(&o->arena, change->value);
	if (*slot)
		o->changes[*slot - 1].superseded = true;
	else
		o->n_keys++;
	*slot = (uint32_t)++o->n;
}

const struct state_change *overlay_find(const struct overlay *o, struct str key)
{
	uint32_t latest = o->n ? *slot_of(o, key) : 0;
	return latest ? &o->changes[latest - 1].change : NULL;
}

void overlay_undo(struct overlay *o, size_t n)
{
	while (o->n > n) {
		struct overlay_change *last = &o->changes[o->n - 1];
		*slot_of(o, last->change.key) = last->previous;
		if (last->previous)
			o->changes[last->previous - 1].superseded = false;
		else
			o->n_keys--;
		o->n--;
		arena_rewind(&o->arena, last->before);
	}
}

void overlay_clear(struct overlay *o)
{
	if (!o->n)
		return;
	o->n = o->n_keys = 0;
	arena_reset(&o->arena);
	if (o->n_slots > SLOTS_KEPT) {
		overlay_fini(o);
		overlay_init(o);
		return;
	}
	memset(o->slots, 0, o->n_slots * sizeof *o->slots);
}

size_t overlay_memory(const struct overlay *o)
{
	return o->arena.used + o->capacity * sizeof *o->changes + o->n_slots * sizeof *o->slots;
}
