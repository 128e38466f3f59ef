/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Marks addresses that are exits of the Tor network, from a list of one address a line, with # before comments.
 *
 * --update-database makes one of the list that the Tor project publishes:
 *
 *	ExitNode 0011BD2485AD45D984EC4159C88FC066E5E3300E
 *	Published 2023-01-01 10:00:00
 *	LastStatus 2023-01-01 10:00:00
 *	ExitAddress 192.0.2.7 2023-01-01 10:05:32
 */
#include <intelmq/bot.h>
#include <intelmq/file.h>
#include <intelmq/http.h>
#include <intelmq/prefix.h>
#include <intelmq/text.h>

struct params {
	const char *database, *database_url;
	bool autoupdate_cached_database, overwrite;
	struct http_params http;
};

#define PARAMS struct params
static const struct param params[] = {
	PATH(database, "List of addresses, one a line.", .required = true),
	BOOL(overwrite, "Set the field to true where it is false already."),
	BOOL(autoupdate_cached_database,
	     "Refresh the file of this bot when the module is run with --update-database."),
	STR(database_url, "Where --update-database gets the list of exits."),
	GROUP(http, http_params),
	{ 0 },
};

struct tor_state {
	struct prefix_table *exits;
};

enum { MAX_DATABASE = 64 * 1024 * 1024 };

/* Lines that are no addresses match nothing. The number of those, or -1. */
static int64_t add_lines(struct prefix_table *exits, struct str text, struct err *err)
{
	int64_t others = 0;
	for (struct str rest = text; rest.p;) {
		struct str line = text_strip(str_cut(&rest, '\n'));
		struct ip ip;
		if (!line.n || *line.p == '#')
			continue;
		if (ip_parse(line, &ip) < 0)
			others++;
		else if (prefix_table_add(exits, network_of(&ip, 128), 1, err) < 0)
			return -1;
	}
	return others;
}

static enum result tor_nodes_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct tor_state *state = bot->state;
	struct str text;
	if (file_map(p->database, MAX_DATABASE, &text, &bot->err) < 0) {
		bot_log(bot, LEVEL_ERROR,
		        "The database cannot be read; run '%s --update-database' to get one.",
		        bot->type->module);
		return BAD_CONF;
	}
	state->exits = prefix_table_new();
	int64_t others = add_lines(state->exits, text, &bot->err);
	file_unmap(text);
	if (others > 0)
		bot_log(bot, LEVEL_WARNING, "%s has %lld lines that are no addresses.", p->database,
		        (long long)others);
	if (others >= 0)
		return DONE;
	prefix_table_free(state->exits);
	return BAD_CONF;
}

static void tor_nodes_fini(struct bot *bot)
{
	struct tor_state *state = bot->state;
	prefix_table_free(state->exits);
}

static enum result mark(struct bot *bot, struct event *event, const char *ip_field,
                        const char *field)
{
	const struct params *p = bot->params;
	const struct tor_state *state = bot->state;
	struct str text = event_text(event, ip_field);
	struct ip ip;
	if (!text.p || ip_parse(text, &ip) < 0 || !prefix_table_find(state->exits, &ip, NULL, NULL))
		return DONE;
	unsigned flags = p->overwrite ? EVENT_OVERWRITE : EVENT_KEEP;
	return event_add(event, str_of(field), value_bool(true), flags) == ADD_FAILED ? BAD_DATA
	                                                                              : DONE;
}

static enum result tor_nodes_enrich(struct bot *bot, struct event *event)
{
	enum result result = mark(bot, event, "source.ip", "source.tor_node");
	return result == DONE ? mark(bot, event, "destination.ip", "destination.tor_node") : result;
}

static void tor_nodes_check(struct bot *bot, struct findings *findings)
{
	const struct params *p = bot->params;
	struct err err = { 0 };
	struct str text;
	if (file_map(p->database, MAX_DATABASE, &text, &err) == 0)
		file_unmap(text);
	else
		finding_add(findings, SEVERITY_ERROR, "database", "Error reading database: %s",
		            err.text);
}

/* The addresses of a list of exits, one a line; their number. */
static size_t find_exits(struct str list, struct buffer *out)
{
	const struct str word = S("ExitAddress ");
	size_t n = 0;
	while (list.p) {
		struct str line = str_cut(&list, '\n');
		struct str address = str_slice(line, word.n, line.n);
		char shown[IP_TEXT_SIZE];
		struct ip ip;
		if (!str_starts(line, word) || ip_parse(str_cut(&address, ' '), &ip) < 0)
			continue;
		buffer_add_str(out, ip_text(&ip, shown));
		buffer_add_char(out, '\n');
		n++;
	}
	return n;
}

static enum result tor_nodes_fetch(struct bot *bot, int file)
{
	const struct params *p = bot->params;
	const struct http_request request = { .url = str_of(p->database_url), .params = &p->http };
	struct http_response response;
	struct buffer addresses;
	bot_log(bot, LEVEL_INFO, "Downloading %s.", p->database_url);
	enum result result = bot_download(bot, &request, &response);
	if (result != DONE)
		return result;
	buffer_init_in(&addresses, bot->arena, HTTP_BODY);
	if (find_exits(response.body, &addresses) == 0)
		return bot_fail(bot, TRY_LATER, "%s has no exits", p->database_url);
	if (file_write_all(file, buffer_str(&addresses)) < 0)
		return bot_fail(bot, TRY_LATER, "the database cannot be written: %m");
	return DONE;
}

static const struct bot_update tor_nodes_update = {
	.parameter = "database",
	.fetch = tor_nodes_fetch,
};

const struct bot_type experts_tor_nodes_expert = {
	.module = "intelmq.bots.experts.tor_nodes.expert",
	.summary = "Marks addresses that are exits of the Tor network, from a local list.",
	PARAMS_OF(.database = "/opt/intelmq/var/lib/bots/tor_nodes/tor_nodes.dat",
	          .autoupdate_cached_database = true,
	          .database_url = "https://check.torproject.org/exit-addresses",
	          .http = HTTP_DEFAULTS),
	.state_size = sizeof(struct tor_state),
	.uses = USES_FILES,
	.init = tor_nodes_init,
	.fini = tor_nodes_fini,
	.check = tor_nodes_check,
	.enrich = tor_nodes_enrich,
	.update = &tor_nodes_update,
};
