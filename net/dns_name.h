/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dns_name.h - names of the DNS as text of ours and on the wire (RFC 1035 §3.1, §4.1.4).
 *
 * Text of ours ends without a dot and has no escapes: every byte but the dot, which separates labels, stands for itself.
 */
#pragma once
#include <intelmq/buffer.h>

enum {
	DNS_NAME_MAX = 253, /* bytes of a name as text */
	DNS_LABEL_MAX = 63,
	DNS_WIRE_MAX = 255,
};

/* A name as text in lower case; the root is empty. */
struct dns_name {
	size_t n;
	char p[DNS_NAME_MAX];
};

/* A name on the wire, uncompressed, its final zero included. */
struct dns_wire {
	size_t n;
	unsigned char p[DNS_WIRE_MAX];
};

/* False: that cannot be a name, because of an empty or a too long label, or its length. One dot may end it; "." is the root. */
bool dns_name_fold(struct str text, struct dns_name *out);

/* A folded name in front of another one: a host in a search domain. False: too long. */
bool dns_name_join(struct dns_name *, struct str domain);

static inline struct str dns_name_str(const struct dns_name *name)
{
	return (struct str){ name->p, name->n };
}

void dns_wire_write(struct str folded, struct dns_wire *out);

/* Reads a name, perhaps compressed, at byte *at of a packet, and moves *at behind it. False: there is none. */
bool dns_wire_read(struct str packet, size_t *at, struct dns_wire *out);

/* The same name; case does not count. */
bool dns_wire_eq(const struct dns_wire *, const struct dns_wire *);
/* The name is the domain or lies below it. */
bool dns_wire_below(const struct dns_wire *name, const struct dns_wire *domain);

/* Adds the name as people write it (RFC 1035 §5.1): special characters escaped, no final dot; the root is ".". */
void dns_wire_text(struct buffer *, const struct dns_wire *);

/* Adds one byte as zone files write it: as it is, behind a backslash if it is in `special`, or \DDD if not printable. */
void dns_byte_text(struct buffer *, unsigned char, struct str special);
