/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dns_link.h - packets to one name server over UDP or TCP, and the answers that belong to them: c-ares on libuv.
 *
 * c-ares is asked for what it does best, to match answers to packets and to frame TCP: one channel has one server and tries
 * once. Which server is tried when is decided above (dns_flight.c), because a channel with several servers neither tells
 * who answered nor forgets one that is down, and because what breaks a TCP connection must not end questions over UDP.
 * Its own time is only the limit after which a packet is forgotten; ares_timeout, which looks at every question under
 * way, is not used. c-ares writes to connections that are gone: the process ignores SIGPIPE.
 */
#pragma once
#include <ares.h>

#include "net/dns_conf.h"
#include "net/dns_packet.h"

/* Buffers are for thousands of packets at once; the kernel may give less (net.core.rmem_max). */
enum {
	LINK_IDS = 1 << 16,
	LINK_RECEIVE_BUFFER = 4 << 20,
	LINK_SEND_BUFFER = 1 << 20,
};

struct dns_link {
	ares_channel channel; /* NULL: not open */
	uv_loop_t *loop;
	uv_poll_t *poll; /* of its socket, NULL: none */
	/* Called after events, when no function of c-ares is running. */
	void (*after)(void *context);
	void *context;
	size_t open; /* packets not yet answered nor forgotten */
	bool tcp;
	uint64_t ids[LINK_IDS / 64]; /* a bit for each that is in use */
};

/* A packet is forgotten after forget_ms. The link must not move while it is open. */
int dns_link_open(struct dns_link *, uv_loop_t *, const struct dns_address *, bool tcp,
                  int forget_ms, struct err *);
/* Answers to open packets: ARES_EDESTRUCTION. */
void dns_link_close(struct dns_link *);

/*
 * Asks; the callback is called once, perhaps before this returns, with the answer as a packet or without, and says
 * dns_link_answered with the id first. False: nothing was sent, and no callback comes; all ids are in use.
 */
bool dns_link_ask(struct dns_link *, struct str name, enum dns_type, bool edns, uint16_t *id_out,
                  ares_callback, void *);
void dns_link_answered(struct dns_link *, uint16_t id);

/* An answer over UDP that is not all. */
bool dns_link_is_cut(const struct dns_link *, struct str packet);

/* Forgets packets whose time is over. */
void dns_link_tick(struct dns_link *);
