/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/store_inside.h"
#include "tests/power_vfs.h"

#include <fcntl.h>
#include <glob.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct fixture {
	char root[64], directory[80];
	struct store_options options;
	struct store *store;
	struct str warning;
	struct err err;
};

static void open_store(struct fixture *f)
{
	f->err = (struct err){ 0 };
	if (store_open(&f->options, &f->store, &f->warning, &f->err) < 0)
		print_error("%s\n", f->err.text);
	assert_non_null(f->store);
}

static void start(struct fixture *f)
{
	*f = (struct fixture){ .root = "/tmp/intelmq-store-XXXXXX" };
	assert_non_null(mkdtemp(f->root));
	snprintf(f->directory, sizeof f->directory, "%s/broker", f->root);
	f->options.directory = f->directory;
	open_store(f);
}

static void remove_all(const char *pattern)
{
	glob_t found;
	if (glob(pattern, 0, NULL, &found) != 0)
		return;
	for (size_t i = 0; i < found.gl_pathc; i++)
		remove(found.gl_pathv[i]);
	globfree(&found);
}

static void finish(struct fixture *f)
{
	char pattern[100];
	store_close(f->store);
	snprintf(pattern, sizeof pattern, "%s/*", f->directory);
	remove_all(pattern);
	rmdir(f->directory);
	rmdir(f->root);
}

static void reopen(struct fixture *f)
{
	store_close(f->store);
	open_store(f);
}

static enum stored try_write(struct fixture *f, struct group group, bool again)
{
	group.number = store_group(f->store) + 1;
	return store_write(f->store, &group, again, &f->err);
}

static void write_group(struct fixture *f, struct group group)
{
	enum stored stored = try_write(f, group, false);
	if (stored != STORED)
		print_error("%s\n", f->err.text);
	assert_int_equal(stored, STORED);
}

static void add_queue(struct fixture *f, uint32_t id, const char *name)
{
	struct group_queue queue = { id, str_of(name) };
	write_group(f, (struct group){ .queues = &queue, .n_queues = 1 });
}

/* One message of `size` bytes in a block of its own. */
static enum stored add_message(struct fixture *f, uint32_t queue, uint64_t block, uint32_t size)
{
	const struct range all = { 0, 1 };
	char *bytes = malloc(size + 1);
	assert_non_null(bytes);
	memset(bytes, 'x', size);
	struct group_body body = { block, 1, &size, bytes, &all, 1 };
	struct group_entry entry = { queue, block, false, &all, 1, NULL, 0, 1, size };
	enum stored stored = try_write(
		f,
		(struct group){ .bodies = &body, .n_bodies = 1, .entries = &entry, .n_entries = 1 },
		false);
	free(bytes);
	return stored;
}

static enum stored drop(struct fixture *f, uint32_t queue, uint64_t from, uint64_t to, bool shared)
{
	struct group_gone gone = { queue, from, to, shared };
	return try_write(f, (struct group){ .gone = &gone, .n_gone = 1 }, false);
}

/* A number that SQL gives. */
static int64_t ask(struct fixture *f, const char *sql)
{
	sqlite3_stmt *s;
	assert_int_equal(sqlite3_prepare_v2(f->store->db, sql, -1, &s, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	int64_t number = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return number;
}

static void sql(struct fixture *f, const char *text)
{
	assert_int_equal(sqlite3_exec(f->store->db, text, NULL, NULL, NULL), SQLITE_OK);
}

static size_t read_slice(struct fixture *f, uint32_t queue, uint64_t after, size_t blocks,
                         size_t bytes, struct store_slice *out)
{
	int rc = store_read(f->store, queue, after, UINT64_MAX, blocks, bytes, out, &f->err);
	if (rc < 0)
		print_error("%s\n", f->err.text);
	assert_int_equal(rc, 0);
	return out->n;
}

/* ---- What was written is read ---- */

static void check_partial(struct fixture *f)
{
	struct store_slice slice;
	assert_int_equal(read_slice(f, 7, 0, 10, 1000, &slice), 1);
	const struct store_block *b = slice.blocks;
	assert_int_equal(b->block, 1001);
	assert_int_equal(slice.last, 1001);
	assert_true(b->shared);
	assert_int_equal(b->n, 5);
	assert_int_equal(b->n_left, 2);
	assert_int_equal(b->left[0].from, 1);
	assert_int_equal(b->left[0].to, 2);
	assert_int_equal(b->left[1].from, 3);
	assert_int_equal(b->left[1].to, 5);
	assert_int_equal(b->n_notes, 1);
	assert_int_equal(b->notes[0].at, 4);
	assert_true(b->notes[0].value == UINT64_MAX);
	assert_int_equal(b->messages, 3);
	assert_int_equal(b->bytes, 6);
	/* The first and third do not live: no bytes, the same positions. */
	const uint32_t ends[] = { 0, 2, 2, 3, 6 };
	assert_memory_equal(b->ends, ends, sizeof ends);
	assert_memory_equal(b->bodies, "bbdeee", 6);
	store_slice_free(&slice);
}

static void partial_block_keeps_positions(void **state)
{
	struct fixture f;
	(void)state;
	start(&f);
	add_queue(&f, 7, "parser-queue");
	const uint32_t ends[] = { 3, 5, 9, 10, 13 };
	const struct range live[] = { { 1, 2 }, { 3, 5 } };
	const struct note note = { 4, UINT64_MAX };
	struct group_body body = { 1001, 5, ends, "aaabbccccdeee", live, 2 };
	struct group_entry entry = { 7, 1001, true, live, 2, &note, 1, 3, 6 };
	write_group(&f,
	            (struct group){
			    .bodies = &body, .n_bodies = 1, .entries = &entry, .n_entries = 1 });
	check_partial(&f);
	reopen(&f);
	check_partial(&f);

	/* What is left changes without the body. */
	const struct range last = { 4, 5 };
	entry = (struct group_entry){ 7, 1001, true, &last, 1, NULL, 0, 1, 3 };
	write_group(&f, (struct group){ .entries = &entry, .n_entries = 1 });
	struct store_slice slice;
	assert_int_equal(read_slice(&f, 7, 0, 10, 1000, &slice), 1);
	assert_int_equal(slice.blocks[0].n_left, 1);
	assert_int_equal(slice.blocks[0].left[0].from, 4);
	assert_int_equal(slice.blocks[0].n_notes, 0);
	assert_memory_equal(slice.blocks[0].bodies, "bbdeee", 6);
	store_slice_free(&slice);
	finish(&f);
}

static void queues_are_counted(void **state)
{
	struct fixture f;
	struct store_queue *queues;
	size_t n;
	(void)state;
	start(&f);
	add_queue(&f, 3, "c\xff-queue"); /* not UTF-8 */
	add_queue(&f, 2, "b-queue");
	assert_int_equal(add_message(&f, 3, 50, 10), STORED);
	assert_int_equal(add_message(&f, 3, 60, 0), STORED);
	reopen(&f);
	assert_int_equal(store_queues(f.store, &queues, &n, &f.err), 0);
	assert_int_equal(n, 2);
	assert_true(str_eq(queues[0].name, S("b-queue")));
	assert_int_equal(queues[0].id, 2);
	assert_int_equal(queues[0].blocks, 0);
	assert_int_equal(queues[0].last, 0);
	assert_true(str_eq(queues[1].name, S("c\xff-queue")));
	assert_int_equal(queues[1].blocks, 2);
	assert_int_equal(queues[1].messages, 2);
	assert_int_equal(queues[1].bytes, 10);
	assert_int_equal(queues[1].first, 50);
	assert_int_equal(queues[1].last, 60);
	store_queues_free(queues, n);
	finish(&f);
}

static void slices_keep_their_limits(void **state)
{
	struct fixture f;
	struct store_slice slice;
	(void)state;
	start(&f);
	add_queue(&f, 1, "queue");
	for (uint64_t block = 1; block <= 6; block++)
		assert_int_equal(add_message(&f, 1, block * 10, 40000), STORED);
	assert_int_equal(read_slice(&f, 1, 0, 10, 1, &slice), 1); /* at least one */
	store_slice_free(&slice);
	assert_int_equal(read_slice(&f, 1, 0, 10, 120000, &slice), 3);
	assert_int_equal(slice.last, 30);
	store_slice_free(&slice);
	assert_int_equal(read_slice(&f, 1, 30, 2, 1000000, &slice), 2);
	assert_int_equal(slice.blocks[0].block, 40);
	store_slice_free(&slice);
	assert_int_equal(store_read(f.store, 1, 10, 30, 10, 1000000, &slice, &f.err), 0);
	assert_int_equal(slice.n, 2);
	store_slice_free(&slice);
	assert_int_equal(read_slice(&f, 1, 60, 10, 1000, &slice), 0);
	assert_int_equal(slice.last, 0);
	assert_int_equal(read_slice(&f, 2, 0, 10, 1000, &slice), 0);
	finish(&f);
}

/* ---- What is gone is gone ---- */

static void add_shared(struct fixture *f, uint64_t block)
{
	const struct range all = { 0, 1 };
	const uint32_t end = 4;
	struct group_body body = { block, 1, &end, "body", &all, 1 };
	struct group_entry entries[] = { { 1, block, true, &all, 1, NULL, 0, 1, 4 },
		                         { 2, block, true, &all, 1, NULL, 0, 1, 4 } };
	write_group(f,
	            (struct group){
			    .bodies = &body, .n_bodies = 1, .entries = entries, .n_entries = 2 });
}

static void shared_body_goes_with_the_last_entry(void **state)
{
	struct fixture f;
	(void)state;
	start(&f);
	add_queue(&f, 1, "one");
	add_queue(&f, 2, "two");
	add_shared(&f, 100);
	add_shared(&f, 200);
	assert_int_equal(drop(&f, 1, 100, 100, true), STORED);
	assert_int_equal(ask(&f, "SELECT count(*) FROM bodies"), 2);
	assert_int_equal(drop(&f, 2, 100, 100, true), STORED);
	assert_int_equal(ask(&f, "SELECT count(*) FROM bodies"), 1);
	/* By a span, after the other queue has lost it. */
	assert_int_equal(drop(&f, 2, 1, 1000, true), STORED);
	assert_int_equal(ask(&f, "SELECT count(*) FROM bodies"), 1);
	assert_int_equal(drop(&f, 1, 0, UINT64_MAX, true), STORED);
	assert_int_equal(ask(&f, "SELECT count(*) FROM bodies"), 0);
	assert_int_equal(ask(&f, "SELECT count(*) FROM entries"), 0);
	finish(&f);
}

/* 5,000 entries, more than one piece of a span. */
static void span_takes_its_queue_only(void **state)
{
	struct fixture f;
	(void)state;
	start(&f);
	add_queue(&f, 1, "one");
	add_queue(&f, 2, "two");
	sql(&f, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)"
	        " INSERT INTO bodies SELECT i, x'0101', x'61' FROM n;"
	        "INSERT INTO entries SELECT 1, block, block % 10 = 0, 1, 1, x'010001', x'00' FROM "
	        "bodies;"
	        "INSERT INTO entries SELECT 2, block, 1, 1, 1, x'010001', x'00' FROM bodies"
	        " WHERE block % 10 = 0");
	assert_int_equal(drop(&f, 1, 101, 4900, true), STORED);
	assert_int_equal(ask(&f, "SELECT count(*) FROM entries WHERE queue = 1"), 200);
	assert_int_equal(ask(&f, "SELECT count(*) FROM entries WHERE queue = 2"), 500);
	assert_int_equal(ask(&f, "SELECT count(*) FROM bodies"), 200 + 480);
	assert_int_equal(ask(&f, "SELECT min(block) FROM bodies WHERE block > 100"), 110);
	assert_int_equal(drop(&f, 2, 1, UINT64_MAX, true), STORED);
	assert_int_equal(ask(&f, "SELECT count(*) FROM bodies"), 200);
	assert_int_equal(drop(&f, 1, 1, UINT64_MAX, false), STORED);
	assert_int_equal(ask(&f, "SELECT count(*) FROM bodies"), 0);
	finish(&f);
}

/* No statement walks through a whole table, but the one that counts at the start. */
static void statements_find_by_index(void **state)
{
	struct fixture f;
	(void)state;
	start(&f);
	for (int i = SQL_QUEUE_ADD; i < STATEMENTS; i++) {
		char text[1000];
		sqlite3_stmt *s;
		if (i == SQL_QUEUES)
			continue;
		snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s",
		         sqlite3_sql(f.store->statements[i]));
		assert_int_equal(sqlite3_prepare_v2(f.store->db, text, -1, &s, NULL), SQLITE_OK);
		while (sqlite3_step(s) == SQLITE_ROW) {
			const char *detail = (const char *)sqlite3_column_text(s, 3);
			if (strstr(detail, "SCAN") && !strstr(detail, "CONSTANT"))
				print_error("%s: %s\n", text, detail);
			assert_true(!strstr(detail, "SCAN") || strstr(detail, "CONSTANT"));
		}
		sqlite3_finalize(s);
	}
	finish(&f);
}

/* ---- State ---- */

static void add_state(struct fixture *f, const char *changes, uint64_t drop_before)
{
	struct group_state states[] = { { S("dedup"), str_of(changes), drop_before },
		                        { S("other"), S("!"), 0 } };
	write_group(f, (struct group){ .states = states, .n_states = 2 });
}

static void check_state(struct fixture *f, uint64_t after, size_t bytes, const char *text,
                        bool more)
{
	struct str is;
	uint64_t last;
	bool is_more;
	assert_int_equal(
		store_read_state(f->store, S("dedup"), after, bytes, &is, &last, &is_more, &f->err),
		0);
	assert_int_equal(is.n, strlen(text));
	assert_memory_equal(is.p ? is.p : "", text, is.n);
	assert_int_equal(is_more, more);
	assert_true(is.n ? last > after : last == after);
	free((char *)is.p);
}

static void state_comes_in_rows(void **state)
{
	struct fixture f;
	(void)state;
	start(&f);
	uint64_t first = store_group(f.store) + 1;
	add_state(&f, "aaaa", 0);
	add_state(&f, "bbbb", 0);
	add_state(&f, "cccc", 0);
	check_state(&f, 0, 1000, "aaaabbbbcccc", false);
	check_state(&f, 0, 1, "aaaa", true);
	check_state(&f, 0, 5, "aaaabbbb", true);
	check_state(&f, first, 5, "bbbbcccc", false);
	check_state(&f, first + 2, 5, "", false);
	add_state(&f, "dddd", first + 2);
	reopen(&f);
	check_state(&f, 0, 1000, "ccccdddd", false);
	assert_int_equal(ask(&f, "SELECT count(*) FROM state WHERE bot = x'6f74686572'"), 4);
	assert_int_equal(store_drop_state(f.store, S("dedup"), &f.err), 0);
	check_state(&f, 0, 1000, "", false);
	assert_int_equal(ask(&f, "SELECT count(*) FROM state"), 4);
	finish(&f);
}

/* ---- Opening ---- */

static void epoch_rises_group_stays(void **state)
{
	struct fixture f;
	(void)state;
	start(&f);
	assert_int_equal(store_epoch(f.store), 1);
	add_queue(&f, 1, "queue");
	uint64_t group = store_group(f.store);
	for (uint32_t epoch = 2; epoch < 5; epoch++) {
		reopen(&f);
		assert_int_equal(store_epoch(f.store), epoch);
		assert_int_equal(store_group(f.store), group);
	}
	sql(&f, "UPDATE meta SET epoch = 8388607");
	store_close(f.store);
	assert_int_equal(store_open(&f.options, &f.store, &f.warning, &f.err), -1);
	assert_non_null(strstr(f.err.text, "used up"));
	finish(&f);
}

static void directory_is_made_for_its_owner(void **state)
{
	struct fixture f;
	struct stat st;
	char path[100];
	(void)state;
	start(&f);
	assert_int_equal(stat(f.directory, &st), 0);
	assert_int_equal(st.st_mode & 07, 0);
	snprintf(path, sizeof path, "%s/broker.db", f.directory);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07, 0);
	snprintf(path, sizeof path, "%s/broker.db-wal", f.directory);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07, 0);
	struct store *other;
	snprintf(path, sizeof path, "%s/no/such", f.directory);
	f.options.directory = path;
	assert_int_equal(store_open(&f.options, &other, &f.warning, &f.err), -1);
	assert_non_null(strstr(f.err.text, path));
	assert_null(other);
	finish(&f);
}

static void lock_names_its_owner(void **state)
{
	struct fixture f;
	int ready[2];
	char byte, pid[32];
	(void)state;
	start(&f);
	store_close(f.store);
	f.store = NULL;
	assert_int_equal(pipe(ready), 0);
	pid_t child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		int rc = store_open(&f.options, &f.store, &f.warning, &f.err);
		byte = rc == 0 ? 'y' : 'n';
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(byte, 'y');
	assert_int_equal(store_open(&f.options, &f.store, &f.warning, &f.err), -1);
	snprintf(pid, sizeof pid, "(pid %d on ", (int)child);
	assert_non_null(strstr(f.err.text, pid));
	assert_non_null(strstr(f.err.text, "broker.lock"));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	open_store(&f);
	close(ready[0]);
	close(ready[1]);
	finish(&f);
}

/* Somebody looks into the database with a tool. */
static void program_in_the_way_is_told(void **state)
{
	struct fixture f;
	char path[100];
	sqlite3 *db;
	(void)state;
	start(&f);
	store_close(f.store);
	snprintf(path, sizeof path, "%s/broker.db", f.directory);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(store_open(&f.options, &f.store, &f.warning, &f.err), -1);
	assert_non_null(strstr(f.err.text, "another program has it open"));
	sqlite3_close(db);
	open_store(&f);
	finish(&f);
}

static void remote_file_systems_are_refused(void **state)
{
	struct fixture f;
	(void)state;
	start(&f);
	f.store->warning[0] = 0; /* of where the test itself runs */
	assert_int_equal(store_place_check(f.store, EXT4_SUPER_MAGIC, &f.err), 0);
	assert_string_equal(f.store->warning, "");
	assert_int_equal(store_place_check(f.store, NFS_SUPER_MAGIC, &f.err), -1);
	assert_non_null(strstr(f.err.text, "NFS"));
	assert_int_equal(store_place_check(f.store, CIFS_SUPER_MAGIC, &f.err), -1);
	assert_int_equal(store_place_check(f.store, SMB2_SUPER_MAGIC, &f.err), -1);
	assert_int_equal(store_place_check(f.store, TMPFS_MAGIC, &f.err), 0);
	assert_non_null(strstr(f.store->warning, "tmpfs"));
	assert_int_equal(store_place_check(f.store, OVERLAYFS_SUPER_MAGIC, &f.err), 0);
	assert_non_null(strstr(f.store->warning, "; "));
	assert_non_null(strstr(f.store->warning, "overlay"));
	finish(&f);
}

/* ---- Versions ---- */

static void newer_version_is_refused(void **state)
{
	struct fixture f;
	(void)state;
	start(&f);
	add_queue(&f, 1, "queue");
	sql(&f, "PRAGMA user_version = 2");
	store_close(f.store);
	assert_int_equal(store_open(&f.options, &f.store, &f.warning, &f.err), -1);
	assert_int_equal(f.err.fault, FAULT_CONFIGURATION);
	assert_non_null(strstr(f.err.text, "its version is 2, this release knows 1"));
	finish(&f);
}

static void older_version_is_copied_and_updated(void **state)
{
	static const char *const steps[] = {
		"never run",
		"ALTER TABLE queues ADD COLUMN x INTEGER DEFAULT 5; CREATE TABLE y (z)",
		"UPDATE queues SET x = x + 1"
	};
	static const char *const broken[] = { "", "CREATE TABLE w (z); nonsense", "" };
	struct fixture f;
	char path[100];
	(void)state;
	start(&f);
	add_queue(&f, 1, "queue");
	/* All or nothing. */
	assert_int_equal(store_schema_update(f.store, broken, 3, &f.err), SQLITE_ERROR);
	assert_int_equal(ask(&f, "PRAGMA user_version"), 1);
	assert_int_equal(ask(&f, "SELECT count(*) FROM sqlite_schema WHERE name = 'w'"), 0);
	assert_int_equal(store_schema_update(f.store, steps, 3, &f.err), SQLITE_OK);
	assert_int_equal(ask(&f, "PRAGMA user_version"), 3);
	assert_int_equal(ask(&f, "SELECT x FROM queues"), 6);
	snprintf(path, sizeof path, "%s/broker.db.version-1", f.directory);
	sqlite3 *db;
	assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "SELECT name FROM queues", NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "SELECT x FROM queues", NULL, NULL, NULL), SQLITE_ERROR);
	sqlite3_close(db);
	finish(&f);
}

/* ---- Damage ---- */

static void scribble(struct fixture *f, off_t from, off_t to)
{
	char path[100], junk[1024];
	snprintf(path, sizeof path, "%s/broker.db", f->directory);
	int fd = open(path, O_WRONLY);
	assert_true(fd >= 0);
	memset(junk, 0xa5, sizeof junk);
	for (; from < to; from += (off_t)sizeof junk)
		assert_int_equal(pwrite(fd, junk, sizeof junk, from), sizeof junk);
	close(fd);
}

static void check_set_aside(struct fixture *f)
{
	char pattern[100];
	glob_t found;
	open_store(f);
	assert_non_null(strstr(f->warning.p, "broker.db.corrupt-"));
	assert_non_null(strstr(f->warning.p, ".recover"));
	assert_int_equal(store_group(f->store), 0);
	snprintf(pattern, sizeof pattern, "%s/broker.db.corrupt-*[0-9]", f->directory);
	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_int_equal(found.gl_pathc, 1);
	globfree(&found);
	add_queue(f, 1, "queue");
	reopen(f);
	assert_null(strstr(f->warning.p, "corrupt"));
	assert_int_equal(store_group(f->store), 1);
}

static void no_database_is_set_aside(void **state)
{
	struct fixture f;
	(void)state;
	start(&f);
	add_queue(&f, 1, "queue");
	store_close(f.store);
	scribble(&f, 0, 4096);
	check_set_aside(&f);
	finish(&f);
}

/* Opening does not look everywhere: what is found later is found again by the next opening. */
static void damage_found_late_is_set_aside_at_the_next_opening(void **state)
{
	struct fixture f;
	struct store_slice slice;
	(void)state;
	start(&f);
	add_queue(&f, 1, "queue");
	for (uint64_t block = 1; block <= 30; block++)
		assert_int_equal(add_message(&f, 1, block, 100000), STORED);
	store_close(f.store);
	scribble(&f, 30 * STORE_PAGE, 100 * STORE_PAGE);
	open_store(&f);
	assert_null(strstr(f.warning.p, "corrupt"));
	assert_int_equal(store_read(f.store, 1, 0, UINT64_MAX, 100, 1 << 30, &slice, &f.err), -1);
	assert_int_equal(slice.n, 0);
	store_close(f.store);
	check_set_aside(&f);
	finish(&f);
}

static void unfounded_suspicion_is_forgotten(void **state)
{
	struct fixture f;
	(void)state;
	start(&f);
	add_queue(&f, 1, "queue");
	store_suspect(f.store);
	assert_true(store_is_suspect(f.store));
	reopen(&f);
	assert_null(strstr(f.warning.p, "corrupt"));
	assert_int_equal(store_group(f.store), 1);
	assert_false(store_is_suspect(f.store));
	finish(&f);
}

static void row_without_sense_is_refused(void **state)
{
	static const char *const damages[] = {
		"UPDATE entries SET left = x''",
		"UPDATE entries SET left = x'010002'",
		"UPDATE entries SET left = x'01000100'",
		"UPDATE entries SET notes = x'010500'",
		"UPDATE entries SET notes = x'ff'",
		"UPDATE entries SET messages = 2",
		"UPDATE entries SET bytes = 11",
		"UPDATE bodies SET sizes = x'0109'",
		"UPDATE bodies SET sizes = x'ffffffff0f0a'",
		"UPDATE bodies SET bodies = x'61'",
		"DELETE FROM bodies",
	};
	struct fixture f;
	struct store_slice slice;
	(void)state;
	start(&f);
	add_queue(&f, 1, "queue");
	assert_int_equal(add_message(&f, 1, 5, 10), STORED);
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		sql(&f, "BEGIN");
		sql(&f, damages[i]);
		f.err = (struct err){ 0 };
		int rc = store_read(f.store, 1, 0, UINT64_MAX, 9, 1000, &slice, &f.err);
		if (rc == 0)
			print_error("%s\n", damages[i]);
		assert_int_equal(rc, -1);
		assert_non_null(strstr(f.err.text, "block 5 in queue 1"));
		sql(&f, "ROLLBACK");
	}
	assert_int_equal(read_slice(&f, 1, 0, 9, 1000, &slice), 1);
	store_slice_free(&slice);
	finish(&f);
}

/* ---- No room ---- */

/* Fills the queue to the brim; the first block that is not stored. */
static uint64_t fill(struct fixture *f, uint64_t block)
{
	enum stored stored = STORED;
	for (; stored == STORED; block++)
		stored = add_message(f, 1, block, 100000);
	assert_int_equal(stored, STORE_FULL);
	assert_non_null(strstr(f->err.text, "no room"));
	return block - 1;
}

static void limit_leaves_room_to_consume(void **state)
{
	struct fixture f;
	(void)state;
	start(&f);
	store_close(f.store);
	f.options.limit = 4 << 20;
	f.options.reserve = 1 << 20;
	open_store(&f);
	add_queue(&f, 1, "queue");
	assert_true(f.store->reserve_here);
	uint64_t first = fill(&f, 1);
	assert_false(f.store->reserve_here);
	assert_true(first * 100000 > 2 << 20 && first * 100000 < 3 << 20);
	assert_int_equal(store_group(f.store), first); /* nothing of the failed group */
	uint64_t second = fill(&f, first);
	assert_true(second * 100000 > 3 << 20 && store_size(f.store) - f.store->log <= 4 << 20);
	for (uint64_t block = 1; block < 5; block++)
		assert_int_equal(drop(&f, 1, block, block, false), STORED);
	assert_int_equal(add_message(&f, 1, second, 100000), STORED);
	assert_false(f.store->reserve_here);
	assert_int_equal(drop(&f, 1, 1, UINT64_MAX, false), STORED);
	assert_true(f.store->reserve_here);
	assert_true(store_size(f.store) - f.store->log < 1 << 20);
	finish(&f);
}

/* The same group again and again, while the disk is full: stored once. */
static void full_disk_gives_up_the_reserve(void **state)
{
	struct power_vfs *power = power_vfs_new("full", 1);
	struct fixture f = { .options = { .directory = "/full",
		                          .vfs = "full",
		                          .reserve = 300000,
		                          .without_lock = true } };
	struct group_queue queue = { 1, S("queue") };
	struct group group = { .queues = &queue, .n_queues = 1 };
	(void)state;
	open_store(&f);
	assert_true(f.store->reserve_here);
	power_vfs_fill(power, 0);
	group.number = 1;
	/* What is written goes over the log that is there, then behind its end. */
	while (store_write(f.store, &group, false, &f.err) == STORED) {
		group.number++;
		group.n_queues = 0;
	}
	assert_true(group.number < 10);
	assert_false(f.store->reserve_here);
	assert_int_equal(store_group(f.store), group.number - 1);
	assert_int_equal(store_write(f.store, &group, true, &f.err), STORED);
	assert_int_equal(store_write(f.store, &group, true, &f.err), STORED); /* it is there */
	assert_int_equal(store_group(f.store), group.number);
	power_vfs_fill(power, POWER_NO_LIMIT);
	group.number++;
	group.n_queues = 0;
	assert_int_equal(store_write(f.store, &group, false, &f.err), STORED);
	assert_true(f.store->reserve_here);
	store_close(f.store);
	power_vfs_free(power);
}

static void nothing_is_done_after_a_failure(void **state)
{
	struct power_vfs *power = power_vfs_new("fails", 1);
	struct fixture f = {
		.options = { .directory = "/fails", .vfs = "fails", .without_lock = true }
	};
	struct group group = { .number = 1 };
	struct store_queue *queues;
	struct store_slice slice;
	size_t n;
	(void)state;
	open_store(&f);
	power_vfs_fail(power, 1);
	assert_int_equal(store_write(f.store, &group, false, &f.err), STORE_FAILED);
	assert_int_equal(store_write(f.store, &group, true, &f.err), STORE_FAILED);
	assert_int_equal(store_queues(f.store, &queues, &n, &f.err), -1);
	assert_int_equal(store_read(f.store, 1, 0, 9, 9, 9, &slice, &f.err), -1);
	assert_int_equal(store_drop_state(f.store, S("bot"), &f.err), -1);
	assert_non_null(strstr(f.err.text, "failure"));
	reopen(&f);
	assert_int_equal(store_write(f.store, &group, true, &f.err), STORED);
	store_close(f.store);
	power_vfs_free(power);
}

/* The log is checkpointed and does not grow without end; a long one is cut. */
static void log_stays_short(void **state)
{
	struct fixture f;
	(void)state;
	start(&f);
	add_queue(&f, 1, "queue");
	for (uint64_t block = 1; block <= 300; block++) {
		assert_int_equal(add_message(&f, 1, block, 100000), STORED);
		assert_true(f.store->log < (STORE_LOG_PAGES + 30) * (STORE_PAGE + 24ll));
	}
	assert_int_equal(add_message(&f, 1, 301, 70 << 20), STORED);
	assert_int_equal(f.store->log, 0);
	assert_true(store_size(f.store) > 100000000);
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(partial_block_keeps_positions),
		cmocka_unit_test(queues_are_counted),
		cmocka_unit_test(slices_keep_their_limits),
		cmocka_unit_test(shared_body_goes_with_the_last_entry),
		cmocka_unit_test(span_takes_its_queue_only),
		cmocka_unit_test(statements_find_by_index),
		cmocka_unit_test(state_comes_in_rows),
		cmocka_unit_test(epoch_rises_group_stays),
		cmocka_unit_test(directory_is_made_for_its_owner),
		cmocka_unit_test(lock_names_its_owner),
		cmocka_unit_test(program_in_the_way_is_told),
		cmocka_unit_test(remote_file_systems_are_refused),
		cmocka_unit_test(newer_version_is_refused),
		cmocka_unit_test(older_version_is_copied_and_updated),
		cmocka_unit_test(no_database_is_set_aside),
		cmocka_unit_test(damage_found_late_is_set_aside_at_the_next_opening),
		cmocka_unit_test(unfounded_suspicion_is_forgotten),
		cmocka_unit_test(row_without_sense_is_refused),
		cmocka_unit_test(limit_leaves_room_to_consume),
		cmocka_unit_test(full_disk_gives_up_the_reserve),
		cmocka_unit_test(nothing_is_done_after_a_failure),
		cmocka_unit_test(log_stays_short),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
