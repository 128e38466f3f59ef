/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "message/codec.h"

#include <intelmq/json.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- Decoding ---- */

struct scan {
	const char *p, *end;
};

static void skip_space(struct scan *s)
{
	while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		s->p++;
}

static bool take(struct scan *s, char c)
{
	skip_space(s);
	if (s->p == s->end || *s->p != c)
		return false;
	s->p++;
	return true;
}

/*
 * The end of a string whose inside starts at p, if it is pure ASCII without escapes; else NULL.
 * Nearly all strings are, and their bytes can be used as they lie.
 */
static const char *plain_end(const char *p, const char *end)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), low = _mm_set1_epi8(0x20);
	while (end - p >= 16) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)p);
		/* Signed comparison: bytes from 0x80 on are below 0x20, too. */
		__m128i special = _mm_or_si128(_mm_cmplt_epi8(bytes, low),
		                               _mm_or_si128(_mm_cmpeq_epi8(bytes, quote),
		                                            _mm_cmpeq_epi8(bytes, backslash)));
		unsigned mask = (unsigned)_mm_movemask_epi8(special);
		if (mask) {
			p += __builtin_ctz(mask);
			return *p == '"' ? p : NULL;
		}
		p += 16;
	}
#endif
	for (; p < end; p++) {
		unsigned char c = (unsigned char)*p;
		if (c == '"')
			return p;
		if (c == '\\' || c < 0x20 || c >= 0x80)
			return NULL;
	}
	return NULL;
}

/* A string: its text, and its span on the wire with the quotes. */
static int take_string(struct scan *s, struct arena *arena, struct str *text, struct str *span, struct err *err)
{
	const char *start = s->p, *close = plain_end(start + 1, s->end);
	if (close) {
		*text = (struct str){ start + 1, (size_t)(close - start - 1) };
		s->p = close + 1;
		*span = (struct str){ start, (size_t)(s->p - start) };
		return 0;
	}
	struct value v;
	enum value_kind kind;
	bool canonical;
	if (json_skip(start, s->end, &s->p, &kind, &canonical, err) < 0)
		return -1;
	*span = (struct str){ start, (size_t)(s->p - start) };
	if (json_parse(arena, *span, &v, err) < 0)
		return -1;
	*text = v.text;
	if (!canonical)
		*span = STR_NONE; /* written anew, so that the wire stays ASCII */
	return 0;
}

static int take_value(struct scan *s, struct event *e, struct slot *slot, struct err *err)
{
	skip_space(s);
	slot->lazy = false;
	if (s->p < s->end && *s->p == '"') {
		slot->value.kind = VALUE_STR;
		return take_string(s, e->arena, &slot->value.text, &slot->json, err);
	}
	const char *start = s->p;
	bool canonical;
	if (json_skip(start, s->end, &s->p, &slot->value.kind, &canonical, err) < 0)
		return -1;
	slot->json = (struct str){ start, (size_t)(s->p - start) };
	slot->lazy = true;
	if (!canonical) {
		slot_value(e, slot);
		slot->json = STR_NONE;
	}
	return 0;
}

/* The slot that a key of the wire belongs to; a repeated key replaces its value. */
static struct slot *slot_of_key(struct event *e, struct str key, struct err *err)
{
	struct slot *slot = event_slot(e, key);
	if (slot)
		return slot;
	const struct field *field = field_find(e->fields, key);
	if (!field) {
		const struct field *parent = field_parent(e->fields, key);
		if (!parent || !parent->json_dict) {
			err_set(err, FAULT_INVALID_KEY,
			        "invalid key '%.*s' This key is not allowed by the harmonization configuration",
			        STR_ARG(key));
			return NULL;
		}
	}
	if (e->live >= MAX_EVENT_FIELDS || key.n > MAX_KEY) {
		err_set(err, FAULT_OTHER, "too many fields or too long a name in one message");
		return NULL;
	}
	return event_append(e, key, field, value_null());
}

static int decode_pairs(struct event *e, struct scan *s, struct err *err)
{
	if (!take(s, '{'))
		return err_set(err, FAULT_OTHER, "a message must be a JSON object");
	skip_space(s);
	do {
		struct str key, span;
		skip_space(s);
		if (s->p == s->end || *s->p != '"')
			return err_set(err, FAULT_OTHER, "expected a field name");
		if (take_string(s, e->arena, &key, &span, err) < 0)
			return -1;
		if (!take(s, ':'))
			return err_set(err, FAULT_OTHER, "expected ':' after a field name");
		if (str_eq(key, S("__type"))) {
			struct slot type = { 0 };
			if (take_value(s, e, &type, err) < 0)
				return -1;
			continue;
		}
		struct slot *slot = slot_of_key(e, key, err);
		if (!slot || take_value(s, e, slot, err) < 0)
			return -1;
	} while (take(s, ','));
	if (!take(s, '}'))
		return err_set(err, FAULT_OTHER, "expected ',' or '}' after a value");
	skip_space(s);
	return s->p == s->end ? 0 : err_set(err, FAULT_OTHER, "extra data after the message");
}

/* The class is written last by all bots; knowing it first makes one pass enough. */
static const struct fields *class_at_end(const struct data_format *format, struct str wire)
{
	for (size_t i = 0; i < format->n; i++)
		if (str_ends(wire, format->sections[i].wire_type))
			return &format->sections[i];
	return NULL;
}

static struct event *decode_checked(struct arena *arena, const struct data_format *format, struct str wire,
                                    struct str default_type, struct err *err)
{
	struct value tree;
	if (json_parse(arena, wire, &tree, err) < 0)
		return NULL;
	if (tree.kind != VALUE_DICT) {
		err_set(err, FAULT_OTHER, "a message must be a JSON object");
		return NULL;
	}
	const struct value *type = dict_get(tree.dict, S("__type"));
	struct value chosen = type ? *type : default_type.p ? value_str(default_type) : value_null();
	dict_del(tree.dict, S("__type"));
	if (chosen.kind == VALUE_NULL && !type) {
		err_set(err, FAULT_OTHER, "the message has no __type");
		return NULL;
	}
	const struct fields *fields =
	        chosen.kind == VALUE_STR ? data_format_section(format, chosen.text) : NULL;
	if (!fields || !str_eq(fields->class_name, chosen.text)) {
		err_set(err, FAULT_INVALID_ARGUMENT, "unknown __type of message");
		return NULL;
	}
	return event_from_dict(arena, format, fields, tree.dict, err);
}

struct event *event_decode(struct arena *arena, const struct data_format *format, struct str wire,
                           struct str default_type, enum trust trust, struct err *err)
{
	const struct fields *fields = trust == WIRE_TRUSTED ? class_at_end(format, wire) : NULL;
	struct event *e;
	if (fields) {
		e = event_new_in(arena, format, fields, err);
		struct scan s = { wire.p, wire.p + wire.n };
		if (decode_pairs(e, &s, err) < 0)
			return NULL;
	} else {
		e = decode_checked(arena, format, wire, default_type, err);
		if (!e)
			return NULL;
	}
	e->origin = wire;
	return e;
}

/* ---- Encoding ---- */

static void encode_slot(const struct slot *slot, struct buffer *out)
{
	if (slot->field) {
		buffer_put(out, slot->field->quoted.p, slot->field->quoted.n);
	} else {
		json_write_str(out, slot->key, false);
		buffer_put(out, ": ", 2);
	}
	if (slot->json.p)
		buffer_put(out, slot->json.p, slot->json.n);
	else if (slot->value.kind == VALUE_STR)
		json_write_str(out, slot->value.text, false);
	else
		json_write(out, slot->value, 0);
}

static void encode_slots(const struct event *e, struct buffer *out, const char *between)
{
	buffer_put(out, "{", 1);
	for (size_t i = 0; i < e->n; i++) {
		if (e->slots[i].gap)
			continue;
		encode_slot(&e->slots[i], out);
		buffer_put(out, between, 2);
	}
}

void event_encode(const struct event *e, struct buffer *out)
{
	encode_slots(e, out, ", ");
	buffer_put(out, e->fields->wire_type.p, e->fields->wire_type.n);
}

void event_encode_fields(const struct event *e, struct buffer *out)
{
	encode_slots(e, out, ", ");
	if (e->live && !out->over)
		out->n -= 2; /* the separator behind the last one */
	buffer_put(out, "}", 1);
}

struct str message_without_type(struct arena *arena, struct str wire)
{
	struct value tree;
	if (json_parse(arena, wire, &tree, NULL) < 0 || tree.kind != VALUE_DICT)
		return wire;
	dict_del(tree.dict, S("__type"));
	struct buffer out;
	buffer_init_in(&out, arena, SIZE_MAX / 2);
	json_write(&out, tree, 0);
	return buffer_str(&out);
}
