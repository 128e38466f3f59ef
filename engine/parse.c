/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The verb of all parsers: a report's rows become events, each row on its own. */
#include "engine/inside.h"

#include <intelmq/base64.h>
#include <intelmq/text.h>

#include "engine/rows.h"
#include "message/codec.h"

#include <stdlib.h>

/* A row that failed: what is dumped for it at the end of the report. */
struct failed_row {
	struct str reason, raw;
};

struct parse {
	struct worker *w;
	const struct event *report;
	struct rows *rows;
	struct rows_options options;
	struct failed_row *failed;
	size_t n_failed, problems, events;
};

void parse_emit(struct worker *w, struct event *event)
{
	if (w->n_row_events == w->row_events_capacity) {
		w->row_events_capacity = w->row_events_capacity ? w->row_events_capacity * 2 : 8;
		w->row_events = realloc(w->row_events,
		                        w->row_events_capacity * sizeof(struct event *));
		if (!w->row_events)
			abort();
	}
	w->row_events[w->n_row_events++] = event;
}

/* raw as the type wants it, and the fields that the operator adds to every event. */
static enum result finish_event(struct parse *p, const struct row *row, struct event *event)
{
	struct worker *w = p->w;
	const struct bot_type *type = w->bot.type;
	struct str raw = STR_NONE;
	if (type->raw == RAW_REPORT && !event_slot(event, S("raw"))) {
		const struct value *whole = event_get(p->report, "raw");
		event_append(event, S("raw"), event->fields->raw, *whole);
	} else if (type->raw == RAW_RECOVER || type->raw == RAW_AS_READ) {
		raw = type->raw == RAW_RECOVER
		            ? rows_recover(p->rows, row, &w->row, &w->bot.err)
		            : rows_recover_as(p->rows, row, ROWS_FORM_LINE, &w->row, &w->bot.err);
		if (!raw.p)
			return BAD_DATA;
	} else if (type->raw == RAW_LINE) {
		raw = row->line;
	}
	if (raw.n && event->fields->raw && !event_slot(event, S("raw")))
		event_append(event, S("raw"), event->fields->raw,
		             value_str(base64_encode(&w->row, raw)));
	const struct dict *extra = type->whole ? NULL : w->settings.default_fields;
	for (size_t i = 0; extra && i < extra->n; i++)
		if (event_add(event, extra->pairs[i].key, extra->pairs[i].value, EVENT_KEEP) ==
		    ADD_FAILED)
			return BAD_DATA;
	return DONE;
}

static enum result parse_row(struct parse *p, const struct row *row)
{
	struct worker *w = p->w;
	const struct bot_type *type = w->bot.type;
	struct event *event = event_share(&w->row, w->template);
	w->failed_event = event;
	w->n_row_events = 0;
	enum result result = type->map ? map_row(&w->bot, row, event) : DONE;
	if (result == DONE && type->row)
		result = type->row(&w->bot, row, event);
	if (result == DONE)
		parse_emit(w, event);
	if (result != DONE && result != DROP)
		return result;
	for (size_t i = 0; i < w->n_row_events; i++) {
		w->failed_event = w->row_events[i];
		result = finish_event(p, row, w->row_events[i]);
		if (result != DONE)
			return result;
	}
	for (size_t i = 0; i < w->n_row_events; i++)
		if (outbox_add(w, w->row_events[i], "_default", false) < 0)
			return outbox_refusal(w);
	p->events += w->n_row_events;
	return DONE;
}

/* Header lines are kept for the raw of the rows behind them, and shown to the bot. */
static bool is_header(const struct bot_type *type, const struct row *row)
{
	return type->header && type->rows == ROWS_LINES &&
	       str_starts(row->line, str_of(type->header));
}

static enum result parse_header(struct parse *p, const struct row *row)
{
	struct worker *w = p->w;
	rows_keep(p->rows, row->line);
	if (!w->bot.type->head)
		return DONE;
	/* What the bot keeps of it must outlive the row. */
	w->bot.arena = &w->message;
	enum result result = w->bot.type->head(&w->bot, row->line);
	w->bot.arena = &w->row;
	return result;
}

/* The line's pieces between separators as cells, each stripped. */
static void split_line(struct parse *p, struct row *row)
{
	struct str separator = str_of(p->w->bot.type->separator), rest = row->line;
	size_t n = 1, at;
	for (struct str ahead = rest; (at = str_find(ahead, separator)) != STR_NOT_FOUND; n++)
		ahead = str_slice(ahead, at + separator.n, ahead.n);
	struct str *cells = arena_alloc(&p->w->row, n * sizeof *cells);
	for (size_t i = 0; i < n; i++) {
		at = i + 1 < n ? str_find(rest, separator) : rest.n;
		cells[i] = text_strip(str_slice(rest, 0, at));
		rest = str_slice(rest, at + separator.n, rest.n);
	}
	row->cells = cells;
	row->n = n;
}

/* A line that is not split is its only cell. */
static void find_cells(struct parse *p, struct row *row)
{
	if (p->w->bot.type->separator) {
		split_line(p, row);
	} else if (p->options.kind == ROWS_LINES) {
		row->cells = &row->line;
		row->n = 1;
	}
}

static void report_failed_rows(struct parse *p)
{
	struct worker *w = p->w;
	for (size_t i = 0; i < p->n_failed; i++) {
		struct arena_mark mark = arena_mark(&w->message);
		struct event *copy = event_dup(&w->message, p->report);
		struct value raw = value_str(base64_encode(&w->message, p->failed[i].raw));
		event_add(copy, S("raw"), raw, EVENT_AS_IS | EVENT_OVERWRITE);
		struct buffer text;
		buffer_init_in(&text, &w->message, MAX_MESSAGE);
		event_encode(copy, &text);
		struct dump dump = { .reason = p->failed[i].reason,
			             .reason_is_text = true,
			             .message = buffer_str(&text) };
		worker_dump(w, &dump);
		outbox_add(w, copy, "_on_error", true);
		arena_rewind(&w->message, mark);
	}
	p->n_failed = 0;
}

static void remember_failed_row(struct parse *p, const struct row *row)
{
	struct worker *w = p->w;
	struct err why = w->bot.err;
	worker_log(w, LEVEL_ERROR, "Failed to parse line. Row %zu: %s: %s", row->number,
	           fault_name(why.fault), why.text);
	struct str raw = rows_recover_failed(p->rows, row, &w->row, NULL);
	if (!p->failed)
		p->failed = arena_zalloc(&w->message, MAX_FAILED_ROWS, sizeof *p->failed);
	if (p->n_failed == MAX_FAILED_ROWS)
		report_failed_rows(p);
	p->failed[p->n_failed++] = (struct failed_row){
		arena_printf(&w->message, "row %zu: %s: %s", row->number, fault_name(why.fault),
		             why.text),
		arena_dup(&w->message, raw.p ? raw : row->line),
	};
	p->problems++;
	w->counters.failed++;
}

/* Rows without anything in them are passed over. */
static bool is_nothing(const struct rows_options *options, const struct row *row)
{
	switch (options->kind) {
	case ROWS_LINES:
		return !options->text_as_is && !row->line.n;
	case ROWS_CSV:
	case ROWS_CSV_DICT:
		return row->n == 0;
	case ROWS_JSON:
	case ROWS_JSON_LINES:
		return !value_truthy(row->json);
	case ROWS_WHOLE:
	case ROWS_NONE:
		break;
	}
	return false;
}

/* What there is of the report so far is committed; rows before `done` will not be read again. */
static enum result commit_part(struct parse *p, size_t done)
{
	report_failed_rows(p);
	return worker_commit_part(p->w, done) < 0 ? TRY_LATER : DONE;
}

/*
 * The row at which the bot died before: rows before it are safe when it is tried again, and so is what became of it
 * before the next one. At the second time it is not tried.
 */
static enum result parse_suspect(struct parse *p, const struct row *row)
{
	struct worker *w = p->w;
	if (commit_part(p, row->number - 1) != DONE)
		return TRY_LATER;
	w->row_start = outbox_mark(w);
	enum result result = BAD_DATA;
	if (w->page->quarantine)
		bot_fail(&w->bot, result, "not tried again: %.*s", PAGE_STATE - 1, w->page->death);
	else
		result = parse_row(p, row);
	if (result == BAD_DATA) {
		outbox_undo(w, w->row_start);
		remember_failed_row(p, row);
		result = DONE;
	}
	return result == DONE ? commit_part(p, row->number) : result;
}

/* The bot is to end: what is done stays done, the rest of the report is for the next process. */
static enum result abandon(struct parse *p, size_t done)
{
	if (done && !p->w->bot.type->whole && commit_part(p, done) != DONE)
		return TRY_LATER;
	p->w->abandoned = true;
	return TRY_LATER;
}

/* A part that is large enough; the next one waits until there is room for it. */
static enum result finish_part(struct parse *p, size_t done)
{
	struct worker *w = p->w;
	if (commit_part(p, done) != DONE)
		return TRY_LATER;
	return worker_wait_for_room(w) < 0 ? TRY_LATER : DONE;
}

/* Of which row of this report the page speaks, 0: of none. A report that fails as a whole has no rows that can be left out. */
static size_t suspect_row(const struct worker *w)
{
	return !w->bot.type->whole && is_suspect(w, &w->claimed.messages[w->position])
	             ? w->page->careful.row
	             : 0;
}

static enum result next_row(struct parse *p, struct row *row, uint64_t skip, size_t suspect)
{
	struct worker *w = p->w;
	bool header = is_header(w->bot.type, row);
	if ((row->number <= skip && !header) || is_nothing(&p->options, row))
		return DONE;
	if (!header && !w->bot.type->whole)
		working_on_row(w, row->number);
	w->row_start = outbox_mark(w);
	find_cells(p, row);
	w->bot.err = (struct err){ .fault = FAULT_OTHER };
	if (!header && row->number == suspect)
		return parse_suspect(p, row);
	enum result result = header ? parse_header(p, row) : parse_row(p, row);
	if (result != DONE)
		outbox_undo(w, w->row_start);
	if (result != BAD_DATA || w->bot.type->whole)
		return result;
	remember_failed_row(p, row);
	return DONE;
}

/* Every row of the report; rows before `skip` were committed by somebody before. */
static enum result parse_rows(struct parse *p, uint64_t skip)
{
	struct worker *w = p->w;
	struct row row = { 0 };
	int got;
	size_t suspect = suspect_row(w);
	while (arena_reset(&w->row), (got = rows_next(p->rows, &row, &w->bot.err)) > 0) {
		enum result result = next_row(p, &row, skip, suspect);
		if (result != DONE)
			return result;
		working_on_row(w, 0);
		if (w->outbox.bodies.n > PART_BYTES &&
		    (result = finish_part(p, row.number)) != DONE)
			return result;
		if (worker_hurries(w))
			return abandon(p, row.number > skip ? row.number : 0);
	}
	return got < 0 ? BAD_DATA : DONE;
}

/* The report's fields as every event of it begins, ready to be copied. */
static const struct event *template_of(struct worker *w, const struct event *report)
{
	struct event *template = event_from_event(&w->message, w->host.format->event, report,
	                                          w->settings.copy_collector_provided_fields,
	                                          &w->bot.err);
	if (template)
		event_freeze(template);
	return template;
}

static enum result open_rows(struct parse *p)
{
	struct worker *w = p->w;
	const struct bot_type *type = w->bot.type;
	struct str raw = event_raw(p->report);
	if (!raw.p)
		return bot_fail(&w->bot, BAD_DATA, "raw of the report is no base64");
	p->options = (struct rows_options){
		.kind = type->rows,
		.text = text_clean_utf8(&w->message, raw),
		.csv = type->csv ? *type->csv : csv_excel,
		.ignore = rows_ignore_list(&w->message, type->ignore),
		.kept = list_new(&w->message),
	};
	enum result result = type->begin ? type->begin(&w->bot, p->report, &p->options) : DONE;
	if (result == DONE &&
	    rows_open(&p->rows, &w->message, &w->row, &p->options, &w->bot.err) < 0)
		result = BAD_DATA;
	return result;
}

enum result parse_report(struct worker *w, const struct event *report)
{
	struct parse p = { .w = w, .report = report };
	if (!event_has(report, "raw") && w->bot.type->whole)
		return bot_fail(&w->bot, BAD_DATA, "the report has no raw");
	if (!event_has(report, "raw")) {
		worker_log(w, LEVEL_WARNING,
		           "Report without raw field received. Possible bug or misconfiguration in "
		           "previous bots.");
		return DONE;
	}
	w->template = template_of(w, report);
	if (!w->template)
		return BAD_DATA;
	w->failed_event = w->template;
	w->bot.arena = &w->message;
	enum result result = open_rows(&p);
	if (result == DONE) {
		w->bot.arena = &w->row;
		result = parse_rows(&p, w->claimed.messages[w->position].note);
		w->bot.arena = &w->message;
	}
	struct err err = w->bot.err;
	if (result == DONE || result == BAD_DATA)
		report_failed_rows(&p);
	w->bot.err = err;
	if (result == DONE && !w->bot.type->whole)
		worker_log(w, LEVEL_INFO, "Sent %zu events and found %zu problem(s).", p.events,
		           p.problems);
	w->template = NULL;
	return result;
}
