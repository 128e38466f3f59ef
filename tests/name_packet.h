/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * name_packet.h - packets of name servers for tests, put together byte by byte.
 */
#pragma once
#include <intelmq/str.h>

struct name_packet {
	size_t n;
	unsigned char p[65535];
};

/* A name: labels between dots; "" is the root. */
void packet_name(struct name_packet *, const char *name);
void packet_bytes(struct name_packet *, const void *bytes, size_t n);
void packet_16(struct name_packet *, unsigned);
void packet_32(struct name_packet *, unsigned);

/* Header and question; counts are of answers, authority. */
void packet_begin(struct name_packet *, unsigned id, unsigned flags, const char *name,
                  unsigned type, unsigned answers, unsigned authority);

/* The start of a record of class IN, and its end, which fills in the length; between them its data is added. */
size_t packet_record(struct name_packet *, const char *owner, unsigned type, unsigned ttl);
void packet_record_end(struct name_packet *, size_t start);

/* Whole records. */
void packet_a(struct name_packet *, const char *owner, unsigned ttl, unsigned address);
void packet_points(struct name_packet *, const char *owner, unsigned type, unsigned ttl,
                   const char *name);
void packet_soa(struct name_packet *, const char *owner, unsigned ttl, unsigned minimum);
