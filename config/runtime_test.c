/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "config/runtime.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct arena arena;
static struct findings findings;

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

static struct runtime *parse(const char *text, const char *const *environment)
{
	struct runtime *r;
	findings_init(&findings, &arena);
	int status = runtime_parse(&arena, str_of(text), S("runtime.yaml"), environment, &r,
	                           &findings);
	assert_int_equal(status, r ? 0 : -1);
	return r;
}

static const char *report(void)
{
	struct buffer b;
	buffer_init_in(&b, &arena, 1 << 16);
	findings_print(&b, &findings);
	return arena_cstr(&arena, buffer_str(&b));
}

static struct value parameter(const struct runtime_bot *bot, const char *name)
{
	const struct value *v = dict_get(bot->parameters, str_of(name));
	return v ? *v : value_null();
}

static void later_sources_win(void **state)
{
	(void)state;
	static const char *const environment[] = { "INTELMQ_D=env",     "INTELMQ_RATE_LIMIT=12",
		                                   "INTELMQ_T=True",    "INTELMQ_F=False",
		                                   "INTELMQ_TEXT=true", "PATH=/bin",
		                                   "INTELMQ_=x",        NULL };
	struct runtime *r = parse(
		"global: {a: 1, b: 1, c: 1, d: 1}\n"
		"x:\n  module: m\n  name: n\n  enabled: false\n  description: ''\n"
		"  parameters: {b: 2, d: 2, name: feed}\n",
		environment);
	const struct runtime_bot *bot = runtime_bot_find(r, S("x"));
	assert_int_equal(parameter(bot, "a").integer, 1);
	assert_int_equal(parameter(bot, "b").integer, 2);
	assert_true(value_is_text(parameter(bot, "d"), S("env")));
	assert_true(value_is_text(parameter(bot, "name"), S("feed")));
	assert_true(value_is_text(parameter(bot, "module"), S("m")));
	assert_int_equal(parameter(bot, "rate_limit").integer, 12);
	assert_true(parameter(bot, "t").boolean);
	assert_int_equal(parameter(bot, "f").kind, VALUE_BOOL);
	assert_true(value_is_text(parameter(bot, "text"), S("true")));
	assert_null(dict_get(bot->parameters, S("enabled")));     /* false: no parameter */
	assert_null(dict_get(bot->parameters, S("description"))); /* empty: neither */
	assert_false(bot->enabled);
	assert_true(str_eq(bot->name, S("n")));
	assert_int_equal(bot->own->n, 3);
	assert_int_equal(findings.n, 0);
	assert_int_equal(bot->line, 2);
	assert_int_equal(dict_get(bot->lines, S("a"))->integer, 1);
	assert_int_equal(dict_get(bot->lines, S("b"))->integer, 7);
	assert_int_equal(dict_get(bot->lines, S("d"))->integer, 0);
}

static void queues_have_all_forms(void **state)
{
	(void)state;
	struct runtime *r = parse(
		"a: {module: m, parameters: {destination_queues: b-queue c-queue}}\n"
		"b: {module: m, parameters: {destination_queues: [c-queue]}}\n"
		"c: {module: m, parameters: {source_queue: q, destination_queues:"
		" {two: d-queue, _default: [a-queue, b-queue], one: 'x y'}}}\n"
		"d: {module: m, parameters: {destination_queues: {}}}\n"
		"e: {module: m, parameters: {destination_queues: null, source_queue: null}}\n"
		"f: {module: m, parameters: {destination_queues: 5}}\n",
		NULL);
	assert_int_equal(dict_get(r->bots[0].destinations, S("_default"))->list->n, 2);
	assert_int_equal(dict_get(r->bots[1].destinations, S("_default"))->list->n, 1);
	const struct dict *paths = r->bots[2].destinations;
	assert_int_equal(paths->n, 3);
	assert_true(str_eq(paths->pairs[0].key, S("two")));
	assert_true(str_eq(paths->pairs[1].value.list->items[1].text, S("b-queue")));
	assert_int_equal(paths->pairs[2].value.list->n, 2);
	assert_true(str_eq(r->bots[2].source_queue, S("q")));
	assert_int_equal(r->bots[3].destinations->n, 0);
	assert_int_equal(r->bots[4].destinations->n, 0);
	assert_true(str_eq(r->bots[4].source_queue, S("e-queue")));
	assert_int_equal(findings.counts[SEVERITY_ERROR], 1);
	assert_non_null(
		strstr(report(),
	               "runtime.yaml:6: error: bot 'f', parameter 'destination_queues': expected"));
}

static void switches_are_lenient(void **state)
{
	(void)state;
	struct runtime *r = parse("a: {module: m, enabled: 'False', run_mode: scheduled}\n"
	                          "b: {module: m}\n"
	                          "c: {module: m, run_mode: sometimes}\n",
	                          NULL);
	assert_false(r->bots[0].enabled);
	assert_int_equal(r->bots[0].run_mode, RUN_SCHEDULED);
	assert_true(r->bots[1].enabled);
	assert_int_equal(r->bots[1].run_mode, RUN_CONTINUOUS);
	assert_string_equal(report(),
	                    "runtime.yaml:3: error: bot 'c', parameter 'run_mode': expected "
	                    "'continuous' or 'scheduled', got \"sometimes\"\n");
}

static void sections_are_checked(void **state)
{
	(void)state;
	struct runtime *r = parse("a_b: {module: m, bot_id: c, groupname: g}\n"
	                          "c: {bod_id: c, module: m, n6config: {x: 1}}\n"
	                          "d: {parameters: {x: 1}}\n"
	                          "e: text\n"
	                          "f: {module: m, parameters: text}\n",
	                          NULL);
	assert_int_equal(r->n, 4);
	assert_string_equal(
		report(),
		"runtime.yaml:1: error: bot 'a_b': this is no valid bot id; use letters, digits "
		"and hyphens only\n"
		"runtime.yaml:1: info: bot 'a_b', parameter 'bot_id': 'c' is not used: the bot is "
		"called as its section is\n"
		"runtime.yaml:2: warning: bot 'c', parameter 'bod_id': ignoring disallowed system "
		"parameter; parameters stand one level deeper, below 'parameters'\n"
		"runtime.yaml:2: warning: bot 'c', parameter 'n6config': ignoring disallowed "
		"system parameter; parameters stand one level deeper, below 'parameters'\n"
		"runtime.yaml:4: error: bot 'e': the section of this bot is no map\n"
		"runtime.yaml:5: error: bot 'f', parameter 'parameters': expected a map\n"
		"runtime.yaml:3: error: bot 'd': has no module and cannot be started; add 'module: "
		"intelmq.bots.…' to its section\n");
}

static void ids_are_checked(void **state)
{
	(void)state;
	static const char *const valid[] = { "a", "A-1", "x.0", "CERT-bund.12", NULL };
	static const char *const invalid[] = { "",      "a_b", "a.", "a.b", ".1",
		                               "a.1.2", "a b", "ä",  NULL };
	for (const char *const *id = valid; *id; id++)
		assert_true(runtime_id_is_valid(str_of(*id)));
	for (const char *const *id = invalid; *id; id++)
		assert_false(runtime_id_is_valid(str_of(*id)));
	struct runtime *r = parse("a: {module: m}\nA: {module: n}\n", NULL);
	assert_ptr_equal(runtime_bot_find(r, S("A")), &r->bots[1]);
	assert_ptr_equal(runtime_bot_find(r, S("a.3")), &r->bots[0]);
	assert_null(runtime_bot_find(r, S("b")));
	assert_null(runtime_bot_find(r, S("a.x")));
}

static void files_that_are_none(void **state)
{
	(void)state;
	assert_int_equal(parse("", NULL)->n, 0);
	assert_int_equal(findings.counts[SEVERITY_WARNING], 1);
	assert_null(parse("- a\n", NULL));
	assert_int_equal(findings.counts[SEVERITY_ERROR], 1);
	assert_null(parse("a: {b: 1}\na: {c: 2}\n", NULL));
	assert_string_equal(report(),
	                    "runtime.yaml:2: error: column 1: the same key twice in a map: 'a'; "
	                    "mend this line; nothing of the file is in force\n");
	assert_int_equal(parse("{\"accuracy\": 100}", NULL)->n, 0);
	assert_int_equal(findings.counts[SEVERITY_ERROR], 1);
	assert_int_equal(parse("global: null\n", NULL)->n, 0);
	assert_int_equal(findings.n, 0);
}

static void flat_files_are_recognised(void **state)
{
	(void)state;
	struct runtime *r = parse("{\"a\": {\"feed\": \"x\", \"rate_limit\": \"60\"}, \"b\": {}}",
	                          NULL);
	assert_int_equal(r->n, 2);
	assert_null(r->bots[0].module.p);
	assert_true(value_is_text(parameter(&r->bots[0], "rate_limit"), S("60")));
	assert_int_equal(findings.n, 1);
	assert_non_null(strstr(report(), "no bot has a module; run 'intelmqctl upgrade-config'"));
}

static void pipelines_are_checked(void **state)
{
	(void)state;
	struct runtime *r = parse(
		"col: {module: x, group: Collector, parameters: {destination_queues: "
		"[par-queue]}}\n"
		"par: {module: x, parameters: {destination_queues: [exp-queue, missing-queue]}}\n"
		"exp: {module: x, parameters: {destination_queues: {_default: [two-queue]}}}\n"
		"two: {module: x, parameters: {destination_queues: exp-queue out-queue}}\n"
		"out: {module: intelmq.bots.outputs.file.output}\n"
		"lost: {module: x, parameters: {source_queue: out-queue}}\n"
		"alone: {module: intelmq.bots.outputs.file.output}\n",
		NULL);
	assert_int_equal(findings.n, 0);
	runtime_check(&arena, r, &findings);
	assert_string_equal(
		report(),
		"runtime.yaml:6: warning: bot 'lost', parameter 'source_queue': bot 'out' reads "
		"the queue 'out-queue', too; give each its own queue\n"
		"runtime.yaml:2: warning: bot 'par', parameter 'destination_queues': no bot reads "
		"the queue 'missing-queue' of the path '_default'; messages pile up there; correct "
		"the name, or add the bot that reads it\n"
		"runtime.yaml:6: warning: bot 'lost', parameter 'destination_queues': sends to no "
		"queue, what it makes is lost; add the queue of the next bot, such as "
		"'file-output-queue'\n"
		"runtime.yaml:6: info: bot 'lost': no bot sends to its queue 'out-queue'\n"
		"runtime.yaml:7: info: bot 'alone': no bot sends to its queue 'alone-queue'\n"
		"runtime.yaml:3: warning: bot 'exp', parameter 'destination_queues': the pipeline "
		"has a loop: 'exp', 'two'; make sure that every message leaves it\n");
}

static void write_file(const char *folder, const char *name, const char *text)
{
	FILE *f = fopen(arena_printf(&arena, "%s/%s", folder, name).p, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void old_files_are_reported(void **state)
{
	(void)state;
	char folder[] = "/tmp/runtime_test.XXXXXX";
	assert_non_null(mkdtemp(folder));
	const char *path = arena_printf(&arena, "%s/runtime.yaml", folder).p;
	struct runtime_source source = { path, NULL };
	struct runtime *r;

	findings_init(&findings, &arena);
	assert_int_equal(runtime_load(&arena, &source, &r, &findings), -1);
	assert_null(r);
	assert_non_null(strstr(report(), "No such file"));

	write_file(folder, "runtime.conf",
	           "{\n\t\"a\": {\"module\": \"m\", \"parameters\": {},}\n}");
	findings_init(&findings, &arena);
	assert_int_equal(runtime_load(&arena, &source, &r, &findings),
	                 -1); /* tabs and a comma too many */
	write_file(folder, "runtime.conf",
	           "{\n\t\"a\": {\"module\": \"m\", \"parameters\": {}}\n}");
	write_file(folder, "pipeline.conf", "{}");
	findings_init(&findings, &arena);
	assert_int_equal(runtime_load(&arena, &source, &r, &findings), 0);
	assert_int_equal(r->n, 1);
	assert_non_null(strstr(report(), "runtime.conf: info: this file is read"));
	assert_non_null(strstr(report(),
	                       "pipeline.conf: error: the queues of the bots stand in this file"));

	write_file(folder, "runtime.yaml",
	           "a: {module: m, parameters: {destination_queues: [b]}}\n");
	findings_init(&findings, &arena);
	assert_int_equal(runtime_load(&arena, &source, &r, &findings), 0);
	assert_non_null(strstr(report(), "pipeline.conf: warning: a file of an older release"));
	static const char *const names[] = { "runtime.yaml", "runtime.conf", "pipeline.conf" };
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(unlink(arena_printf(&arena, "%s/%s", folder, names[i]).p), 0);
	assert_int_equal(rmdir(folder), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(later_sources_win),
		cmocka_unit_test(queues_have_all_forms),
		cmocka_unit_test(switches_are_lenient),
		cmocka_unit_test(sections_are_checked),
		cmocka_unit_test(ids_are_checked),
		cmocka_unit_test(files_that_are_none),
		cmocka_unit_test(flat_files_are_recognised),
		cmocka_unit_test(pipelines_are_checked),
		cmocka_unit_test(old_files_are_reported),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
