/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Looks up the host name of an address. */
#include <intelmq/bot.h>
#include <intelmq/cache.h>
#include <intelmq/dns.h>
#include <intelmq/ip.h>

struct params {
	int64_t cache_ttl_invalid_response;
	bool overwrite;
	struct cache_params cache;
};

#define PARAMS struct params
static const struct param params[] = {
	INT(cache_ttl_invalid_response,
	    "Seconds for which a failed look-up is remembered; 0: not at all.", .min = 0,
	    .max = INT32_MAX),
	BOOL(overwrite, "Replace a name that is there."),
	GROUP(cache, cache_params),
	{ 0 },
};

/* What the reference keeps in its cache for an address without a name. */
#define NO_NAME S("__dns-exception")

/* The reference's key: the binary digits of the address as a number. */
static struct str key_of(struct bot *bot, const struct ip *ip)
{
	size_t bits = ip->version == 4 ? 32 : 128, n = 0;
	char *key = arena_alloc(bot->arena, bits);
	for (size_t i = 0; i < bits; i++) {
		char bit = (char)('0' + (ip->bytes[i / 8] >> (7 - i % 8) & 1));
		if (n || bit == '1' || i + 1 == bits)
			key[n++] = bit;
	}
	return (struct str){ key, n };
}

/* The first answer that is a name by the data format, with a final dot as in the reference's cache. */
static struct str first_valid(struct bot *bot, struct event *event, struct str field,
                              const struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->n; i++)
		if (event_would_accept(event, field, value_str(answer->values[i]), true) == 1)
			return arena_printf(bot->arena, "%.*s.", STR_ARG(answer->values[i]));
	return NO_NAME;
}

/* Seconds for which an answer is kept, at most redis_cache_ttl; 0 there means for ever. */
static int64_t ttl_of(const struct params *p, const struct dns_answer *answer, bool found)
{
	int64_t most = p->cache.redis_cache_ttl, ttl = p->cache_ttl_invalid_response;
	if (answer->status == DNS_NO_NAME)
		return most;
	if (found)
		ttl = answer->ttl > 0 ? answer->ttl : 1;
	return most > 0 && most < ttl ? most : ttl;
}

static struct str look_up(struct bot *bot, struct event *event, struct str field,
                          struct str address, struct str key)
{
	const struct params *p = bot->params;
	struct dns_answer answer;
	struct str name = NO_NAME;
	if (dns_pointer(bot, address, &answer) == DNS_FOUND)
		name = first_valid(bot, event, field, &answer);
	bool found = !str_eq(name, NO_NAME);
	int64_t ttl = ttl_of(p, &answer, found);
	if (ttl || answer.status == DNS_NO_NAME)
		cache_set(bot, key, name, ttl);
	return name;
}

static enum result reverse_side(struct bot *bot, struct event *event, const char *ip_field,
                                const char *name_field)
{
	const struct params *p = bot->params;
	struct str address = event_text(event, ip_field), name;
	struct ip ip;
	if (!address.p || ip_parse(address, &ip) < 0 ||
	    (event_has(event, name_field) && !p->overwrite))
		return DONE;
	struct str key = key_of(bot, &ip);
	if (!cache_get(bot, key, &name))
		name = look_up(bot, event, str_of(name_field), address, key);
	if (str_eq(name, NO_NAME))
		return DONE;
	name.n -= name.n && name.p[name.n - 1] == '.';
	unsigned flags = p->overwrite ? EVENT_OVERWRITE : EVENT_KEEP;
	return event_add(event, str_of(name_field), value_str(name), flags) == ADD_FAILED ? BAD_DATA
	                                                                                  : DONE;
}

static enum result reverse_enrich(struct bot *bot, struct event *event)
{
	enum result result = reverse_side(bot, event, "source.ip", "source.reverse_dns");
	if (result != DONE)
		return result;
	return reverse_side(bot, event, "destination.ip", "destination.reverse_dns");
}

const struct bot_type experts_reverse_dns_expert = {
	.module = "intelmq.bots.experts.reverse_dns.expert",
	.summary = "Looks up the host name of an address.",
	PARAMS_OF(.cache_ttl_invalid_response = 60, .cache = CACHE_DEFAULTS(7)),
	.uses = USES_LOOKUPS,
	.enrich = reverse_enrich,
};
