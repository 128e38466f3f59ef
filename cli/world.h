/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * world.h - the name servers and web servers that a recorded run met, in a process of their own on the loopback
 * interface, plain and with a certification authority of its own.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>
#include <intelmq/value.h>

struct authority;

/* Makes the authority; its certificate is in the file `authority_path`, which authority_free removes. */
int authority_new(struct authority **out, struct err *);
void authority_free(struct authority *);
const char *authority_path(const struct authority *);

struct world {
	int pid;               /* 0: none */
	char dns[32], web[32]; /* "127.0.0.1:port" */
};

/* Starts a process that answers as the run's `dns` and `http` say; what they do not name does not exist. */
int world_open(struct world *, const struct authority *, const struct dict *run, struct err *);
void world_close(struct world *);
/* Parameters that make a bot ask these servers: adds to them. */
void world_point_to(const struct world *, struct arena *, struct dict *parameters);

/* ---- Inside of that process ---- */

/* world_dns.c: the answer to a question; 0: silence. */
size_t world_answer_question(const struct dict *run, const unsigned char *question, size_t n,
                             unsigned char *out, size_t room);
/* world_web.c: answers the one request of a connection. `used` counts answers that were given in order. */
void world_serve(const struct authority *, const struct dict *run, int fd, size_t *used);
