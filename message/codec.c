/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reading messages from the wire; writing them is in encode.c. */
#include "message/codec.h"

#include <intelmq/json.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum { SHORT_INT = 18 }; /* digits that fit into 64 bits, whatever they are */

struct scan {
	const char *p, *end;
	const char *type; /* where the class is written at the end of the message, or NULL */
	enum trust trust;
	bool any_ignored; /* slots with null: values that mean "no value" */
};

static void skip_spaces(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

/* Most often there is one space or none. */
static inline void skip_space(struct scan *s)
{
	s->p += s->p < s->end && *s->p == ' ';
	if (s->p < s->end && (unsigned char)*s->p <= ' ')
		skip_spaces(s);
}

static inline bool take(struct scan *s, char c)
{
	if (s->p < s->end && *s->p == c) {
		s->p++;
		return true;
	}
	skip_space(s);
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

#ifdef __SSE2__
/* A bit for each of 16 bytes that cannot stand in a plain string. */
static inline unsigned special_bytes(const char *p)
{
	__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
	/* One more, compared with signs: below 0x20, DEL, and all from 0x80 on are less. */
	__m128i more = _mm_add_epi8(bytes, _mm_set1_epi8(1));
	__m128i special = _mm_or_si128(_mm_cmplt_epi8(more, _mm_set1_epi8(0x21)),
	                               _mm_or_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('"')),
	                                            _mm_cmpeq_epi8(bytes, _mm_set1_epi8('\\'))));
	return (unsigned)_mm_movemask_epi8(special);
}
#endif

/*
 * The end of a string whose inside starts at p, if it has neither escapes nor anything that is written
 * with one; else NULL. Nearly all strings are so, and their bytes can be used as they lie.
 */
static inline const char *plain_end(const char *p, const char *end)
{
#ifdef __SSE2__
	for (; end - p >= 16; p += 16) {
		unsigned mask = special_bytes(p);
		if (mask) {
			p += __builtin_ctz(mask);
			return *p == '"' ? p : NULL;
		}
	}
#endif
	for (; p < end; p++) {
		unsigned char c = (unsigned char)*p;
		if (c == '"')
			return p;
		if (c == '\\' || c < 0x20 || c >= 0x7F)
			return NULL;
	}
	return NULL;
}

/* A string with escapes or beyond ASCII: the text, and its span with the quotes. */
static int take_any_string(struct scan *s, struct arena *arena, struct str *out, struct err *err)
{
	const char *start = s->p;
	enum value_kind kind;
	bool ascii;
	if (json_skip(start, s->end, &s->p, &kind, &ascii, err) < 0)
		return -1;
	return json_string_decode(arena, (struct str){ start + 1, (size_t)(s->p - start - 2) },
	                          out);
}

/* *plain_out: the bytes on the wire are as we would write them. */
static inline int take_string(struct scan *s, struct arena *arena, struct str *out, bool *plain_out,
                              struct err *err)
{
	const char *start = s->p, *close = plain_end(start + 1, s->end);
	*plain_out = close != NULL;
	if (!close)
		return take_any_string(s, arena, out, err);
	s->p = close + 1;
	out->p = start + 1;
	out->n = (size_t)(close - start - 1);
	return 0;
}

static inline const char *digits_end(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* The end of a short number without exponent in front of a comma or brace, or NULL. */
static inline const char *number_end(const char *p, const char *end, enum value_kind *kind_out)
{
	const char *digits = p + (p < end && *p == '-');
	p = digits_end(digits, end);
	*kind_out = VALUE_INT;
	if (p == digits || p - digits > SHORT_INT || (*digits == '0' && p - digits > 1))
		return NULL;
	if (p < end && *p == '.') {
		const char *fraction = p + 1;
		p = digits_end(fraction, end);
		*kind_out = VALUE_FLOAT;
		if (p == fraction)
			return NULL;
	}
	return p < end && (*p == ',' || *p == '}') ? p : NULL;
}

/* An integer of few digits that is written in its one form. */
static inline bool take_short_int(struct scan *s, int64_t *out)
{
	enum value_kind kind;
	const char *p = s->p, *end = number_end(p, s->end, &kind);
	bool negative = *p == '-';
	int64_t number = 0;
	if (!end || kind != VALUE_INT || (negative && p[1] == '0'))
		return false;
	for (p += negative; p < end; p++)
		number = number * 10 + (*p - '0');
	*out = negative ? -number : number;
	s->p = end;
	return true;
}

/* A string that is not plain: decoded only when somebody looks at it, or if its bytes cannot be written again. */
static int take_special(struct scan *s, struct arena *arena, struct slot *slot, struct err *err)
{
	const char *start = s->p;
	bool ascii;
	if (json_skip(start, s->end, &s->p, &slot->value.kind, &ascii, err) < 0)
		return -1;
	slot->json = (struct str){ start, (size_t)(s->p - start) };
	slot->lazy = ascii;
	if (ascii)
		return 0;
	struct str inside = str_slice(slot->json, 1, slot->json.n - 1);
	slot->json = STR_NONE; /* the wire stays ASCII */
	return json_string_decode(arena, inside, &slot->value.text);
}

/* A value that is copied and, unless it is simple, decoded only when somebody looks at it. */
static inline int take_trusted(struct scan *s, struct event *e, struct slot *slot, struct err *err)
{
	skip_space(s);
	const char *start = s->p;
	slot->lazy = false;
	if (s->p < s->end && *s->p == '"') {
		slot->value.kind = VALUE_STR;
		const char *close = plain_end(start + 1, s->end);
		if (!close)
			return take_special(s, e->arena, slot, err);
		/* Word by word: copies of whole structures would wait for their halves. */
		slot->value.text.p = start + 1;
		slot->value.text.n = (size_t)(close - start - 1);
		slot->json.p = start;
		slot->json.n = (size_t)(close + 1 - start);
		s->p = close + 1;
		return 0;
	}
	const char *end = number_end(start, s->end, &slot->value.kind);
	if (end) {
		s->p = end;
		slot->json.p = start;
		slot->json.n = (size_t)(end - start);
		slot->lazy = true;
		return 0;
	}
	bool ascii;
	if (json_skip(start, s->end, &s->p, &slot->value.kind, &ascii, err) < 0)
		return -1;
	slot->json = (struct str){ start, (size_t)(s->p - start) };
	slot->lazy = true;
	if (!ascii) {
		slot_value(e, slot);
		slot->json = STR_NONE;
	}
	return 0;
}

/* A value as it is, and its span if it may be written again as it is. */
static int take_value(struct scan *s, struct arena *arena, struct value *out, struct str *span_out,
                      struct err *err)
{
	skip_space(s);
	const char *start = s->p;
	*span_out = STR_NONE;
	if (s->p < s->end && *s->p == '"') {
		bool plain;
		out->kind = VALUE_STR;
		if (take_string(s, arena, &out->text, &plain, err) < 0)
			return -1;
		if (plain) {
			span_out->p = start;
			span_out->n = (size_t)(s->p - start);
		}
		return 0;
	}
	if (s->p < s->end && take_short_int(s, &out->integer)) {
		out->kind = VALUE_INT;
		*span_out = (struct str){ start, (size_t)(s->p - start) };
		return 0;
	}
	size_t n;
	if (json_parse_prefix(arena, (struct str){ start, (size_t)(s->end - start) }, out, &n,
	                      err) < 0)
		return -1;
	s->p += n;
	return 0;
}

static int too_many(struct err *err)
{
	return err_set(err, FAULT_OTHER, "too many fields or too long a name in one message");
}

/* ---- Keys ---- */

/* Messages of one queue have the same fields in the same order mostly: the one that came next last time. */
static inline const struct field *guess(const struct fields *fields, uint32_t after,
                                        const struct scan *s)
{
	uint32_t next = __atomic_load_n(&fields->followers[after], __ATOMIC_RELAXED);
	const struct field *field = next ? &fields->all[next - 1] : NULL;
	if (!field || (size_t)(s->end - s->p) < field->quoted.n ||
	    !bytes_eq(s->p, field->quoted.p, field->quoted.n))
		return NULL;
	return field;
}

/* A key of the wire. */
struct key {
	struct str name;
	const struct field *field; /* NULL: a key of its own */
	bool canonical;            /* written as slot_encode would */
};

static int take_key(struct scan *s, struct event *e, uint32_t *after, struct key *out,
                    struct err *err)
{
	out->field = guess(e->fields, *after, s);
	if (out->field) {
		s->p += out->field->quoted.n;
		*after = out->field->id + 1;
		out->name = out->field->name;
		out->canonical = true;
		return 0;
	}
	if (s->p == s->end || *s->p != '"')
		return err_set(err, FAULT_OTHER, "expected a field name");
	if (take_string(s, e->arena, &out->name, &out->canonical, err) < 0)
		return -1;
	out->canonical = out->canonical && s->end - s->p >= 2 && s->p[0] == ':' && s->p[1] == ' ';
	if (out->canonical)
		s->p += 2;
	else if (!take(s, ':'))
		return err_set(err, FAULT_OTHER, "expected ':' after a field name");
	out->field = field_find(e->fields, out->name);
	if (out->field) {
		__atomic_store_n(&e->fields->followers[*after], out->field->id + 1,
		                 __ATOMIC_RELAXED);
		*after = out->field->id + 1;
	}
	return 0;
}

/* ---- Pairs ---- */

/* Whether there is a place for a key of its own. */
static bool is_known(const struct event *e, const struct key *key, struct err *err)
{
	if (e->fields->extra && e->fields->extra->json_dict && str_starts(key->name, S("extra.")))
		return true;
	const struct field *parent = field_parent(e->fields, key->name);
	if (parent && parent->json_dict)
		return true;
	err_set(err, FAULT_INVALID_KEY,
	        "invalid key '%.*s' This key is not allowed by the harmonization configuration",
	        STR_ARG(key->name));
	return false;
}

/* `extra` as a whole, which our bots do not write: its members are fields of their own. */
static int decode_members(struct scan *s, struct event *e, const struct key *key, struct err *err)
{
	struct value v;
	struct str span;
	struct slot *slot;
	if (take_value(s, e->arena, &v, &span, err) < 0)
		return -1;
	return event_add_pair(e, key->name, key->field, v, &slot);
}

/* A repeated key replaces the value in its place. */
static int decode_trusted_pair(struct scan *s, struct event *e, const struct key *key,
                               unsigned joined, struct err *err)
{
	struct slot *slot = event_slot_of(e, key->name, key->field);
	if (key->field && key->field->json_dict)
		return decode_members(s, e, key, err);
	if (!slot) {
		if (!key->field && !is_known(e, key, err))
			return -1;
		if (e->live >= MAX_EVENT_FIELDS || key->name.n > MAX_KEY)
			return too_many(err);
		slot = event_append(e, key->name, key->field, value_null());
	}
	const char *start = s->p;
	if (take_trusted(s, e, slot, err) < 0)
		return -1;
	slot->joined = slot->json.p == start ? (unsigned char)joined : JOINED_NOT;
	return 0;
}

/* Whether an integer or text is stored as it came. */
static bool is_unchanged(struct value now, struct value came)
{
	if (now.kind == VALUE_STR && came.kind == VALUE_STR)
		return now.text.p == came.text.p && now.text.n == came.text.n;
	return now.kind == VALUE_INT && came.kind == VALUE_INT && now.integer == came.integer;
}

/*
 * Every value is validated where it is added. What is unusual (a repeated key, any error) fails without
 * saying why: decode_by_dict looks at the whole of it then.
 */
static int decode_checked_pair(struct scan *s, struct event *e, const struct key *key,
                               unsigned joined)
{
	struct value v;
	struct str span;
	struct slot *slot;
	const char *start = s->p;
	if (event_slot_of(e, key->name, key->field) || e->live >= MAX_EVENT_FIELDS ||
	    key->name.n > MAX_KEY)
		return -1;
	if (take_value(s, e->arena, &v, &span, NULL) < 0 ||
	    event_add_pair(e, key->name, key->field, v, &slot) < 0)
		return -1;
	if (!slot && !(key->field && key->field->json_dict)) {
		event_append(e, key->name, key->field, value_null());
		s->any_ignored = true;
	} else if (slot && span.p && is_unchanged(slot->value, v)) {
		slot->json = span;
		slot->joined = span.p == start ? (unsigned char)joined : JOINED_NOT;
	}
	return 0;
}

/* A class that is named elsewhere than at the end. */
static int take_class(struct scan *s, struct event *e, struct err *err)
{
	struct value v;
	struct str span;
	if (take_value(s, e->arena, &v, &span, err) < 0)
		return -1;
	/* The last one counts; a trusted message has that at its end. */
	return s->trust == WIRE_TRUSTED || value_is_text(v, e->fields->class_name) ? 0 : -1;
}

static int decode_pair(struct scan *s, struct event *e, uint32_t *after, unsigned joined,
                       struct err *err)
{
	struct key key;
	if (take_key(s, e, after, &key, err) < 0)
		return -1;
	if (!key.field && str_eq(key.name, S("__type")))
		return take_class(s, e, err);
	joined = key.canonical ? joined : JOINED_NOT;
	if (s->trust == WIRE_TRUSTED)
		return decode_trusted_pair(s, e, &key, joined, err);
	return decode_checked_pair(s, e, &key, joined);
}

static int decode_pairs(struct event *e, struct scan *s, struct err *err)
{
	uint32_t after = 0;
	unsigned joined = JOINED_KEY;
	if (!take(s, '{'))
		return err_set(err, FAULT_OTHER, "a message must be a JSON object");
	do {
		skip_space(s);
		if (s->p == s->type) {
			s->p = s->end;
			return 0;
		}
		if (decode_pair(s, e, &after, joined, err) < 0)
			return -1;
		joined = s->end - s->p >= 3 && s->p[0] == ',' && s->p[1] == ' ' && s->p[2] == '"'
		               ? JOINED_COMMA
		               : JOINED_KEY;
	} while (take(s, ','));
	if (!take(s, '}'))
		return err_set(err, FAULT_OTHER, "expected ',' or '}' after a value");
	skip_space(s);
	return s->p == s->end ? 0 : err_set(err, FAULT_OTHER, "extra data after the message");
}

static void drop_ignored(struct event *e)
{
	for (size_t i = 0; i < e->n; i++)
		if (!e->slots[i].gap && e->slots[i].value.kind == VALUE_NULL)
			slot_del(e, &e->slots[i]);
}

/* ---- Messages ---- */

/* The class is written last by all bots; knowing it first makes one pass enough. */
static const struct fields *class_at_end(const struct data_format *format, struct str wire)
{
	for (size_t i = 0; i < format->n; i++)
		if (str_ends(wire, format->sections[i].wire_type))
			return &format->sections[i];
	return NULL;
}

static const struct fields *class_called(const struct data_format *format, struct str name)
{
	const struct fields *fields = data_format_section(format, name);
	return fields && str_eq(fields->class_name, name) ? fields : NULL;
}

/* In two steps, as the reference does it; says what is wrong. */
static struct event *decode_by_dict(struct arena *arena, const struct data_format *format,
                                    struct str wire, struct str default_type, struct err *err)
{
	struct value tree;
	if (json_parse(arena, wire, &tree, err) < 0)
		return NULL;
	if (tree.kind != VALUE_DICT) {
		err_set(err, FAULT_OTHER, "a message must be a JSON object");
		return NULL;
	}
	const struct value *type = dict_get(tree.dict, S("__type"));
	struct value chosen = type           ? *type
	                    : default_type.p ? value_str(default_type)
	                                     : value_null();
	dict_del(tree.dict, S("__type"));
	if (chosen.kind == VALUE_NULL && !type) {
		err_set(err, FAULT_OTHER, "the message has no __type");
		return NULL;
	}
	const struct fields *fields = chosen.kind == VALUE_STR ? class_called(format, chosen.text)
	                                                       : NULL;
	if (!fields) {
		err_set(err, FAULT_INVALID_ARGUMENT, "unknown __type of message");
		return NULL;
	}
	return event_from_dict(arena, format, fields, tree.dict, err);
}

/* In one pass, straight into the slots. NULL if that is not possible: then err says nothing yet. */
static struct event *decode_checked(struct arena *arena, const struct data_format *format,
                                    const struct fields *fields, struct str wire, bool typed,
                                    struct err *err)
{
	struct scan s = { wire.p, wire.p + wire.n, .trust = WIRE_CHECKED };
	struct event *e = event_new_in(arena, format, fields, err);
	struct err *real = e->err, quiet;
	if (typed)
		s.type = s.end - fields->wire_type.n;
	e->err = &quiet; /* what fails here is tried again */
	int rc = decode_pairs(e, &s, NULL);
	e->err = real;
	if (rc < 0)
		return NULL;
	if (s.any_ignored)
		drop_ignored(e);
	return e;
}

static struct event *decode_trusted(struct arena *arena, const struct data_format *format,
                                    const struct fields *fields, struct str wire, struct err *err)
{
	struct scan s = { wire.p, wire.p + wire.n, .trust = WIRE_TRUSTED };
	struct event *e = event_new_in(arena, format, fields, err);
	s.type = s.end - fields->wire_type.n;
	return decode_pairs(e, &s, err) < 0 ? NULL : e;
}

struct event *event_decode(struct arena *arena, const struct data_format *format, struct str wire,
                           struct str default_type, enum trust trust, struct err *err)
{
	const struct fields *fields = class_at_end(format, wire);
	struct event *e = NULL;
	if (fields && trust == WIRE_TRUSTED) {
		e = decode_trusted(arena, format, fields, wire, err);
		if (!e)
			return NULL;
	} else {
		const struct fields *usual = fields         ? fields
		                           : default_type.p ? class_called(format, default_type)
		                                            : NULL;
		if (usual)
			e = decode_checked(arena, format, usual, wire, fields != NULL, err);
		if (!e)
			e = decode_by_dict(arena, format, wire, default_type, err);
		if (!e)
			return NULL;
	}
	e->origin = wire;
	return e;
}
