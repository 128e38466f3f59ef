/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * csv.h - tables in text, with the dialects and the error texts of Python's csv module.
 *
 * The reader takes one line of the text after the other; a quoted cell may go on over several
 * lines. Cells without quotes inside are slices of the text, others of the reader's own memory:
 * cells live until the next csv_next.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/buffer.h>
#include <intelmq/err.h>
#include <intelmq/str.h>
#include <intelmq/value.h>

enum {
	CSV_CELL_MAX = 131072,   /* characters of one cell that the reader accepts */
	CSV_CELLS_MAX = 1 << 20, /* cells of one row that the reader accepts */
};

/* When the writer quotes; for the reader, NONNUMERIC makes numbers of bare cells and NONE takes
 * quote characters as they are. The numbers are those of Python's constants. */
enum csv_quoting {
	CSV_QUOTE_MINIMAL = 0,
	CSV_QUOTE_ALL = 1,
	CSV_QUOTE_NONNUMERIC = 2,
	CSV_QUOTE_NONE = 3,
};

struct csv_dialect {
	uint32_t delimiter;    /* a code point, as the next two */
	uint32_t quote;        /* 0: none */
	uint32_t escape;       /* 0: none */
	bool doublequote;      /* a quote inside quotes is written twice */
	bool skipinitialspace; /* spaces after a delimiter do not count */
	bool strict;           /* refuse what is not well-formed */
	enum csv_quoting quoting;
	struct str lineterminator; /* for the writer; the reader knows LF, CR and CR LF */
};

/* "excel": comma, double quotes where needed, doubled inside, CR LF. "unix": all quoted, LF. */
extern const struct csv_dialect csv_excel;
extern const struct csv_dialect csv_excel_tab;
extern const struct csv_dialect csv_unix;

/* The dialect of this name ("excel", "excel-tab", "unix"); NULL if there is none. */
const struct csv_dialect *csv_dialect_get(struct str name);

/* -1 where Python refuses to make such a dialect (quotes needed but no quote character, …). */
int csv_dialect_check(const struct csv_dialect *, struct err *);

/*
 * Sets one parameter by the name and with the value that csv.reader(**parameters) has
 * ("delimiter": ";", "quoting": 3, "dialect": "unix", …); text values are borrowed. -1 for an
 * unknown name or an impossible value. "dialect" replaces all that was set before it.
 */
int csv_dialect_set(struct csv_dialect *, struct str name, struct value, struct err *);

/* What ends a line of the text. */
enum csv_lines {
	CSV_LINES_LF,        /* LF only, as io.StringIO(text) iterates */
	CSV_LINES_UNIVERSAL, /* LF, CR LF and CR, as a file opened with newline='' iterates */
};

/* Says of a line (with its ending) whether it is left out before the reader sees it. */
typedef bool csv_skip_function(void *context, struct str line);

struct csv_reader {
	/* The row, set by csv_next. */
	struct str *cells;
	size_t n;
	const bool *numeric; /* with CSV_QUOTE_NONNUMERIC: cell i is numbers[i]; else NULL */
	const double *numbers;
	struct str line;    /* the last line of text the row was made from, with its ending */
	struct str lines;   /* from its first line to the end of its last */
	size_t line_number; /* lines of text read so far, skipped ones not counted */

	/* May be set between csv_reader_init and the first csv_next. */
	csv_skip_function *skip; /* NULL: no line is left out */
	void *skip_context;
	size_t cells_max;

	/* Private. */
	struct str rest;
	struct csv_dialect dialect;
	enum csv_lines line_ends;
	uint8_t classes[256];
	bool fast;
	struct buffer cell_memory, text_memory, numeric_memory, number_memory;
};

/*
 * A reader over `text`, which is borrowed as is the dialect's text; what the reader needs grows in
 * the arena, twice the widest row at most. Nothing is to be freed. The dialect must have passed
 * csv_dialect_check.
 */
void csv_reader_init(struct csv_reader *, struct arena *, const struct csv_dialect *,
                     struct str text, enum csv_lines);

/*
 * The next row: 1, or 0 at the end of the text. A line without anything gives a row without cells.
 * -1 with the error text of Python's csv.Error (or of ValueError for a bare cell that is no number);
 * the next call goes on with the next line.
 */
int csv_next(struct csv_reader *, struct err *);

/*
 * Adds one row and the line terminator to the buffer. A cell with a null pointer counts as Python's
 * None. -1 and an unchanged buffer: "need to escape, but no escapechar set" or "single empty field
 * record must be quoted".
 */
int csv_write(struct buffer *, const struct csv_dialect *, const struct str *cells, size_t n,
              struct err *);

/* The same for values: numbers are not quoted with CSV_QUOTE_NONNUMERIC; lists and maps are refused. */
int csv_write_values(struct buffer *, const struct csv_dialect *, const struct value *cells,
                     size_t n, struct err *);
