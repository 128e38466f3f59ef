/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * process.h - one bot as a process of its own: `<module> BOT-ID`.
 *
 * Started by hand it connects to the broker by itself, waits for one that is not there, and executes itself anew when the
 * connection breaks or the topology changed. Started by intelmqd it gets its connection and a page to tell what it does
 * (INTELMQD_BROKER_FD, INTELMQD_PAGE_FD, INTELMQD_INSTANCE), and ends in these cases: intelmqd starts it anew.
 *
 * Exit codes: 0 done or stopped, 1 error, 75 start me anew.
 */
#pragma once
#include <intelmq/bot.h>

#include "broker/broker.h"

enum { EXIT_ANEW = 75 };

struct bot_process_options {
	const char *module; /* NULL: the one that runtime.yaml names */
	const char *id;
	char *const *
		argv; /* how the program was called, to do so anew; NULL: it ends with EXIT_ANEW instead */
	const char *log_level; /* overrides logging_level; NULL: that counts */
	bool to_console;       /* log lines are shown, too */
	/* For tests: instead of the embedded broker, and of what the module's name says. Borrowed. */
	struct broker *broker;
	const struct bot_type *type;
};

/* Runs the bot until it ends, and returns the exit code. */
int bot_process_run(const struct bot_process_options *);

/* `<module> BOT-ID` as a command line. */
int bot_process_main(const char *module, int argc, char **argv);
