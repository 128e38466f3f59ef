/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Feodo Tracker of abuse.ch: a JSON array with one object per command and control server.
 *
 *	{"ip_address": "…", "port": 443, "status": "offline", "hostname": null, "as_number": 1234, "as_name": "…",
 *	 "country": "DE", "first_seen": "2021-01-17 07:44:46", "last_online": "2023-02-16", "malware": "Dridex"}
 */
#include <intelmq/bot.h>
#include <intelmq/datetime.h>

static const struct map fields[] = {
	{ .key = "ip_address", .field = "source.ip" },
	{ .key = "port", .field = "source.port" },
	{ .key = "as_number", .field = "source.asn", .lenient = true },
	{ .key = "as_name", .field = "source.as_name", .lenient = true },
	{ .key = "country", .field = "source.geolocation.cc", .lenient = true },
	{ .key = "hostname", .field = "source.reverse_dns", .lenient = true },
	{ .key = "malware", .field = "malware.name", .lenient = true },
	{ .key = "last_online", .field = "extra.last_online" },
	{ .key = "status", .field = "status" },
	{ .value = "c2-server", .field = "classification.type" },
	{ 0 },
};

/* The time of first_seen, or the day of last_online where there is none. */
static enum result feodotracker_row(struct bot *bot, const struct row *row, struct event *event)
{
	const struct value *seen = row_json(row, "first_seen"),
			   *online = row_json(row, "last_online");
	bool first = seen && value_truthy(*seen);
	struct str time, format = first ? S("from_format|%Y-%m-%d %H:%M:%S")
	                                : S("from_format_midnight|%Y-%m-%d");
	const struct value *text = first ? seen : online;
	if (!text || !value_truthy(*text))
		return DONE;
	if (time_convert(bot->arena, *text, format, &time, &bot->err) == 0)
		return event_set(event, "time.source", time);
	bot_log(bot, LEVEL_WARNING, "Row %zu has no usable time: %s", row->number, bot->err.text);
	return DONE;
}

const struct bot_type parsers_abusech_parser_feodotracker = {
	.module = "intelmq.bots.parsers.abusech.parser_feodotracker",
	.summary = "Parses the JSON feed of abuse.ch Feodo Tracker.",
	.rows = ROWS_JSON,
	.map = fields,
	.row = feodotracker_row,
	.raw = RAW_RECOVER,
};
