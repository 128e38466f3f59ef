/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * worker.h - one running bot, and what surrounds it.
 *
 * Whoever runs workers (a process per bot, the whole botnet in one process, a test) gives each its
 * host: broker, data format, places, and where log lines and dumps go. Then it calls worker_step
 * again and again.
 */
#pragma once
#include <intelmq/bot.h>

#include "broker/broker.h"
#include "config/paths.h"
#include "engine/settings.h"
#include "message/codec.h"
#include "net/http.h"
#include "state/table.h"

#include <poll.h>
#include <signal.h>

/* A message or row that failed, as it goes into the dump file. */
struct dump {
	struct str bot_id, source_queue;
	struct str reason;   /* one or several lines */
	bool reason_is_text; /* parser rows: a text; else a list of lines */
	struct str message;  /* JSON text of the message, or bytes */
	bool is_bytes;       /* written as base64 */
};

struct worker_page;

struct host {
	struct broker *broker;
	const struct data_format *format;
	const struct paths *paths;
	enum trust trust; /* whether what lies in the queues was written by bots of this botnet */
	bool test_mode; /* bots may use data that is built in; nothing is written beside their outputs */
	struct worker_page *page; /* shared with intelmqd; NULL: nobody watches */
	/* Not 0: it shall end soon; what is in the middle of a batch or report is committed as far as it came. NULL: never. */
	const volatile sig_atomic_t *hurry;
	struct http_detour detour; /* tests: where all web servers are */
	void *context;
	void (*log)(void *context, const char *bot_id, enum log_level, struct str text);
	int (*dump)(void *context, const struct settings *, const struct dump *, struct err *);
};

/* One bot of runtime.yaml. All is borrowed and must outlive the worker. */
struct worker_options {
	const char *id;
	unsigned instance; /* of several processes that run this bot */
	const struct bot_type *type;
	const struct dict *parameters;
	struct str source_queue;         /* ignored for collectors */
	const struct dict *destinations; /* path -> list of queue names */
	bool scheduled;                  /* run_mode: stop after one message or collection */
};

/* Counters since the start; they move when a commit has succeeded. */
struct counters {
	uint64_t received, sent, dropped, failed, dumped, succeeded;
};

struct worker;

/* Reads the parameters, connects, and calls the bot's init. NULL: err says why; findings went to the log. */
struct worker *worker_open(const struct host *, const struct worker_options *, struct err *);
/* Calls fini; what was claimed goes back to the queue. */
void worker_close(struct worker *);

enum { WORKER_STOPPED = -1 };

/*
 * One round of the road. Returns the milliseconds after which the worker wants the next one: 0 if there is more to do,
 * WORKER_IDLE if it waits for messages and the broker has no descriptor that tells of them, WORKER_FOREVER if it has;
 * WORKER_STOPPED when it has ended.
 */
enum { WORKER_IDLE = 1000 };
#define WORKER_FOREVER INT64_MAX
int64_t worker_step(struct worker *);

/*
 * What ends the wait before its time, for poll(2): news of the broker, or only the end of the connection (no events)
 * while the worker lets time pass; and answers to what it has asked others.
 */
enum { WORKER_NEWS = 2 };
void worker_news(const struct worker *, struct pollfd out[WORKER_NEWS]);

/* True while look-ups are under way, or a stream is open: real time must pass. */
bool worker_is_waiting(const struct worker *);

/* Bytes that the deepest stack of a verb that waits has used so far, and how many there are; slow, for tests. */
size_t worker_stack_depth(struct worker *, size_t *size_out);

/* True once the connection to the broker is gone: close the worker, and begin anew with nothing in memory. */
bool worker_is_cut_off(const struct worker *);

/* At the next round the bot is initialised again with a copy of these parameters (SIGHUP). */
void worker_reload(struct worker *, const struct dict *parameters);

/* Ends it after what it has in hand is committed; the next step returns WORKER_STOPPED. */
void worker_stop(struct worker *);

/* Ends it at once; what it has in hand goes back. worker_close follows. */
void worker_end(struct worker *);

bool worker_has_ended(const struct worker *);
/* True if the next step is the last one. */
bool worker_is_ending(const struct worker *);

/* 0, or 1 after an error; meaningful once it has stopped. */
int worker_exit_code(const struct worker *);

const struct counters *worker_counters(const struct worker *);
/* Messages sent on a path since the start. */
uint64_t worker_sent(const struct worker *, const char *path);
/* What it does: "running", "waiting for messages", "queue x is full", "stopped: …"; borrowed. */
const char *worker_state(const struct worker *);
const char *worker_id(const struct worker *);
/* Its connection, to wait for news (consumer_fd); NULL once it has ended. */
struct consumer *worker_consumer(const struct worker *);
const struct bot_type *worker_type(const struct worker *);
struct state_table *worker_keyed_state(struct worker *);

/* The bot's cache (cache.h), for replays and tests. */
void worker_cache_set(struct worker *, struct str key, struct str value);
void worker_cache_each(struct worker *,
                       void (*each)(void *context, struct str key, struct str value),
                       void *context);

/*
 * Runs the parameter checks of a bot without starting it: the settings', the type's own table, and the
 * type's check. `findings` gets what is wrong.
 */
void worker_check(const struct host *, const struct worker_options *, struct findings *);
