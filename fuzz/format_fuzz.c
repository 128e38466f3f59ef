/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any format text over a few values ends within the buffer's limit. */
#include <intelmq/format.h>

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LIMIT = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct buffer out;
	struct err err;
	if (size > 4096)
		return 0;
	arena_init(&arena);
	struct list *positional = list_new(&arena);
	struct dict *named = dict_new(&arena);
	list_add(positional, value_int(-42));
	list_add(positional, value_float(1234.5));
	list_add(positional, value_str(S("text")));
	dict_set(named, S("a"), value_list(positional));
	dict_set(named, S("b"), value_bool(true));
	buffer_init_in(&out, &arena, LIMIT);
	if (format_values(&out, (struct str){ (const char *)data, size }, positional, named,
	                  &err) == 0 &&
	    out.n > LIMIT)
		abort();
	arena_fini(&arena);
	return 0;
}
