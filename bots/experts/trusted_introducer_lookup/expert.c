/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Adds the contacts of teams that are listed by the Trusted Introducer, by domain or AS.
 *
 *	https://www.trusted-introducer.org/directory/teams.json
 *	[{"emails": [{"usage": ["contact"], "address": "team@example.com"}],
 *	  "constituency": {"domains": ["*.example.com"], "asns": [64496]}}, …]
 */
#include <intelmq/bot.h>
#include <intelmq/http.h>
#include <intelmq/json.h>
#include <intelmq/repr.h>
#include <intelmq/text.h>

struct params {
	const char *order;
	bool overwrite;
	struct http_params http;
};

#define PARAMS struct params
static const struct param params[] = {
	STR(order, "What is looked for, in this order: domain, asn."),
	BOOL(overwrite, "Replace a contact that is there."),
	GROUP(http, http_params),
	{ 0 },
};

#define TEAMS S("https://www.trusted-introducer.org/directory/teams.json")

struct state {
	struct dict *by_domain, *by_asn;
};

static const struct list *list_in(struct value v, const char *name)
{
	static const struct list empty;
	const struct value *found = v.kind == VALUE_DICT ? dict_get(v.dict, str_of(name)) : NULL;
	return found && found->kind == VALUE_LIST ? found->list : &empty;
}

static struct str text_in(struct value v, const char *name)
{
	const struct value *found = v.kind == VALUE_DICT ? dict_get(v.dict, str_of(name)) : NULL;
	return found && found->kind == VALUE_STR ? found->text : STR_NONE;
}

/* The first address that is for contacts; a team without one has the empty contact, as in the reference. */
static struct str contact_of(const struct list *emails)
{
	for (size_t i = 0; i < emails->n; i++) {
		struct str mail = text_in(emails->items[i], "address");
		const struct list *usage = list_in(emails->items[i], "usage");
		for (size_t k = 0; mail.p && k < usage->n; k++)
			if (value_is_text(usage->items[k], S("contact")))
				return mail;
	}
	return S("");
}

static void add_team(struct bot *bot, struct value team)
{
	struct state *s = bot->state;
	const struct list *emails = list_in(team, "emails");
	const struct value *constituency = team.kind == VALUE_DICT
	                                         ? dict_get(team.dict, S("constituency"))
	                                         : NULL;
	if (!emails->n || !constituency)
		return;
	struct value contact = value_str(contact_of(emails));
	const struct list *domains = list_in(*constituency, "domains"),
			  *asns = list_in(*constituency, "asns");
	for (size_t i = 0; i < domains->n; i++) {
		struct str domain = domains->items[i].kind == VALUE_STR ? domains->items[i].text
		                                                        : S("");
		if (str_find(domain, S(".*")) != STR_NOT_FOUND)
			continue;
		if (str_starts(domain, S("*.")))
			domain = str_slice(domain, 2, domain.n);
		dict_set(s->by_domain, domain, contact);
	}
	for (size_t i = 0; i < asns->n; i++)
		dict_set(s->by_asn, value_text(bot->arena, asns->items[i]), contact);
}

static enum result lookup_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct state *s = bot->state;
	struct http_request request = { .url = TEAMS, .params = &p->http };
	struct http_response response;
	struct value teams;
	s->by_domain = dict_new(bot->arena);
	s->by_asn = dict_new(bot->arena);
	enum result result = http_request(bot, &request, &response);
	if (result != DONE)
		return result;
	if (!http_succeeded(&response))
		return bot_fail(bot, TRY_LATER, "%.*s: HTTP status code was %d", STR_ARG(TEAMS),
		                response.status);
	if (json_parse(bot->arena, response.body, &teams, &bot->err) < 0)
		return TRY_LATER;
	for (size_t i = 0; teams.kind == VALUE_LIST && i < teams.list->n; i++)
		add_team(bot, teams.list->items[i]);
	return DONE;
}

static const struct value *find(struct bot *bot, const struct event *event, struct str what)
{
	const struct state *s = bot->state;
	const struct value *asn = event_get(event, "source.asn"), *found = NULL;
	if (str_eq(what, S("asn")))
		return asn ? dict_get(s->by_asn, value_text(bot->arena, *asn)) : NULL;
	for (struct str domain = event_text(event, "source.fqdn"); domain.n && !found;
	     str_cut(&domain, '.'))
		found = dict_get(s->by_domain, domain);
	return found;
}

static enum result lookup_enrich(struct bot *bot, struct event *event)
{
	const struct params *p = bot->params;
	unsigned flags = p->overwrite ? EVENT_OVERWRITE : EVENT_KEEP;
	for (struct str rest = str_of(p->order); rest.p;) {
		const struct value *found = find(bot, event, text_strip(str_cut(&rest, ',')));
		/* What is there stays if no team is in charge; the reference removes it. */
		if (found && found->text.n)
			return event_add(event, S("source.abuse_contact"), *found, flags) ==
			                       ADD_FAILED
			             ? BAD_DATA
			             : DONE;
	}
	return DONE;
}

static void lookup_check(struct bot *bot, struct findings *findings)
{
	const struct params *p = bot->params;
	for (struct str rest = str_of(p->order); rest.p;) {
		struct str what = text_strip(str_cut(&rest, ','));
		if (!str_eq(what, S("domain")) && !str_eq(what, S("asn")))
			finding_add(findings, SEVERITY_ERROR, "order",
			            "'%.*s' is neither domain nor asn", STR_ARG(what));
	}
	http_params_check(&p->http, findings);
}

const struct bot_type experts_trusted_introducer_lookup_expert = {
	.module = "intelmq.bots.experts.trusted_introducer_lookup.expert",
	.summary = "Adds the contacts of teams that are listed by the Trusted Introducer.",
	PARAMS_OF(.order = "domain, asn", .overwrite = true, .http = HTTP_DEFAULTS),
	.state_size = sizeof(struct state),
	.uses = USES_LOOKUPS,
	.init = lookup_init,
	.check = lookup_check,
	.enrich = lookup_enrich,
};
