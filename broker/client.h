/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * client.h - beside broker.h: what intelmqd and tests need of the embedded broker's client.
 */
#pragma once
#include "broker/broker.h"

/*
 * Connects for a bot that another process will run, and says which one it is and where it may publish; that process takes
 * the descriptor over with broker_connect. Returns at once: whether the broker accepts it, that process will hear.
 */
int broker_introduce(const char *path, struct str bot, unsigned instance, struct str queue,
                     const struct str *destinations, size_t n, int *fd_out, struct err *);

/*
 * Tests that run the server in the same thread: `connect` gives the other end of a connection to the server, `wait` lets
 * the server work instead of waiting for it.
 */
struct client_hooks {
	int (*connect)(void *context);
	void (*wait)(void *context);
	void *context;
};
struct broker *broker_connect_inside(const struct client_hooks *);
