/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/ctl_args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static const char *const kinds[] = { "text", "json", NULL };
static const char *const names[] = { "list", "log", NULL };
static const struct arg log_table[] = {
	{ ARG_FLAG, NULL, { "--count", "--sum", "-s" }, NULL, false, "only the sum" },
	{ ARG_FLAG, NULL, { "--quiet", "-q" }, NULL, false, NULL },
	{ ARG_VALUE, "TYPE", { "--type", "-t" }, kinds, false, NULL },
	{ ARG_POSITIONAL, "bot_id", { NULL }, NULL, false, NULL },
	{ ARG_OPTIONAL, "lines", { NULL }, NULL, true, "how many" },
	{ 0 },
};
static const struct arg main_table[] = {
	{ ARG_VALUE, "TYPE", { "--type", "-t" }, kinds, false, NULL },
	{ ARG_COMMAND, "command", { NULL }, names, false, NULL },
	{ 0 },
};

static struct arena arena;
static struct args args;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

/* Words separated by spaces. */
static enum args_status parse(const struct arg *table, const char *line)
{
	char *argv[20] = { NULL };
	int argc = 0;
	for (struct str rest = str_of(line); rest.p;)
		argv[argc++] = arena_cstr(&arena, str_cut(&rest, ' '));
	args = (struct args){ .program = "prog", .table = table };
	return args_parse(&arena, &args, argc, argv);
}

static void assert_given(const char *name, const char *value)
{
	const char *given = args_get(&args, name);
	if (!value)
		assert_null(given);
	else
		assert_string_equal(given ? given : "(not given)", value);
}

static void options_stand_anywhere(void **state)
{
	(void)state;
	assert_int_equal(parse(log_table, "prog -q bot --type json 5"), ARGS_OK);
	assert_given("--quiet", "");
	assert_given("-t", "json");
	assert_given("bot_id", "bot");
	assert_given("lines", "5");
	assert_given("--count", NULL);
}

static void options_have_many_forms(void **state)
{
	(void)state;
	assert_int_equal(parse(log_table, "prog bot --ty=json --su"), ARGS_OK);
	assert_given("--type", "json");
	assert_given("--count", "");
	assert_int_equal(parse(log_table, "prog bot -sqtjson"), ARGS_OK);
	assert_given("--type", "json");
	assert_given("-s", "");
	assert_given("-q", "");
	assert_int_equal(parse(log_table, "prog -t=text bot"), ARGS_OK);
	assert_given("-t", "text");
}

static void numbers_and_what_follows_dashes_are_no_options(void **state)
{
	(void)state;
	assert_int_equal(parse(log_table, "prog bot -1"), ARGS_OK);
	assert_given("lines", "-1");
	assert_int_equal(parse(log_table, "prog -- -q"), ARGS_OK);
	assert_given("bot_id", "-q");
	assert_given("--quiet", NULL);
}

static void wrong_usage_is_refused(void **state)
{
	(void)state;
	assert_int_equal(parse(log_table, "prog"), ARGS_WRONG);
	assert_int_equal(parse(log_table, "prog bot many"), ARGS_WRONG);
	assert_int_equal(parse(log_table, "prog bot --type xml"), ARGS_WRONG);
	assert_int_equal(parse(log_table, "prog bot --type"), ARGS_WRONG);
	assert_int_equal(parse(log_table, "prog bot --quiet=1"), ARGS_WRONG);
	assert_int_equal(parse(main_table, "prog frobnicate"), ARGS_WRONG);
	static const struct arg similar[] = { { ARG_FLAG, NULL, { "--abc" }, NULL, false, NULL },
		                              { ARG_FLAG, NULL, { "--abd" }, NULL, false, NULL },
		                              { 0 } };
	assert_int_equal(parse(similar, "prog --ab"), ARGS_WRONG);
}

static void what_nobody_knows_is_kept(void **state)
{
	(void)state;
	assert_int_equal(parse(log_table, "prog bot 1 more --nope -z"), ARGS_OK);
	assert_string_equal(args.unknown[0], "more");
	assert_string_equal(args.unknown[1], "--nope");
	assert_string_equal(args.unknown[2], "-z");
	assert_null(args.unknown[3]);
}

static void a_command_takes_the_rest(void **state)
{
	(void)state;
	assert_int_equal(parse(main_table, "prog -t json log --help bot"), ARGS_OK);
	assert_int_equal(args.rest, 3);
	assert_given("command", "log");
	assert_int_equal(parse(main_table, "prog"), ARGS_OK);
	assert_int_equal(args.rest, 1);
}

static void a_page_has_lines_of_80_columns_at_most(void **state)
{
	(void)state;
	struct buffer b;
	buffer_init_in(&b, &arena, 1 << 16);
	args = (struct args){ .program = "intelmqctl a-rather-long-command", .table = log_table };
	args_help(&b, &args);
	buffer_add_char(&b, '\0');
	assert_string_equal(b.p,
	                    "usage: intelmqctl a-rather-long-command [-h] [--count] [--quiet]\n"
	                    "                                        [--type {text,json}]\n"
	                    "                                        bot_id [lines]\n"
	                    "\npositional arguments:\n  bot_id\n  lines                 how many\n"
	                    "\noptions:\n  -h, --help            show this help message and exit\n"
	                    "  --count, --sum, -s    only the sum\n  --quiet, -q\n"
	                    "  --type {text,json}, -t {text,json}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_stand_anywhere),
		cmocka_unit_test(options_have_many_forms),
		cmocka_unit_test(numbers_and_what_follows_dashes_are_no_options),
		cmocka_unit_test(wrong_usage_is_refused),
		cmocka_unit_test(what_nobody_knows_is_kept),
		cmocka_unit_test(a_command_takes_the_rest),
		cmocka_unit_test(a_page_has_lines_of_80_columns_at_most),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
