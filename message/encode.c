/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "message/codec.h"

#include <intelmq/json.h>

size_t slot_encode(const struct slot *slot, struct buffer *out)
{
	if (slot->field) {
		buffer_put(out, slot->field->quoted.p, slot->field->quoted.n);
	} else {
		json_write_str(out, slot->key, false);
		buffer_put(out, ": ", 2);
	}
	size_t start = out->n;
	if (slot->json.p)
		buffer_put(out, slot->json.p, slot->json.n);
	else if (slot->value.kind == VALUE_STR)
		json_write_str(out, slot->value.text, false);
	else
		json_write(out, slot->value, 0);
	return start;
}

/* Where the text of a slot begins in the bytes that it came from. */
static const char *text_start(const struct slot *slot)
{
	size_t key = slot->field ? slot->field->quoted.n : slot->key.n + 4;
	return slot->json.p - key;
}

/*
 * Copies the slot at `i` and those behind it that stand behind it in its text, too; returns the index
 * of the next one. Most of a message is one such run.
 */
static size_t encode_run(const struct event *e, size_t i, struct buffer *out)
{
	const struct slot *slot = &e->slots[i];
	const char *start = text_start(slot), *end = slot->json.p + slot->json.n;
	for (i++; i < e->n; i++) {
		slot = &e->slots[i];
		if (slot->gap)
			continue;
		if (!slot->json.p || slot->joined != JOINED_COMMA || text_start(slot) != end + 2)
			break;
		end = slot->json.p + slot->json.n;
	}
	buffer_put(out, start, (size_t)(end - start));
	return i;
}

/* All fields, each followed by ", ". */
static void encode_slots(const struct event *e, struct buffer *out)
{
	buffer_put(out, "{", 1);
	for (size_t i = 0; i < e->n;) {
		const struct slot *slot = &e->slots[i];
		if (slot->gap) {
			i++;
			continue;
		}
		if (slot->json.p && slot->joined) {
			i = encode_run(e, i, out);
		} else {
			slot_encode(slot, out);
			i++;
		}
		buffer_put(out, ", ", 2);
	}
}

void event_encode(const struct event *e, struct buffer *out)
{
	encode_slots(e, out);
	buffer_put(out, e->fields->wire_type.p, e->fields->wire_type.n);
}

void event_encode_fields(const struct event *e, struct buffer *out)
{
	encode_slots(e, out);
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
