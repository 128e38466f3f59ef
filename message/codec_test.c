/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Messages on the wire; jansson is the second opinion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "message/codec.h"
#include "tests/format.h"

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

static struct str encoded(const struct event *e)
{
	struct buffer out;
	buffer_init_in(&out, &arena, SIZE_MAX / 2);
	event_encode(e, &out);
	return buffer_str(&out);
}

static struct event *decoded(const char *wire, enum trust trust, struct err *err)
{
	return event_decode(&arena, format, arena_dup(&arena, str_of(wire)), STR_NONE, trust, err);
}

/* ---- What comes back ---- */

/* A message as it is written again, trusted and checked; NULL: refused. */
struct trip {
	const char *wire, *trusted, *checked;
};

#define SAME(wire)                                                                                 \
	{                                                                                          \
		wire, wire, wire                                                                   \
	}
#define IP "\"source.ip\": \"192.0.2.1\""
#define EVENT "\"__type\": \"Event\"}"

// clang-format off
static const struct trip trips[] = {
	SAME("{" EVENT),
	SAME("{" IP ", " EVENT),
	SAME("{\"source.port\": 0, \"raw\": \"Zm9v\", " EVENT),
	SAME("{\"comment\": \"a\\\"b\\\\c\\u00e4\\ud83d\\ude00\\n\\t\", " EVENT),
	SAME("{\"extra.a\": {\"b\": [1, 2.5, \"\\u00e4\", null, true]}, \"extra.c\": false, " EVENT),
	SAME("{\"feed.accuracy\": 100.0, \"source.geolocation.latitude\": -12.5, \"rtir_id\": -5, " EVENT),
	SAME("{\"rtir_id\": 123456789012345678901234567890, " EVENT),
	SAME("{\"raw\": \"Zm9v\", \"__type\": \"Report\"}"),
	SAME("{\"comment\": \"\\ud800 lone\", " EVENT),
	/* spaces and order are not ours */
	{ " {" IP "  ,\n\t\"comment\" :\"x\" ," EVENT, "{" IP ", \"comment\": \"x\", " EVENT, "{" IP ", \"comment\": \"x\", " EVENT },
	{ "{\"__type\": \"Event\", " IP "}", "{" IP ", " EVENT, "{" IP ", " EVENT },
	{ "{" IP ", \"__type\" : \"Event\" } \n", "{" IP ", " EVENT, "{" IP ", " EVENT },
	/* text beyond ASCII is escaped on its way out */
	{ "{\"comment\": \"\xc3\xa4\", " EVENT, "{\"comment\": \"\\u00e4\", " EVENT, "{\"comment\": \"\\u00e4\", " EVENT },
	{ "{\"extra.a\": [\"\xc3\xa4\"], " EVENT, "{\"extra.a\": [\"\\u00e4\"], " EVENT, "{\"extra.a\": [\"\\u00e4\"], " EVENT },
	{ "{\"extra.\xc3\xa4\": 1, " EVENT, "{\"extra.\\u00e4\": 1, " EVENT, NULL },
	/* escapes in names */
	{ "{\"source\\u002eip\": \"192.0.2.1\", " EVENT, "{" IP ", " EVENT, "{" IP ", " EVENT },
	{ "{\"__t\\u0079pe\": \"Event\", " IP "}", "{" IP ", " EVENT, "{" IP ", " EVENT },
	/* a name that comes twice keeps its place and takes the last value */
	{ "{\"comment\": \"x\", " IP ", \"comment\": \"y\", " EVENT, "{\"comment\": \"y\", " IP ", " EVENT,
	  "{\"comment\": \"y\", " IP ", " EVENT },
	{ "{\"extra.a\": 1, " IP ", \"extra.a\": 2, " EVENT, "{\"extra.a\": 2, " IP ", " EVENT, "{\"extra.a\": 2, " IP ", " EVENT },
	{ "{\"source.ip\": \"nonsense\", \"source.ip\": \"192.0.2.1\", " EVENT, "{" IP ", " EVENT, "{" IP ", " EVENT },
	{ "{" IP ", \"source.ip\": null, " EVENT, "{\"source.ip\": null, " EVENT, "{" EVENT },
	{ "{\"comment\": null, " IP ", \"comment\": \"x\", " EVENT, "{\"comment\": \"x\", " IP ", " EVENT,
	  "{\"comment\": \"x\", " IP ", " EVENT },
	{ "{\"__type\": \"Report\", " IP ", " EVENT, "{" IP ", " EVENT, "{" IP ", " EVENT },
	/* a trusted value is not looked at; a checked one is stored as it is where valid, else sanitised */
	{ "{\"source.ip\": \"192.0.2.1/32\", " EVENT, "{\"source.ip\": \"192.0.2.1/32\", " EVENT, "{" IP ", " EVENT },
	{ "{\"comment\": \" x \", " EVENT, "{\"comment\": \" x \", " EVENT, "{\"comment\": \" x \", " EVENT },
	{ "{\"source.port\": \"80\", " EVENT, "{\"source.port\": \"80\", " EVENT, "{\"source.port\": 80, " EVENT },
	{ "{\"source.asn\": \"AS1\", " EVENT, "{\"source.asn\": \"AS1\", " EVENT, "{\"source.asn\": 1, " EVENT },
	{ "{\"feed.accuracy\": true, " EVENT, "{\"feed.accuracy\": true, " EVENT, "{\"feed.accuracy\": true, " EVENT },
	{ "{\"comment\": \"-\", " IP ", " EVENT, "{\"comment\": \"-\", " IP ", " EVENT, "{" IP ", " EVENT },
	{ "{\"extra.a\": \"\", " IP ", " EVENT, "{\"extra.a\": \"\", " IP ", " EVENT, "{" IP ", " EVENT },
	{ "{\"extra.a\": null, \"extra.b\": 1, " EVENT, "{\"extra.a\": null, \"extra.b\": 1, " EVENT, "{\"extra.b\": 1, " EVENT },
	{ "{\"raw\": \"not base64!\", " EVENT, "{\"raw\": \"not base64!\", " EVENT, NULL },
	{ "{\"source.ip\": \"nonsense\", " EVENT, "{\"source.ip\": \"nonsense\", " EVENT, NULL },
	{ "{\"extra\": {\"b\": 1, \"a\": 2}, " EVENT, "{\"extra.a\": 2, \"extra.b\": 1, " EVENT, "{\"extra.a\": 2, \"extra.b\": 1, " EVENT },
	{ "{\"extra\": {\"a\": 1}, \"extra.a\": 2, " EVENT, "{\"extra.a\": 2, " EVENT, NULL },
	{ "{\"extra.a\": 2, \"extra\": {\"a\": 1}, " EVENT, NULL, NULL },
	{ "{\"extra.a\": 2, \"extra\": null, " EVENT, NULL, NULL },
	{ "{\"extra\": {\"a\": 1}, \"extra\": null, " EVENT, NULL, "{" EVENT },
	/* numbers are written in Python's form when they are checked */
	{ "{\"extra.a\": 1e5, " EVENT, "{\"extra.a\": 1e5, " EVENT, "{\"extra.a\": 100000.0, " EVENT },
	{ "{\"extra.a\": -0, " EVENT, "{\"extra.a\": -0, " EVENT, "{\"extra.a\": 0, " EVENT },
	{ "{\"extra.a\": 1.50, " EVENT, "{\"extra.a\": 1.50, " EVENT, "{\"extra.a\": 1.5, " EVENT },
	{ "{\"comment\": \"\x7f\", " EVENT, "{\"comment\": \"\x7f\", " EVENT, "{\"comment\": \"\\u007f\", " EVENT },
	{ "{\"comment\": \"\\u0041\\/\", " EVENT, "{\"comment\": \"\\u0041\\/\", " EVENT, "{\"comment\": \"A/\", " EVENT },
	/* refused */
	{ "", NULL, NULL },
	{ "null", NULL, NULL },
	{ "[" EVENT, NULL, NULL },
	{ "{}", NULL, NULL },
	{ "{" IP "}", NULL, NULL },
	{ "{" IP ", \"__type\": \"Foo\"}", NULL, NULL },
	{ "{" IP ", \"__type\": \"event\"}", NULL, NULL },
	{ "{" IP ", \"__type\": 1}", NULL, NULL },
	{ "{" IP ", " EVENT "x", NULL, NULL },
	{ "{" IP " " EVENT, NULL, NULL },
	{ "{" IP ",, " EVENT, NULL, NULL },
	{ "{, " EVENT, NULL, NULL },
	{ "{" IP ", \"__type\": \"Event\",}", NULL, NULL },
	{ "{\"comment\": \"a\nb\", " EVENT, NULL, NULL },
	{ "{\"comment\": \"\\x\", " EVENT, NULL, NULL },
	{ "{\"comment\": \"\\\", " EVENT, NULL, NULL },
	{ "{\"comment\": x, " EVENT, NULL, NULL },
	{ "{\"comment\": , " EVENT, NULL, NULL },
	{ "{\"comment\" \"x\", " EVENT, NULL, NULL },
	{ "{\"source.port\": 01, " EVENT, NULL, NULL },
	{ "{\"source.port\": 1., " EVENT, NULL, NULL },
	{ "{\"source.port\": -, " EVENT, NULL, NULL },
	{ "{comment: 1, " EVENT, NULL, NULL },
	{ "{\"no.such.field\": 1, " EVENT, NULL, NULL },
	{ "{\"comment.sub\": 1, " EVENT, NULL, NULL },
	{ "{" IP ", \"__type\": \"Report\"}", NULL, NULL },
};
// clang-format on

static void check_trip(const char *wire, enum trust trust, const char *expected)
{
	struct err err = { 0 };
	struct event *e = decoded(wire, trust, &err);
	const char *how = trust == WIRE_TRUSTED ? "trusted" : "checked";
	if (!e && expected)
		fail_msg("%s %s: %s", how, wire, err.text);
	if (!e && !err.text[0])
		fail_msg("%s %s: refused without a word", how, wire);
	if (!e)
		return;
	struct str got = encoded(e);
	if (!expected || !str_eq(got, str_of(expected)))
		fail_msg("%s %s: %.*s", how, wire, STR_ARG(got));
	/* What was looked at is written as before. */
	for (size_t i = 0; i < e->n; i++)
		slot_value(e, &e->slots[i]);
	assert_true(str_eq(encoded(e), got));
	/* And so is what has lost its text. */
	for (size_t i = 0; i < e->n && trust == WIRE_CHECKED; i++)
		e->slots[i].json = STR_NONE;
	if (trust == WIRE_CHECKED && !str_eq(encoded(e), got))
		fail_msg("%s: %.*s from values", wire, STR_ARG(encoded(e)));
}

static void round_trips(void **state)
{
	(void)state;
	/* Twice, since the order of fields is remembered as a hint. */
	for (int round = 0; round < 2; round++)
		for (size_t i = 0; i < sizeof trips / sizeof *trips; i++) {
			check_trip(trips[i].wire, WIRE_TRUSTED, trips[i].trusted);
			check_trip(trips[i].wire, WIRE_CHECKED, trips[i].checked);
		}
}

static void every_cut_is_refused(void **state)
{
	(void)state;
	struct str wire = S("{\"comment\": \"a\\u00e4\", \"extra.a\": [1, {\"b\": 2.5}], "
	                    "\"source.port\": 80, " EVENT);
	for (size_t n = 0; n < wire.n; n++) {
		struct str cut = arena_dup(&arena, str_slice(wire, 0, n));
		assert_null(event_decode(&arena, format, cut, S("Event"), WIRE_TRUSTED, NULL));
		assert_null(event_decode(&arena, format, cut, S("Event"), WIRE_CHECKED, NULL));
	}
}

static void faults(void **state)
{
	(void)state;
	static const struct {
		const char *wire;
		enum trust trust;
		enum fault fault;
		const char *part;
	} rows[] = {
		{ "{\"no.such.field\": 1, " EVENT, WIRE_TRUSTED, FAULT_INVALID_KEY,
		  "no.such.field" },
		{ "{\"no.such.field\": 1, " EVENT, WIRE_CHECKED, FAULT_INVALID_KEY,
		  "no.such.field" },
		{ "{\"source.ip\": \"x\", " EVENT, WIRE_CHECKED, FAULT_INVALID_VALUE, "'x'" },
		{ "{\"__type\": \"Foo\"}", WIRE_TRUSTED, FAULT_INVALID_ARGUMENT, "__type" },
		{ "{\"a\"", WIRE_CHECKED, FAULT_OTHER, "Expecting ':' delimiter" },
		{ "{\"comment\": 1x, " EVENT, WIRE_TRUSTED, FAULT_OTHER, "" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct err err = { 0 };
		assert_null(decoded(rows[i].wire, rows[i].trust, &err));
		assert_int_equal(err.fault, rows[i].fault);
		assert_non_null(strstr(err.text, rows[i].part));
	}
}

static void default_class(void **state)
{
	(void)state;
	struct str wire = S("{\"raw\": \"Zm9v\"}"),
		   typed = S("{\"raw\": \"Zm9v\", \"__type\": \"Report\"}");
	assert_true(event_is_report(
		event_decode(&arena, format, wire, S("Report"), WIRE_CHECKED, NULL)));
	assert_false(event_is_report(
		event_decode(&arena, format, wire, S("Event"), WIRE_TRUSTED, NULL)));
	assert_true(event_is_report(
		event_decode(&arena, format, typed, S("Event"), WIRE_CHECKED, NULL)));
	assert_non_null(event_decode(&arena, format, S("{}"), S("Event"), WIRE_CHECKED, NULL));
	assert_null(event_decode(&arena, format, wire, S("Foo"), WIRE_CHECKED, NULL));
}

/* Every kind of change, and what stands beside it stays as it was. */
static void edits(void **state)
{
	(void)state;
	struct event *e = decoded(
		"{\"feed.name\": \"F\", " IP
		", \"extra.a\": [1], \"comment\": \"\\u00e4\", \"source.port\": 80, "
		"\"raw\": \"Zm9v\", " EVENT,
		WIRE_TRUSTED, NULL);
	assert_int_equal(event_replace(e, "comment", S("\xc3\xb6")), DONE);
	assert_true(event_del(e, "source.port"));
	assert_int_equal(event_set(e, "source.fqdn", S("example.com")), DONE);
	assert_string_equal(arena_cstr(&arena, encoded(e)),
	                    "{\"feed.name\": \"F\", " IP
	                    ", \"extra.a\": [1], \"comment\": \"\\u00f6\", \"raw\": \"Zm9v\", "
	                    "\"source.fqdn\": \"example.com\", " EVENT);
	event_del(e, "feed.name");
	event_del(e, "source.fqdn");
	assert_string_equal(
		arena_cstr(&arena, encoded(e)),
		"{" IP ", \"extra.a\": [1], \"comment\": \"\\u00f6\", \"raw\": \"Zm9v\", " EVENT);
}

static void fields_only(void **state)
{
	(void)state;
	struct buffer out;
	buffer_init_in(&out, &arena, 1000);
	event_encode_fields(decoded("{" IP ", " EVENT, WIRE_TRUSTED, NULL), &out);
	event_encode_fields(decoded("{" EVENT, WIRE_TRUSTED, NULL), &out);
	assert_true(str_eq(buffer_str(&out), S("{" IP "}{}")));
	assert_true(
		str_eq(message_without_type(
			       &arena, S("{\"a\": 1, \"__type\": \"Event\", \"b\": \"\xc3\xa4\"}")),
	               S("{\"a\": 1, \"b\": \"\\u00e4\"}")));
	assert_true(str_eq(message_without_type(&arena, S("[1")), S("[1")));
}

/* What an invalid value's dump holds: the pairs that the message was made from. */
static void origin(void **state)
{
	(void)state;
	struct buffer out;
	struct event *e = decoded("{" IP ", " EVENT, WIRE_TRUSTED, NULL);
	event_set(e, "comment", S("x"));
	buffer_init_in(&out, &arena, 1000);
	event_origin_json(e, &out);
	assert_true(str_eq(buffer_str(&out), S("{" IP "}")));
	buffer_clear(&out);
	event_origin_json(event_new_in(&arena, format, format->event, NULL), &out);
	assert_true(str_eq(buffer_str(&out), S("{}")));
}

/* A message of many fields takes time in proportion. */
static void large_messages(void **state)
{
	(void)state;
	enum { MANY = 19000 };
	struct buffer wire;
	buffer_init_in(&wire, &arena, SIZE_MAX / 2);
	buffer_add_char(&wire, '{');
	for (int i = 0; i < MANY; i++)
		buffer_printf(&wire, "\"extra.k%d\": %d, ", i, i);
	buffer_add_str(&wire, S(EVENT));
	for (int trust = WIRE_TRUSTED; trust <= WIRE_CHECKED; trust++) {
		struct event *e = event_decode(&arena, format, buffer_str(&wire), STR_NONE,
		                               (enum trust)trust, NULL);
		assert_non_null(e);
		assert_int_equal(event_get(e, "extra.k18999")->integer, 18999);
		assert_true(str_eq(encoded(e), buffer_str(&wire)));
	}
	wire.n -= sizeof EVENT - 1;
	for (int i = MANY; i <= MAX_EVENT_FIELDS; i++)
		buffer_printf(&wire, "\"extra.k%d\": %d, ", i, i);
	buffer_add_str(&wire, S(EVENT));
	assert_null(event_decode(&arena, format, buffer_str(&wire), STR_NONE, WIRE_TRUSTED, NULL));
	assert_null(event_decode(&arena, format, buffer_str(&wire), STR_NONE, WIRE_CHECKED, NULL));
}

/* ---- Against jansson ---- */

#if __has_include(<jansson.h>)
#include <jansson.h>

static uint64_t seed = 88172645463325252u;

static unsigned below(unsigned limit)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % limit);
}

static const char *random_text(void)
{
	static const char *const pieces[] = { "a",
		                              "Z",
		                              "\"",
		                              "\\",
		                              "\n",
		                              "\t",
		                              "\x01",
		                              "\x7f",
		                              "\xc3\xa4",
		                              "\xe2\x82\xac",
		                              "\xf0\x9f\x98\x80",
		                              "/",
		                              " ",
		                              "0",
		                              "\xef\xbf\xbd",
		                              "u00e4" };
	struct buffer text;
	buffer_init_in(&text, &arena, 10000);
	for (unsigned n = below(40); n > 0; n--)
		buffer_add_str(&text, str_of(pieces[below(sizeof pieces / sizeof *pieces)]));
	return arena_cstr(&arena, buffer_str(&text));
}

static json_t *random_value(unsigned depth)
{
	switch (below(depth > 3 ? 5 : 7)) {
	case 0:
		return json_integer((json_int_t)(int32_t)below(1u << 31) -
		                    (json_int_t)below(1u << 30));
	case 1:
		return json_real((double)below(1000000) / (double)(below(1000) + 1));
	case 2:
		return json_boolean(below(2));
	case 3:
	case 4:
		return json_string(random_text());
	case 5: {
		json_t *list = json_array();
		for (unsigned n = below(4); n > 0; n--)
			json_array_append_new(list, random_value(depth + 1));
		return list;
	}
	default: {
		json_t *object = json_object();
		for (unsigned n = below(4); n > 0; n--)
			json_object_set_new(object, random_text(), random_value(depth + 1));
		return object;
	}
	}
}

/* Valid for the field, whatever its class makes of it. */
static json_t *random_object(void)
{
	static const char *const texts[] = { "comment", "feed.name", "source.account",
		                             "event_description.text", "status" };
	json_t *object = json_object();
	for (unsigned n = below(12); n > 0; n--) {
		switch (below(4)) {
		case 0:
			json_object_set_new(object, texts[below(5)],
			                    json_pack("s+", "x", random_text()));
			break;
		case 1:
			json_object_set_new(object, "source.port", json_integer(below(65536)));
			break;
		case 2:
			json_object_set_new(object, "source.geolocation.latitude",
			                    json_real((double)below(90000) / 1000));
			break;
		default:
			json_object_set_new(object, arena_printf(&arena, "extra.k%u", below(30)).p,
			                    random_value(0));
		}
	}
	return object;
}

static bool is_ignored_json(const json_t *v)
{
	const char *text = json_string_value(v);
	return json_is_null(v) ||
	       (text && (!*text || strcmp(text, "-") == 0 || strcmp(text, "N/A") == 0));
}

static void random_objects_come_back(void **state)
{
	(void)state;
	static const size_t styles[] = { 0, JSON_ENSURE_ASCII, JSON_COMPACT, JSON_INDENT(2),
		                         JSON_SORT_KEYS };
	for (int i = 0; i < 3000; i++) {
		struct err err = { 0 };
		json_t *object = random_object();
		json_object_set_new(object, "__type", json_string("Event"));
		char *text = json_dumps(object, styles[below(5)] | JSON_REAL_PRECISION(17));
		bool as_ours = str_ends(str_of(text), S("\"__type\": \"Event\"}"));
		enum trust trust = below(2) ? WIRE_CHECKED : WIRE_TRUSTED;
		struct event *e = event_decode(&arena, format, str_of(text), STR_NONE, trust, &err);
		if (!e)
			fail_msg("%s: %s", text, err.text);
		if (below(2))
			for (size_t k = 0; k < e->n; k++)
				slot_value(e, &e->slots[k]);
		struct str wire = encoded(e);
		for (size_t k = 0; k < wire.n; k++)
			assert_true((unsigned char)wire.p[k] < 0x80);
		json_error_t problem;
		json_t *back = json_loadb(wire.p, wire.n, JSON_REJECT_DUPLICATES, &problem);
		if (!back)
			fail_msg("%.*s: %s", STR_ARG(wire), problem.text);
		const char *key;
		json_t *value;
		void *next;
		json_object_foreach_safe(object, next, key, value)
		{
			if ((trust == WIRE_CHECKED || !as_ours) && is_ignored_json(value))
				json_object_del(object, key);
		}
		if (!json_equal(object, back))
			fail_msg("%s\n%s", text, arena_cstr(&arena, wire));
		json_decref(back);
		json_decref(object);
		free(text);
		arena_reset(&arena);
	}
}

/* Events made by setting values: jansson reads what we write. */
static void random_events_are_read(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++) {
		struct event *e = event_new_in(&arena, format, format->event, NULL);
		json_t *expected = json_object();
		for (unsigned n = below(10); n > 0; n--) {
			const char *text = random_text(),
				   *key = arena_printf(&arena, "extra.k%u", below(20)).p;
			if (!*text || strcmp(text, "-") == 0)
				continue;
			assert_int_equal(
				event_add(e, str_of(key), value_cstr(text), EVENT_OVERWRITE),
				ADD_STORED);
			json_object_set_new(expected, key, json_string(text));
			if (below(5) == 0) {
				event_del(e, key);
				json_object_del(expected, key);
			}
		}
		json_object_set_new(expected, "__type", json_string("Event"));
		struct str wire = encoded(e);
		json_t *back = json_loadb(wire.p, wire.n, JSON_REJECT_DUPLICATES, NULL);
		assert_non_null(back);
		if (!json_equal(expected, back))
			fail_msg("%.*s", STR_ARG(wire));
		json_decref(back);
		json_decref(expected);
		arena_reset(&arena);
	}
}
#else
static void random_objects_come_back(void **state)
{
	(void)state;
	skip();
}

static void random_events_are_read(void **state)
{
	(void)state;
	skip();
}
#endif

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trips),
		cmocka_unit_test(every_cut_is_refused),
		cmocka_unit_test(faults),
		cmocka_unit_test(default_class),
		cmocka_unit_test(edits),
		cmocka_unit_test(fields_only),
		cmocka_unit_test(origin),
		cmocka_unit_test(large_messages),
		cmocka_unit_test(random_objects_come_back),
		cmocka_unit_test(random_events_are_read),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
