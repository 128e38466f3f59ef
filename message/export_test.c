/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Messages as other shapes, and their hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "message/codec.h"
#include "tests/format.h"

#include <openssl/evp.h>

static struct arena arena;
static struct data_format *format;

static int setup(void **state)
{
	(void)state;
	format = test_format_new();
	arena_init(&arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	data_format_free(format);
	return 0;
}

static struct event *event_of(const char *fields)
{
	struct err err = { 0 };
	struct event *e = event_decode(&arena, format, str_of(fields), S("Event"), WIRE_CHECKED,
	                               &err);
	if (!e)
		fail_msg("%s: %s", fields, err.text);
	return e;
}

static const char *dict_text(const struct event *e, unsigned export)
{
	struct dict *d;
	struct buffer out;
	if (event_to_dict(e, export, &arena, &d, NULL) < 0)
		return "impossible";
	buffer_init_in(&out, &arena, SIZE_MAX / 2);
	json_write(&out, value_dict(d), JSON_KEEP_UNICODE);
	return arena_cstr(&arena, buffer_str(&out));
}

enum { H = EXPORT_HIERARCHICAL, T = EXPORT_WITH_TYPE, X = EXPORT_EXTRA_AS_TEXT };

static void dicts(void **state)
{
	(void)state;
	static const struct {
		const char *event;
		unsigned export;
		const char *dict;
	} rows[] = {
		{ "{\"source.ip\": \"192.0.2.1\", \"extra.a\": \"\xc3\xa4\"}", 0,
		  "{\"source.ip\": \"192.0.2.1\", \"extra.a\": \"\xc3\xa4\"}" },
		{ "{\"source.ip\": \"192.0.2.1\"}", T,
		  "{\"__type\": \"Event\", \"source.ip\": \"192.0.2.1\"}" },
		{ "{\"source.ip\": \"192.0.2.1\", \"comment\": \"c\", \"source.geolocation.cc\": "
		  "\"AT\"}",
		  H,
		  "{\"source\": {\"ip\": \"192.0.2.1\", \"geolocation\": {\"cc\": \"AT\"}}, "
		  "\"comment\": \"c\"}" },
		{ "{\"extra.a\": {\"b\": 1}, \"extra.a.c\": 2}", H,
		  "{\"extra\": {\"a\": {\"b\": 1, \"c\": 2}}}" },
		/* nesting stops at a component that equals the last one */
		{ "{\"extra.a.a\": 1}", H, "{\"extra\": {\"a\": 1}}" },
		/* a scalar in the way: impossible; one that comes later replaces the object */
		{ "{\"extra.a\": 1, \"extra.a.b\": 2}", H, "impossible" },
		{ "{\"extra.a.b\": 2, \"extra.a\": 1}", H, "{\"extra\": {\"a\": 1}}" },
		{ "{\"extra.b\": \"\xc3\xa4\", \"source.port\": 80, \"extra.a.c\": [1]}", X,
		  "{\"source.port\": 80, \"extra\": \"{\\\"b\\\": \\\"\xc3\xa4\\\", \\\"a.c\\\": "
		  "[1]}\"}" },
		{ "{\"extra.b\": 1, \"source.port\": 80}", X | H,
		  "{\"source\": {\"port\": 80}, \"extra\": \"{\\\"b\\\": 1}\"}" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_string_equal(dict_text(event_of(rows[i].event), rows[i].export),
		                    rows[i].dict);
}

/* Exporting does not change the message. */
static void nesting_leaves_the_message(void **state)
{
	(void)state;
	struct event *e = event_of("{\"extra.a\": {\"b\": 1}, \"extra.a.c\": 2}");
	dict_text(e, H);
	assert_string_equal(dict_text(e, 0), "{\"extra.a\": {\"b\": 1}, \"extra.a.c\": 2}");
}

static void json_text(void **state)
{
	(void)state;
	struct event *e = event_of("{\"source.port\": 80, \"extra.z\": {\"b\": 1, \"a\": "
	                           "\"\xc3\xa4\"}, \"comment\": \"x\"}");
	struct buffer out;
	buffer_init_in(&out, &arena, 1000);
	assert_int_equal(event_to_json(e, 0, &out, NULL), 0);
	assert_string_equal(arena_cstr(&arena, buffer_str(&out)),
	                    "{\"comment\": \"x\", \"extra.z\": {\"a\": \"\xc3\xa4\", \"b\": 1}, "
	                    "\"source.port\": 80}");
	buffer_clear(&out);
	assert_int_equal(event_to_json(e, H | T | X, &out, NULL), 0);
	assert_string_equal(arena_cstr(&arena, buffer_str(&out)),
	                    "{\"__type\": \"Event\", \"comment\": \"x\", \"extra\": {\"z\": "
	                    "{\"a\": \"\xc3\xa4\", \"b\": 1}}, "
	                    "\"source\": {\"port\": 80}}");
}

/* The definition: SHA-256 over key, C0, Python's repr of the value, C0, in the order of the keys. */
static void hash_of(const char *bytes, size_t n, char hex_out[65])
{
	unsigned char digest[32];
	assert_int_equal(EVP_Digest(bytes, n, digest, NULL, EVP_sha256(), NULL), 1);
	for (size_t i = 0; i < 32; i++)
		snprintf(hex_out + 2 * i, 3, "%02x", digest[i]);
}

static void check_hash(const char *event, const char *keys, bool whitelist, const char *bytes,
                       size_t n)
{
	char expected[65], got[65];
	struct value list = value_null();
	if (keys)
		assert_int_equal(json_parse(&arena, str_of(keys), &list, NULL), 0);
	hash_of(bytes, n, expected);
	event_hash(event_of(event), keys ? list.list : NULL, whitelist, got);
	if (strcmp(expected, got) != 0)
		fail_msg("%s: %s instead of %s", event, got, expected);
}

#define HASH(event, keys, whitelist, bytes)                                                        \
	check_hash(event, keys, whitelist, bytes, sizeof bytes - 1)

static void hashes(void **state)
{
	(void)state;
	HASH("{}", NULL, false, "");
	HASH("{\"source.ip\": \"192.0.2.1\"}", NULL, false, "source.ip\xC0'192.0.2.1'\xC0");
	/* sorted; time.observation never counts */
	HASH("{\"source.port\": 80, \"feed.name\": \"F\", \"time.observation\": "
	     "\"2020-01-01T00:00:00+00:00\"}",
	     NULL, false,
	     "feed.name\xC0'F'\xC0source.port\xC0"
	     "80\xC0");
	HASH("{\"time.observation\": \"2020-01-01T00:00:00+00:00\", \"comment\": \"c\"}",
	     "[\"time.observation\", \"comment\"]", true, "comment\xC0'c'\xC0");
	/* Python's repr */
	HASH("{\"comment\": \"it's \\\"q\\\"\"}", NULL, false, "comment\xC0'it\\'s \"q\"'\xC0");
	HASH("{\"comment\": \"it's\"}", NULL, false, "comment\xC0\"it's\"\xC0");
	HASH("{\"comment\": \"a\\nb\\\\\\u0007\\u00e4\"}", NULL, false,
	     "comment\xC0'a\\nb\\\\\\x07\xc3\xa4'\xC0");
	HASH("{\"feed.accuracy\": 100.0, \"source.geolocation.latitude\": 1e-05}", NULL, false,
	     "feed.accuracy\xC0"
	     "100.0\xC0source.geolocation.latitude\xC0"
	     "1e-05\xC0");
	HASH("{\"extra.a\": {\"b\": [1, true, null]}}", NULL, false,
	     "extra.a\xC0{'b': [1, True, None]}\xC0");
	/* own keys among the configured, in the order of code points */
	HASH("{\"extra.b\": 1, \"feed.name\": \"F\", \"extra.a\": 2, \"event_hash\": \"AB\", "
	     "\"comment\": \"c\"}",
	     NULL, false,
	     "comment\xC0'c'\xC0"
	     "event_hash\xC0'AB'\xC0"
	     "extra.a\xC0"
	     "2\xC0"
	     "extra.b\xC0"
	     "1\xC0"
	     "feed.name\xC0'F'\xC0");
	/* lists of keys */
	HASH("{\"source.ip\": \"192.0.2.1\", \"source.port\": 80}", "[\"source.ip\"]", false,
	     "source.port\xC0"
	     "80\xC0");
	HASH("{\"source.ip\": \"192.0.2.1\", \"source.port\": 80}", "[\"source.ip\"]", true,
	     "source.ip\xC0'192.0.2.1'\xC0");
	HASH("{\"source.ip\": \"192.0.2.1\"}", "[]", true, "");
}

/* Fixed values, computed with sha256sum. */
static void known_hashes(void **state)
{
	(void)state;
	char hex[65];
	event_hash(event_of("{}"), NULL, false, hex);
	assert_string_equal(hex,
	                    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	event_hash(event_of("{\"source.ip\": \"192.0.2.1\"}"), NULL, false, hex);
	assert_string_equal(hex,
	                    "f801c09d52093084fe48d9651a62d3ff57b8a642669ffb7ed2575d2510eea1b4");
	unsigned char bytes[32];
	event_hash_bytes(event_of("{\"source.ip\": \"192.0.2.1\"}"), NULL, false, bytes);
	assert_int_equal(bytes[0], 0xf8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dicts),        cmocka_unit_test(nesting_leaves_the_message),
		cmocka_unit_test(json_text),    cmocka_unit_test(hashes),
		cmocka_unit_test(known_hashes),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
