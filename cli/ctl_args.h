/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * ctl_args.h - the command line of intelmqctl, from tables, read and explained as Python's argparse does it.
 *
 * Scripts of the reference go on working: long options may be abbreviated, "--type=json", "-tjson" and "-sq" are
 * understood, options stand before or behind positional arguments, "-1" is a number, wrong usage is exit code 2.
 */
#pragma once
#include <intelmq/buffer.h>

enum { ARGS_MAX = 12 };

enum arg_kind {
	ARG_END,
	ARG_FLAG,       /* an option without value */
	ARG_VALUE,      /* an option with one */
	ARG_POSITIONAL, /* needed */
	ARG_OPTIONAL,   /* a positional one that may be absent */
	ARG_COMMAND,    /* needed, the last one: it and what follows belong to somebody else */
};

struct arg {
	enum arg_kind kind;
	const char *name;           /* of positionals, and of an option's value: "bot_id" */
	const char *options[4];     /* "--quiet", "-q"; none: positional */
	const char *const *choices; /* NULL: any text */
	bool integer;
	const char *help;
};

/* A table with what was given; `values` stand in the order of the table, a flag that was given is "". */
struct args {
	const char *program;     /* "intelmqctl status" */
	const struct arg *table; /* ends with { 0 }; --help is added */
	const char *description, *epilog;
	const char *values[ARGS_MAX];
	const char **unknown; /* what nobody knows, NULL at the end */
	char **argv;          /* as they were given to args_parse */
	size_t n, rest;       /* of argv; index of the ARG_COMMAND, n without */
};

enum args_status {
	ARGS_OK,
	ARGS_HELP,  /* help was asked for and printed */
	ARGS_WRONG, /* usage and reason were printed on stderr: exit code 2 */
};

/* Reads argv[1] … argv[argc - 1]; lists lie in the arena. */
enum args_status args_parse(struct arena *, struct args *, int argc, char **argv);

/* What was given for an option or positional of this name ("--quiet", "bot_id"), or NULL. */
const char *args_get(const struct args *, const char *name);

/* Usage and reason on stderr; returns ARGS_WRONG. */
enum args_status args_fail(const struct args *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The page that --help prints. */
void args_help(struct buffer *, const struct args *);
