/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Slots: finding, appending, deleting, copying. What a value may be is decided in event_add.c. */
#include "message/event.h"

#include <intelmq/base64.h>
#include <intelmq/hash.h>
#include <intelmq/json.h>

enum {
	FIRST_SLOTS = 40,  /* room for a usual message and what experts add to it */
	FEW_OWN_KEYS = 12, /* searched linearly up to this many */
};

struct event *event_new_in(struct arena *arena, const struct data_format *format,
                           const struct fields *fields, struct err *err)
{
	struct event *e = arena_zalloc(arena, 1, sizeof *e);
	e->arena = arena;
	e->format = format;
	e->fields = fields;
	e->by_field = arena_zalloc(arena, fields->n, sizeof *e->by_field);
	e->own_err = !err;
	e->err = err;
	if (!err) {
		e->err = arena_alloc(arena, sizeof *e->err);
		e->err->fault = FAULT_NONE;
		e->err->text[0] = 0;
	}
	return e;
}

static void own_index_put(struct event *e, size_t position)
{
	size_t mask = e->own_index_size - 1, at = e->slots[position].hash & mask;
	while (e->own_index[at])
		at = (at + 1) & mask;
	e->own_index[at] = (uint32_t)position + 1;
}

static void own_index_build(struct event *e, size_t size)
{
	e->own_index_size = size;
	e->own_index = arena_zalloc(e->arena, size, sizeof *e->own_index);
	for (size_t i = 0; i < e->n; i++)
		if (!e->slots[i].field)
			own_index_put(e, i);
}

struct slot *event_own_slot(const struct event *e, struct str key)
{
	if (!e->n_own)
		return NULL;
	uint64_t hash = hash_bytes(key);
	if (!e->own_index) {
		for (size_t i = 0; i < e->n; i++) {
			struct slot *slot = &e->slots[i];
			if (!slot->field && !slot->gap && slot->hash == hash &&
			    str_eq(slot->key, key))
				return slot;
		}
		return NULL;
	}
	size_t mask = e->own_index_size - 1;
	for (size_t at = hash & mask; e->own_index[at]; at = (at + 1) & mask) {
		struct slot *slot = &e->slots[e->own_index[at] - 1];
		if (!slot->gap && slot->hash == hash && str_eq(slot->key, key))
			return slot;
	}
	return NULL;
}

struct slot *event_slot(const struct event *e, struct str key)
{
	return event_slot_of(e, key, field_find(e->fields, key));
}

void event_slots_grow(struct event *e, size_t capacity)
{
	if (!capacity)
		capacity = e->capacity ? e->capacity * 2 : FIRST_SLOTS;
	struct slot *slots = arena_alloc(e->arena, capacity * sizeof *slots);
	if (e->n)
		memcpy(slots, e->slots, e->n * sizeof *slots);
	e->slots = slots;
	e->capacity = capacity;
}

struct slot *event_append_own(struct event *e, struct str key, struct value value)
{
	struct slot *slot = event_slot_new(e);
	slot->key = key;
	slot->value = value;
	slot->hash = hash_bytes(key);
	e->n_own++;
	if (e->own_index && e->own_index_size >= e->n_own * 2)
		own_index_put(e, e->n - 1);
	else if (e->n_own > FEW_OWN_KEYS)
		own_index_build(e, e->own_index ? e->own_index_size * 2 : 64);
	return slot;
}

const struct value *slot_value(const struct event *e, struct slot *slot)
{
	if (slot->lazy) {
		/* The text was validated when it was taken from the wire. */
		if (json_parse(e->arena, slot->json, &slot->value, NULL) < 0)
			slot->value = value_null();
		slot->lazy = false;
	}
	return &slot->value;
}

static bool is_extra(const struct event *e, const struct slot *slot)
{
	return !slot->gap && e->fields->extra && str_starts(slot->key, S("extra."));
}

static bool has_extra(const struct event *e)
{
	for (size_t i = 0; i < e->n; i++)
		if (is_extra(e, &e->slots[i]))
			return true;
	return false;
}

bool event_has(const struct event *e, const char *name)
{
	struct str key = str_of(name);
	if (e->fields->extra && str_eq(key, S("extra")))
		return has_extra(e);
	return event_slot(e, key) != NULL;
}

/* The JSON text of all extra.* as the nested object, as the reference shows `extra`. */
static const struct value *extra_value(const struct event *e)
{
	struct dict *whole;
	const struct value *extra = NULL;
	if (event_to_dict(e, EXPORT_HIERARCHICAL, e->arena, &whole, NULL) == 0)
		extra = dict_get(whole, S("extra"));
	if (!extra)
		return NULL;
	struct buffer text;
	buffer_init_in(&text, e->arena, SIZE_MAX / 2);
	json_write(&text, *extra, 0);
	struct value *v = arena_alloc(e->arena, sizeof *v);
	*v = value_str(buffer_str(&text));
	return v;
}

const struct value *event_get_key(const struct event *e, struct str key)
{
	if (e->fields->extra && str_eq(key, S("extra")))
		return extra_value(e);
	struct slot *slot = event_slot(e, key);
	return slot ? slot_value(e, slot) : NULL;
}

const struct value *event_get(const struct event *e, const char *field)
{
	return event_get_key(e, str_of(field));
}

struct str event_text(const struct event *e, const char *field)
{
	const struct value *v = event_get(e, field);
	return v && v->kind == VALUE_STR ? v->text : STR_NONE;
}

bool event_is_report(const struct event *e)
{
	return e->fields == e->format->report;
}

struct str event_raw(const struct event *e)
{
	struct str text = event_text(e, "raw"), bytes;
	if (!text.p || base64_decode(e->arena, text, &bytes, NULL) < 0)
		return STR_NONE;
	return bytes;
}

void event_each(const struct event *e, bool (*each)(void *, struct str, const struct value *),
                void *context)
{
	for (size_t i = 0; i < e->n; i++)
		if (!e->slots[i].gap &&
		    !each(context, e->slots[i].key, slot_value(e, &e->slots[i])))
			return;
}

void slot_del(struct event *e, struct slot *slot)
{
	slot->gap = true;
	e->live--;
	if (slot->field)
		e->by_field[slot->field->id] = 0;
}

bool event_del_key(struct event *e, struct str key)
{
	if (e->fields->extra && str_eq(key, S("extra"))) {
		bool found = false;
		for (size_t i = 0; i < e->n; i++)
			if (is_extra(e, &e->slots[i])) {
				slot_del(e, &e->slots[i]);
				found = true;
			}
		return found;
	}
	struct slot *slot = event_slot(e, key);
	if (!slot)
		return false;
	slot_del(e, slot);
	return true;
}

bool event_del(struct event *e, const char *field)
{
	return event_del_key(e, str_of(field));
}

const struct err *event_err(const struct event *e)
{
	return e->err;
}

static struct event *empty_copy(struct arena *arena, const struct event *other)
{
	struct event *e = event_new_in(arena, other->format, other->fields,
	                               other->own_err ? NULL : other->err);
	event_slots_grow(e, other->live + FIRST_SLOTS);
	return e;
}

struct event *event_share(struct arena *arena, const struct event *template)
{
	struct event *e = empty_copy(arena, template);
	for (size_t i = 0; i < template->n; i++) {
		struct slot *from = &template->slots[i];
		if (from->gap)
			continue;
		struct slot *to = event_append(e, from->key, from->field, from->value);
		to->json = from->json;
		to->lazy = from->lazy;
		to->joined = from->joined;
	}
	e->parent = template;
	e->origin = template->origin;
	return e;
}

void event_freeze(struct event *e)
{
	/* All in one piece, so that encoding a copy of it is one copy of bytes. */
	struct span {
		size_t start, end;
	} *spans = arena_alloc(e->arena, (e->n + 1) * sizeof *spans);
	struct buffer text;
	buffer_init_in(&text, e->arena, SIZE_MAX / 2);
	for (size_t i = 0; i < e->n; i++) {
		if (e->slots[i].gap)
			continue;
		spans[i].start = slot_encode(&e->slots[i], &text);
		spans[i].end = text.n;
		buffer_put(&text, ", ", 2);
	}
	for (size_t i = 0; i < e->n; i++) {
		if (e->slots[i].gap)
			continue;
		e->slots[i].json = (struct str){ text.p + spans[i].start,
			                         spans[i].end - spans[i].start };
		e->slots[i].joined = spans[i].start > e->slots[i].key.n + 4 ? JOINED_COMMA
		                                                            : JOINED_KEY;
	}
}

struct event *event_dup(struct arena *arena, const struct event *other)
{
	if (other->arena == arena) {
		struct event *e = event_share(arena, other);
		e->parent = other->parent;
		return e;
	}
	struct event *e = empty_copy(arena, other);
	for (size_t i = 0; i < other->n; i++) {
		struct slot *from = &other->slots[i];
		if (from->gap)
			continue;
		struct str key = from->field ? STR_NONE : arena_dup(arena, from->key);
		event_append(e, key, from->field, value_copy(arena, *slot_value(other, from)));
	}
	e->origin = other->origin.p ? arena_dup(arena, other->origin) : STR_NONE;
	return e;
}

void event_merge(struct event *e, const struct event *other)
{
	bool alike = e->fields == other->fields;
	for (size_t i = 0; i < other->n; i++) {
		const struct slot *from = &other->slots[i];
		if (from->gap)
			continue;
		struct slot *to = alike && from->field ? event_field_slot(e, from->field)
		                                       : event_slot(e, from->key);
		if (!to)
			to = event_append(e, from->key,
			                  alike ? from->field : field_find(e->fields, from->key),
			                  from->value);
		to->value = from->value;
		to->json = from->json;
		to->lazy = from->lazy;
		to->joined = from->joined;
	}
}
