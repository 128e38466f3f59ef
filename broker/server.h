/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * server.h - the embedded broker: a core, its database, and the connections of its clients.
 *
 * One thread calls server_step again and again; a second one works on the database (writer.h). Every change has its place
 * in one total order. What changed in 100 ms, or 16 MB of it, or what somebody waits for, becomes one group, which is written
 * in one transaction: after a crash the botnet is back at the end of some group, and never behind an answer "durable".
 */
#pragma once
#include "broker/core.h"
#include "broker/store.h"

struct server_options {
	struct store_options store;
	const char *socket; /* path to listen on; NULL: connections come through server_adopt only */
	struct queue_limits limits; /* of each queue */
	uint64_t disk_limit;        /* bytes; above it sources wait; 0: none */
	size_t memory; /* bytes of messages in memory, and of those that wait to be written; 0: the usual 64 MB */
	int64_t owner; /* pid whose connections introduce bots; others cannot take these over. 0: nobody */
	bool without_thread; /* tests: the database is worked on by server_work */
	void *context;
	void (*log)(void *context, bool is_error, const char *text); /* may be NULL */
};

struct server;

/* Opens the database, recovers, raises the epoch, and listens. */
int server_open(const struct server_options *, struct server **out, struct err *);
/* Without writing what is in no group yet: see server_finish. */
void server_close(struct server *);

/* One round: waits at most so long for something to do. -1: the database failed, the broker must end (err). */
int server_step(struct server *, int timeout_ms, struct err *);

/* Why bots have to wait at present, beside full queues, in words; NULL: they need not. */
const char *server_trouble(const struct server *);

/* A connection that somebody made; the server closes it. `owned`: it introduces a bot, like one of the owner. */
void server_adopt(struct server *, int fd, bool owned);

/* Writes everything that is in no group yet, and waits for it; false if that was not possible. */
bool server_finish(struct server *, struct err *);

/* Without a thread: one job on the database; false if there is none. */
bool server_work(struct server *);
