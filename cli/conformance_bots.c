/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Runs of single bots: the recorded input goes in, what comes out is compared with the recording. */
#include <dirent.h>
#include <ftw.h>
#include <intelmq/base64.h>
#include <intelmq/clock.h>
#include <intelmq/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/conformance.h"
#include "cli/world.h"
#include "config/findings.h"
#include "engine/harness.h"
#include "engine/types.h"

/* What a replay can provide; a run that needs anything else is skipped. */
static const char *const provided[] = { "file",   "output-file", "redis",   "time",
	                                "static", "http-mock",   "dns-mock" };

struct replay {
	struct conformance *c;
	struct arena *arena; /* of one run */
	const struct dict *run;
	struct harness *harness;
	struct world world; /* servers that the run meets */
	struct str id;
	const char *module;
	struct buffer told; /* differences of this run */
	size_t seen[32];    /* messages already compared, per path: runs may continue */
};

static const struct value *member(const struct dict *d, const char *name)
{
	const struct value *v = dict_get(d, str_of(name));
	return v && v->kind != VALUE_NULL ? v : NULL;
}

static const struct list *list_of(const struct dict *d, const char *name)
{
	static const struct list empty;
	const struct value *v = member(d, name);
	return v && v->kind == VALUE_LIST ? v->list : &empty;
}

/* The stacks of verbs that wait: the deepest one is told at the end. */
static void end_harness(struct replay *r)
{
	size_t size, depth = r->harness ? worker_stack_depth(harness_worker(r->harness), &size) : 0;
	if (depth > r->c->deepest_stack)
		r->c->deepest_stack = depth;
	harness_close(r->harness);
	r->harness = NULL;
}

static bool is_provided(const struct dict *run)
{
	const struct list *needs = list_of(run, "needs");
	for (size_t i = 0; i < needs->n; i++) {
		bool found = false;
		for (size_t k = 0; k < sizeof provided / sizeof *provided && !found; k++)
			found = value_is_text(needs->items[i], str_of(provided[k]));
		if (!found)
			return false;
	}
	return !member(run, "mocks") && !member(run, "attributes_set");
}

static bool is_volatile(const struct dict *run, struct str name)
{
	const struct list *names = list_of(run, "volatile");
	for (size_t i = 0; i < names->n; i++)
		if (value_is_text(names->items[i], name))
			return true;
	return false;
}

static struct str json_of(struct arena *arena, struct value v)
{
	struct buffer out;
	buffer_init_in(&out, arena, MAX_RECORDING);
	json_write(&out, v, JSON_SORT_KEYS | JSON_KEEP_UNICODE);
	return buffer_str(&out);
}

static void drop_volatile(struct replay *r, struct value *v)
{
	const struct list *names = list_of(r->run, "volatile");
	if (v->kind != VALUE_DICT)
		return;
	*v = value_copy(r->arena, *v);
	for (size_t i = 0; i < names->n; i++)
		dict_del(v->dict, names->items[i].text);
}

/* True if every line of `raw` stands in a report that was put in: the failed rows as they were. */
static bool raw_is_from_input(struct replay *r, struct str raw64)
{
	const struct list *input = list_of(r->run, "input");
	struct str raw;
	if (base64_decode(r->arena, raw64, &raw, NULL) < 0)
		return false;
	for (size_t i = 0; i < input->n; i++) {
		const struct value *v = input->items[i].kind == VALUE_DICT
		                              ? dict_get(input->items[i].dict, S("raw"))
		                              : NULL;
		struct str whole;
		if (!v || v->kind != VALUE_STR ||
		    base64_decode(r->arena, v->text, &whole, NULL) < 0)
			continue;
		bool all = true;
		struct str rest = raw;
		/* An element of an array is shown as an array of one. */
		if (rest.n > 1 && rest.p[0] == '[' && rest.p[rest.n - 1] == ']')
			rest = str_slice(rest, 1, rest.n - 1);
		while (rest.p && all) {
			struct str line = str_cut(&rest, '\n');
			if (line.n && line.p[line.n - 1] == '\r')
				line.n--;
			all = str_find(whole, line) != STR_NOT_FOUND;
		}
		if (all)
			return true;
	}
	return false;
}

/* Equal as JSON documents; raw of failed rows may also be the row as it stood in the report. */
static bool same_message(struct replay *r, struct value want, struct value got, bool failed_row)
{
	drop_volatile(r, &want);
	drop_volatile(r, &got);
	if (value_same(want, got))
		return true;
	if (!failed_row || want.kind != VALUE_DICT || got.kind != VALUE_DICT)
		return false;
	const struct value *raw = dict_get(got.dict, S("raw"));
	if (!raw || raw->kind != VALUE_STR || !raw_is_from_input(r, raw->text))
		return false;
	want = value_copy(r->arena, want);
	got = value_copy(r->arena, got);
	dict_del(want.dict, S("raw"));
	dict_del(got.dict, S("raw"));
	return value_same(want, got);
}

static void tell(struct replay *r, const char *what, size_t number, struct str want, struct str got)
{
	buffer_printf(&r->told, "  %s %zu\n    expected %.*s\n    got      %.*s\n", what, number,
	              STR_ARG(want), STR_ARG(got));
}

static void compare_path(struct replay *r, struct str path, size_t *seen)
{
	const struct value *output = member(r->run, "output");
	const struct value *list = output && output->kind == VALUE_DICT
	                                 ? dict_get(output->dict, path)
	                                 : NULL;
	static const struct list empty;
	const struct list *want = list && list->kind == VALUE_LIST ? list->list : &empty;
	struct str *sent = NULL;
	size_t n = r->harness ? harness_sent(r->harness, path, &sent) : 0;
	size_t first = *seen;
	*seen = n;
	for (size_t i = 0; i < want->n || first + i < n; i++) {
		struct value got = value_null();
		if (first + i < n)
			json_parse(r->arena, sent[first + i], &got, NULL);
		struct value expected = i < want->n ? want->items[i] : value_null();
		if (same_message(r, expected, got, str_eq(path, S("_on_error"))))
			continue;
		tell(r, arena_cstr(r->arena, path), i + 1, json_of(r->arena, expected),
		     json_of(r->arena, got));
	}
}

static void compare_output(struct replay *r)
{
	const struct list *paths = list_of(r->run, "paths");
	for (size_t i = 0; i < paths->n && i < sizeof r->seen / sizeof *r->seen; i++)
		compare_path(r, paths->items[i].text, &r->seen[i]);
}

static void compare_dumps(struct replay *r)
{
	const struct list *want = list_of(r->run, "dump");
	size_t n = 0;
	const struct harness_dump *dumps = r->harness ? harness_dumps(r->harness, &n) : NULL;
	for (size_t i = 0; i < want->n || i < n; i++) {
		const struct dict *expected = i < want->n && want->items[i].kind == VALUE_DICT
		                                    ? want->items[i].dict
		                                    : NULL;
		const struct value *message = expected ? member(expected, "message") : NULL;
		const struct value *bytes = expected ? member(expected, "message_base64") : NULL;
		struct value a = value_null(), b = value_null();
		struct str decoded;
		if (message)
			a = *message;
		else if (bytes && base64_decode(r->arena, bytes->text, &decoded, NULL) == 0 &&
		         json_parse(r->arena, decoded, &a, NULL) < 0)
			a = value_str(decoded);
		if (i < n && json_parse(r->arena, dumps[i].message, &b, NULL) < 0)
			b = value_str(dumps[i].message);
		if (expected && i < n && same_message(r, recorded_value(r->arena, a), b, true))
			continue;
		tell(r, "dump", i + 1, expected ? json_of(r->arena, want->items[i]) : S("(none)"),
		     i < n ? arena_printf(r->arena, "%.*s because of %.*s",
		                          STR_ARG(dumps[i].message), STR_ARG(dumps[i].reason))
		           : S("(none)"));
	}
}

static void compare_files(struct replay *r)
{
	const struct value *files = member(r->run, "files_written");
	if (!files || files->kind != VALUE_DICT || is_volatile(r->run, S("<files_written>")))
		return;
	for (size_t i = 0; i < files->dict->n; i++) {
		const struct pair *file = &files->dict->pairs[i];
		struct str got = S("(no such file)");
		recording_read(r->arena, arena_cstr(r->arena, file->key), &got, NULL);
		if (file->value.kind == VALUE_STR && !str_eq(got, file->value.text))
			tell(r, arena_cstr(r->arena, file->key), 1, file->value.text, got);
	}
}

struct state_walk {
	struct replay *r;
	struct dict *live;
};

static void collect_state(void *context, struct str key, struct str value, int64_t expires)
{
	struct state_walk *walk = context;
	(void)expires;
	dict_set(walk->live, arena_dup(walk->r->arena, key),
	         value_str(arena_dup(walk->r->arena, value)));
}

static void collect_cached(void *context, struct str key, struct str value)
{
	collect_state(context, key, value, 0);
}

/* Bots that look things up have a cache instead of keyed state. */
static bool has_cache(const struct bot_type *type)
{
	return (type->uses & USES_LOOKUPS) && !(type->uses & USES_STATE);
}

static void compare_state(struct replay *r)
{
	const struct value *after = member(r->run, "redis_after");
	struct worker *w = r->harness ? harness_worker(r->harness) : NULL;
	struct state_table *table = w ? worker_keyed_state(w) : NULL;
	bool cached = w && has_cache(worker_type(w));
	if (!after || after->kind != VALUE_DICT || (!table && !cached))
		return;
	struct state_walk walk = { r, dict_new(r->arena) };
	struct dict *want = dict_new(r->arena);
	for (size_t i = 0; i < after->dict->n; i++) {
		const struct pair *pair = &after->dict->pairs[i];
		const struct value *v = pair->value.kind == VALUE_DICT
		                              ? dict_get(pair->value.dict, S("value"))
		                              : &pair->value;
		dict_set(want, pair->key, v ? *v : value_null());
	}
	if (cached)
		worker_cache_each(w, collect_cached, &walk);
	else
		state_table_each(table, collect_state, &walk);
	if (!value_same(value_dict(want), value_dict(walk.live)))
		tell(r, "keyed state", 1, json_of(r->arena, value_dict(want)),
		     json_of(r->arena, value_dict(walk.live)));
}

/* ---- Running ---- */

/* Placeholders of the recordings become paths of this machine, in the text before it is read as JSON. */
static struct str with_paths(struct conformance *c, struct arena *arena, struct str text)
{
	struct buffer out;
	buffer_init_in(&out, arena, MAX_RECORDING);
	const struct {
		struct str name;
		const char *path;
	} places[] = {
		{ S("@files/"), arena_printf(arena, "%s/files/", c->dir).p },
		{ S("@out/"), arena_printf(arena, "%s/", c->scratch).p },
		{ S("@root/"), "/opt/intelmq/" },
	};
	for (size_t i = 0; i < text.n;) {
		size_t k = 0;
		if (text.p[i] == '@')
			while (k < 3 && !str_starts(str_slice(text, i, text.n), places[k].name))
				k++;
		if (text.p[i] != '@' || k == 3) {
			buffer_add_char(&out, text.p[i++]);
			continue;
		}
		buffer_add_str(&out, str_of(places[k].path));
		i += places[k].name.n;
	}
	return buffer_str(&out);
}

static struct dict *parameters_of(struct replay *r, const struct bot_type *type)
{
	struct dict *all = dict_new(r->arena);
	const struct value *given = member(r->run, "parameters");
	bool collects = type->collect || type->stream;
	dict_set(all, S("rate_limit"), value_int(0));
	dict_set(all, S("error_max_retries"), value_int(0));
	dict_set(all, S("error_procedure"), value_str(S("pass")));
	dict_set(all, S("redis_cache_ttl"), value_int(10));
	if (collects)
		dict_set(all, S("name"), value_str(S("Test Bot")));
	if (r->world.pid)
		world_point_to(&r->world, r->arena, all);
	for (size_t i = 0; given && i < given->dict->n; i++)
		dict_set(all, given->dict->pairs[i].key, given->dict->pairs[i].value);
	return all;
}

static const struct dict *state_before(struct replay *r)
{
	const struct value *before = member(r->run, "redis_before");
	struct dict *state = dict_new(r->arena);
	for (size_t i = 0; before && i < before->dict->n; i++) {
		const struct pair *pair = &before->dict->pairs[i];
		const struct value *v = pair->value.kind == VALUE_DICT
		                              ? dict_get(pair->value.dict, S("value"))
		                              : &pair->value;
		if (v)
			dict_set(state, pair->key, *v);
	}
	return state;
}

static void fill_cache(struct replay *r)
{
	const struct dict *state = state_before(r);
	for (size_t i = 0; i < state->n; i++)
		if (state->pairs[i].value.kind == VALUE_STR)
			worker_cache_set(harness_worker(r->harness), state->pairs[i].key,
			                 state->pairs[i].value.text);
}

static void files_before(struct replay *r)
{
	const struct value *files = member(r->run, "files_before");
	for (size_t i = 0; files && i < files->dict->n; i++) {
		const struct pair *pair = &files->dict->pairs[i];
		FILE *file = pair->value.kind == VALUE_STR
		                   ? fopen(arena_cstr(r->arena, pair->key), "w")
		                   : NULL;
		if (!file)
			continue;
		fwrite(pair->value.text.p, 1, pair->value.text.n, file);
		fclose(file);
	}
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	return where->level > 0 && remove(path) < 0 ? -1 : 0;
}

static void clean_scratch(struct conformance *c)
{
	if (nftw(c->scratch, remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
		fprintf(stderr, "something stays behind in %s\n", c->scratch);
}

/* Files that a bot finds in its state directory: the schema of shadowserver. */
static void put_reads(struct replay *r)
{
	const struct list *reads = list_of(r->run, "reads");
	for (size_t i = 0; i < reads->n; i++) {
		struct str text,
			path = reads->items[i].kind == VALUE_STR ? reads->items[i].text : S("");
		if (str_find(path, S("schema.json")) == STR_NOT_FOUND ||
		    recording_read(r->arena, arena_cstr(r->arena, path), &text, NULL) < 0)
			continue;
		FILE *file = fopen(
			arena_printf(r->arena, "%s/shadowserver-schema.json", r->c->scratch).p,
			"w");
		if (!file)
			continue;
		fwrite(text.p, 1, text.n, file);
		fclose(file);
	}
}

static void push_input(struct replay *r)
{
	const struct list *input = list_of(r->run, "input");
	for (size_t i = 0; i < input->n; i++) {
		const struct value *text = input->items[i].kind == VALUE_DICT
		                                 ? dict_get(input->items[i].dict, S("__unparsable"))
		                                 : NULL;
		struct buffer wire;
		buffer_init_in(&wire, r->arena, MAX_RECORDING);
		json_write(&wire, recorded_value(r->arena, input->items[i]), 0);
		harness_push(r->harness, text ? text->text : buffer_str(&wire));
	}
}

static unsigned iterations(const struct dict *run)
{
	const struct value *v = member(run, "iterations");
	return v && v->kind == VALUE_INT && v->integer > 0 ? (unsigned)v->integer : 1;
}

/* What the recording says about how the bot ended: 0 it went on, 1 it refused to start, 2 it stopped. */
static void compare_end(struct replay *r, bool started, bool running, const struct err *err)
{
	const struct value *raised = member(r->run, "raised"), *stopped = member(r->run, "stopped");
	bool at_start = raised && raised->kind == VALUE_DICT &&
	                dict_get(raised->dict, S("stage")) &&
	                value_is_text(*dict_get(raised->dict, S("stage")), S("init"));
	bool ends = raised || (stopped && !(stopped->kind == VALUE_INT && stopped->integer == 0));
	int code = r->harness ? worker_exit_code(harness_worker(r->harness)) : 1;
	bool refused = !started || (!running && code != 0);
	if (ends == refused)
		return;
	/* A collector or expert that raises while it runs: ours refuses the message, or the run. */
	if (raised && !at_start && r->harness &&
	    worker_counters(harness_worker(r->harness))->failed)
		return;
	buffer_printf(&r->told, "  expected it to %s, but it %s%s%s\n", ends ? "stop" : "run",
	              refused ? "stopped: " : "ran", refused && err ? err->text : "",
	              refused && r->harness ? worker_state(harness_worker(r->harness)) : "");
}

static void run_once(struct replay *r, const struct bot_type *type)
{
	struct err err = { 0 };
	const struct value *again = member(r->run, "continues_previous_run");
	if (!(again && again->boolean && r->harness)) {
		end_harness(r);
		memset(r->seen, 0, sizeof r->seen);
		clean_scratch(r->c);
		files_before(r);
		put_reads(r);
		world_close(&r->world);
		if ((type->uses & USES_LOOKUPS) &&
		    world_open(&r->world, r->c->authority, r->run, &err) < 0)
			buffer_printf(&r->told, "  %s\n", err.text);
		struct paths *paths = arena_zalloc(r->arena, 1, sizeof *paths);
		paths->state = arena_printf(r->arena, "%s/", r->c->scratch).p;
		struct harness_options options = {
			.type = type,
			.parameters = parameters_of(r, type),
			.path_names = list_of(r->run, "paths"),
			.state = has_cache(type) ? NULL : state_before(r),
			.detour = { r->world.pid ? arena_dup(r->arena, str_of(r->world.web)).p
			                         : NULL,
			            authority_path(r->c->authority) },
			.format = r->c->format,
			.paths = paths,
			.trust = WIRE_CHECKED,
			.test_mode = true,
		};
		r->harness = harness_open(&options, &err);
	}
	bool started = r->harness != NULL, running = false;
	if (started && !(again && again->boolean) && has_cache(type))
		fill_cache(r);
	if (started) {
		push_input(r);
		running = harness_run(r->harness, iterations(r->run));
	}
	compare_end(r, started, running, &err);
	compare_output(r);
	compare_dumps(r);
	compare_files(r);
	compare_state(r);
}

/* One recording of a module: its lines or runs. `arena` keeps what a continued run needs. */
struct module_replay {
	struct conformance *c;
	const char *module;
	const struct bot_type *type;
	struct tally tally, checks;
	struct replay replay;
	struct arena
		arenas[2]; /* this run's and the one's before, which a continued run still uses */
	unsigned runs;
};

static void replay_run(struct module_replay *m, struct value run)
{
	struct replay *r = &m->replay;
	if (run.kind != VALUE_DICT)
		return;
	if (!m->type) {
		m->tally.not_built++;
		return;
	}
	if (!is_provided(run.dict)) {
		m->tally.skipped++;
		return;
	}
	r->run = run.dict;
	const struct value *id = member(run.dict, "id");
	r->id = id ? id->text : S("?");
	buffer_clear(&r->told);
	clock_set((int64_t)CLOCK_OF_RECORDINGS * 1000000);
	run_once(r, m->type);
	clock_unset();
	if (r->told.n) {
		m->tally.failed++;
		difference_print(m->c, m->module, r->id, "%.*s", (int)r->told.n, r->told.p);
	} else {
		m->tally.passed++;
	}
}

static void replay_text(struct module_replay *m, struct str text)
{
	struct arena *arena = &m->arenas[m->runs % 2];
	struct value run;
	struct err err;
	const struct value *again;
	arena_reset(arena);
	m->replay.arena = arena;
	if (json_parse(arena, with_paths(m->c, arena, text), &run, &err) < 0) {
		m->tally.failed++;
		difference_print(m->c, m->module, S("?"), "  %s", err.text);
		return;
	}
	again = run.kind == VALUE_DICT ? member(run.dict, "continues_previous_run") : NULL;
	if (!again) {
		/* The worker of the run before still borrows its parameters. */
		end_harness(&m->replay);
	}
	m->runs++;
	replay_run(m, run);
}

static void replay_check(struct module_replay *m, const struct dict *check, struct arena *arena)
{
	struct findings findings;
	const struct value *parameters = member(check, "parameters"),
			   *result = member(check, "result");
	if (!m->type)
		return;
	findings_init(&findings, arena);
	struct host host = { .format = m->c->format, .test_mode = true };
	struct worker_options options = {
		.id = "test-bot",
		.type = m->type,
		.parameters = parameters ? parameters->dict : dict_new(arena),
	};
	worker_check(&host, &options, &findings);
	size_t errors = findings.counts[SEVERITY_ERROR],
	       warnings = findings.counts[SEVERITY_WARNING];
	size_t want_errors = 0, want_warnings = 0;
	for (size_t i = 0; result && i < result->list->n; i++) {
		struct value level = result->list->items[i].list->items[0];
		want_errors += value_is_text(level, S("error"));
		want_warnings += value_is_text(level, S("warning"));
	}
	if (errors == want_errors && warnings == want_warnings) {
		m->checks.passed++;
		return;
	}
	m->checks.failed++;
	struct buffer text;
	buffer_init_in(&text, arena, MAX_RECORDING);
	findings_print(&text, &findings);
	difference_print(
		m->c, m->module, member(check, "id")->text, "  check: expected %s\n  got %.*s",
		result ? json_of(arena, *result).p : "nothing", STR_ARG(buffer_str(&text)));
}

static void replay_bots_file(struct module_replay *m, struct str text)
{
	struct arena arena;
	struct value tree;
	struct err err;
	arena_init(&arena);
	if (json_parse(&arena, with_paths(m->c, &arena, text), &tree, &err) < 0 ||
	    tree.kind != VALUE_DICT) {
		difference_print(m->c, m->module, S("?"), "  %s", err.text);
		m->tally.failed++;
		arena_fini(&arena);
		return;
	}
	m->replay.arena = &arena;
	const struct list *runs = list_of(tree.dict, "runs"),
			  *checks = list_of(tree.dict, "checks");
	for (size_t i = 0; i < runs->n; i++)
		replay_run(m, runs->items[i]);
	for (size_t i = 0; i < checks->n; i++)
		if (checks->items[i].kind == VALUE_DICT)
			replay_check(m, checks->items[i].dict, &arena);
	end_harness(&m->replay);
	arena_fini(&arena);
}

static void replay_extra_file(struct module_replay *m, struct str text)
{
	for (struct str rest = text; rest.p;) {
		struct str line = str_cut(&rest, '\n');
		if (line.n)
			replay_text(m, line);
	}
	end_harness(&m->replay);
}

static void replay_module(struct conformance *c, struct str module)
{
	struct module_replay m = { .c = c, .module = arena_cstr(&c->arena, module) };
	struct arena files;
	struct str text;
	arena_init(&files);
	m.type = bot_type_find(module, NULL);
	m.replay.c = c;
	buffer_init(&m.replay.told, 1024 * 1024);
	if (recording_read(&files, arena_printf(&files, "%s/bots/%s.json", c->dir, m.module).p,
	                   &text, NULL) == 0)
		replay_bots_file(&m, text);
	if (recording_read(&files, arena_printf(&files, "%s/extra/%s.jsonl", c->dir, m.module).p,
	                   &text, NULL) == 0)
		replay_extra_file(&m, text);
	world_close(&m.replay.world);
	clean_scratch(c);
	tally_report(c, c->bots, arena_dup(&c->arena, module), &m.tally, &m.checks);
	buffer_fini(&m.replay.told);
	arena_fini(&m.arenas[0]);
	arena_fini(&m.arenas[1]);
	arena_fini(&files);
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(((const struct value *)a)->text, ((const struct value *)b)->text);
}

/* The modules that have a file in a folder of the recordings. */
static void add_modules(struct conformance *c, struct list *modules, const char *folder,
                        struct str ending)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", c->dir, folder);
	DIR *dir = opendir(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		struct str name = str_of(entry->d_name);
		if (!str_ends(name, ending) ||
		    (c->prefix && str_find(name, str_of(c->prefix)) == STR_NOT_FOUND))
			continue;
		name.n -= ending.n;
		bool known = false;
		for (size_t i = 0; i < modules->n && !known; i++)
			known = value_is_text(modules->items[i], name);
		if (!known)
			list_add(modules, value_str(arena_dup(&c->arena, name)));
	}
	if (dir)
		closedir(dir);
}

void conformance_bots(struct conformance *c)
{
	struct list *modules = list_new(&c->arena);
	add_modules(c, modules, "bots", S(".json"));
	add_modules(c, modules, "extra", S(".jsonl"));
	if (modules->n)
		qsort(modules->items, modules->n, sizeof *modules->items, by_text);
	for (size_t i = 0; i < modules->n; i++)
		replay_module(c, modules->items[i].text);
}
