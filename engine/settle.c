/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the result of a verb means for the message in hand: the whole error table, and its parts. */
#include "engine/inside.h"

#include "message/codec.h"

#include <stdarg.h>
#include <stdio.h>

void worker_say(struct worker *w, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(w->page->state, sizeof w->page->state, format, args);
	va_end(args);
}

/* What a result means for the message in hand. The reference's table is in Bot.start; docs/differences.md
 * says where this one is kinder. */
static const struct reaction reactions[] = {
	[DONE] = { .finished = true },
	[DROP] = { .finished = true },
	[BAD_DATA] = { .finished = true, .failed = true },
	[TRY_LATER] = { .failed = true, .again = true },
	[BAD_CONF] = { .failed = true, .ends = true },
};

const struct reaction *reaction_to(enum result result)
{
	return &reactions[result];
}

void worker_log_failure(struct worker *w, enum result result)
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
	} else if (w->hand && !w->current) {
		dump.message = w->bot.err.fault == FAULT_INVALID_VALUE
		                     ? message_without_type(&w->message, w->hand->body)
		                     : w->hand->body;
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

void worker_give_up(struct worker *w)
{
	dump_message(w);
	if (w->current && w->current->live)
		outbox_add(w, w->current, "_on_error", true);
}

void worker_halt(struct worker *w, int exit_code)
{
	w->phase = PHASE_STOPPING;
	w->exit_code = exit_code;
}

void worker_obey_procedure(struct worker *w)
{
	/* A scheduled run is over with its first message, whatever came of it. */
	if (!str_eq(str_of(w->settings.error_procedure), S("stop")) || w->options.scheduled)
		return;
	worker_say(w, "stopped after an error: %.200s", w->bot.err.text);
	worker_halt(w, 1);
}

void worker_delay(struct worker *w, double seconds)
{
	w->not_before = clock_monotonic_ms() + (int64_t)(seconds * 1000);
}

/* Time heals a broker that is away; no message is to blame. */
void worker_pipeline_failed(struct worker *w)
{
	worker_log(w, LEVEL_ERROR, "Pipeline failed. %s", w->bot.err.text);
	worker_say(w, "waiting for the broker: %s", w->bot.err.text);
	worker_delay(w, w->settings.error_retry_delay);
}
