/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/clock.h>

#include <stdbool.h>
#include <time.h>

/* Process-wide on purpose: a test must reach every reader of the time, see clock.h. */
static struct {
	bool set;
	int64_t us;
} test_clock;

static int64_t system_us(clockid_t id)
{
	struct timespec t;
	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

int64_t clock_now_us(void)
{
	return test_clock.set ? test_clock.us : system_us(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
	return (test_clock.set ? test_clock.us : system_us(CLOCK_MONOTONIC)) / 1000;
}

int64_t clock_monotonic_about_ms(void)
{
	return (test_clock.set ? test_clock.us : system_us(CLOCK_MONOTONIC_COARSE)) / 1000;
}

void clock_set(int64_t us)
{
	test_clock.set = true;
	test_clock.us = us;
}

void clock_advance(int64_t us)
{
	clock_set(clock_now_us() + us);
}

int clock_poll(struct pollfd *fds, unsigned long n, int timeout_ms)
{
	int64_t before = system_us(CLOCK_MONOTONIC);
	int rc = poll(fds, n, timeout_ms);
	if (test_clock.set)
		clock_advance(system_us(CLOCK_MONOTONIC) - before);
	return rc;
}

void clock_unset(void)
{
	test_clock.set = false;
}
