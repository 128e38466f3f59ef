/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/logbook.h"

#include <intelmq/clock.h>

#include "engine/files.h"

#include <stdio.h>
#include <stdlib.h>

struct logbook {
	struct arena arena;
	struct logbook_options options;
	struct log_file *log;
	struct log_syslog *syslog;
};

static const char *directory_of(const struct logbook *j, const struct settings *settings)
{
	return settings->logging_path && *settings->logging_path ? settings->logging_path
	                                                         : j->options.paths->log;
}

static void read_settings(struct arena *arena, const struct dict *parameters, struct settings *out)
{
	param_load(arena, settings_params, &settings_defaults, sizeof *out, parameters, out, NULL);
}

const char *logbook_folder(const struct logbook *j, const struct dict *parameters,
                           struct arena *arena)
{
	struct settings settings;
	read_settings(arena, parameters, &settings);
	return directory_of(j, &settings);
}

static int open_log(struct logbook *j, const struct dict *parameters, struct err *err)
{
	struct arena arena;
	struct settings settings;
	const char *id = j->options.bot_id, *signature = j->options.signature;
	int rc = 0;
	if (j->options.to_stderr)
		return 0;
	arena_init(&arena);
	read_settings(&arena, parameters, &settings);
	if (str_eq(str_of(settings.logging_handler), S("syslog"))) {
		rc = log_syslog_open(settings.logging_syslog, signature, &j->syslog, err);
	} else if (!str_eq(str_of(settings.logging_handler), S("stream"))) {
		rc = log_file_open(directory_of(j, &settings), id, settings.logging_max_size,
		                   settings.logging_max_copies, &j->log, err);
		if (rc == 0)
			log_file_sign(j->log, signature);
	}
	arena_fini(&arena);
	return rc;
}

int logbook_open(const struct logbook_options *options, const struct dict *parameters,
                 struct logbook **out, struct err *err)
{
	struct logbook *j = calloc(1, sizeof *j);
	if (!j)
		abort();
	arena_init(&j->arena);
	j->options = *options;
	j->options.bot_id = arena_cstr(&j->arena, str_of(options->bot_id));
	j->options.signature = arena_cstr(
		&j->arena, str_of(options->signature ? options->signature : options->bot_id));
	if (open_log(j, parameters, err) < 0) {
		logbook_close(j);
		return -1;
	}
	*out = j;
	return 0;
}

void logbook_close(struct logbook *j)
{
	if (!j)
		return;
	log_file_close(j->log);
	log_syslog_close(j->syslog);
	arena_fini(&j->arena);
	free(j);
}

int logbook_reopen(struct logbook *j, const struct dict *parameters, struct err *err)
{
	struct log_file *log = j->log;
	struct log_syslog *syslog = j->syslog;
	j->log = NULL;
	j->syslog = NULL;
	if (open_log(j, parameters, err) < 0) {
		j->log = log;
		j->syslog = syslog;
		return -1;
	}
	log_file_close(log);
	log_syslog_close(syslog);
	return 0;
}

static void log_to_console(const struct logbook *j, enum log_level level, struct str text)
{
	struct buffer line;
	bool bad = level > LEVEL_INFO;
	buffer_init(&line, 64 * 1024);
	buffer_printf(&line, "%s%s: ", bad ? "\033[31m" : "", j->options.signature);
	log_text_write(&line, text);
	buffer_add_str(&line, bad ? S("\033[0m\n") : S("\n"));
	fwrite(line.p, 1, line.n, bad ? stderr : stdout);
	fflush(bad ? stderr : stdout);
	buffer_fini(&line);
}

void logbook_log(void *context, const char *bot_id, enum log_level level, struct str text)
{
	struct logbook *j = context;
	(void)bot_id;
	if (j->options.to_console)
		log_to_console(j, level, text);
	if (j->log)
		log_file_write(j->log, level, text);
	if (j->syslog)
		log_syslog_write(j->syslog, level, text);
	if (j->log || j->syslog || j->options.to_console)
		return;
	struct buffer line;
	buffer_init(&line, 64 * 1024);
	log_line_write(&line, clock_now_us(), str_of(j->options.signature), level, text);
	fwrite(line.p, 1, line.n, stderr);
	buffer_fini(&line);
}

int logbook_dump(void *context, const struct settings *settings, const struct dump *dump,
                 struct err *err)
{
	const struct logbook *j = context;
	const char *directory = directory_of(j, settings);
	char path[4096];
	size_t n = strlen(directory);
	if (snprintf(path, sizeof path, "%s%s%s.dump", directory,
	             n && directory[n - 1] == '/' ? "" : "/",
	             j->options.bot_id) >= (int)sizeof path)
		return err_set(err, FAULT_CONFIGURATION, "logging_path is too long");
	return dump_file_append(path, dump, clock_now_us(), err);
}
