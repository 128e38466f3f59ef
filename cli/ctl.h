/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ctl.h - what the commands of intelmqctl share: configuration, the words that it says, the JSON that it ends with.
 *
 * Each command lives in cli/ctl_<command>.c and has a row in the table in cli/ctl.c. In text mode it says what it does,
 * in JSON mode it says nothing and prints one document at its end.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>
#include <intelmq/value.h>

#include "cli/ctl_args.h"
#include "config/paths.h"
#include "config/runtime.h"

struct log_file;

enum ctl_type { CTL_TEXT, CTL_JSON, CTL_PYTHON };

struct ctl {
	struct arena arena; /* of the whole run */
	const struct paths *paths;
	const struct runtime *runtime; /* NULL: it cannot be read, see `unreadable` */
	const char *unreadable;        /* why not */
	const char *const *bot_ids;    /* sorted, NULL at the end */
	const char *group;             /* value of --group, or NULL */
	enum ctl_type type;
	bool quiet;
	struct log_file *log; /* intelmqctl.log, or NULL */
	struct value result;  /* printed in JSON mode */
	bool no_result;       /* there is none: it failed before there could be one */
	char **argv;          /* the whole command line, as it was given */
};

/*
 * One line of text mode: information on stdout (not with --quiet), what went wrong in red on stderr; both also go to
 * intelmqctl.log. ctl_error says it in JSON mode, too.
 */
void ctl_say(struct ctl *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ctl_complain(struct ctl *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ctl_error(struct ctl *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* One line on stdout in text mode, which is of no use in intelmqctl.log. */
void ctl_print(struct ctl *, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* As ctl_say, in green on a terminal. */
void ctl_say_good(struct ctl *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Opens intelmqctl.log; where that fails, says so and goes on. */
void ctl_log_open(struct ctl *);
void ctl_log_close(struct ctl *);

/* The result in JSON mode, at the end. */
void ctl_print_result(struct ctl *);

/* One command; args are parsed. Returns the exit code and sets ctl->result. */
typedef int ctl_command(struct ctl *, const struct args *);

ctl_command ctl_check, ctl_clear, ctl_debug, ctl_disable, ctl_enable, ctl_list, ctl_log, ctl_reload,
	ctl_restart, ctl_run, ctl_start, ctl_status, ctl_stop;

/* Reads the configuration (again). */
void ctl_load(struct ctl *);

/* The bots of the configuration in the order of their ids, those of --group only; their number. */
size_t ctl_bots(struct ctl *, const struct runtime_bot ***out);
