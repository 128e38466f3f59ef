/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * logbook.h - where a bot's log lines and failed messages go, as its parameters logging_… say.
 */
#pragma once
#include "engine/worker.h"

struct logbook;

struct logbook_options {
	const struct paths *paths;
	const char *bot_id;    /* names the files */
	const char *signature; /* what lines are signed with; NULL: the bot's id */
	bool to_stderr;        /* lines go to standard error instead of a file */
	bool to_console; /* and also to standard output, without date; warnings and worse in red to standard error */
};

/* Texts of the options are copied, the paths are borrowed. */
int logbook_open(const struct logbook_options *, const struct dict *parameters,
                 struct logbook **out, struct err *);
void logbook_close(struct logbook *);

/* The folder of the bot's log and dump files. */
const char *logbook_folder(const struct logbook *, const struct dict *parameters, struct arena *);

/* Opens the log anew, so that another program may have moved it away. On failure it stays where it was. */
int logbook_reopen(struct logbook *, const struct dict *parameters, struct err *);

/* The functions of a struct host whose context is the logbook. */
void logbook_log(void *context, const char *bot_id, enum log_level, struct str text);
int logbook_dump(void *context, const struct settings *, const struct dump *, struct err *);
