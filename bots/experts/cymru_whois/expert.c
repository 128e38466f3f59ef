/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Adds network, AS and registration data of addresses, asked from Team Cymru by DNS:
 *
 *	1.2.0.192.origin.asn.cymru.com    TXT "64496 64497 | 192.0.2.0/24 | AT | ripencc | 2001-01-01"
 *	AS64496.asn.cymru.com             TXT "64496 | AT | ripencc | 2001-01-01 | NEU-AS Neu, AT"
 *
 * https://www.team-cymru.com/ip-asn-mapping
 */
#include <intelmq/bot.h>
#include <intelmq/cache.h>
#include <intelmq/dns.h>
#include <intelmq/ip.h>
#include <intelmq/json.h>
#include <intelmq/number.h>
#include <intelmq/prefix.h>
#include <intelmq/text.h>

struct params {
	bool overwrite;
	struct cache_params cache;
};

#define PARAMS struct params
static const struct param params[] = {
	BOOL(overwrite, "Replace values that are there."),
	GROUP(cache, cache_params),
	{ 0 },
};

enum { CELLS = 5, MAX_CACHED = 64 * 1024 };

/* The cells of an answer; what is missing, empty or NA is STR_NONE. */
struct cells {
	struct str cell[CELLS];
};

static struct cells split(struct bot *bot, struct str answer)
{
	struct cells out = { 0 };
	struct str rest = text_clean_utf8(bot->arena, dns_text(bot, answer));
	for (size_t i = 0; i < CELLS && rest.p; i++) {
		struct str cell = text_strip(str_cut(&rest, '|'));
		if (cell.n && !str_eq(cell, S("NA")))
			out.cell[i] = cell;
	}
	return out;
}

static struct str zone_of(struct bot *bot, const struct ip *ip)
{
	char labels[IP_REVERSE_SIZE];
	struct ip v4;
	/* Networks are announced for the IPv4 address behind a mapped one. */
	if (ip_is_mapped(ip, &v4))
		ip = &v4;
	ip_reverse_labels(ip, labels);
	return arena_printf(bot->arena, "%s.origin%s.asn.cymru.com", labels,
	                    ip->version == 4 ? "" : "6");
}

static int prefix_length(struct str text)
{
	struct network network;
	return text.p && network_parse(text, false, &network) == 0 ? network.length : -1;
}

/* Of several answers the one with the smallest network. */
static bool choose_origin(struct bot *bot, const struct dns_answer *answer, struct cells *out)
{
	int best = -2;
	for (size_t i = 0; i < answer->n; i++) {
		struct cells cells = split(bot, answer->values[i]);
		int length = prefix_length(cells.cell[1]);
		if (length > best) {
			best = length;
			*out = cells;
		}
	}
	return best > -2;
}

static void add(struct dict *found, const char *name, struct str text)
{
	if (text.p)
		dict_set(found, str_of(name), value_str(text));
}

/* Several systems may announce a network: the first one counts. */
static struct str asn_of(struct bot *bot, struct str cell)
{
	struct value number;
	struct str first = str_cut(&cell, ' ');
	return first.n && number_int(bot->arena, first, &number) == 0 ? first : STR_NONE;
}

/* An answer that did not come is no answer to be kept. */
static bool is_answer(enum dns_status status)
{
	return status != DNS_TIMEOUT && status != DNS_REFUSED;
}

static struct str name_of_as(struct bot *bot, struct str asn, bool *answered)
{
	struct dns_answer answer;
	struct str name = arena_printf(bot->arena, "AS%.*s.asn.cymru.com", STR_ARG(asn));
	enum dns_status status = dns_query(bot, name, DNS_TXT, &answer);
	*answered = is_answer(status);
	return status == DNS_FOUND ? split(bot, answer.values[0]).cell[4] : STR_NONE;
}

/* What is known of an address; NULL: nothing. `answered`: it is all that is to be known, and worth to be kept. */
static struct dict *look_up(struct bot *bot, const struct ip *ip, bool *answered)
{
	struct dns_answer answer;
	struct cells origin;
	struct dict *found = dict_new(bot->arena);
	enum dns_status status = dns_query(bot, zone_of(bot, ip), DNS_TXT, &answer);
	*answered = is_answer(status);
	if (status != DNS_FOUND || !choose_origin(bot, &answer, &origin))
		return NULL;
	struct str asn = asn_of(bot, origin.cell[0]);
	add(found, "asn", asn);
	add(found, "network", origin.cell[1]);
	add(found, "geolocation.cc", origin.cell[2]);
	add(found, "registry", origin.cell[3]);
	if (origin.cell[4].p)
		add(found, "allocated",
		    arena_printf(bot->arena, "%.*sT00:00:00+00:00", STR_ARG(origin.cell[4])));
	if (asn.p)
		add(found, "as_name", name_of_as(bot, asn, answered));
	return found->n ? found : NULL;
}

/* The cache has it as the reference writes it: a JSON object, or null. */
static struct dict *known_or_asked(struct bot *bot, struct str address, const struct ip *ip)
{
	const struct params *p = bot->params;
	struct str key = arena_printf(bot->arena, "%d_%.*s", ip->version, STR_ARG(address)), cached;
	struct value value;
	struct buffer text;
	if (cache_get(bot, key, &cached) && json_parse(bot->arena, cached, &value, NULL) == 0)
		return value.kind == VALUE_DICT ? value.dict : NULL;
	bool answered;
	struct dict *found = look_up(bot, ip, &answered);
	if (!answered)
		return found;
	buffer_init_in(&text, bot->arena, MAX_CACHED);
	json_write(&text, found ? value_dict(found) : value_null(), 0);
	if (!text.over)
		cache_set(bot, key, buffer_str(&text), p->cache.redis_cache_ttl);
	return found;
}

static enum result cymru_side(struct bot *bot, struct event *event, const char *side)
{
	const struct params *p = bot->params;
	struct str address = event_text(event, arena_printf(bot->arena, "%s.ip", side).p);
	struct ip ip;
	if (!address.p || ip_parse(address, &ip) < 0)
		return DONE;
	const struct dict *found = known_or_asked(bot, address, &ip);
	if (!found) {
		bot_log(bot, LEVEL_INFO, "Got no result from Cymru for IP address '%.*s'.",
		        STR_ARG(address));
		return DONE;
	}
	for (size_t i = 0; i < found->n; i++) {
		struct str name = found->pairs[i].key;
		if (str_eq(name, S("registry")) && value_is_text(found->pairs[i].value, S("other")))
			continue;
		struct str field = arena_printf(bot->arena, "%s.%.*s", side, STR_ARG(name));
		if (event_add(event, field, found->pairs[i].value,
		              p->overwrite ? EVENT_OVERWRITE : EVENT_KEEP) == ADD_FAILED)
			return BAD_DATA;
	}
	return DONE;
}

static enum result cymru_enrich(struct bot *bot, struct event *event)
{
	enum result result = cymru_side(bot, event, "source");
	return result == DONE ? cymru_side(bot, event, "destination") : result;
}

const struct bot_type experts_cymru_whois_expert = {
	.module = "intelmq.bots.experts.cymru_whois.expert",
	.summary = "Adds network, AS and registration data of addresses, from Team Cymru.",
	PARAMS_OF(.cache = CACHE_DEFAULTS(5)),
	.uses = USES_LOOKUPS,
	.enrich = cymru_enrich,
};
