/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "daemon/supervise.h"

#include <intelmq/clock.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>
#include <cmocka.h>

#define NOW INT64_C(1764106965000000) /* 2025-11-25T21:42:45 */

static const struct place somewhere = { 7, 3, 0 }, elsewhere = { 7, 4, 0 };

static void wait_ms(int64_t ms)
{
	clock_advance(ms * 1000);
}

/* A child that runs. */
static struct child begin(unsigned max_crashes)
{
	struct child c;
	clock_set(NOW);
	child_init(&c, (struct child_limits){ .stop_ms = 5000, .max_crashes = max_crashes });
	assert_int_equal(TASK_NONE, child_task(&c));
	child_start(&c);
	assert_int_equal(TASK_START, child_task(&c));
	child_started(&c);
	assert_int_equal(TASK_NONE, child_task(&c));
	assert_int_equal(CHILD_STARTING, c.state);
	child_ready(&c);
	assert_int_equal(CHILD_RUNNING, c.state);
	return c;
}

static void end(struct child *c, int status)
{
	struct ending ending = { .status = status, .words = "the words" };
	child_ended(c, &ending);
}

static void end_at(struct child *c, struct place where, bool progress)
{
	struct ending ending = { .status = W_EXITCODE(0, SIGSEGV),
		                 .working = where,
		                 .progress = progress };
	child_ended(c, &ending);
}

static void start_again(struct child *c)
{
	assert_int_equal(TASK_START, child_task(c));
	child_started(c);
	child_ready(c);
}

/* How long it is until it is started again. */
static int64_t pause_of(const struct child *c)
{
	return c->due - clock_monotonic_ms();
}

static void test_stop(void **state)
{
	(void)state;
	struct child c = begin(10);
	child_stop(&c, "why");
	assert_int_equal(CHILD_STOPPING, c.state);
	assert_int_equal(TASK_TERM, child_task(&c));
	assert_int_equal(TASK_NONE, child_task(&c));
	end(&c, W_EXITCODE(0, 0));
	assert_int_equal(CHILD_STOPPED, c.state);
	assert_string_equal("why", c.reason);
	assert_true(child_is_settled(&c));
	assert_int_equal(TASK_NONE, child_task(&c));
}

static void test_stop_overdue(void **state)
{
	(void)state;
	struct child c = begin(10);
	child_stop(&c, "");
	assert_int_equal(TASK_TERM, child_task(&c));
	wait_ms(4999);
	assert_int_equal(TASK_NONE, child_task(&c));
	wait_ms(1);
	assert_int_equal(TASK_KILL, child_task(&c));
	assert_int_equal(TASK_NONE, child_task(&c));
	wait_ms(1000);
	assert_int_equal(TASK_KILL, child_task(&c));
	end(&c, W_EXITCODE(0, SIGKILL));
	assert_int_equal(CHILD_STOPPED, c.state);
	assert_string_equal("it was killed since it did not end within 5 s", c.reason);
}

static void test_stop_without_process(void **state)
{
	(void)state;
	struct child c;
	child_init(&c, (struct child_limits){ 5000, 10, false });
	child_start(&c);
	child_delayed(&c, "it waits");
	assert_string_equal("it waits", c.reason);
	child_stop(&c, "");
	assert_int_equal(CHILD_STOPPED, c.state);
	wait_ms(100000);
	assert_int_equal(TASK_NONE, child_task(&c));
}

static void test_restart(void **state)
{
	(void)state;
	struct child c = begin(10);
	child_restart(&c);
	assert_false(child_is_settled(&c));
	assert_int_equal(TASK_TERM, child_task(&c));
	end(&c, W_EXITCODE(0, 0));
	start_again(&c);
	assert_int_equal(CHILD_RUNNING, c.state);
	assert_int_equal(0, c.restarts);
	/* Start while it stops. */
	child_stop(&c, "");
	child_start(&c);
	end(&c, W_EXITCODE(0, 0));
	assert_int_equal(CHILD_STARTING, c.state);
	/* Stop takes it back. */
	start_again(&c);
	child_restart(&c);
	child_stop(&c, "");
	end(&c, W_EXITCODE(0, 0));
	assert_int_equal(CHILD_STOPPED, c.state);
}

static void test_delay(void **state)
{
	(void)state;
	struct child c;
	clock_set(NOW);
	child_init(&c, (struct child_limits){ 5000, 10, false });
	child_start(&c);
	assert_int_equal(TASK_START, child_task(&c));
	child_delayed(&c, "it waits");
	assert_int_equal(TASK_NONE, child_task(&c));
	wait_ms(CHILD_RETRY);
	assert_int_equal(TASK_START, child_task(&c));
	child_refused(&c, "no program");
	assert_int_equal(CHILD_FAILED, c.state);
	assert_int_equal(TASK_NONE, child_task(&c));
}

static void test_ends_by_itself(void **state)
{
	(void)state;
	struct child c = begin(10);
	end(&c, W_EXITCODE(0, 0));
	assert_int_equal(CHILD_STOPPED, c.state);
	assert_string_equal("the words", c.reason);
}

static void test_endless(void **state)
{
	(void)state;
	struct child c = begin(10);
	c.limits.endless = true;
	end(&c, W_EXITCODE(0, 0));
	assert_int_equal(CHILD_STARTING, c.state);
}

static void test_backoff(void **state)
{
	(void)state;
	static const int64_t seconds[] = { 0, 1, 2, 4, 8, 16, 32, 60, 60 };
	struct child c = begin(0);
	for (size_t i = 0; i < sizeof seconds / sizeof *seconds; i++) {
		end(&c, W_EXITCODE(1, 0));
		assert_int_equal(seconds[i] * 1000, pause_of(&c));
		assert_int_equal(i == 0 ? CHILD_STARTING : CHILD_CRASHED, c.state);
		assert_int_equal(i + 1, c.restarts);
		if (seconds[i]) {
			wait_ms(seconds[i] * 1000 - 1);
			assert_int_equal(TASK_NONE, child_task(&c));
			wait_ms(1);
		}
		start_again(&c);
	}
	/* Who lived long enough is started at once again. */
	wait_ms(CHILD_HEALTHY);
	end(&c, W_EXITCODE(1, 0));
	assert_int_equal(0, pause_of(&c));
}

static void test_reason_names_time(void **state)
{
	(void)state;
	struct child c = begin(10);
	end(&c, W_EXITCODE(1, 0));
	assert_string_equal("it is started again after exit code 1: the words", c.reason);
	start_again(&c);
	assert_string_equal("", c.reason);
	end(&c, W_EXITCODE(0, SIGBUS));
	assert_int_equal(CHILD_CRASHED, c.state);
	assert_string_equal("it is started again at 21:42:46 UTC after SIGBUS (Bus error)",
	                    c.reason);
}

static void test_final(void **state)
{
	(void)state;
	struct child c = begin(10);
	struct ending ending = { .status = W_EXITCODE(1, 0),
		                 .final = true,
		                 .words = "no such file" };
	child_ended(&c, &ending);
	assert_int_equal(CHILD_FAILED, c.state);
	assert_string_equal("no such file", c.reason);
	child_start(&c);
	assert_int_equal(TASK_START, child_task(&c));
}

static void test_crash_loop(void **state)
{
	(void)state;
	struct child c = begin(10);
	for (int i = 0; i < 9; i++) {
		end(&c, W_EXITCODE(0, SIGSEGV));
		assert_int_not_equal(CHILD_FAILED, c.state);
		wait_ms(pause_of(&c));
		start_again(&c);
	}
	end(&c, W_EXITCODE(0, SIGSEGV));
	assert_int_equal(CHILD_FAILED, c.state);
	assert_string_equal("it died 10 times in 10 minutes without finishing anything, at last of "
	                    "SIGSEGV (Segmentation fault)",
	                    c.reason);
	wait_ms(CHILD_CRASH_WINDOW);
	assert_int_equal(TASK_NONE, child_task(&c));
	/* Somebody starts it: it has all its lives again. */
	child_start(&c);
	start_again(&c);
	end(&c, W_EXITCODE(0, SIGSEGV));
	assert_int_equal(CHILD_STARTING, c.state);
}

static void test_what_time_may_heal(void **state)
{
	(void)state;
	struct child c = begin(3);
	struct ending ending = { .status = W_EXITCODE(1, 0),
		                 .healable = true,
		                 .words = "no database" };
	for (int i = 0; i < 20; i++) {
		child_ended(&c, &ending);
		assert_int_not_equal(CHILD_FAILED, c.state);
		wait_ms(pause_of(&c));
		start_again(&c);
	}
}

static void test_crashes_with_progress(void **state)
{
	(void)state;
	struct child c = begin(3);
	for (int i = 0; i < 20; i++) {
		end_at(&c, (struct place){ 0 }, true);
		assert_int_not_equal(CHILD_FAILED, c.state);
		wait_ms(pause_of(&c));
		start_again(&c);
	}
	assert_true(c.failures > 10); /* but they wait all the same */
}

static void test_crashes_far_apart(void **state)
{
	(void)state;
	struct child c = begin(3);
	for (int i = 0; i < 20; i++) {
		end(&c, W_EXITCODE(0, SIGSEGV));
		assert_int_not_equal(CHILD_FAILED, c.state);
		wait_ms(pause_of(&c));
		start_again(&c);
		wait_ms(CHILD_CRASH_WINDOW / 2);
	}
}

static void test_killed_from_outside(void **state)
{
	(void)state;
	static const int numbers[] = { SIGKILL, SIGTERM, SIGINT, SIGHUP };
	struct child c = begin(2);
	for (int i = 0; i < 40; i++) {
		struct ending ending = { .status = W_EXITCODE(0, numbers[i % 4]),
			                 .working = somewhere };
		child_ended(&c, &ending);
		assert_int_not_equal(CHILD_FAILED, c.state);
		assert_int_equal(0, c.careful.block);
		wait_ms(pause_of(&c));
		start_again(&c);
	}
}

static void ask_at(struct child *c, struct place where)
{
	struct ending ending = { .status = W_EXITCODE(EXIT_AGAIN, 0), .working = where };
	child_ended(c, &ending);
	wait_ms(pause_of(c));
	start_again(c);
}

/* What the broker cuts off at one place, again and again, is given up there. */
static void test_asks_at_one_place(void **state)
{
	(void)state;
	struct child c = begin(10);
	for (int i = 1; i < CHILD_ASKS; i++) {
		ask_at(&c, somewhere);
		assert_int_equal(0, c.careful.block);
	}
	ask_at(&c, somewhere);
	assert_memory_equal(&somewhere, &c.careful, sizeof somewhere);
	for (int i = 0; i < CHILD_ASKS; i++) {
		assert_false(c.quarantine);
		ask_at(&c, somewhere);
	}
	assert_true(c.quarantine);
	assert_non_null(strstr(c.death, "being cut off by the broker 5 times"));
}

/* A broker that dies again and again meets its bots at different places. */
static void test_asks_at_other_places(void **state)
{
	(void)state;
	struct child c = begin(10);
	for (int i = 0; i < 20; i++) {
		ask_at(&c, i % 2 ? somewhere : elsewhere);
		assert_int_equal(0, c.careful.block);
	}
}

static void test_start_anew(void **state)
{
	(void)state;
	struct child c = begin(1);
	wait_ms(5000);
	end(&c, W_EXITCODE(EXIT_AGAIN, 0));
	assert_int_equal(CHILD_STARTING, c.state);
	assert_int_equal(0, pause_of(&c));
	for (int i = 0; i < 20; i++) {
		start_again(&c);
		end(&c, W_EXITCODE(EXIT_AGAIN, 0));
		assert_int_equal(CHILD_STARTING, c.state);
		assert_int_equal(CHILD_BACKOFF, pause_of(&c));
		wait_ms(CHILD_BACKOFF);
	}
	assert_int_equal(0, c.failures);
}

static void test_poison(void **state)
{
	(void)state;
	struct child c = begin(10);
	end_at(&c, somewhere, false);
	assert_int_equal(7, c.careful.block);
	assert_int_equal(3, c.careful.at);
	assert_false(c.quarantine);
	start_again(&c);
	/* It dies somewhere else: that is the place now. */
	end_at(&c, elsewhere, false);
	assert_int_equal(4, c.careful.at);
	assert_false(c.quarantine);
	wait_ms(1000);
	start_again(&c);
	/* Killed from outside meanwhile: the suspicion stays. */
	end(&c, W_EXITCODE(0, SIGKILL));
	assert_int_equal(4, c.careful.at);
	wait_ms(2000);
	start_again(&c);
	end_at(&c, elsewhere, false);
	assert_true(c.quarantine);
	assert_string_equal(
		"the bot died twice of SIGSEGV (Segmentation fault) at this place: message "
		"4 of block 7",
		c.death);
	wait_ms(4000);
	start_again(&c);
	/* It came past it. */
	end(&c, W_EXITCODE(1, 0));
	assert_int_equal(0, c.careful.block);
	wait_ms(8000);
	start_again(&c);
	end_at(&c, (struct place){ 9, 1, 17 }, false);
	assert_false(c.quarantine);
	assert_non_null(strstr(c.death, "message 1 of block 9, row 17"));
}

static void test_no_place_is_no_poison(void **state)
{
	(void)state;
	struct child c = begin(10);
	end_at(&c, (struct place){ 0 }, false);
	start_again(&c);
	end_at(&c, (struct place){ 0 }, false);
	assert_false(c.quarantine);
}

static void test_watchdog(void **state)
{
	(void)state;
	struct child c = begin(10);
	child_stuck(&c);
	assert_int_equal(TASK_ABORT, child_task(&c));
	child_stuck(&c);
	assert_int_equal(TASK_NONE, child_task(&c));
	wait_ms(CHILD_ABORT);
	assert_int_equal(TASK_KILL, child_task(&c));
	struct ending ending = { .status = W_EXITCODE(0, SIGKILL), .working = somewhere };
	child_ended(&c, &ending);
	assert_int_equal(CHILD_STARTING, c.state);
	assert_int_equal(7, c.careful.block);
	assert_non_null(strstr(c.death, "the watchdog's limit"));
	start_again(&c);
	assert_int_equal(CHILD_RUNNING, c.state);
	assert_int_equal(TASK_NONE, child_task(&c));
}

static void test_stop_while_it_waits(void **state)
{
	(void)state;
	struct child c = begin(10);
	end(&c, W_EXITCODE(1, 0));
	start_again(&c);
	end(&c, W_EXITCODE(1, 0));
	assert_int_equal(CHILD_CRASHED, c.state);
	child_stop(&c, "");
	assert_int_equal(CHILD_STOPPED, c.state);
	wait_ms(60000);
	assert_int_equal(TASK_NONE, child_task(&c));
}

static void test_stop_while_it_crashes(void **state)
{
	(void)state;
	struct child c = begin(10);
	child_stop(&c, "");
	assert_int_equal(TASK_TERM, child_task(&c));
	end_at(&c, somewhere, false);
	assert_int_equal(CHILD_STOPPED, c.state);
	assert_int_equal(7, c.careful.block); /* for when it is started again */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stop),
		cmocka_unit_test(test_stop_overdue),
		cmocka_unit_test(test_stop_without_process),
		cmocka_unit_test(test_restart),
		cmocka_unit_test(test_delay),
		cmocka_unit_test(test_ends_by_itself),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_backoff),
		cmocka_unit_test(test_reason_names_time),
		cmocka_unit_test(test_final),
		cmocka_unit_test(test_crash_loop),
		cmocka_unit_test(test_what_time_may_heal),
		cmocka_unit_test(test_crashes_with_progress),
		cmocka_unit_test(test_crashes_far_apart),
		cmocka_unit_test(test_killed_from_outside),
		cmocka_unit_test(test_asks_at_one_place),
		cmocka_unit_test(test_asks_at_other_places),
		cmocka_unit_test(test_start_anew),
		cmocka_unit_test(test_poison),
		cmocka_unit_test(test_no_place_is_no_poison),
		cmocka_unit_test(test_watchdog),
		cmocka_unit_test(test_stop_while_it_waits),
		cmocka_unit_test(test_stop_while_it_crashes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
