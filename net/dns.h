/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dns.h - the name servers behind <intelmq/dns.h>: a cache, questions under way, and c-ares below (RFC 1034, 1035, 2308).
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/dns.h>
#include <intelmq/err.h>
#include <intelmq/value.h>
#include <uv.h>

struct dns;

struct dns_options {
	const struct list *
		servers; /* texts "address" or "address:port", "[v6]:port"; NULL or empty: resolv_conf */
	const char *
		resolv_conf; /* NULL: /etc/resolv.conf; also search domains and options (ndots, timeout, attempts) */
	const char *hosts;  /* NULL: /etc/hosts; read again when it changes */
	size_t cache_bytes; /* 0: 32 MB */
	size_t in_flight;   /* questions at once to the servers; 0: 10,000 */
	int timeout_ms;     /* for one question, all tries together; 0: 5000 */
};

/*
 * A question of somebody. The memory, the name's too, is the asker's, and must stay until `done` was called or the question
 * was cancelled.
 */
struct dns_question {
	struct str name;
	enum dns_type type;
	bool host; /* as dns_host: hosts file, search domains */
	/* Called once, from the loop; the answer is borrowed for the call. It may ask and cancel others. */
	void (*done)(struct dns_question *, const struct dns_answer *);
	void *context;
	/* dns.c's own */
	struct dns_entry *entry;
	struct dns_question *before, *after;
	unsigned candidate;     /* host: how many names were looked for */
	bool own_first;         /* host: the first of them was the name itself */
	struct dns_answer kept; /* host: the answer if nothing better comes */
};

/*
 * Reads the configuration; -1: a server in the list is no address, with the reason. Nobody is asked yet. The process must
 * ignore SIGPIPE: c-ares writes to TCP connections that may be gone.
 */
int dns_open(uv_loop_t *, const struct dns_options *, struct dns **out, struct err *);

/* Open questions are forgotten, without `done`. The loop must run once more for its handles to be closed. */
void dns_close(struct dns *);

/*
 * True: the answer is known already (cache, hosts file, an address, an impossible name), and lies in the arena; `done` is not
 * called. False: it is being asked for.
 */
bool dns_ask(struct dns *, struct dns_question *, struct arena *, struct dns_answer *out);
void dns_cancel(struct dns *, struct dns_question *);

/* Copies an answer into an arena. */
void dns_answer_copy(struct arena *, const struct dns_answer *, struct dns_answer *out);

/*
 * Reads an answer packet (RFC 1035 §4): the values of the type that belong to the name, through its chain of CNAMEs; records
 * of other names are passed over. Hostile bytes give DNS_REFUSED.
 */
void dns_packet_read(struct arena *, struct str packet, struct str name, enum dns_type,
                     struct dns_answer *out);

/* What is wrong with the servers, in words ("no name server answers (127.0.0.1:53) since 12 s"), or STR_NONE; good until the next call. */
struct str dns_trouble(struct dns *);

/*
 * Counters since the start, for statistics: questions; names answered from the cache; those that joined an equal one under
 * way; packets sent, all tries counted; questions that failed because nobody answers. A host may look for several names.
 */
struct dns_counts {
	uint64_t asked, cached, shared, sent, timeouts;
};
struct dns_counts dns_counts(const struct dns *);
