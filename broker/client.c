/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The embedded broker behind broker.h, as its clients see it. */
#include "broker/client.h"

#include <intelmq/json.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "broker/backend.h"
#include "broker/wire.h"
#include "lib/allocated.h"

enum {
	CONNECT_MS = 10000, /* a predecessor may still be about to end */
	TOOL_MS = 60000,
	MAX_HEAD = MAX_CHANGES,       /* of a commit without its bodies */
	KEPT_BYTES = 8 * 1024 * 1024, /* of a batch, for the next one */
};

struct remote {
	struct broker broker;
	char *path;
	int introduced; /* a connection that somebody else opened, -1: none (any more) */
	struct client_hooks hooks;
	struct wire tool; /* opened when a tool's function is called */
};

struct remote_consumer {
	struct consumer consumer;
	struct wire wire;
	struct buffer head;
	struct iovec *parts;
	size_t parts_capacity;
	bool has_queue;

	struct buffer batch; /* bytes of the one in hand */
	struct str
		ready; /* a batch that has come and was not asked for by the engine yet; in `next` */
	struct buffer next;
	bool asked, asked_room;
	struct receive_limits limits;
	size_t held; /* messages that were taken and are neither consumed nor given back */
	bool durable;
	char full[256]; /* why there is no room, empty: there is */
	bool loaded;
	void (*each)(void *context, const struct state_change *);
	void *each_context;
};

static struct remote *remote_of(struct broker *broker)
{
	return (struct remote *)broker;
}

static struct remote_consumer *consumer_of(struct consumer *consumer)
{
	return (struct remote_consumer *)consumer;
}

/* ---- Connections ---- */

static int open_wire(struct remote *r, struct wire *wire, struct err *err)
{
	wire_init(wire);
	wire->wait = r->hooks.wait;
	wire->context = r->hooks.context;
	if (r->hooks.connect) {
		wire_use(wire, r->hooks.connect(r->hooks.context));
		return 0;
	}
	return wire_open(wire, r->path, err);
}

static int send_buffer(struct wire *wire, struct buffer *frame, struct err *err)
{
	struct iovec part = { frame->p, frame->n };
	return wire_send(wire, &part, 1, err);
}

static int send_hello(struct wire *wire, const struct hello *hello, struct err *err)
{
	struct buffer frame;
	buffer_init(&frame, MAX_HEAD);
	frame_hello_write(&frame, hello);
	int rc = send_buffer(wire, &frame, err);
	buffer_fini(&frame);
	return rc;
}

/* A refusal is the broker's text. */
static int wait_for_ok(struct wire *wire, struct str bot, struct err *err)
{
	struct frame frame;
	int got = wire_next(wire, CONNECT_MS, &frame, err);
	if (got == 0)
		return err_set(err, FAULT_OTHER,
		               bot.n ? "bot '%.*s' is connected to the broker already"
		                     : "the broker does not answer%.*s",
		               STR_ARG(bot));
	if (got < 0)
		return -1;
	if (frame.type == FRAME_ERROR)
		return err_set(err, FAULT_OTHER, "%.*s", STR_ARG(frame.payload));
	return frame.type == FRAME_OK
	             ? 0
	             : err_set(err, FAULT_DECODING, "the broker does not speak this protocol");
}

int broker_introduce(const char *path, struct str bot, unsigned instance, struct str queue,
                     const struct str *destinations, size_t n, int *fd_out, struct err *err)
{
	struct wire wire;
	const struct hello hello = {
		.version = FRAME_VERSION,
		.instance = instance,
		.bot = bot,
		.queue = queue,
		.destinations = (struct str *)(uintptr_t)destinations,
		.n_destinations = n,
	};
	wire_init(&wire);
	if (wire_open(&wire, path, err) < 0)
		return -1;
	int rc = send_hello(&wire, &hello, err);
	*fd_out = rc < 0 ? -1 : wire.fd;
	if (rc == 0)
		wire.fd = -1;
	wire_close(&wire);
	return rc;
}

static int introduce(struct remote *r, struct remote_consumer *c,
                     const struct consumer_names *names, struct err *err)
{
	const struct hello hello = {
		.version = FRAME_VERSION,
		.pid = (uint32_t)getpid(),
		.instance = names->instance,
		.bot = names->bot,
		.queue = names->queue,
		.destinations = (struct str *)(uintptr_t)names->destinations,
		.n_destinations = names->n_destinations,
	};
	if (open_wire(r, &c->wire, err) < 0)
		return -1;
	return send_hello(&c->wire, &hello, err);
}

static int take_over(struct remote *r, struct remote_consumer *c, struct err *err)
{
	wire_init(&c->wire);
	wire_use(&c->wire, r->introduced);
	r->introduced = -1;
	size_t begun = frame_begin(&c->head, FRAME_PID);
	frame_u32(&c->head, (uint32_t)getpid());
	frame_end(&c->head, begun, 0);
	return send_buffer(&c->wire, &c->head, err);
}

static void remote_close(struct consumer *consumer)
{
	struct remote_consumer *c = consumer_of(consumer);
	wire_close(&c->wire);
	buffer_fini(&c->head);
	buffer_fini(&c->batch);
	buffer_fini(&c->next);
	free(c->parts);
	free(c);
}

static int remote_open(struct broker *broker, const struct consumer_names *names,
                       struct consumer **out, struct err *err)
{
	struct remote *r = remote_of(broker);
	struct remote_consumer *c = allocated(calloc(1, sizeof *c));
	c->consumer.broker = broker;
	c->has_queue = names->queue.n > 0;
	buffer_init(&c->head, MAX_HEAD);
	buffer_init(&c->batch, SIZE_MAX);
	buffer_init(&c->next, SIZE_MAX);
	int rc = r->introduced >= 0 ? take_over(r, c, err) : introduce(r, c, names, err);
	if (rc < 0 || wait_for_ok(&c->wire, names->bot, err) < 0) {
		remote_close(&c->consumer);
		return -1;
	}
	*out = &c->consumer;
	return 0;
}

/* ---- What the broker says ---- */

static void hear_full(struct remote_consumer *c, struct str full)
{
	snprintf(c->full, sizeof c->full, "%.*s", STR_ARG(full));
	if (!full.n)
		c->asked_room = false;
}

/* -1: it says something that it should not. */
static int hear(struct remote_consumer *c, const struct frame *frame, struct err *err)
{
	switch (frame->type) {
	case FRAME_BATCH:
		c->ready = frame->payload;
		wire_take(&c->wire, &c->next);
		c->asked = false;
		c->full[0] = 0;
		return 0;
	case FRAME_FULL:
		hear_full(c, frame->payload);
		return 0;
	case FRAME_DURABLE:
		c->durable = true;
		return 0;
	case FRAME_STATE:
		c->loaded = !frame->payload.n;
		return changes_each(frame->payload, c->each, c->each_context) < 0
		             ? err_set(err, FAULT_DECODING, "the broker sends broken state")
		             : 0;
	case FRAME_ERROR:
		c->wire.broken = true;
		return err_set(err, FAULT_OTHER, "the broker refuses: %.*s",
		               STR_ARG(frame->payload));
	default:
		c->wire.broken = true;
		return err_set(err, FAULT_DECODING, "the broker sends an unknown frame");
	}
}

/* Everything that is there; waits for it at most so long. 1: something was heard. */
static int listen_for(struct remote_consumer *c, int timeout_ms, struct err *err)
{
	struct frame frame;
	int got = wire_next(&c->wire, timeout_ms, &frame, err);
	return got <= 0 ? got : hear(c, &frame, err) < 0 ? -1 : 1;
}

static int send_simple(struct remote_consumer *c, enum frame_type type, struct err *err)
{
	buffer_clear(&c->head);
	frame_end(&c->head, frame_begin(&c->head, type), 0);
	return send_buffer(&c->wire, &c->head, err);
}

/* ---- Receiving ---- */

static void write_receive(struct remote_consumer *c)
{
	size_t begun = frame_begin(&c->head, FRAME_RECEIVE);
	frame_u32(&c->head,
	          (uint32_t)(c->limits.messages < INT32_MAX ? c->limits.messages : INT32_MAX));
	frame_u64(&c->head, c->limits.bytes);
	frame_end(&c->head, begun, 0);
	c->asked = true;
}

static int take_batch(struct remote_consumer *c, struct arena *arena, struct batch *out,
                      struct err *err)
{
	struct buffer old = c->batch;
	c->batch = c->next;
	c->next = old;
	buffer_clear(&c->next);
	if (c->next.capacity > KEPT_BYTES) {
		buffer_fini(&c->next);
		buffer_init(&c->next, SIZE_MAX);
	}
	struct str payload = c->ready;
	c->ready = STR_NONE;
	if (frame_batch_read(payload, arena, out, err) < 0) {
		c->wire.broken = true;
		return -1;
	}
	c->held += out->n;
	return (int)out->n;
}

static int remote_receive(struct consumer *consumer, struct receive_limits limits,
                          struct arena *arena, struct batch *out, struct err *err)
{
	struct remote_consumer *c = consumer_of(consumer);
	*out = (struct batch){ 0 };
	c->limits = limits;
	if (!c->ready.p && !c->asked) {
		buffer_clear(&c->head);
		write_receive(c);
		if (send_buffer(&c->wire, &c->head, err) < 0)
			return -1;
		if (c->wire.wait)
			c->wire.wait(c->wire.context);
	}
	int heard = 1;
	while (!c->ready.p && (heard = listen_for(c, 0, err)) > 0)
		;
	if (heard < 0)
		return -1;
	return c->ready.p ? take_batch(c, arena, out, err) : 0;
}

static int remote_give_back(struct consumer *consumer, const struct message *messages, size_t count,
                            struct err *err)
{
	struct remote_consumer *c = consumer_of(consumer);
	buffer_clear(&c->head);
	size_t begun = frame_begin(&c->head, FRAME_RELEASE);
	frame_claims_write(&c->head, messages, count);
	frame_end(&c->head, begun, 0);
	c->held -= count < c->held ? count : c->held;
	return send_buffer(&c->wire, &c->head, err);
}

/* ---- Committing ---- */

static void add_part(struct remote_consumer *c, size_t *n, struct str bytes)
{
	struct iovec *last = *n > 1 ? &c->parts[*n - 1] : NULL; /* the first is the head */
	if (last && (char *)last->iov_base + last->iov_len == bytes.p) {
		last->iov_len += bytes.n;
		return;
	}
	if (*n == c->parts_capacity) {
		c->parts_capacity = c->parts_capacity ? c->parts_capacity * 2 : 16;
		c->parts = allocated(realloc(c->parts, c->parts_capacity * sizeof *c->parts));
	}
	c->parts[(*n)++] = (struct iovec){ (void *)(uintptr_t)bytes.p, bytes.n };
}

/* What was consumed completely is followed by the next batch: asked for along with the commit. */
static bool asks_along(const struct remote_consumer *c, const struct commit *commit)
{
	return c->has_queue && c->limits.messages > 1 && !c->asked && !c->ready.p &&
	       commit->n_consumed && c->held <= commit->n_consumed && !c->asked_room;
}

static int wait_durable(struct remote_consumer *c, struct err *err)
{
	while (!c->durable) {
		int heard = listen_for(c, -1, err);
		if (heard < 0)
			return -1;
		if (heard == 0) {
			/* Not known to be safe: the process is to end, and its successor will see what is. */
			c->wire.broken = true;
			return err_set(err, FAULT_OTHER,
			               "interrupted before the commit was on disk");
		}
	}
	return 0;
}

static int remote_commit(struct consumer *consumer, const struct commit *commit, struct err *err)
{
	struct remote_consumer *c = consumer_of(consumer);
	size_t bodies, n = 0, asking;
	buffer_clear(&c->head);
	frame_commit_write(&c->head, commit, &bodies);
	if (c->head.over || c->head.n + bodies > MAX_FRAME || commit->n_published > MAX_PUBLISHED)
		return err_set(err, FAULT_OTHER,
		               "a commit of %zu messages with %zu bytes is too large",
		               commit->n_published, bodies);
	asking = c->head.n;
	if (asks_along(c, commit))
		write_receive(c);
	add_part(c, &n, (struct str){ c->head.p, asking });
	for (size_t i = 0; i < commit->n_published; i++)
		if (commit->published[i].body.n)
			add_part(c, &n, commit->published[i].body);
	if (c->head.n > asking)
		add_part(c, &n, (struct str){ c->head.p + asking, c->head.n - asking });
	c->durable = false;
	if (wire_send(&c->wire, c->parts, n, err) < 0)
		return -1;
	c->held -= commit->n_consumed < c->held ? commit->n_consumed : c->held;
	return commit->durable ? wait_durable(c, err) : 0;
}

/* ---- Room, state ---- */

static int ask_room(struct remote_consumer *c, struct err *err)
{
	if (c->asked_room)
		return 0;
	c->asked_room = true;
	return send_simple(c, FRAME_ROOM, err);
}

/* A bot that reads a queue is told when it asks for messages; others ask, and wait for the first answer only. */
static struct str remote_no_room(struct consumer *consumer)
{
	struct remote_consumer *c = consumer_of(consumer);
	bool first = !c->has_queue && !c->asked_room;
	if (first)
		c->full[0] = 0;
	if (first && ask_room(c, NULL) < 0)
		return S("broker");
	int heard = listen_for(c, first ? -1 : 0, NULL);
	while (heard > 0 && c->asked_room)
		heard = listen_for(c, 0, NULL);
	return c->full[0] ? str_of(c->full) : STR_NONE;
}

static int remote_wait_for_room(struct consumer *consumer, broker_tell *tell, void *context,
                                struct err *err)
{
	struct remote_consumer *c = consumer_of(consumer);
	if (ask_room(c, err) < 0)
		return -1;
	while (c->asked_room) {
		int heard = listen_for(c, -1, err);
		if (heard <= 0)
			return heard;
		if (tell && c->full[0])
			tell(context, str_of(c->full));
	}
	return 1;
}

static int remote_load_state(struct consumer *consumer,
                             void (*each)(void *context, const struct state_change *),
                             void *context, struct err *err)
{
	struct remote_consumer *c = consumer_of(consumer);
	c->each = each;
	c->each_context = context;
	c->loaded = false;
	int rc = send_simple(c, FRAME_LOAD, err);
	while (rc == 0 && !c->loaded) {
		int heard = listen_for(c, -1, err);
		if (heard == 0)
			rc = err_set(err, FAULT_OTHER, "interrupted while the state was loaded");
		else if (heard < 0)
			rc = -1;
	}
	c->each = NULL;
	return rc;
}

static int remote_fd(struct consumer *consumer)
{
	return consumer_of(consumer)->wire.fd;
}

static bool remote_is_broken(const struct consumer *consumer)
{
	return ((const struct remote_consumer *)consumer)->wire.broken;
}

/* ---- Tools ---- */

static int tool_open(struct remote *r, struct err *err)
{
	const struct hello hello = { .version = FRAME_VERSION, .pid = (uint32_t)getpid() };
	struct frame none;
	/* The broker may have been restarted since the last call. */
	if (r->tool.fd >= 0 && wire_next(&r->tool, 0, &none, NULL) == 0)
		return 0;
	wire_close(&r->tool);
	if (open_wire(r, &r->tool, err) < 0 || send_hello(&r->tool, &hello, err) < 0)
		return -1;
	return wait_for_ok(&r->tool, STR_NONE, err);
}

/* Sends a frame and waits for the answer, whose payload lives until the next call. */
static int tool_call(struct remote *r, struct buffer *frame, enum frame_type answer,
                     struct str *payload_out, struct err *err)
{
	struct frame got;
	int rc = tool_open(r, err);
	if (rc == 0)
		rc = send_buffer(&r->tool, frame, err);
	buffer_fini(frame);
	if (rc < 0)
		return -1;
	rc = wire_next(&r->tool, TOOL_MS, &got, err);
	if (rc == 0)
		return err_set(err, FAULT_OTHER, "the broker does not answer");
	if (rc < 0)
		return -1;
	if (got.type == FRAME_ERROR)
		return err_set(err, FAULT_OTHER, "%.*s", STR_ARG(got.payload));
	*payload_out = got.payload;
	return got.type == answer ? 0 : err_set(err, FAULT_DECODING, "the broker's answer is none");
}

static int remote_status(struct broker *broker, struct arena *arena, struct value *out,
                         struct err *err)
{
	struct buffer frame;
	struct str payload;
	buffer_init(&frame, MAX_HEAD);
	frame_end(&frame, frame_begin(&frame, FRAME_STATUS), 0);
	if (tool_call(remote_of(broker), &frame, FRAME_JSON, &payload, err) < 0)
		return -1;
	return json_parse(arena, arena_dup(arena, payload), out, err);
}

static uint64_t number_of(const struct dict *d, struct str key)
{
	const struct value *v = dict_get(d, key);
	return v && v->kind == VALUE_INT ? (uint64_t)v->integer : 0;
}

static int64_t remote_queues(struct broker *broker, struct arena *arena, struct queue_info **out,
                             struct err *err)
{
	struct value status;
	if (remote_status(broker, arena, &status, err) < 0)
		return -1;
	const struct value *list = status.kind == VALUE_DICT ? dict_get(status.dict, S("queues"))
	                                                     : NULL;
	if (!list || list->kind != VALUE_LIST)
		return err_set(err, FAULT_DECODING, "the broker's status is none");
	struct queue_info *infos = arena_zalloc(arena, list->list->n, sizeof *infos);
	for (size_t i = 0; i < list->list->n; i++) {
		const struct value *item = &list->list->items[i];
		const struct value *name = item->kind == VALUE_DICT
		                                 ? dict_get(item->dict, S("name"))
		                                 : NULL;
		if (!name || name->kind != VALUE_STR)
			return err_set(err, FAULT_DECODING, "the broker's status is none");
		infos[i] = (struct queue_info){
			.name = name->text,
			.messages = number_of(item->dict, S("messages")),
			.claimed = number_of(item->dict, S("claimed")),
			.bytes = number_of(item->dict, S("bytes")),
		};
	}
	*out = infos;
	return (int64_t)list->list->n;
}

static int remote_push(struct broker *broker, struct str queue, struct str body, struct err *err)
{
	struct buffer frame;
	struct str payload;
	buffer_init(&frame, MAX_FRAME);
	size_t begun = frame_begin(&frame, FRAME_PUSH);
	frame_text(&frame, queue);
	frame_text(&frame, body);
	frame_end(&frame, begun, 0);
	return tool_call(remote_of(broker), &frame, FRAME_NUMBER, &payload, err);
}

static int64_t remote_peek(struct broker *broker, struct str queue, size_t count,
                           struct arena *arena, struct str *bodies_out, struct err *err)
{
	struct buffer frame;
	struct str payload;
	buffer_init(&frame, MAX_HEAD);
	size_t begun = frame_begin(&frame, FRAME_PEEK);
	frame_text(&frame, queue);
	frame_u32(&frame, (uint32_t)(count < INT32_MAX ? count : INT32_MAX));
	frame_end(&frame, begun, 0);
	if (tool_call(remote_of(broker), &frame, FRAME_BODIES, &payload, err) < 0)
		return -1;
	struct reader r = reader_of(payload);
	size_t n = reader_u32(&r);
	for (size_t i = 0; i < n && i < count && !r.bad; i++)
		bodies_out[i] = arena_dup(arena, reader_text(&r));
	return r.bad ? err_set(err, FAULT_DECODING, "the broker's answer is none")
	             : (int64_t)(n < count ? n : count);
}

static int64_t remote_clear(struct broker *broker, struct str queue, struct err *err)
{
	struct buffer frame;
	struct str payload;
	buffer_init(&frame, MAX_HEAD);
	size_t begun = frame_begin(&frame, FRAME_CLEAR);
	frame_text(&frame, queue);
	frame_end(&frame, begun, 0);
	if (tool_call(remote_of(broker), &frame, FRAME_NUMBER, &payload, err) < 0)
		return -1;
	struct reader r = reader_of(payload);
	return (int64_t)reader_u64(&r);
}

static void remote_free(struct broker *broker)
{
	struct remote *r = remote_of(broker);
	if (r->introduced >= 0)
		close(r->introduced);
	wire_close(&r->tool);
	free(r->path);
	free(r);
}

static const struct backend remote_backend = {
	.wants_again = true,
	.free = remote_free,
	.open = remote_open,
	.close = remote_close,
	.fd = remote_fd,
	.is_broken = remote_is_broken,
	.receive = remote_receive,
	.commit = remote_commit,
	.release = remote_give_back,
	.no_room = remote_no_room,
	.wait_for_room = remote_wait_for_room,
	.load_state = remote_load_state,
	.queues = remote_queues,
	.push = remote_push,
	.peek = remote_peek,
	.clear = remote_clear,
	.status = remote_status,
};

static struct remote *remote_new(void)
{
	struct remote *r = allocated(calloc(1, sizeof *r));
	r->broker.backend = &remote_backend;
	r->introduced = -1;
	wire_init(&r->tool);
	return r;
}

int broker_connect(const char *path, int fd, struct broker **out, struct err *err)
{
	struct remote *r = remote_new();
	r->introduced = fd;
	r->path = allocated(strdup(path));
	if (fd < 0 && tool_open(r, err) < 0) {
		remote_free(&r->broker);
		return -1;
	}
	*out = &r->broker;
	return 0;
}

struct broker *broker_connect_inside(const struct client_hooks *hooks)
{
	struct remote *r = remote_new();
	r->hooks = *hooks;
	return &r->broker;
}
