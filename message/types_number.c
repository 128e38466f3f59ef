/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Types that hold numbers and truth. */
#include <intelmq/number.h>
#include <intelmq/text.h>

#include <math.h>

#include "message/types_inside.h"

enum { MAX_ACCURACY = 100 };

/* ---- Boolean ---- */

int boolean_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	(void)arena, (void)err;
	*out = value_null();
	if (in.kind == VALUE_BOOL) {
		*out = in;
	} else if (in.kind == VALUE_INT && (in.integer == 0 || in.integer == 1)) {
		*out = value_bool(in.integer == 1);
	} else if (in.kind == VALUE_STR) {
		struct str word = text_strip(in.text);
		bool yes = str_eq_ascii_case(word, S("true"));
		if (yes || str_eq_ascii_case(word, S("false")))
			*out = value_bool(yes);
	}
	return 0;
}

int boolean_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)arena, (void)err;
	return in.kind == VALUE_BOOL;
}

/* ---- Integer ---- */

int integer_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	*out = value_null();
	if (value_to_int(arena, in, out, err) == 0)
		return 0;
	*out = value_null();
	return in.kind == VALUE_FLOAT && isinf(in.real) ? -1 : 0;
}

int integer_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)arena, (void)err;
	return in.kind == VALUE_INT || in.kind == VALUE_BIG;
}

int asn_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	if (in.kind == VALUE_STR && str_eq_ascii_case(str_slice(in.text, 0, 2), S("as")))
		in.text = str_slice(in.text, 2, in.text.n);
	if (integer_sanitize(arena, in, out, err))
		return -1;
	if (!asn_is_valid(arena, *out, err))
		*out = value_null();
	return 0;
}

int asn_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)arena, (void)err;
	return in.kind == VALUE_INT && in.integer > 0 && in.integer <= UINT32_MAX;
}

/* ---- Float ---- */

int float_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	*out = value_null();
	if (value_to_float(arena, in, out, err) == 0)
		return 0;
	*out = value_null();
	return in.kind == VALUE_BIG ? -1 : 0; /* too large for a float */
}

int float_is_valid(struct arena *arena, struct value in, struct err *err)
{
	return in.kind == VALUE_FLOAT || integer_is_valid(arena, in, err);
}

int accuracy_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	if (in.kind == VALUE_BOOL) {
		*out = value_float(in.boolean ? MAX_ACCURACY : 0);
		return 0;
	}
	if (float_sanitize(arena, in, out, err))
		return -1;
	if (!accuracy_is_valid(arena, *out, err))
		*out = value_null();
	return 0;
}

int accuracy_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)arena, (void)err;
	switch (in.kind) {
	case VALUE_BOOL:
		return 1;
	case VALUE_INT:
		return in.integer >= 0 && in.integer <= MAX_ACCURACY;
	case VALUE_FLOAT:
		return in.real >= 0 && in.real <= MAX_ACCURACY;
	default:
		return 0;
	}
}
