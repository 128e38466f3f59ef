/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * rows.h - cutting a report into rows, and putting a row together again as a report of its own.
 *
 * CSV: the text is stripped and freed of NUL characters, its lines end with LF, CR LF or CR, lines
 * that start with an entry of `ignore` are left out before the CSV reader sees them. With names, rows
 * without any cell are skipped, and of columns with the same name the last one counts.
 * Lines: all of Python's line ends; each line is stripped, then compared with `ignore`.
 * JSON: the whole text is checked before its first row is given. `ignore` does not apply.
 *
 * Memory is constant in the size of the report, apart from its text.
 */
#pragma once
#include <intelmq/err.h>
#include <intelmq/row.h>

struct rows;

/*
 * `report` must live as long as the rows, as must the text and what the options point to; `row` is
 * where the memory of single rows comes from, which the caller gives back between rows.
 * -1: nothing of the report can be read. Note that the options are copied; `kept` stays shared.
 */
int rows_open(struct rows **out, struct arena *report, struct arena *row,
              const struct rows_options *, struct err *);

/*
 * The next row: 1, 0 at the end, -1 if the rest of the report cannot be read. The row lives until the
 * next call or until its arena is given back.
 */
int rows_next(struct rows *, struct row *row_out, struct err *);

/* Adds a line to the list of kept lines, copied into the report's arena. */
void rows_keep(struct rows *, struct str line);

/* What the text of a row is made of. */
enum rows_form {
	ROWS_FORM_LINE, /* the last line of the row as it stood, without its ending if that was stripped */
	ROWS_FORM_CELLS, /* CSV written anew from the cells; JSON: an array of one element */
	ROWS_FORM_GENERIC, /* kept lines, or without any the first line of CSV, and the last line, by LF */
	ROWS_FORM_REPORT, /* all lines of the row as they stood, and what a parser needs in front of them */
};

/*
 * The row as a report: kept lines and, for CSV with names, the line of names are put in front of it.
 * The text lies in the arena; null with an error for an empty line, for a row with more cells than names
 * (ROWS_FORM_CELLS only), and where the dialect cannot write the row.
 */
struct str rows_recover_as(struct rows *, const struct row *, enum rows_form, struct arena *,
                           struct err *);

/* For `raw` of events: ROWS_FORM_CELLS of CSV and JSON arrays, ROWS_FORM_GENERIC of lines, the line of
 * JSON streams. */
struct str rows_recover(struct rows *, const struct row *, struct arena *, struct err *);

/* For dumps: ROWS_FORM_REPORT. */
struct str rows_recover_failed(struct rows *, const struct row *, struct arena *, struct err *);

/* "#|;" as a list of texts; null if `prefixes` is. */
struct list *rows_ignore_list(struct arena *, const char *prefixes);
