/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * version.h - which of two versions is the earlier one.
 */
#pragma once
#include <intelmq/err.h>
#include <intelmq/value.h>

/*
 * Versions are lists of 3 to 5 parts: [3, 3, 2], [3, 3, 2, "alpha", 1]. Three parts are taken as
 * followed by "stable", 0, four as followed by 0. *order_out is -1 if a is earlier than b, 1 if it is
 * later, 0 if they are the same. -1 for a list that is none, or parts that cannot be compared
 * (text with a number).
 */
int version_compare(const struct list *a, const struct list *b, int *order_out, struct err *err);
