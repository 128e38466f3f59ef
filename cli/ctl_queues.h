/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ctl_queues.h - the queues of a botnet, as the configuration knows them and as the broker has them.
 *
 * The reference keeps what a bot has in hand in a second queue, `<queue>-internal`. Ours has no such queue: its number is
 * that of the messages which the bot has claimed.
 */
#pragma once
#include "cli/ctl.h"

/* The broker's queues: {name: [waiting, claimed]}. -1: err says that and why it cannot be asked. */
int queues_of_broker(struct ctl *, struct dict **out, struct err *);

/* The names of all queues of the configuration: sources and destinations, those of collectors too. */
struct dict *queues_configured(struct ctl *);

/* `list queues`; in case of an error there is no result. */
int ctl_list_queues(struct ctl *, bool nonzero, bool sum);
