/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ctl_bots.h - what bots do, and having it changed.
 *
 * Bots are run by intelmqd, which is asked over its socket. Beside it there may be bots that somebody else started (the
 * reference's own intelmqctl): they are recognised by their pid files, and get signals.
 */
#pragma once
#include <sys/types.h>

#include "cli/ctl.h"

enum bot_status { BOT_RUNNING, BOT_STOPPING, BOT_STOPPED, BOT_DISABLED, BOT_UNKNOWN };

struct bot_state {
	enum bot_status status;
	struct str
		reason; /* why it is not as one would think ("failed: …", "waiting: queue 'x' is full"), or STR_NONE */
	bool waits; /* it does not run, but intelmqd has something in mind for it (crashed, failed) */
	pid_t foreign; /* the process, if it runs without intelmqd; else 0 */
};

/* "running" …: the word in JSON. */
struct value bot_status_value(enum bot_status);

/* Says "Bot x is running." and the like. */
void bot_state_say(struct ctl *, const struct runtime_bot *, const struct bot_state *);

/* The states of bots. -1: intelmqd runs but does not answer, which was said. */
int bots_states(struct ctl *, const struct runtime_bot *const *bots, size_t n,
                struct bot_state *states);

/* What `status` says; the exit code. The value is the status of one bot, or {id: status}. */
int bots_report(struct ctl *, const struct runtime_bot *const *bots, size_t n, bool one,
                struct value *out);

/* ---- intelmqd ---- */

/* "start", "stop" or "reload" of these bots; waits until it is done. -1: it was said why not. */
int daemon_command(struct ctl *, const char *command, const struct runtime_bot *const *bots,
                   size_t n);

/*
 * The members of intelmqd's "bots", or NULL where no intelmqd runs; what is wrong with the broker, or STR_NONE. -1:
 * intelmqd runs, but does not answer.
 */
int daemon_status(struct ctl *, const struct dict **bots_out, struct str *broker_out);

/* Starts intelmqd in the background unless it runs. -1: it was said why not. */
int daemon_ensure(struct ctl *);

/* ---- Processes of others ---- */

/* The state by the bot's pid file; pid files of processes that are gone are removed. */
void foreign_state(struct ctl *, const struct runtime_bot *, struct bot_state *out);

/* SIGTERM, and two seconds of patience; false if it still runs then. */
bool foreign_stop(const struct ctl *, const struct runtime_bot *, pid_t);
void foreign_reload(const struct runtime_bot *, pid_t);
