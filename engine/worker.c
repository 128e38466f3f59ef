/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Life of a worker: parameters, connection, init, reload, end. */
#include "engine/flight.h"

#include <intelmq/repr.h>

#include "build_config.h"
#include "config/findings.h"
#include "engine/types.h"
#include "lib/lru.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
	int rc = consumer_open(w->host.broker, str_of(w->bot.id), w->options.instance,
	                       reads ? w->options.source_queue : STR_NONE, destinations, n,
	                       &w->consumer, err);
	free(destinations);
	if (rc < 0)
		w->page->restart = 1;
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

/* The first one is the reason; the log has all. */
static int refuse_parameters(const struct worker *w, const struct findings *findings, int errors,
                             struct err *err)
{
	const struct finding *first = NULL;
	for (size_t i = findings->n; i > 0; i--)
		if (findings->all[i - 1].severity == SEVERITY_ERROR)
			first = &findings->all[i - 1];
	return err_set(err, FAULT_CONFIGURATION,
	               "%d parameter%s of bot '%s' cannot be used%s%.*s%s%.*s", errors,
	               errors == 1 ? "" : "s", w->bot.id, first ? ": " : "",
	               STR_ARG(first ? first->parameter : S("")), first ? ": " : "",
	               STR_ARG(first ? first->text : S("")));
}

/* Settings and parameters, at start and at reload. */
static int configure(struct worker *w, struct err *err)
{
	struct findings findings;
	findings_init(&findings, &w->life);
	findings_scope(&findings, STR_NONE, str_of(w->bot.id), 0, NULL);
	int errors = read_parameters(w, &findings);
	log_findings(w, &findings);
	if (errors)
		return refuse_parameters(w, &findings, errors, err);
	return check_default_fields(w, err);
}

static int initialise(struct worker *w, struct err *err)
{
	w->bot.state = arena_zalloc(&w->life, 1, w->bot.type->state_size);
	w->bot.arena = &w->life;
	w->bot.err = (struct err){ 0 };
	enum result result = w->bot.type->init ? w->bot.type->init(&w->bot) : DONE;
	w->initialised = result == DONE;
	w->page->initialised = w->initialised;
	w->page->restart = result == TRY_LATER;
	if (result == DONE)
		return 0;
	if (err)
		*err = w->bot.err;
	return -1;
}

/* ---- The lines that tools of the reference look for at a start ---- */

static void write_camel(struct buffer *out, struct str name)
{
	bool begins = true;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool separates = c == '_' || c == '.';
		if (!separates)
			buffer_add_char(out, begins && c >= 'a' && c <= 'z' ? (char)(c - 32) : c);
		begins = separates;
	}
}

/* "…parsers.generic.parser_csv" as the reference names classes: GenericCsvParserBot. */
static void write_class(struct buffer *out, const struct bot_type *type)
{
	struct str kind = str_of(bot_type_kind(type)), family = str_of(type->module);
	for (int i = 0; i < 3; i++)
		str_cut(&family, '.');
	size_t dot = family.n;
	while (dot && family.p[dot - 1] != '.')
		dot--;
	struct str name = str_slice(family, dot, family.n);
	family = str_slice(family, 0, dot ? dot - 1 : 0);
	if (str_starts(name, kind))
		name = str_slice(name, kind.n + (name.n > kind.n), name.n);
	write_camel(out, family);
	if (!str_eq(name, family))
		write_camel(out, name);
	write_camel(out, kind);
	buffer_add_str(out, S("Bot"));
}

/* Nothing that is secret by its name or by the bot's table. */
static void log_parameters(struct worker *w)
{
	const struct dict *all = w->options.parameters;
	for (size_t i = 0; w->level == LEVEL_DEBUG && i < all->n; i++) {
		struct str name = all->pairs[i].key;
		const struct param *row = w->bot.type->params
		                                ? param_find(w->bot.type->params, name)
		                                : NULL;
		bool hidden = param_name_is_secret(name) || (row && row->secret);
		struct arena_mark mark = arena_mark(&w->message);
		struct str shown = hidden ? S("HIDDEN")
		                          : value_repr(&w->message, all->pairs[i].value);
		worker_log(w, LEVEL_DEBUG,
		           "Runtime configuration: parameter '%.*s' loaded with value %.*s.",
		           STR_ARG(name), STR_ARG(shown));
		arena_rewind(&w->message, mark);
	}
}

static void log_start(struct worker *w)
{
	struct buffer class;
	buffer_init_in(&class, &w->life, 1000);
	write_class(&class, w->bot.type);
	worker_log(w, LEVEL_INFO,
	           "%.*s initialized with id %s and intelmq " INTELMQ_VERSION
	           " and python none as process %d. Standalone mode: True.",
	           STR_ARG(buffer_str(&class)), w->bot.id, (int)getpid());
	log_parameters(w);
	worker_log(w, LEVEL_INFO, "Bot is starting.");
}

static void log_connections(struct worker *w)
{
	const struct dict *paths = w->options.destinations;
	worker_log(w, LEVEL_INFO, "Loading source pipeline and queue '%.*s'.",
	           STR_ARG(w->options.source_queue));
	worker_log(w, LEVEL_INFO, "Connected to source queue.");
	if (w->n_paths) {
		struct str queues = value_repr(&w->life,
		                               value_dict((struct dict *)(uintptr_t)paths));
		worker_log(w, LEVEL_INFO, "Loading destination pipeline and queues %.*s.",
		           STR_ARG(queues));
		worker_log(w, LEVEL_INFO, "Connected to destination queues.");
	} else {
		worker_log(w, LEVEL_INFO, "No destination queues to load.");
	}
}

static int load_table(struct worker *w, struct err *err)
{
	w->table = state_table_new(now_seconds);
	int rc = broker_load_state(w->consumer, load_state, w->table, err);
	if (rc < 0)
		w->page->restart = 1;
	return rc;
}

static int open_in_order(struct worker *w, struct err *err)
{
	if (configure(w, err) < 0)
		return -1;
	log_start(w);
	if (connect_broker(w, err) < 0)
		return -1;
	log_connections(w);
	if ((w->bot.type->uses & USES_STATE) && load_table(w, err) < 0)
		return -1;
	if ((w->bot.type->uses & USES_LOOKUPS) && lookups_open(w, err) < 0)
		return -1;
	flights_new(w);
	return initialise(w, err);
}

struct worker *worker_open(const struct host *host, const struct worker_options *options,
                           struct err *err)
{
	struct worker *w = calloc(1, sizeof *w);
	struct err unwanted;
	if (!w)
		abort();
	err = err ? err : &unwanted;
	w->host = *host;
	w->options = *options;
	w->bot.type = options->type;
	w->bot.id = options->id;
	w->bot.worker = w;
	w->page = host->page ? host->page : &w->own_page;
	w->logged_at = clock_monotonic_ms();
	snprintf(w->page->state, sizeof w->page->state, "starting");
	outbox_init(w);
	read_paths(w);
	if (open_in_order(w, err) == 0) {
		worker_log(w, LEVEL_INFO, "Bot initialization completed.");
		return w;
	}
	worker_log(w, LEVEL_ERROR, "Bot initialization failed. %s", err->text);
	snprintf(w->page->state, sizeof w->page->state, "stopped: %.250s", err->text);
	worker_close(w);
	return NULL;
}

void worker_close(struct worker *w)
{
	if (!w)
		return;
	flights_free(w);
	if (w->initialised && w->bot.type->fini)
		w->bot.type->fini(&w->bot);
	lookups_close(w);
	lru_free(w->cache);
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
	flights_restart(w);
	if (w->initialised && w->bot.type->fini)
		w->bot.type->fini(&w->bot);
	w->initialised = false;
	lookups_close(w);
	arena_reset(&w->life);
	w->options.parameters =
		value_copy(&w->life, value_dict((struct dict *)(uintptr_t)w->reload)).dict;
	w->reload = NULL;
	int rc = configure(w, &err);
	if (rc == 0)
		log_start(w);
	if (rc == 0 && w->flights) {
		flights_restart(w);
		rc = lookups_open(w, &err);
	}
	if (rc == 0 && initialise(w, &err) == 0) {
		worker_log(w, LEVEL_INFO, "Bot initialization completed.");
		if (w->idling)
			w->not_before = w->idle_since + (int64_t)(w->settings.rate_limit * 1000);
		return 0;
	}
	worker_log(w, LEVEL_ERROR, "Bot initialization failed. %s", err.text);
	snprintf(w->page->state, sizeof w->page->state, "stopped: %.250s", err.text);
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

void worker_news(const struct worker *w, struct pollfd out[WORKER_NEWS])
{
	bool waits = clock_monotonic_ms() < w->not_before;
	out[0] = (struct pollfd){ .fd = w->consumer ? consumer_fd(w->consumer) : -1,
		                  .events = waits ? 0 : POLLIN };
	out[1] = (struct pollfd){ .fd = lookups_fd(w), .events = POLLIN };
}

bool worker_is_waiting(const struct worker *w)
{
	return flights_under_way(w) > 0 || w->stream_is_open;
}

size_t worker_stack_depth(struct worker *w, size_t *size_out)
{
	*size_out = w->flights ? w->flights->coroutines.stack : 0;
	return w->flights ? coroutine_depth(&w->flights->coroutines) : 0;
}

bool worker_is_cut_off(const struct worker *w)
{
	return w->consumer && consumer_is_broken(w->consumer);
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
	return w->page->state;
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
	w.bot.worker = &w;
	w.bot.arena = &w.message;
	int errors = read_parameters(&w, findings);
	if (!errors && (w.bot.type->uses & USES_STATE) &&
	    (w.settings.instances > 1 || w.settings.instances_threads > 1))
		finding_add(findings, SEVERITY_WARNING,
		            w.settings.instances > 1 ? "instances" : "instances_threads",
		            "a bot that keeps a state has one process");
	if (!errors && w.bot.type->check)
		w.bot.type->check(&w.bot, findings);
	arena_fini(&w.message);
	arena_fini(&w.life);
}

struct worker *worker_open_alone(const struct host *host, const struct worker_options *options)
{
	struct worker *w = calloc(1, sizeof *w);
	if (!w)
		abort();
	w->host = *host;
	w->options = *options;
	w->bot.type = options->type;
	w->bot.id = options->id;
	w->bot.worker = w;
	w->bot.arena = &w->life;
	w->page = &w->own_page;
	read_parameters(w, NULL);
	return w;
}
