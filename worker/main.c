/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One program with many commands: `intelmq COMMAND …`. */
#include <stdio.h>
#include <string.h>

#include "cli/main.h"

const char intelmq_version[] = "0.1.0";

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} commands[] = {
	{ "botnet", command_botnet, "run the whole botnet of a runtime.yaml in this process" },
	{ "broker", command_broker, "keep the queues: the embedded broker (intelmq-broker)" },
	{ "check", command_check, "look at the configuration without starting anything" },
	{ "conformance", command_conformance, "replay recorded behaviour of the reference" },
	{ "ctl", command_ctl, "what the reference calls intelmqctl: control the bots" },
	{ "describe", command_describe, "print what a bot is and which parameters it has" },
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

int main(int argc, char **argv)
{
	if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
		printf("intelmq %s\n", intelmq_version);
		return 0;
	}
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? 2 : 0;
	}
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return commands[i].run(argc - 1, argv + 1);
	fprintf(stderr, "intelmq: unknown command '%s'\n\n", argv[1]);
	usage(stderr);
	return 2;
}
