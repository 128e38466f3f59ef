/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * cache.h - what a bot has found out, kept in memory for a while.
 *
 * It is forgotten at every start, and when there is no room: entries used longest ago go first. For what must not be
 * forgotten there is keyed state (bot.h).
 */
#pragma once
#include <intelmq/param.h>

struct bot;

/* The reference's parameters of bots with a cache: GROUP(cache, cache_params). */
struct cache_params {
	const char *redis_cache_host; /* accepted, not used: the cache is in memory */
	int64_t redis_cache_port, redis_cache_db;
	const char *redis_cache_password;
	int64_t redis_cache_ttl; /* seconds */
	int64_t cache_size;      /* bytes (ours) */
};
extern const struct param cache_params[];
#define CACHE_DEFAULTS(db)                                                                         \
	{                                                                                          \
		.redis_cache_host = "127.0.0.1", .redis_cache_port = 6379, .redis_cache_db = (db), \
		.redis_cache_ttl = 86400, .cache_size = 32 * 1024 * 1024                           \
	}

/* True if the key is known; the value lies in bot->arena. */
bool cache_get(struct bot *, struct str key, struct str *value_out);

/* ttl in seconds; 0 or less: for ever. */
void cache_set(struct bot *, struct str key, struct str value, int64_t ttl);
