/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* intelmq conformance DIR: replays recorded behaviour of the reference and tells where ours differs. */
#include "cli/conformance_cli.h"

#include <getopt.h>
#include <intelmq/base64.h>
#include <intelmq/json.h>
#include <intelmq/number.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/main.h"
#include "cli/world.h"
#include "config/runtime.h"

static const char help[] = "usage: intelmq conformance [--bot PREFIX] [--report FILE] [--show N] "
			   "[--format FILE] [--differences FILE] DIR\n\n"
			   "Replays the recordings of DIR (lib/, bots/, extra/ in this process, "
			   "cli/ with\nthis program as intelmqctl) and prints what differs.\n"
			   "  --bot PREFIX   only bots whose module name has this part (or library "
			   "files whose name begins so, or cli/SUITE)\n"
			   "  --report FILE  totals as JSON\n"
			   "  --show N       print N differences in full (default 40)\n"
			   "  --format FILE  harmonization.conf of the recordings (default "
			   "DIR/../data/harmonization.conf)\n"
			   "  --differences FILE  command lines that differ on purpose, with the "
			   "reason (default\n                 tests/differences-cli.json)\n";

int recording_read(struct arena *arena, const char *path, struct str *text_out, struct err *err)
{
	return runtime_read_file(arena, path, MAX_RECORDING, text_out, err);
}

void difference_print(struct conformance *c, const char *where, struct str id, const char *format,
                      ...)
{
	if (!c->show)
		return;
	c->show--;
	va_list args;
	va_start(args, format);
	printf("DIFFERENT %s %.*s\n", where, (int)id.n, id.p);
	vprintf(format, args);
	printf("\n");
	va_end(args);
}

static struct value tally_value(struct arena *arena, const struct tally *tally, bool bots)
{
	struct dict *d = dict_new(arena);
	dict_set(d, S("passed"), value_int((int64_t)tally->passed));
	dict_set(d, S("failed"), value_int((int64_t)tally->failed));
	if (bots) {
		dict_set(d, S("skipped"), value_int((int64_t)tally->skipped));
		dict_set(d, S("not_built"), value_int((int64_t)tally->not_built));
	}
	return value_dict(d);
}

void tally_report(struct conformance *c, struct dict *report, struct str name,
                  const struct tally *tally, const struct tally *checks)
{
	struct value v = tally_value(&c->arena, tally, checks != NULL);
	if (checks)
		dict_set(v.dict, S("checks"), tally_value(&c->arena, checks, false));
	dict_set(report, name, v);
	c->total.passed += tally->passed + (checks ? checks->passed : 0);
	c->total.failed += tally->failed + (checks ? checks->failed : 0);
	c->total.skipped += tally->skipped;
	c->total.not_built += tally->not_built;
	if (tally->passed || tally->failed || (checks && (checks->passed || checks->failed)))
		printf("%-58.*s %6llu passed %5llu failed %5llu skipped\n", (int)name.n, name.p,
		       (unsigned long long)tally->passed, (unsigned long long)tally->failed,
		       (unsigned long long)tally->skipped);
}

struct value recorded_value(struct arena *arena, struct value v)
{
	if (v.kind == VALUE_LIST) {
		for (size_t i = 0; i < v.list->n; i++)
			v.list->items[i] = recorded_value(arena, v.list->items[i]);
	} else if (v.kind == VALUE_DICT) {
		const struct value *real = v.dict->n == 1 ? dict_get(v.dict, S("__float__")) : NULL;
		const struct value *bytes = v.dict->n == 1 ? dict_get(v.dict, S("__bytes__"))
		                                           : NULL;
		double d;
		struct str decoded;
		if (real && number_float(real->text, &d) == 0)
			return value_float(d);
		if (bytes && base64_decode(arena, bytes->text, &decoded, NULL) == 0)
			return value_bytes(decoded);
		for (size_t i = 0; i < v.dict->n; i++)
			v.dict->pairs[i].value = recorded_value(arena, v.dict->pairs[i].value);
	}
	return v;
}

static int write_report(struct conformance *c, const char *path)
{
	struct dict *report = dict_new(&c->arena);
	dict_set(report, S("lib"), value_dict(c->lib));
	dict_set(report, S("bots"), value_dict(c->bots));
	dict_set(report, S("cli"), value_dict(c->cli));
	struct buffer out;
	buffer_init_in(&out, &c->arena, MAX_RECORDING);
	json_write(&out, value_dict(report), JSON_INDENT4);
	buffer_add_char(&out, '\n');
	FILE *file = fopen(path, "w");
	if (!file || fwrite(out.p, 1, out.n, file) != out.n || fclose(file) != 0) {
		fprintf(stderr, "intelmq conformance: %s cannot be written\n", path);
		return 1;
	}
	return 0;
}

static int read_format(struct conformance *c, struct err *err)
{
	struct str text;
	if (!c->format_path)
		c->format_path = arena_printf(&c->arena, "%s/../data/harmonization.conf", c->dir).p;
	if (access(c->format_path, R_OK) < 0)
		c->format_path = "etc/harmonization.conf";
	if (recording_read(&c->arena, c->format_path, &text, err) < 0)
		return -1;
	return data_format_new(text, &c->format, err);
}

static int replay(struct conformance *c, const char *report)
{
	struct err err;
	if (read_format(c, &err) < 0 || !mkdtemp(c->scratch)) {
		fprintf(stderr, "intelmq conformance: %s\n", err.text);
		return 1;
	}
	c->lib = dict_new(&c->arena);
	c->bots = dict_new(&c->arena);
	c->cli = dict_new(&c->arena);
	conformance_lib(c);
	if (authority_new(&c->authority, &err) < 0)
		fprintf(stderr, "%s\n", err.text);
	conformance_bots(c);
	authority_free(c->authority);
	if (c->deepest_stack)
		printf("deepest stack of a verb that waits: %zu bytes\n", c->deepest_stack);
	conformance_cli(c);
	int rc = report ? write_report(c, report) : 0;
	printf("%llu skipped because a run needs what is not here, %llu because the bot is not "
	       "built\n",
	       (unsigned long long)c->total.skipped, (unsigned long long)c->total.not_built);
	printf("%llu passed, %llu failed, %llu skipped\n", (unsigned long long)c->total.passed,
	       (unsigned long long)c->total.failed,
	       (unsigned long long)(c->total.skipped + c->total.not_built));
	rmdir(c->scratch);
	return rc || c->total.failed ? 1 : 0;
}

int command_conformance(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bot", required_argument, NULL, 'b' },
		{ "report", required_argument, NULL, 'r' },
		{ "show", required_argument, NULL, 's' },
		{ "format", required_argument, NULL, 'f' },
		{ "differences", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct conformance c = { .show = 40,
		                 .scratch = "/tmp/intelmq-replay-XXXXXX",
		                 .differences = "tests/differences-cli.json" };
	const char *report = NULL;
	struct value show;
	arena_init(&c.arena);
	for (int o; (o = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		switch (o) {
		case 'b':
			c.prefix = optarg;
			break;
		case 'r':
			report = optarg;
			break;
		case 'f':
			c.format_path = optarg;
			break;
		case 'd':
			c.differences = optarg;
			break;
		case 's':
			if (number_int(&c.arena, str_of(optarg), &show) == 0 &&
			    show.kind == VALUE_INT)
				c.show = (unsigned)show.integer;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			fputs(help, stderr);
			return 2;
		}
	}
	if (optind + 1 != argc) {
		fputs(help, stderr);
		return 2;
	}
	/* Paths in the recordings are absolute and resolved. */
	c.dir = realpath(argv[optind], NULL);
	if (!c.dir) {
		fprintf(stderr, "intelmq conformance: %s is no directory\n", argv[optind]);
		return 2;
	}
	int rc = replay(&c, report);
	data_format_free(c.format);
	free((void *)(uintptr_t)c.dir);
	arena_fini(&c.arena);
	return rc;
}
