/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Messages whose verb waits: many at a time, who pays for failures, and what is left when it ends in the middle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <poll.h>

#include "tests/stage.h"

/* ---- A bot that waits as its messages say ---- */

static struct {
	int under_way, most, calls;
	bool down; /* nothing goes through */
} world;

/* comment: "ms[ word]"; "bad" is bad data, "later" fails once, "never" always, "more" emits a second event. */
static enum result waiter_enrich(struct bot *bot, struct event *e)
{
	struct str comment = event_get(e, "comment")->text, ms = str_cut(&comment, ' ');
	int64_t wait = 0;
	for (size_t i = 0; i < ms.n; i++)
		wait = wait * 10 + (ms.p[i] - '0');
	world.calls++;
	if (++world.under_way > world.most)
		world.most = world.under_way;
	if (str_eq(comment, S("more")) && bot_emit(bot, e) != DONE)
		return BAD_CONF;
	bot_sleep(bot, (double)wait / 1000);
	world.under_way--;
	if (world.down)
		return bot_fail(bot, TRY_LATER, "the server is down");
	if (str_eq(comment, S("never")))
		return bot_fail(bot, TRY_LATER, "this one is never answered");
	if (str_eq(comment, S("bad")))
		return event_set(e, "source.ip", S("nonsense"));
	if (str_eq(comment, S("drop")))
		return DROP;
	return event_set(e, "source.port", S("80"));
}

static const struct bot_type waiter = {
	.module = "test.waiter",
	.summary = "Waits.",
	.uses = USES_LOOKUPS,
	.enrich = waiter_enrich,
};

static void push(struct stage *s, const char *comment)
{
	char wire[200];
	snprintf(wire, sizeof wire, "{\"comment\": \"%s\", \"__type\": \"Event\"}", comment);
	stage_push(s, wire);
}

static void push_many(struct stage *s, int n, const char *comment)
{
	for (int i = 0; i < n; i++)
		push(s, comment);
}

static int setup(void **state)
{
	static struct stage stage;
	stage_init(&stage, (struct queue_limits){ 0 });
	memset(&world, 0, sizeof world);
	*state = &stage;
	return 0;
}

static int teardown(void **state)
{
	stage_fini(*state);
	return 0;
}

/* One step, and the time that it asks for: really, and on the stage's clock. */
static bool step(struct stage *s)
{
	int64_t wait = worker_step(s->worker);
	if (wait == WORKER_STOPPED)
		return false;
	if (wait > 0 && worker_is_waiting(s->worker)) {
		struct pollfd fds[WORKER_NEWS];
		worker_news(s->worker, fds);
		poll(fds, WORKER_NEWS, wait < 20 ? (int)wait : 20);
		clock_advance(1000);
	} else if (wait > 0) {
		clock_advance(wait * 1000);
	}
	return true;
}

/* Until the input is empty, or it has ended. */
static void run(struct stage *s)
{
	for (int i = 0; i < 100000 && stage_left(s, STAGE_INPUT); i++)
		if (!step(s))
			return;
}

static size_t sent(struct stage *s, const char *queue)
{
	struct str *bodies;
	return stage_sent(s, queue, &bodies);
}

/* ---- Tests ---- */

static void test_many_wait_at_a_time(void **state)
{
	struct stage *s = *state;
	push_many(s, 500, "20");
	push(s, "1 bad");
	push(s, "1 drop");
	push(s, "1 more");
	push_many(s, 500, "20");
	assert_true(stage_enter(s, &waiter));
	run(s);
	assert_int_equal(sent(s, "out"), 1002);
	assert_int_equal(s->dumps->n, 1);
	assert_int_equal(world.calls, 1003);
	assert_in_range(world.most, 500, 1000);
	assert_int_equal(worker_counters(s->worker)->received, 1003);
	assert_int_equal(worker_counters(s->worker)->dropped, 1);
	assert_int_equal(stage_left(s, STAGE_INPUT), 0);
}

static void test_concurrency_is_kept(void **state)
{
	struct stage *s = *state;
	push_many(s, 50, "2");
	stage_set(s, "concurrency", value_int(7));
	assert_true(stage_enter(s, &waiter));
	run(s);
	assert_int_equal(world.most, 7);
	assert_int_equal(sent(s, "out"), 50);
}

static void test_rate_limit_takes_one_by_one(void **state)
{
	struct stage *s = *state;
	push_many(s, 5, "2");
	stage_set(s, "rate_limit", value_int(3));
	assert_true(stage_enter(s, &waiter));
	run(s);
	assert_int_equal(world.most, 1);
	assert_int_equal(sent(s, "out"), 5);
	assert_true(stage_seconds(s) >= 12);
}

/* A message that is never answered pays itself; the others do not wait for it. */
static void test_own_failures_hold_up_nobody(void **state)
{
	struct stage *s = *state;
	push_many(s, 10, "1");
	push(s, "5 never");
	push(s, "5 never");
	push_many(s, 100, "10");
	stage_set(s, "concurrency", value_int(30));
	assert_true(stage_enter(s, &waiter));
	while (sent(s, "out") < 110)
		assert_true(step(s));
	assert_int_equal(s->dumps->n, 0);
	assert_true(stage_seconds(s) < 15);
	run(s);
	assert_int_equal(s->dumps->n, 2);
	/* Tried again at the same time, both alone, one of them may not be charged. */
	assert_in_range(world.calls, 110 + 2 * 4, 110 + 2 * 4 + 3);
	assert_true(stage_seconds(s) >= 45);
}

/* The server is down: one message pays, no more are dumped than one by one, none is lost; then all go through. */
static void test_outage_is_charged_to_one(void **state)
{
	struct stage *s = *state;
	push_many(s, 200, "2");
	world.down = true;
	assert_true(stage_enter(s, &waiter));
	while (s->dumps->n < 2)
		assert_true(step(s));
	/* 4 tries and 3 pauses of 15 s for each of the two. */
	assert_true(stage_seconds(s) >= 90);
	assert_int_equal(worker_counters(s->worker)->failed, 8);
	world.down = false;
	run(s);
	assert_int_equal(s->dumps->n, 2);
	assert_int_equal(sent(s, "out"), 198);
	assert_int_equal(stage_left(s, STAGE_INPUT), 0);
}

static void test_procedure_stop(void **state)
{
	struct stage *s = *state;
	push_many(s, 3, "1 never");
	stage_set(s, "error_max_retries", value_int(0));
	stage_set(s, "error_procedure", value_cstr("stop"));
	assert_true(stage_enter(s, &waiter));
	while (step(s))
		;
	assert_int_equal(worker_exit_code(s->worker), 1);
	assert_int_equal(s->dumps->n, 1);
	assert_int_equal(stage_left(s, STAGE_INPUT), 2);
}

/* SIGTERM with a thousand waiting: at once, and all is still there but what was finished. */
static void test_stop_abandons_what_waits(void **state)
{
	struct stage *s = *state;
	push_many(s, 20, "0");
	push_many(s, 980, "60000");
	assert_true(stage_enter(s, &waiter));
	for (int i = 0; i < 50; i++)
		step(s);
	assert_int_equal(world.under_way, 980);
	worker_stop(s->worker);
	assert_int_equal(worker_step(s->worker), WORKER_STOPPED);
	assert_int_equal(sent(s, "out"), 20);
	assert_int_equal(stage_left(s, STAGE_INPUT), 980);
	stage_leave(s);
	assert_int_equal(stage_left(s, STAGE_INPUT), 980);
}

/* A crash in the middle: what is committed is, the rest is delivered again. */
static void test_crash_and_again(void **state)
{
	struct stage *s = *state;
	push_many(s, 300, "3");
	stage_set(s, "concurrency", value_int(40));
	for (int life = 0; life < 100 && stage_left(s, STAGE_INPUT); life++) {
		assert_true(stage_enter(s, &waiter));
		for (int i = 0; i < 6 + life && stage_left(s, STAGE_INPUT); i++)
			step(s);
		stage_leave(s);
		assert_int_equal(sent(s, "out") + stage_left(s, STAGE_INPUT), 300);
	}
	assert_int_equal(sent(s, "out"), 300);
	assert_true(world.calls > 300);
}

static void test_reload_begins_anew(void **state)
{
	struct stage *s = *state;
	push_many(s, 100, "30");
	assert_true(stage_enter(s, &waiter));
	step(s);
	assert_int_equal(world.under_way, 100);
	stage_set(s, "concurrency", value_int(5));
	worker_reload(s->worker, s->parameters);
	world.under_way = world.most = 0;
	run(s);
	assert_int_equal(world.most, 5);
	assert_int_equal(sent(s, "out"), 100);
	assert_true(stage_logged(s, "Handling SIGHUP"));
}

/* A commit that fails is made again; nothing is looked up twice. */
static void test_failed_commit_is_made_again(void **state)
{
	struct stage *s = *state;
	push_many(s, 20, "1");
	s->commits_to_fail = 2;
	assert_true(stage_enter(s, &waiter));
	run(s);
	assert_int_equal(sent(s, "out"), 20);
	assert_int_equal(world.calls, 20);
}

/* What waits for more than a second does not hold up the others. */
static void test_slow_ones_hold_up_nobody(void **state)
{
	struct stage *s = *state;
	push_many(s, 10, "60000");
	push_many(s, 40, "1");
	stage_set(s, "concurrency", value_int(10));
	assert_true(stage_enter(s, &waiter));
	step(s);
	assert_int_equal(world.under_way, 10);
	clock_advance(1100 * 1000);
	while (sent(s, "out") < 40)
		assert_true(step(s));
	assert_int_equal(stage_left(s, STAGE_INPUT), 10);
}

/* What is due and may not start does not keep the worker busy. */
static void test_waits_idly(void **state)
{
	struct stage *s = *state;
	push_many(s, 3, "60000");
	push(s, "5 never");
	assert_true(stage_enter(s, &waiter));
	while (!stage_logged(s, "never answered"))
		assert_true(step(s));
	for (int i = 0; i < 5; i++) {
		clock_advance(20 * 1000 * 1000);
		int64_t wait = worker_step(s->worker);
		assert_int_equal(world.under_way, 3);
		assert_true(wait > 100);
	}
}

/* ---- Collectors ---- */

static enum result gather(struct bot *bot)
{
	bot_sleep(bot, 0.02);
	enum result result = bot_emit_report(bot, bot_new_report(bot), S("one"));
	bot_sleep(bot, 0.02);
	if (result == DONE && world.down)
		return bot_fail(bot, TRY_LATER, "the server is down");
	world.calls++;
	return result == DONE ? bot_emit_report(bot, bot_new_report(bot), S("two")) : result;
}

static const struct bot_type gatherer = {
	.module = "test.gatherer",
	.summary = "Waits and collects.",
	.uses = USES_LOOKUPS,
	.rate_limit = 60,
	.collect = gather,
};

static void test_collector_commits_when_it_returns(void **state)
{
	struct stage *s = *state;
	assert_true(stage_enter(s, &gatherer));
	size_t most = 0;
	while (world.calls < 1) {
		assert_true(step(s));
		most = sent(s, "out");
		assert_true(most == 0 || most == 2);
	}
	assert_int_equal(most, 2);
	while (world.calls < 2)
		assert_true(step(s));
	assert_true(stage_seconds(s) >= 60);
	assert_int_equal(sent(s, "out"), 4);
}

static void test_collector_fails_as_a_whole(void **state)
{
	struct stage *s = *state;
	world.down = true;
	stage_set(s, "error_max_retries", value_int(1));
	assert_true(stage_enter(s, &gatherer));
	while (!stage_logged(s, "the server is down"))
		assert_true(step(s));
	assert_int_equal(sent(s, "out"), 0);
	world.down = false;
	while (world.calls < 1)
		assert_true(step(s));
	assert_int_equal(sent(s, "out"), 2);
	assert_true(stage_seconds(s) >= 15);
	worker_stop(s->worker);
	assert_int_equal(worker_step(s->worker), WORKER_STOPPED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_many_wait_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_concurrency_is_kept, setup, teardown),
		cmocka_unit_test_setup_teardown(test_rate_limit_takes_one_by_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_own_failures_hold_up_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_outage_is_charged_to_one, setup, teardown),
		cmocka_unit_test_setup_teardown(test_procedure_stop, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stop_abandons_what_waits, setup, teardown),
		cmocka_unit_test_setup_teardown(test_crash_and_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_reload_begins_anew, setup, teardown),
		cmocka_unit_test_setup_teardown(test_failed_commit_is_made_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_slow_ones_hold_up_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_waits_idly, setup, teardown),
		cmocka_unit_test_setup_teardown(test_collector_commits_when_it_returns, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_collector_fails_as_a_whole, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
