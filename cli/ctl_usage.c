/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Usage and help pages in the layout of argparse. */
#include <stdarg.h>
#include <stdio.h>

#include "cli/ctl_args.h"

enum { WIDTH = 78, HELP_COLUMN = 24, MAX_PAGE = 1 << 20 };

static const struct arg help_arg = { .kind = ARG_FLAG,
	                             .options = { "-h", "--help" },
	                             .help = "show this help message and exit" };

static bool is_option(const struct arg *arg)
{
	return arg->kind == ARG_FLAG || arg->kind == ARG_VALUE;
}

/* "{a,b}", or the name. */
static void write_value(struct buffer *b, const struct arg *arg)
{
	if (!arg->choices) {
		buffer_add_str(b, str_of(arg->name));
		return;
	}
	buffer_add_char(b, '{');
	for (size_t i = 0; arg->choices[i]; i++)
		buffer_printf(b, "%s%s", i ? "," : "", arg->choices[i]);
	buffer_add_char(b, '}');
}

/* ---- Usage: pieces that are not broken, in lines ---- */

struct lines {
	struct buffer *out;
	size_t indent, column;
};

static void lines_add(struct lines *l, struct str piece)
{
	if (l->column > l->indent && l->column + 1 + piece.n > WIDTH) {
		buffer_printf(l->out, "\n%*s", (int)l->indent, "");
		l->column = l->indent;
	} else if (l->column) {
		buffer_add_char(l->out, ' ');
		l->column++;
	}
	buffer_add_str(l->out, piece);
	l->column += piece.n;
}

static void usage_piece(struct buffer *b, const struct arg *arg)
{
	bool bracket = is_option(arg) || arg->kind == ARG_OPTIONAL;
	if (bracket)
		buffer_add_char(b, '[');
	if (is_option(arg))
		buffer_add_str(b, str_of(arg->options[0]));
	if (arg->kind == ARG_VALUE)
		buffer_add_char(b, ' ');
	if (arg->kind != ARG_FLAG)
		write_value(b, arg);
	if (bracket)
		buffer_add_char(b, ']');
}

static void usage_add(struct lines *l, struct arena *arena, const struct arg *arg)
{
	struct buffer piece;
	buffer_init_in(&piece, arena, MAX_PAGE);
	usage_piece(&piece, arg);
	lines_add(l, buffer_str(&piece));
	if (arg->kind == ARG_COMMAND)
		lines_add(l, S("..."));
}

/* All options or all positionals; positionals of a usage with several lines begin a new one. */
static void usage_group(struct lines *l, struct arena *arena, const struct args *args, bool options)
{
	if (options)
		usage_add(l, arena, &help_arg);
	for (const struct arg *arg = args->table; arg->kind; arg++)
		if (is_option(arg) == options)
			usage_add(l, arena, arg);
}

static void write_usage(struct buffer *b, struct arena *arena, const struct args *args)
{
	struct buffer one;
	buffer_init_in(&one, arena, MAX_PAGE);
	struct lines flat = { &one, 1, 1 };
	flat.column = 0;
	lines_add(&flat, arena_printf(arena, "usage: %s", args->program));
	size_t indent = flat.column + 1;
	struct lines l = { b, indent, flat.column };
	size_t start = b->n;
	buffer_add_str(b, buffer_str(&one));
	usage_group(&l, arena, args, true);
	struct lines positional = l;
	size_t before = b->n;
	usage_group(&positional, arena, args, false);
	struct str written = { b->p + start, b->n - start };
	if (b->n > before && str_index(written, '\n') != STR_NOT_FOUND) {
		b->n = before;
		buffer_printf(b, "\n%*s", (int)indent - 1, "");
		l.column = indent - 1;
		usage_group(&l, arena, args, false);
	}
	buffer_add_char(b, '\n');
}

/* ---- The page ---- */

/* Words in lines of what is right of the help column. */
static void write_wrapped(struct buffer *b, struct str text)
{
	size_t column = HELP_COLUMN;
	while (text.p) {
		struct str word = str_cut(&text, ' ');
		if (column > HELP_COLUMN && column + 1 + word.n > WIDTH) {
			buffer_printf(b, "\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			buffer_add_char(b, ' ');
			column++;
		}
		buffer_add_str(b, word);
		column += word.n;
	}
	buffer_add_char(b, '\n');
}

static void write_arg(struct buffer *b, const struct arg *arg)
{
	size_t start = b->n;
	buffer_add_str(b, S("  "));
	for (size_t i = 0; i < 4 && arg->options[i]; i++) {
		buffer_printf(b, "%s%s", i ? ", " : "", arg->options[i]);
		if (arg->kind == ARG_VALUE) {
			buffer_add_char(b, ' ');
			write_value(b, arg);
		}
	}
	if (!is_option(arg))
		write_value(b, arg);
	if (!arg->help) {
		buffer_add_char(b, '\n');
		return;
	}
	size_t n = b->n - start;
	if (n + 2 > HELP_COLUMN) {
		buffer_add_char(b, '\n');
		n = 0;
	}
	buffer_printf(b, "%*s", (int)(HELP_COLUMN - n), "");
	write_wrapped(b, str_of(arg->help));
}

void args_help(struct buffer *b, const struct args *args)
{
	struct arena arena;
	arena_init(&arena);
	write_usage(b, &arena, args);
	if (args->description)
		buffer_printf(b, "\n%s\n", args->description);
	bool titled = false;
	for (const struct arg *arg = args->table; arg->kind; arg++) {
		if (is_option(arg) || arg->kind == ARG_COMMAND)
			continue;
		buffer_add_str(b, titled ? S("") : S("\npositional arguments:\n"));
		titled = true;
		write_arg(b, arg);
	}
	buffer_add_str(b, S("\noptions:\n"));
	write_arg(b, &help_arg);
	for (const struct arg *arg = args->table; arg->kind; arg++)
		if (is_option(arg))
			write_arg(b, arg);
	if (args->epilog)
		buffer_printf(b, "\n%s", args->epilog);
	arena_fini(&arena);
}

enum args_status args_fail(const struct args *args, const char *format, ...)
{
	struct arena arena;
	struct buffer b;
	va_list list;
	arena_init(&arena);
	buffer_init_in(&b, &arena, MAX_PAGE);
	write_usage(&b, &arena, args);
	fwrite(b.p, 1, b.n, stderr);
	fprintf(stderr, "%s: error: ", args->program);
	va_start(list, format);
	vfprintf(stderr, format, list);
	va_end(list);
	fputc('\n', stderr);
	arena_fini(&arena);
	return ARGS_WRONG;
}
