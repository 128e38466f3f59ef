/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <assert.h>

#include "message/codec.h"
#include "tests/format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct data_format *format; /* made once */

static struct str encode(struct arena *arena, const struct event *e)
{
	struct buffer out;
	buffer_init_in(&out, arena, SIZE_MAX / 2);
	event_encode(e, &out);
	return buffer_str(&out);
}

/* What was written is read as what it was. */
static void check_written(struct arena *arena, const struct event *e)
{
	struct str wire = encode(arena, e);
	for (size_t i = 0; i < wire.n; i++)
		assert((unsigned char)wire.p[i] < 0x80);
	struct err err = { 0 };
	struct event *again = event_decode(arena, format, wire, STR_NONE, WIRE_TRUSTED, &err);
	assert(again && again->live == e->live);
	assert(str_eq(encode(arena, again), wire));
	for (size_t i = 0; i < e->n; i++) {
		if (e->slots[i].gap)
			continue;
		struct slot *slot = event_slot(again, e->slots[i].key);
		assert(slot);
		/* Looking at a value, or losing its text, changes nothing. */
		slot_value(again, slot);
	}
	assert(str_eq(encode(arena, again), wire));
	/* Checked once more it stays as it is, unless extra has names or values that only pass as a whole. */
	again = event_decode(arena, format, wire, STR_NONE, WIRE_CHECKED, &err);
	if (again && again->live == e->live && e->fields->extra)
		assert(str_eq(encode(arena, again), wire));
}

/* One pass gives what two steps give. */
static void check_by_dict(struct arena *arena, struct str wire, const struct event *e)
{
	struct value tree;
	struct event *slow = NULL;
	if (json_parse(arena, wire, &tree, NULL) == 0 && tree.kind == VALUE_DICT) {
		const struct value *type = dict_get(tree.dict, S("__type"));
		struct str name = !type                   ? S("Event")
		                : type->kind == VALUE_STR ? type->text
		                                          : STR_NONE;
		const struct fields *fields = str_eq(name, S("Event"))  ? format->event
		                            : str_eq(name, S("Report")) ? format->report
		                                                        : NULL;
		dict_del(tree.dict, S("__type"));
		if (fields)
			slow = event_from_dict(arena, format, fields, tree.dict, NULL);
	}
	assert(!slow == !e);
	if (e)
		assert(str_eq(encode(arena, slow), encode(arena, e)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct err err = { 0 };
	struct str wire = { (const char *)data, size };
	if (!format)
		format = test_format_new();
	arena_init(&arena);
	struct event *trusted = event_decode(&arena, format, wire, STR_NONE, WIRE_TRUSTED, &err);
	assert(trusted || err.text[0]);
	if (trusted) {
		struct str once = encode(&arena, trusted);
		struct event *again = event_decode(&arena, format, once, STR_NONE, WIRE_TRUSTED,
		                                   NULL);
		assert(again && str_eq(encode(&arena, again), once));
	}
	err = (struct err){ 0 };
	struct event *checked = event_decode(&arena, format, wire, S("Event"), WIRE_CHECKED, &err);
	assert(checked || err.text[0]);
	if (checked)
		check_written(&arena, checked);
	check_by_dict(&arena, wire, checked);
	arena_fini(&arena);
	return 0;
}
