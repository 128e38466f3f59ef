/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * row.h - what a parser's row hook gets: one line, CSV row or JSON document of a report.
 */
#pragma once
#include <intelmq/csv.h>
#include <intelmq/value.h>

/* How a report is cut into rows. */
enum rows_kind {
	ROWS_NONE,       /* not a parser */
	ROWS_WHOLE,      /* the whole text is one row */
	ROWS_LINES,      /* stripped lines, empty ones skipped by the hook */
	ROWS_CSV,        /* cells by position */
	ROWS_CSV_DICT,   /* cells by the names of the first row */
	ROWS_JSON,       /* elements of a JSON array */
	ROWS_JSON_LINES, /* one JSON document a line */
};

struct row {
	size_t number;           /* counted from 1 in the report */
	struct str line;         /* the text it was read from */
	const struct str *cells; /* CSV: p is NULL for a cell that a short row lacks */
	size_t n;                /* cells */
	const struct str *names; /* CSV with names: n_names column names */
	size_t n_names;
	struct value json; /* JSON rows: the document */
};

/* A parser's settings for one report; `begin` may change them. */
struct rows_options {
	enum rows_kind kind;
	struct str text; /* the decoded report; begin may replace it (e.g. cut comments) */
	struct csv_dialect csv;
	const struct csv_dialect *written; /* dialect of recovered rows; NULL: that of the report */
	const struct list *ignore;         /* texts; lines starting with one are skipped */
	const struct list *names;          /* CSV_DICT: column names instead of the first row's */
	bool text_as_is; /* CSV: the text is not stripped first; lines: they are not, and empty ones are rows */
	struct list *kept; /* header lines kept so far (in front of a recovered raw) */
};

/* The cell of a column counted from 1; STR_NONE if the row is shorter. */
static inline struct str row_cell(const struct row *row, size_t column)
{
	return column >= 1 && column <= row->n ? row->cells[column - 1] : STR_NONE;
}

/* The cell below a column name, the last one if several have it; false if there is none. A missing cell is STR_NONE. */
bool row_find(const struct row *, const char *name, struct str *out);

/* The value at a path ("a.b") of a JSON row, or NULL. */
const struct value *row_json(const struct row *, const char *path);
