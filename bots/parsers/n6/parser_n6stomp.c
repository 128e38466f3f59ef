/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * n6 of CERT.PL: one JSON object a report; one event for each address, and one without.
 *
 *	{"category": "bots", "name": "sality", "proto": "tcp", "type": "event", "time": "2015-11-17T12:17:27Z",
 *	 "address": [{"ip": "192.0.2.1", "asn": 64496, "cc": "AT"}]}
 */
#include <intelmq/bot.h>
#include <intelmq/datetime.h>
#include <intelmq/json.h>

#define TAXONOMY "classification.taxonomy"
#define TYPE "classification.type"
#define ID "classification.identifier"

static const struct {
	const char *key, *field;
} keys[] = {
	{ "time", "time.source" },
	{ "dip", "destination.ip" },
	{ "dport", "destination.port" },
	{ "md5", "malware.hash.md5" },
	{ "sha1", "malware.hash.sha1" },
	{ "id", "extra.feed_id" },
	{ "adip", "extra.adip" },
	{ "proto", "protocol.transport" },
	{ "sport", "source.port" },
	{ "url", "source.url" },
	{ "confidence", "extra.confidence" },
	{ "source", "extra.feed_source" },
};

static const struct {
	const char *key, *field;
} address_keys[] = {
	{ "ip", "source.ip" },
	{ "asn", "source.asn" },
	{ "rdns", "source.reverse_dns" },
	{ "cc", "source.geolocation.cc" },
};

/* What a category says; without identifier it is the name of the malware. */
static const struct category {
	const char *name, *taxonomy, *type, *identifier;
} categories[] = {
	{ "amplifier", "vulnerable", "vulnerable-system", "amplifier" },
	{ "bots", "malicious-code", "infected-system", NULL },
	{ "backdoor", "intrusions", "system-compromise", "hacked server" },
	{ "cnc", "malicious-code", "c2-server", "c&c server" },
	{ "dns-query", "other", "other", "dns-query" },
	{ "dos-attacker", "availability", "ddos", "dos-attacker" },
	{ "dos-victim", "availability", "ddos", "dos-victim" },
	{ "flow", "other", "other", "flow" },
	{ "flow-anomaly", "other", "other", "flow-anomaly" },
	{ "fraud", "fraud", "account numbers", "fraud" },
	{ "leak", "information-content-security", "data-leak", "leak" },
	{ "malurl", "malicious-code", "exploit", "malurl" },
	{ "malware-action", "malicious-code", "malware-configuration", "malware-configuration" },
	{ "phish", "fraud", "phishing", "phishing" },
	{ "proxy", "other", "proxy", "openproxy" },
	{ "sandbox-url", "malicious-code", "infected-system", "sandboxurl" },
	{ "scanning", "information-gathering", "scanner", "scanning" },
	{ "server-exploit", "malicious-code", "exploit", "server-exploit" },
	{ "spam", "abusive-content", "spam", "spam" },
	{ "spam-url", "abusive-content", "spam", "spam-url" },
	{ "tor", "other", "tor", "tor exit node" },
	{ "webinject", "malicious-code", "malware-distribution", "malware" },
	{ "vulnerable", "vulnerable", "other", "vulnerable" },
	{ "other", "other", "other", "other" },
};

static int put(struct event *event, const char *field, struct value v, unsigned flags)
{
	return event_add(event, str_of(field), v, flags) == ADD_FAILED ? -1 : 0;
}

/* A name that is no printable ASCII is kept as text, and cleaned for malware.name. */
static int add_name(struct bot *bot, struct event *event, struct value name)
{
	enum added added = event_add(event, S("malware.name"), name, EVENT_LENIENT);
	if (added != ADD_REFUSED || name.kind != VALUE_STR)
		return added == ADD_FAILED ? -1 : 0;
	struct buffer clean;
	buffer_init_in(&clean, bot->arena, name.text.n + 1);
	for (size_t i = 0; i < name.text.n; i++)
		if (name.text.p[i] >= ' ' && name.text.p[i] <= '~')
			buffer_add_char(&clean, name.text.p[i]);
	if (put(event, "event_description.text", name, 0) < 0)
		return -1;
	return put(event, "malware.name", value_str(buffer_str(&clean)), 0);
}

static enum result classify(struct bot *bot, struct event *event, const struct dict *d)
{
	const struct value *type = dict_get(d, S("type")), *category = dict_get(d, S("category")),
			   *name = dict_get(d, S("name"));
	if (!type)
		return bot_fail(bot, BAD_DATA, "the object has no 'type'");
	if (value_is_text(*type, S("bl-update"))) {
		enum result result = event_replace(event, TAXONOMY, S("other"));
		return result == DONE ? event_replace(event, TYPE, S("blacklist")) : result;
	}
	if (!category || category->kind == VALUE_NULL)
		return DONE;
	for (size_t i = 0; i < sizeof categories / sizeof *categories; i++) {
		const struct category *c = &categories[i];
		if (!value_is_text(*category, str_of(c->name)))
			continue;
		struct str identifier = str_of(c->identifier);
		if (!c->identifier)
			identifier = name && name->kind == VALUE_STR && name->text.n
			                   ? name->text
			                   : S("malware-generic");
		enum result result = event_replace(event, TAXONOMY, str_of(c->taxonomy));
		if (result == DONE)
			result = event_replace(event, TYPE, str_of(c->type));
		return result == DONE ? event_replace(event, ID, identifier) : result;
	}
	return bot_fail(bot, BAD_DATA, "unknown category");
}

static enum result add_fields(struct bot *bot, struct event *event, const struct dict *d)
{
	const struct value *fqdn = dict_get(d, S("fqdn")), *expires = dict_get(d, S("expires")),
			   *name = dict_get(d, S("name"));
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		const struct value *v = dict_get(d, str_of(keys[i].key));
		if (v && put(event, keys[i].field, *v, 0) < 0)
			return BAD_DATA;
	}
	if (fqdn && !value_is_text(*fqdn, S("unknown")) && put(event, "source.fqdn", *fqdn, 0) < 0)
		return BAD_DATA;
	struct str date = STR_NONE;
	if (expires && datetime_sanitize(bot->arena, *expires, &date) == 0 && date.p &&
	    event_set(event, "extra.expires", date) != DONE)
		return BAD_DATA;
	if (name && add_name(bot, event, *name) < 0)
		return BAD_DATA;
	return classify(bot, event, d);
}

static enum result add_address(struct bot *bot, const struct event *common, struct value address)
{
	struct event *event = event_dup(bot->arena, common);
	if (address.kind != VALUE_DICT)
		return bot_fail(bot, BAD_DATA, "an address is no object");
	for (size_t i = 0; i < sizeof address_keys / sizeof *address_keys; i++) {
		const struct value *v = dict_get(address.dict, str_of(address_keys[i].key));
		if (v && put(event, address_keys[i].field, *v, 0) < 0)
			return BAD_DATA;
	}
	return bot_emit(bot, event);
}

static enum result n6_row(struct bot *bot, const struct row *row, struct event *event)
{
	struct value v;
	if (str_find(row->line, S("TEST MESSAGE")) != STR_NOT_FOUND)
		return DROP;
	if (json_parse(bot->arena, row->line, &v, &bot->err) < 0)
		return BAD_DATA;
	if (v.kind != VALUE_DICT)
		return bot_fail(bot, BAD_DATA, "the report is no JSON object");
	enum result result = add_fields(bot, event, v.dict);
	const struct value *addresses = dict_get(v.dict, S("address"));
	if (result == DONE && addresses && addresses->kind == VALUE_LIST)
		for (size_t i = 0; result == DONE && i < addresses->list->n; i++)
			result = add_address(bot, event, addresses->list->items[i]);
	return result;
}

const struct bot_type parsers_n6_parser_n6stomp = {
	.module = "intelmq.bots.parsers.n6.parser_n6stomp",
	.summary = "Parses events of n6, one for each address and one without.",
	.rows = ROWS_WHOLE,
	.row = n6_row,
	.raw = RAW_REPORT,
	.whole = true,
};
