/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "daemon/supervise.h"

#include <intelmq/clock.h>
#include <intelmq/datetime.h>

#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>

enum fate { FATE_OVER, FATE_ANEW, FATE_KILLED, FATE_LATER, FATE_ERROR, FATE_CRASH, FATE_FINAL };

const char *child_state_name(enum child_state state)
{
	static const char *const names[] = { "stopped",  "starting", "running",
		                             "stopping", "crashed",  "failed" };
	return names[state];
}

__attribute__((format(printf, 2, 3))) static void set_reason(struct child *c, const char *format,
                                                             ...)
{
	va_list list;
	va_start(list, format);
	vsnprintf(c->reason, sizeof c->reason, format, list);
	va_end(list);
}

static void enter(struct child *c, enum child_state state, int64_t due)
{
	if (state != c->state)
		c->since_us = clock_now_us();
	c->state = state;
	c->due = due;
	c->told = false;
}

void child_init(struct child *c, struct child_limits limits)
{
	*c = (struct child){ .limits = limits, .due = INT64_MAX, .since_us = clock_now_us() };
	if (c->limits.max_crashes > CHILD_MAX_CRASHES)
		c->limits.max_crashes = CHILD_MAX_CRASHES;
}

static void forget_failures(struct child *c)
{
	c->failures = 0;
	c->n_crashes = 0;
	c->restarts = 0;
}

void child_start(struct child *c)
{
	if (c->state == CHILD_STOPPING) {
		c->again = true;
	} else if (c->state != CHILD_STARTING && c->state != CHILD_RUNNING) {
		forget_failures(c);
		set_reason(c, "%s", "");
		enter(c, CHILD_STARTING, clock_monotonic_ms());
	}
}

void child_stop(struct child *c, const char *reason)
{
	c->again = false;
	if (c->state == CHILD_STOPPING)
		return;
	set_reason(c, "%s", reason);
	if (c->alive)
		enter(c, CHILD_STOPPING, clock_monotonic_ms());
	else
		enter(c, CHILD_STOPPED, INT64_MAX);
}

void child_restart(struct child *c)
{
	if (c->alive)
		child_stop(c, "it is started again");
	child_start(c);
}

/* The signal of a state first, SIGKILL when it was not enough, and again each second (a process in the kernel). */
static enum child_task signal_task(struct child *c, enum child_task first, int64_t patience)
{
	enum child_task task = c->told ? TASK_KILL : first;
	c->overdue = c->told;
	c->due = clock_monotonic_ms() + (c->told ? 1000 : patience);
	c->told = true;
	return task;
}

enum child_task child_task(struct child *c)
{
	if (clock_monotonic_ms() < c->due)
		return TASK_NONE;
	switch (c->state) {
	case CHILD_STARTING:
		if (c->stuck)
			return signal_task(c, TASK_ABORT, CHILD_ABORT);
		return c->alive ? TASK_NONE : TASK_START;
	case CHILD_CRASHED:
		enter(c, CHILD_STARTING, clock_monotonic_ms());
		return TASK_START;
	case CHILD_RUNNING:
		return signal_task(c, TASK_ABORT, CHILD_ABORT);
	case CHILD_STOPPING:
		return signal_task(c, TASK_TERM, c->limits.stop_ms);
	case CHILD_STOPPED:
	case CHILD_FAILED:
		break;
	}
	return TASK_NONE;
}

void child_started(struct child *c)
{
	c->alive = true;
	c->stuck = false;
	c->overdue = false;
	c->started = clock_monotonic_ms();
	c->due = INT64_MAX;
	set_reason(c, "%s", "");
}

void child_delayed(struct child *c, const char *reason)
{
	set_reason(c, "%s", reason);
	c->due = clock_monotonic_ms() + CHILD_RETRY;
}

void child_refused(struct child *c, const char *reason)
{
	set_reason(c, "%s", reason);
	enter(c, CHILD_FAILED, INT64_MAX);
}

void child_ready(struct child *c)
{
	if (c->state == CHILD_STARTING && c->alive && !c->stuck)
		enter(c, CHILD_RUNNING, INT64_MAX);
}

void child_stuck(struct child *c)
{
	if (c->stuck || !c->alive || c->state == CHILD_STOPPING)
		return;
	c->stuck = true;
	c->due = clock_monotonic_ms();
}

/* Deaths that say something about the message in hand. SIGKILL, SIGTERM and their like come from outside. */
static bool is_crash(int number)
{
	return number == SIGSEGV || number == SIGBUS || number == SIGABRT || number == SIGILL ||
	       number == SIGFPE || number == SIGSYS;
}

static enum fate fate_of(const struct child *c, const struct ending *e)
{
	if (c->stuck)
		return FATE_CRASH;
	if (WIFSIGNALED(e->status))
		return is_crash(WTERMSIG(e->status)) ? FATE_CRASH : FATE_KILLED;
	switch (WEXITSTATUS(e->status)) {
	case 0:
		return c->limits.endless ? FATE_ERROR : FATE_OVER;
	case EXIT_AGAIN:
		return FATE_ANEW;
	default:
		return e->final ? FATE_FINAL : e->healable ? FATE_LATER : FATE_ERROR;
	}
}

/* "exit code 1: the words", "SIGSEGV (Segmentation fault)" */
static void describe(const struct child *c, const struct ending *e, char *out, size_t size)
{
	const char *colon = e->words && *e->words ? ": " : "";
	const char *words = e->words ? e->words : "";
	if (c->stuck)
		snprintf(out, size, "the watchdog's limit: it did not go on");
	else if (!WIFSIGNALED(e->status))
		snprintf(out, size, "exit code %d%s%s", WEXITSTATUS(e->status), colon, words);
	else if (sigabbrev_np(WTERMSIG(e->status)))
		snprintf(out, size, "SIG%s (%s)", sigabbrev_np(WTERMSIG(e->status)),
		         sigdescr_np(WTERMSIG(e->status)));
	else
		snprintf(out, size, "signal %d", WTERMSIG(e->status));
}

static bool same_place(struct place a, struct place b)
{
	return a.block == b.block && a.at == b.at && a.row == b.row;
}

/* The first death at a place makes the next life careful; who dies there again gives up that message, not the bot. */
static void remember_place(struct child *c, const struct ending *e, const char *how)
{
	c->quarantine = e->working.block && same_place(c->careful, e->working);
	c->careful = e->working;
	snprintf(c->death, sizeof c->death,
	         "the bot died twice of %s at this place: message %" PRIu32 " of block %" PRIu64,
	         how, e->working.at, e->working.block);
	size_t n = strlen(c->death);
	if (e->working.row)
		snprintf(c->death + n, sizeof c->death - n, ", row %" PRIu32, e->working.row);
}

/*
 * A bot that asks to be started anew at the same place again and again does not lack its broker: the broker cuts it off, as it
 * does with what breaks the protocol. That place is as poisonous as one where it dies.
 */
static bool keeps_asking(struct child *c, const struct ending *e)
{
	bool again = e->working.block && same_place(c->asked_at, e->working);
	c->asked_at = e->working;
	c->asked = again ? c->asked + 1 : 1;
	if (c->asked < CHILD_ASKS)
		return false;
	c->asked = 0;
	return true;
}

/* Who was killed, or asks again where it was to be careful, has not shown that the place is harmless. */
static bool stays_suspect(const struct child *c, const struct ending *e, enum fate fate)
{
	return fate == FATE_KILLED || (fate == FATE_ANEW && same_place(c->careful, e->working));
}

static void forget_place(struct child *c)
{
	c->careful = (struct place){ 0 };
	c->quarantine = false;
}

/* True if that was one too many. */
static bool count_crash(struct child *c, const struct ending *e)
{
	int64_t now = clock_monotonic_ms();
	unsigned kept = 0;
	if (e->progress)
		c->n_crashes = 0;
	for (unsigned i = 0; i < c->n_crashes; i++)
		if (now - c->crashes[i] < CHILD_CRASH_WINDOW)
			c->crashes[kept++] = c->crashes[i];
	c->n_crashes = kept;
	if (c->limits.max_crashes == 0)
		return false;
	c->crashes[c->n_crashes++] = now;
	return c->n_crashes >= c->limits.max_crashes;
}

static void start_later(struct child *c, const char *how)
{
	int64_t now = clock_monotonic_ms(), delay = 0;
	struct datetime when;
	if (now - c->started >= CHILD_HEALTHY)
		c->failures = 0;
	if (c->failures)
		delay = c->failures > 7 ? CHILD_BACKOFF_MAX
		                        : (int64_t)CHILD_BACKOFF << (c->failures - 1);
	if (delay > CHILD_BACKOFF_MAX)
		delay = CHILD_BACKOFF_MAX;
	c->failures++;
	c->restarts++;
	if (delay == 0) {
		set_reason(c, "it is started again after %s", how);
		enter(c, CHILD_STARTING, now);
		return;
	}
	enter(c, CHILD_CRASHED, now + delay);
	if (datetime_from_us(c->since_us + delay * 1000, &when) < 0)
		when = (struct datetime){ 0 };
	set_reason(c, "it is started again at %02d:%02d:%02d UTC after %s", when.hour, when.minute,
	           when.second, how);
}

/* It asked for it (the broker went away, or more than parameters changed): no crash, but no tight loop either. */
static void start_anew(struct child *c)
{
	int64_t now = clock_monotonic_ms();
	c->restarts++;
	set_reason(c, "%s", "it is started anew, as it asked for");
	enter(c, CHILD_STARTING, now - c->started < CHILD_BACKOFF ? now + CHILD_BACKOFF : now);
}

static void give_up(struct child *c, const char *how)
{
	set_reason(c, "it died %u times in %d minutes without finishing anything, at last of %s",
	           c->n_crashes, CHILD_CRASH_WINDOW / 60000, how);
	enter(c, CHILD_FAILED, INT64_MAX);
}

static void end_of_stop(struct child *c)
{
	if (c->overdue)
		set_reason(c, "it was killed since it did not end within %g s",
		           (double)c->limits.stop_ms / 1000);
	enter(c, c->again ? CHILD_STARTING : CHILD_STOPPED,
	      c->again ? clock_monotonic_ms() : INT64_MAX);
	if (c->again)
		forget_failures(c);
	c->again = false;
}

void child_ended(struct child *c, const struct ending *e)
{
	char how[PAGE_STATE];
	enum fate fate = fate_of(c, e);
	describe(c, e, how, sizeof how);
	if (fate == FATE_ANEW && keeps_asking(c, e)) {
		fate = FATE_CRASH;
		snprintf(how, sizeof how, "being cut off by the broker %d times", CHILD_ASKS);
	}
	c->alive = false;
	if (fate == FATE_CRASH)
		remember_place(c, e, how);
	else if (e->past || !stays_suspect(c, e, fate))
		forget_place(c);
	if (c->state == CHILD_STOPPING) {
		end_of_stop(c);
	} else if (fate == FATE_OVER) {
		set_reason(c, "%s", e->words && *e->words ? e->words : "it ended by itself");
		enter(c, CHILD_STOPPED, INT64_MAX);
	} else if (fate == FATE_FINAL) {
		set_reason(c, "%s", e->words && *e->words ? e->words : how);
		enter(c, CHILD_FAILED, INT64_MAX);
	} else if (fate == FATE_ANEW) {
		start_anew(c);
	} else if (fate != FATE_KILLED && fate != FATE_LATER && count_crash(c, e)) {
		give_up(c, how);
	} else {
		start_later(c, how);
	}
	c->stuck = false;
}

bool child_is_settled(const struct child *c)
{
	return !c->again && c->state != CHILD_STARTING && c->state != CHILD_STOPPING;
}
