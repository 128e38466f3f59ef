/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * flight.h - messages whose verb waits for others: many are under way at a time, each on a coroutine of its own.
 *
 * A flight is one message from the moment it is claimed until the commit that consumes it. Its verb runs on the main
 * thread in turns, whenever what it waits for has come. It owns its arena, its event and its error; what the bot keeps
 * (params, state) is shared and constant meanwhile. A collector's verb is a flight without a message.
 *
 *	unstarted ─► under way (ready ⇄ waiting) ─► finished ─► (commit)
 *	    ▲                       │
 *	    └──────── parked ◄──────┘ TRY_LATER: for error_retry_delay
 *
 * Who pays for a failure that time may heal: a message that failed while others went through pays itself, and the others
 * go on. When nothing has gone through since it began, whatever is asked is probably down: only that message is charged,
 * the window narrows to one message at a time, those that fail along with it are tried again free of charge, and the first
 * success opens the window.
 */
#pragma once
#include "engine/inside.h"

struct coroutine;

enum {
	CONCURRENCY = 1000, /* the default of that parameter */
	SLOW_MS = 100,      /* what waits for longer does not count against concurrency … */
	SLOW_TIMES = 4,     /* … up to so many times as many */
	PARKED_TIMES =
		16, /* so many times as many wait for their next try; then nothing new is taken */
	LINGER_MS = 2,         /* how long a finished one waits for others to be committed along */
	LINGER_MESSAGES = 256, /* at most so many */
	COLLECTOR_STACK = 1024 * 1024,
};

/* An event that the verb has emitted, until it returns DONE. */
struct emission {
	struct emission *after;
	const struct event *event;
	const char *path;
	bool permissive;
};

struct flight {
	struct bot bot; /* what the verb gets */
	struct arena arena;
	struct arena_mark fresh; /* behind the copy of the message's body */
	struct message message;
	struct event *event; /* NULL: a collector's, or not decoded */
	struct coroutine *coroutine;
	enum result result;
	struct emission *emitted, **emitted_end;
	/* What it waits for, to be taken back when it is abandoned. */
	void (*abandon)(void *awaited);
	void *awaited;

	uint64_t number;    /* of its start, counted */
	uint64_t successes; /* of all flights when it started */
	int64_t since;      /* start; finished: its end; parked: when it is due; monotonic ms */
	int64_t retries;
	bool slow;
	struct flight_list *list;
	struct flight *before, *after;
	struct flight *next_ready;
};

struct flight_list {
	struct flight *first, *last;
	size_t n;
};

struct flights {
	struct coroutines coroutines;
	struct flight *running; /* its verb runs now */
	struct flight_list unstarted, under_way, parked, finished;
	struct flight *ready, **ready_end; /* of those under way, what has its answer */
	struct flight *first_young; /* of those under way, which are in the order of their start */
	struct flight *spare;
	size_t n_spare, n_slow;
	size_t concurrency;
	uint64_t started, successes;
	/* The window is narrow since so many were started; charged: whose turn it is then. */
	bool narrow;
	uint64_t narrowed_at;
	struct flight *charged;
};

/* NULL: the bot's verb does not wait. */
struct flights *flights_new(struct worker *);
void flights_free(struct worker *);

/* How many messages more may be taken from the queue. */
size_t flights_room(const struct worker *);

/* Makes flights of what was claimed, and copies it. */
void flights_take(struct worker *, const struct batch *);

/* A collector's verb: begins it, or lets it go on. True: it has returned, result_out and bot.err say what. */
bool flights_collect(struct worker *, enum result *result_out);

/* Starts what may start, lets go on what has its answer, and settles what has ended. */
void flights_run(struct worker *);

/* True if what has finished shall be committed now. */
bool flights_are_due(const struct worker *);

/* The finished messages in the order of their places, for a commit; and that it was made. */
void flights_consumed(struct worker *, struct commit *);
void flights_committed(struct worker *);

/* All that is not finished begins anew later: nothing of its verb is left. */
void flights_restart(struct worker *);

/* Milliseconds until something is to be done that no descriptor tells of; WORKER_FOREVER: nothing. */
int64_t flights_wait(const struct worker *);

/* Started and not finished. */
size_t flights_under_way(const struct worker *);

/* From a coroutine: until flight_wake. From the loop's own stack (init, update, tick): turns the loop meanwhile, and returns
 * false if the process is to end; `awaited` was abandoned then. */
struct waiting {
	struct flight *flight;
	bool over;
};
bool wait_for(struct bot *, struct waiting *, void (*abandon)(void *awaited), void *awaited);
void wait_over(struct worker *, struct waiting *);

/* What the running flight emits is kept until it is settled. False: nothing is running. */
bool flight_keeps(struct worker *, const struct event *, const char *path, bool permissive);
