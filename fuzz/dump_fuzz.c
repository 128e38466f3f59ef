/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/buffer.h>
#include <intelmq/json.h>

#include <stdlib.h>

#include "engine/dump_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int collect(void *context, struct str bytes)
{
	buffer_add_str(context, bytes);
	return 0;
}

static struct str member(struct str text, const struct dump_entry *entry)
{
	if (entry->at > text.n || entry->n > text.n - entry->at)
		abort();
	return str_slice(text, entry->at, entry->at + entry->n);
}

/*
 * The first byte says which entries are removed. What is written is a whole dump file again, JSON, and holds the others
 * byte for byte; writing that again without a change changes nothing.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct dump_index before, after;
	struct buffer out, again;
	struct value value;
	struct err err = { 0 };
	if (size == 0)
		return 0;
	struct str text = { (const char *)data + 1, size - 1 };
	arena_init(&arena);
	buffer_init_in(&out, &arena, 64 << 20);
	buffer_init_in(&again, &arena, 64 << 20);
	if (dump_members_end(text) > text.n)
		abort();
	if (dump_index_read(&arena, text, &before, &err) < 0) {
		if (!err.text[0])
			abort();
		arena_fini(&arena);
		return 0;
	}
	struct str *instead = arena_zalloc(&arena, before.n + 1, sizeof *instead);
	size_t kept = 0;
	for (size_t i = 0; i < before.n; i++) {
		instead[i] = data[0] >> (i % 8) & 1 ? S("") : STR_NONE;
		kept += !instead[i].p;
		if (i && str_cmp(before.sorted[i - 1]->name, before.sorted[i]->name) > 0)
			abort();
	}
	if (dump_rewrite(text, &before, instead, collect, &out) != (int64_t)kept ||
	    dump_index_read(&arena, buffer_str(&out), &after, &err) < 0 || after.n != kept ||
	    after.tail || json_parse(&arena, buffer_str(&out), &value, &err) < 0)
		abort();
	for (size_t i = 0, k = 0; i < before.n; i++)
		if (!instead[i].p && !str_eq(member(text, &before.entries[i]),
		                             member(buffer_str(&out), &after.entries[k++])))
			abort();
	struct str *same = arena_zalloc(&arena, after.n + 1, sizeof *same);
	dump_rewrite(buffer_str(&out), &after, same, collect, &again);
	if (!str_eq(buffer_str(&out), buffer_str(&again)))
		abort();
	arena_fini(&arena);
	return 0;
}
