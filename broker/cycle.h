/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * cycle.h - which queues lie on common cycles.
 *
 * A bot leads from the queue it reads to those it publishes to. If messages can come back to a
 * queue, a limit on each queue would stop the cycle for ever: all of them wait for one another.
 * Such queues (a strongly connected component) are one budget, and what flows inside is exempt.
 */
#pragma once
#include "broker/queue.h"

/* Sets `cycle` and `next_in_cycle` of all queues from the roads that lead away from them. Linear. */
void cycles_find(struct queue *const *queues, size_t n);
