/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* @family@: where reports come from. */
#include <intelmq/bot.h>

static enum result @function@_collect(struct bot *bot)
{
	struct event *report = bot_new_report(bot);
	return bot_emit_report(bot, report, S("a line\n"));
}

const struct bot_type @symbol@ = {
	.module = "@module@",
	.summary = "Fetches reports from @family@.",
	.collect = @function@_collect,
};
