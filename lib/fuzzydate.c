/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/clock.h>
#include <intelmq/datetime.h>

#include "lib/fuzzydate.h"

#define NONE (-1)

/* What is known so far; NONE where nothing is. */
struct reading {
	struct date_lexer lexer;
	bool fuzzy;
	size_t i; /* the piece being read */
	struct date_parts date;
	int64_t hour, minute, second, microsecond;
	int weekday, half;
	struct str zone;
	bool has_offset;
	int64_t offset;
};

enum taken {
	FAILED = -1,
	NOT_MINE, /* the next rule is asked */
	TAKEN,    /* up to r->i */
};

static const struct date_piece *piece_at(struct reading *r, size_t ahead)
{
	return date_lexer_get(&r->lexer, r->i + ahead);
}

static bool is_end(const struct date_piece *piece)
{
	return piece->text.p == NULL;
}

static bool is_jump(const struct date_piece *piece)
{
	return piece->word->jump == 1;
}

/* Whether the piece is this one character. */
static bool is_char(const struct date_piece *piece, char c)
{
	return piece->text.n == 1 && piece->text.p[0] == c;
}

/* Parts of the date */

static enum taken part_add(struct reading *r, int64_t value, enum date_part part)
{
	return date_parts_add(&r->date, value, part) ? TAKEN : FAILED;
}

static enum taken part_add_text(struct reading *r, struct str text, enum date_part part)
{
	return date_parts_add_text(&r->date, text, part) ? TAKEN : FAILED;
}

static enum taken part_add_number(struct reading *r, const struct date_number *number)
{
	return date_parts_add_number(&r->date, number) ? TAKEN : FAILED;
}

/* Parts of the time */

/* The number of sixtieths a fraction is, rounded down. */
static int sixtieths(const struct date_number *number)
{
	unsigned __int128 scaled = 0, scale = 1;
	for (size_t i = 0; i < number->fraction.n && i < 28; i++) {
		scaled = scaled * 10 + (unsigned)(number->fraction.p[i] - '0');
		scale *= 10;
	}
	return (int)(scaled * 60 / scale);
}

static enum taken minutes_set(struct reading *r, const struct date_number *number)
{
	if (number->huge)
		return FAILED;
	r->minute = number->whole;
	r->second = number->has_rest ? sixtieths(number) : NONE;
	return TAKEN;
}

static enum taken seconds_set(struct reading *r, struct str text)
{
	struct date_number number;
	if (!date_number_read(text, &number))
		return FAILED;
	r->second = number.whole;
	r->microsecond = 0;
	for (size_t i = 0; i < 6 && number.fraction.n; i++) {
		int digit = i < number.fraction.n ? number.fraction.p[i] - '0' : 0;
		r->microsecond = r->microsecond * 10 + digit;
	}
	return TAKEN;
}

static int64_t hour_with_half(int64_t hour, int half)
{
	if (half == 1 && hour < 12)
		return hour + 12;
	return half == 0 && hour == 12 ? 0 : hour;
}

/* Rules for numbers. Each decides whether the number at r->i is its own. */

/* 19990101T23[59]: after a whole date, without minutes or a unit behind it. */
static enum taken rule_hour_after_date(struct reading *r, const struct date_piece *piece)
{
	struct str s = piece->text;
	const struct date_piece *next = piece_at(r, 1);
	bool more = is_char(next, ':') || next->word->unit != NONE;
	if (r->date.count != 3 || (s.n != 2 && s.n != 4) || r->hour != NONE || more)
		return NOT_MINE;
	if (!date_digits(str_slice(s, 0, 2), &r->hour))
		return FAILED;
	if (s.n == 4 && !date_digits(str_slice(s, 2, 4), &r->minute))
		return FAILED;
	return TAKEN;
}

/* YYMMDD where there is no date yet, else HHMMSS[.ss]. */
static enum taken rule_six_digits(struct reading *r, const struct date_piece *piece)
{
	struct str s = piece->text;
	size_t point = str_index(s, '.');
	if (s.n != 6 && (s.n < 6 || point != 6))
		return NOT_MINE;
	if (r->date.count == 0 && point == STR_NOT_FOUND) {
		for (size_t i = 0; i < 6; i += 2)
			if (part_add_text(r, str_slice(s, i, i + 2), PART_ANY) == FAILED)
				return FAILED;
		return TAKEN;
	}
	if (!date_digits(str_slice(s, 0, 2), &r->hour) ||
	    !date_digits(str_slice(s, 2, 4), &r->minute))
		return FAILED;
	return seconds_set(r, str_slice(s, 4, s.n));
}

/* YYYYMMDD[hhmm[ss]] */
static enum taken rule_packed(struct reading *r, const struct date_piece *piece)
{
	struct str s = piece->text;
	if (s.n != 8 && s.n != 12 && s.n != 14)
		return NOT_MINE;
	if (part_add_text(r, str_slice(s, 0, 4), PART_YEAR) == FAILED ||
	    part_add_text(r, str_slice(s, 4, 6), PART_ANY) == FAILED ||
	    part_add_text(r, str_slice(s, 6, 8), PART_ANY) == FAILED)
		return FAILED;
	if (s.n > 8 && (!date_digits(str_slice(s, 8, 10), &r->hour) ||
	                !date_digits(str_slice(s, 10, 12), &r->minute)))
		return FAILED;
	if (s.n == 14 && !date_digits(str_slice(s, 12, 14), &r->second))
		return FAILED;
	return TAKEN;
}

/*
 * The unit of a number: its own behind it ("12h", "12 h", advances r->i), or the one after that of the
 * number before ("12h04"; with a space only at the end of the text). 3 is what follows seconds.
 */
static int unit_of(struct reading *r)
{
	for (size_t ahead = 1; ahead <= 2; ahead++) {
		int unit = piece_at(r, ahead)->word->unit;
		if (unit != NONE) {
			r->i += ahead;
			return unit;
		}
		if (!is_char(piece_at(r, 1), ' '))
			break;
	}
	size_t i = r->i;
	if (i < 1)
		return NONE;
	const struct date_piece *before = date_lexer_get(&r->lexer, i - 1);
	if (before->word->unit != NONE)
		return before->word->unit + 1;
	if (i < 2 || !is_char(before, ' ') || !is_end(date_lexer_get(&r->lexer, i + 1)))
		return NONE;
	int unit = date_lexer_get(&r->lexer, i - 2)->word->unit;
	return unit == NONE ? NONE : unit + 1;
}

/* 12h, 30 minutes, 5.5s */
static enum taken rule_unit(struct reading *r, const struct date_piece *piece)
{
	struct date_number number = piece->number;
	struct str text = piece->text;
	switch (unit_of(r)) {
	case NONE:
		return NOT_MINE;
	case 0:
		if (number.huge)
			return FAILED;
		r->hour = number.whole;
		if (number.has_rest)
			r->minute = sixtieths(&number);
		return TAKEN;
	case 1:
		return minutes_set(r, &number);
	case 2:
		return seconds_set(r, text);
	default:
		return TAKEN;
	}
}

/* HH:MM[:SS[.ss]] */
static enum taken rule_clock(struct reading *r, const struct date_piece *piece)
{
	const struct date_piece *minutes = piece_at(r, 2);
	if (!is_char(piece_at(r, 1), ':') || is_end(minutes))
		return NOT_MINE;
	if (!minutes->is_number)
		return FAILED;
	r->hour = piece->number.whole;
	if (minutes_set(r, &minutes->number) == FAILED)
		return FAILED;
	r->i += 2;
	const struct date_piece *seconds = piece_at(r, 2);
	if (is_char(piece_at(r, 1), ':') && !is_end(seconds)) {
		r->i += 2;
		return seconds_set(r, seconds->text);
	}
	return TAKEN;
}

/* A month by name, or else digits. */
static enum taken month_or_digits(struct reading *r, const struct date_piece *piece)
{
	if (piece->word->month != NONE)
		return part_add(r, piece->word->month, PART_MONTH);
	return part_add_text(r, piece->text, PART_ANY);
}

/* 01-01[-01], 01/Jan/2001, 1.2.2003 */
static enum taken rule_separated(struct reading *r, const struct date_piece *piece)
{
	const struct date_piece *next = piece_at(r, 1);
	if (is_end(next) || next->text.n != 1 || !strchr("-/.", next->text.p[0]))
		return NOT_MINE;
	char separator = next->text.p[0];
	if (part_add_text(r, piece->text, PART_ANY) == FAILED)
		return FAILED;
	r->i++;
	const struct date_piece *second = piece_at(r, 1);
	if (is_end(second) || is_jump(second))
		return TAKEN;
	if (month_or_digits(r, second) == FAILED)
		return FAILED;
	r->i++;
	if (is_char(piece_at(r, 1), separator)) {
		r->i += 2;
		return month_or_digits(r, piece_at(r, 0));
	}
	return TAKEN;
}

/* "12 am", or a number by itself: a part of the date. */
static enum taken rule_alone(struct reading *r, const struct date_piece *piece)
{
	const struct date_piece *next = piece_at(r, 1);
	if (!is_end(next) && !is_jump(next))
		return NOT_MINE;
	int half = is_end(next) ? NONE : piece_at(r, 2)->word->half;
	if (half != NONE) {
		r->hour = hour_with_half(piece->number.whole, half);
		r->i += 2;
		return TAKEN;
	}
	r->i++;
	return part_add_number(r, &piece->number);
}

/* 12am */
static enum taken rule_half(struct reading *r, const struct date_piece *piece)
{
	int half = piece_at(r, 1)->word->half;
	if (half == NONE || piece->number.whole >= 24)
		return NOT_MINE;
	r->hour = hour_with_half(piece->number.whole, half);
	r->i++;
	return TAKEN;
}

static enum taken rule_day(struct reading *r, const struct date_piece *piece)
{
	return date_parts_take_day(&r->date, &piece->number) ? part_add_number(r, &piece->number)
	                                                     : NOT_MINE;
}

static enum taken number_take(struct reading *r, const struct date_piece *piece)
{
	static enum taken (*const rules[])(struct reading *, const struct date_piece *) = {
		rule_hour_after_date, rule_six_digits, rule_packed, rule_unit, rule_clock,
		rule_separated,       rule_alone,      rule_half,   rule_day,
	};
	for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
		enum taken taken = rules[i](r, piece);
		if (taken != NOT_MINE)
			return taken;
	}
	return r->fuzzy ? TAKEN : FAILED;
}

/* Words and signs */

/* Jan, Jan-01[-99], Jan of 01 */
static enum taken month_take(struct reading *r, const struct date_piece *piece, int this_year)
{
	if (part_add(r, piece->word->month, PART_MONTH) == FAILED)
		return FAILED;
	const struct date_piece *next = piece_at(r, 1), *third = piece_at(r, 3);
	if (is_char(next, '-') || is_char(next, '/')) {
		if (part_add_text(r, piece_at(r, 2)->text, PART_ANY) == FAILED)
			return FAILED;
		bool three = is_char(third, next->text.p[0]);
		if (three && part_add_text(r, piece_at(r, 4)->text, PART_ANY) == FAILED)
			return FAILED;
		r->i += three ? 4 : 2;
	} else if (is_char(next, ' ') && piece_at(r, 2)->word->of == 1 && is_char(third, ' ')) {
		const struct date_piece *year = piece_at(r, 4);
		int64_t number;
		if (is_end(year))
			return TAKEN;
		r->i += 4;
		if (!date_digits(year->text, &number))
			return memchr(year->text.p, FUZZY_DIGIT, year->text.n) ? FAILED : TAKEN;
		r->date.century = true;
		return part_add(r, date_year_complete(number, this_year), PART_YEAR);
	}
	return TAKEN;
}

/* am or pm after an hour of twelve. */
static enum taken half_take(struct reading *r, int half)
{
	bool fits = r->hour != NONE && r->hour <= 12;
	if (!fits && !r->fuzzy)
		return FAILED;
	if (fits && !(r->fuzzy && r->half != NONE)) {
		r->hour = hour_with_half(r->hour, half);
		r->half = half;
	}
	return TAKEN;
}

static bool is_zone_name(const struct reading *r, bool has_offset, struct str text)
{
	if (r->hour == NONE || r->zone.n || has_offset || text.n == 0 || text.n > 5)
		return false;
	if (str_eq(text, S("z")))
		return true;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 'A' || text.p[i] > 'Z')
			return false;
	return true;
}

/* "GMT+3" says that GMT is three hours ahead: the sign is turned, and of GMT nothing is kept. */
static enum taken zone_take(struct reading *r, const struct date_piece *piece)
{
	bool utc = piece->word->utc == 1;
	r->zone = piece->text;
	r->has_offset = utc;
	r->offset = 0;
	const struct date_piece *next = piece_at(r, 1);
	if (is_char(next, '+') || is_char(next, '-')) {
		date_lexer_turn(&r->lexer, r->i + 1);
		r->has_offset = false;
		if (utc)
			r->zone = STR_NONE;
	}
	return TAKEN;
}

/* -0300, -03:00, -3; and perhaps a name after it: -0300 (BRST) */
static enum taken offset_take(struct reading *r, const struct date_piece *piece)
{
	int64_t hours, minutes = 0;
	int sign = piece->text.p[0] == '-' ? -1 : 1;
	struct str first = piece_at(r, 1)->text;
	if (first.n == 4) {
		if (!date_digits(str_slice(first, 0, 2), &hours) ||
		    !date_digits(str_slice(first, 2, 4), &minutes))
			return FAILED;
	} else if (is_char(piece_at(r, 2), ':')) {
		if (!date_digits(first, &hours) || !date_digits(piece_at(r, 3)->text, &minutes))
			return FAILED;
		r->i += 2;
	} else if (first.n > 2 || !date_digits(first, &hours)) {
		return FAILED;
	}
	r->has_offset = true;
	r->offset = sign * (hours * 3600 + minutes * 60);
	struct str name = piece_at(r, 4)->text;
	if (is_jump(piece_at(r, 2)) && is_char(piece_at(r, 3), '(') &&
	    is_char(piece_at(r, 5), ')') && name.n >= 3 && is_zone_name(r, false, name)) {
		r->zone = name;
		r->i += 4;
	}
	r->i++;
	return TAKEN;
}

static enum taken word_take(struct reading *r, const struct date_piece *piece, int this_year)
{
	const struct date_word *word = piece->word;
	if (word->not_finite == 1)
		return FAILED;
	if (word->weekday != NONE) {
		r->weekday = word->weekday;
		return TAKEN;
	}
	if (word->month != NONE)
		return month_take(r, piece, this_year);
	if (word->half != NONE)
		return half_take(r, word->half);
	if (is_zone_name(r, r->has_offset, piece->text))
		return zone_take(r, piece);
	if (r->hour != NONE && (is_char(piece, '+') || is_char(piece, '-')))
		return offset_take(r, piece);
	return r->fuzzy || is_jump(piece) ? TAKEN : FAILED;
}

static bool in_range(int64_t value, int low, int high)
{
	return value >= low && value <= high;
}

static bool time_part_set(int64_t value, int high, int *out)
{
	*out = value == NONE ? 0 : (int)value;
	return value == NONE || in_range(value, 0, high);
}

static bool time_set(const struct reading *r, struct datetime *out)
{
	return time_part_set(r->hour, 23, &out->hour) &&
	       time_part_set(r->minute, 59, &out->minute) &&
	       time_part_set(r->second, 59, &out->second) &&
	       time_part_set(r->microsecond, 999999, &out->microsecond);
}

/* A name of UTC wins over an offset; of other names nothing is known. */
static bool offset_set(const struct reading *r, struct datetime *out)
{
	bool utc = str_eq_ascii_case(r->zone, S("UTC")) || str_eq_ascii_case(r->zone, S("GMT")) ||
	           str_eq_ascii_case(r->zone, S("Z"));
	int64_t offset = utc ? 0 : r->offset;
	out->has_offset = utc || r->has_offset;
	out->offset = out->has_offset && in_range(offset, -86399, 86399) ? (int)offset : 0;
	return !out->has_offset || offset == out->offset;
}

static bool pieces_take(struct reading *r, int this_year)
{
	for (;; r->i++) {
		const struct date_piece *piece = piece_at(r, 0);
		if (is_end(piece))
			return true;
		enum taken taken = piece->is_number ? number_take(r, piece)
		                                    : word_take(r, piece, this_year);
		if (taken == FAILED)
			return false;
	}
}

static bool is_empty(const struct reading *r)
{
	return r->date.count == 0 && r->hour == NONE && r->minute == NONE && r->second == NONE &&
	       r->weekday == NONE;
}

static int date_read(struct str text, char *room, bool fuzzy, const struct datetime *now,
                     struct datetime *out, struct err *err)
{
	struct reading r = {
		.fuzzy = fuzzy,
		.date = { .month_at = NONE, .year_at = NONE },
		.hour = NONE,
		.minute = NONE,
		.second = NONE,
		.microsecond = NONE,
		.weekday = NONE,
		.half = NONE,
	};
	struct datetime found = { 0 };
	date_lexer_init(&r.lexer, text, room);
	const struct str shown = str_slice(text, 0, 100);
	if (!pieces_take(&r, now->year))
		return err_set(err, FAULT_OTHER, "'%.*s' is not understood as a date",
		               STR_ARG(shown));
	if (is_empty(&r))
		return err_set(err, FAULT_OTHER, "'%.*s' contains no date", STR_ARG(shown));
	if (!date_parts_resolve(&r.date, r.weekday, now, &found) || !time_set(&r, &found) ||
	    !offset_set(&r, &found))
		return err_set(err, FAULT_OTHER, "'%.*s' is no time of the calendar",
		               STR_ARG(shown));
	*out = found;
	return 0;
}

static int date_read_any(struct str text, bool fuzzy, const struct datetime *now,
                         struct datetime *out, struct err *err)
{
	struct datetime present;
	char room[256];
	if (!now) {
		if (datetime_from_us(clock_now_us(), &present) < 0)
			return err_set(err, FAULT_OTHER, "the clock is out of range");
		now = &present;
	}
	if (text.n <= sizeof room)
		return date_read(text, room, fuzzy, now, out, err);
	struct buffer large;
	buffer_init(&large, text.n);
	int result = date_read(text, buffer_room(&large, text.n), fuzzy, now, out, err);
	buffer_fini(&large);
	return result;
}

int datetime_fuzzy(struct str text, const struct datetime *now, struct datetime *out,
                   struct err *err)
{
	return date_read_any(text, true, now, out, err);
}

int datetime_guess(struct str text, const struct datetime *now, struct datetime *out,
                   struct err *err)
{
	return date_read_any(text, false, now, out, err);
}
