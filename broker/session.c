/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the frames of a client mean, and when its questions are answered. */
#include "broker/rules.h"
#include "broker/server_inside.h"

#include <intelmq/clock.h>
#include <intelmq/json.h>

#include <stdio.h>
#include <stdlib.h>

enum {
	ENOUGH_MESSAGES = 100,    /* a batch of so many is given at once */
	BUSY_MS = 20,             /* a client that got a batch so lately is under load … */
	LINGER_MS = 2,            /* … and waits so long for a larger one */
	AHEAD_BYTES = 128 * 1024, /* in a queue that is being read … */
	AHEAD_MS = 30, /* … which it is if something was taken so lately: its producers wait */
	MAX_PEEK = 10000,
	PEEK_BYTES = 64 * 1024 * 1024,
	BATCH_BYTES = 512 * 1024 * 1024, /* of one batch at most */
	UNREAD_BYTES = 1024 * 1024,      /* that wait for a client before it is heard again */
	UNASKED_BYTES = 64 * 1024 *
	                1024, /* that a bot may commit without asking whether there is room */
	HELLO_BYTES = 1024 * 1024,
};

/* ---- Who it is ---- */

/* A client that came earlier for the same bot and instance, and is not gone yet. */
static struct client *predecessor(const struct client *c)
{
	for (struct client *o = c->server->clients; o; o = o->next)
		if (o->serial < c->serial && o->greeted && !o->is_tool &&
		    o->hello.instance == c->hello.instance && str_eq(o->hello.bot, c->hello.bot))
			return o;
	return NULL;
}

static void say_ok(struct client *c)
{
	struct buffer *out = client_out(c);
	size_t begun = frame_begin(out, FRAME_OK);
	frame_u32(out, FRAME_VERSION);
	frame_end(out, begun, 0);
	client_send(c);
}

/* Nothing is answered, not even the hello, before the one before has ended and all it sent is applied. */
static void connect_bot(struct client *c)
{
	struct err err = { 0 };
	const struct client *before = predecessor(c);
	if (before && before->owned && !c->owned) {
		client_refuse(c, "the bot is run by intelmqd");
		return;
	}
	if (before && rule_on(RULE_FENCE))
		return;
	const struct consumer_names names = {
		.bot = c->hello.bot,
		.instance = c->hello.instance,
		.queue = c->hello.queue,
		.destinations = c->hello.destinations,
		.n_destinations = c->hello.n_destinations,
	};
	if (core_open(c->server->core, &names, &c->consumer, &err) < 0) {
		client_refuse(c, err.text);
		return;
	}
	if (rule_on(RULE_ROUND_FORGET))
		groups_forget_round(c->server, c->hello.bot);
	say_ok(c);
}

static void greet(struct client *c, struct str payload)
{
	struct err err = { 0 };
	/* The names outlive the bytes that were read. */
	if (frame_hello_read(arena_dup(&c->life, payload), &c->life, &c->hello, &err) < 0) {
		client_refuse(c, err.text);
		return;
	}
	c->greeted = true;
	c->pid = (pid_t)c->hello.pid;
	c->is_tool = !c->hello.bot.n;
	if (c->is_tool)
		say_ok(c);
	else
		connect_bot(c);
}

/* ---- Bots ---- */

/* A client that breaks the rules is hijacked or broken: it goes, with what it holds. */
static void offend(struct client *c, const char *why)
{
	server_log(c->server, true,
	           "Security: bot '%.*s' (pid %d) broke the protocol and is cut off: %s.",
	           STR_ARG(c->hello.bot), (int)c->pid, why);
	client_end(c);
}

static void ask(struct client *c, enum asked asked)
{
	if (c->asked != ASKED_NOTHING) {
		offend(c, "it asks again before it was answered");
		return;
	}
	c->asked = asked;
	c->asked_at = clock_monotonic_ms();
	c->told = STR_NONE;
}

static void receive(struct client *c, struct str payload)
{
	struct reader r = reader_of(payload);
	c->limits.messages = reader_u32(&r);
	c->limits.bytes = reader_u64(&r);
	if (c->limits.messages > MAX_CLAIMS)
		c->limits.messages = MAX_CLAIMS;
	if (c->limits.bytes > BATCH_BYTES)
		c->limits.bytes = BATCH_BYTES;
	if (!reader_is_done(&r) || !c->hello.queue.n)
		offend(c, "it cannot receive");
	else
		ask(c, ASKED_BATCH);
}

/* The answer in c->answer is sent once everything so far is stored. */
static void answer_when_stored(struct client *c)
{
	c->waits = true;
	c->waits_for = groups_last(c->server);
	groups_want(c->server);
}

static void commit(struct client *c, struct str payload)
{
	struct server *s = c->server;
	struct commit commit;
	struct str changes;
	struct err err = { 0 };
	if (frame_commit_read(payload, &s->scratch, &commit, &changes, &err) < 0 ||
	    core_commit(c->consumer, &commit, &err) < 0) {
		arena_reset(&s->scratch);
		offend(c, err.text);
		return;
	}
	arena_reset(&s->scratch);
	c->unasked += payload.n;
	if (!rule_on(RULE_WHOLE))
		groups_step(s, clock_monotonic_ms());
	if (changes.n) {
		groups_state(s, c->hello.bot, changes, commit.round);
		core_set_keeps_state(c->consumer);
	}
	groups_changed(s);
	if (!commit.durable)
		return;
	frame_end(&c->answer, frame_begin(&c->answer, FRAME_DURABLE), 0);
	answer_when_stored(c);
}

static void release(struct client *c, struct str payload)
{
	struct reader r = reader_of(payload);
	struct err err = { 0 };
	size_t n;
	struct message *messages = frame_claims_read(&r, &c->server->scratch, &n);
	if (!reader_is_done(&r))
		offend(c, "a broken release");
	else if (core_give_back(c->consumer, messages, n, &err) < 0)
		offend(c, err.text);
	arena_reset(&c->server->scratch);
}

static void load(struct client *c)
{
	ask(c, ASKED_STATE);
	c->state_group = groups_last(c->server);
	c->state_after = 0;
	groups_want(c->server);
}

static void bot_frame(struct client *c, const struct frame *frame)
{
	struct reader r = reader_of(frame->payload);
	switch (frame->type) {
	case FRAME_PID:
		c->pid = (pid_t)reader_u32(&r);
		break;
	case FRAME_RECEIVE:
		receive(c, frame->payload);
		break;
	case FRAME_COMMIT:
		commit(c, frame->payload);
		break;
	case FRAME_RELEASE:
		release(c, frame->payload);
		break;
	case FRAME_ROOM:
		ask(c, ASKED_ROOM);
		break;
	case FRAME_LOAD:
		load(c);
		break;
	default:
		offend(c, "a frame that is not for bots");
	}
}

/* ---- Tools ---- */

static void add_disk(struct server *s, struct dict *status)
{
	struct dict *disk = dict_new(&s->scratch);
	bool over = groups_are_over(s);
	dict_set(disk, S("state"), value_cstr(s->full ? "full" : over ? "over its limit" : "ok"));
	dict_set(disk, S("bytes"), value_int((int64_t)s->stored_bytes));
	dict_set(disk, S("limit"), value_int((int64_t)s->options.disk_limit));
	dict_set(status, S("disk"), value_dict(disk));
	dict_set(status, S("memory"), value_int((int64_t)s->journal->memory));
}

static void add_pids(struct server *s, struct list *bots)
{
	for (size_t i = 0; i < bots->n; i++) {
		struct dict *bot = bots->items[i].dict;
		struct str name = dict_get(bot, S("bot"))->text;
		int64_t instance = dict_get(bot, S("instance"))->integer;
		for (const struct client *c = s->clients; c; c = c->next)
			if (c->consumer && c->hello.instance == instance &&
			    str_eq(c->hello.bot, name))
				dict_set(bot, S("pid"), value_int(c->pid));
	}
}

static void status(struct client *c)
{
	struct server *s = c->server;
	struct value value = core_status(s->core, &s->scratch);
	add_pids(s, dict_get(value.dict, S("bots"))->list);
	add_disk(s, value.dict);
	struct buffer *out = client_out(c);
	size_t begun = frame_begin(out, FRAME_JSON);
	json_write(out, value, JSON_COMPACT);
	frame_end(out, begun, 0);
	client_send(c);
	arena_reset(&s->scratch);
}

static void answer_number(struct client *c, uint64_t number)
{
	size_t begun = frame_begin(&c->answer, FRAME_NUMBER);
	frame_u64(&c->answer, number);
	frame_end(&c->answer, begun, 0);
	groups_changed(c->server);
	answer_when_stored(c);
}

/* A tool is told that it was refused, and may go on. */
static void answer_error(struct client *c, const char *why)
{
	struct buffer *out = client_out(c);
	size_t begun = frame_begin(out, FRAME_ERROR);
	buffer_add_str(out, str_of(why));
	frame_end(out, begun, 0);
	client_send(c);
}

static void push(struct client *c, struct str payload)
{
	struct reader r = reader_of(payload);
	struct str queue = reader_text(&r), body = reader_text(&r);
	struct err err = { 0 };
	if (!reader_is_done(&r))
		answer_error(c, "a broken push");
	else if (core_push(c->server->core, queue, body, &err) < 0)
		answer_error(c, err.text);
	else
		answer_number(c, 1);
}

static void peek(struct client *c, struct str payload)
{
	struct reader r = reader_of(payload);
	struct server *s = c->server;
	struct str queue = reader_text(&r);
	size_t count = reader_u32(&r);
	if (count > MAX_PEEK)
		count = MAX_PEEK;
	struct str *bodies = arena_alloc(&s->scratch, count * sizeof *bodies);
	count = core_peek(s->core, queue, count, PEEK_BYTES, &s->scratch, bodies);
	struct buffer *out = client_out(c);
	size_t begun = frame_begin(out, FRAME_BODIES);
	frame_u32(out, (uint32_t)count);
	for (size_t i = 0; i < count; i++)
		frame_text(out, bodies[i]);
	frame_end(out, begun, 0);
	client_send(c);
	arena_reset(&s->scratch);
}

static void clear(struct client *c, struct str payload)
{
	struct reader r = reader_of(payload);
	answer_number(c, core_clear(c->server->core, reader_text(&r)));
}

static void tool_frame(struct client *c, const struct frame *frame)
{
	switch (frame->type) {
	case FRAME_STATUS:
		status(c);
		break;
	case FRAME_PUSH:
		push(c, frame->payload);
		break;
	case FRAME_PEEK:
		peek(c, frame->payload);
		break;
	case FRAME_CLEAR:
		clear(c, frame->payload);
		break;
	default:
		client_refuse(c, "a frame that is not for tools");
	}
}

/* ---- Rounds ---- */

/*
 * Not while a batch is on its way: the bodies to be sent must not be consumed. Not before the predecessor is gone; one
 * answer after the other, and not before it has read what there is.
 */
static bool may_go_on(const struct client *c)
{
	return !c->last_words && !c->broken && !c->n_parts && !c->waits &&
	       c->out.n - c->sent <= UNREAD_BYTES && (!c->greeted || c->is_tool || c->consumer);
}

/*
 * A worker asks for room, or gets messages because there is, before each commit. One that goes on without is not heard until
 * there is room; if it dies meanwhile, it has not done that commit.
 */
static bool must_hold(const struct client *c, const struct frame *frame)
{
	return c->consumer && frame->type == FRAME_COMMIT && c->unasked > UNASKED_BYTES &&
	       core_no_room(c->consumer).p;
}

void session_frames(struct client *c)
{
	struct frame frame;
	while (may_go_on(c) &&
	       frame_first(str_slice(buffer_str(&c->in), c->parsed, SIZE_MAX), &frame) &&
	       !must_hold(c, &frame)) {
		c->parsed += frame.payload.n + FRAME_HEADER;
		if (c->greeted)
			(c->is_tool ? tool_frame : bot_frame)(c, &frame);
		else if (frame.type == FRAME_HELLO)
			greet(c, frame.payload);
		else
			client_refuse(c, "a client must introduce itself");
	}
	if (c->in.n - c->parsed < FRAME_HEADER)
		return;
	int64_t size = frame_size(str_slice(buffer_str(&c->in), c->parsed, SIZE_MAX));
	if (size < 0 || (!c->greeted && size > HELLO_BYTES))
		offend(c, "a frame that is too large");
}

static void tell_full(struct client *c, struct str full)
{
	if (c->told.p && str_eq(c->told, full))
		return;
	snprintf(c->told_text, sizeof c->told_text, "%.*s", STR_ARG(full));
	c->told = str_of(c->told_text);
	struct buffer *out = client_out(c);
	size_t begun = frame_begin(out, FRAME_FULL);
	buffer_add_str(out, full);
	frame_end(out, begun, 0);
	client_send(c);
}

static bool should_linger(const struct client *c, int64_t now)
{
	size_t enough = c->limits.messages < ENOUGH_MESSAGES ? c->limits.messages : ENOUGH_MESSAGES;
	return now - c->asked_at < LINGER_MS && c->asked_at - c->served_at < BUSY_MS &&
	       core_available(c->consumer) < enough;
}

/* Milliseconds that it should wait for those behind it; 0: none. */
static int64_t must_wait(const struct client *c, int64_t now)
{
	int64_t served = core_ahead(c->consumer, AHEAD_BYTES, now - AHEAD_MS);
	return served < 0 ? 0 : served + AHEAD_MS + 1 - now;
}

static void give_batch(struct client *c, int64_t now)
{
	struct server *s = c->server;
	struct batch batch;
	struct err err = { 0 };
	if (!core_available(c->consumer) && c->told.n)
		tell_full(c, S("")); /* what it waited with went elsewhere */
	if (!core_available(c->consumer) || should_linger(c, now))
		return;
	if (core_receive(c->consumer, c->limits, &s->scratch, &batch, &err) <= 0) {
		struct str full = core_no_room(c->consumer);
		if (full.p)
			tell_full(c, full);
		arena_reset(&s->scratch);
		return;
	}
	c->asked = ASKED_NOTHING;
	c->unasked = 0;
	c->served_at = now;
	core_served(c->consumer, now);
	frame_batch_write(client_out(c), &batch);
	for (size_t i = 0; i < batch.n; i++)
		client_add_part(c, batch.messages[i].body);
	arena_reset(&s->scratch);
	client_send(c);
}

static void tell_room(struct client *c)
{
	struct str full = core_no_room(c->consumer);
	if (!full.p) {
		c->asked = ASKED_NOTHING;
		c->unasked = 0;
	}
	tell_full(c, full.p ? full : S(""));
}

static void read_state(struct client *c)
{
	struct server *s = c->server;
	/* One slice after the other, as the client takes them. */
	if (c->state_is_read || c->out.n > c->sent)
		return;
	if (!groups_is_stored(s, c->state_group) && rule_on(RULE_STATE_FIRST)) {
		groups_want(s);
		return;
	}
	c->state_is_read = true;
	struct job *job = job_new(JOB_STATE);
	job->client = c->serial;
	job->after = c->state_after;
	job->bot = strndup(c->hello.bot.p, c->hello.bot.n);
	if (!job->bot)
		abort();
	writer_give(s->writer, job);
}

void session_serve(struct client *c, int64_t now)
{
	if (c->broken || c->last_words)
		return;
	if (c->waits && (groups_is_stored(c->server, c->waits_for) || !rule_on(RULE_DURABLE))) {
		c->waits = false;
		buffer_add_str(client_out(c), buffer_str(&c->answer));
		buffer_clear(&c->answer);
		client_send(c);
		session_frames(c);
	}
	if (c->greeted && !c->is_tool && !c->consumer) {
		connect_bot(c);
		session_frames(c);
	}
	if (c->unasked > UNASKED_BYTES)
		session_frames(c);
	if (!c->consumer || c->ended || c->n_parts)
		return;
	if ((c->asked == ASKED_BATCH || c->asked == ASKED_ROOM) && must_wait(c, now))
		return;
	if (c->asked == ASKED_BATCH)
		give_batch(c, now);
	else if (c->asked == ASKED_ROOM)
		tell_room(c);
	else if (c->asked == ASKED_STATE)
		read_state(c);
}

int64_t session_deadline(const struct client *c, int64_t now)
{
	if (!c->consumer || (c->asked != ASKED_BATCH && c->asked != ASKED_ROOM))
		return -1;
	int64_t wait = must_wait(c, now);
	if (wait)
		return wait;
	if (c->asked == ASKED_ROOM || !core_available(c->consumer) || !should_linger(c, now))
		return -1;
	return c->asked_at + LINGER_MS - now;
}
