/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/number.h>
#include <intelmq/repr.h>
#include <intelmq/text.h>

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	/* More digits cannot change which double is nearest, but for being all zero or not. */
	KEPT_DIGITS = 780,
	EXPONENT_LIMIT = 100000, /* far beyond any double, also after KEPT_DIGITS shift it */
	EXACT_DIGITS = 15,       /* any decimal number of as many digits survives a double */
	EXACT_POWER = 22,        /* 10^22 is the largest power of ten that a double holds exactly */
	MOST_DIGITS = 17,        /* always tell a double from its neighbours */
};

static const double powers_of_ten[EXACT_POWER + 1] = {
	1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

/* 0.d1d2d3… × 10^exponent; the first digit is not 0, no digits are zero. */
struct decimal {
	char digits[KEPT_DIGITS + 2];
	size_t n;
	int64_t exponent;
	bool negative;
	bool inexact; /* further digits, not all zero, were left out */
};

/* White space around numbers: not all that text_is_space accepts in ASCII. */
static bool is_space(uint32_t c)
{
	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r');
	return text_is_space(c);
}

static struct str strip(struct str s)
{
	struct str rest = s;
	while (s.n && is_space(text_next(&rest)))
		s = rest;
	rest = s;
	while (s.n && is_space(text_last(&rest)))
		s = rest;
	return s;
}

static bool sign_take(struct str *s)
{
	bool negative = s->n && s->p[0] == '-';
	if (negative || (s->n && s->p[0] == '+'))
		*s = str_slice(*s, 1, s->n);
	return negative;
}

/* The value of the digit that *s starts with, which is cut off, or -1. */
static int digit_take(struct str *s)
{
	if (!s->n)
		return -1;
	struct str rest = *s;
	int digit = text_decimal(text_next(&rest));
	if (digit >= 0)
		*s = rest;
	return digit;
}

/* As digit_take for the digits after the first one: an underscore may come first. */
static int next_digit_take(struct str *s)
{
	struct str rest = *s;
	if (rest.n && rest.p[0] == '_')
		rest = str_slice(rest, 1, rest.n);
	int digit = digit_take(&rest);
	if (digit >= 0)
		*s = rest;
	return digit;
}

/* Up to 18 ASCII digits without anything else but a sign: what nearly all integers are. */
static bool small_int(struct str s, struct value *out)
{
	bool negative = sign_take(&s);
	if (s.n == 0 || s.n > 18)
		return false;
	int64_t number = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned digit = (unsigned)(unsigned char)s.p[i] - '0';
		if (digit > 9)
			return false;
		number = number * 10 + digit;
	}
	*out = value_int(negative ? -number : number);
	return true;
}

/* An integer of `n` digits without leading zeros. */
static struct value int_of_digits(struct arena *arena, const char *digits, size_t n, bool negative)
{
	uint64_t magnitude = 0, limit = negative ? (uint64_t)1 << 63 : INT64_MAX;
	bool big = n > 19;
	for (size_t i = 0; i < n && !big; i++) {
		unsigned digit = (unsigned)(digits[i] - '0');
		big = magnitude > (limit - digit) / 10;
		magnitude = magnitude * 10 + digit;
	}
	if (!big)
		return value_int((int64_t)(negative ? 0 - magnitude : magnitude));
	char *text = arena_alloc(arena, n + 2);
	size_t sign = negative ? 1 : 0;
	text[0] = '-';
	memcpy(text + sign, digits, n);
	text[sign + n] = 0;
	return (struct value){ .kind = VALUE_BIG, .text = { text, sign + n } };
}

int number_int(struct arena *arena, struct str s, struct value *out)
{
	if (small_int(s, out))
		return 0;
	s = strip(s);
	bool negative = sign_take(&s);
	int digit = digit_take(&s);
	if (digit < 0)
		return -1;
	struct arena_mark mark = arena_mark(arena);
	char *digits = arena_alloc(arena, s.n < MAX_NUMBER_DIGITS ? s.n + 1 : MAX_NUMBER_DIGITS);
	size_t n = 0, count = 0;
	for (; digit >= 0 && count < MAX_NUMBER_DIGITS; digit = next_digit_take(&s), count++)
		if (digit || n)
			digits[n++] = (char)('0' + digit);
	struct value number = { 0 };
	bool complete = digit < 0 && s.n == 0;
	if (complete)
		number = int_of_digits(arena, digits, n, negative);
	if (number.kind != VALUE_BIG)
		arena_rewind(arena, mark);
	if (complete)
		*out = number;
	return complete ? 0 : -1;
}

static void decimal_add(struct decimal *d, int digit, bool fraction)
{
	if (!fraction && (d->n || digit))
		d->exponent++;
	if (fraction && !d->n && !digit)
		d->exponent--;
	if (!d->n && !digit)
		return;
	if (d->n < KEPT_DIGITS)
		d->digits[d->n++] = (char)('0' + digit);
	else
		d->inexact |= digit != 0;
}

/* Digits with underscores between them; false if there are none. */
static bool digits_take(struct str *s, struct decimal *d, bool fraction)
{
	int digit = digit_take(s);
	if (digit < 0)
		return false;
	for (; digit >= 0; digit = next_digit_take(s))
		decimal_add(d, digit, fraction);
	return true;
}

/* An exponent with its "e", if there is one; -1 if it is broken off. */
static int exponent_take(struct str *s, struct decimal *d)
{
	if (!s->n || (s->p[0] | 0x20) != 'e')
		return 0;
	*s = str_slice(*s, 1, s->n);
	bool negative = sign_take(s);
	int digit = digit_take(s);
	if (digit < 0)
		return -1;
	int64_t exponent = 0;
	for (; digit >= 0; digit = next_digit_take(s))
		if (exponent < INT64_MAX / 20)
			exponent = exponent * 10 + digit;
	d->exponent += negative ? -exponent : exponent;
	return 0;
}

/* The number in a text without white space and sign. */
static int decimal_read(struct str s, struct decimal *d)
{
	bool any = digits_take(&s, d, false);
	if (s.n && s.p[0] == '.') {
		s = str_slice(s, 1, s.n);
		any |= digits_take(&s, d, true);
	}
	if (!any || exponent_take(&s, d) < 0 || s.n)
		return -1;
	return 0;
}

/* Exact arithmetic gives a correctly rounded result: the case of short numbers. */
static bool decimal_is_short(const struct decimal *d, double *out)
{
	int64_t shift = d->exponent - (int64_t)d->n;
	if (d->n > EXACT_DIGITS || shift < -EXACT_POWER || shift > EXACT_POWER)
		return false;
	int64_t digits = 0;
	for (size_t i = 0; i < d->n; i++)
		digits = digits * 10 + (d->digits[i] - '0');
	*out = shift < 0 ? (double)digits / powers_of_ten[-shift]
	                 : (double)digits * powers_of_ten[shift];
	return true;
}

/* The text with the decimal point of the locale "C", which newlocale hands out without making one. */
static double read_c_locale(const char *text)
{
	locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c)
		abort();
	double number = strtod_l(text, NULL, c);
	freelocale(c);
	return number;
}

static double decimal_value(struct decimal *d)
{
	double number;
	if (d->n == 0 || d->exponent < -EXPONENT_LIMIT)
		number = 0;
	else if (d->exponent > EXPONENT_LIMIT)
		number = (double)INFINITY;
	else if (d->inexact || !decimal_is_short(d, &number)) {
		char text[KEPT_DIGITS + 20];
		/* One digit more stands for those that were left out. */
		if (d->inexact)
			d->digits[d->n++] = '1';
		snprintf(text, sizeof text, "%.*se%d", (int)d->n, d->digits,
		         (int)(d->exponent - (int64_t)d->n));
		number = read_c_locale(text);
	}
	return d->negative ? -number : number;
}

static int special_float(struct str s, bool negative, double *out)
{
	double number;
	if (str_eq_ascii_case(s, S("inf")) || str_eq_ascii_case(s, S("infinity")))
		number = (double)INFINITY;
	else if (str_eq_ascii_case(s, S("nan")))
		number = (double)NAN;
	else
		return -1;
	*out = negative ? -number : number;
	return 0;
}

int number_float(struct str s, double *out)
{
	s = strip(s);
	struct decimal d;
	d.n = 0;
	d.exponent = 0;
	d.inexact = false;
	d.negative = sign_take(&s);
	if (decimal_read(s, &d) < 0)
		return special_float(s, d.negative, out);
	*out = decimal_value(&d);
	return 0;
}

int number_from_double(struct arena *arena, double number, struct value *out, struct err *err)
{
	if (isnan(number))
		return err_set(err, FAULT_OTHER, "ValueError: cannot convert float NaN to integer");
	if (isinf(number))
		return err_set(err, FAULT_OTHER,
		               "OverflowError: cannot convert float infinity to integer");
	if (number >= -0x1p63 && number < 0x1p63) {
		*out = value_int((int64_t)number);
		return 0;
	}
	*out = (struct value){ .kind = VALUE_BIG, .text = arena_printf(arena, "%.0f", number) };
	return 0;
}

struct str number_int_text(int64_t number, char out[NUMBER_INT_SIZE])
{
	char digits[NUMBER_INT_SIZE], *p = digits + sizeof digits;
	uint64_t magnitude = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	do {
		*--p = (char)('0' + magnitude % 10);
		magnitude /= 10;
	} while (magnitude);
	if (number < 0)
		*--p = '-';
	size_t n = (size_t)(digits + sizeof digits - p);
	memcpy(out, p, n);
	out[n] = 0;
	return (struct str){ out, n };
}

/* Digits of a positive double: 0.d1d2… × 10^exponent. */
struct digits {
	char text[MOST_DIGITS + 1];
	int n, exponent;
};

static void digits_strip(struct digits *d)
{
	while (d->n > 1 && d->text[d->n - 1] == '0')
		d->n--;
}

/* Numbers that are a few digits divided by a power of ten, found by exact arithmetic. */
static bool digits_short(double number, struct digits *d)
{
	if (number < 1e-5 || number >= 1e15)
		return false;
	for (int k = 0; k <= EXACT_POWER; k++) {
		double scaled = number * powers_of_ten[k];
		if (scaled >= 1e15)
			return false;
		int64_t integer = (int64_t)scaled;
		if ((double)integer != scaled || (double)integer / powers_of_ten[k] != number)
			continue;
		char text[NUMBER_INT_SIZE];
		struct str s = number_int_text(integer, text);
		memcpy(d->text, s.p, s.n);
		d->n = (int)s.n;
		d->exponent = d->n - k;
		digits_strip(d);
		return true;
	}
	return false;
}

/* The nearest decimal of n digits. */
static void digits_round(double number, int n, struct digits *d)
{
	char text[64];
	snprintf(text, sizeof text, "%.*e", n - 1, number);
	const char *p = text;
	d->n = 0;
	/* Whatever the locale has for a decimal point is passed over. */
	for (; *p && *p != 'e'; p++)
		if (*p >= '0' && *p <= '9' && d->n < n)
			d->text[d->n++] = *p;
	int exponent = 0;
	bool negative = *p && p[1] == '-';
	for (; *p; p++)
		if (*p >= '0' && *p <= '9')
			exponent = exponent * 10 + (*p - '0');
	d->exponent = (negative ? -exponent : exponent) + 1;
}

static double digits_value(const struct digits *d)
{
	struct decimal decimal;
	memcpy(decimal.digits, d->text, (size_t)d->n);
	decimal.n = (size_t)d->n;
	decimal.exponent = d->exponent;
	decimal.negative = decimal.inexact = false;
	return decimal_value(&decimal);
}

/* The decimal of as many digits that follows; false if it would have one digit more. */
static bool digits_increment(struct digits *d)
{
	int i = d->n - 1;
	while (i >= 0 && d->text[i] == '9')
		d->text[i--] = '0';
	if (i < 0)
		return false;
	d->text[i]++;
	return true;
}

/*
 * A power of two is twice as far from its next as from its previous double. So the nearest decimal of
 * n digits, below it, may be wrong where the one above it, farther away, is right.
 */
static bool digits_match(double number, int n, struct digits *d)
{
	int exponent;
	digits_round(number, n, d);
	if (digits_value(d) == number)
		return true;
	return frexp(number, &exponent) == 0.5 && digits_increment(d) && digits_value(d) == number;
}

static void digits_shortest(double number, struct digits *d)
{
	if (digits_short(number, d))
		return;
	/* Below the normal range, doubles are so far apart that fewer digits than 15 may tell them. */
	int n = number < DBL_MIN ? 1 : EXACT_DIGITS;
	while (n < MOST_DIGITS && !digits_match(number, n, d))
		n++;
	if (n == MOST_DIGITS)
		digits_round(number, n, d);
	digits_strip(d);
}

static size_t put_zeros(char *out, int count)
{
	if (count > 0)
		memset(out, '0', (size_t)count);
	return count > 0 ? (size_t)count : 0;
}

/* d.dde+XX */
static size_t put_exponential(char *out, const struct digits *d)
{
	size_t n = 0;
	int exponent = d->exponent - 1, magnitude = exponent < 0 ? -exponent : exponent;
	out[n++] = d->text[0];
	if (d->n > 1)
		out[n++] = '.';
	memcpy(out + n, d->text + 1, (size_t)d->n - 1);
	n += (size_t)d->n - 1;
	out[n++] = 'e';
	out[n++] = exponent < 0 ? '-' : '+';
	if (magnitude < 10)
		out[n++] = '0';
	char text[NUMBER_INT_SIZE];
	struct str s = number_int_text(magnitude, text);
	memcpy(out + n, s.p, s.n);
	return n + s.n;
}

static size_t put_fixed(char *out, const struct digits *d)
{
	int whole = d->exponent < 0 ? 0 : d->exponent < d->n ? d->exponent : d->n;
	size_t n = (size_t)whole;
	memcpy(out, d->text, n);
	n += put_zeros(out + n, d->exponent - d->n);
	if (n == 0)
		out[n++] = '0';
	out[n++] = '.';
	n += put_zeros(out + n, -d->exponent);
	memcpy(out + n, d->text + whole, (size_t)(d->n - whole));
	n += (size_t)(d->n - whole);
	if (whole == d->n)
		out[n++] = '0';
	return n;
}

struct str number_float_text(double number, char out[NUMBER_FLOAT_SIZE])
{
	size_t n = 0;
	if (!isnan(number) && signbit(number))
		out[n++] = '-';
	number = fabs(number);
	if (!isfinite(number)) {
		memcpy(out + n, isnan(number) ? "nan" : "inf", 3);
		n += 3;
	} else {
		struct digits d = { .text = "0", .n = 1, .exponent = 1 };
		if (number > 0)
			digits_shortest(number, &d);
		n += d.exponent > 16 || d.exponent < -3 ? put_exponential(out + n, &d)
		                                        : put_fixed(out + n, &d);
	}
	out[n] = 0;
	return (struct str){ out, n };
}

static const char *kind_name(enum value_kind kind)
{
	static const char *const names[] = {
		[VALUE_NULL] = "NoneType", [VALUE_BOOL] = "bool",   [VALUE_INT] = "int",
		[VALUE_BIG] = "int",       [VALUE_FLOAT] = "float", [VALUE_STR] = "str",
		[VALUE_BYTES] = "bytes",   [VALUE_LIST] = "list",   [VALUE_DICT] = "dict",
	};
	return names[kind];
}

static int text_error(struct arena *arena, const char *what, struct value v, struct err *err)
{
	if (!err)
		return -1;
	struct arena_mark mark = arena_mark(arena);
	struct str shown = value_repr(arena, v);
	err_set(err, FAULT_OTHER, "ValueError: %s: %.*s", what, STR_ARG(shown));
	arena_rewind(arena, mark);
	return -1;
}

int value_to_int(struct arena *arena, struct value v, struct value *out, struct err *err)
{
	switch (v.kind) {
	case VALUE_INT:
	case VALUE_BIG:
		*out = v;
		return 0;
	case VALUE_BOOL:
		*out = value_int(v.boolean);
		return 0;
	case VALUE_FLOAT:
		return number_from_double(arena, v.real, out, err);
	case VALUE_BYTES:
	case VALUE_STR:
		if ((v.kind == VALUE_STR || text_is_ascii(v.text)) &&
		    number_int(arena, v.text, out) == 0)
			return 0;
		return text_error(arena, "invalid literal for int() with base 10", v, err);
	default:
		return err_set(err, FAULT_OTHER,
		               "TypeError: int() argument must be a string, a bytes-like object or "
		               "a real number, not '%s'",
		               kind_name(v.kind));
	}
}

/* The double nearest to a large integer. */
static int float_of_big(struct str digits, double *out, struct err *err)
{
	if (number_float(digits, out) < 0 || isinf(*out))
		return err_set(err, FAULT_OTHER,
		               "OverflowError: int too large to convert to float");
	return 0;
}

int value_to_float(struct arena *arena, struct value v, struct value *out, struct err *err)
{
	double number = 0;
	switch (v.kind) {
	case VALUE_FLOAT:
		number = v.real;
		break;
	case VALUE_INT:
		number = (double)v.integer;
		break;
	case VALUE_BOOL:
		number = v.boolean;
		break;
	case VALUE_BIG:
		if (float_of_big(v.text, &number, err) < 0)
			return -1;
		break;
	case VALUE_BYTES:
	case VALUE_STR:
		if ((v.kind == VALUE_STR || text_is_ascii(v.text)) &&
		    number_float(v.text, &number) == 0)
			break;
		return text_error(arena, "could not convert string to float", v, err);
	default:
		return err_set(
			err, FAULT_OTHER,
			"TypeError: float() argument must be a string or a real number, not '%s'",
			kind_name(v.kind));
	}
	*out = value_float(number);
	return 0;
}
