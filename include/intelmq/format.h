/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * format.h - texts with replacement fields: the language of Python 3.11's str.format.
 *
 * "{name[key].attribute!r:>10}": what `name[key].attribute` means is up to the source; conversions
 * (!s !r !a) and specifications (":>10") are done here, also for nested fields ("{0:{1}}").
 * "{{" and "}}" are braces. Error texts are those of Python's exceptions.
 */
#pragma once
#include <intelmq/buffer.h>
#include <intelmq/err.h>
#include <intelmq/value.h>

enum {
	MAX_FORMAT_WIDTH = 1000000, /* also of the precision */
	MAX_FORMAT_STEPS = 16,      /* accesses in one field */
};

/* One access of a field: its first part, "[name]" or ".name". */
struct format_step {
	enum { FORMAT_FIRST, FORMAT_KEY, FORMAT_ATTRIBUTE } kind;
	bool is_index;   /* the name is a number, or was left out ("{}"); never for attributes */
	int64_t index;   /* counted from 0 */
	struct str name; /* as written; empty for "{}" */
};

/* A field's way to its value; `steps[0]` is its first part. */
struct format_path {
	const struct format_step *steps;
	size_t n;
};

/* Where values come from. */
struct format_source {
	const void *context; /* for the functions */
	/*
	 * Finds a field's value. *special_out: it is none that struct value knows (a time, say), and
	 * `print` must write it. The value is borrowed until the field is written. -1: the text of
	 * the error is the whole message; see format_walk for the usual ones.
	 */
	int (*find)(const void *context, const struct format_path *, struct value *out,
	            bool *special_out, struct err *);
	/*
	 * Appends a special value: conversion 0 by its own specification `spec`, else ('s' or 'r') its
	 * text or representation, `spec` being empty. NULL if there are none.
	 */
	int (*print)(const void *context, const struct format_path *, char conversion,
	             struct str spec, struct buffer *out, struct err *);
};

/*
 * Appends the text. On errors, what had been written before stays in `out`. A text longer than the
 * buffer's limit is an error also.
 */
int format_text(struct buffer *out, struct str format, const struct format_source *, struct err *);

/* As format_text for plain values: `{0}` and `{}` from the list, `{name}` from the map; either may be NULL. */
int format_values(struct buffer *out, struct str format, const struct list *positional,
                  const struct dict *named, struct err *);

/*
 * Follows steps through lists and maps, changing *value. Errors: FAULT_KEY_NOT_EXISTS ("'name'") for
 * a key that a map has not, FAULT_OTHER for a bad index or access.
 */
int format_walk(struct value *value, const struct format_step *steps, size_t n, struct err *);

/* Appends one value by a specification (what follows the colon): Python's format(value, spec). */
int format_value(struct buffer *out, struct value, struct str spec, struct err *);

/* Appends Python's str(value). Not recursive. */
void format_str(struct buffer *out, struct value);
/* Appends Python's repr(value), or ascii(value). */
void format_repr(struct buffer *out, struct value, bool ascii);
