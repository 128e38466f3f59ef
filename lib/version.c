/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/version.h"

enum { PARTS = 5 };

static int parts_take(const struct list *version, struct value parts[PARTS], struct err *err)
{
	if (version->n < 3 || version->n > PARTS)
		return err_set(err, FAULT_INVALID_ARGUMENT, "a version has 3 to 5 parts");
	parts[3] = value_cstr("stable");
	parts[4] = value_int(0);
	for (size_t i = 0; i < version->n; i++)
		parts[i] = version->items[i];
	return 0;
}

int version_compare(const struct list *a, const struct list *b, int *order_out, struct err *err)
{
	struct value left[PARTS], right[PARTS];
	int order = 0;
	if (parts_take(a, left, err) < 0 || parts_take(b, right, err) < 0)
		return -1;
	for (size_t i = 0; i < PARTS && order == 0; i++) {
		if (left[i].kind == VALUE_INT && right[i].kind == VALUE_INT)
			order = (left[i].integer > right[i].integer) -
			        (left[i].integer < right[i].integer);
		else if (left[i].kind == VALUE_STR && right[i].kind == VALUE_STR)
			order = str_cmp(left[i].text, right[i].text);
		else
			return err_set(err, FAULT_INVALID_ARGUMENT,
			               "parts of a version cannot be compared");
	}
	*order_out = (order > 0) - (order < 0);
	return 0;
}
