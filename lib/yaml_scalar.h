/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * yaml_scalar.h - the types of YAML scalars, shared by reader and writer.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>
#include <intelmq/value.h>

enum scalar_type {
	SCALAR_STR,
	SCALAR_NULL,
	SCALAR_BOOL,
	SCALAR_INT,
	SCALAR_FLOAT,
	SCALAR_DATE,  /* a date, or a date with a time */
	SCALAR_MERGE, /* << */
	SCALAR_VALUE, /* = */
};

/* The type a plain scalar has by its look alone; what looks like a number may still be none ("0x_"). */
enum scalar_type scalar_type_of(struct str plain);

/*
 * The value of a scalar read as that type; a date becomes text. Fails where the text is not of the
 * type, or is a day that does not exist, or a number of more digits than anybody needs.
 */
int scalar_value(struct arena *, enum scalar_type, struct str text, struct value *out,
                 struct err *);
