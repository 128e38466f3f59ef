/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What may be stored in a message, and what becomes of it. */
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

static struct event *new_event(void)
{
	return event_new_in(&arena, format, format->event, NULL);
}

static const char *wire_of(const struct event *e)
{
	struct buffer out;
	buffer_init_in(&out, &arena, SIZE_MAX / 2);
	event_encode_fields(e, &out);
	return arena_cstr(&arena, buffer_str(&out));
}

static struct value json(const char *text)
{
	struct value v;
	assert_int_equal(json_parse(&arena, str_of(text), &v, NULL), 0);
	return v;
}

enum { STORED = ADD_STORED, REFUSED = ADD_REFUSED, IGNORED = ADD_IGNORED, FAILED = ADD_FAILED };

/* An add to an event that holds {"source.port": 80, "extra.a": 1}. */
struct add_case {
	const char *key, *value; /* value as JSON */
	unsigned flags;
	int added;
	enum fault fault;
	const char *event;
};

#define BEFORE "\"source.port\": 80, \"extra.a\": 1"

// clang-format off
static const struct add_case adds[] = {
	{ "comment", "\" x \"", 0, STORED, 0, "{" BEFORE ", \"comment\": \"x\"}" },
	{ "comment", "\" x \"", EVENT_AS_IS, STORED, 0, "{" BEFORE ", \"comment\": \" x \"}" },
	{ "comment", "\" \"", 0, FAILED, FAULT_INVALID_VALUE, "{" BEFORE "}" },
	{ "comment", "5", 0, STORED, 0, "{" BEFORE ", \"comment\": \"5\"}" },
	{ "comment", "0", 0, FAILED, FAULT_INVALID_VALUE, "{" BEFORE "}" },
	/* 1. a key that is there */
	{ "source.port", "81", 0, FAILED, FAULT_KEY_EXISTS, "{" BEFORE "}" },
	{ "source.port", "\"\"", 0, FAILED, FAULT_KEY_EXISTS, "{" BEFORE "}" },
	{ "source.port", "81", EVENT_KEEP, REFUSED, 0, "{" BEFORE "}" },
	{ "source.port", "81", EVENT_OVERWRITE, STORED, 0, "{\"source.port\": 81, \"extra.a\": 1}" },
	{ "source.port", "\"x\"", EVENT_OVERWRITE, FAILED, FAULT_INVALID_VALUE, "{" BEFORE "}" },
	/* 2. values that mean no value */
	{ "comment", "null", 0, IGNORED, 0, "{" BEFORE "}" },
	{ "comment", "\"\"", 0, IGNORED, 0, "{" BEFORE "}" },
	{ "comment", "\"-\"", 0, IGNORED, 0, "{" BEFORE "}" },
	{ "comment", "\"N/A\"", 0, IGNORED, 0, "{" BEFORE "}" },
	{ "comment", "\"n/a\"", 0, STORED, 0, "{" BEFORE ", \"comment\": \"n/a\"}" },
	{ "no.such.field", "\"-\"", 0, IGNORED, 0, "{" BEFORE "}" },
	{ "source.port", "\"-\"", EVENT_OVERWRITE, IGNORED, 0, "{\"extra.a\": 1}" },
	{ "extra", "\"-\"", EVENT_OVERWRITE, IGNORED, 0, "{\"source.port\": 80}" },
	/* 3. names */
	{ "no.such.field", "\"x\"", 0, FAILED, FAULT_INVALID_KEY, "{" BEFORE "}" },
	{ "no.such.field", "\"x\"", EVENT_LENIENT, FAILED, FAULT_INVALID_KEY, "{" BEFORE "}" },
	{ "extra.B", "\"x\"", 0, FAILED, FAULT_INVALID_KEY, "{" BEFORE "}" },
	{ "extra.b c", "\"x\"", 0, FAILED, FAULT_INVALID_KEY, "{" BEFORE "}" },
	{ "extra.b.c", "\"x\"", 0, STORED, 0, "{" BEFORE ", \"extra.b.c\": \"x\"}" },
	{ "extra.b", "{\"c\": [1, 2.5]}", 0, STORED, 0, "{" BEFORE ", \"extra.b\": {\"c\": [1, 2.5]}}" },
	{ "comment.sub", "\"x\"", 0, FAILED, FAULT_OTHER, "{" BEFORE "}" },
	{ "__type", "\"Event\"", 0, FAILED, FAULT_INVALID_KEY, "{" BEFORE "}" },
	/* 5., 6. validity */
	{ "source.ip", "\"nonsense\"", 0, FAILED, FAULT_INVALID_VALUE, "{" BEFORE "}" },
	{ "source.ip", "\"nonsense\"", EVENT_LENIENT, REFUSED, 0, "{" BEFORE "}" },
	{ "source.ip", "\"192.0.2.1/32\"", 0, STORED, 0, "{" BEFORE ", \"source.ip\": \"192.0.2.1\"}" },
	{ "source.ip", "\"192.0.2.1/32\"", EVENT_AS_IS, FAILED, FAULT_INVALID_VALUE, "{" BEFORE "}" },
	{ "source.geolocation.cc", "\"AUT\"", 0, FAILED, FAULT_INVALID_VALUE, "{" BEFORE "}" },  /* length */
	{ "source.geolocation.cc", "\"\xc3\x84\xc3\x96\"", 0, FAILED, FAULT_INVALID_VALUE, "{" BEFORE "}" }, /* regex */
	{ "destination.port", "123456", 0, STORED, 0, "{" BEFORE ", \"destination.port\": 123456}" },
	{ "protocol.transport", "\"TCP\"", 0, STORED, 0, "{" BEFORE ", \"protocol.transport\": \"tcp\"}" },
	{ "protocol.transport", "\"xyz\"", 0, FAILED, FAULT_INVALID_VALUE, "{" BEFORE "}" },     /* iregex */
	{ "raw", "\"foo\"", 0, STORED, 0, "{" BEFORE ", \"raw\": \"Zm9v\"}" },
	/* 7. extra as a whole */
	{ "extra", "{\"b\": 2}", 0, FAILED, FAULT_KEY_EXISTS, "{" BEFORE "}" },
	{ "extra", "{\"b\": 2}", EVENT_KEEP, REFUSED, 0, "{" BEFORE "}" },
	{ "extra", "{\"b\": 2, \"B C\": \"\", \"d\": {\"e\": null}}", EVENT_OVERWRITE, STORED, 0,
	  "{\"source.port\": 80, \"extra.B C\": \"\", \"extra.b\": 2, \"extra.d\": {\"e\": null}}" }, /* sorted */
	{ "extra", "\"{\\\"b\\\": 2}\"", EVENT_OVERWRITE, STORED, 0, "{\"source.port\": 80, \"extra.b\": 2}" },
	{ "extra", "[1]", EVENT_OVERWRITE, FAILED, FAULT_INVALID_VALUE, "{" BEFORE "}" },
	{ "extra", "{}", EVENT_OVERWRITE, FAILED, FAULT_INVALID_VALUE, "{" BEFORE "}" },
};
// clang-format on

static void add(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof adds / sizeof *adds; i++) {
		const struct add_case *c = &adds[i];
		struct event *e = new_event();
		event_add(e, S("source.port"), value_int(80), 0);
		event_add(e, S("extra.a"), value_int(1), 0);
		int added = event_add(e, str_of(c->key), json(c->value), c->flags);
		if (added != c->added)
			fail_msg("%s = %s: %d, %s", c->key, c->value, added, event_err(e)->text);
		if (added == FAILED && event_err(e)->fault != c->fault)
			fail_msg("%s = %s: %s", c->key, c->value, event_err(e)->text);
		if (strcmp(wire_of(e), c->event) != 0)
			fail_msg("%s = %s: %s", c->key, c->value, wire_of(e));
	}
}

static void error_texts(void **state)
{
	(void)state;
	static const struct {
		const char *key, *value, *text;
	} rows[] = {
		{ "source.ip", "\"x'y\"",
		  "invalid value \"x'y\" (<class 'str'>) for key 'source.ip'" },
		{ "source.geolocation.cc", "\"AUT\"",
		  "invalid value 'AUT' (<class 'str'>) for key 'source.geolocation.cc': too long: "
		  "3 > 2." },
		{ "source.geolocation.cc", "\"A.\"",
		  "invalid value 'A.' (<class 'str'>) for key 'source.geolocation.cc': regex did "
		  "not match." },
		{ "protocol.transport", "\"xyz\"",
		  "invalid value 'xyz' (<class 'str'>) for key 'protocol.transport': regex (case "
		  "insensitive) did not match." },
		{ "classification.type", "\"x\"",
		  "invalid value 'x' (<class 'str'>) for key 'classification.type': is_valid "
		  "returned False." },
		{ "source.port", "[1, {\"a\": null}]",
		  "invalid value [1, {'a': None}] (<class 'list'>) for key 'source.port'" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct event *e = new_event();
		assert_int_equal(event_add(e, str_of(rows[i].key), json(rows[i].value), 0), FAILED);
		assert_string_equal(event_err(e)->text, rows[i].text);
	}
}

/* Errors go where the maker of the message wants them. */
static void errors_go_to_the_caller(void **state)
{
	(void)state;
	struct err err = { 0 };
	struct event *e = event_new_in(&arena, format, format->event, &err),
		     *copy = event_dup(&arena, e);
	assert_int_equal(event_set(copy, "source.ip", S("x")), BAD_DATA);
	assert_int_equal(err.fault, FAULT_INVALID_VALUE);
	struct event *own = new_event(), *own_copy = event_dup(&arena, own);
	assert_int_equal(event_set(own_copy, "source.ip", S("x")), BAD_DATA);
	assert_int_equal(event_err(own)->fault, FAULT_NONE);
}

static void reading(void **state)
{
	(void)state;
	struct event *e = new_event();
	assert_int_equal(event_set(e, "source.ip", S("192.0.2.1")), DONE);
	assert_int_equal(event_set_value(e, "source.port", value_int(80)), DONE);
	assert_true(event_has(e, "source.ip"));
	assert_false(event_has(e, "source.fqdn"));
	assert_false(event_has(e, "extra"));
	assert_true(str_eq(event_text(e, "source.ip"), S("192.0.2.1")));
	assert_null(event_text(e, "source.port").p);
	assert_null(event_text(e, "no.such.field").p);
	assert_null(event_get(e, "extra"));
	assert_int_equal(event_add(e, S("extra.b"), json("\"\xc3\xa4\""), 0), STORED);
	assert_int_equal(event_add(e, S("extra.a.c"), json("[1]"), 0), STORED);
	assert_true(event_has(e, "extra"));
	assert_true(str_eq(event_get(e, "extra")->text,
	                   S("{\"b\": \"\\u00e4\", \"a\": {\"c\": [1]}}")));
	assert_false(event_is_report(e));
}

static void deleting(void **state)
{
	(void)state;
	struct event *e = new_event();
	event_set(e, "source.ip", S("192.0.2.1"));
	event_set(e, "comment", S("x"));
	event_set(e, "extra.a", S("1"));
	event_set(e, "extra.b", S("2"));
	assert_true(event_del(e, "source.ip"));
	assert_false(event_del(e, "source.ip"));
	assert_true(event_del(e, "extra.a"));
	assert_string_equal(wire_of(e), "{\"comment\": \"x\", \"extra.b\": \"2\"}");
	/* what comes back stands at the end */
	event_set(e, "source.ip", S("192.0.2.2"));
	event_set(e, "extra.a", S("3"));
	assert_string_equal(wire_of(e), "{\"comment\": \"x\", \"extra.b\": \"2\", \"source.ip\": "
	                                "\"192.0.2.2\", \"extra.a\": \"3\"}");
	assert_true(event_del(e, "extra"));
	assert_false(event_del(e, "extra"));
	assert_string_equal(wire_of(e), "{\"comment\": \"x\", \"source.ip\": \"192.0.2.2\"}");
}

/* Own keys beyond those that are searched one by one. */
static void many_own_keys(void **state)
{
	(void)state;
	enum { MANY = 2000 };
	struct event *e = new_event();
	for (int i = 0; i < MANY; i++)
		assert_int_equal(
			event_add(e, arena_printf(&arena, "extra.k%d", i), value_int(i), 0),
			STORED);
	for (int i = 0; i < MANY; i += 2)
		assert_true(event_del_key(e, arena_printf(&arena, "extra.k%d", i)));
	for (int i = 0; i < MANY; i++) {
		const struct value *v = event_get_key(e, arena_printf(&arena, "extra.k%d", i));
		assert_int_equal(v != NULL, i % 2);
		assert_true(!v || v->integer == i);
	}
	for (int i = 0; i < MANY; i += 2)
		assert_int_equal(
			event_add(e, arena_printf(&arena, "extra.k%d", i), value_int(-i), 0),
			STORED);
	for (int i = 0; i < MANY; i++)
		assert_int_equal(event_get_key(e, arena_printf(&arena, "extra.k%d", i))->integer,
		                 i % 2 ? i : -i);
}

static void too_many_fields(void **state)
{
	(void)state;
	struct event *e = new_event();
	for (int i = 0; i < MAX_EVENT_FIELDS; i++)
		assert_int_equal(
			event_add(e, arena_printf(&arena, "extra.k%d", i), value_int(i), 0),
			STORED);
	assert_int_equal(event_add(e, S("extra.more"), value_int(1), 0), FAILED);
	char *long_name = arena_alloc(&arena, MAX_KEY + 10);
	memset(long_name, 'a', MAX_KEY + 10);
	memcpy(long_name, "extra.", 6);
	assert_int_equal(
		event_add(new_event(), (struct str){ long_name, MAX_KEY + 1 }, value_int(1), 0),
		FAILED);
}

static void short_forms(void **state)
{
	(void)state;
	bool stored;
	struct event *e = new_event();
	assert_int_equal(event_set(e, "source.fqdn", STR_NONE), DONE);
	assert_int_equal(event_try(e, "source.ip", S("nonsense"), &stored), DONE);
	assert_false(stored);
	assert_int_equal(event_try(e, "source.ip", S("192.0.2.1"), &stored), DONE);
	assert_true(stored);
	assert_int_equal(event_try(e, "source.ip", S("192.0.2.2"), &stored), BAD_DATA);
	assert_false(event_offer(e, "source.ip", S("192.0.2.3")));
	assert_false(event_offer(e, "destination.ip", S("nonsense")));
	assert_true(event_offer(e, "destination.ip", S("192.0.2.4")));
	assert_int_equal(event_replace(e, "source.ip", S("192.0.2.5")), DONE);
	assert_int_equal(event_replace(e, "destination.ip", STR_NONE), DONE);
	assert_string_equal(wire_of(e), "{\"source.ip\": \"192.0.2.5\"}");
	assert_int_equal(event_would_accept(e, S("source.ip"), json("\"192.0.2.1/32\""), true), 1);
	assert_int_equal(event_would_accept(e, S("source.ip"), json("\"192.0.2.1/32\""), false), 0);
	assert_int_equal(event_would_accept(e, S("source.ip"), json("\"-\""), true), 0);
	assert_int_equal(event_would_accept(e, S("extra.x"), json("1"), true), 1);
	assert_int_equal(event_would_accept(e, S("nope"), json("1"), true), -1);
}

/* Every pair as it is where it is valid, else sanitised; it replaces. */
static void update(void **state)
{
	(void)state;
	struct event *e = new_event();
	event_set(e, "source.ip", S("192.0.2.1"));
	event_set(e, "comment", S("x"));
	struct value v = json("{\"source.ip\": \"192.0.2.2/32\", \"comment\": \" y \", \"raw\": "
	                      "\"Zm9v\", \"extra.a\": 1}");
	assert_int_equal(event_update(e, v.dict), DONE);
	assert_string_equal(wire_of(e), "{\"source.ip\": \"192.0.2.2\", \"comment\": \" y \", "
	                                "\"raw\": \"Zm9v\", \"extra.a\": 1}");
	assert_int_equal(event_update(e, json("{\"comment\": \"-\"}").dict), DONE);
	assert_false(event_has(e, "comment"));
	assert_int_equal(event_update(e, json("{\"source.port\": \"x\"}").dict), BAD_DATA);
}

static void merge(void **state)
{
	(void)state;
	struct event *e = new_event(), *other = new_event();
	event_set(e, "comment", S("mine"));
	event_set(e, "source.ip", S("192.0.2.1"));
	event_set(other, "extra.x", S("1"));
	event_set(other, "comment", S("theirs"));
	event_merge(e, other);
	assert_string_equal(
		wire_of(e),
		"{\"comment\": \"theirs\", \"source.ip\": \"192.0.2.1\", \"extra.x\": \"1\"}");
}

/* A copy in another arena outlives the original and its wire. */
static void copies_live_on_their_own(void **state)
{
	(void)state;
	struct arena first;
	arena_init(&first);
	struct str wire = arena_dup(
		&first, S("{\"comment\": \"a\\u00e4\", \"source.port\": 80, \"extra.a\": [1, 2], "
	                  "\"source.ip\": \"192.0.2.1\", \"__type\": \"Event\"}"));
	struct event *e = event_decode(&first, format, wire, STR_NONE, WIRE_TRUSTED, NULL);
	event_del(e, "source.port");
	struct event *copy = event_dup(&arena, e);
	arena_fini(&first);
	assert_string_equal(
		wire_of(copy),
		"{\"comment\": \"a\\u00e4\", \"extra.a\": [1, 2], \"source.ip\": \"192.0.2.1\"}");
	assert_true(event_has(copy, "source.ip"));
}

/* Changes of a shared copy do not reach the template, nor its other copies. */
static void shares_are_independent(void **state)
{
	(void)state;
	struct event *template = new_event();
	event_set(template, "feed.name", S("F"));
	event_set(template, "extra.a", S("\xc3\xa4"));
	event_set_value(template, "feed.accuracy", value_float(50));
	event_freeze(template);
	struct event *one = event_share(&arena, template), *two = event_share(&arena, template);
	event_replace(one, "feed.name", S("G"));
	event_del(two, "extra.a");
	event_set(two, "comment", S("x"));
	assert_string_equal(
		wire_of(one),
		"{\"feed.name\": \"G\", \"extra.a\": \"\\u00e4\", \"feed.accuracy\": 50.0}");
	assert_string_equal(wire_of(two),
	                    "{\"feed.name\": \"F\", \"feed.accuracy\": 50.0, \"comment\": \"x\"}");
	assert_string_equal(
		wire_of(template),
		"{\"feed.name\": \"F\", \"extra.a\": \"\\u00e4\", \"feed.accuracy\": 50.0}");
}

static void event_of_a_report(void **state)
{
	(void)state;
	struct err err = { 0 };
	struct event *report = event_decode(
		&arena, format,
		S("{\"feed.name\": \"F\", \"feed.url\": \"http://x/\", \"raw\": \"Zm9v\", "
	          "\"extra.a\": 1, "
	          "\"rtir_id\": 5, \"time.observation\": \"2020-01-01T00:00:00+00:00\", "
	          "\"__type\": \"Report\"}"),
		STR_NONE, WIRE_CHECKED, &err);
	assert_non_null(report);
	assert_true(event_is_report(report));
	assert_true(str_eq(event_raw(report), S("foo")));
	assert_string_equal(wire_of(event_from_report(&arena, report)),
	                    "{\"feed.name\": \"F\", \"feed.url\": \"http://x/\", \"rtir_id\": 5, "
	                    "\"time.observation\": \"2020-01-01T00:00:00+00:00\"}");
	struct value copied = json("[\"extra\", \"raw\", \"feed.name\"]");
	struct event *more = event_from_event(&arena, format->event, report, copied.list, &err);
	assert_string_equal(wire_of(more),
	                    "{\"feed.name\": \"F\", \"feed.url\": \"http://x/\", \"rtir_id\": 5, "
	                    "\"time.observation\": \"2020-01-01T00:00:00+00:00\", \"extra.a\": 1, "
	                    "\"raw\": \"Zm9v\"}");
	/* and back: only what a report may have */
	event_set(more, "source.ip", S("192.0.2.1"));
	assert_null(strstr(wire_of(event_from_event(&arena, format->report, more, NULL, &err)),
	                   "source.ip"));
}

static void no_base64(void **state)
{
	(void)state;
	struct event *e = new_event();
	assert_int_equal(event_add(e, S("raw"), json("\"abc\""), EVENT_AS_IS), FAILED);
	assert_null(event_raw(e).p);
}

static bool collect(void *context, struct str key, const struct value *v)
{
	struct buffer *out = context;
	(void)v;
	buffer_add_str(out, key);
	buffer_add_char(out, ' ');
	return !str_eq(key, S("comment"));
}

static void walking(void **state)
{
	(void)state;
	struct event *e = new_event();
	struct buffer out;
	buffer_init_in(&out, &arena, 1000);
	event_set(e, "source.ip", S("192.0.2.1"));
	event_set(e, "extra.a", S("1"));
	event_set(e, "comment", S("x"));
	event_set(e, "extra.b", S("1"));
	event_del(e, "extra.a");
	event_each(e, collect, &out);
	assert_true(str_eq(buffer_str(&out), S("source.ip comment ")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(add),
		cmocka_unit_test(error_texts),
		cmocka_unit_test(errors_go_to_the_caller),
		cmocka_unit_test(reading),
		cmocka_unit_test(deleting),
		cmocka_unit_test(many_own_keys),
		cmocka_unit_test(too_many_fields),
		cmocka_unit_test(short_forms),
		cmocka_unit_test(update),
		cmocka_unit_test(merge),
		cmocka_unit_test(copies_live_on_their_own),
		cmocka_unit_test(shares_are_independent),
		cmocka_unit_test(event_of_a_report),
		cmocka_unit_test(no_base64),
		cmocka_unit_test(walking),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
