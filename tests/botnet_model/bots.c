/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The bots. Every call that waits is a place where they may die. */
#include <stdlib.h>

#include "tests/botnet_model/world.h"

enum { BATCH = 8 }; /* the most that a bot asks for */

static uint64_t body_id(struct worker *w, const struct message *message)
{
	return read_body(message->body, w->world->body_size);
}

/* How many a bot asks for this time. */
static size_t batch_size(struct worker *w)
{
	return 1 + below(w->world, w->world->batch_size);
}

/* ---- Collectors ---- */

static void forget_item(struct world *world, unsigned item)
{
	for (size_t i = 0; i < world->n_items1; i++)
		if (world->items1[i] == item) {
			memmove(&world->items1[i], &world->items1[i + 1],
			        (--world->n_items1 - i) * sizeof world->items1[0]);
			return;
		}
}

static void run_c1(struct worker *w)
{
	struct world *world = w->world;
	bool room;
	while (worker_idle(w)) {
		if (!world->n_items1)
			continue;
		if (!worker_has_room(w, &room))
			return;
		if (!room)
			continue;
		arena_reset(&w->arena);
		unsigned item = world->items1[0];
		struct commit commit = {
			.published = worker_publish(
				w, message_id(SOURCE_C1, item, ++world->attempts, 0, 0), 1,
				w->destinations),
			.n_published = 1,
			.durable = rule_is_on(RULE_ACK_DURABLE),
		};
		if (!worker_commit(w, &commit))
			return;
		forget_item(world, item);
	}
}

static void run_c2(struct worker *w)
{
	bool room;
	if (!worker_load(w))
		return;
	while (worker_idle(w)) {
		uint64_t position = w->memory.cells[0].a;
		if (position >= w->world->n_items2)
			continue;
		if (!worker_has_room(w, &room))
			return;
		if (!room)
			continue;
		arena_reset(&w->arena);
		struct state_change change = worker_change(w, 0, position + 1, 0);
		struct commit commit = {
			.published = worker_publish(
				w, message_id(SOURCE_C2, (unsigned)position, 0, 0, 0), 1,
				w->destinations),
			.n_published = 1,
			.changes = &change,
			.n_changes = 1,
		};
		if (!worker_commit(w, &commit))
			return;
	}
}

/* ---- The parser ---- */

/* Rows from … before to as one commit, the last of which consumes the report. */
static bool commit_part(struct worker *w, struct message *message, uint64_t id, unsigned from,
                        unsigned to)
{
	bool last = to == rows_of(id);
	struct publish rows[BATCH];
	struct state_change change;
	struct message noted = *message;
	noted.note = to;
	for (unsigned row = from; row < to; row++)
		rows[row - from] = *worker_publish(w, id_with_row(id, row + 1), 1, w->destinations);
	struct commit commit = {
		.consumed = last ? message : NULL,
		.n_consumed = last,
		.noted = !last && rule_is_on(RULE_NOTE) ? &noted : NULL,
		.published = rows,
		.n_published = to - from,
	};
	if (!rule_is_on(RULE_NOTE_MESSAGE)) {
		change = worker_change(w, 0, id, to);
		commit.noted = NULL;
		commit.changes = &change;
		commit.n_changes = 1;
	}
	return worker_commit(w, &commit);
}

static void run_p(struct worker *w)
{
	if (!rule_is_on(RULE_NOTE_MESSAGE) && !worker_load(w))
		return;
	while (worker_receive(w, 1)) {
		struct message *message = &w->batch.messages[0];
		uint64_t id = body_id(w, message);
		unsigned row = (unsigned)message->note, n = rows_of(id);
		const struct cell *cell = &w->memory.cells[0];
		if (!rule_is_on(RULE_NOTE_MESSAGE))
			row = cell->set && cell->a == id && cell->b < n ? (unsigned)cell->b : 0;
		while (row < n) {
			unsigned to = row + 1 + below(w->world, 3);
			to = to < n ? to : n;
			if (!worker_pause(w) || !commit_part(w, message, id, row, to))
				return;
			row = to;
			if (row < n && rule_is_on(RULE_PARTS_ROOM) && !worker_wait_room(w))
				return;
		}
	}
}

/* ---- Experts ---- */

/* Commits a batch of which each message becomes at most one. */
static bool commit_batch(struct worker *w, const struct publish *published, size_t n)
{
	struct commit commit = {
		.consumed = w->batch.messages,
		.n_consumed = w->batch.n,
		.published = published,
		.n_published = n,
	};
	return worker_commit(w, &commit);
}

/* Something makes it give one back, sometimes: the last one, where the order of messages is looked at. */
static bool give_one_back(struct worker *w)
{
	struct batch *batch = &w->batch;
	if (batch->n < 2 || !chance(w->world, 200))
		return true;
	size_t which = w->world->two_instances ? below(w->world, (uint32_t)batch->n) : batch->n - 1;
	if (broker_release(w->consumer, &batch->messages[which], 1, NULL) < 0)
		return false;
	memmove(&batch->messages[which], &batch->messages[which + 1],
	        (--batch->n - which) * sizeof *batch->messages);
	return worker_pause(w);
}

static void run_x(struct worker *w)
{
	while (worker_receive(w, batch_size(w))) {
		struct publish out[BATCH];
		if (!give_one_back(w))
			return;
		for (size_t i = 0; i < w->batch.n; i++) {
			uint64_t id = body_id(w, &w->batch.messages[i]);
			struct str queues[DESTINATIONS];
			size_t n = 0;
			for (size_t k = 0; k < w->n_destinations; k++)
				if (!str_eq(w->destinations[k], queue_names[QL]) || loops(id))
					queues[n++] = w->destinations[k];
			out[i] = *worker_publish(w, id, n, queues);
			if (!worker_pause(w))
				return;
		}
		if (!commit_batch(w, out, w->batch.n))
			return;
	}
}

static void run_pass(struct worker *w)
{
	while (worker_receive(w, batch_size(w))) {
		struct publish out[BATCH];
		for (size_t i = 0; i < w->batch.n; i++) {
			uint64_t id = body_id(w, &w->batch.messages[i]);
			out[i] = *worker_publish(w, w->bot == L ? id_with_loop(id) : id, 1,
			                         w->destinations);
		}
		if (!worker_pause(w) || !commit_batch(w, out, w->batch.n))
			return;
	}
}

/* Sends two of its oldest entries again; true: once round. */
static bool add_old(struct worker *w, struct state_change *changes, size_t *n)
{
	struct memory *m = &w->memory;
	for (unsigned sent = 0; m->resend < KEYS && sent < 2; m->resend++)
		if (m->cells[m->resend].set) {
			changes[(*n)++] = worker_change(w, m->resend, m->cells[m->resend].a, 0);
			sent++;
		}
	bool round = m->resend == KEYS || (!rule_is_on(RULE_ROUND) && chance(w->world, 300));
	if (round)
		m->resend = 0;
	return round;
}

/* What the state says goes with the messages, or (rule switched off) in front of them. */
static bool commit_known(struct worker *w, struct commit *commit)
{
	if (!rule_is_on(RULE_ONE_FRAME)) {
		struct commit first = { .changes = commit->changes,
			                .n_changes = commit->n_changes };
		commit->n_changes = 0;
		if (!worker_commit(w, &first) || !worker_pause(w))
			return false;
	}
	return worker_commit(w, commit);
}

static void run_d(struct worker *w)
{
	if (!w->memory.valid && !worker_load(w))
		return;
	while (worker_receive(w, batch_size(w))) {
		struct publish out[BATCH];
		struct state_change changes[2 * BATCH];
		struct memory before = w->memory;
		size_t n = 0, n_changes = 0;
		bool round = chance(w->world, 300) && add_old(w, changes, &n_changes);
		for (size_t i = 0; i < w->batch.n; i++) {
			uint64_t id = body_id(w, &w->batch.messages[i]);
			unsigned key = dedup_key(id);
			if (w->memory.cells[key].set)
				continue;
			changes[n_changes++] = worker_change(w, key, id, 0);
			out[n++] = *worker_publish(w, id, 1, w->destinations);
		}
		struct commit commit = {
			.consumed = w->batch.messages,
			.n_consumed = w->batch.n,
			.published = out,
			.n_published = n,
			.changes = changes,
			.n_changes = n_changes,
			.round = round,
		};
		if (worker_pause(w) && commit_known(w, &commit))
			continue;
		w->memory = before;
		return;
	}
}

/* ---- Outputs ---- */

static void deliver(struct world *world, const struct message *message, uint64_t id)
{
	for (size_t i = 0; i < world->n_deliveries; i++)
		if (world->deliveries[i].block == message->block &&
		    world->deliveries[i].at == message->at)
			return;
	if (world->n_deliveries == world->deliveries_capacity) {
		world->deliveries_capacity = 2 * world->deliveries_capacity + 64;
		world->deliveries = realloc(world->deliveries,
		                            world->deliveries_capacity * sizeof *world->deliveries);
		if (!world->deliveries)
			abort();
	}
	world->deliveries[world->n_deliveries++] = (struct delivery){ message->block, id,
		                                                      message->at };
}

static void run_o(struct worker *w)
{
	while (worker_receive(w, batch_size(w))) {
		for (size_t i = 0; i < w->batch.n; i++) {
			if (!worker_pause(w))
				return;
			deliver(w->world, &w->batch.messages[i], body_id(w, &w->batch.messages[i]));
		}
		if (!worker_pause(w) || !commit_batch(w, NULL, 0))
			return;
	}
}

static void run_e(struct worker *w)
{
	while (worker_receive(w, batch_size(w)))
		if (!worker_pause(w) || !commit_batch(w, NULL, 0))
			return;
}

/* ---- intelmqctl ---- */

static void hold_a_while(struct worker *w)
{
	if (consumer_open(w->broker, S("tool"), 0, queue_names[below(w->world, QUEUES)], NULL, 0,
	                  &w->consumer, NULL) < 0)
		return;
	if (worker_receive(w, 1)) {
		for (unsigned i = below(w->world, 20); i && worker_pause(w); i--)
			;
		if (!w->dead && below(w->world, 2) &&
		    broker_release(w->consumer, w->batch.messages, w->batch.n, NULL) < 0)
			return;
	}
}

static void push(struct worker *w)
{
	struct world *world = w->world;
	struct buffer body;
	buffer_init(&body, SIZE_MAX / 2);
	write_body(&body, message_id(SOURCE_PUSH, ++world->pushed, below(world, 1 << 20), 1, 0),
	           world->body_size);
	if (broker_push(w->broker, queue_names[QX], buffer_str(&body), NULL) == 0)
		worker_told(w);
	buffer_fini(&body);
}

/* What it sees was published; it may be that others are gone meanwhile. */
static void look(struct worker *w)
{
	enum { MOST = 10 };
	struct str bodies[MOST];
	struct queue_info *infos;
	int64_t n = broker_peek(w->broker, queue_names[below(w->world, QUEUES)], MOST, &w->arena,
	                        bodies, NULL);
	for (int64_t i = 0; i < n; i++)
		if (!read_body(bodies[i], w->world->body_size))
			bad(w->world, "peek: a message that nobody published");
	n = w->dead ? 0 : broker_queues(w->broker, &w->arena, &infos, NULL);
	for (int64_t i = 0; i < n; i++)
		if (infos[i].claimed > infos[i].messages || queue_by_name(infos[i].name) == QUEUES)
			bad(w->world, "queues: %llu of %llu messages are claimed",
			    (unsigned long long)infos[i].claimed,
			    (unsigned long long)infos[i].messages);
}

static void run_tool(struct worker *w)
{
	unsigned what = below(w->world, 4);
	if (what == 0 && w->world->pushed < 3)
		push(w);
	else if (what == 1)
		hold_a_while(w);
	else if (what == 3)
		look(w);
	else if (what == 2)
		(void)!broker_clear(w->broker, queue_names[below(w->world, 2) ? QE : QE2], NULL);
	w->stop = true;
}

void (*const bot_runs[BOTS])(struct worker *) = {
	[C1] = run_c1,  [C2] = run_c2,  [P] = run_p, [X] = run_x, [D] = run_d,  [V] = run_pass,
	[L] = run_pass, [F] = file_run, [O] = run_o, [E] = run_e, [E2] = run_e, [TOOL] = run_tool,
};
