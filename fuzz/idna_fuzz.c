/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/idna.h>
#include <intelmq/text.h>

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct str input = { (const char *)data, size }, name, again;
	arena_init(&arena);
	if (idna_encode(&arena, input, &name, NULL) == 0) {
		assert(text_is_ascii(name));
		assert(!text_is_ascii(input) || name.p == input.p);
		/* What a label became may contain full stops that were no separators: "\u2024". */
		if (idna_encode(&arena, name, &again, NULL) == 0)
			assert(str_eq(name, again));
	}
	arena_fini(&arena);
	return 0;
}
