/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* CI Army: one bad IP address per line, # before comments. */
#include <intelmq/bot.h>

static const struct map fields[] = {
	{ .column = 1, .field = "source.ip" },
	{ .value = "blacklist", .field = "classification.type" },
	{ 0 },
};

const struct bot_type parsers_ci_army_parser = {
	.module = "intelmq.bots.parsers.ci_army.parser",
	.summary = "Parses the list of bad addresses of CI Army.",
	.rows = ROWS_LINES,
	.ignore = "#",
	.map = fields,
	.raw = RAW_LINE,
	.whole = true,
};
