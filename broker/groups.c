/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Groups: when what changed is written, and what depends on it. */
#include "broker/rules.h"
#include "broker/server_inside.h"

#include <intelmq/clock.h>

#include <stdlib.h>

enum {
	GROUP_MS = 100,                              /* a group's age */
	GROUP_SOON_MS = 20,                          /* since the one before, if somebody waits */
	GROUP_BYTES = USUAL_OR_TEST(16 << 20, 2000), /* of new messages */
	AGAIN_MS = 500,                              /* until a full disk is tried again */
	SPILL_TO = 7,                                /* eighths of the memory that remain in use */
	STATE_BYTES = 1 << 30,                       /* of one bot in one group */
	STATE_LIMIT =
		256
		<< 20, /* of all that wait: with a commit more, a bot's row fits into the database */
};

static size_t memory_of(const struct server *s)
{
	return s->options.memory ? s->options.memory : 64 << 20;
}

void groups_changed(struct server *s)
{
	if (!s->since)
		s->since = clock_monotonic_ms();
}

static struct bot_changes *changes_of(struct server *s, struct str bot)
{
	struct bot_changes *c = s->changes;
	while (c && !str_eq(c->bot, bot))
		c = c->next;
	if (c)
		return c;
	c = calloc(1, sizeof *c + bot.n);
	if (!c)
		abort();
	memcpy(c + 1, bot.p, bot.n);
	c->bot = (struct str){ (char *)(c + 1), bot.n };
	buffer_init(&c->bytes, STATE_BYTES);
	c->next = s->changes;
	return s->changes = c;
}

void groups_state(struct server *s, struct str bot, struct str changes, bool round)
{
	struct bot_changes *c = changes_of(s, bot);
	buffer_add_str(&c->bytes, changes);
	s->state_bytes += changes.n;
	if (round && c->round != s->group) {
		c->drop_before = rule_on(RULE_ROUND_ROWS) ? c->round : s->group;
		c->round = s->group;
	}
}

void groups_forget_round(struct server *s, struct str bot)
{
	for (struct bot_changes *c = s->changes; c; c = c->next)
		if (str_eq(c->bot, bot))
			c->round = 0;
}

static bool is_empty(const struct server *s)
{
	return journal_is_empty(s->journal) && !s->state_bytes;
}

uint64_t groups_last(const struct server *s)
{
	return is_empty(s) ? s->group - 1 : s->group;
}

bool groups_is_stored(const struct server *s, uint64_t group)
{
	/* What came into a group may have gone before the group was closed. */
	if (group == s->group && is_empty(s))
		group--;
	return group <= s->journal->durable;
}

void groups_want(struct server *s)
{
	s->wanted = true;
}

/* ---- Closing and writing ---- */

static void add_states(struct server *s, struct closed_group *g)
{
	size_t n = 0;
	for (const struct bot_changes *c = s->changes; c; c = c->next)
		n += c->bytes.n > 0;
	struct group_state *states = arena_alloc(&g->arena, n * sizeof *states);
	n = 0;
	for (struct bot_changes *c = s->changes; c; c = c->next) {
		if (!c->bytes.n)
			continue;
		states[n++] = (struct group_state){
			.bot = c->bot,
			.changes = arena_dup(&g->arena, buffer_str(&c->bytes)),
			.drop_before = c->drop_before,
		};
		c->drop_before = 0;
		buffer_clear(&c->bytes);
	}
	g->group.states = states;
	g->group.n_states = n;
	g->bytes += s->state_bytes;
	s->state_bytes = 0;
}

static void give_group(struct server *s, bool again)
{
	struct job *job = job_new(JOB_WRITE);
	job->group = s->writing;
	job->again = again;
	writer_give(s->writer, job);
}

/* Bytes that are in no group yet. */
static size_t gathered(const struct server *s)
{
	return s->journal->fresh_bytes + s->state_bytes;
}

/* A small memory gets small groups. */
static size_t group_bytes(const struct server *s)
{
	return memory_of(s) / 4 < GROUP_BYTES ? memory_of(s) / 4 : GROUP_BYTES;
}

static bool is_due(const struct server *s, int64_t now)
{
	if (!s->since || s->writing || s->failure.fault != FAULT_NONE)
		return false;
	return now - s->since >= GROUP_MS || gathered(s) >= group_bytes(s) ||
	       (s->wanted && now - s->closed_at >= GROUP_SOON_MS);
}

static void close_group(struct server *s, int64_t now)
{
	s->since = 0;
	s->wanted = false;
	s->closed_at = now;
	if (is_empty(s))
		return;
	s->writing = journal_close(s->journal, s->group++);
	add_states(s, s->writing);
	give_group(s, false);
}

static void try_again(struct server *s, int64_t now)
{
	if (s->writing && s->again_at && now >= s->again_at) {
		s->again_at = 0;
		give_group(s, true);
	}
}

/* ---- What is done ---- */

static void fail(struct server *s, const struct err *err)
{
	s->failure = *err;
	if (s->failure.fault == FAULT_NONE)
		s->failure.fault = FAULT_OTHER;
}

static void tell_of_disk(struct server *s, bool full, const char *why)
{
	if (full && !s->full)
		server_log(
			s, true,
			"The disk is full: %s. Nothing is lost, sources wait until there is room.",
			why);
	else if (!full && s->full)
		server_log(s, false, "There is room on the disk again.");
	s->full = full;
}

/* What it made durable is. */
static void forget_group(struct server *s)
{
	journal_stored(s->journal, s->writing);
	s->writing = NULL;
}

static void written(struct server *s, struct job *job)
{
	switch (job->stored) {
	case STORED:
		tell_of_disk(s, false, "");
		s->used_bytes = store_used(s->store);
		s->stored_bytes = store_size(s->store);
		forget_group(s);
		break;
	case STORE_FULL:
		if (!rule_on(RULE_FULL_KEEPS)) {
			forget_group(s);
			break;
		}
		tell_of_disk(s, true, job->err.text);
		s->again_at = clock_monotonic_ms() + AGAIN_MS;
		break;
	case STORE_FAILED:
		if (!rule_on(RULE_ERROR_ENDS)) {
			forget_group(s);
			break;
		}
		closed_group_free(s->writing);
		s->writing = NULL;
		fail(s, &job->err);
		break;
	}
}

static struct client *client_by(const struct server *s, uint64_t serial)
{
	struct client *c = s->clients;
	while (c && c->serial != serial)
		c = c->next;
	return c;
}

static void state_read(struct server *s, struct job *job)
{
	struct client *c = client_by(s, job->client);
	if (job->rc < 0) {
		fail(s, &job->err);
		return;
	}
	if (!c || c->ended)
		return;
	if (job->state.n) {
		struct buffer *out = client_out(c);
		size_t begun = frame_begin(out, FRAME_STATE);
		buffer_add_str(out, job->state);
		frame_end(out, begun, 0);
	}
	if (!job->more) {
		struct buffer *out = client_out(c);
		frame_end(out, frame_begin(out, FRAME_STATE), 0);
		c->asked = ASKED_NOTHING;
	}
	c->state_after = job->last;
	c->state_is_read = false;
	client_send(c);
}

static void take_done(struct server *s)
{
	for (struct job *job; (job = writer_take(s->writer));) {
		if (job->kind == JOB_WRITE)
			written(s, job);
		else if (job->kind == JOB_STATE)
			state_read(s, job);
		else if (job->rc < 0 ||
		         core_take_slice(s->core, &job->wanted, &job->slice, &job->err) < 0)
			fail(s, &job->err);
		job_free(job);
	}
}

/* ---- Each round ---- */

/* Waiting helps only if something can be drained: states alone do not become less by it. */
bool groups_are_over(const struct server *s)
{
	return s->options.disk_limit && s->used_bytes > s->options.disk_limit &&
	       core_holds_messages(s->core);
}

static void set_pressure(struct server *s)
{
	size_t unwritten = (s->writing ? s->writing->bytes : 0) + gathered(s);
	bool over = groups_are_over(s);
	bool stuck = unwritten > memory_of(s) || s->state_bytes > STATE_LIMIT;
	s->trouble = s->full ? "the disk is full"
	           : over    ? "the queues and states take as much of the disk as they "
	                       "may (broker_disk_bytes)"
	           : stuck   ? "the disk is too slow"
	                     : NULL;
	core_set_pressure(s->core,
	                  stuck             ? PRESSURE_STUCK
	                  : s->full || over ? PRESSURE_DISK
	                                    : PRESSURE_NONE,
	                  s->trouble);
}

static void read_slices(struct server *s)
{
	struct slice_wanted wanted;
	while (core_next_slice(s->core, &wanted)) {
		struct job *job = job_new(JOB_READ);
		job->wanted = wanted;
		writer_give(s->writer, job);
	}
}

void groups_step(struct server *s, int64_t now)
{
	take_done(s);
	try_again(s, now);
	if (is_due(s, now))
		close_group(s, now);
	if (s->journal->memory > memory_of(s))
		core_spill(s->core, memory_of(s) / 8 * SPILL_TO);
	read_slices(s);
	set_pressure(s);
}

int64_t groups_deadline(const struct server *s, int64_t now)
{
	if (s->writing)
		return s->again_at ? s->again_at - now : -1;
	if (!s->since)
		return -1;
	int64_t wait = s->since + GROUP_MS - now, soon = s->closed_at + GROUP_SOON_MS - now;
	if (s->wanted && soon < wait)
		wait = soon;
	return wait > 0 ? wait : 0;
}
