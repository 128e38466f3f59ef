/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/files.h"

#include <intelmq/json.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static struct arena arena;
static char path[64];

static int setup(void **state)
{
	(void)state;
	arena_init(&arena);
	snprintf(path, sizeof path, "/tmp/dump_file_test.%d", (int)getpid());
	unlink(path);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	arena_fini(&arena);
	return 0;
}

static struct str file_text(void)
{
	char *bytes = arena_alloc(&arena, 1024 * 1024);
	int fd = open(path, O_RDONLY);
	ssize_t n = fd >= 0 ? read(fd, bytes, 1024 * 1024) : 0;
	assert_true(n >= 0);
	close(fd);
	return (struct str){ bytes, (size_t)n };
}

static void file_write(struct str text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, text.p, text.n), text.n);
	close(fd);
}

/* The file as JSON; it must be an object. */
static const struct dict *entries(void)
{
	struct value v;
	struct err err = { 0 };
	struct str text = file_text();
	if (json_parse(&arena, text, &v, &err) < 0)
		fail_msg("%s in: %.*s", err.text, STR_ARG(text));
	assert_int_equal(v.kind, VALUE_DICT);
	return v.dict;
}

static void append(const char *message, int64_t now_us)
{
	const struct dump dump = {
		.bot_id = S("my-bot"),
		.source_queue = S("my-bot-queue"),
		.reason = S("line one\nline \"two\""),
		.message = str_of(message),
	};
	struct err err = { 0 };
	if (dump_file_append(path, &dump, now_us, &err) < 0)
		fail_msg("%s", err.text);
}

/* 2015-09-03T13:13:22.159014 UTC, the time in the reference's documentation */
#define NOW INT64_C(1441286002159014)

static void new_file(void **state)
{
	(void)state;
	append("{\"a\": 1}", NOW);
	assert_string_equal(arena_cstr(&arena, file_text()),
	                    "{\n"
	                    "    \"2015-09-03T13:13:22.159014\": {\n"
	                    "        \"bot_id\": \"my-bot\",\n"
	                    "        \"message\": \"{\\\"a\\\": 1}\",\n"
	                    "        \"source_queue\": \"my-bot-queue\",\n"
	                    "        \"traceback\": [\n"
	                    "            \"line one\",\n"
	                    "            \"line \\\"two\\\"\"\n"
	                    "        ]\n"
	                    "    }\n"
	                    "}");
}

static void texts_and_bytes(void **state)
{
	(void)state;
	struct dump dump = {
		.bot_id = S("b"),
		.reason = S("one\ntwo"),
		.reason_is_text = true,
		.message = { "\xff\0", 2 },
		.is_bytes = true,
	};
	assert_int_equal(dump_file_append(path, &dump, INT64_C(1441286002000000), NULL), 0);
	const struct value *entry = dict_get(entries(), S("2015-09-03T13:13:22"));
	assert_non_null(entry);
	assert_true(value_is_text(*dict_get(entry->dict, S("message")), S("/wA=")));
	assert_true(value_is_text(*dict_get(entry->dict, S("message_type")), S("base64")));
	assert_true(value_is_text(*dict_get(entry->dict, S("traceback")), S("one\ntwo")));
	assert_int_equal(dict_get(entry->dict, S("source_queue"))->kind, VALUE_NULL);
}

static void further_entries(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		append("m", NOW + i * 1000000);
	const struct dict *all = entries();
	assert_int_equal(all->n, 5);
	assert_true(str_eq(all->pairs[4].key, S("2015-09-03T13:13:26.159014")));
}

/* Two failures in one microsecond, or after the clock was set back, are two entries. */
static void names_are_unique(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		append("m", NOW);
	append("m", NOW - 60000000);
	const struct dict *all = entries();
	assert_int_equal(all->n, 4);
	assert_true(str_eq(all->pairs[3].key, S("2015-09-03T13:13:22.159017")));
}

/* The name of the last entry is found behind a message that is longer than what is read at once. */
static void names_are_unique_behind_long_messages(void **state)
{
	(void)state;
	for (size_t n = 65000; n < 66200; n += 7) {
		unlink(path);
		char *message = arena_alloc(&arena, n + 1);
		memset(message, 'x', n);
		message[n] = 0;
		append(message, NOW);
		append("second", NOW);
		assert_int_equal(entries()->n, 2);
		arena_reset(&arena);
	}
}

/* A writer may be killed at any byte: the next one keeps every entry that is whole. */
static void every_open_tail_is_repaired(void **state)
{
	(void)state;
	append("first", NOW);
	size_t one = file_text().n - 2; /* so much is whole with its last brace */
	append("second {\n    }\n}", NOW + 1);
	struct str whole = file_text();
	size_t two = whole.n - 2;
	for (size_t n = 0; n < whole.n; n++) {
		file_write(str_slice(whole, 0, n));
		append("third", NOW + 2);
		const struct dict *all = entries();
		size_t kept = n >= two ? 2 : n >= one ? 1 : 0;
		if (all->n != kept + 1)
			fail_msg("cut at %zu of %zu: %zu entries", n, whole.n, all->n);
		assert_true(value_is_text(*dict_get(all->pairs[kept].value.dict, S("message")),
		                          S("third")));
		if (kept)
			assert_true(value_is_text(*dict_get(all->pairs[0].value.dict, S("message")),
			                          S("first")));
	}
}

/* Files that other programs wrote. */
static void files_of_others(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		size_t entries;
	} files[] = {
		{ "", 1 },
		{ "{}", 1 },
		{ "{}\n", 1 },
		{ " \n", 1 },
		{ "{\"x\": {\"message\": \"1\"}}", 2 },
		{ "{\n    \"x\": {\n        \"message\": \"1\"\n    }\n}\n", 2 },
		{ "{\"2014-09-03T13:13:22.159014\": null, \"y\": 1}", 3 },
	};
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		file_write(str_of(files[i].text));
		append("new", NOW);
		assert_int_equal(entries()->n, files[i].entries);
		append("newer", NOW);
		assert_int_equal(entries()->n, files[i].entries + 1);
	}
}

/* What is no dump file stays as it is. */
static void foreign_files_are_refused(void **state)
{
	(void)state;
	struct err err = { 0 };
	file_write(S("[1, 2]"));
	assert_int_equal(dump_file_append(path,
	                                  &(struct dump){ .bot_id = S("b"), .message = S("m") },
	                                  NOW, &err),
	                 -1);
	assert_non_null(strstr(err.text, path));
	assert_true(str_eq(file_text(), S("[1, 2]")));
}

static void places_that_cannot_be_written(void **state)
{
	(void)state;
	struct err err = { 0 };
	assert_int_equal(dump_file_append("/nowhere/at/all.dump",
	                                  &(struct dump){ .bot_id = S("b"), .message = S("m") },
	                                  NOW, &err),
	                 -1);
	assert_non_null(strstr(err.text, "/nowhere/at/all.dump"));
}

/* A file that cannot grow, as on a full disk: what was there stays readable. */
static void full_disk(void **state)
{
	(void)state;
	append("first", NOW);
	struct str before = file_text();
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct rlimit limit = { before.n + 20, before.n + 20 };
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &limit);
		_exit(dump_file_append(path, &(struct dump){ .bot_id = S("b"), .message = S("m") },
		                       NOW, NULL) != -1);
	}
	int status = -1;
	waitpid(child, &status, 0);
	assert_int_equal(status, 0);
	assert_true(str_eq(file_text(), before));
}

/* Several writers at once: the lock keeps their entries apart. */
static void writers_wait_for_each_other(void **state)
{
	(void)state;
	enum { WRITERS = 4, EACH = 25 };
	for (int w = 0; w < WRITERS; w++) {
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0) {
			int failed = 0;
			for (int i = 0; i < EACH; i++)
				failed |= dump_file_append(
					path, &(struct dump){ .bot_id = S("b"), .message = S("m") },
					NOW, NULL);
			_exit(failed != 0);
		}
	}
	for (int w = 0; w < WRITERS; w++) {
		int status = -1;
		assert_true(wait(&status) > 0);
		assert_int_equal(status, 0);
	}
	assert_int_equal(entries()->n, WRITERS * EACH);
}

/* A lock that somebody holds for a moment is waited for. */
static void lock_is_waited_for(void **state)
{
	(void)state;
	append("first", NOW);
	pid_t child = fork();
	assert_true(child >= 0);
	int fd = open(path, O_RDWR);
	if (child == 0) {
		int mine = open(path, O_RDWR);
		flock(mine, LOCK_EX);
		usleep(300000);
		_exit(0);
	}
	usleep(100000);
	append("second", NOW + 1);
	assert_int_equal(entries()->n, 2);
	close(fd);
	waitpid(child, NULL, 0);
}

/* Who waited for the lock of a file that was replaced or removed meanwhile writes to the new one. */
static void replaced_while_it_waits(void **state)
{
	(void)state;
	for (int removed = 0; removed < 2; removed++) {
		append("first", NOW);
		int fd = open(path, O_RDWR);
		assert_int_equal(flock(fd, LOCK_EX), 0);
		pid_t child = fork();
		assert_true(child >= 0);
		if (child == 0 && close(fd) == 0)
			_exit(dump_file_append(
				      path, &(struct dump){ .bot_id = S("b"), .message = S("m") },
				      NOW + 1, NULL) != 0);
		usleep(150000);
		unlink(path);
		if (!removed)
			file_write(S("{\"new\": {}}"));
		close(fd);
		int status = -1;
		waitpid(child, &status, 0);
		assert_int_equal(status, 0);
		assert_int_equal(entries()->n, removed ? 1 : 2);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(new_file, setup, teardown),
		cmocka_unit_test_setup_teardown(texts_and_bytes, setup, teardown),
		cmocka_unit_test_setup_teardown(further_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(names_are_unique, setup, teardown),
		cmocka_unit_test_setup_teardown(names_are_unique_behind_long_messages, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(every_open_tail_is_repaired, setup, teardown),
		cmocka_unit_test_setup_teardown(files_of_others, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_files_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(places_that_cannot_be_written, setup, teardown),
		cmocka_unit_test_setup_teardown(full_disk, setup, teardown),
		cmocka_unit_test_setup_teardown(writers_wait_for_each_other, setup, teardown),
		cmocka_unit_test_setup_teardown(lock_is_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(replaced_while_it_waits, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
