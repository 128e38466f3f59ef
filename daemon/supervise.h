/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * supervise.h - when a child is started, stopped, started again and given up: the decisions alone, no processes.
 *
 * Whoever owns the child tells what happened, asks child_task what is to be done, and does it. Time is that of clock.h.
 *
 *	stopped  -> starting -> running -> stopping -> stopped
 *	starting, running -> (it ended) -> starting | crashed (waits) | failed (given up) | stopped (it was through)
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "engine/page.h"

enum {
	CHILD_BACKOFF =
		1000, /* ms before the second restart in a row; the first one is at once, each further one waits twice as long */
	CHILD_BACKOFF_MAX = 60000,
	CHILD_HEALTHY = 60000, /* who lived that long is not restarted "in a row" */
	CHILD_ASKS = 5,        /* so often a bot may ask at one place to be started anew */
	CHILD_CRASH_WINDOW = 10 * 60 * 1000,
	CHILD_MAX_CRASHES = 100,
	CHILD_ABORT = 5000, /* ms from the watchdog's SIGABRT to SIGKILL */
	CHILD_RETRY = 250,  /* ms until a start that had to wait is tried again */
	EXIT_AGAIN = 75,    /* exit code of who wants to be started anew */
};

enum child_state {
	CHILD_STOPPED,
	CHILD_STARTING,
	CHILD_RUNNING,
	CHILD_STOPPING,
	CHILD_CRASHED,
	CHILD_FAILED
};

enum child_task { TASK_NONE, TASK_START, TASK_TERM, TASK_ABORT, TASK_KILL };

struct child_limits {
	int64_t stop_ms;      /* from SIGTERM to SIGKILL */
	unsigned max_crashes; /* within CHILD_CRASH_WINDOW and without progress; 0: never given up */
	bool endless;         /* to end by itself is an error, whatever the exit code */
};

struct child {
	struct child_limits limits;
	enum child_state state;
	int64_t since_us; /* wall clock: when it came into this state */
	bool alive;       /* there is a process */
	bool again;       /* to be started after it has stopped */
	bool told;        /* the signal of this state was asked for */
	bool overdue;     /* it did not end in time and was killed */
	bool stuck;       /* the watchdog's */
	int64_t due; /* monotonic ms: when child_task has something to do; INT64_MAX: not before something happens */
	int64_t started;   /* monotonic ms */
	unsigned failures; /* in a row */
	int64_t crashes[CHILD_MAX_CRASHES];
	unsigned n_crashes;
	uint64_t restarts;    /* since it was last started by somebody */
	struct place careful; /* for the page of its next life */
	bool quarantine;
	struct place asked_at; /* where it asked to be started anew, and how often in a row */
	unsigned asked;
	char death[PAGE_STATE];
	char reason[PAGE_STATE + 100]; /* a sentence; empty: the state says it all */
};

/* How a process ended. */
struct ending {
	int status;           /* of waitpid */
	bool final;           /* it said that it must not be started again, */
	bool healable;        /* or that it is worth it: time may help */
	bool progress;        /* it had finished something */
	bool past;            /* it had come past the place where it was to be careful */
	const char *words;    /* its last ones: why; may be empty */
	struct place working; /* on what it died */
};

void child_init(struct child *, struct child_limits);

/* What is wanted of it. Start and restart forget former failures. */
void child_start(struct child *);
void child_stop(struct child *, const char *reason);
void child_restart(struct child *);

/* What is to be done now; a signal is asked for once, TASK_START until one of the next three is called. */
enum child_task child_task(struct child *);

void child_started(struct child *);
/* It cannot be started yet: asked for again after CHILD_RETRY. */
void child_delayed(struct child *, const char *reason);
/* It cannot be started at all. */
void child_refused(struct child *, const char *reason);

/* It has begun its work. */
void child_ready(struct child *);
/* It does not go on: it is ended, and that counts as a crash. */
void child_stuck(struct child *);
void child_ended(struct child *, const struct ending *);

/* True if nothing will happen to it by itself at once: what an answer waits for. */
bool child_is_settled(const struct child *);

/* "running", "crashed" … */
const char *child_state_name(enum child_state);
