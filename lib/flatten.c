/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/flatten.h"

/* A list or map that is being walked through; the walk needs no recursion. */
struct level {
	struct level *outer;
	struct value container;
	size_t next;
};

static bool level_next(struct level *level, struct value *out)
{
	size_t at = level->next++;
	if (level->container.kind == VALUE_LIST) {
		if (at >= level->container.list->n)
			return false;
		*out = level->container.list->items[at];
		return true;
	}
	if (at >= level->container.dict->n)
		return false;
	*out = level->container.dict->pairs[at].value;
	return true;
}

static bool is_container(struct value v)
{
	return v.kind == VALUE_LIST || v.kind == VALUE_DICT;
}

struct list *list_flatten(struct arena *arena, struct value value)
{
	struct list *out = list_new(arena);
	struct level *level = NULL;
	if (!is_container(value)) {
		list_add(out, value);
		return out;
	}
	for (;;) {
		struct level *inner = arena_alloc(arena, sizeof *inner);
		*inner = (struct level){ .outer = level, .container = value };
		level = inner;
		while (level) {
			if (!level_next(level, &value))
				level = level->outer;
			else if (is_container(value))
				break;
			else
				list_add(out, value);
		}
		if (!level)
			return out;
	}
}
