/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Spamhaus DROP, EDROP, DROPv6 and ASN-DROP as text; feed.url says which.
 *
 *	; Spamhaus DROP List 2020/01/31 - (c) 2020 The Spamhaus Project
 *	; Last-Modified: Fri, 31 Jan 2020 08:40:31 GMT
 *	1.10.16.0/20 ; SBL256894
 *
 *	AS6517 ; US | Example Carrier Ltd
 */
#include <intelmq/bot.h>
#include <intelmq/clock.h>
#include <intelmq/datetime.h>
#include <intelmq/text.h>

struct drop_state {
	enum { LIST_UNKNOWN, LIST_NETWORKS, LIST_NUMBERS } list;
	struct str modified; /* Last-Modified of the report in hand, or STR_NONE */
};

static const char *const network_lists[] = { "edrop.txt", "dropv6.txt", "drop.txt", "drop.lasso" };

/* Lists are known by their URL at Spamhaus; a file that was saved from there keeps its name. */
static struct str list_name(struct str url)
{
	struct str place = S("https://www.spamhaus.org/drop/");
	if (str_starts(url, place))
		return str_slice(url, place.n, url.n);
	if (!str_starts(url, S("file://")))
		return STR_NONE;
	while (url.p)
		place = str_cut(&url, '/');
	return place;
}

static enum result drop_begin(struct bot *bot, const struct event *report,
                              struct rows_options *options)
{
	struct drop_state *state = bot->state;
	struct str name = list_name(event_text(report, "feed.url"));
	(void)options;
	*state = (struct drop_state){ .list = str_eq(name, S("asndrop.txt")) ? LIST_NUMBERS
		                                                             : LIST_UNKNOWN };
	for (size_t i = 0; i < sizeof network_lists / sizeof *network_lists; i++)
		if (str_eq(name, str_of(network_lists[i])))
			state->list = LIST_NETWORKS;
	return DONE;
}

static enum result drop_head(struct bot *bot, struct str line)
{
	struct drop_state *state = bot->state;
	size_t at = str_find(line, S("Last-Modified:"));
	struct datetime now, time;
	if (at == STR_NOT_FOUND)
		return DONE;
	state->modified = text_strip(str_slice(line, at + strlen("Last-Modified:"), line.n));
	if (datetime_from_us(clock_now_us(), &now) < 0 ||
	    datetime_guess(state->modified, &now, &time, &bot->err) < 0 ||
	    datetime_to_utc(&time, &time) < 0)
		return BAD_DATA;
	time.has_offset = true;
	state->modified = datetime_iso(bot->arena, &time);
	return DONE;
}

static struct str part(struct str *rest)
{
	return rest->p ? text_strip(str_cut(rest, ';')) : STR_NONE;
}

static enum result drop_network(struct bot *bot, struct event *event, struct str line)
{
	struct str network = part(&line), list = part(&line);
	if (!list.p)
		return bot_fail(bot, BAD_DATA, "the row has no second part behind ';'");
	struct dict *extra = dict_new(bot->arena);
	dict_set(extra, S("blocklist"), value_str(list));
	enum result result = event_set(event, "source.network", network);
	return result == DONE ? event_set_value(event, "extra", value_dict(extra)) : result;
}

/* "AS6517 ; US | Example Carrier Ltd": number, country, name. */
static enum result drop_asn(struct bot *bot, struct event *event, struct str line)
{
	struct str copy = arena_dup(bot->arena, line);
	for (size_t i = 0; i < copy.n; i++)
		if (copy.p[i] == '|')
			((char *)copy.p)[i] = ';';
	struct str number = part(&copy), country = part(&copy), name = part(&copy);
	if (!name.p)
		return bot_fail(bot, BAD_DATA, "the row has fewer than three parts");
	enum result result = event_set(event, "source.asn", text_strip_bytes(number, S("AS")));
	if (result == DONE)
		result = event_set(event, "source.as_name", name);
	return result == DONE && country.n ? event_set(event, "source.geolocation.cc", country)
	                                   : result;
}

static enum result drop_row(struct bot *bot, const struct row *row, struct event *event)
{
	const struct drop_state *state = bot->state;
	if (state->list == LIST_UNKNOWN)
		return bot_fail(bot, BAD_DATA, "no known list: feed.url is '%.*s'",
		                STR_ARG(event_text(event, "feed.url")));
	enum result result = state->list == LIST_NUMBERS ? drop_asn(bot, event, row->line)
	                                                 : drop_network(bot, event, row->line);
	if (result == DONE && state->modified.p)
		result = event_set(event, "time.source", state->modified);
	return result == DONE ? event_set(event, "classification.type", S("spam")) : result;
}

const struct bot_type parsers_spamhaus_parser_drop = {
	.module = "intelmq.bots.parsers.spamhaus.parser_drop",
	.summary = "Parses the Spamhaus lists DROP, EDROP, DROPv6 and ASN-DROP.",
	.state_size = sizeof(struct drop_state),
	.rows = ROWS_LINES,
	.header = ";",
	.begin = drop_begin,
	.head = drop_head,
	.row = drop_row,
	.raw = RAW_LINE,
};
