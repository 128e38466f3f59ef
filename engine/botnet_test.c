/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A small botnet in a directory of its own: collector, parser, expert, output. */
#include "engine/botnet.h"

#include "tests/format.h"

#include <intelmq/clock.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

struct site {
	struct arena arena;
	char root[64];
	struct paths *paths;
	struct findings findings;
	struct botnet *botnet;
};

static const char *site_environment(const void *context, const char *name)
{
	return strcmp(name, "INTELMQ_ROOT_DIR") == 0 ? context : NULL;
}

static void site_write(struct site *s, const char *name, struct str text)
{
	FILE *file = fopen(arena_printf(&s->arena, "%s/%s", s->root, name).p, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text.p, 1, text.n, file), text.n);
	fclose(file);
}

static const char *site_read(struct site *s, const char *name)
{
	char *text = arena_zalloc(&s->arena, 1, 100000);
	FILE *file = fopen(arena_printf(&s->arena, "%s/%s", s->root, name).p, "r");
	if (!file)
		return NULL;
	assert_true(fread(text, 1, 99999, file) < 99999);
	fclose(file);
	return text;
}

static void site_init(struct site *s)
{
	static const char *const folders[] = { "etc",     "var",          "var/log",
		                               "var/lib", "var/lib/bots", "in" };
	*s = (struct site){ .root = "/tmp/botnet_test.XXXXXX" };
	arena_init(&s->arena);
	assert_non_null(mkdtemp(s->root));
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		assert_int_equal(
			mkdir(arena_printf(&s->arena, "%s/%s", s->root, folders[i]).p, 0700), 0);
	s->paths = paths_new(&s->arena, LAYOUT_OPT, site_environment, s->root);
	site_write(s, "etc/harmonization.conf", test_format_text(&s->arena));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static void site_fini(struct site *s)
{
	botnet_close(s->botnet);
	nftw(s->root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	arena_fini(&s->arena);
}

/* %s: the root. `taxonomy` is the comment's place for further parameters. */
static const char runtime[] =
	"global:\n"
	"  rate_limit: 0\n"
	"the-collector:\n"
	"  module: intelmq.bots.collectors.file.collector_file\n"
	"  run_mode: scheduled\n"
	"  parameters:\n"
	"    path: %s/in\n"
	"    postfix: .txt\n"
	"    delete_file: true\n"
	"    name: CI Army\n"
	"    destination_queues: {_default: [the-parser-queue]}\n"
	"the-parser:\n"
	"  module: intelmq.bots.parsers.ci_army.parser\n"
	"  parameters:\n"
	"    destination_queues: {_default: [the-expert-queue, nobody-reads-this]}\n"
	"the-expert:\n"
	"  module: intelmq.bots.experts.taxonomy.expert\n"
	"  parameters:\n"
	"    destination_queues: {_default: [the-output-queue]}\n"
	"the-output:\n"
	"  module: intelmq.bots.outputs.file.output\n"
	"  parameters:\n"
	"    file: %s/out.json\n"
	"%s";

static void site_open(struct site *s, const char *more)
{
	struct err err = { 0 };
	site_write(s, "etc/runtime.yaml", arena_printf(&s->arena, runtime, s->root, s->root, more));
	findings_init(&s->findings, &s->arena);
	s->botnet = botnet_open(&(struct botnet_options){ .paths = s->paths }, &s->findings, &err);
	if (!s->botnet)
		fail_msg("%s", err.text);
}

/* As `intelmq botnet --until-done`. */
static void site_drain(struct site *s)
{
	for (int i = 0; i < 10000; i++) {
		int64_t wait = botnet_step(s->botnet);
		if (wait == WORKER_STOPPED)
			return;
		if (wait > 0 && botnet_is_drained(s->botnet))
			botnet_stop(s->botnet);
	}
	fail_msg("it does not come to an end");
}

static void from_file_to_file(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	site_write(&s, "in/a.txt", S("# comment\n192.0.2.1\n192.0.2.2\n"));
	site_write(&s, "in/b.txt", S("2001:db8::1\n"));
	site_write(&s, "in/c.other", S("192.0.2.3\n"));
	site_open(&s, "");
	assert_int_equal(botnet_size(s.botnet), 4);
	site_drain(&s);
	assert_int_equal(botnet_exit_code(s.botnet), 0);
	const char *out = site_read(&s, "out.json");
	assert_non_null(out);
	assert_non_null(strstr(out, "\"source.ip\": \"192.0.2.1\""));
	assert_non_null(strstr(out, "\"source.ip\": \"192.0.2.2\""));
	assert_non_null(strstr(out, "\"source.ip\": \"2001:db8::1\""));
	assert_null(strstr(out, "192.0.2.3"));
	assert_non_null(strstr(out, "\"classification.taxonomy\": \"other\""));
	assert_non_null(strstr(out, "\"feed.name\": \"CI Army\""));
	/* collected files are gone, others stay */
	assert_null(site_read(&s, "in/a.txt"));
	assert_non_null(site_read(&s, "in/c.other"));
	for (size_t i = 0; i < 4; i++)
		assert_true(worker_has_ended(botnet_worker(s.botnet, i)));
	assert_int_equal(worker_counters(botnet_worker(s.botnet, 3))->received, 3);
	site_fini(&s);
}

static void logs_and_dumps_are_written(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	site_write(&s, "in/a.txt", S("nonsense\n"));
	site_open(&s, "");
	site_drain(&s);
	const char *log = site_read(&s, "var/log/the-parser.log"),
		   *dump = site_read(&s, "var/log/the-parser.dump");
	assert_non_null(log);
	assert_non_null(strstr(log, " - the-parser - ERROR - "));
	assert_non_null(strstr(log, " - the-parser - INFO - Bot stopped.\n"));
	assert_non_null(dump);
	assert_non_null(strstr(dump, "\"bot_id\": \"the-parser\""));
	assert_non_null(strstr(dump, "\"source_queue\": \"the-parser-queue\""));
	site_fini(&s);
}

/* One bot that cannot start is told about; the others work. */
static void one_bad_bot_does_not_stop_the_others(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	site_write(&s, "in/a.txt", S("192.0.2.1\n"));
	site_open(&s,
	          "the-unknown:\n  module: intelmq.bots.experts.unknown.expert\n  parameters: {}\n"
	          "the-disabled:\n  module: intelmq.bots.experts.unknown.expert\n  enabled: "
	          "false\n  parameters: {}\n");
	bool told = false;
	for (size_t i = 0; i < s.findings.n; i++)
		told |= str_eq(s.findings.all[i].bot, S("the-unknown")) &&
		        s.findings.all[i].severity == SEVERITY_ERROR;
	assert_true(told);
	assert_int_equal(botnet_size(s.botnet), 5);
	site_drain(&s);
	assert_int_equal(botnet_exit_code(s.botnet), 1);
	assert_non_null(strstr(site_read(&s, "out.json"), "192.0.2.1"));
	site_fini(&s);
}

/* New parameters, and log files that were moved away are made anew. */
static void reload(void **state)
{
	(void)state;
	struct site s;
	struct err err = { 0 };
	site_init(&s);
	site_open(&s, "");
	for (int i = 0; i < 5; i++)
		botnet_step(s.botnet);
	assert_int_equal(unlink(arena_printf(&s.arena, "%s/var/log/the-output.log", s.root).p), 0);
	struct str text = arena_printf(&s.arena, runtime, s.root, s.root,
	                               "    hierarchical_output: true\n");
	for (int i = 0; i < 3; i++) {
		site_write(&s, "etc/runtime.yaml", text);
		assert_int_equal(botnet_reload(s.botnet, &s.findings, &err), 0);
	}
	assert_int_equal(broker_push(botnet_broker(s.botnet), S("the-output-queue"),
	                             S("{\"source.ip\": \"192.0.2.9\", \"__type\": \"Event\"}"),
	                             NULL),
	                 0);
	for (int i = 0; i < 5; i++)
		botnet_step(s.botnet);
	assert_non_null(strstr(site_read(&s, "out.json"), "{\"source\": {\"ip\": \"192.0.2.9\"}}"));
	assert_non_null(strstr(site_read(&s, "var/log/the-output.log"),
	                       "Handling SIGHUP, initializing again now."));
	/* a file that cannot be read changes nothing */
	site_write(&s, "etc/runtime.yaml", S("a: [\n"));
	assert_int_equal(botnet_reload(s.botnet, &s.findings, &err), -1);
	botnet_stop(s.botnet);
	site_drain(&s);
	site_fini(&s);
}

static void configuration_is_missing(void **state)
{
	(void)state;
	struct site s;
	struct err err = { 0 };
	site_init(&s);
	findings_init(&s.findings, &s.arena);
	assert_null(botnet_open(&(struct botnet_options){ .paths = s.paths }, &s.findings, &err));
	assert_non_null(strstr(err.text, "runtime.yaml"));
	site_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_file_to_file),
		cmocka_unit_test(logs_and_dumps_are_written),
		cmocka_unit_test(one_bad_bot_does_not_stop_the_others),
		cmocka_unit_test(reload),
		cmocka_unit_test(configuration_is_missing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
