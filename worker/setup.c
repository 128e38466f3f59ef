/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "worker/setup.h"

#include <stdarg.h>
#include <stdio.h>

#include "engine/files.h"
#include "engine/types.h"

extern char **environ;

void setup_log(const struct setup *s, enum log_level level, const char *format, ...)
{
	char text[1500];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	logbook_log(s->logbook, s->options.id, level, str_of(text));
}

void setup_log_findings(const struct setup *s, const struct bot_config *config)
{
	struct arena arena;
	arena_init(&arena);
	for (size_t i = 0; i < config->findings.n; i++) {
		const struct finding *finding = &config->findings.all[i];
		struct buffer line;
		buffer_init_in(&line, &arena, 4000);
		finding_print(&line, finding);
		if (finding->severity != SEVERITY_INFO)
			setup_log(s,
			          finding->severity == SEVERITY_ERROR ? LEVEL_ERROR : LEVEL_WARNING,
			          "%.*s", STR_ARG(buffer_str(&line)));
	}
	arena_fini(&arena);
	if (config->module.p && s->options.module && bot_type_find(config->module, NULL) != s->type)
		setup_log(s, LEVEL_WARNING, "runtime.yaml names module %.*s, this is %s.",
		          STR_ARG(config->module), s->options.module);
}

static int check_id(const char *id, struct err *err)
{
	if (!runtime_id_is_valid(str_of(id)))
		return err_set(err, FAULT_CONFIGURATION,
		               "'%.100s' is no bot id: letters, digits and hyphens are allowed",
		               id);
	if (strchr(id, '.'))
		return err_set(err, FAULT_CONFIGURATION,
		               "'%.100s': single instances are started by intelmqd only", id);
	return 0;
}

static int read_config(const struct setup *s, struct bot_config *config, struct err *err)
{
	if (bot_config_read(config, s->paths, s->options.id, (const char *const *)environ, err) < 0)
		return -1;
	if (s->options.log_level)
		dict_set(config->parameters, S("logging_level"), value_cstr(s->options.log_level));
	return 0;
}

static int find_type(struct setup *s, struct err *err)
{
	struct str module = s->options.module ? str_of(s->options.module) : s->config.module;
	s->type = s->options.type;
	if (s->type)
		return 0;
	if (!module.p)
		return err_set(err, FAULT_CONFIGURATION, "%s: no module is given for bot '%s'",
		               s->paths->runtime, s->options.id);
	s->type = bot_type_find(module, err);
	if (!s->type)
		return -1;
	if (s->options.instance > 0 && (s->type->uses & USES_STATE))
		return err_set(err, FAULT_CONFIGURATION,
		               "bot '%s' keeps a state, so it cannot have several instances",
		               s->options.id);
	return 0;
}

static int open_logbook(struct setup *s, struct err *err)
{
	struct logbook_options options = {
		.paths = s->paths,
		.bot_id = s->options.id,
		.to_console = s->options.to_console,
	};
	if (s->options.instance >= 0)
		options.signature =
			arena_printf(&s->arena, "%s.%d", s->options.id, (int)s->options.instance).p;
	return logbook_open(&options, s->config.parameters, &s->logbook, err);
}

static struct stat stat_format(const struct setup *s)
{
	struct stat st;
	return stat(s->paths->harmonization, &st) < 0 ? (struct stat){ 0 } : st;
}

int setup_read(struct setup *s, const struct setup_options *options, const struct paths *paths,
               struct err *err)
{
	*s = (struct setup){ .options = *options, .paths = paths };
	arena_init(&s->arena);
	arena_init(&s->config.arena);
	if (check_id(options->id, err) < 0 || read_config(s, &s->config, err) < 0 ||
	    find_type(s, err) < 0 || open_logbook(s, err) < 0)
		return -1;
	setup_log_findings(s, &s->config);
	s->format_stat = stat_format(s);
	return format_file_read(s->paths->harmonization, &s->format, err);
}

void setup_fini(struct setup *s)
{
	data_format_free(s->format);
	logbook_close(s->logbook);
	bot_config_fini(&s->config);
	arena_fini(&s->arena);
}

struct host setup_host(const struct setup *s, struct broker *broker)
{
	return (struct host){
		.broker = broker,
		.format = s->format,
		.paths = s->paths,
		.trust = WIRE_TRUSTED,
		.context = s->logbook,
		.log = logbook_log,
		.dump = logbook_dump,
	};
}

struct worker_options setup_worker(const struct setup *s)
{
	return (struct worker_options){
		.id = s->options.id,
		.instance = s->options.instance < 0 ? 0 : (unsigned)s->options.instance,
		.type = s->type,
		.parameters = s->config.parameters,
		.source_queue = s->config.source_queue,
		.destinations = s->config.destinations,
		.scheduled = s->config.run_mode == RUN_SCHEDULED,
	};
}

static bool format_changed(const struct setup *s)
{
	struct stat now = stat_format(s);
	const struct stat *then = &s->format_stat;
	return now.st_ino != then->st_ino || now.st_size != then->st_size ||
	       now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != then->st_mtim.tv_nsec;
}

int setup_reread(const struct setup *s, struct bot_config *out, struct err *err)
{
	if (read_config(s, out, err) < 0)
		return -1;
	return bot_config_fits(out, &s->config) && !format_changed(s);
}
