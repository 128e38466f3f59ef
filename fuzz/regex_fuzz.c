/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A pattern, a NUL, a subject: whatever they are, the answer comes in time, and spans lie in the subject. */
#include <intelmq/regex.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct regex *regex;
	struct regex_match match;
	struct err err;
	if (size < 1 || size > 4096)
		return 0;
	struct str subject = { (const char *)data + 1, size - 1 }, pattern = str_cut(&subject, 0);
	arena_init(&arena);
	if (regex_new(pattern, data[0] & 31u, &regex, &err) == 0) {
		if (regex_search(regex, &arena, subject, &match, &err) == 1)
			for (size_t i = 0; i < match.n; i++)
				if (match.spans[i].start != REGEX_UNSET &&
				    (match.spans[i].start > match.spans[i].end ||
				     match.spans[i].end > subject.n))
					abort();
		regex_free(regex);
	}
	arena_fini(&arena);
	return 0;
}
