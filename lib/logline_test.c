/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "lib/file_name.h"
#include "lib/flatten.h"
#include "lib/lines_reverse.h"
#include "lib/logline.h"
#include "lib/version.h"

#include <stdlib.h>
#include <unistd.h>

static struct arena arena;

static void log_file(void **state)
{
	(void)state;
	struct logline line;
	assert_int_equal(
		logline_parse(&arena, S("2015-05-29 21:00:24,379 - a-bot.4 - ERROR - It - broke\n"),
	                      &line, NULL),
		1);
	assert_true(str_eq(line.date, S("2015-05-29T21:00:24.379000")));
	assert_true(str_eq(line.bot_id, S("a-bot")));
	assert_int_equal(line.thread_id, 4);
	assert_true(str_eq(line.level, S("ERROR")));
	assert_true(str_eq(line.message, S("It - broke")));

	assert_int_equal(logline_parse(&arena,
	                               S("2015-05-29 21:00:24,000 - py.warnings - INFO - x"), &line,
	                               NULL),
	                 1);
	assert_true(str_eq(line.date, S("2015-05-29T21:00:24")));
	assert_true(str_eq(line.bot_id, S("py.warnings")));
	assert_int_equal(line.thread_id, -1);
	assert_int_equal(
		logline_parse(&arena, S("2015-13-29 21:00:24,000 - b - INFO - x"), &line, NULL),
		-1);
}

static void no_log_lines(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"",
		"2015-05-29 21:00:24 - b - INFO - x",
		"2015-05-29 21:00:24,379 - b - INFO - ",
		"2015-05-29 21:00:24,379 - b.c - INFO - x",
		"2015-05-29 21:00:24,379 - b - INFO - x\ny",
		"2015-05-29 21:00:24,379 - b - info - x",
	};
	struct logline line;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		assert_int_equal(logline_parse(&arena, str_of(texts[i]), &line, NULL), 0);
}

static void syslog(void **state)
{
	(void)state;
	struct logline line;
	assert_int_equal(logline_parse_syslog(&arena,
	                                      S("Feb 22 10:17:10 my-host.example b.4: INFO x y"),
	                                      2024, &line, NULL),
	                 1);
	assert_true(str_eq(line.date, S("2024-02-22T10:17:10")));
	assert_true(str_eq(line.bot_id, S("b")));
	assert_int_equal(line.thread_id, 4);
	assert_true(str_eq(line.message, S("x y")));
	assert_int_equal(
		logline_parse_syslog(&arena, S("Feb 2 10:17:10 h b: INFO x"), 2024, &line, NULL),
		0);
	assert_int_equal(
		logline_parse_syslog(&arena, S("xxx 22 10:17:10 h b: INFO x"), 2024, &line, NULL),
		-1);
	assert_int_equal(
		logline_parse_syslog(&arena, S("Feb 30 10:17:10 h b: INFO x"), 2024, &line, NULL),
		-1);
}

/* The lines of a file with this content from its end, each in brackets. */
static void check_reverse(const char *content, size_t bytes_max, const char *expected)
{
	struct lines_reverse lines;
	struct str line;
	char found[100] = "", name[] = "/tmp/logline_test_XXXXXX";
	int fd = mkstemp(name), got;
	assert_true(fd >= 0);
	unlink(name);
	assert_int_equal(write(fd, content, strlen(content)), strlen(content));
	assert_int_equal(lines_reverse_init(&lines, fd, bytes_max, NULL), 0);
	while ((got = lines_reverse_next(&lines, &line, NULL)) > 0)
		snprintf(found + strlen(found), sizeof found - strlen(found), "[%.*s]",
		         STR_ARG(line));
	assert_int_equal(got, 0);
	assert_string_equal(found, expected);
	lines_reverse_fini(&lines);
	close(fd);
}

static void from_the_end(void **state)
{
	(void)state;
	check_reverse("", 100, "[]");
	check_reverse("a", 100, "[a]");
	check_reverse("a\n\nb\n", 100, "[][b][][a]");
	check_reverse("\n", 100, "[][]");
	check_reverse("abcdef\ngh", 6, "[gh][def]");
}

static void long_files_from_the_end(void **state)
{
	(void)state;
	struct lines_reverse lines;
	struct str line;
	char text[16], name[] = "/tmp/logline_test_XXXXXX";
	int fd = mkstemp(name);
	unlink(name);
	for (int i = 0; i < 20000; i++)
		assert_true(write(fd, text, (size_t)snprintf(text, sizeof text, "%d\n", i)) > 0);
	assert_int_equal(lines_reverse_init(&lines, fd, SIZE_MAX, NULL), 0);
	assert_int_equal(lines_reverse_next(&lines, &line, NULL), 1);
	assert_int_equal(line.n, 0);
	for (int i = 19999; i >= 0; i--) {
		size_t n = (size_t)snprintf(text, sizeof text, "%d", i);
		assert_int_equal(lines_reverse_next(&lines, &line, NULL), 1);
		assert_true(str_eq(line, (struct str){ text, n }));
	}
	assert_int_equal(lines_reverse_next(&lines, &line, NULL), 0);
	lines_reverse_fini(&lines);
	close(fd);
}

static struct list *version(int a, int b, int c, const char *stage, int number)
{
	struct list *list = list_new(&arena);
	list_add(list, value_int(a));
	list_add(list, value_int(b));
	list_add(list, value_int(c));
	if (stage)
		list_add(list, value_cstr(stage));
	if (number >= 0)
		list_add(list, value_int(number));
	return list;
}

static void versions(void **state)
{
	(void)state;
	int order;
	assert_int_equal(version_compare(version(2, 0, 0, NULL, -1), version(10, 0, 0, NULL, -1),
	                                 &order, NULL),
	                 0);
	assert_int_equal(order, -1);
	assert_int_equal(version_compare(version(1, 0, 0, NULL, -1), version(1, 0, 0, "rc", 1),
	                                 &order, NULL),
	                 0);
	assert_int_equal(order, 1);
	assert_int_equal(version_compare(version(1, 0, 0, "beta", -1), version(1, 0, 0, "beta", 0),
	                                 &order, NULL),
	                 0);
	assert_int_equal(order, 0);
	struct list *odd = list_new(&arena);
	assert_int_equal(version_compare(odd, odd, &order, NULL), -1);
}

static void file_names(void **state)
{
	(void)state;
	struct str name;
	assert_int_equal(file_name_of(STR_NONE, S("http://x/a/b.txt"), &name, NULL), 0);
	assert_true(str_eq(name, S("b.txt")));
	assert_int_equal(file_name_of(S("attachment; filename=a.csv; size=5"), S("x"), &name, NULL),
	                 0);
	assert_true(str_eq(name, S("a.csv; size=5")));
	assert_int_equal(file_name_of(S("attachment"), S("x/y"), &name, NULL), -1);
}

static void flattening(void **state)
{
	(void)state;
	struct list *inner = list_new(&arena);
	list_add(inner, value_cstr("b"));
	list_add(inner, value_list(list_new(&arena)));
	struct dict *paths = dict_new(&arena);
	dict_set(paths, S("_default"), value_cstr("a"));
	dict_set(paths, S("x"), value_list(inner));
	dict_set(paths, S("y"), value_cstr("c"));
	struct list *flat = list_flatten(&arena, value_dict(paths));
	assert_int_equal(flat->n, 3);
	assert_true(value_is_text(flat->items[0], S("a")));
	assert_true(value_is_text(flat->items[1], S("b")));
	assert_true(value_is_text(flat->items[2], S("c")));
	assert_int_equal(list_flatten(&arena, value_cstr("q"))->n, 1);
}

static int close_arena(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_file),
		cmocka_unit_test(no_log_lines),
		cmocka_unit_test(syslog),
		cmocka_unit_test(from_the_end),
		cmocka_unit_test(long_files_from_the_end),
		cmocka_unit_test(versions),
		cmocka_unit_test(file_names),
		cmocka_unit_test(flattening),
	};
	return cmocka_run_group_tests(tests, NULL, close_arena);
}
