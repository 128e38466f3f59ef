/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * clock.h - what time it is.
 *
 * Everything that depends on the present asks here, so that tests and replay tools can set the
 * time. That setting is the one deliberate process-wide state; nothing else may use it. It is
 * not synchronised: set it before other threads start.
 */
#pragma once
#include <poll.h>
#include <stdint.h>

/* Wall clock: microseconds since 1970-01-01T00:00:00 UTC. */
int64_t clock_now_us(void);

/* Milliseconds from an arbitrary start that never run backwards; they follow a set clock. */
int64_t clock_monotonic_ms(void);

/* The same a few milliseconds late, for a fifth of the cost: for what is noted down a million times a second. */
int64_t clock_monotonic_about_ms(void);

/* Stops all clocks at this wall time (microseconds). Tests and replay tools only. */
void clock_set(int64_t us);

/* Moves a clock that was set; one that was not is first stopped at the present. */
void clock_advance(int64_t us);

/* Waits in poll(2), and moves a clock that was set on by what it took. Tests and replay tools only. */
int clock_poll(struct pollfd *, unsigned long n, int timeout_ms);

/* Back to the clocks of the system. */
void clock_unset(void);
