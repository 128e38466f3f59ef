/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Looks up abuse contacts of addresses by DNS:
 *
 *	1.2.0.192.abuse-contacts.abusix.org    TXT "abuse@example.com"
 *
 * https://www.abusix.com/contactdb
 */
#include <intelmq/bot.h>
#include <intelmq/dns.h>
#include <intelmq/ip.h>

struct params {
	bool overwrite;
};

#define PARAMS struct params
static const struct param params[] = {
	BOOL(overwrite, "Replace a contact that is there."),
	{ 0 },
};

static struct str zone_of(struct bot *bot, const struct ip *ip)
{
	char name[IP_REVERSE_SIZE];
	struct str reverse = ip_reverse(ip, name);
	size_t ending = ip->version == 4 ? sizeof "in-addr.arpa." - 1 : sizeof "ip6.arpa." - 1;
	return arena_printf(bot->arena, "%.*sabuse-contacts.abusix.org", (int)(reverse.n - ending),
	                    reverse.p);
}

/* Something, an @, something with a dot in the middle. */
static bool looks_like_mail(struct str text)
{
	size_t at = str_find(text, S("@"));
	if (at == STR_NOT_FOUND || at == 0)
		return false;
	struct str host = str_slice(text, at + 1, text.n);
	host = str_slice(host, 0,
	                 str_find(host, S("@")) == STR_NOT_FOUND ? host.n : str_find(host, S("@")));
	size_t dot = host.n > 1 ? str_find(str_slice(host, 1, host.n), S(".")) : STR_NOT_FOUND;
	return dot != STR_NOT_FOUND;
}

static enum result abusix_side(struct bot *bot, struct event *event, const char *ip_field,
                               const char *contact_field)
{
	const struct params *p = bot->params;
	struct str address = event_text(event, ip_field);
	struct dns_answer answer;
	struct ip ip;
	if (!address.p || ip_parse(address, &ip) < 0 ||
	    (event_has(event, contact_field) && !p->overwrite))
		return DONE;
	if (dns_query(bot, zone_of(bot, &ip), DNS_TXT, &answer) != DNS_FOUND)
		return bot_fail(bot, TRY_LATER, "The contact of %.*s is not known: %.*s",
		                STR_ARG(address), STR_ARG(answer.why));
	if (!looks_like_mail(answer.values[0]))
		return DONE;
	return event_replace(event, contact_field, dns_text(bot, answer.values[0]));
}

static enum result abusix_enrich(struct bot *bot, struct event *event)
{
	enum result result = abusix_side(bot, event, "source.ip", "source.abuse_contact");
	if (result != DONE)
		return result;
	return abusix_side(bot, event, "destination.ip", "destination.abuse_contact");
}

const struct bot_type experts_abusix_expert = {
	.module = "intelmq.bots.experts.abusix.expert",
	.summary = "Looks up abuse contacts of addresses, from Abusix.",
	PARAMS_OF(.overwrite = false),
	.uses = USES_LOOKUPS,
	.enrich = abusix_enrich,
};
