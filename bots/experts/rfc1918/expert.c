/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Removes fields, or drops events, whose addresses, names or networks are reserved for private use or documentation. */
#include <intelmq/bot.h>
#include <intelmq/ip.h>
#include <intelmq/text.h>
#include <intelmq/url.h>

struct params {
	const struct list *fields, *policy;
};

#define PARAMS struct params
static const struct param params[] = {
	LIST(fields, "Fields to look at, in this order.", .empty_is_value = true,
	     .keep_spaces = true),
	LIST(policy, "For each field: del removes it, drop discards the event.",
	     .empty_is_value = true, .keep_spaces = true),
	{ 0 },
};

/* RFC 1918, 6598, 1122, 3927, 6890, 5737, 3068, 2544, 5771, 1112, 919; 4291 and 3849. */
static const char *const reserved_networks[] = {
	"10.0.0.0/8",     "100.64.0.0/10", "127.0.0.0/8",        "169.254.0.0/16",
	"172.16.0.0/12",  "192.0.0.0/24",  "192.0.2.0/24",       "192.88.99.0/24",
	"192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24",    "203.0.113.0/24",
	"224.0.0.0/4",    "240.0.0.0/4",   "255.255.255.255/32", "fe80::/64",
	"2001:db8::/32",
};

/* RFC 2606. A name with a dot in front also stands for all names below it. */
static const char *const reserved_names[] = { "example.com", "example.net", "example.org" };
static const char *const reserved_domains[] = {
	".test",        ".example",     ".invalid",     ".localhost",
	".example.com", ".example.net", ".example.org",
};

enum { NETWORKS = sizeof reserved_networks / sizeof *reserved_networks };

struct rfc1918_state {
	struct network networks[NETWORKS];
	struct list *fields, *policy; /* in lower case */
};

static bool is_reserved_ip(const struct rfc1918_state *state, const struct ip *ip)
{
	for (size_t i = 0; i < NETWORKS; i++)
		if (network_has(&state->networks[i], ip))
			return true;
	return false;
}

static bool is_reserved_name(struct str name)
{
	for (size_t i = 0; i < sizeof reserved_names / sizeof *reserved_names; i++)
		if (str_eq(name, str_of(reserved_names[i])))
			return true;
	for (size_t i = 0; i < sizeof reserved_domains / sizeof *reserved_domains; i++)
		if (str_ends(name, str_of(reserved_domains[i])))
			return true;
	return false;
}

/* RFC 5398: numbers for documentation. */
static bool is_reserved_asn(int64_t asn)
{
	return (asn >= 64496 && asn <= 64511) || (asn >= 65536 && asn <= 65551);
}

/* 1 reserved, 0 not, -1 the value cannot be judged. */
static int judge(struct bot *bot, struct str field, const struct value *v)
{
	struct ip ip;
	struct url url;
	if (str_ends(field, S(".asn")))
		return v->kind == VALUE_INT && is_reserved_asn(v->integer);
	if (v->kind != VALUE_STR)
		return 0;
	if (str_ends(field, S(".ip")))
		return ip_parse(v->text, &ip) == 0 ? is_reserved_ip(bot->state, &ip) : 0;
	if (str_ends(field, S(".fqdn")))
		return is_reserved_name(v->text);
	if (!str_ends(field, S(".url")))
		return 0;
	if (url_split(bot->arena, v->text, &url, &bot->err) < 0)
		return -1;
	return ip_parse(url.authority, &ip) == 0 ? is_reserved_ip(bot->state, &ip)
	                                         : is_reserved_name(url.authority);
}

/* The first hit ends the search. */
static enum result rfc1918_enrich(struct bot *bot, struct event *event)
{
	const struct rfc1918_state *state = bot->state;
	for (size_t i = 0; i < state->fields->n; i++) {
		struct str field = state->fields->items[i].text,
			   policy = state->policy->items[i].text;
		const struct value *v = event_get_key(event, field);
		int hit = v ? judge(bot, field, v) : 0;
		if (hit < 0)
			return BAD_DATA;
		if (!hit)
			continue;
		if (str_eq(policy, S("drop"))) {
			bot_log(bot, LEVEL_DEBUG, "Dropped an event: %.*s is reserved.",
			        STR_ARG(field));
			return DROP;
		}
		if (str_eq(policy, S("del")))
			event_del_key(event, field);
		return DONE;
	}
	return DONE;
}

static const char *lists_disagree(const struct params *p)
{
	return p->fields && p->policy && p->fields->n == p->policy->n
	             ? NULL
	             : "policy must have one entry for each of fields";
}

static struct list *lowered(struct bot *bot, const struct list *texts)
{
	struct list *list = list_new(bot->arena);
	for (size_t i = 0; i < texts->n; i++)
		list_add(list, value_str(text_lower(bot->arena, texts->items[i].text)));
	return list;
}

static enum result rfc1918_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct rfc1918_state *state = bot->state;
	if (lists_disagree(p))
		return bot_fail(bot, BAD_CONF, "%s", lists_disagree(p));
	state->fields = lowered(bot, p->fields);
	state->policy = lowered(bot, p->policy);
	for (size_t i = 0; i < NETWORKS; i++)
		if (network_parse(str_of(reserved_networks[i]), true, &state->networks[i]) < 0)
			return bot_fail(bot, BAD_CONF, "%s is no network", reserved_networks[i]);
	return DONE;
}

static void rfc1918_check(struct bot *bot, struct findings *findings)
{
	const char *problem = lists_disagree(bot->params);
	if (problem)
		finding_add(findings, SEVERITY_ERROR, "policy", "%s", problem);
}

const struct bot_type experts_rfc1918_expert = {
	.module = "intelmq.bots.experts.rfc1918.expert",
	.summary = "Removes fields or drops events whose addresses or names are reserved.",
	PARAMS_OF(.fields = TEXTS(TEXT("destination.ip"), TEXT("source.ip"), TEXT("source.url")),
	          .policy = TEXTS(TEXT("del"), TEXT("drop"), TEXT("drop"))),
	.state_size = sizeof(struct rfc1918_state),
	.init = rfc1918_init,
	.check = rfc1918_check,
	.enrich = rfc1918_enrich,
};
