/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * value.h - the values that fields, parameters and JSON documents hold.
 *
 * They are what Python's json module knows, because that is what the reference computes with:
 * integers of any size are kept, integer and float differ (100 is not 100.0), maps keep their
 * order. A value borrows its bytes, usually from an arena.
 */
#pragma once
#include <intelmq/arena.h>

enum value_kind {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_BIG, /* an integer beyond 64 bits: `text` has its decimal digits, "-" before a negative one */
	VALUE_FLOAT,
	VALUE_STR,
	VALUE_BYTES, /* never in JSON; input of sanitation only */
	VALUE_LIST,
	VALUE_DICT,
};

struct list;
struct dict;

struct value {
	enum value_kind kind;
	union {
		bool boolean;
		int64_t integer;
		double real;
		struct str text; /* VALUE_STR, VALUE_BYTES, VALUE_BIG */
		struct list *list;
		struct dict *dict;
	};
};

struct list {
	struct arena *arena; /* where it grows */
	struct value *items;
	size_t n, capacity;
};

struct pair {
	struct str key;
	struct value value;
};

/* A map in order of insertion; keys are unique, a later value replaces the earlier in its place. */
struct dict {
	struct arena *arena;
	struct pair *pairs;
	size_t n, capacity;
	uint32_t *index; /* hash table over pairs, made when the map is no longer small; else NULL */
	size_t index_size;
};

static inline struct value value_null(void)
{
	return (struct value){ .kind = VALUE_NULL };
}
static inline struct value value_bool(bool b)
{
	return (struct value){ .kind = VALUE_BOOL, .boolean = b };
}
static inline struct value value_int(int64_t i)
{
	return (struct value){ .kind = VALUE_INT, .integer = i };
}
static inline struct value value_float(double d)
{
	return (struct value){ .kind = VALUE_FLOAT, .real = d };
}
static inline struct value value_str(struct str s)
{
	return (struct value){ .kind = VALUE_STR, .text = s };
}
static inline struct value value_bytes(struct str s)
{
	return (struct value){ .kind = VALUE_BYTES, .text = s };
}
static inline struct value value_list(struct list *l)
{
	return (struct value){ .kind = VALUE_LIST, .list = l };
}
static inline struct value value_dict(struct dict *d)
{
	return (struct value){ .kind = VALUE_DICT, .dict = d };
}
static inline struct value value_cstr(const char *s)
{
	return s ? value_str(str_of(s)) : value_null();
}

/* Initialisers for tables: a text, and a list of them as the default of a parameter: TEXTS(TEXT("a"), TEXT("b")). */
#define TEXT(literal)                                                                              \
	{                                                                                          \
		.kind = VALUE_STR, .text = { "" literal, sizeof(literal) - 1 }                     \
	}
#define TEXTS(...)                                                                                 \
	&(const struct list)                                                                       \
	{                                                                                          \
		.items = (struct value[]){ __VA_ARGS__ },                                          \
		.n = sizeof((struct value[]){ __VA_ARGS__ }) / sizeof(struct value)                \
	}

static inline bool value_is_text(struct value v, struct str text)
{
	return v.kind == VALUE_STR && str_eq(v.text, text);
}

struct list *list_new(struct arena *) __attribute__((returns_nonnull));
void list_add(struct list *, struct value);

struct dict *dict_new(struct arena *) __attribute__((returns_nonnull));
/* Adds or replaces; the key is borrowed. */
void dict_set(struct dict *, struct str key, struct value);
/* The value, or NULL; borrowed until the next dict_set. */
const struct value *dict_get(const struct dict *, struct str key);
/* Removes a key; false if it was not there. */
bool dict_del(struct dict *, struct str key);

/* A deep copy whose every byte lies in `arena`. */
struct value value_copy(struct arena *arena, struct value);

/* Python's ==: 1 == 1.0 == true, maps regardless of order, NaN differs from itself. */
bool value_eq(struct value a, struct value b);

/* Python's truth: null, false, 0, 0.0, and everything empty are false. */
bool value_truthy(struct value);

/* As value_eq, but integer, float and boolean differ: the comparison of JSON documents. */
bool value_same(struct value a, struct value b);
