/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * queue.h - queues in memory: blocks of messages, and which of them each queue still has.
 *
 * A block is one allocation: the bodies as one commit published them, once, and for every queue
 * that got some of them an *entry*. An entry says for each of its *places* (a message in this
 * queue) whether it is free, held by a consumer, or gone. A queue is a list of entries in the
 * order of publishing, which is the order of the blocks' identities. An entry leaves the queue
 * with its last place, a block leaves memory with its last entry.
 *
 * In a broker that persists, a queue may have a *gap*: a run of its entries that are only in the
 * database (gap.h). A journal (journal.h) notes what changes.
 */
#pragma once
#include <intelmq/str.h>

#include "broker/broker.h"
#include "broker/store.h"

enum {
	/* States of a place. In between: the number of the consumer that holds it. */
	PLACE_FREE = 0,
	PLACE_MARKED = 0xFFFE, /* held, and named by the commit that is being checked */
	PLACE_GONE = 0xFFFF,
	HOLDER_MAX = 0xFFFD,
	PLACE_NONE = 0xFFFFFFFF, /* no such place */
};

struct road;
struct journal;

struct block {
	uint64_t identity;
	uint32_t entries; /* queues that still have some of it */
	uint32_t n;       /* messages */
	uint32_t *ends;   /* where in `bodies` each message ends */
	char *bodies;

	struct journal *journal; /* NULL: nothing persists */
	size_t size;             /* of the allocation */
	uint32_t n_made;         /* entries that were made with it, behind this structure */
	uint32_t pins;           /* groups that are being written and need the bodies */
	bool fresh;              /* in the journal's list of blocks that are in no group yet */
	struct block *before, *after;
	uint64_t group; /* that it was or is being stored with; 0: none yet */
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

	bool shared; /* other queues got messages of the block, too */
	bool stored; /* there is a row of it in the database, or in a group that is being written */
	bool dirty;  /* in the journal's list of rows that are to be changed */
	struct entry *dirty_before, *dirty_after;
	uint64_t group; /* with which its row was or is being changed; 0: never */
};

/* Entries of a queue that are not in memory: all whose blocks are in from … to. */
struct gap {
	uint64_t from, to;
	uint64_t messages, bytes; /* 0 messages: there is no gap */
	bool is_read;             /* a slice of it is under way */
	uint32_t generation;      /* changes when it is cleared: a slice from before is void */
};

struct queue {
	struct str name;
	uint64_t messages, claimed, bytes;
	struct entry *first, *last;
	struct entry *first_free; /* entries before it have no free place; NULL: none has */
	struct road *roads;       /* where its messages go */
	size_t n_readers;
	struct journal *journal; /* NULL: nothing persists */
	uint32_t id;             /* in the database */
	struct gap gap;
	int64_t served_at; /* when a consumer last took something, for whoever has a clock */
	/* Rows up to this block that are deleted with the group `gone_group`, or were before. */
	uint64_t gone_last, gone_group;

	/* Queues that lie on common cycles form one budget; ring of its members, see cycle.h. */
	struct queue *cycle, *next_in_cycle;
	struct {
		uint32_t index, low;
		bool on_stack;
		struct queue *below, *parent;
		struct road *road;
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

/*
 * Puts a block that was read from the database back into a queue, behind the entry `before` (NULL: as its first one):
 * with places for the positions in `left` (ascending ranges). Copies; the queue's counts know these messages already.
 */
struct entry *block_restore(struct queue *, struct entry *before, const struct store_block *);

/* Takes an entry out of memory and its queue, without a trace in the journal. */
void entry_forget(struct entry *);
/* A group does not need the block any more. */
void block_unpin(struct block *);

/* The last entry before the queue's gap, and the first one behind it; NULL: there is none. */
struct entry *queue_head_end(const struct queue *);
struct entry *queue_tail_start(const struct queue *);

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
