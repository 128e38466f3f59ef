/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/charset.h>
#include <intelmq/repr.h>
#include <intelmq/text.h>

#include <assert.h>

static void check_lines(struct str text)
{
	struct str rest = text;
	while (rest.n) {
		struct str before = rest, ending, line = text_line(&rest, &ending);
		assert(line.n + ending.n + rest.n == before.n);
		assert(line.n + ending.n > 0);
		assert(ending.n > 0 || rest.n == 0);
	}
}

static void check_characters(struct str text)
{
	struct str rest = text;
	size_t n = 0;
	while (rest.n) {
		text_next(&rest);
		n++;
	}
	assert(n == text_length(text));
	assert(str_eq(text_slice(text, 0, n), text));
	struct str half = text_slice(text, 0, n / 2), other = text_slice(text, n / 2, n);
	assert(half.n + other.n == text.n);
	rest = text;
	while (rest.n)
		text_last(&rest);
}

static void check_charsets(struct arena *arena, struct str bytes)
{
	static const char *const names[] = { "utf-16", "utf-16-be", "utf-8-sig", "cp1252",
		                             "latin9", "ascii",     "gbk",       "cp1253" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct str text, again;
		assert(charset_decode(arena, bytes, str_of(names[i]), true, &text, NULL) == 0);
		assert(text_is_utf8(text));
		assert(charset_encode(arena, bytes, str_of(names[i]), true, &again, NULL) == 0);
		if (charset_decode(arena, bytes, str_of(names[i]), false, &again, NULL) == 0)
			assert(str_eq(text, again));
	}
	struct str text;
	charset_decode(arena, bytes, bytes, true, &text, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct str text = { (const char *)data, size };
	arena_init(&arena);
	check_lines(text);
	check_characters(text);
	struct str stripped = text_strip(text);
	assert(str_eq(text_strip(stripped), stripped));
	struct str clean = text_clean_utf8(&arena, text);
	assert(text_is_utf8(clean));
	assert(text_is_utf8(text) == (clean.p == text.p));
	struct str folded = text_nfkc(&arena, clean);
	assert(text_is_utf8(folded) && str_eq(text_nfkc(&arena, folded), folded));
	assert(text_is_utf8(text_lower(&arena, clean)) && text_is_utf8(text_upper(&arena, clean)));
	text_lower(&arena, text);
	text_upper(&arena, text);
	assert(text_is_utf8(value_repr(&arena, value_str(clean))));
	assert(text_is_ascii(value_repr(&arena, value_bytes(text))));
	check_charsets(&arena, text);
	arena_fini(&arena);
	return 0;
}
