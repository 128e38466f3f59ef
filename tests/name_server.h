/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * name_server.h - a name server on loopback for tests, over UDP and TCP in a thread of its own; what it does with a question
 * is said by the first label of the name, up to a hyphen, and tests can switch it as a whole.
 *
 *	ok, …         (any other word) A: 192.0.2.1 with a TTL of 300, AAAA: 2001:db8::1
 *	ttl0, ttl5    the same with that TTL
 *	nx, nodata    nothing, with a SOA that says 30 seconds
 *	drop          no answer
 *	late300       answered after 300 ms
 *	cut, cutonly  cut off over UDP; over TCP 100 addresses, or the connection is closed
 *	large         20 strings of TXT, 1,000 bytes, over UDP with EDNS
 *	lie           first an answer with another id, one to another question, and rubbish; then 192.0.2.1
 *	foreign       192.0.2.1 among addresses of other names
 *	loop          CNAMEs in a circle
 *	servfail, refused
 *	once          dropped the first time
 */
#pragma once
#include <intelmq/str.h>
#include <stdint.h>

struct name_server;

enum name_server_mode {
	SERVES,
	SILENT,  /* reads and answers nothing */
	NO_EDNS, /* FORMERR to what has EDNS */
	FAILS,   /* SERVFAIL to everything */
	NOT_TCP, /* no connection is taken */
};

struct name_server *name_server_open(void);
void name_server_close(struct name_server *);
uint16_t name_server_port(const struct name_server *);

void name_server_set(struct name_server *, enum name_server_mode);
/* Questions that came since the start, over UDP and TCP; and over TCP alone. */
unsigned name_server_count(struct name_server *);
unsigned name_server_count_tcp(struct name_server *);
