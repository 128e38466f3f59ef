/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Replays recorded command lines. */
#include "cli/conformance_cli.h"

#include <intelmq/json.h>
#include <intelmq/yaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config/runtime.h"

enum { MAX_LIST = 1 << 20, MAX_SHOWN = 1500, PATIENCE_MS = 60 * 1000, SHORT_PATIENCE_MS = 3000 };

/* A suite being replayed. */
struct suite {
	struct place place;
	struct dict *differences; /* "suite/case" -> why ours differs on purpose */
	struct tally tally;
	struct arena arena; /* of one case */
	struct str bot;     /* of a case of `run` */
};

static struct str text_in(const struct dict *d, const char *key)
{
	const struct value *v = dict_get(d, str_of(key));
	return v && v->kind == VALUE_STR ? v->text : STR_NONE;
}

/* ---- Lines that ours has beyond the recorded ones ---- */

/* `check` finds more than the reference does; in the same order its lines must be there. */
static bool lines_contain(struct str recorded, struct str ours)
{
	while (recorded.n) {
		struct str wanted = str_cut(&recorded, '\n');
		bool found = false;
		while (!found && ours.n)
			found = text_matches(wanted, str_cut(&ours, '\n'));
		if (!found)
			return false;
	}
	return true;
}

static bool items_contain(struct suite *s, const struct list *recorded, const struct list *ours)
{
	size_t at = 0;
	for (size_t i = 0; i < recorded->n; i++, at++) {
		while (at < ours->n &&
		       !value_matches(&s->place, &s->arena, recorded->items[i], ours->items[at]))
			at++;
		if (at >= ours->n)
			return false;
	}
	return true;
}

/* Without "bot: failed: why" and "bot: crashed: why", which the reference does not know. */
static struct str without_reasons(struct arena *arena, struct str text)
{
	struct buffer b;
	buffer_init_in(&b, arena, MAX_LIST);
	while (text.n) {
		struct str line = str_cut(&text, '\n');
		if (str_find(line, S(": failed")) != STR_NOT_FOUND ||
		    str_find(line, S(": crashed")) != STR_NOT_FOUND)
			continue;
		buffer_add_str(&b, line);
		buffer_add_char(&b, '\n');
	}
	return buffer_str(&b);
}

/* Log lines of a bot in the foreground ("bot: text", also behind a prompt) are of the reference's make. */
static struct str without_log(struct arena *arena, struct str text, struct str bot)
{
	struct buffer b;
	struct str prefix = arena_printf(arena, "%.*s: ", STR_ARG(bot));
	buffer_init_in(&b, arena, MAX_LIST);
	while (text.n) {
		struct str line = str_cut(&text, '\n');
		size_t at = str_find(line, prefix);
		if (at == 0 || !line.n)
			continue;
		buffer_add_str(&b, str_slice(line, 0, at));
		buffer_add_char(&b, '\n');
	}
	return buffer_str(&b);
}

static int by_text(const void *a, const void *b)
{
	const struct value *x = a, *y = b;
	return str_cmp(x->text, y->text);
}

/* The same lines in another order: the reference's log and its other output are buffered apart. */
static bool same_lines(struct arena *arena, struct str a, struct str b)
{
	struct list *lists[2] = { list_new(arena), list_new(arena) };
	for (int i = 0; i < 2; i++) {
		struct str rest = i ? b : a;
		while (rest.p)
			list_add(lists[i], value_str(str_cut(&rest, '\n')));
		qsort(lists[i]->items, lists[i]->n, sizeof(struct value), by_text);
	}
	return value_same(value_list(lists[0]), value_list(lists[1]));
}

static bool is_suite(const struct suite *s, const char *name)
{
	return strcmp(s->place.suite, name) == 0;
}

/* ---- One answer ---- */

static bool json_agrees(struct suite *s, struct value recorded, struct str ours, bool more_lines)
{
	struct value v;
	if (json_parse(&s->arena, ours, &v, NULL) < 0 || !str_ends(ours, S("\n")))
		return false;
	if (!more_lines || recorded.kind != VALUE_DICT || v.kind != VALUE_DICT)
		return value_matches(&s->place, &s->arena, recorded, v);
	const struct value *status = dict_get(v.dict, S("status")),
			   *lines = dict_get(v.dict, S("lines")),
			   *wanted = dict_get(recorded.dict, S("lines"));
	return status && value_same(*dict_get(recorded.dict, S("status")), *status) && lines &&
	       lines->kind == VALUE_LIST && items_contain(s, wanted->list, lines->list);
}

static bool text_agrees(struct suite *s, struct str recorded, struct str ours, bool more_lines,
                        bool cut)
{
	recorded = recorded_text(&s->place, &s->arena, recorded);
	if (is_suite(s, "run") && !str_starts(recorded, S("usage: "))) {
		recorded = without_log(&s->arena, recorded, s->bot);
		ours = without_log(&s->arena, ours, s->bot);
		/* The reference was killed then, and with it went what it had not flushed. */
		if (cut ? lines_contain(recorded, ours) : same_lines(&s->arena, recorded, ours))
			return true;
	}
	if (more_lines && lines_contain(recorded, ours))
		return true;
	return output_matches(recorded, ours) ||
	       output_matches(recorded, without_reasons(&s->arena, ours));
}

/* The answer of a case, or one of those that were seen, too. */
static bool answer_agrees(struct suite *s, const struct dict *recorded, const struct run_result *r)
{
	const struct value *code = dict_get(recorded, S("exit"));
	const struct value *json = dict_get(recorded, S("json"));
	bool more_lines = is_suite(s, "check") && r->exit == 1;
	if (code && (code->kind == VALUE_INT ? r->late || code->integer != r->exit : !r->late))
		return false;
	if (json ? !json_agrees(s, *json, r->out, more_lines)
	         : !text_agrees(s, text_in(recorded, "stdout"), r->out, more_lines, r->late))
		return false;
	return text_agrees(s, text_in(recorded, "stderr"), r->err, more_lines, r->late);
}

static bool is_volatile(const struct dict *test)
{
	const struct value *v = dict_get(test, S("volatile"));
	return v && v->list->n && value_is_text(v->list->items[0], S("*"));
}

static bool case_agrees(struct suite *s, const struct dict *test, const struct run_result *r)
{
	const struct value *code = dict_get(test, S("exit")),
			   *seen = dict_get(test, S("also_seen"));
	if (is_volatile(test))
		return code->kind == VALUE_INT && code->integer == r->exit;
	if (answer_agrees(s, test, r))
		return true;
	for (size_t i = 0; seen && i < seen->list->n; i++)
		if (answer_agrees(s, seen->list->items[i].dict, r))
			return true;
	return false;
}

/* ---- What is true afterwards ---- */

static bool status_agrees(struct suite *s, struct value recorded)
{
	static struct value words[] = { TEXT("--type"), TEXT("json"), TEXT("status") };
	struct list argv = { .items = words, .n = 3 };
	struct value v;
	struct run_result r = place_run(&s->place, &s->arena, &argv, STR_NONE);
	return json_parse(&s->arena, r.out, &v, NULL) == 0 && value_same(recorded, v);
}

/*
 * The messages of a queue. `run` counts those of its internal queue, too: the reference moves a message there that it
 * only shows, ours leaves it where it is.
 */
static int64_t number_in(struct suite *s, const struct dict *queues, struct str name)
{
	const struct value *n = dict_get(queues, name);
	int64_t number = n ? n->integer : 0;
	if (is_suite(s, "run")) {
		n = dict_get(queues, arena_printf(&s->arena, "%.*s-internal", STR_ARG(name)));
		number += n ? n->integer : 0;
	}
	return number;
}

static bool queues_agree(struct suite *s, const struct dict *recorded)
{
	struct dict *queues = place_queues(&s->place, &s->arena);
	for (size_t i = 0; queues && i < recorded->n; i++) {
		struct str name = recorded->pairs[i].key;
		if (is_suite(s, "run") && str_ends(name, S("-internal")))
			continue;
		if (number_in(s, queues, name) != number_in(s, recorded, name))
			return false;
	}
	return queues != NULL;
}

/* The recorded file was written anew; ours keeps its text. What must be the same is which bots are enabled. */
static bool file_agrees(struct suite *s, struct str recorded)
{
	struct str text;
	struct value was, is;
	if (runtime_read_file(&s->arena, s->place.paths->runtime, YAML_SIZE_MAX, &text, NULL) < 0 ||
	    yaml_parse(&s->arena, recorded, &was, NULL, NULL) < 0 ||
	    yaml_parse(&s->arena, text, &is, NULL, NULL) < 0 || was.kind != VALUE_DICT ||
	    is.kind != VALUE_DICT || was.dict->n != is.dict->n)
		return false;
	for (size_t i = 0; i < was.dict->n; i++) {
		const struct value *bot = dict_get(is.dict, was.dict->pairs[i].key);
		if (!bot || bot->kind != VALUE_DICT)
			return false;
		const struct value *a = dict_get(was.dict->pairs[i].value.dict, S("enabled"));
		const struct value *b = dict_get(bot->dict, S("enabled"));
		if (!a != !b || (a && !value_same(*a, *b)))
			return false;
	}
	return true;
}

static const char *after_differs(struct suite *s, const struct dict *test)
{
	const struct value *after = dict_get(test, S("after"));
	if (!after || is_volatile(test))
		return NULL;
	const struct value *status = dict_get(after->dict, S("status"));
	const struct value *queues = dict_get(after->dict, S("queue_length"));
	const struct value *files = dict_get(after->dict, S("files"));
	if (status && !status_agrees(s, *status))
		return "the states of the bots afterwards";
	if (queues && !queues_agree(s, queues->dict))
		return "the queues afterwards";
	for (size_t i = 0; files && i < files->dict->n; i++)
		if (str_ends(files->dict->pairs[i].key, S("/runtime.yaml")) &&
		    !file_agrees(s, files->dict->pairs[i].value.text))
			return "runtime.yaml afterwards";
	return NULL;
}

/* ---- Cases and suites ---- */

static struct str shown(struct suite *s, const char *what, struct str text)
{
	return arena_printf(&s->arena, "%s: %.*s", what,
	                    (int)(text.n > MAX_SHOWN ? MAX_SHOWN : text.n), text.p ? text.p : "");
}

static void show(struct suite *s, struct str id, const struct dict *test,
                 const struct run_result *r, const char *after)
{
	struct buffer json;
	const struct value *v = dict_get(test, S("json")), *code = dict_get(test, S("exit"));
	buffer_init_in(&json, &s->arena, 1 << 26);
	if (v)
		json_write(&json, *v, JSON_INDENT4);
	difference_print(s->place.c, s->place.suite, id,
	                 "  exit %d%s%s\n  recorded exit %d\n%s\n%s\n  ours\n%s\n%s",
	                 r->late ? -2 : r->exit, after ? ", but different: " : "",
	                 after ? after : "", code->kind == VALUE_INT ? (int)code->integer : -2,
	                 shown(s, "out", v ? buffer_str(&json) : text_in(test, "stdout")).p,
	                 shown(s, "err", text_in(test, "stderr")).p, shown(s, "out", r->out).p,
	                 shown(s, "err", r->err).p);
}

/* Runs a case; it counts as skipped if it differs and is known to. */
static void run_case(struct suite *s, const struct dict *test, struct str name, bool known)
{
	const char *problem = place_prepare(&s->place, test);
	if (problem) {
		s->tally.failed++;
		difference_print(s->place.c, s->place.suite, name, "  %s", problem);
		return;
	}
	struct run_result r = place_run(&s->place, &s->arena, dict_get(test, S("argv"))->list,
	                                text_in(test, "stdin"));
	bool agrees = case_agrees(s, test, &r), crashed = r.exit < 0 && !r.late;
	const char *after = agrees ? after_differs(s, test) : NULL;
	if (agrees && !after && known) {
		s->tally.failed++;
		difference_print(s->place.c, s->place.suite, name,
		                 "  does not differ, but is listed as if it did");
	} else if (agrees && !after) {
		s->tally.passed++;
	} else if (known && !crashed) {
		s->tally.skipped++;
	} else {
		s->tally.failed++;
		show(s, name, test, &r, after);
	}
}

static void replay_case(struct suite *s, const struct dict *test)
{
	const struct list *argv = dict_get(test, S("argv"))->list;
	bool long_one = dict_get(test, S("exit"))->kind == VALUE_STR;
	struct str name = arena_printf(&s->arena, "%s/%.*s", s->place.suite,
	                               STR_ARG(text_in(test, "id")));
	s->place.patience_ms = long_one ? SHORT_PATIENCE_MS : PATIENCE_MS;
	/* "[--type json] run BOT …" */
	for (size_t i = 1; i < argv->n; i++)
		if (value_is_text(argv->items[i - 1], S("run")))
			s->bot = argv->items[i].text;
	if (place_lacks(&s->place, test))
		s->tally.skipped++;
	else
		run_case(s, test, name, dict_get(s->differences, name) != NULL);
}

static void report(struct suite *s)
{
	struct conformance *c = s->place.c;
	struct dict *d = dict_new(&c->arena);
	dict_set(d, S("passed"), value_int((int64_t)s->tally.passed));
	dict_set(d, S("failed"), value_int((int64_t)s->tally.failed));
	dict_set(d, S("skipped"), value_int((int64_t)s->tally.skipped));
	dict_set(c->cli, str_of(s->place.suite), value_dict(d));
	c->total.passed += s->tally.passed;
	c->total.failed += s->tally.failed;
	c->total.skipped += s->tally.skipped;
	printf("%-58s %6llu passed %5llu failed %5llu skipped\n",
	       arena_printf(&c->arena, "cli/%s", s->place.suite).p,
	       (unsigned long long)s->tally.passed, (unsigned long long)s->tally.failed,
	       (unsigned long long)s->tally.skipped);
}

/* A command that is not there yet says so. */
static void probe(struct suite *s)
{
	static struct value run[] = { TEXT("run"), TEXT("csv-parser"), TEXT("process"),
		                      TEXT("--help") };
	static struct value upgrade[] = { TEXT("upgrade-config"), TEXT("--dry-run") };
	struct list argv = { .items = is_suite(s, "run") ? run : upgrade,
		             .n = is_suite(s, "run") ? 4 : 2 };
	if (!is_suite(s, "run") && !is_suite(s, "upgrade"))
		return;
	struct arena *arena = &s->place.c->arena;
	struct run_result r = place_run(&s->place, arena, &argv, STR_NONE);
	if (str_find(r.err, S("is not part of this release")) != STR_NOT_FOUND)
		s->place.lacks = "the command is not part of this release";
}

static void replay_suite(struct suite *s, const struct list *cases)
{
	struct err err;
	s->place.patience_ms = PATIENCE_MS;
	if (place_init(&s->place, &err) < 0) {
		difference_print(s->place.c, "cli", str_of(s->place.suite), "  %s", err.text);
		s->tally.failed += cases->n;
	} else {
		probe(s);
		for (size_t i = 0; i < cases->n; i++) {
			arena_init(&s->arena);
			replay_case(s, cases->items[i].dict);
			arena_fini(&s->arena);
		}
	}
	place_fini(&s->place);
	report(s);
}

static struct dict *read_differences(struct conformance *c)
{
	struct str text;
	struct value v;
	if (recording_read(&c->arena, c->differences, &text, NULL) < 0 ||
	    json_parse(&c->arena, text, &v, NULL) < 0 || v.kind != VALUE_DICT)
		return dict_new(&c->arena);
	return v.dict;
}

void conformance_cli(struct conformance *c)
{
	static const char *const suites[] = { "basic", "check", "lifecycle", "list",
		                              "log",   "run",   "upgrade" };
	struct dict *differences = read_differences(c);
	for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
		struct str text, name = arena_printf(&c->arena, "cli/%s", suites[i]);
		struct value v;
		struct err err;
		const char *path = arena_printf(&c->arena, "%s/%s.json", c->dir, name.p).p;
		struct suite s = { .place = { .c = c, .suite = suites[i] },
			           .differences = differences };
		if (c->prefix && !str_starts(name, str_of(c->prefix)))
			continue;
		if (access(path, R_OK) < 0)
			continue;
		if (recording_read(&c->arena, path, &text, &err) < 0 ||
		    json_parse(&c->arena, text, &v, &err) < 0) {
			difference_print(c, "cli", name, "  %s", err.text);
			c->total.failed++;
			continue;
		}
		replay_suite(&s, dict_get(v.dict, S("cases"))->list);
	}
}
