/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * store_inside.h - the store from the inside: what its files share. Functions that return `int` without an err give
 * a code of SQLite's.
 */
#pragma once
#include <intelmq/buffer.h>
#include <sqlite3.h>

#include "broker/rules.h"
#include "broker/store.h"

enum {
	STORE_PAGE = 16384,
	STORE_LOG_PAGES = USUAL_OR_TEST(4 * 1024 * 1024 / STORE_PAGE,
	                                24), /* more in the log: checkpoint */
	STORE_LOG_KEPT = USUAL_OR_TEST(64 * 1024 * 1024 / STORE_PAGE,
	                               60), /* a longer log is cut at the checkpoint */
};

enum statement {
	SQL_BEGIN,
	SQL_COMMIT,
	SQL_ROLLBACK,
	SQL_META_GET,
	SQL_META_SET,
	SQL_EPOCH,
	SQL_PAGES,
	SQL_FREE_PAGES,
	SQL_QUEUE_ADD,
	SQL_ENTRY_GONE,
	SQL_BODY_GONE,
	SQL_BODY_GONE_IF_LAST,
	SQL_SPAN_PIECE,
	SQL_SPAN_BODIES,
	SQL_SPAN_SHARED_BODIES,
	SQL_SPAN_ENTRIES,
	SQL_BODY_ADD,
	SQL_ENTRY_PUT,
	SQL_STATE_ADD,
	SQL_STATE_OLD,
	SQL_QUEUES,
	SQL_ENTRIES,
	SQL_STATE,
	SQL_STATE_DROP,
	STATEMENTS
};

struct store {
	sqlite3 *db; /* NULL: not open */
	sqlite3_stmt *statements[STATEMENTS];
	sqlite3_vfs *vfs;
	int lock; /* descriptor, -1: none */
	char *directory, *path, *reserve_path, *suspect_path;
	uint64_t limit, reserve;
	bool reserve_here; /* false: given up */
	bool failed; /* what is in the database is not known any more: nothing is done with it */
	uint32_t epoch;
	uint64_t number;
	uint64_t used, log;                       /* bytes */
	int log_pages;                            /* since the last checkpoint */
	int log_limit, log_kept;                  /* pages; tests have smaller ones */
	struct buffer sizes, left, notes, bodies; /* of the row being written */
	char warning[1200];
};

/* ---- store_open.c ---- */

/*
 * Brings the tables to version `n`: step i, a script, leads from version i to i + 1. All in one transaction; what
 * is not empty is copied before, to <path>.version-<old>. A database of a later version is refused.
 */
int store_schema_update(struct store *, const char *const *steps, int n, struct err *);

/* ---- store_place.c: the directory and the files in it ---- */

/* Makes the directory, looks at its file system (refused, or a warning in the store), and locks it. */
int store_place_open(struct store *, bool without_lock, struct err *);

/* Adds what is to be known of a file system of this kind (f_type of statfs); -1: it cannot be used. */
int store_place_check(struct store *, long kind, struct err *);

/* Renames the database and its log; the warning says so. */
int store_set_aside(struct store *, const char *why, struct err *);

/* The next opening looks closely whether the database is corrupt. */
void store_suspect(struct store *);
bool store_is_suspect(struct store *);
void store_unsuspect(struct store *);

/* Whether the reserve file is there. */
void store_reserve_find(struct store *);
/* Tells SQLite how large the database may become: to its limit, less the reserve as long as that is there. */
int store_reserve_limit(struct store *);
/* Removes the reserve file and lets the database grow to its limit; false: that had been done before. */
bool store_reserve_give(struct store *);
/* Writes the reserve file, if it is not there and there is room for more than it. That it fails is no failure. */
int store_reserve_make(struct store *);

/* Writes what is in the log over itself, durably. */
int store_log_renew(struct store *);
/* Counts `used` and `log` anew. */
int store_measure(struct store *);

/* ---- store.c ---- */

/* Runs a statement that gives no row, with what was bound to it. */
int store_run(struct store *, enum statement);
/* What cannot be bound stays NULL, which the tables refuse. */
void store_bind_number(struct store *, enum statement, int parameter, uint64_t);
void store_bind_bytes(struct store *, enum statement, int parameter, struct str);
/* Reads the number of the stored group. */
int store_read_number(struct store *);
/* There is no room, on the disk or below the limit. */
bool store_is_full(struct store *, int code);
bool store_is_corrupt(int code);
/* Says what failed and why; returns -1. */
int store_err(struct store *, int code, const char *what, struct err *);
