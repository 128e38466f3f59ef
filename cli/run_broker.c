/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/run_broker.h"

#include <intelmq/json.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/backend.h"

enum { MAX_PRINTED = 1024 * 1024 * 1024 };

struct run_broker {
	struct broker broker;
	struct run_broker_options options;
	struct str message; /* in no queue; STR_NONE: the next one of the bot's */
	bool reads, received, done;
};

struct run_consumer {
	struct consumer consumer;
	struct consumer *real;
};

static struct run_broker *broker_of(const struct consumer *consumer)
{
	return (struct run_broker *)consumer->broker;
}

static struct consumer *real_of(const struct consumer *consumer)
{
	return ((const struct run_consumer *)consumer)->real;
}

/* ---- Printing ---- */

static struct value read_message(struct arena *arena, const struct data_format *format,
                                 struct str wire)
{
	struct value v;
	struct err err;
	struct event *event = event_decode(arena, format, wire, S("Event"), WIRE_TRUSTED, &err);
	struct buffer text;
	buffer_init_in(&text, arena, MAX_PRINTED);
	if (event)
		event_encode_fields(event, &text);
	if (event && json_parse(arena, buffer_str(&text), &v, &err) == 0)
		return v;
	return value_str(wire);
}

void run_print(const struct data_format *format, const struct str *wires, size_t n, bool as_list)
{
	struct arena arena;
	struct buffer out;
	arena_init(&arena);
	struct list *list = list_new(&arena);
	for (size_t i = 0; i < n; i++)
		list_add(list, read_message(&arena, format, wires[i]));
	buffer_init_in(&out, &arena, MAX_PRINTED);
	json_write(&out, as_list ? value_list(list) : list->items[0],
	           JSON_INDENT4 | JSON_SORT_KEYS);
	printf("%.*s\n", STR_ARG(buffer_str(&out)));
	arena_fini(&arena);
}

/* The path that has this queue; the first one, where several have. */
static struct str path_of(const struct run_broker *b, const struct publish *publish)
{
	const struct dict *paths = b->options.destinations;
	for (size_t i = 0; publish->n_queues && i < paths->n; i++) {
		const struct list *queues = paths->pairs[i].value.list;
		for (size_t k = 0; k < queues->n; k++)
			if (str_eq(queues->items[k].text, publish->queues[0]))
				return paths->pairs[i].key;
	}
	return S("_default");
}

static void show(const struct run_broker *b, const struct commit *commit)
{
	for (size_t i = 0; i < commit->n_published; i++) {
		const struct publish *publish = &commit->published[i];
		if (b->options.show_sent)
			run_print(b->options.format, &publish->body, 1, true);
		if (b->options.dryrun)
			printf("DRYRUN: Message would be sent now to '%.*s'!\n",
			       STR_ARG(path_of(b, publish)));
	}
	if (b->options.dryrun && commit->n_consumed)
		puts("DRYRUN: Message would be acknowledged now!");
}

/* ---- The backend ---- */

static void run_free(struct broker *broker)
{
	free(broker);
}

static int run_open(struct broker *broker, const struct consumer_names *names,
                    struct consumer **out, struct err *err)
{
	struct run_broker *b = (struct run_broker *)broker;
	struct run_consumer *c = calloc(1, sizeof *c);
	if (!c)
		abort();
	c->consumer.broker = broker;
	if (consumer_open(b->options.real, names->bot, names->instance, names->queue,
	                  names->destinations, names->n_destinations, &c->real, err) < 0) {
		free(c);
		return -1;
	}
	b->reads = names->queue.n > 0;
	*out = &c->consumer;
	return 0;
}

static void run_close(struct consumer *consumer)
{
	consumer_close(real_of(consumer));
	free(consumer);
}

static int run_fd(struct consumer *consumer)
{
	return consumer_fd(real_of(consumer));
}

static bool run_is_broken(const struct consumer *consumer)
{
	return consumer_is_broken(real_of(consumer));
}

static int run_receive(struct consumer *consumer, struct receive_limits limits, struct arena *arena,
                       struct batch *out, struct err *err)
{
	struct run_broker *b = broker_of(consumer);
	*out = (struct batch){ 0 };
	if (b->received)
		return 0;
	if (!b->message.p) {
		limits.messages = 1;
		int n = broker_receive(real_of(consumer), limits, arena, out, err);
		b->received = n > 0;
		return n;
	}
	out->messages = arena_zalloc(arena, 1, sizeof *out->messages);
	out->messages[0].body = b->message;
	out->n = 1;
	out->bytes = b->message.n;
	b->received = true;
	return 1;
}

static int run_commit(struct consumer *consumer, const struct commit *commit, struct err *err)
{
	struct run_broker *b = broker_of(consumer);
	struct commit real = *commit;
	show(b, commit);
	b->done = b->done || !b->reads || commit->n_consumed || b->options.dryrun;
	if (b->options.dryrun)
		return err_set(err, FAULT_OTHER, "this is a dry run");
	if (b->message.p) {
		real.n_consumed = 0;
		real.noted = NULL;
	}
	return broker_commit(real_of(consumer), &real, err);
}

static int run_give_back(struct consumer *consumer, const struct message *messages, size_t count,
                         struct err *err)
{
	return broker_of(consumer)->message.p
	             ? 0
	             : broker_release(real_of(consumer), messages, count, err);
}

static struct str run_no_room(struct consumer *consumer)
{
	return broker_of(consumer)->options.dryrun ? STR_NONE : broker_no_room(real_of(consumer));
}

static int run_load_state(struct consumer *consumer,
                          void (*each)(void *context, const struct state_change *), void *context,
                          struct err *err)
{
	return broker_load_state(real_of(consumer), each, context, err);
}

/* What a bot does not ask for goes to the real one. */
static const struct backend run_backend = {
	.free = run_free,
	.open = run_open,
	.close = run_close,
	.fd = run_fd,
	.is_broken = run_is_broken,
	.receive = run_receive,
	.commit = run_commit,
	.release = run_give_back,
	.no_room = run_no_room,
	.load_state = run_load_state,
};

struct broker *run_broker_new(const struct run_broker_options *options)
{
	struct run_broker *b = calloc(1, sizeof *b);
	if (!b)
		abort();
	b->broker.backend = &run_backend;
	b->options = *options;
	return &b->broker;
}

void run_broker_give(struct broker *broker, struct str message)
{
	((struct run_broker *)broker)->message = message;
}

bool run_broker_is_done(const struct broker *broker)
{
	return ((const struct run_broker *)broker)->done;
}
