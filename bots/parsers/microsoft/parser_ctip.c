/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* long: two tables of all keys that the feeds have */
/*
 * Microsoft Cyber Threat Intelligence Program, in two forms: Interflow, an array of objects with lower-case keys, and
 * Azure, one object a line.
 *
 *	[{"indicatorthreattype": "Botnet", "networksourceipv4": "192.0.2.1", "externalid": "…", "confidence": "100", …}]
 *	{"DataFeed": "CTIP-Infected", "SourceIp": "192.0.2.1", "SourceIpInfo": {"SourceIpAsnNumber": "64496"}, …}
 */
#include <intelmq/base64.h>
#include <intelmq/bot.h>
#include <intelmq/datetime.h>
#include <intelmq/json.h>
#include <intelmq/number.h>
#include <intelmq/text.h>

struct params {
	bool overwrite;
};

#define PARAMS struct params
static const struct param params[] = {
	BOOL(overwrite, "Replace fields that the report brought along (Azure only)."),
	{ 0 },
};

/* A key of the feed and its field; NULL: it is known, and left out. */
struct rename {
	const char *key, *field;
};

static const struct rename interflow[] = {
	{ "version", NULL },
	{ "indicatorthreattype", NULL },
	{ "confidence", NULL },
	{ "indicatorexpirationdatetime", NULL },
	{ "additionalmetadata", "extra.additionalmetadata" },
	{ "description", "event_description.text" },
	{ "externalid", "malware.name" },
	{ "tlplevel", "tlp" },
	{ "firstreporteddatetime", "time.source" },
	{ "networksourceipv4", "source.ip" },
	{ "networksourceport", "source.port" },
	{ "networkdestinationipv4", "destination.ip" },
	{ "networkdestinationport", "destination.port" },
	{ "isproductlicensed", "extra.isproductlicensed" },
	{ "ispartnershareable", "extra.ispartnershareable" },
	{ "networksourceasn", "source.asn" },
	{ "hostname", "destination.fqdn" },
	{ "useragent", "extra.user_agent" },
	{ "severity", "extra.severity" },
	{ "tags", "extra.tags" },
	{ 0 },
};

static const struct rename azure[] = {
	{ "DataFeed", "feed.name" },
	{ "SourcedFrom", "event_description.text" },
	{ "DateTimeReceivedUtc", "time.source" },
	{ "DateTimeReceivedUtcTxt", NULL },
	{ "Malware", "extra.malware" },
	{ "ThreatCode", "malware.name" },
	{ "ThreatConfidence", "feed.accuracy" },
	{ "TotalEncounters", "extra.total_encounters" },
	{ "TLP", "tlp" },
	{ "SourceIp", "source.ip" },
	{ "SourcePort", "source.port" },
	{ "DestinationIp", "destination.ip" },
	{ "DestinationIpInfo.DestinationIpAsnNumber", "destination.asn" },
	{ "DestinationIpInfo.DestinationIpAsnOrgName", "destination.as_name" },
	{ "DestinationIpInfo.DestinationIpCountryCode", "destination.geolocation.cc" },
	{ "DestinationIpInfo.DestinationIpRegion", "destination.geolocation.region" },
	{ "DestinationIpInfo.DestinationIpCity", "destination.geolocation.city" },
	{ "DestinationIpInfo.DestinationIpPostalCode",
	  "extra.destination.geolocation.postal_code" },
	{ "DestinationIpInfo.DestinationIpLatitude", "destination.geolocation.latitude" },
	{ "DestinationIpInfo.DestinationIpLongitude", "destination.geolocation.longitude" },
	{ "DestinationIpInfo.DestinationIpMetroCode", "extra.destination.geolocation.metro_code" },
	{ "DestinationIpInfo.DestinationIpAreaCode", "extra.destination.geolocation.area_code" },
	{ "DestinationIpInfo.DestinationIpConnectionType", "extra.destination.connection_type" },
	{ "DestinationIpInfo.DestinationIpv4Int", NULL },
	{ "DestinationPort", "destination.port" },
	{ "TargetIp", NULL },
	{ "TargetPort", NULL },
	{ "Signatures.Sha256", "extra.signatures.sha256" },
	{ "SourceIpInfo.SourceIpAsnNumber", "source.asn" },
	{ "SourceIpInfo.SourceIpAsnOrgName", "source.as_name" },
	{ "SourceIpInfo.SourceIpCountryCode", "source.geolocation.cc" },
	{ "SourceIpInfo.SourceIpRegion", "source.geolocation.region" },
	{ "SourceIpInfo.SourceIpCity", "source.geolocation.city" },
	{ "SourceIpInfo.SourceIpPostalCode", "extra.source.geolocation.postal_code" },
	{ "SourceIpInfo.SourceIpLatitude", "source.geolocation.latitude" },
	{ "SourceIpInfo.SourceIpLongitude", "source.geolocation.longitude" },
	{ "SourceIpInfo.SourceIpMetroCode", "extra.source.geolocation.metro_code" },
	{ "SourceIpInfo.SourceIpAreaCode", "extra.source.geolocation.area_code" },
	{ "SourceIpInfo.SourceIpConnectionType", "extra.source.connection_type" },
	{ "SourceIpInfo.SourceIpv4Int", NULL },
	{ "HttpInfo.HttpHost", "extra.http.host" },
	{ "HttpInfo.HttpRequest", "extra.http.request" },
	{ "HttpInfo.HttpMethod", "extra.http.method" },
	{ "HttpInfo.HttpReferrer", "extra.http.referrer" },
	{ "HttpInfo.HttpUserAgent", "extra.user_agent" },
	{ "HttpInfo.HttpVersion", "extra.http.version" },
	{ "CustomInfo.CustomField1", "extra.custom_field1" },
	{ "CustomInfo.CustomField2", "extra.custom_field2" },
	{ "CustomInfo.CustomField3", "extra.custom_field3" },
	{ "CustomInfo.CustomField4", "extra.custom_field4" },
	{ "CustomInfo.CustomField5", "extra.custom_field5" },
	{ "Payload.ts", "extra.payload.timestamp" },
	{ "Payload.ip", "extra.payload.ip" },
	{ "Payload.port", "extra.payload.port" },
	{ "Payload.serverIp", "extra.payload.server.ip" },
	{ "Payload.serverPort", "extra.payload.server.port" },
	{ "Payload.domain", "destination.fqdn" },
	{ "Payload.family", "extra.payload.family" },
	{ "Payload.malware", "extra.payload.malware" },
	{ "Payload.response", "extra.payload.response" },
	{ "Payload.handler", "extra.payload.handler" },
	{ "Payload.type", "protocol.application" },
	{ "Payload", "extra.payload.text" },
	{ "Payload.Time", "extra.payload.time" },
	{ "Payload.SourceIP", "extra.payload.source.ip" },
	{ "Payload.DestIP", "extra.payload.destination.ip" },
	{ "Payload.RemotePort", "extra.payload.remote.port" },
	{ "Payload.RemoteHost", "extra.payload.remote.host" },
	{ "Payload.ServerPort", "extra.payload.server.port" },
	{ "Payload.BCode", "extra.payload.b_code" },
	{ "Payload.Protocol", "extra.payload.protocol" },
	{ "Payload.Length", "extra.payload.length" },
	{ "Payload.URI", "destination.urlpath" },
	{ "Payload.Referer", "extra.http_referer" },
	{ "Payload.UserAgent", "extra.user_agent" },
	{ "Payload.RequestMethod", "extra.http.method" },
	{ "Payload.HTTPHost", "extra.http.host" },
	{ "Payload.http_host", "extra.payload.http_host" },
	{ "Payload.Custom1", "extra.payload.custom_field1" },
	{ "Payload.Custom2", "extra.payload.custom_field2" },
	{ "Payload.Custom3", "extra.payload.custom_field3" },
	{ "Payload.Custom4", "extra.payload.custom_field4" },
	{ "Payload.Custom5", "extra.payload.custom_field5" },
	{ "Payload.timestamp", "extra.payload.timestamp" },
	{ "Payload.timestamp_utc", "extra.payload.timestamp_utc" },
	{ "Payload.source_ip", "extra.payload.source.ip" },
	{ "Payload.source_port", "extra.payload.source.port" },
	{ "Payload.src_port", "extra.payload.source.port" },
	{ "Payload.destination_ip", "extra.payload.destination.ip" },
	{ "Payload.dst_ip", "extra.payload.destination.ip" },
	{ "Payload.destination_port", "extra.payload.destination.port" },
	{ "Payload.dst_port", "extra.payload.destination.port" },
	{ "Payload.computer_name", "extra.payload.computer_name" },
	{ "Payload.bot_id", "extra.payload.bot_id" },
	{ "Payload.asn", "extra.payload.source.asn" },
	{ "Payload.dst_asn", "extra.payload.destination.asn" },
	{ "Payload.geo", "extra.payload.source.geolocation.cc" },
	{ "Payload.dst_geo", "extra.payload.destination.geolocation.cc" },
	{ "Payload.url", "extra.request_raw" },
	{ "Payload.http_agent", "extra.http_agent" },
	{ "Payload.p0f_genre", "extra.os.name" },
	{ "Payload.p0f_detail", "extra.os.version" },
	{ "Payload.http_post", "extra.payload.http_post" },
	{ "Payload.naics", "extra.naics" },
	{ "Payload.sector", "extra.sector" },
	{ "Payload.ssl_cipher", "extra.ssl_cipher" },
	{ 0 },
};

static const struct rename *find(const struct rename *table, struct str key)
{
	while (table->key && !str_eq(str_of(table->key), key))
		table++;
	return table->key ? table : NULL;
}

static enum result unknown_key(struct bot *bot, struct str key)
{
	return bot_fail(bot, BAD_DATA, "the key '%.*s' is not known", STR_ARG(key));
}

/* feed.accuracy is what the collector said (else 100), times the feed's own confidence in percent. */
static enum result set_accuracy(struct event *event, double percent)
{
	const struct value *known = event_get(event, "feed.accuracy");
	double before = !known                     ? 100
	              : known->kind == VALUE_FLOAT ? known->real
	                                           : (double)known->integer;
	return event_add(event, S("feed.accuracy"), value_float(before * percent / 100),
	                 EVENT_OVERWRITE) == ADD_FAILED
	             ? BAD_DATA
	             : DONE;
}

static bool is_fqdn(struct event *event, struct value v)
{
	return event_would_accept(event, S("destination.domain_suffix"), v, true) > 0;
}

/* ---- Interflow ---- */

/* [], [""], ["null"] and [null] say nothing. */
static bool says_nothing(struct value v)
{
	if (v.kind != VALUE_LIST || v.list->n > 1)
		return false;
	if (v.list->n == 0)
		return true;
	struct value only = v.list->items[0];
	return only.kind == VALUE_NULL || value_is_text(only, S("")) ||
	       value_is_text(only, S("null"));
}

/* The value as the field wants it; DROP: it is left out. */
static enum result interflow_value(struct bot *bot, struct event *event, const struct dict *d,
                                   struct str key, struct value *v)
{
	const struct value *target = dict_get(d, S("networkdestinationipv4"));
	if (str_eq(key, S("additionalmetadata")) && says_nothing(*v))
		return DROP;
	if (v->kind != VALUE_STR)
		return DONE;
	if (str_eq(key, S("firstreporteddatetime")))
		*v = value_str(arena_printf(bot->arena, "%.*s UTC", (int)v->text.n, v->text.p));
	if (str_eq(key, S("hostname")) &&
	    ((target && value_eq(*target, *v)) || !is_fqdn(event, *v)))
		return DROP;
	if (str_eq(key, S("networkdestinationipv4"))) {
		struct str rest = v->text;
		if (str_eq(v->text, S("0.0.0.0")))
			return DROP;
		*v = value_str(str_cut(&rest, ','));
	}
	return DONE;
}

static enum result interflow_row(struct bot *bot, const struct row *row, struct event *event)
{
	const struct dict *d = row->json.dict;
	const struct value *kind = dict_get(d, S("indicatorthreattype")),
			   *confidence = dict_get(d, S("confidence"));
	struct value percent;
	if (!kind || !value_is_text(*kind, S("Botnet")))
		return bot_fail(bot, BAD_DATA, "indicatorthreattype is not Botnet");
	if (!confidence || value_to_float(bot->arena, *confidence, &percent, &bot->err) < 0)
		return bot_fail(bot, BAD_DATA, "confidence is no number");
	for (size_t i = 0; i < d->n; i++) {
		const struct rename *known = find(interflow, d->pairs[i].key);
		struct value v = d->pairs[i].value;
		if (!known)
			return unknown_key(bot, d->pairs[i].key);
		if (!known->field || interflow_value(bot, event, d, d->pairs[i].key, &v) == DROP)
			continue;
		if (event_add(event, str_of(known->field), v, 0) == ADD_FAILED)
			return BAD_DATA;
	}
	return set_accuracy(event, percent.real);
}

/* ---- Azure ---- */

static struct str join(struct bot *bot, const char *outer, struct str inner)
{
	return arena_printf(bot->arena, "%s.%.*s", outer, (int)inner.n, inner.p);
}

static void put_all(struct bot *bot, struct dict *out, const char *prefix, const struct dict *from)
{
	for (size_t i = 0; i < from->n; i++)
		dict_set(out, join(bot, prefix, from->pairs[i].key), from->pairs[i].value);
}

/* A payload is JSON, base64 of JSON, or base64 of text. */
static enum result put_payload(struct bot *bot, struct dict *out, struct event *event,
                               struct str text)
{
	struct value v;
	struct str bytes;
	if (str_eq(text, S("AA==")))
		return DONE;
	if (str_starts(text, S("{"))) {
		if (json_parse(bot->arena, text, &v, &bot->err) < 0)
			return BAD_DATA;
		for (size_t i = 0; i < v.dict->n; i++)
			if (event_add(event, join(bot, "extra.payload", v.dict->pairs[i].key),
			              v.dict->pairs[i].value, 0) == ADD_FAILED)
				return BAD_DATA;
		return DONE;
	}
	if (base64_decode(bot->arena, text, &bytes, &bot->err) < 0)
		return BAD_DATA;
	bytes = text_clean_utf8(bot->arena, bytes);
	if (json_parse(bot->arena, bytes, &v, NULL) == 0 && v.kind == VALUE_DICT)
		put_all(bot, out, "Payload", v.dict);
	else
		dict_set(out, S("Payload"), value_str(bytes));
	return DONE;
}

/* Objects one level deep become Key.Sub. */
static enum result flatten(struct bot *bot, const struct dict *d, struct event *event,
                           struct dict *out)
{
	for (size_t i = 0; i < d->n; i++) {
		struct str key = d->pairs[i].key;
		struct value v = d->pairs[i].value;
		enum result result = DONE;
		if (str_eq(key, S("Payload")) && v.kind == VALUE_STR)
			result = put_payload(bot, out, event, v.text);
		else if (v.kind == VALUE_DICT)
			put_all(bot, out, arena_cstr(bot->arena, key), v.dict);
		else if (!(str_eq(key, S("TLP")) && v.kind == VALUE_STR &&
		           str_eq_ascii_case(v.text, S("unknown"))))
			dict_set(out, key, v);
		if (result != DONE)
			return result;
	}
	return DONE;
}

static enum result azure_confidence(struct bot *bot, struct event *event, struct value v)
{
	static const struct {
		const char *name;
		double percent;
	} levels[] = {
		{ "High", 100 },
		{ "Medium", 50 },
		{ "Low", 20 },
		{ "Informational", 10 },
	};
	if (value_is_text(v, S("None")))
		return DONE;
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++)
		if (value_is_text(v, str_of(levels[i].name)))
			return set_accuracy(event, levels[i].percent);
	return bot_fail(bot, BAD_DATA, "unknown ThreatConfidence");
}

/* The value as the field wants it; DROP: it is left out. */
static enum result azure_value(struct bot *bot, struct event *event, const struct dict *all,
                               struct str key, struct value *v)
{
	const struct value *server = dict_get(all, S("Payload.serverIp"));
	bool received = str_eq(key, S("DateTimeReceivedUtc"));
	struct str text;
	if (received || str_eq(key, S("Payload.ts"))) {
		if (time_convert(bot->arena, *v, received ? S("windows_nt") : S("timestamp"), &text,
		                 &bot->err) < 0)
			return BAD_DATA;
		*v = value_str(text);
	}
	if (str_eq(key, S("Payload.Protocol")) && v->kind == VALUE_STR) {
		struct str rest = v->text, application = str_cut(&rest, '/');
		if (rest.p && application.n &&
		    event_replace(event, "protocol.application", application) != DONE)
			return BAD_DATA;
	}
	if (str_eq(key, S("Payload.domain")) && !is_fqdn(event, *v) && server &&
	    value_eq(*server, *v))
		return DROP;
	return value_truthy(*v) ? DONE : DROP;
}

static enum result azure_row(struct bot *bot, const struct row *row, struct event *event)
{
	const struct params *p = bot->params;
	struct dict *all = dict_new(bot->arena);
	enum result result = flatten(bot, row->json.dict, event, all);
	for (size_t i = 0; result == DONE && i < all->n; i++) {
		struct str key = all->pairs[i].key;
		struct value v = all->pairs[i].value;
		const struct rename *known = find(azure, key);
		if (!known)
			return unknown_key(bot, key);
		if (!known->field)
			continue;
		if (str_eq(key, S("ThreatConfidence"))) {
			result = azure_confidence(bot, event, v);
			continue;
		}
		result = azure_value(bot, event, all, key, &v);
		if (result == DONE &&
		    event_add(event, str_of(known->field), v,
		              p->overwrite ? EVENT_OVERWRITE : EVENT_KEEP) == ADD_FAILED)
			result = BAD_DATA;
		if (result == DROP)
			result = DONE;
	}
	return result;
}

static enum result ctip_begin(struct bot *bot, const struct event *report,
                              struct rows_options *options)
{
	(void)report;
	if (str_starts(options->text, S("[")))
		options->kind = ROWS_JSON;
	else if (str_starts(options->text, S("{")))
		options->kind = ROWS_JSON_LINES;
	else
		return bot_fail(bot, BAD_DATA, "the report begins with neither '[' nor '{'");
	return DONE;
}

static enum result ctip_row(struct bot *bot, const struct row *row, struct event *event)
{
	if (row->json.kind != VALUE_DICT)
		return bot_fail(bot, BAD_DATA, "the element is no object");
	const struct value *version = dict_get(row->json.dict, S("version"));
	bool old = version && value_eq(*version, value_float(1.5));
	enum result result = old ? interflow_row(bot, row, event) : azure_row(bot, row, event);
	return result == DONE ? event_replace(event, "classification.type", S("infected-system"))
	                      : result;
}

const struct bot_type parsers_microsoft_parser_ctip = {
	.module = "intelmq.bots.parsers.microsoft.parser_ctip",
	.summary = "Parses the feeds of the Microsoft Cyber Threat Intelligence Program.",
	PARAMS_OF(.overwrite = true),
	.rows = ROWS_JSON,
	.begin = ctip_begin,
	.row = ctip_row,
	.raw = RAW_RECOVER,
};
