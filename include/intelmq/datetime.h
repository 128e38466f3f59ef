/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * datetime.h - points in time: calendar arithmetic, reading and writing them as text.
 *
 * The calendar is the proleptic Gregorian one of the years 1 to 9999 without leap seconds, as in
 * Python's datetime. Where a rule below says "as strptime", "as strftime" or "as dateutil", the
 * documented behaviour of Python 3.11 in the C locale, of glibc, or of python-dateutil 2.8.2 is
 * meant. The time zone of the host is taken to be UTC.
 */
#pragma once
#include <intelmq/buffer.h>
#include <intelmq/err.h>
#include <intelmq/value.h>

struct datetime {
	int year;   /* 1 to 9999 */
	int month;  /* 1 to 12 */
	int day;    /* 1 to 31 */
	int hour;   /* 0 to 23 */
	int minute; /* 0 to 59 */
	int second; /* 0 to 59 */
	int microsecond;
	bool has_offset;        /* false: the time zone is not known */
	int offset;             /* seconds east of UTC, less than a day */
	int offset_microsecond; /* what remains beyond the seconds, with the same sign */
};

/* Calendar */

bool date_is_leap(int year);

/* Days of a month; 0 if there is no such month. */
int date_month_days(int year, int month);

/* Days since 1970-01-01 of a day that exists. */
int64_t date_to_days(int year, int month, int day);

/* Sets year, month and day only. -1, and nothing set, outside the years 1 to 9999. */
int date_from_days(int64_t days, struct datetime *out);

/* 0 is Monday. */
int date_weekday(int year, int month, int day);

/* Whether all parts are in their range and the day exists. */
bool datetime_exists(const struct datetime *);

/* Microseconds since 1970-01-01 UTC; an unknown time zone is taken as UTC. */
int64_t datetime_to_us(const struct datetime *);

/* In UTC. -1, and nothing set, outside the years 1 to 9999. */
int datetime_from_us(int64_t us, struct datetime *out);

/* In the time zone of this machine (TZ, /etc/localtime), its offset known. -1, and nothing set, outside the years 1 to 9999. */
int datetime_local(int64_t us, struct datetime *out);

/* The same moment in UTC; an unknown time zone is taken as UTC. -1 if that leaves the years 1 to 9999. */
int datetime_to_utc(const struct datetime *, struct datetime *out);

/* Text */

/* ISO 8601 as Python's isoformat: microseconds only if there are any, offset only if known. */
struct str datetime_iso(struct arena *, const struct datetime *);

/*
 * Whether the text is in the form that events hold: YYYY-MM-DDTHH:MM:SS+00:00, with .f (one to six
 * digits) before the offset or not. As the reference reads it with strptime, all fields but the
 * year may have one digit, and a one-digit day a space before it.
 */
bool datetime_is_canonical(struct str);

/* Reads that form, in UTC. -1 if the text is not in it; *out is undefined then. */
int datetime_from_canonical(struct str, struct datetime *out);

/*
 * Reads text by a format, as strptime of Python: white space in the format matches any white space,
 * letters match in either case, nothing may be left over, what is not given is 1900-01-01 00:00:00.
 * Known are %a %A %b %B %c %d %f %G %H %I %j %m %M %p %S %u %U %V %w %W %x %X %y %Y %z %Z %%.
 * Only %z gives an offset. Formats of more than 52 parts and texts over 1024 bytes are refused.
 */
int datetime_strptime(struct str text, struct str format, struct datetime *out, struct err *);

/*
 * Writes by a format, as strftime of Python on glibc in the C locale, with its flags (_ - 0 ^ #), width (at
 * most 1000) and its E and O modifiers; an unknown directive is copied. -1 if the buffer overflowed.
 */
int datetime_format(struct buffer *out, const struct datetime *, struct str format);

/*
 * Reads a date in whatever form people write it, as dateutil's parser: month before day unless
 * that is impossible, years of two digits within 50 years of `now`, missing parts of the date from
 * `now` and of the time 0, a day of the week alone is the next such day, zone names other than
 * UTC, GMT and Z ignored (no offset then), `GMT+3` is three hours *behind* UTC (and "+3" ahead).
 * `now` is in UTC; NULL: ask the clock.
 * Disadvantage: much that is no date is taken for one; prefer a format where one is known.
 * datetime_fuzzy passes over unknown words, datetime_guess refuses them.
 */
int datetime_fuzzy(struct str text, const struct datetime *now, struct datetime *out, struct err *);
int datetime_guess(struct str text, const struct datetime *now, struct datetime *out, struct err *);

/* The field type DateTime */

/*
 * Brings a value to the canonical form in *out: borrowed from the input if it is so already, else
 * written into the arena. Unknown time zones are taken as UTC. -1 if the value cannot be used.
 */
int datetime_sanitize(struct arena *, struct value in, struct str *out);

/* Whether it is text in the canonical form. */
bool datetime_is_valid(struct value);

/*
 * Converts by a name, with everything after its first `|` as a format: timestamp, windows_nt,
 * epoch_millis, from_format|F, from_format_midnight|F, utc_isoformat, fuzzy; STR_NONE is fuzzy.
 * *out is canonical text from the arena (or the borrowed input), or STR_NONE where an epoch has
 * a length of neither seconds nor milliseconds. -1: the conversion or the value is refused.
 */
int time_convert(struct arena *, struct value in, struct str conversion, struct str *out,
                 struct err *);

/*
 * Whether a `time_format` parameter names a conversion, with a format exactly where one belongs.
 * Empty and absent mean fuzzy. -1 and FAULT_INVALID_ARGUMENT if not.
 */
int time_conversion_check(struct str conversion, struct err *);

/* What a `time_format` parameter means to time_convert: a second `|` and what follows does not count. */
struct str time_conversion_of(struct str parameter);
