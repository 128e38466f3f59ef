/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reads queues, slices of them, and keyed state. */
#include "broker/store_inside.h"

#include "broker/store_rows.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

static void *allocate(void *old, size_t size)
{
	void *p = realloc(old, size ? size : 1);
	if (!p) {
		fprintf(stderr, "out of memory: %zu bytes\n", size);
		abort();
	}
	return p;
}

/* Borrowed until the next step. */
static struct str column_bytes(sqlite3_stmt *s, int column)
{
	const char *p = sqlite3_column_blob(s, column);
	return (struct str){ p, (size_t)sqlite3_column_bytes(s, column) };
}

static uint64_t column_number(sqlite3_stmt *s, int column)
{
	return (uint64_t)sqlite3_column_int64(s, column);
}

static int refuse(struct store *store, struct err *err)
{
	return err_set(err, FAULT_OTHER, "%s: is not used after a failure", store->path);
}

/* ---- Queues ---- */

static struct store_queue read_queue(sqlite3_stmt *s)
{
	struct str name = column_bytes(s, 1);
	char *copy = memcpy(allocate(NULL, name.n), name.n ? name.p : "", name.n);
	return (struct store_queue){
		.id = (uint32_t)column_number(s, 0),
		.name = { copy, name.n },
		.blocks = column_number(s, 2),
		.messages = column_number(s, 3),
		.bytes = column_number(s, 4),
		.first = column_number(s, 5),
		.last = column_number(s, 6),
	};
}

int store_queues(struct store *store, struct store_queue **out, size_t *n_out, struct err *err)
{
	sqlite3_stmt *s = store->statements[SQL_QUEUES];
	size_t n = 0, capacity = 0;
	struct store_queue *queues = NULL;
	if (store->failed)
		return refuse(store, err);
	while (sqlite3_step(s) == SQLITE_ROW) {
		if (n == capacity) {
			capacity = 2 * capacity + 16;
			queues = allocate(queues, capacity * sizeof *queues);
		}
		queues[n++] = read_queue(s);
	}
	int code = sqlite3_reset(s);
	*out = queues;
	*n_out = n;
	if (code == SQLITE_OK)
		return 0;
	store_queues_free(queues, n);
	*out = NULL;
	*n_out = 0;
	return store_err(store, code, "its queues cannot be read", err);
}

void store_queues_free(struct store_queue *queues, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free((char *)queues[i].name.p);
	free(queues);
}

/* ---- Blocks ---- */

/* The columns of a row, as they are. */
struct row {
	struct str left, notes, sizes;
	uint64_t bytes; /* of the bodies */
};

static int bad_row(struct store *store, uint32_t queue, uint64_t block, struct err *err)
{
	return err_set(err, FAULT_OTHER,
	               "%s: the row of block %llu in queue %u does not make sense: the disk or "
	               "another program has changed it",
	               store->path, (unsigned long long)block, (unsigned)queue);
}

/* One allocation, in the order of alignment: notes, ranges, ends, bodies. */
static int lay_out(struct store_block *block, const struct row *row)
{
	int64_t n = rows_count(row->sizes), left = rows_count(row->left),
		notes = rows_count(row->notes);
	if (n < 0 || left < 0 || notes < 0 || row->bytes > UINT32_MAX)
		return -1;
	size_t head = (size_t)notes * sizeof(struct note) + (size_t)left * sizeof(struct range) +
	              (size_t)n * sizeof(uint32_t);
	block->n = (uint32_t)n;
	block->n_left = (size_t)left;
	block->n_notes = (size_t)notes;
	block->notes = allocate(NULL, head + row->bytes);
	block->left = (struct range *)(block->notes + notes);
	block->ends = (uint32_t *)(block->left + left);
	block->bodies = (char *)(block->ends + n);
	return 0;
}

/* Ranges and lengths say the same as the sums in the row. */
static bool sums_hold(const struct store_block *block)
{
	uint64_t messages = 0, bytes = 0;
	for (size_t i = 0; i < block->n_left; i++) {
		struct range left = block->left[i];
		messages += left.to - left.from;
		bytes += block->ends[left.to - 1] - (left.from ? block->ends[left.from - 1] : 0);
	}
	return messages == block->messages && bytes == block->bytes;
}

static int read_lists(struct store_block *block, const struct row *row)
{
	if (rows_read_sizes(row->sizes, row->bytes, block->ends) < 0 ||
	    rows_read_ranges(row->left, block->n, block->left) < 0 ||
	    rows_read_notes(row->notes, block->n, block->notes) < 0)
		return -1;
	return sums_hold(block) ? 0 : -1;
}

/* Straight from SQLite's pages to their place, with one handle for all blocks of a slice. */
static int read_bodies(struct store *store, struct store_block *block, uint64_t bytes,
                       sqlite3_blob **blob)
{
	sqlite3_int64 id = (sqlite3_int64)block->block;
	int code = *blob ? sqlite3_blob_reopen(*blob, id)
	                 : sqlite3_blob_open(store->db, "main", "bodies", "bodies", id, 0, blob);
	return code ? code : sqlite3_blob_read(*blob, block->bodies, (int)bytes, 0);
}

static int read_block(struct store *store, sqlite3_stmt *s, uint32_t queue,
                      struct store_block *block, sqlite3_blob **blob, struct err *err)
{
	struct row row = { column_bytes(s, 4), column_bytes(s, 5), column_bytes(s, 6),
		           column_number(s, 7) };
	*block = (struct store_block){
		.block = column_number(s, 0),
		.shared = column_number(s, 1) != 0,
		.messages = column_number(s, 2),
		.bytes = column_number(s, 3),
	};
	if (lay_out(block, &row) < 0)
		return bad_row(store, queue, block->block, err);
	if (read_lists(block, &row) < 0) {
		free(block->notes);
		return bad_row(store, queue, block->block, err);
	}
	int code = read_bodies(store, block, row.bytes, blob);
	if (code == SQLITE_OK)
		return 0;
	free(block->notes);
	return store_err(store, code, "bodies cannot be read", err);
}

static void add_block(struct store_slice *slice, size_t *capacity, struct store_block block)
{
	if (slice->n == *capacity) {
		*capacity = 2 * *capacity + 16;
		slice->blocks = allocate(slice->blocks, *capacity * sizeof *slice->blocks);
	}
	slice->blocks[slice->n++] = block;
	slice->last = block.block;
}

int store_read(struct store *store, uint32_t queue, uint64_t after, uint64_t to, size_t blocks,
               size_t bytes, struct store_slice *out, struct err *err)
{
	sqlite3_stmt *s = store->statements[SQL_ENTRIES];
	sqlite3_blob *blob = NULL;
	size_t capacity = 0;
	uint64_t used = 0;
	int rc = 0;
	*out = (struct store_slice){ 0 };
	if (store->failed)
		return refuse(store, err);
	store_bind_number(store, SQL_ENTRIES, 1, queue);
	store_bind_number(store, SQL_ENTRIES, 2, after);
	store_bind_number(store, SQL_ENTRIES, 3, to);
	while (rc == 0 && (!out->n || out->n < blocks) && sqlite3_step(s) == SQLITE_ROW) {
		struct store_block block;
		used += column_number(s, 7);
		if (out->n && used > bytes)
			break;
		rc = read_block(store, s, queue, &block, &blob, err);
		if (rc == 0)
			add_block(out, &capacity, block);
	}
	sqlite3_blob_close(blob);
	int code = sqlite3_reset(s);
	if (rc == 0 && code != SQLITE_OK)
		rc = store_err(store, code, "entries cannot be read", err);
	if (rc < 0)
		store_slice_free(out);
	return rc;
}

void store_slice_free(struct store_slice *slice)
{
	for (size_t i = 0; i < slice->n; i++)
		free(slice->blocks[i].notes);
	free(slice->blocks);
	*slice = (struct store_slice){ 0 };
}

/* ---- State ---- */

int store_read_state(struct store *store, struct str bot, uint64_t after, size_t bytes,
                     struct str *out, uint64_t *last_out, bool *more_out, struct err *err)
{
	sqlite3_stmt *s = store->statements[SQL_STATE];
	struct buffer text;
	*out = STR_NONE;
	*last_out = after;
	*more_out = false;
	if (store->failed)
		return refuse(store, err);
	buffer_init(&text, SIZE_MAX / 2);
	store_bind_bytes(store, SQL_STATE, 1, bot);
	store_bind_number(store, SQL_STATE, 2, after);
	while (sqlite3_step(s) == SQLITE_ROW) {
		if (*last_out != after && text.n >= bytes) {
			*more_out = true;
			break;
		}
		buffer_add_str(&text, column_bytes(s, 1));
		*last_out = column_number(s, 0);
	}
	int code = sqlite3_reset(s);
	if (code != SQLITE_OK) {
		buffer_fini(&text);
		return store_err(store, code, "state cannot be read", err);
	}
	*out = (struct str){ text.p, text.n };
	return 0;
}
