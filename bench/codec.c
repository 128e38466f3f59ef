/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a message costs on its way through an expert: decoding, four edits (two fields set, one
 * replaced, one deleted), encoding; beside the same with jansson and simdjson.
 *
 *	codec [--json]
 */
#include "bench/codec_shim.h"
#include "bench/events.h"
#include "message/codec.h"
#include "tests/format.h"

#include <jansson.h>

enum { EVENTS = 10000, ROUNDS = 10 };

/* Best of all rounds, microseconds of processor time an event. */
struct figures {
	double decode, decode_checked, edit, encode, ours, jansson, simdjson;
};

static void keep_best(double *best, double seconds)
{
	double us = seconds * 1e6 / EVENTS;
	if (*best == 0 || us < *best)
		*best = us;
}

static void fail(const char *what)
{
	fprintf(stderr, "codec: %s failed\n", what);
	exit(1);
}

static void edit(struct event *e)
{
	if (event_set(e, "source.as_name", S("EXAMPLE-AS")) != DONE ||
	    event_set(e, "source.registry", S("RIPE")) != DONE ||
	    event_replace(e, "classification.taxonomy", S("other")) != DONE ||
	    !event_del(e, "malware.name"))
		fail("edit");
}

static void run_ours(const struct bench_events *events, const struct data_format *format,
                     struct figures *best)
{
	struct arena arena;
	struct buffer out;
	arena_init(&arena);
	buffer_init(&out, SIZE_MAX / 2);
	double start = bench_cpu();
	for (size_t i = 0; i < events->n; i++) {
		struct event *e = event_decode(&arena, format, events->all[i], STR_NONE,
		                               WIRE_TRUSTED, NULL);
		if (!e)
			fail("decode");
		edit(e);
		buffer_clear(&out);
		event_encode(e, &out);
		arena_reset(&arena);
	}
	keep_best(&best->ours, bench_cpu() - start);
	buffer_fini(&out);
	arena_fini(&arena);
}

/* The steps one after the other over a hundred events at a time, so that each is timed alone. */
static void run_steps(const struct bench_events *events, const struct data_format *format,
                      struct figures *best)
{
	enum { GROUP = 100 };
	struct event *group[GROUP];
	struct arena arena;
	struct buffer out;
	double decode = 0, edits = 0, encode = 0;
	arena_init(&arena);
	buffer_init(&out, SIZE_MAX / 2);
	for (size_t at = 0; at + GROUP <= events->n; at += GROUP) {
		double t0 = bench_cpu();
		for (size_t i = 0; i < GROUP; i++)
			group[i] = event_decode(&arena, format, events->all[at + i], STR_NONE,
			                        WIRE_TRUSTED, NULL);
		double t1 = bench_cpu();
		for (size_t i = 0; i < GROUP; i++)
			edit(group[i]);
		double t2 = bench_cpu();
		buffer_clear(&out);
		for (size_t i = 0; i < GROUP; i++)
			event_encode(group[i], &out);
		double t3 = bench_cpu();
		decode += t1 - t0;
		edits += t2 - t1;
		encode += t3 - t2;
		arena_reset(&arena);
	}
	keep_best(&best->decode, decode);
	keep_best(&best->edit, edits);
	keep_best(&best->encode, encode);
	buffer_fini(&out);
	arena_fini(&arena);
}

static void run_checked(const struct bench_events *events, const struct data_format *format,
                        struct figures *best)
{
	struct arena arena;
	arena_init(&arena);
	double start = bench_cpu();
	for (size_t i = 0; i < events->n; i++) {
		if (!event_decode(&arena, format, events->all[i], STR_NONE, WIRE_CHECKED, NULL))
			fail("checked decode");
		arena_reset(&arena);
	}
	keep_best(&best->decode_checked, bench_cpu() - start);
	arena_fini(&arena);
}

static void run_jansson(const struct bench_events *events, struct figures *best)
{
	double start = bench_cpu();
	for (size_t i = 0; i < events->n; i++) {
		json_t *e = json_loadb(events->all[i].p, events->all[i].n, 0, NULL);
		if (!e)
			fail("jansson");
		json_object_set_new(e, "source.as_name", json_string("EXAMPLE-AS"));
		json_object_set_new(e, "source.registry", json_string("RIPE"));
		json_object_set_new(e, "classification.taxonomy", json_string("other"));
		json_object_del(e, "malware.name");
		free(json_dumps(e, JSON_ENSURE_ASCII));
		json_decref(e);
	}
	keep_best(&best->jansson, bench_cpu() - start);
}

static void run_simdjson(const struct bench_events *events, const size_t *ends,
                         struct figures *best)
{
	double start = bench_cpu();
	if (bench_simdjson(events->text.p, ends, events->n) == 0)
		fail("simdjson");
	keep_best(&best->simdjson, bench_cpu() - start);
}

static void print(const struct figures *f, const struct bench_events *events, bool json)
{
	const struct {
		const char *name, *label;
		double us;
	} lines[] = {
		{ "ours", "decode + 4 edits + encode", f->ours },
		{ "decode", "  decode", f->decode },
		{ "edit", "  4 edits", f->edit },
		{ "encode", "  encode", f->encode },
		{ "decode_checked", "decode with validation", f->decode_checked },
		{ "jansson", "jansson: the same four edits", f->jansson },
		{ "simdjson", "simdjson: DOM, written with the edits", f->simdjson },
	};
	size_t n = sizeof lines / sizeof *lines;
	double bytes = (double)events->text.n / (double)events->n;
	if (json)
		printf("{\"bench\": \"codec\", \"bytes_per_event\": %.0f", bytes);
	else
		printf("%d events of %.0f bytes, microseconds of CPU an event:\n", EVENTS, bytes);
	for (size_t i = 0; i < n; i++)
		printf(json ? ", \"%s\": %.3f" : "%-38s %7.2f\n",
		       json ? lines[i].name : lines[i].label, lines[i].us);
	if (json)
		printf("}\n");
}

int main(int argc, char **argv)
{
	struct bench_events events = bench_events_new(EVENTS);
	struct data_format *format = test_format_new();
	struct figures best = { 0 };
	size_t *ends = calloc(events.n, sizeof *ends);
	if (!ends || !buffer_room(&events.text, 256)) /* simdjson reads behind the end */
		abort();
	events.all[0].p = events.text.p;
	for (size_t i = 0; i < events.n; i++) {
		ends[i] = (i ? ends[i - 1] : 0) + events.all[i].n;
		events.all[i].p = events.text.p + ends[i] - events.all[i].n;
	}
	for (int i = 0; i < ROUNDS; i++) {
		run_ours(&events, format, &best);
		run_steps(&events, format, &best);
		run_checked(&events, format, &best);
		run_jansson(&events, &best);
		run_simdjson(&events, ends, &best);
	}
	print(&best, &events, argc > 1 && strcmp(argv[1], "--json") == 0);
	free(ends);
	data_format_free(format);
	bench_events_free(&events);
	return 0;
}
