/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* @family@: what is added to an event, and from where. */
#include <intelmq/bot.h>

static enum result @function@_enrich(struct bot *bot, struct event *event)
{
	(void)bot;
	if (!event_has(event, "source.ip"))
		return DONE;
	return event_replace(event, "comment", S("seen by @family@"));
}

const struct bot_type @symbol@ = {
	.module = "@module@",
	.summary = "Adds what @family@ knows.",
	.enrich = @function@_enrich,
};
