/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/mrt.h>

#include <archive.h>
#include <archive_entry.h>
#include <inttypes.h>

#include <intelmq/buffer.h>

enum {
	HEADER = 12,
	TYPE_TABLE_DUMP = 12,
	TYPE_TABLE_DUMP_V2 = 13,
	ATTRIBUTE_AS_PATH = 2,
	ATTRIBUTE_LONG = 0x10, /* flag: its length has two bytes */
	SEGMENT_SET = 1,
	SEGMENT_SEQUENCE = 2,
};

#define MRT_FILE_MAX (UINT64_C(64) << 30) /* bytes unpacked; full tables have two or three GB */

/* Bytes that are read from the front; `over`: more was wanted than there is. */
struct bytes {
	const unsigned char *p;
	size_t n;
	bool over;
};

static struct bytes cut(struct bytes *b, size_t n)
{
	struct bytes piece = { b->p, n, false };
	if (n > b->n) {
		b->over = true;
		piece.n = b->n;
	}
	b->p += piece.n;
	b->n -= piece.n;
	return piece;
}

/* A number of n bytes in network order. */
static uint32_t number(struct bytes *b, size_t n)
{
	struct bytes piece = cut(b, n);
	uint32_t value = 0;
	for (size_t i = 0; i < piece.n; i++)
		value = value << 8 | piece.p[i];
	return value;
}

/* ---- Origins ---- */

/* Numbers that pyasn passes over. */
static bool counts(uint32_t asn)
{
	return asn > 0 && asn < 1000000 && !(asn >= 64496 && asn <= 131071);
}

/* The origin that one segment of a path names, 0: none. */
static uint32_t segment_origin(uint32_t kind, struct bytes numbers, size_t width)
{
	uint32_t origin = 0;
	while (numbers.n) {
		uint32_t asn = number(&numbers, width);
		if (counts(asn) && (kind == SEGMENT_SEQUENCE || !origin))
			origin = asn;
	}
	return kind == SEGMENT_SEQUENCE || kind == SEGMENT_SET ? origin : 0;
}

/* RFC 4271 §4.3: the last segment with an origin counts. */
static uint32_t path_origin(struct bytes *path, size_t width)
{
	uint32_t origin = 0;
	while (path->n && !path->over) {
		uint32_t kind = number(path, 1);
		uint32_t found = segment_origin(kind, cut(path, number(path, 1) * width), width);
		if (found)
			origin = found;
	}
	return origin;
}

static uint32_t attributes_origin(struct bytes *attributes, size_t width)
{
	while (attributes->n && !attributes->over) {
		uint32_t flags = number(attributes, 1), type = number(attributes, 1);
		size_t n = number(attributes, flags & ATTRIBUTE_LONG ? 2 : 1);
		struct bytes value = cut(attributes, n);
		if (type != ATTRIBUTE_AS_PATH || attributes->over)
			continue;
		uint32_t origin = path_origin(&value, width);
		attributes->over = value.over;
		return origin;
	}
	return 0;
}

/* ---- Records ---- */

struct route {
	struct network network;
	uint32_t origin; /* 0: none */
};

static void read_network(struct bytes *b, uint8_t version, size_t bytes, uint32_t length,
                         struct network *out)
{
	struct ip ip = { .version = version };
	if (length > (version == 4 ? 32 : 128)) {
		b->over = true;
		return;
	}
	struct bytes address = cut(b, bytes);
	memcpy(ip.bytes, address.p, address.n);
	*out = network_of(&ip, length);
}

/* §4.2: one entry a record, 16-bit numbers. */
static void read_table_dump(struct bytes *b, uint32_t subtype, struct route *out)
{
	uint8_t version = subtype == 1 ? 4 : 6;
	size_t bytes = version == 4 ? 4 : 16;
	cut(b, 4); /* view, sequence */
	struct bytes address = *b;
	cut(b, bytes);
	read_network(&address, version, bytes, number(b, 1), &out->network);
	b->over = b->over || address.over;
	cut(b, 1 + 4 + bytes + 2); /* status, time, peer */
	struct bytes attributes = cut(b, number(b, 2));
	out->origin = attributes_origin(&attributes, 2);
	b->over = b->over || attributes.over;
}

/* §4.3.2: of all entries the first one counts. With a path identifier: RFC 8050 §4. */
static void read_rib(struct bytes *b, uint8_t version, bool with_identifier, struct route *out)
{
	cut(b, 4); /* sequence */
	uint32_t length = number(b, 1);
	read_network(b, version, (length + 7) / 8, length, &out->network);
	if (number(b, 2) == 0)
		return;
	cut(b, 2 + 4 + (with_identifier ? 4 : 0)); /* peer, time */
	struct bytes attributes = cut(b, number(b, 2));
	out->origin = attributes_origin(&attributes, 4);
	b->over = b->over || attributes.over;
}

/* False: a record of another type. */
static bool read_record(struct bytes *b, uint32_t type, uint32_t subtype, struct route *out)
{
	if (type == TYPE_TABLE_DUMP && (subtype == 1 || subtype == 2)) {
		read_table_dump(b, subtype, out);
		return true;
	}
	if (type != TYPE_TABLE_DUMP_V2)
		return false;
	switch (subtype) {
	case 2: /* RIB_IPV4_UNICAST */
	case 8: /* RIB_IPV4_UNICAST_ADDPATH */
		read_rib(b, 4, subtype == 8, out);
		return true;
	case 4:  /* RIB_IPV6_UNICAST */
	case 10: /* RIB_IPV6_UNICAST_ADDPATH */
		read_rib(b, 6, subtype == 10, out);
		return true;
	default:
		return false;
	}
}

/* ---- Files ---- */

struct reading {
	struct archive *archive;
	struct buffer record;
	uint64_t bytes; /* unpacked so far */
	mrt_take *take;
	void *context;
	struct mrt_counts *counts;
	struct err *err;
};

static int open_file(struct reading *r, struct str bytes)
{
	struct archive_entry *entry;
	archive_read_support_filter_bzip2(r->archive);
	archive_read_support_filter_gzip(r->archive);
	archive_read_support_filter_xz(r->archive);
	archive_read_support_format_raw(r->archive);
	if (!bytes.n)
		return err_set(r->err, FAULT_OTHER, "the file is empty");
	if (archive_read_open_memory(r->archive, bytes.p, bytes.n) == ARCHIVE_OK &&
	    archive_read_next_header(r->archive, &entry) == ARCHIVE_OK)
		return 0;
	const char *why = archive_error_string(r->archive);
	return err_set(r->err, FAULT_OTHER, "the file cannot be unpacked: %s", why ? why : "?");
}

/* Fills the record with n bytes. 1; 0: the file has ended before them; -1. */
static int fetch(struct reading *r, size_t n)
{
	buffer_clear(&r->record);
	char *room = buffer_room(&r->record, n);
	while (r->record.n < n) {
		la_ssize_t got = archive_read_data(r->archive, room + r->record.n, n - r->record.n);
		if (got < 0)
			return err_set(r->err, FAULT_OTHER, "the file is damaged: %s",
			               archive_error_string(r->archive));
		if (got == 0 && r->record.n == 0)
			return 0;
		if (got == 0)
			return err_set(r->err, FAULT_OTHER,
			               "the file ends in the middle of a record");
		r->record.n += (size_t)got;
	}
	r->bytes += n;
	return 1;
}

static struct bytes fetched(const struct reading *r)
{
	return (struct bytes){ (const unsigned char *)r->record.p, r->record.n, false };
}

static int hand_over(struct reading *r, struct bytes b, uint32_t type, uint32_t subtype)
{
	struct route route = { 0 };
	if (!read_record(&b, type, subtype, &route)) {
		r->counts->other++;
		return 0;
	}
	if (b.over) {
		r->counts->damaged++;
		return 0;
	}
	if (!route.origin) {
		r->counts->without_origin++;
		return 0;
	}
	r->counts->routes++;
	return r->take(r->context, &route.network, route.origin);
}

/* 1: a record was read; 0: there is none left. */
static int next_record(struct reading *r)
{
	int rc = fetch(r, HEADER);
	if (rc <= 0)
		return rc;
	struct bytes header = fetched(r);
	cut(&header, 4); /* time */
	uint32_t type = number(&header, 2), subtype = number(&header, 2), n = number(&header, 4);
	if (n > MRT_RECORD_MAX || r->bytes > MRT_FILE_MAX)
		return err_set(r->err, FAULT_OTHER, "no dump of a routing table, or too large");
	if (n && (rc = fetch(r, n)) <= 0)
		return rc < 0 ? -1 : err_set(r->err, FAULT_OTHER, "the file ends behind a header");
	if (!n)
		buffer_clear(&r->record);
	return hand_over(r, fetched(r), type, subtype) < 0 ? -1 : 1;
}

int mrt_read(struct str bytes, mrt_take *take, void *context, struct mrt_counts *out,
             struct err *err)
{
	struct reading r = { .archive = archive_read_new(),
		             .take = take,
		             .context = context,
		             .counts = out,
		             .err = err };
	*out = (struct mrt_counts){ 0 };
	if (!r.archive)
		return err_set(err, FAULT_OTHER, "out of memory");
	buffer_init(&r.record, MRT_RECORD_MAX + HEADER);
	int rc = open_file(&r, bytes);
	if (rc == 0)
		while ((rc = next_record(&r)) > 0)
			;
	buffer_fini(&r.record);
	archive_read_free(r.archive);
	return rc;
}
