/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Says whether a text stands in what the address in a field gives: status online or offline. */
#include <intelmq/bot.h>
#include <intelmq/http.h>

struct params {
	const char *field, *needle;
	bool overwrite;
	struct http_params http;
};

#define PARAMS struct params
static const struct param params[] = {
	STR(field, "Field with the address."),
	STR(needle, "Text that must occur; without one the bot does nothing.", .nullable = true),
	BOOL(overwrite, "Replace a status that is there."),
	GROUP(http, http_params),
	{ 0 },
};

/* NULL: the text is there. */
static const char *why_offline(struct bot *bot, struct str url)
{
	const struct params *p = bot->params;
	struct http_request request = { .url = url, .params = &p->http };
	struct http_response response;
	if (http_request(bot, &request, &response) != DONE)
		return arena_cstr(bot->arena, str_of(bot->err.text));
	if (response.status >= 400)
		return arena_cstr(bot->arena, response.reason);
	if (str_find(response.body, str_of(p->needle)) != STR_NOT_FOUND)
		return NULL;
	return arena_printf(bot->arena, "Text %s not found in response from %.*s", p->needle,
	                    STR_ARG(url))
	        .p;
}

static enum result content_enrich(struct bot *bot, struct event *event)
{
	const struct params *p = bot->params;
	struct str url = event_text(event, p->field);
	unsigned flags = p->overwrite ? EVENT_OVERWRITE : EVENT_KEEP;
	if (!url.p || !p->needle)
		return DONE;
	const char *why = why_offline(bot, url);
	if (event_add(event, S("status"), value_str(why ? S("offline") : S("online")), flags) ==
	    ADD_FAILED)
		return BAD_DATA;
	return why ? event_set(event, "extra.reason", str_of(why)) : DONE;
}

const struct bot_type experts_http_expert_content = {
	.module = "intelmq.bots.experts.http.expert_content",
	.summary = "Says whether a text stands in what the address in a field gives.",
	PARAMS_OF(.field = "source.url", .overwrite = true, .http = HTTP_DEFAULTS),
	.uses = USES_LOOKUPS,
	.enrich = content_enrich,
};
