/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/yaml.h>
#include <stdlib.h>

#include "config/runtime_edit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * The first byte says what is wanted, the rest is the file. Each section is edited: what comes out is a document with
 * the wanted value and all others unchanged, and the edit of it changes nothing more.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct value before, after;
	if (!size)
		return 0;
	bool enabled = data[0] & 1;
	struct str text = { (const char *)data + 1, size - 1 }, out, again;
	arena_init(&arena);
	if (yaml_parse(&arena, text, &before, NULL, NULL) == 0 && before.kind == VALUE_DICT)
		for (size_t i = 0; i < before.dict->n && i < 4; i++) {
			struct str bot = before.dict->pairs[i].key;
			struct err err = { 0 };
			if (runtime_edit_enabled(&arena, text, bot, enabled, &out, &err) < 0) {
				if (!err.text[0])
					abort();
				continue;
			}
			struct value wanted = value_copy(&arena, before);
			dict_set(dict_get(wanted.dict, bot)->dict, S("enabled"),
			         value_bool(enabled));
			if (yaml_parse(&arena, out, &after, NULL, NULL) < 0 ||
			    !value_same(after, wanted) ||
			    runtime_edit_enabled(&arena, out, bot, enabled, &again, &err) < 0 ||
			    !str_eq(out, again))
				abort();
		}
	arena_fini(&arena);
	return 0;
}
