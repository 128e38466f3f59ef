/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * writer.h - does the work on the database beside the broker's loop: writes groups, reads slices.
 *
 * Jobs are done in the order in which they were given. With a thread of its own, `writer_fd` becomes readable when one is
 * done; without one (tests that decide about every step) writer_work does the next job.
 */
#pragma once
#include "broker/core.h"
#include "broker/journal.h"
#include "broker/store.h"

enum job_kind { JOB_WRITE, JOB_READ, JOB_STATE };

struct job {
	struct job *next;
	enum job_kind kind;
	struct err err;

	struct closed_group *group; /* JOB_WRITE */
	bool again;
	enum stored stored;

	struct slice_wanted wanted; /* JOB_READ */
	struct store_slice slice;

	uint64_t client; /* JOB_STATE: for whom */
	char *bot;       /* NUL-terminated, the job's */
	uint64_t after, last;
	struct str state; /* heap */
	bool more;

	int rc; /* of a reading job */
};

struct writer;

struct writer *writer_new(struct store *, bool threaded);
/* Waits for the job in hand; others are given up. */
void writer_free(struct writer *);
int writer_fd(const struct writer *);

struct job *job_new(enum job_kind);
void job_free(struct job *);

void writer_give(struct writer *, struct job *);
/* The oldest job that is done, or NULL. The caller frees it. */
struct job *writer_take(struct writer *);
/* Without a thread: does the oldest job; false if there is none. */
bool writer_work(struct writer *);
