/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * upstream.h - jobs for somebody who may be down: how many run at once, who waits, and when to try again.
 *
 * A job fails when nobody answers it in time, or can be reached. If nothing at all was heard since it was last sent, the other side
 * counts as down: this job is over, but those that fail after it go back into the queue, where new ones wait as well. Then one
 * job at a time is sent, with growing pauses between (the oldest of those that have not failed yet, else the oldest): each
 * such probe that fails is over, too, and the first sign of life sends all that wait. So an outage costs one job a probe and loses none of the others, and a job that fails while
 * others are answered is the only one that does.
 *
 * Knows neither network nor clock: times are milliseconds of one clock that does not run backwards.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	UPSTREAM_PAUSE_MS = 1000,      /* from the first failure to the first probe; doubles */
	UPSTREAM_PAUSE_MAX_MS = 15000, /* with every probe, up to this */
};

enum upstream_place { UPSTREAM_NOWHERE, UPSTREAM_FRESH, UPSTREAM_AGAIN, UPSTREAM_RUNNING };

/* A part of the owner's job; zeroed before its first use. All private. */
struct upstream_job {
	struct upstream_job *before, *after; /* in a queue */
	enum upstream_place place;
	uint64_t heard;     /* signs of life when it was last sent */
	int64_t sent_ms;    /* when it was last sent */
	int64_t started_ms; /* when it was first sent */
};

struct upstream_queue {
	struct upstream_job *first, *last;
};

struct upstream {
	size_t at_once; /* jobs that may run */
	size_t running;
	bool down;
	int64_t down_since_ms; /* when it is down: nothing was heard after this */
	/* Private. */
	struct upstream_queue fresh, again; /* those that failed while it was down are older */
	uint64_t heard;
	int64_t pause_ms, probe_ms; /* the next probe may start at */
	struct upstream_job *probe;
};

enum upstream_verdict {
	UPSTREAM_CHARGED, /* the job is over: it failed */
	UPSTREAM_WAITS,   /* not its fault: it is in the queue again */
};

void upstream_init(struct upstream *, size_t at_once);

/* Puts a job at the end of the queue. */
void upstream_queue(struct upstream *, struct upstream_job *);

/* The next job to be sent now, which counts as running then; NULL: none waits, or none may start. Call it until NULL. */
struct upstream_job *upstream_next(struct upstream *, int64_t now_ms);

/* A running job is sent once more: what was heard before says nothing of how the other side is now. */
void upstream_again(const struct upstream *, struct upstream_job *, int64_t now_ms);

/* Something came from the other side, to whatever job. */
void upstream_heard(struct upstream *);

/* A running job found nobody. */
enum upstream_verdict upstream_failed(struct upstream *, struct upstream_job *, int64_t now_ms);

/* A job was answered, or nobody wants it any more; wherever it is. */
void upstream_end(struct upstream *, struct upstream_job *);

/* Milliseconds until time alone lets a waiting job start, or -1: it does not. */
int64_t upstream_wait_ms(const struct upstream *, int64_t now_ms);
