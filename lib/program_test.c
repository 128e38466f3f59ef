/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/program.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

static int run(const char *script, double seconds, struct buffer *out, struct err *err)
{
	const char *const argv[] = { "sh", "-c", script, NULL };
	buffer_clear(out);
	return program_run(argv, seconds, out, err);
}

static void test_output_and_status(void **state)
{
	(void)state;
	struct buffer out;
	struct err err;
	buffer_init(&out, 10);
	assert_int_equal(run("echo yes; echo no >&2; exit 3", 10, &out, &err), 3);
	assert_true(str_eq(buffer_str(&out), S("yes\nno\n")));
	assert_int_equal(run("kill -TERM $$", 10, &out, &err), 128 + 15);
	assert_int_equal(run("cat", 10, &out, &err), 0); /* no input */
	assert_int_equal(run("yes | head -c 1000000", 10, &out, &err), 0);
	assert_true(out.n <= 10);
	buffer_fini(&out);
}

static void test_what_cannot_be(void **state)
{
	(void)state;
	struct buffer out;
	struct err err;
	buffer_init(&out, 100);
	assert_int_equal(
		program_run((const char *const[]){ "no-such-program-at-all", NULL }, 1, &out, &err),
		-1);
	assert_non_null(strstr(err.text, "no-such-program-at-all"));
	assert_int_equal(run("exec sleep 100", 0.1, &out, &err), -1);
	assert_non_null(strstr(err.text, "took more than 0.1 s"));
	buffer_fini(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_and_status),
		cmocka_unit_test(test_what_cannot_be),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
