/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A table of a web page: the configuration names a field for each cell of a row.
 *
 * Alternatives are separated by "|": the first one whose field takes the text of the cell wins.
 */
#include <intelmq/bot.h>
#include <intelmq/datetime.h>
#include <intelmq/html.h>
#include <intelmq/number.h>
#include <intelmq/text.h>

struct params {
	const struct list *columns, *ignore_values;
	const char *attribute_name, *attribute_value, *default_url_protocol, *split_column,
		*split_separator, *time_format, *type;
	int64_t split_index, table_index;
	bool skip_table_head;
};

#define PARAMS struct params
static const struct param params[] = {
	LIST(columns,
	     "Field of each cell; alternatives are separated by |, __IGNORE__ or nothing skips.",
	     .required = true, .empty_is_value = true),
	LIST(ignore_values, "For each cell the text that means that there is no value.",
	     .empty_is_value = true),
	STR(attribute_name, "Attribute that the table must have.", .empty_is_value = true),
	STR(attribute_value, "Value of that attribute.", .empty_is_value = true),
	INT(table_index, "Which of the tables, counted from 0.", .min = 0, .max = INT32_MAX),
	BOOL(skip_table_head, "Skip the first row."),
	STR(split_column, "Field whose text is split first.", .empty_is_value = true),
	STR(split_separator, "Where it is split.", .nullable = true),
	INT(split_index, "Which of its pieces is taken, counted from 0.", .min = INT32_MIN,
	    .max = INT32_MAX),
	STR(default_url_protocol, "Put in front of URLs without one."),
	STR(time_format,
	    "How times are read: fuzzy, timestamp, windows_nt, epoch_millis, from_format|… and so "
	    "on.",
	    .nullable = true),
	STR(type, "Classification type of all rows.", .nullable = true),
	{ 0 },
};

static enum result html_init(struct bot *bot)
{
	const struct params *p = bot->params;
	if (p->ignore_values && p->ignore_values->n && p->ignore_values->n != p->columns->n)
		return bot_fail(bot, BAD_CONF, "ignore_values has %zu entries, columns has %zu",
		                p->ignore_values->n, p->columns->n);
	if (time_conversion_check(str_of(p->time_format), &bot->err) < 0)
		return bot_fail(bot, BAD_CONF, "time_format: %s", bot->err.text);
	return DONE;
}

/* The piece of a text that counts; negative indexes count from its end. */
static int split(struct bot *bot, struct str text, struct str *out)
{
	const struct params *p = bot->params;
	struct list *pieces = list_new(bot->arena);
	if (p->split_separator) {
		struct str separator = str_of(p->split_separator), rest = text;
		for (size_t at; (at = str_find(rest, separator)) != STR_NOT_FOUND;) {
			list_add(pieces, value_str(str_slice(rest, 0, at)));
			rest = str_slice(rest, at + separator.n, rest.n);
		}
		list_add(pieces, value_str(rest));
	} else {
		for (struct str rest = text_strip(text); rest.n; rest = text_strip_left(rest)) {
			struct str start = rest;
			while (rest.n && !text_is_space(text_next(&(struct str){ rest.p, rest.n })))
				text_next(&rest);
			list_add(pieces, value_str(str_slice(start, 0, start.n - rest.n)));
		}
	}
	int64_t index = p->split_index < 0 ? p->split_index + (int64_t)pieces->n : p->split_index;
	if (index < 0 || (size_t)index >= pieces->n)
		return err_set(&bot->err, FAULT_OTHER, "'%.*s' has no piece %lld", STR_ARG(text),
		               (long long)p->split_index);
	*out = text_strip(pieces->items[index].text);
	return 0;
}

static int convert(struct bot *bot, struct str field, struct value *v)
{
	const struct params *p = bot->params;
	struct str text;
	struct value number;
	if (str_eq(field, str_of(p->split_column)) && field.n) {
		if (split(bot, v->text, &text) < 0)
			return -1;
		*v = value_str(text);
	}
	if (str_eq(field, S("time.source")) || str_eq(field, S("time.destination"))) {
		if (value_to_int(bot->arena, *v, &number, NULL) == 0)
			*v = number;
		if (time_convert(bot->arena, *v, time_conversion_of(str_of(p->time_format)), &text,
		                 &bot->err) < 0)
			return -1;
		*v = text.p ? value_str(text) : value_null();
	} else if (str_ends(field, S(".url")) && str_find(v->text, S("://")) == STR_NOT_FOUND) {
		*v = value_str(arena_printf(bot->arena, "%s%.*s", p->default_url_protocol,
		                            (int)v->text.n, v->text.p));
	}
	return 0;
}

/* The cell into the first field that takes it. */
static enum result add_cell(struct bot *bot, struct str alternatives, struct str text,
                            struct event *event, bool *added_out)
{
	struct value v = value_str(text);
	for (struct str rest = alternatives; rest.p;) {
		struct str field = str_cut(&rest, '|');
		if (!value_truthy(v) || !field.n || str_eq(field, S("__IGNORE__")))
			return DONE;
		if (convert(bot, field, &v) < 0)
			return BAD_DATA;
		enum added added = event_add(event, field, v, EVENT_LENIENT);
		*added_out |= added == ADD_STORED;
		if (added != ADD_REFUSED)
			return added == ADD_FAILED ? BAD_DATA : DONE;
	}
	return bot_fail(bot, BAD_DATA, "'%.*s' fits none of '%.*s'", STR_ARG(text),
	                STR_ARG(alternatives));
}

static struct str ignored_text(const struct params *p, size_t i)
{
	return p->ignore_values && i < p->ignore_values->n ? p->ignore_values->items[i].text
	                                                   : S("");
}

static enum result add_row(struct bot *bot, const struct html_node *tr)
{
	const struct params *p = bot->params;
	const struct html_node **cells;
	struct event *event = bot_new_event(bot);
	struct buffer raw;
	bool added = false;
	size_t n = html_find_all(bot->arena, tr, S("td"), STR_NONE, STR_NONE, &cells);
	for (size_t i = 0; i < n && i < p->columns->n; i++) {
		struct str text = text_strip(html_text(bot->arena, cells[i]));
		if (str_eq(text, ignored_text(p, i)))
			continue;
		enum result result = add_cell(bot, p->columns->items[i].text, text, event, &added);
		if (result != DONE)
			return result;
	}
	if (!added)
		return DONE;
	if (p->type && event_add(event, S("classification.type"), value_cstr(p->type),
	                         EVENT_KEEP) == ADD_FAILED)
		return BAD_DATA;
	buffer_init_in(&raw, bot->arena, SIZE_MAX / 2);
	html_write(&raw, tr);
	enum result result = event_set(event, "raw", buffer_str(&raw));
	return result == DONE ? bot_emit_row(bot, event) : result;
}

static enum result html_row(struct bot *bot, const struct row *row, struct event *unused)
{
	const struct params *p = bot->params;
	const struct html_node **tables, **rows;
	struct html_node *root;
	bool chosen = p->attribute_name && *p->attribute_name;
	(void)unused;
	if (html_parse(bot->arena, row->line, &root, &bot->err) < 0)
		return BAD_DATA;
	size_t n = html_find_all(bot->arena, root, S("table"),
	                         chosen ? str_of(p->attribute_name) : STR_NONE,
	                         chosen ? str_of(p->attribute_value) : STR_NONE, &tables);
	if ((size_t)p->table_index >= n)
		return bot_fail(bot, BAD_DATA, "there is no table %lld: %zu match",
		                (long long)p->table_index, n);
	n = html_find_all(bot->arena, tables[p->table_index], S("tr"), STR_NONE, STR_NONE, &rows);
	for (size_t i = p->skip_table_head; i < n; i++) {
		enum result result = add_row(bot, rows[i]);
		if (result != DONE)
			return result;
	}
	return DROP;
}

const struct bot_type parsers_html_table_parser = {
	.module = "intelmq.bots.parsers.html_table.parser",
	.summary = "Parses a table of a web page: the configuration names a field for each cell.",
	PARAMS_OF(.columns = TEXTS(TEXT(""), TEXT("source.fqdn")), .attribute_name = "",
	          .attribute_value = "", .skip_table_head = true, .split_column = "",
	          .default_url_protocol = "http://", .type = "c2-server"),
	.rows = ROWS_WHOLE,
	.init = html_init,
	.row = html_row,
	.whole = true,
};
