/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * types.h - the types of fields: what turns a value into one that a field may hold, and what such
 * a value is. harmonization.conf names a type for each field.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>
#include <intelmq/value.h>

enum field_type_flags {
	TYPE_JSON_DICT = 1, /* holds a JSON object; its members are fields of their own, `extra.x` */
	TYPE_JSON = 2,      /* holds JSON text (JSON and JSONDict) */
};

struct field_type {
	const char *name; /* as in harmonization.conf: "IPAddress" */

	/*
	 * Makes a valid value out of `in` where that is possible. 0: *out is the value, which may borrow
	 * from `in`, or VALUE_NULL if `in` is unusable; a result is not yet known to be valid. -1: the
	 * reference raises an exception of its own (a defect that callers can see), err says why.
	 */
	int (*sanitize)(struct arena *, struct value in, struct value *out, struct err *);

	/* 1 valid, 0 not, -1 as above. */
	int (*is_valid)(struct arena *, struct value, struct err *);

	/* What the check "valid after sanitation" does before `sanitize`; NULL: nothing. */
	int (*presanitize)(struct arena *, struct value in, struct value *out, struct err *);

	unsigned flags;
};

/* All types, ended by a row without name. */
extern const struct field_type field_types[];

/* The type of that name (exact case), or NULL. */
const struct field_type *field_type_find(struct str name);

/* The reference's is_valid(value, sanitize=True): 1, 0, or -1. */
int field_type_is_valid_sanitized(const struct field_type *, struct arena *, struct value,
                                  struct err *);

/* ---- Further operations of single types, on the text of a field ---- */

/*
 * The number of an IP address text (no prefix, no zone id) as VALUE_INT or VALUE_BIG; VALUE_NULL if
 * it is none. Fails for text with a NUL character.
 */
int ipaddress_to_int(struct arena *, struct str text, struct value *out, struct err *);

/* 4 or 6 (zone id allowed); -1 if it is no address. */
int ipaddress_version(struct str text, struct err *);

/* The name for reverse look-ups with its final dot; fails for all but addresses without zone id. */
int ipaddress_to_reverse(struct arena *, struct str text, struct str *out, struct err *);

/* 4 or 6 of a network without bits behind its prefix; -1 if it is none. */
int ipnetwork_version(struct str text, struct err *);

/*
 * The authority of a URL as written (with user and port), or STR_NONE if it is empty or an IP address.
 * Fails where url_split fails.
 */
int url_to_domain_name(struct arena *, struct str text, struct str *out, struct err *);
