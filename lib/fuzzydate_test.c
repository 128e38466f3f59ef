/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/clock.h>
#include <intelmq/datetime.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static struct arena arena;

static int set_up(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	clock_unset();
	arena_fini(&arena);
	return 0;
}

/* A Sunday. */
static const struct datetime now = { 2024, 3, 31, 15, 30, 45, 5, true, 0, 0 };

struct reading {
	const char *text, *iso; /* NULL: refused */
};

typedef int date_reader(struct str, const struct datetime *, struct datetime *, struct err *);

static void readings_check(date_reader *reader, const struct reading *readings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct datetime t;
		struct err err = { 0 };
		const char *found = "(refused)", *wanted = readings[i].iso;
		if (reader(str_of(readings[i].text), &now, &t, &err) == 0)
			found = datetime_iso(&arena, &t).p;
		else
			assert_true(err.fault == FAULT_OTHER && err.text[0]);
		if (strcmp(found, wanted ? wanted : "(refused)") != 0)
			fail_msg("'%s' is %s, not %s", readings[i].text, found, wanted);
	}
}

#define CHECK(reader, readings)                                                                    \
	readings_check(reader, readings, sizeof(readings) / sizeof *(readings))

static void forms_of_dates(void **state)
{
	(void)state;
	static const struct reading readings[] = {
		{ "2015-08-31T08:16:10", "2015-08-31T08:16:10" },
		{ "2015-08-31 08:16:10,5", "2015-08-31T08:16:10.500000" },
		{ "20150831", "2015-08-31T00:00:00" },
		{ "20150831T081610", "2015-08-31T08:16:10" },
		{ "201508310816", "2015-08-31T08:16:00" },
		{ "20150831081610", "2015-08-31T08:16:10" },
		{ "31.08.2015", "2015-08-31T00:00:00" },
		{ "10/11/12", "2012-10-11T00:00:00" },
		{ "13/11/12", "2012-11-13T00:00:00" },
		{ "32/11/12", "2032-11-12T00:00:00" },
		{ "31-Aug-2015", "2015-08-31T00:00:00" },
		{ "Aug-31-2015", "2015-08-31T00:00:00" },
		{ "August 31st, 2015", "2015-08-31T00:00:00" },
		{ "Jan of 01", "2001-01-31T00:00:00" },
		{ "Mon Aug 31 08:16:10 2015", "2015-08-31T08:16:10" },
		{ "150831", "2031-08-15T00:00:00" },
		{ "19990101T2359", "1999-01-01T23:59:00" },
		{ "2015", "2015-03-31T00:00:00" },
		{ "09.2003", "2024-03-09T00:00:00" },
	};
	CHECK(datetime_fuzzy, readings);
	CHECK(datetime_guess, readings);
}

static void forms_of_times(void **state)
{
	(void)state;
	static const struct reading readings[] = {
		{ "10pm", "2024-03-31T22:00:00" },
		{ "12 am", "2024-03-31T00:00:00" },
		{ "12:30 p.m.", "2024-03-31T12:30:00" },
		{ "10h36m28.5s", "2024-03-31T10:36:28.500000" },
		{ "10h36", "2024-03-31T10:36:00" },
		{ "10.5h", "2024-03-31T10:30:00" },
		{ "10:36.5", "2024-03-31T10:36:30" },
		{ "5 minutes", "2024-03-31T00:05:00" },
		{ "10:00:00.1234567", "2024-03-31T10:00:00.123456" },
	};
	CHECK(datetime_fuzzy, readings);
}

static void what_is_missing_comes_from_now(void **state)
{
	(void)state;
	static const struct reading readings[] = {
		{ "Feb", "2024-02-29T00:00:00" },    { "April 2023", "2023-04-30T00:00:00" },
		{ "sunday", "2024-03-31T00:00:00" }, { "monday 10:00", "2024-04-01T10:00:00" },
		{ "sat", "2024-04-06T00:00:00" },    { "Mon 2015-08-30", "2015-08-30T00:00:00" },
		{ "1/2/73", "2073-01-02T00:00:00" }, { "1/2/74", "1974-01-02T00:00:00" },
		{ "1/2/75", "1975-01-02T00:00:00" },
	};
	CHECK(datetime_fuzzy, readings);
}

static void zones(void **state)
{
	(void)state;
	static const struct reading readings[] = {
		{ "2015-08-31 08:16:10 Z", "2015-08-31T08:16:10+00:00" },
		{ "2015-08-31 08:16:10 utc", "2015-08-31T08:16:10" },
		{ "2015-08-31 08:16:10 UTC", "2015-08-31T08:16:10+00:00" },
		{ "2015-08-31 08:16:10 CEST", "2015-08-31T08:16:10" },
		{ "2015-08-31 08:16:10 GMT+3", "2015-08-31T08:16:10-03:00" },
		{ "2015-08-31 08:16:10 EST-5", "2015-08-31T08:16:10+05:00" },
		{ "2015-08-31 08:16:10 +3", "2015-08-31T08:16:10+03:00" },
		{ "2015-08-31 08:16:10 -0330", "2015-08-31T08:16:10-03:30" },
		{ "2015-08-31 08:16:10 -03:30 (BRST)", "2015-08-31T08:16:10-03:30" },
		{ "2015-08-31 08:16:10 +0200 (UTC)", "2015-08-31T08:16:10+00:00" },
		{ "2015-08-31 08:16:10 +24:00", NULL },
		{ "2015-08-31 08:16:10 +", NULL },
		{ "2015-08-31 08:16:10 +123", NULL },
	};
	CHECK(datetime_fuzzy, readings);
}

static void unknown_words_are_passed_over_or_not(void **state)
{
	(void)state;
	static const struct reading readings[] = {
		{ "seen on 2015-09-02 at 14:17 by me", "2015-09-02T14:17:00" },
		{ "3 März 2015", "2015-03-31T00:00:00" },
		{ "(2015-09-02)", "2015-09-02T00:00:00" },
		{ "31/Aug/2015:08:16:10 -0700", "2015-08-31T08:16:10-07:00" },
		{ "٢٠١٥-09-02", "2015-09-02T00:00:00" },
		{ "2015\xc2\xa0Sep 2", "2015-09-02T00:00:00" },
	};
	static const struct reading strict[] = {
		{ "seen on 2015-09-02", NULL }, { "on 2015-09-02 at 14:17", "2015-09-02T14:17:00" },
		{ "(2015-09-02)", NULL },       { "am", NULL },
		{ "13:00 pm", NULL },
	};
	CHECK(datetime_fuzzy, readings);
	CHECK(datetime_guess, strict);
}

static void no_dates(void **state)
{
	(void)state;
	static const struct reading readings[] = {
		{ "", NULL },           { "foo", NULL },        { "1441008970", NULL },
		{ "2015-13-01", NULL }, { "2015-02-30", NULL }, { "2015-08-31 25:00", NULL },
		{ "23:59:60", NULL },   { "1 2 3 4", NULL },    { "2015 2016", NULL },
		{ "jan feb", NULL },    { "2015-08-", NULL },   { "Aug-", NULL },
		{ "2015 nan", NULL },   { "10:20:xx", NULL },   { "99999999999999999999999", NULL },
		{ "192.0.2.1", NULL },
	};
	CHECK(datetime_fuzzy, readings);
}

static void long_text_is_read_in_pieces(void **state)
{
	(void)state;
	struct buffer text;
	struct datetime t;
	buffer_init(&text, 2000000);
	for (int i = 0; i < 100000; i++)
		buffer_add_str(&text, S("word, ... "));
	buffer_add_str(&text, S("2015-09-02"));
	assert_int_equal(datetime_fuzzy(buffer_str(&text), &now, &t, NULL), 0);
	assert_string_equal(datetime_iso(&arena, &t).p, "2015-09-02T00:00:00");
	buffer_fini(&text);
}

static void sanitation(void **state)
{
	(void)state;
	struct str out;
	struct value lax = value_str(S("2015-9-2T4:7:8+00:00"));
	assert_int_equal(datetime_sanitize(&arena, lax, &out), 0);
	assert_true(str_eq(out, lax.text));
	assert_true(datetime_is_valid(lax));
	struct value other = value_str(S("2015-08-31T08:16:10+05:00"));
	assert_false(datetime_is_valid(other));
	assert_int_equal(datetime_sanitize(&arena, other, &out), 0);
	assert_true(str_eq(out, S("2015-08-31T03:16:10+00:00")));
	clock_set(datetime_to_us(&now));
	assert_int_equal(datetime_sanitize(&arena, value_str(S("monday")), &out), 0);
	assert_true(str_eq(out, S("2024-04-01T00:00:00+00:00")));
	assert_int_equal(datetime_sanitize(&arena, value_str(S("0001-01-01 00:00+01:00")), &out),
	                 -1);
	assert_int_equal(datetime_sanitize(&arena, value_str(S("foo")), &out), -1);
	assert_int_equal(datetime_sanitize(&arena, value_int(1441008970), &out), -1);
	assert_int_equal(datetime_sanitize(&arena, value_null(), &out), -1);
	assert_false(datetime_is_valid(value_float(1.5)));
}

static void conversions(void **state)
{
	(void)state;
	static const struct {
		const char *conversion, *text, *result;
	} cases[] = {
		{ "timestamp", "1441203478", "2015-09-02T14:17:58+00:00" },
		{ "timestamp", "1441203478.5", "2015-09-02T14:17:58.500000+00:00" },
		{ "timestamp", "-62135596801", NULL },
		{ "timestamp", "nan", NULL },
		{ "windows_nt", "131356377289905913", "2017-04-02T20:15:28.990591+00:00" },
		{ "windows_nt", "1.5", NULL },
		{ "windows_nt", "2650467744000000000", NULL },
		{ "epoch_millis", "1441203478", "2015-09-02T14:17:58+00:00" },
		{ "epoch_millis", "144120347812", "2015-09-02T14:17:58+00:00" },
		{ "epoch_millis", "1441203478123", "2015-09-02T14:17:58+00:00" },
		{ "epoch_millis", "-44100897000", "1956-01-10T17:30:30+00:00" },
		{ "epoch_millis", "a", NULL },
		{ "from_format|%Y/%m/%d %H-%M", "2015/09/02 14-17", "2015-09-02T14:17:00+00:00" },
		{ "from_format|%H|%Y", "10|2015", "2015-01-01T10:00:00+00:00" },
		{ "from_format|%d %b %Y %H:%M:%S %z", "02 Sep 2015 14:17:58 +0200",
		  "2015-09-02T12:17:58+00:00" },
		{ "from_format_midnight|%d-%m-%Y %H %z", "02-09-2015 01 +0200",
		  "2015-09-02T00:00:00+00:00" },
		{ "utc_isoformat", "2015-09-02T14:17:58+00:00", "2015-09-02T14:17:58+00:00" },
		{ "utc_isoformat", "2015-09-02 14:17:58", NULL },
		{ "fuzzy", "on 2015-09-02 at 14:17", "2015-09-02T14:17:00+00:00" },
		{ NULL, "2015-09-02", "2015-09-02T00:00:00+00:00" },
		{ "", "2015-09-02", NULL },
		{ "FUZZY", "2015-09-02", NULL },
		{ "from_format", "2015", NULL },
		{ "timestamp|%Y", "2015", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str out = STR_NONE;
		struct err err = { 0 };
		int result = time_convert(&arena, value_cstr(cases[i].text),
		                          str_of(cases[i].conversion), &out, &err);
		assert_int_equal(result, cases[i].result ? 0 : -1);
		if (cases[i].result)
			assert_true(str_eq(out, str_of(cases[i].result)));
		else
			assert_int_equal(err.fault, FAULT_OTHER);
	}
}

static void conversions_of_other_values(void **state)
{
	(void)state;
	struct str out = S("x");
	assert_int_equal(time_convert(&arena, value_str(S("14412")), S("epoch_millis"), &out, NULL),
	                 0);
	assert_null(out.p);
	assert_int_equal(time_convert(&arena, value_float(-1.5), S("timestamp"), &out, NULL), 0);
	assert_true(str_eq(out, S("1969-12-31T23:59:58.500000+00:00")));
	assert_int_equal(time_convert(&arena, value_bool(true), S("timestamp"), &out, NULL), 0);
	assert_true(str_eq(out, S("1970-01-01T00:00:01+00:00")));
	assert_int_equal(
		time_convert(&arena, value_float(14410089.5), S("epoch_millis"), &out, NULL), 0);
	assert_true(str_eq(out, S("1970-06-16T18:48:09+00:00")));
	assert_int_equal(time_convert(&arena, value_null(), S("timestamp"), &out, NULL), -1);
	assert_int_equal(time_convert(&arena, value_int(5), S("from_format|%Y"), &out, NULL), -1);
	assert_int_equal(time_convert(&arena, value_float(1e20), S("timestamp"), &out, NULL), -1);
	assert_int_equal(time_convert(&arena, value_bool(true), STR_NONE, &out, NULL), -1);
}

static void conversion_names(void **state)
{
	(void)state;
	struct err err = { 0 };
	assert_int_equal(time_conversion_check(STR_NONE, &err), 0);
	assert_int_equal(time_conversion_check(S(""), &err), 0);
	assert_int_equal(time_conversion_check(S("fuzzy"), &err), 0);
	assert_int_equal(time_conversion_check(S("from_format|%Y"), &err), 0);
	assert_int_equal(time_conversion_check(S("from_format"), &err), -1);
	assert_int_equal(err.fault, FAULT_INVALID_ARGUMENT);
	assert_int_equal(time_conversion_check(S("from_format_midnight|"), &err), -1);
	assert_int_equal(time_conversion_check(S("timestamp|%Y"), &err), -1);
	assert_int_equal(time_conversion_check(S("nonsense"), &err), -1);
	assert_true(str_eq(time_conversion_of(S("from_format|%H|%Y")), S("from_format|%H")));
	assert_true(str_eq(time_conversion_of(S("timestamp|")), S("timestamp")));
	assert_true(str_eq(time_conversion_of(S("fuzzy")), S("fuzzy")));
	assert_null(time_conversion_of(S("")).p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_of_dates),
		cmocka_unit_test(forms_of_times),
		cmocka_unit_test(what_is_missing_comes_from_now),
		cmocka_unit_test(zones),
		cmocka_unit_test(unknown_words_are_passed_over_or_not),
		cmocka_unit_test(no_dates),
		cmocka_unit_test(long_text_is_read_in_pieces),
		cmocka_unit_test(sanitation),
		cmocka_unit_test(conversions),
		cmocka_unit_test(conversions_of_other_values),
		cmocka_unit_test(conversion_names),
	};
	return cmocka_run_group_tests_name("fuzzydate", tests, set_up, tear_down);
}
