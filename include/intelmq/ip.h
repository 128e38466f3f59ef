/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ip.h - IP addresses and networks, parsed and written as the reference does it.
 *
 * Accepted text: IPv4 as four decimal octets without leading zeros; IPv6 as in RFC 4291 §2.2
 * (any case, `::`, an IPv4 tail), with a zone id (RFC 4007 §11, `fe80::1%eth0`) only where a
 * function says so. Nothing around it: no white space, no brackets, no port.
 * Written text: IPv6 in lower case, the first longest run of two or more zero groups compressed
 * (RFC 5952), an IPv4 tail always as hexadecimal groups: `::ffff:102:304`.
 */
#pragma once
#include <intelmq/err.h>
#include <intelmq/str.h>

struct ip {
	uint8_t version;   /* 4 or 6 */
	uint8_t bytes[16]; /* network order; version 4 uses the first four, the rest is 0 */
};

struct network {
	struct ip ip;   /* bits behind `length` are 0 */
	uint8_t length; /* of the prefix in bits: 0…32 or 0…128 */
};

enum {
	IP_TEXT_SIZE = 46,      /* longest address and a NUL */
	NETWORK_TEXT_SIZE = 50, /* with "/128" */
	IP_REVERSE_SIZE = 76,   /* longest ip6.arpa. name and a NUL */
	IP_DECIMAL_SIZE = 40,   /* 2^128-1 in decimal and a NUL */
};

/* 0, or -1 if `text` is no address. A zone id is refused. */
int ip_parse(struct str text, struct ip *out);

/*
 * As ip_parse, but IPv6 may end in a zone id: `%` and at least one character other than `%`.
 * *zone_out borrows the zone from `text`, without the `%`; STR_NONE if there is none.
 */
int ip_parse_scoped(struct str text, struct ip *out, struct str *zone_out);

/* An IPv4 address in host byte order: 0x7f000001 is 127.0.0.1. */
struct ip ip_from_u32(uint32_t address);
/* The opposite; `ip->version` must be 4. */
uint32_t ip_to_u32(const struct ip *);

/*
 * An address from the decimal digits of a number: IPv4 below 2^32, else IPv6. -1 if it is negative,
 * 2^128 or more, or not decimal digits.
 */
int ip_from_decimal(struct str digits, struct ip *out);

/* The canonical text, written to `out` (NUL terminated) and borrowed from there. */
struct str ip_text(const struct ip *, char out[IP_TEXT_SIZE]);

/* The address as a number in decimal digits. */
struct str ip_decimal(const struct ip *, char out[IP_DECIMAL_SIZE]);

/* The name for reverse look-ups, `4.3.2.1.in-addr.arpa.`; an IPv4-mapped IPv6 address as its IPv4. */
struct str ip_reverse(const struct ip *, char out[IP_REVERSE_SIZE]);

/*
 * Only the labels of the address, for zones of others: `4.3.2.1`, or 32 nibbles, also for an IPv4-mapped address. NUL
 * terminated, without a final dot.
 */
struct str ip_reverse_labels(const struct ip *, char out[IP_REVERSE_SIZE]);

/* Order: IPv4 before IPv6, then by number. */
int ip_cmp(const struct ip *, const struct ip *);

/* True if IPv6 in ::ffff:0:0/96; then *v4_out (may be NULL) is the IPv4 address. */
bool ip_is_mapped(const struct ip *, struct ip *v4_out);

/*
 * A network: `address`, `address/length`, for IPv4 also `address/netmask` and `address/hostmask` in
 * dotted form (0.0.0.0 is the netmask of length 0). Without a slash it is the address alone (/32,
 * /128). Bits behind the prefix: an error if `strict`, else cleared. A zone id is refused.
 * 0, or -1 if it is none.
 */
int network_parse(struct str text, bool strict, struct network *out);

/* As network_parse, with a zone id before the slash; see ip_parse_scoped. */
int network_parse_scoped(struct str text, bool strict, struct network *out, struct str *zone_out);

/* The network of `length` bits that `ip` lies in (length is clamped to the version's maximum). */
struct network network_of(const struct ip *ip, unsigned length);

/* `address/length` in canonical form. */
struct str network_text(const struct network *, char out[NETWORK_TEXT_SIZE]);

/* True if the address lies in the network; false for different versions. */
bool network_has(const struct network *, const struct ip *);
