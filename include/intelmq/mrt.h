/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * mrt.h - which autonomous system announces which network, from dumps of routing tables.
 *
 * Read are the types TABLE_DUMP (RFC 6396 §4.2) and TABLE_DUMP_V2 (§4.3, and with path identifiers RFC 8050 §4), IPv4 and
 * IPv6 unicast, as RouteViews and RIPE RIS publish them: plain, or in bzip2, gzip or xz. Other records are passed over.
 *
 * The origin of a network is what pyasn makes of its first entry, so that tables are comparable: the last number of the
 * AS path, or the one before it if that is reserved (RFC 5398, 6996, 7300, and whatever lies between the 16-bit numbers
 * and the first assigned larger one) or above those assigned so far. Of a set the first member that counts.
 */
#pragma once
#include <intelmq/err.h>
#include <intelmq/ip.h>

enum {
	MRT_RECORD_MAX = 16 * 1024 * 1024, /* bytes of one record: some thousand peers */
};

struct mrt_counts {
	uint64_t routes;         /* handed over */
	uint64_t without_origin; /* no AS path, or only reserved numbers in it */
	uint64_t damaged;        /* records whose inner lengths do not fit */
	uint64_t other;          /* records of other types */
};

/* Takes a network and its origin. 0: go on; -1: the reading ends with -1, too. */
typedef int mrt_take(void *context, const struct network *, uint32_t origin);

/*
 * Calls `take` for each network with an origin, in the order of the dump; a network may come several times, and the first
 * counts. Memory is that of one record. -1: the file is damaged or cut off, or `take` has ended it (then err is as it
 * left it).
 */
int mrt_read(struct str bytes, mrt_take *take, void *context, struct mrt_counts *out, struct err *);
