/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * run_bot.h - `intelmqctl run`: one bot in the foreground, as a whole or one step of it.
 *
 * Its log lines are shown as well as written. A running instance of the bot has to be stopped before: the broker accepts a
 * bot once.
 */
#pragma once
#include "broker/broker.h"
#include "config/paths.h"

enum run_step {
	RUN_WHOLE,   /* until it is interrupted */
	RUN_GET,     /* prints the next message and leaves it where it is */
	RUN_POP,     /* prints it and takes it away */
	RUN_SEND,    /* sends `message` to the bot's destinations */
	RUN_PROCESS, /* one message, or one collection */
};

struct run_options {
	const struct paths *paths;
	const char *bot_id;
	const char *log_level; /* NULL: that of runtime.yaml */
	enum run_step step;
	const char *message; /* JSON, or the name of a file; NULL: none */
	bool dryrun, show_sent;
	char *const *
		argv; /* RUN_WHOLE: as the program was called, to begin anew when the broker was restarted; or NULL */
	struct broker *broker; /* tests: instead of the embedded one */
};

/* The exit code: 0, or 1 after an error that was printed. */
int run_bot(const struct run_options *);
