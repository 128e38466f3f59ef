/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * consumer.h - the inside of a core: its consumers and what each of them holds.
 */
#pragma once
#include "broker/core.h"
#include "broker/queue.h"

/* Places of one entry that a consumer holds: `count` ones from `from` to before `to`. */
struct holding {
	struct entry *entry; /* NULL: nothing any more */
	uint64_t block;
	uint32_t from, to, count;
};

/*
 * Where the messages of a queue go by way of an instance of a bot. It stays when the bot is away, until it comes back: the
 * budget of a cycle must not fall into parts whenever one of its bots is started anew.
 */
struct road {
	struct road *next;      /* of the core */
	struct road *next_from; /* of the same queue */
	struct queue *from, **to;
	size_t n;
	struct str bot;
	unsigned instance;
};

struct core_consumer {
	struct core *core;
	struct str bot;
	unsigned instance;
	size_t siblings;             /* other open instances of the bot */
	uint16_t number;             /* what `holders` of an entry say */
	struct queue *source;        /* NULL: reads nothing */
	struct queue **destinations; /* in the order given, which tells which full one is named */
	struct queue **by_name;      /* the same, sorted */
	size_t n_destinations;

	struct holding *holdings; /* ascending by block; first … n are in use */
	size_t first_holding, n_holdings, holdings_capacity, empty_holdings;
	size_t hint; /* where the last one was found: commits name claims in order */
	uint64_t held;
	bool keeps_state;
};

/* Remembers that a place was claimed. */
void holding_add(struct core_consumer *, struct entry *, uint32_t place);
/* The holding of a block, or NULL. */
struct holding *holding_find(struct core_consumer *, uint64_t block);
/* One place less; the last one empties it. */
void holding_take(struct core_consumer *, struct holding *);
/* Gives every place back to its queue. */
void holdings_free(struct core_consumer *);
