/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A bot's process: signals, its end, the page it shares, a broker that goes away, and the lines that tools look for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

#include "broker/backend.h"
#include "broker/client.h"
#include "broker/server.h"
#include "engine/page.h"
#include "tests/format.h"
#include "worker/process.h"
#include "worker/signals.h"

#include <intelmq/clock.h>

/* What the child shares with the test. */
static struct shared {
	volatile int calls, receives, inits;
	volatile int asked; /* for a full queue */
} * shared;

struct place_of_test {
	char root[64];
	struct worker_page *page;
	int page_fd;
	struct broker *broker;
	struct backend backend; /* the memory broker's, with functions of ours */
	const struct backend *real;
	int cord[2]; /* the connection to the broker */
	pid_t pid;
	int64_t started;
};

static struct place_of_test *here;

/* ---- Bots ---- */

struct params {
	const char *mark;
};

#define PARAMS struct params
static const struct param params[] = { STR(mark, "What it writes."), { 0 } };

static enum result counting_init(struct bot *bot)
{
	const struct params *p = bot->params;
	shared->inits++;
	if (str_eq(str_of(p->mark), S("conf")))
		return bot_fail(bot, BAD_CONF, "that will never work");
	if (str_eq(str_of(p->mark), S("later")))
		return bot_fail(bot, TRY_LATER, "the server is down");
	return DONE;
}

static enum result counting_enrich(struct bot *bot, struct event *e)
{
	const struct params *p = bot->params;
	shared->calls++;
	while (str_eq(str_of(p->mark), S("hang")))
		poll(NULL, 0, 60000);
	return event_set(e, "comment", str_of(p->mark));
}

static const struct bot_type counting = {
	.module = "intelmq.bots.experts.counting.expert_twice",
	.summary = "Counts.",
	PARAMS_OF(.mark = "one"),
	.init = counting_init,
	.enrich = counting_enrich,
};

static enum result idler_collect(struct bot *bot)
{
	shared->calls++;
	return bot_emit_report(bot, bot_new_report(bot), S("text"));
}

static const struct bot_type idler = {
	.module = "intelmq.bots.collectors.idler.collector_idler",
	.summary = "Is idle.",
	.rate_limit = 3600,
	.collect = idler_collect,
};

/* ---- A broker with a connection ---- */

static int cord_fd(struct consumer *consumer)
{
	(void)consumer;
	return here->cord[0];
}

static bool cord_is_broken(const struct consumer *consumer)
{
	char c;
	(void)consumer;
	return recv(here->cord[0], &c, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static int counting_receive(struct consumer *consumer, struct receive_limits limits,
                            struct arena *arena, struct batch *out, struct err *err)
{
	shared->receives++;
	return here->real->receive(consumer, limits, arena, out, err);
}

static struct str counting_full(struct consumer *consumer)
{
	(void)consumer;
	shared->asked++;
	return STR_NONE;
}

/* ---- The stage ---- */

static void write_file(const char *name, const char *text)
{
	char path[200];
	snprintf(path, sizeof path, "%s/%s", here->root, name);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fclose(f), 0);
}

static void write_runtime(const char *parameters, const char *queue)
{
	char text[600];
	snprintf(text, sizeof text,
	         "a-bot:\n  module: x\n  parameters:\n    destination_queues: {_default: [%s]}\n%s",
	         queue, parameters);
	write_file("etc/runtime.yaml", text);
}

static const char *log_text(void)
{
	static char text[20000];
	char path[200];
	snprintf(path, sizeof path, "%s/var/log/a-bot.log", here->root);
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
	text[n] = 0;
	if (f)
		fclose(f);
	return text;
}

static bool logged(const char *part)
{
	return strstr(log_text(), part) != NULL;
}

static void make_page(void)
{
	here->page_fd = memfd_create("page", 0);
	assert_int_equal(ftruncate(here->page_fd, sizeof *here->page), 0);
	here->page = mmap(NULL, sizeof *here->page, PROT_READ | PROT_WRITE, MAP_SHARED,
	                  here->page_fd, 0);
	assert_true(here->page != MAP_FAILED);
	here->page->version = PAGE_VERSION;
}

static int begin(void **state)
{
	static const char *const folders[] = { "etc", "var", "var/log", "var/run", "var/lib" };
	here = calloc(1, sizeof *here);
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
	              0);
	snprintf(here->root, sizeof here->root, "/tmp/process-test-XXXXXX");
	assert_non_null(mkdtemp(here->root));
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		char path[200];
		snprintf(path, sizeof path, "%s/%s", here->root, folders[i]);
		assert_int_equal(mkdir(path, 0755), 0);
	}
	write_file(
		"etc/harmonization.conf",
		"{\"event\": {\"comment\": {\"type\": \"String\"}, \"source.port\": {\"type\": "
		"\"Integer\"}}, \"report\": {\"raw\": {\"type\": \"Base64\"}, \"feed.accuracy\": "
		"{\"type\": \"Accuracy\"}, \"time.observation\": {\"type\": \"DateTime\"}}}");
	write_runtime("", "out");
	here->broker = broker_memory_new((struct queue_limits){ 0 });
	here->real = here->broker->backend;
	here->backend = *here->real;
	here->backend.fd = cord_fd;
	here->backend.is_broken = cord_is_broken;
	here->backend.receive = counting_receive;
	here->backend.no_room = counting_full;
	here->broker->backend = &here->backend;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, here->cord), 0);
	make_page();
	*state = here;
	return 0;
}

static int end(void **state)
{
	char command[200];
	(void)state;
	broker_free(here->broker);
	munmap(here->page, sizeof *here->page);
	close(here->page_fd);
	close(here->cord[0]);
	close(here->cord[1]);
	munmap(shared, sizeof *shared);
	if (getenv("SHOW"))
		fputs(log_text(), stderr);
	snprintf(command, sizeof command, "rm -rf %s", here->root);
	assert_int_equal(system(command), 0);
	free(here);
	return 0;
}

/* The bot as a child; `broker` NULL: the embedded one, which is not there. */
static void start(const struct bot_type *type, struct broker *broker, bool supervised,
                  const char *instance)
{
	char fd[16];
	snprintf(fd, sizeof fd, "%d", here->page_fd);
	fflush(NULL);
	here->started = clock_monotonic_ms();
	here->pid = fork();
	if (here->pid)
		return;
	close(here->cord[1]);
	setenv("INTELMQ_ROOT_DIR", here->root, 1);
	if (supervised)
		setenv("INTELMQD_PAGE_FD", fd, 1);
	if (instance)
		setenv("INTELMQD_INSTANCE", instance, 1);
	freopen("/dev/null", "w", stderr);
	_exit(bot_process_run(
		&(struct bot_process_options){ .id = "a-bot", .broker = broker, .type = type }));
}

/* Waits for something for up to ten seconds. */
#define UNTIL(condition)                                                                           \
	do {                                                                                       \
		for (int i_ = 0; i_ < 1000 && !(condition); i_++)                                  \
			poll(NULL, 0, 10);                                                         \
		assert_true(condition);                                                            \
	} while (0)

static int exit_code(void)
{
	int status;
	assert_int_equal(waitpid(here->pid, &status, 0), here->pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int64_t stop_and_measure(int number)
{
	int64_t before = clock_monotonic_ms();
	kill(here->pid, number);
	assert_int_equal(exit_code(), 0);
	return clock_monotonic_ms() - before;
}

static void push(void)
{
	assert_int_equal(broker_push(here->broker, S("a-bot-queue"),
	                             S("{\"source.port\": 80, \"__type\": \"Event\"}"), NULL),
	                 0);
}

/* ---- Signals ---- */

static void lines_of_a_life(void **state)
{
	char line[300];
	(void)state;
	push();
	start(&counting, here->broker, true, NULL);
	UNTIL(shared->calls == 1 && shared->receives >= 2);
	UNTIL(strcmp(here->page->state, "waiting for messages") == 0);
	assert_int_equal(here->page->counters.received, 1);
	assert_int_equal(here->page->counters.sent, 1);
	assert_int_equal(here->page->initialised, 1);
	assert_int_equal(here->page->exits, 0);
	assert_true(stop_and_measure(SIGTERM) < 500);
	snprintf(line, sizeof line,
	         " - a-bot - INFO - CountingTwiceExpertBot initialized with id a-bot and intelmq "
	         "0.1.0 and python none as process %d. Standalone mode: True.\n",
	         (int)here->pid);
	assert_true(logged(line));
	assert_true(logged(" - INFO - Bot is starting.\n"));
	assert_true(logged(" - Loading source pipeline and queue 'a-bot-queue'.\n"));
	assert_true(logged(" - Connected to source queue.\n"));
	assert_true(logged(" - Loading destination pipeline and queues {'_default': ['out']}.\n"));
	assert_true(logged(" - Connected to destination queues.\n"));
	assert_true(logged(" - Bot initialization completed.\n"));
	assert_true(logged(" - INFO - Received SIGTERM.\n"));
	assert_true(logged(" - INFO - Processed 1 messages since last logging.\n"));
	assert_true(logged(" - INFO - Bot stopped.\n"));
	assert_int_equal(here->page->exits, 1);
	assert_int_equal(here->page->restart, 0);
	assert_string_equal(here->page->state, "stopped");
}

static void parameters_in_the_log(void **state)
{
	(void)state;
	write_runtime("    mark: [a, 1]\n    http_password: hunter2\n    logging_level: DEBUG\n",
	              "out");
	start(&idler, here->broker, false, NULL);
	UNTIL(logged("Idling"));
	assert_true(stop_and_measure(SIGTERM) < 500);
	assert_true(logged("DEBUG - Runtime configuration: parameter 'mark' loaded with value "
	                   "['a', 1].\n"));
	assert_true(logged("parameter 'http_password' loaded with value HIDDEN.\n"));
	assert_false(logged("hunter2"));
}

static void interrupt(void **state)
{
	(void)state;
	start(&idler, here->broker, false, NULL);
	UNTIL(logged("Idling for 3600.0s (1h) now."));
	assert_true(stop_and_measure(SIGINT) < 500);
	assert_int_equal(shared->calls, 1);
}

/* A verb that does not come back is left behind. */
static void hanging_verb(void **state)
{
	(void)state;
	write_runtime("    mark: hang\n", "out");
	push();
	start(&counting, here->broker, true, NULL);
	UNTIL(shared->calls == 1);
	assert_int_not_equal(here->page->working.block, 0);
	int64_t took = stop_and_measure(SIGTERM);
	assert_in_range(took, SIGNALS_PATIENCE_MS - 50, 700);
	assert_int_equal(here->page->exits, 1);
	assert_int_equal(here->page->restart, 0);
}

/* ---- Reload ---- */

static void reload(void **state)
{
	(void)state;
	start(&counting, here->broker, false, NULL); /* supervised, it would be in its sandbox */
	UNTIL(shared->receives >= 2);
	write_runtime("    mark: two\n", "out");
	kill(here->pid, SIGHUP);
	UNTIL(shared->inits == 2);
	UNTIL(logged("Handling SIGHUP, initializing again now."));
	/* A file that cannot be used changes nothing. */
	write_file("etc/runtime.yaml", "a-bot: [\n");
	kill(here->pid, SIGHUP);
	UNTIL(logged("the bot goes on as it is."));
	assert_int_equal(shared->inits, 2);
	assert_true(stop_and_measure(SIGTERM) < 500);
}

static void reload_of_topology(void **state)
{
	(void)state;
	start(&counting, here->broker, true, NULL);
	UNTIL(shared->receives >= 2);
	write_runtime("", "elsewhere");
	kill(here->pid, SIGHUP);
	assert_int_equal(exit_code(), EXIT_ANEW);
	assert_int_equal(here->page->restart, 1);
	assert_int_equal(here->page->exits, 1);
}

static void reload_of_format(void **state)
{
	(void)state;
	start(&idler, here->broker, true, NULL);
	UNTIL(logged("Idling"));
	write_file("etc/harmonization.conf", "{\"event\": {}, \"report\": {}}");
	kill(here->pid, SIGHUP);
	assert_int_equal(exit_code(), EXIT_ANEW);
}

/* ---- The end of a connection ---- */

static void broker_goes(void **state)
{
	(void)state;
	start(&counting, here->broker, true, NULL);
	UNTIL(shared->receives >= 2);
	close(here->cord[1]);
	assert_int_equal(exit_code(), EXIT_ANEW);
	assert_true(logged("The connection to the broker has ended."));
	assert_int_equal(here->page->restart, 1);
	here->cord[1] = dup(0);
}

/* It watches the connection also while it only lets time pass. */
static void broker_goes_while_idle(void **state)
{
	(void)state;
	start(&idler, here->broker, true, NULL);
	UNTIL(logged("Idling"));
	int64_t before = clock_monotonic_ms();
	/* News are nothing to wake up for. */
	assert_int_equal(write(here->cord[1], "x", 1), 1);
	poll(NULL, 0, 200);
	assert_int_equal(shared->calls, 1);
	close(here->cord[1]);
	assert_int_equal(exit_code(), EXIT_ANEW);
	assert_true(clock_monotonic_ms() - before < 5000);
	here->cord[1] = dup(0);
}

static void no_broker(void **state)
{
	(void)state;
	start(&counting, NULL, true, NULL);
	assert_int_equal(exit_code(), EXIT_ANEW);
	assert_int_equal(here->page->restart, 1);
	assert_true(logged("ERROR - Pipeline failed. "));
	assert_true(logged("broker.sock"));
}

/* By hand: it waits, says so once, and can be stopped. */
static void no_broker_by_hand(void **state)
{
	(void)state;
	start(&counting, NULL, false, NULL);
	UNTIL(logged("it is tried again until it works"));
	poll(NULL, 0, 1200);
	char *second = strstr(strstr(log_text(), "Pipeline failed") + 1, "Pipeline failed");
	assert_null(second);
	assert_true(stop_and_measure(SIGTERM) < 500);
}

/* A bot that waits for messages does nothing at all. */
static void sleeps(void **state)
{
	(void)state;
	start(&counting, here->broker, true, NULL);
	UNTIL(shared->receives >= 2);
	poll(NULL, 0, 1500);
	assert_int_equal(shared->receives, 2);
	/* Whether a queue is full is asked only where nothing came. */
	assert_int_equal(shared->asked, 1);
	assert_true(stop_and_measure(SIGTERM) < 500);
}

/* ---- A connection that intelmqd has made ---- */

static void serve(const char *socket)
{
	struct err err;
	struct server *server;
	char directory[200];
	snprintf(directory, sizeof directory, "%s/var/lib/broker", here->root);
	const struct server_options options = { .store = { .directory = directory },
		                                .socket = socket };
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (server_open(&options, &server, &err) < 0)
		_exit(1);
	while (server_step(server, 1000, &err) == 0)
		;
	_exit(1);
}

/* The embedded broker, and the bot over the connection that somebody else has introduced. */
static void introduced(void **state)
{
	char path[200], fd_text[16];
	struct broker *tool = NULL;
	struct str queue = S("out");
	struct err err;
	int fd = -1;
	(void)state;
	snprintf(path, sizeof path, "%s/var/run/other.sock", here->root);
	fflush(NULL);
	pid_t server = fork();
	if (server == 0)
		serve(path);
	for (int i = 0; i < 1000 && broker_connect(path, -1, &tool, &err) < 0; i++)
		poll(NULL, 0, 10);
	assert_non_null(tool);
	assert_int_equal(
		broker_introduce(path, S("a-bot"), 0, S("a-bot-queue"), &queue, 1, &fd, &err), 0);
	snprintf(fd_text, sizeof fd_text, "%d", fd);
	setenv("INTELMQD_BROKER_FD", fd_text, 1);
	start(&counting, NULL, true, NULL);
	unsetenv("INTELMQD_BROKER_FD");
	close(fd);
	UNTIL(strcmp(here->page->state, "waiting for messages") == 0);
	assert_int_equal(broker_push(tool, S("a-bot-queue"),
	                             S("{\"source.port\": 80, \"__type\": \"Event\"}"), &err),
	                 0);
	UNTIL(here->page->counters.sent == 1);
	struct str sent;
	struct arena arena;
	arena_init(&arena);
	assert_int_equal(broker_peek(tool, S("out"), 1, &arena, &sent, &err), 1);
	assert_true(str_find(sent, S("\"comment\": \"one\"")) != STR_NOT_FOUND);
	arena_fini(&arena);
	broker_free(tool);
	/* It ends with its broker. */
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	assert_int_equal(exit_code(), EXIT_ANEW);
	assert_int_equal(here->page->restart, 1);
}

/* ---- Starts that fail ---- */

static void wrong_settings(void **state)
{
	(void)state;
	write_runtime("    mark: conf\n", "out");
	start(&counting, here->broker, true, NULL);
	assert_int_equal(exit_code(), 1);
	assert_int_equal(here->page->restart, 0);
	assert_int_equal(here->page->exits, 1);
	assert_string_equal(here->page->state, "stopped: that will never work");
	assert_true(logged("ERROR - Bot initialization failed. that will never work"));
}

static void time_heals(void **state)
{
	(void)state;
	write_runtime("    mark: later\n", "out");
	start(&counting, here->broker, true, NULL);
	assert_int_equal(exit_code(), 1);
	assert_int_equal(here->page->restart, 1);
}

static void bad_configuration(void **state)
{
	(void)state;
	write_file("etc/runtime.yaml", "a-bot: [\n");
	start(&counting, here->broker, true, NULL);
	assert_int_equal(exit_code(), 1);
	assert_int_equal(here->page->restart, 0);
	assert_non_null(strstr(here->page->state, "runtime.yaml"));
	write_runtime("", "out");
	write_file("etc/harmonization.conf", "{");
	start(&counting, here->broker, true, NULL);
	assert_int_equal(exit_code(), 1);
	assert_non_null(strstr(here->page->state, "harmonization.conf"));
	assert_true(logged("CRITICAL - "));
}

static void another_page(void **state)
{
	(void)state;
	here->page->version = PAGE_VERSION + 1;
	start(&counting, here->broker, true, NULL);
	assert_int_equal(exit_code(), 1);
	assert_int_equal(here->page->exits, 0); /* it is not ours */
}

/* Not in the file: the global parameters count. */
static void unknown_bot(void **state)
{
	(void)state;
	write_file("etc/runtime.yaml", "global: {mark: all}\nother:\n  module: x\n");
	start(&counting, here->broker, true, NULL);
	UNTIL(shared->receives >= 2);
	assert_true(logged("WARNING - "));
	assert_true(logged("the bot is not in the file"));
	assert_true(logged("No destination queues to load."));
	assert_true(stop_and_measure(SIGTERM) < 500);
}

static void instances(void **state)
{
	(void)state;
	start(&counting, here->broker, true, "2");
	UNTIL(shared->receives >= 2);
	assert_true(logged(" - a-bot.2 - INFO - Bot is starting.\n"));
	assert_true(stop_and_measure(SIGTERM) < 500);
	start(&counting, here->broker, true, "many");
	assert_int_equal(exit_code(), 1);
}

static void scheduled(void **state)
{
	(void)state;
	write_file("etc/runtime.yaml",
	           "a-bot:\n  module: x\n  run_mode: scheduled\n  parameters:\n    "
	           "destination_queues: [out]\n");
	start(&idler, here->broker, true, NULL);
	assert_int_equal(exit_code(), 0);
	assert_int_equal(shared->calls, 1);
	assert_int_equal(here->page->restart, 0);
	assert_string_equal(here->page->state, "stopped: scheduled run is over");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(lines_of_a_life),
		TEST(parameters_in_the_log),
		TEST(interrupt),
		TEST(hanging_verb),
		TEST(reload),
		TEST(reload_of_topology),
		TEST(reload_of_format),
		TEST(broker_goes),
		TEST(broker_goes_while_idle),
		TEST(no_broker),
		TEST(no_broker_by_hand),
		TEST(sleeps),
		TEST(introduced),
		TEST(wrong_settings),
		TEST(time_heals),
		TEST(bad_configuration),
		TEST(another_page),
		TEST(unknown_bot),
		TEST(instances),
		TEST(scheduled),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
