/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* @family@: where events go. */
#include <intelmq/bot.h>

static enum result @function@_deliver(struct bot *bot, const struct event *event)
{
	(void)event;
	return bot_fail(bot, BAD_CONF, "@module@ is not written yet.");
}

const struct bot_type @symbol@ = {
	.module = "@module@",
	.summary = "Writes events to @family@.",
	.deliver = @function@_deliver,
};
