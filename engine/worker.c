/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Life of a worker: parameters, connection, init, reload, end. */
#include "engine/inside.h"

#include <intelmq/clock.h>

#include "config/findings.h"

#include <stdio.h>
#include <stdlib.h>

static int64_t now_seconds(void)
{
	return clock_now_us() / 1000000;
}

/* Reads settings and the bot's own parameters; every error is logged. The number of errors. */
static int read_parameters(struct worker *w, struct findings *findings)
{
	const struct bot_type *type = w->bot.type;
	struct settings usual = settings_defaults;
	usual.rate_limit = type->rate_limit;
	int errors = param_load(&w->life, settings_params, &usual, sizeof w->settings,
	                        w->options.parameters, &w->settings, findings);
	void *params = arena_zalloc(&w->life, 1, type->params_size);
	if (type->params)
		errors += param_load(&w->life, type->params, type->defaults, type->params_size,
		                     w->options.parameters, params, findings);
	w->bot.params = params;
	static const char *const names[] = { "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL" };
	w->level = LEVEL_INFO;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (w->settings.logging_level &&
		    str_eq(str_of(w->settings.logging_level), str_of(names[i])))
			w->level = (enum log_level)i;
	return errors;
}

static void log_findings(struct worker *w, const struct findings *findings)
{
	static const enum log_level levels[] = {
		[SEVERITY_ERROR] = LEVEL_ERROR,
		[SEVERITY_WARNING] = LEVEL_WARNING,
		[SEVERITY_INFO] = LEVEL_INFO,
	};
	for (size_t i = 0; i < findings->n; i++) {
		struct buffer line;
		buffer_init_in(&line, &w->life, 4000);
		finding_print(&line, &findings->all[i]);
		worker_log(w, levels[findings->all[i].severity], "%.*s",
		           STR_ARG(buffer_str(&line)));
	}
}

static void read_paths(struct worker *w)
{
	const struct dict *paths = w->options.destinations;
	w->n_paths = paths ? paths->n : 0;
	w->paths = calloc(w->n_paths + 1, sizeof *w->paths);
	if (!w->paths)
		abort();
	for (size_t i = 0; i < w->n_paths; i++) {
		struct path *path = &w->paths[i];
		const struct list *queues = paths->pairs[i].value.list;
		path->name = paths->pairs[i].key;
		path->n = queues->n;
		path->queues = calloc(queues->n + 1, sizeof *path->queues);
		if (!path->queues)
			abort();
		for (size_t k = 0; k < queues->n; k++)
			path->queues[k] = queues->items[k].text;
	}
}

static int connect_broker(struct worker *w, struct err *err)
{
	struct str *destinations = NULL;
	size_t n = 0;
	for (size_t i = 0; i < w->n_paths; i++) {
		destinations = realloc(destinations,
		                       (n + w->paths[i].n + 1) * sizeof *destinations);
		if (!destinations)
			abort();
		memcpy(destinations + n, w->paths[i].queues, w->paths[i].n * sizeof *destinations);
		n += w->paths[i].n;
	}
	bool reads = !w->bot.type->collect && !w->bot.type->stream;
	int rc = consumer_open(w->host.broker, str_of(w->bot.id), 0,
	                       reads ? w->options.source_queue : STR_NONE, destinations, n,
	                       &w->consumer, err);
	free(destinations);
	return rc;
}

static void load_state(void *context, const struct state_change *change)
{
	state_table_load(context, change);
}

/* default_fields are tried on an empty event, so that a wrong one stops the bot instead of every row. */
static int check_default_fields(struct worker *w, struct err *err)
{
	const struct dict *fields = w->settings.default_fields;
	if (!fields || w->bot.type->rows == ROWS_NONE)
		return 0;
	struct event *event = event_new_in(&w->message, w->host.format, w->host.format->event, err);
	for (size_t i = 0; i < fields->n; i++)
		if (event_add(event, fields->pairs[i].key, fields->pairs[i].value, EVENT_KEEP) ==
		    ADD_FAILED)
			return err_prefix(err, "Invalid %s '%.*s' in default_fields parameter",
			                  err->fault == FAULT_INVALID_KEY ? "key" : "value of key",
			                  STR_ARG(fields->pairs[i].key));
	return 0;
}

/* Parameters and init; used at start and at reload. */
static int begin(struct worker *w, struct err *err)
{
	struct findings findings;
	findings_init(&findings, &w->life);
	findings_scope(&findings, STR_NONE, str_of(w->bot.id), 0, NULL);
	int errors = read_parameters(w, &findings);
	log_findings(w, &findings);
	if (errors)
		return err_set(err, FAULT_CONFIGURATION,
		               "%d parameter%s of bot '%s' cannot be used", errors,
		               errors == 1 ? "" : "s", w->bot.id);
	if (check_default_fields(w, err) < 0)
		return -1;
	w->bot.state = arena_zalloc(&w->life, 1, w->bot.type->state_size);
	w->bot.arena = &w->life;
	w->bot.err = (struct err){ 0 };
	enum result result = w->bot.type->init ? w->bot.type->init(&w->bot) : DONE;
	w->initialised = result == DONE;
	if (result == DONE)
		return 0;
	if (err)
		*err = w->bot.err;
	return -1;
}

struct worker *worker_open(const struct host *host, const struct worker_options *options,
                           struct err *err)
{
	struct worker *w = calloc(1, sizeof *w);
	if (!w)
		abort();
	w->host = *host;
	w->options = *options;
	w->bot.type = options->type;
	w->bot.id = options->id;
	w->logged_at = clock_monotonic_ms();
	outbox_init(w);
	read_paths(w);
	if (connect_broker(w, err) < 0)
		goto out;
	if (w->bot.type->uses & USES_STATE) {
		w->table = state_table_new(now_seconds);
		if (broker_load_state(w->consumer, load_state, w->table, err) < 0)
			goto out;
	}
	if (begin(w, err) < 0) {
		worker_log(w, LEVEL_ERROR, "Bot initialization failed. %s", err ? err->text : "");
		goto out;
	}
	worker_log(w, LEVEL_INFO, "Bot initialization completed.");
	snprintf(w->state_text, sizeof w->state_text, "starting");
	return w;
out:
	worker_close(w);
	return NULL;
}

void worker_close(struct worker *w)
{
	if (!w)
		return;
	if (w->initialised && w->bot.type->fini)
		w->bot.type->fini(&w->bot);
	consumer_close(w->consumer);
	state_table_free(w->table);
	outbox_fini(w);
	for (size_t i = 0; i < w->n_paths; i++)
		free(w->paths[i].queues);
	free(w->paths);
	free(w->row_events);
	arena_fini(&w->row);
	arena_fini(&w->message);
	arena_fini(&w->batch);
	arena_fini(&w->reloaded);
	arena_fini(&w->life);
	free(w);
}

void worker_reload(struct worker *w, const struct dict *parameters)
{
	arena_reset(&w->reloaded);
	w->reload = value_copy(&w->reloaded, value_dict((struct dict *)(uintptr_t)parameters)).dict;
}

int worker_restart(struct worker *w)
{
	struct err err = { 0 };
	worker_log(w, LEVEL_INFO, "Handling SIGHUP, initializing again now.");
	if (w->initialised && w->bot.type->fini)
		w->bot.type->fini(&w->bot);
	w->initialised = false;
	arena_reset(&w->life);
	w->options.parameters =
		value_copy(&w->life, value_dict((struct dict *)(uintptr_t)w->reload)).dict;
	w->reload = NULL;
	if (begin(w, &err) == 0) {
		if (w->idling)
			w->not_before = w->idle_since + (int64_t)(w->settings.rate_limit * 1000);
		return 0;
	}
	worker_log(w, LEVEL_ERROR, "Bot initialization failed. %s", err.text);
	snprintf(w->state_text, sizeof w->state_text, "stopped: %.250s", err.text);
	w->phase = PHASE_STOPPING;
	w->exit_code = 1;
	return -1;
}

void worker_stop(struct worker *w)
{
	if (w->phase == PHASE_RUNNING) {
		w->phase = PHASE_STOPPING;
		worker_log(w, LEVEL_INFO, "Received SIGTERM.");
	}
}

bool worker_has_ended(const struct worker *w)
{
	return w->phase == PHASE_STOPPED;
}

bool worker_is_ending(const struct worker *w)
{
	return w->phase == PHASE_STOPPING;
}

int worker_exit_code(const struct worker *w)
{
	return w->exit_code;
}

const struct counters *worker_counters(const struct worker *w)
{
	return &w->counters;
}

uint64_t worker_sent(const struct worker *w, const char *path)
{
	for (size_t i = 0; i < w->n_paths; i++)
		if (str_eq(w->paths[i].name, str_of(path)))
			return w->paths[i].sent;
	return 0;
}

const char *worker_state(const struct worker *w)
{
	return w->state_text;
}

struct consumer *worker_consumer(const struct worker *w)
{
	return w->consumer;
}

const char *worker_id(const struct worker *w)
{
	return w->bot.id;
}

const struct bot_type *worker_type(const struct worker *w)
{
	return w->bot.type;
}

struct state_table *worker_keyed_state(struct worker *w)
{
	return w->table;
}

void worker_check(const struct host *host, const struct worker_options *options,
                  struct findings *findings)
{
	struct worker w = { .host = *host, .options = *options };
	w.bot.type = options->type;
	w.bot.id = options->id;
	w.bot.arena = &w.message;
	int errors = read_parameters(&w, findings);
	if (!errors && w.bot.type->check)
		w.bot.type->check(&w.bot, findings);
	arena_fini(&w.message);
	arena_fini(&w.life);
}
