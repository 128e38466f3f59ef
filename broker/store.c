/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Writes groups. */
#include "broker/rules.h"
#include "broker/store_inside.h"

#include "broker/store_rows.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { ROOM_KEPT = 1024 * 1024 }; /* memory that a buffer keeps for the next row */

/* ---- What SQLite says ---- */

bool store_is_full(struct store *store, int code)
{
	if ((code & 0xff) == SQLITE_FULL)
		return true;
	/* SQLite knows of a full disk, not of a quota that is used up. */
	return code == SQLITE_IOERR_WRITE && sqlite3_system_errno(store->db) == EDQUOT;
}

bool store_is_corrupt(int code)
{
	return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
}

int store_err(struct store *store, int code, const char *what, struct err *err)
{
	int system = sqlite3_system_errno(store->db);
	bool is_io = (code & 0xff) == SQLITE_IOERR || (code & 0xff) == SQLITE_CANTOPEN;
	if (store_is_corrupt(code) && store->epoch)
		store_suspect(store);
	if ((code & 0xff) == SQLITE_BUSY)
		return err_set(err, FAULT_OTHER,
		               "%s: %s: another program has it open, such as sqlite3; end that",
		               store->path, what);
	return err_set(err, FAULT_OTHER, "%s: %s: %s (SQLite %d)%s%s", store->path, what,
	               sqlite3_errstr(code), code, is_io && system ? ": " : "",
	               is_io && system ? strerror(system) : "");
}

/* ---- Statements ---- */

int store_run(struct store *store, enum statement which)
{
	sqlite3_step(store->statements[which]);
	return sqlite3_reset(store->statements[which]); /* the same code, or SQLITE_OK */
}

void store_bind_number(struct store *store, enum statement which, int parameter, uint64_t number)
{
	sqlite3_bind_int64(store->statements[which], parameter,
	                   (sqlite3_int64)(number < INT64_MAX ? number : INT64_MAX));
}

void store_bind_bytes(struct store *store, enum statement which, int parameter, struct str bytes)
{
	sqlite3_bind_blob64(store->statements[which], parameter, bytes.n ? bytes.p : "", bytes.n,
	                    SQLITE_STATIC);
}

int store_read_number(struct store *store)
{
	sqlite3_stmt *s = store->statements[SQL_META_GET];
	bool found = sqlite3_step(s) == SQLITE_ROW;
	if (found) {
		store->epoch = (uint32_t)sqlite3_column_int64(s, 0);
		store->number = (uint64_t)sqlite3_column_int64(s, 1);
	}
	int code = sqlite3_reset(s);
	return code || found ? code : SQLITE_CORRUPT;
}

/* ---- The parts of a group ---- */

static int add_queues(struct store *store, const struct group *group)
{
	int code = SQLITE_OK;
	for (size_t i = 0; i < group->n_queues && code == SQLITE_OK; i++) {
		store_bind_number(store, SQL_QUEUE_ADD, 1, group->queues[i].id);
		store_bind_bytes(store, SQL_QUEUE_ADD, 2, group->queues[i].name);
		code = store_run(store, SQL_QUEUE_ADD);
	}
	return code;
}

static int drop_one(struct store *store, const struct group_gone *gone)
{
	enum statement body = gone->shared ? SQL_BODY_GONE_IF_LAST : SQL_BODY_GONE;
	store_bind_number(store, SQL_ENTRY_GONE, 1, gone->queue);
	store_bind_number(store, SQL_ENTRY_GONE, 2, gone->from);
	int code = store_run(store, SQL_ENTRY_GONE);
	store_bind_number(store, body, 1, gone->from);
	return code ? code : store_run(store, body);
}

/* The last block of the next piece of a span, `to` if it is the last piece. */
static int end_of_piece(struct store *store, uint64_t to, uint64_t *out)
{
	sqlite3_stmt *s = store->statements[SQL_SPAN_PIECE];
	*out = sqlite3_step(s) == SQLITE_ROW ? (uint64_t)sqlite3_column_int64(s, 0) : to;
	return sqlite3_reset(s);
}

static void bind_span(struct store *store, enum statement which, uint32_t queue, uint64_t from,
                      uint64_t to)
{
	store_bind_number(store, which, 1, queue);
	store_bind_number(store, which, 2, from);
	store_bind_number(store, which, 3, to);
}

static int drop_span(struct store *store, const struct group_gone *gone)
{
	static const enum statement steps[] = { SQL_SPAN_BODIES, SQL_SPAN_SHARED_BODIES,
		                                SQL_SPAN_ENTRIES };
	int code = SQLITE_OK;
	uint64_t from = gone->from, end = 0;
	while (code == SQLITE_OK && end != gone->to) {
		bind_span(store, SQL_SPAN_PIECE, gone->queue, from, gone->to);
		code = end_of_piece(store, gone->to, &end);
		for (size_t i = 0; i < sizeof steps / sizeof *steps && code == SQLITE_OK; i++) {
			bind_span(store, steps[i], gone->queue, from, end);
			code = store_run(store, steps[i]);
		}
		from = end;
	}
	return code;
}

static int drop_entries(struct store *store, const struct group *group)
{
	int code = SQLITE_OK;
	for (size_t i = 0; i < group->n_gone && code == SQLITE_OK; i++) {
		const struct group_gone *gone = &group->gone[i];
		code = gone->from == gone->to ? drop_one(store, gone) : drop_span(store, gone);
	}
	return code;
}

/* Empties it, and does not keep the memory of a large row. */
static struct buffer *fresh(struct buffer *buffer)
{
	if (buffer->capacity > ROOM_KEPT) {
		buffer_fini(buffer);
		buffer_init(buffer, SIZE_MAX / 2);
	}
	buffer_clear(buffer);
	return buffer;
}

/* The bodies of the messages that live, in one piece. */
static struct str live_bodies(struct store *store, const struct group_body *body)
{
	struct buffer *out = fresh(&store->bodies);
	if (body->n_live == 1 && body->live[0].from == 0 && body->live[0].to == body->n)
		return (struct str){ body->bodies, body->n ? body->ends[body->n - 1] : 0 };
	for (size_t i = 0; i < body->n_live; i++) {
		struct range live = body->live[i];
		assert(live.from < live.to && live.to <= body->n);
		uint32_t start = live.from ? body->ends[live.from - 1] : 0;
		buffer_add(out, body->bodies + start, body->ends[live.to - 1] - start);
	}
	return buffer_str(out);
}

static int add_bodies(struct store *store, const struct group *group)
{
	int code = SQLITE_OK;
	for (size_t i = 0; i < group->n_bodies && code == SQLITE_OK; i++) {
		const struct group_body *body = &group->bodies[i];
		assert(body->block && body->block <= INT64_MAX);
		rows_write_sizes(fresh(&store->sizes), body);
		store_bind_number(store, SQL_BODY_ADD, 1, body->block);
		store_bind_bytes(store, SQL_BODY_ADD, 2, buffer_str(&store->sizes));
		store_bind_bytes(store, SQL_BODY_ADD, 3, live_bodies(store, body));
		code = store_run(store, SQL_BODY_ADD);
	}
	return code;
}

static int put_entries(struct store *store, const struct group *group)
{
	int code = SQLITE_OK;
	for (size_t i = 0; i < group->n_entries && code == SQLITE_OK; i++) {
		const struct group_entry *entry = &group->entries[i];
		assert(entry->block && entry->block <= INT64_MAX);
		rows_write_ranges(fresh(&store->left), entry->left, entry->n_left);
		rows_write_notes(fresh(&store->notes), entry->notes, entry->n_notes);
		store_bind_number(store, SQL_ENTRY_PUT, 1, entry->queue);
		store_bind_number(store, SQL_ENTRY_PUT, 2, entry->block);
		store_bind_number(store, SQL_ENTRY_PUT, 3, entry->shared);
		store_bind_number(store, SQL_ENTRY_PUT, 4, entry->messages);
		store_bind_number(store, SQL_ENTRY_PUT, 5, entry->bytes);
		store_bind_bytes(store, SQL_ENTRY_PUT, 6, buffer_str(&store->left));
		store_bind_bytes(store, SQL_ENTRY_PUT, 7, buffer_str(&store->notes));
		code = store_run(store, SQL_ENTRY_PUT);
	}
	return code;
}

static int add_states(struct store *store, const struct group *group)
{
	int code = SQLITE_OK;
	for (size_t i = 0; i < group->n_states && code == SQLITE_OK; i++) {
		const struct group_state *state = &group->states[i];
		store_bind_bytes(store, SQL_STATE_ADD, 1, state->bot);
		store_bind_number(store, SQL_STATE_ADD, 2, group->number);
		store_bind_bytes(store, SQL_STATE_ADD, 3, state->changes);
		code = store_run(store, SQL_STATE_ADD);
		if (code != SQLITE_OK || !state->drop_before)
			continue;
		store_bind_bytes(store, SQL_STATE_OLD, 1, state->bot);
		store_bind_number(store, SQL_STATE_OLD, 2, state->drop_before);
		code = store_run(store, SQL_STATE_OLD);
	}
	return code;
}

static int write_parts(struct store *store, const struct group *group)
{
	int code = add_queues(store, group);
	code = code ? code : drop_entries(store, group);
	code = code ? code : add_bodies(store, group);
	code = code ? code : put_entries(store, group);
	code = code ? code : add_states(store, group);
	store_bind_number(store, SQL_META_SET, 1, group->number);
	store_bind_number(store, SQL_META_SET, 2, group->last_counter);
	return code ? code : store_run(store, SQL_META_SET);
}

/* ---- Transactions ---- */

static int roll_back(struct store *store)
{
	/* Some failures have done it already. */
	return sqlite3_get_autocommit(store->db) ? SQLITE_OK : store_run(store, SQL_ROLLBACK);
}

/* Once the log is long; it may stay so for lack of room. */
static int checkpoint(struct store *store)
{
	if (store->log_pages < store->log_limit)
		return SQLITE_OK;
	int mode = store->log_pages < store->log_kept ? SQLITE_CHECKPOINT_PASSIVE
	                                              : SQLITE_CHECKPOINT_TRUNCATE;
	int pages = 0, done = 0;
	int code = sqlite3_wal_checkpoint_v2(store->db, NULL, mode, &pages, &done);
	/* The database must grow: here the reserve is for. */
	if (store_is_full(store, code) && store_reserve_give(store))
		code = sqlite3_wal_checkpoint_v2(store->db, NULL, mode, &pages, &done);
	if (store_is_full(store, code))
		return SQLITE_OK; /* what was committed is safe in the log; tried again after the next group */
	if (code == SQLITE_OK && done == pages)
		store->log_pages = 0;
	return code;
}

static enum stored fail(struct store *store, int code, const char *what, struct err *err)
{
	store->failed = true;
	store_err(store, code, what, err);
	return STORE_FAILED;
}

/* After a commit. */
static enum stored settle(struct store *store, struct err *err)
{
	int code = checkpoint(store);
	code = code ? code : store_measure(store);
	code = code ? code : store_reserve_make(store);
	return code ? fail(store, code, "cannot be used after a commit", err) : STORED;
}

/* After a statement or a commit has failed. */
static enum stored give_way(struct store *store, int code, struct err *err)
{
	if (!store_is_full(store, code))
		return fail(store, code, "cannot be written", err);
	store_err(store, code, "no room", err);
	code = roll_back(store);
	if (code != SQLITE_OK)
		return fail(store, code, "cannot be rolled back", err);
	store_reserve_give(store);
	return STORE_FULL;
}

static int look_again(struct store *store)
{
	int code = roll_back(store);
	code = code ? code : store_read_number(store);
	return code ? code : checkpoint(store); /* frees the log for what comes */
}

static enum stored refuse(struct store *store, struct err *err)
{
	err_set(err, FAULT_OTHER, "%s: is not used after a failure", store->path);
	return STORE_FAILED;
}

enum stored store_write(struct store *store, const struct group *group, bool again, struct err *err)
{
	if (store->failed)
		return refuse(store, err);
	int code = again ? look_again(store) : SQLITE_OK;
	if (code != SQLITE_OK)
		return fail(store, code, "cannot be read after a full disk", err);
	if (again && store->number == group->number && rule_on(RULE_RETRY_CHECK))
		return settle(store, err);
	assert(group->number > store->number && group->number <= INT64_MAX);
	code = store_run(store, SQL_BEGIN);
	code = code ? code : write_parts(store, group);
	code = code ? code : store_run(store, SQL_COMMIT);
	if (code != SQLITE_OK)
		return give_way(store, code, err);
	store->number = group->number;
	return settle(store, err);
}

int store_drop_state(struct store *store, struct str bot, struct err *err)
{
	if (store->failed) {
		refuse(store, err);
		return -1;
	}
	store_bind_bytes(store, SQL_STATE_DROP, 1, bot);
	int code = store_run(store, SQL_STATE_DROP);
	if (store_is_full(store, code) && store_reserve_give(store))
		code = store_run(store, SQL_STATE_DROP);
	enum stored stored = code ? give_way(store, code, err) : settle(store, err);
	return stored == STORED ? 0 : -1;
}
