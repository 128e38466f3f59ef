/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * progress.h - what a running botnet shows: each bot's counters while it runs, at the end a table, and what was dropped
 * or failed with the reasons.
 */
#pragma once
#include "config/paths.h"
#include "engine/botnet.h"

struct progress {
	bool terminal;          /* the table is redrawn in place */
	int64_t started, shown; /* monotonic ms */
	int64_t began_us;       /* wall clock: dumps before it are of an earlier run */
	int lines;              /* on the terminal, to be overwritten */
	uint64_t *told;         /* what was told of each bot, to tell only what moved */
	size_t n_told;
};

void progress_init(struct progress *, bool terminal);
void progress_fini(struct progress *);

/* Shows the counters to standard error if it is time to: call it as often as you like. */
void progress_show(struct progress *, const struct botnet *);

/* The table at the end to standard output. The reasons of failures are read from the dumps in `paths`. */
void progress_end(struct progress *, const struct botnet *, const struct paths *);
