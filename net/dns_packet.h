/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dns_packet.h - packets of the DNS, beside dns_packet_read of dns.h (RFC 1035 §4, EDNS: RFC 6891).
 */
#pragma once
#include "net/dns.h"

enum {
	DNS_HEADER_SIZE = 12,
	DNS_EDNS_SIZE = 1232,   /* of answers over UDP: no path splits this */
	DNS_QUESTION_MAX = 290, /* bytes of a packet that asks */
	DNS_TTL_MAX = 24 * 60 * 60,
	DNS_TTL_NEGATIVE_MAX = 3 * 60 * 60,
	DNS_TTL_NEGATIVE = 60, /* without SOA */
	DNS_CHAIN_MAX = 16,    /* CNAMEs one after the other */
};

enum dns_rcode { RCODE_NONE = 0, RCODE_FORMERR = 1, RCODE_SERVFAIL = 2, RCODE_NXDOMAIN = 3 };

/* A packet that asks a folded name; returns its size. `edns` says that answers may be longer than 512 bytes. */
size_t dns_question_write(struct str name, enum dns_type, uint16_t id, bool edns,
                          unsigned char out[DNS_QUESTION_MAX]);

/* Of an answer, which has a whole header. */
static inline enum dns_rcode dns_packet_rcode(struct str packet)
{
	return packet.p[3] & 0x0F;
}
static inline bool dns_packet_is_cut(struct str packet)
{
	return packet.p[2] & 0x02;
}
/* Something stands behind answers and servers, as EDNS does. */
static inline bool dns_packet_has_more(struct str packet)
{
	return packet.p[10] || packet.p[11];
}
