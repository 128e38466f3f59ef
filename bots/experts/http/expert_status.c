/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Says whether the address in a field can be fetched: status online or offline. */
#include <intelmq/bot.h>
#include <intelmq/http.h>
#include <intelmq/number.h>

struct params {
	const char *field;
	bool overwrite;
	const struct list *success_status_codes;
	struct http_params http;
};

#define PARAMS struct params
static const struct param params[] = {
	STR(field, "Field with the address."),
	BOOL(overwrite, "Replace a status that is there."),
	LIST(success_status_codes, "Status codes that mean online beside those below 400."),
	GROUP(http, http_params),
	{ 0 },
};

enum { BODY = 16 * 1024 }; /* the status stands in front of it */

static bool is_success(struct bot *bot, int status)
{
	const struct params *p = bot->params;
	const struct list *codes = p->success_status_codes;
	struct value code;
	for (size_t i = 0; codes && i < codes->n; i++)
		if (number_int(bot->arena, codes->items[i].text, &code) == 0 &&
		    code.kind == VALUE_INT && code.integer == status)
			return true;
	return status < 400;
}

static enum result status_enrich(struct bot *bot, struct event *event)
{
	const struct params *p = bot->params;
	const struct http_request request = {
		.url = event_text(event, p->field),
		.params = &p->http,
		.enough = BODY,
	};
	struct http_response response;
	unsigned flags = p->overwrite ? EVENT_OVERWRITE : EVENT_KEEP;
	if (!request.url.p)
		return DONE;
	enum result result = http_request(bot, &request, &response);
	if (result == BAD_CONF)
		return result;
	bool online = result == DONE && is_success(bot, response.status);
	if (event_add(event, S("status"), value_str(online ? S("online") : S("offline")), flags) ==
	    ADD_FAILED)
		return BAD_DATA;
	if (online)
		return DONE;
	struct str reason = result == DONE ? response.reason
	                                   : arena_dup(bot->arena, str_of(bot->err.text));
	/* The reference fails where there is a reason already. */
	return event_add(event, S("extra.reason"), value_str(reason), flags) == ADD_FAILED
	             ? BAD_DATA
	             : DONE;
}

static void status_check(struct bot *bot, struct findings *findings)
{
	const struct params *p = bot->params;
	const struct list *codes = p->success_status_codes;
	struct value code;
	http_params_check(&p->http, findings);
	for (size_t i = 0; codes && i < codes->n; i++)
		if (number_int(bot->arena, codes->items[i].text, &code) < 0)
			finding_add(findings, SEVERITY_ERROR, "success_status_codes",
			            "'%.*s' is no number", STR_ARG(codes->items[i].text));
}

const struct bot_type experts_http_expert_status = {
	.module = "intelmq.bots.experts.http.expert_status",
	.summary = "Says whether the address in a field can be fetched.",
	PARAMS_OF(.field = "source.url", .overwrite = true, .http = HTTP_DEFAULTS),
	.uses = USES_LOOKUPS,
	.check = status_check,
	.enrich = status_enrich,
};
