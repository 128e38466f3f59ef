/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include <intelmq/yaml.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* True if libyaml can read the text back: it refuses surrogates, and keys are texts. */
static bool is_plain_utf8(struct str text)
{
	for (size_t i = 0; i + 1 < text.n; i++)
		if ((unsigned char)text.p[i] == 0xed && (unsigned char)text.p[i + 1] >= 0xa0)
			return false;
	return true;
}

/* What is read and written reads back as the same document. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct value before, after;
	struct yaml_mark *marks;
	struct err err = { 0 };
	struct buffer text;

	arena_init(&arena);
	if (yaml_parse(&arena, (struct str){ (const char *)data, size }, &before, &marks, &err) <
	    0) {
		if (err.fault != FAULT_CONFIGURATION || !str_starts(str_of(err.text), S("line ")))
			abort();
		arena_fini(&arena);
		return 0;
	}
	buffer_init(&text, 64 << 20);
	yaml_repr(&text, before, marks);
	buffer_clear(&text);
	yaml_write(&text, before);
	if (!text.over && is_plain_utf8((struct str){ (const char *)data, size }) &&
	    str_find(buffer_str(&text), S("\\uD")) == STR_NOT_FOUND) {
		if (yaml_parse(&arena, buffer_str(&text), &after, NULL, &err) < 0)
			abort();
		if (!value_same(before, after))
			abort();
	}
	buffer_fini(&text);
	arena_fini(&arena);
	return 0;
}
