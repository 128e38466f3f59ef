/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/format.h>
#include <intelmq/number.h>

#include "wtf8.h"

#include <math.h>
#include <stdlib.h>

enum { NUMBER_LIMIT = 2 * MAX_FORMAT_WIDTH + 1000, DEFAULT_PRECISION = 6 };

/* A specification: [[fill]align][sign][z][#][0][width][grouping][.precision][type] */
struct spec {
	struct str fill; /* one character */
	char align;      /* < > ^ = */
	bool align_given;
	char sign; /* + - space, or 0 */
	bool no_negative_zero, alternate;
	char grouping;            /* , or _ or 0 */
	int64_t width, precision; /* -1: not given */
	uint32_t type;            /* 0: not given */
};

/* A number in pieces: sign, prefix, digits that may be grouped, what follows. */
struct number {
	char sign; /* 0: none is written */
	struct str prefix, digits, tail;
};

/* What a specification is for, and what it leaves out. */
struct kind {
	const char *name;
	char align;
	uint32_t type;
};

static const struct kind kind_str = { "str", '<', 's' }, kind_int = { "int", '>', 'd' },
			 kind_bool = { "bool", '>', 'd' }, kind_float = { "float", '>', 0 };

static int bad(struct err *err, const char *reason)
{
	return err_set(err, FAULT_OTHER, "%s", reason);
}

/* ---- Reading a specification ---- */

static bool is_align(char c)
{
	return c == '<' || c == '>' || c == '=' || c == '^';
}

/* Digits; *out stays as it is if there are none. */
static int read_size(struct str *s, int64_t *out, struct err *err)
{
	int64_t size = 0;
	bool any = false;
	for (; s->n && *s->p >= '0' && *s->p <= '9'; s->p++, s->n--) {
		any = true;
		size = size * 10 + (*s->p - '0');
		if (size > MAX_FORMAT_WIDTH)
			return bad(err, "Too many decimal digits in format string");
	}
	if (any)
		*out = size;
	return 0;
}

static bool take(struct str *s, char c)
{
	if (!s->n || *s->p != c)
		return false;
	s->p++;
	s->n--;
	return true;
}

static void read_fill(struct str *s, struct spec *spec)
{
	uint32_t c;
	size_t n = s->n ? wtf8_next(s->p, s->p + s->n, &c) : 0;
	n = n ? n : 1;
	if (s->n > n && is_align(s->p[n])) {
		spec->fill = str_slice(*s, 0, n);
		*s = str_slice(*s, n, s->n);
	}
	if (s->n && is_align(*s->p)) {
		spec->align = *s->p;
		spec->align_given = true;
		*s = str_slice(*s, 1, s->n);
	}
}

static int read_grouping(struct str *s, struct spec *spec, struct err *err)
{
	if (take(s, ','))
		spec->grouping = ',';
	if (take(s, '_')) {
		if (spec->grouping)
			return bad(err, "Cannot specify both ',' and '_'.");
		spec->grouping = '_';
	}
	if (spec->grouping == '_' && s->n && *s->p == ',')
		return bad(err, "Cannot specify both ',' and '_'.");
	return 0;
}

static int check_grouping(const struct spec *spec, struct err *err)
{
	if (!spec->grouping || !spec->type)
		return 0;
	if (spec->type < 0x80 && strchr("defgEG%F", (int)spec->type))
		return 0;
	if (spec->grouping == '_' && spec->type < 0x80 && strchr("boxX", (int)spec->type))
		return 0;
	if (spec->type > ' ' && spec->type < 0x80)
		return err_set(err, FAULT_OTHER, "Cannot specify '%c' with '%c'.", spec->grouping,
		               (int)spec->type);
	return err_set(err, FAULT_OTHER, "Cannot specify '%c' with '\\x%x'.", spec->grouping,
	               (unsigned)spec->type);
}

static int spec_read(struct str s, const struct kind *kind, struct spec *spec, struct err *err)
{
	const struct str whole = s;
	*spec = (struct spec){
		.align = kind->align,
		.width = -1,
		.precision = -1,
		.type = kind->type,
	};
	read_fill(&s, spec);
	if (s.n && (*s.p == '+' || *s.p == '-' || *s.p == ' ')) {
		spec->sign = *s.p;
		s = str_slice(s, 1, s.n);
	}
	spec->no_negative_zero = take(&s, 'z');
	spec->alternate = take(&s, '#');
	if (!spec->fill.n && take(&s, '0')) {
		spec->fill = S("0");
		if (!spec->align_given && kind->align == '>')
			spec->align = '=';
	}
	if (!spec->fill.n)
		spec->fill = S(" ");
	if (read_size(&s, &spec->width, err) || read_grouping(&s, spec, err))
		return -1;
	if (take(&s, '.')) {
		if (read_size(&s, &spec->precision, err))
			return -1;
		if (spec->precision < 0)
			return bad(err, "Format specifier missing precision");
	}
	if (s.n) {
		size_t n = wtf8_next(s.p, s.p + s.n, &spec->type);
		if (s.n > (n ? n : 1))
			return err_set(err, FAULT_OTHER,
			               "Invalid format specifier '%.*s' for object of type '%s'",
			               STR_ARG(whole), kind->name);
	}
	return check_grouping(spec, err);
}

static int unknown_type(uint32_t type, const struct kind *kind, struct err *err)
{
	if (type > ' ' && type < 0x80)
		return err_set(err, FAULT_OTHER, "Unknown format code '%c' for object of type '%s'",
		               (int)type, kind->name);
	return err_set(err, FAULT_OTHER, "Unknown format code '\\x%x' for object of type '%s'",
	               (unsigned)type, kind->name);
}

/* ---- Text ---- */

static void put_fill(struct buffer *out, const struct spec *spec, int64_t count)
{
	for (; count > 0 && !out->over; count--)
		buffer_add_str(out, spec->fill);
}

static int64_t padding(const struct spec *spec, size_t length)
{
	return spec->width > (int64_t)length ? spec->width - (int64_t)length : 0;
}

static void put_padded(struct buffer *out, const struct spec *spec, struct str s)
{
	int64_t pad = padding(spec, wtf8_count(s.p, s.p + s.n));
	int64_t before = spec->align == '>' ? pad : spec->align == '^' ? pad / 2 : 0;
	put_fill(out, spec, before);
	buffer_add_str(out, s);
	put_fill(out, spec, pad - before);
}

/* The first characters. */
static struct str prefix_of(struct str s, int64_t count)
{
	const char *p = s.p, *end = s.p + s.n;
	for (; count > 0 && p < end; count--) {
		uint32_t c;
		size_t n = wtf8_next(p, end, &c);
		p += n ? n : 1;
	}
	return (struct str){ s.p, (size_t)(p - s.p) };
}

static int put_text(struct buffer *out, struct str s, struct str text, struct err *err)
{
	struct spec spec;
	if (spec_read(text, &kind_str, &spec, err))
		return -1;
	if (spec.type != 's')
		return unknown_type(spec.type, &kind_str, err);
	if (spec.sign)
		return bad(err, spec.sign == ' ' ? "Space not allowed in string format specifier"
		                                 : "Sign not allowed in string format specifier");
	if (spec.no_negative_zero)
		return bad(err,
		           "Negative zero coercion (z) not allowed in string format specifier");
	if (spec.alternate)
		return bad(err, "Alternate form (#) not allowed in string format specifier");
	if (spec.align == '=')
		return bad(err, "'=' alignment not allowed in string format specifier");
	put_padded(out, &spec, spec.precision >= 0 ? prefix_of(s, spec.precision) : s);
	return 0;
}

/* ---- Numbers ---- */

/* Digits in groups from the right, with zeros in front up to `least` characters. */
static void put_grouped(struct buffer *out, struct str digits, int64_t least, size_t group,
                        char separator)
{
	size_t count = digits.n;
	if (least > 0) {
		/* As many digits as are needed so that they and their separators fill the room. */
		size_t room = (size_t)least, zeros = room - room / (group + 1);
		if (room % (group + 1) == 0)
			zeros++;
		if (zeros - 1 + (zeros - 2) / group >= room && zeros > 1 && room % (group + 1))
			zeros--;
		count = count > zeros ? count : zeros;
	}
	for (size_t i = 0; i < count && !out->over; i++) {
		size_t left = count - i;
		if (i && left % group == 0)
			buffer_add_char(out, separator);
		buffer_add_char(out, left > digits.n ? '0' : digits.p[digits.n - left]);
	}
}

static void put_number(struct buffer *out, const struct spec *spec, const struct number *number)
{
	size_t fixed = (number->sign != 0) + number->prefix.n + number->tail.n;
	size_t group = spec->type == 'b' || spec->type == 'o' || spec->type == 'x' ||
	                               spec->type == 'X'
	                     ? 4
	                     : 3;
	bool zeros = spec->align == '=' && str_eq(spec->fill, S("0"));
	struct buffer digits;
	buffer_init(&digits, NUMBER_LIMIT * 2);
	if (spec->grouping && number->digits.n)
		put_grouped(&digits, number->digits, zeros ? spec->width - (int64_t)fixed : 0,
		            group, spec->grouping);
	else
		buffer_add_str(&digits, number->digits);
	int64_t pad = padding(spec, fixed + digits.n);
	int64_t before = spec->align == '>' ? pad : spec->align == '^' ? pad / 2 : 0;
	put_fill(out, spec, before);
	if (number->sign)
		buffer_add_char(out, number->sign);
	buffer_add_str(out, number->prefix);
	if (spec->align == '=')
		put_fill(out, spec, pad);
	buffer_add_str(out, buffer_str(&digits));
	buffer_add_str(out, number->tail);
	if (spec->align == '<' || spec->align == '^')
		put_fill(out, spec, pad - before);
	buffer_fini(&digits);
}

static char sign_of(const struct spec *spec, bool negative)
{
	return negative ? '-' : spec->sign == '-' ? 0 : spec->sign;
}

/* Decimal digits in another base, most significant digit first. */
static void convert_base(struct buffer *out, struct str decimal, unsigned bits, bool upper)
{
	size_t n = 0, capacity = decimal.n / 9 + 2; /* 32 bits hold more than nine digits */
	uint32_t *limbs = calloc(capacity, sizeof *limbs);
	if (!limbs)
		abort();
	for (size_t i = 0; i < decimal.n; i++) {
		uint64_t carry = (uint64_t)(decimal.p[i] - '0');
		for (size_t k = 0; k < n; k++) {
			carry += (uint64_t)limbs[k] * 10;
			limbs[k] = (uint32_t)carry;
			carry >>= 32;
		}
		if (carry)
			limbs[n++] = (uint32_t)carry;
	}
	const char *letters = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	size_t places = (n * 32 + bits - 1) / bits;
	bool begun = false;
	for (size_t i = places; i-- > 0;) {
		size_t at = i * bits;
		uint64_t two = limbs[at / 32];
		if (at / 32 + 1 < n)
			two |= (uint64_t)limbs[at / 32 + 1] << 32;
		unsigned digit = (unsigned)(two >> at % 32) & ((1U << bits) - 1);
		begun |= digit != 0;
		if (begun)
			buffer_add_char(out, letters[digit]);
	}
	if (!begun)
		buffer_add_char(out, '0');
	free(limbs);
}

static int put_char(struct buffer *out, struct spec *spec, struct str decimal, bool negative,
                    struct err *err)
{
	uint32_t code = 0;
	if (spec->sign)
		return bad(err, "Sign not allowed with integer format specifier 'c'");
	if (spec->alternate)
		return bad(err, "Alternate form (#) not allowed with integer format specifier 'c'");
	for (size_t i = 0; i < decimal.n && code <= 0x10FFFF; i++)
		code = code * 10 + (uint32_t)(decimal.p[i] - '0');
	if (negative || code > 0x10FFFF)
		return bad(err, "%c arg not in range(0x110000)");
	struct buffer text;
	buffer_init(&text, 8);
	buffer_add_utf8(&text, code);
	if (spec->align == '=')
		spec->align = '>';
	put_padded(out, spec, buffer_str(&text));
	buffer_fini(&text);
	return 0;
}

static int put_int(struct buffer *out, struct spec *spec, struct str decimal, bool negative,
                   struct err *err)
{
	if (spec->precision >= 0)
		return bad(err, "Precision not allowed in integer format specifier");
	if (spec->no_negative_zero)
		return bad(err,
		           "Negative zero coercion (z) not allowed in integer format specifier");
	if (spec->type == 'c')
		return put_char(out, spec, decimal, negative, err);
	struct number number = { .sign = sign_of(spec, negative), .digits = decimal };
	unsigned bits = spec->type == 'b' ? 1 : spec->type == 'o' ? 3 : 4;
	bool decimals = spec->type == 'd' || spec->type == 'n';
	struct buffer converted;
	buffer_init(&converted, NUMBER_LIMIT);
	char prefix[2] = { '0', (char)spec->type };
	if (!decimals) {
		convert_base(&converted, decimal, bits, spec->type == 'X');
		number.digits = buffer_str(&converted);
		if (spec->alternate)
			number.prefix = (struct str){ prefix, 2 };
	}
	put_number(out, spec, &number);
	buffer_fini(&converted);
	return 0;
}

/* "1.500e+10" -> "1.5e+10" */
static void strip_zeros(struct buffer *b)
{
	struct str s = buffer_str(b);
	size_t exponent = str_index(s, 'e'), point = str_index(s, '.');
	if (exponent == STR_NOT_FOUND)
		exponent = s.n;
	if (point == STR_NOT_FOUND || !b->p)
		return;
	size_t end = exponent;
	while (end > point && (b->p[end - 1] == '0' || end - 1 == point))
		end--;
	memmove(b->p + end, b->p + exponent, s.n - exponent);
	b->n -= exponent - end;
}

/*
 * The type g: with an exponent if that is below -4 or not below the precision. Without a type
 * (`dotted`) a number is shown to be a float: by its exponent or at least one digit behind the point.
 */
static void write_general(struct buffer *b, double d, int precision, bool alternate, bool dotted)
{
	precision = precision ? precision : 1;
	buffer_printf(b, alternate ? "%#.*e" : "%.*e", precision - 1, d);
	size_t e = str_index(buffer_str(b), 'e');
	int exponent = 0;
	for (size_t i = e + 2; e != STR_NOT_FOUND && i < b->n; i++)
		exponent = exponent * 10 + (b->p[i] - '0');
	if (e != STR_NOT_FOUND && b->p[e + 1] == '-')
		exponent = -exponent;
	bool scientific = exponent < -4 || exponent >= precision - dotted;
	if (!scientific) {
		buffer_clear(b);
		buffer_printf(b, alternate ? "%#.*f" : "%.*f", precision - 1 - exponent, d);
	}
	if (!alternate)
		strip_zeros(b);
	if (dotted && !scientific && str_index(buffer_str(b), '.') == STR_NOT_FOUND)
		buffer_add_str(b, S(".0"));
}

/* The fewest digits; in the alternate form never without a point. */
static void write_shortest(struct buffer *b, struct str text, bool alternate)
{
	size_t e = str_index(text, 'e');
	if (!alternate || e == STR_NOT_FOUND || str_index(text, '.') != STR_NOT_FOUND)
		e = 0;
	buffer_add_str(b, str_slice(text, 0, e));
	buffer_add_str(b, e ? S(".") : S(""));
	buffer_add_str(b, str_slice(text, e, text.n));
}

/* Without a sign, in lower case. */
static void write_float(struct buffer *b, const struct spec *spec, double d)
{
	char text[NUMBER_FLOAT_SIZE];
	int precision = spec->precision >= 0 ? (int)spec->precision : DEFAULT_PRECISION;
	switch (spec->type | 0x20) {
	case 'e':
		buffer_printf(b, spec->alternate ? "%#.*e" : "%.*e", precision, d);
		break;
	case 'f':
	case '%' | 0x20:
		buffer_printf(b, spec->alternate ? "%#.*f" : "%.*f", precision, d);
		break;
	case 'g':
	case 'n':
		write_general(b, d, precision, spec->alternate, false);
		break;
	default:
		if (spec->precision >= 0)
			write_general(b, d, precision, spec->alternate, true);
		else
			write_shortest(b, number_float_text(d, text), spec->alternate);
	}
}

static bool all_zero(struct str s)
{
	for (size_t i = 0; i < s.n && s.p[i] != 'e'; i++)
		if (s.p[i] != '0' && s.p[i] != '.')
			return false;
	return true;
}

static void put_float(struct buffer *out, const struct spec *spec, double d)
{
	struct buffer text;
	bool negative = signbit(d) && d == d;
	if (spec->type == '%')
		d *= 100;
	buffer_init(&text, NUMBER_LIMIT);
	if (isfinite(d))
		write_float(&text, spec, fabs(d));
	else
		buffer_add_str(&text, d != d ? S("nan") : S("inf"));
	if (spec->no_negative_zero && isfinite(d) && all_zero(buffer_str(&text)))
		negative = false;
	if (spec->type == '%')
		buffer_add_char(&text, '%');
	if (spec->type == 'E' || spec->type == 'F' || spec->type == 'G')
		for (size_t i = 0; i < text.n; i++)
			if (text.p[i] >= 'a' && text.p[i] <= 'z')
				text.p[i] = (char)(text.p[i] - 0x20);
	struct str s = buffer_str(&text);
	size_t digits = 0;
	while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9')
		digits++;
	put_number(out, spec,
	           &(struct number){
			   .sign = sign_of(spec, negative),
			   .digits = str_slice(s, 0, digits),
			   .tail = str_slice(s, digits, s.n),
		   });
	buffer_fini(&text);
}

static bool is_float_type(uint32_t type)
{
	return type && type < 0x80 && strchr("eEfFgG%", (int)type);
}

static int format_int(struct buffer *out, struct str decimal, struct str text,
                      const struct kind *kind, struct err *err)
{
	struct spec spec;
	bool negative = decimal.p[0] == '-';
	double d;
	if (spec_read(text, kind, &spec, err))
		return -1;
	if (is_float_type(spec.type)) {
		if (number_float(decimal, &d) || !isfinite(d))
			return bad(err, "int too large to convert to float");
		put_float(out, &spec, d);
		return 0;
	}
	if (spec.type >= 0x80 || !strchr("bcdoxXn", (int)spec.type))
		return unknown_type(spec.type, kind, err);
	return put_int(out, &spec, str_slice(decimal, negative, decimal.n), negative, err);
}

static int format_float(struct buffer *out, double d, struct str text, struct err *err)
{
	struct spec spec;
	if (spec_read(text, &kind_float, &spec, err))
		return -1;
	if (spec.type && spec.type != 'n' && !is_float_type(spec.type))
		return unknown_type(spec.type, &kind_float, err);
	put_float(out, &spec, d);
	return 0;
}

int format_value(struct buffer *out, struct value v, struct str spec, struct err *err)
{
	static const char *const names[] = {
		[VALUE_NULL] = "NoneType",
		[VALUE_BYTES] = "bytes",
		[VALUE_LIST] = "list",
		[VALUE_DICT] = "dict",
	};
	char digits[NUMBER_INT_SIZE];
	if (!spec.n) {
		format_str(out, v);
		return 0;
	}
	switch (v.kind) {
	case VALUE_STR:
		return put_text(out, v.text, spec, err);
	case VALUE_BOOL:
		return format_int(out, v.boolean ? S("1") : S("0"), spec, &kind_bool, err);
	case VALUE_INT:
		return format_int(out, number_int_text(v.integer, digits), spec, &kind_int, err);
	case VALUE_BIG:
		return format_int(out, v.text, spec, &kind_int, err);
	case VALUE_FLOAT:
		return format_float(out, v.real, spec, err);
	default:
		return err_set(err, FAULT_OTHER,
		               "unsupported format string passed to %s.__format__", names[v.kind]);
	}
}
