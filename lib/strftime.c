/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/datetime.h>

#include "lib/datetime_names.h"

#include <stdio.h>
#include <stdlib.h>

#define MAX_WIDTH 1000

/* Letters that the E and the O modifier spoil. */
#define NOT_AFTER_E "abdefghijklmoqvwABDEFGHIJKLMNOQSUVW"
#define NOT_AFTER_O "acfioqvxADEFJKLNOQXY"

struct directive {
	struct str source; /* as written */
	char letter;
	char pad;         /* '0', '_', '-', or 0: the one of the directive */
	char modifier;    /* 'E', 'O' or 0 */
	bool upper, swap; /* the flags ^ and # */
	int width;
};

/* Numbers: their default padding is to `digits` with `pad`. */
struct number {
	int64_t value;
	int digits;
	char pad;
};

/* Directives that stand for others. */
static const char *composite_of(char letter)
{
	switch (letter) {
	case 'c':
		return "%a %b %e %H:%M:%S %Y";
	case 'D':
	case 'x':
		return "%m/%d/%y";
	case 'F':
		return "%Y-%m-%d";
	case 'r':
		return "%I:%M:%S %p";
	case 'R':
		return "%H:%M";
	case 'T':
	case 'X':
		return "%H:%M:%S";
	default:
		return NULL;
	}
}

static int year_day(const struct datetime *t)
{
	return (int)(date_to_days(t->year, t->month, t->day) - date_to_days(t->year, 1, 1));
}

static int weekday_of(const struct datetime *t)
{
	return date_weekday(t->year, t->month, t->day);
}

/* The ISO week, and the year it belongs to: that of its Thursday (which may be year 0 or 10000). */
static int iso_week(const struct datetime *t, int *year)
{
	int thursday = year_day(t) + 3 - weekday_of(t);
	*year = t->year;
	if (thursday < 0)
		thursday += 365 + date_is_leap(--*year);
	else if (thursday >= 365 + date_is_leap(t->year))
		thursday -= 365 + date_is_leap((*year)++);
	return thursday / 7 + 1;
}

static int64_t seconds_of(const struct datetime *t)
{
	return date_to_days(t->year, t->month, t->day) * 86400 + (t->hour * 60 + t->minute) * 60 +
	       t->second;
}

static bool number_of(const struct datetime *t, char letter, struct number *out)
{
	int weekday = weekday_of(t), hour12 = (t->hour + 11) % 12 + 1, iso_year = 0,
	    week = iso_week(t, &iso_year);
	// clang-format off
	switch (letter) {
	case 'C': *out = (struct number){ t->year / 100, 1, '0' }; return true;
	case 'd': *out = (struct number){ t->day, 2, '0' }; return true;
	case 'e': *out = (struct number){ t->day, 2, '_' }; return true;
	case 'g': *out = (struct number){ (iso_year + 100) % 100, 2, '0' }; return true;
	case 'G': *out = (struct number){ iso_year, 1, '0' }; return true;
	case 'H': *out = (struct number){ t->hour, 2, '0' }; return true;
	case 'I': *out = (struct number){ hour12, 2, '0' }; return true;
	case 'j': *out = (struct number){ year_day(t) + 1, 3, '0' }; return true;
	case 'k': *out = (struct number){ t->hour, 2, '_' }; return true;
	case 'l': *out = (struct number){ hour12, 2, '_' }; return true;
	case 'm': *out = (struct number){ t->month, 2, '0' }; return true;
	case 'M': *out = (struct number){ t->minute, 2, '0' }; return true;
	case 's': *out = (struct number){ seconds_of(t), 1, '_' }; return true;
	case 'S': *out = (struct number){ t->second, 2, '0' }; return true;
	case 'u': *out = (struct number){ weekday + 1, 1, '0' }; return true;
	case 'U': *out = (struct number){ (year_day(t) + 7 - (weekday + 1) % 7) / 7, 2, '0' }; return true;
	case 'V': *out = (struct number){ week, 2, '0' }; return true;
	case 'w': *out = (struct number){ (weekday + 1) % 7, 1, '0' }; return true;
	case 'W': *out = (struct number){ (year_day(t) + 7 - weekday) / 7, 2, '0' }; return true;
	case 'y': *out = (struct number){ t->year % 100, 2, '0' }; return true;
	case 'Y': *out = (struct number){ t->year, 1, '0' }; return true;
	default: return false;
	}
	// clang-format on
}

static void padding_add(struct buffer *out, const struct directive *d, size_t length)
{
	for (size_t i = length; i < (size_t)d->width; i++)
		buffer_add_char(out, d->pad == '0' ? '0' : ' ');
}

static void number_add(struct buffer *out, const struct directive *d, const struct number *number)
{
	char text[24];
	int length = snprintf(text, sizeof text, "%lld", llabs((long long)number->value));
	int sign = number->value < 0, digits = number->digits;
	char pad = d->pad ? d->pad : number->pad;
	if (d->pad == '-')
		digits = 1;
	if (d->width > digits)
		digits = d->width;
	if (sign && pad == '0')
		buffer_add_char(out, '-');
	for (int i = length + sign; i < digits; i++)
		buffer_add_char(out, pad == '0' ? '0' : ' ');
	if (sign && pad != '0')
		buffer_add_char(out, '-');
	buffer_add(out, text, (size_t)length);
}

static char ascii_swap(char c, char first, char last)
{
	return c >= first && c <= last ? (char)(c ^ 0x20) : c;
}

static void word_add(struct buffer *out, const struct directive *d, struct str word, bool upper,
                     bool lower)
{
	padding_add(out, d, word.n);
	for (size_t i = 0; i < word.n; i++) {
		char c = word.p[i];
		if (lower)
			c = ascii_swap(c, 'A', 'Z');
		else if (upper)
			c = ascii_swap(c, 'a', 'z');
		buffer_add_char(out, c);
	}
}

static struct str first_three(const char *name)
{
	return (struct str){ name, 3 };
}

static bool word_of(const struct datetime *t, char letter, struct str *out)
{
	// clang-format off
	switch (letter) {
	case 'a': *out = first_three(weekday_names[weekday_of(t)]); return true;
	case 'A': *out = str_of(weekday_names[weekday_of(t)]); return true;
	case 'b':
	case 'h': *out = first_three(month_names[t->month - 1]); return true;
	case 'B': *out = str_of(month_names[t->month - 1]); return true;
	case 'p':
	case 'P': *out = t->hour < 12 ? S("AM") : S("PM"); return true;
	case 'n': *out = S("\n"); return true;
	case 't': *out = S("\t"); return true;
	case '%': *out = S("%"); return true;
	case 'Z': *out = S(""); return true; /* with flags or a width nobody knows the zone */
	default: return false;
	}
	// clang-format on
}

/* %z, and %Z where the zone has no name but its offset. */
static void offset_add(struct buffer *out, const struct datetime *t, const char *separator)
{
	bool west = t->offset < 0 || t->offset_microsecond < 0;
	int seconds = abs(t->offset), us = abs(t->offset_microsecond);
	buffer_printf(out, "%c%02d%s%02d", west ? '-' : '+', seconds / 3600, separator,
	              seconds / 60 % 60);
	if (seconds % 60 || us)
		buffer_printf(out, "%s%02d", separator, seconds % 60);
	if (us)
		buffer_printf(out, ".%06d", us);
}

/* The directives that are Python's own and take no flags. */
static bool plain_add(struct buffer *out, const struct datetime *t, const struct directive *d)
{
	if (d->source.n != 2)
		return false;
	switch (d->letter) {
	case 'f':
		buffer_printf(out, "%06d", t->microsecond);
		return true;
	case 'z':
		if (t->has_offset)
			offset_add(out, t, "");
		return true;
	case 'Z':
		if (t->has_offset)
			buffer_add_str(out, S("UTC"));
		if (t->has_offset && (t->offset || t->offset_microsecond))
			offset_add(out, t, ":");
		return true;
	default:
		return false;
	}
}

/* Reads one directive at the start of `rest`, which is a `%`. */
static struct directive directive_read(struct str rest)
{
	struct directive d = { 0 };
	size_t i = 1;
	for (; i < rest.n && rest.p[i] && strchr("_-0^#", rest.p[i]); i++) {
		if (rest.p[i] == '^')
			d.upper = true;
		else if (rest.p[i] == '#')
			d.swap = true;
		else
			d.pad = rest.p[i];
	}
	for (; i < rest.n && rest.p[i] >= '0' && rest.p[i] <= '9'; i++)
		if (d.width <= MAX_WIDTH)
			d.width = d.width * 10 + (rest.p[i] - '0');
	if (d.width > MAX_WIDTH)
		d.width = MAX_WIDTH;
	if (i < rest.n && (rest.p[i] == 'E' || rest.p[i] == 'O'))
		d.modifier = rest.p[i++];
	if (i < rest.n)
		d.letter = rest.p[i++];
	d.source = str_slice(rest, 0, i);
	return d;
}

static bool is_spoilt(const struct directive *d)
{
	const char *not_after = d->modifier == 'E' ? NOT_AFTER_E
	                      : d->modifier == 'O' ? NOT_AFTER_O
	                                           : "";
	return d->letter == '\0' || strchr(not_after, d->letter);
}

static void simple_add(struct buffer *out, const struct datetime *t, const struct directive *d)
{
	struct number number;
	struct str word;
	if (plain_add(out, t, d) || (d->letter == 'z' && !is_spoilt(d)))
		return;
	if (is_spoilt(d)) {
		word_add(out, d, d->source, d->upper, false);
	} else if (number_of(t, d->letter, &number)) {
		number_add(out, d, &number);
	} else if (word_of(t, d->letter, &word)) {
		bool lower = d->letter == 'P' || (d->letter == 'p' && d->swap);
		word_add(out, d, word, d->upper || (d->swap && strchr("aAbBh", d->letter)), lower);
	} else {
		word_add(out, d, d->source, d->upper, false);
	}
}

static void composite_add(struct buffer *out, const struct datetime *t, const struct directive *d)
{
	char bytes[64]; /* the longest, %c, needs 24 */
	struct buffer part = { .p = bytes, .capacity = sizeof bytes, .limit = sizeof bytes };
	for (const char *p = composite_of(d->letter); *p; p++) {
		if (*p != '%') {
			buffer_add_char(&part, *p);
			continue;
		}
		struct directive inner = { .source = S("  "), .letter = *++p, .upper = d->upper };
		simple_add(&part, t, &inner);
	}
	word_add(out, d, buffer_str(&part), false, false);
}

int datetime_format(struct buffer *out, const struct datetime *t, struct str format)
{
	size_t nul = str_index(format, '\0');
	if (nul != STR_NOT_FOUND)
		format.n = nul;
	while (format.n) {
		size_t percent = str_index(format, '%');
		buffer_add_str(out, str_slice(format, 0, percent));
		format = str_slice(format, percent, format.n);
		if (format.n == 0)
			break;
		struct directive d = directive_read(format);
		if (!is_spoilt(&d) && composite_of(d.letter))
			composite_add(out, t, &d);
		else
			simple_add(out, t, &d);
		format = str_slice(format, d.source.n, format.n);
	}
	return out->over ? -1 : 0;
}
