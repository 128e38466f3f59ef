/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * event.h - the inside of a message; bots see <intelmq/event.h> only.
 *
 * Slots keep the order of insertion; a deleted one stays as a gap. A slot that came from the wire
 * and was not changed remembers its JSON text, so that encoding it again is a copy of bytes;
 * numbers and nested values are decoded when somebody looks at them.
 */
#pragma once
#include <intelmq/event.h>

#include "message/fields.h"

enum {
	MAX_EVENT_FIELDS = 20000, /* fields of one message; more is a hostile or broken message */
	MAX_KEY = 10000,          /* bytes of a field name */
};

struct slot {
	struct str key;
	const struct field *field; /* NULL: a key of its own, as extra.tag */
	uint64_t hash;             /* of an own key */
	struct value value;
	struct str json; /* its text on the wire while unchanged, else p = NULL */
	bool lazy;       /* `value` is still to be decoded from `json`; its kind is known */
	bool gap;        /* deleted */
	unsigned char joined;
};

/* What stands in front of the `json` of a slot. */
enum joined {
	JOINED_NOT,
	JOINED_KEY, /* its key as it is written: `"source.ip": ` */
	JOINED_COMMA, /* and before that `, `: together with the slot before it may be copied in one piece */
};

struct event {
	struct arena *arena;
	const struct data_format *format;
	const struct fields *fields;
	struct slot *slots;
	size_t n, capacity;  /* slots in use, gaps included */
	size_t live;         /* without gaps */
	uint32_t *by_field;  /* field id -> slot + 1 */
	uint32_t *own_index; /* hash table over own keys, made when there are many */
	size_t own_index_size, n_own;
	struct str origin;          /* wire text it was decoded from */
	const struct event *parent; /* the event it was copied from, while that was new */
	struct err *err;            /* where failures are recorded */
	bool own_err;               /* in the arena, not the caller's */
};

/* An empty message of a section. Failures go to `err`, or stay in the message if it is NULL. */
struct event *event_new_in(struct arena *, const struct data_format *, const struct fields *,
                           struct err *err);

/*
 * The reference's constructor: `input` pairs are added unsanitised where valid, else sanitised.
 * Does not add time.observation. NULL on failure.
 */
struct event *event_from_dict(struct arena *, const struct data_format *, const struct fields *,
                              const struct dict *input, struct err *);

/* The reference's Event(other) / Report(other): `copied` names further report fields to take (may be NULL). */
struct event *event_from_event(struct arena *, const struct fields *, const struct event *other,
                               const struct list *copied, struct err *);

/* The slot of a key, or NULL. */
struct slot *event_slot(const struct event *, struct str key);
/* The same for keys that are no configured field. */
struct slot *event_own_slot(const struct event *, struct str key);

static inline struct slot *event_field_slot(const struct event *e, const struct field *field)
{
	uint32_t at = e->by_field[field->id];
	return at ? &e->slots[at - 1] : NULL;
}

/* The same where the configured field of the key (or NULL) is known. */
static inline struct slot *event_slot_of(const struct event *e, struct str key,
                                         const struct field *field)
{
	return field ? event_field_slot(e, field) : event_own_slot(e, key);
}

/* The value of a slot, decoded if it was not yet. */
const struct value *slot_value(const struct event *, struct slot *);

/* Makes room for `capacity` slots, for twice as many as now if that is 0. */
void event_slots_grow(struct event *, size_t capacity);

/* A new slot at the end with nothing in it. */
static inline struct slot *event_slot_new(struct event *e)
{
	if (e->n == e->capacity)
		event_slots_grow(e, 0);
	struct slot *slot = &e->slots[e->n++];
	*slot = (struct slot){ 0 };
	e->live++;
	return slot;
}

/* Appends a key of its own, which is borrowed. */
struct slot *event_append_own(struct event *, struct str key, struct value);

/* Appends without any check; the key must not be there. Used by the codec and by copies. */
static inline struct slot *event_append(struct event *e, struct str key, const struct field *field,
                                        struct value value)
{
	if (!field)
		return event_append_own(e, key, value);
	struct slot *slot = event_slot_new(e);
	slot->key = field->name;
	slot->field = field;
	slot->value = value;
	e->by_field[field->id] = (uint32_t)e->n;
	return slot;
}

/* Makes a gap of a slot. */
void slot_del(struct event *, struct slot *);

/*
 * One pair of a constructor's input whose key is not there: as it is where it is valid, else sanitised. 0, or -1: it
 * cannot be stored; *stored_out is its slot, or NULL if the value means "no value" or went into several slots.
 */
int event_add_pair(struct event *, struct str key, const struct field *, struct value,
                   struct slot **stored_out);

/* Appends `"key": value`; returns where the value begins in the buffer. */
size_t slot_encode(const struct slot *, struct buffer *);

/* A new message that begins with what `template` holds and borrows its bytes: it must outlive the copy. */
struct event *event_share(struct arena *, const struct event *template);

/* Encodes every value once, so that copies made by event_share need not. */
void event_freeze(struct event *);

/* The JSON of the pairs that the message was made from, without __type: what a dump of an invalid value holds. */
void event_origin_json(const struct event *, struct buffer *out);
