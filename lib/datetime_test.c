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

static const char *iso_of(const struct datetime *t)
{
	return datetime_iso(&arena, t).p;
}

static void clock_can_be_set(void **state)
{
	(void)state;
	assert_true(clock_now_us() > INT64_C(1700000000000000));
	int64_t before = clock_monotonic_ms();
	assert_true(clock_monotonic_ms() >= before);
	clock_set(5000000);
	assert_int_equal(clock_now_us(), 5000000);
	int64_t start = clock_monotonic_ms();
	clock_advance(2500000);
	assert_int_equal(clock_now_us(), 7500000);
	assert_int_equal(clock_monotonic_ms() - start, 2500);
	clock_unset();
	assert_true(clock_now_us() > INT64_C(1700000000000000));
}

static void every_day_has_one_number(void **state)
{
	(void)state;
	int64_t expected = date_to_days(1, 1, 1);
	int weekday = 0; /* 0001-01-01 was a Monday */
	assert_int_equal(expected, -719162);
	for (int year = 1; year <= 9999; year++)
		for (int month = 1; month <= 12; month++)
			for (int day = 1; day <= date_month_days(year, month); day += 9) {
				struct datetime t;
				int64_t days = date_to_days(year, month, day);
				assert_int_equal(date_from_days(days, &t), 0);
				assert_true(t.year == year && t.month == month && t.day == day);
				weekday = (int)((weekday + days - expected) % 7);
				expected = days;
				assert_int_equal(date_weekday(year, month, day), weekday);
			}
	struct datetime t;
	assert_int_equal(date_from_days(-719163, &t), -1);
	assert_int_equal(date_from_days(date_to_days(9999, 12, 31) + 1, &t), -1);
	assert_int_equal(date_month_days(2000, 13), 0);
	assert_true(date_is_leap(2000) && date_is_leap(2024) && !date_is_leap(1900));
}

static void microseconds_go_both_ways(void **state)
{
	(void)state;
	struct datetime t;
	assert_int_equal(datetime_from_us(-1, &t), 0);
	assert_string_equal(iso_of(&t), "1969-12-31T23:59:59.999999+00:00");
	assert_int_equal(datetime_to_us(&t), -1);
	assert_int_equal(datetime_from_us(INT64_C(1441008970000000), &t), 0);
	assert_string_equal(iso_of(&t), "2015-08-31T08:16:10+00:00");
	assert_int_equal(datetime_from_us(INT64_MAX, &t), -1);
	assert_int_equal(datetime_from_us(INT64_MIN, &t), -1);
}

static void offsets_become_utc(void **state)
{
	(void)state;
	struct datetime t = { 2015, 1, 1, 1, 0, 0, 0, true, 7200, 0 }, utc;
	assert_string_equal(iso_of(&t), "2015-01-01T01:00:00+02:00");
	assert_int_equal(datetime_to_utc(&t, &utc), 0);
	assert_string_equal(iso_of(&utc), "2014-12-31T23:00:00+00:00");
	t.offset = -(5 * 3600 + 30 * 60 + 7);
	assert_string_equal(iso_of(&t), "2015-01-01T01:00:00-05:30:07");
	t.has_offset = false;
	assert_string_equal(iso_of(&t), "2015-01-01T01:00:00");
	assert_int_equal(datetime_to_utc(&t, &utc), 0);
	assert_string_equal(iso_of(&utc), "2015-01-01T01:00:00+00:00");
	struct datetime first = { 1, 1, 1, 0, 0, 0, 0, true, 1, 0 };
	assert_int_equal(datetime_to_utc(&first, &utc), -1);
	struct datetime last = { 9999, 12, 31, 23, 59, 59, 999999, true, -1, 0 };
	assert_int_equal(datetime_to_utc(&last, &utc), -1);
}

static void canonical_form_is_as_lax_as_strptime(void **state)
{
	(void)state;
	static const struct {
		const char *text, *iso; /* NULL: not canonical */
	} cases[] = {
		{ "2015-08-31T08:16:10+00:00", "2015-08-31T08:16:10+00:00" },
		{ "2015-08-31T08:16:10.5+00:00", "2015-08-31T08:16:10.500000+00:00" },
		{ "2015-08-31T08:16:10.123456+00:00", "2015-08-31T08:16:10.123456+00:00" },
		{ "2015-9-2T4:7:8+00:00", "2015-09-02T04:07:08+00:00" },
		{ "2015-9-2T4:7:8.25+00:00", "2015-09-02T04:07:08.250000+00:00" },
		{ "2015-09- 2t04:07:08+00:00", "2015-09-02T04:07:08+00:00" },
		{ "0001-01-01T00:00:00+00:00", "0001-01-01T00:00:00+00:00" },
		{ "٢٠١٥-08-31T08:16:10+00:00", "2015-08-31T08:16:10+00:00" },
		{ "2015-02-29T00:00:00+00:00", NULL },
		{ "0000-01-01T00:00:00+00:00", NULL },
		{ "2015-08-31T24:00:00+00:00", NULL },
		{ "2015-08-31T23:59:60+00:00", NULL },
		{ "2015-08-31T08:16:10.+00:00", NULL },
		{ "2015-08-31T08:16:10.1234567+00:00", NULL },
		{ "2015-08-31 08:16:10+00:00", NULL },
		{ "2015-08-31T08:16:10", NULL },
		{ "2015-08-31T08:16:10Z", NULL },
		{ "2015-08-31T08:16:10+01:00", NULL },
		{ "2015-08-31T08:16:10+00:00 ", NULL },
		{ "2015-08-31T08:16:10-00:00", NULL },
		{ "015-08-31T08:16:10+00:00", NULL },
		{ "2015-08- 31T8:16:10+00:00", NULL },
		{ "", NULL },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct datetime t;
		struct str text = str_of(cases[i].text);
		assert_int_equal(datetime_is_canonical(text), cases[i].iso != NULL);
		assert_int_equal(datetime_from_canonical(text, &t), cases[i].iso ? 0 : -1);
		if (cases[i].iso)
			assert_string_equal(iso_of(&t), cases[i].iso);
	}
}

struct reading {
	const char *text, *format, *iso; /* NULL: refused */
};

static void readings_check(const struct reading *readings, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct datetime t;
		struct err err = { 0 };
		int result = datetime_strptime(str_of(readings[i].text), str_of(readings[i].format),
		                               &t, &err);
		if (result != (readings[i].iso ? 0 : -1))
			fail_msg("'%s' by '%s': %s", readings[i].text, readings[i].format,
			         err.text);
		if (readings[i].iso)
			assert_string_equal(iso_of(&t), readings[i].iso);
		else
			assert_true(err.fault == FAULT_OTHER && err.text[0]);
	}
}

static void strptime_reads_formats(void **state)
{
	(void)state;
	static const struct reading readings[] = {
		{ "2015-08-31 08:16:10", "%Y-%m-%d %H:%M:%S", "2015-08-31T08:16:10" },
		{ "31/AUG/2015:08:16:10 +0200", "%d/%b/%Y:%H:%M:%S %z",
		  "2015-08-31T08:16:10+02:00" },
		{ "2015-08-31 \t 08", "%Y-%m-%d %H", "2015-08-31T08:00:00" },
		{ "12:05 am", "%I:%M %p", "1900-01-01T00:05:00" },
		{ "12:05 PM", "%I:%M %p", "1900-01-01T12:05:00" },
		{ "11 8", "%I %H", "1900-01-01T08:00:00" },
		{ "1112", "%d%m", "1900-12-11T00:00:00" },
		{ "112", "%d%m", "1900-02-11T00:00:00" },
		{ "68 69", "%y %H%M", "2068-01-01T06:09:00" },
		{ "69", "%y", "1969-01-01T00:00:00" },
		{ "10.5", "%S.%f", "1900-01-01T00:00:10.500000" },
		{ "2024 366", "%Y %j", "2024-12-31T00:00:00" },
		{ "2023 366", "%Y %j", "2024-01-01T00:00:00" },
		{ "2020-W53-5", "%G-W%V-%u", "2021-01-01T00:00:00" },
		{ "2015 35 1", "%Y %W %w", "2015-08-31T00:00:00" },
		{ "2015 35 Monday", "%Y %U %A", "2015-08-31T00:00:00" },
		{ "Mon Aug 31 08:16:10 2015", "%c", "2015-08-31T08:16:10" },
		{ "08/31/15 08:16:10", "%x %X", "2015-08-31T08:16:10" },
		{ "08:16 utc", "%H:%M %Z", "1900-01-01T08:16:00" },
		{ "100%", "%H0%%", "1900-01-01T10:00:00" },
		{ "2015 +02:30:45.5", "%Y %z", "2015-01-01T00:00:00+02:30:45.500000" },
		{ "2015Z", "%Y%z", "2015-01-01T00:00:00+00:00" },
		{ "", "", "1900-01-01T00:00:00" },
	};
	readings_check(readings, sizeof readings / sizeof *readings);
}

static void strptime_refuses(void **state)
{
	(void)state;
	static const struct reading readings[] = {
		{ "2015-08-31 ", "%Y-%m-%d", NULL },
		{ " 2015-08-31", "%Y-%m-%d", NULL },
		{ "2015-08-311", "%Y-%m-%d", NULL },
		{ "2015-02-29", "%Y-%m-%d", NULL },
		{ "02-29", "%m-%d", NULL },
		{ "0000", "%Y", NULL },
		{ "15-08-31", "%Y-%m-%d", NULL },
		{ "23:59:60", "%H:%M:%S", NULL },
		{ "10 10", "%d %d", NULL },
		{ "2015%", "%Y%", NULL },
		{ "2015", "%Q", NULL },
		{ "2015", "%", NULL },
		{ "2015 10", "%G %V", NULL },
		{ "2015z", "%Y%z", NULL },
		{ "2015 +02:3045", "%Y %z", NULL },
		{ "2015 +24:00", "%Y %z", NULL },
		{ "10 CET", "%H %Z", NULL },
		{ "9999 366", "%Y %j", NULL },
	};
	readings_check(readings, sizeof readings / sizeof *readings);
}

static void strptime_gives_up_in_time(void **state)
{
	(void)state;
	struct buffer format, text;
	struct datetime t;
	buffer_init(&format, 4096);
	buffer_init(&text, 4096);
	for (int i = 0; i < 500; i++)
		buffer_add_str(&format, S("x "));
	assert_int_equal(datetime_strptime(S("x"), buffer_str(&format), &t, NULL), -1);
	for (int i = 0; i < 1000; i++)
		buffer_add_char(&text, '1');
	struct str ambiguous = S("%f%j%d%m%H%M%S%U%y%V%u%w%I%W%Y%Gx");
	assert_int_equal(datetime_strptime(buffer_str(&text), ambiguous, &t, NULL), -1);
	buffer_fini(&format);
	buffer_fini(&text);
}

static void format_writes_directives(void **state)
{
	(void)state;
	static const struct {
		const char *format, *text;
	} cases[] = {
		{ "%Y-%m-%d", "2015-08-03" },
		{ "%a %A %b %B %h", "Mon Monday Aug August Aug" },
		{ "%H:%M:%S.%f", "08:06:01.000123" },
		{ "%c|%x|%X", "Mon Aug  3 08:06:01 2015|08/03/15|08:06:01" },
		{ "%D|%F|%R|%T|%r", "08/03/15|2015-08-03|08:06|08:06:01|08:06:01 AM" },
		{ "%e|%k|%l|%I|%p|%P", " 3| 8| 8|08|AM|am" },
		{ "%j %U %W %V %G %g %u %w %C %y", "215 31 31 32 2015 15 1 1 20 15" },
		{ "%s", "1438589161" },
		{ "%-d|%_d|%05d|%^a|%#p|%10Y", "3| 3|00003|MON|am|0000002015" },
		{ "%z|%Z|%%|%n%t", "+0000|UTC|%|\n\t" },
		{ "%Q|%Ed|%Od|%", "%Q|%Ed|03|%" },
		{ "ä%dö", "ä03ö" },
	};
	struct datetime t = { 2015, 8, 3, 8, 6, 1, 123, true, 0, 0 };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buffer out;
		buffer_init_in(&out, &arena, 1000);
		assert_int_equal(datetime_format(&out, &t, str_of(cases[i].format)), 0);
		assert_true(str_eq(buffer_str(&out), str_of(cases[i].text)));
	}
	struct buffer small;
	buffer_init_in(&small, &arena, 10);
	assert_int_equal(datetime_format(&small, &t, S("%99999d")), -1);
}

static void format_writes_zones(void **state)
{
	(void)state;
	struct datetime t = { 5, 1, 2, 15, 6, 1, 0, true, -(2 * 3600 + 30 * 60 + 5), 0 };
	struct buffer out;
	buffer_init_in(&out, &arena, 1000);
	assert_int_equal(datetime_format(&out, &t, S("%z %Z %Y %G")), 0);
	assert_true(str_eq(buffer_str(&out), S("-023005 UTC-02:30:05 5 4")));
	buffer_clear(&out);
	t.has_offset = false;
	assert_int_equal(datetime_format(&out, &t, S("[%z%Z]")), 0);
	assert_true(str_eq(buffer_str(&out), S("[]")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clock_can_be_set),
		cmocka_unit_test(every_day_has_one_number),
		cmocka_unit_test(microseconds_go_both_ways),
		cmocka_unit_test(offsets_become_utc),
		cmocka_unit_test(canonical_form_is_as_lax_as_strptime),
		cmocka_unit_test(strptime_reads_formats),
		cmocka_unit_test(strptime_refuses),
		cmocka_unit_test(strptime_gives_up_in_time),
		cmocka_unit_test(format_writes_directives),
		cmocka_unit_test(format_writes_zones),
	};
	return cmocka_run_group_tests_name("datetime", tests, set_up, tear_down);
}
