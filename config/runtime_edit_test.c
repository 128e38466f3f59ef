/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "config/runtime_edit.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/runtime.h"

static struct arena arena;
static char folder[] = "/tmp/intelmq-edit-XXXXXX";

static int setup(void **state)
{
	(void)state;
	arena_init(&arena);
	return mkdtemp(folder) ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return rmdir(folder);
}

static void expect(const char *before, bool enabled, const char *after)
{
	struct str out;
	struct err err = { 0 };
	if (runtime_edit_enabled(&arena, str_of(before), S("a"), enabled, &out, &err) < 0)
		fail_msg("%s: %s", before, err.text);
	assert_string_equal(arena_cstr(&arena, out), after);
}

static void expect_refused(const char *before, bool enabled, const char *reason)
{
	struct str out;
	struct err err = { 0 };
	assert_int_equal(runtime_edit_enabled(&arena, str_of(before), S("a"), enabled, &out, &err),
	                 -1);
	if (!strstr(err.text, reason))
		fail_msg("%s: %s", before, err.text);
}

static void only_the_value_changes(void **state)
{
	(void)state;
	expect("# top\na:   # my bot\n  module: x # why\n  enabled:   true   # for now\nb: {}\n",
	       false,
	       "# top\na:   # my bot\n  module: x # why\n  enabled:   false   # for now\nb: {}\n");
	expect("b: {enabled: true}\na:\n    enabled: true\n", false,
	       "b: {enabled: true}\na:\n    enabled: false\n");
	expect("\"a\":\n  'enabled': false", true, "\"a\":\n  'enabled': true");
	expect("a:\n  enabled: 'no'\n", true, "a:\n  enabled: true\n");
	expect("a:\n  enabled: yes\n", false, "a:\n  enabled: false\n");
	expect("a: {x: 1, enabled: true, y: 2}\n", false, "a: {x: 1, enabled: false, y: 2}\n");
	expect("a:\n  enabled:\n  x: 1\n", false, "a:\n  enabled: false\n  x: 1\n");
	expect("\xef\xbb\xbf"
	       "a: {\xc3\xa4: \xe2\x82\xac, enabled: true}\n",
	       false,
	       "\xef\xbb\xbf"
	       "a: {\xc3\xa4: \xe2\x82\xac, enabled: false}\n");
}

static void what_is_so_already_stays(void **state)
{
	(void)state;
	expect("a:\n  enabled:  true\n", true, "a:\n  enabled:  true\n");
	expect("a: {enabled: false}", false, "a: {enabled: false}");
}

static void a_missing_key_becomes_the_first(void **state)
{
	(void)state;
	expect("a:\n  # first\n  module: x\n", false,
	       "a:\n  # first\n  enabled: false\n  module: x\n");
	expect("a:\n    module: x", false, "a:\n    enabled: false\n    module: x");
	expect("a: {module: x}\n", false, "a: {enabled: false, module: x}\n");
	expect("a: { }\n", false, "a: {enabled: false }\n");
	expect("{\"a\": {\"module\": \"x\"}}", false,
	       "{\"a\": {\"enabled\": false, \"module\": \"x\"}}");
	expect("a: &a\n  module: x\n", false, "a: &a\n  enabled: false\n  module: x\n");
	expect("a: !!map # t\n  module: x\n", false,
	       "a: !!map # t\n  enabled: false\n  module: x\n");
}

static void line_ends_are_kept(void **state)
{
	(void)state;
	expect("a:\r\n  module: x\r\n", false, "a:\r\n  enabled: false\r\n  module: x\r\n");
	expect("a:\r\n  enabled: true\r\nb: {}\r\n", false, "a:\r\n  enabled: false\r\nb: {}\r\n");
	expect("a:\r  module: x\r", false, "a:\r  enabled: false\r  module: x\r");
}

static void shared_sections_stay_shared(void **state)
{
	(void)state;
	expect("base: &b\n  enabled: true\na:\n  <<: *b\n  module: x\n", false,
	       "base: &b\n  enabled: true\na:\n  enabled: false\n  <<: *b\n  module: x\n");
	expect_refused("b: &b\n  module: x\na: *b\n", false, "line 3: the section of 'a'");
	expect_refused("b: &b {enabled: true}\na: *b\n", false, "by hand");
}

static void what_cannot_be_changed_alone_is_refused(void **state)
{
	(void)state;
	expect_refused("b: {}\n", true, "no section of a bot 'a'");
	expect_refused("a: 1\n", true, "no section of a bot 'a'");
	expect_refused("- a\n", true, "no section of a bot 'a'");
	expect_refused("a: [\n", true, "line 2");
	expect_refused("{\n\t\"a\": {\n\t\t\"module\": 1}}\n", false, "by hand");
	expect_refused("a:\n  enabled: [true]\n", false, "by hand");
	expect_refused("a:\n  enabled: |\n    true\n", false, "by hand");
}

/* ---- The file ---- */

static const char *path_of(const char *name)
{
	return arena_printf(&arena, "%s/%s", folder, name).p;
}

static void file_write(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void assert_file(const char *path, const char *text, mode_t mode)
{
	struct str content;
	struct stat about;
	assert_int_equal(runtime_read_file(&arena, path, 1 << 20, &content, NULL), 0);
	assert_string_equal(content.p, text);
	assert_int_equal(stat(path, &about), 0);
	assert_int_equal(about.st_mode & 07777, mode);
}

static void a_file_keeps_its_mode_and_link_and_has_a_backup(void **state)
{
	(void)state;
	const char *real = path_of("real.yaml"), *path = path_of("runtime.yaml");
	const char *backup = path_of("runtime.yaml.bak");
	struct stat about;
	file_write(real, "a: {}\n", 0640);
	assert_int_equal(symlink("real.yaml", path), 0);
	struct err err = { 0 };
	if (runtime_file_set_enabled(path, S("a"), false, &err) < 0)
		fail_msg("%s", err.text);
	assert_file(real, "a: {enabled: false}\n", 0640);
	assert_file(backup, "a: {}\n", 0640);
	assert_int_equal(lstat(path, &about), 0);
	assert_true(S_ISLNK(about.st_mode));
	assert_int_equal(runtime_file_set_enabled(path, S("x"), false, &err), -1);
	assert_non_null(strstr(err.text, "real.yaml: there is no section of a bot 'x'"));
	assert_file(real, "a: {enabled: false}\n", 0640);
	unlink(path);
	unlink(backup);
	unlink(real);
	assert_int_equal(runtime_file_set_enabled(path, S("a"), false, &err), -1);
}

/* Two writers at once lose nothing: each sees what the other wrote. */
static void writers_wait_for_each_other(void **state)
{
	(void)state;
	enum { WRITERS = 8 };
	const char *path = path_of("runtime.yaml");
	char text[400] = "";
	for (int i = 0; i < WRITERS; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "b%d: {}\n", i);
	file_write(path, text, 0600);
	pid_t pids[WRITERS];
	for (int i = 0; i < WRITERS; i++) {
		char bot[8];
		snprintf(bot, sizeof bot, "b%d", i);
		pids[i] = fork();
		if (pids[i] == 0)
			_exit(runtime_file_set_enabled(path, str_of(bot), false, NULL) < 0);
	}
	for (int i = 0; i < WRITERS; i++) {
		int status;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	text[0] = '\0';
	for (int i = 0; i < WRITERS; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "b%d: {enabled: false}\n",
		         i);
	assert_file(path, text, 0600);
	unlink(path);
	unlink(path_of("runtime.yaml.bak"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_the_value_changes),
		cmocka_unit_test(what_is_so_already_stays),
		cmocka_unit_test(a_missing_key_becomes_the_first),
		cmocka_unit_test(line_ends_are_kept),
		cmocka_unit_test(shared_sections_stay_shared),
		cmocka_unit_test(what_cannot_be_changed_alone_is_refused),
		cmocka_unit_test(a_file_keeps_its_mode_and_link_and_has_a_backup),
		cmocka_unit_test(writers_wait_for_each_other),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
