/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * page.h - memory that a worker shares with intelmqd: what it does, what it has counted, and what it works on.
 *
 * The worker writes, intelmqd reads at any time and after its death; nothing else passes between them. What is read here
 * is never trusted: a hijacked worker may write anything. Before it starts a worker after a crash, intelmqd says in
 * `careful` how far to be careful. The broker has one, too, of which only `state` counts: why bots must wait, or empty.
 */
#pragma once
#include <intelmq/err.h>
#include <stdint.h>

#include "engine/worker.h"

enum { PAGE_VERSION = 1, PAGE_STATE = 300, PAGE_SANDBOX = 100 };

/* A place in the stream of a bot: a message, and in a parser the row of it. */
struct place {
	uint64_t block; /* 0: nowhere */
	uint32_t at;
	uint32_t row; /* 0: not at a row */
};

struct worker_page {
	uint32_t version;
	uint32_t initialised; /* 1 once init is done */
	uint32_t exits;       /* 1 when it ends by itself; the exit code is final then */
	/* 1 if it is worth starting again after that: time may heal it (no broker, an init that says TRY_LATER), or exit code
	 * 75 asked for it. 0 after BAD_CONF, error_procedure, SIGTERM, the end of a scheduled run. */
	uint32_t restart;
	char state[PAGE_STATE]; /* worker_state, a sentence */
	struct counters counters;
	struct place
		working; /* on what; block 0: on nothing; row 0: not at a row that can be left out */
	int64_t working_since; /* monotonic ms; for the watchdog */

	/* Written by intelmqd before the start; the worker sets `careful.block` to 0 once it is past the place. */
	struct place
		careful; /* one message at a time, and this row alone, until past this place; block 0: no need */
	uint32_t quarantine; /* 1: do not try that place again, dump it alone; `death` says why */
	char death[PAGE_STATE];

	char sandbox[PAGE_SANDBOX]; /* what is in force, or "none: why"; empty: this bot has none */
};

/* Maps the page that intelmqd handed over, and closes the descriptor. */
int page_map(int fd, struct worker_page **out, struct err *);
void page_unmap(struct worker_page *); /* NULL: nothing */
