/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * table.h - keyed state of one bot: a hash table in the worker, with an overlay for the batch in
 * hand.
 *
 * Reads cost no round trip. What a batch changes sits in the overlay until its commit carries it
 * to the broker; until then it can be undone message by message.
 *
 * Made for ten million entries of a deduplicator: a key of 64 lower-case hexadecimal digits is
 * kept as 32 bytes, values of up to 64 bytes are kept once however often they occur, an entry
 * takes about 50 bytes. The table grows in small steps and drops expired entries bit by bit as
 * others are set, so that no call takes long and memory follows the number of live entries. Memory
 * is used again, but not given back before the end. Times after 2106-02-07 count as that day.
 */
#pragma once
#include <intelmq/arena.h>

#include "state/change.h"

struct state_table;

/* `now` gives the time in seconds since the epoch. */
struct state_table *state_table_new(int64_t (*now)(void));
void state_table_free(struct state_table *);

/* Takes over one committed change (at start; in a broker), past the overlay. */
void state_table_load(struct state_table *, const struct state_change *);

/*
 * False if there is no such entry or it has expired. `value_out` may be NULL; it lies in the
 * arena.
 */
bool state_table_get(struct state_table *, struct arena *, struct str key, struct str *value_out);
/* `ttl` in seconds, 0: for ever, negative: expired at once. */
void state_table_set(struct state_table *, struct str key, struct str value, int64_t ttl);
void state_table_del(struct state_table *, struct str key);

/* A place in the overlay, and undoing what came after it. */
size_t state_table_mark(const struct state_table *);
void state_table_undo(struct state_table *, size_t mark);

/*
 * The overlay as changes for a commit, in order; of several changes of a key the last one only.
 * The array lies in the arena, keys and values in the overlay: they live until it is undone or
 * committed.
 */
size_t state_table_changes(struct state_table *, struct arena *, struct state_change **out);

/*
 * For a broker that stores the changes of each commit as they come: the same, and behind n changes up
 * to 2n live entries of the table once more, going round and round, so that rows which are old enough
 * hold nothing that counts. Sets *round_out if this commit begins a new round: every entry is then in
 * a commit since the round before it began, itself included. Without changes nothing is sent again.
 * The work is bounded by n. Entries sent again live, as the array, until the table changes. A commit
 * that fails is made anew by another call: the place in the round moves with state_table_committed.
 */
size_t state_table_changes_again(struct state_table *, struct arena *, struct state_change **out,
                                 bool *round_out);

/* Makes the overlay permanent; it is empty then. */
void state_table_committed(struct state_table *);

/* Live entries, as the overlay has them. Goes through all of them. */
size_t state_table_count(struct state_table *);
/* Bytes of memory. */
size_t state_table_memory(const struct state_table *);
/*
 * A walk over all live entries in no order. Key and value live until `each` returns; `each` must
 * not change the table.
 */
void state_table_each(struct state_table *,
                      void (*each)(void *context, struct str key, struct str value,
                                   int64_t expires),
                      void *context);
