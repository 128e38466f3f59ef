/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/csv.h>

#include "lib/wtf8.h"
#include <intelmq/number.h>

const struct csv_dialect csv_excel = {
	.delimiter = ',',
	.quote = '"',
	.doublequote = true,
	.quoting = CSV_QUOTE_MINIMAL,
	.lineterminator = { "\r\n", 2 },
};

const struct csv_dialect csv_excel_tab = {
	.delimiter = '\t',
	.quote = '"',
	.doublequote = true,
	.quoting = CSV_QUOTE_MINIMAL,
	.lineterminator = { "\r\n", 2 },
};

const struct csv_dialect csv_unix = {
	.delimiter = ',',
	.quote = '"',
	.doublequote = true,
	.quoting = CSV_QUOTE_ALL,
	.lineterminator = { "\n", 1 },
};

const struct csv_dialect *csv_dialect_get(struct str name)
{
	static const struct {
		const char *name;
		const struct csv_dialect *dialect;
	} dialects[] = {
		{ "excel", &csv_excel },
		{ "excel-tab", &csv_excel_tab },
		{ "unix", &csv_unix },
	};
	for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
		if (str_eq(name, str_of(dialects[i].name)))
			return dialects[i].dialect;
	return NULL;
}

int csv_dialect_check(const struct csv_dialect *d, struct err *err)
{
	if (!d->delimiter)
		return err_set(err, FAULT_INVALID_ARGUMENT,
		               "\"delimiter\" must be a 1-character string");
	if (d->quoting < CSV_QUOTE_MINIMAL || d->quoting > CSV_QUOTE_NONE)
		return err_set(err, FAULT_INVALID_ARGUMENT, "bad \"quoting\" value");
	if (d->quoting != CSV_QUOTE_NONE && !d->quote)
		return err_set(err, FAULT_INVALID_ARGUMENT,
		               "quotechar must be set if quoting enabled");
	return 0;
}

/* The one code point that the text is; 0 if it is more or fewer. */
static uint32_t one_character(struct str text)
{
	if (text.n == 0)
		return 0;
	unsigned char first = (unsigned char)text.p[0];
	size_t n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (text.n != n)
		return 0;
	uint32_t c = n == 1 ? first : first & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)text.p[i] & 0x3f);
	return c;
}

static int character_set(uint32_t *out, struct str name, struct value v, bool required,
                         struct err *err)
{
	uint32_t c = v.kind == VALUE_STR ? one_character(v.text) : 0;
	bool none = v.kind == VALUE_NULL || (v.kind == VALUE_STR && v.text.n == 0);
	if (!c && (required || !none))
		return err_set(err, FAULT_INVALID_ARGUMENT, "\"%.*s\" must be a 1-character string",
		               STR_ARG(name));
	*out = c;
	return 0;
}

static int quoting_set(struct csv_dialect *d, struct value v, struct err *err)
{
	if (v.kind != VALUE_INT)
		return err_set(err, FAULT_INVALID_ARGUMENT, "\"quoting\" must be an integer");
	if (v.integer < CSV_QUOTE_MINIMAL || v.integer > CSV_QUOTE_NONE)
		return err_set(err, FAULT_INVALID_ARGUMENT, "bad \"quoting\" value");
	d->quoting = (enum csv_quoting)v.integer;
	return 0;
}

static int dialect_named(struct csv_dialect *d, struct value v, struct err *err)
{
	const struct csv_dialect *found = v.kind == VALUE_STR ? csv_dialect_get(v.text) : NULL;
	if (!found)
		return err_set(err, FAULT_INVALID_ARGUMENT, "unknown dialect");
	*d = *found;
	return 0;
}

int csv_dialect_set(struct csv_dialect *d, struct str name, struct value v, struct err *err)
{
	const struct {
		const char *name;
		uint32_t *character;
		bool *flag;
	} settings[] = {
		{ "delimiter", &d->delimiter, NULL },
		{ "quotechar", &d->quote, NULL },
		{ "escapechar", &d->escape, NULL },
		{ "doublequote", NULL, &d->doublequote },
		{ "skipinitialspace", NULL, &d->skipinitialspace },
		{ "strict", NULL, &d->strict },
	};
	for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
		if (!str_eq(name, str_of(settings[i].name)))
			continue;
		if (settings[i].flag)
			*settings[i].flag = value_truthy(v);
		else
			return character_set(settings[i].character, name, v, i == 0, err);
		return 0;
	}
	if (str_eq(name, S("quoting")))
		return quoting_set(d, v, err);
	if (str_eq(name, S("dialect")))
		return dialect_named(d, v, err);
	if (!str_eq(name, S("lineterminator")))
		return err_set(err, FAULT_INVALID_ARGUMENT,
		               "'%.*s' is an invalid keyword argument for this function",
		               STR_ARG(name));
	if (v.kind != VALUE_STR)
		return err_set(err, FAULT_INVALID_ARGUMENT, "\"lineterminator\" must be a string");
	d->lineterminator = v.text;
	return 0;
}

/* The length of the UTF-8 character at `p`, and its code point; a byte that belongs to none is like no other. */
static size_t character_at(const char *p, const char *end, uint32_t *out)
{
	size_t n = wtf8_next(p, end, out);
	if (n)
		return n;
	*out = UINT32_MAX;
	return 1;
}

static bool special(const struct csv_dialect *d, uint32_t c)
{
	if (c == d->delimiter || (d->quote && c == d->quote) || (d->escape && c == d->escape))
		return true;
	const char *p = d->lineterminator.p, *end = p + d->lineterminator.n;
	while (p < end) {
		uint32_t other;
		p += character_at(p, end, &other);
		if (other == c)
			return true;
	}
	return false;
}

/* Adds the text with what its characters need in front of them; *quoted_io says whether quotes are
 * needed or wanted around it. */
static int content_add(struct buffer *b, const struct csv_dialect *d, struct str text,
                       bool *quoted_io, struct err *err)
{
	const char *p = text.p, *end = text.p + text.n;
	while (p < end) {
		uint32_t c;
		size_t n = character_at(p, end, &c);
		if (special(d, c)) {
			bool escape = d->quoting == CSV_QUOTE_NONE;
			if (!escape && c == d->quote) {
				if (d->doublequote)
					buffer_add_utf8(b, d->quote);
				else
					escape = true;
			} else if (d->escape && c == d->escape) {
				escape = true;
			}
			if (!escape)
				*quoted_io = true;
			else if (!d->escape)
				return err_set(err, FAULT_OTHER,
				               "need to escape, but no escapechar set");
			else
				buffer_add_utf8(b, d->escape);
		}
		buffer_put(b, p, n);
		p += n;
	}
	return 0;
}

static int cell_write(struct buffer *b, const struct csv_dialect *d, struct str text, bool quoted,
                      struct err *err)
{
	size_t start = b->n;
	if (content_add(b, d, text, &quoted, err) < 0)
		return -1;
	if (!quoted)
		return 0;
	char quote[4];
	struct buffer one = { .p = quote, .capacity = sizeof quote, .limit = sizeof quote };
	buffer_add_utf8(&one, d->quote);
	if (!buffer_room(b, 2 * one.n))
		return 0;
	memmove(b->p + start + one.n, b->p + start, b->n - start);
	memcpy(b->p + start, quote, one.n);
	b->n += one.n;
	buffer_put(b, quote, one.n);
	return 0;
}

static bool is_number(struct value v)
{
	return v.kind == VALUE_INT || v.kind == VALUE_BIG || v.kind == VALUE_FLOAT ||
	       v.kind == VALUE_BOOL;
}

/* The text of a value as Python's str() has it; `scratch` keeps what is not borrowed. */
static int value_text(struct value v, char scratch[NUMBER_FLOAT_SIZE], struct str *out,
                      struct err *err)
{
	switch (v.kind) {
	case VALUE_NULL:
		*out = S("");
		return 0;
	case VALUE_STR:
	case VALUE_BIG:
		*out = v.text;
		return 0;
	case VALUE_BOOL:
		*out = v.boolean ? S("True") : S("False");
		return 0;
	case VALUE_INT:
		*out = number_int_text(v.integer, scratch);
		return 0;
	case VALUE_FLOAT:
		*out = number_float_text(v.real, scratch);
		return 0;
	case VALUE_BYTES:
	case VALUE_LIST:
	case VALUE_DICT:
		break;
	}
	return err_set(err, FAULT_INVALID_VALUE, "a cell can only be text or a number");
}

static void delimiter_add(struct buffer *b, const struct csv_dialect *d, size_t i)
{
	if (i)
		buffer_add_utf8(b, d->delimiter);
}

/* The end of a row of n cells that begins at `start`: one empty cell alone would read as no cell. */
static int row_end(struct buffer *b, const struct csv_dialect *d, size_t start, size_t n,
                   struct err *err)
{
	if (n > 0 && b->n == start && !b->over) {
		if (d->quoting == CSV_QUOTE_NONE)
			return err_set(err, FAULT_OTHER,
			               "single empty field record must be quoted");
		buffer_add_utf8(b, d->quote);
		buffer_add_utf8(b, d->quote);
	}
	buffer_add_str(b, d->lineterminator);
	return 0;
}

int csv_write_values(struct buffer *b, const struct csv_dialect *d, const struct value *cells,
                     size_t n, struct err *err)
{
	size_t start = b->n;
	for (size_t i = 0; i < n; i++) {
		char scratch[NUMBER_FLOAT_SIZE];
		struct str text;
		bool quoted = d->quoting == CSV_QUOTE_ALL ||
		              (d->quoting == CSV_QUOTE_NONNUMERIC && !is_number(cells[i]));
		delimiter_add(b, d, i);
		if (value_text(cells[i], scratch, &text, err) < 0 ||
		    cell_write(b, d, text, quoted, err) < 0) {
			b->n = start;
			return -1;
		}
	}
	if (row_end(b, d, start, n, err) < 0) {
		b->n = start;
		return -1;
	}
	return 0;
}

int csv_write(struct buffer *b, const struct csv_dialect *d, const struct str *cells, size_t n,
              struct err *err)
{
	size_t start = b->n;
	bool quoted = d->quoting == CSV_QUOTE_ALL || d->quoting == CSV_QUOTE_NONNUMERIC;
	for (size_t i = 0; i < n; i++) {
		delimiter_add(b, d, i);
		if (cell_write(b, d, cells[i], quoted, err) < 0) {
			b->n = start;
			return -1;
		}
	}
	if (row_end(b, d, start, n, err) < 0) {
		b->n = start;
		return -1;
	}
	return 0;
}
