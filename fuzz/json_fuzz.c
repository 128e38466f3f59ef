/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What json_parse accepts json_skip accepts too, and written again it reads as the same. */
#include <intelmq/json.h>
#include <intelmq/text.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const unsigned styles[] = { 0, JSON_SORT_KEYS, JSON_KEEP_UNICODE, JSON_COMPACT,
		                           JSON_INDENT4 };
	struct arena arena;
	struct value v, again;
	struct err err;
	struct str text = { (const char *)data, size };
	arena_init(&arena);
	bool accepted = json_parse(&arena, text, &v, &err) == 0;
	size_t start = 0;
	while (start < size && (data[start] == ' ' || data[start] == '\t' || data[start] == '\n' ||
	                        data[start] == '\r'))
		start++;
	/* Bytes that are no text are not the reader's to judge; they must only do no harm. */
	if (accepted && text_is_utf8(text)) {
		const char *after;
		enum value_kind kind;
		bool canonical;
		require(json_skip(text.p + start, text.p + size, &after, &kind, &canonical, NULL) ==
		        0);
		for (size_t i = 0; i < sizeof styles / sizeof *styles; i++) {
			struct buffer out;
			buffer_init_in(&out, &arena, SIZE_MAX / 2);
			json_write(&out, v, styles[i]);
			require(json_parse(&arena, buffer_str(&out), &again, NULL) == 0);
			require(value_same(v, again));
		}
	}
	arena_fini(&arena);
	return 0;
}
