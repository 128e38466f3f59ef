/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The memory broker: a core, and the keyed state of each bot. */
#include "broker/core.h"

#include <intelmq/clock.h>

#include "state/table.h"
#include "lib/allocated.h"

#include <stdio.h>
#include <stdlib.h>

struct bot_state {
	struct bot_state *next;
	struct str bot;
	struct state_table *table; /* NULL: none yet */
};

struct memory {
	struct broker broker;
	struct core *core;
	struct bot_state *states; /* stay when the bot leaves */
};

struct memory_consumer {
	struct consumer consumer;
	struct core_consumer *core;
	struct bot_state *state;
};

static struct memory *memory_of(struct broker *broker)
{
	return (struct memory *)broker;
}

static struct memory_consumer *consumer_of(struct consumer *consumer)
{
	return (struct memory_consumer *)consumer;
}

static struct bot_state *state_of(struct memory *memory, struct str bot)
{
	for (struct bot_state *state = memory->states; state; state = state->next)
		if (str_eq(state->bot, bot))
			return state;
	struct bot_state *state = allocated(malloc(sizeof *state + bot.n));
	memcpy(state + 1, bot.p, bot.n);
	*state = (struct bot_state){ memory->states, { (char *)(state + 1), bot.n }, NULL };
	return memory->states = state;
}

static int64_t now_seconds(void)
{
	return clock_now_us() / 1000000;
}

static void memory_free(struct broker *broker)
{
	struct memory *memory = memory_of(broker);
	core_free(memory->core);
	while (memory->states) {
		struct bot_state *next = memory->states->next;
		state_table_free(memory->states->table);
		free(memory->states);
		memory->states = next;
	}
	free(memory);
}

static int memory_open(struct broker *broker, const struct consumer_names *names,
                       struct consumer **out, struct err *err)
{
	struct memory *memory = memory_of(broker);
	struct core_consumer *core;
	if (core_open(memory->core, names, &core, err) < 0)
		return -1;
	struct memory_consumer *c = allocated(malloc(sizeof *c));
	*c = (struct memory_consumer){ { broker }, core, state_of(memory, names->bot) };
	*out = &c->consumer;
	return 0;
}

static void memory_close(struct consumer *consumer)
{
	core_close(consumer_of(consumer)->core);
	free(consumer);
}

static int memory_receive(struct consumer *consumer, struct receive_limits limits,
                          struct arena *arena, struct batch *out, struct err *err)
{
	return core_receive(consumer_of(consumer)->core, limits, arena, out, err);
}

static int memory_commit(struct consumer *consumer, const struct commit *commit, struct err *err)
{
	struct memory_consumer *c = consumer_of(consumer);
	if (core_commit(c->core, commit, err) < 0)
		return -1;
	if (commit->n_changes && !c->state->table)
		c->state->table = state_table_new(now_seconds);
	for (size_t i = 0; i < commit->n_changes; i++)
		state_table_load(c->state->table, &commit->changes[i]);
	return 0;
}

static int memory_give_back(struct consumer *consumer, const struct message *messages, size_t count,
                            struct err *err)
{
	return core_give_back(consumer_of(consumer)->core, messages, count, err);
}

static struct str memory_no_room(struct consumer *consumer)
{
	return core_no_room(consumer_of(consumer)->core);
}

struct load {
	void (*each)(void *context, const struct state_change *);
	void *context;
};

static void load_entry(void *context, struct str key, struct str value, int64_t expires)
{
	const struct load *load = context;
	const struct state_change change = { .key = key, .value = value, .expires = expires };
	load->each(load->context, &change);
}

static int memory_load_state(struct consumer *consumer,
                             void (*each)(void *context, const struct state_change *),
                             void *context, struct err *err)
{
	(void)err;
	struct state_table *table = consumer_of(consumer)->state->table;
	struct load load = { each, context };
	if (table)
		state_table_each(table, load_entry, &load);
	return 0;
}

static int64_t memory_queues(struct broker *broker, struct arena *arena, struct queue_info **out,
                             struct err *err)
{
	(void)err;
	return (int64_t)core_queues(memory_of(broker)->core, arena, out);
}

static int memory_push(struct broker *broker, struct str queue, struct str body, struct err *err)
{
	return core_push(memory_of(broker)->core, queue, body, err);
}

static int64_t memory_peek(struct broker *broker, struct str queue, size_t count,
                           struct arena *arena, struct str *bodies_out, struct err *err)
{
	(void)err;
	return (int64_t)core_peek(memory_of(broker)->core, queue, count, SIZE_MAX, arena,
	                          bodies_out);
}

static int64_t memory_clear(struct broker *broker, struct str queue, struct err *err)
{
	(void)err;
	return (int64_t)core_clear(memory_of(broker)->core, queue);
}

static int memory_status(struct broker *broker, struct arena *arena, struct value *out,
                         struct err *err)
{
	(void)err;
	*out = core_status(memory_of(broker)->core, arena);
	return 0;
}

static const struct backend memory_backend = {
	.free = memory_free,
	.open = memory_open,
	.close = memory_close,
	.receive = memory_receive,
	.commit = memory_commit,
	.release = memory_give_back,
	.no_room = memory_no_room,
	.load_state = memory_load_state,
	.queues = memory_queues,
	.push = memory_push,
	.peek = memory_peek,
	.clear = memory_clear,
	.status = memory_status,
};

struct broker *broker_memory_new(struct queue_limits limits)
{
	struct memory *memory = allocated(calloc(1, sizeof *memory));
	memory->broker.backend = &memory_backend;
	memory->core = core_new(limits, 1);
	return &memory->broker;
}
