/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Adds the autonomous system and the announced network of addresses, from a routing table in the text form of pyasn:
 *
 *	; comment
 *	192.0.2.0/24	64496
 *
 * --update-database makes one of the newest dump of RouteViews.
 */
#include <intelmq/bot.h>
#include <intelmq/file.h>
#include <intelmq/http.h>
#include <intelmq/mrt.h>
#include <intelmq/number.h>
#include <intelmq/prefix.h>
#include <intelmq/regex.h>
#include <intelmq/text.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

struct params {
	const char *database, *database_url;
	bool autoupdate_cached_database;
	struct http_params http;
};

#define PARAMS struct params
static const struct param params[] = {
	PATH(database, "Routing table in the text form of pyasn.", .required = true),
	BOOL(autoupdate_cached_database,
	     "Refresh the file of this bot when the module is run with --update-database."),
	STR(database_url, "Where --update-database begins: an index of months with dumps of a "
	                  "routing table, as RouteViews has it."),
	GROUP(http, http_params),
	{ 0 },
};

struct asn_state {
	struct prefix_table *table;
};

enum { MAX_DATABASE = 1024 * 1024 * 1024, WRITE_BLOCK = 64 * 1024 };

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

/* ---- Update: the newest dump of the newest month, at <month>/RIBS/rib.<date>.<time>.bz2 ---- */

static enum result get(struct bot *bot, struct str url, int file, struct str *body_out)
{
	const struct params *p = bot->params;
	const struct http_request request = { .url = url, .params = &p->http, .file = file };
	struct http_response response = { 0 };
	bot_log(bot, LEVEL_INFO, "Downloading %.*s.", STR_ARG(url));
	enum result result = bot_download(bot, &request, &response);
	if (result != DONE)
		err_prefix(&bot->err, "%.*s", STR_ARG(url));
	*body_out = response.body;
	return result;
}

/* The last in the order of texts that the first group of a pattern finds in a page, before `end` if that is one. */
static enum result find_last(struct bot *bot, struct str page, const char *pattern, struct str end,
                             struct str *out)
{
	struct regex *regex;
	struct regex_match match;
	int found;
	*out = STR_NONE;
	if (regex_new(str_of(pattern), REGEX_ASCII, &regex, &bot->err) < 0)
		return BAD_CONF;
	struct arena_mark mark = arena_mark(bot->arena);
	for (size_t at = 0;
	     (found = regex_search_from(regex, bot->arena, page, at, &match, &bot->err)) == 1;
	     at = match.spans[0].end, arena_rewind(bot->arena, mark)) {
		struct str name = regex_group(&match, 1);
		if (str_cmp(name, *out) > 0 && (!end.p || str_cmp(name, end) < 0))
			*out = name;
	}
	regex_free(regex);
	return found < 0 ? TRY_LATER : DONE;
}

/* The address of the newest dump. A month that has just begun may have none yet. */
static enum result find_dump(struct bot *bot, struct str *url_out)
{
	const struct params *p = bot->params;
	struct str index = str_of(p->database_url), page, month = STR_NONE, name = STR_NONE;
	const char *slash = str_ends(index, S("/")) ? "" : "/";
	enum result result = get(bot, index, 0, &page);
	for (int i = 0; i < 2 && result == DONE && !name.p; i++) {
		struct str dumps;
		result = find_last(bot, page, "href=\"(\\d{4}\\.\\d{2})/\"", month, &month);
		if (result != DONE || !month.p)
			break;
		struct str folder = arena_printf(bot->arena, "%s%s%.*s/RIBS/", p->database_url,
		                                 slash, STR_ARG(month));
		if (get(bot, folder, 0, &dumps) != DONE)
			continue;
		result = find_last(bot, dumps, "(rib\\.\\d{8}\\.\\d{4}\\.bz2)", STR_NONE, &name);
		*url_out = arena_printf(bot->arena, "%.*s%.*s", STR_ARG(folder), STR_ARG(name));
	}
	if (result != DONE || name.p)
		return result;
	return bot_fail(bot, TRY_LATER, "%s has no dump in its two newest months", p->database_url);
}

/* What becomes of a dump. */
struct conversion {
	struct prefix_table *table;
	struct network last;
	struct err *err;
	struct buffer lines;
	int file;
	bool failed;
};

static int take_route(void *context, const struct network *network, uint32_t asn)
{
	struct conversion *c = context;
	/* The default route is nobody's; dumps of the older type have each network once for each peer. */
	if (network->length == 0 || memcmp(network, &c->last, sizeof *network) == 0)
		return 0;
	c->last = *network;
	return prefix_table_add(c->table, *network, asn, c->err);
}

static void flush_lines(struct conversion *c)
{
	c->failed = c->failed || file_write_all(c->file, buffer_str(&c->lines)) < 0;
	buffer_clear(&c->lines);
}

static bool write_route(void *context, const struct network *network, uint32_t asn)
{
	struct conversion *c = context;
	char text[NETWORK_TEXT_SIZE];
	buffer_add_str(&c->lines, network_text(network, text));
	buffer_printf(&c->lines, "\t%" PRIu32 "\n", asn);
	if (c->lines.n > WRITE_BLOCK)
		flush_lines(c);
	return !c->failed;
}

static enum result write_database(struct bot *bot, struct conversion *c, struct str url)
{
	size_t n = prefix_table_count(c->table);
	if (n == 0)
		return bot_fail(bot, TRY_LATER, "%.*s has no routes", STR_ARG(url));
	buffer_init_in(&c->lines, bot->arena, 2 * WRITE_BLOCK);
	buffer_printf(&c->lines, "; IP-ASN32-DAT file\n; Source: %.*s\n; Prefixes: %zu\n",
	              STR_ARG(url), n);
	prefix_table_walk(c->table, write_route, c);
	flush_lines(c);
	return c->failed ? bot_fail(bot, TRY_LATER, "the database cannot be written: %m") : DONE;
}

static enum result convert(struct bot *bot, struct str url, int packed, int file)
{
	struct str bytes;
	struct mrt_counts counts;
	struct conversion c = { .err = &bot->err, .file = file };
	if (file_map(arena_printf(bot->arena, "/proc/self/fd/%d", packed).p, SIZE_MAX, &bytes,
	             &bot->err) < 0)
		return TRY_LATER;
	c.table = prefix_table_new();
	prefix_table_keep_first(c.table);
	bot_log(bot, LEVEL_INFO, "Converting %.*s.", STR_ARG(url));
	enum result result = TRY_LATER;
	if (mrt_read(bytes, take_route, &c, &counts, &bot->err) < 0)
		err_prefix(&bot->err, "%.*s", STR_ARG(url));
	else
		result = write_database(bot, &c, url);
	if (result == DONE)
		bot_log(bot, counts.damaged ? LEVEL_WARNING : LEVEL_INFO,
		        "%zu networks; %" PRIu64 " routes without an origin, %" PRIu64
		        " damaged records.",
		        prefix_table_count(c.table), counts.without_origin, counts.damaged);
	prefix_table_free(c.table);
	file_unmap(bytes);
	return result;
}

static enum result asn_lookup_fetch(struct bot *bot, int file)
{
	struct str url, unused;
	int packed = bot_temporary_file(bot);
	if (packed < 0)
		return BAD_CONF;
	enum result result = find_dump(bot, &url);
	if (result == DONE)
		result = get(bot, url, packed, &unused);
	if (result == DONE)
		result = convert(bot, url, packed, file);
	close(packed);
	return result;
}

static const struct bot_update asn_lookup_update = {
	.parameter = "database",
	.fetch = asn_lookup_fetch,
};

const struct bot_type experts_asn_lookup_expert = {
	.module = "intelmq.bots.experts.asn_lookup.expert",
	.summary = "Adds autonomous system and network of addresses from a local routing table.",
	PARAMS_OF(.autoupdate_cached_database = true,
	          .database_url = "http://archive.routeviews.org/route-views4/bgpdata/",
	          .http = HTTP_DEFAULTS),
	.state_size = sizeof(struct asn_state),
	.uses = USES_FILES,
	.init = asn_lookup_init,
	.fini = asn_lookup_fini,
	.check = asn_lookup_check,
	.enrich = asn_lookup_enrich,
	.update = &asn_lookup_update,
};
