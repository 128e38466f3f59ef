/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * setup.h - what one bot needs before it has a broker: configuration, module, data format, logbook.
 */
#pragma once
#include "engine/logbook.h"
#include "engine/worker.h"
#include "worker/bot_config.h"

#include <sys/stat.h>

struct setup_options {
	const char *id;
	const char *module;          /* NULL: the one that runtime.yaml names */
	const char *log_level;       /* overrides logging_level; NULL: that counts */
	bool to_console;             /* log lines are shown, too */
	const struct bot_type *type; /* tests: instead of the module's */
	int64_t instance;            /* -1: the only one */
};

struct setup {
	struct arena arena;
	struct setup_options options;
	const struct paths *paths;
	struct bot_config config;
	const struct bot_type *type;
	struct logbook *logbook; /* NULL: setup_read failed before */
	struct data_format *format;
	struct stat format_stat; /* of its file when it was read */
};

/* Texts are borrowed. In any case setup_fini follows. */
int setup_read(struct setup *, const struct setup_options *, const struct paths *, struct err *);
void setup_fini(struct setup *);

/* What a worker of this bot gets; page and hurry are not set. */
struct host setup_host(const struct setup *, struct broker *);
struct worker_options setup_worker(const struct setup *);

/*
 * Reads runtime.yaml again. 1: the bot can go on with the parameters in `config_out`; 0: it has to begin anew; -1: the
 * file cannot be used. In any case bot_config_fini follows.
 */
int setup_reread(const struct setup *, struct bot_config *config_out, struct err *);

void setup_log(const struct setup *, enum log_level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* What the file says of this bot, and whether it names another module. */
void setup_log_findings(const struct setup *, const struct bot_config *);
