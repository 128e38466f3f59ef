/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What a batch emits, until its commit. */
#include "engine/inside.h"

#include "message/codec.h"

#include <stdlib.h>

void outbox_init(struct worker *w)
{
	buffer_init(&w->outbox.bodies, MAX_OUTBOX);
}

void outbox_fini(struct worker *w)
{
	buffer_fini(&w->outbox.bodies);
	free(w->outbox.items);
	w->outbox.items = NULL;
}

struct outbox_mark outbox_mark(const struct worker *w)
{
	return (struct outbox_mark){ w->outbox.n, w->outbox.bodies.n, w->outbox.turn };
}

void outbox_undo(struct worker *w, struct outbox_mark mark)
{
	while (w->outbox.n > mark.n)
		w->outbox.items[--w->outbox.n].path->pending--;
	w->outbox.bodies.n = mark.bytes; /* marks from before a commit are never kept */
	w->outbox.bodies.over = false;
	w->outbox.turn = mark.turn;
}

static struct path *path_find(struct worker *w, struct str name)
{
	for (size_t i = 0; i < w->n_paths; i++)
		if (str_eq(w->paths[i].name, name))
			return &w->paths[i];
	return NULL;
}

static struct emitted *outbox_item(struct outbox *box)
{
	if (box->n == box->capacity) {
		box->capacity = box->capacity ? box->capacity * 2 : 128;
		box->items = realloc(box->items, box->capacity * sizeof *box->items);
		if (!box->items)
			abort();
	}
	return &box->items[box->n++];
}

int outbox_add(struct worker *w, const struct event *event, const char *name, bool permissive)
{
	struct path *path = path_find(w, str_of(name));
	if (!path) {
		if (permissive)
			return 0;
		return err_set(&w->bot.err, FAULT_CONFIGURATION,
		               "no destination queue is configured for path '%s'", name);
	}
	if (!event->live) {
		worker_log(w, LEVEL_WARNING,
		           "Ignoring empty message at sending. Possible bug in bot.");
		return 0;
	}
	size_t offset = w->outbox.bodies.n;
	event_encode(event, &w->outbox.bodies);
	size_t length = w->outbox.bodies.n - offset;
	if (w->outbox.bodies.over || length > MAX_MESSAGE) {
		w->outbox.bodies.n = offset;
		w->outbox.bodies.over = false;
		return err_set(&w->bot.err, FAULT_OTHER,
		               "the message gives more than %d bytes at once", MAX_OUTBOX);
	}
	struct emitted *item = outbox_item(&w->outbox);
	*item = (struct emitted){ offset, length, path, path->queues, path->n };
	if (w->settings.load_balance && path->n) {
		item->queues = &path->queues[w->outbox.turn++ % path->n];
		item->n_queues = 1;
	}
	path->pending++;
	return 0;
}

struct publish *outbox_publishes(struct worker *w)
{
	struct publish *all = arena_zalloc(&w->batch, w->outbox.n, sizeof *all);
	for (size_t i = 0; i < w->outbox.n; i++) {
		const struct emitted *item = &w->outbox.items[i];
		all[i] = (struct publish){
			.body = { w->outbox.bodies.p + item->offset, item->length },
			.queues = item->queues,
			.n_queues = item->n_queues,
		};
	}
	return all;
}

void outbox_sent(struct worker *w)
{
	for (size_t i = 0; i < w->n_paths; i++) {
		w->paths[i].sent += w->paths[i].pending;
		w->paths[i].pending = 0;
	}
	w->counters.sent += w->outbox.n;
	w->sent_since_log += w->outbox.n;
	w->outbox.n = 0;
	buffer_clear(&w->outbox.bodies);
	/* One large report should not cost its memory for ever. */
	if (w->outbox.bodies.capacity > OUTBOX_KEPT) {
		outbox_fini(w);
		w->outbox.capacity = 0;
		buffer_init(&w->outbox.bodies, MAX_OUTBOX);
	}
}
