/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * gap.h - what of a queue is only in the database: out of memory, and back.
 *
 * A queue is a head in memory, perhaps a gap, and a tail in memory. Consumers take from the head; what is published goes to
 * the tail. Stored entries that nobody has claimed leave memory from the end of the head or the start of the tail, and come
 * back in order, in slices.
 */
#pragma once
#include "broker/queue.h"
#include "broker/rules.h"

enum {
	GAP_HEAD = USUAL_OR_TEST(2 * 1024 * 1024,
	                         60), /* bytes that stay in memory in front of a gap */
	GAP_SLICE = USUAL_OR_TEST(2 * 1024 * 1024, 150), /* bytes read at once */
	GAP_BLOCKS = USUAL_OR_TEST(2000, 2),             /* blocks read at once */
};

/* Takes out of memory what it may until the journal's memory is at most `budget`. */
void gap_spill(struct queue *const *queues, size_t n, size_t budget);

/* Whether a slice should be read now: something is in the gap, and little in front of it. */
bool gap_wants_slice(const struct queue *);

/* Takes a slice that was read when the gap had this generation. -1: it contradicts what is known of the queue. */
int gap_fill(struct queue *, uint32_t generation, const struct store_slice *, struct err *);

/* Drops all of it (clear); the number of messages. */
uint64_t gap_clear(struct queue *);
