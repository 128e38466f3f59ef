/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Drops messages that came before, as far as the chosen fields go. */
#include <intelmq/bot.h>

struct params {
	const char *filter_type;
	const struct list *filter_keys;
	bool bypass;
	int64_t redis_cache_ttl;
};

#define PARAMS struct params
static const char *const filter_types[] = { "blacklist", "whitelist", NULL };
static const struct param params[] = {
	CHOICE(filter_type, filter_types,
	       "Whether filter_keys are the fields that do not count (blacklist) or all that do "
	       "(whitelist)."),
	LIST(filter_keys, "Fields, separated by commas; time.observation never counts."),
	BOOL(bypass, "Let everything pass."),
	INT(redis_cache_ttl, "Seconds until a message is forgotten, 0: never.", .min = 0,
	    .max = INT32_MAX),
	{ 0 },
};

static enum result deduplicator_enrich(struct bot *bot, struct event *event)
{
	const struct params *p = bot->params;
	char hash[65];
	if (p->bypass)
		return DONE;
	event_hash(event, p->filter_keys, str_eq(str_of(p->filter_type), S("whitelist")), hash);
	if (state_get(bot, str_of(hash), NULL)) {
		bot_log(bot, LEVEL_DEBUG, "Dropped message.");
		return DROP;
	}
	state_set(bot, str_of(hash), S("hash"), p->redis_cache_ttl);
	return DONE;
}

const struct bot_type experts_deduplicator_expert = {
	.module = "intelmq.bots.experts.deduplicator.expert",
	.summary = "Drops messages that came before, as far as the chosen fields go.",
	PARAMS_OF(.filter_type = "blacklist", .redis_cache_ttl = 86400),
	.uses = USES_STATE,
	.verb = "Forwarded",
	.enrich = deduplicator_enrich,
};
