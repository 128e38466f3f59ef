/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Any CSV: the configuration names a field for each column.
 *
 *	columns: "time.source,source.ip|source.fqdn,__IGNORE__"
 *
 * Alternatives are separated by "|": the first one whose field takes the value wins.
 */
#include <intelmq/bot.h>
#include <intelmq/datetime.h>
#include <intelmq/format.h>
#include <intelmq/json.h>
#include <intelmq/number.h>
#include <intelmq/regex.h>
#include <intelmq/text.h>

struct params {
	const struct list *columns;
	struct value columns_required, skip_header;
	const struct dict *column_regex_search, *compose_fields, *data_type, *type_translation;
	const char *default_url_protocol, *delimiter, *filter_text, *filter_type, *time_format,
		*type;
};

#define PARAMS struct params
static const char *const filter_types[] = { "whitelist", "blacklist", NULL };
static const struct param params[] = {
	LIST(columns,
	     "Field of each column; alternatives are separated by |, __IGNORE__ or nothing skips.",
	     .required = true, .empty_is_value = true),
	VALUE(columns_required, "List of booleans, one per column: false accepts that no "
	                        "alternative takes the value."),
	MAP(column_regex_search, "Field to pattern: the first match replaces the value.",
	    .json_text = true),
	MAP(compose_fields, "Field to text with {0}, {1} … for the cells of the row.",
	    .json_text = true),
	MAP(data_type, "Field to json: the cell is decoded as JSON.", .json_text = true),
	MAP(type_translation, "Values of classification.type and what they become.",
	    .json_text = true),
	STR(default_url_protocol, "Put in front of URLs without one."),
	STR(delimiter, "Character between two cells."),
	VALUE(skip_header, "Lines to skip at the start; true is one."),
	STR(filter_text, "Text to look for in the whole row.", .nullable = true),
	CHOICE(filter_type, filter_types,
	       "The whitelist keeps rows with filter_text, the blacklist rows without it.",
	       .nullable = true),
	STR(time_format,
	    "How times are read: fuzzy, timestamp, windows_nt, epoch_millis, utc_isoformat, "
	    "from_format|… and so on.",
	    .nullable = true),
	STR(type, "Classification type of all rows (better: default_fields).", .nullable = true),
	{ 0 },
};

/* One way to use a column, worked out at start. */
struct alternative {
	struct str field;
	bool ignored, json, is_time, is_url, translated;
	struct regex *search;
};

struct column {
	struct alternative *ways;
	size_t n;
	bool required;
};

struct csv_state {
	struct column *columns;
	size_t n;
	struct str conversion;
	int64_t skip;
	struct csv_dialect dialect;
	bool whitelist;
};

/* ---- Start ---- */

static bool maps_to(const struct dict *map, struct str key, struct str text)
{
	const struct value *v = map ? dict_get(map, key) : NULL;
	return v && value_is_text(*v, text);
}

static enum result prepare_way(struct bot *bot, struct alternative *way, struct str field)
{
	const struct params *p = bot->params;
	const struct value *pattern = p->column_regex_search
	                                    ? dict_get(p->column_regex_search, field)
	                                    : NULL;
	*way = (struct alternative){
		.field = field,
		.ignored = !field.n || str_eq(field, S("__IGNORE__")),
		.json = maps_to(p->data_type, field, S("json")),
		.is_time = str_eq(field, S("time.source")) || str_eq(field, S("time.destination")),
		.is_url = str_ends(field, S(".url")),
		.translated = str_eq(field, S("classification.type")) && p->type_translation &&
		              p->type_translation->n,
	};
	if (!pattern || pattern->kind != VALUE_STR)
		return DONE;
	if (regex_new(pattern->text, 0, &way->search, &bot->err) < 0)
		return bot_fail(bot, BAD_CONF, "column_regex_search of '%.*s': %s", STR_ARG(field),
		                bot->err.text);
	return DONE;
}

static enum result prepare_column(struct bot *bot, struct column *column, struct str text)
{
	size_t n = 1;
	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '|';
	column->ways = arena_zalloc(bot->arena, n, sizeof *column->ways);
	for (struct str rest = text; rest.p;) {
		enum result result = prepare_way(bot, &column->ways[column->n++],
		                                 str_cut(&rest, '|'));
		if (result != DONE)
			return result;
	}
	return DONE;
}

static enum result prepare_columns(struct bot *bot, struct csv_state *state)
{
	const struct params *p = bot->params;
	const struct list *required = p->columns_required.kind == VALUE_LIST
	                                    ? p->columns_required.list
	                                    : NULL;
	state->n = p->columns->n;
	state->columns = arena_zalloc(bot->arena, state->n, sizeof *state->columns);
	if (required && required->n != state->n)
		return bot_fail(bot, BAD_CONF, "columns_required has %zu entries, columns has %zu",
		                required->n, state->n);
	for (size_t i = 0; i < state->n; i++) {
		enum result result = prepare_column(bot, &state->columns[i],
		                                    p->columns->items[i].text);
		if (result != DONE)
			return result;
		state->columns[i].required = !required || value_truthy(required->items[i]);
	}
	return DONE;
}

static enum result csv_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct csv_state *state = bot->state;
	state->dialect = csv_excel;
	struct value skip = value_int(0);
	if (value_truthy(p->skip_header) &&
	    value_to_int(bot->arena, p->skip_header, &skip, &bot->err) < 0)
		return bot_fail(bot, BAD_CONF, "skip_header must be a number of lines");
	state->skip = skip.kind == VALUE_INT ? skip.integer : INT64_MAX;
	state->whitelist = p->filter_type && str_eq(str_of(p->filter_type), S("whitelist"));
	if (csv_dialect_set(&state->dialect, S("delimiter"), value_cstr(p->delimiter), &bot->err) <
	    0)
		return bot_fail(bot, BAD_CONF, "delimiter: %s", bot->err.text);
	state->conversion = time_conversion_of(str_of(p->time_format));
	if (time_conversion_check(str_of(p->time_format), &bot->err) < 0)
		return bot_fail(bot, BAD_CONF, "time_format: %s", bot->err.text);
	if (p->type && event_would_accept(bot_new_event(bot), S("classification.type"),
	                                  value_cstr(p->type), true) <= 0)
		return bot_fail(bot, BAD_CONF, "type '%s' is no classification type", p->type);
	return prepare_columns(bot, state);
}

static void csv_fini(struct bot *bot)
{
	struct csv_state *state = bot->state;
	for (size_t i = 0; state->columns && i < state->n; i++)
		for (size_t k = 0; k < state->columns[i].n; k++)
			regex_free(state->columns[i].ways[k].search);
}

/* ---- The text of a report ---- */

/* Comment lines, empty lines, and blanks at the start of lines are taken out; lines end at LF. */
static struct str clean(struct bot *bot, struct str text)
{
	char *out = arena_alloc(bot->arena, text.n + 1);
	size_t n = 0;
	for (struct str rest = text; rest.n;) {
		size_t end = str_index(rest, '\n');
		struct str line = str_slice(rest, 0, end == STR_NOT_FOUND ? rest.n : end + 1);
		rest = str_slice(rest, line.n, rest.n);
		size_t start = 0;
		while (start < line.n && (line.p[start] == ' ' || line.p[start] == '\t'))
			start++;
		if (start == line.n || line.p[start] == '#' || line.p[start] == '\n')
			continue;
		for (struct str left = str_slice(line, start, line.n); left.p;) {
			struct str piece = str_cut(&left, 0);
			memcpy(out + n, piece.p, piece.n);
			n += piece.n;
		}
	}
	return (struct str){ out, n };
}

/* Header lines end as lines of CSV do: at LF, CR LF or CR. */
static struct str cut_line(struct str *rest)
{
	size_t n = 0;
	while (n < rest->n && rest->p[n] != '\n' && rest->p[n] != '\r')
		n++;
	struct str line = str_slice(*rest, 0, n);
	bool both = n + 1 < rest->n && rest->p[n] == '\r' && rest->p[n + 1] == '\n';
	*rest = str_slice(*rest, n + 1 + both, rest->n);
	return line;
}

static enum result csv_begin(struct bot *bot, const struct event *report,
                             struct rows_options *options)
{
	const struct csv_state *state = bot->state;
	(void)report;
	options->csv = state->dialect;
	options->written = &csv_excel;
	options->text = clean(bot, options->text);
	options->text_as_is = true;
	for (int64_t i = 0; i < state->skip; i++) {
		if (!options->text.n)
			return bot_fail(bot, BAD_DATA,
			                "the report has fewer lines than skip_header");
		list_add(options->kept, value_str(cut_line(&options->text)));
	}
	return DONE;
}

/* ---- Rows ---- */

/* False if the row is filtered out. */
static bool passes_filter(struct bot *bot, const struct row *row)
{
	const struct params *p = bot->params;
	const struct csv_state *state = bot->state;
	struct buffer joined;
	if (!p->filter_text || !p->filter_type)
		return true;
	buffer_init_in(&joined, bot->arena, SIZE_MAX / 2);
	for (size_t i = 0; i < row->n; i++) {
		if (i)
			buffer_add_str(&joined, str_of(p->delimiter));
		buffer_add_str(&joined, row->cells[i]);
	}
	bool found = str_find(buffer_str(&joined), str_of(p->filter_text)) != STR_NOT_FOUND;
	return found == state->whitelist;
}

enum tried { NEXT, TAKEN, FAILED };

/* The value as the field wants it; NEXT: this alternative is none. */
static enum tried convert(struct bot *bot, const struct alternative *way, struct value *v)
{
	const struct params *p = bot->params;
	const struct csv_state *state = bot->state;
	struct str text;
	if (way->json &&
	    (v->kind != VALUE_STR || json_parse(bot->arena, v->text, v, &bot->err) < 0))
		return FAILED;
	if (way->is_time) {
		if (time_convert(bot->arena, *v, state->conversion, &text, &bot->err) < 0)
			return FAILED;
		*v = text.p ? value_str(text) : value_null();
	} else if (way->is_url) {
		if (!value_truthy(*v))
			return NEXT;
		if (v->kind == VALUE_STR && str_find(v->text, S("://")) == STR_NOT_FOUND)
			*v = value_str(arena_printf(bot->arena, "%s%.*s", p->default_url_protocol,
			                            (int)v->text.n, v->text.p));
	} else if (way->translated) {
		const struct value *known = v->kind == VALUE_STR
		                                  ? dict_get(p->type_translation, v->text)
		                                  : NULL;
		if (!known && !p->type)
			return NEXT;
		*v = known ? *known : *v;
	}
	return TAKEN;
}

static enum tried try_way(struct bot *bot, const struct alternative *way, struct event *event,
                          struct value *v)
{
	struct regex_match match;
	if (way->search && v->kind == VALUE_STR) {
		int found = regex_search(way->search, bot->arena, v->text, &match, &bot->err);
		if (found < 0)
			return FAILED;
		*v = found ? value_str(regex_group(&match, 0)) : value_null();
	}
	if (way->ignored)
		return TAKEN;
	enum tried tried = convert(bot, way, v);
	if (tried != TAKEN)
		return tried;
	enum added added = event_add(event, way->field, *v, EVENT_LENIENT);
	return added == ADD_FAILED ? FAILED : added == ADD_REFUSED ? NEXT : TAKEN;
}

static enum result add_column(struct bot *bot, const struct column *column, struct event *event,
                              struct str cell)
{
	struct value v = value_str(cell);
	for (size_t i = 0; i < column->n; i++) {
		if (!value_truthy(v))
			return DONE;
		enum tried tried = try_way(bot, &column->ways[i], event, &v);
		if (tried != NEXT)
			return tried == TAKEN ? DONE : BAD_DATA;
	}
	if (!column->required)
		return DONE;
	bot_fail(bot, BAD_DATA, "invalid value '%.*s' for key '%.*s'", STR_ARG(cell),
	         STR_ARG(column->ways[0].field));
	bot->err.fault = FAULT_INVALID_VALUE;
	return BAD_DATA;
}

static enum result compose(struct bot *bot, const struct row *row, struct event *event)
{
	const struct params *p = bot->params;
	struct list *cells = list_new(bot->arena);
	if (!p->compose_fields || !p->compose_fields->n)
		return DONE;
	for (size_t i = 0; i < row->n; i++)
		list_add(cells, value_str(row->cells[i]));
	for (size_t i = 0; i < p->compose_fields->n; i++) {
		const struct pair *pair = &p->compose_fields->pairs[i];
		struct buffer text;
		buffer_init_in(&text, bot->arena, 1024 * 1024);
		if (pair->value.kind != VALUE_STR)
			return bot_fail(bot, BAD_DATA, "compose_fields of '%.*s' is no text",
			                STR_ARG(pair->key));
		if (format_values(&text, pair->value.text, cells, NULL, &bot->err) < 0 ||
		    event_add(event, pair->key, value_str(buffer_str(&text)), 0) == ADD_FAILED)
			return BAD_DATA;
	}
	return DONE;
}

static enum result csv_row(struct bot *bot, const struct row *row, struct event *event)
{
	const struct params *p = bot->params;
	const struct csv_state *state = bot->state;
	if (!passes_filter(bot, row))
		return DROP;
	for (size_t i = 0; i < row->n && i < state->n; i++) {
		enum result result = add_column(bot, &state->columns[i], event, row->cells[i]);
		if (result != DONE)
			return result;
	}
	enum result result = compose(bot, row, event);
	if (result == DONE && p->type)
		event_offer(event, "classification.type", str_of(p->type));
	return result;
}

const struct bot_type parsers_generic_parser_csv = {
	.module = "intelmq.bots.parsers.generic.parser_csv",
	.summary = "Parses any CSV: the configuration names a field for each column.",
	PARAMS_OF(.default_url_protocol = "http://", .delimiter = ","),
	.state_size = sizeof(struct csv_state),
	.rows = ROWS_CSV,
	.init = csv_init,
	.fini = csv_fini,
	.begin = csv_begin,
	.row = csv_row,
	.raw = RAW_RECOVER,
};
