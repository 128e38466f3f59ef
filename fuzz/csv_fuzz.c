/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The two ways of reading a row agree, and what is written reads back the same. */
#include <intelmq/csv.h>

#include <stdlib.h>

static void require(bool condition)
{
	if (!condition)
		abort();
}

/* The first byte chooses. */
static struct csv_dialect dialect_of(uint8_t choice)
{
	struct csv_dialect d = csv_excel;
	d.delimiter = choice & 1 ? ';' : ',';
	d.escape = choice & 2 ? '\\' : 0;
	d.doublequote = !(choice & 4);
	d.skipinitialspace = choice & 8;
	d.strict = choice & 16;
	d.quoting = choice & 32 ? CSV_QUOTE_NONE : CSV_QUOTE_MINIMAL;
	return d;
}

static void same_rows(struct csv_reader *a, struct csv_reader *b)
{
	struct err left, right;
	for (;;) {
		int got = csv_next(a, &left);
		require(got == csv_next(b, &right));
		require(str_eq(a->line, b->line) && str_eq(a->lines, b->lines));
		require(a->line_number == b->line_number);
		if (got == 0)
			return;
		if (got < 0) {
			require(strcmp(left.text, right.text) == 0);
			continue;
		}
		require(a->n == b->n);
		for (size_t i = 0; i < a->n; i++)
			require(str_eq(a->cells[i], b->cells[i]));
	}
}

/* Rows without errors, written and read again. */
static void round_trip(struct arena *arena, struct csv_reader *reader)
{
	int got;
	struct buffer out;
	struct csv_reader again;
	buffer_init_in(&out, arena, 1 << 24);
	while ((got = csv_next(reader, NULL)) != 0) {
		if (got < 0)
			continue;
		buffer_clear(&out);
		require(csv_write(&out, &csv_unix, reader->cells, reader->n, NULL) == 0);
		csv_reader_init(&again, arena, &csv_unix, buffer_str(&out), CSV_LINES_LF);
		require(csv_next(&again, NULL) == 1 && again.n == reader->n);
		for (size_t i = 0; i < again.n; i++)
			require(str_eq(again.cells[i], reader->cells[i]));
		require(csv_next(&again, NULL) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct csv_reader a, b;
	if (size < 1)
		return 0;
	struct csv_dialect d = dialect_of(data[0]);
	struct str text = { (const char *)data + 1, size - 1 };
	enum csv_lines lines = data[0] & 64 ? CSV_LINES_UNIVERSAL : CSV_LINES_LF;
	arena_init(&arena);
	csv_reader_init(&a, &arena, &d, text, lines);
	csv_reader_init(&b, &arena, &d, text, lines);
	b.fast = false;
	same_rows(&a, &b);
	csv_reader_init(&a, &arena, &d, text, lines);
	round_trip(&arena, &a);
	arena_fini(&arena);
	return 0;
}
