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
	bool lazy;       /* `value` is still to be decoded from `json` */
	bool gap;        /* deleted */
};

struct event {
	struct arena *arena;
	const struct data_format *format;
	const struct fields *fields;
	struct slot *slots;
	size_t n, capacity; /* slots in use, gaps included */
	size_t live;        /* without gaps */
	uint32_t *by_field; /* field id -> slot + 1 */
	uint32_t *own_index; /* hash table over own keys, made when there are many */
	size_t own_index_size, n_own;
	struct str origin;          /* wire text it was decoded from */
	const struct event *parent; /* the event it was copied from, while that was new */
	struct err *err;            /* where failures are recorded */
	struct err own_err;
};

/* An empty message of a section. Failures go to `err`, or stay in the message if it is NULL. */
struct event *event_new_in(struct arena *, const struct data_format *, const struct fields *, struct err *err);

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

/* The value of a slot, decoded if it was not yet. */
const struct value *slot_value(const struct event *, struct slot *);

/* Appends without any check; `key` must not be there. Used by the codec and by copies. */
struct slot *event_append(struct event *, struct str key, const struct field *, struct value);

/* A new message that begins with what `template` holds and borrows its bytes: it must outlive the copy. */
struct event *event_share(struct arena *, const struct event *template);

/* Encodes every value once, so that copies made by event_share need not. */
void event_freeze(struct event *);

/* The JSON of the pairs that the message was made from, without __type: what a dump of an invalid value holds. */
void event_origin_json(const struct event *, struct buffer *out);
