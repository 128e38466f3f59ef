/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * journal.h - what changed in the queues since the last group, and the group made of it.
 *
 * Only the net change counts: a block that was published and consumed since then leaves no trace. The owner closes a
 * group, has it written by somebody else while the queues go on, and says when that is done; the group holds the bodies
 * that it needs (pins).
 */
#pragma once
#include <intelmq/arena.h>

#include "broker/queue.h"

struct journal {
	size_t memory;       /* bytes of all blocks that are in memory */
	size_t fresh_bytes;  /* of these, in no group yet */
	struct block *fresh; /* latest first */
	struct entry *dirty;
	struct group_gone *gone;
	size_t n_gone, gone_capacity;
	struct group_queue *queues; /* new ones; names borrowed from the queues */
	size_t n_queues, queues_capacity;
	uint32_t last_queue_id;
	uint64_t number;  /* of the group that is gathered */
	uint64_t durable; /* number of the last group that is stored */
};

/* A closed group with the memory that it needs. */
struct closed_group {
	struct arena arena;
	struct group group;
	struct block **pinned;
	size_t n_pinned;
	size_t bytes; /* of bodies */
};

struct journal *journal_new(void);
void journal_free(struct journal *);

/* Called by the queues: a block was published; it was consumed before it came into a group. */
void journal_add(struct block *);
void journal_forget(struct block *);
/* A stored entry has less left or another note; it has nothing left. */
void journal_touch(struct entry *);
void journal_gone(struct entry *);
/* All entries of a queue's gap are dropped. */
void journal_gone_span(struct queue *, uint64_t from, uint64_t to);
/* A queue that the database does not know yet: gives it an id. */
void journal_queue(struct journal *, struct queue *);

/* Whether there is anything to write. */
bool journal_is_empty(const struct journal *);

/*
 * Everything since the last one as a group. States are the caller's business: `group.states` is empty, to be filled in the
 * group's arena.
 */
struct closed_group *journal_close(struct journal *, uint64_t number);
/* It is stored: gives back what it held. */
void journal_stored(struct journal *, struct closed_group *);
/* It will never be (the end of the broker). */
void closed_group_free(struct closed_group *);
