/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * harness.h - one bot alone: messages in, and everything that comes out collected in memory. Golden
 * tests, replays, fuzz targets and `intelmq trace` use it; nothing is written beside what the bot
 * itself writes.
 */
#pragma once
#include "engine/worker.h"

struct harness_options {
	const struct bot_type *type;
	const struct dict *parameters;
	const struct list
		*path_names;      /* configured destination paths; NULL: _default and _on_error */
	const struct dict *state; /* keyed state that is there at the start (texts); NULL: none */
	const struct data_format *format;
	const struct paths *paths; /* may be NULL */
	struct http_detour detour; /* where all web servers are */
	bool test_mode, scheduled;
	enum trust trust;
};

struct harness_line {
	enum log_level level;
	struct str text;
};

struct harness_dump {
	struct str reason, message;
	bool is_bytes;
};

struct harness;

/* NULL: the bot refused to start; err says why (the log lines are lost). */
struct harness *harness_open(const struct harness_options *, struct err *);
void harness_close(struct harness *);

/* Puts a message, as on the wire, into the bot's queue. */
void harness_push(struct harness *, struct str wire);

/* Runs until the queue is empty (collectors: `rounds` times), the bot waits, or it has ended. False: it has ended. */
bool harness_run(struct harness *, unsigned rounds);

/* Messages sent on a path so far, in order; borrowed until the next run. */
size_t harness_sent(struct harness *, struct str path, struct str **out);
const struct harness_line *harness_log(const struct harness *, size_t *n_out);
const struct harness_dump *harness_dumps(const struct harness *, size_t *n_out);
struct worker *harness_worker(const struct harness *);
