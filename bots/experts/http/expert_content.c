/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Says whether a text stands in what the address in a field gives: status online or offline. */
#include <intelmq/bot.h>
#include <intelmq/charset.h>
#include <intelmq/http.h>

struct params {
	const char *field, *needle;
	bool overwrite;
	struct http_params http;
};

#define PARAMS struct params
static const struct param params[] = {
	STR(field, "Field with the address."),
	STR(needle, "Text that must occur in the first 4 MB; without one the bot does nothing.",
	    .nullable = true),
	BOOL(overwrite, "Replace a status that is there."),
	GROUP(http, http_params),
	{ 0 },
};

enum { LOOKED_AT = 4 * 1024 * 1024 }; /* bytes: a thousand pages may be under way */

/* As the page is written, if it says how. */
static bool has_needle(struct bot *bot, const struct http_response *response)
{
	const struct params *p = bot->params;
	struct str needle = str_of(p->needle), charset = http_charset(response), encoded;
	if (charset.n && charset_encode(bot->arena, needle, charset, false, &encoded, NULL) == 0)
		needle = encoded;
	return str_find(response->body, needle) != STR_NOT_FOUND;
}

/* STR_NONE: the text is there. */
static enum result why_offline(struct bot *bot, struct str url, struct str *why)
{
	const struct params *p = bot->params;
	const struct http_request request = { .url = url, .params = &p->http, .enough = LOOKED_AT };
	struct http_response response;
	struct buffer text;
	enum result result = http_request(bot, &request, &response);
	*why = STR_NONE;
	if (result == BAD_CONF)
		return BAD_CONF;
	if (result != DONE) {
		*why = arena_dup(bot->arena, str_of(bot->err.text));
	} else if (response.status >= 400) {
		*why = response.reason.p ? response.reason : S("");
	} else if (!has_needle(bot, &response)) {
		buffer_init_in(&text, bot->arena, SIZE_MAX / 2);
		buffer_add_str(&text, S("Text "));
		buffer_add_str(&text, str_of(p->needle));
		buffer_add_str(&text, S(" not found in response from "));
		buffer_add_str(&text, url);
		*why = buffer_str(&text);
	}
	return DONE;
}

static enum result content_enrich(struct bot *bot, struct event *event)
{
	const struct params *p = bot->params;
	struct str url = event_text(event, p->field), why;
	unsigned flags = p->overwrite ? EVENT_OVERWRITE : EVENT_KEEP;
	if (!url.p || !p->needle)
		return DONE;
	enum result result = why_offline(bot, url, &why);
	if (result != DONE)
		return result;
	struct str status = why.p ? S("offline") : S("online");
	if (event_add(event, S("status"), value_str(status), flags) == ADD_FAILED)
		return BAD_DATA;
	/* The reference fails where there is a reason already. */
	if (why.p && event_add(event, S("extra.reason"), value_str(why), flags) == ADD_FAILED)
		return BAD_DATA;
	return DONE;
}

static void content_check(struct bot *bot, struct findings *findings)
{
	const struct params *p = bot->params;
	http_params_check(&p->http, findings);
}

const struct bot_type experts_http_expert_content = {
	.module = "intelmq.bots.experts.http.expert_content",
	.summary = "Says whether a text stands in what the address in a field gives.",
	PARAMS_OF(.field = "source.url", .overwrite = true, .http = HTTP_DEFAULTS),
	.uses = USES_LOOKUPS,
	.check = content_check,
	.enrich = content_enrich,
};
