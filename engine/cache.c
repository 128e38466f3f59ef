/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/cache.h>

#include "engine/inside.h"
#include "lib/lru.h"

#define PARAMS struct cache_params
const struct param cache_params[] = {
	STR(redis_cache_host, "Accepted for the reference's sake: the cache is in memory.",
	    .nullable = true),
	INT(redis_cache_port, "Accepted for the reference's sake.", .min = 0, .max = 65535),
	INT(redis_cache_db, "Accepted for the reference's sake.", .min = 0, .max = INT32_MAX),
	SECRET(redis_cache_password, "Accepted for the reference's sake.", .nullable = true),
	INT(redis_cache_ttl, "Seconds for which an answer is kept, 0: for ever.", .min = 0,
	    .max = INT32_MAX),
	SIZE(cache_size, "Memory for answers, in bytes; what was used longest ago goes first.",
	     .min = 65536, .max = INT64_C(1) << 40),
	{ 0 },
};
#undef PARAMS

/* The bot's size, wherever the group is in its table; what has none gets the default. */
static size_t wanted_size(const struct param *table, const char *values)
{
	static const struct cache_params usual = CACHE_DEFAULTS(0);
	for (const struct param *p = table; p && p->name; p++) {
		struct cache_params group;
		if (p->kind != PARAM_GROUP || p->group != cache_params)
			continue;
		memcpy(&group, values + p->offset, sizeof group);
		return (size_t)group.cache_size;
	}
	return (size_t)usual.cache_size;
}

static struct lru *cache_of(struct worker *w)
{
	if (!w->cache)
		w->cache = lru_new(wanted_size(w->bot.type->params, w->bot.params));
	return w->cache;
}

static int64_t now_seconds(void)
{
	return clock_now_us() / 1000000;
}

bool cache_get(struct bot *bot, struct str key, struct str *value_out)
{
	struct str found;
	if (!lru_get(cache_of(worker_of(bot)), key, now_seconds(), &found))
		return false;
	*value_out = arena_dup(bot->arena, found);
	return true;
}

void cache_set(struct bot *bot, struct str key, struct str value, int64_t ttl)
{
	lru_set(cache_of(worker_of(bot)), key, value, ttl > 0 ? now_seconds() + ttl : 0);
}

void worker_cache_set(struct worker *w, struct str key, struct str value)
{
	lru_set(cache_of(w), key, value, 0);
}

void worker_cache_each(struct worker *w,
                       void (*each)(void *context, struct str key, struct str value), void *context)
{
	lru_each(cache_of(w), each, context);
}
