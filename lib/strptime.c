/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/datetime.h>

#include "lib/datetime_chars.h"
#include "lib/datetime_names.h"

#include <stdlib.h>

#define MAX_ITEMS 52 /* all directives once, and text between them */
#define MAX_TEXT 1024
#define MAX_STEPS 5000

/*
 * A numeric directive is a list of alternatives, tried in this order and again when what follows
 * does not match. Two characters stand for one of the text: the range from the first to the second;
 * "##" is a decimal digit of any script.
 */
static const struct directive {
	char letter;
	const char *alternatives;
} directives[] = {
	{ 'd', "3301|12##|0019|19|  19" },
	{ 'f', "090909090909|0909090909|09090909|090909|0909|09" },
	{ 'G', "########" },
	{ 'H', "2203|01##|##" },
	{ 'I', "1102|0019|19" },
	{ 'j', "336606|3305##|12####|0019##|000019|19##|0019|19" },
	{ 'm', "1102|0019|19" },
	{ 'M', "05##|##" },
	{ 'S', "6601|05##|##" },
	{ 'u', "17" },
	{ 'U', "5503|04##|##" },
	{ 'V', "5503|0019|14##|##" },
	{ 'w', "06" },
	{ 'W', "5503|04##|##" },
	{ 'y', "####" },
	{ 'Y', "########" },
	/* The minutes of %z; signs and what may follow are read by zone_match. */
	{ 'z', "####05##|####::05##" },
	/* Words, see word_match. */
	{ 'a', NULL },
	{ 'A', NULL },
	{ 'b', NULL },
	{ 'B', NULL },
	{ 'p', NULL },
	{ 'Z', NULL },
};

static const struct {
	char letter;
	struct str format;
} composites[] = {
	{ 'c', S("%a %b %d %H:%M:%S %Y") },
	{ 'x', S("%m/%d/%y") },
	{ 'X', S("%H:%M:%S") },
};

struct item {
	const struct directive *directive; /* NULL: literal text */
	struct str literal;                /* one character of white space stands for any run */
};

struct matcher {
	struct item items[MAX_ITEMS];
	size_t count;
	struct str text;
	size_t start[MAX_ITEMS + 1]; /* where an item's text begins */
	uint8_t choice[MAX_ITEMS + 1];
};

/* Compiling the format */

static bool space_at(struct str s, size_t at, size_t *length)
{
	if (at >= s.n)
		return false;
	struct date_char c = date_char_at(s, at);
	*length = c.length;
	return c.kind == CHAR_SPACE;
}

static int item_add(struct matcher *m, const struct directive *d, struct str literal,
                    struct err *err)
{
	if (m->count == MAX_ITEMS)
		return err_set(err, FAULT_OTHER, "the date format has too many parts");
	for (size_t i = 0; d && i < m->count; i++)
		if (m->items[i].directive == d)
			return err_set(err, FAULT_OTHER, "%%%c is twice in the date format",
			               d->letter);
	m->items[m->count++] = (struct item){ d, literal };
	return 0;
}

static const struct directive *directive_find(char letter)
{
	for (size_t i = 0; i < sizeof directives / sizeof *directives; i++)
		if (directives[i].letter == letter)
			return &directives[i];
	return NULL;
}

static const struct str *composite_find(char letter)
{
	for (size_t i = 0; i < sizeof composites / sizeof *composites; i++)
		if (composites[i].letter == letter)
			return &composites[i].format;
	return NULL;
}

/* One item at *at; `inner` has the format of a %c, %x or %X, or remains absent. */
static int item_compile(struct matcher *m, struct str format, size_t *at, struct str *inner,
                        struct err *err)
{
	size_t from = *at, length = 0;
	if (space_at(format, from, &length)) {
		while (space_at(format, *at, &length))
			*at += length;
		return item_add(m, NULL, str_slice(format, from, *at), err);
	}
	if (format.p[from] != '%') {
		while (*at < format.n && format.p[*at] != '%' && !space_at(format, *at, &length))
			*at += length;
		return item_add(m, NULL, str_slice(format, from, *at), err);
	}
	if (from + 1 >= format.n)
		return err_set(err, FAULT_OTHER, "the date format ends in %%");
	*at += 2;
	char letter = format.p[from + 1];
	if (letter == '%')
		return item_add(m, NULL, str_slice(format, from + 1, from + 2), err);
	const struct str *composite = composite_find(letter);
	if (composite) {
		*inner = *composite;
		return 0;
	}
	const struct directive *d = directive_find(letter);
	if (!d)
		return err_set(err, FAULT_OTHER, "unknown directive in the date format '%.*s'",
		               STR_ARG(format));
	return item_add(m, d, STR_NONE, err);
}

static int format_compile(struct matcher *m, struct str format, struct err *err)
{
	for (size_t at = 0; at < format.n;) {
		struct str inner = STR_NONE, none = STR_NONE;
		if (item_compile(m, format, &at, &inner, err) < 0)
			return -1;
		for (size_t i = 0; i < inner.n;)
			if (item_compile(m, inner, &i, &none, err) < 0)
				return -1;
	}
	return 0;
}

/* Matching: each of these finds the end of the text from `at`, STR_NOT_FOUND if there is none */

/*
 * Runs of white space are taken whole: no item that may follow could use the end of one better.
 */
static size_t literal_match(struct str text, size_t at, struct str literal)
{
	size_t length = 0;
	if (space_at(literal, 0, &length)) {
		size_t end = at;
		while (space_at(text, end, &length))
			end += length;
		return end > at ? end : STR_NOT_FOUND;
	}
	struct str part = str_slice(text, at, at + literal.n);
	return str_eq_ascii_case(part, literal) ? at + literal.n : STR_NOT_FOUND;
}

static size_t alternative_match(struct str text, size_t at, const char *pattern, const char *end)
{
	for (; pattern < end; pattern += 2) {
		if (at >= text.n)
			return STR_NOT_FOUND;
		struct date_char c = date_char_at(text, at);
		bool fits = pattern[0] == '#'
		                  ? c.kind == CHAR_DECIMAL
		                  : text.p[at] >= pattern[0] && text.p[at] <= pattern[1];
		if (!fits)
			return STR_NOT_FOUND;
		at += c.length;
	}
	return at;
}

/* The alternative number `choice` or a later one; *choice becomes the one taken. */
static size_t number_match(struct str text, size_t at, const char *alternatives, uint8_t *choice)
{
	for (uint8_t i = 0; alternatives; i++) {
		const char *bar = strchr(alternatives, '|');
		const char *end = bar ? bar : alternatives + strlen(alternatives);
		if (i >= *choice) {
			size_t found = alternative_match(text, at, alternatives, end);
			if (found != STR_NOT_FOUND) {
				*choice = i;
				return found;
			}
		}
		alternatives = bar ? bar + 1 : NULL;
	}
	return STR_NOT_FOUND;
}

/* Ends of a zone that may be cut shorter, longest first: with fraction, seconds, minutes only. */
static size_t zone_match(struct str text, size_t at, const char *minutes, uint8_t *choice)
{
	static const char sixty[] = "05##";
	size_t ends[9], count = 0;
	uint8_t first = 0;
	if (at < text.n && text.p[at] == 'Z')
		return *choice == 0 ? at + 1 : STR_NOT_FOUND;
	if (at >= text.n || (text.p[at] != '+' && text.p[at] != '-'))
		return STR_NOT_FOUND;
	size_t end = number_match(text, at + 1, minutes, &first);
	if (end == STR_NOT_FOUND)
		return STR_NOT_FOUND;
	ends[count++] = end;
	bool colon = end < text.n && text.p[end] == ':';
	end = alternative_match(text, end + colon, sixty, sixty + 4);
	if (end != STR_NOT_FOUND) {
		ends[count++] = end;
		bool point = end < text.n && text.p[end] == '.';
		for (size_t digit = end + 1; point && count < 8 && digit < text.n;) {
			struct date_char c = date_char_at(text, digit);
			if (c.kind != CHAR_DECIMAL)
				break;
			digit += c.length;
			ends[count++] = digit;
		}
	}
	return *choice < count ? ends[count - 1 - *choice] : STR_NOT_FOUND;
}

static bool word_starts(struct str text, size_t at, struct str word)
{
	return str_eq_ascii_case(str_slice(text, at, at + word.n), word);
}

/* The number of the name at `at`, -1 if there is none; a length of 0 means whole names. */
static int name_find(struct str text, size_t at, const char *const *names, int count, size_t length)
{
	for (int i = 0; i < count; i++) {
		struct str name = str_of(names[i]);
		if (word_starts(text, at, length ? str_slice(name, 0, length) : name))
			return i;
	}
	return -1;
}

static const char *const halves[2] = { "am", "pm" };
static const char *const zones[2] = { "utc", "gmt" };

static const struct word_list {
	char letter;
	const char *const *names;
	int count;
	size_t length;
} word_lists[] = {
	{ 'a', weekday_names, 7, 3 }, { 'A', weekday_names, 7, 0 }, { 'b', month_names, 12, 3 },
	{ 'B', month_names, 12, 0 },  { 'p', halves, 2, 0 },        { 'Z', zones, 2, 0 },
};

/* Which word of a directive's list is at `at`; *end is where it ends. */
static int word_match(struct str text, size_t at, char letter, size_t *end)
{
	const struct word_list *list = word_lists;
	while (list->letter != letter)
		list++;
	int found = name_find(text, at, list->names, list->count, list->length);
	if (found >= 0)
		*end = at + (list->length ? list->length : strlen(list->names[found]));
	return found;
}

static size_t item_match(const struct matcher *m, size_t i, uint8_t *choice)
{
	const struct item *item = &m->items[i];
	size_t at = m->start[i], end = STR_NOT_FOUND;
	if (item->directive && item->directive->letter == 'z')
		return zone_match(m->text, at, item->directive->alternatives, choice);
	if (item->directive && item->directive->alternatives)
		return number_match(m->text, at, item->directive->alternatives, choice);
	if (*choice > 0)
		return STR_NOT_FOUND;
	if (!item->directive)
		return literal_match(m->text, at, item->literal);
	return word_match(m->text, at, item->directive->letter, &end) < 0 ? STR_NOT_FOUND : end;
}

static bool text_match(struct matcher *m)
{
	size_t i = 0;
	m->start[0] = 0;
	m->choice[0] = 0;
	for (int steps = 0; i < m->count; steps++) {
		size_t end = item_match(m, i, &m->choice[i]);
		if (end != STR_NOT_FOUND) {
			m->start[++i] = end;
			m->choice[i] = 0;
		} else if (i == 0 || steps > MAX_STEPS) {
			return false;
		} else {
			m->choice[--i]++;
		}
	}
	return true;
}

/* Meaning */

struct fields {
	struct datetime t;
	bool has_year;
	int hour12;                                   /* -1 none */
	int half;                                     /* -1 none, 0 am, 1 pm */
	int weekday, day_of_year, iso_year, iso_week; /* -1 none */
	int week, week_starts;                        /* -1 none; 0 Monday, 6 Sunday */
};

static int number_of(struct str s)
{
	int number = 0;
	for (size_t at = 0; at < s.n;) {
		struct date_char c = date_char_at(s, at);
		if (c.kind == CHAR_DECIMAL)
			number = number * 10 + c.digit;
		at += c.length;
	}
	return number;
}

static int microseconds_of(struct str digits)
{
	int us = number_of(digits), count = 0;
	for (size_t at = 0; at < digits.n; count++)
		at += date_char_at(digits, at).length;
	for (; count < 6; count++)
		us *= 10;
	return us;
}

/* Takes two digits off the front of *s, and the colon before them if there is one. */
static int zone_part(struct str *s, bool *colon)
{
	*colon = s->n > 0 && s->p[0] == ':';
	size_t end = *colon;
	for (int i = 0; i < 2 && end < s->n; i++)
		end += date_char_at(*s, end).length;
	int number = number_of(str_slice(*s, 0, end));
	*s = str_slice(*s, end, s->n);
	return number;
}

static int zone_set(struct datetime *t, struct str s, struct err *err)
{
	t->has_offset = true;
	t->offset = t->offset_microsecond = 0;
	if (s.p[0] == 'Z')
		return 0;
	int sign = s.p[0] == '-' ? -1 : 1;
	struct str rest = str_slice(s, 1, s.n);
	bool none, minute_colon, second_colon;
	int seconds = zone_part(&rest, &none) * 3600;
	seconds += zone_part(&rest, &minute_colon) * 60;
	if (rest.n) {
		seconds += zone_part(&rest, &second_colon);
		/* Colons before both or before neither. */
		if (minute_colon != second_colon)
			return err_set(err, FAULT_OTHER, "inconsistent colons in the time zone");
	}
	if (seconds >= 86400)
		return err_set(err, FAULT_OTHER, "the time zone is a day or more away");
	t->offset = sign * seconds;
	if (rest.n)
		t->offset_microsecond = sign * microseconds_of(str_slice(rest, 1, rest.n));
	return 0;
}

static void year_set(struct fields *f, int year)
{
	f->t.year = year;
	f->has_year = true;
}

static void word_set(struct fields *f, char letter, int word)
{
	switch (letter) {
	case 'a':
	case 'A':
		f->weekday = word;
		break;
	case 'b':
	case 'B':
		f->t.month = word + 1;
		break;
	case 'p':
		f->half = word;
		break;
	default:
		break;
	}
}

static void number_set(struct fields *f, char letter, int number)
{
	switch (letter) {
	case 'd':
		f->t.day = number;
		break;
	case 'G':
		f->iso_year = number;
		break;
	case 'H':
		f->t.hour = number;
		f->hour12 = -1;
		break;
	case 'I':
		f->hour12 = number;
		break;
	case 'j':
		f->day_of_year = number;
		break;
	case 'm':
		f->t.month = number;
		break;
	case 'M':
		f->t.minute = number;
		break;
	case 'S':
		f->t.second = number;
		break;
	case 'u':
		f->weekday = number - 1;
		break;
	case 'U':
		f->week = number;
		f->week_starts = 6;
		break;
	case 'V':
		f->iso_week = number;
		break;
	case 'w':
		f->weekday = (number + 6) % 7;
		break;
	case 'W':
		f->week = number;
		f->week_starts = 0;
		break;
	case 'y':
		year_set(f, number + (number <= 68 ? 2000 : 1900));
		break;
	case 'Y':
		year_set(f, number);
		break;
	default:
		break;
	}
}

static int fields_read(const struct matcher *m, struct fields *f, struct err *err)
{
	for (size_t i = 0; i < m->count; i++) {
		const struct directive *d = m->items[i].directive;
		struct str part = str_slice(m->text, m->start[i], m->start[i + 1]);
		size_t end;
		if (!d)
			continue;
		if (!d->alternatives)
			word_set(f, d->letter, word_match(m->text, m->start[i], d->letter, &end));
		else if (d->letter == 'f')
			f->t.microsecond = microseconds_of(part);
		else if (d->letter != 'z')
			number_set(f, d->letter, number_of(part));
		else if (zone_set(&f->t, part, err) < 0)
			return -1;
	}
	if (f->hour12 >= 0)
		f->t.hour = f->hour12 % 12 + (f->half == 1 ? 12 : 0);
	return 0;
}

/* A day by ISO year and week (a week that the year does not have is one of the next year). */
static int64_t iso_day(const struct fields *f)
{
	/* 4 January is always in week 1. */
	int64_t monday = date_to_days(f->iso_year, 1, 4) - date_weekday(f->iso_year, 1, 4);
	return monday + 7 * (f->iso_week - 1) + f->weekday;
}

/* A day by its week, where the first Sunday or Monday begins week 1. */
static int64_t week_day(const struct fields *f)
{
	int year = f->t.year;
	int shift = f->week_starts == 6 ? 1 : 0;
	int first = (date_weekday(year, 1, 1) + shift) % 7;
	int day = (f->weekday + shift) % 7;
	int since = f->week == 0 ? day - first : (7 - first) % 7 + 7 * (f->week - 1) + day;
	return date_to_days(year, 1, 1) + since;
}

static int ambiguity_check(const struct fields *f, struct err *err)
{
	if (!f->has_year && f->iso_year >= 0) {
		if (f->iso_week < 0 || f->weekday < 0 || f->day_of_year >= 0)
			return err_set(err, FAULT_OTHER,
			               "%%G needs %%V and a day of the week, and no %%j");
	} else if (f->week < 0 && f->iso_week >= 0) {
		return err_set(err, FAULT_OTHER, "%%V needs %%G, and no other year");
	}
	return 0;
}

/* The day in other terms than month and day, which then do not count; false if there are none. */
static bool day_find(const struct fields *f, int64_t *day)
{
	if (f->day_of_year >= 0)
		*day = date_to_days(f->t.year, 1, 1) + f->day_of_year - 1;
	else if (f->weekday >= 0 && f->week >= 0)
		*day = week_day(f);
	else if (f->weekday >= 0 && f->iso_year >= 0 && f->iso_week >= 0)
		*day = iso_day(f);
	else
		return false;
	return true;
}

static int day_resolve(struct fields *f, struct err *err)
{
	if (ambiguity_check(f, err) < 0)
		return -1;
	/* 29 February needs a leap year while the day is computed; in 1900 there is none. */
	bool leap_day = !f->has_year && f->t.month == 2 && f->t.day == 29;
	if (!f->has_year)
		f->t.year = leap_day ? 1904 : 1900;
	if (f->t.year < 1)
		return err_set(err, FAULT_OTHER, "there is no year 0");
	int64_t day;
	if (day_find(f, &day) && date_from_days(day, &f->t) < 0)
		return err_set(err, FAULT_OTHER, "the day is out of range");
	if (leap_day)
		f->t.year = 1900;
	return 0;
}

int datetime_strptime(struct str text, struct str format, struct datetime *out, struct err *err)
{
	struct matcher m;
	m.count = 0;
	m.text = text;
	if (format_compile(&m, format, err) < 0)
		return -1;
	if (text.n > MAX_TEXT || !text_match(&m))
		return err_set(err, FAULT_OTHER, "'%.*s' does not match the date format '%.*s'",
		               STR_ARG(str_slice(text, 0, 100)), STR_ARG(format));
	if (m.start[m.count] != text.n)
		return err_set(err, FAULT_OTHER, "'%.*s' has more than the date format '%.*s'",
		               STR_ARG(str_slice(text, 0, 100)), STR_ARG(format));
	struct fields f = {
		.t = { .year = 1900, .month = 1, .day = 1 },
		.hour12 = -1,
		.half = -1,
		.weekday = -1,
		.day_of_year = -1,
		.iso_year = -1,
		.iso_week = -1,
		.week = -1,
	};
	if (fields_read(&m, &f, err) < 0 || day_resolve(&f, err) < 0)
		return -1;
	if (!datetime_exists(&f.t))
		return err_set(err, FAULT_OTHER, "'%.*s' is no time of the calendar",
		               STR_ARG(str_slice(text, 0, 100)));
	*out = f.t;
	return 0;
}
