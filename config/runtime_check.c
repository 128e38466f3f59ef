/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "config/runtime.h"

/* The pipeline as a graph: an edge for each queue that one bot fills and another reads. */
struct graph {
	struct arena *arena;
	const struct runtime *runtime;
	struct findings *findings;
	struct dict *readers; /* queue -> position of the first bot that reads it */
	struct edge {
		size_t from, to;
	} * edges;
	size_t n, capacity;
};

/* Without its module, a bot is known by how it is described. */
static bool is_a(const struct runtime_bot *bot, struct str group, struct str folder)
{
	return str_eq_ascii_case(bot->group, group) ||
	       str_find(bot->module, folder) != STR_NOT_FOUND;
}

static bool is_collector(const struct runtime_bot *bot)
{
	return is_a(bot, S("Collector"), S(".collectors."));
}

static bool is_output(const struct runtime_bot *bot)
{
	return is_a(bot, S("Output"), S(".outputs."));
}

static void add_edge(struct graph *g, size_t from, size_t to)
{
	if (g->n == g->capacity) {
		size_t capacity = g->capacity ? g->capacity * 2 : 64;
		struct edge *edges = arena_zalloc(g->arena, capacity, sizeof *edges);
		if (g->n)
			memcpy(edges, g->edges, g->n * sizeof *edges);
		g->edges = edges;
		g->capacity = capacity;
	}
	g->edges[g->n++] = (struct edge){ from, to };
}

static void find_readers(struct graph *g)
{
	for (size_t i = 0; i < g->runtime->n; i++) {
		const struct runtime_bot *bot = &g->runtime->bots[i];
		if (is_collector(bot))
			continue;
		const struct value *first = dict_get(g->readers, bot->source_queue);
		if (!first) {
			dict_set(g->readers, bot->source_queue, value_int((int64_t)i));
			continue;
		}
		const struct runtime_bot *other = &g->runtime->bots[first->integer];
		runtime_bot_scope(g->runtime, bot, g->findings);
		finding_advise(g->findings, SEVERITY_WARNING, "source_queue",
		               "give each its own queue", "bot '%.*s' reads the queue '%.*s', too",
		               STR_ARG(other->id), STR_ARG(bot->source_queue));
	}
}

static void follow_queue(struct graph *g, size_t from, struct str path, struct str queue)
{
	const struct value *reader = dict_get(g->readers, queue);
	if (reader) {
		add_edge(g, from, (size_t)reader->integer);
		return;
	}
	finding_advise(g->findings, SEVERITY_WARNING, "destination_queues",
	               "messages pile up there; correct the name, or add the bot that reads it",
	               "no bot reads the queue '%.*s' of the path '%.*s'", STR_ARG(queue),
	               STR_ARG(path));
}

static void follow_bot(struct graph *g, size_t from)
{
	const struct runtime_bot *bot = &g->runtime->bots[from];
	size_t queues = 0;
	runtime_bot_scope(g->runtime, bot, g->findings);
	for (size_t i = 0; i < bot->destinations->n; i++) {
		const struct pair *path = &bot->destinations->pairs[i];
		for (size_t k = 0; k < path->value.list->n; k++, queues++)
			follow_queue(g, from, path->key, path->value.list->items[k].text);
	}
	if (!queues && bot->module.p && !is_output(bot))
		finding_advise(g->findings, SEVERITY_WARNING, "destination_queues",
		               "add the queue of the next bot, such as 'file-output-queue'",
		               "sends to no queue, what it makes is lost");
}

static void report_unfed(struct graph *g)
{
	bool *fed = arena_zalloc(g->arena, g->runtime->n + 1, sizeof *fed);
	for (size_t i = 0; i < g->n; i++)
		fed[g->edges[i].to] = true;
	for (size_t i = 0; i < g->runtime->n; i++) {
		const struct runtime_bot *bot = &g->runtime->bots[i];
		if (fed[i] || is_collector(bot))
			continue;
		runtime_bot_scope(g->runtime, bot, g->findings);
		finding_add(g->findings, SEVERITY_INFO, NULL, "no bot sends to its queue '%.*s'",
		            STR_ARG(bot->source_queue));
	}
}

/*
 * Takes away again and again what has no edge coming in (or, backwards, going out); what is left
 * lies on a loop or between loops.
 */
static void peel(const struct graph *g, bool *gone, bool backwards)
{
	size_t n = g->runtime->n, done = 0, waiting = 0;
	size_t *degree = arena_zalloc(g->arena, n + 1, sizeof *degree);
	size_t *first = arena_zalloc(g->arena, n + 2,
	                             sizeof *first); /* edges sorted by their start */
	size_t *ends = arena_zalloc(g->arena, g->n + 1, sizeof *ends);
	size_t *queue = arena_zalloc(g->arena, n + 1, sizeof *queue);

	for (size_t i = 0; i < g->n; i++) {
		const struct edge *e = &g->edges[i];
		if (gone[e->from] || gone[e->to])
			continue;
		first[(backwards ? e->to : e->from) + 2]++;
		degree[backwards ? e->from : e->to]++;
	}
	for (size_t i = 2; i < n + 2; i++)
		first[i] += first[i - 1];
	for (size_t i = 0; i < g->n; i++) {
		const struct edge *e = &g->edges[i];
		if (!gone[e->from] && !gone[e->to])
			ends[first[(backwards ? e->to : e->from) + 1]++] = backwards ? e->from
			                                                             : e->to;
	}
	for (size_t i = 0; i < n; i++)
		if (!gone[i] && degree[i] == 0)
			queue[waiting++] = i;
	while (done < waiting) {
		size_t at = queue[done++];
		gone[at] = true;
		for (size_t i = first[at]; i < first[at + 1]; i++)
			if (--degree[ends[i]] == 0)
				queue[waiting++] = ends[i];
	}
}

static void report_loops(struct graph *g)
{
	enum { NAMED = 6 };
	bool *gone = arena_zalloc(g->arena, g->runtime->n + 1, sizeof *gone);
	struct buffer names;
	const struct runtime_bot *first = NULL;
	size_t n = 0;

	peel(g, gone, false);
	peel(g, gone, true);
	buffer_init_in(&names, g->arena, 1 << 20);
	for (size_t i = 0; i < g->runtime->n; i++) {
		if (gone[i])
			continue;
		if (!first)
			first = &g->runtime->bots[i];
		if (n++ < NAMED)
			buffer_printf(&names, "%s'%.*s'", n > 1 ? ", " : "",
			              STR_ARG(g->runtime->bots[i].id));
	}
	if (!first)
		return;
	runtime_bot_scope(g->runtime, first, g->findings);
	finding_advise(g->findings, SEVERITY_WARNING, "destination_queues",
	               "make sure that every message leaves it", "the pipeline has a loop: %.*s%s",
	               STR_ARG(buffer_str(&names)), n > NAMED ? " …" : "");
}

static bool any_queues(const struct runtime *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->bots[i].destinations->n)
			return true;
	return false;
}

void runtime_check(struct arena *arena, const struct runtime *runtime, struct findings *findings)
{
	struct graph g = {
		.arena = arena, .runtime = runtime, .findings = findings, .readers = dict_new(arena)
	};
	find_readers(&g);
	if (runtime->n > 1 && !any_queues(runtime)) {
		findings_scope(findings, runtime->file, STR_NONE, 0, NULL);
		finding_advise(findings, SEVERITY_WARNING, NULL,
		               "add 'destination_queues' to their parameters",
		               "no bot sends to any queue");
	} else {
		for (size_t i = 0; i < runtime->n; i++)
			follow_bot(&g, i);
		report_unfed(&g);
		report_loops(&g);
	}
	findings_scope(findings, runtime->file, STR_NONE, 0, NULL);
}
