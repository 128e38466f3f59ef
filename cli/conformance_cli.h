/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * conformance_cli.h - replaying recorded command lines of the reference's intelmqctl against ours.
 *
 * Each case runs this very program, through a link named intelmqctl, in a scratch installation. State that a case needs
 * (`given`) is made first: bots started by our intelmqctl, messages put into the broker, files written.
 */
#pragma once
#include <sys/types.h>

#include "cli/conformance.h"
#include "config/paths.h"

struct broker;
struct consumer;

/* A scratch installation. */
struct place {
	struct conformance *c;
	const char *root, *bin;
	const struct paths *paths;
	const char *suite;
	const char *lacks;         /* why nothing of this suite can be replayed yet, or NULL */
	int patience_ms;           /* with one run */
	struct broker *broker;     /* connected where messages were wanted, else NULL */
	struct consumer *consumer; /* holds messages as a working bot does, or NULL */
	pid_t stranger;            /* a process that is no bot, 0: none */
	pid_t broker_pid;          /* a broker that was started without intelmqd, 0: none */
};

/* What a program gave. */
struct run_result {
	int exit;  /* -1: it was killed */
	bool late; /* it did not end by itself in time */
	struct str out, err;
};

/* Runs intelmqctl in the place; `input` may be STR_NONE. */
struct run_result place_run(const struct place *, struct arena *, const struct list *argv,
                            struct str input);

/* The same for arguments in one text, separated by spaces: for making states. */
int place_control(const struct place *, const char *arguments);

/* Makes the place: folders, links, the configuration of the recordings. -1: err says why not. */
int place_init(struct place *, struct err *);
/* Gives it the configuration of the recordings (again). */
int place_configure(struct place *, struct err *);
/* Starts a broker without intelmqd. */
int place_start_broker(struct place *);
/* Ends what runs in it, and removes it. */
void place_fini(struct place *);

/* Why the state that a case needs cannot be made here at all; NULL: it can. */
const char *place_lacks(const struct place *, const struct dict *);
/* Makes the state that a case needs. NULL, or what went wrong. */
const char *place_prepare(struct place *, const struct dict *);

/* {queue: messages}, internal queues too; NULL: the broker does not run. */
struct dict *place_queues(struct place *, struct arena *);

/* ---- Comparing; recorded texts hold placeholders ---- */

/* The placeholders of the place's own paths are replaced. */
struct str recorded_text(const struct place *, struct arena *, struct str);

/* True if they agree; other placeholders match what they stand for. */
bool text_matches(struct str recorded, struct str ours);
bool value_matches(const struct place *, struct arena *, struct value recorded, struct value ours);

/* As text_matches, but the kind is enough for usage texts and tracebacks. */
bool output_matches(struct str recorded, struct str ours);

/* Replays the suites of <dir>/cli into the report. */
void conformance_cli(struct conformance *);
