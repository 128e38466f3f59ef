/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Output F: its file has each message once, in order, whatever happens; a file with inodes, that is rotated. */
#include <stdlib.h>

#include "tests/botnet_model/world.h"

enum { FILE_KEY = 0 };

static void append(struct inode *f, uint64_t id)
{
	if (f->n == f->capacity) {
		f->capacity = 2 * f->capacity + 16;
		f->ids = realloc(f->ids, f->capacity * sizeof *f->ids);
		if (!f->ids)
			abort();
	}
	f->ids[f->n++] = id;
}

/* What was written and not committed is cut off. */
static void cut_back(struct world *world, int inode, size_t size)
{
	struct inode *f = &world->inodes[inode];
	bool found = inode == world->path || rule_is_on(RULE_FIND_ROTATED);
	if (!rule_is_on(RULE_FILE_CUT) || f->gone || !found || f->n <= size)
		return;
	trace(world, "file %d: cut from %zu to %zu", inode, f->n, size);
	f->n = size;
	if (f->synced > size)
		f->synced = size;
}

static bool open_file(struct worker *w, int *inode)
{
	struct world *world = w->world;
	if (world->path == *inode && world->path >= 0)
		return true;
	if (world->path < 0) {
		if (world->n_inodes == INODES)
			return false;
		world->path = (int)world->n_inodes++;
	}
	*inode = world->path;
	if (!worker_pause(w))
		return false;
	struct inode *f = &world->inodes[*inode];
	if (rule_is_on(RULE_DIRECTORY_SYNC))
		f->named = true;
	struct state_change change = worker_change(w, FILE_KEY, (uint64_t)*inode, f->n);
	struct commit commit = { .changes = &change,
		                 .n_changes = 1,
		                 .durable = rule_is_on(RULE_OPEN_DURABLE) };
	return worker_commit(w, &commit);
}

static bool write_batch(struct worker *w, struct inode *f, int inode)
{
	for (size_t i = 0; i < w->batch.n; i++) {
		append(f, read_body(w->batch.messages[i].body, w->world->body_size));
		if (!worker_pause(w))
			return false;
	}
	if (rule_is_on(RULE_FILE_SYNC))
		f->synced = f->n;
	if (chance(w->world, 300)) {
		f->synced = f->n;
		f->named = true;
	}
	struct state_change change = worker_change(w, FILE_KEY, (uint64_t)inode, f->n);
	struct commit commit = { .consumed = w->batch.messages,
		                 .n_consumed = w->batch.n,
		                 .changes = &change,
		                 .n_changes = 1 };
	return worker_commit(w, &commit);
}

void file_run(struct worker *w)
{
	struct world *world = w->world;
	int inode = -1;
	if (!worker_load(w) || !worker_pause(w))
		return;
	const struct cell *known = &w->memory.cells[FILE_KEY];
	if (known->set) {
		inode = (int)known->a;
		cut_back(world, inode, (size_t)known->b);
	}
	while (worker_receive(w, 1 + below(world, world->batch_size)))
		if (!open_file(w, &inode) || !write_batch(w, &world->inodes[inode], inode))
			return;
}
