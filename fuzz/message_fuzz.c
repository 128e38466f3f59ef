/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <assert.h>
#include <intelmq/text.h>

#include "message/codec.h"
#include "tests/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_OPERATIONS = 200 };

static struct data_format *format; /* made once */

static const char *const names[] = {
	"source.ip",     "source.port", "comment", "extra",       "extra.a", "extra.a.b",
	"extra.a.a",     "raw",         "output",  "feed.name",   "no.such", "source.fqdn",
	"feed.accuracy", "source.url",  "extra.X", "time.source", "tlp",     "protocol.transport"
};

/* The input as a program. */
struct program {
	struct arena *arena;
	const uint8_t *p, *end;
	struct event *e;
};

static uint8_t byte(struct program *p)
{
	return p->p < p->end ? *p->p++ : 0;
}

/* Up to fifteen bytes of the input, as text, number or JSON. */
static struct value operand(struct program *p)
{
	uint8_t how = byte(p);
	size_t n = how & 15;
	if ((size_t)(p->end - p->p) < n)
		n = (size_t)(p->end - p->p);
	struct str text = { (const char *)p->p, n };
	struct value v;
	p->p += n;
	text = text_clean_utf8(p->arena, text); /* values are UTF-8 */
	switch (how >> 4 & 3) {
	case 0:
		return value_int((int64_t)n - 3);
	case 1:
		return json_parse(p->arena, text, &v, NULL) == 0 ? v : value_null();
	default:
		return value_str(text);
	}
}

struct counted {
	size_t n;
	bool extra;
};

static bool count(void *context, struct str key, const struct value *v)
{
	struct counted *counted = context;
	assert(v);
	counted->n++;
	counted->extra |= str_starts(key, S("extra."));
	return true;
}

static struct str encode(struct arena *arena, const struct event *e)
{
	struct buffer out;
	buffer_init_in(&out, arena, SIZE_MAX / 2);
	event_encode(e, &out);
	return buffer_str(&out);
}

static void check(struct program *p)
{
	struct counted counted = { 0 };
	char hash[65], again_hash[65];
	event_each(p->e, count, &counted);
	assert(counted.n == p->e->live);
	assert(counted.extra == event_has(p->e, "extra"));
	struct str wire = encode(p->arena, p->e);
	struct event *again = event_decode(p->arena, format, wire, STR_NONE, WIRE_TRUSTED, NULL);
	assert(again && again->live == p->e->live);
	assert(str_eq(encode(p->arena, again), wire));
	event_hash(p->e, NULL, false, hash);
	event_hash(again, NULL, false, again_hash);
	assert(strcmp(hash, again_hash) == 0);
	struct dict *dict;
	struct buffer out;
	buffer_init_in(&out, p->arena, SIZE_MAX / 2);
	assert(event_to_dict(p->e, EXPORT_WITH_TYPE, p->arena, &dict, NULL) == 0);
	assert(dict->n == p->e->live + 1);
	(void)event_to_json(p->e, EXPORT_HIERARCHICAL, &out, NULL);
	(void)event_to_dict(p->e, EXPORT_EXTRA_AS_TEXT, p->arena, &dict, NULL);
}

static void add(struct program *p, const char *name)
{
	unsigned flags = byte(p) & (EVENT_AS_IS | EVENT_LENIENT | EVENT_OVERWRITE | EVENT_KEEP);
	struct value v = operand(p);
	bool there = event_has(p->e, name);
	size_t live = p->e->live;
	enum added added = event_add(p->e, str_of(name), v, flags);
	if (added == ADD_STORED)
		assert(event_has(p->e, name) || strcmp(name, "extra") == 0);
	if (added == ADD_REFUSED || (added == ADD_FAILED && strcmp(name, "extra") != 0))
		assert(p->e->live == live && event_has(p->e, name) == there);
	if (added == ADD_FAILED)
		assert(event_err(p->e)->fault != FAULT_NONE);
}

static void operate(struct program *p)
{
	uint8_t code = byte(p);
	const char *name = names[byte(p) % (sizeof names / sizeof *names)];
	switch (code % 9) {
	case 0:
		if (event_has(p->e, name))
			assert(event_del(p->e, name));
		assert(!event_has(p->e, name));
		break;
	case 1:
		p->e = event_dup(p->arena, p->e);
		break;
	case 2:
		event_freeze(p->e);
		p->e = event_share(p->arena, p->e);
		break;
	case 3:
		p->e = event_decode(p->arena, format, encode(p->arena, p->e), STR_NONE,
		                    WIRE_TRUSTED, NULL);
		assert(p->e);
		break;
	case 4: {
		struct event *other = event_new_in(p->arena, format, format->event, NULL);
		(void)event_add(other, str_of(name), operand(p), 0);
		event_merge(p->e, other);
		assert(!event_has(other, name) || event_has(p->e, name));
		break;
	}
	case 5:
		(void)event_get(p->e, name);
		break;
	default:
		add(p, name);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	if (!format)
		format = test_format_new();
	arena_init(&arena);
	struct program p = { &arena, data, data + size, NULL };
	p.e = event_new_in(&arena, format, format->event, NULL);
	for (int i = 0; i < MAX_OPERATIONS && p.p < p.end; i++) {
		operate(&p);
		if (i % 8 == 7)
			check(&p);
	}
	check(&p);
	arena_fini(&arena);
	return 0;
}
