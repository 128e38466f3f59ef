/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Opens the database: lock, log, version, epoch. */
#include "broker/store_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/*
 * Names are BLOBs, since nobody promises that they are UTF-8 without NUL. `entries` is read and deleted from in order
 * and keeps bodies out of its pages; the index finds the other entries of a block that several queues have.
 */
static const char *const schema[] = {
	"CREATE TABLE meta (epoch INTEGER NOT NULL, number INTEGER NOT NULL, counter INTEGER NOT "
	"NULL);"
	"INSERT INTO meta VALUES (0, 0, 0);"
	"CREATE TABLE queues (id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE);"
	"CREATE TABLE bodies (block INTEGER PRIMARY KEY, sizes BLOB NOT NULL, bodies BLOB NOT "
	"NULL);"
	"CREATE TABLE entries (queue INTEGER NOT NULL, block INTEGER NOT NULL,"
	" shared INTEGER NOT NULL, messages INTEGER NOT NULL, bytes INTEGER NOT NULL,"
	" left BLOB NOT NULL, notes BLOB NOT NULL, PRIMARY KEY (queue, block)) WITHOUT ROWID;"
	"CREATE INDEX entries_shared ON entries (block) WHERE shared;"
	"CREATE TABLE state (bot BLOB NOT NULL, number INTEGER NOT NULL, changes BLOB NOT NULL,"
	" PRIMARY KEY (bot, number)) WITHOUT ROWID;",
};

enum { SCHEMA_VERSION = sizeof schema / sizeof *schema };

/* A span goes in pieces of so many entries, so that the lists of their blocks stay small. */
#define SPAN_PIECE "1000"
#define SPAN "queue = ?1 AND block BETWEEN ?2 AND ?3"

static const char *const texts[STATEMENTS] = {
	[SQL_BEGIN] = "BEGIN IMMEDIATE",
	[SQL_COMMIT] = "COMMIT",
	[SQL_ROLLBACK] = "ROLLBACK",
	[SQL_META_GET] = "SELECT epoch, number FROM meta",
	[SQL_META_SET] = "UPDATE meta SET number = ?1, counter = ?2",
	[SQL_EPOCH] = "UPDATE meta SET epoch = epoch + 1",
	[SQL_PAGES] = "PRAGMA page_count",
	[SQL_FREE_PAGES] = "PRAGMA freelist_count",
	[SQL_QUEUE_ADD] = "INSERT INTO queues VALUES (?1, ?2)",
	[SQL_ENTRY_GONE] = "DELETE FROM entries WHERE queue = ?1 AND block = ?2",
	[SQL_BODY_GONE] = "DELETE FROM bodies WHERE block = ?1",
	[SQL_BODY_GONE_IF_LAST] = "DELETE FROM bodies WHERE block = ?1 AND NOT EXISTS"
				  " (SELECT 1 FROM entries WHERE block = ?1 AND shared)",
	[SQL_SPAN_PIECE] = "SELECT block FROM entries WHERE " SPAN
			   " ORDER BY block LIMIT 1 OFFSET " SPAN_PIECE,
	[SQL_SPAN_BODIES] = "DELETE FROM bodies WHERE block IN"
			    " (SELECT block FROM entries WHERE " SPAN " AND NOT shared)",
	[SQL_SPAN_SHARED_BODIES] =
		"DELETE FROM bodies WHERE block IN"
		" (SELECT block FROM entries AS mine WHERE " SPAN " AND shared AND NOT EXISTS"
		" (SELECT 1 FROM entries AS other WHERE other.block = mine.block AND other.shared"
		" AND other.queue <> ?1))",
	[SQL_SPAN_ENTRIES] = "DELETE FROM entries WHERE " SPAN,
	[SQL_BODY_ADD] = "INSERT INTO bodies VALUES (?1, ?2, ?3)",
	[SQL_ENTRY_PUT] = "REPLACE INTO entries VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[SQL_STATE_ADD] = "INSERT INTO state VALUES (?1, ?2, ?3)",
	[SQL_STATE_OLD] = "DELETE FROM state WHERE bot = ?1 AND number < ?2",
	[SQL_QUEUES] = "SELECT id, name, count(block), sum(messages), sum(bytes), min(block),"
		       " max(block) FROM queues LEFT JOIN entries ON queue = id"
		       " GROUP BY id ORDER BY id",
	[SQL_ENTRIES] = "SELECT block, shared, messages, bytes, left, notes, sizes, length(bodies)"
			" FROM entries LEFT JOIN bodies USING (block)"
			" WHERE queue = ?1 AND block > ?2 AND block <= ?3 ORDER BY block",
	[SQL_STATE] = "SELECT number, changes FROM state WHERE bot = ?1 AND number > ?2"
		      " ORDER BY number",
	[SQL_STATE_DROP] = "DELETE FROM state WHERE bot = ?1",
};

static int exec(struct store *store, const char *sql)
{
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}

/* The first column of the first row. */
static int ask(struct store *store, const char *sql, char *out, size_t size)
{
	sqlite3_stmt *s;
	int code = sqlite3_prepare_v2(store->db, sql, -1, &s, NULL);
	if (code != SQLITE_OK)
		return code;
	code = sqlite3_step(s);
	if (code == SQLITE_ROW) {
		const char *text = (const char *)sqlite3_column_text(s, 0);
		snprintf(out, size, "%s", text ? text : "");
	}
	int end = sqlite3_finalize(s);
	return code == SQLITE_ROW ? end : code == SQLITE_DONE ? SQLITE_CORRUPT : code;
}

/* ---- Version ---- */

static int copy_version(struct store *store, int version)
{
	char *name = sqlite3_mprintf("%s.version-%d", store->path, version);
	char *sql = sqlite3_mprintf("VACUUM INTO %Q", name);
	if (!name || !sql)
		abort();
	store->vfs->xDelete(store->vfs, name, 0); /* of an attempt that was interrupted */
	int code = exec(store, sql);
	sqlite3_free(sql);
	sqlite3_free(name);
	return code;
}

static int take_steps(struct store *store, const char *const *steps, int version, int n)
{
	char sql[64];
	int code = exec(store, "BEGIN IMMEDIATE");
	for (int i = version; i < n && code == SQLITE_OK; i++)
		code = exec(store, steps[i]);
	snprintf(sql, sizeof sql, "PRAGMA user_version = %d; COMMIT", n);
	code = code ? code : exec(store, sql);
	if (code && !sqlite3_get_autocommit(store->db))
		exec(store, "ROLLBACK");
	return code;
}

int store_schema_update(struct store *store, const char *const *steps, int n, struct err *err)
{
	char text[16] = "";
	int code = ask(store, "PRAGMA user_version", text, sizeof text);
	int version = 0;
	for (const char *p = text; *p >= '0' && *p <= '9' && version < n + 1; p++)
		version = version * 10 + (*p - '0');
	if (code == SQLITE_OK && (version > n || text[0] == '-')) {
		err_set(err, FAULT_CONFIGURATION,
		        "%s: its version is %s, this release knows %d: use the release that wrote "
		        "it, or "
		        "a later one",
		        store->path, text, n);
		return SQLITE_MISMATCH;
	}
	if (code == SQLITE_OK && version > 0 && version < n)
		code = copy_version(store, version);
	if (code == SQLITE_OK && version < n)
		code = take_steps(store, steps, version, n);
	if (code != SQLITE_OK)
		store_err(store, code, "cannot be brought up to date", err);
	return code;
}

/* ---- Opening ---- */

static int count_log(void *context, sqlite3 *db, const char *name, int pages)
{
	struct store *store = context;
	(void)db, (void)name;
	store->log_pages = pages;
	return SQLITE_OK;
}

/* The lock is taken and the log found before it is asked for anything else. */
static int open_log(struct store *store)
{
	char mode[16] = "";
	int code = exec(store, "PRAGMA page_size = 16384; PRAGMA locking_mode = EXCLUSIVE;"
	                       "PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192");
	code = code ? code : ask(store, "PRAGMA journal_mode = WAL", mode, sizeof mode);
	if (code == SQLITE_OK && strcmp(mode, "wal") != 0)
		code = SQLITE_CANTOPEN;
	code = code ? code
	            : exec(store, "PRAGMA synchronous = FULL; PRAGMA secure_delete = OFF;"
	                          "PRAGMA wal_autocheckpoint = 0;"
	                          "BEGIN IMMEDIATE; ROLLBACK");
	code = code ? code : store_log_renew(store);
	if (code == SQLITE_OK)
		sqlite3_wal_hook(store->db, count_log, store);
	return code ? code
	            : sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
	                                        NULL);
}

static int check_suspect(struct store *store)
{
	char says[16] = "";
	if (!store_is_suspect(store))
		return SQLITE_OK;
	int code = ask(store, "PRAGMA quick_check(1)", says, sizeof says);
	if (code == SQLITE_OK && strcmp(says, "ok") != 0)
		code = SQLITE_CORRUPT;
	if (code == SQLITE_OK)
		store_unsuspect(store);
	return code;
}

static int prepare(struct store *store)
{
	int code = SQLITE_OK;
	for (int i = 0; i < STATEMENTS && code == SQLITE_OK; i++)
		code = sqlite3_prepare_v3(store->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT,
		                          &store->statements[i], NULL);
	return code;
}

static int raise_epoch(struct store *store, struct err *err)
{
	int code = store_read_number(store);
	if (code == SQLITE_OK && store->epoch >= STORE_EPOCH_MAX) {
		err_set(err, FAULT_CONFIGURATION,
		        "%s: it was opened %d times, identities of messages are used up: let the "
		        "queues run empty and move it away",
		        store->path, STORE_EPOCH_MAX);
		return SQLITE_MISMATCH;
	}
	code = code ? code : store_run(store, SQL_EPOCH);
	code = code ? code : store_read_number(store);
	code = code ? code : store_measure(store);
	code = code ? code : store_reserve_make(store);
	if (code != SQLITE_OK)
		store_err(store, code, "cannot be written", err);
	return code;
}

static int open_database(struct store *store, struct err *err)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
	            SQLITE_OPEN_EXRESCODE;
	int code = sqlite3_open_v2(store->path, &store->db, flags, store->vfs->zName);
	if (code == SQLITE_OK)
		sqlite3_busy_timeout(store->db, 1000);
	code = code ? code : open_log(store);
	code = code ? code : check_suspect(store);
	if (code != SQLITE_OK) {
		store_err(store, code, "cannot be opened", err);
		return code;
	}
	code = store_schema_update(store, schema, SCHEMA_VERSION, err);
	if (code != SQLITE_OK)
		return code;
	code = store_reserve_limit(store);
	code = code ? code : prepare(store);
	if (code != SQLITE_OK) {
		store_err(store, code, "its tables are not as they should be", err);
		return code;
	}
	return raise_epoch(store, err);
}

static void close_database(struct store *store)
{
	for (int i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(store->statements[i]);
	memset(store->statements, 0, sizeof store->statements);
	/* After a failure nothing is touched: the next opening, or who rescues a corrupt database, needs the log. */
	if (store->failed)
		sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	sqlite3_close(store->db);
	store->db = NULL;
}

static int open_or_recover(struct store *store, struct err *err)
{
	struct err why = { 0 };
	store->failed = true; /* until it is open */
	store_reserve_find(store);
	int code = open_database(store, &why);
	if (code != SQLITE_OK && store_is_full(store, code) && store_reserve_give(store)) {
		close_database(store);
		code = open_database(store, &why);
	}
	if (store_is_corrupt(code)) {
		close_database(store);
		if (store_set_aside(store, why.text, err) < 0)
			return -1;
		code = open_database(store, &why);
	}
	store->failed = code != SQLITE_OK;
	return code == SQLITE_OK ? 0 : err_set(err, why.fault, "%s", why.text);
}

static char *join(const char *directory, const char *name)
{
	char *path = sqlite3_mprintf("%s/%s", directory, name);
	if (!path)
		abort();
	return path;
}

static struct store *store_new(const struct store_options *options)
{
	struct store *store = calloc(1, sizeof *store);
	if (!store)
		abort();
	store->lock = -1;
	store->log_limit = STORE_LOG_PAGES;
	store->log_kept = STORE_LOG_KEPT;
	store->vfs = sqlite3_vfs_find(options->vfs);
	store->directory = join(options->directory, "");
	store->path = join(options->directory, "broker.db");
	store->reserve_path = join(options->directory, "broker.reserve");
	store->suspect_path = join(options->directory, "broker.suspect");
	store->limit = options->limit;
	store->reserve = options->reserve;
	buffer_init(&store->sizes, SIZE_MAX / 2);
	buffer_init(&store->left, SIZE_MAX / 2);
	buffer_init(&store->notes, SIZE_MAX / 2);
	buffer_init(&store->bodies, SIZE_MAX / 2);
	return store;
}

int store_open(const struct store_options *options, struct store **out, struct str *warning_out,
               struct err *err)
{
	struct store *store = store_new(options);
	*out = NULL;
	*warning_out = S("");
	if (!store->vfs) {
		store_close(store);
		return err_set(err, FAULT_OTHER, "SQLite knows no VFS %s",
		               options->vfs ? options->vfs : "(default)");
	}
	if ((!options->vfs && store_place_open(store, options->without_lock, err) < 0) ||
	    open_or_recover(store, err) < 0) {
		store_close(store);
		return -1;
	}
	*warning_out = str_of(store->warning);
	*out = store;
	return 0;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	if (store->db)
		close_database(store);
	if (store->lock >= 0)
		close(store->lock);
	buffer_fini(&store->sizes);
	buffer_fini(&store->left);
	buffer_fini(&store->notes);
	buffer_fini(&store->bodies);
	sqlite3_free(store->directory);
	sqlite3_free(store->path);
	sqlite3_free(store->reserve_path);
	sqlite3_free(store->suspect_path);
	free(store);
}

uint32_t store_epoch(const struct store *store)
{
	return store->epoch;
}

uint64_t store_group(const struct store *store)
{
	return store->number;
}

uint64_t store_used(const struct store *store)
{
	return store->used;
}

uint64_t store_size(const struct store *store)
{
	return store->used + store->log;
}
