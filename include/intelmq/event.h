/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * event.h - one message: an event, or the report it was parsed from.
 *
 * Both are flat maps "field name -> value" in order of insertion, typed by harmonization.conf.
 * A message lives in an arena; nobody frees it. A value is checked and sanitised where it enters
 * (event_set, event_add …), not again on every hop.
 *
 * Bots mostly need event_text / event_get to read and event_set / event_try to write.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/buffer.h>
#include <intelmq/err.h>
#include <intelmq/result.h>
#include <intelmq/value.h>

struct event;

/* ---- Reading ---- */

/* True if the field is there; for "extra": if any "extra.*" is. */
bool event_has(const struct event *, const char *field);

/*
 * The value of a field, or NULL if it is absent; borrowed, dies with the message or the next change
 * of that field. "extra" gives the JSON text of the nested object of all "extra.*".
 */
const struct value *event_get(const struct event *, const char *field);
const struct value *event_get_key(const struct event *, struct str key);

/* The value if it is a text, else STR_NONE (absent, number, list …). */
struct str event_text(const struct event *, const char *field);

/* True for a report (what a parser gets). */
bool event_is_report(const struct event *);

/* The decoded `raw` as bytes, or STR_NONE if there is none or it is no base64; lies in the message's arena. */
struct str event_raw(const struct event *);

/* Calls `each` for every field in order until it returns false; the event must not be changed meanwhile. */
void event_each(const struct event *,
                bool (*each)(void *context, struct str key, const struct value *), void *context);

/* ---- Writing ---- */

enum event_flags {
	EVENT_AS_IS = 1,     /* do not sanitise, only check */
	EVENT_LENIENT = 2,   /* an invalid value is refused quietly (an invalid name never is) */
	EVENT_OVERWRITE = 4, /* replace what is there; an ignored value deletes it */
	EVENT_KEEP = 8,      /* keep what is there: ADD_REFUSED */
};

enum added {
	ADD_FAILED = -1, /* event_err says why: KeyExists, InvalidKey, InvalidValue … */
	ADD_REFUSED = 0, /* not stored: kept what was there, or invalid and EVENT_LENIENT */
	ADD_STORED = 1,
	ADD_IGNORED = 2, /* null, "", "-" and "N/A" mean "no value" and are never stored */
};

/* The general form; without EVENT_OVERWRITE and EVENT_KEEP a field that is there is an error. */
enum added event_add(struct event *, struct str key, struct value, unsigned flags);

/* Whether a value would be accepted (after sanitation, if `sanitize`): 1, 0, or -1 for an invalid name. Stores nothing. */
int event_would_accept(struct event *, struct str key, struct value, bool sanitize);

/* event_add without flags: DONE, or BAD_DATA (the engine knows the reason). `return event_set(…);` */
enum result event_set(struct event *, const char *field, struct str text);
enum result event_set_value(struct event *, const char *field, struct value);

/* Replaces what is there. */
enum result event_replace(struct event *, const char *field, struct str text);

/* event_add with EVENT_LENIENT: false if the value is invalid. A field that is there already is an error (BAD_DATA). */
enum result event_try(struct event *, const char *field, struct str text, bool *stored_out);

/* Stores only if the field is absent and the value valid; never fails. True if stored. */
bool event_offer(struct event *, const char *field, struct str text);

/* As the reference's update(): every pair overwrites, first unsanitised, then sanitised. */
enum result event_update(struct event *, const struct dict *);

/* Takes over every field of another message, which wins; its values are valid already. */
void event_merge(struct event *, const struct event *other);

/* Removes a field ("extra": all of extra.*); false if it was not there. */
bool event_del(struct event *, const char *field);
bool event_del_key(struct event *, struct str key);

/* The error of the last event_* call that failed. */
const struct err *event_err(const struct event *);

/* ---- Whole messages ---- */

/* A copy in `arena` that lives on its own. */
struct event *event_dup(struct arena *, const struct event *);

/* The reference's Event(report): an event with the fields that a parser passes on. */
struct event *event_from_report(struct arena *, const struct event *report);

/*
 * SHA-256 over the sorted fields as the reference computes it, in lower-case hex (64 characters and a
 * NUL). With `whitelist` only the fields in `keys` count, else all but those; time.observation never does.
 */
void event_hash(const struct event *, const struct list *keys, bool whitelist, char hex_out[65]);
/* The same as 32 bytes. */
void event_hash_bytes(const struct event *, const struct list *keys, bool whitelist,
                      unsigned char out[32]);

enum event_export {
	EXPORT_HIERARCHICAL = 1,  /* split names at dots into nested objects */
	EXPORT_WITH_TYPE = 2,     /* with "__type" */
	EXPORT_EXTRA_AS_TEXT = 4, /* extra as one member with JSON text; event_to_dict only */
};

/* The reference's to_dict(); returns 0, or -1 where nesting is impossible (a scalar where an object must be). */
int event_to_dict(const struct event *, unsigned export, struct arena *, struct dict **out,
                  struct err *);

/* The reference's to_json(): keys sorted on every level, non-ASCII kept. */
int event_to_json(const struct event *, unsigned export, struct buffer *out, struct err *);
