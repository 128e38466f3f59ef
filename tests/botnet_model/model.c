/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/botnet_model/model.h"

#include <stdlib.h>

const struct str queue_names[QUEUES] = {
	[QP] = S("P-queue"), [QX] = S("X-queue"), [QD] = S("D-queue"),
	[QV] = S("V-queue"), [QL] = S("L-queue"), [QF] = S("F-queue"),
	[QO] = S("O-queue"), [QE] = S("E-queue"), [QE2] = S("E2-queue"),
};

const struct str bot_names[BOTS] = {
	[C1] = S("C1"), [C2] = S("C2"), [P] = S("P"),   [X] = S("X"),
	[D] = S("D"),   [V] = S("V"),   [L] = S("L"),   [F] = S("F"),
	[O] = S("O"),   [E] = S("E"),   [E2] = S("E2"), [TOOL] = S("tool"),
};

static unsigned index_of(const struct str *names, unsigned n, struct str name)
{
	unsigned i = 0;
	while (i < n && !str_eq(names[i], name))
		i++;
	return i;
}

enum queue_name queue_by_name(struct str name)
{
	return index_of(queue_names, QUEUES, name);
}

enum bot bot_by_name(struct str name)
{
	return index_of(bot_names, BOTS, name);
}

/* ---- Messages ---- */

enum { LOOP_AT = 0, ROW_AT = 8, ATTEMPT_AT = 16, ITEM_AT = 40, SOURCE_AT = 56 };

uint64_t message_id(unsigned source, unsigned item, uint32_t attempt, unsigned row, unsigned loop)
{
	return (uint64_t)source << SOURCE_AT | (uint64_t)item << ITEM_AT |
	       (uint64_t)attempt << ATTEMPT_AT | (uint64_t)row << ROW_AT | loop;
}

unsigned id_source(uint64_t id)
{
	return (unsigned)(id >> SOURCE_AT);
}

unsigned id_item(uint64_t id)
{
	return (unsigned)(id >> ITEM_AT & 0xffff);
}

unsigned id_attempt(uint64_t id)
{
	return (unsigned)(id >> ATTEMPT_AT & 0xffffff);
}

unsigned id_row(uint64_t id)
{
	return (unsigned)(id >> ROW_AT & 0xff);
}

unsigned id_loop(uint64_t id)
{
	return (unsigned)(id >> LOOP_AT & 0xff);
}

uint64_t id_with_row(uint64_t id, unsigned row)
{
	return (id & ~(0xffull << ROW_AT)) | (uint64_t)row << ROW_AT;
}

uint64_t id_with_loop(uint64_t id)
{
	return id | 1;
}

static size_t filler(uint64_t id, unsigned most)
{
	return most ? (size_t)((id * 0x9e3779b97f4a7c15u >> 32) % most) : 0;
}

void write_body(struct buffer *out, uint64_t id, unsigned most)
{
	buffer_add(out, &id, sizeof id);
	for (size_t n = filler(id, most); n; n--)
		buffer_add_char(out, (char)(n + id));
}

uint64_t read_body(struct str body, unsigned most)
{
	uint64_t id;
	if (body.n < sizeof id)
		return 0;
	memcpy(&id, body.p, sizeof id);
	size_t n = filler(id, most);
	if (body.n != sizeof id + n)
		return 0;
	for (const char *p = body.p + sizeof id; n; n--)
		if (*p++ != (char)(n + id))
			return 0;
	return id;
}

/* ---- What happened ---- */

void model_init(struct model *m)
{
	*m = (struct model){ 0 };
	m->moments_capacity = m->groups_capacity = 256;
	m->moments = calloc(m->moments_capacity, sizeof *m->moments);
	m->groups = calloc(m->groups_capacity, sizeof *m->groups);
	if (!m->moments || !m->groups)
		abort();
}

void model_fini(struct model *m)
{
	for (size_t q = 0; q < QUEUES; q++)
		free(m->queues[q].items);
	free(m->ops);
	free(m->moments);
	free(m->groups);
}

struct item *model_find(struct model *m, enum queue_name queue, uint64_t id)
{
	struct model_queue *q = &m->queues[queue];
	for (size_t i = q->n; i > 0; i--)
		if (q->items[i - 1].id == id)
			return &q->items[i - 1];
	return NULL;
}

static void model_put(struct model *m, enum queue_name queue, uint64_t id)
{
	struct model_queue *q = &m->queues[queue];
	if (q->n == q->capacity) {
		q->capacity = 2 * q->capacity + 64;
		q->items = realloc(q->items, q->capacity * sizeof *q->items);
		if (!q->items)
			abort();
	}
	q->items[q->n++] = (struct item){ .id = id };
	q->messages++;
	m->messages++;
}

static void model_take(struct model *m, enum queue_name queue, struct item *item)
{
	struct model_queue *q = &m->queues[queue];
	item->gone = true;
	item->holder = NULL;
	while (q->first < q->n && q->items[q->first].gone)
		q->first++;
	q->messages--;
	m->messages--;
}

static void apply(struct model *m, const struct op *op)
{
	struct item *item = op->kind == OP_TAKE || op->kind == OP_NOTE
	                          ? model_find(m, op->where, op->what)
	                          : NULL;
	switch (op->kind) {
	case OP_PUT:
		model_put(m, op->where, op->what);
		break;
	case OP_TAKE:
		model_take(m, op->where, item);
		break;
	case OP_NOTE:
		item->note = op->a;
		break;
	case OP_SET:
		m->cells[op->where][op->what] = (struct cell){ true, op->a, op->b };
		break;
	}
}

void model_do(struct model *m, struct op op)
{
	if (m->n_ops == m->ops_capacity) {
		m->ops_capacity = 2 * m->ops_capacity + 1024;
		m->ops = realloc(m->ops, m->ops_capacity * sizeof *m->ops);
		if (!m->ops)
			abort();
	}
	m->ops[m->n_ops++] = op;
	apply(m, &op);
	m->moments[m->n] = (struct moment){ m->n_ops, m->messages };
}

void model_begin(struct model *m)
{
	if (++m->n == m->moments_capacity) {
		m->moments_capacity *= 2;
		m->moments = realloc(m->moments, m->moments_capacity * sizeof *m->moments);
		if (!m->moments)
			abort();
	}
	m->moments[m->n] = (struct moment){ m->n_ops, m->messages };
}

void model_group(struct model *m, uint64_t number)
{
	if (number >= m->groups_capacity) {
		m->groups_capacity *= 2;
		m->groups = realloc(m->groups, m->groups_capacity * sizeof *m->groups);
		if (!m->groups)
			abort();
	}
	m->groups[number] = m->n;
}

void model_rewind(struct model *m, size_t n)
{
	m->n = n;
	m->n_ops = m->moments[n].ops;
	m->messages = 0;
	for (size_t q = 0; q < QUEUES; q++)
		m->queues[q].n = m->queues[q].first = m->queues[q].messages = 0;
	memset(m->cells, 0, sizeof m->cells);
	for (size_t i = 0; i < m->n_ops; i++)
		apply(m, &m->ops[i]);
}
