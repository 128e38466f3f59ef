/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The SDK's functions that are about the bot itself: results, emitting, state. */
#include "engine/flight.h"

#include <intelmq/number.h>

#include <sys/stat.h>

#include <intelmq/base64.h>
#include <intelmq/chunk.h>
#include <intelmq/clock.h>
#include <intelmq/datetime.h>

#include <stdarg.h>
#include <stdio.h>

enum result bot_fail(struct bot *bot, enum result result, const char *format, ...)
{
	char text[sizeof bot->err.text];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	err_set(&bot->err, result == BAD_CONF ? FAULT_CONFIGURATION : FAULT_OTHER, "%s", text);
	return result;
}

void bot_log(struct bot *bot, enum log_level level, const char *format, ...)
{
	struct worker *w = worker_of(bot);
	if (level < w->level || !w->host.log)
		return;
	char text[2000];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	w->host.log(w->host.context, bot->id, level, str_of(text));
}

void worker_log(struct worker *w, enum log_level level, const char *format, ...)
{
	char text[2000];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	bot_log(&w->bot, level, "%s", text);
}

void worker_dump(struct worker *w, struct dump *dump)
{
	dump->bot_id = str_of(w->bot.id);
	dump->source_queue = w->options.source_queue;
	if (!w->settings.error_dump_message) {
		if (!w->told_undumped)
			worker_log(w, LEVEL_WARNING,
			           "Messages that fail are removed and not dumped, since "
			           "error_dump_message is false. "
			           "This is said only once.");
		w->told_undumped = true;
		return;
	}
	if (!w->host.dump)
		return;
	struct err err = { 0 };
	worker_log(w, LEVEL_INFO, "Dumping message to dump file.");
	if (w->host.dump(w->host.context, &w->settings, dump, &err) < 0)
		worker_log(w, LEVEL_ERROR, "The message could not be dumped: %s", err.text);
	else
		w->counters.dumped++;
}

/* ---- Emitting ---- */

enum result bot_emit_path(struct bot *bot, const struct event *event, const char *path)
{
	struct worker *w = worker_of(bot);
	if (flight_keeps(w, event, path, true))
		return DONE;
	return outbox_add(w, event, path, true) < 0 ? outbox_refusal(w) : DONE;
}

enum result bot_emit(struct bot *bot, const struct event *event)
{
	struct worker *w = worker_of(bot);
	/* Between reports, in a tick, a parser's event belongs to no row. */
	if (w->template) {
		parse_emit(w, event_dup(bot->arena, event));
		return DONE;
	}
	if (flight_keeps(w, event, "_default", false))
		return DONE;
	return outbox_add(w, event, "_default", false) < 0 ? outbox_refusal(w) : DONE;
}

enum result bot_emit_row(struct bot *bot, const struct event *event)
{
	struct worker *w = worker_of(bot);
	if (outbox_add(w, event, "_default", false) < 0)
		return outbox_refusal(w);
	w->row_start = outbox_mark(w);
	return DONE;
}

struct event *bot_new_event(struct bot *bot)
{
	struct worker *w = worker_of(bot);
	if (w->template) {
		struct event *event = event_share(bot->arena, w->template);
		w->failed_event = event;
		return event;
	}
	return event_new_in(bot->arena, w->host.format, w->host.format->event, &bot->err);
}

struct event *bot_read_event(struct bot *bot, struct str json)
{
	struct worker *w = worker_of(bot);
	struct event *event = event_decode(bot->arena, w->host.format, json, S("Event"),
	                                   WIRE_CHECKED, &bot->err);
	/* A dump shows what an event was to be made of. */
	if (!event)
		w->failed_text = message_without_type(bot->arena, json);
	return event;
}

/* ---- Reports of collectors ---- */

struct event *bot_new_report(struct bot *bot)
{
	struct worker *w = worker_of(bot);
	struct event *report = event_new_in(bot->arena, w->host.format, w->host.format->report,
	                                    &bot->err);
	struct datetime now;
	if (report->fields->time_observation &&
	    datetime_from_us(clock_now_us() / 1000000 * 1000000, &now) == 0)
		event_append(report, S("time.observation"), report->fields->time_observation,
		             value_str(datetime_iso(bot->arena, &now)));
	return report;
}

static enum result add_feed_fields(struct worker *w, struct event *report)
{
	const struct settings *s = &w->settings;
	const struct {
		const char *field, *value;
	} texts[] = {
		{ "feed.name", s->name },
		{ "feed.code", s->code },
		{ "feed.documentation", s->documentation },
		{ "feed.provider", s->provider },
	};
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (texts[i].value && *texts[i].value &&
		    event_set(report, texts[i].field, str_of(texts[i].value)) != DONE)
			return BAD_CONF;
	if (s->accuracy != 0 &&
	    event_set_value(report, "feed.accuracy", value_float(s->accuracy)) != DONE)
		return BAD_CONF;
	return DONE;
}

enum result bot_emit_report(struct bot *bot, struct event *report, struct str raw)
{
	struct worker *w = worker_of(bot);
	if (!raw.n) {
		bot_log(bot, LEVEL_WARNING,
		        "Ignoring report without raw field. Possible bug or misconfiguration of "
		        "this bot.");
		return DONE;
	}
	/* Bytes are encoded as they are: reports need not be text. */
	event_del(report, "raw");
	event_append(report, S("raw"), report->fields->raw,
	             value_str(base64_encode(bot->arena, raw)));
	enum result result = add_feed_fields(w, report);
	if (result == DONE && outbox_add(w, report, "_default", false) < 0)
		result = outbox_refusal(w);
	if (result == DONE && w->outbox.bodies.n > COLLECTED_BYTES &&
	    (worker_commit_emitted(w, false) < 0 || worker_wait_for_room(w) < 0))
		result = TRY_LATER;
	return result;
}

enum result report_emit_committed(struct bot *bot)
{
	return worker_commit_emitted(worker_of(bot), true) < 0 ? TRY_LATER : DONE;
}

/* ---- Files ---- */

enum {
	REMEMBER_FILE = 30 * 24 * 3600, /* seconds; until then it should be removed */
	LARGE_FILE = 128 * 1024 * 1024, /* more is never one report */
};

#define ALL_PIECES UINT64_MAX

/* Which pieces of a file were sent: a number behind what tells this file, as it is now, from others. */
struct progress {
	struct str key;
	struct str file;
	uint64_t sent;
};

static struct progress progress_read(struct bot *bot, int fd, struct str key)
{
	struct stat st;
	struct str text;
	struct value sent;
	struct progress p = { key, STR_NONE, 0 };
	if (!key.p || fstat(fd, &st) < 0)
		return (struct progress){ 0 };
	p.file = arena_printf(bot->arena, "%llu:%llu:%lld:%lld.%09ld ",
	                      (unsigned long long)st.st_dev, (unsigned long long)st.st_ino,
	                      (long long)st.st_size, (long long)st.st_mtim.tv_sec,
	                      st.st_mtim.tv_nsec);
	if (!state_get(bot, key, &text) || !str_starts(text, p.file))
		return p;
	text = str_slice(text, p.file.n, text.n);
	if (str_eq(text, S("all")))
		p.sent = ALL_PIECES;
	else if (number_int(bot->arena, text, &sent) == 0 && sent.kind == VALUE_INT)
		p.sent = (uint64_t)sent.integer;
	return p;
}

static void progress_set(struct bot *bot, const struct progress *p, uint64_t sent)
{
	if (!p->key.p)
		return;
	struct arena_mark mark = arena_mark(bot->arena);
	struct str text = sent == ALL_PIECES
	                        ? arena_printf(bot->arena, "%.*sall", STR_ARG(p->file))
	                        : arena_printf(bot->arena, "%.*s%llu", STR_ARG(p->file),
	                                       (unsigned long long)sent);
	state_set(bot, p->key, text, REMEMBER_FILE);
	arena_rewind(bot->arena, mark);
}

static enum result emit_piece(struct bot *bot, const struct event *report, struct str piece)
{
	struct arena_mark mark = arena_mark(bot->arena);
	enum result result = bot_emit_report(bot, event_dup(bot->arena, report), piece);
	arena_rewind(bot->arena, mark);
	return result;
}

/* What no message can hold is cut, though nobody asked for it: most of what is that large consists of lines. */
static size_t piece_size(struct bot *bot, int fd, const struct emit_file *how)
{
	struct stat st;
	if (how->chunk_size != PARAM_UNSET)
		return (size_t)how->chunk_size;
	if (fstat(fd, &st) < 0 || st.st_size <= LARGE_FILE)
		return 0;
	bot_log(bot, LEVEL_WARNING,
	        "A file of %lld bytes is too large for one report: it is cut at line ends into "
	        "reports "
	        "of %d MB.",
	        (long long)st.st_size, LARGE_FILE >> 20);
	return LARGE_FILE;
}

enum result bot_emit_file(struct bot *bot, const struct event *report, int fd,
                          const struct emit_file *how)
{
	struct chunk_source source;
	struct progress progress = progress_read(bot, fd, how->remember);
	struct str piece;
	enum result result = DONE;
	uint64_t number = 0;
	int got = 0;
	if (progress.sent == ALL_PIECES)
		return DONE;
	chunk_source_init(&source, fd, piece_size(bot, fd, how), how->replicate_header,
	                  MAX_MESSAGE / 4 * 3);
	while (result == DONE && (got = chunk_next(&source, &piece, &bot->err)) > 0) {
		if (++number <= progress.sent)
			continue;
		/* Before the piece: the commit that carries it may come with it. */
		progress_set(bot, &progress, number);
		result = emit_piece(bot, report, piece);
	}
	if (result == DONE && got < 0)
		result = TRY_LATER;
	if (result == DONE)
		progress_set(bot, &progress, ALL_PIECES);
	chunk_source_fini(&source);
	return result;
}

void bot_unlink_when_sent(struct bot *bot, struct str path)
{
	struct worker *w = worker_of(bot);
	if (!w->unlinks)
		w->unlinks = list_new(&w->batch);
	list_add(w->unlinks, value_str(arena_dup(&w->batch, path)));
}

/* ---- Keyed state ---- */

bool state_get(struct bot *bot, struct str key, struct str *value_out)
{
	return state_table_get(worker_of(bot)->table, bot->arena, key, value_out);
}

void state_set(struct bot *bot, struct str key, struct str value, int64_t ttl)
{
	state_table_set(worker_of(bot)->table, key, value, ttl);
}

void state_del(struct bot *bot, struct str key)
{
	state_table_del(worker_of(bot)->table, key);
}

enum result bot_commit_state(struct bot *bot)
{
	return worker_commit_state(worker_of(bot)) < 0 ? TRY_LATER : DONE;
}

struct str bot_state_path(struct bot *bot, const char *name)
{
	struct worker *w = worker_of(bot);
	return arena_printf(bot->arena, "%s%s",
	                    w->host.paths ? w->host.paths->state : "/opt/intelmq/var/lib/bots/",
	                    name);
}
