/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * broker.h - what the engine sees of a message broker, whichever it is.
 *
 * Queues hold messages in blocks, as a commit published them. A consumer asks for a batch and
 * claims what it gets; one commit consumes, publishes and changes keyed state in one atomic step.
 * What was claimed and not consumed goes back to its old place when the consumer is closed.
 *
 * The memory broker (core.c) is the logic without any I/O; the embedded broker puts a socket in
 * front of it and a database behind it; Redis, AMQP and JetStream fit behind the same functions.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/buffer.h>
#include <intelmq/err.h>
#include <intelmq/value.h>

#include "state/change.h"

enum {
	MAX_MESSAGE = 512 * 1024 * 1024, /* bytes of one message */
};

struct broker;
struct consumer;

/* A claimed message: where it lies, so that a commit can name it. */
struct message {
	uint64_t block;  /* identity of its block, never used twice */
	uint32_t at;     /* position in the block */
	struct str body; /* borrowed until it is consumed or released */
	uint64_t note;   /* how far its last consumer came (rows of a report), 0: nothing yet */
};

struct batch {
	struct message *messages; /* in the arena given to receive */
	size_t n;
	size_t bytes;
};

/* One message to publish: the body once, however many queues. */
struct publish {
	struct str body;
	const struct str *queues;
	size_t n_queues;
};

struct commit {
	const struct message *consumed; /* in the order of receiving */
	size_t n_consumed;
	const struct message
		*noted; /* one claimed message whose `note` is to be remembered, or NULL */
	const struct publish *published;
	size_t n_published;
	const struct state_change *changes;
	size_t n_changes;
	/* With this commit the worker begins to go round its keyed state (broker_wants_again). Changes older than the
	 * commit with which this connection began its round before do not count any more; none was before: all count. */
	bool round;
	bool durable; /* return only when it is on disk (and everything before it) */
};

/* Limits of one receive. */
struct receive_limits {
	size_t messages, bytes;
};

/* State of one queue, for status and lists. */
struct queue_info {
	struct str name;
	uint64_t messages, claimed, bytes; /* claimed ones count as messages, too */
};

/* Budget of a queue; 0: unlimited. */
struct queue_limits {
	uint64_t messages, bytes;
};

/* The memory broker. `limits` apply to every queue; queues on a common cycle share one budget. */
struct broker *broker_memory_new(struct queue_limits limits);

/*
 * The embedded broker, a process of its own, through its socket: `path`, or `fd` >= 0, a connection that was opened and
 * introduced by somebody else for one bot (its only consumer takes it over). The connection is made at once; nobody
 * there is a failure that names the path.
 */
int broker_connect(const char *path, int fd, struct broker **out, struct err *);

/* After all its consumers are closed. */
void broker_free(struct broker *);

/*
 * What the broker tells of itself: {"queues": [{"name", "messages", "claimed", "bytes"}], "bots": [{"bot", "instance",
 * "pid", "waiting_for"}], "disk": {"state", "bytes", "limit"}}; "waiting_for": what broker_no_room says, or null.
 */
int broker_status(struct broker *, struct arena *, struct value *out, struct err *);

/*
 * Connects one bot: the queue it reads (STR_NONE for collectors) and those it may publish to.
 * Names are copied. Fails if the bot is connected already with the same instance number.
 */
int consumer_open(struct broker *, struct str bot, unsigned instance, struct str queue,
                  const struct str *destinations, size_t n_destinations, struct consumer **out,
                  struct err *);
/* Claims go back to their places. */
void consumer_close(struct consumer *);

/*
 * A descriptor that becomes readable when a receive or broker_no_room may have news, or the connection ended; -1:
 * there is none, ask again after a while.
 */
int consumer_fd(struct consumer *);
/*
 * True once the connection to the broker is gone. What this process holds in memory (claims, keyed state) belongs to a
 * time that may not have become durable: it must end, or execute itself anew.
 */
bool consumer_is_broken(const struct consumer *);

/*
 * Claims up to `limits` messages in order (at least one, however large; a broker that has the next batch ready before it is
 * asked goes by the limits of the call before). Returns their number, 0 if
 * there is nothing or a destination has no room (broker_no_room tells which), -1 on failure of
 * the broker. What is still claimed from before stays so: after a failed commit release it. Among
 * several consumers of a queue each gets at most its share of what is free; the only instance of a
 * bot gets nothing from behind a message that somebody else holds.
 */
int broker_receive(struct consumer *, struct receive_limits, struct arena *, struct batch *out,
                   struct err *);

/*
 * Applies a commit whole or, on failure, not at all. Consumed and noted messages must be claimed by
 * this consumer, a message cannot be both, queues must be among its destinations (one named twice
 * gets the message once). Bodies may be borrowed from messages consumed in the same commit. It is
 * never refused for lack of room.
 */
int broker_commit(struct consumer *, const struct commit *, struct err *);

/* Gives claimed messages back to their places. */
int broker_release(struct consumer *, const struct message *, size_t count, struct err *);

/*
 * Why nothing more may be published now, in words ("queue 'x' is full", "the disk is full"), or STR_NONE: there is room.
 * Tested before a collector collects. The words are good until the next call.
 */
struct str broker_no_room(struct consumer *);

/*
 * In the middle of a message that is committed in parts: waits until the destinations have room (at once, where nobody else
 * could make it). `tell`, unless NULL, hears what it waits for. 1: there is room; 0: interrupted by a signal that wants
 * to end the process; -1: the broker is away.
 */
typedef void broker_tell(void *context, struct str why);
int broker_wait_for_room(struct consumer *, broker_tell *tell, void *context, struct err *);

/* Keyed state of a bot, as committed: loads every live entry. */
int broker_load_state(struct consumer *, void (*each)(void *context, const struct state_change *),
                      void *context, struct err *);

/*
 * True if this broker stores changes of keyed state as they come, and drops old ones by `commit.round`: then each
 * commit also carries entries of long ago (state_table_changes_again). They are changes as any other.
 */
bool broker_wants_again(const struct consumer *);

/* What follows returns -1 and sets `err` if the broker is away; err may be NULL. */

/* All queues in the order of their names, the array in the arena; their number. */
int64_t broker_queues(struct broker *, struct arena *, struct queue_info **out, struct err *);

/* Puts one message into a queue from outside (tests, tools), durably. Fails if the queue has no room. */
int broker_push(struct broker *, struct str queue, struct str body, struct err *);

/* Copies of the first messages of a queue, claimed ones too: `count`, or fewer where they are large; returns their number. */
int64_t broker_peek(struct broker *, struct str queue, size_t count, struct arena *,
                    struct str *bodies_out, struct err *);

/* Drops what nobody has claimed, durably; returns the number. */
int64_t broker_clear(struct broker *, struct str queue, struct err *);
