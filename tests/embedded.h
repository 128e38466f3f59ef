/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * embedded.h - an embedded broker inside a test: its server runs in the test's thread, whenever a client waits.
 */
#pragma once
#include <intelmq/arena.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/client.h"
#include "broker/server.h"

enum { EMBEDDED_MEMORY = 8 * 1024 * 1024 };

struct embedded {
	struct server_options options;
	struct server *server; /* NULL: it is down */
	struct broker *broker;
	struct arena arena;
	char directory[64];
	char log[4096];
};

static inline const char *embedded_log(const struct embedded *e)
{
	return e->log;
}

static inline void embedded_write_log(void *context, bool is_error, const char *text)
{
	struct embedded *e = context;
	size_t n = strlen(e->log);
	snprintf(e->log + n, sizeof e->log - n, "%s%s\n", is_error ? "error: " : "", text);
}

/* One round of the server, and all its work on the database. */
static inline void embedded_work(void *context)
{
	struct embedded *e = context;
	struct err err = { 0 };
	if (!e->server)
		return;
	server_step(e->server, 1, &err);
	while (server_work(e->server))
		;
	if (server_step(e->server, 0, &err) < 0)
		embedded_write_log(e, true, err.text);
}

static inline int embedded_connect(void *context)
{
	struct embedded *e = context;
	int pair[2];
	if (!e->server || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		abort();
	server_adopt(e->server, pair[1], false);
	return pair[0];
}

static inline void embedded_start(struct embedded *e)
{
	struct err err = { 0 };
	if (server_open(&e->options, &e->server, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
}

/* The broker dies without another word, and comes back from its database. */
static inline void embedded_crash(struct embedded *e)
{
	server_close(e->server);
	embedded_start(e);
}

static inline int embedded_setup(void **state)
{
	struct embedded *e = calloc(1, sizeof *e);
	if (!e)
		return -1;
	snprintf(e->directory, sizeof e->directory, "/tmp/intelmq-test-XXXXXX");
	if (!mkdtemp(e->directory))
		return -1;
	arena_init(&e->arena);
	e->options = (struct server_options){
		.store = { .directory = e->directory },
		.memory = EMBEDDED_MEMORY,
		.without_thread = true,
		.context = e,
		.log = embedded_write_log,
	};
	embedded_start(e);
	const struct client_hooks hooks = { embedded_connect, embedded_work, e };
	e->broker = broker_connect_inside(&hooks);
	*state = e;
	return 0;
}

static inline int embedded_teardown(void **state)
{
	struct embedded *e = *state;
	char command[128];
	broker_free(e->broker);
	server_close(e->server);
	arena_fini(&e->arena);
	snprintf(command, sizeof command, "rm -r '%s'", e->directory);
	int rc = system(command);
	free(e);
	return rc;
}
