/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Copies the host of a URL to the name or address field of its side. Superseded by the URL expert. */
#include <intelmq/bot.h>
#include <intelmq/url.h>

struct params {
	bool overwrite;
};

#define PARAMS struct params
static const struct param params[] = {
	BOOL(overwrite, "Replace a name that is there."),
	{ 0 },
};

static const char deprecated[] =
	"This bot is deprecated; use intelmq.bots.experts.url.expert with skip_fields";

static enum result url2fqdn_side(struct bot *bot, struct event *event, const char *url_field,
                                 const char *fqdn, const char *ip)
{
	const struct params *p = bot->params;
	struct str text = event_text(event, url_field);
	unsigned flags = EVENT_LENIENT | EVENT_OVERWRITE;
	struct url url;
	if (!text.p || (event_has(event, fqdn) && !p->overwrite))
		return DONE;
	if (url_split(bot->arena, text, &url, &bot->err) < 0)
		return BAD_DATA;
	struct str host = url_hostname(bot->arena, &url);
	struct value value = host.p ? value_str(host) : value_null();
	enum added added = event_add(event, str_of(fqdn), value, flags);
	if (added == ADD_REFUSED)
		added = event_add(event, str_of(ip), value, flags);
	return added == ADD_FAILED ? BAD_DATA : DONE;
}

static enum result url2fqdn_enrich(struct bot *bot, struct event *event)
{
	enum result result = url2fqdn_side(bot, event, "source.url", "source.fqdn", "source.ip");
	if (result != DONE)
		return result;
	return url2fqdn_side(bot, event, "destination.url", "destination.fqdn", "destination.ip");
}

static enum result url2fqdn_init(struct bot *bot)
{
	bot_log(bot, LEVEL_WARNING, "%s.", deprecated);
	return DONE;
}

static void url2fqdn_check(struct bot *bot, struct findings *findings)
{
	(void)bot;
	finding_add(findings, SEVERITY_WARNING, NULL, "%s", deprecated);
}

const struct bot_type experts_url2fqdn_expert = {
	.module = "intelmq.bots.experts.url2fqdn.expert",
	.summary = "Copies the host of a URL to the name or address field (superseded by the URL "
		   "expert).",
	PARAMS_OF(.overwrite = false),
	.init = url2fqdn_init,
	.check = url2fqdn_check,
	.enrich = url2fqdn_enrich,
};
