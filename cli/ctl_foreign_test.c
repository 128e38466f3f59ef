/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/ctl_bots.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define MODULE "intelmq.bots.experts.example.expert"

static char folder[] = "/tmp/intelmq-foreign-XXXXXX";
static struct paths paths;
static struct ctl ctl;
static const struct runtime_bot bot = { .id = { "example", 7 },
	                                .module = { MODULE, sizeof MODULE - 1 },
	                                .enabled = true };

static int setup(void **state)
{
	(void)state;
	arena_init(&ctl.arena);
	if (!mkdtemp(folder))
		return -1;
	paths.run = arena_printf(&ctl.arena, "%s/", folder).p;
	ctl.paths = &paths;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&ctl.arena);
	return rmdir(folder);
}

static const char *pid_path(void)
{
	return arena_printf(&ctl.arena, "%sexample.pid", paths.run).p;
}

static void pid_write(const char *text)
{
	FILE *file = fopen(pid_path(), "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static const char *number_text(pid_t pid)
{
	return arena_printf(&ctl.arena, "%d\n", (int)pid).p;
}

/* A shell that waits under the command line `python3 <script> <words>`, as a Python bot has it. */
static pid_t process_start(const char *script, const char *first, const char *second)
{
	const char *path = arena_printf(&ctl.arena, "%s/%s", folder, script).p;
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("while :; do sleep 0.1; done\n", file);
	fclose(file);
	pid_t pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "python3", path, first, second, (char *)NULL);
		_exit(1);
	}
	const char *line = arena_printf(&ctl.arena, "/proc/%d/cmdline", (int)pid).p;
	for (int i = 0; i < 500; i++) {
		char got[16] = "";
		FILE *now = fopen(line, "r");
		size_t n = now ? fread(got, 1, sizeof got - 1, now) : 0;
		if (now)
			fclose(now);
		if (n && strcmp(got, "python3") == 0)
			break;
		poll(NULL, 0, 10);
	}
	return pid;
}

static void process_end(pid_t pid, const char *script)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	unlink(arena_printf(&ctl.arena, "%s/%s", folder, script).p);
	unlink(pid_path());
}

static void a_python_bot_is_recognised(void **state)
{
	(void)state;
	struct bot_state now;
	pid_t pid = process_start(MODULE, "example", NULL);
	pid_write(number_text(pid));
	foreign_state(&ctl, &bot, &now);
	assert_int_equal(now.status, BOT_RUNNING);
	assert_int_equal(now.foreign, pid);
	process_end(pid, MODULE);
	pid = process_start("intelmqctl", "run", "example");
	pid_write(number_text(pid));
	foreign_state(&ctl, &bot, &now);
	assert_int_equal(now.status, BOT_RUNNING);
	process_end(pid, "intelmqctl");
}

static void another_process_is_not(void **state)
{
	(void)state;
	struct bot_state now;
	pid_t pid = process_start(MODULE, "another", NULL);
	pid_write(number_text(pid));
	foreign_state(&ctl, &bot, &now);
	assert_int_equal(now.status, BOT_UNKNOWN);
	assert_int_equal(now.foreign, 0);
	assert_string_equal(
		arena_cstr(&ctl.arena, now.reason),
		arena_printf(
			&ctl.arena,
			"Commandline of the process %d with commandline ['python3', '%s/" MODULE
			"', 'another'] could not be interpreted.",
			(int)pid, folder)
			.p);
	assert_true(foreign_stop(&ctl, &bot, pid)); /* gone, as far as this bot is concerned */
	assert_int_equal(kill(pid, 0), 0);
	process_end(pid, MODULE);
}

static void what_is_gone_leaves_no_pid_file(void **state)
{
	(void)state;
	struct bot_state now;
	pid_t pid = fork();
	if (pid == 0)
		_exit(0);
	waitpid(pid, NULL, 0);
	const char *const texts[] = { number_text(pid),      "garbage", "", "-1", "1",
		                      "99999999999999999999" };
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		pid_write(texts[i]);
		foreign_state(&ctl, &bot, &now);
		assert_int_equal(now.status, BOT_STOPPED);
		assert_int_equal(access(pid_path(), F_OK), -1);
	}
}

static void a_python_bot_is_stopped(void **state)
{
	(void)state;
	int status;
	pid_t pid = process_start(MODULE, "example", NULL);
	pid_write(number_text(pid));
	assert_true(foreign_stop(&ctl, &bot, pid));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
	assert_int_equal(access(pid_path(), F_OK), -1);
	unlink(arena_printf(&ctl.arena, "%s/" MODULE, folder).p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_python_bot_is_recognised),
		cmocka_unit_test(another_process_is_not),
		cmocka_unit_test(what_is_gone_leaves_no_pid_file),
		cmocka_unit_test(a_python_bot_is_stopped),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
