/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <intelmq/csv.h>

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

/* All rows of a text as "cell|cell\n…", an error as "!text\n". */
static const char *rows_of(const char *text, const struct csv_dialect *dialect,
                           enum csv_lines lines)
{
	struct csv_reader reader;
	struct buffer out;
	struct err err;
	int got;
	buffer_init_in(&out, &arena, 1 << 20);
	csv_reader_init(&reader, &arena, dialect, str_of(text), lines);
	while ((got = csv_next(&reader, &err)) != 0) {
		if (got < 0)
			buffer_printf(&out, "!%s", err.text);
		for (size_t i = 0; got > 0 && i < reader.n; i++)
			buffer_printf(&out, "%s%.*s", i ? "|" : "", STR_ARG(reader.cells[i]));
		buffer_add_char(&out, '\n');
	}
	return arena_cstr(&arena, buffer_str(&out));
}

static void check(const char *text, const char *rows)
{
	assert_string_equal(rows_of(text, &csv_excel, CSV_LINES_LF), rows);
}

static void plain_rows(void **state)
{
	(void)state;
	check("", "");
	check("a", "a\n");
	check("a,b\n1,2\n", "a|b\n1|2\n");
	check("a,b\r\n1,2\r\n", "a|b\n1|2\n");
	check("\n\na,,\n", "\n\na||\n");
	check(",", "|\n");
	check("a long cell beyond sixteen bytes,and another long one,c\nx,y,z",
	      "a long cell beyond sixteen bytes|and another long one|c\nx|y|z\n");
}

static void quoted_cells(void **state)
{
	(void)state;
	check("\"a\",\"b,c\"\n", "a|b,c\n");
	check("\"a \"\"q\"\"\",b\n", "a \"q\"|b\n");
	check("a,\"multi\nline\",b\nc,d\n", "a|multi\nline|b\nc|d\n");
	check("a\"b,c\"d\n", "a\"b|c\"d\n"); /* quotes inside a bare cell are text */
	check("\"a\"b,c\n", "ab|c\n");
	check("\"open,b\n1,2\n", "open,b\n1,2\n\n");
	check("\"\",\"\"\n", "|\n");
}

static void dialects(void **state)
{
	(void)state;
	struct csv_dialect d = csv_excel;
	d.delimiter = 0x20ac;
	assert_string_equal(rows_of("a\xe2\x82\xac"
	                            "b\n",
	                            &d, CSV_LINES_LF),
	                    "a|b\n");
	d = csv_excel;
	d.escape = '\\';
	assert_string_equal(rows_of("a\\,b,\"c\\\"d\"\n", &d, CSV_LINES_LF), "a,b|c\"d\n");
	assert_string_equal(rows_of("a\\", &d, CSV_LINES_LF), "a\n\n");
	d = csv_excel;
	d.skipinitialspace = true;
	assert_string_equal(rows_of("a,  b, \"c\"\n", &d, CSV_LINES_LF), "a|b|c\n");
	d = csv_excel;
	d.quoting = CSV_QUOTE_NONE;
	assert_string_equal(rows_of("\"a\",b\n", &d, CSV_LINES_LF), "\"a\"|b\n");
	d = csv_excel;
	d.doublequote = false;
	assert_string_equal(rows_of("\"a\"\"b\"\n", &d, CSV_LINES_LF), "a\"b\"\n");
	assert_string_equal(rows_of("a\tb\n", &csv_excel_tab, CSV_LINES_LF), "a|b\n");
}

static void errors(void **state)
{
	(void)state;
	struct csv_dialect strict = csv_excel;
	strict.strict = true;
	assert_string_equal(rows_of("\"a\"b\nc\n", &strict, CSV_LINES_LF),
	                    "!',' expected after '\"'\nc\n");
	assert_string_equal(rows_of("\"a", &strict, CSV_LINES_LF), "!unexpected end of data\n");
	check("a\rb\n", "!new-line character seen in unquoted field - do you need to open the file"
	                " in universal-newline mode?\n");
	assert_string_equal(rows_of("a\rb\n", &csv_excel, CSV_LINES_UNIVERSAL), "a\nb\n");

	char *wide = arena_alloc(&arena, CSV_CELL_MAX + 2);
	memset(wide, 'x', CSV_CELL_MAX + 1);
	wide[CSV_CELL_MAX + 1] = '\0';
	check(wide, "!field larger than field limit (131072)\n");
	wide[CSV_CELL_MAX] = '\0';
	assert_int_not_equal(*rows_of(wide, &csv_excel, CSV_LINES_LF), '!');
}

static void numbers(void **state)
{
	(void)state;
	struct csv_dialect d = csv_excel;
	struct csv_reader reader;
	struct err err;
	d.quoting = CSV_QUOTE_NONNUMERIC;
	csv_reader_init(&reader, &arena, &d, S("1.5,\"2\"\nx\n"), CSV_LINES_LF);
	assert_int_equal(csv_next(&reader, &err), 1);
	assert_true(reader.numeric[0]);
	assert_true(reader.numbers[0] == 1.5);
	assert_false(reader.numeric[1]);
	assert_int_equal(csv_next(&reader, &err), -1);
	assert_string_equal(err.text, "could not convert string to float: 'x'");
}

static bool is_comment(void *context, struct str line)
{
	(void)context;
	return str_starts(line, S("#"));
}

static void lines_are_known_and_can_be_skipped(void **state)
{
	(void)state;
	struct csv_reader reader;
	csv_reader_init(&reader, &arena, &csv_excel, S("#x\na,\"b\n#y\nc\",d\n#z\ne\n"),
	                CSV_LINES_LF);
	reader.skip = is_comment;
	assert_int_equal(csv_next(&reader, NULL), 1);
	assert_int_equal(reader.n, 3);
	assert_true(str_eq(reader.cells[1], S("b\nc")));
	assert_true(str_eq(reader.line, S("c\",d\n")));
	assert_true(str_eq(reader.lines, S("a,\"b\n#y\nc\",d\n")));
	assert_int_equal(reader.line_number, 2);
	assert_int_equal(csv_next(&reader, NULL), 1);
	assert_true(str_eq(reader.line, S("e\n")));
	assert_int_equal(csv_next(&reader, NULL), 0);
}

static void cells_are_bounded(void **state)
{
	(void)state;
	struct csv_reader reader;
	csv_reader_init(&reader, &arena, &csv_excel, S("a,b,c\nd\n"), CSV_LINES_LF);
	reader.cells_max = 2;
	assert_int_equal(csv_next(&reader, NULL), -1);
	assert_int_equal(csv_next(&reader, NULL), 1);
	assert_int_equal(reader.n, 1);
}

static void check_written(const struct csv_dialect *d, const char *cells, const char *written)
{
	struct buffer out;
	struct str list[8], rest = str_of(cells);
	size_t n = 0;
	struct err err;
	while (rest.p)
		list[n++] = str_cut(&rest, '|');
	buffer_init_in(&out, &arena, 1000);
	if (csv_write(&out, d, list, n, &err) < 0)
		buffer_printf(&out, "!%s", err.text);
	assert_string_equal(arena_cstr(&arena, buffer_str(&out)), written);
}

static void writing(void **state)
{
	(void)state;
	struct csv_dialect d = csv_excel;
	check_written(&csv_excel, "a|b c|d,e|f\"g", "a,b c,\"d,e\",\"f\"\"g\"\r\n");
	check_written(&csv_excel, "", "\"\"\r\n");
	check_written(&csv_excel, "|", ",\r\n");
	check_written(&csv_excel, "a\nb", "\"a\nb\"\r\n");
	check_written(&csv_unix, "a|", "\"a\",\"\"\n");
	d.quoting = CSV_QUOTE_NONE;
	check_written(&d, "a,b", "!need to escape, but no escapechar set");
	check_written(&d, "", "!single empty field record must be quoted");
	d.escape = '\\';
	check_written(&d, "a,b|c\\|d\"", "a\\,b,c\\\\,d\\\"\r\n");
	d = csv_excel;
	d.doublequote = false;
	check_written(&d, "a\"b", "!need to escape, but no escapechar set");
}

static void writing_values(void **state)
{
	(void)state;
	struct csv_dialect d = csv_excel;
	struct value cells[] = { value_int(-1), value_float(2.5), value_cstr("x"), value_null(),
		                 value_bool(true) };
	struct buffer out;
	buffer_init_in(&out, &arena, 1000);
	d.quoting = CSV_QUOTE_NONNUMERIC;
	assert_int_equal(csv_write_values(&out, &d, cells, 5, NULL), 0);
	assert_true(str_eq(buffer_str(&out), S("-1,2.5,\"x\",\"\",True\r\n")));
	cells[0] = value_list(list_new(&arena));
	assert_int_equal(csv_write_values(&out, &d, cells, 5, NULL), -1);
	assert_true(str_ends(buffer_str(&out), S("True\r\n")));
}

static void parameters(void **state)
{
	(void)state;
	struct csv_dialect d = csv_excel;
	struct err err;
	assert_int_equal(csv_dialect_set(&d, S("delimiter"), value_cstr("\xc3\xa4"), &err), 0);
	assert_int_equal(d.delimiter, 0xe4);
	assert_int_equal(csv_dialect_set(&d, S("delimiter"), value_cstr(""), &err), -1);
	assert_int_equal(csv_dialect_set(&d, S("delimiter"), value_cstr("ab"), &err), -1);
	assert_string_equal(err.text, "\"delimiter\" must be a 1-character string");
	assert_int_equal(csv_dialect_set(&d, S("quoting"), value_int(4), &err), -1);
	assert_int_equal(csv_dialect_set(&d, S("strict"), value_bool(true), &err), 0);
	assert_true(d.strict);
	assert_int_equal(csv_dialect_set(&d, S("dialect"), value_cstr("unix"), &err), 0);
	assert_int_equal(d.quoting, CSV_QUOTE_ALL);
	assert_int_equal(csv_dialect_set(&d, S("nonsense"), value_int(1), &err), -1);
	assert_int_equal(csv_dialect_check(&d, &err), 0);
	d.quote = 0;
	assert_int_equal(csv_dialect_check(&d, &err), -1);
	assert_ptr_equal(csv_dialect_get(S("excel-tab")), &csv_excel_tab);
	assert_null(csv_dialect_get(S("other")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(plain_rows, setup, teardown),
		cmocka_unit_test_setup_teardown(quoted_cells, setup, teardown),
		cmocka_unit_test_setup_teardown(dialects, setup, teardown),
		cmocka_unit_test_setup_teardown(errors, setup, teardown),
		cmocka_unit_test_setup_teardown(numbers, setup, teardown),
		cmocka_unit_test_setup_teardown(lines_are_known_and_can_be_skipped, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(cells_are_bounded, setup, teardown),
		cmocka_unit_test_setup_teardown(writing, setup, teardown),
		cmocka_unit_test_setup_teardown(writing_values, setup, teardown),
		cmocka_unit_test_setup_teardown(parameters, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
