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
#include <intelmq/text.h>

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
	char labels[IP_REVERSE_SIZE];
	ip_reverse_labels(ip, labels);
	return arena_printf(bot->arena, "%s.abuse-contacts.abusix.org", labels);
}

/* Something, an @, and behind it something with a dot in the middle, up to the next @. */
static bool looks_like_mail(struct str text)
{
	struct str rest = text;
	struct str user = str_cut(&rest, '@');
	if (!user.n || !rest.p)
		return false;
	struct str host = str_cut(&rest, '@');
	size_t dot = str_index(str_slice(host, 1, host.n), '.');
	return dot != STR_NOT_FOUND && dot + 2 < host.n;
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
	enum dns_status status = dns_query(bot, zone_of(bot, &ip), DNS_TXT, &answer);
	/* The reference fails for an address without an entry, too; asking again would not help it. */
	if (status != DNS_FOUND)
		return bot_fail(
			bot, status == DNS_REFUSED || status == DNS_TIMEOUT ? TRY_LATER : BAD_DATA,
			"The contact of %.*s is not known: %.*s", STR_ARG(address),
			STR_ARG(answer.why));
	if (!looks_like_mail(answer.values[0]))
		return DONE;
	return event_replace(event, contact_field,
	                     text_clean_utf8(bot->arena, dns_text(bot, answer.values[0])));
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
