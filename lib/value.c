/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/value.h>

#include <intelmq/hash.h>

#include <stdlib.h>

enum {
	SMALL_DICT = 12, /* searched linearly up to this size */
	SLOT_FREE = 0,   /* in dict.index: 0 = free, else position + 1 */
};

struct list *list_new(struct arena *arena)
{
	struct list *l = arena_zalloc(arena, 1, sizeof *l);
	l->arena = arena;
	return l;
}

void list_add(struct list *l, struct value v)
{
	if (l->n == l->capacity) {
		size_t capacity = l->capacity ? l->capacity * 2 : 4;
		struct value *items = arena_zalloc(l->arena, capacity, sizeof *items);
		if (l->n)
			memcpy(items, l->items, l->n * sizeof *items);
		l->items = items;
		l->capacity = capacity;
	}
	l->items[l->n++] = v;
}

struct dict *dict_new(struct arena *arena)
{
	struct dict *d = arena_zalloc(arena, 1, sizeof *d);
	d->arena = arena;
	return d;
}

static void index_put(struct dict *d, size_t position)
{
	size_t mask = d->index_size - 1, at = hash_bytes(d->pairs[position].key) & mask;
	while (d->index[at] != SLOT_FREE)
		at = (at + 1) & mask;
	d->index[at] = (uint32_t)position + 1;
}

static void index_build(struct dict *d, size_t size)
{
	d->index_size = size;
	d->index = arena_zalloc(d->arena, size, sizeof *d->index);
	for (size_t i = 0; i < d->n; i++)
		index_put(d, i);
}

static struct pair *find(const struct dict *d, struct str key)
{
	if (!d->index) {
		for (size_t i = 0; i < d->n; i++)
			if (str_eq(d->pairs[i].key, key))
				return &d->pairs[i];
		return NULL;
	}
	size_t mask = d->index_size - 1;
	for (size_t at = hash_bytes(key) & mask; d->index[at] != SLOT_FREE; at = (at + 1) & mask) {
		struct pair *pair = &d->pairs[d->index[at] - 1];
		if (str_eq(pair->key, key))
			return pair;
	}
	return NULL;
}

void dict_set(struct dict *d, struct str key, struct value v)
{
	struct pair *pair = find(d, key);
	if (pair) {
		pair->value = v;
		return;
	}
	if (d->n == d->capacity) {
		size_t capacity = d->capacity ? d->capacity * 2 : 8;
		struct pair *pairs = arena_zalloc(d->arena, capacity, sizeof *pairs);
		if (d->n)
			memcpy(pairs, d->pairs, d->n * sizeof *pairs);
		d->pairs = pairs;
		d->capacity = capacity;
	}
	d->pairs[d->n++] = (struct pair){ key, v };
	if (!d->index && d->n <= SMALL_DICT)
		return;
	if (d->index_size < d->n * 2)
		index_build(d, d->index_size ? d->index_size * 2 : 64);
	else
		index_put(d, d->n - 1);
}

const struct value *dict_get(const struct dict *d, struct str key)
{
	struct pair *pair = find(d, key);
	return pair ? &pair->value : NULL;
}

bool dict_del(struct dict *d, struct str key)
{
	struct pair *pair = find(d, key);
	if (!pair)
		return false;
	size_t at = (size_t)(pair - d->pairs);
	memmove(pair, pair + 1, (d->n - at - 1) * sizeof *pair);
	d->n--;
	if (d->index)
		index_build(d, d->index_size); /* positions moved; deleting is rare */
	return true;
}

struct value value_copy(struct arena *arena, struct value v)
{
	switch (v.kind) {
	case VALUE_STR:
	case VALUE_BYTES:
	case VALUE_BIG:
		v.text = arena_dup(arena, v.text);
		break;
	case VALUE_LIST: {
		struct list *l = list_new(arena);
		for (size_t i = 0; i < v.list->n; i++)
			list_add(l, value_copy(arena, v.list->items[i]));
		v.list = l;
		break;
	}
	case VALUE_DICT: {
		struct dict *d = dict_new(arena);
		for (size_t i = 0; i < v.dict->n; i++)
			dict_set(d, arena_dup(arena, v.dict->pairs[i].key),
			         value_copy(arena, v.dict->pairs[i].value));
		v.dict = d;
		break;
	}
	default:
		break;
	}
	return v;
}

static bool is_number(struct value v)
{
	return v.kind == VALUE_INT || v.kind == VALUE_FLOAT || v.kind == VALUE_BOOL;
}

/* int == float as Python does it: exact, not after rounding the integer. */
static bool int_eq_float(int64_t i, double d)
{
	return d >= -0x1p63 && d < 0x1p63 && (double)(int64_t)d == d && (int64_t)d == i;
}

static bool number_eq(struct value a, struct value b)
{
	int64_t x = a.kind == VALUE_BOOL ? a.boolean : a.integer;
	int64_t y = b.kind == VALUE_BOOL ? b.boolean : b.integer;
	if (a.kind == VALUE_FLOAT)
		return b.kind == VALUE_FLOAT ? a.real == b.real : int_eq_float(y, a.real);
	return b.kind == VALUE_FLOAT ? int_eq_float(x, b.real) : x == y;
}

static bool container_eq(struct value a, struct value b, bool (*eq)(struct value, struct value))
{
	if (a.kind == VALUE_LIST) {
		if (a.list->n != b.list->n)
			return false;
		for (size_t i = 0; i < a.list->n; i++)
			if (!eq(a.list->items[i], b.list->items[i]))
				return false;
		return true;
	}
	if (a.dict->n != b.dict->n)
		return false;
	for (size_t i = 0; i < a.dict->n; i++) {
		const struct value *other = dict_get(b.dict, a.dict->pairs[i].key);
		if (!other || !eq(a.dict->pairs[i].value, *other))
			return false;
	}
	return true;
}

bool value_eq(struct value a, struct value b)
{
	if (is_number(a) && is_number(b))
		return number_eq(a, b);
	if (a.kind == VALUE_BIG && b.kind == VALUE_FLOAT)
		return strtod(a.text.p, NULL) == b.real;
	if (a.kind == VALUE_FLOAT && b.kind == VALUE_BIG)
		return value_eq(b, a);
	if (a.kind != b.kind)
		return false;
	switch (a.kind) {
	case VALUE_NULL:
		return true;
	case VALUE_STR:
	case VALUE_BYTES:
	case VALUE_BIG:
		return str_eq(a.text, b.text);
	default:
		return container_eq(a, b, value_eq);
	}
}

bool value_same(struct value a, struct value b)
{
	if (a.kind != b.kind)
		return false;
	switch (a.kind) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		return a.boolean == b.boolean;
	case VALUE_INT:
		return a.integer == b.integer;
	case VALUE_FLOAT:
		return a.real == b.real || (a.real != a.real && b.real != b.real);
	case VALUE_STR:
	case VALUE_BYTES:
	case VALUE_BIG:
		return str_eq(a.text, b.text);
	default:
		return container_eq(a, b, value_same);
	}
}

bool value_truthy(struct value v)
{
	switch (v.kind) {
	case VALUE_NULL:
		return false;
	case VALUE_BOOL:
		return v.boolean;
	case VALUE_INT:
		return v.integer != 0;
	case VALUE_FLOAT:
		return v.real != 0;
	case VALUE_BIG:
		return true;
	case VALUE_STR:
	case VALUE_BYTES:
		return v.text.n != 0;
	case VALUE_LIST:
		return v.list->n != 0;
	case VALUE_DICT:
		return v.dict->n != 0;
	}
	return false;
}
