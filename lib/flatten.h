/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * flatten.h - nested lists made into one.
 */
#pragma once
#include <intelmq/value.h>

/*
 * The values that are neither list nor map, in order: of a list its items, of a map its values, at
 * any depth. `value` itself may be one. The list lies in the arena, its values are borrowed.
 */
struct list *list_flatten(struct arena *, struct value);
