/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Asks RIPE for abuse contacts of addresses and AS numbers, and for geolocation.
 *
 *	https://rest.db.ripe.net/abuse-contact/192.0.2.1.json       {"abuse-contacts": {"email": "a@example.com"}}
 *	https://stat.ripe.net/data/abuse-contact-finder/data.json?resource=192.0.2.1
 *	https://stat.ripe.net/data/maxmind-geo-lite/data.json?resource=192.0.2.1
 *
 * https://stat.ripe.net/docs/data_api, https://apps.db.ripe.net/docs/How-to-Query-the-RIPE-Database/
 */
#include <intelmq/bot.h>
#include <intelmq/cache.h>
#include <intelmq/http.h>
#include <intelmq/json.h>
#include <intelmq/text.h>

struct params {
	const char *mode;
	bool query_ripe_db_asn, query_ripe_db_ip, query_ripe_stat_asn, query_ripe_stat_ip;
	bool query_ripe_stat_geolocation;
	struct cache_params cache;
	struct http_params http;
};

#define PARAMS struct params
static const char *const modes[] = { "append", "replace", NULL };
static const struct param params[] = {
	CHOICE(mode, modes,
	       "Whether contacts are added to those that are there, or replace them and the "
	       "geolocation."),
	BOOL(query_ripe_db_asn, "Ask the RIPE database for the contact of the AS."),
	BOOL(query_ripe_db_ip, "Ask the RIPE database for the contact of the address."),
	BOOL(query_ripe_stat_asn, "Ask RIPEstat for the contact of the AS."),
	BOOL(query_ripe_stat_ip, "Ask RIPEstat for the contact of the address."),
	BOOL(query_ripe_stat_geolocation, "Ask RIPEstat where the address is."),
	GROUP(cache, cache_params),
	GROUP(http, http_params),
	{ 0 },
};

#define NO_CONTACT S("__no_contact")

enum { MAX_CACHED = 64 * 1024, MAX_CONTACTS = 100 };

struct state {
	bool told_maintenance;
};

/* What is asked, and under which name it is in the cache (the reference's). */
enum question { DB_IP, DB_ASN, STAT, GEOLOCATION };
static const struct {
	const char *name, *before, *behind;
} questions[] = {
	[DB_IP] = { "db_ip", "https://rest.db.ripe.net/abuse-contact/", ".json" },
	[DB_ASN] = { "db_asn", "https://rest.db.ripe.net/abuse-contact/as", ".json" },
	[STAT] = { "stat",
	           "https://stat.ripe.net/data/abuse-contact-finder/data.json?resource=", "" },
	[GEOLOCATION] = { "stat_geolocation",
	                  "https://stat.ripe.net/data/maxmind-geo-lite/data.json?resource=", "" },
};

/* ---- Answers ---- */

/* A member, or the first item of a list (name NULL); null: there is none. */
static struct value inside(struct value v, const char *name)
{
	const struct value *found = NULL;
	if (name && v.kind == VALUE_DICT)
		found = dict_get(v.dict, str_of(name));
	else if (!name && v.kind == VALUE_LIST && v.list->n)
		found = &v.list->items[0];
	return found ? *found : value_null();
}

/* The contacts of an answer as a list, those of a place as a map; null: it has none. */
static struct value extract(struct bot *bot, enum question question, struct value answer)
{
	struct value data = inside(answer, "data"), found;
	if (question == GEOLOCATION)
		return inside(inside(inside(inside(data, "located_resources"), NULL), "locations"),
		              NULL);
	found = question == STAT
	              ? inside(inside(inside(inside(data, "anti_abuse_contacts"), "abuse_c"), NULL),
	                       "email")
	              : inside(inside(answer, "abuse-contacts"), "email");
	if (found.kind != VALUE_STR)
		return value_null();
	struct list *contacts = list_new(bot->arena);
	for (struct str rest = found.text; rest.p && contacts->n < MAX_CONTACTS;) {
		struct str contact = str_cut(&rest, ',');
		if (contact.n)
			list_add(contacts, value_str(contact));
	}
	return value_list(contacts);
}

static void tell_maintenance(struct bot *bot, struct value answer)
{
	struct state *s = bot->state;
	struct value status = inside(answer, "data_call_status");
	if (s->told_maintenance || status.kind != VALUE_STR ||
	    !str_starts(status.text, S("maintenance")))
		return;
	s->told_maintenance = true;
	bot_log(bot, LEVEL_WARNING, "The API call is in maintenance: %.*s.", STR_ARG(status.text));
}

static bool says_no_contact(struct value answer)
{
	struct value message = inside(answer, "message");
	return message.kind == VALUE_STR &&
	       str_starts(message.text, S("No abuse contact found for "));
}

static enum result fetch(struct bot *bot, enum question question, struct str resource,
                         struct value *out)
{
	const struct params *p = bot->params;
	struct http_response response;
	struct value answer;
	const struct http_request request = {
		.url = arena_printf(bot->arena, "%s%.*s%s", questions[question].before,
		                    STR_ARG(resource), questions[question].behind),
		.params = &p->http,
		.shared = true,
		.service = true,
	};
	*out = value_null();
	enum result result = http_request(bot, &request, &response);
	if (result != DONE)
		return result;
	bool readable = json_parse(bot->arena, response.body, &answer, &bot->err) == 0;
	if (response.status == 404 && readable && says_no_contact(answer))
		return DONE;
	if (response.status != 200)
		return bot_fail(bot, TRY_LATER,
		                "HTTP status code was %d. Possible problem at the connection "
		                "endpoint or network issue.",
		                response.status);
	if (!readable)
		return TRY_LATER;
	tell_maintenance(bot, answer);
	*out = extract(bot, question, answer);
	return DONE;
}

static enum result look_up(struct bot *bot, enum question question, struct str resource,
                           struct value *out)
{
	const struct params *p = bot->params;
	struct str key = arena_printf(bot->arena, "%s:%.*s", questions[question].name,
	                              STR_ARG(resource)),
		   cached;
	struct buffer text;
	*out = value_null();
	if (cache_get(bot, key, &cached)) {
		if (!str_eq(cached, NO_CONTACT))
			json_parse(bot->arena, cached, out, NULL);
		return DONE;
	}
	enum result result = fetch(bot, question, resource, out);
	if (result != DONE)
		return result;
	buffer_init_in(&text, bot->arena, MAX_CACHED);
	json_write(&text, *out, 0);
	bool none = !value_truthy(*out) || text.over;
	cache_set(bot, key, none ? NO_CONTACT : buffer_str(&text), p->cache.redis_cache_ttl);
	return DONE;
}

/* ---- Events ---- */

struct side {
	struct bot *bot;
	struct event *event;
	const char *name;
	struct list *contacts;
};

static const char *field_of(const struct side *side, const char *name)
{
	return arena_printf(side->bot->arena, "%s.%s", side->name, name).p;
}

static void add_contact(struct side *side, struct str contact)
{
	for (size_t i = 0; i < side->contacts->n; i++)
		if (value_is_text(side->contacts->items[i], contact))
			return;
	list_add(side->contacts, value_str(contact));
}

static enum result add_contacts(struct side *side, bool wanted, enum question question,
                                struct str resource)
{
	struct value found;
	if (!wanted)
		return DONE;
	enum result result = look_up(side->bot, question, resource, &found);
	for (size_t i = 0; result == DONE && found.kind == VALUE_LIST && i < found.list->n; i++)
		if (found.list->items[i].kind == VALUE_STR)
			add_contact(side, found.list->items[i].text);
	return result;
}

static enum result add_place(struct side *side, struct str address)
{
	static const char *const names[][2] = { { "country", "geolocation.cc" },
		                                { "latitude", "geolocation.latitude" },
		                                { "longitude", "geolocation.longitude" },
		                                { "city", "geolocation.city" } };
	const struct params *p = side->bot->params;
	bool replace = str_eq(str_of(p->mode), S("replace"));
	struct value place;
	if (!p->query_ripe_stat_geolocation)
		return DONE;
	enum result result = look_up(side->bot, GEOLOCATION, address, &place);
	for (size_t i = 0; result == DONE && i < sizeof names / sizeof *names; i++) {
		struct value v = inside(place, names[i][0]);
		if (!value_truthy(v) || value_is_text(v, S("?")))
			continue;
		if (event_add(side->event, str_of(field_of(side, names[i][1])), v,
		              replace ? EVENT_OVERWRITE : EVENT_KEEP) == ADD_FAILED)
			result = BAD_DATA;
	}
	return result;
}

static enum result ask_all(struct side *side)
{
	const struct params *p = side->bot->params;
	struct str address = event_text(side->event, field_of(side, "ip"));
	const struct value *asn = event_get(side->event, field_of(side, "asn"));
	enum result result = DONE;
	if (asn && asn->kind == VALUE_INT) {
		struct str number = arena_printf(side->bot->arena, "%lld", (long long)asn->integer);
		result = add_contacts(side, p->query_ripe_stat_asn, STAT, number);
		if (result == DONE)
			result = add_contacts(side, p->query_ripe_db_asn, DB_ASN, number);
	}
	if (result == DONE && address.p)
		result = add_contacts(side, p->query_ripe_stat_ip, STAT, address);
	if (result == DONE && address.p)
		result = add_contacts(side, p->query_ripe_db_ip, DB_IP, address);
	return result == DONE && address.p ? add_place(side, address) : result;
}

static enum result ripe_side(struct bot *bot, struct event *event, const char *name)
{
	const struct params *p = bot->params;
	struct side side = { bot, event, name, list_new(bot->arena) };
	const char *field = field_of(&side, "abuse_contact");
	struct str known = event_text(event, field);
	struct buffer joined;
	if (str_eq(str_of(p->mode), S("append")))
		while (known.p) {
			struct str contact = str_cut(&known, ',');
			if (contact.n)
				add_contact(&side, contact);
		}
	enum result result = ask_all(&side);
	if (result != DONE)
		return result;
	buffer_init_in(&joined, bot->arena, SIZE_MAX / 2);
	for (size_t i = 0; i < side.contacts->n; i++) {
		buffer_add_str(&joined, i ? S(",") : S(""));
		buffer_add_str(&joined, side.contacts->items[i].text);
	}
	return event_replace(event, field, buffer_str(&joined));
}

static enum result ripe_enrich(struct bot *bot, struct event *event)
{
	enum result result = ripe_side(bot, event, "source");
	return result == DONE ? ripe_side(bot, event, "destination") : result;
}

static void ripe_check(struct bot *bot, struct findings *findings)
{
	const struct params *p = bot->params;
	http_params_check(&p->http, findings);
}

const struct bot_type experts_ripe_expert = {
	.module = "intelmq.bots.experts.ripe.expert",
	.summary = "Asks RIPE for abuse contacts and geolocation.",
	PARAMS_OF(.mode = "append", .query_ripe_db_asn = true, .query_ripe_db_ip = true,
	          .query_ripe_stat_asn = true, .query_ripe_stat_ip = true,
	          .query_ripe_stat_geolocation = true, .cache = CACHE_DEFAULTS(10),
	          .http = HTTP_DEFAULTS_OF(8)),
	.state_size = sizeof(struct state),
	.uses = USES_LOOKUPS,
	.check = ripe_check,
	.enrich = ripe_enrich,
};
