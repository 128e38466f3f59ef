/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Keeps what a uWhoisd server says of name, address and AS of the source. https://github.com/Lookyloo/uwhoisd */
#include <intelmq/bot.h>
#include <intelmq/text.h>
#include <intelmq/url.h>
#include <intelmq/whois.h>

struct params {
	const char *server;
	int64_t port;
};

#define PARAMS struct params
static const struct param params[] = {
	STR(server, "Host of the uWhoisd server."),
	INT(port, "Its port.", .min = 1, .max = 65535),
	{ 0 },
};

static enum result ask(struct bot *bot, struct event *event, const char *field, struct str question)
{
	const struct params *p = bot->params;
	struct str answer;
	if (!question.n)
		return DONE;
	enum result result = whois_query(bot, str_of(p->server), (int)p->port, question, &answer);
	return result == DONE ? event_set(event, field, text_clean_utf8(bot->arena, answer))
	                      : result;
}

static struct str name_of(struct bot *bot, const struct event *event)
{
	struct str name = event_text(event, "source.fqdn"), text = event_text(event, "source.url");
	struct url url;
	if (name.p || !text.p || url_split(bot->arena, text, &url, NULL) < 0)
		return name;
	return url_hostname(bot->arena, &url);
}

static enum result uwhoisd_enrich(struct bot *bot, struct event *event)
{
	const struct value *asn = event_get(event, "source.asn");
	struct str number = S("");
	if (asn && asn->kind == VALUE_INT)
		number = arena_printf(bot->arena, "AS%lld", (long long)asn->integer);
	enum result result = ask(bot, event, "extra.whois.fqdn", name_of(bot, event));
	if (result == DONE)
		result = ask(bot, event, "extra.whois.ip", event_text(event, "source.ip"));
	return result == DONE ? ask(bot, event, "extra.whois.asn", number) : result;
}

const struct bot_type experts_uwhoisd_expert = {
	.module = "intelmq.bots.experts.uwhoisd.expert",
	.summary = "Keeps what a uWhoisd server says of name, address and AS of the source.",
	PARAMS_OF(.server = "localhost", .port = 4243),
	.uses = USES_LOOKUPS,
	.enrich = uwhoisd_enrich,
};
