/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * intelmq test PATH …: golden tests, one file each beside the bot: bots/parsers/foo/parser.basic.t
 *
 *	one sentence: what is shown
 *	--- config            parameters (YAML)
 *	--- report            what a parser gets, as text; `--- report FIELDS` with a JSON object of its other fields
 *	--- messages          what experts and outputs get: one JSON object a line
 *	--- file NAME         a file in the test's own directory, which the config calls @dir
 *	--- clock             the time of the test, ISO
 *	--- dns               what name servers answer: {"TXT a.example": ["text"], "PTR b.example": "timeout"}
 *	--- web               what web servers answer: [{"method": "GET", "url": …, "status": 200, "headers": {}, "body": …}]
 *	--- events            expected on _default: one JSON object a line, raw shown as text
 *	--- path NAME         expected on another path
 *	--- dumps             expected number of dumped messages and their reasons: one part of a reason a line
 *	--- log               parts of log lines that must occur
 *	--- written NAME      expected content of a file in @dir
 *	--- refused           part of the error with which the bot refuses to start
 *
 * UPDATE=1 rewrites events, paths and written files; look at the difference before committing it.
 */
#include "cli/main.h"
#include "cli/world.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <intelmq/base64.h>
#include <intelmq/clock.h>
#include <intelmq/datetime.h>
#include <intelmq/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/runtime.h"
#include "engine/files.h"
#include "engine/harness.h"
#include "engine/types.h"
#include <intelmq/yaml.h>

enum { MAX_TEST = 16 * 1024 * 1024, MAX_SECTIONS = 64, COLLECT_ROUNDS = 1 };

struct section {
	struct str name, argument, text;
};

struct golden {
	struct arena arena;
	const char *path;
	struct str title;
	struct section sections[MAX_SECTIONS];
	size_t n;
	struct authority *authority;
	struct world world; /* servers, if the test has any */
	size_t stack;       /* deepest one of a verb that waits */
	bool stack_is_small;
	char dir[32];       /* scratch directory */
	struct buffer told; /* what is wrong */
	bool update, changed;
};

static struct section *section_find(struct golden *g, const char *name)
{
	for (size_t i = 0; i < g->n; i++)
		if (str_eq(g->sections[i].name, str_of(name)))
			return &g->sections[i];
	return NULL;
}

static int read_sections(struct golden *g, struct str text, struct err *err)
{
	struct str rest = text;
	g->title = str_cut(&rest, '\n');
	while (rest.p) {
		struct str line = str_cut(&rest, '\n');
		if (!str_starts(line, S("--- "))) {
			if (line.n && !g->n)
				return err_set(err, FAULT_OTHER, "text before the first section");
			continue;
		}
		if (g->n == MAX_SECTIONS)
			return err_set(err, FAULT_OTHER, "more than %d sections", MAX_SECTIONS);
		struct section *section = &g->sections[g->n++];
		struct str head = str_slice(line, 4, line.n);
		section->name = str_cut(&head, ' ');
		section->argument = head;
		section->text = (struct str){ rest.p ? rest.p : "", 0 };
		size_t end = rest.p ? str_find(rest, S("\n--- ")) : STR_NOT_FOUND;
		if (rest.p && str_starts(rest, S("--- ")))
			continue;
		section->text.n = end == STR_NOT_FOUND ? rest.n : end + 1;
		rest = end == STR_NOT_FOUND ? STR_NONE : str_slice(rest, end + 1, rest.n);
	}
	return 0;
}

static struct str replace_dir(struct golden *g, struct str text)
{
	struct buffer out;
	buffer_init_in(&out, &g->arena, MAX_TEST);
	size_t at;
	while ((at = str_find(text, S("@dir"))) != STR_NOT_FOUND) {
		buffer_add(&out, text.p, at);
		buffer_add_str(&out, str_of(g->dir));
		text = str_slice(text, at + 4, text.n);
	}
	buffer_add_str(&out, text);
	return buffer_str(&out);
}

static struct str file_path(struct golden *g, struct str name)
{
	return arena_printf(&g->arena, "%s/%.*s", g->dir, STR_ARG(name));
}

static int write_files(struct golden *g, struct err *err)
{
	for (size_t i = 0; i < g->n; i++) {
		if (!str_eq(g->sections[i].name, S("file")))
			continue;
		struct str path = file_path(g, g->sections[i].argument);
		FILE *file = fopen(path.p, "w");
		if (!file)
			return err_set(err, FAULT_OTHER, "%s: %s", path.p, strerror(errno));
		fwrite(g->sections[i].text.p, 1, g->sections[i].text.n, file);
		fclose(file);
	}
	return 0;
}

/* ---- Input ---- */

static int push_json(struct golden *g, struct harness *h, struct str line, const char *class,
                     struct err *err)
{
	struct value v;
	if (json_parse(&g->arena, line, &v, err) < 0)
		return -1;
	if (v.kind != VALUE_DICT)
		return err_set(err, FAULT_OTHER, "a message must be a JSON object");
	const struct value *raw = dict_get(v.dict, S("raw"));
	if (raw && raw->kind == VALUE_STR)
		dict_set(v.dict, S("raw"), value_str(base64_encode(&g->arena, raw->text)));
	if (!dict_get(v.dict, S("__type")))
		dict_set(v.dict, S("__type"), value_cstr(class));
	struct buffer wire;
	buffer_init_in(&wire, &g->arena, MAX_TEST);
	json_write(&wire, v, 0);
	harness_push(h, buffer_str(&wire));
	return 0;
}

static int push_report(struct golden *g, struct harness *h, const struct section *section,
                       struct err *err)
{
	struct value fields = value_dict(dict_new(&g->arena));
	if (section->argument.n && json_parse(&g->arena, section->argument, &fields, err) < 0)
		return -1;
	if (fields.kind != VALUE_DICT)
		return err_set(err, FAULT_OTHER, "report fields must be a JSON object");
	dict_set(fields.dict, S("raw"), value_str(section->text));
	struct buffer line;
	buffer_init_in(&line, &g->arena, MAX_TEST);
	json_write(&line, fields, 0);
	return push_json(g, h, buffer_str(&line), "Report", err);
}

static int push_input(struct golden *g, struct harness *h, struct err *err)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct section *section = &g->sections[i];
		if (str_eq(section->name, S("report")) && push_report(g, h, section, err) < 0)
			return -1;
		if (!str_eq(section->name, S("messages")))
			continue;
		for (struct str rest = section->text; rest.p;) {
			struct str line = str_cut(&rest, '\n');
			if (line.n && push_json(g, h, line, "Event", err) < 0)
				return -1;
		}
	}
	return 0;
}

/* ---- Comparing ---- */

/* A sent message as a test shows it: sorted keys, raw as text, no __type. */
static struct str shown(struct golden *g, struct str wire)
{
	struct value v;
	struct str text;
	if (json_parse(&g->arena, wire, &v, NULL) < 0)
		return wire;
	dict_del(v.dict, S("__type"));
	const struct value *raw = dict_get(v.dict, S("raw"));
	if (raw && base64_decode(&g->arena, raw->text, &text, NULL) == 0)
		dict_set(v.dict, S("raw"), value_str(text));
	struct buffer out;
	buffer_init_in(&out, &g->arena, MAX_TEST);
	json_write(&out, v, JSON_SORT_KEYS | JSON_KEEP_UNICODE);
	return buffer_str(&out);
}

static bool same_line(struct golden *g, struct str want, struct str got)
{
	struct value a, b;
	return json_parse(&g->arena, want, &a, NULL) == 0 &&
	       json_parse(&g->arena, got, &b, NULL) == 0 && value_same(a, b);
}

static void compare_path(struct golden *g, struct harness *h, struct section *section,
                         struct str path)
{
	struct str *sent, rest = section->text;
	size_t n = harness_sent(h, path, &sent), i = 0;
	struct buffer all;
	buffer_init_in(&all, &g->arena, MAX_TEST);
	bool same = true;
	for (; rest.p;) {
		struct str want = str_cut(&rest, '\n');
		if (!want.n)
			continue;
		struct str got = i < n ? shown(g, sent[i]) : S("(nothing)");
		want = replace_dir(g, want);
		if (!same_line(g, want, got)) {
			buffer_printf(&g->told,
			              "  %.*s, message %zu\n    expected %.*s\n    got      %.*s\n",
			              STR_ARG(path), i + 1, (int)want.n, want.p, (int)got.n, got.p);
			same = false;
		}
		i++;
	}
	for (; i < n; i++) {
		struct str got = shown(g, sent[i]);
		buffer_printf(&g->told, "  %.*s, unexpected message %zu\n    got      %.*s\n",
		              STR_ARG(path), i + 1, (int)got.n, got.p);
		same = false;
	}
	for (i = 0; i < n; i++) {
		buffer_add_str(&all, shown(g, sent[i]));
		buffer_add_char(&all, '\n');
	}
	if (!same && g->update) {
		section->text = buffer_str(&all);
		g->changed = true;
	}
}

static void compare_file(struct golden *g, struct section *section)
{
	struct str got = STR_NONE, path = file_path(g, section->argument);
	struct err err;
	if (runtime_read_file(&g->arena, path.p, MAX_TEST, &got, &err) < 0)
		buffer_printf(&g->told, "  %s\n", err.text);
	else if (!str_eq(got, section->text))
		buffer_printf(&g->told, "  written %.*s\n    expected %.*s\n    got      %.*s\n",
		              STR_ARG(section->argument), STR_ARG(section->text), STR_ARG(got));
	else
		return;
	if (g->update) {
		section->text = got;
		g->changed = true;
	}
}

static void compare_log(struct golden *g, struct harness *h, const struct section *section)
{
	size_t n;
	const struct harness_line *lines = harness_log(h, &n);
	for (struct str rest = section->text; rest.p;) {
		struct str want = str_cut(&rest, '\n');
		bool found = want.n == 0;
		for (size_t i = 0; i < n && !found; i++) {
			struct str line = arena_printf(&g->arena, "%s - %.*s",
			                               log_level_name(lines[i].level),
			                               STR_ARG(lines[i].text));
			found = str_find(line, want) != STR_NOT_FOUND;
		}
		if (!found)
			buffer_printf(&g->told, "  no log line with: %.*s\n", STR_ARG(want));
	}
}

static void compare_dumps(struct golden *g, struct harness *h, const struct section *section)
{
	size_t n, i = 0;
	const struct harness_dump *dumps = harness_dumps(h, &n);
	for (struct str rest = section ? section->text : STR_NONE; rest.p;) {
		struct str want = str_cut(&rest, '\n');
		if (!want.n)
			continue;
		if (i < n && str_find(dumps[i].reason, want) == STR_NOT_FOUND)
			buffer_printf(&g->told,
			              "  dump %zu\n    expected %.*s\n    got      %.*s\n", i + 1,
			              STR_ARG(want), STR_ARG(dumps[i].reason));
		i++;
	}
	if (i != n) {
		buffer_printf(&g->told, "  expected %zu dumps, got %zu\n", i, n);
		for (; i < n; i++)
			buffer_printf(&g->told, "    %.*s\n", STR_ARG(dumps[i].reason));
	}
}

static void compare_all(struct golden *g, struct harness *h)
{
	for (size_t i = 0; i < g->n; i++) {
		struct section *section = &g->sections[i];
		if (str_eq(section->name, S("events")))
			compare_path(g, h, section, S("_default"));
		else if (str_eq(section->name, S("path")))
			compare_path(g, h, section, section->argument);
		else if (str_eq(section->name, S("written")))
			compare_file(g, section);
		else if (str_eq(section->name, S("log")))
			compare_log(g, h, section);
	}
	compare_dumps(g, h, section_find(g, "dumps"));
}

/* ---- Running ---- */

/* bots/parsers/foo/parser.basic.t tests the bot whose symbol is parsers_foo_parser. */
static const struct bot_type *type_of(const char *path, struct err *err)
{
	const char *at = strstr(path, "bots/");
	struct str name = str_of(at ? at + 5 : path);
	while (name.n && *name.p == '/')
		name = str_slice(name, 1, name.n);
	size_t slash = 0;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '/')
			slash = i;
	size_t dot = str_index(str_slice(name, slash, name.n), '.');
	name = str_slice(name, 0, dot == STR_NOT_FOUND ? name.n : slash + dot);
	for (size_t i = 0; i < all_bots_count; i++)
		if (str_eq(name, str_of(all_bots_paths[i])))
			return all_bots[i];
	err_set(err, FAULT_OTHER, "no bot is built from bots/%.*s.c", STR_ARG(name));
	return NULL;
}

static int read_config(struct golden *g, struct dict **out, struct err *err)
{
	struct section *section = section_find(g, "config");
	struct value v = value_null();
	if (section && yaml_parse(&g->arena, replace_dir(g, section->text), &v, NULL, err) < 0)
		return err_prefix(err, "--- config");
	*out = v.kind == VALUE_DICT ? v.dict : dict_new(&g->arena);
	return 0;
}

static struct list *path_names(struct golden *g)
{
	struct list *names = list_new(&g->arena);
	list_add(names, value_str(S("_default")));
	for (size_t i = 0; i < g->n; i++)
		if (str_eq(g->sections[i].name, S("path")))
			list_add(names, value_str(g->sections[i].argument));
	return names;
}

static int set_clock(struct golden *g, struct err *err)
{
	struct section *section = section_find(g, "clock");
	struct datetime time;
	if (!section)
		return 0;
	struct str rest = section->text, line = str_cut(&rest, '\n');
	if (datetime_from_canonical(line, &time) < 0)
		return err_set(err, FAULT_OTHER,
		               "--- clock must be like 2026-01-31T12:00:00+00:00");
	clock_set(datetime_to_us(&time));
	return 0;
}

/* Servers that say what the sections dns and web say; what stands in neither does not exist. */
static int open_world(struct golden *g, struct dict *parameters, struct err *err)
{
	static const struct {
		const char *section, *member;
	} parts[] = { { "dns", "dns" }, { "web", "http" } };
	struct dict *run = dict_new(&g->arena);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		const struct section *section = section_find(g, parts[i].section);
		struct value v;
		if (section && json_parse(&g->arena, section->text, &v, err) < 0)
			return err_prefix(err, "--- %s", parts[i].section);
		if (section)
			dict_set(run, str_of(parts[i].member), v);
	}
	if (!run->n)
		return 0;
	if (world_open(&g->world, g->authority, run, err) < 0)
		return -1;
	world_point_to(&g->world, &g->arena, parameters);
	return 0;
}

static int run_golden(struct golden *g, const struct data_format *format, struct err *err)
{
	const struct bot_type *type = type_of(g->path, err);
	struct dict *parameters = NULL;
	struct section *refused = section_find(g, "refused");
	if (!type || write_files(g, err) < 0 || read_config(g, &parameters, err) < 0 ||
	    set_clock(g, err) < 0 || open_world(g, parameters, err) < 0)
		return -1;
	struct paths paths = { .state = arena_printf(&g->arena, "%s/", g->dir).p };
	struct harness_options options = {
		.type = type,
		.parameters = parameters,
		.path_names = path_names(g),
		.format = format,
		.paths = &paths,
		.trust = WIRE_CHECKED,
		.test_mode = true,
		.detour = { g->world.pid ? g->world.web : NULL, authority_path(g->authority) },
	};
	struct harness *h = harness_open(&options, err);
	if (!h) {
		struct str rest = refused ? refused->text : STR_NONE;
		struct str want = refused ? str_cut(&rest, '\n') : STR_NONE;
		return refused && str_find(str_of(err->text), want) != STR_NOT_FOUND ? 0 : -1;
	}
	int rc = refused ? err_set(err, FAULT_OTHER, "the bot should have refused to start")
	                 : push_input(g, h, err);
	if (rc == 0) {
		harness_run(h, COLLECT_ROUNDS);
		compare_all(g, h);
	}
	size_t size;
	g->stack = worker_stack_depth(harness_worker(h), &size);
	g->stack_is_small = g->stack > size / 2;
	harness_close(h);
	return rc;
}

static void rewrite(struct golden *g)
{
	FILE *file = fopen(g->path, "w");
	if (!file)
		return;
	fprintf(file, "%.*s\n", (int)g->title.n, g->title.p);
	for (size_t i = 0; i < g->n; i++) {
		const struct section *s = &g->sections[i];
		fprintf(file, "--- %.*s%s%.*s\n", STR_ARG(s->name), s->argument.n ? " " : "",
		        (int)s->argument.n, s->argument.n ? s->argument.p : "");
		fwrite(s->text.p, 1, s->text.n, file);
	}
	fclose(file);
}

static void remove_scratch(const char *dir)
{
	DIR *d = opendir(dir);
	for (struct dirent *entry; d && (entry = readdir(d));) {
		char path[512];
		snprintf(path, sizeof path, "%s/%s", dir, entry->d_name);
		unlink(path);
	}
	if (d)
		closedir(d);
	rmdir(dir);
}

struct totals {
	struct authority *authority;
	unsigned passed, failed;
	size_t stack;
};

static bool test_file(const char *path, const struct data_format *format, struct totals *totals)
{
	struct golden g = { .path = path,
		            .authority = totals->authority,
		            .dir = "/tmp/intelmq-test-XXXXXX",
		            .update = getenv("UPDATE") != NULL };
	struct err err = { 0 };
	struct str text;
	arena_init(&g.arena);
	buffer_init(&g.told, MAX_TEST);
	int rc = -1;
	if (!mkdtemp(g.dir))
		err_set(&err, FAULT_OTHER, "%s: %s", g.dir, strerror(errno));
	else if (runtime_read_file(&g.arena, path, MAX_TEST, &text, &err) == 0 &&
	         read_sections(&g, text, &err) == 0)
		rc = run_golden(&g, format, &err);
	clock_unset();
	world_close(&g.world);
	if (g.stack > totals->stack)
		totals->stack = g.stack;
	if (g.stack_is_small)
		buffer_printf(&g.told, "  the verb took %zu bytes of its stack: more than half\n",
		              g.stack);
	if (rc < 0)
		buffer_printf(&g.told, "  %s\n", err.text);
	bool passed = g.told.n == 0;
	printf("%s %s\n%.*s",
	       passed      ? "ok  "
	       : g.changed ? "NEW "
	                   : "FAIL",
	       path, (int)g.told.n, g.told.p ? g.told.p : "");
	if (g.changed)
		rewrite(&g);
	remove_scratch(g.dir);
	buffer_fini(&g.told);
	arena_fini(&g.arena);
	return passed;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void test_path(const char *path, const struct data_format *format, struct totals *totals,
                      int depth)
{
	struct stat st;
	struct dirent **entries;
	if (stat(path, &st) < 0) {
		printf("FAIL %s: %s\n", path, strerror(errno));
		totals->failed++;
	} else if (S_ISDIR(st.st_mode) && depth < 8) {
		int n = scandir(path, &entries, NULL, by_name);
		for (int i = 0; i < n; i++) {
			char child[4096];
			if (entries[i]->d_name[0] != '.') {
				snprintf(child, sizeof child, "%s/%s", path, entries[i]->d_name);
				test_path(child, format, totals, depth + 1);
			}
			free(entries[i]);
		}
		if (n >= 0)
			free(entries);
	} else if (str_ends(str_of(path), S(".t")) || depth == 0) {
		if (test_file(path, format, totals))
			totals->passed++;
		else
			totals->failed++;
	}
}

int command_test(int argc, char **argv)
{
	static const struct option options[] = { { "format", required_argument, NULL, 'f' },
		                                 { "help", no_argument, NULL, 'h' },
		                                 { 0 } };
	static const char help[] = "usage: intelmq test [--format harmonization.conf] PATH …\n\n"
				   "Runs golden tests: files *.t below the folders given. UPDATE=1 "
				   "rewrites what they expect.\n";
	const char *format_path = "etc/harmonization.conf";
	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (c == 'f') {
			format_path = optarg;
			continue;
		}
		fputs(help, c == 'h' ? stdout : stderr);
		return c == 'h' ? 0 : 2;
	}
	struct arena arena;
	struct err err;
	struct str text;
	struct data_format *format;
	struct totals totals = { 0 };
	arena_init(&arena);
	if (runtime_read_file(&arena, format_path, MAX_TEST, &text, &err) < 0 ||
	    data_format_new(text, &format, &err) < 0 ||
	    authority_new(&totals.authority, &err) < 0) {
		fprintf(stderr, "intelmq test: %s\n", err.text);
		arena_fini(&arena);
		return 1;
	}
	for (int i = optind; i < argc; i++)
		test_path(argv[i], format, &totals, 0);
	if (totals.stack)
		printf("deepest stack of a verb that waits: %zu bytes\n", totals.stack);
	printf("%u passed, %u failed\n", totals.passed, totals.failed);
	authority_free(totals.authority);
	data_format_free(format);
	arena_fini(&arena);
	return totals.failed || totals.passed == 0 ? 1 : 0;
}
