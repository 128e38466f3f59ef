/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <intelmq/chunk.h>

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static void cut(void **state)
{
	(void)state;
	struct str rest = S("a\nbb\nlonger\nc");
	assert_true(str_eq(chunk_cut(&rest, 5), S("a\nbb\n")));
	assert_true(str_eq(chunk_cut(&rest, 5), S("longer\n"))); /* a line that does not fit */
	assert_true(str_eq(chunk_cut(&rest, 5), S("c")));
	assert_int_equal(chunk_cut(&rest, 5).n, 0);
}

/* The pieces of a text, each in brackets, read from memory and from a file. */
static void check(const char *text, size_t size, bool header, const char *expected)
{
	for (int from_file = 0; from_file < 2; from_file++) {
		struct chunk_source source;
		struct str piece;
		char found[200] = "";
		char name[] = "/tmp/chunk_test_XXXXXX";
		int fd = mkstemp(name), got;
		assert_true(fd >= 0);
		unlink(name);
		assert_int_equal(write(fd, text, strlen(text)), strlen(text));
		lseek(fd, 0, SEEK_SET);
		if (from_file)
			chunk_source_init(&source, fd, size, header, 1 << 20);
		else
			chunk_source_init_memory(&source, str_of(text), size, header);
		while ((got = chunk_next(&source, &piece, NULL)) > 0)
			snprintf(found + strlen(found), sizeof found - strlen(found), "[%.*s]",
			         STR_ARG(piece));
		assert_int_equal(got, 0);
		assert_string_equal(found, expected);
		chunk_source_fini(&source);
		close(fd);
	}
}

static void reading(void **state)
{
	(void)state;
	check("", 0, false, "");
	check("", 3, true, "");
	check("ab\ncd", 0, false, "[ab\ncd]");
	check("ab\ncd\nef", 6, false, "[ab\ncd\n][ef]");
	check("ab\ncd\nef", 1, false, "[ab\n][cd\n][ef]");
	check("no newline at all", 4, false, "[no newline at all]");
	check("h\nab\ncd\n", 3, true, "[h\nab\n][h\ncd\n]");
	check("h\n", 3, true, "");
	check("h", 3, true, "");
	check("h\nab\n", 0, true, "[h\nab\n]");
}

static void long_lines_are_refused(void **state)
{
	(void)state;
	struct chunk_source source;
	struct str piece;
	struct err err;
	int fd = open("/dev/zero", O_RDONLY);
	assert_true(fd >= 0);
	chunk_source_init(&source, fd, 1000, false, 1 << 20);
	assert_int_equal(chunk_next(&source, &piece, &err), -1);
	assert_string_equal(err.text, "a line is longer than 1048576 bytes");
	chunk_source_fini(&source);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cut),
		cmocka_unit_test(reading),
		cmocka_unit_test(long_lines_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
