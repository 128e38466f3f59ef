/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dns.h - questions to the name servers, for bots with USES_LOOKUPS.
 *
 * The calls look as if they blocked; meanwhile the other messages of the bot go on. Equal questions are asked once, answers
 * are kept as long as they say (negative ones too), and a server that is down is asked rarely until it answers again.
 * Name servers are those of the parameter `dns_servers`, else of the system (/etc/resolv.conf).
 */
#pragma once
#include <intelmq/str.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bot;

/* Numbers of RFC 1035 §3.2.2 and RFC 3596. */
enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28
};

enum dns_status {
	DNS_FOUND,
	DNS_NO_NAME,  /* the name does not exist (NXDOMAIN) */
	DNS_NO_DATA,  /* it exists, with nothing of this type */
	DNS_BAD_NAME, /* cannot be a name: empty or too long labels */
	DNS_REFUSED,  /* the servers answer, but not this: SERVFAIL, REFUSED, nonsense */
	DNS_TIMEOUT,  /* nobody answers */
};

struct dns_answer {
	enum dns_status status;
	/*
	 * The values, in the order of the answer, as text: addresses; names without final dot; TXT as its strings in
	 * quotes, with " and \ and what is not printable escaped as in zone files (RFC 1035 §5.1), separated by spaces;
	 * MX as "10 mail.example".
	 */
	const struct str *values;
	size_t n;
	int64_t ttl;    /* seconds for which it is good */
	struct str why; /* for people, unless DNS_FOUND */
};

/*
 * Asks for one type of one name, as it is (no search domains, no hosts file). The answer lies in bot->arena. Returns
 * answer_out->status.
 */
enum dns_status dns_query(struct bot *, struct str name, enum dns_type,
                          struct dns_answer *answer_out);

/*
 * The addresses of a host, as getaddrinfo(3) finds them: an address stands for itself, then the hosts file, then the
 * name servers with the search domains. `type`: DNS_A or DNS_AAAA.
 */
enum dns_status dns_host(struct bot *, struct str name, enum dns_type type,
                         struct dns_answer *answer_out);

/* The same for the name of an address: d.c.b.a.in-addr.arpa, nibbles under ip6.arpa; no hosts file. */
enum dns_status dns_pointer(struct bot *, struct str address, struct dns_answer *answer_out);

/* The text of a TXT value without quotes and escapes, its strings joined; in bot->arena. */
struct str dns_text(struct bot *, struct str value);
