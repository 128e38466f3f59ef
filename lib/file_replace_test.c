/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/file.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[100];

static const char *in(const char *name)
{
	static char paths[4][200];
	static int at;
	char *path = paths[at++ % 4];
	snprintf(path, sizeof paths[0], "%s/%s", folder, name);
	return path;
}

static int begin(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/intelmq-file-XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int end(void **state)
{
	char command[200];
	(void)state;
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

static void holds(const char *name, const char *wanted)
{
	struct str text;
	struct err err = { 0 };
	if (file_map(in(name), 1 << 20, &text, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(text.n, strlen(wanted));
	assert_memory_equal(text.p, wanted, text.n);
	file_unmap(text);
}

static int entries(void)
{
	int n = 0;
	DIR *dir = opendir(folder);
	assert_non_null(dir);
	for (struct dirent *entry; (entry = readdir(dir));)
		n += entry->d_name[0] != '.';
	closedir(dir);
	return n;
}

static int file_of(const char *content)
{
	struct err err = { 0 };
	int fd = file_temporary(folder, &err);
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, str_of(content)), 0);
	return fd;
}

static void put(const char *name, const char *content, bool keeps_old)
{
	struct err err = { 0 };
	int fd = file_of(content);
	if (file_replace(in(name), fd, keeps_old, &err) < 0)
		fail_msg("%s", err.text);
	close(fd);
}

static void a_new_file(void **state)
{
	struct stat st;
	(void)state;
	put("a/b/new", "one", true);
	holds("a/b/new", "one");
	assert_int_equal(stat(in("a/b/new"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0644);
	assert_int_equal(stat(in("a/b/new.bak"), &st), -1);
	assert_int_equal(entries(), 1);
}

static void an_old_one_is_replaced(void **state)
{
	struct stat st;
	struct str open_before;
	(void)state;
	put("data", "old", false);
	assert_int_equal(chmod(in("data"), 0640), 0);
	assert_int_equal(file_map(in("data"), 100, &open_before, NULL), 0);
	put("data", "new content", false);
	holds("data", "new content");
	assert_memory_equal(open_before.p, "old", 3);
	file_unmap(open_before);
	assert_int_equal(stat(in("data"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	assert_int_equal(entries(), 1);
}

static void the_old_one_is_kept(void **state)
{
	(void)state;
	put("schema.json", "1", true);
	put("schema.json", "2", true);
	holds("schema.json.bak", "1");
	put("schema.json", "3", true);
	holds("schema.json", "3");
	holds("schema.json.bak", "2");
	assert_int_equal(entries(), 2);
}

static void links_stay_links(void **state)
{
	struct stat st;
	(void)state;
	put("there", "old", false);
	assert_int_equal(symlink("there", in("link")), 0);
	put("link", "new", false);
	holds("there", "new");
	assert_int_equal(lstat(in("link"), &st), 0);
	assert_true(S_ISLNK(st.st_mode));
}

static void what_is_large_is_copied_whole(void **state)
{
	(void)state;
	enum { SIZE = 200001 };
	static char content[SIZE + 1];
	memset(content, 'x', SIZE);
	content[SIZE - 1] = 'y';
	put("large", content, false);
	holds("large", content);
}

static void what_cannot_be_replaced_stays(void **state)
{
	struct err err = { 0 };
	(void)state;
	int fd = file_of("new");
	put("file", "old", false);
	assert_int_equal(file_replace(in("file/below"), fd, false, &err), -1);
	assert_non_null(strstr(err.text, "cannot be made"));
	assert_int_equal(mkdir(in("folder"), 0755), 0);
	assert_int_equal(file_replace(in("folder"), fd, false, &err), -1);
	assert_non_null(strstr(err.text, "cannot be replaced"));
	/* A backup that cannot be made. */
	assert_int_equal(mkdir(in("file.bak"), 0755), 0);
	assert_int_equal(file_replace(in("file"), fd, true, &err), -1);
	assert_non_null(strstr(err.text, "cannot be kept as a backup"));
	close(fd);
	holds("file", "old");
	assert_int_equal(entries(), 3);
}

static void temporary_files_have_no_name(void **state)
{
	struct err err = { 0 };
	(void)state;
	int fd = file_temporary(in("x/y"), &err);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, "abc", 3), 3);
	close(fd);
	assert_int_equal(rmdir(in("x/y")), 0);
	put("file", "", false);
	assert_int_equal(file_temporary(in("file"), &err), -1);
	assert_non_null(strstr(err.text, "no file can be made here"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_new_file),
		TEST(an_old_one_is_replaced),
		TEST(the_old_one_is_kept),
		TEST(links_stay_links),
		TEST(what_is_large_is_copied_whole),
		TEST(what_cannot_be_replaced_stays),
		TEST(temporary_files_have_no_name),
	};
	return cmocka_run_group_tests_name("lib/file_replace", tests, NULL, NULL);
}
