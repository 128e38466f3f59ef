/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/progress.h"

#include <intelmq/clock.h>
#include <intelmq/datetime.h>
#include <intelmq/file.h>
#include <intelmq/json.h>
#include <intelmq/text.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "engine/files.h"

enum {
	TERMINAL_MS = 200,
	LINES_MS = 1000,
	MAX_DUMP = 64 * 1024 * 1024, /* a larger dump file is named, not read */
	MAX_REASONS = 100,           /* different ones, counted for one bot */
	REASONS_SHOWN = 4,
	REASON_WIDTH = 110,
};

void progress_init(struct progress *p, bool terminal)
{
	*p = (struct progress){ .terminal = terminal,
		                .started = clock_monotonic_ms(),
		                .began_us = clock_now_us() };
}

void progress_fini(struct progress *p)
{
	free(p->told);
}

static double seconds_since(const struct progress *p)
{
	return (double)(clock_monotonic_ms() - p->started) / 1000;
}

static void print_table(FILE *out, const struct botnet *botnet, double seconds)
{
	fprintf(out, "%-34s %10s %10s %9s %8s %10s\n", "bot", "in", "out", "dropped", "failed",
	        "per second");
	for (size_t i = 0; i < botnet_size(botnet); i++) {
		const struct worker *w = botnet_worker(botnet, i);
		if (!w)
			continue;
		const struct counters *c = worker_counters(w);
		uint64_t moved = c->sent ? c->sent : c->received;
		fprintf(out, "%-34s %10" PRIu64 " %10" PRIu64 " %9" PRIu64 " %8" PRIu64 " %10.0f\n",
		        worker_id(w), c->received, c->sent, c->dropped, c->failed,
		        seconds > 0 ? (double)moved / seconds : 0.0);
	}
}

/* Where there is no terminal: one line with the bots that did something since the last one. */
static void tell_moved(struct progress *p, const struct botnet *botnet)
{
	const char *before = "";
	for (size_t i = 0; i < botnet_size(botnet); i++) {
		const struct worker *w = botnet_worker(botnet, i);
		if (!w)
			continue;
		const struct counters *c = worker_counters(w);
		uint64_t now = c->received + c->sent + c->failed;
		if (now == p->told[i])
			continue;
		p->told[i] = now;
		if (!*before)
			fprintf(stderr, "%.1f s: ", seconds_since(p));
		fprintf(stderr, "%s%s %" PRIu64 " in, %" PRIu64 " out", before, worker_id(w),
		        c->received, c->sent);
		if (c->failed)
			fprintf(stderr, ", %" PRIu64 " failed", c->failed);
		before = "; ";
	}
	if (*before)
		fputc('\n', stderr);
}

void progress_show(struct progress *p, const struct botnet *botnet)
{
	int64_t now = clock_monotonic_ms();
	if (now - p->shown < (p->terminal ? TERMINAL_MS : LINES_MS))
		return;
	p->shown = now;
	if (!p->terminal) {
		if (!p->told) {
			p->told = calloc(botnet_size(botnet) + 1, sizeof *p->told);
			if (!p->told)
				abort();
		}
		tell_moved(p, botnet);
		return;
	}
	if (p->lines)
		fprintf(stderr, "\033[%dA", p->lines);
	p->lines = 1;
	for (size_t i = 0; i < botnet_size(botnet); i++)
		p->lines += botnet_worker(botnet, i) != NULL;
	print_table(stderr, botnet, seconds_since(p));
}

/* ---- Reasons ---- */

struct reason {
	struct str text;
	uint64_t n;
};

struct reasons {
	struct reason all[MAX_REASONS];
	size_t n;
	uint64_t others; /* beyond MAX_REASONS */
};

static void reasons_add(struct reasons *r, struct str text)
{
	for (size_t i = 0; i < r->n; i++)
		if (str_eq(r->all[i].text, text)) {
			r->all[i].n++;
			return;
		}
	if (r->n < MAX_REASONS)
		r->all[r->n++] = (struct reason){ text, 1 };
	else
		r->others++;
}

static int more_frequent_first(const void *a, const void *b)
{
	const struct reason *x = a, *y = b;
	return (x->n < y->n) - (x->n > y->n);
}

/* The first line of what the dump tells, without the number of the row in front: equal reasons are counted together. */
static struct str reason_of(const struct value *entry)
{
	const struct value *told = entry->kind == VALUE_DICT ? dict_get(entry->dict, S("traceback"))
	                                                     : NULL;
	if (told && told->kind == VALUE_LIST && told->list->n)
		told = &told->list->items[0];
	if (!told || told->kind != VALUE_STR)
		return S("unknown reason");
	struct str line = told->text;
	line = str_cut(&line, '\n');
	if (str_starts(line, S("row "))) {
		struct str rest = line;
		str_cut(&rest, ':');
		line = rest.n ? text_strip(rest) : line;
	}
	return line;
}

/* The failures of this run that lie in a dump file; it may hold older ones. */
static void reasons_read(struct reasons *r, struct arena *arena, struct str text, int64_t began_us)
{
	struct value dump;
	struct datetime began;
	if (json_parse(arena, text, &dump, NULL) < 0 || dump.kind != VALUE_DICT ||
	    datetime_from_us(began_us, &began) < 0)
		return;
	began.has_offset = false; /* as the names of entries */
	struct str since = datetime_iso(arena, &began);
	for (size_t i = 0; i < dump.dict->n; i++)
		if (str_cmp(dump.dict->pairs[i].key, since) >= 0)
			reasons_add(r, reason_of(&dump.dict->pairs[i].value));
}

/* So much of a text as fits, without a character cut in two. */
static struct str shortened(struct str text)
{
	size_t n = text.n < REASON_WIDTH ? text.n : REASON_WIDTH;
	while (n && n < text.n && ((unsigned char)text.p[n] & 0xc0) == 0x80)
		n--;
	return str_slice(text, 0, n);
}

static void print_reasons(struct reasons *r, const char *id)
{
	qsort(r->all, r->n, sizeof *r->all, more_frequent_first);
	for (size_t i = 0; i < r->n; i++) {
		if (i >= REASONS_SHOWN) {
			r->others += r->all[i].n;
			continue;
		}
		struct buffer line;
		buffer_init(&line, 4 * REASON_WIDTH);
		log_text_write(&line, shortened(r->all[i].text));
		printf("  %-32s %10" PRIu64 "  %.*s\n", i ? "" : id, r->all[i].n,
		       STR_ARG(buffer_str(&line)));
		buffer_fini(&line);
	}
	if (r->others)
		printf("  %-32s %10" PRIu64 "  for other reasons\n", "", r->others);
}

/* What failed, by reason, as far as it was dumped. */
static void print_failures(const struct progress *p, const struct worker *w,
                           const struct paths *paths)
{
	struct arena arena;
	arena_init(&arena);
	struct str path = arena_printf(&arena, "%s%s.dump", paths->log, worker_id(w)), text;
	struct reasons *reasons = arena_zalloc(&arena, 1, sizeof *reasons);
	if (file_map(path.p, MAX_DUMP, &text, NULL) == 0) {
		reasons_read(reasons, &arena, text, p->began_us);
		print_reasons(reasons, worker_id(w));
		file_unmap(text);
	}
	if (!reasons->n)
		printf("  %-32s %10" PRIu64 "  the last state was: %s\n", worker_id(w),
		       worker_counters(w)->failed, worker_state(w));
	arena_fini(&arena);
}

static void print_dropped(const struct botnet *botnet)
{
	const char *title = "\nDropped, and by what rule:\n";
	for (size_t i = 0; i < botnet_size(botnet); i++) {
		const struct worker *w = botnet_worker(botnet, i);
		if (!w || !worker_counters(w)->dropped)
			continue;
		printf("%s  %-32s %10" PRIu64 "  %s\n", title, worker_id(w),
		       worker_counters(w)->dropped, worker_type(w)->summary);
		title = "";
	}
}

static void print_failed(const struct progress *p, const struct botnet *botnet,
                         const struct paths *paths)
{
	bool first = true;
	for (size_t i = 0; i < botnet_size(botnet); i++) {
		const struct worker *w = botnet_worker(botnet, i);
		if (!w || !worker_counters(w)->failed)
			continue;
		if (first)
			printf("\nFailed, and why (kept in %s<bot>.dump):\n", paths->log);
		first = false;
		print_failures(p, w, paths);
	}
}

void progress_end(struct progress *p, const struct botnet *botnet, const struct paths *paths)
{
	if (p->lines)
		fprintf(stderr, "\033[%dA\033[J", p->lines);
	print_table(stdout, botnet, seconds_since(p));
	print_dropped(botnet);
	print_failed(p, botnet, paths);
}
