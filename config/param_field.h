/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * param_field.h - reading a member of a struct of parameters, shared by the files of param.h.
 */
#pragma once
#include <intelmq/param.h>

/* The member as a value: null where it is NULL, PARAM_UNSET or NaN. Borrowed. Not for groups. */
struct value param_field(const struct param *row, const void *field);
