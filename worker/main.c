/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * One program with many names: `intelmq COMMAND …`, some commands under a name of their own, and every bot under the name
 * of its module. The build and `make install` make a link for each line of `intelmq names`.
 */
#include <intelmq/str.h>
#include <stdio.h>
#include <string.h>

#include "build_config.h"
#include "cli/main.h"
#include "cli/update.h"
#include "daemon/daemon.h"
#include "engine/types.h"
#include "worker/process.h"

const char intelmq_version[] = INTELMQ_VERSION;

static int command_names(int argc, char **argv);

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
	const char *program; /* the name of its own, or NULL */
} commands[] = {
	{ "attach", command_attach, "give what a renamed or removed bot has left to another one" },
	{ "botnet", command_botnet, "run the whole botnet of a runtime.yaml in this process" },
	{ "broker", command_broker, "keep the queues: the embedded broker", "intelmq-broker" },
	{ "check", command_check, "look at the configuration without starting anything" },
	{ "conformance", command_conformance, "replay recorded behaviour of the reference" },
	{ "ctl", command_ctl, "control the bots", "intelmqctl" },
	{ "daemon", command_daemon, "start and watch the broker and the bots", "intelmqd" },
	{ "describe", command_describe, "print what a bot is and which parameters it has" },
	{ "dump", command_dump, "look at what bots could not process, and send it again",
	  "intelmqdump" },
	{ "names", command_names, "print the names under which this program is something else" },
	{ "test", command_test, "run the golden tests (*.t) below a folder" },
	{ "trace", command_trace, "show what one bot makes of a report, step by step" },
};

static void usage(FILE *out)
{
	fprintf(out, "usage: intelmq COMMAND [OPTIONS]\n\n");
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].help);
	fprintf(out,
	        "\n`intelmq COMMAND --help` tells more. `intelmq --version` prints the version.\n");
}

static int command_names(int argc, char **argv)
{
	(void)argv;
	if (argc > 1) {
		fputs("usage: intelmq names\n\nOne name a line: programs, modules and their former "
		      "names.\n",
		      stderr);
		return 2;
	}
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (commands[i].program)
			puts(commands[i].program);
	for (size_t i = 0; i < all_bots_count; i++) {
		puts(all_bots[i]->module);
		for (const char *const *name = all_bots[i]->aliases; name && *name; name++)
			puts(*name);
	}
	for (const struct bot_module *m = loadable_bots; m->module; m++)
		puts(m->module);
	return 0;
}

static int run_command(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "intelmq: unknown command '%s'\n\n", argv[1]);
	usage(stderr);
	return 2;
}

int main(int argc, char **argv)
{
	const char *slash = argc > 0 ? strrchr(argv[0], '/') : NULL;
	const char *name = slash ? slash + 1 : argc > 0 ? argv[0] : "intelmq";
	if (str_starts(str_of(name), S("intelmq.bots.")))
		return update_is_asked(argc, argv) ? command_update(name, argc, argv)
		                                   : bot_process_main(name, argc, argv);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (commands[i].program && strcmp(name, commands[i].program) == 0)
			return commands[i].run(argc, argv);
	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		printf("intelmq %s\n", intelmq_version);
		return 0;
	}
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	return run_command(argc, argv);
}
