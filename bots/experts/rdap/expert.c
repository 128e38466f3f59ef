/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Asks the registries of domains for abuse contacts by RDAP (RFC 9082, RFC 9083). Which server is in charge of a suffix stands
 * in the directory of IANA (RFC 9224):
 *
 *	https://data.iana.org/rdap/dns.json    {"services": [[["com", "net"], ["https://rdap.example/"]], …]}
 */
#include <intelmq/bot.h>
#include <intelmq/cache.h>
#include <intelmq/http.h>
#include <intelmq/json.h>
#include <intelmq/text.h>

struct params {
	bool overwrite;
	const struct list *rdap_order;
	const struct dict *rdap_bootstrapped_servers;
	struct cache_params cache;
	struct http_params http;
};

#define PARAMS struct params
static const struct param params[] = {
	BOOL(overwrite, "Replace a contact that is there."),
	LIST(rdap_order, "Roles of contacts, the preferred one first."),
	MAP(rdap_bootstrapped_servers,
	    "Servers for suffixes beside those of IANA: an address, or {\"url\": …, \"auth\": "
	    "{\"type\": \"jwt\", "
	    "\"token\": …}}.",
	    .json_text = true),
	GROUP(cache, cache_params),
	GROUP(http, http_params),
	{ 0 },
};

#define DIRECTORY S("https://data.iana.org/rdap/dns.json")

enum { MAX_DEPTH = 20, MAX_ENTITIES = 10000 };

struct state {
	struct dict *servers; /* suffix -> address, or a map with url and auth */
};

static const struct value *member(struct value v, const char *name)
{
	return v.kind == VALUE_DICT ? dict_get(v.dict, str_of(name)) : NULL;
}

static const struct list *list_in(struct value v, const char *name)
{
	static const struct list empty;
	const struct value *found = member(v, name);
	return found && found->kind == VALUE_LIST ? found->list : &empty;
}

/* ---- Which server ---- */

static void add_service(struct dict *servers, struct value service)
{
	if (service.kind != VALUE_LIST || service.list->n < 2)
		return;
	struct value names = service.list->items[0], urls = service.list->items[1];
	if (names.kind != VALUE_LIST || urls.kind != VALUE_LIST || !urls.list->n)
		return;
	if (urls.list->items[0].kind != VALUE_STR)
		return;
	for (size_t i = 0; i < names.list->n; i++)
		if (names.list->items[i].kind == VALUE_STR)
			dict_set(servers, names.list->items[i].text, urls.list->items[0]);
}

static struct str url_of(struct value server)
{
	const struct value *url = server.kind == VALUE_DICT ? member(server, "url") : &server;
	return url && url->kind == VALUE_STR ? url->text : STR_NONE;
}

/* What is wrong with a server of rdap_bootstrapped_servers; NULL: nothing. */
static const char *wrong_with(struct value server)
{
	struct str url = url_of(server);
	const struct value *auth = member(server, "auth");
	if (!str_starts(url, S("http://")) && !str_starts(url, S("https://")))
		return "needs an address that begins with http:// or https://";
	if (!auth || !value_truthy(*auth))
		return NULL;
	const struct value *type = member(*auth, "type"), *token = member(*auth, "token");
	if (!type || !value_is_text(*type, S("jwt")) || !token || token->kind != VALUE_STR)
		return "needs the type jwt and a token in auth";
	return NULL;
}

static enum result add_own(struct bot *bot, struct dict *servers)
{
	const struct params *p = bot->params;
	const struct dict *own = p->rdap_bootstrapped_servers;
	for (size_t i = 0; own && i < own->n; i++) {
		const char *wrong = wrong_with(own->pairs[i].value);
		if (wrong)
			return bot_fail(bot, BAD_CONF, "rdap_bootstrapped_servers: '%.*s' %s",
			                STR_ARG(own->pairs[i].key), wrong);
		dict_set(servers, own->pairs[i].key, own->pairs[i].value);
	}
	return DONE;
}

static enum result rdap_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct state *s = bot->state;
	struct http_request request = { .url = DIRECTORY, .params = &p->http };
	struct http_response response;
	struct value directory;
	enum result result = http_request(bot, &request, &response);
	if (result != DONE)
		return result;
	if (!http_succeeded(&response))
		return bot_fail(bot, TRY_LATER, "%.*s: HTTP status code was %d", STR_ARG(DIRECTORY),
		                response.status);
	if (json_parse(bot->arena, response.body, &directory, &bot->err) < 0)
		return TRY_LATER;
	const struct list *services = list_in(directory, "services");
	s->servers = dict_new(bot->arena);
	for (size_t i = 0; i < services->n; i++)
		add_service(s->servers, services->items[i]);
	return add_own(bot, s->servers);
}

/* The longest suffix that somebody is in charge of; name_out: the suffix with one label before it. */
static const struct value *server_of(const struct state *s, struct str fqdn, struct str *name_out)
{
	*name_out = fqdn;
	for (struct str rest = fqdn; rest.n;) {
		*name_out = rest;
		str_cut(&rest, '.');
		const struct value *server = rest.n ? dict_get(s->servers, rest) : NULL;
		if (server)
			return server;
	}
	return NULL;
}

/* ---- Contacts ---- */

/* The first address of a vCard in JSON (RFC 7095): ["vcard", [["email", {}, "text", "a@example.com"], …]] */
static struct str mail_of(struct value entity)
{
	const struct list *card = list_in(entity, "vcardArray");
	if (card->n < 2 || card->items[1].kind != VALUE_LIST)
		return STR_NONE;
	const struct list *properties = card->items[1].list;
	for (size_t i = 0; i < properties->n; i++) {
		const struct list *property = properties->items[i].kind == VALUE_LIST
		                                    ? properties->items[i].list
		                                    : NULL;
		if (property && property->n > 3 && value_is_text(property->items[0], S("email")) &&
		    property->items[3].kind == VALUE_STR)
			return property->items[3].text;
	}
	return STR_NONE;
}

static bool has_role(struct value entity, struct str role)
{
	const struct list *roles = list_in(entity, "roles");
	for (size_t i = 0; i < roles->n; i++)
		if (value_is_text(roles->items[i], role))
			return true;
	return false;
}

struct contacts {
	struct dict *by_role;
	size_t looked_at;
};

static void add_entities(struct contacts *c, struct value holder, int depth)
{
	const struct list *entities = list_in(holder, "entities");
	for (size_t i = 0; i < entities->n && depth < MAX_DEPTH && c->looked_at < MAX_ENTITIES;
	     i++) {
		struct value entity = entities->items[i];
		const struct list *roles = list_in(entity, "roles");
		struct str mail = mail_of(entity);
		c->looked_at++;
		if (has_role(entity, S("removed")))
			continue;
		for (size_t k = 0; mail.p && k < roles->n; k++)
			if (roles->items[k].kind == VALUE_STR)
				dict_set(c->by_role, roles->items[k].text, value_str(mail));
		add_entities(c, entity, depth + 1);
	}
}

static struct str preferred(struct bot *bot, struct value answer)
{
	const struct params *p = bot->params;
	struct contacts contacts = { dict_new(bot->arena), 0 };
	add_entities(&contacts, answer, 0);
	for (size_t i = 0; p->rdap_order && i < p->rdap_order->n; i++) {
		const struct value *mail = dict_get(contacts.by_role,
		                                    text_strip(p->rdap_order->items[i].text));
		if (mail)
			return mail->text;
	}
	return STR_NONE;
}

/* ---- Asking ---- */

static struct str joined(struct bot *bot, struct str a, struct str b, struct str c)
{
	struct buffer text;
	buffer_init_in(&text, bot->arena, SIZE_MAX / 2);
	buffer_add_str(&text, a);
	buffer_add_str(&text, b);
	buffer_add_str(&text, c);
	return buffer_str(&text);
}

static void set_server(struct bot *bot, const struct value *server, struct str name,
                       struct http_request *request, struct http_field *authorization)
{
	const struct value *auth = member(*server, "auth"),
			   *token = auth ? member(*auth, "token") : NULL;
	struct str url = url_of(*server);
	request->url = joined(bot, url, str_ends(url, S("/")) ? S("domain/") : S("/domain/"), name);
	if (!token)
		return;
	authorization->name = S("Authorization");
	authorization->value = joined(bot, S("Bearer "), token->text, S(""));
	request->fields = authorization;
	request->n_fields = 1;
}

/* The contact, STR_NONE: there is none. */
static enum result ask(struct bot *bot, struct str fqdn, struct str *contact_out)
{
	const struct params *p = bot->params;
	struct http_request request = { .params = &p->http, .shared = true };
	struct http_field authorization;
	struct http_response response;
	struct value answer;
	struct str name;
	const struct value *server = server_of(bot->state, fqdn, &name);
	*contact_out = STR_NONE;
	if (!server)
		return DONE;
	set_server(bot, server, name, &request, &authorization);
	enum result result = http_request(bot, &request, &response);
	if (result != DONE || response.status == 404)
		return result;
	if (!http_succeeded(&response))
		return bot_fail(bot, TRY_LATER, "%.*s: HTTP status code was %d",
		                STR_ARG(request.url), response.status);
	if (json_parse(bot->arena, response.body, &answer, &bot->err) < 0)
		return TRY_LATER;
	*contact_out = preferred(bot, answer);
	return DONE;
}

static enum result rdap_enrich(struct bot *bot, struct event *event)
{
	const struct params *p = bot->params;
	struct str fqdn = event_text(event, "source.fqdn"), contact;
	if (!fqdn.p || (event_has(event, "source.abuse_contact") && !p->overwrite))
		return DONE;
	struct str key = arena_printf(bot->arena, "rdap_%.*s", STR_ARG(fqdn));
	if (!cache_get(bot, key, &contact)) {
		enum result result = ask(bot, fqdn, &contact);
		if (result != DONE || !contact.p)
			return result;
		cache_set(bot, key, contact, p->cache.redis_cache_ttl);
	}
	return event_add(event, S("source.abuse_contact"), value_str(contact),
	                 p->overwrite ? EVENT_OVERWRITE : EVENT_KEEP) == ADD_FAILED
	             ? BAD_DATA
	             : DONE;
}

static void rdap_check(struct bot *bot, struct findings *findings)
{
	const struct params *p = bot->params;
	const struct dict *own = p->rdap_bootstrapped_servers;
	http_params_check(&p->http, findings);
	for (size_t i = 0; own && i < own->n; i++) {
		const char *wrong = wrong_with(own->pairs[i].value);
		if (wrong)
			finding_add(findings, SEVERITY_ERROR, "rdap_bootstrapped_servers",
			            "'%.*s' %s", STR_ARG(own->pairs[i].key), wrong);
	}
}

const struct bot_type experts_rdap_expert = {
	.module = "intelmq.bots.experts.rdap.expert",
	.summary = "Asks the registries of domains for abuse contacts by RDAP.",
	PARAMS_OF(.overwrite = true,
	          .rdap_order = TEXTS(TEXT("abuse"), TEXT("technical"), TEXT("administrative"),
	                              TEXT("registrant"), TEXT("registrar")),
	          .cache = CACHE_DEFAULTS(8), .http = HTTP_DEFAULTS_OF(8)),
	.state_size = sizeof(struct state),
	.uses = USES_LOOKUPS,
	.init = rdap_init,
	.check = rdap_check,
	.enrich = rdap_enrich,
};
