/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/botnet.h"

#include <intelmq/clock.h>

#include "engine/files.h"
#include "engine/types.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_CONFIGURATION = 64 * 1024 * 1024 };

struct member {
	struct botnet *botnet;
	struct worker *worker; /* NULL once it has ended badly at its start */
	struct log_file *log;
	struct log_syslog *syslog;
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

static void log_line(void *context, const char *bot_id, enum log_level level, struct str text)
{
	struct member *member = context;
	if (member->log)
		log_file_write(member->log, level, text);
	if (member->syslog)
		log_syslog_write(member->syslog, level, text);
	if (member->log || member->syslog)
		return;
	struct buffer line;
	buffer_init(&line, 16 * 1024);
	log_line_write(&line, clock_now_us(), str_of(bot_id), level, text);
	fwrite(line.p, 1, line.n, stderr);
	buffer_fini(&line);
}

static const char *log_directory(const struct botnet *b, const struct settings *settings)
{
	return settings->logging_path && *settings->logging_path ? settings->logging_path
	                                                         : b->options.paths->log;
}

static int write_dump(void *context, const struct settings *settings, const struct dump *dump,
                      struct err *err)
{
	struct member *member = context;
	const char *directory = log_directory(member->botnet, settings);
	char path[4096];
	size_t n = strlen(directory);
	if (snprintf(path, sizeof path, "%s%s%s.dump", directory,
	             n && directory[n - 1] == '/' ? "" : "/", member->id) >= (int)sizeof path)
		return err_set(err, FAULT_CONFIGURATION, "logging_path is too long");
	return dump_file_append(path, dump, clock_now_us(), err);
}

static int open_log(struct member *member, const struct runtime_bot *bot, struct err *err)
{
	struct botnet *b = member->botnet;
	struct settings settings;
	if (b->options.log_to_stderr)
		return 0;
	param_load(&b->arena, settings_params, &settings_defaults, sizeof settings, bot->parameters,
	           &settings, NULL);
	if (str_eq(str_of(settings.logging_handler), S("syslog")))
		return log_syslog_open(settings.logging_syslog, member->id, &member->syslog, err);
	if (str_eq(str_of(settings.logging_handler), S("stream")))
		return 0;
	return log_file_open(log_directory(b, &settings), member->id, settings.logging_max_size,
	                     settings.logging_max_copies, &member->log, err);
}

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
	if (open_log(member, bot, err) < 0)
		return -1;
	struct host host = {
		.broker = b->broker,
		.format = b->format,
		.paths = b->options.paths,
		.trust = WIRE_TRUSTED,
		.context = member,
		.log = log_line,
		.dump = write_dump,
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

static int read_format(struct botnet *b, struct err *err)
{
	struct str text;
	if (runtime_read_file(&b->arena, b->options.paths->harmonization, MAX_CONFIGURATION, &text,
	                      err) < 0)
		return -1;
	if (data_format_new(text, &b->format, err) < 0)
		return err_prefix(err, "%s", b->options.paths->harmonization);
	if (!b->format->event || !b->format->report)
		return err_set(err, FAULT_CONFIGURATION,
		               "%s: the sections 'event' and 'report' are needed",
		               b->options.paths->harmonization);
	return 0;
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
	if (read_format(b, err) < 0)
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
		log_file_close(b->members[i].log);
		log_syslog_close(b->members[i].syslog);
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

/* Log files are opened anew, so that another program may have moved them away. */
static void reload_member(struct member *member, const struct runtime_bot *bot,
                          struct findings *findings)
{
	struct member old = *member;
	struct err err = { 0 };
	member->log = NULL;
	member->syslog = NULL;
	if (open_log(member, bot, &err) == 0) {
		log_file_close(old.log);
		log_syslog_close(old.syslog);
	} else {
		member->log = old.log;
		member->syslog = old.syslog;
		finding_add(findings, SEVERITY_WARNING, NULL, "the log stays where it was: %s",
		            err.text);
	}
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
