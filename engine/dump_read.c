/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/dump_read.h"

#include <intelmq/hash.h>
#include <intelmq/json.h>

#include <stdlib.h>

static void skip_space(struct str *s)
{
	while (s->n && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		*s = str_slice(*s, 1, s->n);
}

static bool take(struct str *s, char c)
{
	skip_space(s);
	if (!s->n || *s->p != c)
		return false;
	*s = str_slice(*s, 1, s->n);
	return true;
}

/* One JSON value at the start of *s. */
static bool take_value(struct str *s, struct err *err)
{
	const char *after;
	enum value_kind kind;
	bool canonical;
	skip_space(s);
	if (json_skip(s->p, s->p + s->n, &after, &kind, &canonical, err) < 0)
		return false;
	*s = str_slice(*s, (size_t)(after - s->p), s->n);
	return true;
}

bool dump_member_next(struct str *rest, bool first, struct dump_member *out, struct err *err)
{
	struct str at = *rest;
	if (!take(&at, first ? '{' : ','))
		return false;
	skip_space(&at);
	const char *start = at.p;
	if (!at.n || *at.p != '"' || !take_value(&at, err))
		return false;
	out->quoted = (struct str){ start + 1, (size_t)(at.p - start) - 2 };
	if (!take(&at, ':'))
		return false;
	skip_space(&at);
	const char *value = at.p;
	if (!take_value(&at, err))
		return false;
	out->value = (struct str){ value, (size_t)(at.p - value) };
	out->whole = (struct str){ start, (size_t)(at.p - start) };
	*rest = at;
	return true;
}

size_t dump_members_end(struct str text)
{
	struct str rest = text;
	struct dump_member member;
	bool first = true;
	while (dump_member_next(&rest, first, &member, NULL))
		first = false;
	return first ? 0 : text.n - rest.n;
}

/*
 * Whether what follows the last whole entry is the start of one that was never finished: the object's own brace does
 * not come any more. A writer that was killed over the old end may leave that brace behind its comma; a power cut
 * leaves zeros.
 */
static bool is_open(struct str tail)
{
	struct str end = tail;
	size_t depth = 0;
	bool quoted = false;
	if (take(&end, ',') && take(&end, '}')) {
		skip_space(&end);
		return !end.n;
	}
	while (tail.n && !tail.p[tail.n - 1])
		tail.n--;
	for (size_t i = 0; i < tail.n; i++) {
		char c = tail.p[i];
		if (quoted && (unsigned char)c < 0x20)
			return false; /* a text without its end */
		if (c == '"')
			quoted = !quoted;
		else if (quoted && c == '\\')
			i++;
		else if (!quoted && (c == '{' || c == '['))
			depth++;
		else if (!quoted && (c == '}' || c == ']') && depth-- == 0)
			return false;
	}
	return true;
}

static int check_end(struct str text, struct str rest, struct err *why, uint64_t *tail_out,
                     struct err *err)
{
	struct str end = rest;
	*tail_out = 0;
	if (rest.n == text.n && !take(&end, '{')) /* no entry */
		return end.n ? err_set(err, FAULT_OTHER,
		                       "it is no dump file: it does not begin with '{'")
		             : 0;
	rest = end;
	if (take(&end, '}')) {
		skip_space(&end);
		if (!end.n)
			return 0;
	}
	*tail_out = rest.n;
	if (is_open(rest))
		return 0;
	return err_set(err, FAULT_OTHER, "it is damaged behind byte %zu%s%s", text.n - rest.n,
	               why->text[0] ? ": " : "", why->text);
}

static int add(struct arena *arena, struct dump_index *index, struct str text,
               const struct dump_member *member, struct err *err)
{
	struct dump_entry *entry = &index->entries[index->n];
	size_t at = (size_t)(member->whole.p - text.p);
	if (member->quoted.n > MAX_DUMP_NAME)
		return err_set(err, FAULT_OTHER, "the entry at byte %zu has a name of %zu bytes",
		               at, member->quoted.n);
	if (json_string_decode(arena, member->quoted, &entry->name) < 0)
		return err_set(err, FAULT_OTHER, "the name of the entry at byte %zu cannot be read",
		               at);
	entry->name = arena_dup(arena, entry->name);
	entry->at = at;
	entry->n = member->whole.n;
	entry->hash = hash_bytes(member->whole);
	index->n++;
	return 0;
}

static void grow(struct arena *arena, struct dump_index *index, size_t *capacity)
{
	if (index->n < *capacity)
		return;
	*capacity = *capacity ? *capacity * 2 : 64;
	struct dump_entry *entries = arena_zalloc(arena, *capacity, sizeof *entries);
	if (index->n)
		memcpy(entries, index->entries, index->n * sizeof *entries);
	index->entries = entries;
}

static int by_name(const void *a, const void *b)
{
	const struct dump_entry *x = *(const struct dump_entry *const *)a;
	const struct dump_entry *y = *(const struct dump_entry *const *)b;
	int order = str_cmp(x->name, y->name);
	return order ? order : (x->at > y->at) - (x->at < y->at);
}

static void sort(struct arena *arena, struct dump_index *index)
{
	index->sorted = arena_zalloc(arena, index->n, sizeof *index->sorted);
	for (size_t i = 0; i < index->n; i++)
		index->sorted[i] = &index->entries[i];
	qsort(index->sorted, index->n, sizeof *index->sorted, by_name);
}

int dump_index_read(struct arena *arena, struct str text, struct dump_index *out, struct err *err)
{
	struct str rest = text;
	struct dump_member member;
	struct err why = { 0 };
	size_t capacity = 0;
	*out = (struct dump_index){ 0 };
	while (dump_member_next(&rest, out->n == 0, &member, &why)) {
		if (out->n == MAX_DUMP_ENTRIES)
			return err_set(err, FAULT_OTHER, "it has more than %d entries",
			               MAX_DUMP_ENTRIES);
		grow(arena, out, &capacity);
		if (add(arena, out, text, &member, err) < 0)
			return -1;
	}
	if (check_end(text, rest, &why, &out->tail, err) < 0)
		return -1;
	sort(arena, out);
	return 0;
}

int64_t dump_rewrite(struct str text, const struct dump_index *index, const struct str *instead,
                     dump_write *write, void *context)
{
	int64_t written = 0;
	for (size_t i = 0; i < index->n; i++) {
		const struct dump_entry *entry = &index->entries[i];
		struct str member = instead[i].p ? instead[i]
		                                 : str_slice(text, entry->at, entry->at + entry->n);
		if (!member.n)
			continue;
		if (write(context, written ? S(",\n    ") : S("{\n    ")) < 0 ||
		    write(context, member) < 0)
			return -1;
		written++;
	}
	if (write(context, written ? S("\n}") : S("{}")) < 0)
		return -1;
	return written;
}
