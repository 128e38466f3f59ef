/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Drives broker.h with random operations and compares each answer with a model that is as simple
 * as can be: arrays, walked from the front. A failing seed is printed; `broker_model_test SEED`
 * repeats it, `broker_model_test SEED COUNT` runs more.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <intelmq/clock.h>

#include "broker/broker.h"

#include <stdio.h>
#include <stdlib.h>

enum {
	SEEDS = 3000,
	STEPS = 120,
	QUEUES = 4,
	BOTS = 4,
	INSTANCES = 3,
	ITEMS = 1024, /* in one queue during one seed */
	KEYS = 6,
	NOBODY = -1,
	START = 1000000, /* of the clock, seconds */
};

struct item {
	uint32_t id; /* says what the body is */
	int holder;  /* index of a consumer, or NOBODY */
	bool gone;
	bool seen; /* block and at are known */
	uint64_t block;
	uint32_t at;
	uint64_t note;
};

struct model_queue {
	struct item items[ITEMS];
	size_t n;
};

struct model_consumer {
	struct consumer *real;
	int bot, instance, source; /* source: a queue, or -1 */
	int destinations[QUEUES];
	size_t n_destinations;
	struct message held[ITEMS]; /* as received, in this order */
	size_t n_held;
};

/* Where messages go by way of a bot, since it was last here. */
struct model_road {
	int source, destinations[QUEUES];
	size_t n;
};

struct model_value {
	bool set;
	uint32_t value;
	int64_t expires;
};

struct world {
	uint64_t random;
	uint64_t seed;
	struct queue_limits limits;
	struct broker *broker;
	struct arena arena;
	uint32_t next_id;
	struct model_queue queues[QUEUES];
	struct model_consumer consumers[BOTS * INSTANCES];
	struct model_road roads[BOTS * INSTANCES];
	struct model_value state[BOTS][KEYS];
	bool known[QUEUES]; /* the broker has heard of it */
};

/* Prints the seed that cmocka does not know. */
#define CHECK(w, condition)                                                                        \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			print_error("seed %llu: %s\n", (unsigned long long)(w)->seed, #condition); \
			fail();                                                                    \
		}                                                                                  \
	} while (0)

static uint32_t below(struct world *w, uint32_t n)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)(w->random >> 20) % n;
}

static const struct str queue_names[QUEUES] = { S("a-queue"), S("b-queue"), S("c-queue"),
	                                        S("d-queue") };
static const struct str bot_names[BOTS] = { S("expert"), S("output"), S("parser"), S("collector") };
static const struct str key_names[KEYS] = {
	S("k0"), S("k1"), S("k2"),
	S("k3"), S("k4"), S("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
};

/* Bodies of 0 … 40 bytes that follow from the id. */
static size_t body_size(uint32_t id)
{
	return id * 7 % 41;
}

static struct str body_of(struct world *w, uint32_t id)
{
	size_t n = body_size(id);
	char *p = arena_alloc(&w->arena, n + 12);
	for (size_t i = 0; i < n; i++)
		p[i] = (char)((id >> (i % 4 * 8)) + i / 4);
	return (struct str){ p, n };
}

/* ---- What the model says ---- */

static bool leads_to(const struct world *w, int from, int to)
{
	bool reach[QUEUES][QUEUES] = { 0 };
	for (size_t i = 0; i < BOTS * INSTANCES; i++) {
		const struct model_road *road = &w->roads[i];
		for (size_t k = 0; road->source >= 0 && k < road->n; k++)
			reach[road->source][road->destinations[k]] = true;
	}
	for (int m = 0; m < QUEUES; m++)
		for (int a = 0; a < QUEUES; a++)
			for (int b = 0; b < QUEUES; b++)
				reach[a][b] = reach[a][b] || (reach[a][m] && reach[m][b]);
	return reach[from][to];
}

static bool same_cycle(const struct world *w, int a, int b)
{
	return a == b || (leads_to(w, a, b) && leads_to(w, b, a));
}

static bool model_room(const struct world *w, int queue)
{
	uint64_t messages = 0, bytes = 0;
	for (int q = 0; q < QUEUES; q++) {
		const struct model_queue *m = &w->queues[q];
		for (size_t i = 0; same_cycle(w, q, queue) && i < m->n; i++)
			if (!m->items[i].gone) {
				messages++;
				bytes += body_size(m->items[i].id);
			}
	}
	return !(w->limits.messages && messages >= w->limits.messages) &&
	       !(w->limits.bytes && bytes >= w->limits.bytes);
}

/* Index of the first full destination that counts, or -1. */
static int model_full(const struct world *w, const struct model_consumer *c)
{
	for (size_t i = 0; i < c->n_destinations; i++) {
		bool inside = c->source >= 0 && same_cycle(w, c->source, c->destinations[i]);
		if (!inside && !model_room(w, c->destinations[i]))
			return c->destinations[i];
	}
	return -1;
}

static size_t model_share(const struct world *w, const struct model_consumer *c)
{
	size_t spare = 0, readers = 0;
	const struct model_queue *m = &w->queues[c->source];
	for (size_t i = 0; i < m->n; i++)
		spare += !m->items[i].gone && m->items[i].holder == NOBODY;
	for (size_t i = 0; i < BOTS * INSTANCES; i++)
		readers += w->consumers[i].real && w->consumers[i].source == c->source;
	return (spare + readers - 1) / readers;
}

static bool is_single(const struct world *w, const struct model_consumer *c)
{
	for (size_t i = 0; i < BOTS * INSTANCES; i++)
		if (&w->consumers[i] != c && w->consumers[i].real && w->consumers[i].bot == c->bot)
			return false;
	return true;
}

/* Fills `items` with what a receive must give. */
static size_t model_receive(struct world *w, const struct model_consumer *c,
                            struct receive_limits limits, struct item **items)
{
	int self = (int)(c - w->consumers);
	struct model_queue *m = &w->queues[c->source];
	size_t n = 0, bytes = 0, most = model_share(w, c);
	if (most > limits.messages)
		most = limits.messages;
	if (model_full(w, c) >= 0)
		return 0;
	for (size_t i = 0; i < m->n && n < most; i++) {
		struct item *item = &m->items[i];
		if (item->gone || item->holder == self)
			continue;
		if (item->holder != NOBODY) {
			if (is_single(w, c))
				break;
			continue;
		}
		bytes += body_size(item->id);
		if (n && bytes > limits.bytes)
			break;
		items[n++] = item;
	}
	return n;
}

static struct item *model_find(struct world *w, const struct model_consumer *c,
                               const struct message *message)
{
	struct model_queue *m = &w->queues[c->source];
	for (size_t i = 0; i < m->n; i++)
		if (m->items[i].seen && m->items[i].block == message->block &&
		    m->items[i].at == message->at)
			return &m->items[i];
	return NULL;
}

static void model_add(struct world *w, int queue, uint32_t id)
{
	struct model_queue *m = &w->queues[queue];
	CHECK(w, m->n < ITEMS);
	m->items[m->n++] = (struct item){ .id = id, .holder = NOBODY };
}

/* ---- Operations ---- */

static struct model_consumer *any_consumer(struct world *w, bool reads)
{
	struct model_consumer *c = &w->consumers[below(w, BOTS * INSTANCES)];
	return c->real && (!reads || c->source >= 0) ? c : NULL;
}

static void do_open(struct world *w)
{
	int bot = (int)below(w, BOTS), instance = (int)below(w, INSTANCES);
	struct model_consumer *c = &w->consumers[bot * INSTANCES + instance];
	struct model_consumer fresh = { .bot = bot, .instance = instance };
	fresh.source = bot == BOTS - 1 ? -1 : bot % 2;
	if (below(w, 4) == 0)
		fresh.source = (int)below(w, QUEUES);
	struct str names[QUEUES];
	fresh.n_destinations = below(w, 3);
	for (size_t i = 0; i < fresh.n_destinations; i++) {
		fresh.destinations[i] = (int)below(w, QUEUES);
		names[i] = queue_names[fresh.destinations[i]];
	}
	struct consumer *real = NULL;
	int rc = consumer_open(w->broker, bot_names[bot], (unsigned)instance,
	                       fresh.source < 0 ? STR_NONE : queue_names[fresh.source], names,
	                       fresh.n_destinations, &real, NULL);
	CHECK(w, (rc < 0) == (c->real != NULL));
	if (rc < 0)
		return;
	*c = fresh;
	c->real = real;
	struct model_road *road = &w->roads[c - w->consumers];
	*road = (struct model_road){ .source = c->source, .n = c->n_destinations };
	memcpy(road->destinations, c->destinations, sizeof road->destinations);
	for (size_t i = 0; i < c->n_destinations; i++)
		w->known[c->destinations[i]] = true;
	if (c->source >= 0)
		w->known[c->source] = true;
}

static void model_give_back(struct world *w, const struct model_consumer *c)
{
	for (int q = 0; q < QUEUES; q++)
		for (size_t i = 0; i < w->queues[q].n; i++)
			if (w->queues[q].items[i].holder == c - w->consumers)
				w->queues[q].items[i].holder = NOBODY;
}

static void do_close(struct world *w)
{
	struct model_consumer *c = any_consumer(w, false);
	if (!c)
		return;
	consumer_close(c->real);
	model_give_back(w, c);
	*c = (struct model_consumer){ 0 };
}

/* An identity belongs to one message of a queue, for ever. */
static void check_identity(struct world *w, const struct model_consumer *c, struct item *item,
                           const struct message *message)
{
	if (!item->seen) {
		CHECK(w, model_find(w, c, message) == NULL);
		item->seen = true;
		item->block = message->block;
		item->at = message->at;
	}
	CHECK(w, item->block == message->block && item->at == message->at);
}

static void receive(struct world *w, struct model_consumer *c, struct receive_limits limits)
{
	static struct item *expected[ITEMS];
	size_t n = model_receive(w, c, limits, expected);
	struct batch batch;
	int got = broker_receive(c->real, limits, &w->arena, &batch, NULL);
	CHECK(w, got >= 0 && (size_t)got == n && batch.n == n);
	size_t bytes = 0;
	for (size_t i = 0; i < n; i++) {
		const struct message *message = &batch.messages[i];
		CHECK(w, str_eq(message->body, body_of(w, expected[i]->id)));
		CHECK(w, message->note == expected[i]->note);
		check_identity(w, c, expected[i], message);
		expected[i]->holder = (int)(c - w->consumers);
		c->held[c->n_held++] = *message;
		bytes += message->body.n;
	}
	CHECK(w, batch.bytes == bytes);
}

static void do_receive(struct world *w)
{
	struct model_consumer *c = any_consumer(w, true);
	if (c)
		receive(w, c, (struct receive_limits){ 1 + below(w, 8), below(w, 120) });
}

/* Takes some held messages out of the list, in its order or another one. */
static size_t choose_held(struct world *w, struct model_consumer *c, struct message *out)
{
	size_t n = 0, kept = 0;
	uint32_t part = below(w, 4); /* 0: none, 3: all */
	for (size_t i = 0; i < c->n_held; i++) {
		if (part == 3 || (part && below(w, 2)))
			out[n++] = c->held[i];
		else
			c->held[kept++] = c->held[i];
	}
	c->n_held = kept;
	for (size_t i = 1; below(w, 3) == 0 && i < n; i++) {
		size_t other = below(w, (uint32_t)i + 1);
		struct message swap = out[i];
		out[i] = out[other];
		out[other] = swap;
	}
	return n;
}

static void do_release(struct world *w)
{
	static struct message messages[ITEMS];
	struct model_consumer *c = any_consumer(w, true);
	if (!c)
		return;
	size_t n = choose_held(w, c, messages);
	for (size_t i = 0; i < n; i++)
		model_find(w, c, &messages[i])->holder = NOBODY;
	CHECK(w, broker_release(c->real, messages, n, NULL) == 0);
	if (n)
		CHECK(w, broker_release(c->real, messages, 1, NULL) == -1);
}

struct draft {
	struct publish publish[8];
	uint32_t ids[8];
	int targets[8][3];
	struct str names[8][3];
	struct state_change changes[4];
	int keys[4];
	uint32_t values[4];
	struct message noted;
	struct commit commit;
};

static void draft_publish(struct world *w, const struct model_consumer *c, struct draft *d)
{
	size_t n = c->n_destinations ? below(w, 8) : 0;
	for (size_t i = 0; i < n; i++) {
		bool as_before = i && below(w, 2);
		size_t from = as_before ? i - 1 : i;
		size_t count = as_before ? d->publish[i - 1].n_queues : below(w, 4);
		d->ids[i] = w->next_id++;
		for (size_t k = 0; k < count; k++) {
			if (!as_before)
				d->targets[i][k] =
					c->destinations[below(w, (uint32_t)c->n_destinations)];
			else
				d->targets[i][k] = d->targets[i - 1][k];
			d->names[i][k] = queue_names[d->targets[i][k]];
		}
		d->publish[i] = (struct publish){ body_of(w, d->ids[i]), d->names[from], count };
		if (as_before)
			d->publish[i].queues = d->publish[i - 1].queues;
	}
	d->commit.published = d->publish;
	d->commit.n_published = n;
}

static void draft_changes(struct world *w, struct draft *d)
{
	static const int64_t ttls[] = { 0, 5, 50 };
	size_t n = below(w, 4);
	for (size_t i = 0; i < n; i++) {
		d->keys[i] = (int)below(w, KEYS);
		d->values[i] = below(w, 50);
		int64_t ttl = ttls[below(w, 3)];
		d->changes[i] = (struct state_change){
			.key = key_names[d->keys[i]],
			.value = arena_printf(&w->arena, "%u", d->values[i]),
			.expires = ttl ? clock_now_us() / 1000000 + ttl : 0,
			.deleted = below(w, 5) == 0,
		};
	}
	d->commit.changes = d->changes;
	d->commit.n_changes = n;
}

/* Something that a broker must refuse. False if there was no opportunity. */
static bool spoil(struct world *w, struct model_consumer *c, struct draft *d,
                  struct message *consumed)
{
	static const struct str foreign = S("not-allowed");
	size_t n = d->commit.n_consumed;
	switch (below(w, 5)) {
	case 0: /* a message twice */
		if (!n)
			return false;
		consumed[n] = consumed[below(w, (uint32_t)n)];
		d->commit.n_consumed++;
		return true;
	case 1: /* a message of nobody */
		consumed[n] = (struct message){ .block = 77, .at = below(w, 3) };
		d->commit.n_consumed++;
		return true;
	case 2: /* somebody else's */
		for (size_t i = 0; i < BOTS * INSTANCES; i++) {
			struct model_consumer *other = &w->consumers[i];
			if (other != c && other->real && other->source == c->source &&
			    other->n_held) {
				consumed[n] = other->held[0];
				d->commit.n_consumed++;
				return true;
			}
		}
		return false;
	case 3: /* a queue that is not its own */
		d->publish[7] = (struct publish){ S("x"), &foreign, 1 };
		if (d->commit.n_published == 8)
			return false;
		d->publish[d->commit.n_published++] = d->publish[7];
		return true;
	default: /* a note on what is consumed */
		if (!n)
			return false;
		d->noted = consumed[0];
		d->commit.noted = &d->noted;
		return true;
	}
}

static void model_commit(struct world *w, struct model_consumer *c, const struct draft *d)
{
	for (size_t i = 0; i < d->commit.n_consumed; i++) {
		struct item *item = model_find(w, c, &d->commit.consumed[i]);
		item->gone = true;
		item->holder = NOBODY;
	}
	if (d->commit.noted)
		model_find(w, c, &d->noted)->note = d->noted.note;
	for (size_t i = 0; i < d->commit.n_published; i++)
		for (size_t k = 0; k < d->publish[i].n_queues; k++) {
			bool again = false;
			for (size_t j = 0; j < k; j++)
				again = again || d->targets[i][j] == d->targets[i][k];
			if (!again)
				model_add(w, d->targets[i][k], d->ids[i]);
		}
	for (size_t i = 0; i < d->commit.n_changes; i++)
		w->state[c->bot][d->keys[i]] = (struct model_value){
			.set = !d->changes[i].deleted,
			.value = d->values[i],
			.expires = d->changes[i].expires,
		};
}

static void do_commit(struct world *w)
{
	static struct message consumed[ITEMS + 1];
	struct model_consumer *c = any_consumer(w, false);
	if (!c)
		return;
	struct draft d = { 0 };
	size_t n = choose_held(w, c, consumed);
	d.commit.consumed = consumed;
	d.commit.n_consumed = n;
	draft_publish(w, c, &d);
	draft_changes(w, &d);
	if (below(w, 6) == 0 && spoil(w, c, &d, consumed)) {
		CHECK(w, broker_commit(c->real, &d.commit, NULL) == -1);
		for (size_t i = 0; i < n; i++)
			c->held[c->n_held++] = consumed[i];
		return;
	}
	if (c->n_held && below(w, 2)) {
		struct message *noted = &c->held[below(w, (uint32_t)c->n_held)];
		noted->note = 1 + below(w, 1000);
		d.noted = *noted;
		d.commit.noted = &d.noted;
	}
	CHECK(w, broker_commit(c->real, &d.commit, NULL) == 0);
	model_commit(w, c, &d);
}

static void do_push(struct world *w)
{
	int queue = (int)below(w, QUEUES);
	bool room = model_room(w, queue);
	uint32_t id = w->next_id++;
	w->known[queue] = true;
	CHECK(w,
	      broker_push(w->broker, queue_names[queue], body_of(w, id), NULL) == (room ? 0 : -1));
	if (room)
		model_add(w, queue, id);
}

static void do_clear(struct world *w)
{
	int queue = (int)below(w, QUEUES);
	struct model_queue *m = &w->queues[queue];
	uint64_t n = 0;
	for (size_t i = 0; i < m->n; i++)
		if (!m->items[i].gone && m->items[i].holder == NOBODY) {
			m->items[i].gone = true;
			n++;
		}
	CHECK(w, broker_clear(w->broker, queue_names[queue], NULL) == (int64_t)n);
}

static void do_sleep(struct world *w)
{
	clock_advance((int64_t)below(w, 10) * 1000000);
}

/* ---- Comparing ---- */

static void check_full(struct world *w)
{
	for (size_t i = 0; i < BOTS * INSTANCES; i++) {
		struct model_consumer *c = &w->consumers[i];
		if (!c->real)
			continue;
		int full = model_full(w, c);
		struct str why = broker_no_room(c->real);
		CHECK(w, full < 0 ? why.p == NULL
		                  : str_eq(why, arena_printf(&w->arena, "queue '%.*s' is full",
		                                             STR_ARG(queue_names[full]))));
	}
}

static void check_queue(struct world *w, int queue, const struct queue_info *info)
{
	struct queue_info expected = { .name = queue_names[queue] };
	struct model_queue *m = &w->queues[queue];
	struct str *bodies = arena_alloc(&w->arena, ITEMS * sizeof *bodies);
	size_t n = (size_t)broker_peek(w->broker, queue_names[queue], ITEMS, &w->arena, bodies,
	                               NULL);
	for (size_t i = 0; i < m->n; i++) {
		if (m->items[i].gone)
			continue;
		CHECK(w, expected.messages < n);
		CHECK(w, str_eq(bodies[expected.messages], body_of(w, m->items[i].id)));
		expected.messages++;
		expected.claimed += m->items[i].holder != NOBODY;
		expected.bytes += body_size(m->items[i].id);
	}
	CHECK(w, n == expected.messages);
	CHECK(w, str_eq(info->name, expected.name));
	CHECK(w, info->messages == expected.messages && info->claimed == expected.claimed);
	CHECK(w, info->bytes == expected.bytes);
}

static void check_queues(struct world *w)
{
	struct queue_info *infos;
	size_t n = (size_t)broker_queues(w->broker, &w->arena, &infos, NULL), at = 0;
	for (int q = 0; q < QUEUES; q++)
		if (w->known[q]) {
			CHECK(w, at < n);
			check_queue(w, q, &infos[at++]);
		}
	CHECK(w, at == n);
}

struct loaded {
	struct world *w;
	int bot;
	size_t n;
};

static void check_value(void *context, const struct state_change *change)
{
	struct loaded *loaded = context;
	struct world *w = loaded->w;
	for (int k = 0; k < KEYS; k++)
		if (str_eq(change->key, key_names[k])) {
			const struct model_value *value = &w->state[loaded->bot][k];
			CHECK(w,
			      value->set && !change->deleted && value->expires == change->expires);
			CHECK(w,
			      str_eq(change->value, arena_printf(&w->arena, "%u", value->value)));
			loaded->n++;
			return;
		}
	bool unknown_key = true;
	CHECK(w, !unknown_key);
}

static void check_state(struct world *w)
{
	int64_t now = clock_now_us() / 1000000;
	for (size_t i = 0; i < BOTS * INSTANCES; i++) {
		struct model_consumer *c = &w->consumers[i];
		if (!c->real)
			continue;
		struct loaded loaded = { w, c->bot, 0 };
		size_t n = 0;
		for (int k = 0; k < KEYS; k++) {
			const struct model_value *value = &w->state[c->bot][k];
			n += value->set && (!value->expires || value->expires > now);
		}
		CHECK(w, broker_load_state(c->real, check_value, &loaded, NULL) == 0);
		CHECK(w, loaded.n == n);
	}
}

/* In the end everything can be taken, by bots that publish nothing. */
static void drain(struct world *w)
{
	for (size_t i = 0; i < BOTS * INSTANCES; i++)
		if (w->consumers[i].real) {
			consumer_close(w->consumers[i].real);
			model_give_back(w, &w->consumers[i]);
			w->consumers[i] = (struct model_consumer){ 0 };
		}
	for (int q = 0; q < QUEUES; q++) {
		struct model_consumer *c = &w->consumers[0];
		*c = (struct model_consumer){ .source = q };
		CHECK(w, consumer_open(w->broker, S("drain"), 0, queue_names[q], NULL, 0, &c->real,
		                       NULL) == 0);
		do {
			arena_reset(&w->arena);
			c->n_held = 0;
			receive(w, c, (struct receive_limits){ 50, 1000 });
			struct draft d = { .commit = { .consumed = c->held,
				                       .n_consumed = c->n_held } };
			CHECK(w, broker_commit(c->real, &d.commit, NULL) == 0);
			model_commit(w, c, &d);
		} while (c->n_held);
		consumer_close(c->real);
		w->known[q] = true;
	}
	*w->consumers = (struct model_consumer){ 0 };
	check_queues(w);
}

static void world_init(struct world *w, uint64_t seed)
{
	static const uint64_t messages[] = { 0, 0, 3, 10 }, bytes[] = { 0, 0, 50, 200 };
	w->seed = seed;
	w->random = (seed + 1) * 0x9E3779B97F4A7C15u;
	w->limits = (struct queue_limits){ messages[below(w, 4)], bytes[below(w, 4)] };
	w->next_id = 0;
	w->broker = broker_memory_new(w->limits);
	for (int q = 0; q < QUEUES; q++)
		w->queues[q].n = 0;
	for (size_t i = 0; i < BOTS * INSTANCES; i++)
		w->consumers[i] = (struct model_consumer){ 0 };
	memset(w->roads, 0, sizeof w->roads);
	memset(w->state, 0, sizeof w->state);
	memset(w->known, 0, sizeof w->known);
	arena_init(&w->arena);
	clock_set((int64_t)START * 1000000);
}

static void step(struct world *w)
{
	static void (*const operations[])(struct world *) = {
		do_open,   do_open,    do_receive, do_receive, do_receive, do_commit, do_commit,
		do_commit, do_release, do_push,    do_push,    do_close,   do_sleep,  do_clear,
	};
	uint32_t which = below(w, 64);
	/* Closing and clearing are rare, or nothing would ever pile up. */
	if (which < 3)
		which += 11;
	else
		which %= 11;
	operations[which](w);
}

static void run_seed(uint64_t seed)
{
	static struct world world;
	struct world *w = &world;
	world_init(w, seed);
	uint32_t steps = STEPS / 2 + below(w, STEPS);
	for (uint32_t i = 0; i < steps; i++) {
		step(w);
		if (i % 4 == 0) {
			check_full(w);
			check_queues(w);
			check_state(w);
		}
		arena_reset(&w->arena);
	}
	drain(w);
	broker_free(w->broker);
	arena_fini(&w->arena);
}

static uint64_t first_seed, n_seeds = SEEDS;

static void test_model(void **state)
{
	(void)state;
	for (uint64_t seed = first_seed; seed < first_seed + n_seeds; seed++)
		run_seed(seed);
	clock_unset();
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		first_seed = strtoull(argv[1], NULL, 10);
		n_seeds = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	}
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_model) };
	return cmocka_run_group_tests_name("broker model", tests, NULL, NULL);
}
