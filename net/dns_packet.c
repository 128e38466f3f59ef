/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/dns_packet.h"

#include <intelmq/ip.h>

#include "net/dns_name.h"

enum {
	TYPE_SOA = 6,
	TYPE_OPT = 41,
	CLASS_IN = 1,
	RECORD_FIXED = 10, /* type, class, TTL, length */
	RECORD_MIN = RECORD_FIXED + 1,
	SOA_NUMBERS = 20,           /* serial, refresh, retry, expire, minimum */
	VALUES_BYTES_MAX = 1 << 18, /* names that are compressed are much longer as text */
};

struct record {
	struct dns_wire owner;
	unsigned type, class;
	uint32_t ttl;
	size_t data, n;
};

struct reading {
	struct str packet;
	enum dns_type type;
	struct dns_wire name; /* where the chain has led to */
	unsigned links;
	int64_t ttl;
	struct buffer text;
	struct str *values;
	size_t n;
	const char *why; /* why the packet is refused */
};

static unsigned byte_at(struct str packet, size_t at)
{
	return (unsigned char)packet.p[at];
}

static unsigned number16(struct str packet, size_t at)
{
	return byte_at(packet, at) << 8 | byte_at(packet, at + 1);
}

static uint32_t number32(struct str packet, size_t at)
{
	return (uint32_t)number16(packet, at) << 16 | number16(packet, at + 2);
}

static size_t put16(unsigned char *out, size_t at, unsigned value)
{
	out[at] = (unsigned char)(value >> 8);
	out[at + 1] = (unsigned char)value;
	return at + 2;
}

size_t dns_question_write(struct str name, enum dns_type type, uint16_t id, bool edns,
                          unsigned char out[DNS_QUESTION_MAX])
{
	struct dns_wire wire;
	dns_wire_write(name, &wire);
	memset(out, 0, DNS_HEADER_SIZE);
	put16(out, 0, id);
	out[2] = 1; /* recursion desired */
	out[5] = 1; /* questions */
	out[11] = edns;
	memcpy(out + DNS_HEADER_SIZE, wire.p, wire.n);
	size_t at = put16(out, DNS_HEADER_SIZE + wire.n, type);
	at = put16(out, at, CLASS_IN);
	if (edns) {
		out[at++] = 0;
		at = put16(out, at, TYPE_OPT);
		at = put16(out, at, DNS_EDNS_SIZE);
		memset(out + at, 0, 6);
		at += 6;
	}
	return at;
}

/* Why an answer with this rcode helps nobody. */
static struct str rcode_why(enum dns_rcode rcode)
{
	/* RFC 1035 §4.1.1, RFC 2136 §2.2 */
	static const char *const why[16] = {
		[RCODE_FORMERR] = "the name servers answer FORMERR",
		[RCODE_SERVFAIL] = "the name servers answer SERVFAIL",
		[RCODE_NXDOMAIN] = "the name does not exist",
		[4] = "the name servers answer NOTIMP",
		[5] = "the name servers answer REFUSED",
		[6] = "the name servers answer YXDOMAIN",
		[7] = "the name servers answer YXRRSET",
		[8] = "the name servers answer NXRRSET",
		[9] = "the name servers answer NOTAUTH",
		[10] = "the name servers answer NOTZONE",
	};
	return str_of(why[rcode] ? why[rcode] : "the name servers answer with an unknown code");
}

static bool record_read(struct str packet, size_t *at, struct record *out)
{
	if (!dns_wire_read(packet, at, &out->owner) || packet.n - *at < RECORD_FIXED)
		return false;
	out->type = number16(packet, *at);
	out->class = number16(packet, *at + 2);
	out->ttl = number32(packet, *at + 4);
	out->n = number16(packet, *at + 8);
	out->data = *at + RECORD_FIXED;
	if (out->ttl > INT32_MAX) /* RFC 2181 §8 */
		out->ttl = 0;
	*at = out->data + out->n;
	return *at <= packet.n;
}

/* A name that fills the rest of a record's data from `at` on. */
static bool name_read(struct str packet, const struct record *record, size_t at,
                      struct dns_wire *out)
{
	return at < record->data + record->n && dns_wire_read(packet, &at, out) &&
	       at == record->data + record->n;
}

static bool add_address(struct reading *r, const struct record *record)
{
	char text[IP_TEXT_SIZE];
	size_t size = record->type == DNS_A ? 4 : 16;
	struct ip ip = { .version = record->type == DNS_A ? 4 : 6 };
	if (record->n != size)
		return false;
	memcpy(ip.bytes, r->packet.p + record->data, size);
	buffer_add_str(&r->text, ip_text(&ip, text));
	return true;
}

static bool add_name(struct reading *r, const struct record *record)
{
	struct dns_wire name;
	size_t at = record->data;
	if (record->type == DNS_MX) {
		if (record->n < 2)
			return false;
		buffer_printf(&r->text, "%u ", number16(r->packet, at));
		at += 2;
	}
	if (!name_read(r->packet, record, at, &name))
		return false;
	dns_wire_text(&r->text, &name);
	return true;
}

static bool add_strings(struct reading *r, const struct record *record)
{
	size_t at = record->data, end = at + record->n;
	if (at == end)
		return false;
	while (at < end) {
		size_t n = byte_at(r->packet, at++);
		if (n > end - at)
			return false;
		buffer_add_str(&r->text, at == record->data + 1 ? S("\"") : S(" \""));
		for (; n; n--)
			dns_byte_text(&r->text, (unsigned char)r->packet.p[at++], S("\"\\"));
		buffer_add_char(&r->text, '"');
	}
	return true;
}

static bool text_add(struct reading *r, const struct record *record)
{
	switch (r->type) {
	case DNS_A:
	case DNS_AAAA:
		return add_address(r, record);
	case DNS_TXT:
		return add_strings(r, record);
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
	case DNS_MX:
		return add_name(r, record);
	}
	return false;
}

static bool value_add(struct reading *r, const struct record *record)
{
	size_t start = r->text.n;
	if (!text_add(r, record) || r->text.over)
		return false;
	/* The text still moves: for now only lengths. */
	r->values[r->n++].n = r->text.n - start;
	return true;
}

static void ttl_lower(struct reading *r, int64_t ttl)
{
	if (ttl < r->ttl)
		r->ttl = ttl;
}

/* A record that belongs to the name. False: it is broken. */
static bool record_use(struct reading *r, const struct record *record)
{
	if (record->type == r->type) {
		ttl_lower(r, record->ttl);
		return value_add(r, record);
	}
	if (record->type != DNS_CNAME)
		return true;
	ttl_lower(r, record->ttl);
	if (++r->links > DNS_CHAIN_MAX) {
		r->why = "an endless chain of CNAMEs";
		return false;
	}
	return name_read(r->packet, record, record->data, &r->name);
}

/* Goes through the answers once; *at is moved behind them. */
static bool answers_pass(struct reading *r, size_t *at)
{
	r->n = 0;
	buffer_clear(&r->text);
	for (unsigned i = number16(r->packet, 6); i; i--) {
		struct record record;
		if (!record_read(r->packet, at, &record))
			return false;
		if (record.class == CLASS_IN && dns_wire_eq(&record.owner, &r->name) &&
		    !record_use(r, &record))
			return false;
	}
	return true;
}

/* Follows the chain, in whatever order its links stand, until a pass finds no more of them. */
static bool answers_read(struct reading *r, size_t *at)
{
	size_t start = *at;
	unsigned links;
	do {
		links = r->links;
		*at = start;
		if (!answers_pass(r, at))
			return false;
	} while (r->links != links);
	return true;
}

static bool questions_skip(struct str packet, size_t *at)
{
	for (unsigned i = number16(packet, 4); i; i--) {
		struct dns_wire name;
		if (!dns_wire_read(packet, at, &name) || packet.n - *at < 4)
			return false;
		*at += 4;
	}
	return true;
}

/* How long nothing stays nothing (RFC 2308 §5): as the SOA of the zone says. */
static int64_t negative_ttl(const struct reading *r, size_t at)
{
	for (unsigned i = number16(r->packet, 8); i; i--) {
		struct record record;
		if (!record_read(r->packet, &at, &record))
			break;
		if (record.type != TYPE_SOA || record.class != CLASS_IN || record.n < SOA_NUMBERS ||
		    !dns_wire_below(&r->name, &record.owner))
			continue;
		uint32_t minimum = number32(r->packet, record.data + record.n - 4);
		if (minimum > INT32_MAX)
			minimum = 0;
		return minimum < record.ttl ? minimum : record.ttl;
	}
	return DNS_TTL_NEGATIVE;
}

static void found(struct reading *r, struct dns_answer *out)
{
	const char *p = r->text.p;
	for (size_t i = 0; i < r->n; i++) {
		r->values[i].p = p;
		p += r->values[i].n;
	}
	*out = (struct dns_answer){ DNS_FOUND, r->values, r->n, .ttl = r->ttl };
}

static void nothing(struct reading *r, size_t at, struct dns_answer *out)
{
	ttl_lower(r, negative_ttl(r, at));
	ttl_lower(r, DNS_TTL_NEGATIVE_MAX);
	*out = (struct dns_answer){ .ttl = r->ttl };
	bool no_name = dns_packet_rcode(r->packet) == RCODE_NXDOMAIN;
	out->status = no_name ? DNS_NO_NAME : DNS_NO_DATA;
	out->why = no_name ? rcode_why(RCODE_NXDOMAIN) : S("the name has no records of this type");
}

/* NULL, or why it is refused. */
static const char *packet_read(struct reading *r, struct arena *arena, struct dns_answer *out)
{
	size_t at = DNS_HEADER_SIZE;
	if (!(byte_at(r->packet, 2) & 0x80))
		return "the answer is none";
	if (!questions_skip(r->packet, &at))
		return r->why;
	size_t answers = number16(r->packet, 6), room = (r->packet.n - at) / RECORD_MIN;
	r->values = arena_zalloc(arena, answers < room ? answers : room, sizeof *r->values);
	if (!answers_read(r, &at))
		return r->why;
	if (r->n && dns_packet_rcode(r->packet) == RCODE_NONE)
		found(r, out);
	else
		nothing(r, at, out);
	return NULL;
}

void dns_packet_read(struct arena *arena, struct str packet, struct str name, enum dns_type type,
                     struct dns_answer *out)
{
	struct dns_name folded;
	*out = (struct dns_answer){ DNS_REFUSED, .why = S("the answer is broken") };
	if (packet.n < DNS_HEADER_SIZE || packet.n > UINT16_MAX || !dns_name_fold(name, &folded))
		return;
	enum dns_rcode rcode = dns_packet_rcode(packet);
	if (rcode != RCODE_NONE && rcode != RCODE_NXDOMAIN) {
		out->why = rcode_why(rcode);
		return;
	}
	struct reading r = { packet, type, .ttl = DNS_TTL_MAX, .why = "the answer is broken" };
	dns_wire_write(dns_name_str(&folded), &r.name);
	buffer_init_in(&r.text, arena, VALUES_BYTES_MAX);
	const char *why = packet_read(&r, arena, out);
	if (why)
		out->why = str_of(why);
}

void dns_answer_copy(struct arena *arena, const struct dns_answer *answer, struct dns_answer *out)
{
	*out = *answer;
	struct str *values = arena_alloc(arena, answer->n * sizeof *values);
	for (size_t i = 0; i < answer->n; i++)
		values[i] = arena_dup(arena, answer->values[i]);
	out->values = values;
	if (answer->why.n)
		out->why = arena_dup(arena, answer->why);
}
