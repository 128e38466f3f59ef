/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/append.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[64], path[128], other[128];

static int set_up(void **state)
{
	(void)state;
	snprintf(folder, sizeof folder, "/tmp/append_test.XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/events", folder);
	snprintf(other, sizeof other, "%s/events.1", folder);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	unlink(path);
	unlink(other);
	return rmdir(folder);
}

static void check(const char *name, const char *want)
{
	char got[1000] = "";
	FILE *file = fopen(name, "r");
	assert_non_null(file);
	size_t n = fread(got, 1, sizeof got - 1, file);
	fclose(file);
	got[n] = 0;
	assert_string_equal(got, want);
}

static void put(const char *name, const char *text)
{
	FILE *file = fopen(name, "a");
	assert_non_null(file);
	fputs(text, file);
	assert_int_equal(fclose(file), 0);
}

static struct append_file opened(enum append_mode mode)
{
	struct append_file f;
	struct err err = { 0 };
	append_init(&f);
	if (append_open(&f, str_of(path), mode, &err) < 0)
		fail_msg("%s", err.text);
	return f;
}

static void writes(struct append_file *f, const char *text)
{
	struct err err = { 0 };
	if (append_write(f, str_of(text), &err) < 0)
		fail_msg("%s", err.text);
}

static struct append_restored restored(const struct append_mark *mark)
{
	struct append_restored r;
	struct err err = { 0 };
	if (append_restore(str_of(path), mark, &r, &err) < 0)
		fail_msg("%s", err.text);
	return r;
}

static void marks_as_text(void **state)
{
	(void)state;
	const struct append_mark mark = { UINT64_MAX, 1, -5, 123456789012 };
	struct append_mark back;
	struct str where;
	char room[APPEND_MARK_TEXT];
	struct str text = append_mark_text(&mark, "/a b/c", room);
	assert_int_equal(append_mark_read(text, &back, &where), 0);
	assert_memory_equal(&back, &mark, sizeof mark);
	assert_true(str_eq(where, S("/a b/c")));
	static const struct str bad[] = { S(""),
		                          S("1 2 3"),
		                          S("1 2 3 4"),
		                          S("1 2 3 4 "),
		                          S("1 2 x 4 /a"),
		                          S("1  3 4 /a"),
		                          S("1 2 3 4 /a\0b"),
		                          S("1 2 3 4444444444444444444444444444 /a"),
		                          STR_NONE };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(append_mark_read(bad[i], &back, &where), -1);
}

static void same_file(void **state)
{
	(void)state;
	const struct append_mark a = { 1, 2, 3, 4 };
	assert_true(append_same_file(&a, &(struct append_mark){ 1, 2, 3, 9 }));
	/* Devices are numbered anew; an inode is used again for a file that was born later. */
	assert_true(append_same_file(&a, &(struct append_mark){ 8, 2, 3, 4 }));
	assert_false(append_same_file(&a, &(struct append_mark){ 1, 2, 4, 4 }));
	assert_false(append_same_file(&a, &(struct append_mark){ 1, 5, 3, 4 }));
	assert_true(append_same_file(&a, &(struct append_mark){ 1, 2, 0, 4 }));
	assert_false(append_same_file(&a, &(struct append_mark){ 8, 2, 0, 4 }));
}

static void cut_to_the_mark(void **state)
{
	(void)state;
	put(path, "before\n");
	struct append_file f = opened(APPEND_ALONE);
	assert_int_equal(f.mark.size, 7);
	writes(&f, "one\n");
	struct append_mark mark = f.mark;
	assert_int_equal(mark.size, 11);
	writes(&f, "two\n");
	append_close(&f);
	struct append_restored r = restored(&mark);
	assert_true(r.found);
	assert_int_equal(r.size, 15);
	assert_string_equal(r.path, path);
	check(path, "before\none\n");
	r = restored(&mark);
	assert_int_equal(r.size, 11);
}

static void cut_where_it_was_moved(void **state)
{
	(void)state;
	struct append_file f = opened(APPEND_ALONE);
	writes(&f, "one\n");
	struct append_mark mark = f.mark;
	writes(&f, "two\n");
	append_close(&f);
	assert_int_equal(rename(path, other), 0);
	put(path, "a new file, longer than the mark\n");
	struct append_restored r = restored(&mark);
	assert_true(r.found);
	assert_string_equal(r.path, other);
	check(other, "one\n");
	check(path, "a new file, longer than the mark\n");
}

static void never_extended_and_never_another(void **state)
{
	(void)state;
	struct append_file f = opened(APPEND_ALONE);
	writes(&f, "one\ntwo\n");
	struct append_mark mark = f.mark;
	append_close(&f);
	assert_int_equal(truncate(path, 3), 0);
	struct append_restored r = restored(&mark);
	assert_true(r.found);
	assert_int_equal(r.size, 3);
	check(path, "one");
	assert_int_equal(unlink(path), 0);
	assert_false(restored(&mark).found);
	put(path, "somebody else's file, which is longer\n");
	if (mark.born) {
		/* Even with the same inode. */
		struct stat st;
		assert_int_equal(stat(path, &st), 0);
		mark.inode = st.st_ino;
		mark.device = st.st_dev;
		assert_false(restored(&mark).found);
	}
	check(path, "somebody else's file, which is longer\n");
}

static void only_one_has_it(void **state)
{
	(void)state;
	struct err err = { 0 };
	struct append_restored r;
	struct append_file f = opened(APPEND_ALONE), second;
	writes(&f, "one\n");
	append_init(&second);
	assert_int_equal(append_open(&second, str_of(path), APPEND_ALONE, &err), -1);
	assert_true(str_find(str_of(err.text), S(" is locked: ")) != STR_NOT_FOUND);
	assert_int_equal(second.fd, -1);
	f.mark.size = 1;
	assert_int_equal(append_restore(str_of(path), &f.mark, &r, &err), -1);
	check(path, "one\n");
	/* Who does not want it alone is not refused. */
	assert_int_equal(append_open(&second, str_of(path), APPEND_SHARED, &err), 0);
	append_close(&second);
	append_close(&f);
	assert_int_equal(append_open(&second, str_of(path), APPEND_ALONE, &err), 0);
	append_close(&second);
}

static void others_are_noticed(void **state)
{
	(void)state;
	struct err err;
	bool foreign;
	struct append_file f = opened(APPEND_ALONE);
	writes(&f, "one\n");
	assert_int_equal(append_look(&f, &foreign, &err), 0);
	assert_false(foreign);
	put(path, "theirs\n");
	assert_int_equal(append_look(&f, &foreign, &err), 0);
	assert_true(foreign);
	assert_int_equal(f.mark.size, 11);
	assert_int_equal(append_look(&f, &foreign, &err), 0);
	assert_false(foreign);
	assert_true(append_is_in_place(&f));
	assert_int_equal(rename(path, other), 0);
	assert_false(append_is_in_place(&f));
	put(path, "");
	assert_false(append_is_in_place(&f));
	append_close(&f);
	assert_false(append_is_in_place(&f));
}

/* A limit of the file's size stands for a full disk: the first part of a write still fits. */
static void half_a_write_is_taken_back(void **state)
{
	(void)state;
	struct err err;
	struct rlimit old, small;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 10;
	for (int mode = APPEND_SHARED; mode <= APPEND_ALONE; mode++) {
		struct append_file f = opened((enum append_mode)mode);
		writes(&f, "one\n");
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
		int rc = append_write(&f, S("0123456789"), &err);
		assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
		assert_int_equal(rc, -1);
		assert_true(str_find(str_of(err.text), str_of(strerror(EFBIG))) != STR_NOT_FOUND);
		check(path, "one\n");
		writes(&f, "two\n");
		check(path, "one\ntwo\n");
		append_close(&f);
		unlink(path);
	}
}

static void what_could_not_be_cut_is_cut_later(void **state)
{
	(void)state;
	struct err err;
	bool foreign;
	struct append_file f = opened(APPEND_ALONE);
	writes(&f, "one\n");
	put(path, "torn");
	f.torn = true;
	assert_int_equal(append_look(&f, &foreign, &err), 0);
	assert_false(foreign || f.torn);
	check(path, "one\n");
	append_close(&f);
}

static void not_a_regular_file(void **state)
{
	(void)state;
	struct err err;
	bool foreign;
	struct append_file f;
	append_init(&f);
	assert_int_equal(append_open(&f, S("/dev/null"), APPEND_ALONE, &err), 0);
	assert_int_equal(f.mode, APPEND_SHARED);
	assert_int_equal(append_look(&f, &foreign, &err), 0);
	writes(&f, "x");
	append_close(&f);
	assert_int_equal(append_open(&f, str_of(folder), APPEND_ALONE, &err), -1);
	assert_true(str_find(str_of(err.text), S("cannot be opened")) != STR_NOT_FOUND);
}

static void directories_are_made(void **state)
{
	(void)state;
	struct append_file f;
	char deep[200];
	struct err err = { 0 };
	snprintf(deep, sizeof deep, "%s/a/b/c", folder);
	append_init(&f);
	assert_int_equal(append_open(&f, str_of(deep), APPEND_ALONE, &err), 0);
	append_close(&f);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(remove(deep), 0);
		*strrchr(deep, '/') = 0;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_as_text),
		cmocka_unit_test(same_file),
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
		IN_FOLDER(cut_to_the_mark),
		IN_FOLDER(cut_where_it_was_moved),
		IN_FOLDER(never_extended_and_never_another),
		IN_FOLDER(only_one_has_it),
		IN_FOLDER(others_are_noticed),
		IN_FOLDER(half_a_write_is_taken_back),
		IN_FOLDER(what_could_not_be_cut_is_cut_later),
		IN_FOLDER(not_a_regular_file),
		IN_FOLDER(directories_are_made),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
