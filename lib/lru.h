/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * lru.h - a table of bounded size from texts to texts: when there is no room, what was used longest ago goes.
 */
#pragma once
#include <intelmq/str.h>
#include <stdbool.h>
#include <stdint.h>

struct lru;

/* `max`: bytes of all entries, what holds them included. */
struct lru *lru_new(size_t max);
void lru_free(struct lru *); /* NULL: nothing */

/* False: not there, or expired at `now` (any clock, the same for all calls). The value is borrowed until the next lru_set. */
bool lru_get(struct lru *, struct str key, int64_t now, struct str *value_out);

/* Replaces what is there. `expires`: 0 never. What is larger than an eighth of `max` is not kept. */
void lru_set(struct lru *, struct str key, struct str value, int64_t expires);

/* All entries, the one used last first. */
void lru_each(const struct lru *, void (*each)(void *context, struct str key, struct str value),
              void *context);
