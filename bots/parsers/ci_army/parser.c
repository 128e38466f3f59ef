/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* CI Army: one bad IP address per line, # before comments. */
#include <intelmq/bot.h>

static const struct map fields[] = {
	{ .column = 1, .field = "source.ip" },
	{ .value = "blacklist", .field = "classification.type" },
	{ 0 },
};

/* Lines go into raw as they are, with blanks around. */
static enum result ci_army_begin(struct bot *bot, const struct event *report,
                                 struct rows_options *options)
{
	(void)bot;
	(void)report;
	options->text_as_is = true;
	return DONE;
}

static enum result ci_army_row(struct bot *bot, const struct row *row, struct event *event)
{
	(void)bot;
	(void)event;
	return row->line.n ? DONE : DROP;
}

const struct bot_type parsers_ci_army_parser = {
	.module = "intelmq.bots.parsers.ci_army.parser",
	.summary = "Parses the list of bad addresses of CI Army.",
	.rows = ROWS_LINES,
	.ignore = "#",
	.map = fields,
	.begin = ci_army_begin,
	.row = ci_army_row,
	.raw = RAW_LINE,
	.whole = true,
};
