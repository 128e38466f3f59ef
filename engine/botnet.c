/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/botnet.h"

#include "lib/allocated.h"

#include "engine/files.h"
#include "engine/logbook.h"
#include "engine/types.h"

#include <stdlib.h>

struct member {
	struct botnet *botnet;
	struct worker *worker; /* NULL once it has ended badly at its start */
	struct logbook *logbook;
	char *id;
	struct str source; /* the queue that it reads, or STR_NONE */
};

struct botnet {
	struct arena arena;
	struct botnet_options options;
	struct data_format *format;
	struct broker *broker;
	struct runtime *runtime;
	struct member *members;
	size_t n;
	int exit_code;
};

static int open_member(struct member *member, const struct runtime_bot *bot, struct err *err)
{
	struct botnet *b = member->botnet;
	member->id = strndup(bot->id.p, bot->id.n);
	if (!member->id)
		abort();
	const struct bot_type *type = bot->module.p ? bot_type_find(bot->module, err) : NULL;
	if (!type) {
		if (!bot->module.p)
			err_set(err, FAULT_CONFIGURATION, "no module is given");
		return -1;
	}
	const struct logbook_options where = { .paths = b->options.paths,
		                               .bot_id = member->id,
		                               .to_stderr = b->options.log_to_stderr };
	if (logbook_open(&where, bot->parameters, &member->logbook, err) < 0)
		return -1;
	struct host host = {
		.broker = b->broker,
		.format = b->format,
		.paths = b->options.paths,
		.trust = WIRE_TRUSTED,
		.context = member->logbook,
		.log = logbook_log,
		.dump = logbook_dump,
	};
	struct worker_options options = {
		.id = member->id,
		.type = type,
		.parameters = bot->parameters,
		.source_queue = bot->source_queue,
		.destinations = bot->destinations,
		.scheduled = bot->run_mode == RUN_SCHEDULED,
	};
	member->source = !type->collect && !type->stream ? bot->source_queue : STR_NONE;
	member->worker = worker_open(&host, &options, err);
	return member->worker ? 0 : -1;
}

static int open_members(struct botnet *b, struct findings *findings)
{
	b->members = calloc(b->runtime->n + 1, sizeof *b->members);
	if (!b->members)
		abort();
	for (size_t i = 0; i < b->runtime->n; i++) {
		const struct runtime_bot *bot = &b->runtime->bots[i];
		struct err err = { 0 };
		if (!bot->enabled)
			continue;
		struct member *member = &b->members[b->n++];
		member->botnet = b;
		if (open_member(member, bot, &err) == 0)
			continue;
		/* One bot that cannot start does not keep the others from working. */
		runtime_bot_scope(b->runtime, bot, findings);
		finding_add(findings, SEVERITY_ERROR, NULL, "the bot is not started: %s", err.text);
		b->exit_code = 1;
	}
	return 0;
}

struct botnet *botnet_open(const struct botnet_options *options, struct findings *findings,
                           struct err *err)
{
	struct botnet *b = calloc(1, sizeof *b);
	if (!b)
		abort();
	b->options = *options;
	b->broker = broker_memory_new(options->limits);
	struct runtime_source source = { options->paths->runtime, options->environment };
	if (format_file_read(options->paths->harmonization, &b->format, err) < 0)
		goto out;
	if (runtime_load(&b->arena, &source, &b->runtime, findings) < 0) {
		err_set(err, FAULT_CONFIGURATION, "%s cannot be used", options->paths->runtime);
		goto out;
	}
	runtime_check(&b->arena, b->runtime, findings);
	open_members(b, findings);
	return b;
out:
	botnet_close(b);
	return NULL;
}

void botnet_close(struct botnet *b)
{
	if (!b)
		return;
	for (size_t i = 0; i < b->n; i++) {
		worker_close(b->members[i].worker);
		logbook_close(b->members[i].logbook);
		free(b->members[i].id);
	}
	free(b->members);
	broker_free(b->broker);
	data_format_free(b->format);
	arena_fini(&b->arena);
	free(b);
}

int64_t botnet_step(struct botnet *b)
{
	int64_t wait = WORKER_STOPPED;
	for (size_t i = 0; i < b->n; i++) {
		struct worker *w = b->members[i].worker;
		int64_t mine = w ? worker_step(w) : WORKER_STOPPED;
		if (w && mine == WORKER_STOPPED && worker_exit_code(w) > b->exit_code)
			b->exit_code = worker_exit_code(w);
		if (mine != WORKER_STOPPED && (wait == WORKER_STOPPED || mine < wait))
			wait = mine;
	}
	return wait;
}

void botnet_wait(struct botnet *b, int ms)
{
	struct pollfd *fds = allocated(calloc(b->n + 1, sizeof *fds));
	for (size_t i = 0; i < b->n; i++) {
		struct pollfd news[WORKER_NEWS];
		struct worker *w = b->members[i].worker;
		fds[i].fd = -1;
		if (!w || worker_has_ended(w))
			continue;
		worker_news(w, news);
		fds[i] = news[1]; /* the broker is in this process */
	}
	poll(fds, b->n, ms);
	free(fds);
}

static void reload_member(struct member *member, const struct runtime_bot *bot,
                          struct findings *findings)
{
	struct err err = { 0 };
	if (logbook_reopen(member->logbook, bot->parameters, &err) < 0)
		finding_add(findings, SEVERITY_WARNING, NULL, "the log stays where it was: %s",
		            err.text);
	worker_reload(member->worker, bot->parameters);
}

int botnet_reload(struct botnet *b, struct findings *findings, struct err *err)
{
	struct arena arena;
	struct runtime_source source = { b->options.paths->runtime, b->options.environment };
	struct runtime *runtime;
	arena_init(&arena);
	int rc = runtime_load(&arena, &source, &runtime, findings);
	if (rc < 0)
		err_set(err, FAULT_CONFIGURATION, "%s cannot be used; the bots go on as they are",
		        b->options.paths->runtime);
	for (size_t i = 0; rc == 0 && i < b->n; i++) {
		const struct runtime_bot *bot = runtime_bot_find(runtime, str_of(b->members[i].id));
		if (!bot || !b->members[i].worker)
			continue;
		runtime_bot_scope(runtime, bot, findings);
		reload_member(&b->members[i], bot, findings);
	}
	findings_scope(findings, STR_NONE, STR_NONE, 0, NULL);
	arena_fini(&arena);
	return rc;
}

void botnet_stop(struct botnet *b)
{
	for (size_t i = 0; i < b->n; i++)
		if (b->members[i].worker)
			worker_stop(b->members[i].worker);
}

/* Whether a bot that goes on will take what lies in the queue. */
static bool is_read(const struct botnet *b, struct str queue)
{
	for (size_t i = 0; i < b->n; i++) {
		const struct member *member = &b->members[i];
		if (member->worker && !worker_has_ended(member->worker) &&
		    str_eq(member->source, queue))
			return true;
	}
	return false;
}

bool botnet_is_drained(struct botnet *b)
{
	for (size_t i = 0; i < b->n; i++) {
		struct worker *w = b->members[i].worker;
		if (w && (worker_type(w)->collect || worker_type(w)->stream) &&
		    !worker_has_ended(w))
			return false;
	}
	struct arena arena;
	struct queue_info *queues;
	arena_init(&arena);
	int64_t n = broker_queues(b->broker, &arena, &queues, NULL);
	uint64_t left = 0;
	for (int64_t i = 0; i < n; i++)
		if (is_read(b, queues[i].name))
			left += queues[i].messages + queues[i].claimed;
	arena_fini(&arena);
	return left == 0;
}

size_t botnet_size(const struct botnet *b)
{
	return b->n;
}

struct worker *botnet_worker(const struct botnet *b, size_t i)
{
	return b->members[i].worker;
}

struct broker *botnet_broker(const struct botnet *b)
{
	return b->broker;
}

int botnet_exit_code(const struct botnet *b)
{
	return b->exit_code;
}
