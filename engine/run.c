/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The road: every message of every bot takes these seven steps.
 *
 *	receive → start → settle → flush → commit → forget → pace
 */
#include "engine/flight.h"

#include <intelmq/duration.h>
#include <intelmq/text.h>

#include "message/codec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

bool worker_goes_one_by_one(const struct worker *w)
{
	return w->careful || w->page->careful.block || w->settings.rate_limit > 0 ||
	       w->options.scheduled;
}

/* What follows can be taken back until it is committed. */
static void begin_message(struct worker *w)
{
	w->hand = w->position < w->claimed.n ? &w->claimed.messages[w->position] : NULL;
	w->current = NULL;
	w->bot.err = (struct err){ 0 };
	w->bot.arena = &w->message;
	w->in_hand = outbox_mark(w);
	w->state_in_hand = w->table ? state_table_mark(w->table) : 0;
}

static void take_back(struct worker *w, struct outbox_mark sent, size_t changed)
{
	outbox_undo(w, sent);
	w->unlinks = NULL;
	if (w->table)
		state_table_undo(w->table, changed);
}

void worker_forget_message(struct worker *w)
{
	arena_reset(&w->message);
	w->current = NULL;
	w->failed_event = NULL;
	w->failed_text = STR_NONE;
}

static void say_waiting(void *context, struct str why)
{
	worker_say(context, "waiting: %.*s", STR_ARG(why));
}

static bool has_no_room(struct worker *w)
{
	struct str why = broker_no_room(w->consumer);
	if (why.p)
		say_waiting(w, why);
	return why.p != NULL;
}

/* Queues are in the order of their messages' identities: what comes later tells that the place is past. */
static void end_care(struct worker *w, const struct message *first)
{
	struct place *place = &w->page->careful;
	if (first->block > place->block || (first->block == place->block && first->at > place->at))
		place->block = 0;
}

/* 1: something is in hand; 0: nothing to do; -1: the broker failed. */
static int receive(struct worker *w)
{
	if (w->position < w->claimed.n)
		return 1;
	if (!worker_has_input(w))
		return flights_under_way(w) || !has_no_room(w);
	struct receive_limits limits = { (size_t)w->settings.batch_messages,
		                         (size_t)w->settings.batch_bytes };
	if (w->flights)
		limits.messages = flights_room(w);
	if (!limits.messages)
		return 0;
	if (worker_goes_one_by_one(w))
		limits.messages = 1;
	w->position = w->committed = 0;
	w->claimed.n = 0;
	int n = broker_receive(w->consumer, limits, &w->batch, &w->claimed, &w->bot.err);
	/* Which of the two it was is another question to the broker, so it is asked only then; what came meanwhile will not
	 * wake anybody any more. */
	if (n == 0 && !has_no_room(w)) {
		n = broker_receive(w->consumer, limits, &w->batch, &w->claimed, &w->bot.err);
		if (n == 0)
			worker_say(w, "waiting for messages");
	}
	if (n > 0 && w->page->careful.block)
		end_care(w, &w->claimed.messages[0]);
	return n;
}

static enum result run_verb(struct worker *w)
{
	const struct bot_type *type = w->bot.type;
	if (type->rows != ROWS_NONE)
		return parse_report(w, w->current);
	if (type->enrich)
		return type->enrich(&w->bot, w->current);
	if (type->deliver) {
		w->unflushed = type->flush != NULL;
		return type->deliver(&w->bot, w->current);
	}
	return type->collect ? type->collect(&w->bot) : type->stream(&w->bot);
}

struct event *worker_decode(struct worker *w, const struct message *message, struct arena *arena,
                            struct err *err)
{
	struct event *event = event_decode(arena, w->host.format, message->body,
	                                   w->bot.type->rows ? S("Report") : S("Event"),
	                                   w->host.trust, err);
	/* A field that the data format lacks is for the operator: every message would fail alike. */
	if (!event && err->fault != FAULT_INVALID_VALUE && err->fault != FAULT_INVALID_KEY)
		err->fault = FAULT_DECODING;
	return event;
}

/* Decodes the message in hand and runs the verb on it. */
static enum result start(struct worker *w)
{
	if (w->hand) {
		working_on_message(w, w->hand);
		w->current = worker_decode(w, w->hand, &w->message, &w->bot.err);
		if (!w->current)
			return w->bot.err.fault == FAULT_INVALID_KEY ? BAD_CONF : BAD_DATA;
		w->failed_event = w->current;
	}
	enum result result = run_verb(w);
	if (result == DONE && w->bot.type->enrich &&
	    outbox_add(w, w->current, "_default", false) < 0)
		result = outbox_refusal(w);
	return result;
}

/* ---- Settle ---- */

static bool settle_success(struct worker *w, enum result result)
{
	/* What a flush has still to confirm keeps its number of tries. */
	if (!w->unflushed)
		w->retries = 0;
	if (w->careful)
		w->careful--;
	w->pending.succeeded++;
	w->pending.dropped += result == DROP;
	return true;
}

static bool settle_again(struct worker *w)
{
	if (!w->careful)
		w->careful = 1;
	w->retrying = true;
	worker_log(w, LEVEL_INFO, "Bot will continue in %g seconds.",
	           w->settings.error_retry_delay);
	worker_say(w, "backing off: %s", w->bot.err.text);
	worker_delay(w, w->settings.error_retry_delay);
	return false;
}

/* Takes back what an unfinished or failed message did, and decides what follows. True: the message is finished. */
static bool settle(struct worker *w, enum result result)
{
	const struct reaction *reaction = reaction_to(result);
	w->retrying = false;
	w->stream_is_open = w->bot.type->stream && result == DONE;
	if (!reaction->failed)
		return settle_success(w, result);
	/* What rows before a bad one gave is good: a parser's rows stand each for itself. */
	if (w->bot.type->rows == ROWS_NONE || result != BAD_DATA)
		take_back(w, w->in_hand, w->state_in_hand);
	if (w->broker_failed || w->abandoned) {
		w->retrying = true;
		if (w->broker_failed)
			worker_pipeline_failed(w);
		w->broker_failed = w->abandoned = false;
		return false;
	}
	w->counters.failed++;
	worker_log_failure(w, result);
	if (reaction->ends) {
		worker_say(w, "stopped: %s", w->bot.err.text);
		worker_halt(w, 1);
		return false;
	}
	if (reaction->again && w->retries++ < w->settings.error_max_retries)
		return settle_again(w);
	w->retries = 0;
	if (w->careful)
		w->careful--;
	worker_give_up(w);
	worker_obey_procedure(w);
	return true;
}

/* ---- Poison: a message at which this bot died again and again ---- */

bool worker_holds_poison(const struct worker *w)
{
	return w->hand && w->page->quarantine && !w->page->careful.row && is_suspect(w, w->hand);
}

/* It is not even decoded, and no other bot gets it: whatever it does, it does no more. */
void worker_quarantine(struct worker *w)
{
	struct str body = w->hand->body;
	struct str why = arena_printf(&w->message, "%.*s", PAGE_STATE - 1, w->page->death);
	struct dump dump = { .reason = why, .message = body, .is_bytes = !text_is_utf8(body) };
	w->counters.failed++;
	worker_log(w, LEVEL_ERROR, "The message is not tried again: %.*s", STR_ARG(why));
	worker_dump(w, &dump);
	w->retrying = false;
}

/* Runs messages until the batch is done, one must wait, or it is time to commit. */
static void work(struct worker *w)
{
	while (w->phase == PHASE_RUNNING && (!worker_has_input(w) || w->position < w->claimed.n)) {
		bool alone = worker_goes_one_by_one(w), finished = true;
		begin_message(w);
		if (worker_holds_poison(w))
			worker_quarantine(w);
		else
			finished = settle(w, start(w));
		worker_forget_message(w);
		if (!finished || !worker_has_input(w))
			return;
		w->position++;
		if (alone || w->outbox.bodies.n > PART_BYTES || worker_hurries(w))
			return;
	}
}

/* What was collected is safe now, so that its source may go. */
static void unlink_sources(struct worker *w)
{
	for (size_t i = 0; w->unlinks && i < w->unlinks->n; i++) {
		const char *path = w->unlinks->items[i].text.p;
		if (unlink(path) == 0)
			continue;
		worker_log(
			w, LEVEL_ERROR,
			"Could not delete file '%s': %s. Stopping, since it would be read again.",
			path, strerror(errno));
		worker_say(w, "stopped: %s cannot be removed", path);
		worker_halt(w, 1);
	}
	w->unlinks = NULL;
}

static void count_commit(struct worker *w, size_t consumed)
{
	if (w->outbox.n && !w->sent_since_log)
		w->logged_at = clock_monotonic_ms();
	outbox_sent(w);
	w->counters.received += consumed;
	w->counters.dropped += w->pending.dropped;
	w->counters.succeeded += w->pending.succeeded;
	w->pending = (struct counters){ 0 };
}

/* Changes of keyed state for a commit, with what the broker wants to be sent again. */
static void add_changes(struct worker *w, struct commit *commit)
{
	struct state_change *changes = NULL;
	if (!w->table)
		return;
	if (broker_wants_again(w->consumer))
		commit->n_changes = state_table_changes_again(w->table, &w->batch, &changes,
		                                              &commit->round);
	else
		commit->n_changes = state_table_changes(w->table, &w->batch, &changes);
	commit->changes = changes;
}

static int send_commit(struct worker *w, const struct commit *commit)
{
	uint64_t block = working_pauses(w);
	if (commit->durable)
		worker_say(w, "waiting: what was sent is not on the disk yet");
	int rc = broker_commit(w->consumer, commit, &w->bot.err);
	if (rc == 0 && commit->durable)
		worker_say(w, "running");
	working_goes_on(w, block);
	return rc;
}

static bool syncs_each_commit(const struct worker *w)
{
	return str_eq(str_of(w->settings.sync), S("commit"));
}

/* Everything since the last commit in one step: what is finished is consumed, what it gave is published. */
static int commit(struct worker *w, const struct message *noted, bool durable)
{
	struct arena_mark mark = arena_mark(&w->batch);
	struct commit commit = {
		.consumed = w->claimed.n ? w->claimed.messages + w->committed : NULL,
		.n_consumed = w->position - w->committed,
		.noted = noted,
		.published = outbox_publishes(w),
		.n_published = w->outbox.n,
		.durable = durable || w->unlinks != NULL || syncs_each_commit(w),
	};
	if (w->flights && worker_has_input(w))
		flights_consumed(w, &commit);
	add_changes(w, &commit);
	bool empty = !noted && !commit.n_consumed && !commit.n_published && !commit.n_changes &&
	             !w->unlinks;
	int rc = empty ? 0 : send_commit(w, &commit);
	arena_rewind(&w->batch, mark);
	w->uncommitted = rc < 0;
	if (rc < 0)
		return -1;
	if (w->table)
		state_table_committed(w->table);
	w->committed = w->position;
	if (w->flights)
		flights_committed(w);
	count_commit(w, commit.n_consumed);
	unlink_sources(w);
	return 0;
}

/* Commits in the middle of a message: what it did so far cannot be taken back any more. */
static int commit_inside(struct worker *w, const struct message *noted, bool durable)
{
	if (commit(w, noted, durable) < 0) {
		w->uncommitted = false; /* settle takes it back */
		w->broker_failed = true;
		return -1;
	}
	w->in_hand = outbox_mark(w);
	w->state_in_hand = 0;
	return 0;
}

int worker_commit_part(struct worker *w, uint64_t note)
{
	struct message noted = w->claimed.messages[w->position];
	noted.note = note;
	if (commit_inside(w, &noted, false) < 0)
		return -1;
	w->claimed.messages[w->position].note = note;
	return 0;
}

int worker_commit_emitted(struct worker *w, bool durable)
{
	return commit_inside(w, NULL, durable);
}

int worker_wait_for_room(struct worker *w)
{
	uint64_t block = working_pauses(w);
	int room = broker_wait_for_room(w->consumer, say_waiting, w, &w->bot.err);
	worker_say(w, "running");
	working_goes_on(w, block);
	w->abandoned = room == 0;
	w->broker_failed = room < 0;
	return room > 0 ? 0 : -1;
}

int worker_commit_state(struct worker *w)
{
	struct arena_mark mark = arena_mark(&w->batch);
	struct commit commit = { .durable = true };
	add_changes(w, &commit);
	int rc = send_commit(w, &commit);
	arena_rewind(&w->batch, mark);
	if (rc < 0) {
		w->broker_failed = true;
		return -1;
	}
	state_table_committed(w->table);
	w->state_in_hand = 0;
	return 0;
}

/* The only message that waited for a flush gets what the flush said, as if its verb had said it. */
static bool flush_settle(struct worker *w, enum result result)
{
	struct err why = w->bot.err;
	begin_message(w);
	w->current = worker_decode(w, w->hand, &w->message, &w->bot.err);
	w->bot.err = why;
	bool finished = settle(w, result);
	worker_forget_message(w);
	w->position += finished;
	return finished;
}

/*
 * Outputs make durable what they buffered; what cannot be flushed is not committed. Of several messages
 * nobody knows which one is to blame: they are delivered again one by one. If time is, only the first
 * one is charged with a try.
 */
static bool flush(struct worker *w)
{
	if (!w->unflushed)
		return true;
	w->bot.err = (struct err){ 0 };
	w->bot.arena = &w->message;
	enum result result = w->bot.type->flush(&w->bot);
	w->unflushed = false;
	size_t n = w->position - w->committed;
	if (!reaction_to(result)->failed || n == 0) {
		if (!w->retrying)
			w->retries = 0;
		return true;
	}
	w->position = w->committed;
	take_back(w, (struct outbox_mark){ .turn = w->outbox.turn }, 0);
	w->pending = (struct counters){ 0 };
	if (w->broker_failed) {
		w->broker_failed = false;
		w->retrying = true;
		worker_pipeline_failed(w);
		return false;
	}
	if (n == 1 || reaction_to(result)->ends)
		return flush_settle(w, result);
	w->counters.failed++;
	worker_log_failure(w, result);
	w->careful = reaction_to(result)->again ? 1 : n;
	w->retries = reaction_to(result)->again;
	if (reaction_to(result)->again)
		settle_again(w);
	w->retrying = true;
	return false;
}

/* Once a second, between two messages: what a timer emits and remembers is committed like a message. */
static void tick(struct worker *w, int64_t now)
{
	if (!w->bot.type->tick || now - w->ticked_at < TICK_MS)
		return;
	w->ticked_at = now;
	if (w->uncommitted || flights_under_way(w) || broker_no_room(w->consumer).p)
		return;
	begin_message(w);
	enum result result = w->bot.type->tick(&w->bot);
	if (reaction_to(result)->failed) {
		take_back(w, w->in_hand, w->state_in_hand);
		w->broker_failed = false;
		w->counters.failed++;
		worker_log_failure(w, result);
	}
	if (reaction_to(result)->ends) {
		worker_say(w, "stopped: %s", w->bot.err.text);
		worker_halt(w, 1);
	}
	worker_forget_message(w);
	if (commit(w, NULL, false) < 0)
		worker_pipeline_failed(w);
}

static void log_progress(struct worker *w, bool force)
{
	double waited = (double)(clock_monotonic_ms() - w->logged_at);
	bool due = (w->settings.log_processed_messages_count > 0 &&
	            w->sent_since_log >= (uint64_t)w->settings.log_processed_messages_count) ||
	           waited >= w->settings.log_processed_messages_seconds * 1000;
	if (!w->sent_since_log || !(due || force))
		return;
	worker_log(w, LEVEL_INFO, "%s %" PRIu64 " messages since last logging.",
	           w->bot.type->verb ? w->bot.type->verb : "Processed", w->sent_since_log);
	w->sent_since_log = 0;
}

static void idle(struct worker *w)
{
	struct str human = STR_NONE;
	duration_human(&w->message, w->settings.rate_limit, 0, &human, NULL);
	worker_log(w, LEVEL_INFO, "Idling for %.1fs (%.*s) now.", w->settings.rate_limit,
	           STR_ARG(human));
	worker_say(w, "idle for %.*s", STR_ARG(human));
	arena_reset(&w->message);
	w->idle_since = clock_monotonic_ms();
	w->idling = true;
	worker_delay(w, w->settings.rate_limit);
}

/* After a commit: rate limit, run mode, progress. */
static void pace(struct worker *w, bool worked)
{
	log_progress(w, false);
	if (!worked || w->phase != PHASE_RUNNING || w->stream_is_open)
		return;
	if (w->options.scheduled) {
		worker_log(w, LEVEL_INFO, "Shutting down scheduled bot.");
		worker_say(w, "stopped: scheduled run is over");
		worker_halt(w, 0);
	} else if (w->settings.rate_limit > 0) {
		idle(w);
	}
}

void worker_end(struct worker *w)
{
	flights_free(w);
	if (w->initialised && w->bot.type->fini)
		w->bot.type->fini(&w->bot);
	w->initialised = false;
	lookups_close(w);
	log_progress(w, true);
	consumer_close(w->consumer);
	w->consumer = NULL;
	w->phase = PHASE_STOPPED;
	if (!w->exit_code && !w->options.scheduled)
		worker_say(w, "stopped");
	worker_log(w, LEVEL_INFO, "Bot stopped.");
}

/* Milliseconds until the worker wants its next step. */
static int64_t next_step(const struct worker *w, int64_t otherwise)
{
	int64_t now = clock_monotonic_ms();
	int64_t wait = w->not_before > now ? w->not_before - now : otherwise;
	int64_t until_tick = w->ticked_at + TICK_MS - now;
	if (w->flights && flights_wait(w) < wait)
		wait = flights_wait(w);
	if (w->phase != PHASE_RUNNING)
		return 0;
	if (w->bot.type->tick && until_tick < wait)
		return until_tick > 0 ? until_tick : 0;
	return wait;
}

/* A collector whose verb waits: until it has returned, everything stays as it is. False: it has not. */
static bool collect_in_turns(struct worker *w)
{
	enum result result;
	if (!flights_under_way(w))
		begin_message(w);
	if (!flights_collect(w, &result))
		return false;
	settle(w, result);
	worker_forget_message(w);
	return true;
}

/* Messages whose verbs wait. False: none is to be committed now. */
static bool work_in_turns(struct worker *w)
{
	flights_take(w, &w->claimed);
	w->claimed.n = 0;
	flights_run(w);
	return flights_are_due(w);
}

static void say_what_is_awaited(struct worker *w)
{
	struct str trouble = lookups_trouble(w);
	if (trouble.p)
		worker_say(w, "waiting: %.*s", STR_ARG(trouble));
	else if (flights_under_way(w))
		worker_say(w, "running");
}

/* Steps one to five: from receiving to the commit. 1: messages are finished, 0: none are, -1: nothing came. */
static int step(struct worker *w)
{
	if (!w->uncommitted) {
		int got = receive(w);
		if (got < 0)
			worker_pipeline_failed(w);
		if (got < 0 || (got == 0 && !w->flights))
			return -1;
		if (got > 0)
			worker_say(w, "running");
		if (!w->flights) {
			work(w);
		} else if (worker_has_input(w) ? !work_in_turns(w)
		                               : got == 0 || !collect_in_turns(w)) {
			say_what_is_awaited(w);
			return -1;
		}
		if (!flush(w))
			return 0;
	}
	if (commit(w, NULL, false) < 0) {
		worker_pipeline_failed(w);
		return 0;
	}
	return !w->retrying;
}

/* How long it waits for news of the broker: for ever, unless a line of the log is due. */
static int64_t until_news(const struct worker *w)
{
	if (consumer_fd(w->consumer) < 0)
		return WORKER_IDLE;
	if (!w->sent_since_log)
		return WORKER_FOREVER;
	double due = (double)w->logged_at + w->settings.log_processed_messages_seconds * 1000;
	double wait = due - (double)clock_monotonic_ms();
	return wait < 1 ? 1 : wait > 1e9 ? WORKER_FOREVER : (int64_t)wait + 1;
}

/* What has been looked up need not be asked for again by the next process. */
static void commit_finished(struct worker *w)
{
	if (!w->flights || !worker_has_input(w) || w->uncommitted)
		return;
	if (commit(w, NULL, false) < 0)
		worker_log(w, LEVEL_ERROR, "Pipeline failed. %s", w->bot.err.text);
}

static int64_t take_step(struct worker *w)
{
	if (w->phase == PHASE_STOPPED)
		return WORKER_STOPPED;
	if (w->phase == PHASE_STOPPING) {
		commit_finished(w);
		worker_end(w);
		return WORKER_STOPPED;
	}
	if (w->reload && worker_restart(w) < 0)
		return 0;
	int64_t now = clock_monotonic_ms();
	tick(w, now);
	if (w->phase != PHASE_RUNNING || now < w->not_before) {
		lookups_turn(w); /* answers come all the same */
		return next_step(w, 0);
	}
	w->idling = false;
	int done = step(w);
	if (w->position == w->claimed.n && !w->uncommitted) {
		w->claimed.n = w->position = w->committed = 0;
		if (worker_has_input(w) || !flights_under_way(w))
			arena_reset(&w->batch);
	}
	pace(w, done > 0);
	return next_step(w, done >= 0 ? 0 : until_news(w));
}

int64_t worker_step(struct worker *w)
{
	int64_t wait = take_step(w);
	w->page->working.block = 0;
	w->page->counters = w->counters;
	return wait;
}
