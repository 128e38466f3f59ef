/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/prefix.h>

#include <stdio.h>
#include <stdlib.h>

enum {
	INDEX_BITS = 16,
	INDEX_SIZE = 1 << INDEX_BITS,
	NO_PARENT = -1,
};

struct prefix {
	uint64_t high, low; /* the address, left-aligned: IPv4 is the upper half of `high` */
	int32_t parent; /* the smallest larger network around it; while unsorted: when it was added */
	uint32_t value;
	uint8_t length;
};

/* The networks of one IP version, sorted by address, larger networks first. */
struct family {
	struct prefix *all;
	size_t n, capacity;
	uint64_t *highs; /* all[i].high once more, close together for the search */
	uint32_t *index; /* entries whose first bits are below i: index[i]; INDEX_SIZE + 1 of them */
};

struct prefix_table {
	struct family families[2]; /* IPv4, IPv6 */
	bool sorted;
	bool keeps_first; /* of equal networks */
};

static void *not_null(void *p)
{
	if (!p) {
		fputs("out of memory: prefix table\n", stderr);
		abort();
	}
	return p;
}

struct prefix_table *prefix_table_new(void)
{
	return not_null(calloc(1, sizeof(struct prefix_table)));
}

void prefix_table_free(struct prefix_table *t)
{
	if (!t)
		return;
	for (int i = 0; i < 2; i++) {
		free(t->families[i].all);
		free(t->families[i].highs);
		free(t->families[i].index);
	}
	free(t);
}

void prefix_table_keep_first(struct prefix_table *t)
{
	t->keeps_first = true;
}

static struct family *family_of(struct prefix_table *t, const struct ip *ip)
{
	return &t->families[ip->version == 6];
}

static void address(const struct ip *ip, uint64_t *high, uint64_t *low)
{
	*high = *low = 0;
	for (int i = 0; i < 8; i++) {
		*high = *high << 8 | ip->bytes[i];
		*low = *low << 8 | ip->bytes[8 + i];
	}
}

static void resize(struct family *f, size_t capacity)
{
	f->all = not_null(realloc(f->all, capacity * sizeof *f->all));
	f->capacity = capacity;
}

int prefix_table_add(struct prefix_table *t, struct network network, uint32_t value,
                     struct err *err)
{
	struct family *f = family_of(t, &network.ip);
	if (f->n >= PREFIX_TABLE_MAX)
		return err_set(err, FAULT_OTHER, "more than %d networks in one table",
		               PREFIX_TABLE_MAX);
	if (f->n == f->capacity)
		resize(f, f->capacity + f->capacity / 2 + 64);
	network = network_of(&network.ip, network.length);
	struct prefix *p = &f->all[f->n];
	*p = (struct prefix){ .parent = (int32_t)f->n, .value = value, .length = network.length };
	address(&network.ip, &p->high, &p->low);
	f->n++;
	t->sorted = false;
	return 0;
}

/* ---- Sorting ---- */

static int place_cmp(const struct prefix *a, const struct prefix *b)
{
	if (a->high != b->high)
		return a->high < b->high ? -1 : 1;
	if (a->low != b->low)
		return a->low < b->low ? -1 : 1;
	return a->length - b->length;
}

static int order(const void *left, const void *right)
{
	const struct prefix *a = left, *b = right;
	int by_place = place_cmp(a, b);
	return by_place ? by_place : (a->parent > b->parent) - (a->parent < b->parent);
}

static bool has(const struct prefix *p, uint64_t high, uint64_t low)
{
	high ^= p->high;
	low ^= p->low;
	if (p->length <= 64)
		return p->length == 0 || high >> (64 - p->length) == 0;
	return high == 0 && low >> (128 - p->length) == 0;
}

static bool is_equal(const struct family *f, size_t i, size_t k)
{
	return k < f->n && place_cmp(&f->all[i], &f->all[k]) == 0;
}

/* Keeps the first or the last of equal networks. */
static void drop_doubles(struct family *f, bool keeps_first)
{
	size_t kept = 0;
	for (size_t i = 0; i < f->n; i++)
		if (keeps_first ? !kept || !is_equal(f, kept - 1, i) : !is_equal(f, i, i + 1))
			f->all[kept++] = f->all[i];
	f->n = kept;
}

/* The entry `at` or the first one around it that has the address, or NO_PARENT. */
static int32_t around(const struct family *f, int32_t at, uint64_t high, uint64_t low)
{
	while (at != NO_PARENT && !has(&f->all[at], high, low))
		at = f->all[at].parent;
	return at;
}

/* What is around an entry is the entry before it, or around that. */
static void find_parents(struct family *f)
{
	for (size_t i = 0; i < f->n; i++)
		f->all[i].parent = around(f, (int32_t)i - 1, f->all[i].high, f->all[i].low);
}

static void build_index(struct family *f)
{
	size_t at = 0;
	f->highs = not_null(realloc(f->highs, f->n * sizeof *f->highs));
	for (size_t i = 0; i < f->n; i++)
		f->highs[i] = f->all[i].high;
	if (!f->index)
		f->index = not_null(malloc((INDEX_SIZE + 1) * sizeof *f->index));
	for (size_t i = 0; i <= INDEX_SIZE; i++) {
		while (at < f->n && f->highs[at] >> (64 - INDEX_BITS) < i)
			at++;
		f->index[i] = (uint32_t)at;
	}
}

static bool in_order(const struct family *f)
{
	for (size_t i = 1; i < f->n; i++)
		if (order(&f->all[i - 1], &f->all[i]) > 0)
			return false;
	return true;
}

static void prepare(struct prefix_table *t)
{
	for (int i = 0; i < 2 && !t->sorted; i++) {
		struct family *f = &t->families[i];
		if (f->n == 0)
			continue;
		/* After a first sort `parent` no longer tells the age, but then no doubles are left but new ones. */
		if (!in_order(f))
			qsort(f->all, f->n, sizeof *f->all, order);
		drop_doubles(f, t->keeps_first);
		find_parents(f);
		build_index(f);
		resize(f, f->n);
	}
	t->sorted = true;
}

/* ---- Looking up ---- */

/* The number of entries at or before an address, of those from `from` to before `to`, plus `from`. */
static size_t count_before(const struct family *f, size_t from, size_t to, uint64_t high,
                           uint64_t low)
{
	while (from < to) {
		size_t middle = from + (to - from) / 2;
		const struct prefix *p = &f->all[middle];
		if (p->high < high || (p->high == high && p->low <= low))
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

/* The last entry at or before an address, or NO_PARENT. */
static int32_t last_before(const struct family *f, uint64_t high, uint64_t low)
{
	size_t slot = high >> (64 - INDEX_BITS);
	size_t start = f->index[slot], from = start, left = f->index[slot + 1] - start;
	/* Written so that the compiler needs no branch: which way to go cannot be predicted. */
	while (left > 0) {
		size_t half = (left + 1) / 2;
		from += f->highs[from + half - 1] <= high ? half : 0;
		left -= half;
	}
	/* Among addresses with the same upper half the lower half decides. */
	if (from > start && f->highs[from - 1] == high && f->all[from - 1].low > low)
		from = count_before(f, start, from, high, low);
	return (int32_t)from - 1;
}

static struct network network_at(const struct prefix *p, uint8_t version)
{
	struct network n = { { .version = version }, p->length };
	for (int i = 0; i < 8; i++) {
		n.ip.bytes[i] = (uint8_t)(p->high >> (56 - 8 * i));
		n.ip.bytes[8 + i] = (uint8_t)(p->low >> (56 - 8 * i));
	}
	return n;
}

bool prefix_table_find(struct prefix_table *t, const struct ip *ip, struct network *matched_out,
                       uint32_t *value_out)
{
	uint64_t high, low;
	struct family *f = family_of(t, ip);
	prepare(t);
	if (f->n == 0)
		return false;
	address(ip, &high, &low);
	int32_t at = around(f, last_before(f, high, low), high, low);
	if (at == NO_PARENT)
		return false;
	if (matched_out)
		*matched_out = network_at(&f->all[at], ip->version);
	if (value_out)
		*value_out = f->all[at].value;
	return true;
}

void prefix_table_each(struct prefix_table *t, const struct ip *ip,
                       bool (*each)(void *context, const struct network *, uint32_t value),
                       void *context)
{
	uint64_t high, low;
	struct family *f = family_of(t, ip);
	prepare(t);
	if (f->n == 0)
		return;
	address(ip, &high, &low);
	int32_t at = around(f, last_before(f, high, low), high, low);
	for (; at != NO_PARENT; at = f->all[at].parent) {
		struct network network = network_at(&f->all[at], ip->version);
		if (!each(context, &network, f->all[at].value))
			return;
	}
}

size_t prefix_table_count(struct prefix_table *t)
{
	prepare(t);
	return t->families[0].n + t->families[1].n;
}

void prefix_table_walk(struct prefix_table *t,
                       bool (*each)(void *context, const struct network *, uint32_t value),
                       void *context)
{
	prepare(t);
	for (int k = 0; k < 2; k++) {
		const struct family *f = &t->families[k];
		for (size_t i = 0; i < f->n; i++) {
			struct network network = network_at(&f->all[i], k ? 6 : 4);
			if (!each(context, &network, f->all[i].value))
				return;
		}
	}
}
