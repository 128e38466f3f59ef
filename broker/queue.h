/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * queue.h - queues in memory: blocks of messages, and which of them each queue still has.
 *
 * A block is one allocation: the bodies as one commit published them, once, and for every queue
 * that got some of them an *entry*. An entry says for each of its *places* (a message in this
 * queue) whether it is free, held by a consumer, or gone. A queue is a list of entries in the
 * order of publishing, which is the order of the blocks' identities. An entry leaves the queue
 * with its last place, a block leaves memory with its last entry.
 */
#pragma once
#include <intelmq/str.h>

#include "broker/broker.h"

enum {
	/* States of a place. In between: the number of the consumer that holds it. */
	PLACE_FREE = 0,
	PLACE_MARKED = 0xFFFE, /* held, and named by the commit that is being checked */
	PLACE_GONE = 0xFFFF,
	HOLDER_MAX = 0xFFFD,
	PLACE_NONE = 0xFFFFFFFF, /* no such place */
};

struct core_consumer;

struct block {
	uint64_t identity;
	uint32_t entries; /* queues that still have some of it */
	uint32_t n;       /* messages */
	uint32_t *ends;   /* where in `bodies` each message ends */
	char *bodies;
};

struct entry {
	struct block *block;
	struct queue *queue;
	struct entry *before, *after;
	uint32_t n, left, free; /* places: all, not gone, free */
	uint32_t first;         /* places before it are gone */
	uint32_t first_free;    /* places before it are not free */
	uint32_t *at; /* the message of each place, ascending; NULL: place k is message k */
	uint16_t *holders;
	uint64_t *notes; /* of each place; NULL as long as there is none */
};

struct queue {
	struct str name;
	uint64_t messages, claimed, bytes;
	struct entry *first, *last;
	struct entry *first_free; /* entries before it have no free place; NULL: none has */
	struct core_consumer *readers;
	size_t n_readers;

	/* Queues that lie on common cycles form one budget; ring of its members, see cycle.h. */
	struct queue *cycle, *next_in_cycle;
	struct {
		uint32_t index, low;
		bool on_stack;
		struct queue *below, *parent;
		struct core_consumer *reader;
		size_t destination;
	} search;

	/* While a block is being built. */
	struct {
		struct entry *entry;
		struct queue *next;
		uint32_t n;
		uint64_t stamp;
	} building;
};

struct queue *queue_new(struct str name);
/* Frees what is in it, too. */
void queue_free(struct queue *);

/*
 * Puts messages into queues as one block. `targets`: for each message its queues, ended by NULL;
 * one named twice gets the message once. Fewer than 2^32 messages with fewer than 4 GB. Linear in
 * the messages and their targets.
 */
void block_publish(uint64_t identity, const struct publish *messages, size_t n,
                   struct queue *const *targets);

struct str entry_body(const struct entry *, uint32_t place);
/* The position of the message in its block, and the place of such a position or PLACE_NONE. */
uint32_t entry_at(const struct entry *, uint32_t place);
uint32_t entry_place(const struct entry *, uint32_t at);

/*
 * Claims a free place; frees a held or marked one; removes any. The last may free entry and block.
 */
void place_claim(struct entry *, uint32_t place, uint16_t holder);
void place_unclaim(struct entry *, uint32_t place);
void place_remove(struct entry *, uint32_t place);

uint64_t place_note(const struct entry *, uint32_t place);
void place_set_note(struct entry *, uint32_t place, uint64_t note);

/* Steps through places in order. */
struct walk {
	struct entry *entry;
	uint32_t place;
	uint16_t self; /* 0, or a consumer that must not go past a place that another one holds */
};

/* At the first free place; with `self` at the front of the queue. */
struct walk walk_start(const struct queue *, uint16_t self);
/* The next free place: true, and entry and place say which. Call it once before the first one. */
bool walk_next(struct walk *);
