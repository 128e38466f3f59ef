/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/dns_packet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "net/dns_name.h"
#include "tests/name_packet.h"

enum { OK = 0x8180, NXDOMAIN = 0x8183 };

static struct arena arena;
static struct name_packet packet;
static struct dns_answer answer;

static struct str packet_str(void)
{
	return (struct str){ (const char *)packet.p, packet.n };
}

/* Reads a copy of exactly its size, so that reading over its end is seen. */
static enum dns_status read_as(struct str bytes, const char *name, enum dns_type type)
{
	char *copy = malloc(bytes.n + !bytes.n);
	memcpy(copy, bytes.p, bytes.n);
	dns_packet_read(&arena, (struct str){ copy, bytes.n }, str_of(name), type, &answer);
	free(copy);
	return answer.status;
}

static void reads(const char *name, enum dns_type type, const char *values, int64_t ttl)
{
	assert_int_equal(read_as(packet_str(), name, type), DNS_FOUND);
	struct buffer joined;
	buffer_init_in(&joined, &arena, 1 << 20);
	for (size_t i = 0; i < answer.n; i++) {
		buffer_add_str(&joined, i ? S("|") : S(""));
		buffer_add_str(&joined, answer.values[i]);
	}
	buffer_add_char(&joined, '\0');
	assert_string_equal(joined.p, values);
	assert_int_equal(answer.ttl, ttl);
	assert_int_equal(answer.why.n, 0);
}

static void refuses(const char *name, enum dns_type type, const char *why)
{
	assert_int_equal(read_as(packet_str(), name, type), DNS_REFUSED);
	assert_string_equal(answer.why.p, why);
	assert_int_equal(answer.n, 0);
}

/* One record of the name "x.example" with these bytes as data. */
static void one_record(enum dns_type type, const void *bytes, size_t n)
{
	packet_begin(&packet, 1, OK, "x.example", type, 1, 0);
	size_t start = packet_record(&packet, "x.example", type, 300);
	packet_bytes(&packet, bytes, n);
	packet_record_end(&packet, start);
}

#define RECORD(type, bytes) one_record(type, bytes, sizeof(bytes) - 1)

static void test_values(void **state)
{
	(void)state;
	packet_begin(&packet, 1, OK, "x.example", DNS_A, 3, 0);
	packet_a(&packet, "x.example", 300, 0xC0000201);
	packet_a(&packet, "X.EXAMPLE", 200, 0xC0000202);
	packet_a(&packet, "y.example", 100, 0xC0000203);
	reads("x.example", DNS_A, "192.0.2.1|192.0.2.2", 200);
	reads("X.Example.", DNS_A, "192.0.2.1|192.0.2.2", 200);

	RECORD(DNS_AAAA, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1");
	reads("x.example", DNS_AAAA, "2001:db8::1", 300);
	RECORD(DNS_PTR, "\2ab\xC0\x0E");
	reads("x.example", DNS_PTR, "ab.example", 300);
	RECORD(DNS_NS, "\0");
	reads("x.example", DNS_NS, ".", 300);
	RECORD(DNS_CNAME, "\4a.b \1\xE4\0");
	reads("x.example", DNS_CNAME, "a\\.b\\032.\\228", 300);
	RECORD(DNS_MX, "\0\x0A\4mail\xC0\x0E");
	reads("x.example", DNS_MX, "10 mail.example", 300);
	RECORD(DNS_MX, "\0\0\0");
	reads("x.example", DNS_MX, "0 .", 300);
	RECORD(DNS_TXT, "\4a\"\\b\0\3c \t");
	reads("x.example", DNS_TXT, "\"a\\\"\\\\b\" \"\" \"c \\009\"", 300);
}

static void test_chain(void **state)
{
	(void)state;
	packet_begin(&packet, 1, OK, "a.example", DNS_A, 5, 0);
	packet_points(&packet, "a.example", DNS_CNAME, 500, "B.example");
	packet_points(&packet, "b.example", DNS_CNAME, 50, "c.example");
	packet_a(&packet, "a.example", 1, 0x01010101);
	packet_a(&packet, "C.example", 400, 0xC0000201);
	packet_a(&packet, "c.example", 400, 0xC0000202);
	reads("a.example", DNS_A, "192.0.2.1|192.0.2.2", 50);
	reads("b.example", DNS_A, "192.0.2.1|192.0.2.2", 50);
	reads("a.example", DNS_CNAME, "B.example", 500);

	/* In an order that no server uses. */
	packet_begin(&packet, 1, OK, "a.example", DNS_A, 4, 0);
	packet_a(&packet, "c.example", 400, 0xC0000201);
	packet_points(&packet, "b.example", DNS_CNAME, 600, "c.example");
	packet_points(&packet, "a.example", DNS_CNAME, 500, "b.example");
	packet_a(&packet, "c.example", 400, 0xC0000202);
	reads("a.example", DNS_A, "192.0.2.1|192.0.2.2", 400);

	/* To a name without addresses, and to one that does not exist. */
	packet_begin(&packet, 1, OK, "a.example", DNS_A, 1, 1);
	packet_points(&packet, "a.example", DNS_CNAME, 50, "b.test");
	packet_soa(&packet, "test", 900, 600);
	assert_int_equal(read_as(packet_str(), "a.example", DNS_A), DNS_NO_DATA);
	assert_int_equal(answer.ttl, 50);
	packet.p[3] |= 3;
	assert_int_equal(read_as(packet_str(), "a.example", DNS_A), DNS_NO_NAME);
}

static void test_chain_without_end(void **state)
{
	(void)state;
	packet_begin(&packet, 1, OK, "a.example", DNS_A, 3, 0);
	packet_points(&packet, "a.example", DNS_CNAME, 500, "b.example");
	packet_points(&packet, "b.example", DNS_CNAME, 500, "a.example");
	packet_a(&packet, "a.example", 400, 0xC0000202);
	refuses("a.example", DNS_A, "an endless chain of CNAMEs");
	reads("a.example", DNS_CNAME, "b.example", 500);
}

static void negative(unsigned flags, const char *soa, unsigned ttl, unsigned minimum,
                     enum dns_status status, int64_t expected)
{
	packet_begin(&packet, 1, flags, "x.example", DNS_A, 0, soa ? 1 : 0);
	if (soa)
		packet_soa(&packet, soa, ttl, minimum);
	assert_int_equal(read_as(packet_str(), "x.example", DNS_A), status);
	assert_int_equal(answer.ttl, expected);
	assert_true(answer.why.n > 0);
	assert_int_equal(answer.n, 0);
}

static void test_negative(void **state)
{
	(void)state;
	negative(NXDOMAIN, "example", 900, 600, DNS_NO_NAME, 600);
	negative(NXDOMAIN, "", 300, 86400, DNS_NO_NAME, 300);
	negative(OK, "example", 900, 600, DNS_NO_DATA, 600);
	negative(OK, "example", 86400, 86400, DNS_NO_DATA, DNS_TTL_NEGATIVE_MAX);
	negative(OK, "example", 900, 0, DNS_NO_DATA, 0);
	negative(OK, "example", 0x80000000, 600, DNS_NO_DATA, 0);
	negative(OK, NULL, 0, 0, DNS_NO_DATA, DNS_TTL_NEGATIVE);
	/* The SOA of somebody else. */
	negative(NXDOMAIN, "xample", 900, 600, DNS_NO_NAME, DNS_TTL_NEGATIVE);
	negative(NXDOMAIN, "y.x.example", 900, 600, DNS_NO_NAME, DNS_TTL_NEGATIVE);
}

static void test_ttl_limits(void **state)
{
	(void)state;
	packet_begin(&packet, 1, OK, "x.example", DNS_A, 1, 0);
	packet_a(&packet, "x.example", 1000000, 0xC0000201);
	reads("x.example", DNS_A, "192.0.2.1", DNS_TTL_MAX);
	packet_begin(&packet, 1, OK, "x.example", DNS_A, 1, 0);
	packet_a(&packet, "x.example", 0x80000001, 0xC0000201);
	reads("x.example", DNS_A, "192.0.2.1", 0);
}

static void test_rcodes(void **state)
{
	(void)state;
	negative(OK, NULL, 0, 0, DNS_NO_DATA, 60);
	packet.p[3] = 2;
	refuses("x.example", DNS_A, "the name servers answer SERVFAIL");
	packet.p[3] = 5;
	refuses("x.example", DNS_A, "the name servers answer REFUSED");
	packet.p[3] = 15;
	refuses("x.example", DNS_A, "the name servers answer with an unknown code");
	packet.p[3] = 0;
	packet.p[2] &= 0x7F;
	refuses("x.example", DNS_A, "the answer is none");
}

static void test_broken(void **state)
{
	(void)state;
	RECORD(DNS_A, "\1\2\3");
	refuses("x.example", DNS_A, "the answer is broken");
	RECORD(DNS_AAAA, "\1\2\3\4");
	refuses("x.example", DNS_AAAA, "the answer is broken");
	RECORD(DNS_TXT, "");
	refuses("x.example", DNS_TXT, "the answer is broken");
	RECORD(DNS_TXT, "\5abc");
	refuses("x.example", DNS_TXT, "the answer is broken");
	RECORD(DNS_MX, "\1");
	refuses("x.example", DNS_MX, "the answer is broken");
	RECORD(DNS_PTR, "\1a\xC0\x0E\0");
	refuses("x.example", DNS_PTR, "the answer is broken");
	RECORD(DNS_PTR, "\x40"
	                "a\0");
	refuses("x.example", DNS_PTR, "the answer is broken");
	/* To itself, and ahead. */
	RECORD(DNS_PTR, "\xC0\x32");
	refuses("x.example", DNS_PTR, "the answer is broken");
	RECORD(DNS_PTR, "\xC0\xFF");
	refuses("x.example", DNS_PTR, "the answer is broken");
	RECORD(99, "\1\2\3\4");
	refuses("x.example", (enum dns_type)99, "the answer is broken");
}

/* Every beginning of a packet is refused, and reads nothing behind it. */
static void test_cut(void **state)
{
	(void)state;
	packet_begin(&packet, 1, OK, "x.example", DNS_MX, 1, 0);
	size_t start = packet_record(&packet, "x.example", DNS_MX, 300);
	packet_bytes(&packet, "\0\x0A\4mail\xC0\x0E", 9);
	packet_record_end(&packet, start);
	reads("x.example", DNS_MX, "10 mail.example", 300);
	for (size_t n = 0; n < packet.n; n++)
		assert_int_equal(read_as(str_slice(packet_str(), 0, n), "x.example", DNS_MX),
		                 DNS_REFUSED);
}

/* Records of 14 bytes whose names are 1,000 characters long do not become megabytes. */
static void test_names_that_unfold(void **state)
{
	(void)state;
	unsigned char name[255] = { 0 };
	for (size_t i = 0; i < 252; i += 63)
		name[i] = 62;
	packet_begin(&packet, 1, OK, "x.example", DNS_PTR, 1000, 0);
	size_t first = packet.n + 11 + 10;
	for (int i = 0; i < 1000; i++) {
		size_t start = packet_record(&packet, "x.example", DNS_PTR, 300);
		if (i == 0)
			packet_bytes(&packet, name, 253);
		else
			packet_16(&packet, 0xC000 | (unsigned)first);
		packet_record_end(&packet, start);
	}
	refuses("x.example", DNS_PTR, "the answer is broken");
	assert_true(arena.used < 4 << 20);
}

static bool folds(struct str text, const char *expected)
{
	struct dns_name name;
	if (!dns_name_fold(text, &name))
		return false;
	return str_eq(dns_name_str(&name), str_of(expected));
}

static void test_names(void **state)
{
	(void)state;
	char labels[256];
	memset(labels, 'a', sizeof labels);
	assert_true(folds(S("WWW.Example.com"), "www.example.com"));
	assert_true(folds(S("www.example.com."), "www.example.com"));
	assert_true(folds(S("_dmarc.\xE4 .x"), "_dmarc.\xE4 .x"));
	assert_true(folds(S("."), ""));
	assert_false(folds(S(""), ""));
	assert_false(folds(S(".."), ""));
	assert_false(folds(S("a..b"), ""));
	assert_false(folds(S(".a"), ""));
	assert_false(folds((struct str){ labels, 64 }, ""));
	for (size_t i = 63; i < sizeof labels; i += 64)
		labels[i] = '.';
	struct dns_name name;
	assert_true(dns_name_fold((struct str){ labels, 253 }, &name));
	assert_false(dns_name_fold((struct str){ labels, 254 }, &name));
	struct dns_wire wire;
	dns_wire_write(dns_name_str(&name), &wire);
	assert_int_equal(wire.n, 255);
	assert_false(dns_name_join(&name, S("b")));
	assert_true(dns_name_fold(S("host"), &name) && dns_name_join(&name, S("example")));
	assert_true(str_eq(dns_name_str(&name), S("host.example")));
}

static void test_question(void **state)
{
	(void)state;
	unsigned char out[DNS_QUESTION_MAX];
	size_t n = dns_question_write(S("a.example"), DNS_MX, 0x1234, true, out);
	static const char expected[] = "\x12\x34\1\0\0\1\0\0\0\0\0\1\1a\7example\0\0\x0F\0\1"
				       "\0\0\x29\x04\xD0\0\0\0\0\0\0";
	assert_int_equal(n, sizeof expected - 1);
	assert_memory_equal(out, expected, n);
	n = dns_question_write(S(""), DNS_NS, 1, false, out);
	assert_int_equal(n, 17);
	assert_memory_equal(out, "\0\1\1\0\0\1\0\0\0\0\0\0\0\0\2\0\1", n);
}

static int arena_new(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int arena_end(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, arena_new, arena_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_values),   TEST(test_chain),      TEST(test_chain_without_end),
		TEST(test_negative), TEST(test_ttl_limits), TEST(test_rcodes),
		TEST(test_broken),   TEST(test_cut),        TEST(test_names_that_unfold),
		TEST(test_names),    TEST(test_question),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
