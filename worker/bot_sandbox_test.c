/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Bots at work inside the sandbox that is derived for them: parser, expert, output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/files.h"
#include "tests/stage.h"
#include "worker/bot_sandbox.h"

extern const struct bot_type parsers_ci_army_parser, experts_deduplicator_expert,
	outputs_file_output, collectors_file_collector_file, parsers_shadowserver_parser;

static char root[64];

static const char *root_environment(const void *context, const char *name)
{
	(void)context;
	return strcmp(name, "INTELMQ_ROOT_DIR") == 0 ? root : NULL;
}

static const char *below(struct arena *arena, const char *name)
{
	return arena_printf(arena, "%s/%s", root, name).p;
}

static int make_root(void **state)
{
	(void)state;
	static const char *const folders[] = {
		"log", "var", "var/lib", "var/lib/bots", "etc", "out"
	};
	struct arena arena;
	arena_init(&arena);
	snprintf(root, sizeof root, "/tmp/bot_sandbox_test.XXXXXX");
	assert_non_null(mkdtemp(root));
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		assert_int_equal(mkdir(below(&arena, folders[i]), 0700), 0);
	FILE *file = fopen(below(&arena, "etc/runtime.yaml"), "w");
	fputs("password: secret\n", file);
	fclose(file);
	arena_fini(&arena);
	return 0;
}

static void remove_all(const char *path)
{
	DIR *dir = opendir(path);
	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		char name[600];
		snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
		if (entry->d_name[0] != '.' && unlink(name) < 0)
			remove_all(name);
	}
	if (dir)
		closedir(dir);
	rmdir(path);
}

static int remove_root(void **state)
{
	(void)state;
	remove_all(root);
	return access(root, F_OK) < 0 ? 0 : -1;
}

static struct sandbox_rules rules_of(struct stage *s, const struct bot_type *type)
{
	const struct paths *paths = paths_new(&s->arena, LAYOUT_OPT, root_environment, NULL);
	return bot_sandbox_rules(&s->arena, type, s->parameters, paths, below(&s->arena, "log"));
}

static bool has(const char *const *paths, const char *path)
{
	for (; *paths; paths++)
		if (strcmp(*paths, path) == 0)
			return true;
	return false;
}

static size_t count(const char *const *paths)
{
	size_t n = 0;
	while (paths[n])
		n++;
	return n;
}

/* ---- What is derived ---- */

static void parsers_and_pure_experts_have_logs_only(void **state)
{
	(void)state;
	struct stage s;
	stage_init(&s, (struct queue_limits){ 0 });
	const struct bot_type *const types[] = { &parsers_ci_army_parser,
		                                 &experts_deduplicator_expert };
	for (size_t i = 0; i < 2; i++) {
		struct sandbox_rules rules = rules_of(&s, types[i]);
		assert_false(rules.network || rules.unix_sockets || rules.exec);
		assert_int_equal(count(rules.writable), 1);
		assert_true(has(rules.writable, below(&s.arena, "log")));
		for (const char *const *p = rules.readable; *p; p++)
			assert_false(str_starts(str_of(*p), str_of(root)));
	}
	stage_fini(&s);
}

static void files_are_those_of_the_parameters(void **state)
{
	(void)state;
	struct stage s;
	stage_init(&s, (struct queue_limits){ 0 });
	stage_set(&s, "file", value_cstr(below(&s.arena, "out/deep/events.txt")));
	struct sandbox_rules rules = rules_of(&s, &outputs_file_output);
	assert_true(has(rules.writable, below(&s.arena, "out/deep/")));
	assert_int_equal(access(below(&s.arena, "out/deep"), F_OK), 0);
	stage_set(&s, "file", value_cstr(below(&s.arena, "out/a{event[source.ip]}/b.txt")));
	assert_true(has(rules_of(&s, &outputs_file_output).writable, below(&s.arena, "out/")));
	stage_set(&s, "file", value_cstr("/dev/null"));
	assert_false(has(rules_of(&s, &outputs_file_output).writable, "/dev/"));
	stage_set(&s, "path", value_cstr(below(&s.arena, "out")));
	assert_true(has(rules_of(&s, &collectors_file_collector_file).writable,
	                below(&s.arena, "out")));
	rules = rules_of(&s, &parsers_shadowserver_parser);
	assert_int_equal(count(rules.writable), 1);
	assert_true(has(rules.readable, below(&s.arena, "var/lib/bots/")));
	stage_fini(&s);
}

static void network_and_programs(void **state)
{
	(void)state;
	struct stage s;
	stage_init(&s, (struct queue_limits){ 0 });
	const struct bot_type network = { .module = "test", .uses = USES_NETWORK };
	const struct bot_type programs = { .module = "test", .uses = USES_EXEC };
	struct sandbox_rules rules = rules_of(&s, &network);
	assert_true(rules.network && !rules.exec && !rules.unix_sockets);
	assert_true(has(rules.readable, "/etc/resolv.conf"));
	rules = rules_of(&s, &programs);
	assert_true(!rules.network && rules.exec && has(rules.readable, "/usr"));
	stage_fini(&s);
}

/* ---- At work ---- */

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%d: %s\n", __LINE__, #condition);                         \
			_exit(1);                                                                  \
		}                                                                                  \
	} while (0)

/* What the process of a bot does beside its verb: a log that is rotated, a dump file that is new. */
static void log_and_dump(struct stage *s, struct log_file *log)
{
	struct err err = { 0 };
	struct dump dump = {
		.bot_id = S("bot"), .source_queue = S("q"), .reason = S("why"), .message = S("{}")
	};
	for (int i = 0; i < 100; i++)
		MUST(log_file_write(log, LEVEL_INFO, S("a line of the log")) == 0);
	MUST(access(below(&s->arena, "log/bot.log.2"), F_OK) == 0);
	MUST(dump_file_append(below(&s->arena, "log/bot.dump"), &dump, clock_now_us(), &err) == 0);
	MUST(dump_file_append(below(&s->arena, "log/bot.dump"), &dump, clock_now_us(), &err) == 0);
}

/* Runs a bot that was set up in `s` inside its sandbox. Exit codes: 0, 1 after a message, 77 no sandbox. */
static void work_inside(struct stage *s, const struct bot_type *type, const char *output)
{
	char what[200], name[40];
	struct err err = { 0 };
	struct log_file *log;
	MUST(stage_enter(s, type));
	MUST(log_file_open(below(&s->arena, "log"), "bot", 500, 3, &log, &err) == 0);
	struct sandbox_rules rules = rules_of(s, type);
	MUST(sandbox_enter(&rules, what, sizeof what, &err) == 0);
	if (strncmp(what, "landlock ", 9) != 0 || !strstr(what, ", seccomp"))
		_exit(77);
	MUST(stage_run(s));
	MUST(worker_counters(s->worker)->received >= 2);
	MUST(!output || stage_left(s, output) >= 1);
	log_and_dump(s, log);
	const char *refused = sandbox_refused(name, sizeof name);
	if (refused)
		fprintf(stderr, "refused: %s\n", refused);
	MUST(!refused);
	MUST(open(below(&s->arena, "etc/runtime.yaml"), O_RDONLY) < 0);
	MUST(socket(AF_UNIX, SOCK_STREAM, 0) < 0 && socket(AF_INET, SOCK_STREAM, 0) < 0);
	log_file_close(log);
	stage_leave(s);
	_exit(0);
}

static void works_inside(struct stage *s, const struct bot_type *type, const char *output)
{
	int status;
	pid_t pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		work_inside(s, type, output);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77) {
		stage_fini(s);
		print_message("skipped: this kernel lacks Landlock or seccomp\n");
		skip();
	}
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void a_parser_works_inside(void **state)
{
	(void)state;
	struct stage s;
	stage_init(&s, (struct queue_limits){ 0 });
	stage_push_report(&s, S("192.0.2.1\n192.0.2.2\nno address\n"));
	stage_push_report(&s, S("# comment\n2001:db8::1\n"));
	works_inside(&s, &parsers_ci_army_parser, "out");
	stage_fini(&s);
}

static void an_expert_works_inside(void **state)
{
	(void)state;
	struct stage s;
	stage_init(&s, (struct queue_limits){ 0 });
	stage_set(&s, "filter_keys", value_cstr("raw"));
	stage_set(&s, "filter_type", value_cstr("blacklist"));
	for (int i = 0; i < 5000; i++)
		stage_push(
			&s,
			arena_printf(&s.arena, "{\"source.port\": %d, \"__type\": \"Event\"}", i).p);
	works_inside(&s, &experts_deduplicator_expert, "out");
	stage_fini(&s);
}

static void an_output_works_inside(void **state)
{
	(void)state;
	struct stage s;
	stage_init(&s, (struct queue_limits){ 0 });
	stage_set(&s, "file", value_cstr(below(&s.arena, "out/{event[source.port]}/events")));
	stage_set(&s, "format_filename", value_bool(true));
	stage_push(&s, "{\"source.port\": 1, \"__type\": \"Event\"}");
	stage_push(&s, "{\"source.port\": 2, \"__type\": \"Event\"}");
	works_inside(&s, &outputs_file_output, NULL);
	assert_int_equal(access(below(&s.arena, "out/2/events"), F_OK), 0);
	stage_set(&s, "file", value_cstr(below(&s.arena, "out/events")));
	stage_set(&s, "format_filename", value_bool(false));
	works_inside(&s, &outputs_file_output, NULL);
	assert_int_equal(access(below(&s.arena, "out/events"), F_OK), 0);
	stage_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsers_and_pure_experts_have_logs_only),
		cmocka_unit_test(files_are_those_of_the_parameters),
		cmocka_unit_test(network_and_programs),
		cmocka_unit_test(a_parser_works_inside),
		cmocka_unit_test(an_expert_works_inside),
		cmocka_unit_test(an_output_works_inside),
	};
	return cmocka_run_group_tests(tests, make_root, remove_root);
}
