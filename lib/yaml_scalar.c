/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/yaml_scalar.h"

#include <intelmq/number.h>
#include <math.h>

#include <intelmq/yaml.h>

enum {
	DIGITS_MAX = 4300,      /* of a decimal integer, as in Python */
	OTHER_DIGITS_MAX = 512, /* of other bases, whose conversion to decimal is quadratic */
};

/* ---- Looking ---- */

/* A reading position; the take_* functions move it only if they find what they look for. */
struct look {
	struct str text;
	size_t at;
};

static int peek(const struct look *l)
{
	return l->at < l->text.n ? (unsigned char)l->text.p[l->at] : -1;
}

static bool at_end(const struct look *l)
{
	return l->at == l->text.n;
}

static bool take_any(struct look *l, const char *set)
{
	int c = peek(l);
	if (c <= 0 || !strchr(set, c))
		return false;
	l->at++;
	return true;
}

/* Takes as many characters of the set as there are, at most `max`; returns their number. */
static size_t take_run(struct look *l, const char *set, size_t max)
{
	size_t n = 0;
	while (n < max && take_any(l, set))
		n++;
	return n;
}

#define DIGITS "0123456789"
#define ANY_NUMBER ((size_t)-1)

static bool is_one_of(struct str text, const char *const *words)
{
	for (; *words; words++)
		if (str_eq(text, str_of(*words)))
			return true;
	return false;
}

static bool looks_like_int(struct str text)
{
	static const struct {
		char letter;
		const char *digits;
	} bases[] = { { 'b', "01_" }, { 'o', "01234567_" }, { 'x', "0123456789abcdefABCDEF_" } };

	struct look l = { text, 0 };
	take_any(&l, "+-");
	struct look whole = l;
	if (take_run(&whole, DIGITS "_", ANY_NUMBER) && at_end(&whole))
		return true;
	if (!take_any(&l, "0"))
		return false;
	for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
		if (peek(&l) == bases[i].letter) {
			l.at++;
			return take_run(&l, bases[i].digits, ANY_NUMBER) && at_end(&l);
		}
	return false;
}

/* An exponent, or nothing; false for the beginning of one. */
static bool take_exponent(struct look *l, bool sign_required)
{
	if (!take_any(l, "eE"))
		return true;
	if (!take_any(l, "+-") && sign_required)
		return false;
	return take_run(l, DIGITS, ANY_NUMBER) > 0;
}

static bool looks_like_float(struct str text)
{
	static const char *const infinities[] = { ".inf", ".Inf", ".INF", NULL };
	static const char *const nans[] = { ".nan", ".NaN", ".NAN", NULL };

	if (is_one_of(text, nans))
		return true;
	struct look l = { text, 0 };
	take_any(&l, "+-");
	if (is_one_of(str_slice(text, l.at, text.n), infinities))
		return true;
	if (take_any(&l, DIGITS)) {
		take_run(&l, DIGITS "_", ANY_NUMBER);
		size_t before = l.at;
		bool point = take_any(&l, ".");
		if (point) {
			take_run(&l, DIGITS "_", ANY_NUMBER);
			before = l.at;
		}
		return take_exponent(&l, false) && at_end(&l) && (point || l.at > before);
	}
	return take_any(&l, ".") && take_run(&l, DIGITS "_", ANY_NUMBER) &&
	       take_exponent(&l, true) && at_end(&l);
}

/* A date or time in numbers; the form is that of https://yaml.org/type/timestamp.html */
struct moment {
	int year, month, day, hour, minute, second, microsecond;
	bool has_time;
	int offset; /* minutes east of UTC */
};

/* A number of min to max digits. */
static bool take_number(struct look *l, size_t min, size_t max, int *out)
{
	size_t start = l->at;
	if (take_run(l, DIGITS, max) < min)
		return false;
	*out = 0;
	for (size_t i = start; i < l->at; i++)
		*out = *out * 10 + (l->text.p[i] - '0');
	return true;
}

/* The fraction of a second, rounded after the sixth digit by the seventh. */
static void take_fraction(struct look *l, int *microsecond)
{
	size_t start = l->at, n = take_run(l, DIGITS, ANY_NUMBER);
	*microsecond = 0;
	for (size_t i = 0; i < 6; i++)
		*microsecond = *microsecond * 10 + (i < n ? l->text.p[start + i] - '0' : 0);
	if (n > 6 && l->text.p[start + 6] > '4')
		++*microsecond;
}

/* The zone with blanks before it, or nothing. */
static bool take_zone(struct look *l, int *offset)
{
	*offset = 0;
	if (at_end(l))
		return true;
	take_run(l, " \t", ANY_NUMBER);
	if (take_any(l, "Z"))
		return true;
	bool west = peek(l) == '-';
	int hours, minutes = 0;
	if (!take_any(l, "+-") || !take_number(l, 1, 2, &hours))
		return false;
	if (take_any(l, ":") && !take_number(l, 2, 2, &minutes))
		return false;
	*offset = (hours * 60 + minutes) * (west ? -1 : 1);
	return true;
}

static bool take_clock(struct look *l, struct moment *m)
{
	m->has_time = true;
	if (!take_any(l, "Tt") && !take_run(l, " \t", ANY_NUMBER))
		return false;
	if (!take_number(l, 1, 2, &m->hour) || !take_any(l, ":") ||
	    !take_number(l, 2, 2, &m->minute) || !take_any(l, ":") ||
	    !take_number(l, 2, 2, &m->second))
		return false;
	if (take_any(l, "."))
		take_fraction(l, &m->microsecond);
	return take_zone(l, &m->offset);
}

static bool looks_like_date(struct str text, struct moment *m)
{
	struct look l = { text, 0 };
	*m = (struct moment){ 0 };
	if (!take_number(&l, 4, 4, &m->year) || !take_any(&l, "-"))
		return false;
	size_t start = l.at;
	if (!take_number(&l, 1, 2, &m->month) || !take_any(&l, "-") ||
	    !take_number(&l, 1, 2, &m->day))
		return false;
	if (at_end(&l))
		return l.at - start == 5; /* a date alone has both digits */
	return take_clock(&l, m) && at_end(&l);
}

enum scalar_type scalar_type_of(struct str plain)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL", NULL };
	static const char *const booleans[] = { "true",  "True",  "TRUE", "false",
		                                "False", "FALSE", NULL };
	struct moment moment;

	if (is_one_of(plain, nulls))
		return SCALAR_NULL;
	if (!strchr("tTfF0123456789+-.<=", plain.p[0]) || plain.p[0] == '\0')
		return SCALAR_STR;
	if (is_one_of(plain, booleans))
		return SCALAR_BOOL;
	if (str_eq(plain, S("<<")))
		return SCALAR_MERGE;
	if (str_eq(plain, S("=")))
		return SCALAR_VALUE;
	if (looks_like_int(plain))
		return SCALAR_INT;
	if (looks_like_float(plain))
		return SCALAR_FLOAT;
	return looks_like_date(plain, &moment) ? SCALAR_DATE : SCALAR_STR;
}

/* ---- Computing ---- */

static int refuse(struct err *err, const char *what, struct str text)
{
	return err_set(err, FAULT_CONFIGURATION, "'%.*s' is no %s",
	               (int)(text.n > 60 ? 60 : text.n), text.p ? text.p : "", what);
}

/* The text without underscores, NUL terminated. */
static struct str without_underscores(struct arena *arena, struct str text)
{
	char *copy = arena_alloc(arena, text.n + 1);
	size_t n = 0;
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] != '_')
			copy[n++] = text.p[i];
	copy[n] = '\0';
	return (struct str){ copy, n };
}

/* Decimal digits of a number given by its digits in another base; NULL if one is none. */
static struct str to_decimal(struct arena *arena, struct str digits, uint32_t base)
{
	enum { LIMB = 1000000000 };
	size_t limbs = 1,
	       room = digits.n / 7 + 2; /* nine decimal digits hold more than seven of base 16 */
	uint32_t *number = arena_zalloc(arena, room, sizeof *number);
	for (size_t i = 0; i < digits.n; i++) {
		const char *known = "0123456789abcdef", *at = strchr(known, digits.p[i] | 0x20);
		if (digits.p[i] == '\0' || !at || (uint32_t)(at - known) >= base)
			return STR_NONE;
		uint64_t carry = (uint64_t)(at - known);
		for (size_t k = 0; k < limbs; k++) {
			carry += (uint64_t)number[k] * base;
			number[k] = (uint32_t)(carry % LIMB);
			carry /= LIMB;
		}
		if (carry)
			number[limbs++] = (uint32_t)carry;
	}
	struct buffer text;
	buffer_init_in(&text, arena, limbs * 9 + 1);
	buffer_printf(&text, "%u", number[limbs - 1]);
	for (size_t k = limbs - 1; k-- > 0;)
		buffer_printf(&text, "%09u", number[k]);
	return arena_dup(arena, buffer_str(&text));
}

/* An integer of decimal digits without leading zeros. */
static struct value integer_of(struct arena *arena, struct str digits, bool negative)
{
	uint64_t limit = (uint64_t)INT64_MAX + negative, n = 0;
	for (size_t i = 0; i < digits.n; i++) {
		uint64_t digit = (uint64_t)(digits.p[i] - '0');
		if (n > (limit - digit) / 10) {
			struct str text = arena_printf(arena, "%s%s", negative ? "-" : "",
			                               digits.p);
			return (struct value){ .kind = VALUE_BIG, .text = text };
		}
		n = n * 10 + digit;
	}
	return value_int(negative ? (int64_t)(0 - n) : (int64_t)n);
}

static int read_int(struct arena *arena, struct str text, struct value *out, struct err *err)
{
	struct str digits = without_underscores(arena, text);
	bool negative = str_starts(digits, S("-"));
	if (negative || str_starts(digits, S("+")))
		digits = str_slice(digits, 1, digits.n);
	uint32_t base = str_starts(digits, S("0b")) ? 2
	              : str_starts(digits, S("0o")) ? 8
	              : str_starts(digits, S("0x")) ? 16
	                                            : 10;
	if (base != 10) {
		digits = str_slice(digits, 2, digits.n);
		if (digits.n > OTHER_DIGITS_MAX)
			return err_set(err, FAULT_CONFIGURATION,
			               "a number of %zu digits is too long", digits.n);
		digits = digits.n ? to_decimal(arena, digits, base) : STR_NONE;
		if (!digits.p)
			return refuse(err, "integer", text);
	}
	if (digits.n > DIGITS_MAX)
		return err_set(err, FAULT_CONFIGURATION, "a number of %zu digits is too long",
		               digits.n);
	struct look l = { digits, 0 };
	if (!take_run(&l, DIGITS, ANY_NUMBER) || !at_end(&l))
		return refuse(err, "integer", text);
	while (digits.n > 1 && digits.p[0] == '0')
		digits = str_slice(digits, 1, digits.n);
	*out = integer_of(arena, digits, negative);
	return 0;
}

static int read_float(struct arena *arena, struct str text, struct value *out, struct err *err)
{
	struct str clean = without_underscores(arena, text);
	struct str size = clean;
	bool negative = str_starts(clean, S("-"));
	if (negative || str_starts(clean, S("+")))
		size = str_slice(clean, 1, clean.n);
	if (str_eq_ascii_case(size, S(".inf"))) {
		*out = value_float(negative ? -INFINITY : INFINITY);
		return 0;
	}
	if (str_eq_ascii_case(size, S(".nan"))) {
		*out = value_float(NAN);
		return 0;
	}
	struct look l = { size, 0 };
	size_t digits = take_run(&l, DIGITS, ANY_NUMBER);
	if (take_any(&l, "."))
		digits += take_run(&l, DIGITS, ANY_NUMBER);
	if (!digits || !take_exponent(&l, false) || !at_end(&l))
		return refuse(err, "number", text);
	double number;
	if (number_float(clean, &number) < 0)
		return refuse(err, "number", text);
	*out = value_float(number);
	return 0;
}

static int days_in_month(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return month == 2 && leap ? 29 : days[month - 1];
}

static bool moment_exists(const struct moment *m)
{
	return m->year >= 1 && m->month >= 1 && m->month <= 12 && m->day >= 1 &&
	       m->day <= days_in_month(m->year, m->month) && m->hour <= 23 && m->minute <= 59 &&
	       m->second <= 59 && m->microsecond <= 999999;
}

/* Moves the moment to UTC; false where that leaves the years 1 to 9999. */
static bool moment_to_utc(struct moment *m)
{
	int minutes = m->hour * 60 + m->minute - m->offset, per_day = 24 * 60;
	while (minutes < 0) {
		minutes += per_day;
		if (--m->day == 0) {
			if (--m->month == 0) {
				m->month = 12;
				m->year--;
			}
			m->day = days_in_month(m->year, m->month);
		}
	}
	while (minutes >= per_day) {
		minutes -= per_day;
		if (++m->day > days_in_month(m->year, m->month)) {
			m->day = 1;
			if (++m->month == 13) {
				m->month = 1;
				m->year++;
			}
		}
	}
	m->hour = minutes / 60;
	m->minute = minutes % 60;
	return m->year >= 1 && m->year <= 9999;
}

static int read_date(struct arena *arena, struct str text, struct value *out, struct err *err)
{
	struct moment m;
	if (!looks_like_date(text, &m) || !moment_exists(&m) || !moment_to_utc(&m))
		return refuse(err, "date or time", text);
	struct buffer b;
	buffer_init_in(&b, arena, 40);
	buffer_printf(&b, "%04d-%02d-%02d", m.year, m.month, m.day);
	if (m.has_time)
		buffer_printf(&b, " %02d:%02d:%02d", m.hour, m.minute, m.second);
	if (m.microsecond)
		buffer_printf(&b, ".%06d", m.microsecond);
	*out = value_str(arena_dup(arena, buffer_str(&b)));
	return 0;
}

/* With an explicit tag the words of YAML 1.1 are booleans, too. */
static int read_bool(struct str text, struct value *out, struct err *err)
{
	static const struct {
		const char *word;
		bool value;
	} words[] = { { "true", true }, { "false", false }, { "yes", true },
		      { "no", false },  { "on", true },     { "off", false } };
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (str_eq_ascii_case(text, str_of(words[i].word))) {
			*out = value_bool(words[i].value);
			return 0;
		}
	return refuse(err, "boolean", text);
}

int scalar_value(struct arena *arena, enum scalar_type type, struct str text, struct value *out,
                 struct err *err)
{
	switch (type) {
	case SCALAR_STR:
		*out = value_str(text);
		return 0;
	case SCALAR_NULL:
		*out = value_null();
		return 0;
	case SCALAR_BOOL:
		return read_bool(text, out, err);
	case SCALAR_INT:
		return read_int(arena, text, out, err);
	case SCALAR_FLOAT:
		return read_float(arena, text, out, err);
	case SCALAR_DATE:
		return read_date(arena, text, out, err);
	case SCALAR_MERGE:
	case SCALAR_VALUE:
		return err_set(err, FAULT_CONFIGURATION,
		               "'%.*s' has no meaning as a value; put it in quotes", STR_ARG(text));
	}
	return -1;
}

struct value yaml_resolve(struct arena *arena, struct str plain)
{
	struct value v;
	enum scalar_type type = scalar_type_of(plain);
	if (type == SCALAR_MERGE || type == SCALAR_VALUE ||
	    scalar_value(arena, type, plain, &v, NULL) < 0)
		return value_str(plain);
	return v;
}
