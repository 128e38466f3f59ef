/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Adds the taxonomy that belongs to the classification type. */
#include <intelmq/bot.h>
#include <intelmq/classification.h>

static enum result taxonomy_enrich(struct bot *bot, struct event *event)
{
	(void)bot;
	bool known = event_has(event, "classification.taxonomy");
	if (!event_has(event, "classification.type")) {
		enum result result = event_set(event, "classification.type", S("undetermined"));
		if (result != DONE || known)
			return result;
		return event_set(event, "classification.taxonomy", S("other"));
	}
	if (known)
		return DONE;
	return event_set(event, "classification.taxonomy",
	                 taxonomy_of_type(event_text(event, "classification.type")));
}

const struct bot_type experts_taxonomy_expert = {
	.module = "intelmq.bots.experts.taxonomy.expert",
	.summary = "Adds the taxonomy that belongs to the classification type.",
	.enrich = taxonomy_enrich,
};
