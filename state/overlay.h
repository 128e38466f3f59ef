/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * overlay.h - changes of keyed state that are not committed yet: in order, found by key, undone
 * from the end.
 */
#pragma once
#include <intelmq/arena.h>

#include "state/change.h"

struct overlay_change {
	struct state_change change; /* key and value in the overlay's memory */
	uint32_t previous;          /* 1 + the earlier change of the key, 0: none */
	bool superseded;            /* there is a later change of the key */
	struct arena_mark before;
};

struct overlay {
	struct arena arena;
	struct overlay_change *changes;
	size_t n, capacity;
	uint32_t *slots; /* 1 + the latest change of a key, by hash; 0: empty */
	size_t n_slots, n_keys;
};

void overlay_init(struct overlay *);
void overlay_fini(struct overlay *);

/* Copies key and value. */
void overlay_add(struct overlay *, const struct state_change *);
/* The latest change of the key, or NULL; borrowed until the next call that changes the overlay. */
const struct state_change *overlay_find(const struct overlay *, struct str key);
/* Forgets all but the first `n` changes. */
void overlay_undo(struct overlay *, size_t n);
void overlay_clear(struct overlay *);
size_t overlay_memory(const struct overlay *);
