/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/ctl_args.h"

#include <intelmq/number.h>
#include <intelmq/value.h>
#include <stdio.h>

enum { MAX_TEXT = 1 << 20 };

/* A command line being read. */
struct line {
	struct arena *arena;
	struct args *args;
	char **argv;
	size_t n, at;
	size_t n_unknown;
	bool only_positionals; /* after "--" */
};

/* "--type/-t", or the name of a positional. */
static const char *name_of(struct arena *arena, const struct arg *arg)
{
	struct buffer b;
	if (!arg->options[0])
		return arg->name;
	buffer_init_in(&b, arena, MAX_TEXT);
	for (size_t i = 0; i < 4 && arg->options[i]; i++)
		buffer_printf(&b, "%s%s", i ? "/" : "", arg->options[i]);
	return arena_cstr(arena, buffer_str(&b));
}

/* ---- Values ---- */

static bool is_choice(const struct arg *arg, const char *text)
{
	for (size_t i = 0; arg->choices[i]; i++)
		if (strcmp(arg->choices[i], text) == 0)
			return true;
	return false;
}

static enum args_status fail_choice(const struct line *l, const struct arg *arg, const char *text)
{
	struct buffer b;
	buffer_init_in(&b, l->arena, MAX_TEXT);
	for (size_t i = 0; arg->choices[i]; i++)
		buffer_printf(&b, "%s'%s'", i ? ", " : "", arg->choices[i]);
	buffer_add_char(&b, '\0');
	return args_fail(l->args, "argument %s: invalid choice: '%s' (choose from %s)",
	                 name_of(l->arena, arg), text, b.p);
}

static enum args_status set(struct line *l, const struct arg *arg, const char *text)
{
	struct value number;
	if (arg->integer &&
	    (number_int(l->arena, str_of(text), &number) < 0 || number.kind != VALUE_INT))
		return args_fail(l->args, "argument %s: invalid int value: '%s'",
		                 name_of(l->arena, arg), text);
	if (arg->choices && !is_choice(arg, text))
		return fail_choice(l, arg, text);
	l->args->values[arg - l->args->table] = text;
	return ARGS_OK;
}

/* ---- Options ---- */

static bool is_help(struct str name)
{
	return str_eq(name, S("-h")) || str_eq(name, S("--help"));
}

/* The option of this name, or the only one that begins so. */
static enum args_status option_find(const struct line *l, struct str name, const struct arg **out)
{
	const char *first = NULL;
	bool is_long = str_starts(name, S("--"));
	*out = NULL;
	for (const struct arg *arg = l->args->table; arg->kind; arg++)
		for (size_t i = 0; i < 4 && arg->options[i]; i++) {
			struct str option = str_of(arg->options[i]);
			if (str_eq(option, name)) {
				*out = arg;
				return ARGS_OK;
			}
			if (!is_long || !str_starts(option, name))
				continue;
			if (first)
				return args_fail(l->args,
				                 "ambiguous option: %.*s could match %s, %s",
				                 STR_ARG(name), first, arg->options[i]);
			first = arg->options[i];
			*out = arg;
		}
	return ARGS_OK;
}

static void unknown_add(struct line *l, const char *text)
{
	l->args->unknown[l->n_unknown++] = text;
}

static enum args_status show_help(const struct line *l)
{
	struct buffer b;
	buffer_init_in(&b, l->arena, MAX_TEXT);
	args_help(&b, l->args);
	fwrite(b.p, 1, b.n, stdout);
	return ARGS_HELP;
}

/* `given`: what stands behind "=", or behind the letter; NULL: the next argument is the value. */
static enum args_status option_set(struct line *l, const struct arg *arg, const char *given)
{
	if (arg->kind == ARG_FLAG)
		return given ? args_fail(l->args, "argument %s: ignored explicit argument '%s'",
		                         name_of(l->arena, arg), given)
		             : set(l, arg, "");
	if (!given && l->at < l->n && l->argv[l->at][0] != '-')
		given = l->argv[l->at++];
	if (!given)
		return args_fail(l->args, "argument %s: expected one argument",
		                 name_of(l->arena, arg));
	return set(l, arg, given);
}

static enum args_status read_long(struct line *l, const char *text)
{
	const struct arg *arg;
	const char *equals = strchr(text, '=');
	struct str name = { text, equals ? (size_t)(equals - text) : strlen(text) };
	enum args_status status = option_find(l, name, &arg);
	if (status != ARGS_OK)
		return status;
	if (!arg && name.n > 2 && str_starts(S("--help"), name))
		return show_help(l);
	if (!arg) {
		unknown_add(l, text);
		return ARGS_OK;
	}
	return option_set(l, arg, equals ? equals + 1 : NULL);
}

/* "-q", "-sq", "-tjson". */
static enum args_status read_short(struct line *l, const char *text)
{
	for (const char *at = text + 1; *at; at++) {
		const struct arg *arg;
		char name[] = { '-', *at, '\0' };
		enum args_status status = option_find(l, str_of(name), &arg);
		if (status != ARGS_OK)
			return status;
		if (is_help(str_of(name)))
			return show_help(l);
		if (!arg) {
			unknown_add(l, text);
			return ARGS_OK;
		}
		if (arg->kind == ARG_VALUE)
			return option_set(l, arg, !at[1] ? NULL : at[1] == '=' ? at + 2 : at + 1);
		status = set(l, arg, "");
		if (status != ARGS_OK)
			return status;
	}
	return ARGS_OK;
}

/* ---- Positionals ---- */

static bool is_positional(const struct arg *arg)
{
	return arg->kind == ARG_POSITIONAL || arg->kind == ARG_OPTIONAL || arg->kind == ARG_COMMAND;
}

/* The next one without a value, or NULL. */
static const struct arg *positional_next(const struct args *args)
{
	for (const struct arg *arg = args->table; arg->kind; arg++)
		if (is_positional(arg) && !args->values[arg - args->table])
			return arg;
	return NULL;
}

static enum args_status check_needed(const struct line *l)
{
	struct buffer b;
	buffer_init_in(&b, l->arena, MAX_TEXT);
	const struct args *args = l->args;
	for (const struct arg *arg = args->table; arg->kind; arg++)
		if (arg->kind == ARG_POSITIONAL && !args->values[arg - args->table])
			buffer_printf(&b, "%s%s", b.n ? ", " : "", arg->name);
	if (!b.n)
		return ARGS_OK;
	return args_fail(args, "the following arguments are required: %.*s",
	                 STR_ARG(buffer_str(&b)));
}

static bool is_option_text(const char *text)
{
	if (text[0] != '-' || !text[1])
		return false;
	double number; /* no table has options that look like numbers */
	return number_float(str_of(text), &number) < 0;
}

static enum args_status read_one(struct line *l, bool *command_out)
{
	const char *text = l->argv[l->at++];
	if (!l->only_positionals && strcmp(text, "--") == 0) {
		l->only_positionals = true;
		return ARGS_OK;
	}
	if (!l->only_positionals && is_option_text(text))
		return text[1] == '-' ? read_long(l, text) : read_short(l, text);
	const struct arg *arg = positional_next(l->args);
	if (!arg) {
		unknown_add(l, text);
		return ARGS_OK;
	}
	*command_out = arg->kind == ARG_COMMAND;
	if (*command_out)
		l->args->rest = l->at - 1;
	return set(l, arg, text);
}

enum args_status args_parse(struct arena *arena, struct args *args, int argc, char **argv)
{
	struct line l = { arena, args, argv, (size_t)argc, 1, 0, false };
	bool command = false;
	args->unknown = arena_zalloc(arena, (size_t)argc + 1, sizeof *args->unknown);
	args->argv = argv;
	args->n = args->rest = (size_t)argc;
	while (l.at < l.n && !command) {
		enum args_status status = read_one(&l, &command);
		if (status != ARGS_OK)
			return status;
	}
	return check_needed(&l);
}

const char *args_get(const struct args *args, const char *name)
{
	for (const struct arg *arg = args->table; arg->kind; arg++) {
		if (arg->name && strcmp(arg->name, name) == 0)
			return args->values[arg - args->table];
		for (size_t i = 0; i < 4 && arg->options[i]; i++)
			if (strcmp(arg->options[i], name) == 0)
				return args->values[arg - args->table];
	}
	return NULL;
}
