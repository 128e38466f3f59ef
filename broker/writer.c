/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "broker/writer.h"

#include "broker/gap.h"
#include "broker/rules.h"
#include "lib/allocated.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { STATE_SLICE = USUAL_OR_TEST(1024 * 1024, 64) };

struct jobs {
	struct job *first, **last;
};

struct writer {
	struct store *store;
	bool threaded, ends;
	pthread_t thread;
	pthread_mutex_t mutex;
	pthread_cond_t given;
	struct jobs waiting, done;
	int fd;
};

struct job *job_new(enum job_kind kind)
{
	struct job *job = allocated(calloc(1, sizeof *job));
	job->kind = kind;
	return job;
}

void job_free(struct job *job)
{
	store_slice_free(&job->slice);
	free(job->bot);
	free((char *)(uintptr_t)job->state.p);
	free(job);
}

static void put(struct jobs *jobs, struct job *job)
{
	job->next = NULL;
	*jobs->last = job;
	jobs->last = &job->next;
}

static struct job *get(struct jobs *jobs)
{
	struct job *job = jobs->first;
	if (job && !(jobs->first = job->next))
		jobs->last = &jobs->first;
	return job;
}

static void do_job(struct writer *w, struct job *job)
{
	switch (job->kind) {
	case JOB_WRITE:
		job->stored = store_write(w->store, &job->group->group, job->again, &job->err);
		break;
	case JOB_READ:
		job->rc = store_read(w->store, job->wanted.queue, job->wanted.after, job->wanted.to,
		                     GAP_BLOCKS, GAP_SLICE, &job->slice, &job->err);
		break;
	case JOB_STATE:
		job->rc = store_read_state(w->store, str_of(job->bot), job->after, STATE_SLICE,
		                           &job->state, &job->last, &job->more, &job->err);
		break;
	}
}

static void *thread_main(void *context)
{
	struct writer *w = context;
	const uint64_t one = 1;
	pthread_mutex_lock(&w->mutex);
	while (true) {
		while (!w->ends && !w->waiting.first)
			pthread_cond_wait(&w->given, &w->mutex);
		if (w->ends)
			break;
		struct job *job = get(&w->waiting);
		pthread_mutex_unlock(&w->mutex);
		do_job(w, job);
		pthread_mutex_lock(&w->mutex);
		put(&w->done, job);
		if (write(w->fd, &one, sizeof one) < 0)
			perror("writer"); /* cannot be: the counter does not overflow */
	}
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

struct writer *writer_new(struct store *store, bool threaded)
{
	struct writer *w = allocated(calloc(1, sizeof *w));
	w->store = store;
	w->threaded = threaded;
	w->waiting.last = &w->waiting.first;
	w->done.last = &w->done.first;
	w->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->given, NULL);
	/* Signals are for the loop. */
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (w->fd < 0 || (threaded && pthread_create(&w->thread, NULL, thread_main, w) != 0)) {
		fprintf(stderr, "no thread can be started for the database\n");
		abort();
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return w;
}

static void jobs_free(struct jobs *jobs)
{
	for (struct job *job; (job = get(jobs));) {
		closed_group_free(job->group);
		job_free(job);
	}
}

void writer_free(struct writer *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->mutex);
	w->ends = true;
	pthread_cond_signal(&w->given);
	pthread_mutex_unlock(&w->mutex);
	if (w->threaded)
		pthread_join(w->thread, NULL);
	jobs_free(&w->waiting);
	jobs_free(&w->done);
	pthread_cond_destroy(&w->given);
	pthread_mutex_destroy(&w->mutex);
	close(w->fd);
	free(w);
}

int writer_fd(const struct writer *w)
{
	return w->fd;
}

void writer_give(struct writer *w, struct job *job)
{
	pthread_mutex_lock(&w->mutex);
	put(&w->waiting, job);
	pthread_cond_signal(&w->given);
	pthread_mutex_unlock(&w->mutex);
}

struct job *writer_take(struct writer *w)
{
	uint64_t count;
	pthread_mutex_lock(&w->mutex);
	if (read(w->fd, &count, sizeof count) < 0)
		count = 0; /* nothing new, which the list tells, too */
	struct job *job = get(&w->done);
	pthread_mutex_unlock(&w->mutex);
	return job;
}

bool writer_work(struct writer *w)
{
	struct job *job = get(&w->waiting);
	if (!job)
		return false;
	do_job(w, job);
	put(&w->done, job);
	return true;
}
