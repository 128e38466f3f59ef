/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Messages as other shapes: nested objects, JSON with sorted keys, and the hash over them. */
#include "message/event.h"

#include <intelmq/json.h>
#include <intelmq/repr.h>

#include <openssl/evp.h>
#include <stdlib.h>

/* The object below `name`, made if it is missing; NULL if something else is in its place. */
static struct dict *child(struct dict *parent, struct str name)
{
	const struct value *v = dict_get(parent, name);
	if (v)
		return v->kind == VALUE_DICT ? v->dict : NULL;
	struct dict *made = dict_new(parent->arena);
	dict_set(parent, name, value_dict(made));
	return made;
}

static struct str last_component(struct str key)
{
	for (size_t i = key.n; i > 0; i--)
		if (key.p[i - 1] == '.')
			return str_slice(key, i, key.n);
	return key;
}

static int nest(struct dict *whole, struct str key, struct value v, struct err *err)
{
	struct str rest = key, last = last_component(key);
	struct dict *at = whole;
	while (true) {
		struct str name = str_cut(&rest, '.');
		/* As in the reference, a component that equals the last one ends the nesting. */
		if (!rest.p || str_eq(name, last)) {
			/* A nested object may get members here; the message must not see them. */
			dict_set(at, name, value_copy(whole->arena, v));
			return 0;
		}
		at = child(at, name);
		if (!at)
			return err_set(err, FAULT_OTHER,
			               "'%.*s' cannot be nested: a part of its name has a value",
			               STR_ARG(key));
	}
}

int event_to_dict(const struct event *e, unsigned export, struct arena *arena, struct dict **out,
                  struct err *err)
{
	struct dict *whole = dict_new(arena), *extra = NULL;
	if (export & EXPORT_WITH_TYPE)
		dict_set(whole, S("__type"), value_str(e->fields->class_name));
	for (size_t i = 0; i < e->n; i++) {
		struct slot *slot = &e->slots[i];
		if (slot->gap)
			continue;
		struct value v = *slot_value(e, slot);
		if (export & EXPORT_EXTRA_AS_TEXT && e->fields->extra &&
		    str_starts(slot->key, S("extra."))) {
			extra = extra ? extra : dict_new(arena);
			dict_set(extra, str_slice(slot->key, 6, slot->key.n), v);
		} else if (!(export & EXPORT_HIERARCHICAL)) {
			dict_set(whole, slot->key, v);
		} else if (nest(whole, slot->key, v, err) < 0) {
			return -1;
		}
	}
	if (extra) {
		struct buffer text;
		buffer_init_in(&text, arena, SIZE_MAX / 2);
		json_write(&text, value_dict(extra), JSON_KEEP_UNICODE);
		dict_set(whole, S("extra"), value_str(buffer_str(&text)));
	}
	*out = whole;
	return 0;
}

int event_to_json(const struct event *e, unsigned export, struct buffer *out, struct err *err)
{
	struct dict *whole;
	if (event_to_dict(e, export & ~(unsigned)EXPORT_EXTRA_AS_TEXT, e->arena, &whole, err) < 0)
		return -1;
	json_write(out, value_dict(whole), JSON_SORT_KEYS | JSON_KEEP_UNICODE);
	return 0;
}

static bool counts(const struct event *e, const struct slot *slot, const struct list *keys,
                   bool whitelist)
{
	if (slot->gap || slot->field == e->fields->time_observation)
		return false;
	for (size_t i = 0; keys && i < keys->n; i++)
		if (value_is_text(keys->items[i], slot->key))
			return whitelist;
	return !whitelist;
}

static int by_key(const void *a, const void *b)
{
	const struct slot *x = *(struct slot *const *)a, *y = *(struct slot *const *)b;
	if (x->field && y->field)
		return (x->field->rank > y->field->rank) - (x->field->rank < y->field->rank);
	return str_cmp(x->key, y->key);
}

void event_hash_bytes(const struct event *e, const struct list *keys, bool whitelist,
                      unsigned char out[32])
{
	struct slot **sorted = arena_alloc(e->arena, (e->live + 1) * sizeof(struct slot *));
	size_t n = 0;
	for (size_t i = 0; i < e->n; i++)
		if (counts(e, &e->slots[i], keys, whitelist))
			sorted[n++] = &e->slots[i];
	qsort(sorted, n, sizeof(struct slot *), by_key);
	struct buffer text;
	buffer_init_in(&text, e->arena, SIZE_MAX / 2);
	for (size_t i = 0; i < n; i++) {
		buffer_put(&text, sorted[i]->key.p, sorted[i]->key.n);
		buffer_put(&text, "\xC0", 1);
		repr_write(&text, *slot_value(e, sorted[i]));
		buffer_put(&text, "\xC0", 1);
	}
	if (EVP_Digest(text.p ? text.p : "", text.n, out, NULL, EVP_sha256(), NULL) != 1)
		abort();
}

void event_hash(const struct event *e, const struct list *keys, bool whitelist, char hex_out[65])
{
	unsigned char digest[32];
	event_hash_bytes(e, keys, whitelist, digest);
	for (size_t i = 0; i < sizeof digest; i++) {
		hex_out[2 * i] = "0123456789abcdef"[digest[i] >> 4];
		hex_out[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
	}
	hex_out[64] = 0;
}
