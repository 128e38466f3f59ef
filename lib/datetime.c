/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/datetime.h>

#include <time.h>

#include <stdio.h>
#include <stdlib.h>

#define DAY_US (86400 * INT64_C(1000000))
#define DAYS_TO_1970 719468 /* from 0000-03-01, where the calendar below starts */

bool date_is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int date_month_days(int year, int month)
{
	static const unsigned char days[13] = { 0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	if (month < 1 || month > 12)
		return 0;
	return days[month] + (month == 2 && date_is_leap(year));
}

/* Years start in March here, so that the leap day is the last of its year. */
int64_t date_to_days(int year, int month, int day)
{
	int64_t y = month > 2 ? year : year - 1;
	int m = month > 2 ? month - 3 : month + 9;
	return y * 365 + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - DAYS_TO_1970;
}

int date_from_days(int64_t days, struct datetime *out)
{
	if (days < date_to_days(1, 1, 1) || days > date_to_days(9999, 12, 31))
		return -1;
	int n = (int)days + DAYS_TO_1970;
	int era = n / 146097; /* of 400 years */
	n %= 146097;
	int year = (n - n / 1460 + n / 36524 - n / 146096) / 365;
	n -= 365 * year + year / 4 - year / 100;
	int m = (5 * n + 2) / 153;
	out->day = n - (153 * m + 2) / 5 + 1;
	out->month = m < 10 ? m + 3 : m - 9;
	out->year = era * 400 + year + (m >= 10);
	return 0;
}

int date_weekday(int year, int month, int day)
{
	/* 1970-01-01 was a Thursday; the constant keeps the sum positive. */
	return (int)((date_to_days(year, month, day) + 3 + 7 * INT64_C(200000)) % 7);
}

bool datetime_exists(const struct datetime *t)
{
	return t->year >= 1 && t->year <= 9999 && t->day >= 1 &&
	       t->day <= date_month_days(t->year, t->month) && t->hour >= 0 && t->hour <= 23 &&
	       t->minute >= 0 && t->minute <= 59 && t->second >= 0 && t->second <= 59 &&
	       t->microsecond >= 0 && t->microsecond <= 999999;
}

int64_t datetime_to_us(const struct datetime *t)
{
	int64_t us = date_to_days(t->year, t->month, t->day) * DAY_US;
	us += ((t->hour * 60 + t->minute) * 60 + t->second) * INT64_C(1000000) + t->microsecond;
	if (t->has_offset)
		us -= t->offset * INT64_C(1000000) + t->offset_microsecond;
	return us;
}

int datetime_from_us(int64_t us, struct datetime *out)
{
	int64_t days = us / DAY_US, rest = us % DAY_US;
	if (rest < 0) {
		rest += DAY_US;
		days--;
	}
	struct datetime t = { .has_offset = true };
	if (date_from_days(days, &t) < 0)
		return -1;
	int seconds = (int)(rest / 1000000);
	t.microsecond = (int)(rest % 1000000);
	t.hour = seconds / 3600;
	t.minute = seconds / 60 % 60;
	t.second = seconds % 60;
	*out = t;
	return 0;
}

int datetime_local(int64_t us, struct datetime *out)
{
	struct tm tm;
	struct datetime utc;
	time_t seconds = (time_t)(us / 1000000 - (us % 1000000 < 0));
	if (datetime_from_us(us, &utc) < 0 || !localtime_r(&seconds, &tm) ||
	    datetime_from_us(us + tm.tm_gmtoff * 1000000, &utc) < 0)
		return -1;
	utc.has_offset = true;
	utc.offset = (int)tm.tm_gmtoff;
	*out = utc;
	return 0;
}

int datetime_to_utc(const struct datetime *t, struct datetime *out)
{
	if (t->has_offset && (t->offset || t->offset_microsecond))
		return datetime_from_us(datetime_to_us(t), out);
	*out = *t;
	out->has_offset = true;
	out->offset = out->offset_microsecond = 0;
	return 0;
}

static char *digits_put(char *p, int number, int count)
{
	for (int i = count; i-- > 0; number /= 10)
		p[i] = (char)('0' + number % 10);
	return p + count;
}

static char *pair_put(char *p, char separator, int number)
{
	*p++ = separator;
	return digits_put(p, number, 2);
}

static char *offset_put(char *p, const struct datetime *t)
{
	bool west = t->offset < 0 || t->offset_microsecond < 0;
	int seconds = abs(t->offset), us = abs(t->offset_microsecond);
	p = pair_put(p, west ? '-' : '+', seconds / 3600);
	p = pair_put(p, ':', seconds / 60 % 60);
	if (seconds % 60 || us)
		p = pair_put(p, ':', seconds % 60);
	if (us) {
		*p++ = '.';
		p = digits_put(p, us, 6);
	}
	return p;
}

struct str datetime_iso(struct arena *arena, const struct datetime *t)
{
	char text[64], *p = digits_put(text, t->year, 4);
	p = pair_put(p, '-', t->month);
	p = pair_put(p, '-', t->day);
	p = pair_put(p, 'T', t->hour);
	p = pair_put(p, ':', t->minute);
	p = pair_put(p, ':', t->second);
	if (t->microsecond) {
		*p++ = '.';
		p = digits_put(p, t->microsecond, 6);
	}
	if (t->has_offset)
		p = offset_put(p, t);
	return arena_dup(arena, (struct str){ text, (size_t)(p - text) });
}

/* Canonical form */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Two digits at p, or a number above 99 if they are none. */
static unsigned pair_get(const char *p)
{
	unsigned tens = (unsigned char)p[0] - '0', ones = (unsigned char)p[1] - '0';
	return tens > 9 || ones > 9 ? 1000 : tens * 10 + ones;
}

static unsigned fraction_get(const char *p, size_t n)
{
	unsigned us = 0;
	for (size_t i = 0; i < 6; i++) {
		unsigned digit = i < n ? (unsigned char)p[i] - '0' : 0;
		if (digit > 9)
			return 1000000;
		us = us * 10 + digit;
	}
	return us;
}

/* The form without any laxness, which is nearly all there is; 25 to 32 bytes. */
static bool strict_read(struct str s, struct datetime *t)
{
	const char *p = s.p;
	if (p[4] != '-' || p[7] != '-' || p[10] != 'T' || p[13] != ':' || p[16] != ':' ||
	    memcmp(p + s.n - 6, "+00:00", 6) != 0)
		return false;
	unsigned century = pair_get(p), year = pair_get(p + 2), us = 0;
	if (s.n > 25) {
		us = s.n == 26 || p[19] != '.' ? 1000000 : fraction_get(p + 20, s.n - 26);
		if (us > 999999)
			return false;
	}
	if (century > 99 || year > 99)
		return false;
	*t = (struct datetime){
		.year = (int)(century * 100 + year),
		.month = (int)pair_get(p + 5),
		.day = (int)pair_get(p + 8),
		.hour = (int)pair_get(p + 11),
		.minute = (int)pair_get(p + 14),
		.second = (int)pair_get(p + 17),
		.microsecond = (int)us,
		.has_offset = true,
	};
	return datetime_exists(t);
}

/* One or two digits and what must follow them, 'T' in either case; advances *at. */
static bool field_read(struct str s, size_t *at, char end, int *out)
{
	size_t i = *at;
	int number = 0, digits = 0;
	for (; i < s.n && digits < 2 && is_digit(s.p[i]); i++, digits++)
		number = number * 10 + (s.p[i] - '0');
	if (digits == 0 || i >= s.n || (s.p[i] != end && !(end == 'T' && s.p[i] == 't')))
		return false;
	*out = number;
	*at = i + 1;
	return true;
}

/* Seconds, a fraction or not, and the offset to the end. */
static bool tail_read(struct str s, size_t at, struct datetime *t)
{
	if (!field_read(s, &at, '.', &t->second))
		return field_read(s, &at, '+', &t->second) &&
		       str_eq(str_slice(s, at, s.n), S("00:00"));
	size_t n = 0;
	while (n <= 6 && at + n < s.n && is_digit(s.p[at + n]))
		n++;
	if (n == 0 || n > 6 || !str_eq(str_slice(s, at + n, s.n), S("+00:00")))
		return false;
	t->microsecond = (int)fraction_get(s.p + at, n);
	return true;
}

static bool lax_read(struct str s, struct datetime *t)
{
	if (!is_digit(s.p[0]) || !is_digit(s.p[1]) || !is_digit(s.p[2]) || !is_digit(s.p[3]) ||
	    s.p[4] != '-')
		return false;
	*t = (struct datetime){ .has_offset = true };
	t->year = (int)(pair_get(s.p) * 100 + pair_get(s.p + 2));
	size_t at = 5;
	if (!field_read(s, &at, '-', &t->month))
		return false;
	bool padded = s.p[at] == ' ';
	at += padded;
	size_t day = at;
	if (!field_read(s, &at, 'T', &t->day) || (padded && at - day > 2))
		return false;
	return field_read(s, &at, ':', &t->hour) && field_read(s, &at, ':', &t->minute) &&
	       tail_read(s, at, t) && datetime_exists(t);
}

static bool has_non_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return true;
	return false;
}

/* Digits of other scripts count; they are too rare to be read fast. */
static bool foreign_read(struct str s, struct datetime *t)
{
	if (datetime_strptime(s, S("%Y-%m-%dT%H:%M:%S+00:00"), t, NULL) < 0 &&
	    datetime_strptime(s, S("%Y-%m-%dT%H:%M:%S.%f+00:00"), t, NULL) < 0)
		return false;
	t->has_offset = true;
	return true;
}

int datetime_from_canonical(struct str s, struct datetime *out)
{
	if (s.n >= 25 && s.n <= 32 && strict_read(s, out))
		return 0;
	if (s.n < 20 || s.n > 128)
		return -1;
	if (has_non_ascii(s))
		return foreign_read(s, out) ? 0 : -1;
	return lax_read(s, out) ? 0 : -1;
}

bool datetime_is_canonical(struct str s)
{
	struct datetime ignored;
	return datetime_from_canonical(s, &ignored) == 0;
}
