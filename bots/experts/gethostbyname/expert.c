/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Looks up the IPv4 address of a host name, or of the host of a URL. */
#include <intelmq/bot.h>
#include <intelmq/dns.h>
#include <intelmq/idna.h>
#include <intelmq/ip.h>
#include <intelmq/number.h>
#include <intelmq/text.h>
#include <intelmq/url.h>

struct params {
	bool fallback_to_url, overwrite;
	struct value gaierrors_to_ignore;
};

#define PARAMS struct params
static const struct param params[] = {
	BOOL(fallback_to_url, "Use the host of the URL where there is no name."),
	VALUE(gaierrors_to_ignore,
	      "Numbers of errors (getaddrinfo(3)) that leave the event as it is instead of being "
	      "tried "
	      "again: one, a list, or text with commas.",
	      .nullable = true),
	BOOL(overwrite, "Replace an address that is there."),
	{ 0 },
};

/* What getaddrinfo(3) of Linux says. */
enum { NAME_UNKNOWN = -2, TRY_AGAIN = -3, FAILURE = -4, NO_DATA = -5, SERVICE = -8, SYSTEM = -11 };

struct state {
	const struct list *ignored; /* integers */
};

static int error_number(enum dns_status status)
{
	switch (status) {
	case DNS_NO_DATA:
		return NO_DATA;
	case DNS_REFUSED:
	case DNS_TIMEOUT:
		return TRY_AGAIN;
	default:
		return NAME_UNKNOWN;
	}
}

static bool is_ignored(const struct state *s, int number)
{
	static const int always[] = { NAME_UNKNOWN, FAILURE, NO_DATA, SERVICE, SYSTEM };
	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		if (number == always[i])
			return true;
	for (size_t i = 0; s->ignored && i < s->ignored->n; i++)
		if (s->ignored->items[i].integer == number)
			return true;
	return false;
}

/*
 * The host of a URL as the name servers know it; STR_NONE if it is an address, or there is none. The reference takes port
 * and user for a part of the name, which then does not exist.
 */
static struct str host_of(struct bot *bot, struct str text)
{
	struct url url;
	struct ip ip;
	int port;
	if (url_split(bot->arena, text, &url, NULL) < 0 || url_port(&url, &port, NULL) < 0)
		return STR_NONE;
	struct str host = url_hostname(bot->arena, &url), ascii;
	if (!host.p || ip_parse(host, &ip) == 0 || idna_encode(bot->arena, host, &ascii, NULL) < 0)
		return STR_NONE;
	return ascii;
}

static struct str name_of(struct bot *bot, const struct event *event, const char *fqdn,
                          const char *url)
{
	const struct params *p = bot->params;
	struct str name = event_text(event, fqdn), text = event_text(event, url);
	return name.p || !p->fallback_to_url || !text.p ? name : host_of(bot, text);
}

static enum result gethostbyname_side(struct bot *bot, struct event *event, const char *ip,
                                      const char *fqdn, const char *url)
{
	const struct params *p = bot->params;
	struct dns_answer answer;
	if (event_has(event, ip) && !p->overwrite)
		return DONE;
	struct str name = name_of(bot, event, fqdn, url);
	if (!name.n)
		return DONE;
	enum dns_status status = dns_host(bot, name, DNS_A, &answer);
	if (status == DNS_FOUND) {
		unsigned flags = EVENT_LENIENT | (p->overwrite ? EVENT_OVERWRITE : 0);
		enum added added = event_add(event, str_of(ip), value_str(answer.values[0]), flags);
		return added == ADD_FAILED ? BAD_DATA : DONE;
	}
	if (is_ignored(bot->state, error_number(status)))
		return DONE;
	return bot_fail(bot, TRY_LATER, "Looking up %.*s: %.*s", STR_ARG(name),
	                STR_ARG(answer.why));
}

static enum result gethostbyname_enrich(struct bot *bot, struct event *event)
{
	enum result result = gethostbyname_side(bot, event, "source.ip", "source.fqdn",
	                                        "source.url");
	if (result != DONE)
		return result;
	return gethostbyname_side(bot, event, "destination.ip", "destination.fqdn",
	                          "destination.url");
}

static int add_number(struct bot *bot, struct list *numbers, struct str text)
{
	struct value number;
	if (number_int(bot->arena, text_strip(text), &number) < 0)
		return err_set(&bot->err, FAULT_CONFIGURATION,
		               "gaierrors_to_ignore: '%.*s' is no number", STR_ARG(text));
	list_add(numbers, number);
	return 0;
}

/* One number, text with commas, or a list of texts. */
static enum result read_ignored(struct bot *bot, struct value given, struct list *out)
{
	int rc = 0;
	if (given.kind == VALUE_INT) {
		list_add(out, given);
	} else if (given.kind == VALUE_STR) {
		for (struct str rest = given.text; rc == 0 && rest.p && given.text.n;)
			rc = add_number(bot, out, str_cut(&rest, ','));
	} else if (given.kind == VALUE_LIST) {
		for (size_t i = 0; rc == 0 && i < given.list->n; i++)
			rc = given.list->items[i].kind == VALUE_STR
			           ? add_number(bot, out, given.list->items[i].text)
			           : err_set(&bot->err, FAULT_CONFIGURATION,
			                     "gaierrors_to_ignore: the numbers of a list are given "
			                     "as texts");
	} else if (value_truthy(given)) {
		rc = err_set(&bot->err, FAULT_CONFIGURATION,
		             "gaierrors_to_ignore: a number, a list or a text is needed");
	}
	return rc < 0 ? BAD_CONF : DONE;
}

static enum result gethostbyname_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct state *s = bot->state;
	struct list *numbers = list_new(bot->arena);
	s->ignored = numbers;
	return read_ignored(bot, p->gaierrors_to_ignore, numbers);
}

static void gethostbyname_check(struct bot *bot, struct findings *findings)
{
	const struct params *p = bot->params;
	if (read_ignored(bot, p->gaierrors_to_ignore, list_new(bot->arena)) != DONE)
		finding_add(findings, SEVERITY_ERROR, "gaierrors_to_ignore", "%s", bot->err.text);
}

const struct bot_type experts_gethostbyname_expert = {
	.module = "intelmq.bots.experts.gethostbyname.expert",
	.summary = "Looks up the IPv4 address of a host name.",
	PARAMS_OF(.fallback_to_url = true),
	.state_size = sizeof(struct state),
	.uses = USES_LOOKUPS,
	.init = gethostbyname_init,
	.check = gethostbyname_check,
	.enrich = gethostbyname_enrich,
};
