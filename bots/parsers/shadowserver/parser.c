/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* long: eighteen conversions that the published schema names, and no other bot needs */
/*
 * All reports of the Shadowserver Foundation: CSV whose columns a schema maps to fields. The schema is published by
 * Shadowserver and read from <state directory>/shadowserver-schema.json:
 *
 *	{"scan_http": {"feed_name": "Accessible-HTTP", "file_name": "scan_http", "url": "https://…",
 *	               "constant_fields": {"classification.type": "other"},
 *	               "required_fields": [["source.ip", "ip", "validate_ip"]],
 *	               "optional_fields": [["extra.", "tag"]]}}
 *
 * The name of the report's file says which mapping applies: 2019-01-01-scan_http-country-geo.csv.
 */
#include <intelmq/base64.h>
#include <intelmq/bot.h>
#include <intelmq/clock.h>
#include <intelmq/datetime.h>
#include <intelmq/file.h>
#include <intelmq/http.h>
#include <intelmq/json.h>
#include <intelmq/number.h>
#include <intelmq/regex.h>
#include <intelmq/text.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct params {
	const char *feedname, *schema_url;
	bool auto_update, overwrite, test_mode;
	struct http_params http;
};

#define PARAMS struct params
static const struct param params[] = {
	STR(feedname,
	    "Name of the feed as in the schema, instead of finding it by the name of the file.",
	    .nullable = true),
	BOOL(overwrite, "Replace a feed.name that the report brought along."),
	BOOL(auto_update, "Look for a newer schema at each start."),
	BOOL(test_mode, "Look for no newer schema, whatever auto_update says."),
	STR(schema_url, "Where auto_update and --update-schema get the schema."),
	GROUP(http, http_params),
	{ 0 },
};

#define SCHEMA "shadowserver-schema.json"

enum { MAX_SCHEMA = 64 * 1024 * 1024, CHECK_SECONDS = 3600, UNKNOWN_COLUMN = -1 };

/* What a conversion gets: the cell, its row, and an event to try values on. */
struct cell {
	struct bot *bot;
	struct str text;
	const struct row *row;
	struct event *event;
};

typedef int conversion(const struct cell *, struct value *out);

/* One line of required_fields or optional_fields. */
struct mapping {
	struct str field, column_name;
	bool ignored;        /* the field is `false` */
	conversion *convert; /* NULL: the cell as it is */
	int column;          /* in the report in hand, or UNKNOWN_COLUMN */
};

struct mappings {
	struct mapping *all;
	size_t n;
};

struct shadowserver_state {
	const struct dict *schema;
	struct regex *file_name;
	/* the report in hand */
	struct arena *report; /* lives as long as it */
	const struct dict *feed;
	struct mappings required, optional;
	const struct dict *columns; /* name to place, made at the first row */
};

/* ---- Conversions ---- */

static bool is_one_of(struct str text, const char *words)
{
	for (struct str rest = str_of(words); rest.p;)
		if (str_eq_ascii_case(str_cut(&rest, '|'), text))
			return true;
	return false;
}

static struct str column(const struct cell *c, const char *name)
{
	const struct shadowserver_state *state = c->bot->state;
	const struct value *place = dict_get(state->columns, str_of(name));
	return place ? row_cell(c->row, (size_t)place->integer + 1) : STR_NONE;
}

static int to_utc(const struct cell *c, struct value *out)
{
	*out = value_str(arena_printf(c->bot->arena, "%.*s UTC", (int)c->text.n, c->text.p));
	return 0;
}

static int to_bool(const struct cell *c, struct value *out)
{
	if (is_one_of(c->text, "y|yes|true|enabled|1"))
		*out = value_bool(true);
	else if (is_one_of(c->text, "n|no|false|disabled|0"))
		*out = value_bool(false);
	return 0;
}

static int to_none(const struct cell *c, struct value *out)
{
	if (c->text.n && !str_eq(c->text, S("0")) && !str_eq(c->text, S("unknown")))
		*out = value_str(c->text);
	return 0;
}

static int to_int(const struct cell *c, struct value *out)
{
	return c->text.n ? value_to_int(c->bot->arena, value_str(c->text), out, &c->bot->err) : 0;
}

static int to_float(const struct cell *c, struct value *out)
{
	return c->text.n ? value_to_float(c->bot->arena, value_str(c->text), out, &c->bot->err) : 0;
}

static int without_zero(const struct cell *c, struct value *out)
{
	if (to_int(c, out) < 0)
		return -1;
	if (out->kind == VALUE_INT && out->integer == 0)
		*out = value_null();
	return 0;
}

static bool fits(const struct cell *c, const char *field)
{
	return event_would_accept(c->event, str_of(field), value_str(c->text), true) > 0;
}

static int valid_ip(const struct cell *c, struct value *out)
{
	if (!str_eq(c->text, S("0.0.0.0")) && str_index(c->text, '/') == STR_NOT_FOUND &&
	    fits(c, "source.ip"))
		*out = value_str(c->text);
	return 0;
}

static int valid_network(const struct cell *c, struct value *out)
{
	if (str_index(c->text, '/') != STR_NOT_FOUND && fits(c, "source.network"))
		*out = value_str(c->text);
	return 0;
}

static int valid_fqdn(const struct cell *c, struct value *out)
{
	if (c->text.n && fits(c, "source.domain_suffix"))
		*out = value_str(c->text);
	return 0;
}

static int to_date_of(const struct cell *c, struct str text, struct value *out)
{
	struct str date = STR_NONE;
	if (datetime_sanitize(c->bot->arena, value_str(text), &date) == 0 && date.p)
		*out = value_str(date);
	return 0;
}

static int to_date(const struct cell *c, struct value *out)
{
	return to_date_of(c, c->text, out);
}

static int to_date_utc(const struct cell *c, struct value *out)
{
	return to_date_of(c, arena_printf(c->bot->arena, "%.*s+00:00", (int)c->text.n, c->text.p),
	                  out);
}

static int to_base64(const struct cell *c, struct value *out)
{
	if (c->text.n)
		*out = value_str(base64_is_strict(c->text) ? c->text
		                                           : base64_encode(c->bot->arena, c->text));
	return 0;
}

/* A URL from the columns that name host, path and application. */
static int to_http_url(const struct cell *c, struct value *out)
{
	static const char *const hosts[] = { "cc_dns", "http_host", "hostname", "ip" };
	struct str host = STR_NONE, path = column(c, "url"), application = column(c, "application");
	for (size_t i = 0; i < 4 && !host.n; i++)
		host = column(c, hosts[i]);
	if (!path.n)
		path = column(c, "http_url");
	*out = value_str(c->text);
	if (!host.n || !path.n)
		return 0;
	size_t slash = str_index(path, '/'), end = 0;
	path = slash == STR_NOT_FOUND ? S("") : str_slice(path, slash, path.n);
	for (struct str rest = path; rest.n && !text_is_space(text_next(&rest));)
		end = path.n - rest.n;
	if (!str_eq(application, S("http")) && !str_eq(application, S("https")))
		application = S("http");
	*out = value_str(arena_printf(c->bot->arena, "%.*s://%.*s%.*s", STR_ARG(application),
	                              (int)host.n, host.p, (int)end, path.p));
	return 0;
}

static int webshell_or(const struct cell *c, struct str yes, struct str no, struct value *out)
{
	*out = value_str(str_find(c->text, S("webshell")) != STR_NOT_FOUND ? yes : no);
	return 0;
}

static int exchange_taxonomy(const struct cell *c, struct value *out)
{
	return webshell_or(c, S("intrusions"), S("vulnerable"), out);
}

static int exchange_type(const struct cell *c, struct value *out)
{
	return webshell_or(c, S("system-compromise"), S("vulnerable-system"), out);
}

static int exchange_identifier(const struct cell *c, struct value *out)
{
	return webshell_or(c, S("exchange-server-webshell"), S("vulnerable-exchange-server"), out);
}

static int category_or_detail(const struct cell *c, struct value *out)
{
	struct str text = column(c, "category");
	if (!text.n)
		text = column(c, "detail");
	*out = text.p ? value_str(text) : value_null();
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static bool is_cve(struct str tag)
{
	struct str rest = tag;
	if (!str_eq(str_cut(&rest, '-'), S("cve")) || !rest.p)
		return false;
	for (struct str part; rest.p;) {
		part = str_cut(&rest, '-');
		for (size_t i = 0; i < part.n; i++)
			if (part.p[i] < '0' || part.p[i] > '9')
				return false;
		if (!part.n)
			return false;
	}
	size_t dashes = 0;
	for (size_t i = 0; i < tag.n; i++)
		dashes += tag.p[i] == '-';
	return dashes == 2;
}

/* The CVE numbers among the tags, each once, in order. */
static int cves_of_tag(const struct cell *c, struct value *out)
{
	struct str *found = arena_alloc(c->bot->arena, (c->text.n / 2 + 1) * sizeof *found);
	struct buffer joined;
	size_t n = 0;
	for (struct str rest = c->text; rest.p;) {
		struct str tag = str_cut(&rest, ';');
		if (is_cve(tag))
			found[n++] = tag;
	}
	qsort(found, n, sizeof *found, by_text);
	buffer_init_in(&joined, c->bot->arena, SIZE_MAX / 2);
	for (size_t i = 0; i < n; i++) {
		if (i && str_eq(found[i], found[i - 1]))
			continue;
		if (joined.n)
			buffer_add_char(&joined, ';');
		buffer_add_str(&joined, found[i]);
	}
	if (n)
		*out = value_str(buffer_str(&joined));
	return 0;
}

static const struct {
	const char *name;
	conversion *convert;
} conversions[] = {
	{ "add_UTC_to_timestamp", to_utc },
	{ "convert_bool", to_bool },
	{ "validate_to_none", to_none },
	{ "convert_int", to_int },
	{ "convert_float", to_float },
	{ "invalidate_zero", without_zero },
	{ "validate_ip", valid_ip },
	{ "validate_network", valid_network },
	{ "validate_fqdn", valid_fqdn },
	{ "convert_date", to_date },
	{ "convert_date_utc", to_date_utc },
	{ "force_base64", to_base64 },
	{ "convert_http_host_and_url", to_http_url },
	{ "scan_exchange_taxonomy", exchange_taxonomy },
	{ "scan_exchange_type", exchange_type },
	{ "scan_exchange_identifier", exchange_identifier },
	{ "category_or_detail", category_or_detail },
	{ "extract_cve_from_tag", cves_of_tag },
};

/* ---- The schema ---- */

static int read_schema(struct bot *bot, struct str text, const struct dict **out)
{
	struct value schema;
	if (json_parse(bot->arena, text, &schema, &bot->err) < 0)
		return -1;
	if (schema.kind != VALUE_DICT)
		return err_set(&bot->err, FAULT_CONFIGURATION, "it must be an object of reports");
	*out = schema.dict;
	return 0;
}

/* The schema that is installed. */
static int read_installed(struct bot *bot, const struct dict **out)
{
	struct str path = bot_state_path(bot, SCHEMA), text;
	if (file_map(path.p, MAX_SCHEMA, &text, &bot->err) < 0)
		return -1;
	struct str copy = arena_dup(bot->arena, text);
	file_unmap(text);
	return read_schema(bot, copy, out) < 0 ? err_prefix(&bot->err, "%s", path.p) : 0;
}

/* What a schema says of itself, or NULL. */
static const struct value *about(const struct dict *schema, struct str key)
{
	const struct value *meta = dict_get(schema, S("_meta"));
	return meta && meta->kind == VALUE_DICT ? dict_get(meta->dict, key) : NULL;
}

/* When it was made, as a text; STR_NONE: it does not say so. */
static struct str date_of(const struct dict *schema)
{
	const struct value *date = about(schema, S("date_created"));
	return date && date->kind == VALUE_STR ? date->text : STR_NONE;
}

static void log_schema(struct bot *bot, const struct dict *schema)
{
	struct str date = date_of(schema);
	const struct value *changes = about(schema, S("change_log"));
	if (date.p)
		bot_log(bot, LEVEL_INFO, "Schema of %.*s.", STR_ARG(date));
	for (size_t i = 0; changes && changes->kind == VALUE_LIST && i < changes->list->n; i++)
		if (changes->list->items[i].kind == VALUE_STR)
			bot_log(bot, LEVEL_INFO, "Schema change: %.*s",
			        STR_ARG(changes->list->items[i].text));
}

/* ---- A newer schema ---- */

/* True if nobody has asked for a while; that somebody asks now is noted down. */
static bool is_due(struct bot *bot)
{
	struct stat st;
	struct str path = bot_state_path(bot, "shadowserver-schema.check");
	int64_t age = stat(path.p, &st) == 0 ? clock_now_us() / 1000000 - st.st_mtime : -1;
	if (age >= 0 && age < CHECK_SECONDS)
		return false;
	int fd = open(path.p, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || futimens(fd, NULL) < 0)
		bot_log(bot, LEVEL_WARNING, "%s cannot be written: %m", path.p);
	if (fd >= 0)
		close(fd);
	return true;
}

static enum result download(struct bot *bot, struct str *text_out)
{
	const struct params *p = bot->params;
	const struct http_request request = { .url = str_of(p->schema_url), .params = &p->http };
	struct http_response response;
	bot_log(bot, LEVEL_INFO, "Downloading %s.", p->schema_url);
	enum result result = bot_download(bot, &request, &response);
	*text_out = response.body;
	return result;
}

static enum result shadowserver_fetch(struct bot *bot, int file)
{
	struct str text;
	const struct dict *schema, *installed;
	if (!is_due(bot)) {
		bot_log(bot, LEVEL_INFO, "The schema was looked for less than an hour ago.");
		return DROP;
	}
	enum result result = download(bot, &text);
	if (result != DONE)
		return result;
	if (read_schema(bot, text, &schema) < 0) {
		err_prefix(&bot->err, "what was downloaded is no schema");
		return TRY_LATER;
	}
	struct str date = date_of(schema);
	if (!date.p)
		return bot_fail(bot, TRY_LATER,
		                "what was downloaded is no schema: it has no _meta.date_created");
	if (read_installed(bot, &installed) == 0 && str_eq(date_of(installed), date))
		return DROP;
	bot_log(bot, LEVEL_INFO, "New schema of %.*s.", STR_ARG(date));
	if (file_write_all(file, text) < 0)
		return bot_fail(bot, TRY_LATER, "the schema cannot be written: %m");
	return DONE;
}

static const struct bot_update shadowserver_update = {
	.what = "schema",
	.name = SCHEMA,
	.keeps_old = true,
	.fetch = shadowserver_fetch,
};

/* The bot goes on with the schema that it has. */
static void refresh(struct bot *bot)
{
	enum result result = bot_refresh(bot);
	if (result != DONE && result != DROP)
		bot_log(bot, LEVEL_ERROR, "No newer schema could be got: %s", bot->err.text);
}

/* ---- Starting ---- */

/* The report whose `key` has this text, or NULL. */
static const struct dict *find_feed(const struct shadowserver_state *state, const char *key,
                                    struct str text)
{
	for (size_t i = 0; i < state->schema->n; i++) {
		struct value report = state->schema->pairs[i].value;
		const struct value *v = report.kind == VALUE_DICT
		                              ? dict_get(report.dict, str_of(key))
		                              : NULL;
		if (v && value_is_text(*v, text))
			return report.dict;
	}
	return NULL;
}

static enum result shadowserver_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct shadowserver_state *state = bot->state;
	if (p->auto_update && !p->test_mode)
		refresh(bot);
	if (read_installed(bot, &state->schema) < 0) {
		err_prefix(&bot->err, "the schema cannot be read, '%s --update-schema' gets one",
		           bot->type->module);
		return BAD_CONF;
	}
	log_schema(bot, state->schema);
	if (p->feedname && !find_feed(state, "feed_name", str_of(p->feedname)))
		bot_log(bot, LEVEL_INFO,
		        "The schema has no feed '%s'; the name of the file chooses the mapping.",
		        p->feedname);
	return regex_new(S("^(?:\\d{4}-\\d{2}-\\d{2}-)?(\\w+)(-\\w+)*\\.csv$"), 0,
	                 &state->file_name, &bot->err) < 0
	             ? BAD_CONF
	             : DONE;
}

static void shadowserver_fini(struct bot *bot)
{
	struct shadowserver_state *state = bot->state;
	regex_free(state->file_name);
}

static const struct dict *detect_feed(struct bot *bot, const struct event *report)
{
	const struct params *p = bot->params;
	struct shadowserver_state *state = bot->state;
	struct str name = event_text(report, "extra.file_name");
	struct regex_match match;
	const struct dict *feed = p->feedname ? find_feed(state, "feed_name", str_of(p->feedname))
	                                      : NULL;
	if (feed)
		return feed;
	if (name.p && regex_search(state->file_name, bot->arena, name, &match, &bot->err) == 1)
		feed = find_feed(state, "file_name", regex_group(&match, 1));
	if (!feed)
		bot_fail(bot, BAD_DATA,
		         "no mapping of the schema fits: extra.file_name of the report is '%.*s'",
		         STR_ARG(name));
	return feed;
}

static conversion *find_conversion(struct value name)
{
	for (size_t i = 0; i < sizeof conversions / sizeof *conversions; i++)
		if (value_is_text(name, str_of(conversions[i].name)))
			return conversions[i].convert;
	return NULL;
}

static void read_mappings(struct bot *bot, const struct dict *feed, const char *key,
                          struct mappings *out)
{
	const struct value *list = dict_get(feed, str_of(key));
	size_t n = list && list->kind == VALUE_LIST ? list->list->n : 0;
	*out = (struct mappings){ arena_zalloc(bot->arena, n, sizeof *out->all), 0 };
	for (size_t i = 0; i < n; i++) {
		struct value entry = list->list->items[i];
		if (entry.kind != VALUE_LIST || entry.list->n < 2 ||
		    entry.list->items[1].kind != VALUE_STR)
			continue;
		struct value field = entry.list->items[0];
		out->all[out->n++] = (struct mapping){
			.field = field.kind == VALUE_STR ? field.text : S(""),
			.ignored = field.kind != VALUE_STR,
			.column_name = entry.list->items[1].text,
			.convert = entry.list->n > 2 ? find_conversion(entry.list->items[2]) : NULL,
		};
	}
}

static enum result shadowserver_begin(struct bot *bot, const struct event *report,
                                      struct rows_options *options)
{
	struct shadowserver_state *state = bot->state;
	options->written = &csv_unix;
	state->report = bot->arena;
	state->columns = NULL;
	state->feed = detect_feed(bot, report);
	if (!state->feed)
		return BAD_DATA;
	read_mappings(bot, state->feed, "required_fields", &state->required);
	read_mappings(bot, state->feed, "optional_fields", &state->optional);
	return DONE;
}

/* ---- Rows ---- */

/* Of columns with the same name the last one counts. */
static const struct dict *find_columns(struct arena *arena, const struct row *row)
{
	struct dict *columns = dict_new(arena);
	for (size_t i = 0; i < row->n_names; i++)
		dict_set(columns, row->names[i], value_int((int64_t)i));
	return columns;
}

/* Where each mapping's column lies, once per report. */
static void resolve(const struct dict *columns, struct mappings *mappings)
{
	for (size_t i = 0; i < mappings->n; i++) {
		struct mapping *m = &mappings->all[i];
		const struct value *place = dict_get(columns, m->column_name);
		m->column = place ? (int)place->integer : UNKNOWN_COLUMN;
	}
}

/* What a row gathers: fields that go into `extra`, and which columns are done. */
struct gathered {
	struct dict *extra;
	bool *handled;
};

static int convert_cell(struct bot *bot, const struct mapping *m, const struct row *row,
                        struct event *event, struct value *out)
{
	struct str text = row_cell(row, (size_t)m->column + 1);
	struct cell cell = { bot, text, row, event };
	*out = value_null();
	if (!text.p)
		return 0;
	if (m->convert)
		return m->convert(&cell, out);
	*out = value_str(text);
	return 0;
}

static enum result add_required(struct bot *bot, const struct mapping *m, const struct row *row,
                                struct event *event, struct gathered *g)
{
	struct value v;
	if (m->column == UNKNOWN_COLUMN)
		return bot_fail(bot, BAD_DATA, "required column '%.*s' is missing in feed '%.*s'",
		                STR_ARG(m->column_name), STR_ARG(event_text(event, "feed.name")));
	if (convert_cell(bot, m, row, event, &v) < 0)
		return BAD_DATA;
	if (v.kind == VALUE_NULL)
		return DONE;
	if (event_add(event, m->field, v, 0) == ADD_FAILED) {
		if (event_err(event)->fault != FAULT_INVALID_KEY)
			return BAD_DATA;
		bot_log(bot, LEVEL_WARNING, "The schema names the unknown field '%.*s'.",
		        STR_ARG(m->field));
	}
	g->handled[m->column] = true;
	return DONE;
}

static enum result add_optional(struct bot *bot, const struct mapping *m, const struct row *row,
                                struct event *event, struct gathered *g)
{
	struct value v;
	if (m->column == UNKNOWN_COLUMN) {
		bot_log(bot, LEVEL_WARNING, "Optional column '%.*s' is missing.",
		        STR_ARG(m->column_name));
		return DONE;
	}
	if (convert_cell(bot, m, row, event, &v) < 0)
		return BAD_DATA;
	g->handled[m->column] = true;
	if (v.kind == VALUE_NULL || m->ignored)
		return DONE;
	if (str_starts(m->field, S("extra."))) {
		struct str name = str_slice(m->field, 6, m->field.n);
		dict_set(g->extra, name.n ? name : m->column_name, v);
		return DONE;
	}
	if (event_add(event, m->field, v, 0) != ADD_FAILED)
		return DONE;
	enum fault fault = event_err(event)->fault;
	if (fault == FAULT_INVALID_KEY) {
		dict_set(g->extra, m->field, v);
	} else if (fault == FAULT_INVALID_VALUE) {
		bot_log(bot, LEVEL_DEBUG, "Column '%.*s' goes to extra: %s",
		        STR_ARG(m->column_name), event_err(event)->text);
		g->handled[m->column] = false;
	} else {
		return BAD_DATA;
	}
	return DONE;
}

static enum result add_feed(struct bot *bot, struct event *event)
{
	const struct params *p = bot->params;
	const struct shadowserver_state *state = bot->state;
	const struct value *name = dict_get(state->feed, S("feed_name")),
			   *url = dict_get(state->feed, S("url"));
	unsigned flags = p->overwrite ? EVENT_OVERWRITE : EVENT_KEEP;
	if (name && event_add(event, S("feed.name"), *name, flags) == ADD_FAILED)
		return BAD_DATA;
	if (url && event_add(event, S("feed.documentation"), *url, EVENT_KEEP) == ADD_FAILED)
		return BAD_DATA;
	return DONE;
}

/* Columns that nothing used are kept in extra. */
static void keep_rest(const struct dict *columns, const struct row *row, struct gathered *g)
{
	for (size_t i = 0; i < columns->n; i++) {
		size_t place = (size_t)columns->pairs[i].value.integer;
		struct str text = row_cell(row, place + 1);
		if (!g->handled[place] && (text.n || !text.p))
			dict_set(g->extra, columns->pairs[i].key,
			         text.p ? value_str(text) : value_null());
	}
}

static enum result shadowserver_row(struct bot *bot, const struct row *row, struct event *event)
{
	struct shadowserver_state *state = bot->state;
	struct gathered g = { dict_new(bot->arena),
		              arena_zalloc(bot->arena, row->n_names + 1, sizeof *g.handled) };
	if (!state->columns) {
		state->columns = find_columns(state->report, row);
		resolve(state->columns, &state->required);
		resolve(state->columns, &state->optional);
	}
	enum result result = add_feed(bot, event);
	for (size_t i = 0; result == DONE && i < state->required.n; i++)
		result = add_required(bot, &state->required.all[i], row, event, &g);
	for (size_t i = 0; result == DONE && i < state->optional.n; i++)
		result = add_optional(bot, &state->optional.all[i], row, event, &g);
	const struct value *constants = dict_get(state->feed, S("constant_fields"));
	if (result == DONE && constants && constants->kind == VALUE_DICT)
		result = event_update(event, constants->dict);
	if (result != DONE)
		return result;
	keep_rest(state->columns, row, &g);
	return g.extra->n ? event_set_value(event, "extra", value_dict(g.extra)) : DONE;
}

const struct bot_type parsers_shadowserver_parser = {
	.module = "intelmq.bots.parsers.shadowserver.parser",
	.summary = "Parses all reports of the Shadowserver Foundation by the schema that it "
		   "publishes.",
	PARAMS_OF(.schema_url = "https://interchange.shadowserver.org/intelmq/v1/schema",
	          .http = HTTP_DEFAULTS),
	.state_size = sizeof(struct shadowserver_state),
	.uses = USES_FILES,
	.rows = ROWS_CSV_DICT,
	.init = shadowserver_init,
	.fini = shadowserver_fini,
	.begin = shadowserver_begin,
	.row = shadowserver_row,
	.raw = RAW_AS_READ,
	.update = &shadowserver_update,
};
