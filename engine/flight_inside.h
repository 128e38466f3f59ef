/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * flight_inside.h - what the two halves of the flights share: their turns (flight.c), and what becomes of them (flight_settle.c).
 */
#pragma once
#include "engine/flight.h"

void flight_move(struct flight *, struct flight_list *to);
/* The message in hand is this one's, for the log, the dump, the outbox. */
void flight_take_in_hand(struct worker *, struct flight *);

/* The verb has returned f->result: finished, parked, or the bot stops. */
void flight_settle(struct worker *, struct flight *);

/* Which one is started next, by the rules of who pays; NULL: none now. */
struct flight *flight_next(const struct worker *, int64_t now);
/* When a parked one is the next; WORKER_FOREVER: none is. */
int64_t flight_due(const struct worker *);
