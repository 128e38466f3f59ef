/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/files.h"

#include <intelmq/clock.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <time.h>
#include <unistd.h>

#define NOW INT64_C(1441286002159014)

static char directory[64];

static int setup(void **state)
{
	(void)state;
	snprintf(directory, sizeof directory, "/tmp/log_file_test.XXXXXX");
	assert_non_null(mkdtemp(directory));
	setenv("TZ", "UTC0", 1);
	tzset();
	clock_set(NOW);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	static const char *const names[] = { "b.log", "b.log.1", "b.log.2", "b.log.3" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		char file[128];
		snprintf(file, sizeof file, "%s/%s", directory, names[i]);
		unlink(file);
	}
	clock_unset();
	return rmdir(directory);
}

static const char *content(const char *name)
{
	static char text[70000];
	char file[128];
	snprintf(file, sizeof file, "%s/%s", directory, name);
	FILE *f = fopen(file, "r");
	if (!f)
		return NULL;
	text[fread(text, 1, sizeof text - 1, f)] = 0;
	fclose(f);
	return text;
}

static struct log_file *log_open(int64_t max_size, int64_t max_copies)
{
	struct log_file *log = NULL;
	assert_int_equal(log_file_open(directory, "b", max_size, max_copies, &log, NULL), 0);
	return log;
}

/* The form that the reference's tools read. */
static void lines(void **state)
{
	(void)state;
	struct log_file *log = log_open(0, 0);
	assert_int_equal(log_file_write(log, LEVEL_INFO, S("Bot stopped.")), 0);
	assert_int_equal(log_file_write(log, LEVEL_CRITICAL, S("gr\xc3\xbc\xc3\x9f - dich")), 0);
	log_file_close(log);
	assert_string_equal(content("b.log"),
	                    "2015-09-03 13:13:22,159 - b - INFO - Bot stopped.\n"
	                    "2015-09-03 13:13:22,159 - b - CRITICAL - gr\xc3\xbc\xc3\x9f - dich\n");
}

static void times_are_local(void **state)
{
	(void)state;
	setenv("TZ", "XXX-5:30", 1);
	tzset();
	struct log_file *log = log_open(0, 0);
	log_file_write(log, LEVEL_DEBUG, S("x"));
	log_file_close(log);
	assert_string_equal(content("b.log"), "2015-09-03 18:43:22,159 - b - DEBUG - x\n");
}

/* What a feed contains cannot begin a line of its own or colour a terminal. */
static void lines_cannot_be_forged(void **state)
{
	(void)state;
	struct log_file *log = log_open(0, 0);
	log_file_write(log, LEVEL_ERROR,
	               S("a\n2015-09-03 13:13:22,159 - b - INFO - forged\r\x1b[31m\x7f\tb"));
	log_file_close(log);
	assert_string_equal(content("b.log"), "2015-09-03 13:13:22,159 - b - ERROR - "
	                                      "a\\x0a2015-09-03 13:13:22,159 - b - INFO - forged"
	                                      "\\x0d\\x1b[31m\\x7f\tb\n");
}

static void appends(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct log_file *log = log_open(0, 0);
		log_file_write(log, LEVEL_INFO, S("x"));
		log_file_close(log);
	}
	assert_int_equal(strlen(content("b.log")),
	                 2 * strlen("2015-09-03 13:13:22,159 - b - INFO - x\n"));
}

static void long_lines_are_cut(void **state)
{
	(void)state;
	static char text[30000];
	struct log_file *log = log_open(0, 0);
	memset(text, 1, sizeof text);
	assert_int_equal(log_file_write(log, LEVEL_INFO, (struct str){ text, sizeof text }), 0);
	assert_int_equal(log_file_write(log, LEVEL_INFO, S("next")), 0);
	log_file_close(log);
	const char *next = strstr(content("b.log"),
	                          "\n2015-09-03 13:13:22,159 - b - INFO - next\n");
	assert_non_null(next);
}

/* Copies are b.log.1 (the newest) to b.log.<max>; lines are never divided. */
static void rotates(void **state)
{
	(void)state;
	struct log_file *log = log_open(100, 2);
	for (int i = 0; i < 8; i++) {
		char digit = (char)('0' + i);
		assert_int_equal(log_file_write(log, LEVEL_INFO, (struct str){ &digit, 1 }), 0);
	}
	log_file_close(log);
	assert_string_equal(
		content("b.log.2"),
		"2015-09-03 13:13:22,159 - b - INFO - 2\n2015-09-03 13:13:22,159 - b - INFO - 3\n");
	assert_string_equal(
		content("b.log.1"),
		"2015-09-03 13:13:22,159 - b - INFO - 4\n2015-09-03 13:13:22,159 - b - INFO - 5\n");
	assert_string_equal(
		content("b.log"),
		"2015-09-03 13:13:22,159 - b - INFO - 6\n2015-09-03 13:13:22,159 - b - INFO - 7\n");
	assert_null(content("b.log.3"));
}

/* As the reference: a size without copies means one file that grows. */
static void without_copies_it_grows(void **state)
{
	(void)state;
	struct log_file *log = log_open(50, 0);
	for (int i = 0; i < 4; i++)
		log_file_write(log, LEVEL_INFO, S("x"));
	log_file_close(log);
	assert_int_equal(strlen(content("b.log")),
	                 4 * strlen("2015-09-03 13:13:22,159 - b - INFO - x\n"));
	assert_null(content("b.log.1"));
}

static void directory_is_missing(void **state)
{
	(void)state;
	struct log_file *log = NULL;
	struct err err = { 0 };
	assert_int_equal(log_file_open("/nowhere/at/all", "b", 0, 0, &log, &err), -1);
	assert_int_equal(err.fault, FAULT_CONFIGURATION);
	assert_non_null(strstr(err.text, "/nowhere/at/all/b.log"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lines, setup, teardown),
		cmocka_unit_test_setup_teardown(times_are_local, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_cannot_be_forged, setup, teardown),
		cmocka_unit_test_setup_teardown(appends, setup, teardown),
		cmocka_unit_test_setup_teardown(long_lines_are_cut, setup, teardown),
		cmocka_unit_test_setup_teardown(rotates, setup, teardown),
		cmocka_unit_test_setup_teardown(without_copies_it_grows, setup, teardown),
		cmocka_unit_test_setup_teardown(directory_is_missing, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
