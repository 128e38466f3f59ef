/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/harness.h"

#include <intelmq/clock.h>

#include <stdio.h>
#include <stdlib.h>

enum { MAX_LINES = 100000, LOOK_AROUND_MS = 20 };

struct harness {
	struct arena arena;
	struct broker *broker;
	struct worker *worker;
	struct harness_line *lines;
	size_t n_lines, lines_capacity;
	struct harness_dump *dumps;
	size_t n_dumps, dumps_capacity;
	struct worker_options options;
};

#define INPUT S("input")

static void *grow(struct arena *arena, void *old, size_t n, size_t *capacity, size_t size)
{
	if (n < *capacity)
		return old;
	*capacity = *capacity ? *capacity * 2 : 16;
	void *bigger = arena_zalloc(arena, *capacity, size);
	if (n)
		memcpy(bigger, old, n * size);
	return bigger;
}

static void keep_line(void *context, const char *bot_id, enum log_level level, struct str text)
{
	struct harness *h = context;
	(void)bot_id;
	if (h->n_lines == MAX_LINES)
		return;
	h->lines = grow(&h->arena, h->lines, h->n_lines, &h->lines_capacity, sizeof *h->lines);
	h->lines[h->n_lines++] = (struct harness_line){ level, arena_dup(&h->arena, text) };
}

static int keep_dump(void *context, const struct settings *settings, const struct dump *dump,
                     struct err *err)
{
	struct harness *h = context;
	(void)settings;
	(void)err;
	h->dumps = grow(&h->arena, h->dumps, h->n_dumps, &h->dumps_capacity, sizeof *h->dumps);
	h->dumps[h->n_dumps++] = (struct harness_dump){
		arena_dup(&h->arena, dump->reason),
		arena_dup(&h->arena, dump->message),
		dump->is_bytes,
	};
	return 0;
}

static struct str queue_of(struct arena *arena, struct str path)
{
	return arena_printf(arena, "path %.*s", STR_ARG(path));
}

static struct dict *destinations_of(struct arena *arena, const struct list *names)
{
	struct dict *paths = dict_new(arena);
	struct list *usual = list_new(arena);
	list_add(usual, value_str(S("_default")));
	list_add(usual, value_str(S("_on_error")));
	names = names ? names : usual;
	for (size_t i = 0; i < names->n; i++) {
		struct list *queues = list_new(arena);
		list_add(queues, value_str(queue_of(arena, names->items[i].text)));
		dict_set(paths, names->items[i].text, value_list(queues));
	}
	return paths;
}

/* Keyed state lives in the broker; what a test begins with is committed before the bot connects. */
static int put_state(struct harness *h, const struct dict *state, struct err *err)
{
	struct consumer *consumer;
	if (!state || !state->n)
		return 0;
	if (consumer_open(h->broker, str_of(h->options.id), 0, STR_NONE, NULL, 0, &consumer, err) <
	    0)
		return -1;
	struct state_change *changes = arena_zalloc(&h->arena, state->n, sizeof *changes);
	for (size_t i = 0; i < state->n; i++)
		changes[i] = (struct state_change){ .key = state->pairs[i].key,
			                            .value = state->pairs[i].value.text };
	int rc = broker_commit(consumer,
	                       &(struct commit){ .changes = changes, .n_changes = state->n }, err);
	consumer_close(consumer);
	return rc;
}

struct harness *harness_open(const struct harness_options *options, struct err *err)
{
	struct harness *h = calloc(1, sizeof *h);
	if (!h)
		abort();
	h->broker = broker_memory_new((struct queue_limits){ 0 });
	struct host host = {
		.broker = h->broker,
		.format = options->format,
		.paths = options->paths,
		.trust = options->trust,
		.test_mode = options->test_mode,
		.detour = options->detour,
		.context = h,
		.log = keep_line,
		.dump = keep_dump,
	};
	h->options = (struct worker_options){
		.id = "test-bot",
		.type = options->type,
		.parameters = options->parameters ? options->parameters : dict_new(&h->arena),
		.source_queue = INPUT,
		.destinations = destinations_of(&h->arena, options->path_names),
		.scheduled = options->scheduled,
	};
	h->worker = put_state(h, options->state, err) == 0 ? worker_open(&host, &h->options, err)
	                                                   : NULL;
	if (h->worker)
		return h;
	harness_close(h);
	return NULL;
}

void harness_close(struct harness *h)
{
	if (!h)
		return;
	worker_close(h->worker);
	broker_free(h->broker);
	arena_fini(&h->arena);
	free(h);
}

void harness_push(struct harness *h, struct str wire)
{
	broker_push(h->broker, INPUT, wire, NULL);
}

static uint64_t queue_length(struct harness *h, struct str name)
{
	struct queue_info *queues;
	struct arena_mark mark = arena_mark(&h->arena);
	size_t n = (size_t)broker_queues(h->broker, &h->arena, &queues, NULL);
	uint64_t length = 0;
	for (size_t i = 0; i < n; i++)
		if (str_eq(queues[i].name, name))
			length = queues[i].messages;
	arena_rewind(&h->arena, mark);
	return length;
}

static uint64_t harness_left(struct harness *h)
{
	return queue_length(h, INPUT);
}

/* Real time passes while look-ups are under way. */
static void await(const struct worker *w, int64_t ms)
{
	struct pollfd news[WORKER_NEWS];
	worker_news(w, news);
	clock_poll(news, WORKER_NEWS, ms > LOOK_AROUND_MS ? LOOK_AROUND_MS : (int)ms);
}

bool harness_run(struct harness *h, unsigned rounds)
{
	bool collects = h->options.type->collect || h->options.type->stream;
	for (unsigned i = 0; collects ? i < rounds : harness_left(h) > 0;) {
		int64_t wait = worker_step(h->worker);
		if (wait == WORKER_STOPPED)
			return false;
		if (worker_is_waiting(h->worker)) {
			await(h->worker, wait);
			continue;
		}
		i++;
		if (wait > 0 && !collects && harness_left(h) > 0)
			return true; /* it backs off: the clock must advance */
	}
	return !worker_is_ending(h->worker) || worker_step(h->worker) != WORKER_STOPPED;
}

size_t harness_sent(struct harness *h, struct str path, struct str **out)
{
	struct str queue = queue_of(&h->arena, path);
	size_t n = (size_t)queue_length(h, queue);
	*out = arena_zalloc(&h->arena, n + 1, sizeof **out);
	return (size_t)broker_peek(h->broker, queue, n, &h->arena, *out, NULL);
}

const struct harness_line *harness_log(const struct harness *h, size_t *n_out)
{
	*n_out = h->n_lines;
	return h->lines;
}

const struct harness_dump *harness_dumps(const struct harness *h, size_t *n_out)
{
	*n_out = h->n_dumps;
	return h->dumps;
}

struct worker *harness_worker(const struct harness *h)
{
	return h->worker;
}
