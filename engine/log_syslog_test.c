/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/files.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

static void line_to_a_local_socket(void **state)
{
	char dir[] = "/tmp/intelmq-syslog-XXXXXX", line[200] = "";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct log_syslog *log;
	struct err err = { 0 };
	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(address.sun_path, sizeof address.sun_path, "%s/log", dir);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(log_syslog_open(value_cstr(address.sun_path), "my-bot", &log, &err), 0);
	assert_int_equal(log_syslog_write(log, LEVEL_ERROR, S("two\nlines")), 0);
	assert_true(recv(fd, line, sizeof line - 1, 0) > 0);
	assert_string_equal(line, "<11>my-bot: ERROR two\\x0alines");
	log_syslog_close(log);
	close(fd);
	unlink(address.sun_path);
	rmdir(dir);
}

static void line_to_a_host(void **state)
{
	char line[200] = "";
	struct sockaddr_in address = { .sin_family = AF_INET,
		                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof address;
	struct log_syslog *log;
	struct err err = { 0 };
	struct arena arena;
	(void)state;
	arena_init(&arena);
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	struct list *where = list_new(&arena);
	list_add(where, value_str(S("127.0.0.1")));
	list_add(where, value_int(ntohs(address.sin_port)));
	assert_int_equal(log_syslog_open(value_list(where), "my-bot", &log, &err), 0);
	assert_int_equal(log_syslog_write(log, LEVEL_INFO, S("hello")), 0);
	assert_true(recv(fd, line, sizeof line - 1, 0) > 0);
	assert_string_equal(line, "<14>my-bot: INFO hello");
	log_syslog_close(log);
	close(fd);
	arena_fini(&arena);
}

static void wrong_addresses_are_refused(void **state)
{
	struct log_syslog *log;
	struct err err = { 0 };
	(void)state;
	assert_int_equal(log_syslog_open(value_cstr("/nonexistent/log"), "b", &log, &err), -1);
	assert_non_null(strstr(err.text, "/nonexistent/log"));
	assert_int_equal(log_syslog_open(value_int(5), "b", &log, &err), -1);
	assert_int_equal(err.fault, FAULT_CONFIGURATION);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(line_to_a_local_socket),
		cmocka_unit_test(line_to_a_host),
		cmocka_unit_test(wrong_addresses_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
