/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dns_hosts.h - the hosts file (hosts(5)), read again when it changes.
 */
#pragma once
#include <intelmq/ip.h>

#include "net/dns.h"
#include "net/dns_name.h"

enum {
	HOSTS_BYTES_MAX = 16 << 20, /* a larger file is none */
	HOSTS_MAX = 1000000,        /* names in it */
	HOSTS_VALUES_MAX = 100,     /* addresses of one name */
	HOSTS_LOOK_MS = 1000,       /* whether it has changed is looked at this often */
	HOSTS_TTL = 1,
};

struct host;

struct dns_hosts {
	/* Private. */
	char *path;
	struct arena names;
	struct host *hosts;
	size_t n, capacity;
	uint32_t *heads; /* by hash: 1 + the first host, 0: none */
	size_t heads_n;
	int64_t looked_ms;
	int64_t size, changed_s, changed_ns; /* of the file that was read; size -1: none */
	uint64_t inode;
};

/* Reads nothing yet. */
void dns_hosts_init(struct dns_hosts *, const char *path);
void dns_hosts_fini(struct dns_hosts *);

/* The addresses of a folded name, in the file's order; false: it has none of this type. The answer lies in the arena. */
bool dns_hosts_find(struct dns_hosts *, struct str name, enum dns_type, struct arena *,
                    struct dns_answer *out);
