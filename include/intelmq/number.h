/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * number.h - numbers from and to text, with the rules of Python 3.11's int and float.
 *
 * Nothing here depends on the locale. Texts may have white space at both ends, single underscores
 * between digits, and the decimal digits of any script.
 */
#pragma once
#include <intelmq/err.h>
#include <intelmq/value.h>

enum {
	MAX_NUMBER_DIGITS = 4300, /* of an integer in a text, leading zeros included */
	NUMBER_FLOAT_SIZE = 32,
	NUMBER_INT_SIZE = 24,
};

/*
 * int(text): VALUE_INT, or VALUE_BIG (digits in the arena) beyond 64 bits. -1 if the text is no
 * integer or has more than MAX_NUMBER_DIGITS digits; *out is untouched then.
 */
int number_int(struct arena *, struct str text, struct value *out);

/*
 * float(text), correctly rounded; also "nan", "inf" and "infinity" in any case and with a sign. -1 if
 * it is none.
 */
int number_float(struct str text, double *out);

/*
 * The integer that a double holds after its fraction is cut off; exact at any size.
 * -1 (FAULT_OTHER): "OverflowError: …" for an infinity, "ValueError: …" for NaN.
 */
int number_from_double(struct arena *, double, struct value *out, struct err *);

/*
 * repr(float): the fewest digits that read back as the same number: "0.1", "1.0", "1e+16", "1e-05",
 * "nan", "-inf". The text lies in `out` and is NUL terminated.
 */
struct str number_float_text(double, char out[NUMBER_FLOAT_SIZE]);

/* Decimal digits, "-" before a negative number. The text lies in `out` and is NUL terminated. */
struct str number_int_text(int64_t, char out[NUMBER_INT_SIZE]);

/*
 * int(value): of an integer, float, boolean, text or ASCII bytes. -1 (FAULT_OTHER) for anything
 * else; the text starts with the name of Python's exception: "ValueError: " for what is no number,
 * "OverflowError: " for an infinity, "TypeError: " for the other kinds.
 */
int value_to_int(struct arena *, struct value, struct value *out, struct err *);

/*
 * float(value), as VALUE_FLOAT; errors as value_to_int, with "OverflowError: " for an integer that is
 * too large.
 */
int value_to_float(struct arena *, struct value, struct value *out, struct err *);
