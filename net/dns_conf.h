/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dns_conf.h - which name servers are asked, and how: dns_options, and what resolv.conf(5) says.
 */
#pragma once
#include <intelmq/ip.h>

#include "net/dns.h"
#include "net/dns_name.h"

enum {
	DNS_PORT = 53,
	DNS_SERVERS_MAX = 8,
	DNS_SEARCH_MAX = 32,
	DNS_NDOTS_MAX = 15, /* as the C library, also the next ones */
	DNS_TRY_SECONDS_MAX = 30,
	DNS_ATTEMPTS_MAX = 5,
};

struct dns_address {
	struct ip ip;
	uint16_t port;
};

struct dns_conf {
	struct dns_address servers[DNS_SERVERS_MAX];
	size_t n;
	struct dns_name search[DNS_SEARCH_MAX];
	size_t searches;
	unsigned ndots;    /* a name with fewer dots is first looked for in the search domains */
	unsigned try_ms;   /* of one try; 0: not said */
	unsigned attempts; /* how often each server is tried; 0: not said */
	bool rotate;
};

/*
 * A file that is not there, or lines that nobody understands, are no error: then it is the server on this machine. -1: a
 * server of the options is no address, or there are too many.
 */
int dns_conf_read(const struct dns_options *, struct dns_conf *out, struct err *);
