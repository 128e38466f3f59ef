/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * events.h - generated messages to measure with, and the clock for it. The same on every run.
 *
 * An event is like those that reach an output: 27 to 30 fields, about 1 KB on the wire, among them
 * escapes, text beyond ASCII (as \uXXXX), 300 bytes of base64 and nested values in extra.
 */
#pragma once
#include <intelmq/buffer.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Numbers that look random: xorshift. */
static inline uint64_t bench_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

static inline uint64_t bench_below(uint64_t *state, uint64_t limit)
{
	return bench_random(state) % limit;
}

/* Seconds of processor time that this process has used. */
static inline double bench_cpu(void)
{
	struct timespec t;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline void bench_put_raw(struct buffer *out, uint64_t *state, size_t n)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	for (size_t i = 0; i < n; i++)
		buffer_add_char(out, alphabet[bench_below(state, 64)]);
}

static inline void bench_put_hosts(struct buffer *out, uint64_t *state)
{
	unsigned a = (unsigned)bench_below(state, 254) + 1, b = (unsigned)bench_below(state, 256);
	buffer_printf(out, "\"source.ip\": \"198.51.%u.%u\", ", b, a);
	buffer_printf(out, "\"source.port\": %u, ", (unsigned)bench_below(state, 65536));
	buffer_printf(out, "\"source.asn\": %u, ", (unsigned)bench_below(state, 400000) + 1);
	buffer_printf(out, "\"source.network\": \"198.51.%u.0/24\", ", b);
	buffer_printf(out, "\"source.geolocation.cc\": \"AT\", \"source.geolocation.city\": \"St. "
	                   "P\\u00f6lten\", ");
	buffer_printf(out, "\"source.geolocation.latitude\": %u.%04u, ",
	              (unsigned)bench_below(state, 89), (unsigned)bench_below(state, 9999) + 1);
	buffer_printf(out, "\"source.geolocation.longitude\": %u.%04u, ",
	              (unsigned)bench_below(state, 179), (unsigned)bench_below(state, 9999) + 1);
	buffer_printf(out, "\"source.fqdn\": \"h%u.example.org\", ", a);
	buffer_printf(out, "\"source.reverse_dns\": \"%u-%u.example.net\", ", a, b);
	buffer_printf(out, "\"source.url\": \"http://h%u.example.org/%" PRIx64 "?y=\\u00e4\", ", a,
	              bench_random(state));
	buffer_printf(out, "\"destination.ip\": \"203.0.113.%u\", \"destination.port\": 443, ", a);
}

/* Appends one event as it goes on the wire. */
static inline void bench_put_event(struct buffer *out, uint64_t *state)
{
	unsigned more = (unsigned)bench_below(state, 4), second = (unsigned)bench_below(state, 60);
	buffer_printf(out,
	              "{\"feed.accuracy\": 100.0, \"feed.name\": \"Example \\\"Daily\\\" Feed\", ");
	buffer_printf(
		out,
		"\"feed.provider\": \"Example\", \"feed.url\": \"https://example.com/f.csv\", ");
	buffer_printf(out, "\"time.observation\": \"2024-05-17T11:30:%02u+00:00\", ", second);
	buffer_printf(out, "\"time.source\": \"2024-05-17T03:12:%02u+00:00\", ", second);
	bench_put_hosts(out, state);
	buffer_printf(out, "\"classification.taxonomy\": \"malicious-code\", ");
	buffer_printf(out, "\"classification.type\": \"infected-system\", ");
	buffer_printf(out, "\"classification.identifier\": \"andromeda\", ");
	buffer_printf(out, "\"malware.name\": \"andromeda\", \"protocol.transport\": \"tcp\", ");
	if (more > 0)
		buffer_printf(out, "\"event_description.text\": \"C:\\\\a.exe: \\\"hello\\\"\", ");
	if (more > 1)
		buffer_printf(out, "\"protocol.application\": \"http\", ");
	if (more > 2)
		buffer_printf(out, "\"status\": \"online\", ");
	buffer_printf(
		out, "\"extra.tag\": [\"a\", \"b\", \"c\"], \"extra.user_agent\": \"curl/7.88\", ");
	buffer_printf(out, "\"raw\": \"");
	bench_put_raw(out, state, 300);
	buffer_printf(out, "\", \"__type\": \"Event\"}");
}

struct bench_events {
	struct buffer text;
	struct str *all;
	size_t n;
};

static inline struct bench_events bench_events_new(size_t n)
{
	struct bench_events events = { .n = n, .all = calloc(n, sizeof(struct str)) };
	size_t *ends = calloc(n, sizeof *ends);
	uint64_t state = 88172645463325252u;
	if (!events.all || !ends)
		abort();
	buffer_init(&events.text, SIZE_MAX / 2);
	for (size_t i = 0; i < n; i++) {
		bench_put_event(&events.text, &state);
		ends[i] = events.text.n;
	}
	for (size_t i = 0; i < n; i++) {
		size_t start = i ? ends[i - 1] : 0;
		events.all[i] = (struct str){ events.text.p + start, ends[i] - start };
	}
	free(ends);
	return events;
}

static inline void bench_events_free(struct bench_events *events)
{
	buffer_fini(&events->text);
	free(events->all);
}
