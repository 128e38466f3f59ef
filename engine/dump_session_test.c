/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/dump_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "engine/files.h"

/* 2015-09-03T13:13:22.159014 UTC */
#define NOW INT64_C(1441286002159014)

static struct arena arena;
static char directory[64], path[128];
static struct dump_session *session;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena);
	snprintf(directory, sizeof directory, "/tmp/dump_session_test.XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/my-bot.dump", directory);
	session = NULL;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	dump_session_close(session);
	unlink(path);
	unlink(arena_printf(&arena, "%s.new", path).p);
	unlink(arena_printf(&arena, "%s/link.dump", directory).p);
	assert_int_equal(rmdir(directory), 0);
	arena_fini(&arena);
	return 0;
}

static int append(const char *message)
{
	static int64_t n;
	const struct dump dump = { .bot_id = S("my-bot"),
		                   .source_queue = S("q"),
		                   .reason = S("r"),
		                   .message = str_of(message) };
	return dump_file_append(path, &dump, NOW + n++, NULL);
}

static void open_session(void)
{
	struct err err = { 0 };
	if (dump_session_open(path, &session, &err) < 0)
		fail_msg("%s", err.text);
}

static size_t count_on_disk(void)
{
	struct dump_index index;
	static char bytes[4 << 20];
	int fd = open(path, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, bytes, sizeof bytes) : 0;
	struct err err = { 0 };
	if (fd >= 0)
		close(fd);
	if (dump_index_read(&arena, (struct str){ bytes, (size_t)n }, &index, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(index.tail, 0);
	return index.n;
}

static int64_t change(const struct str *instead)
{
	int64_t left = -1;
	struct err err = { 0 };
	if (dump_session_change(session, instead, &left, &err) < 0)
		fail_msg("%s", err.text);
	return left;
}

static void entries_are_removed(void **state)
{
	(void)state;
	struct stat before, after;
	append("one"), append("two"), append("three");
	chmod(path, 0604);
	stat(path, &before);
	open_session();
	assert_int_equal(dump_session_index(session)->n, 3);
	assert_int_equal(change((struct str[]){ STR_NONE, S(""), STR_NONE }), 2);
	stat(path, &after);
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_not_equal(after.st_ino, before.st_ino);
	assert_int_equal(dump_session_read(session, NULL), 0);
	struct str member;
	assert_int_equal(dump_session_entry(session, &dump_session_index(session)->entries[1],
	                                    &arena, &member, NULL),
	                 0);
	assert_int_not_equal(str_find(member, S("\"message\": \"three\"")), STR_NOT_FOUND);
	assert_int_equal(append("four"), 0);
	assert_int_equal(count_on_disk(), 3);
}

static void the_last_entry_takes_the_file_with_it(void **state)
{
	(void)state;
	append("one");
	open_session();
	assert_int_equal(change((struct str[]){ S("") }), 0);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(append("two"), 0);
	assert_int_equal(count_on_disk(), 1);
}

/* What a bot adds while the operator thinks stays, wherever the change is. */
static void added_meanwhile(void **state)
{
	(void)state;
	append("one"), append("two");
	open_session();
	append("three");
	assert_int_equal(change((struct str[]){ S(""), S("") }), 1);
	assert_int_equal(count_on_disk(), 1);
}

/* A long recovery removes in parts what it has sent. */
static void changes_in_parts(void **state)
{
	(void)state;
	struct str instead[4] = { 0 }, member;
	append("0"), append("1"), append("2"), append("3");
	open_session();
	for (size_t i = 0; i < 4; i++) {
		const struct dump_entry *entry = &dump_session_index(session)->entries[i];
		assert_int_equal(dump_session_entry(session, entry, &arena, &member, NULL), 0);
		instead[i] = S("");
		assert_int_equal(change(instead), 3);
		append("meanwhile");
		assert_int_equal(count_on_disk(), 4);
	}
	assert_int_equal(dump_session_read(session, NULL), 0);
	assert_int_equal(dump_session_index(session)->n, 4);
	assert_int_equal(dump_session_entry(session, &dump_session_index(session)->entries[0],
	                                    &arena, &member, NULL),
	                 0);
	assert_int_not_equal(str_find(member, S("meanwhile")), STR_NOT_FOUND);
}

static void one_session_at_a_time(void **state)
{
	(void)state;
	struct dump_session *second;
	struct err err = { 0 };
	append("one"), append("two");
	open_session();
	assert_int_equal(dump_session_open(path, &second, &err), -1);
	assert_non_null(strstr(err.text, "locked"));
	change((struct str[]){ S(""), STR_NONE });
	assert_int_equal(dump_session_open(path, &second, &err), -1); /* also of the new file */
	dump_session_close(session);
	open_session();
}

static void a_writer_that_holds_the_lock(void **state)
{
	(void)state;
	struct err err = { 0 };
	append("one");
	int fd = open(path, O_RDWR);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(dump_session_open(path, &session, &err), -1);
	assert_non_null(strstr(err.text, "locked"));
	close(fd);
}

static void changed_by_others(void **state)
{
	(void)state;
	struct str member;
	struct err err = { 0 };
	int64_t left;
	append("one"), append("two");
	open_session();
	FILE *file = fopen(path, "r+"); /* in place, as the reference's bots write */
	assert_int_equal(ftruncate(fileno(file), 0), 0);
	fputs("{\"x\": {}}", file);
	fclose(file);
	assert_int_equal(dump_session_entry(session, &dump_session_index(session)->entries[0],
	                                    &arena, &member, &err),
	                 -1);
	assert_int_equal(dump_session_change(session, (struct str[]){ S("\"y\": 1"), STR_NONE },
	                                     &left, &err),
	                 -1);
	assert_int_equal(change((struct str[]){ S(""), S("") }), 1); /* gone already */
	unlink(path);
	append("new file");
	assert_int_equal(dump_session_read(session, &err), -1);
	assert_non_null(strstr(err.text, "another program"));
}

static void links_stay_links(void **state)
{
	(void)state;
	struct stat st;
	append("one"), append("two");
	const char *link = arena_printf(&arena, "%s/link.dump", directory).p;
	assert_int_equal(symlink(path, link), 0);
	assert_int_equal(dump_session_open(link, &session, NULL), 0);
	change((struct str[]){ S(""), STR_NONE });
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	assert_int_equal(count_on_disk(), 1);
}

static void places_that_cannot_be_opened(void **state)
{
	(void)state;
	struct err err = { 0 };
	assert_int_equal(dump_session_open(path, &session, &err), -1);
	assert_non_null(strstr(err.text, path));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(dump_session_open(path, &session, &err), -1);
	assert_non_null(strstr(err.text, "no file"));
}

/* The bots must be able to go on writing: whoever cannot give them the new file changes nothing. */
static void the_owner_stays(void **state)
{
	(void)state;
	struct stat st;
	if (geteuid() != 0)
		skip();
	append("one"), append("two"), append("three");
	assert_int_equal(chown(path, 1234, 1235), 0);
	open_session();
	change((struct str[]){ S(""), STR_NONE, STR_NONE });
	stat(path, &st);
	assert_int_equal(st.st_uid, 1234);
	assert_int_equal(st.st_gid, 1235);
	dump_session_close(session);
	session = NULL;
	chmod(path, 0666), chmod(directory, 0777);
	pid_t child = fork();
	if (child == 0) {
		struct err err = { 0 };
		int64_t left;
		if (setgid(4321) < 0 || setuid(4321) < 0 ||
		    dump_session_open(path, &session, NULL) < 0)
			_exit(2);
		_exit(dump_session_change(session, (struct str[]){ S(""), STR_NONE }, &left,
		                          &err) != -1 ||
		      !strstr(err.text, "belongs to user 1234"));
	}
	int status = -1;
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	assert_int_equal(count_on_disk(), 2);
	assert_int_equal(access(arena_printf(&arena, "%s.new", path).p, F_OK), -1);
}

/* A name that stands for something else is not written through. */
static void a_new_file_in_the_way(void **state)
{
	(void)state;
	append("one"), append("two");
	const char *new = arena_printf(&arena, "%s.new", path).p;
	const char *victim = arena_printf(&arena, "%s/link.dump", directory).p;
	FILE *file = fopen(victim, "w");
	fputs("precious", file);
	fclose(file);
	assert_int_equal(symlink(victim, new), 0);
	open_session();
	change((struct str[]){ S(""), STR_NONE });
	struct stat st;
	assert_int_equal(stat(victim, &st), 0);
	assert_int_equal(st.st_size, 8);
	assert_int_equal(count_on_disk(), 1);
}

/* Removes the first entry over and over; whoever is killed leaves every other one. */
static _Noreturn void remove_for_ever(void)
{
	while (true) {
		struct dump_session *mine;
		struct arena own;
		int64_t left;
		if (dump_session_open(path, &mine, NULL) < 0)
			continue;
		arena_init(&own);
		size_t n = dump_session_index(mine)->n;
		struct str *instead = arena_zalloc(&own, n + 1, sizeof *instead);
		for (size_t i = 0; i < n; i++) {
			struct str member;
			if (dump_session_entry(mine, &dump_session_index(mine)->entries[i], &own,
			                       &member, NULL) == 0 &&
			    str_find(member, S("removable")) != STR_NOT_FOUND)
				instead[i] = S("");
		}
		if (dump_session_change(mine, instead, &left, NULL) < 0)
			_exit(1);
		arena_fini(&own);
		dump_session_close(mine);
	}
}

/* Bots add, a session removes and is killed at any instant: what was not to be removed is there, once. */
static void killed_at_any_instant(void **state)
{
	(void)state;
	enum { ROUNDS = 60, EACH = 5 };
	for (int round = 0; round < ROUNDS; round++) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0)
			remove_for_ever();
		for (int i = 0; i < EACH; i++) {
			assert_int_equal(append("kept"), 0);
			assert_int_equal(append("removable"), 0);
			nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
		}
		nanosleep(&(struct timespec){ .tv_nsec = 500000 * round }, NULL);
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	open_session();
	const struct dump_index *index = dump_session_index(session);
	size_t kept = 0;
	for (size_t i = 0; i < index->n; i++) {
		struct str member;
		assert_int_equal(
			dump_session_entry(session, &index->entries[i], &arena, &member, NULL), 0);
		kept += str_find(member, S("\"kept\"")) != STR_NOT_FOUND;
	}
	assert_int_equal(kept, ROUNDS * EACH);
	assert_true(index->n < (size_t)2 * ROUNDS * EACH); /* some were removed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(entries_are_removed, setup, teardown),
		cmocka_unit_test_setup_teardown(the_last_entry_takes_the_file_with_it, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(added_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(changes_in_parts, setup, teardown),
		cmocka_unit_test_setup_teardown(one_session_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(a_writer_that_holds_the_lock, setup, teardown),
		cmocka_unit_test_setup_teardown(changed_by_others, setup, teardown),
		cmocka_unit_test_setup_teardown(links_stay_links, setup, teardown),
		cmocka_unit_test_setup_teardown(places_that_cannot_be_opened, setup, teardown),
		cmocka_unit_test_setup_teardown(the_owner_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_file_in_the_way, setup, teardown),
		cmocka_unit_test_setup_teardown(killed_at_any_instant, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
