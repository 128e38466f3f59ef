/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* intelmq trace MODULE FILE: what one bot makes of a report or of events, step by step. */
#include <getopt.h>
#include <intelmq/base64.h>
#include <intelmq/json.h>
#include <intelmq/yaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/main.h"
#include "config/runtime.h"
#include "engine/files.h"
#include "engine/harness.h"
#include "engine/types.h"

enum { MAX_TRACE = 1024 * 1024 * 1024, SHOWN = 2000 };

static const char help[] =
	"usage: intelmq trace [--config FILE] [--fields JSON] [--summary] [--steps] MODULE FILE\n\n"
	"Runs one bot on the content of FILE and prints what it sends, what it dumps and why; "
	"nothing else is written.\n"
	"A parser gets the file as one report; experts and outputs get one JSON object per line.\n"
	"  --config FILE  parameters of the bot (YAML)\n"
	"  --fields JSON  further fields of the report, as '{\"feed.name\": \"x\"}'\n"
	"  --steps        every step: which column became which field (log lines of level DEBUG)\n"
	"  --summary      totals, and each reason once with its number\n";

struct trace {
	struct arena arena;
	struct data_format *format;
	const char *config, *fields;
	bool summary, steps;
	struct harness *harness;
};

static int push_report(struct trace *t, struct str text, struct err *err)
{
	struct value report = value_dict(dict_new(&t->arena));
	if (t->fields && json_parse(&t->arena, str_of(t->fields), &report, err) < 0)
		return err_prefix(err, "--fields");
	if (report.kind != VALUE_DICT)
		return err_set(err, FAULT_INVALID_ARGUMENT, "--fields must be a JSON object");
	dict_set(report.dict, S("raw"), value_str(base64_encode(&t->arena, text)));
	dict_set(report.dict, S("__type"), value_str(S("Report")));
	struct buffer wire;
	buffer_init_in(&wire, &t->arena, MAX_TRACE);
	json_write(&wire, report, 0);
	harness_push(t->harness, buffer_str(&wire));
	return 0;
}

static void push_lines(struct trace *t, struct str text)
{
	for (struct str rest = text; rest.p;) {
		struct str line = str_cut(&rest, '\n');
		if (line.n)
			harness_push(t->harness, line);
	}
}

static void print_sent(struct trace *t, struct str path)
{
	struct str *sent;
	size_t n = harness_sent(t->harness, path, &sent);
	for (size_t i = 0; i < n && !t->summary; i++)
		printf("%.*s %.*s\n", (int)path.n, path.p, (int)sent[i].n, sent[i].p);
	printf("%zu sent on %.*s\n", n, (int)path.n, path.p);
}

/* Behind "row 17: " stands the reason. */
static struct str reason_of(struct str text)
{
	size_t colon = str_starts(text, S("row ")) ? str_find(text, S(": ")) : STR_NOT_FOUND;
	return colon == STR_NOT_FOUND ? text : str_slice(text, colon + 2, text.n);
}

static void print_dumps(struct trace *t)
{
	size_t n;
	const struct harness_dump *dumps = harness_dumps(t->harness, &n);
	struct dict *reasons = dict_new(&t->arena);
	for (size_t i = 0; i < n; i++) {
		struct str reason = reason_of(dumps[i].reason);
		const struct value *count = dict_get(reasons, reason);
		dict_set(reasons, reason, value_int(count ? count->integer + 1 : 1));
		if (!t->summary)
			printf("dumped because of %.*s\n", (int)dumps[i].reason.n,
			       dumps[i].reason.p);
	}
	printf("%zu dumped\n", n);
	for (size_t i = 0; i < reasons->n && t->summary; i++)
		printf("%8lld x %.*s\n", (long long)reasons->pairs[i].value.integer,
		       STR_ARG(reasons->pairs[i].key));
}

static void print_log(struct trace *t)
{
	size_t n;
	const struct harness_line *lines = harness_log(t->harness, &n);
	for (size_t i = 0; i < n; i++)
		if (!t->summary)
			printf("%s: %.*s\n", log_level_name(lines[i].level), (int)lines[i].text.n,
			       lines[i].text.p);
}

static int run(struct trace *t, const char *module, const char *file, struct err *err)
{
	struct str text, config;
	struct value parameters = value_null();
	const struct bot_type *type = bot_type_find(str_of(module), err);
	struct paths *paths = paths_new(&t->arena, LAYOUT_OPT, environment_real, NULL);
	const char *format = access("etc/harmonization.conf", R_OK) == 0 ? "etc/harmonization.conf"
	                                                                 : paths->harmonization;
	struct str format_text;
	if (!type || runtime_read_file(&t->arena, format, MAX_TRACE, &format_text, err) < 0 ||
	    data_format_new(format_text, &t->format, err) < 0 ||
	    runtime_read_file(&t->arena, file, MAX_TRACE, &text, err) < 0)
		return -1;
	if (t->config && (runtime_read_file(&t->arena, t->config, MAX_TRACE, &config, err) < 0 ||
	                  yaml_parse(&t->arena, config, &parameters, NULL, err) < 0))
		return err_prefix(err, "--config");
	struct dict *given = parameters.kind == VALUE_DICT ? parameters.dict : dict_new(&t->arena);
	if (t->steps)
		dict_set(given, S("logging_level"), value_str(S("DEBUG")));
	dict_set(given, S("error_max_retries"), value_int(0));
	struct harness_options options = {
		.type = type,
		.parameters = given,
		.format = t->format,
		.paths = paths,
		.trust = WIRE_CHECKED,
	};
	t->harness = harness_open(&options, err);
	if (!t->harness)
		return -1;
	if (type->rows == ROWS_NONE)
		push_lines(t, text);
	else if (push_report(t, text, err) < 0)
		return -1;
	harness_run(t->harness, 1);
	print_log(t);
	print_sent(t, S("_default"));
	print_dumps(t);
	return 0;
}

int command_trace(int argc, char **argv)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "fields", required_argument, NULL, 'f' },
		{ "summary", no_argument, NULL, 's' },
		{ "steps", no_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct trace t = { 0 };
	struct err err = { 0 };
	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		switch (c) {
		case 'c':
			t.config = optarg;
			break;
		case 'f':
			t.fields = optarg;
			break;
		case 's':
			t.summary = true;
			break;
		case 't':
			t.steps = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			fputs(help, stderr);
			return 2;
		}
	}
	if (optind + 2 != argc) {
		fputs(help, stderr);
		return 2;
	}
	arena_init(&t.arena);
	int rc = run(&t, argv[optind], argv[optind + 1], &err);
	if (rc < 0)
		fprintf(stderr, "intelmq trace: %s\n", err.text);
	harness_close(t.harness);
	data_format_free(t.format);
	arena_fini(&t.arena);
	return rc < 0 ? 1 : 0;
}
