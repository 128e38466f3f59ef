/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Adds the autonomous system and the announced network of addresses, from a routing table in the text form of pyasn:
 *
 *	; comment
 *	192.0.2.0/24	64496
 */
#include <errno.h>
#include <intelmq/bot.h>
#include <intelmq/file.h>
#include <intelmq/number.h>
#include <intelmq/prefix.h>
#include <intelmq/text.h>
#include <stdio.h>
#include <unistd.h>

struct params {
	const char *database;
	bool autoupdate_cached_database;
};

#define PARAMS struct params
static const struct param params[] = {
	PATH(database, "Routing table in the text form of pyasn.", .required = true),
	BOOL(autoupdate_cached_database,
	     "Refresh the file of this bot when the module is run with --update-database."),
	{ 0 },
};

struct asn_state {
	struct prefix_table *table;
};

enum { MAX_DATABASE = 1024 * 1024 * 1024 };

/* One line: a network, white space, the number. Empty lines and comments are fine. */
static int read_line(struct prefix_table *table, struct arena *arena, struct str line,
                     struct err *err)
{
	struct network network;
	struct value asn;
	line = text_strip(line);
	if (!line.n || *line.p == ';' || *line.p == '#')
		return 0;
	size_t gap = str_index(line, '\t');
	if (gap == STR_NOT_FOUND)
		gap = str_index(line, ' ');
	if (gap == STR_NOT_FOUND || network_parse(str_slice(line, 0, gap), false, &network) < 0 ||
	    number_int(arena, str_slice(line, gap, line.n), &asn) < 0 || asn.kind != VALUE_INT ||
	    asn.integer < 0 || asn.integer > UINT32_MAX)
		return err_set(err, FAULT_CONFIGURATION, "'%.*s' is not 'network number'",
		               STR_ARG(line));
	return prefix_table_add(table, network, (uint32_t)asn.integer, err);
}

static struct prefix_table *read_database(struct arena *arena, const char *path, struct err *err)
{
	struct str text;
	struct prefix_table *table = prefix_table_new();
	size_t number = 0;
	if (file_map(path, MAX_DATABASE, &text, err) < 0) {
		prefix_table_free(table);
		return NULL;
	}
	for (struct str rest = text; rest.p && table; number++) {
		struct arena_mark mark = arena_mark(arena);
		int rc = read_line(table, arena, str_cut(&rest, '\n'), err);
		arena_rewind(arena, mark);
		if (rc == 0)
			continue;
		err_prefix(err, "%s, line %zu", path, number + 1);
		prefix_table_free(table);
		table = NULL;
	}
	file_unmap(text);
	return table;
}

static enum result asn_lookup_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct asn_state *state = bot->state;
	state->table = read_database(bot->arena, p->database, &bot->err);
	if (state->table)
		return DONE;
	bot_log(bot, LEVEL_ERROR,
	        "The database cannot be read; run '%s --update-database' to get one.",
	        bot->type->module);
	return BAD_CONF;
}

static void asn_lookup_fini(struct bot *bot)
{
	struct asn_state *state = bot->state;
	prefix_table_free(state->table);
}

static enum result add(struct bot *bot, struct event *event, const char *ip_field,
                       const char *asn_field, const char *network_field)
{
	const struct asn_state *state = bot->state;
	struct str text = event_text(event, ip_field);
	struct network network;
	struct ip ip;
	uint32_t asn;
	char shown[NETWORK_TEXT_SIZE];
	if (!text.p || ip_parse(text, &ip) < 0 ||
	    !prefix_table_find(state->table, &ip, &network, &asn))
		return DONE;
	struct value number = asn ? value_int(asn) : value_null();
	struct str name = arena_dup(bot->arena, network_text(&network, shown));
	if (event_add(event, str_of(asn_field), number, EVENT_OVERWRITE) == ADD_FAILED)
		return BAD_DATA;
	return event_replace(event, network_field, name);
}

static enum result asn_lookup_enrich(struct bot *bot, struct event *event)
{
	enum result result = add(bot, event, "source.ip", "source.asn", "source.network");
	if (result != DONE)
		return result;
	return add(bot, event, "destination.ip", "destination.asn", "destination.network");
}

static void asn_lookup_check(struct bot *bot, struct findings *findings)
{
	const struct params *p = bot->params;
	struct err err = { 0 };
	if (access(p->database, F_OK) < 0) {
		finding_add(findings, SEVERITY_ERROR, "database",
		            "File given as parameter 'database' does not exist.");
		return;
	}
	struct prefix_table *table = read_database(bot->arena, p->database, &err);
	if (!table)
		finding_add(findings, SEVERITY_ERROR, "database", "Error reading database: %s",
		            err.text);
	prefix_table_free(table);
}

const struct bot_type experts_asn_lookup_expert = {
	.module = "intelmq.bots.experts.asn_lookup.expert",
	.summary = "Adds autonomous system and network of addresses from a local routing table.",
	PARAMS_OF(.autoupdate_cached_database = true),
	.state_size = sizeof(struct asn_state),
	.uses = USES_FILES,
	.init = asn_lookup_init,
	.fini = asn_lookup_fini,
	.check = asn_lookup_check,
	.enrich = asn_lookup_enrich,
};
