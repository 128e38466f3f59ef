/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/buffer.h>
#include <intelmq/duration.h>
#include <intelmq/number.h>
#include <intelmq/text.h>

#include <math.h>

static const struct unit {
	struct str name;
	int64_t minutes; /* 0: a second */
} units[] = {
	{ { "second", 6 }, 0 },
	{ { "minute", 6 }, 1 },
	{ { "hour", 4 }, 60 },
	{ { "day", 3 }, 24 * 60 },
	{ { "week", 4 }, 7 * 24 * 60 },
	{ { "month", 5 }, 30 * 24 * 60 },
	{ { "year", 4 }, 365 * 24 * 60 },
};

static const struct unit *unit_find(struct str text)
{
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		const struct unit *unit = &units[i];
		if (str_eq(text, unit->name))
			return unit;
		if (text.n == unit->name.n + 1 && text.p[text.n - 1] == 's' &&
		    str_starts(text, unit->name))
			return unit;
	}
	return NULL;
}

/* The characters at the start of *rest that fit, cut off. */
static struct str span_cut(struct str *rest, bool (*fits)(uint32_t))
{
	struct str before = *rest;
	while (rest->n) {
		struct str after = *rest;
		if (!fits(text_next(&after)))
			break;
		*rest = after;
	}
	before.n -= rest->n;
	return before;
}

static bool is_digit(uint32_t c)
{
	return text_decimal(c) >= 0;
}

/* Decimal digits times a factor below 2^24, as decimal digits. */
static struct value big_times(struct arena *arena, struct str digits, int64_t factor)
{
	size_t n = digits.n + 8;
	char *out = arena_alloc(arena, n);
	int64_t carry = 0;
	for (size_t i = 0; i < n; i++) {
		if (i < digits.n)
			carry += (digits.p[digits.n - 1 - i] - '0') * factor;
		out[n - 1 - i] = (char)('0' + carry % 10);
		carry /= 10;
	}
	struct str product = { out, n };
	while (product.n > 1 && *product.p == '0')
		product = str_slice(product, 1, product.n);
	return (struct value){ .kind = VALUE_BIG, .text = product };
}

/* A count of minutes or, as the quotient of integers is, rounded once to a float. */
static struct value minutes_of(struct arena *arena, struct value count, const struct unit *unit)
{
	int64_t product;
	char digits[NUMBER_INT_SIZE];
	double number;
	if (unit->minutes == 0) {
		if (count.kind == VALUE_INT)
			return value_float((double)count.integer / 60);
		if (number_float(count.text, &number) < 0)
			number = HUGE_VAL;
		return value_float(number / 60);
	}
	if (count.kind == VALUE_BIG)
		return big_times(arena, count.text, unit->minutes);
	if (!__builtin_mul_overflow(count.integer, unit->minutes, &product))
		return value_int(product);
	return big_times(arena, number_int_text(count.integer, digits), unit->minutes);
}

int duration_parse(struct arena *arena, struct str text, struct value *minutes_out, struct err *err)
{
	struct str rest = text_strip(text);
	struct str digits = span_cut(&rest, is_digit);
	struct str space = span_cut(&rest, text_is_space);
	const struct unit *unit = unit_find(rest);
	struct value count;
	if (!digits.n || !space.n || !unit || number_int(arena, digits, &count) < 0)
		return err_set(err, FAULT_INVALID_ARGUMENT,
		               "Could not process result of regex for attribute '%.*s'",
		               STR_ARG(text));
	*minutes_out = minutes_of(arena, count, unit);
	return 0;
}

int duration_minutes(struct str text, double *minutes_out, struct err *err)
{
	struct arena arena;
	struct value minutes;
	arena_init(&arena);
	int failed = duration_parse(&arena, text, &minutes, err);
	if (!failed) {
		if (minutes.kind == VALUE_FLOAT)
			*minutes_out = minutes.real;
		else if (minutes.kind == VALUE_INT)
			*minutes_out = (double)minutes.integer;
		else if (number_float(minutes.text, minutes_out) < 0)
			*minutes_out = HUGE_VAL;
	}
	arena_fini(&arena);
	return failed;
}

int duration_human(struct arena *arena, double seconds, unsigned precision, struct str *text_out,
                   struct err *err)
{
	static const struct {
		double seconds;
		char letter;
	} parts[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	struct buffer b;

	if (!isfinite(seconds))
		return err_set(err, FAULT_INVALID_ARGUMENT, "a duration must be a finite number");
	buffer_init_in(&b, arena, 2048);
	for (size_t i = 0; i < 4; i++) {
		bool last = i == 3;
		double part = last ? seconds : trunc(seconds / parts[i].seconds);
		seconds = fmod(seconds, parts[i].seconds);
		if (part != 0)
			buffer_printf(&b, "%s%.*f%c", b.n ? " " : "",
			              (int)(precision > 15 ? 15 : precision), part,
			              parts[i].letter);
	}
	*text_out = buffer_str(&b);
	return 0;
}
