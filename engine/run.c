/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The road: every message of every bot takes these seven steps.
 *
 *	receive → start → settle → flush → commit → forget → pace
 */
#include "engine/inside.h"

#include <intelmq/duration.h>
#include <intelmq/text.h>

#include "message/codec.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

/* What the bot does now, for status. */
static void __attribute__((format(printf, 2, 3))) say(struct worker *w, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(w->page->state, sizeof w->page->state, format, args);
	va_end(args);
}

static bool one_at_a_time(const struct worker *w)
{
	return w->careful || w->page->careful.block || w->settings.rate_limit > 0 ||
	       w->options.scheduled;
}

/* What follows can be taken back until it is committed. */
static void begin_message(struct worker *w)
{
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

static void forget_message(struct worker *w)
{
	arena_reset(&w->message);
	w->current = NULL;
	w->failed_event = NULL;
	w->failed_text = STR_NONE;
}

static bool has_input(const struct worker *w)
{
	return !w->bot.type->collect && !w->bot.type->stream;
}

static void say_waiting(void *context, struct str why)
{
	say(context, "waiting: %.*s", STR_ARG(why));
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
	if (!has_input(w))
		return !has_no_room(w);
	struct receive_limits limits = { (size_t)w->settings.batch_messages,
		                         (size_t)w->settings.batch_bytes };
	if (one_at_a_time(w))
		limits.messages = 1;
	w->position = w->committed = 0;
	w->claimed.n = 0;
	int n = broker_receive(w->consumer, limits, &w->batch, &w->claimed, &w->bot.err);
	/* Which of the two it was is another question to the broker, so it is asked only then; what came meanwhile will not
	 * wake anybody any more. */
	if (n == 0 && !has_no_room(w)) {
		n = broker_receive(w->consumer, limits, &w->batch, &w->claimed, &w->bot.err);
		if (n == 0)
			say(w, "waiting for messages");
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

static struct event *decode_in_hand(struct worker *w)
{
	return event_decode(&w->message, w->host.format, w->claimed.messages[w->position].body,
	                    w->bot.type->rows ? S("Report") : S("Event"), w->host.trust,
	                    &w->bot.err);
}

/* Decodes the message in hand and runs the verb on it. */
static enum result start(struct worker *w)
{
	begin_message(w);
	if (has_input(w)) {
		working_on_message(w, &w->claimed.messages[w->position]);
		w->current = decode_in_hand(w);
		if (!w->current) {
			/* A field that the data format lacks is for the operator: every message would fail alike. */
			if (w->bot.err.fault == FAULT_INVALID_KEY)
				return BAD_CONF;
			if (w->bot.err.fault != FAULT_INVALID_VALUE)
				w->bot.err.fault = FAULT_DECODING;
			return BAD_DATA;
		}
		w->failed_event = w->current;
	}
	enum result result = run_verb(w);
	if (result == DONE && w->bot.type->enrich &&
	    outbox_add(w, w->current, "_default", false) < 0)
		result = outbox_refusal(w);
	return result;
}

/* ---- Settle: the whole error table ---- */

/* What a result means for the message in hand. The reference's table is in Bot.start; docs/differences.md
 * says where this one is kinder. */
static const struct reaction {
	bool finished; /* the message is consumed, its emits are sent */
	bool failed;   /* counts as failure, goes to the dump and to _on_error */
	bool again;    /* tried again until error_max_retries */
	bool ends;     /* the bot stops, and is not restarted */
} reactions[] = {
	[DONE] = { .finished = true },
	[DROP] = { .finished = true },
	[BAD_DATA] = { .finished = true, .failed = true },
	[TRY_LATER] = { .failed = true, .again = true },
	[BAD_CONF] = { .failed = true, .ends = true },
};

static void log_failure(struct worker *w, enum result result)
{
	const char *intro = "Bot has found a problem.";
	if (w->bot.err.fault == FAULT_INVALID_VALUE)
		intro = "Found an invalid value that violates the harmonization rules.";
	else if (w->bot.err.fault == FAULT_DECODING)
		intro = "Could not decode message from pipeline. No retries useful.";
	worker_log(w, LEVEL_ERROR, "%s %s", intro, w->bot.err.text);
	if (w->settings.error_log_message && w->current && result != BAD_CONF) {
		struct buffer text;
		buffer_init_in(&text, &w->message, MAX_MESSAGE);
		event_encode(w->current, &text);
		worker_log(w, LEVEL_INFO, "Current Message(event): %.*s.",
		           STR_ARG(buffer_str(&text)));
	}
}

/* The dump holds the message; for an invalid value what the message was made from, for undecodable bytes these. */
static void dump_message(struct worker *w)
{
	struct buffer text;
	buffer_init_in(&text, &w->message, MAX_MESSAGE);
	struct dump dump = { .reason = arena_printf(&w->message, "%s: %s",
		                                    fault_name(w->bot.err.fault),
		                                    w->bot.err.text) };
	if (w->bot.err.fault == FAULT_INVALID_VALUE && w->failed_text.p) {
		dump.message = w->failed_text;
		dump.is_bytes = true;
	} else if (w->bot.err.fault == FAULT_INVALID_VALUE && w->failed_event) {
		event_origin_json(w->failed_event, &text);
		dump.message = buffer_str(&text);
		dump.is_bytes = true;
	} else if (has_input(w) && !w->current) {
		dump.message = w->bot.err.fault == FAULT_INVALID_VALUE
		                     ? message_without_type(&w->message,
		                                            w->claimed.messages[w->position].body)
		                     : w->claimed.messages[w->position].body;
		dump.is_bytes = true;
	} else if (w->current) {
		/* With what the verb did to it before it failed: that shows how far it came. */
		event_encode(w->current, &text);
		dump.message = buffer_str(&text);
	} else {
		return; /* a collector: there is no message */
	}
	worker_dump(w, &dump);
}

/* After the last try: dump, _on_error. The message is finished then. */
static void give_up(struct worker *w)
{
	dump_message(w);
	if (w->current && w->current->live)
		outbox_add(w, w->current, "_on_error", true);
}

static void stop(struct worker *w, int exit_code)
{
	w->phase = PHASE_STOPPING;
	w->exit_code = exit_code;
}

static void delay(struct worker *w, double seconds)
{
	w->not_before = clock_monotonic_ms() + (int64_t)(seconds * 1000);
}

/* Time heals a broker that is away; no message is to blame. */
static void pipeline_failed(struct worker *w)
{
	worker_log(w, LEVEL_ERROR, "Pipeline failed. %s", w->bot.err.text);
	say(w, "waiting for the broker: %s", w->bot.err.text);
	delay(w, w->settings.error_retry_delay);
}

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
	say(w, "backing off: %s", w->bot.err.text);
	delay(w, w->settings.error_retry_delay);
	return false;
}

/* Takes back what an unfinished or failed message did, and decides what follows. True: the message is finished. */
static bool settle(struct worker *w, enum result result)
{
	const struct reaction *reaction = &reactions[result];
	w->retrying = false;
	if (!reaction->failed)
		return settle_success(w, result);
	/* What rows before a bad one gave is good: a parser's rows stand each for itself. */
	if (w->bot.type->rows == ROWS_NONE || result != BAD_DATA)
		take_back(w, w->in_hand, w->state_in_hand);
	if (w->broker_failed || w->abandoned) {
		w->retrying = true;
		if (w->broker_failed)
			pipeline_failed(w);
		w->broker_failed = w->abandoned = false;
		return false;
	}
	w->counters.failed++;
	log_failure(w, result);
	if (reaction->ends) {
		say(w, "stopped: %s", w->bot.err.text);
		stop(w, 1);
		return false;
	}
	if (reaction->again && w->retries++ < w->settings.error_max_retries)
		return settle_again(w);
	w->retries = 0;
	if (w->careful)
		w->careful--;
	give_up(w);
	/* A scheduled run is over with its first message, whatever came of it. */
	if (str_eq(str_of(w->settings.error_procedure), S("stop")) && !w->options.scheduled) {
		say(w, "stopped after an error: %.200s", w->bot.err.text);
		stop(w, 1);
	}
	return true;
}

/* ---- Poison: a message at which this bot died again and again ---- */

static bool is_poison(const struct worker *w)
{
	return has_input(w) && w->page->quarantine && !w->page->careful.row &&
	       is_suspect(w, &w->claimed.messages[w->position]);
}

/* It is not even decoded, and no other bot gets it: whatever it does, it does no more. */
static void quarantine(struct worker *w)
{
	struct str body = w->claimed.messages[w->position].body;
	begin_message(w);
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
	while (w->phase == PHASE_RUNNING && (!has_input(w) || w->position < w->claimed.n)) {
		bool alone = one_at_a_time(w), finished = true;
		if (is_poison(w))
			quarantine(w);
		else
			finished = settle(w, start(w));
		forget_message(w);
		if (!finished || !has_input(w))
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
		say(w, "stopped: %s cannot be removed", path);
		stop(w, 1);
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
		say(w, "waiting: what was sent is not on the disk yet");
	int rc = broker_commit(w->consumer, commit, &w->bot.err);
	if (rc == 0 && commit->durable)
		say(w, "running");
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
	say(w, "running");
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
	w->current = decode_in_hand(w);
	w->bot.err = why;
	bool finished = settle(w, result);
	forget_message(w);
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
	if (!reactions[result].failed || n == 0) {
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
		pipeline_failed(w);
		return false;
	}
	if (n == 1 || reactions[result].ends)
		return flush_settle(w, result);
	w->counters.failed++;
	log_failure(w, result);
	w->careful = reactions[result].again ? 1 : n;
	w->retries = reactions[result].again;
	if (reactions[result].again)
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
	if (w->uncommitted || broker_no_room(w->consumer).p)
		return;
	begin_message(w);
	enum result result = w->bot.type->tick(&w->bot);
	if (reactions[result].failed) {
		take_back(w, w->in_hand, w->state_in_hand);
		w->broker_failed = false;
		w->counters.failed++;
		log_failure(w, result);
	}
	if (reactions[result].ends) {
		say(w, "stopped: %s", w->bot.err.text);
		stop(w, 1);
	}
	forget_message(w);
	if (commit(w, NULL, false) < 0)
		pipeline_failed(w);
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
	say(w, "idle for %.*s", STR_ARG(human));
	arena_reset(&w->message);
	w->idle_since = clock_monotonic_ms();
	w->idling = true;
	delay(w, w->settings.rate_limit);
}

/* After a commit: rate limit, run mode, progress. */
static void pace(struct worker *w, bool worked)
{
	log_progress(w, false);
	if (!worked || w->phase != PHASE_RUNNING)
		return;
	if (w->options.scheduled) {
		worker_log(w, LEVEL_INFO, "Shutting down scheduled bot.");
		say(w, "stopped: scheduled run is over");
		stop(w, 0);
	} else if (w->settings.rate_limit > 0) {
		idle(w);
	}
}

void worker_end(struct worker *w)
{
	if (w->initialised && w->bot.type->fini)
		w->bot.type->fini(&w->bot);
	w->initialised = false;
	log_progress(w, true);
	consumer_close(w->consumer);
	w->consumer = NULL;
	w->phase = PHASE_STOPPED;
	if (!w->exit_code && !w->options.scheduled)
		say(w, "stopped");
	worker_log(w, LEVEL_INFO, "Bot stopped.");
}

/* Milliseconds until the worker wants its next step. */
static int64_t next_step(const struct worker *w, int64_t otherwise)
{
	int64_t now = clock_monotonic_ms();
	int64_t wait = w->not_before > now ? w->not_before - now : otherwise;
	int64_t until_tick = w->ticked_at + TICK_MS - now;
	if (w->phase != PHASE_RUNNING)
		return 0;
	if (w->bot.type->tick && until_tick < wait)
		return until_tick > 0 ? until_tick : 0;
	return wait;
}

/* Steps one to five: from receiving to the commit. 1: messages are finished, 0: none are, -1: nothing came. */
static int step(struct worker *w)
{
	if (!w->uncommitted) {
		int got = receive(w);
		if (got <= 0) {
			if (got < 0)
				pipeline_failed(w);
			return -1;
		}
		say(w, "running");
		work(w);
		if (!flush(w))
			return 0;
	}
	if (commit(w, NULL, false) < 0) {
		pipeline_failed(w);
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

static int64_t take_step(struct worker *w)
{
	if (w->phase == PHASE_STOPPED)
		return WORKER_STOPPED;
	if (w->phase == PHASE_STOPPING) {
		worker_end(w);
		return WORKER_STOPPED;
	}
	if (w->reload && worker_restart(w) < 0)
		return 0;
	int64_t now = clock_monotonic_ms();
	tick(w, now);
	if (w->phase != PHASE_RUNNING || now < w->not_before)
		return next_step(w, 0);
	w->idling = false;
	int done = step(w);
	if (w->position == w->claimed.n && !w->uncommitted) {
		w->claimed.n = w->position = w->committed = 0;
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
