/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/name_packet.h"

#include <assert.h>

enum { TYPE_A = 1, TYPE_SOA = 6 };

void packet_bytes(struct name_packet *packet, const void *bytes, size_t n)
{
	assert(n <= sizeof packet->p - packet->n);
	memcpy(packet->p + packet->n, bytes, n);
	packet->n += n;
}

void packet_16(struct name_packet *packet, unsigned value)
{
	packet_bytes(packet, (unsigned char[]){ (unsigned char)(value >> 8), (unsigned char)value },
	             2);
}

void packet_32(struct name_packet *packet, unsigned value)
{
	packet_16(packet, value >> 16);
	packet_16(packet, value & 0xFFFF);
}

void packet_name(struct name_packet *packet, const char *name)
{
	struct str rest = str_of(name);
	while (rest.p && rest.n) {
		struct str label = str_cut(&rest, '.');
		packet_bytes(packet, (unsigned char[]){ (unsigned char)label.n }, 1);
		packet_bytes(packet, label.p, label.n);
	}
	packet_bytes(packet, "", 1);
}

void packet_begin(struct name_packet *packet, unsigned id, unsigned flags, const char *name,
                  unsigned type, unsigned answers, unsigned authority)
{
	packet->n = 0;
	packet_16(packet, id);
	packet_16(packet, flags);
	packet_16(packet, 1);
	packet_16(packet, answers);
	packet_16(packet, authority);
	packet_16(packet, 0);
	packet_name(packet, name);
	packet_16(packet, type);
	packet_16(packet, 1);
}

size_t packet_record(struct name_packet *packet, const char *owner, unsigned type, unsigned ttl)
{
	packet_name(packet, owner);
	packet_16(packet, type);
	packet_16(packet, 1);
	packet_32(packet, ttl);
	packet_16(packet, 0);
	return packet->n;
}

void packet_record_end(struct name_packet *packet, size_t start)
{
	size_t n = packet->n - start;
	packet->p[start - 2] = (unsigned char)(n >> 8);
	packet->p[start - 1] = (unsigned char)n;
}

void packet_a(struct name_packet *packet, const char *owner, unsigned ttl, unsigned address)
{
	size_t start = packet_record(packet, owner, TYPE_A, ttl);
	packet_32(packet, address);
	packet_record_end(packet, start);
}

void packet_points(struct name_packet *packet, const char *owner, unsigned type, unsigned ttl,
                   const char *name)
{
	size_t start = packet_record(packet, owner, type, ttl);
	packet_name(packet, name);
	packet_record_end(packet, start);
}

void packet_soa(struct name_packet *packet, const char *owner, unsigned ttl, unsigned minimum)
{
	size_t start = packet_record(packet, owner, TYPE_SOA, ttl);
	packet_name(packet, "ns.example");
	packet_name(packet, "admin.example");
	for (unsigned i = 0; i < 4; i++)
		packet_32(packet, 7200);
	packet_32(packet, minimum);
	packet_record_end(packet, start);
}
