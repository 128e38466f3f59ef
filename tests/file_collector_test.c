/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A file that is to be removed is sent once, wherever its collector dies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/types.h"
#include "tests/stage.h"

static char folder[64], path[128];

static void write_file(const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void begin(struct stage *s, bool delete_file)
{
	stage_init(s, (struct queue_limits){ 0 });
	snprintf(folder, sizeof folder, "/tmp/intelmq-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/feed.csv", folder);
	write_file("a\nb\nc\n");
	stage_set(s, "path", value_cstr(folder));
	stage_set(s, "delete_file", value_bool(delete_file));
	stage_set(s, "chunk_size", value_int(2));
	stage_set(s, "chunk_replicate_header", value_bool(false));
}

static void end(struct stage *s)
{
	unlink(path);
	rmdir(folder);
	stage_fini(s);
}

static void collect(struct stage *s)
{
	const struct bot_type *type = bot_type_find(
		S("intelmq.bots.collectors.file.collector_file"), NULL);
	assert_non_null(type);
	assert_true(stage_enter(s, type));
	worker_step(s->worker);
}

static size_t sent(struct stage *s)
{
	struct str *bodies;
	return stage_sent(s, "out", &bodies);
}

static void it_is_sent_and_removed(void **state)
{
	(void)state;
	struct stage s;
	begin(&s, true);
	collect(&s);
	assert_int_equal(sent(&s), 3);
	assert_int_equal(access(path, F_OK), -1);
	end(&s);
}

/* The bot died between the commit and the removal. */
static void it_is_not_sent_again(void **state)
{
	(void)state;
	struct stage s;
	char other[160];
	begin(&s, true);
	snprintf(other, sizeof other, "%s.kept", path);
	assert_int_equal(link(path, other), 0);
	collect(&s);
	stage_leave(&s);
	assert_int_equal(rename(other, path), 0);
	collect(&s);
	assert_int_equal(sent(&s), 3);
	assert_int_equal(access(path, F_OK), -1);
	end(&s);
}

/* ---- Large files are committed in parts ---- */

enum { PIECE = 50 * 1024 * 1024, PIECES = 3 };

static int commits_that_work;

static int commit_some(struct consumer *consumer, const struct commit *commit, struct err *err)
{
	if (commits_that_work-- > 0)
		return stage_now->real->commit(consumer, commit, err);
	return err_set(err, FAULT_OTHER, "the broker is away");
}

static void write_large_file(void)
{
	int fd = open(path, O_WRONLY | O_TRUNC);
	char *piece = malloc(PIECE);
	assert_non_null(piece);
	for (int i = 0; i < PIECES; i++) {
		memset(piece, 'a' + i, PIECE);
		piece[PIECE - 1] = '\n';
		assert_int_equal(write(fd, piece, PIECE), PIECE);
	}
	free(piece);
	close(fd);
}

static void it_goes_on_behind_the_last_part(void **state)
{
	(void)state;
	struct stage s;
	begin(&s, true);
	write_large_file();
	stage_set(&s, "chunk_size", value_int(PIECE));
	s.backend.commit = commit_some;
	commits_that_work = 1;
	collect(&s);
	stage_leave(&s);
	assert_int_equal(stage_left(&s, "out"), 1);
	commits_that_work = 10;
	collect(&s);
	assert_int_equal(stage_left(&s, "out"), PIECES);
	assert_int_equal(access(path, F_OK), -1);
	end(&s);
}

static void a_file_that_stays_is_sent_each_time(void **state)
{
	(void)state;
	struct stage s;
	begin(&s, false);
	collect(&s);
	stage_leave(&s);
	collect(&s);
	assert_int_equal(sent(&s), 6);
	assert_int_equal(access(path, F_OK), 0);
	end(&s);
}

static void another_file_of_the_name_is_sent(void **state)
{
	(void)state;
	struct stage s;
	begin(&s, true);
	collect(&s);
	stage_leave(&s);
	write_file("d\n");
	collect(&s);
	assert_int_equal(sent(&s), 4);
	assert_int_equal(access(path, F_OK), -1);
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_sent_and_removed),
		cmocka_unit_test(it_is_not_sent_again),
		cmocka_unit_test(another_file_of_the_name_is_sent),
		cmocka_unit_test(it_goes_on_behind_the_last_part),
		cmocka_unit_test(a_file_that_stays_is_sent_each_time),
	};
	return cmocka_run_group_tests_name("file collector", tests, NULL, NULL);
}
