/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* intelmqctl: the table of its commands, its global options, and what happens before and after a command. */
#include "cli/ctl.h"

#include <intelmq/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/main.h"

extern char **environ;

/* ---- The commands ---- */

static const char *const types[] = { "text", "json", "python", NULL };
static const char *const groups[] = { "collectors", "parsers", "experts", "outputs", NULL };
static const char *const kinds[] = { "bots", "queues", "queues-and-status", NULL };
static const char *const levels[] = { "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", NULL };
static const char *const steps[] = { "console", "message", "process", NULL };
/* Stands in the tables where the ids of the configured bots are the choices. */
static const char *const bots[] = { NULL };

// clang-format off
#define GROUP_OF(help) { ARG_VALUE, "GROUP", { "--group" }, groups, false, help }
#define BOT(kind) { kind, "bot_id", { NULL }, bots, false, NULL }

static const struct arg args_list[] = {
	{ ARG_FLAG, NULL, { "--non-zero", "--quiet", "-q" }, NULL, false, "Leave out empty queues, and bots that are not enabled." },
	{ ARG_FLAG, NULL, { "--count", "--sum", "-s" }, NULL, false, "Print the number of all messages in the queues only." },
	{ ARG_FLAG, NULL, { "--configured", "-c" }, NULL, false, "List the bots of runtime.yaml instead of all that exist." },
	{ ARG_POSITIONAL, "kind", { NULL }, kinds, false, NULL }, { 0 } };
static const struct arg args_clear[] = {
	{ ARG_POSITIONAL, "queue", { NULL }, NULL, false, "name of the queue" }, { 0 } };
static const struct arg args_log[] = {
	{ ARG_POSITIONAL, "bot_id", { NULL }, bots, false, "whose log" },
	{ ARG_OPTIONAL, "number_of_lines", { NULL }, NULL, true, "how many lines, -1 for all (default 10)" },
	{ ARG_OPTIONAL, "log_level", { NULL }, levels, false, "lines of this level and of those below (default INFO)" }, { 0 } };
static const struct arg args_check[] = {
	{ ARG_FLAG, NULL, { "--quiet", "-q" }, NULL, false, "Print warnings and errors only." },
	{ ARG_FLAG, NULL, { "--no-connections", "-C" }, NULL, false, "Connect to nothing, not even the broker." }, { 0 } };
static const struct arg args_none[] = { { 0 } };
static const struct arg args_start[] = { GROUP_OF("Start a group of bots"), BOT(ARG_OPTIONAL), { 0 } };
static const struct arg args_stop[] = { GROUP_OF("Stop a group of bots"), BOT(ARG_OPTIONAL), { 0 } };
static const struct arg args_restart[] = { GROUP_OF("Restart a group of bots"), BOT(ARG_OPTIONAL), { 0 } };
static const struct arg args_reload[] = { GROUP_OF("Reload a group of bots"), BOT(ARG_OPTIONAL), { 0 } };
static const struct arg args_status[] = { GROUP_OF("Status of a group of bots"), BOT(ARG_OPTIONAL), { 0 } };
static const struct arg args_bot[] = { BOT(ARG_POSITIONAL), { 0 } };
static const struct arg args_debug[] = {
	{ ARG_FLAG, NULL, { "--get-paths" }, NULL, false, "where files are" },
	{ ARG_FLAG, NULL, { "--get-environment-variables" }, NULL, false, "variables that matter" }, { 0 } };
static const struct arg args_run[] = {
	{ ARG_VALUE, "LEVEL", { "--loglevel", "-l" }, levels, false, "what it logs and shows" }, BOT(ARG_POSITIONAL),
	{ ARG_COMMAND, "step", { NULL }, steps, false, NULL }, { 0 } };
static const struct arg args_upgrade[] = {
	{ ARG_VALUE, "PREVIOUS", { "-p", "--previous" }, NULL, false, "the version that the configuration was made for" },
	{ ARG_FLAG, NULL, { "-d", "--dry-run" }, NULL, false, "say what would change, change nothing" },
	{ ARG_VALUE, "FUNCTION", { "-u", "--function" }, NULL, false, "do this upgrade only" },
	{ ARG_FLAG, NULL, { "-f", "--force" }, NULL, false, "do what was done already, too" },
	{ ARG_VALUE, "STATE_FILE", { "--state-file" }, NULL, false, "the file that remembers what was done" },
	{ ARG_FLAG, NULL, { "--no-backup" }, NULL, false, "keep no former versions of the files" }, { 0 } };

static ctl_command later, show_help;

static const struct command {
	const char *name, *help;
	const struct arg *args; /* NULL: the command reads its arguments itself */
	ctl_command *run;
	enum { NEEDS_RUNTIME, NEEDS_NOTHING, NEEDS_INTELMQD } needs;
} commands[] = {
	{ "list", "Bots, queues, or both", args_list, ctl_list, NEEDS_RUNTIME },
	{ "clear", "Empty a queue", args_clear, ctl_clear, NEEDS_RUNTIME },
	{ "log", "The last lines of a bot's log", args_log, ctl_log, NEEDS_RUNTIME },
	{ "run", "Run a bot in the foreground, step by step", args_run, ctl_run, NEEDS_INTELMQD },
	{ "check", "Look for mistakes in configuration and installation", args_check, ctl_check, NEEDS_RUNTIME },
	{ "help", "This page", args_none, show_help, NEEDS_NOTHING },
	{ "start", "Start a bot, a group or all", args_start, ctl_start, NEEDS_INTELMQD },
	{ "stop", "Stop a bot, a group or all", args_stop, ctl_stop, NEEDS_INTELMQD },
	{ "restart", "Stop and start a bot, a group or all", args_restart, ctl_restart, NEEDS_INTELMQD },
	{ "reload", "Let a bot, a group or all read their parameters again", args_reload, ctl_reload, NEEDS_INTELMQD },
	{ "status", "What a bot, a group or all do", args_status, ctl_status, NEEDS_RUNTIME },
	{ "enable", "Let `start` start a bot", args_bot, ctl_enable, NEEDS_RUNTIME },
	{ "disable", "Let `start` leave a bot out", args_bot, ctl_disable, NEEDS_RUNTIME },
	{ "upgrade-config", "Bring an older configuration up to date", args_upgrade, later, NEEDS_RUNTIME },
	{ "debug", "Paths and environment", args_debug, ctl_debug, NEEDS_NOTHING },
};
enum { N_COMMANDS = sizeof commands / sizeof *commands };

static const char *const command_names[N_COMMANDS + 1] = {
	"list", "clear", "log", "run", "check", "help", "start", "stop", "restart", "reload", "status", "enable",
	"disable", "upgrade-config", "debug" };
static const struct arg args_global[] = {
	{ ARG_FLAG, NULL, { "--version", "-v" }, NULL, false, "show the version and exit" },
	{ ARG_VALUE, "TYPE", { "--type", "-t" }, types, false, "text for people (default), json for programs" },
	{ ARG_FLAG, NULL, { "--quiet", "-q" }, NULL, false, "say what went wrong only" },
	{ ARG_COMMAND, "command", { NULL }, command_names, false, NULL }, { 0 } };
// clang-format on

/* ---- Commands that are no files of their own ---- */

static const char *epilog(struct ctl *ctl)
{
	struct buffer b;
	buffer_init_in(&b, &ctl->arena, 1 << 16);
	buffer_add_str(&b, S("commands:\n"));
	for (size_t i = 0; i < N_COMMANDS; i++)
		buffer_printf(&b, "  %-20s%s\n", commands[i].name, commands[i].help);
	buffer_add_str(&b,
	               S("\nWithout a bot's id start, stop, restart, reload and status mean all "
	                 "bots.\n`intelmqctl COMMAND --help` tells more.\n"));
	return arena_cstr(&ctl->arena, buffer_str(&b));
}

static struct args global_args(struct ctl *ctl)
{
	return (struct args){
		.program = "intelmqctl",
		.table = args_global,
		.description = arena_printf(&ctl->arena,
		                            "Controls the bots of an IntelMQ botnet. What it says "
		                            "also goes to\n%sintelmqctl.log.",
		                            ctl->paths->log)
		                       .p,
		.epilog = epilog(ctl),
	};
}

static int show_help(struct ctl *ctl, const struct args *args)
{
	struct buffer b;
	struct args global = global_args(ctl);
	(void)args;
	buffer_init_in(&b, &ctl->arena, 1 << 20);
	args_help(&b, &global);
	fwrite(b.p, 1, b.n, stdout);
	ctl->no_result = true;
	return 0;
}

static int later(struct ctl *ctl, const struct args *args)
{
	ctl_error(ctl, "`%s` is not part of this release yet.", args->program);
	ctl->result = value_cstr("error");
	return 1;
}

/* ---- The configuration ---- */

/* The last error says why the file could not be read. */
static const char *reason(struct ctl *ctl, const struct findings *findings)
{
	const struct finding *last = NULL;
	for (size_t i = 0; i < findings->n; i++)
		if (findings->all[i].severity == SEVERITY_ERROR)
			last = &findings->all[i];
	if (!last)
		return "it is not usable";
	if (!last->line)
		return arena_cstr(&ctl->arena, last->text);
	return arena_printf(&ctl->arena, "line %u: %.*s", last->line, STR_ARG(last->text)).p;
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void ctl_load(struct ctl *ctl)
{
	struct findings findings;
	struct runtime *runtime = NULL;
	struct runtime_source source = { ctl->paths->runtime, (const char *const *)environ };
	findings_init(&findings, &ctl->arena);
	const char *path = ctl->paths->runtime;
	if (access(path, F_OK) < 0 && access(ctl->paths->runtime_old, F_OK) < 0)
		ctl->unreadable = arena_printf(&ctl->arena, "File not found: '%s'.", path).p;
	else if (runtime_load(&ctl->arena, &source, &runtime, &findings) < 0)
		ctl->unreadable = reason(ctl, &findings);
	ctl->runtime = runtime;
	size_t n = runtime ? runtime->n : 0;
	const char **ids = arena_zalloc(&ctl->arena, n + 1, sizeof *ids);
	for (size_t i = 0; i < n; i++)
		ids[i] = arena_cstr(&ctl->arena, runtime->bots[i].id);
	qsort(ids, n, sizeof *ids, compare_ids);
	ctl->bot_ids = ids;
}

/* Bots are run by intelmqd; who wants another program for it should know. */
static int check_manager(const struct ctl *ctl, bool changes)
{
	const struct value *v = dict_get(ctl->runtime->global, S("process_manager"));
	if (!v || v->kind != VALUE_STR || str_eq(v->text, S("intelmq")))
		return 0;
	if (!str_eq(v->text, S("supervisor")))
		fprintf(stderr,
		        "Invalid process manager given: '%.*s', should be one of ['intelmq', "
		        "'supervisor'].\n",
		        STR_ARG(v->text));
	else if (changes)
		fprintf(stderr,
		        "The process manager 'supervisor' is not supported yet. Set "
		        "process_manager to 'intelmq' in %.*s: intelmqd then runs the bots.\n",
		        STR_ARG(ctl->runtime->file));
	else
		return 0;
	return -1;
}

size_t ctl_bots(struct ctl *ctl, const struct runtime_bot ***out)
{
	size_t n = 0;
	const struct runtime_bot **found = arena_zalloc(&ctl->arena, ctl->runtime->n + 1,
	                                                sizeof *found);
	for (size_t i = 0; ctl->bot_ids[i]; i++) {
		const struct runtime_bot *bot = runtime_bot_find(ctl->runtime,
		                                                 str_of(ctl->bot_ids[i]));
		/* "Expert" and "experts" */
		struct str group = str_of(ctl->group);
		if (!group.p || str_eq_ascii_case(bot->group, str_slice(group, 0, group.n - 1)))
			found[n++] = bot;
	}
	*out = found;
	return n;
}

/* ---- From the command line to the exit code ---- */

/* The table with the ids of this configuration in place of `bots`. */
static const struct arg *with_bots(struct ctl *ctl, const struct arg *table)
{
	size_t n = 0;
	while (table[n].kind)
		n++;
	struct arg *copy = arena_zalloc(&ctl->arena, n + 1, sizeof *copy);
	memcpy(copy, table, (n + 1) * sizeof *copy);
	for (size_t i = 0; i < n; i++)
		if (copy[i].choices == bots)
			copy[i].choices = ctl->runtime ? ctl->bot_ids : NULL;
	return copy;
}

static int run(struct ctl *ctl, const struct command *command, const struct args *args)
{
	if (command->needs != NEEDS_NOTHING && !ctl->runtime) {
		fprintf(stderr, "Error loading '%s': %s\n", ctl->paths->runtime, ctl->unreadable);
		return 1;
	}
	if (command->needs != NEEDS_NOTHING &&
	    check_manager(ctl, command->needs == NEEDS_INTELMQD) < 0)
		return 1;
	ctl_log_open(ctl);
	int code = command->run(ctl, args);
	ctl_print_result(ctl);
	ctl_log_close(ctl);
	return code;
}

static int run_with(struct ctl *ctl, const struct args *global, const struct command *command,
                    int argc, char **argv)
{
	struct args args = {
		.program = arena_printf(&ctl->arena, "intelmqctl %s", command->name).p,
		.table = with_bots(ctl, command->args ? command->args : args_none),
	};
	enum args_status status = command->args ? args_parse(&ctl->arena, &args, argc, argv)
	                                        : ARGS_OK;
	if (status != ARGS_OK)
		return status == ARGS_HELP ? 0 : 2;
	if (command->args && args.unknown[0]) {
		struct buffer b;
		buffer_init_in(&b, &ctl->arena, 1 << 20);
		for (size_t i = 0; args.unknown[i]; i++)
			buffer_printf(&b, "%s%s", i ? " " : "", args.unknown[i]);
		args_fail(global, "unrecognized arguments: %.*s", STR_ARG(buffer_str(&b)));
		return 2;
	}
	ctl->group = args_get(&args, "--group");
	return run(ctl, command, &args);
}

static int main_of(struct ctl *ctl, int argc, char **argv)
{
	struct args global = global_args(ctl);
	enum args_status status = args_parse(&ctl->arena, &global, argc, argv);
	if (status != ARGS_OK)
		return status == ARGS_HELP ? 0 : 2;
	if (args_get(&global, "--version")) {
		printf("%s\n", intelmq_version);
		return 0;
	}
	if (global.unknown[0]) {
		args_fail(&global, "unrecognized arguments: %s", global.unknown[0]);
		return 2;
	}
	const char *type = args_get(&global, "--type");
	ctl->type = !type || strcmp(type, "text") == 0 ? CTL_TEXT
	          : strcmp(type, "json") == 0          ? CTL_JSON
	                                               : CTL_PYTHON;
	ctl->quiet = args_get(&global, "--quiet") != NULL;
	if ((int)global.rest == argc)
		return show_help(ctl, &global);
	const struct command *command = commands;
	while (strcmp(command->name, argv[global.rest]) != 0)
		command++;
	ctl_load(ctl);
	return run_with(ctl, &global, command, argc - (int)global.rest, argv + global.rest);
}

int command_ctl(int argc, char **argv)
{
	struct ctl ctl = { .result = value_null(), .argv = argv };
	arena_init(&ctl.arena);
	ctl.paths = paths_new(&ctl.arena, LAYOUT_OPT, environment_real, NULL);
	int code = main_of(&ctl, argc, argv);
	arena_fini(&ctl.arena);
	return code;
}
