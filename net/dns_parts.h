/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dns_parts.h - the inside of net/dns.c: who asks (dns.c), and what is under way to the servers (dns_flight.c).
 */
#pragma once
#include "net/dns_cache.h"
#include "net/dns_hosts.h"
#include "net/dns_link.h"

enum {
	DNS_TIMEOUT_MS = 5000,
	DNS_IN_FLIGHT = 10000,
	DNS_IN_FLIGHT_MAX = 16384, /* so that each server has ids for several tries of all */
	DNS_CACHE_BYTES = 32 << 20,
	DNS_TRIES = 3, /* of one question, or one for each server */
	DNS_TRY_MIN_MS = 10,
	/* After so many tries without answer others are asked before a server, but for one question in a while. */
	DNS_BURST = 256, /* packets at once, and how many more each millisecond */
	DNS_BURST_EACH_MS = 64,
	DNS_MISSED_MAX = 3,
	DNS_MISSED_MS = 10000,
	DNS_TROUBLE = 600,
};

struct dns_server {
	struct dns_link udp, tcp;
	unsigned missed;  /* tries since its last answer */
	int64_t again_ms; /* when it is worth a try all the same */
	bool plain;       /* does not know EDNS */
};

/* A packet that may still be answered. Also a late answer is one. */
struct dns_try {
	struct dns *dns;
	struct dns_entry *entry;       /* NULL: answered otherwise, or failed */
	struct dns_try *before, *next; /* of the entry, or spare ones */
	uint16_t id;
	uint8_t server;
	bool tcp, edns;
};

struct dns {
	int64_t burst_ms; /* when `burst` was counted */
	int burst;        /* packets that may go now */
	bool held_back;   /* there was none left for somebody */
	uv_loop_t *loop;
	uv_timer_t timer;
	uv_idle_t idle; /* runs while answers wait to be told that came outside of the loop's events */
	bool closing;
	unsigned handles; /* of the loop, not yet closed */
	struct dns_conf conf;
	struct dns_server *servers; /* conf.n */
	unsigned turn;              /* the server whose turn it is (rotate) */
	int64_t try_ms;             /* between two tries */
	unsigned tries;
	int forget_ms;
	struct dns_hosts hosts;
	struct dns_cache cache;
	struct upstream upstream;
	struct dns_list flying;   /* under way, in the order of their next tries */
	struct dns_list finished; /* answered or failed; who waits is to be told */
	struct dns_list telling;
	size_t packets; /* not yet answered nor forgotten */
	struct dns_try *spare;
	const struct dns_try *asking; /* in a call of c-ares */
	struct arena scratch;
	struct dns_counts counts;
	char silence[DNS_TROUBLE]; /* "no name server answers (…)" */
	char trouble[DNS_TROUBLE + 50];
};

/* dns_flight.c */
int dns_flight_open(struct dns *, struct err *);
void dns_flight_close(struct dns *);
/* Sends what waits and may be sent. */
void dns_flight_start(struct dns *);
/* Deals with tries whose time is over. */
void dns_flight_tick(struct dns *);

/* dns.c: those who wait for the entry will be told its answer. */
void dns_finish(struct dns *, struct dns_entry *, const struct dns_answer *);
/* dns.c: after events. */
void dns_after(void *dns);
