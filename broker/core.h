/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * core.h - queues, claims, budgets, commits: pure logic without I/O, clock or threads.
 *
 * Whoever owns a core calls it from one thread; the order of the calls is the one total order of
 * all changes. The memory broker is a core and keyed state; a server puts connections in front and
 * a database behind. Keyed state is not kept here, since a server keeps it elsewhere: a commit's
 * changes are checked, and the owner takes them once the commit has succeeded.
 *
 * Every change of what a queue holds happens in block_publish, place_remove and place_set_note
 * (queue.h), which tell the journal of a core that persists.
 */
#pragma once
#include "broker/backend.h"
#include "broker/store.h"

struct core;
struct core_consumer;
struct journal;

/*
 * `limits` apply to each queue. `epoch` (1 … 2^24 - 1) is in the upper part of each block's
 * identity: a new one after every start makes sure that none is used twice.
 */
struct core *core_new(struct queue_limits limits, uint32_t epoch);

/* A core whose changes are noted in the journal (borrowed, empty): to be called before anything else. */
void core_persist(struct core *, struct journal *);
/* What the database has of a queue; all of it is a gap until it is read. */
void core_restore(struct core *, const struct store_queue *);

/* What keeps messages from coming in, beside full queues. */
enum pressure {
	PRESSURE_NONE,
	PRESSURE_DISK,  /* too much is stored: sources wait, others go on into empty queues */
	PRESSURE_STUCK, /* it cannot be stored, and too much waits for that: everybody waits */
};
/* `why`: in words, borrowed. */
void core_set_pressure(struct core *, enum pressure, const char *why);
/* Whether any queue holds messages. */
bool core_holds_messages(const struct core *);
/* The consumer's commits carry keyed state: it waits under pressure though it publishes nothing. */
void core_set_keeps_state(struct core_consumer *);

/* Takes stored messages out of memory until the journal's memory is at most `budget`. */
void core_spill(struct core *, size_t budget);
/* The next slice that should be read from the database; false: none. It counts as under way then. */
struct slice_wanted {
	uint32_t queue;
	uint32_t generation;
	uint64_t after, to; /* as store_read has them */
};
bool core_next_slice(struct core *, struct slice_wanted *out);
int core_take_slice(struct core *, const struct slice_wanted *, const struct store_slice *,
                    struct err *);
void core_free(struct core *);

/*
 * Fails for an empty bot's name, an empty destination, the same bot and instance twice, and for
 * more than 65,533 consumers. One bot of which a single instance is open is *ordered*: it gets
 * nothing from behind a message that somebody else holds. Several consumers of one queue get at
 * most their share of what is free with one receive, but at least one message; in whose turn is
 * decided by the owner, who serves requests in the order in which they came.
 */
int core_open(struct core *, const struct consumer_names *, struct core_consumer **out,
              struct err *);
void core_close(struct core_consumer *);
/* All that it holds goes back; part of core_close. */
void core_drop_claims(struct core_consumer *);

/*
 * The rest as in broker.h (give_back: release). core_commit publishes before it removes: bodies
 * may be borrowed from claims.
 */
int core_receive(struct core_consumer *, struct receive_limits, struct arena *, struct batch *out,
                 struct err *);
int core_commit(struct core_consumer *, const struct commit *, struct err *);
int core_give_back(struct core_consumer *, const struct message *, size_t count, struct err *);
struct str core_no_room(struct core_consumer *);
/*
 * What comes faster than it is taken goes to the disk and comes back, which costs more than waiting a little. A consumer is
 * ahead if a destination, not of its own cycle, holds more than `bytes` and somebody took something of it at `since` or later:
 * then it is worth waiting until that moment is past, or the queue is shorter. Returns when it was last served; -1: not ahead.
 */
int64_t core_ahead(const struct core_consumer *, uint64_t bytes, int64_t since);
/* The consumer's queue was served now. */
void core_served(struct core_consumer *, int64_t now);
/* Messages in its queue that nobody has claimed. */
uint64_t core_available(const struct core_consumer *);
size_t core_queues(struct core *, struct arena *, struct queue_info **out);
int core_push(struct core *, struct str queue, struct str body, struct err *);
/* At most so many messages and, behind the first one, bytes. */
size_t core_peek(struct core *, struct str queue, size_t count, size_t bytes, struct arena *,
                 struct str *bodies_out);
uint64_t core_clear(struct core *, struct str queue);
/* "queues" and "bots" of broker_status, in the arena. */
struct value core_status(struct core *, struct arena *);
