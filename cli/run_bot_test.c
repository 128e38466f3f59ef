/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One step of a bot in the foreground: what it prints, and what is in the queues afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/run_bot.h"

#define EVENT                                                                                      \
	"{\"classification.type\": \"phishing\", \"source.ip\": \"192.0.2.9\", \"__type\": "       \
	"\"Event\"}"
#define PRINTED                                                                                    \
	"{\n    \"classification.type\": \"phishing\",\n    \"source.ip\": \"192.0.2.9\"\n}\n"
#define SHOWN                                                                                      \
	"[\n    {\n        \"classification.taxonomy\": \"fraud\",\n        "                      \
	"\"classification.type\": \"phishing\",\n        \"source.ip\": \"192.0.2.9\"\n    }\n]\n"

static struct stage {
	struct arena arena;
	char root[64];
	struct paths *paths;
	struct broker *broker;
	char out[20000];
} * stage;

static const char *file(const char *name)
{
	return arena_printf(&stage->arena, "%s/%s", stage->root, name).p;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(file(name), "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static const char *get_root(const void *context, const char *name)
{
	(void)context;
	return strcmp(name, "INTELMQ_ROOT_DIR") == 0 ? stage->root : NULL;
}

static int begin(void **state)
{
	static const char *const folders[] = { "etc", "var", "var/log", "var/run", "feed" };
	(void)state;
	stage = calloc(1, sizeof *stage);
	snprintf(stage->root, sizeof stage->root, "/tmp/run-bot-test-XXXXXX");
	assert_non_null(mkdtemp(stage->root));
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		assert_int_equal(mkdir(file(folders[i]), 0755), 0);
	write_file(
		"etc/harmonization.conf",
		"{\"event\": {\"classification.type\": {\"type\": \"ClassificationType\"}, "
		"\"classification.taxonomy\": {\"type\": \"ClassificationTaxonomy\"}, "
		"\"source.ip\": {\"type\": \"IPAddress\"}, \"extra\": {\"type\": \"JSONDict\"}, "
		"\"raw\": {\"type\": \"Base64\"}}, \"report\": {\"raw\": {\"type\": "
		"\"Base64\"}, \"feed.accuracy\": {\"type\": \"Accuracy\"}, \"feed.url\": "
		"{\"type\": "
		"\"URL\"}, \"extra\": {\"type\": \"JSONDict\"}, \"time.observation\": {\"type\": "
		"\"DateTime\"}}}");
	write_file("etc/runtime.yaml",
	           arena_printf(&stage->arena,
	                        "expert:\n  module: intelmq.bots.experts.taxonomy.expert\n"
	                        "  parameters:\n    destination_queues: [next-queue, also-queue]\n"
	                        "collector:\n  module: "
	                        "intelmq.bots.collectors.file.collector_file\n"
	                        "  parameters:\n    path: %s/feed/\n    postfix: .txt\n"
	                        "    delete_file: true\n    destination_queues: [report-queue]\n"
	                        "lonely:\n  module: intelmq.bots.experts.taxonomy.expert\n"
	                        "output:\n  module: intelmq.bots.outputs.blackhole.output\n",
	                        stage->root)
	                   .p);
	stage->paths = paths_new(&stage->arena, LAYOUT_OPT, get_root, NULL);
	stage->broker = broker_memory_new((struct queue_limits){ 0 });
	return 0;
}

static int end(void **state)
{
	(void)state;
	broker_free(stage->broker);
	assert_int_equal(system(arena_printf(&stage->arena, "rm -rf %s", stage->root).p), 0);
	arena_fini(&stage->arena);
	free(stage);
	return 0;
}

static void push(const char *queue, const char *wire)
{
	assert_int_equal(broker_push(stage->broker, str_of(queue), str_of(wire), NULL), 0);
}

static size_t left(const char *queue)
{
	struct queue_info *queues;
	int64_t n = broker_queues(stage->broker, &stage->arena, &queues, NULL);
	for (int64_t i = 0; i < n; i++)
		if (str_eq(queues[i].name, str_of(queue)))
			return (size_t)(queues[i].messages + queues[i].claimed);
	return 0;
}

/* Runs it with both streams into one text, `input` as standard input. */
static int run(const char *id, enum run_step step, const char *message, bool dryrun, bool show,
               const char *input)
{
	write_file("in", input);
	fflush(NULL);
	int keep[] = { dup(0), dup(1), dup(2) };
	assert_non_null(freopen(file("in"), "r", stdin));
	assert_non_null(freopen(file("out"), "w", stdout));
	dup2(1, 2);
	int rc = run_bot(&(struct run_options){
		.paths = stage->paths,
		.bot_id = id,
		.step = step,
		.message = message,
		.dryrun = dryrun,
		.show_sent = show,
		.broker = stage->broker,
	});
	fflush(NULL);
	for (int i = 0; i < 3; i++) {
		dup2(keep[i], i);
		close(keep[i]);
	}
	clearerr(stdin);
	FILE *f = fopen(file("out"), "r");
	stage->out[fread(stage->out, 1, sizeof stage->out - 1, f)] = 0;
	fclose(f);
	return rc;
}

static void assert_out(const char *part)
{
	if (!strstr(stage->out, part))
		fail_msg("not printed: %s\nbut: %s", part, stage->out);
}

static void get_and_pop(void **state)
{
	(void)state;
	push("expert-queue", EVENT);
	push("expert-queue", EVENT);
	assert_int_equal(run("expert", RUN_GET, NULL, false, false, ""), 0);
	assert_out("expert: TaxonomyExpertBot initialized with id expert and intelmq ");
	assert_out("expert: Bot initialization completed.\n"
	           "Waiting for a message to get...\n" PRINTED "expert: Bot stopped.\n");
	assert_int_equal(left("expert-queue"), 2);
	assert_int_equal(run("expert", RUN_POP, NULL, false, false, ""), 0);
	assert_out("expert: Waiting for a message to pop...\n" PRINTED "expert: Bot stopped.\n");
	assert_int_equal(left("expert-queue"), 1);
	assert_int_equal(left("next-queue"), 0);
	assert_int_equal(run("collector", RUN_GET, NULL, false, false, ""), 0);
	assert_out("Collector bots have no input queue.\ncollector: Bot stopped.\n");
}

static void sends(void **state)
{
	(void)state;
	assert_int_equal(run("expert", RUN_SEND, EVENT, false, false, ""), 0);
	assert_out("Message sent to output pipelines.\n"
	           "expert: Processed 1 messages since last logging.\nexpert: Bot stopped.\n");
	assert_int_equal(left("next-queue"), 1);
	assert_int_equal(left("also-queue"), 1);
	assert_int_equal(run("output", RUN_SEND, EVENT, false, false, ""), 0);
	assert_out("Output bots can't send message.\n");
	assert_int_equal(run("lonely", RUN_SEND, EVENT, false, false, ""), 0);
	assert_out("Bot has no destination queues.\n");
	assert_int_equal(run("expert", RUN_SEND, NULL, false, false, "n\n"), 0);
	assert_out("\033[31mexpert: Message missing!\033[0m\n");
	assert_out("y/[n]: \nexpert: Bot stopped.\n");
	assert_int_equal(run("expert", RUN_SEND, NULL, false, false, ""), 1);
	assert_int_equal(run("expert", RUN_SEND, "{x", false, false, "y\n"), 1);
	assert_out("expert: Message can not be parsed from JSON: ");
	assert_out("\"ClassificationType\"");
	assert_out("Bot exited with code 1.\n\nexpert: Bot stopped.\n");
	assert_int_equal(left("next-queue"), 1);
}

static void process(void **state)
{
	(void)state;
	push("expert-queue", EVENT);
	assert_int_equal(run("expert", RUN_PROCESS, NULL, true, true, ""), 0);
	assert_out(" * Dryrun only, no message will be really sent through.\nProcessing...\n" SHOWN
	           "DRYRUN: Message would be sent now to '_default'!\n"
	           "DRYRUN: Message would be acknowledged now!\nexpert: Bot stopped.\n");
	assert_null(strstr(stage->out, "Pipeline failed"));
	assert_int_equal(left("expert-queue"), 1);
	assert_int_equal(left("next-queue"), 0);
	assert_int_equal(run("expert", RUN_PROCESS, NULL, false, true, ""), 0);
	assert_out("Processing...\n" SHOWN
	           "expert: Processed 1 messages since last logging.\nexpert: Bot stopped.\n");
	assert_int_equal(left("expert-queue"), 0);
	assert_int_equal(left("next-queue"), 1);
}

static void message_of_the_command_line(void **state)
{
	(void)state;
	push("expert-queue", EVENT);
	/* Without a class, and from a file. */
	write_file("message", "{\"classification.type\": \"phishing\", \"source.ip\": "
	                      "\"192.0.2.9\"}\n");
	assert_int_equal(run("expert", RUN_PROCESS, file("message"), false, true, ""), 0);
	assert_out(" * Message from cli will be used when processing.\nProcessing...\n" SHOWN);
	assert_int_equal(left("expert-queue"), 1);
	assert_int_equal(left("next-queue"), 1);
	assert_int_equal(run("expert", RUN_PROCESS, EVENT, true, false, ""), 0);
	assert_int_equal(left("next-queue"), 1);
	assert_int_equal(
		run("expert", RUN_PROCESS, "{\"source.ip\": \"nonsense\"}", false, false, "n\n"),
		1);
	assert_out("Message can not be parsed from JSON: ");
	assert_out("'nonsense'");
	assert_int_equal(left("next-queue"), 1);
}

/* A dry run removes no files that were not sent. */
static void collects(void **state)
{
	(void)state;
	assert_int_equal(run("collector", RUN_PROCESS, NULL, true, true, ""), 0);
	assert_out("Processing...\ncollector: Bot stopped.\n");
	write_file("feed/a.txt", "line\n");
	assert_int_equal(run("collector", RUN_PROCESS, NULL, true, false, ""), 0);
	assert_out("DRYRUN: Message would be sent now to '_default'!\ncollector: Bot stopped.\n");
	assert_null(strstr(stage->out, "acknowledged"));
	assert_int_equal(access(file("feed/a.txt"), F_OK), 0);
	assert_int_equal(left("report-queue"), 0);
	assert_int_equal(run("collector", RUN_PROCESS, NULL, false, false, ""), 0);
	assert_int_equal(access(file("feed/a.txt"), F_OK), -1);
	assert_int_equal(left("report-queue"), 1);
}

static void wrong_bot(void **state)
{
	(void)state;
	assert_int_equal(run("nobody", RUN_GET, NULL, false, false, ""), 1);
	assert_out("nobody: ");
	assert_out("no module is given for bot 'nobody'");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(get_and_pop), TEST(sends),
		TEST(process),     TEST(message_of_the_command_line),
		TEST(collects),    TEST(wrong_bot),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
