/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Takes URLs apart: host, port, path, account and protocol become fields of their own. */
#include <intelmq/bot.h>
#include <intelmq/url.h>

struct params {
	bool overwrite;
	const struct list *skip_fields;
};

#define PARAMS struct params
static const struct param params[] = {
	BOOL(overwrite, "Replace values that are there."),
	LIST(skip_fields, "Fields that are never written."),
	{ 0 },
};

/* What a scheme says about port and protocols. */
static const struct scheme {
	const char *name;
	int port;
	const char *application, *transport;
} schemes[] = {
	{ "ftp", 21, "ftp", "tcp" },
	{ "http", 80, "http", "tcp" },
	{ "https", 443, "http", NULL },
	{ "sftp", 22, "sftp", "tcp" },
	{ "ssh", 22, "ssh", "tcp" },
	{ "tftp", 69, "tftp", "udp" },
	{ "ws", 80, "ws", "tcp" },
	{ "wss", 443, "wss", "tcp" },
	{ 0 },
};

static const struct scheme *scheme_find(struct str name)
{
	const struct scheme *scheme = schemes;
	while (scheme->name && !str_eq(str_of(scheme->name), name))
		scheme++;
	return scheme;
}

/* The fields of one side. */
struct side {
	const char *url, *ip, *fqdn, *port, *urlpath, *account;
};

static const struct side sides[] = {
	{ "source.url", "source.ip", "source.fqdn", "source.port", "source.urlpath",
	  "source.account" },
	{ "destination.url", "destination.ip", "destination.fqdn", "destination.port",
	  "destination.urlpath", "destination.account" },
};

static bool is_skipped(const struct params *p, const char *field)
{
	for (size_t i = 0; p->skip_fields && i < p->skip_fields->n; i++)
		if (value_is_text(p->skip_fields->items[i], str_of(field)))
			return true;
	return false;
}

/* ADD_REFUSED: the field is skipped, kept as it was, or the value does not fit it. */
static enum added put(struct bot *bot, struct event *event, const char *field, struct value v,
                      unsigned lenient)
{
	const struct params *p = bot->params;
	if (is_skipped(p, field))
		return ADD_REFUSED;
	return event_add(event, str_of(field), v,
	                 (p->overwrite ? EVENT_OVERWRITE : EVENT_KEEP) | lenient);
}

static enum added put_text(struct bot *bot, struct event *event, const char *field, struct str text,
                           unsigned lenient)
{
	return put(bot, event, field, text.p ? value_str(text) : value_null(), lenient);
}

/* The host is an address or a name. */
static enum added put_host(struct bot *bot, struct event *event, const struct side *side,
                           struct str host)
{
	if (!host.n)
		return ADD_REFUSED;
	int is_ip = event_would_accept(event, str_of(side->ip), value_str(host), true);
	if (is_ip > 0 && !is_skipped(bot->params, side->ip))
		return put_text(bot, event, side->ip, host, 0);
	if (event_would_accept(event, str_of(side->fqdn), value_str(host), true) > 0)
		return put_text(bot, event, side->fqdn, host, 0);
	return ADD_REFUSED;
}

static enum added put_port(struct bot *bot, struct event *event, const struct side *side,
                           const struct url *url, const struct scheme *scheme)
{
	int port;
	if (url_port(url, &port, &bot->err) < 0)
		return ADD_FAILED;
	if (port < 0)
		port = scheme->port;
	return port ? put(bot, event, side->port, value_int(port), 0) : ADD_REFUSED;
}

static enum result url_side(struct bot *bot, struct event *event, const struct side *side,
                            bool *protocol_known)
{
	struct str text = event_text(event, side->url);
	struct url url;
	if (!text.p)
		return DONE;
	if (url_split(bot->arena, text, &url, &bot->err) < 0)
		return BAD_DATA;
	const struct scheme *scheme = scheme_find(url.scheme);
	if (put_host(bot, event, side, url_hostname(bot->arena, &url)) == ADD_FAILED ||
	    put_port(bot, event, side, &url, scheme) == ADD_FAILED)
		return BAD_DATA;
	if (url.path.n && put_text(bot, event, side->urlpath, url.path, 0) == ADD_FAILED)
		return BAD_DATA;
	struct str account = url_username(&url);
	if (account.n && put_text(bot, event, side->account, account, EVENT_LENIENT) == ADD_FAILED)
		return BAD_DATA;
	if (*protocol_known)
		return DONE;
	struct str application = scheme->application ? str_of(scheme->application) : url.scheme;
	enum added first = put_text(bot, event, "protocol.application", application, 0);
	enum added second = scheme->transport ? put_text(bot, event, "protocol.transport",
	                                                 str_of(scheme->transport), 0)
	                                      : ADD_REFUSED;
	*protocol_known = first == ADD_STORED || second == ADD_STORED;
	return first == ADD_FAILED || second == ADD_FAILED ? BAD_DATA : DONE;
}

static enum result url_enrich(struct bot *bot, struct event *event)
{
	bool protocol_known = false;
	for (size_t i = 0; i < sizeof sides / sizeof *sides; i++) {
		enum result result = url_side(bot, event, &sides[i], &protocol_known);
		if (result != DONE)
			return result;
	}
	return DONE;
}

const struct bot_type experts_url_expert = {
	.module = "intelmq.bots.experts.url.expert",
	.summary = "Takes URLs apart into host, port, path, account and protocol.",
	PARAMS_OF(.overwrite = false),
	.enrich = url_enrich,
};
