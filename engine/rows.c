/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/rows.h"

#include <intelmq/json.h>
#include <intelmq/text.h>

struct rows {
	struct rows_options options;
	struct arena *report, *row;
	struct str rest; /* lines, JSON: the text not yet given */
	struct csv_reader csv;
	struct str *names; /* CSV with names */
	size_t *last;      /* for each name the last column that has it */
	size_t n_names;
	const struct list *keys; /* a JSON object: its keys are the rows */
	const char *line_ending; /* NULL: not yet looked for */
	bool array_started, done;
	size_t number;
};

/* ---- opening ---- */

static bool ignored(const struct list *prefixes, struct str line)
{
	for (size_t i = 0; prefixes && i < prefixes->n; i++)
		if (prefixes->items[i].kind == VALUE_STR &&
		    str_starts(line, prefixes->items[i].text))
			return true;
	return false;
}

static bool csv_line_ignored(void *context, struct str line)
{
	return ignored(context, line);
}

static struct str without_nul(struct arena *arena, struct str text)
{
	if (str_index(text, '\0') == STR_NOT_FOUND)
		return text;
	char *out = arena_alloc(arena, text.n);
	size_t n = 0;
	struct str piece;
	while (text.p) {
		piece = str_cut(&text, '\0');
		memcpy(out + n, piece.p, piece.n);
		n += piece.n;
	}
	return (struct str){ out, n };
}

/* Of columns with the same name the last one counts: where it is. */
static void last_columns_find(struct rows *r)
{
	struct dict *places = dict_new(r->report);
	for (size_t i = 0; i < r->n_names; i++)
		dict_set(places, r->names[i], value_int((int64_t)i));
	r->last = arena_zalloc(r->report, r->n_names, sizeof *r->last);
	for (size_t i = 0; i < r->n_names; i++)
		r->last[i] = (size_t)dict_get(places, r->names[i])->integer;
}

/* The names are in the first row, unless they were given. */
static int names_open(struct rows *r, struct err *err)
{
	const struct list *given = r->options.names;
	if (!given) {
		int got = csv_next(&r->csv, err);
		if (got < 0)
			return -1;
		if (got == 0) {
			r->done = true;
			return 0;
		}
	}
	r->n_names = given ? given->n : r->csv.n;
	r->names = arena_zalloc(r->report, r->n_names, sizeof *r->names);
	for (size_t i = 0; i < r->n_names; i++)
		r->names[i] = arena_dup(r->report, given ? given->items[i].text : r->csv.cells[i]);
	last_columns_find(r);
	return 0;
}

static int csv_open(struct rows *r, struct err *err)
{
	struct rows_options *o = &r->options;
	if (csv_dialect_check(&o->csv, err) < 0)
		return -1;
	if (!o->text_as_is)
		o->text = text_strip(o->text);
	o->text = without_nul(r->report, o->text);
	csv_reader_init(&r->csv, r->report, &o->csv, o->text, CSV_LINES_UNIVERSAL);
	if (o->ignore && o->ignore->n) {
		r->csv.skip = csv_line_ignored;
		r->csv.skip_context = (void *)(uintptr_t)o->ignore;
	}
	return o->kind == ROWS_CSV_DICT ? names_open(r, err) : 0;
}

static struct str json_space_skip(struct str text)
{
	while (text.n && strchr(" \t\n\r", *text.p) && *text.p)
		text = str_slice(text, 1, text.n);
	return text;
}

/* The rows of an object are its keys, those of a text its characters. */
static int json_other_open(struct rows *r, struct err *err)
{
	struct value document;
	struct list *keys = list_new(r->report);
	if (json_parse(r->report, r->options.text, &document, err) < 0)
		return -1;
	if (document.kind == VALUE_DICT) {
		for (size_t i = 0; i < document.dict->n; i++)
			list_add(keys, value_str(document.dict->pairs[i].key));
	} else if (document.kind == VALUE_STR) {
		for (struct str rest = document.text; rest.n;) {
			struct str before = rest;
			text_next(&rest);
			list_add(keys, value_str(str_slice(before, 0, before.n - rest.n)));
		}
	} else {
		return err_set(err, FAULT_OTHER, "the JSON document is no list");
	}
	r->keys = keys;
	return 0;
}

/* Checks the whole document; its elements are then read one by one. */
static int json_open(struct rows *r, struct err *err)
{
	struct str text = json_space_skip(r->options.text);
	const char *after, *end = text.p + text.n;
	enum value_kind kind;
	bool canonical;
	if (text.n == 0 || *text.p != '[' ||
	    json_skip(text.p, end, &after, &kind, &canonical, NULL) < 0 ||
	    json_space_skip((struct str){ after, (size_t)(end - after) }).n)
		return json_other_open(r, err);
	r->rest = text;
	return 0;
}

int rows_open(struct rows **out, struct arena *report, struct arena *row,
              const struct rows_options *options, struct err *err)
{
	struct rows *r = arena_zalloc(report, 1, sizeof *r);
	*r = (struct rows){ .options = *options, .report = report, .row = row };
	r->rest = options->text;
	*out = r;
	switch (options->kind) {
	case ROWS_CSV:
	case ROWS_CSV_DICT:
		return csv_open(r, err);
	case ROWS_JSON:
		return json_open(r, err);
	case ROWS_NONE:
	case ROWS_WHOLE:
	case ROWS_LINES:
	case ROWS_JSON_LINES:
		break;
	}
	return 0;
}

/* ---- the next row ---- */

static int next_whole(struct rows *r, struct row *out)
{
	if (r->done)
		return 0;
	r->done = true;
	out->line = r->options.text;
	return 1;
}

static int next_line(struct rows *r, struct row *out)
{
	while (r->rest.n) {
		out->line = text_line(&r->rest, NULL);
		if (!r->options.text_as_is)
			out->line = text_strip(out->line);
		if (!ignored(r->options.ignore, out->line))
			return 1;
	}
	return 0;
}

static int next_csv(struct rows *r, struct row *out, struct err *err)
{
	int got = csv_next(&r->csv, err);
	if (got <= 0)
		return got;
	out->line = r->csv.lines;
	out->cells = r->csv.cells;
	out->n = r->csv.n;
	return 1;
}

static int next_csv_named(struct rows *r, struct row *out, struct err *err)
{
	int got;
	if (r->done)
		return 0;
	do {
		got = next_csv(r, out, err);
	} while (got > 0 && out->n == 0);
	if (got <= 0)
		return got;
	out->names = r->names;
	out->n_names = r->n_names;
	if (out->n < r->n_names) {
		struct str *cells = arena_zalloc(r->row, r->n_names, sizeof *cells);
		memcpy(cells, out->cells, out->n * sizeof *cells);
		out->cells = cells;
		out->n = r->n_names;
	}
	return 1;
}

/* The element after "[" or "," at the start of the rest; the document is known to be correct. */
static int next_element(struct rows *r, struct row *out, struct err *err)
{
	struct str rest = json_space_skip(str_slice(r->rest, 1, r->rest.n));
	size_t n;
	if (*r->rest.p == ']' || *rest.p == ']') {
		r->done = true;
		return 0;
	}
	if (json_parse_prefix(r->row, rest, &out->json, &n, err) < 0)
		return -1;
	out->line = str_slice(rest, 0, n);
	r->rest = json_space_skip(str_slice(rest, n, rest.n));
	return 1;
}

static int next_json(struct rows *r, struct row *out, struct err *err)
{
	if (r->done)
		return 0;
	if (!r->keys)
		return next_element(r, out, err);
	if (r->number >= r->keys->n)
		return 0;
	out->json = r->keys->items[r->number];
	out->line = out->json.text;
	return 1;
}

static int next_json_line(struct rows *r, struct row *out, struct err *err)
{
	if (!r->rest.n)
		return 0;
	out->line = text_line(&r->rest, NULL);
	return json_parse(r->row, out->line, &out->json, err) < 0 ? -1 : 1;
}

int rows_next(struct rows *r, struct row *row_out, struct err *err)
{
	int got = 0;
	*row_out = (struct row){ .json = value_null() };
	switch (r->options.kind) {
	case ROWS_NONE:
		break;
	case ROWS_WHOLE:
		got = next_whole(r, row_out);
		break;
	case ROWS_LINES:
		got = next_line(r, row_out);
		break;
	case ROWS_CSV:
		got = next_csv(r, row_out, err);
		break;
	case ROWS_CSV_DICT:
		got = next_csv_named(r, row_out, err);
		break;
	case ROWS_JSON:
		got = next_json(r, row_out, err);
		break;
	case ROWS_JSON_LINES:
		got = next_json_line(r, row_out, err);
		break;
	}
	if (got > 0)
		row_out->number = ++r->number;
	return got;
}

/* ---- putting together again ---- */

void rows_keep(struct rows *r, struct str line)
{
	if (!r->options.kept)
		r->options.kept = list_new(r->report);
	list_add(r->options.kept, value_str(arena_dup(r->report, line)));
}

static struct str rows_line_ending(struct rows *r)
{
	if (!r->line_ending) {
		bool lf = false, cr = false, both = false;
		struct str text = r->options.text;
		for (struct str rest = text; rest.p && !(lf && cr);) {
			struct str line = str_cut(&rest, '\n');
			size_t at = str_index(line, '\r');
			bool pair = rest.p && line.n && line.p[line.n - 1] == '\r';
			both |= pair;
			lf |= rest.p && !pair;
			cr |= at != STR_NOT_FOUND && !(pair && at == line.n - 1);
		}
		r->line_ending = lf && !cr && !both ? "\n" : cr && !lf && !both ? "\r" : "\r\n";
	}
	return str_of(r->line_ending);
}

static bool is_csv(const struct rows *r)
{
	return r->options.kind == ROWS_CSV || r->options.kind == ROWS_CSV_DICT;
}

/* The first line that the CSV reader saw, stripped. */
static struct str csv_first_line(const struct rows *r)
{
	struct str rest = r->options.text;
	while (rest.n) {
		const char *p = rest.p, *end = p + rest.n;
		while (p < end && *p != '\n' && *p != '\r')
			p++;
		struct str line = { rest.p, (size_t)(p - rest.p) };
		if (!ignored(r->options.ignore, line))
			return text_strip(line);
		p += p < end && *p == '\r' && p + 1 < end && p[1] == '\n' ? 2 : p < end;
		rest = (struct str){ p, (size_t)(end - p) };
	}
	return STR_NONE;
}

static bool has_kept(const struct rows *r)
{
	return r->options.kept && r->options.kept->n;
}

static void kept_put(const struct rows *r, struct buffer *b, struct str separator)
{
	for (size_t i = 0; has_kept(r) && i < r->options.kept->n; i++) {
		buffer_add_str(b, r->options.kept->items[i].text);
		buffer_add_str(b, separator);
	}
}

static int put_generic(struct rows *r, const struct row *row, struct buffer *b, struct err *err)
{
	struct str line = is_csv(r) ? r->csv.line : row->line;
	if (!line.n)
		return err_set(err, FAULT_INVALID_ARGUMENT, "the line is empty");
	struct str first = is_csv(r) && !has_kept(r) ? csv_first_line(r) : STR_NONE;
	if (first.n) {
		buffer_add_str(b, first);
		buffer_add_char(b, '\n');
	}
	kept_put(r, b, S("\n"));
	buffer_add_str(b, line);
	return 0;
}

/*
 * True if the row, written anew, is its line as it stood: nothing in it is quoted nor needs to be. That
 * holds for nearly all rows.
 */
static bool is_written_so(const struct rows *r, const struct row *row, struct str *line_out)
{
	const struct csv_dialect *d = &r->options.csv;
	if (r->options.written && (r->options.written->delimiter != d->delimiter ||
	                           r->options.written->quote != d->quote))
		return false;
	if (row->n < 2 || d->escape || d->skipinitialspace || d->quoting != CSV_QUOTE_MINIMAL ||
	    d->quote >= 0x80)
		return false;
	struct str line = row->line;
	while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	*line_out = line;
	return str_index(line, (char)d->quote) == STR_NOT_FOUND &&
	       str_index(line, '\r') == STR_NOT_FOUND && str_index(line, '\n') == STR_NOT_FOUND;
}

static int csv_put(struct rows *r, struct buffer *b, const struct str *cells, size_t n,
                   struct err *err)
{
	struct csv_dialect dialect = r->options.written ? *r->options.written : r->options.csv;
	dialect.lineterminator = rows_line_ending(r);
	return csv_write(b, &dialect, cells, n, err);
}

/* Cells below the names; of those with the same name the last one is written for each. */
static int cells_put_named(struct rows *r, const struct row *row, struct buffer *b, struct err *err)
{
	if (row->n > row->n_names)
		return err_set(err, FAULT_INVALID_ARGUMENT,
		               "the row has more cells than there are names");
	struct str *cells = arena_zalloc(r->row, row->n_names, sizeof *cells);
	for (size_t i = 0; i < row->n_names; i++)
		cells[i] = row->cells[r->last[i]];
	return csv_put(r, b, cells, row->n_names, err);
}

static int put_cells(struct rows *r, const struct row *row, struct buffer *b, struct err *err)
{
	struct str line;
	switch (r->options.kind) {
	case ROWS_CSV:
		kept_put(r, b, rows_line_ending(r));
		if (is_written_so(r, row, &line)) {
			buffer_add_str(b, line);
			buffer_add_str(b, rows_line_ending(r));
			return 0;
		}
		if (row->n)
			return csv_put(r, b, row->cells, row->n, err);
		buffer_add_str(b, r->csv.line);
		return 0;
	case ROWS_CSV_DICT:
		if (csv_put(r, b, r->names, r->n_names, err) < 0)
			return -1;
		return cells_put_named(r, row, b, err);
	case ROWS_JSON:
		buffer_add_char(b, '[');
		json_write(b, row->json, 0);
		buffer_add_char(b, ']');
		return 0;
	case ROWS_JSON_LINES:
	case ROWS_WHOLE:
		buffer_add_str(b, row->line);
		return 0;
	case ROWS_LINES:
	case ROWS_NONE:
		break;
	}
	return put_generic(r, row, b, err);
}

/* The row's text as it stood with what its kind needs in front; `line` says which text of it. */
static int put_text(struct rows *r, struct str line, struct buffer *b, struct err *err)
{
	switch (r->options.kind) {
	case ROWS_CSV:
		kept_put(r, b, rows_line_ending(r));
		break;
	case ROWS_CSV_DICT:
		if (csv_put(r, b, r->names, r->n_names, err) < 0)
			return -1;
		break;
	case ROWS_LINES:
		kept_put(r, b, S("\n"));
		break;
	case ROWS_JSON:
		buffer_add_char(b, '[');
		buffer_add_str(b, line);
		buffer_add_char(b, ']');
		return 0;
	case ROWS_JSON_LINES:
	case ROWS_WHOLE:
	case ROWS_NONE:
		break;
	}
	buffer_add_str(b, line);
	return 0;
}

struct str rows_recover_as(struct rows *r, const struct row *row, enum rows_form form,
                           struct arena *arena, struct err *err)
{
	struct buffer b;
	int outcome = -1;
	buffer_init_in(&b, arena, SIZE_MAX / 2);
	switch (form) {
	case ROWS_FORM_LINE:
		outcome = put_text(r, is_csv(r) ? r->csv.line : row->line, &b, err);
		break;
	case ROWS_FORM_CELLS:
		outcome = put_cells(r, row, &b, err);
		break;
	case ROWS_FORM_GENERIC:
		outcome = put_generic(r, row, &b, err);
		break;
	case ROWS_FORM_REPORT:
		outcome = put_text(r, row->line, &b, err);
		break;
	}
	if (outcome < 0)
		return STR_NONE;
	/* The reference strips what it recovers of CSV with names. */
	bool strip = r->options.kind == ROWS_CSV_DICT && form != ROWS_FORM_GENERIC;
	return strip ? text_strip(buffer_str(&b)) : buffer_str(&b);
}

struct str rows_recover(struct rows *r, const struct row *row, struct arena *arena, struct err *err)
{
	return rows_recover_as(r, row, ROWS_FORM_CELLS, arena, err);
}

struct str rows_recover_failed(struct rows *r, const struct row *row, struct arena *arena,
                               struct err *err)
{
	return rows_recover_as(r, row, ROWS_FORM_REPORT, arena, err);
}

struct list *rows_ignore_list(struct arena *arena, const char *prefixes)
{
	if (!prefixes)
		return NULL;
	struct list *list = list_new(arena);
	struct str rest = str_of(prefixes);
	while (rest.p)
		list_add(list, value_str(str_cut(&rest, '|')));
	return list;
}
