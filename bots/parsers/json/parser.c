/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Events of IntelMQ as JSON: one document, or with splitlines one per line. */
#include <intelmq/bot.h>

struct params {
	bool splitlines;
};

#define PARAMS struct params
static const struct param params[] = {
	BOOL(splitlines, "Every line is an event."),
	{ 0 },
};

static enum result json_begin(struct bot *bot, const struct event *report,
                              struct rows_options *options)
{
	const struct params *p = bot->params;
	(void)report;
	options->kind = p->splitlines ? ROWS_LINES : ROWS_WHOLE;
	options->text_as_is = true;
	return DONE;
}

/* The fields of the document win over those that the report brought along. */
static enum result json_row(struct bot *bot, const struct row *row, struct event *event)
{
	struct event *document = bot_read_event(bot, row->line);
	if (!document)
		return BAD_DATA;
	event_merge(event, document);
	return DONE;
}

const struct bot_type parsers_json_parser = {
	.module = "intelmq.bots.parsers.json.parser",
	.summary = "Reads events of IntelMQ from JSON.",
	PARAMS_OF(.splitlines = false),
	.rows = ROWS_WHOLE,
	.begin = json_begin,
	.row = json_row,
	.raw = RAW_LINE,
	.whole = true,
};
