/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * yaml.h - YAML 1.2 documents as values, and values as YAML text (https://yaml.org/spec/1.2.2/).
 *
 * Only what a configuration needs: one document, keys are scalars. Scalars are typed by the YAML 1.2
 * rules: `yes` is text, `012` is twelve, `0o14`, `0x1f`, `0b11` and `1_000` are integers. A date
 * becomes text, as Python shows it ("2015-08-31", "2015-08-31 08:16:10"); its mark says so.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/buffer.h>
#include <intelmq/err.h>
#include <intelmq/value.h>

enum {
	YAML_SIZE_MAX = 16 << 20, /* bytes of text */
	YAML_DEPTH_MAX = 100,     /* lists and maps inside each other */
	YAML_NODES_MAX = 1 << 20, /* values, those repeated by aliases and merges included */
};

/*
 * Where a value stands in the text. A tree of the shape of the value: child i belongs to item i of
 * the list or pair i of the map. The children of an alias are those of its anchor, but line and
 * column of the alias itself are its own.
 */
struct yaml_mark {
	uint32_t line,
		column; /* of the value, from 1; 0 where unknown (the text was read as JSON) */
	uint32_t key_line, key_column; /* of its key in a map, else as line and column */
	bool date;                     /* the value was an unquoted date or time */
	struct yaml_mark *children;
	size_t n;
};

/*
 * Reads one document; the empty text is null. A map with the same key twice is an error. Where a tab
 * stands that YAML forbids, the text is read as JSON instead, as tab-indented JSON is common.
 *
 * Aliases share the list or map with their anchor: value_copy before you change one. Everything lies
 * in the arena. `marks_out` may be NULL. Errors are FAULT_CONFIGURATION and begin with
 * "line L, column C: "; a merge conflict marker of git in the text gets its own advice.
 */
int yaml_parse(struct arena *, struct str text, struct value *out, struct yaml_mark **marks_out,
               struct err *);

/* The type that a plain (unquoted) scalar has, e.g. "12" the integer; text if none fits. */
struct value yaml_resolve(struct arena *, struct str plain);

/* The mark of a map's key, or NULL. `map` and `mark` belong together. */
const struct yaml_mark *yaml_mark_of(const struct dict *map, const struct yaml_mark *mark,
                                     struct str key);

/*
 * Writes a document: maps sorted by key, block style with two spaces, lists not indented, lists and
 * maps that hold scalars only in flow style, text plain where it reads back as text, else quoted,
 * lines folded at 80 columns, non-ASCII kept, a newline at the end.
 */
void yaml_write(struct buffer *, struct value);

/* True if the value with these marks holds a date anywhere. */
bool yaml_has_date(const struct yaml_mark *);

/*
 * The document as Python's repr() shows it: {'a': datetime.date(2015, 8, 31)}. For comparing with
 * records of the reference, which show documents with dates this way. `marks` may be NULL.
 */
void yaml_repr(struct buffer *, struct value, const struct yaml_mark *marks);
