/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The road: every message of every bot takes these seven steps.
 *
 *	receive → start → settle → flush → commit → forget → pace
 */
#include "engine/inside.h"

#include <intelmq/clock.h>
#include <intelmq/duration.h>

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
	vsnprintf(w->state_text, sizeof w->state_text, format, args);
	va_end(args);
}

static bool one_at_a_time(const struct worker *w)
{
	return w->careful || w->settings.rate_limit > 0 || w->options.scheduled;
}

static bool has_input(const struct worker *w)
{
	return !w->bot.type->collect && !w->bot.type->stream;
}

/* 1: something is in hand; 0: nothing to do; -1: the broker failed. */
static int receive(struct worker *w)
{
	if (w->position < w->claimed.n)
		return 1;
	struct str full = broker_full_queue(w->consumer);
	if (full.p) {
		say(w, "waiting: queue '%.*s' is full", STR_ARG(full));
		return 0;
	}
	if (!has_input(w))
		return 1;
	struct receive_limits limits = { (size_t)w->settings.batch_messages, (size_t)w->settings.batch_bytes };
	if (one_at_a_time(w))
		limits.messages = 1;
	w->position = w->committed = 0;
	w->claimed.n = 0;
	int n = broker_receive(w->consumer, limits, &w->batch, &w->claimed, &w->bot.err);
	if (n == 0)
		say(w, "waiting for messages");
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
		w->unflushed = true;
		return type->deliver(&w->bot, w->current);
	}
	return type->collect ? type->collect(&w->bot) : type->stream(&w->bot);
}

static struct event *decode_in_hand(struct worker *w)
{
	return event_decode(&w->message, w->host.format, w->claimed.messages[w->position].body,
	                    w->bot.type->rows ? S("Report") : S("Event"), w->host.trust, &w->bot.err);
}

/* Decodes the message in hand and runs the verb on it. */
static enum result start(struct worker *w)
{
	w->current = NULL;
	w->bot.err = (struct err){ 0 };
	w->bot.arena = &w->message;
	if (has_input(w)) {
		w->current = decode_in_hand(w);
		if (!w->current) {
			/* A field that the data format lacks is for the operator: every message would fail alike. */
			if (w->bot.err.fault == FAULT_INVALID_KEY)
				return BAD_CONF;
			if (w->bot.err.fault != FAULT_INVALID_VALUE)
				w->bot.err.fault = FAULT_DECODING;
			return BAD_DATA;
		}
		w->pending.received++;
	}
	enum result result = run_verb(w);
	if (result == DONE && w->bot.type->enrich && outbox_add(w, w->current, "_default", false) < 0)
		result = BAD_CONF;
	return result;
}

/* ---- Settle: the whole error table ---- */

/* What a result means for the message in hand. The reference's table is in Bot.start; docs/differences.md
 * says where this one is kinder. */
static const struct reaction {
	bool finished;  /* the message is consumed, its emits are sent */
	bool failed;    /* counts as failure, goes to the dump and to _on_error */
	bool again;     /* tried again until error_max_retries */
	bool ends;      /* the bot stops, and is not restarted */
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
		worker_log(w, LEVEL_INFO, "Current Message(event): %.*s.", STR_ARG(buffer_str(&text)));
	}
}

/* The dump holds the message; for an invalid value what the message was made from, for undecodable bytes these. */
static void dump_message(struct worker *w)
{
	struct buffer text;
	buffer_init_in(&text, &w->message, MAX_MESSAGE);
	struct dump dump = { .reason = arena_printf(&w->message, "%s: %s", fault_name(w->bot.err.fault), w->bot.err.text) };
	if (w->bot.err.fault == FAULT_INVALID_VALUE && w->failed_text.p) {
		dump.message = w->failed_text;
		dump.is_bytes = true;
	} else if (w->bot.err.fault == FAULT_INVALID_VALUE && w->failed_event) {
		event_origin_json(w->failed_event, &text);
		dump.message = buffer_str(&text);
		dump.is_bytes = true;
	} else if (has_input(w) && !w->current) {
		dump.message = w->bot.err.fault == FAULT_INVALID_VALUE ?
		                       message_without_type(&w->message, w->claimed.messages[w->position].body) :
		                       w->claimed.messages[w->position].body;
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

/* Takes back what an unfinished or failed message did, and decides what follows. True: the message is finished. */
static bool settle(struct worker *w, enum result result, struct outbox_mark sent, size_t changed)
{
	const struct reaction *reaction = &reactions[result];
	bool parsed = w->bot.type->rows != ROWS_NONE;
	if (!reaction->failed) {
		w->retries = 0;
		w->careful = false;
		w->pending.succeeded++;
		if (result == DROP)
			w->pending.dropped++;
		return true;
	}
	/* What rows before a bad one gave is good: a parser's rows stand each for itself. */
	if (!(parsed && result == BAD_DATA)) {
		outbox_undo(w, sent);
		w->unlinks = NULL;
		if (w->table)
			state_table_undo(w->table, changed);
	}
	w->counters.failed++;
	log_failure(w, result);
	if (reaction->ends) {
		snprintf(w->state_text, sizeof w->state_text, "stopped: %s", w->bot.err.text);
		stop(w, 1);
		return false;
	}
	if (reaction->again && w->retries++ < w->settings.error_max_retries) {
		w->careful = true;
		worker_log(w, LEVEL_INFO, "Bot will continue in %g seconds.", w->settings.error_retry_delay);
		say(w, "backing off: %s", w->bot.err.text);
		delay(w, w->settings.error_retry_delay);
		return false;
	}
	w->retries = 0;
	give_up(w);
	if (str_eq(str_of(w->settings.error_procedure), S("stop"))) {
		say(w, "stopped after an error: %.200s", w->bot.err.text);
		stop(w, 1);
	}
	return true;
}

/* Runs messages until the batch is done, one must wait, or it is time to commit. */
static void work(struct worker *w)
{
	while (w->phase == PHASE_RUNNING && (!has_input(w) || w->position < w->claimed.n)) {
		struct outbox_mark sent = outbox_mark(w);
		size_t changed = w->table ? state_table_mark(w->table) : 0;
		bool finished = settle(w, start(w), sent, changed);
		arena_reset(&w->message);
		w->current = NULL;
		w->failed_event = NULL;
		w->failed_text = STR_NONE;
		if (!finished || !has_input(w))
			return;
		w->position++;
		if (one_at_a_time(w) || w->outbox.bodies.n > PART_BYTES)
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
		worker_log(w, LEVEL_ERROR, "Could not delete file '%s': %s. Stopping, since it would be read again.", path,
		           strerror(errno));
		say(w, "stopped: %s cannot be removed", path);
		stop(w, 1);
	}
	w->unlinks = NULL;
}

static int commit(struct worker *w, const struct message *noted)
{
	struct state_change *changes = NULL;
	size_t n_changes = w->table ? state_table_changes(w->table, &w->batch, &changes) : 0;
	if (!noted && w->position == w->committed && !w->outbox.n && !n_changes && !w->unlinks)
		return 0;
	struct commit commit = {
		.consumed = w->claimed.messages + w->committed,
		.n_consumed = noted ? 0 : w->position - w->committed,
		.noted = noted,
		.published = outbox_publishes(w),
		.n_published = w->outbox.n,
		.changes = changes,
		.n_changes = n_changes,
		.durable = w->unlinks != NULL,
	};
	if (broker_commit(w->consumer, &commit, &w->bot.err) < 0)
		return -1;
	if (w->table)
		state_table_committed(w->table);
	if (!noted)
		w->committed = w->position;
	outbox_sent(w);
	w->counters.received += w->pending.received;
	w->counters.dropped += w->pending.dropped;
	w->counters.succeeded += w->pending.succeeded;
	w->pending = (struct counters){ 0 };
	unlink_sources(w);
	return 0;
}

int worker_commit_part(struct worker *w, uint64_t note)
{
	struct message *message = &w->claimed.messages[w->position];
	/* Messages before this one go first, so that the note is the only thing left open. */
	if (w->committed < w->position && commit(w, NULL) < 0)
		return -1;
	message->note = note;
	return commit(w, message);
}

/* Outputs make durable what they buffered; a batch that cannot be flushed is not committed. */
static bool flush(struct worker *w)
{
	if (!w->unflushed || !w->bot.type->flush) {
		w->unflushed = false;
		return true;
	}
	enum result result = w->bot.type->flush(&w->bot);
	if (result == DONE) {
		w->unflushed = false;
		return true;
	}
	w->counters.failed++;
	log_failure(w, result);
	w->position = w->committed;
	outbox_undo(w, (struct outbox_mark){ 0 });
	if (result == BAD_CONF)
		stop(w, 1);
	else
		delay(w, w->settings.error_retry_delay);
	return false;
}

static void log_progress(struct worker *w, bool force)
{
	int64_t now = clock_monotonic_ms();
	bool due = (w->settings.log_processed_messages_count > 0 &&
	            w->sent_since_log >= (uint64_t)w->settings.log_processed_messages_count) ||
	           (double)(now - w->logged_at) >= w->settings.log_processed_messages_seconds * 1000;
	if (w->sent_since_log && (due || force)) {
		worker_log(w, LEVEL_INFO, "%s %" PRIu64 " messages since last logging.",
		           w->bot.type->verb ? w->bot.type->verb : "Processed", w->sent_since_log);
		w->sent_since_log = 0;
	}
	if (due || force)
		w->logged_at = now;
}

/* After a commit: rate limit, run mode, progress. */
static void pace(struct worker *w, bool worked)
{
	log_progress(w, false);
	if (!worked || w->phase != PHASE_RUNNING || w->not_before > clock_monotonic_ms())
		return;
	if (w->options.scheduled) {
		worker_log(w, LEVEL_INFO, "Shutting down scheduled bot.");
		say(w, "stopped: scheduled run is over");
		stop(w, 0);
	} else if (w->settings.rate_limit > 0) {
		struct str human = STR_NONE;
		duration_human(&w->message, w->settings.rate_limit, 0, &human, NULL);
		worker_log(w, LEVEL_INFO, "Idling for %.1fs (%.*s) now.", w->settings.rate_limit, STR_ARG(human));
		say(w, "idle for %.*s", STR_ARG(human));
		arena_reset(&w->message);
		delay(w, w->settings.rate_limit);
	}
}

static void end(struct worker *w)
{
	log_progress(w, true);
	if (w->initialised && w->bot.type->fini)
		w->bot.type->fini(&w->bot);
	w->initialised = false;
	consumer_close(w->consumer);
	w->consumer = NULL;
	w->phase = PHASE_STOPPED;
	if (!w->exit_code && !w->options.scheduled)
		say(w, "stopped");
	worker_log(w, LEVEL_INFO, "Bot stopped.");
}

int64_t worker_step(struct worker *w)
{
	int64_t now = clock_monotonic_ms();
	if (w->phase == PHASE_STOPPED)
		return WORKER_STOPPED;
	if (w->phase == PHASE_STOPPING) {
		end(w);
		return WORKER_STOPPED;
	}
	if (w->reload && worker_restart(w) < 0)
		return 0;
	if (now < w->not_before)
		return w->not_before - now;

	int got = receive(w);
	if (got > 0) {
		say(w, "running");
		work(w);
	}
	bool committed = got > 0 && flush(w) && commit(w, NULL) == 0;
	if (got < 0 || (got > 0 && !committed && w->phase == PHASE_RUNNING && !w->unflushed)) {
		worker_log(w, LEVEL_ERROR, "Pipeline failed. %s", w->bot.err.text);
		delay(w, w->settings.error_retry_delay);
	}
	if (w->position == w->claimed.n) {
		w->claimed.n = w->position = w->committed = 0;
		arena_reset(&w->batch);
	}
	pace(w, committed);
	if (w->phase != PHASE_RUNNING)
		return 0;
	now = clock_monotonic_ms();
	if (w->not_before > now)
		return w->not_before - now;
	return got > 0 ? 0 : WORKER_IDLE;
}
