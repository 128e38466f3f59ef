/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/csv.h>
#include <intelmq/number.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/* What a character can be; one character may be several, each state asks in its own order. */
enum {
	IS_DELIMITER = 1,
	IS_QUOTE = 2,
	IS_ESCAPE = 4,
	IS_SPACE = 8,
	IS_NEWLINE = 16,
	IS_WIDE = 32, /* first byte of a non-ASCII character that may be one of the above */
};

enum state {
	ROW_START,
	CELL_START,
	IN_CELL,
	IN_QUOTES,
	QUOTE_SEEN, /* a quote inside quotes: the end, or one half of a doubled one */
	ESCAPED,
	ESCAPED_IN_QUOTES,
	NEWLINE_ESCAPED, /* after an escaped newline: the row goes on in the next line */
	AFTER_NEWLINE,   /* the row is complete, nothing but newlines may follow in this line */
};

static size_t utf8_put(char out[4], uint32_t c)
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = n - 1; i > 0; i--) {
		out[i] = (char)(0x80 | (c & 0x3f));
		c >>= 6;
	}
	out[0] = (char)((0xf00u >> n) | c);
	return n;
}

static void classes_set(struct csv_reader *r)
{
	const struct {
		uint32_t character;
		uint8_t class;
	} meanings[] = {
		{ r->dialect.delimiter, IS_DELIMITER },
		{ r->dialect.quoting == CSV_QUOTE_NONE ? 0 : r->dialect.quote, IS_QUOTE },
		{ r->dialect.escape, IS_ESCAPE },
		{ r->dialect.skipinitialspace ? ' ' : 0, IS_SPACE },
		{ '\n', IS_NEWLINE },
		{ '\r', IS_NEWLINE },
	};
	memset(r->classes, 0, sizeof r->classes);
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++) {
		char bytes[4];
		if (!meanings[i].character)
			continue;
		size_t n = utf8_put(bytes, meanings[i].character);
		r->classes[(unsigned char)bytes[0]] |= n > 1 ? IS_WIDE : meanings[i].class;
	}
}

/* The fast path knows one-byte delimiters without second meaning and rows without escapes. */
static bool dialect_is_plain(const struct csv_dialect *d)
{
	return d->delimiter < 0x80 && d->quote < 0x80 && !d->escape && !d->skipinitialspace &&
	       d->delimiter != '\n' && d->delimiter != '\r' && d->delimiter != d->quote &&
	       d->quote != '\n' && d->quote != '\r' && d->quoting != CSV_QUOTE_NONNUMERIC;
}

void csv_reader_init(struct csv_reader *r, struct arena *arena, const struct csv_dialect *dialect,
                     struct str text, enum csv_lines line_ends)
{
	*r = (struct csv_reader){
		.rest = text,
		.dialect = *dialect,
		.line_ends = line_ends,
		.cells_max = CSV_CELLS_MAX,
	};
	buffer_init_in(&r->cell_memory, arena, SIZE_MAX / 2);
	buffer_init_in(&r->text_memory, arena, SIZE_MAX / 2);
	buffer_init_in(&r->numeric_memory, arena, SIZE_MAX / 2);
	buffer_init_in(&r->number_memory, arena, SIZE_MAX / 2);
	classes_set(r);
	r->fast = dialect_is_plain(dialect);
}

/* Cuts the next line, with its ending, off what is left. */
static bool line_cut(struct csv_reader *r, struct str *out)
{
	if (r->rest.n == 0)
		return false;
	const char *lf = memchr(r->rest.p, '\n', r->rest.n);
	size_t n = lf ? (size_t)(lf - r->rest.p) + 1 : r->rest.n;
	if (r->line_ends == CSV_LINES_UNIVERSAL) {
		const char *cr = memchr(r->rest.p, '\r', n);
		if (cr) {
			size_t at = (size_t)(cr - r->rest.p) + 1;
			n = at < r->rest.n && cr[1] == '\n' ? at + 1 : at;
		}
	}
	*out = (struct str){ r->rest.p, n };
	r->rest.p += n;
	r->rest.n -= n;
	return true;
}

static bool line_get(struct csv_reader *r, struct str *out)
{
	while (line_cut(r, out)) {
		if (r->skip && r->skip(r->skip_context, *out))
			continue;
		r->line_number++;
		return true;
	}
	return false;
}

static size_t characters(const char *p, size_t n)
{
	size_t count = 0;
	for (size_t i = 0; i < n; i++)
		count += ((unsigned char)p[i] & 0xc0) != 0x80;
	return count;
}

static int cell_check(const char *p, size_t n, struct err *err)
{
	if (n > CSV_CELL_MAX && characters(p, n) > CSV_CELL_MAX)
		return err_set(err, FAULT_OTHER, "field larger than field limit (%d)",
		               CSV_CELL_MAX);
	return 0;
}

static int cell_add(struct csv_reader *r, const char *p, size_t n, struct err *err)
{
	if (r->n >= r->cells_max)
		return err_set(err, FAULT_OTHER, "row with more than %zu cells", r->cells_max);
	if (cell_check(p, n, err) < 0)
		return -1;
	struct str *cell = (struct str *)(void *)buffer_room(&r->cell_memory, sizeof *cell);
	*cell = (struct str){ p, n };
	r->cell_memory.n += sizeof *cell;
	r->n++;
	return 0;
}

/* ---- fast path: a row in one line, cells bare or simply quoted ---- */

enum { FAST_DONE = 1, FAST_NOT = 0, FAST_FAILED = -1 };

/* Where the scan of a row stands. */
struct fast {
	const char *at;       /* the next cell starts here, or its row ends here */
	const char *end;      /* of the text */
	const char *line_end; /* LF of this line; looked for when the first quote is met, else NULL */
};

static bool fast_at_row_end(const struct csv_reader *r, const struct fast *f)
{
	return f->at == f->end || *f->at != (char)r->dialect.delimiter;
}

/* A bare cell, byte by byte: what is too short or too long for cells_scan. */
static int cell_fast_bare(struct csv_reader *r, struct fast *f, struct err *err)
{
	const char *p = f->at, delimiter = (char)r->dialect.delimiter;
	while (p < f->end && *p != delimiter && *p != '\n' && *p != '\r')
		p++;
	const char *start = f->at;
	f->at = p;
	return cell_add(r, start, (size_t)(p - start), err) < 0 ? FAST_FAILED : FAST_DONE;
}

/* A quoted cell without quotes inside, closed in its line in front of a delimiter or the end. */
static int cell_fast_quoted(struct csv_reader *r, struct fast *f, struct err *err)
{
	const char *start = f->at + 1;
	/* Never to look beyond the line keeps the time linear when many rows turn out not to be fast. */
	if (!f->line_end) {
		f->line_end = memchr(start, '\n', (size_t)(f->end - start));
		if (!f->line_end)
			f->line_end = f->end;
	}
	const char *stop = memchr(start, (int)r->dialect.quote, (size_t)(f->line_end - start));
	if (!stop)
		return FAST_NOT;
	f->at = stop + 1;
	bool closed = !fast_at_row_end(r, f) || f->at == f->end || *f->at == '\n' || *f->at == '\r';
	if (!closed)
		return FAST_NOT;
	if (r->line_ends == CSV_LINES_UNIVERSAL && memchr(start, '\r', (size_t)(stop - start)))
		return FAST_NOT;
	return cell_add(r, start, (size_t)(stop - start), err) < 0 ? FAST_FAILED : FAST_DONE;
}

#if defined(__SSE2__)
/*
 * Bare cells, sixteen bytes at a time. Stops in front of a quoted cell, of a very long one and where
 * fewer than sixteen bytes are left; true if the row's last cell was added too.
 */
static bool cells_scan(struct csv_reader *r, struct fast *f)
{
	const __m128i delimiter = _mm_set1_epi8((char)r->dialect.delimiter);
	const __m128i newline = _mm_set1_epi8('\n'), back = _mm_set1_epi8('\r');
	const bool quotes = r->dialect.quote && r->dialect.quoting != CSV_QUOTE_NONE;
	/* Where there are no quotes, a character that a cell cannot start with stands for them. */
	const char quote = quotes ? (char)r->dialect.quote : '\n';
	const char *start = f->at;
	size_t held = r->cell_memory.n;
	bool complete = false;

	for (const char *block = start; f->end - block >= 16 && *start != quote; block += 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)block);
		__m128i stops = _mm_or_si128(_mm_cmpeq_epi8(bytes, newline),
		                             _mm_cmpeq_epi8(bytes, back));
		unsigned stop = (unsigned)_mm_movemask_epi8(stops);
		unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, delimiter)) |
		                stop;
		if (stop)
			mask &= stop ^ (stop - 1); /* nothing after the first newline */
		if (!mask)
			continue;
		r->cell_memory.n = held;
		if (held / sizeof(struct str) + 16 >= r->cells_max ||
		    !buffer_room(&r->cell_memory, 16 * sizeof(struct str)))
			break;
		struct str *cell = (struct str *)(void *)(r->cell_memory.p + held);
		const char *hit = start;
		for (; mask; mask &= mask - 1) {
			hit = block + __builtin_ctz(mask);
			if ((size_t)(hit - start) > CSV_CELL_MAX || *start == quote)
				goto out;
			*cell++ = (struct str){ start, (size_t)(hit - start) };
			held += sizeof *cell;
			start = hit + 1;
		}
		if (stop) {
			complete = true;
			start = hit;
			break;
		}
		if (start == f->end)
			break;
	}
out:
	r->cell_memory.n = held;
	r->n = held / sizeof(struct str);
	f->at = start;
	return complete;
}
#else
static bool cells_scan(struct csv_reader *r, struct fast *f)
{
	(void)r, (void)f;
	return false;
}
#endif

/* The end of the row at f->at with its newline; false if this is more than one plain newline. */
static bool fast_newline(const struct csv_reader *r, struct fast *f)
{
	if (f->at == f->end)
		return true;
	bool back = *f->at++ == '\r';
	if (back && f->at < f->end) {
		if (*f->at == '\n')
			f->at++;
		else if (r->line_ends == CSV_LINES_LF)
			return false;
	}
	return true;
}

static int row_fast(struct csv_reader *r, struct err *err)
{
	struct fast f = { .at = r->rest.p, .end = r->rest.p + r->rest.n };
	if (f.at == f.end || *f.at == '\n' || *f.at == '\r')
		return FAST_NOT; /* end of text, or a row without cells */
	for (;;) {
		if (cells_scan(r, &f))
			break;
		bool quoted = f.at < f.end && (r->classes[(unsigned char)*f.at] & IS_QUOTE);
		int outcome = quoted ? cell_fast_quoted(r, &f, err) : cell_fast_bare(r, &f, err);
		if (outcome != FAST_DONE)
			return outcome;
		if (fast_at_row_end(r, &f))
			break;
		f.at++;
	}
	if (!fast_newline(r, &f))
		return FAST_NOT;
	r->line = (struct str){ r->rest.p, (size_t)(f.at - r->rest.p) };
	r->lines = r->line;
	r->rest = (struct str){ f.at, (size_t)(f.end - f.at) };
	return FAST_DONE;
}

/* ---- general path: states; every cell is put together in text_memory ---- */

struct scan {
	struct csv_reader *r;
	enum state state;
	size_t cell; /* where in text_memory the cell starts */
	bool bare;   /* the cell began without quotes: a number if the dialect says so */
	struct err *err;
};

static int number_add(struct scan *s, struct str cell)
{
	struct csv_reader *r = s->r;
	double number = 0;
	if (s->bare && number_float(cell, &number) < 0)
		return err_set(s->err, FAULT_OTHER, "could not convert string to float: '%.*s'",
		               STR_ARG(cell));
	buffer_add(&r->number_memory, &number, sizeof number);
	buffer_add_char(&r->numeric_memory, s->bare ? 1 : 0);
	s->bare = false;
	return 0;
}

static int cell_end(struct scan *s)
{
	struct csv_reader *r = s->r;
	struct str cell = { buffer_str(&r->text_memory).p + s->cell, r->text_memory.n - s->cell };
	s->cell = r->text_memory.n;
	if (cell_add(r, NULL, cell.n, s->err) < 0)
		return -1;
	if (r->dialect.quoting == CSV_QUOTE_NONNUMERIC)
		return number_add(s, cell);
	return 0;
}

/* Text of the cell; the limit is checked here too, so that a cell over many lines ends early. */
static int text_add(struct scan *s, const char *p, size_t n)
{
	struct buffer *text = &s->r->text_memory;
	buffer_put(text, p, n);
	return cell_check(text->p + s->cell, text->n - s->cell, s->err);
}

/* The classes of the character at `p`, and its length. */
static unsigned classify(const struct csv_reader *r, const char *p, const char *end, size_t *length)
{
	unsigned class = r->classes[(unsigned char)*p];
	*length = 1;
	if (!(class & IS_WIDE))
		return class;
	const struct {
		uint32_t character;
		unsigned class;
	} meanings[] = {
		{ r->dialect.delimiter, IS_DELIMITER },
		{ r->dialect.quoting == CSV_QUOTE_NONE ? 0 : r->dialect.quote, IS_QUOTE },
		{ r->dialect.escape, IS_ESCAPE },
	};
	class = 0;
	for (size_t i = 0; i < 3; i++) {
		char bytes[4];
		size_t n = utf8_put(bytes, meanings[i].character);
		if (n > 1 && (size_t)(end - p) >= n && memcmp(p, bytes, n) == 0) {
			class |= meanings[i].class;
			*length = n;
		}
	}
	return class;
}

/* Of the bytes from `p`, how many belong to the cell without any question: none of `classes`. */
static size_t plain_span(const struct csv_reader *r, const char *p, const char *end,
                         unsigned classes)
{
	const char *from = p;
	classes |= IS_WIDE;
	while (p < end && !(r->classes[(unsigned char)*p] & classes))
		p++;
	return (size_t)(p - from);
}

static int step_cell_start(struct scan *s, unsigned class, const char *p, size_t n)
{
	if (class & IS_NEWLINE) {
		s->state = AFTER_NEWLINE;
		return cell_end(s);
	}
	if (class & IS_QUOTE) {
		s->state = IN_QUOTES;
	} else if (class & IS_ESCAPE) {
		s->state = ESCAPED;
	} else if (class & IS_SPACE) {
		s->state = CELL_START;
	} else if (class & IS_DELIMITER) {
		s->state = CELL_START;
		return cell_end(s);
	} else {
		s->bare = true;
		s->state = IN_CELL;
		return text_add(s, p, n);
	}
	return 0;
}

/* Inside a bare cell; a plain character changes no state, also after an escaped newline. */
static int step_in_cell(struct scan *s, unsigned class, const char *p, size_t n)
{
	if (class & IS_NEWLINE) {
		s->state = AFTER_NEWLINE;
		return cell_end(s);
	}
	if (class & IS_ESCAPE) {
		s->state = ESCAPED;
		return 0;
	}
	if (class & IS_DELIMITER) {
		s->state = CELL_START;
		return cell_end(s);
	}
	return text_add(s, p, n);
}

static int step_in_quotes(struct scan *s, unsigned class, const char *p, size_t n)
{
	if (class & IS_ESCAPE) {
		s->state = ESCAPED_IN_QUOTES;
		return 0;
	}
	if (class & IS_QUOTE) {
		s->state = s->r->dialect.doublequote ? QUOTE_SEEN : IN_CELL;
		return 0;
	}
	return text_add(s, p, n);
}

static int step_quote_seen(struct scan *s, unsigned class, const char *p, size_t n)
{
	if (class & IS_QUOTE) {
		s->state = IN_QUOTES;
		return text_add(s, p, n);
	}
	if (class & IS_DELIMITER) {
		s->state = CELL_START;
		return cell_end(s);
	}
	if (class & IS_NEWLINE) {
		s->state = AFTER_NEWLINE;
		return cell_end(s);
	}
	if (s->r->dialect.strict) {
		char delimiter[4], quote[4];
		size_t d = utf8_put(delimiter, s->r->dialect.delimiter);
		size_t q = utf8_put(quote, s->r->dialect.quote);
		return err_set(s->err, FAULT_OTHER, "'%.*s' expected after '%.*s'", (int)d,
		               delimiter, (int)q, quote);
	}
	s->state = IN_CELL;
	return text_add(s, p, n);
}

static int step(struct scan *s, unsigned class, const char *p, size_t n)
{
	switch (s->state) {
	case ROW_START:
		if (class & IS_NEWLINE) {
			s->state = AFTER_NEWLINE;
			return 0;
		}
		return step_cell_start(s, class, p, n);
	case CELL_START:
		return step_cell_start(s, class, p, n);
	case NEWLINE_ESCAPED:
	case IN_CELL:
		return step_in_cell(s, class, p, n);
	case IN_QUOTES:
		return step_in_quotes(s, class, p, n);
	case QUOTE_SEEN:
		return step_quote_seen(s, class, p, n);
	case ESCAPED:
		s->state = class & IS_NEWLINE ? NEWLINE_ESCAPED : IN_CELL;
		return text_add(s, p, n);
	case ESCAPED_IN_QUOTES:
		s->state = IN_QUOTES;
		return text_add(s, p, n);
	case AFTER_NEWLINE:
		break;
	}
	if (class & IS_NEWLINE)
		return 0;
	return err_set(s->err, FAULT_OTHER,
	               "new-line character seen in unquoted field - do you need to"
	               " open the file in universal-newline mode?");
}

/* The end of a line of text, whether or not a newline was its last character. */
static int step_line_end(struct scan *s)
{
	switch (s->state) {
	case ROW_START:
	case AFTER_NEWLINE:
		s->state = ROW_START;
		return 0;
	case CELL_START:
	case IN_CELL:
	case QUOTE_SEEN:
		s->state = ROW_START;
		return cell_end(s);
	case ESCAPED:
		s->state = IN_CELL;
		return text_add(s, "\n", 1);
	case ESCAPED_IN_QUOTES:
		s->state = IN_QUOTES;
		return text_add(s, "\n", 1);
	case IN_QUOTES:
	case NEWLINE_ESCAPED:
		break;
	}
	return 0;
}

static int line_scan(struct scan *s, struct str line)
{
	const char *p = line.p, *end = line.p + line.n;
	while (p < end) {
		size_t n = 0;
		if (s->state == IN_QUOTES)
			n = plain_span(s->r, p, end, IS_ESCAPE | IS_QUOTE);
		else if (s->state == IN_CELL)
			n = plain_span(s->r, p, end, IS_NEWLINE | IS_ESCAPE | IS_DELIMITER);
		if (n) {
			if (text_add(s, p, n) < 0)
				return -1;
		} else {
			unsigned class = classify(s->r, p, end, &n);
			if (step(s, class, p, n) < 0)
				return -1;
		}
		p += n;
	}
	return step_line_end(s);
}

/* The cells were added with their lengths only, as the memory of their text may have moved. */
static void cells_place(struct csv_reader *r)
{
	const char *p = buffer_str(&r->text_memory).p;
	struct str *cells = (struct str *)(void *)r->cell_memory.p;
	for (size_t i = 0; i < r->n; i++) {
		cells[i].p = p;
		p += cells[i].n;
	}
}

static int row_scan(struct csv_reader *r, struct err *err)
{
	struct scan s = { .r = r, .state = ROW_START, .err = err };
	struct str line;
	bool first = true;
	do {
		if (!line_get(r, &line)) {
			if (r->text_memory.n == s.cell && s.state != IN_QUOTES)
				return 0;
			if (r->dialect.strict)
				return err_set(err, FAULT_OTHER, "unexpected end of data");
			if (cell_end(&s) < 0)
				return -1;
			break;
		}
		if (first)
			r->lines = line;
		first = false;
		r->line = line;
		r->lines.n = (size_t)(line.p + line.n - r->lines.p);
		if (line_scan(&s, line) < 0)
			return -1;
	} while (s.state != ROW_START);
	cells_place(r);
	return 1;
}

static void row_clear(struct csv_reader *r)
{
	r->n = 0;
	buffer_clear(&r->cell_memory);
	buffer_clear(&r->text_memory);
	buffer_clear(&r->numeric_memory);
	buffer_clear(&r->number_memory);
}

int csv_next(struct csv_reader *r, struct err *err)
{
	int outcome = FAST_NOT;
	do {
		row_clear(r);
		if (r->fast)
			outcome = row_fast(r, err);
	} while (outcome == FAST_DONE && r->skip && r->skip(r->skip_context, r->line));
	if (outcome == FAST_DONE) {
		r->line_number++;
	} else {
		/* Also a failure: it is met again, and then the whole line is consumed. */
		row_clear(r);
		outcome = row_scan(r, err);
	}
	r->cells = (struct str *)(void *)r->cell_memory.p;
	if (r->dialect.quoting == CSV_QUOTE_NONNUMERIC) {
		r->numeric = (const bool *)(const void *)r->numeric_memory.p;
		r->numbers = (const double *)(const void *)r->number_memory.p;
	}
	return outcome;
}
