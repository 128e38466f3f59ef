/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* intelmq check: everything that can be known about a configuration without starting it. */
#include "cli/check.h"

#include <getopt.h>
#include <intelmq/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/main.h"
#include "engine/types.h"
#include "engine/worker.h"

extern char **environ;

enum { MAX_CONFIGURATION = 64 * 1024 * 1024 };

static const char help[] = "usage: intelmq check [--json] [RUNTIME_FILE]\n\n"
			   "Checks runtime.yaml, harmonization.conf and every bot's parameters. "
			   "Exit code 1 if there are errors.\n"
			   "  --json  findings as a JSON list\n";

/* Operators run bots of their own beside ours: an executable of the module's name will do. */
static void report_unknown(struct str module, const struct err *err, struct findings *findings)
{
	const char *path = getenv("PATH"), *nearest = bot_type_nearest(module);
	char advice[400] = "see `intelmq describe` for the modules of this build, or put an "
			   "executable of that name into PATH";
	if (nearest)
		snprintf(advice, sizeof advice, "did you mean '%s'?", nearest);
	if (path && module_in_path(module, path))
		finding_add(findings, SEVERITY_INFO, NULL, "module '%.*s' is a program of its own",
		            STR_ARG(module));
	else
		finding_advise(findings, SEVERITY_WARNING, NULL, advice, "%s", err->text);
}

static void check_bot(const struct host *host, const struct runtime *runtime,
                      const struct runtime_bot *bot, struct arena *arena, struct findings *findings)
{
	struct err err;
	runtime_bot_scope(runtime, bot, findings);
	if (!bot->module.p)
		return; /* reported by the loader */
	const struct bot_type *type = bot_type_find(bot->module, &err);
	if (!type) {
		report_unknown(bot->module, &err, findings);
		return;
	}
	struct worker_options options = {
		.id = arena_cstr(arena, bot->id),
		.type = type,
		.parameters = bot->parameters,
		.source_queue = bot->source_queue,
		.destinations = bot->destinations,
	};
	worker_check(host, &options, findings);
	const struct param *tables[] = { settings_params, type->params, NULL };
	param_check_names(tables, bot->own, findings);
}

struct data_format *check_read_format(struct arena *arena, const struct paths *paths,
                                      struct findings *findings)
{
	struct str text;
	struct err err;
	struct data_format *format = NULL;
	findings_scope(findings, str_of(paths->harmonization), STR_NONE, 0, NULL);
	if (runtime_read_file(arena, paths->harmonization, MAX_CONFIGURATION, &text, &err) < 0 ||
	    data_format_new(text, &format, &err) < 0)
		finding_add(findings, SEVERITY_ERROR, NULL, "%s", err.text);
	return format;
}

void check_runtime(struct arena *arena, const struct paths *paths, const struct data_format *format,
                   const struct runtime *runtime, struct findings *findings)
{
	struct host host = { .format = format, .paths = paths };
	runtime_check(arena, runtime, findings);
	for (size_t i = 0; i < runtime->n; i++)
		check_bot(&host, runtime, &runtime->bots[i], arena, findings);
}

static int print(const struct findings *findings, struct arena *arena, bool json)
{
	struct buffer out;
	buffer_init_in(&out, arena, 64 * 1024 * 1024);
	if (json) {
		json_write(&out, findings_json(arena, findings), JSON_INDENT4 | JSON_KEEP_UNICODE);
		buffer_add_char(&out, '\n');
	} else {
		findings_print(&out, findings);
		if (!findings->n)
			buffer_add_str(&out, S("No issues found.\n"));
	}
	fwrite(out.p, 1, out.n, stdout);
	return findings->counts[SEVERITY_ERROR] ? 1 : 0;
}

int command_check(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { 0 } };
	bool json = false;
	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (c == 'j') {
			json = true;
			continue;
		}
		fputs(help, c == 'h' ? stdout : stderr);
		return c == 'h' ? 0 : 2;
	}
	struct arena arena;
	struct findings findings;
	struct runtime *runtime;
	arena_init(&arena);
	findings_init(&findings, &arena);
	struct paths *paths = paths_new(&arena, LAYOUT_OPT, environment_real, NULL);
	struct runtime_source source = { optind < argc ? argv[optind] : paths->runtime,
		                         (const char *const *)environ };
	struct data_format *format = optind < argc ? NULL
	                                           : check_read_format(&arena, paths, &findings);
	findings_scope(&findings, str_of(source.path), STR_NONE, 0, NULL);
	if (runtime_load(&arena, &source, &runtime, &findings) == 0)
		check_runtime(&arena, paths, format, runtime, &findings);
	int rc = print(&findings, &arena, json);
	data_format_free(format);
	arena_fini(&arena);
	return rc;
}
