/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/param.h>

enum { NAME_MAX_COMPARED = 48 };

static const struct param *find_row(const struct param *table, struct str name)
{
	for (const struct param *row = table; row->name; row++) {
		if (row->kind != PARAM_GROUP) {
			if (str_eq(name, str_of(row->name)) ||
			    (row->old_name && str_eq(name, str_of(row->old_name))))
				return row;
		} else if (str_starts(name, str_of(row->name))) {
			const struct param *found = find_row(
				row->group, str_slice(name, strlen(row->name), name.n));
			if (found)
				return found;
		}
	}
	return NULL;
}

const struct param *param_find(const struct param *table, struct str name)
{
	return find_row(table, name);
}

bool param_name_is_secret(struct str name)
{
	static const char *const parts[] = { "pass",        "token",    "secret",
		                             "api_key",     "apikey",   "access_key",
		                             "private_key", "auth_key", NULL };
	char lower[128];
	size_t n = name.n < sizeof lower ? name.n : sizeof lower;
	for (size_t i = 0; i < n; i++) {
		char c = name.p[i];
		lower[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c == '-' ? '_' : c;
	}
	for (const char *const *part = parts; *part; part++)
		if (str_find((struct str){ lower, n }, str_of(*part)) != STR_NOT_FOUND)
			return true;
	struct str whole = { lower, n };
	return str_eq(whole, S("key")) ||
	       (str_ends(whole, S("_key")) && !str_eq(whole, S("single_key")));
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Letters to change, add, drop or swap (optimal string alignment distance). */
static size_t edit_distance(struct str a, struct str b)
{
	size_t rows[3][NAME_MAX_COMPARED + 1];
	size_t *before = rows[0], *last = rows[1], *now = rows[2];
	for (size_t k = 0; k <= b.n; k++)
		last[k] = k;
	for (size_t i = 1; i <= a.n; i++) {
		now[0] = i;
		for (size_t k = 1; k <= b.n; k++) {
			size_t cost = a.p[i - 1] != b.p[k - 1];
			now[k] = least(least(last[k] + 1, now[k - 1] + 1), last[k - 1] + cost);
			if (i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] && a.p[i - 2] == b.p[k - 1])
				now[k] = least(now[k], before[k - 2] + 1);
		}
		size_t *old = before;
		before = last;
		last = now;
		now = old;
	}
	return last[b.n];
}

struct nearest {
	struct arena *arena;
	struct str name;
	size_t distance; /* of the best so far, or the limit plus one */
	const char *best;
};

static void search_table(struct nearest *n, const struct param *table, const char *prefix)
{
	for (const struct param *row = table; row->name; row++) {
		const char *name = *prefix ? arena_printf(n->arena, "%s%s", prefix, row->name).p
		                           : row->name;
		if (row->kind == PARAM_GROUP) {
			search_table(n, row->group, name);
			continue;
		}
		struct str known = str_of(name);
		size_t longer = known.n > n->name.n ? known.n - n->name.n : n->name.n - known.n;
		if (known.n > NAME_MAX_COMPARED || longer >= n->distance)
			continue;
		size_t distance = edit_distance(n->name, known);
		if (distance < n->distance) {
			n->distance = distance;
			n->best = name;
		}
	}
}

const char *param_nearest(struct arena *arena, const struct param *const *tables, struct str name)
{
	struct nearest n = { arena, name, least(name.n / 4, 2) + 1, NULL };
	if (name.n < 3 || name.n > NAME_MAX_COMPARED)
		return NULL;
	if (n.distance == 1)
		n.distance = 2; /* short names: one letter */
	for (; *tables; tables++)
		search_table(&n, *tables, "");
	return n.best;
}

static bool is_known(const struct param *const *tables, struct str name)
{
	for (; *tables; tables++)
		if (find_row(*tables, name))
			return true;
	return false;
}

void param_check_names(const struct param *const *tables, const struct dict *given,
                       struct findings *findings)
{
	struct arena arena;
	arena_init(&arena);
	for (size_t i = 0; i < given->n; i++) {
		struct str name = given->pairs[i].key;
		if (is_known(tables, name))
			continue;
		const char *near = param_nearest(&arena, tables, name);
		if (!near || dict_get(given, str_of(near)))
			continue; /* what stands beside the known name is no slip of it */
		finding_advise(findings, SEVERITY_INFO, arena_cstr(&arena, name),
		               arena_printf(&arena, "did you mean '%s'?", near).p,
		               "the bot has no such parameter");
		arena_reset(&arena);
	}
	arena_fini(&arena);
}
