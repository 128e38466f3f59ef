/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Hijacked parsers under intelmqd: what a row makes them do has no effect on anybody else, and after the second death at it
 * the row alone is put aside. This program is intelmqd, the broker and the bots, too, by the name that it is called.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/frame.h"
#include "cli/main.h"
#include "config/paths.h"
#include "daemon/control.h"
#include "daemon/daemon.h"
#include "worker/process.h"

#include <intelmq/base64.h>
#include <intelmq/clock.h>

#define MODULE "intelmq.bots.parsers.ci_army.parser"

enum { PATIENCE_MS = 30000 };

/* Each is the id of a bot and the row that hijacks it. */
static const char *const attacks[] = { "files", "publish", "hello", "push",
	                               "clear", "peek",    "poison" };
enum { ATTACKS = sizeof attacks / sizeof *attacks };

/* ---- The hijacked parser ---- */

static FILE *attempts;

static void attempt(const char *what, int64_t rc)
{
	fprintf(attempts, "%s: %s\n", what, rc < 0 ? "refused" : "SUCCEEDED");
	fflush(attempts);
}

static const char *in_root(char *out, size_t size, const char *name)
{
	snprintf(out, size, "%s/%s", getenv("INTELMQ_ROOT_DIR"), name);
	return out;
}

static void attack_files(void)
{
	char path[200], *none[] = { NULL };
	attempt("read the configuration",
	        open(in_root(path, sizeof path, "etc/runtime.yaml"), O_RDONLY));
	attempt("read the database",
	        open(in_root(path, sizeof path, "var/lib/broker/broker.db"), O_RDONLY));
	attempt("read passwords", open("/etc/passwd", O_RDONLY));
	attempt("change the configuration",
	        open(in_root(path, sizeof path, "etc/runtime.yaml"), O_WRONLY | O_APPEND));
	attempt("make a file",
	        open(in_root(path, sizeof path, "etc/evil"), O_WRONLY | O_CREAT, 0600));
	attempt("remove a file", unlink(in_root(path, sizeof path, "etc/harmonization.conf")));
	attempt("inet", socket(AF_INET, SOCK_STREAM, 0));
	attempt("inet6", socket(AF_INET6, SOCK_DGRAM, 0));
	attempt("unix", socket(AF_UNIX, SOCK_STREAM, 0));
	attempt("signal intelmqd", kill(getppid(), 0));
	attempt("another process", fork());
	execve("/bin/true", none, none);
	attempt("execute", 0);
}

/* The connection that intelmqd gave it. */
static int broker_of_ours(void)
{
	int domain;
	for (int fd = 3; fd < 20; fd++) {
		socklen_t n = sizeof domain;
		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &n) == 0 && domain == AF_UNIX)
			return fd;
	}
	return -1;
}

static void add_commit(struct buffer *out)
{
	const struct str queue = S("vault");
	const struct publish message = { S("{\"__type\": \"Event\"}"), &queue, 1 };
	const struct commit commit = { .published = &message, .n_published = 1 };
	size_t bodies;
	frame_commit_write(out, &commit, &bodies);
	buffer_add_str(out, message.body);
}

static void add_tool(struct buffer *out, enum frame_type type)
{
	size_t begun = frame_begin(out, type);
	frame_text(out, S("vault"));
	if (type == FRAME_PUSH)
		frame_text(out, S("{}"));
	if (type == FRAME_PEEK)
		frame_u32(out, 10);
	frame_end(out, begun, 0);
}

static void attack_broker(const char *how)
{
	struct buffer out;
	char answer[200];
	const struct hello hello = { .version = FRAME_VERSION, .pid = 1, .queue = S("vault") };
	buffer_init(&out, 10000);
	if (strcmp(how, "publish") == 0)
		add_commit(&out);
	else if (strcmp(how, "hello") == 0)
		frame_hello_write(&out, &hello);
	else
		add_tool(&out, strcmp(how, "push") == 0    ? FRAME_PUSH
		               : strcmp(how, "clear") == 0 ? FRAME_CLEAR
		                                           : FRAME_PEEK);
	int fd = broker_of_ours();
	attempt("find the broker", fd < 0 ? 0 : -1);
	fcntl(fd, F_SETFL, 0);
	attempt("write to it", send(fd, out.p, out.n, 0) == (ssize_t)out.n ? -1 : 0);
	ssize_t n;
	/* Answers to what the worker had asked may be on their way; then it is the end. */
	while ((n = recv(fd, answer, sizeof answer, 0)) > 0)
		;
	attempt("stay connected", n == 0 || errno == ECONNRESET ? -1 : 0);
	buffer_fini(&out);
}

static enum result hijacked_row(struct bot *bot, const struct row *row, struct event *event)
{
	char path[300], name[40];
	for (size_t i = 0; i < ATTACKS; i++) {
		if (!str_eq(row->line, str_of(attacks[i])))
			continue;
		snprintf(name, sizeof name, "var/log/%s.attempts", bot->id);
		attempts = fopen(in_root(path, sizeof path, name), "a");
		if (strcmp(attacks[i], "files") == 0)
			attack_files();
		else if (strcmp(attacks[i], "poison") != 0)
			attack_broker(attacks[i]);
		volatile uintptr_t nowhere = 8;
		*(volatile char *)nowhere = 0;
	}
	enum result result = event_set(event, "source.ip", row->line);
	return result == DONE ? event_set(event, "classification.type", S("scanner")) : result;
}

static const struct bot_type hijacked = {
	.module = MODULE,
	.summary = "Does what its rows tell.",
	.rows = ROWS_LINES,
	.row = hijacked_row,
	.raw = RAW_LINE,
};

/* ---- The botnet ---- */

static struct net {
	char root[64], self[200];
	pid_t daemon;
	struct arena arena;
	const struct paths *paths;
	struct broker *broker;
	struct dict *status; /* of intelmqd, at the end */
} * net;

static const char *root_environment(const void *context, const char *name)
{
	(void)context;
	return strcmp(name, "INTELMQ_ROOT_DIR") == 0 ? net->root : NULL;
}

static void write_runtime(void)
{
	char path[200];
	snprintf(path, sizeof path, "%s/etc/runtime.yaml", net->root);
	FILE *f = fopen(path, "w");
	assert_non_null(f);
	fputs("global: {}\n", f);
	for (size_t i = 0; i <= ATTACKS; i++) {
		const char *id = i < ATTACKS ? attacks[i] : "bystander";
		fprintf(f,
		        "%s:\n  module: " MODULE "\n  parameters:\n    destination_queues: "
		        "%s-out\n",
		        id, id);
	}
	fclose(f);
}

static void make_root(void)
{
	char command[600];
	snprintf(net->root, sizeof net->root, "/tmp/intelmq-hijack-XXXXXX");
	assert_non_null(mkdtemp(net->root));
	ssize_t n = readlink("/proc/self/exe", net->self, sizeof net->self - 1);
	assert_in_range(n, 1, sizeof net->self - 1);
	snprintf(command, sizeof command,
	         "cd %s && mkdir -p bin etc var/log var/run var/lib/bots && "
	         "for name in " MODULE " intelmq-broker; do ln -s %s bin/$name; done",
	         net->root, net->self);
	assert_int_equal(system(command), 0);
	snprintf(command, sizeof command, "cp etc/harmonization.conf %s/etc/", net->root);
	assert_int_equal(system(command), 0);
	write_runtime();
}

static void start_daemon(void)
{
	char bin[100], name[] = "intelmqd", foreground[] = "--foreground", all[] = "--all",
		       option[] = "--bin";
	snprintf(bin, sizeof bin, "%s/bin", net->root);
	char *const argv[] = { name, foreground, all, option, bin, NULL };
	fflush(NULL);
	net->daemon = fork();
	if (net->daemon)
		return;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setenv("INTELMQ_ROOT_DIR", net->root, 1);
	/* A sanitizer would turn the signal into an exit code. */
	setenv("ASAN_OPTIONS", "handle_segv=0:detect_leaks=0", 1);
	setenv("UBSAN_OPTIONS", "handle_segv=0", 1);
	execv(net->self, argv);
	_exit(127);
}

static struct dict *ask_status(void)
{
	struct err err = { 0 };
	struct value answer;
	struct dict *request = dict_new(&net->arena);
	dict_set(request, S("command"), value_str(S("status")));
	if (control_call(net->paths, value_dict(request), 10000, &net->arena, &answer, &err) < 0)
		fail_msg("%s", err.text);
	return answer.dict;
}

static const struct value *member(const struct dict *d, const char *name)
{
	const struct value *v = dict_get(d, str_of(name));
	if (!v)
		fail_msg("no %s", name);
	return v;
}

static const struct dict *bot_of(const struct dict *status, const char *id)
{
	return member(member(status, "bots")->dict, id)->dict;
}

static uint64_t length_of(const char *queue)
{
	struct queue_info *queues;
	int64_t n = broker_queues(net->broker, &net->arena, &queues, NULL);
	for (int64_t i = 0; i < n; i++)
		if (str_eq(queues[i].name, str_of(queue)))
			return queues[i].messages;
	return 0;
}

static void push(const char *queue, struct str body)
{
	struct err err = { 0 };
	if (broker_push(net->broker, str_of(queue), body, &err) < 0)
		fail_msg("%s", err.text);
}

static void push_report(const char *id, const char *row)
{
	struct arena *arena = &net->arena;
	struct str rows = arena_printf(arena, "192.0.2.1\n%s\n192.0.2.2\n192.0.2.3\n", row);
	struct str report = arena_printf(arena, "{\"__type\": \"Report\", \"raw\": \"%.*s\"}",
	                                 STR_ARG(base64_encode(arena, rows)));
	push(arena_printf(arena, "%s-queue", id).p, report);
}

static bool reached(bool (*what)(void))
{
	int64_t end = clock_monotonic_ms() + PATIENCE_MS;
	while (!what()) {
		if (clock_monotonic_ms() > end || waitpid(net->daemon, NULL, WNOHANG) != 0)
			return false;
		usleep(20000);
	}
	return true;
}

static bool broker_is_there(void)
{
	return control_is_running(net->paths) &&
	       broker_connect(net->paths->broker_socket, -1, &net->broker, NULL) == 0;
}

static bool bystander_runs(void)
{
	return str_eq(member(bot_of(ask_status(), "bystander"), "state")->text, S("running"));
}

static bool all_is_done(void)
{
	for (size_t i = 0; i < ATTACKS; i++) {
		const char *in = arena_printf(&net->arena, "%s-queue", attacks[i]).p;
		const char *out = arena_printf(&net->arena, "%s-out", attacks[i]).p;
		if (length_of(in) || length_of(out) < 3)
			return false;
	}
	return length_of("bystander-out") == 4;
}

/* A file in var/log, with NUL at the end. */
static const char *read_log(const char *name)
{
	char *text = arena_alloc(&net->arena, 1 << 20);
	const char *path = arena_printf(&net->arena, "%s/var/log/%s", net->root, name).p;
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, (1 << 20) - 1, f) : 0;
	if (f)
		fclose(f);
	text[n] = 0;
	return text;
}

static int tell_why(void)
{
	fprintf(stderr, "%s\n%s\n", read_log("intelmqd.log"), read_log("intelmq-broker.log"));
	return -1;
}

static int64_t bystander_pid;

static int begin(void **state)
{
	(void)state;
	net = calloc(1, sizeof *net);
	arena_init(&net->arena);
	make_root();
	net->paths = paths_new(&net->arena, LAYOUT_OPT, root_environment, NULL);
	start_daemon();
	if (!reached(broker_is_there) || !reached(bystander_runs))
		return tell_why();
	bystander_pid = member(bot_of(ask_status(), "bystander"), "pid")->integer;
	push("vault", S("{\"__type\": \"Event\", \"comment\": \"untouched\"}"));
	for (size_t i = 0; i < ATTACKS; i++)
		push_report(attacks[i], attacks[i]);
	push_report("bystander", "192.0.2.4");
	bool done = reached(all_is_done);
	net->status = ask_status();
	return done ? 0 : tell_why();
}

static int end(void **state)
{
	char command[100];
	(void)state;
	if (net->broker)
		broker_free(net->broker);
	kill(net->daemon, SIGTERM);
	waitpid(net->daemon, NULL, 0);
	arena_fini(&net->arena);
	snprintf(command, sizeof command, "rm -r %s", net->root);
	int rc = system(command);
	free(net);
	return rc;
}

/* ---- What is to be seen afterwards ---- */

static bool has_sandbox(void)
{
	struct str what = member(member(net->status, "daemon")->dict, "sandbox")->text;
	return str_starts(what, S("landlock")) && str_find(what, S("seccomp")) != STR_NOT_FOUND;
}

static size_t count(const char *text, const char *what)
{
	size_t n = 0;
	while ((text = strstr(text, what))) {
		text += strlen(what);
		n++;
	}
	return n;
}

static void nothing_was_allowed(void **state)
{
	(void)state;
	if (!has_sandbox()) {
		print_message("skipped: this kernel lacks Landlock or seccomp\n");
		skip();
	}
	for (size_t i = 0; i < ATTACKS; i++) {
		const char *text = read_log(arena_printf(&net->arena, "%s.attempts", attacks[i]).p);
		if (strstr(text, "SUCCEEDED"))
			fail_msg("%s: %s", attacks[i], text);
		if (strcmp(attacks[i], "poison") != 0)
			assert_true(count(text, "refused") >= 6);
	}
	assert_int_equal(count(read_log("files.attempts"), "refused"), 22);
}

static void broker_logs_the_attempts(void **state)
{
	(void)state;
	const char *log = read_log("intelmq-broker.log");
	static const char *const guilty[] = { "publish", "hello", "push", "clear", "peek" };
	for (size_t i = 0; i < sizeof guilty / sizeof *guilty; i++) {
		const char *line =
			arena_printf(&net->arena, "Security: bot '%s' (pid ", guilty[i]).p;
		assert_int_equal(count(log, line), 2);
	}
	assert_non_null(strstr(log, "bot 'publish' may not publish to queue 'vault'"));
	assert_int_equal(count(log, "Security: "), 10);
}

static void vault_is_untouched(void **state)
{
	(void)state;
	struct str bodies[5];
	assert_int_equal(broker_peek(net->broker, S("vault"), 5, &net->arena, bodies, NULL), 1);
	assert_true(str_find(bodies[0], S("untouched")) != STR_NOT_FOUND);
}

static void others_are_untouched(void **state)
{
	(void)state;
	const struct dict *bystander = bot_of(net->status, "bystander");
	assert_int_equal(member(bystander, "pid")->integer, bystander_pid);
	assert_int_equal(member(bystander, "restarts")->integer, 0);
	assert_int_equal(member(member(net->status, "broker")->dict, "restarts")->integer, 0);
	for (size_t i = 0; i < ATTACKS; i++) {
		const struct dict *bot = bot_of(net->status, attacks[i]);
		assert_true(str_eq(member(bot, "state")->text, S("running")));
		assert_int_equal(member(bot, "restarts")->integer, 2);
	}
}

/* The row alone, with what it died of; the others went on, once each. */
static void row_is_put_aside(void **state)
{
	(void)state;
	for (size_t i = 0; i < ATTACKS; i++) {
		const char *out = arena_printf(&net->arena, "%s-out", attacks[i]).p;
		const char *dump = read_log(arena_printf(&net->arena, "%s.dump", attacks[i]).p);
		bool is_killed = has_sandbox() && strcmp(attacks[i], "files") == 0;
		const char *why = is_killed ? "died twice of SIGSYS" : "died twice of SIGSEGV";
		assert_int_equal(length_of(out), 3);
		if (count(dump, why) != 1)
			fail_msg("%s: %s", attacks[i], dump);
		assert_int_equal(count(dump, "\"source_queue\""), 1);
		struct str row = base64_encode(&net->arena, str_of(attacks[i]));
		assert_non_null(strstr(dump, arena_cstr(&net->arena, row)));
	}
	assert_string_equal(read_log("bystander.dump"), "");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_was_allowed), cmocka_unit_test(broker_logs_the_attempts),
		cmocka_unit_test(vault_is_untouched),  cmocka_unit_test(others_are_untouched),
		cmocka_unit_test(row_is_put_aside),
	};
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];
	if (strcmp(name, "intelmqd") == 0)
		return command_daemon(argc, argv);
	if (strcmp(name, "intelmq-broker") == 0)
		return command_broker(argc, argv);
	if (strcmp(name, MODULE) == 0)
		return bot_process_run(&(struct bot_process_options){
			.module = MODULE, .id = argv[1], .argv = argv, .type = &hijacked });
	(void)argc;
	return cmocka_run_group_tests(tests, begin, end);
}
