/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * inside.h - a worker from the inside: what the files of the engine share.
 */
#pragma once
#include "engine/page.h"
#include "engine/worker.h"

#include <intelmq/clock.h>

#include "lib/coroutine.h"

enum {
	MAX_OUTBOX = 1024 * 1024 * 1024, /* bytes that one batch may emit */
	PART_BYTES = 512 * 1024,         /* a report's events are committed in parts of this size */
	COLLECTED_BYTES = 64 * 1024 * 1024, /* and the reports of one collection in such ones */
	OUTBOX_KEPT = 16 * 1024 * 1024,     /* memory that the outbox keeps for the next batch */
	TICK_MS = 1000,
	MAX_FAILED_ROWS = 1000, /* failed rows of a report kept until its end */
};

/* A named path and its queues. */
struct path {
	struct str name;
	struct str *queues;
	size_t n;
	uint64_t sent;    /* committed */
	uint64_t pending; /* in the batch */
};

/* One emitted message: where its body lies, and where it goes. */
struct emitted {
	size_t offset, length; /* in outbox.bodies */
	struct path *path;
	const struct str *queues;
	size_t n_queues;
};

/* What the batch in hand has emitted so far; a part can be taken back. */
struct outbox {
	struct buffer bodies;
	struct emitted *items;
	size_t n, capacity;
	uint64_t turn; /* of load_balance; one for all paths */
};

struct outbox_mark {
	size_t n, bytes;
	uint64_t turn;
};

enum worker_phase { PHASE_RUNNING, PHASE_STOPPING, PHASE_STOPPED };

struct worker {
	struct bot bot; /* what the SDK gets, but for messages that wait (flight.h) */
	struct host host;
	struct worker_options options;
	struct settings settings;
	enum log_level level;
	enum worker_phase phase;
	int exit_code;
	bool initialised;
	const struct dict *reload; /* parameters of a pending reload in `reloaded`, or NULL */
	struct worker_page *page;  /* the host's, or own_page */
	struct worker_page own_page;

	struct arena life; /* parameters: until the next reload */
	struct arena reloaded;
	struct arena batch;   /* claimed messages */
	struct arena message; /* the message in hand */
	struct arena row;     /* parsers: the row in hand */

	struct consumer *consumer;
	struct state_table *table; /* NULL: no keyed state */
	struct path *paths;
	size_t n_paths;
	struct outbox outbox;

	struct flights *flights; /* messages that wait for others; NULL: the verb does not wait */
	struct lookups *lookups; /* look-ups, opened with the flights */
	struct lru *cache;       /* of the bot, NULL: nothing is in it */

	struct batch claimed;
	const struct message *hand; /* the message in hand; NULL: a collector has none */
	size_t position;            /* messages of `claimed` that are finished */
	size_t committed;           /* of these, already committed */
	bool uncommitted;           /* the commit of what is in hand failed: it comes first */
	size_t careful;             /* after a failure: so many messages are taken one at a time */
	int64_t retries;            /* of the message in hand */
	bool retrying;              /* the message in hand is to be tried again */
	int64_t not_before;         /* monotonic ms */
	bool idling;                /* until not_before, for rate_limit's sake */
	bool stream_is_open;        /* the verb `stream` has not come to an end */
	int64_t idle_since;         /* monotonic ms */
	int64_t logged_at; /* when the first message was sent after the last progress line, monotonic ms */
	uint64_t sent_since_log;
	int64_t ticked_at;          /* monotonic ms */
	bool unflushed;             /* deliver was called since the last flush */
	bool broker_failed;         /* the verb could not commit: no message is to blame */
	bool abandoned;             /* the verb stopped half way, because the worker is to end */
	bool told_undumped;         /* the warning that failed messages are not kept was given */
	struct outbox_mark in_hand; /* where the message in hand begins to emit and to change state */
	size_t state_in_hand;

	struct list *unlinks; /* files to remove after the commit, in the batch arena; NULL: none */
	struct event *current;            /* the message in hand, NULL for collectors */
	const struct event *failed_event; /* the one with the invalid value, for the dump */
	struct str
		failed_text; /* the same for a text that could not become an event; else STR_NONE */
	struct counters counters, pending; /* `pending` moves at commit */

	/* parsers: the report and row in hand */
	const struct event *template;
	struct outbox_mark row_start; /* what a failing row takes back */
	struct event **row_events;
	size_t n_row_events, row_events_capacity;
};

static inline struct worker *worker_of(struct bot *bot)
{
	return bot->worker;
}

static inline bool worker_has_input(const struct worker *w)
{
	return !w->bot.type->collect && !w->bot.type->stream;
}

static inline bool worker_hurries(const struct worker *w)
{
	return w->host.hurry && *w->host.hurry;
}

/* ---- The page: what is worked on. On the way of every row, so these are plain stores. ---- */

static inline void working_on_row(struct worker *w, size_t row)
{
	w->page->working.row = (uint32_t)row;
	w->page->working_since = clock_monotonic_about_ms();
}

static inline void working_on_message(struct worker *w, const struct message *message)
{
	w->page->working.block = message->block;
	w->page->working.at = message->at;
	working_on_row(w, 0);
}

/* What waits for the broker works on nothing: that may take long, and is no message's fault. Returns what to go on with. */
static inline uint64_t working_pauses(struct worker *w)
{
	uint64_t block = w->page->working.block;
	w->page->working.block = 0;
	return block;
}

static inline void working_goes_on(struct worker *w, uint64_t block)
{
	w->page->working.block = block;
	w->page->working_since = clock_monotonic_about_ms();
}

/* Whether the message is the one at which an earlier process of this bot died. */
static inline bool is_suspect(const struct worker *w, const struct message *message)
{
	return w->page->careful.block == message->block && w->page->careful.at == message->at;
}

/* outbox.c */
void outbox_init(struct worker *);
void outbox_fini(struct worker *);
struct outbox_mark outbox_mark(const struct worker *);
void outbox_undo(struct worker *, struct outbox_mark);
/* Puts a message on a path; a path that is not configured: 0 if `permissive`, else -1 with bot.err set. */
int outbox_add(struct worker *, const struct event *, const char *path, bool permissive);
/* What a refusal of outbox_add means: a missing path is the operator's fault, too much at once the message's. */
static inline enum result outbox_refusal(const struct worker *w)
{
	return w->bot.err.fault == FAULT_CONFIGURATION ? BAD_CONF : BAD_DATA;
}
/* The outbox as publishes for a commit, in the batch arena. */
struct publish *outbox_publishes(struct worker *);
void outbox_sent(struct worker *);

/* settle.c */
struct reaction {
	bool finished; /* the message is consumed, its emits are sent */
	bool failed;   /* counts as failure, goes to the dump and to _on_error */
	bool again;    /* tried again until error_max_retries */
	bool ends;     /* the bot stops, and is not restarted */
};
const struct reaction *reaction_to(enum result);
/* What the bot does now, for status. */
void worker_say(struct worker *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void worker_log_failure(struct worker *, enum result);
/* After the last try: dump, _on_error. The message is finished then. */
void worker_give_up(struct worker *);
/* The end that error_procedure: stop wants after a message was given up. */
void worker_obey_procedure(struct worker *);
void worker_halt(struct worker *, int exit_code);
/* Nothing more is received for so long. */
void worker_delay(struct worker *, double seconds);
void worker_pipeline_failed(struct worker *);

/* run.c: what the files of the road share */
bool worker_goes_one_by_one(const struct worker *);
void worker_forget_message(struct worker *);
struct event *worker_decode(struct worker *, const struct message *, struct arena *, struct err *);
bool worker_holds_poison(const struct worker *);
/* Dumps the message in hand without trying it: an earlier process died of it. */
void worker_quarantine(struct worker *);

/* lookups.c: the network of a bot with USES_LOOKUPS. */
int lookups_open(struct worker *, struct err *);
void lookups_close(struct worker *);
/* Takes what has come, without waiting. */
void lookups_turn(struct worker *);
/* Its descriptor for poll(2), and the milliseconds until it wants a turn; -1: none. */
int lookups_fd(const struct worker *);
int64_t lookups_wait(const struct worker *);
/* What is wrong with the servers that are asked, in words, or STR_NONE. */
struct str lookups_trouble(const struct worker *);

/* worker.c: takes the pending reload; -1 if the bot cannot start with it and was stopped. */
int worker_restart(struct worker *);

/* parse.c: the verb of all parsers. */
enum result parse_report(struct worker *, const struct event *report);
/* run.c: commits what there is of a large report; `note` counts the rows that are done. */
int worker_commit_part(struct worker *, uint64_t note);
/* The same for what a collector has emitted. */
int worker_commit_emitted(struct worker *, bool durable);
/* Between two parts: until there is room for the next one. -1: the broker is away, or the bot is to end. */
int worker_wait_for_room(struct worker *);
/* Keyed state alone, durably; what is in hand stays so. */
int worker_commit_state(struct worker *);

/* Adds an event to those of the row in hand; they are sent when its hook has returned DONE. */
void parse_emit(struct worker *, struct event *);

/* map.c: the columns of a row into the event, as the type's table says. */
enum result map_row(struct bot *, const struct row *, struct event *);

/* log.c */
void worker_log(struct worker *, enum log_level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Hands a failed message to the host, if the settings want that. */
void worker_dump(struct worker *, struct dump *);

/* worker.c: a worker with its parameters, but without broker and init, for updates; worker_close follows. */
struct worker *worker_open_alone(const struct host *, const struct worker_options *);
