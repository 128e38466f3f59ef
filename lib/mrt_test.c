/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/mrt.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>

#include <intelmq/buffer.h>
#include <intelmq/file.h>

static struct arena arena;
static struct buffer dump;  /* the file in the making */
static struct buffer lines; /* what was handed over, as text */
static int stop_after;

static int begin(void **state)
{
	(void)state;
	arena_init(&arena);
	buffer_init_in(&dump, &arena, SIZE_MAX / 2);
	buffer_init_in(&lines, &arena, SIZE_MAX / 2);
	stop_after = -1;
	return 0;
}

static int end(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static int take(void *context, const struct network *network, uint32_t origin)
{
	char text[NETWORK_TEXT_SIZE];
	(void)context;
	network_text(network, text);
	buffer_printf(&lines, "%s %u\n", text, origin);
	return stop_after-- == 0 ? -1 : 0;
}

static void number(struct buffer *b, uint64_t value, int bytes)
{
	while (bytes-- > 0)
		buffer_add_char(b, (char)(value >> (8 * bytes)));
}

static void record(unsigned type, unsigned subtype, struct str body)
{
	number(&dump, 1700000000, 4);
	number(&dump, type, 2);
	number(&dump, subtype, 2);
	number(&dump, body.n, 4);
	buffer_add_str(&dump, body);
}

/* A path attribute: segments "2 701 6453 | 1 15169", kinds first. */
static struct str path(const char *segments, int width)
{
	struct buffer value, all;
	buffer_init_in(&value, &arena, SIZE_MAX / 2);
	for (struct str rest = str_of(segments); rest.p;) {
		struct buffer numbers;
		unsigned n = 0, kind = 0;
		buffer_init_in(&numbers, &arena, SIZE_MAX / 2);
		for (struct str words = str_cut(&rest, '|'); words.p;) {
			struct str word = str_cut(&words, ' ');
			uint64_t asn = 0;
			for (size_t i = 0; i < word.n; i++)
				asn = asn * 10 + (uint64_t)(word.p[i] - '0');
			if (!word.n)
				continue;
			if (!kind)
				kind = (unsigned)asn;
			else
				number(&numbers, asn, width);
			n++;
		}
		if (!n)
			continue;
		number(&value, kind, 1);
		number(&value, n - 1, 1);
		buffer_add_str(&value, buffer_str(&numbers));
	}
	/* ORIGIN comes first, then AS_PATH with a length of two bytes as RouteViews writes it. */
	buffer_init_in(&all, &arena, SIZE_MAX / 2);
	number(&all, 0x40010100, 4);
	number(&all, 0x5002, 2);
	number(&all, value.n, 2);
	buffer_add_str(&all, buffer_str(&value));
	return buffer_str(&all);
}

static struct str address_of(const char *prefix, struct network *out)
{
	assert_int_equal(network_parse(str_of(prefix), true, out), 0);
	return arena_dup(&arena, (struct str){ (char *)out->ip.bytes, 16 });
}

/* RFC 6396 §4.3.2, RFC 8050 §4. */
static void add_rib(const char *prefix, unsigned subtype, const struct str *attributes, unsigned n)
{
	struct buffer b;
	struct network network;
	struct str address = address_of(prefix, &network);
	buffer_init_in(&b, &arena, SIZE_MAX / 2);
	number(&b, 7, 4);
	number(&b, network.length, 1);
	buffer_add_str(&b, str_slice(address, 0, (network.length + 7u) / 8));
	number(&b, n, 2);
	for (unsigned i = 0; i < n; i++) {
		number(&b, i, 2);
		number(&b, 1699999999, 4);
		if (subtype >= 8)
			number(&b, 1, 4);
		number(&b, attributes[i].n, 2);
		buffer_add_str(&b, attributes[i]);
	}
	record(13, subtype, buffer_str(&b));
}

static void add_route(const char *prefix, const char *segments)
{
	struct str attributes = path(segments, 4);
	add_rib(prefix, strchr(prefix, ':') ? 4 : 2, &attributes, 1);
}

/* RFC 6396 §4.2. */
static void add_old_route(const char *prefix, const char *segments)
{
	struct buffer b;
	struct network network;
	struct str address = address_of(prefix, &network), attributes = path(segments, 2);
	size_t bytes = network.ip.version == 4 ? 4 : 16;
	buffer_init_in(&b, &arena, SIZE_MAX / 2);
	number(&b, 0, 2);
	number(&b, 1, 2);
	buffer_add_str(&b, str_slice(address, 0, bytes));
	number(&b, network.length, 1);
	number(&b, 1, 1);
	number(&b, 1699999999, 4);
	buffer_add_str(&b, str_slice(address, 0, bytes)); /* the peer */
	number(&b, 701, 2);
	number(&b, attributes.n, 2);
	buffer_add_str(&b, attributes);
	record(12, network.ip.version == 4 ? 1 : 2, buffer_str(&b));
}

static struct mrt_counts expect(struct str file, const char *wanted)
{
	struct mrt_counts counts;
	struct err err = { 0 };
	buffer_clear(&lines);
	int rc = mrt_read(file, take, NULL, &counts, &err);
	assert_string_equal(err.text, "");
	assert_int_equal(rc, 0);
	assert_string_equal(arena_cstr(&arena, buffer_str(&lines)), wanted);
	return counts;
}

static void networks_and_origins(void **state)
{
	(void)state;
	record(13, 1, S("\300\0\2\1\0\0\0\0")); /* PEER_INDEX_TABLE without peers */
	add_route("1.0.0.0/24", "2 701 6453 15169");
	add_route("0.0.0.0/0", "2 16637");
	add_route("3.0.0.0/9", "2 80");
	add_route("8.8.8.8/32", "2 15169");
	add_route("2001:500:88::/48", "2 3257 1103 112");
	add_route("::/0", "2 174");
	struct mrt_counts counts = expect(buffer_str(&dump), "1.0.0.0/24 15169\n"
	                                                     "0.0.0.0/0 16637\n"
	                                                     "3.0.0.0/9 80\n"
	                                                     "8.8.8.8/32 15169\n"
	                                                     "2001:500:88::/48 112\n"
	                                                     "::/0 174\n");
	assert_int_equal(counts.routes, 6);
	assert_int_equal(counts.other, 1);
	assert_int_equal(counts.damaged + counts.without_origin, 0);
}

/* What pyasn's converter takes as the origin. */
static void origins_of_paths(void **state)
{
	(void)state;
	add_route("1.0.0.0/24", "2 701 65023 16637");
	add_route("1.0.1.0/24", "2 701 16637 65023 64496");
	add_route("1.0.2.0/24", "2 701 | 1 38266");
	add_route("1.0.3.0/24", "2 701 | 1 65000 38266 2519");
	add_route("1.0.4.0/24", "2 701 3356 | 1 64512 4200000000");
	add_route("1.0.5.0/24", "2 701 131071");
	add_route("1.0.6.0/24", "2 701 131072");
	add_route("1.0.7.0/24", "2 701 999999");
	add_route("1.0.8.0/24", "2 701 1000000");
	add_route("1.0.9.0/24", "2 64495 64496");
	add_route("1.0.10.0/24", "2 23456");
	add_route("1.0.11.0/24", "2 701 | 2 3356 0");
	add_route("1.0.12.0/24", "2 701 | 3 3356");
	expect(buffer_str(&dump), "1.0.0.0/24 16637\n1.0.1.0/24 16637\n1.0.2.0/24 38266\n"
	                          "1.0.3.0/24 38266\n1.0.4.0/24 3356\n1.0.5.0/24 701\n"
	                          "1.0.6.0/24 131072\n1.0.7.0/24 999999\n1.0.8.0/24 701\n"
	                          "1.0.9.0/24 64495\n1.0.10.0/24 23456\n1.0.11.0/24 3356\n"
	                          "1.0.12.0/24 701\n");
}

static void without_an_origin(void **state)
{
	(void)state;
	struct str none = S("\x40\x01\x01\x00");
	add_route("1.0.0.0/24", "");
	add_route("1.0.1.0/24", "2 65000");
	add_rib("1.0.2.0/24", 2, &none, 1);
	add_rib("1.0.3.0/24", 2, NULL, 0);
	assert_int_equal(expect(buffer_str(&dump), "").without_origin, 4);
}

static void the_first_entry_counts(void **state)
{
	(void)state;
	struct str both[] = { path("2 701 15169", 4), path("2 701 2519", 4) };
	add_rib("1.0.0.0/24", 2, both, 2);
	add_rib("1.0.1.0/24", 8, both, 2);
	add_rib("2a00::/12", 10, both, 2);
	expect(buffer_str(&dump), "1.0.0.0/24 15169\n1.0.1.0/24 15169\n2a00::/12 15169\n");
}

static void the_older_type(void **state)
{
	(void)state;
	add_old_route("3.0.0.0/8", "2 13237 3320 1239 701 703 80");
	add_old_route("2001:500:88::/48", "2 3257 112");
	expect(buffer_str(&dump), "3.0.0.0/8 80\n2001:500:88::/48 112\n");
}

static void other_records_are_passed_over(void **state)
{
	(void)state;
	record(16, 4, S("an update"));
	record(13, 3, S("multicast"));
	record(12, 3, S(""));
	add_route("1.0.0.0/24", "2 15169");
	assert_int_equal(expect(buffer_str(&dump), "1.0.0.0/24 15169\n").other, 3);
}

/* Lengths that do not fit cost a record, not the file. */
static void damaged_records(void **state)
{
	(void)state;
	record(13, 2, S("\0\0\0\7\x21\1\1\1\1\1\0\0")); /* a prefix of 33 bits */
	record(13, 2, S("\0\0\0\7\x18\1\0"));           /* ends in the address */
	record(13, 2,
	       S("\0\0\0\7\x18\1\0\0\0\1\0\0\0\0\0\0\0\x09\x40\2\6\2\1\0\0"));    /* in the path */
	record(13, 2, S("\0\0\0\7\x18\1\0\0\0\1\0\0\0\0\0\0\0\x05\x40\2\2\2\7")); /* in a segment */
	record(12, 1, S("\0\0\0\0\3"));
	add_route("1.0.0.0/24", "2 15169");
	assert_int_equal(expect(buffer_str(&dump), "1.0.0.0/24 15169\n").damaged, 5);
}

static void refuse(struct str file, const char *why)
{
	struct mrt_counts counts;
	struct err err = { 0 };
	assert_int_equal(mrt_read(file, take, NULL, &counts, &err), -1);
	assert_non_null(strstr(err.text, why));
}

static void files_that_are_cut_off(void **state)
{
	(void)state;
	add_route("1.0.0.0/24", "2 15169");
	struct str file = buffer_str(&dump);
	refuse(S(""), "empty");
	refuse(str_slice(file, 0, file.n - 1), "in the middle");
	refuse(str_slice(file, 0, 5), "in the middle");
	refuse(str_slice(file, 0, 12), "behind a header");
	refuse(S("<!DOCTYPE html><title>404</title>"), "no dump");
}

static void the_taker_may_end_it(void **state)
{
	struct mrt_counts counts;
	(void)state;
	add_route("1.0.0.0/24", "2 15169");
	add_route("1.0.1.0/24", "2 15169");
	stop_after = 0;
	assert_int_equal(mrt_read(buffer_str(&dump), take, NULL, &counts, NULL), -1);
	assert_int_equal(counts.routes, 1);
}

static struct str pack(struct str content, int (*filter)(struct archive *))
{
	char *packed = arena_alloc(&arena, 1 << 20);
	size_t used = 0;
	struct archive *a = archive_write_new();
	struct archive_entry *entry = archive_entry_new();
	archive_write_set_format_raw(a);
	filter(a);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_pathname(entry, "-");
	assert_int_equal(archive_write_open_memory(a, packed, 1 << 20, &used), ARCHIVE_OK);
	assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
	assert_int_equal(archive_write_data(a, content.p, content.n), content.n);
	archive_write_close(a);
	archive_entry_free(entry);
	archive_write_free(a);
	return (struct str){ packed, used };
}

static void packed_files(void **state)
{
	(void)state;
	int (*const filters[])(struct archive *) = { archive_write_add_filter_bzip2,
		                                     archive_write_add_filter_gzip,
		                                     archive_write_add_filter_xz };
	for (unsigned i = 0; i < 5000; i++) {
		char prefix[20];
		snprintf(prefix, sizeof prefix, "10.%u.%u.0/24", i / 256, i % 256);
		add_route(prefix, "2 701 15169");
	}
	for (size_t i = 0; i < 3; i++) {
		struct str packed = pack(buffer_str(&dump), filters[i]);
		struct mrt_counts counts;
		struct err err = { 0 };
		assert_int_equal(mrt_read(packed, take, NULL, &counts, &err), 0);
		assert_int_equal(counts.routes, 5000);
		refuse(str_slice(packed, 0, packed.n / 2), "the file");
	}
}

/* A table of OpenBGPD: 21 networks without a public number, an index of peers, two generic records. */
static void a_real_dump(void **state)
{
	struct str file;
	struct err err;
	(void)state;
	if (file_map("../shared/data/feeds/mrt/openbgpd_rib_table-v2", 1 << 20, &file, &err) < 0)
		skip();
	struct mrt_counts counts = expect(file, "");
	assert_int_equal(counts.damaged, 0);
	assert_int_equal(counts.other, 3);
	assert_int_equal(counts.without_origin, 21);
	file_unmap(file);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(networks_and_origins), TEST(origins_of_paths),
		TEST(without_an_origin),    TEST(the_first_entry_counts),
		TEST(the_older_type),       TEST(other_records_are_passed_over),
		TEST(damaged_records),      TEST(files_that_are_cut_off),
		TEST(the_taker_may_end_it), TEST(packed_files),
		TEST(a_real_dump),
	};
	return cmocka_run_group_tests_name("lib/mrt", tests, NULL, NULL);
}
