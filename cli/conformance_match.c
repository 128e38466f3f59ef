/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Recorded output against ours: placeholders, and texts of which only the kind counts. */
#include "cli/conformance_cli.h"

enum { MAX_TEXT = 64 * 1024 * 1024 };

/* What a placeholder stands for that is not a path of the scratch installation. */
static const struct placeholder {
	const char *name, *letters;
} placeholders[] = {
	{ "$PID", "0123456789" },
	{ "$REDIS_PORT", "0123456789" },
	{ "$TIMESTAMP", "0123456789-T:.+" },
	{ "$SRC", "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+" },
};

struct str recorded_text(const struct place *place, struct arena *arena, struct str text)
{
	struct {
		const char *name, *path;
	} own[] = {
		{ "$ETC", place->paths->config },
		{ "$LOG", place->paths->log },
		{ "$RUN", place->paths->run },
		{ "$STATE", place->paths->state },
		{ "$ROOT", place->paths->root },
		{ "$BIN", place->bin },
		{ "$WORK", place->bin },
		/* any folder does */ { "$LIB", place->paths->state }, /* its parent */
	};
	struct buffer b;
	buffer_init_in(&b, arena, MAX_TEXT);
	while (text.n) {
		size_t i = 0, n = sizeof own / sizeof *own;
		while (i < n && !str_starts(text, str_of(own[i].name)))
			i++;
		if (i == n) {
			buffer_add_char(&b, *text.p);
			text = str_slice(text, 1, text.n);
			continue;
		}
		struct str path = str_of(own[i].path);
		if (i == n - 1)
			path.n -= sizeof "/bots" - 1;
		while (path.n > 1 && path.p[path.n - 1] == '/')
			path.n--;
		buffer_add_str(&b, path);
		text = str_slice(text, strlen(own[i].name), text.n);
	}
	return buffer_str(&b);
}

static const struct placeholder *placeholder_at(struct str text)
{
	for (size_t i = 0; i < sizeof placeholders / sizeof *placeholders; i++)
		if (str_starts(text, str_of(placeholders[i].name)))
			return &placeholders[i];
	return NULL;
}

static size_t span(struct str text, const char *letters)
{
	size_t n = 0;
	while (n < text.n && strchr(letters, text.p[n]) && text.p[n])
		n++;
	return n;
}

bool text_matches(struct str recorded, struct str ours)
{
	while (recorded.n) {
		const struct placeholder *p = placeholder_at(recorded);
		if (p) {
			size_t n = strlen(p->name), taken = span(ours, p->letters);
			/* The rest of a path behind $SRC is that of a program file of the reference. */
			n += strcmp(p->name, "$SRC")
			           ? 0
			           : span(str_slice(recorded, n, recorded.n), p->letters);
			if (!taken)
				return false;
			recorded = str_slice(recorded, n, recorded.n);
			ours = str_slice(ours, taken, ours.n);
			continue;
		}
		if (!ours.n || *recorded.p != *ours.p)
			return false;
		recorded = str_slice(recorded, 1, recorded.n);
		ours = str_slice(ours, 1, ours.n);
	}
	return ours.n == 0;
}

bool output_matches(struct str recorded, struct str ours)
{
	if (str_starts(recorded, S("usage: ")))
		return str_starts(ours, S("usage: intelmqctl")) &&
		       (str_find(recorded, S(": error: ")) == STR_NOT_FOUND) ==
		               (str_find(ours, S(": error: ")) == STR_NOT_FOUND);
	if (str_find(recorded, S("Traceback (most recent call last)")) != STR_NOT_FOUND)
		return ours.n > 0;
	return text_matches(recorded, ours);
}

static bool lists_match(const struct place *place, struct arena *arena, const struct list *recorded,
                        const struct list *ours)
{
	if (recorded->n != ours->n)
		return false;
	for (size_t i = 0; i < recorded->n; i++)
		if (!value_matches(place, arena, recorded->items[i], ours->items[i]))
			return false;
	return true;
}

static bool dicts_match(const struct place *place, struct arena *arena, const struct dict *recorded,
                        const struct dict *ours)
{
	if (recorded->n != ours->n)
		return false;
	for (size_t i = 0; i < recorded->n; i++) {
		const struct value *v = dict_get(ours, recorded->pairs[i].key);
		if (!v || !value_matches(place, arena, recorded->pairs[i].value, *v))
			return false;
	}
	return true;
}

bool value_matches(const struct place *place, struct arena *arena, struct value recorded,
                   struct value ours)
{
	if (recorded.kind != ours.kind)
		return false;
	if (recorded.kind == VALUE_STR)
		return text_matches(recorded_text(place, arena, recorded.text), ours.text);
	if (recorded.kind == VALUE_LIST)
		return lists_match(place, arena, recorded.list, ours.list);
	if (recorded.kind == VALUE_DICT)
		return dicts_match(place, arena, recorded.dict, ours.dict);
	return value_same(recorded, ours);
}
