/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Whether the world is as it should be: after a recovery, and at the end. */
#include <stdlib.h>

#include "broker/server_inside.h"
#include "tests/botnet_model/world.h"

/* ---- After a recovery: what the database has is what the model had at the end of that group ---- */

/* Goes through a queue of the model along with what is read. */
struct comparison {
	struct world *world;
	enum queue_name queue;
	size_t at;
};

static void compare_message(struct comparison *c, uint64_t id, uint64_t note)
{
	const struct model_queue *q = &c->world->model.queues[c->queue];
	while (c->at < q->n && q->items[c->at].gone)
		c->at++;
	if (c->at == q->n || q->items[c->at].id != id)
		bad(c->world, "recovery: %s has message %llx where %llx should be",
		    queue_names[c->queue].p, (unsigned long long)id,
		    (unsigned long long)(c->at == q->n ? 0 : q->items[c->at].id));
	else if (q->items[c->at].note != note)
		bad(c->world, "recovery: message %llx has note %llu, not %llu",
		    (unsigned long long)id, (unsigned long long)note,
		    (unsigned long long)q->items[c->at].note);
	c->at++;
}

static void compare_block(struct comparison *c, const struct store_block *block)
{
	for (size_t i = 0; i < block->n_left; i++)
		for (uint32_t at = block->left[i].from; at < block->left[i].to; at++) {
			uint32_t start = at ? block->ends[at - 1] : 0;
			struct str body = { block->bodies + start, block->ends[at] - start };
			uint64_t note = 0;
			for (size_t k = 0; k < block->n_notes; k++)
				if (block->notes[k].at == at)
					note = block->notes[k].value;
			compare_message(c, read_body(body, c->world->body_size), note);
		}
}

static void compare_queue(struct world *world, const struct store_queue *stored)
{
	struct comparison c = { world, queue_by_name(stored->name), 0 };
	struct store_slice slice = { 0 };
	struct err err = { 0 };
	uint64_t after = 0;
	if (c.queue == QUEUES)
		return;
	while (!world->bad[0] && after < stored->last) {
		if (store_read(world->server->store, stored->id, after, UINT64_MAX >> 1, 100,
		               1 << 20, &slice, &err) < 0)
			bad(world, "recovery: %s: %s", queue_names[c.queue].p, err.text);
		for (size_t i = 0; i < slice.n && !world->bad[0]; i++)
			compare_block(&c, &slice.blocks[i]);
		after = slice.n ? slice.last : stored->last;
		store_slice_free(&slice);
	}
	const struct model_queue *q = &world->model.queues[c.queue];
	if (stored->messages != q->messages)
		bad(world, "recovery: %s has %llu messages, not %zu", queue_names[c.queue].p,
		    (unsigned long long)stored->messages, q->messages);
}

static void compare_queues(struct world *world)
{
	struct store_queue *queues;
	struct err err = { 0 };
	size_t n, messages = 0;
	if (store_queues(world->server->store, &queues, &n, &err) < 0) {
		bad(world, "recovery: %s", err.text);
		return;
	}
	for (size_t i = 0; i < n && !world->bad[0]; i++) {
		compare_queue(world, &queues[i]);
		messages += queues[i].messages;
	}
	if (messages != world->model.messages)
		bad(world, "recovery: there are %zu messages, not %zu", messages,
		    world->model.messages);
	store_queues_free(queues, n);
}

static void add_change(void *context, const struct state_change *change)
{
	struct cell *cells = context;
	struct cell cell = { .set = true };
	memcpy(&cell.a, change->value.p, sizeof cell.a);
	memcpy(&cell.b, change->value.p + sizeof cell.a, sizeof cell.b);
	cells[(change->key.p[0] - '0') % KEYS] = cell;
}

static void compare_state(struct world *world, enum bot bot)
{
	struct cell cells[KEYS] = { 0 };
	struct err err = { 0 };
	uint64_t after = 0;
	bool more = true;
	while (more) {
		struct str rows = STR_NONE;
		if (store_read_state(world->server->store, bot_names[bot], after, 64, &rows, &after,
		                     &more, &err) < 0) {
			bad(world, "recovery: %s", err.text);
			return;
		}
		if (rows.n)
			changes_each(rows, add_change, cells);
		free((char *)(uintptr_t)rows.p);
	}
	for (unsigned k = 0; k < KEYS; k++)
		if (memcmp(&cells[k], &world->model.cells[bot][k], sizeof *cells) != 0)
			bad(world, "recovery: key %u of %s is not as it was", k, bot_names[bot].p);
}

void check_recovery(struct world *world)
{
	struct model *m = &world->model;
	uint64_t group = store_group(world->server->store);
	size_t n = group < m->groups_capacity ? m->groups[group] : 0, before = m->n;
	m->stored = group;
	if (m->told > n) {
		bad(world,
		    "durable: commit %llu was said to be, commit %zu is the last that is there",
		    (unsigned long long)m->told, n);
		return;
	}
	model_rewind(m, n);
	set_limits(world);
	for (size_t i = 0; i < WORKERS; i++)
		if (world->workers[i].durable_n > n)
			world->workers[i].lost = true;
	trace(world, "the broker starts at group %llu, commit %zu of %zu",
	      (unsigned long long)group, n, before);
	compare_queues(world);
	for (unsigned bot = 0; bot < BOTS && !world->bad[0]; bot++)
		compare_state(world, bot);
}

/* ---- At the end ---- */

/* What was consumed of a queue, in order. */
struct consumed {
	uint64_t *ids;
	size_t n;
};

static struct consumed consumed_of(const struct model *m, enum queue_name queue)
{
	struct consumed out = { calloc(m->n_ops + 1, sizeof(uint64_t)), 0 };
	if (!out.ids)
		abort();
	for (size_t i = 0; i < m->n_ops; i++)
		if (m->ops[i].kind == OP_TAKE && m->ops[i].where == queue)
			out.ids[out.n++] = m->ops[i].what;
	return out;
}

static int order(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

static void sort(struct consumed *c)
{
	if (c->n)
		qsort(c->ids, c->n, sizeof *c->ids, order);
}

static void check_sources(struct world *world, const struct consumed *reports)
{
	size_t n2 = 0;
	for (unsigned item = 0; item < world->n_all1; item++) {
		bool found = false;
		for (size_t i = 0; i < reports->n; i++)
			found |= id_source(reports->ids[i]) == SOURCE_C1 &&
			         id_item(reports->ids[i]) == item;
		if (!found)
			bad(world, "lost: item %u of C1's source", item);
	}
	for (size_t i = 0; i < reports->n; i++)
		n2 += id_source(reports->ids[i]) == SOURCE_C2;
	if (n2 != world->n_items2)
		bad(world, "lost or doubled: %zu items of C2's source, not %u", n2,
		    world->n_items2);
}

/* What must have gone through X: rows of all reports, what was pushed, and that which loops a second time. */
static struct consumed expected_at_x(const struct consumed *reports, const struct consumed *at_x)
{
	size_t most = at_x->n;
	for (size_t i = 0; i < reports->n; i++)
		most += rows_of(reports->ids[i]);
	struct consumed out = { calloc(2 * most + 1, sizeof(uint64_t)), 0 };
	if (!out.ids)
		abort();
	for (size_t i = 0; i < reports->n; i++)
		for (unsigned row = 0; row < rows_of(reports->ids[i]); row++)
			out.ids[out.n++] = id_with_row(reports->ids[i], row + 1);
	for (size_t i = 0; i < at_x->n; i++)
		if (id_source(at_x->ids[i]) == SOURCE_PUSH && !id_loop(at_x->ids[i]))
			out.ids[out.n++] = at_x->ids[i];
	for (size_t i = 0, n = out.n; i < n; i++)
		if (loops(out.ids[i]))
			out.ids[out.n++] = id_with_loop(out.ids[i]);
	sort(&out);
	return out;
}

static void check_same(struct world *world, enum queue_name queue, const struct consumed *expected)
{
	struct consumed there = consumed_of(&world->model, queue);
	sort(&there);
	if (there.n != expected->n ||
	    memcmp(there.ids, expected->ids, there.n * sizeof *there.ids) != 0)
		bad(world, "lost or doubled before %s: %zu messages, not %zu", queue_names[queue].p,
		    there.n, expected->n);
	free(there.ids);
}

/* Of each key one message, the first that D had. */
static void check_deduplicator(struct world *world)
{
	struct consumed at_d = consumed_of(&world->model, QD),
			at_o = consumed_of(&world->model, QO);
	bool known[KEYS] = { 0 };
	size_t n = 0;
	for (size_t i = 0; i < at_d.n; i++) {
		unsigned key = dedup_key(at_d.ids[i]);
		if (known[key])
			continue;
		known[key] = true;
		if (n >= at_o.n || at_o.ids[n] != at_d.ids[i])
			bad(world, "deduplicator: of key %u another message, or none", key);
		n++;
	}
	if (n != at_o.n)
		bad(world, "deduplicator: %zu messages of %zu keys", at_o.n, n);
	free(at_d.ids);
	free(at_o.ids);
}

static void check_outputs(struct world *world)
{
	struct consumed at_f = consumed_of(&world->model, QF),
			at_o = consumed_of(&world->model, QO);
	size_t n = 0;
	for (size_t i = 0; i < world->n_inodes; i++)
		for (size_t k = 0; k < world->inodes[i].n; k++, n++)
			if (n >= at_f.n || at_f.ids[n] != world->inodes[i].ids[k])
				bad(world,
				    "file: line %zu is message %llx, not that which was consumed",
				    n, (unsigned long long)world->inodes[i].ids[k]);
	if (n != at_f.n)
		bad(world, "file: %zu lines of %zu messages", n, at_f.n);
	for (size_t i = 0; i < at_o.n; i++) {
		bool got = false;
		for (size_t k = 0; k < world->n_deliveries; k++)
			got |= world->deliveries[k].id == at_o.ids[i];
		if (!got)
			bad(world, "output: message %llx was not delivered",
			    (unsigned long long)at_o.ids[i]);
	}
	free(at_f.ids);
	free(at_o.ids);
}

/* What a source sent keeps its order at a queue, each attempt of C1 by itself. */
static void check_order(struct world *world, enum queue_name queue)
{
	struct consumed there = consumed_of(&world->model, queue);
	uint64_t last[4][2] = { 0 };
	for (size_t i = 0; i < there.n; i++) {
		uint64_t id = there.ids[i];
		unsigned source = id_source(id);
		uint64_t place = source == SOURCE_C1 ? (uint64_t)id_attempt(id) << 8 | id_row(id)
		                                     : (uint64_t)id_item(id) << 8 | id_row(id);
		uint64_t *before = &last[source][id_loop(id)];
		if (source != SOURCE_PUSH && place < *before)
			bad(world, "order: message %llx came late at %s", (unsigned long long)id,
			    queue_names[queue].p);
		*before = place;
	}
	free(there.ids);
}

void check_end(struct world *world)
{
	struct consumed reports = consumed_of(&world->model, QP),
			at_x = consumed_of(&world->model, QX);
	struct consumed expected = expected_at_x(&reports, &at_x);
	check_sources(world, &reports);
	check_same(world, QX, &expected);
	check_same(world, QD, &expected);
	check_same(world, QF, &expected);
	check_deduplicator(world);
	check_outputs(world);
	/* Not at P, where two collectors are; not at E, which is cleared around what somebody holds. */
	for (enum queue_name q = QX; q <= QO && !world->two_instances; q++)
		check_order(world, q);
	free(reports.ids);
	free(at_x.ids);
	free(expected.ids);
}
