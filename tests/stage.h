/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * stage.h - for tests of the engine: one worker on a memory broker whose commits can be made to fail,
 * a clock that stands until it is moved, and everything that the worker says and dumps.
 */
#pragma once
#include <intelmq/base64.h>
#include <intelmq/clock.h>

#include "broker/backend.h"
#include "engine/page.h"
#include "engine/worker.h"
#include "tests/format.h"

#define STAGE_INPUT "input"

struct stage {
	struct arena arena;
	struct data_format *format;
	struct broker *broker;
	struct backend backend; /* the broker's, with a commit of ours */
	const struct backend *real;
	int commits_to_fail;
	size_t commits, durable_commits;
	size_t changes, rounds; /* of keyed state: in the last commit; commits that began one */
	struct dict *parameters, *paths;
	struct worker_options options;
	struct worker_page *page; /* set before stage_enter, or NULL */
	const volatile sig_atomic_t *hurry;
	struct http_detour detour;
	int (*dump)(void *, const struct settings *, const struct dump *, struct err *);
	struct worker *worker;
	struct buffer log;  /* "LEVEL text\n" */
	struct list *dumps; /* texts of failed messages */
	struct list *reasons;
	int64_t started; /* monotonic ms */
};

static struct stage *stage_now; /* the backend's functions get no context */

static inline int stage_commit(struct consumer *consumer, const struct commit *commit,
                               struct err *err)
{
	if (stage_now->commits_to_fail > 0) {
		stage_now->commits_to_fail--;
		return err_set(err, FAULT_OTHER, "the broker is away");
	}
	stage_now->commits++;
	stage_now->durable_commits += commit->durable;
	stage_now->changes = commit->n_changes;
	stage_now->rounds += commit->round;
	return stage_now->real->commit(consumer, commit, err);
}

static inline void stage_log(void *context, const char *bot_id, enum log_level level,
                             struct str text)
{
	static const char *const names[] = { "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL" };
	struct stage *s = context;
	(void)bot_id;
	buffer_printf(&s->log, "%s %.*s\n", names[level], STR_ARG(text));
}

static inline int stage_dump(void *context, const struct settings *settings,
                             const struct dump *dump, struct err *err)
{
	struct stage *s = context;
	(void)settings, (void)err;
	list_add(s->dumps, value_str(arena_dup(&s->arena, dump->message)));
	list_add(s->reasons, value_str(arena_dup(&s->arena, dump->reason)));
	return 0;
}

/* A path with its queues, separated by spaces. */
static inline void stage_path(struct stage *s, const char *name, const char *queues)
{
	struct list *list = list_new(&s->arena);
	for (struct str rest = str_of(queues); rest.p;)
		list_add(list, value_str(str_cut(&rest, ' ')));
	dict_set(s->paths, str_of(name), value_list(list));
}

static inline void stage_set(struct stage *s, const char *parameter, struct value v)
{
	dict_set(s->parameters, str_of(parameter), v);
}

/* A stage with the path _default; the worker is not there yet. The clock stands from now on. */
static inline void stage_init(struct stage *s, struct queue_limits limits)
{
	*s = (struct stage){ 0 };
	stage_now = s;
	arena_init(&s->arena);
	buffer_init(&s->log, 16 * 1024 * 1024);
	clock_set(INT64_C(1700000000000000));
	s->format = test_format_new();
	s->broker = broker_memory_new(limits);
	s->real = s->broker->backend;
	s->backend = *s->real;
	s->backend.commit = stage_commit;
	s->broker->backend = &s->backend;
	s->parameters = dict_new(&s->arena);
	s->paths = dict_new(&s->arena);
	s->dumps = list_new(&s->arena);
	s->reasons = list_new(&s->arena);
	stage_path(s, "_default", "out");
}

static inline void stage_fini(struct stage *s)
{
	worker_close(s->worker);
	broker_free(s->broker);
	data_format_free(s->format);
	buffer_fini(&s->log);
	arena_fini(&s->arena);
	clock_unset();
}

/* Opens the worker, also once more after stage_leave. False: it refused to start. */
static inline bool stage_enter(struct stage *s, const struct bot_type *type)
{
	struct host host = {
		.broker = s->broker,
		.format = s->format,
		.page = s->page,
		.hurry = s->hurry,
		.detour = s->detour,
		.context = s,
		.log = stage_log,
		.dump = s->dump ? s->dump : stage_dump,
	};
	struct err err;
	s->options.id = "test-bot";
	s->options.type = type;
	s->options.parameters = s->parameters;
	s->options.source_queue = S(STAGE_INPUT);
	s->options.destinations = s->paths;
	s->worker = worker_open(&host, &s->options, &err);
	s->started = clock_monotonic_ms();
	return s->worker != NULL;
}

/* Ends the worker as a crash does: nothing more is committed. */
static inline void stage_leave(struct stage *s)
{
	worker_close(s->worker);
	s->worker = NULL;
}

static inline void stage_push(struct stage *s, const char *wire)
{
	broker_push(s->broker, S(STAGE_INPUT), str_of(wire), NULL);
}

/* A report with this text. */
static inline void stage_push_report(struct stage *s, struct str text)
{
	struct str raw = base64_encode(&s->arena, text);
	struct buffer wire;
	buffer_init_in(&wire, &s->arena, SIZE_MAX / 2);
	buffer_add_str(&wire, S("{\"feed.name\": \"F\", \"raw\": \""));
	buffer_add_str(&wire, raw);
	buffer_add_str(&wire, S("\", \"__type\": \"Report\"}"));
	broker_push(s->broker, S(STAGE_INPUT), buffer_str(&wire), NULL);
}

static inline size_t stage_left(struct stage *s, const char *queue)
{
	struct queue_info *queues;
	size_t n = (size_t)broker_queues(s->broker, &s->arena, &queues, NULL);
	for (size_t i = 0; i < n; i++)
		if (str_eq(queues[i].name, str_of(queue)))
			return (size_t)queues[i].messages;
	return 0;
}

/* The messages in a queue that nobody has claimed, in order. */
static inline size_t stage_sent(struct stage *s, const char *queue, struct str **out)
{
	size_t n = stage_left(s, queue);
	*out = arena_zalloc(&s->arena, n + 1, sizeof **out);
	return (size_t)broker_peek(s->broker, str_of(queue), n, &s->arena, *out, NULL);
}

static inline bool stage_logged(const struct stage *s, const char *part)
{
	return str_find(buffer_str(&s->log), str_of(part)) != STR_NOT_FOUND;
}

static inline size_t stage_logged_times(const struct stage *s, const char *part)
{
	size_t n = 0, at;
	for (struct str rest = buffer_str(&s->log);
	     (at = str_find(rest, str_of(part))) != STR_NOT_FOUND; n++)
		rest = str_slice(rest, at + strlen(part), rest.n);
	return n;
}

/* Steps, and moves the clock on whenever the worker waits, until its input is empty or it has ended. False: ended. */
static inline bool stage_run(struct stage *s)
{
	for (int i = 0; i < 10000; i++) {
		int64_t wait = worker_step(s->worker);
		if (wait == WORKER_STOPPED)
			return false;
		if (stage_left(s, STAGE_INPUT) == 0 && !worker_is_ending(s->worker))
			return true;
		clock_advance(wait * 1000);
	}
	abort();
}

static inline double stage_seconds(const struct stage *s)
{
	return (double)(clock_monotonic_ms() - s->started) / 1000;
}
