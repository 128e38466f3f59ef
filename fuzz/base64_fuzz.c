/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/base64.h>

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct str input = { (const char *)data, size }, back;
	arena_init(&arena);
	struct str text = base64_encode(&arena, input);
	assert(text.n == (size + 2) / 3 * 4 && base64_is_strict(text));
	assert(base64_decode(&arena, text, &back, NULL) == 0 && str_eq(back, input));
	int status = base64_decode(&arena, input, &back, NULL);
	assert(status == 0 || !base64_is_strict(input));
	assert(status < 0 || back.n <= size / 4 * 3 + 3);
	arena_fini(&arena);
	return 0;
}
