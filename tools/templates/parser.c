/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* @family@: what the feed looks like, with a line of it. */
#include <intelmq/bot.h>

static const struct map fields[] = {
	{ .column = 1, .field = "source.ip" },
	{ .value = "blacklist", .field = "classification.type" },
	{ 0 },
};

const struct bot_type @symbol@ = {
	.module = "@module@",
	.summary = "Parses the feed of @family@.",
	.rows = ROWS_LINES,
	.ignore = "#",
	.map = fields,
	.raw = RAW_LINE,
};
