/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Files beside the database, through SQLite's VFS like everything else: the reserve, the mark of suspicion, the log. */
#include "broker/store_inside.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>

enum { PIECE = 65536 };

static sqlite3_file *file_open(struct store *store, const char *path)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_SUPER_JOURNAL;
	sqlite3_file *file = calloc(1, (size_t)store->vfs->szOsFile);
	if (!file)
		abort();
	if (store->vfs->xOpen(store->vfs, path, file, flags, &flags) == SQLITE_OK)
		return file;
	if (file->pMethods)
		file->pMethods->xClose(file);
	free(file);
	return NULL;
}

static void file_close(sqlite3_file *file)
{
	file->pMethods->xClose(file);
	free(file);
}

static bool file_is_there(struct store *store, const char *path)
{
	int there = 0;
	return store->vfs->xAccess(store->vfs, path, SQLITE_ACCESS_EXISTS, &there) == SQLITE_OK &&
	       there;
}

/* Of the database or its log, as SQLite has them open. */
static int file_of(struct store *store, int which, sqlite3_file **out)
{
	*out = NULL;
	return sqlite3_file_control(store->db, "main", which, out);
}

static int file_size(sqlite3_file *file, uint64_t *out)
{
	sqlite3_int64 size = 0;
	int code = file && file->pMethods ? file->pMethods->xFileSize(file, &size) : SQLITE_OK;
	*out = (uint64_t)size;
	return code;
}

/* ---- Suspicion ---- */

void store_suspect(struct store *store)
{
	sqlite3_file *file = file_open(store, store->suspect_path);
	if (!file)
		return;
	/* An empty file does not exist for SQLite. */
	file->pMethods->xWrite(file, "?", 1, 0);
	file_close(file);
}

bool store_is_suspect(struct store *store)
{
	return file_is_there(store, store->suspect_path);
}

void store_unsuspect(struct store *store)
{
	store->vfs->xDelete(store->vfs, store->suspect_path, 0);
}

/* ---- Reserve ---- */

void store_reserve_find(struct store *store)
{
	uint64_t size = 0;
	sqlite3_file *file = file_is_there(store, store->reserve_path)
	                           ? file_open(store, store->reserve_path)
	                           : NULL;
	store->reserve_here = (!file || file_size(file, &size) == SQLITE_OK) &&
	                      size == store->reserve;
	if (file)
		file_close(file);
	if (file && !store->reserve_here)
		store->vfs->xDelete(store->vfs, store->reserve_path, 0);
}

/* What the reserve takes from the limit: of a small one only a part. */
static uint64_t reserve_of_limit(const struct store *store)
{
	return store->reserve < store->limit / 4 ? store->reserve : store->limit / 4;
}

int store_reserve_limit(struct store *store)
{
	char sql[64];
	uint64_t bytes = store->limit - (store->reserve_here ? reserve_of_limit(store) : 0);
	if (!store->limit)
		return SQLITE_OK;
	snprintf(sql, sizeof sql, "PRAGMA max_page_count = %llu",
	         (unsigned long long)(bytes / STORE_PAGE < UINT32_MAX / 2 ? bytes / STORE_PAGE
	                                                                  : UINT32_MAX / 2));
	return sqlite3_exec(store->db, sql, NULL, NULL, NULL);
}

bool store_reserve_give(struct store *store)
{
	if (!store->reserve_here)
		return false;
	store->vfs->xDelete(store->vfs, store->reserve_path, 0);
	store->reserve_here = false;
	return store_reserve_limit(store) == SQLITE_OK;
}

/* Twice what is wanted, so that it is not made and given up in turn. */
static bool has_room(struct store *store)
{
	struct statvfs fs;
	if (store->limit && store->used + 2 * reserve_of_limit(store) > store->limit)
		return false;
	return statvfs(store->directory, &fs) < 0 ||
	       (uint64_t)fs.f_bavail * fs.f_frsize >= 2 * store->reserve;
}

/* Bytes that no file system compresses or leaves out. */
static int fill(sqlite3_file *file, uint64_t size)
{
	static const uint64_t seed = 88172645463325252u;
	uint64_t *piece = malloc(PIECE), x = seed;
	int code = piece ? SQLITE_OK : SQLITE_NOMEM;
	for (uint64_t at = 0; at < size && code == SQLITE_OK; at += PIECE) {
		for (size_t i = 0; i < PIECE / sizeof *piece; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			piece[i] = x;
		}
		uint64_t n = size - at < PIECE ? size - at : PIECE;
		code = file->pMethods->xWrite(file, piece, (int)n, (sqlite3_int64)at);
	}
	free(piece);
	return code;
}

int store_reserve_make(struct store *store)
{
	if (store->reserve_here || !has_room(store))
		return SQLITE_OK;
	sqlite3_file *file = store->reserve ? file_open(store, store->reserve_path) : NULL;
	int code = !store->reserve ? SQLITE_OK : file ? fill(file, store->reserve) : SQLITE_FULL;
	if (file)
		file_close(file);
	store->reserve_here = code == SQLITE_OK;
	if (!store->reserve_here)
		store->vfs->xDelete(store->vfs, store->reserve_path, 0);
	return store_reserve_limit(store);
}

/* ---- Log ---- */

/*
 * After a failed sync the kernel may hold pages of the log that it believes are on the disk. A checkpoint would rely
 * on them, and a loss of power in its midst would leave a database in pieces. What is written anew is synced anew.
 */
int store_log_renew(struct store *store)
{
	sqlite3_file *log;
	uint64_t size = 0;
	int code = file_of(store, SQLITE_FCNTL_JOURNAL_POINTER, &log);
	code = code ? code : file_size(log, &size);
	if (code != SQLITE_OK || size == 0)
		return code;
	char *piece = malloc(PIECE);
	if (!piece)
		abort();
	for (uint64_t at = 0; at < size && code == SQLITE_OK; at += PIECE) {
		int n = (int)(size - at < PIECE ? size - at : PIECE);
		code = log->pMethods->xRead(log, piece, n, (sqlite3_int64)at);
		code = code ? code : log->pMethods->xWrite(log, piece, n, (sqlite3_int64)at);
	}
	free(piece);
	return code ? code : log->pMethods->xSync(log, SQLITE_SYNC_NORMAL);
}

static int ask_number(struct store *store, enum statement which, uint64_t *out)
{
	sqlite3_stmt *s = store->statements[which];
	*out = sqlite3_step(s) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s, 0) : 0;
	return sqlite3_reset(s);
}

int store_measure(struct store *store)
{
	uint64_t pages = 0, empty = 0;
	sqlite3_file *log;
	int code = ask_number(store, SQL_PAGES, &pages);
	code = code ? code : ask_number(store, SQL_FREE_PAGES, &empty);
	code = code ? code : file_of(store, SQLITE_FCNTL_JOURNAL_POINTER, &log);
	code = code ? code : file_size(log, &store->log);
	store->used = (pages - empty) * STORE_PAGE;
	return code;
}
