/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The client's side against a server that behaves badly; the server's own side is tested by tests/daemon/run. */
#include "daemon/control.h"

#include <intelmq/clock.h>

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

static char directory[64];
static struct paths paths = { .run = directory };
static pid_t server;

static int setup(void **state)
{
	(void)state;
	snprintf(directory, sizeof directory, "/tmp/control_test.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(directory + strlen(directory), 2, "/");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	char path[128];
	snprintf(path, sizeof path, "%sintelmqd.sock", directory);
	unlink(path);
	return rmdir(directory);
}

/* Takes one connection, reads something of the request, and writes `answer`; then it waits to be killed, or closes. */
static void serve(const char *answer, bool closes)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%sintelmqd.sock", directory);
	unlink(address.sun_path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(0, bind(fd, (struct sockaddr *)&address, sizeof address));
	assert_int_equal(0, listen(fd, 1));
	server = fork();
	if (server == 0) {
		char request[200];
		int one = accept(fd, NULL, NULL);
		if (read(one, request, sizeof request) > 0 &&
		    write(one, answer, strlen(answer)) < 0)
			_exit(1);
		while (!closes)
			pause();
		_exit(0);
	}
	close(fd);
}

static int ask(int timeout_ms, struct arena *arena, struct value *answer, struct err *err)
{
	struct dict *request = dict_new(arena);
	dict_set(request, S("command"), value_str(S("status")));
	*err = (struct err){ 0 };
	int rc = control_call(&paths, value_dict(request), timeout_ms, arena, answer, err);
	if (server)
		kill(server, SIGKILL);
	if (server)
		waitpid(server, NULL, 0);
	server = 0;
	return rc;
}

static void fails(const char *answer, bool closes, const char *text)
{
	struct arena arena;
	struct value value;
	struct err err;
	arena_init(&arena);
	serve(answer, closes);
	assert_int_equal(-1, ask(300, &arena, &value, &err));
	assert_non_null(strstr(err.text, text));
	arena_fini(&arena);
}

static void test_nobody(void **state)
{
	(void)state;
	struct arena arena;
	struct value value;
	struct err err;
	arena_init(&arena);
	assert_false(control_is_running(&paths));
	assert_int_equal(-1, ask(300, &arena, &value, &err));
	assert_non_null(strstr(err.text, "intelmqd does not run"));
	arena_fini(&arena);
}

static void test_answer(void **state)
{
	(void)state;
	struct arena arena;
	struct value value;
	struct err err;
	arena_init(&arena);
	serve("{\"bots\": {}}\nand more", false);
	assert_int_equal(0, ask(2000, &arena, &value, &err));
	assert_non_null(dict_get(value.dict, S("bots")));
	arena_fini(&arena);
}

static void test_bad_answers(void **state)
{
	(void)state;
	fails("", true, "closed the connection");
	fails("{\"bots\": ", true, "closed the connection");
	fails("{\"bots\": \n", true, "intelmqd's answer: ");
	fails("[]\n", true, "not an object");
}

static void test_time(void **state)
{
	(void)state;
	int64_t began = clock_monotonic_ms();
	fails("{\"bots\": ", false, "did not answer in time");
	assert_in_range(clock_monotonic_ms() - began, 290, 5000);
}

static void test_long_path(void **state)
{
	(void)state;
	char longer[200];
	struct paths far = { .run = longer };
	struct arena arena;
	struct value value;
	struct err err = { 0 };
	memset(longer, 'x', sizeof longer);
	longer[sizeof longer - 1] = 0;
	arena_init(&arena);
	assert_int_equal(
		-1, control_call(&far, value_dict(dict_new(&arena)), 100, &arena, &value, &err));
	assert_non_null(strstr(err.text, "too long for a socket"));
	arena_fini(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(test_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_time, setup, teardown),
		cmocka_unit_test(test_long_path),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
