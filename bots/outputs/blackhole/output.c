/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Takes messages and forgets them: the end of a pipeline under test. */
#include <intelmq/bot.h>

static enum result blackhole_deliver(struct bot *bot, const struct event *event)
{
	(void)bot;
	(void)event;
	return DONE;
}

const struct bot_type outputs_blackhole_output = {
	.module = "intelmq.bots.outputs.blackhole.output",
	.summary = "Discards all messages.",
	.deliver = blackhole_deliver,
};
