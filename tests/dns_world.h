/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dns_world.h - for tests of net/dns.h: a loop, two name servers, files of their own, and questions whose answers are noted.
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "net/dns.h"
#include "tests/name_server.h"

enum { SERVERS = 2, MANY = 200, TEXT_MAX = 2000 };

struct world {
	uv_loop_t loop;
	struct arena arena;
	struct name_server *servers[SERVERS];
	struct dns *dns;
	char folder[64], resolv_conf[100], hosts[100];
};

/* A question and what came of it. */
struct asked {
	struct dns_question q;
	int calls;
	bool at_once;
	enum dns_status status;
	int64_t ttl;
	char values[TEXT_MAX]; /* joined by bars; why, without values */
	void (*then)(struct asked *);
};

extern struct world w;
extern struct asked asked; /* the last one of asks() */

/* Setup and teardown of each test. */
int dns_world_open(void **state);
int dns_world_close(void **state);
#define TEST(function) cmocka_unit_test_setup_teardown(function, dns_world_open, dns_world_close)

void file_set(const char *path, const char *text);

/* Opens w.dns with the first n of the servers, or those of the options; closes it and runs the loop to its end. */
void dns_begin(size_t n, struct dns_options);
void dns_end(void);

/* Begins a question; `then`, which is kept, is called when it is answered. Waits for it. */
void begin(struct asked *, const char *name, enum dns_type, bool host);
void dns_wait_for(const struct asked *);

/* Asks, waits and compares. */
void asks(const char *name, enum dns_type, bool host, enum dns_status, const char *values);
void finds(const char *name, enum dns_type, const char *values);

/* "word-number.example", in the arena. */
const char *name_of(const char *word, int number);

/* Questions that the servers have seen. */
unsigned packets(void);

/* How many of these were answered with that status. */
int answered(const struct asked *, size_t n, enum dns_status);
