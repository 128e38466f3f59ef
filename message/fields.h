/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * fields.h - the data format: which fields a message may have, read from harmonization.conf.
 *
 * Users extend that file, so fields are data. A struct data_format is built once, is constant from
 * then on, and is shared by all messages.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>
#include <intelmq/regex.h>

#include "message/types.h"

struct field {
	struct str name;
	struct str quoted; /* `"name": `, ready for the wire */
	uint32_t id;       /* position in the section, below fields.n */
	uint32_t rank;     /* position in the order of names */
	const struct field_type *type;
	bool json_dict;               /* holds sub-keys: extra */
	int64_t length;               /* characters at most, or -1 */
	struct regex *regex, *iregex; /* searched in the text of the value, or NULL */
};

/* One section: the fields of one class of messages. */
struct fields {
	struct str class_name; /* "Event", "Report", as in __type */
	struct str wire_type;  /* `"__type": "Event"}` */
	struct field *all;
	size_t n;
	uint32_t *index; /* hash table: position + 1 */
	size_t index_size;
	/*
	 * For each field (id + 1; 0: at the start) the one that followed it in the message decoded last, + 1. Only a
	 * hint where to look first, which any thread may overwrite: nothing but speed depends on it.
	 */
	uint32_t *followers;
	const struct field *extra, *raw, *time_observation; /* NULL where the section lacks them */
};

struct data_format {
	struct arena arena;
	struct fields *sections;
	size_t n;
	struct fields *event, *report; /* NULL where the file lacks them */
};

static inline bool bytes_eq8(const char *a, const char *b)
{
	uint64_t x, y;
	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return x == y;
}

/* Whether `n` bytes are equal; for names, which are longer than a word nearly always. */
static inline bool bytes_eq(const char *a, const char *b, size_t n)
{
	if (n < 8) {
		size_t i = 0;
		while (i < n && a[i] == b[i])
			i++;
		return i == n;
	}
	for (size_t i = 0; i + 8 < n; i += 8)
		if (!bytes_eq8(a + i, b + i))
			return false;
	return bytes_eq8(a + n - 8, b + n - 8);
}

/* From the text of harmonization.conf. Errors name the field. */
int data_format_new(struct str text, struct data_format **out, struct err *);
void data_format_free(struct data_format *);

/* The section of a class name ("Event"), any case of its first letter; NULL if there is none. */
struct fields *data_format_section(const struct data_format *, struct str class_name);

/* The configured field of that name, or NULL. */
const struct field *field_find(const struct fields *, struct str name);

/* True if `key` matches the rule for names: ^[a-z_][a-z_0-9]+(\.[a-z_0-9]+)*$ */
bool field_name_is_valid(struct str key);

/* The configured field whose name is the first dot component of a key, or NULL (`extra` of `extra.tag`). */
const struct field *field_parent(const struct fields *, struct str key);
