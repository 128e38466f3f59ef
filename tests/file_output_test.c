/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The file output, exactly once: the worker dies between write and commit, the file is rotated, cut, or written to by others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "tests/embedded.h"
#include "tests/stage.h"

extern const struct bot_type outputs_file_output;

enum { EMBEDDED_RUNS = 6 };

struct site {
	struct stage stage;
	char folder[64], path[128];
	unsigned pushed;
};

static bool lose_messages; /* commits that consume fail; those of state alone do not */

static int commit(struct consumer *consumer, const struct commit *c, struct err *err)
{
	if (lose_messages && c->n_consumed)
		return err_set(err, FAULT_OTHER, "the broker is away");
	return stage_commit(consumer, c, err);
}

static void site_init(struct site *s)
{
	/* Thousands of syncs: in memory they cost nothing. */
	*s = (struct site){ 0 };
	snprintf(s->folder, sizeof s->folder, "%s/file_test.XXXXXX",
	         access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	assert_non_null(mkdtemp(s->folder));
	snprintf(s->path, sizeof s->path, "%s/events", s->folder);
	lose_messages = false;
	stage_init(&s->stage, (struct queue_limits){ 0 });
	s->stage.backend.commit = commit;
	stage_set(&s->stage, "file", value_cstr(s->path));
	stage_set(&s->stage, "single_key", value_cstr("comment"));
	stage_set(&s->stage, "error_max_retries", value_int(1000000));
	assert_true(stage_enter(&s->stage, &outputs_file_output));
}

static void site_fini(struct site *s)
{
	DIR *dir = opendir(s->folder);
	for (struct dirent *entry; (entry = readdir(dir));)
		unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	assert_int_equal(rmdir(s->folder), 0);
	stage_fini(&s->stage);
}

/* The next number as a message. */
static void push(struct site *s)
{
	char wire[100];
	snprintf(wire, sizeof wire, "{\"comment\": \"%u\", \"__type\": \"Event\"}", s->pushed++);
	stage_push(&s->stage, wire);
}

static void deliver(struct site *s, unsigned n)
{
	while (n--)
		push(s);
	assert_true(stage_run(&s->stage));
}

/* The last batch is written, its commit is lost. */
static void deliver_and_crash(struct site *s, unsigned n)
{
	while (n--)
		push(s);
	lose_messages = true;
	worker_step(s->stage.worker);
	lose_messages = false;
	stage_leave(&s->stage);
}

static void restart(struct site *s)
{
	assert_true(stage_enter(&s->stage, &outputs_file_output));
}

static void append_to(const char *path, const char *text)
{
	FILE *file = fopen(path, "a");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static const char *content(struct site *s, const char *name)
{
	char *text = arena_zalloc(&s->stage.arena, 1, 100000);
	FILE *file = fopen(arena_printf(&s->stage.arena, "%s/%s", s->folder, name).p, "r");
	assert_non_null(file);
	assert_true(fread(text, 1, 99999, file) < 99999);
	fclose(file);
	return text;
}

static void move(struct site *s, const char *name)
{
	assert_int_equal(rename(s->path, arena_printf(&s->stage.arena, "%s/%s", s->folder, name).p),
	                 0);
}

static bool warned(struct site *s)
{
	return stage_logged(&s->stage, "WARNING ") || stage_logged(&s->stage, "ERROR ");
}

static void written_once(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	deliver(&s, 2);
	/* One durable commit for the new file, then none. */
	assert_int_equal(s.stage.durable_commits, 1);
	deliver(&s, 1);
	assert_int_equal(s.stage.durable_commits, 1);
	stage_leave(&s.stage);
	restart(&s);
	deliver(&s, 1);
	assert_int_equal(s.stage.durable_commits, 1);
	assert_string_equal(content(&s, "events"), "0\n1\n2\n3\n");
	assert_false(warned(&s));
	site_fini(&s);
}

static void crash_before_the_commit(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	deliver(&s, 2);
	deliver_and_crash(&s, 3);
	assert_string_equal(content(&s, "events"), "0\n1\n2\n3\n4\n");
	restart(&s);
	assert_string_equal(content(&s, "events"), "0\n1\n");
	assert_true(stage_logged(&s.stage, ": 6 bytes were not yet committed and are cut off"));
	deliver(&s, 1);
	assert_string_equal(content(&s, "events"), "0\n1\n2\n3\n4\n5\n");
	site_fini(&s);
}

/* The very first bytes in a file: what was in it before is known by then. */
static void crash_after_the_first_write(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	append_to(s.path, "from before\n");
	deliver_and_crash(&s, 2);
	assert_string_equal(content(&s, "events"), "from before\n0\n1\n");
	restart(&s);
	assert_string_equal(content(&s, "events"), "from before\n");
	deliver(&s, 0);
	assert_string_equal(content(&s, "events"), "from before\n0\n1\n");
	site_fini(&s);
}

/* Nothing is written while it cannot be made known which file it is. */
static void no_write_without_a_mark(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	push(&s);
	push(&s);
	s.stage.commits_to_fail = 2;
	worker_step(s.stage.worker);
	assert_string_equal(content(&s, "events"), "");
	assert_int_equal(worker_counters(s.stage.worker)->failed, 0);
	assert_true(stage_logged(&s.stage, "ERROR Pipeline failed. the broker is away"));
	assert_true(stage_run(&s.stage));
	assert_string_equal(content(&s, "events"), "0\n1\n");
	assert_int_equal(worker_counters(s.stage.worker)->failed, 0);
	site_fini(&s);
}

/* A single message goes another way than several. */
static void no_write_without_a_mark_one(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	s.stage.commits_to_fail = 2;
	deliver(&s, 1);
	assert_string_equal(content(&s, "events"), "0\n");
	assert_int_equal(worker_counters(s.stage.worker)->failed, 0);
	assert_int_equal(worker_counters(s.stage.worker)->received, 1);
	site_fini(&s);
}

static void rotated_while_running(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	deliver(&s, 2);
	move(&s, "events.1");
	deliver(&s, 1);
	assert_string_equal(content(&s, "events.1"), "0\n1\n");
	assert_string_equal(content(&s, "events"), "2\n");
	assert_int_equal(s.stage.durable_commits, 2);
	move(&s, "events.2");
	deliver_and_crash(&s, 1);
	restart(&s);
	deliver(&s, 0);
	assert_string_equal(content(&s, "events"), "3\n");
	site_fini(&s);
}

static void rotated_after_a_crash(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	deliver(&s, 1);
	deliver_and_crash(&s, 2);
	move(&s, "events.1");
	append_to(s.path, "");
	restart(&s);
	deliver(&s, 0);
	assert_string_equal(content(&s, "events.1"), "0\n");
	assert_string_equal(content(&s, "events"), "1\n2\n");
	site_fini(&s);
}

static void lost_or_shorter(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	deliver(&s, 1);
	deliver_and_crash(&s, 1);
	assert_int_equal(unlink(s.path), 0);
	restart(&s);
	assert_true(stage_logged(&s.stage, "/events is gone; "));
	deliver(&s, 1);
	assert_string_equal(content(&s, "events"), "1\n2\n");
	stage_leave(&s.stage);
	assert_int_equal(truncate(s.path, 2), 0);
	restart(&s);
	assert_true(stage_logged(&s.stage, "/events has lost 2 bytes "));
	size_t durable = s.stage.durable_commits;
	deliver(&s, 1);
	assert_int_equal(s.stage.durable_commits, durable + 1);
	assert_string_equal(content(&s, "events"), "1\n3\n");
	site_fini(&s);
}

static void somebody_else_writes(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	deliver(&s, 1);
	append_to(s.path, "theirs\n");
	deliver_and_crash(&s, 1);
	assert_true(stage_logged(&s.stage, "WARNING Somebody else has changed "));
	restart(&s);
	deliver(&s, 0);
	assert_string_equal(content(&s, "events"), "0\ntheirs\n1\n");
	assert_int_equal(truncate(s.path, 2), 0); /* logrotate's copytruncate */
	deliver(&s, 1);
	assert_string_equal(content(&s, "events"), "0\n2\n");
	site_fini(&s);
}

static void locked_by_somebody_else(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	deliver(&s, 1);
	stage_leave(&s.stage);
	int fd = open(s.path, O_WRONLY);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_false(stage_enter(&s.stage, &outputs_file_output));
	assert_true(stage_logged(&s.stage, "events is locked: "));
	close(fd);
	restart(&s);
	site_fini(&s);
}

static void another_path(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	deliver(&s, 1);
	deliver_and_crash(&s, 1);
	stage_set(&s.stage, "file",
	          value_cstr(arena_printf(&s.stage.arena, "%s/other", s.folder).p));
	restart(&s);
	deliver(&s, 0);
	assert_string_equal(content(&s, "events"), "0\n");
	assert_string_equal(content(&s, "other"), "1\n");
	/* And back, with names from fields. */
	deliver_and_crash(&s, 1);
	stage_set(&s.stage, "file", value_cstr(s.path));
	stage_set(&s.stage, "format_filename", value_bool(true));
	restart(&s);
	deliver(&s, 1);
	assert_string_equal(content(&s, "other"), "1\n");
	assert_string_equal(content(&s, "events"), "0\n2\n3\n");
	assert_int_equal(state_table_count(worker_keyed_state(s.stage.worker)), 0);
	site_fini(&s);
}

/* What is written and not yet committed stays so. */
static void reload_before_the_commit(void **state)
{
	(void)state;
	struct site s;
	site_init(&s);
	deliver(&s, 1);
	push(&s);
	s.stage.commits_to_fail = 1;
	worker_step(s.stage.worker);
	worker_reload(s.stage.worker, s.stage.parameters);
	assert_true(stage_run(&s.stage));
	deliver(&s, 1);
	assert_true(stage_logged(&s.stage, "Handling SIGHUP"));
	assert_string_equal(content(&s, "events"), "0\n1\n2\n");
	assert_false(stage_logged(&s.stage, "WARNING "));
	site_fini(&s);
}

/* ---- Anything in any order ---- */

static uint64_t seed;

static unsigned below(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* As a full disk: some of it fits. */
static void step_without_room(struct site *s)
{
	struct stat st = { 0 };
	stat(s->path, &st);
	limit_files((rlim_t)st.st_size + below(20));
	worker_step(s->stage.worker);
	limit_files(RLIM_INFINITY);
	clock_advance(100 * 1000000);
}

static void act(struct site *s, unsigned *rotated)
{
	for (unsigned n = below(8); n > 0; n--)
		push(s);
	switch (below(7)) {
	case 0:
		deliver_and_crash(s, 0);
		if (below(2))
			move(s, arena_printf(&s->stage.arena, "events.%u", (*rotated)++).p);
		restart(s);
		break;
	case 1:
		move(s, arena_printf(&s->stage.arena, "events.%u", (*rotated)++).p);
		if (below(2))
			append_to(s->path, "");
		break;
	case 2:
		s->stage.commits_to_fail = (int)below(3);
		worker_step(s->stage.worker);
		s->stage.commits_to_fail = 0;
		clock_advance(100 * 1000000);
		break;
	case 3:
		step_without_room(s);
		break;
	case 4:
		worker_reload(s->stage.worker, s->stage.parameters);
		break;
	default:
		worker_step(s->stage.worker);
	}
	if (access(s->path, F_OK) < 0)
		deliver(s, 1);
}

/* The last file is events.`rotated`. */
static void check_files(struct site *s, unsigned rotated)
{
	unsigned next = 0;
	for (unsigned file = 0; file <= rotated; file++) {
		const char *name = arena_printf(&s->stage.arena, "events.%u", file).p;
		for (struct str rest = str_of(content(s, name)); rest.n; next++) {
			struct str want = arena_printf(&s->stage.arena, "%u", next);
			assert_true(str_eq(str_cut(&rest, '\n'), want));
		}
	}
	assert_int_equal(next, s->pushed);
}

static void each_line_once_in_order(void **state)
{
	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	for (unsigned run = 0; run < 30; run++) {
		struct site s;
		unsigned rotated = 0;
		seed = run;
		site_init(&s);
		for (int i = 0; i < 60; i++)
			act(&s, &rotated);
		clock_advance(100 * 1000000);
		deliver(&s, 1);
		move(&s, arena_printf(&s.stage.arena, "events.%u", rotated).p);
		check_files(&s, rotated);
		site_fini(&s);
	}
}

/* ---- The embedded broker, which forgets what is in no group yet when it dies: the file is cut to what it knows ---- */

static void rotate(struct site *s, unsigned *rotated)
{
	if (access(s->path, F_OK) == 0)
		move(s, arena_printf(&s->stage.arena, "events.%u", (*rotated)++).p);
}

static void crash_broker(struct site *s, struct embedded *e, unsigned *rotated)
{
	for (unsigned n = below(4); n > 0; n--)
		worker_step(s->stage.worker);
	if (below(3) == 0)
		rotate(s, rotated);
	embedded_crash(e);
	stage_leave(&s->stage);
	restart(s);
}

static void act_embedded(struct site *s, struct embedded *e, unsigned *rotated)
{
	for (unsigned n = below(8); n > 0; n--)
		push(s);
	switch (below(6)) {
	case 0:
		crash_broker(s, e, rotated);
		break;
	case 1:
		rotate(s, rotated);
		break;
	case 2:
		stage_leave(&s->stage);
		restart(s);
		break;
	case 3:
		clock_advance(200 * 1000); /* time for a group */
		embedded_work(e);
		break;
	default:
		worker_step(s->stage.worker);
	}
}

/* The broker waits for time to pass, too. */
static void work_and_wait(void *context)
{
	clock_advance(5 * 1000);
	embedded_work(context);
}

static void each_line_once_though_the_broker_dies(void **state)
{
	(void)state;
	size_t cuts = 0;
	for (unsigned run = 0; run < EMBEDDED_RUNS; run++) {
		struct site s;
		void *e;
		unsigned rotated = 0;
		seed = run;
		site_init(&s);
		stage_leave(&s.stage);
		broker_free(s.stage.broker);
		assert_int_equal(embedded_setup(&e), 0);
		s.stage.broker = broker_connect_inside(
			&(struct client_hooks){ embedded_connect, work_and_wait, e });
		restart(&s);
		for (int i = 0; i < 80; i++)
			act_embedded(&s, e, &rotated);
		clock_advance(100 * 1000000);
		deliver(&s, 1);
		move(&s, arena_printf(&s.stage.arena, "events.%u", rotated).p);
		check_files(&s, rotated);
		cuts += stage_logged_times(&s.stage, "were not yet committed and are cut off");
		assert_false(stage_logged(&s.stage, "Somebody else"));
		site_fini(&s);
		embedded_teardown(&e);
	}
	assert_true(cuts > EMBEDDED_RUNS);
}

/* The lines of one file fail to be written when the next message wants another file. */
static void earlier_lines_are_not_lost(void **state)
{
	(void)state;
	struct site s;
	signal(SIGXFSZ, SIG_IGN);
	site_init(&s);
	stage_leave(&s.stage);
	assert_int_equal(unlink(s.path), 0);
	stage_set(&s.stage, "file",
	          value_cstr(arena_printf(&s.stage.arena, "%s/{event[comment]}", s.folder).p));
	stage_set(&s.stage, "format_filename", value_bool(true));
	restart(&s);
	push(&s);
	push(&s);
	limit_files(0);
	worker_step(s.stage.worker);
	limit_files(RLIM_INFINITY);
	assert_int_equal(worker_counters(s.stage.worker)->received, 0);
	deliver(&s, 1);
	assert_string_equal(content(&s, "0"), "0\n");
	assert_string_equal(content(&s, "1"), "1\n");
	assert_string_equal(content(&s, "2"), "2\n");
	site_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(written_once),
		cmocka_unit_test(crash_before_the_commit),
		cmocka_unit_test(crash_after_the_first_write),
		cmocka_unit_test(no_write_without_a_mark),
		cmocka_unit_test(no_write_without_a_mark_one),
		cmocka_unit_test(rotated_while_running),
		cmocka_unit_test(rotated_after_a_crash),
		cmocka_unit_test(lost_or_shorter),
		cmocka_unit_test(somebody_else_writes),
		cmocka_unit_test(locked_by_somebody_else),
		cmocka_unit_test(another_path),
		cmocka_unit_test(reload_before_the_commit),
		cmocka_unit_test(each_line_once_in_order),
		cmocka_unit_test(each_line_once_though_the_broker_dies),
		cmocka_unit_test(earlier_lines_are_not_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
