/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/upstream.h"

#include <assert.h>

void upstream_init(struct upstream *upstream, size_t at_once)
{
	*upstream = (struct upstream){ .at_once = at_once };
}

static struct upstream_queue *queue_of(struct upstream *upstream, enum upstream_place place)
{
	return place == UPSTREAM_AGAIN ? &upstream->again : &upstream->fresh;
}

static void job_wait(struct upstream *upstream, struct upstream_job *job, enum upstream_place place)
{
	struct upstream_queue *queue = queue_of(upstream, place);
	job->place = place;
	job->before = queue->last;
	job->after = NULL;
	if (queue->last)
		queue->last->after = job;
	else
		queue->first = job;
	queue->last = job;
}

static void job_remove(struct upstream *upstream, struct upstream_job *job)
{
	struct upstream_queue *queue = queue_of(upstream, job->place);
	if (job->before)
		job->before->after = job->after;
	else
		queue->first = job->after;
	if (job->after)
		job->after->before = job->before;
	else
		queue->last = job->before;
	job->before = job->after = NULL;
	job->place = UPSTREAM_NOWHERE;
}

void upstream_queue(struct upstream *upstream, struct upstream_job *job)
{
	assert(job->place == UPSTREAM_NOWHERE);
	job_wait(upstream, job, UPSTREAM_FRESH);
}

/*
 * The oldest. But a probe is rather one that has not failed yet: jobs that nobody ever answers must not keep the others
 * from finding out that the other side lives.
 */
static struct upstream_job *oldest(const struct upstream *upstream)
{
	struct upstream_job *fresh = upstream->fresh.first, *again = upstream->again.first;
	if (!fresh || !again)
		return fresh ? fresh : again;
	return upstream->down ? fresh : again;
}

void upstream_again(const struct upstream *upstream, struct upstream_job *job, int64_t now_ms)
{
	job->heard = upstream->heard;
	job->sent_ms = now_ms;
}

struct upstream_job *upstream_next(struct upstream *upstream, int64_t now_ms)
{
	struct upstream_job *job = oldest(upstream);
	if (!job || upstream->running >= upstream->at_once)
		return NULL;
	if (upstream->down && (upstream->probe || now_ms < upstream->probe_ms))
		return NULL;
	job_remove(upstream, job);
	job->place = UPSTREAM_RUNNING;
	upstream_again(upstream, job, now_ms);
	job->started_ms = now_ms;
	upstream->running++;
	if (upstream->down)
		upstream->probe = job;
	return job;
}

void upstream_heard(struct upstream *upstream)
{
	upstream->heard++;
	upstream->down = false;
	upstream->probe = NULL;
}

/* The time until the next probe begins with a failure: what takes long to fail is not tried more often for it. */
static void pause_begin(struct upstream *upstream, int64_t pause_ms, int64_t now_ms)
{
	if (pause_ms > UPSTREAM_PAUSE_MAX_MS)
		pause_ms = UPSTREAM_PAUSE_MAX_MS;
	upstream->pause_ms = pause_ms;
	upstream->probe_ms = now_ms + pause_ms;
}

enum upstream_verdict upstream_failed(struct upstream *upstream, struct upstream_job *job,
                                      int64_t now_ms)
{
	bool probe = upstream->probe == job;
	bool silence = upstream->heard == job->heard;
	upstream_end(upstream, job);
	if (probe) {
		pause_begin(upstream, 2 * upstream->pause_ms, now_ms);
	} else if (upstream->down) {
		job_wait(upstream, job, UPSTREAM_AGAIN);
		return UPSTREAM_WAITS;
	} else if (silence) {
		upstream->down = true;
		upstream->down_since_ms = job->sent_ms;
		pause_begin(upstream, UPSTREAM_PAUSE_MS, now_ms);
	}
	return UPSTREAM_CHARGED;
}

void upstream_end(struct upstream *upstream, struct upstream_job *job)
{
	if (upstream->probe == job)
		upstream->probe = NULL;
	if (job->place == UPSTREAM_RUNNING) {
		upstream->running--;
		job->place = UPSTREAM_NOWHERE;
	} else if (job->place != UPSTREAM_NOWHERE) {
		job_remove(upstream, job);
	}
}

int64_t upstream_wait_ms(const struct upstream *upstream, int64_t now_ms)
{
	if (!upstream->down || upstream->probe || !oldest(upstream) ||
	    upstream->running >= upstream->at_once)
		return -1;
	return upstream->probe_ms > now_ms ? upstream->probe_ms - now_ms : 0;
}
