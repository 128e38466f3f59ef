/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/upstream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { N = 8 };

struct world {
	struct upstream upstream;
	struct upstream_job jobs[N];
	int64_t now;
};

static struct world world_of(size_t at_once)
{
	struct world w = { .now = 1000 };
	upstream_init(&w.upstream, at_once);
	return w;
}

static void queue(struct world *w, size_t jobs)
{
	for (size_t i = 0; i < jobs; i++)
		upstream_queue(&w->upstream, &w->jobs[i]);
}

/* The number of the job that is sent now, or -1. */
static int next(struct world *w)
{
	struct upstream_job *job = upstream_next(&w->upstream, w->now);
	return job ? (int)(job - w->jobs) : -1;
}

static enum upstream_verdict failed(struct world *w, int job)
{
	return upstream_failed(&w->upstream, &w->jobs[job], w->now);
}

static void answered(struct world *w, int job)
{
	upstream_heard(&w->upstream);
	upstream_end(&w->upstream, &w->jobs[job]);
}

static void test_order_and_limit(void **state)
{
	(void)state;
	struct world w = world_of(2);
	queue(&w, 4);
	assert_int_equal(next(&w), 0);
	assert_int_equal(next(&w), 1);
	assert_int_equal(next(&w), -1);
	assert_int_equal(upstream_wait_ms(&w.upstream, w.now), -1);
	answered(&w, 1);
	assert_int_equal(next(&w), 2);
	assert_int_equal(next(&w), -1);
	answered(&w, 0);
	answered(&w, 2);
	assert_int_equal(next(&w), 3);
	assert_int_equal(next(&w), -1);
	answered(&w, 3);
	assert_int_equal(w.upstream.running, 0);
}

static void test_one_fails_among_others(void **state)
{
	(void)state;
	struct world w = world_of(N);
	queue(&w, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(next(&w), i);
	answered(&w, 1);
	w.now += 5000;
	assert_int_equal(failed(&w, 0), UPSTREAM_CHARGED);
	assert_false(w.upstream.down);
	assert_int_equal(failed(&w, 2), UPSTREAM_CHARGED);
	assert_false(w.upstream.down);
}

/* What was answered before the last try of the others does not make their failure their own. */
static void test_last_try_counts(void **state)
{
	(void)state;
	struct world w = world_of(N);
	queue(&w, 4);
	for (int i = 0; i < 4; i++)
		assert_int_equal(next(&w), i);
	answered(&w, 0);
	w.now = 3000;
	for (int i = 1; i < 4; i++)
		upstream_again(&w.upstream, &w.jobs[i], w.now);
	w.now = 5000;
	assert_int_equal(failed(&w, 1), UPSTREAM_CHARGED);
	assert_true(w.upstream.down);
	assert_int_equal(w.upstream.down_since_ms, 3000);
	assert_int_equal(failed(&w, 2), UPSTREAM_WAITS);
	assert_int_equal(failed(&w, 3), UPSTREAM_WAITS);
}

/* Down: 0 is charged, 1 and 2 wait. Probes are new ones first; when it is up again, 1 and 2 come before the others. */
static void test_outage(void **state)
{
	(void)state;
	struct world w = world_of(3);
	queue(&w, 6);
	for (int i = 0; i < 3; i++)
		assert_int_equal(next(&w), i);
	w.now = 6000;
	assert_int_equal(failed(&w, 0), UPSTREAM_CHARGED);
	assert_true(w.upstream.down);
	assert_int_equal(w.upstream.down_since_ms, 1000);
	assert_int_equal(next(&w), -1);
	assert_int_equal(upstream_wait_ms(&w.upstream, w.now), 1000);
	assert_int_equal(failed(&w, 1), UPSTREAM_WAITS);
	assert_int_equal(failed(&w, 2), UPSTREAM_WAITS);
	w.now = 6999;
	assert_int_equal(next(&w), -1);
	w.now = 7000;
	assert_int_equal(next(&w), 3);
	assert_int_equal(next(&w), -1);
	assert_int_equal(upstream_wait_ms(&w.upstream, w.now), -1);
	w.now = 12000;
	assert_int_equal(failed(&w, 3), UPSTREAM_CHARGED);
	assert_int_equal(w.upstream.down_since_ms, 1000);
	assert_int_equal(upstream_wait_ms(&w.upstream, w.now), 2000);
	w.now = 14000;
	assert_int_equal(next(&w), 4);
	answered(&w, 4);
	assert_false(w.upstream.down);
	assert_int_equal(next(&w), 1);
	assert_int_equal(next(&w), 2);
	assert_int_equal(next(&w), 5);
	assert_int_equal(next(&w), -1);
}

/* Without new ones, those that have failed are tried again. */
static void test_old_jobs_are_probes_too(void **state)
{
	(void)state;
	struct world w = world_of(3);
	queue(&w, 3);
	for (int i = 0; i < 3; i++)
		assert_int_equal(next(&w), i);
	assert_int_equal(failed(&w, 1), UPSTREAM_CHARGED);
	assert_int_equal(failed(&w, 0), UPSTREAM_WAITS);
	assert_int_equal(failed(&w, 2), UPSTREAM_WAITS);
	w.now += 1000;
	assert_int_equal(next(&w), 0);
	assert_int_equal(failed(&w, 0), UPSTREAM_CHARGED);
	w.now += 2000;
	assert_int_equal(next(&w), 2);
	answered(&w, 2);
	assert_int_equal(w.upstream.running, 0);
}

static void test_pauses_grow_to_a_limit(void **state)
{
	(void)state;
	static const int64_t pauses[] = { 1000, 2000, 4000, 8000, 15000, 15000, 15000 };
	struct world w = world_of(N);
	queue(&w, 8);
	assert_int_equal(next(&w), 0);
	for (int i = 0; i < 7; i++) {
		assert_int_equal(failed(&w, i), UPSTREAM_CHARGED);
		assert_int_equal(upstream_wait_ms(&w.upstream, w.now), pauses[i]);
		w.now += pauses[i];
		assert_int_equal(next(&w), i + 1);
	}
	/* After a sign of life a new outage begins with short pauses. */
	answered(&w, 7);
	queue(&w, 2);
	assert_int_equal(next(&w), 0);
	assert_int_equal(failed(&w, 0), UPSTREAM_CHARGED);
	assert_int_equal(upstream_wait_ms(&w.upstream, w.now), 1000);
}

static void test_late_answer_is_a_sign_of_life(void **state)
{
	(void)state;
	struct world w = world_of(N);
	queue(&w, 4);
	for (int i = 0; i < 3; i++)
		assert_int_equal(next(&w), i);
	assert_int_equal(next(&w), 3);
	w.now += 5000;
	assert_int_equal(failed(&w, 0), UPSTREAM_CHARGED);
	assert_int_equal(failed(&w, 1), UPSTREAM_WAITS);
	answered(&w, 2);
	assert_false(w.upstream.down);
	assert_int_equal(next(&w), 1);
	/* 3 was sent before: what was heard meanwhile shows that the others are answered. */
	assert_int_equal(failed(&w, 3), UPSTREAM_CHARGED);
	assert_false(w.upstream.down);
}

static void test_nobody_wants_it_any_more(void **state)
{
	(void)state;
	struct world w = world_of(1);
	queue(&w, 4);
	upstream_end(&w.upstream, &w.jobs[1]);
	assert_int_equal(next(&w), 0);
	assert_int_equal(failed(&w, 0), UPSTREAM_CHARGED);
	w.now += 1000;
	assert_int_equal(next(&w), 2);
	/* A probe that is given up says nothing; the next one may start at once. */
	upstream_end(&w.upstream, &w.jobs[2]);
	assert_true(w.upstream.down);
	assert_int_equal(upstream_wait_ms(&w.upstream, w.now), 0);
	assert_int_equal(next(&w), 3);
	upstream_end(&w.upstream, &w.jobs[3]);
	upstream_end(&w.upstream, &w.jobs[3]);
	assert_int_equal(w.upstream.running, 0);
	assert_int_equal(next(&w), -1);
	assert_int_equal(upstream_wait_ms(&w.upstream, w.now), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_and_limit),
		cmocka_unit_test(test_one_fails_among_others),
		cmocka_unit_test(test_last_try_counts),
		cmocka_unit_test(test_outage),
		cmocka_unit_test(test_old_jobs_are_probes_too),
		cmocka_unit_test(test_pauses_grow_to_a_limit),
		cmocka_unit_test(test_late_answer_is_a_sign_of_life),
		cmocka_unit_test(test_nobody_wants_it_any_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
