/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "regex_translate.h"

enum { CODE_POINT_MAX = 0x10FFFF, CATEGORY_RANGES = 11, FOLD_GROUP = 4 };

static const struct regex_range digit_ascii[] = { { '0', '9' }, { 0, 0 } };
static const struct regex_range word_ascii[] = {
	{ '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' }, { 0, 0 },
};
static const struct regex_range space_ascii[] = { { '\t', '\r' }, { ' ', ' ' }, { 0, 0 } };
/* What str.isspace accepts: more than \s of PCRE2 (U+001C to U+001F). */
static const struct regex_range space_unicode[] = {
	{ 0x09, 0x0D },     { 0x1C, 0x20 },     { 0x85, 0x85 },     { 0xA0, 0xA0 },
	{ 0x1680, 0x1680 }, { 0x2000, 0x200A }, { 0x2028, 0x2029 }, { 0x202F, 0x202F },
	{ 0x205F, 0x205F }, { 0x3000, 0x3000 }, { 0, 0 },
};

/* Letters that Python holds for equal but PCRE2 does not. Ends with 0. */
static const uint32_t fold_groups[][FOLD_GROUP] = {
	{ 'I', 'i', 0x130, 0x131 },
	{ 0x390, 0x1FD3 },
	{ 0x3B0, 0x1FE3 },
	{ 0xFB05, 0xFB06 },
};

void regex_class_init(struct regex_class *c, struct arena *arena)
{
	*c = (struct regex_class){ .arena = arena };
	buffer_init_in(&c->properties, arena, SIZE_MAX / 4);
}

void regex_class_add(struct regex_class *c, uint32_t first, uint32_t last)
{
	if (c->n == c->capacity) {
		size_t capacity = c->capacity ? c->capacity * 2 : 16;
		struct regex_range *ranges = arena_zalloc(c->arena, capacity, sizeof *ranges);
		if (c->n)
			memcpy(ranges, c->ranges, c->n * sizeof *ranges);
		c->ranges = ranges;
		c->capacity = capacity;
	}
	c->ranges[c->n++] = (struct regex_range){ first, last };
}

static void add_ranges(struct regex_class *c, const struct regex_range *ranges, bool negated)
{
	uint32_t next = 0;
	for (; ranges->last; ranges++) {
		if (!negated)
			regex_class_add(c, ranges->first, ranges->last);
		else if (next < ranges->first)
			regex_class_add(c, next, ranges->first - 1);
		next = ranges->last + 1;
	}
	if (negated)
		regex_class_add(c, next, CODE_POINT_MAX);
}

void regex_class_add_category(struct regex_class *c, enum regex_category category, bool negated,
                              bool ascii)
{
	static const struct regex_range *const of_ascii[] = {
		[CATEGORY_DIGIT] = digit_ascii,
		[CATEGORY_SPACE] = space_ascii,
		[CATEGORY_WORD] = word_ascii,
	};
	if (ascii)
		add_ranges(c, of_ascii[category], negated);
	else if (category == CATEGORY_SPACE)
		add_ranges(c, space_unicode, negated);
	else if (category == CATEGORY_DIGIT)
		buffer_add_str(&c->properties, negated ? S("\\P{Nd}") : S("\\p{Nd}"));
	else
		buffer_add_str(&c->properties, negated ? S("\\P{Xwd}") : S("\\p{Xwd}"));
}

/* The part of a range between two letters, `distance` further on. */
static void add_shifted(struct regex_class *c, struct regex_range r, uint32_t first, uint32_t last,
                        int distance)
{
	uint32_t from = r.first > first ? r.first : first, to = r.last < last ? r.last : last;
	if (from <= to)
		regex_class_add(c, (uint32_t)((int)from + distance),
		                (uint32_t)((int)to + distance));
}

static void add_fold_group(struct regex_class *c, struct regex_range r,
                           const uint32_t group[FOLD_GROUP])
{
	bool has = false;
	for (size_t i = 0; i < FOLD_GROUP && group[i]; i++)
		has |= group[i] >= r.first && group[i] <= r.last;
	for (size_t i = 0; has && i < FOLD_GROUP && group[i]; i++)
		regex_class_add(c, group[i], group[i]);
}

void regex_class_fold(struct regex_class *c, bool ascii)
{
	size_t n = c->n;
	for (size_t i = 0; i < n; i++) {
		struct regex_range r = c->ranges[i];
		if (ascii) {
			add_shifted(c, r, 'A', 'Z', 'a' - 'A');
			add_shifted(c, r, 'a', 'z', 'A' - 'a');
			continue;
		}
		for (size_t g = 0; g < sizeof fold_groups / sizeof *fold_groups; g++)
			add_fold_group(c, r, fold_groups[g]);
	}
}

bool regex_code_folds_specially(uint32_t code)
{
	for (size_t g = 0; g < sizeof fold_groups / sizeof *fold_groups; g++)
		for (size_t i = 0; i < FOLD_GROUP && fold_groups[g][i]; i++)
			if (fold_groups[g][i] == code)
				return true;
	return false;
}

static void put_range(struct buffer *out, uint32_t first, uint32_t last)
{
	if (first > last)
		return;
	regex_put_code(out, first);
	if (first < last) {
		buffer_put(out, "-", 1);
		regex_put_code(out, last);
	}
}

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t most(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

void regex_class_write(const struct regex_class *c, struct buffer *out)
{
	buffer_add_str(out, c->negated ? S("[^") : S("["));
	for (size_t i = 0; i < c->n; i++) {
		uint32_t first = c->ranges[i].first, last = c->ranges[i].last;
		put_range(out, first, least(last, 0xD7FF));
		put_range(out, most(first, 0xD800), least(last, 0xDFFF));
		put_range(out, most(first, 0xE000), last);
	}
	buffer_add_str(out, buffer_str(&c->properties));
	buffer_put(out, "]", 1);
}
