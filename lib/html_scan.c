/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/html_entities.h"
#include "lib/html_tree.h"

#include <intelmq/text.h>

#include <stdlib.h>

/*
 * The text is gone through twice at most, as the reference does: what the first pass stops at because
 * it may be incomplete, the second (`last`) takes as text.
 */

/* Where the next match of something is: found once, it holds for all starts up to there. */
struct next {
	const char *from, *at;
	bool known;
};

struct scan {
	struct html_tree *tree;
	const char *p, *end;
	bool last;
	struct str raw_element; /* script or style while inside one, else null */
	struct next angle;      /* '>' */
	struct next comment;    /* "--", white space, '>' */
	bool no_section[3];     /* no more ends of marked sections with so many brackets */
	uint8_t *dead;          /* bit per byte from dead_from on: see attributes_pass */
	const char *dead_from;
	struct err *err;
};

/* What became of a construct. */
enum outcome {
	TAKEN,      /* s->p stands behind it */
	INCOMPLETE, /* s->p unchanged */
	REFUSED,    /* the reference fails on it */
};

/* ---- characters ---- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The length of the white space character at `p`, 0 if there is none. */
static size_t space_at(const char *p, const char *end)
{
	if (p == end)
		return 0;
	unsigned char c = (unsigned char)*p;
	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
	struct str rest = { p, (size_t)(end - p) };
	return text_is_space(text_next(&rest)) ? (size_t)(rest.p - p) : 0;
}

static const char *space_skip(const char *p, const char *end)
{
	size_t n;
	while ((n = space_at(p, end)))
		p += n;
	return p;
}

/* White space and slashes, except a slash in front of '>'. */
static const char *filler_skip(const char *p, const char *end)
{
	for (;;) {
		size_t n = space_at(p, end);
		if (!n && p < end && *p == '/' && (p + 1 == end || p[1] != '>'))
			n = 1;
		if (!n)
			return p;
		p += n;
	}
}

static struct str slice(const char *from, const char *to)
{
	return (struct str){ from, (size_t)(to - from) };
}

static const char *find(const char *p, const char *end, char c)
{
	const char *at = p < end ? memchr(p, c, (size_t)(end - p)) : NULL;
	return at ? at : end;
}

/* ---- look-ahead that is done once ---- */

static bool next_holds(const struct next *n, const char *p)
{
	return n->known && n->from <= p && p <= n->at;
}

/* The next '>' from p on, the end if there is none. */
static const char *angle_next(struct scan *s, const char *p)
{
	if (p > s->end)
		p = s->end;
	if (!next_holds(&s->angle, p))
		s->angle = (struct next){ p, find(p, s->end, '>'), true };
	return s->angle.at;
}

/* The next end of a comment from p on; *after is behind it. The end if there is none. */
static const char *comment_next(struct scan *s, const char *p, const char **after)
{
	if (p > s->end)
		p = s->end;
	const char *at = next_holds(&s->comment, p) ? s->comment.at : p;
	for (;; at++) {
		at = find(at, s->end, '-');
		if (at == s->end)
			break;
		if (s->end - at < 3 || at[1] != '-')
			continue;
		*after = space_skip(at + 2, s->end);
		if (*after < s->end && **after == '>') {
			++*after;
			break;
		}
	}
	s->comment = (struct next){ p, at, true };
	return at;
}

/* ---- declarations and the like ---- */

/* Everything up to the next '>' becomes a node. */
static enum outcome take_special(struct scan *s, enum html_kind kind, const char *from,
                                 const char *search)
{
	const char *at = angle_next(s, search);
	if (at == s->end)
		return INCOMPLETE;
	html_tree_special(s->tree, kind, slice(from < at ? from : at, at));
	s->p = at + 1;
	return TAKEN;
}

static enum outcome take_comment(struct scan *s)
{
	const char *after = s->end;
	const char *at = s->end - s->p >= 4 ? comment_next(s, s->p + 4, &after) : s->end;
	if (at == s->end)
		return INCOMPLETE;
	html_tree_special(s->tree, HTML_COMMENT, slice(s->p + 4, at));
	s->p = after;
	return TAKEN;
}

/* The end of a marked section: one or two ']', then '>', white space between. */
static const char *section_end(const char *p, const char *end, int brackets, const char **after)
{
	for (;; p++) {
		p = find(p, end, ']');
		if (p == end)
			return end;
		const char *q = space_skip(p + 1, end);
		if (brackets == 2) {
			if (q == end || *q != ']')
				continue;
			q = space_skip(q + 1, end);
		}
		if (q < end && *q == '>') {
			*after = q + 1;
			return p;
		}
	}
}

static bool is_one_of(struct str word, const char *const *words)
{
	for (; *words; words++)
		if (str_eq_ascii_case(word, str_of(*words)))
			return true;
	return false;
}

/* "<![word…]>": CDATA and what word processors write. */
static enum outcome take_section(struct scan *s)
{
	static const char *const standard[] = {
		"temp", "cdata", "ignore", "include", "rcdata", NULL
	};
	static const char *const office[] = { "if", "else", "endif", NULL };
	const char *from = s->p + 3, *name_end = from, *after = s->end;
	if (from == s->end)
		return INCOMPLETE;
	if (!is_letter(*from)) {
		err_set(s->err, FAULT_OTHER, "expected name token in a marked section");
		return REFUSED;
	}
	while (name_end < s->end &&
	       (is_letter(*name_end) || is_digit(*name_end) || memchr("-_.", *name_end, 3)))
		name_end++;
	struct str name = slice(from, name_end);
	if (space_skip(name_end, s->end) == s->end)
		return INCOMPLETE;
	int brackets = is_one_of(name, standard) ? 2 : is_one_of(name, office) ? 1 : 0;
	if (!brackets) {
		err_set(s->err, FAULT_OTHER, "unknown status keyword '%.*s' in marked section",
		        STR_ARG(name));
		return REFUSED;
	}
	const char *at = s->no_section[brackets] ? s->end
	                                         : section_end(from, s->end, brackets, &after);
	if (at == s->end) {
		s->no_section[brackets] = true;
		return INCOMPLETE;
	}
	struct str content = slice(from, at);
	if (content.n >= 6 && str_eq_ascii_case(str_slice(content, 0, 6), S("CDATA[")))
		html_tree_special(s->tree, HTML_CDATA, str_slice(content, 6, content.n));
	else
		html_tree_special(s->tree, HTML_DECLARATION, content);
	s->p = after;
	return TAKEN;
}

static enum outcome take_declaration(struct scan *s)
{
	struct str rest = slice(s->p, s->end);
	if (str_starts(rest, S("<![")))
		return take_section(s);
	if (str_eq_ascii_case(str_slice(rest, 0, 9), S("<!doctype"))) {
		struct str name = str_slice(rest, 9, rest.n);
		if (name.n)
			text_next(&name); /* the space in front of it, or what is there */
		return take_special(s, HTML_DOCTYPE, name.p, s->p + 9);
	}
	return take_special(s, HTML_COMMENT, s->p + 2, s->p + 2);
}

/* ---- start tags ---- */

struct attribute_scan {
	struct str name, value;
	bool has_value;
	const char *end;
};

/* A quoted value at `p`, or the end if the quote is not closed. */
static const char *quoted_end(const char *p, const char *end)
{
	const char *close = find(p + 1, end, *p);
	return close == end ? NULL : close + 1;
}

static const char *bare_end(const char *p, const char *end)
{
	while (p < end && *p != '>' && !space_at(p, end))
		p++;
	return p;
}

/*
 * "= value" from `p` on, with white space around the signs. A quote that is never closed is no value:
 * then the value is empty if white space stands before the quote, and else begins with the last of
 * several equals signs. False if none of this is there.
 */
static bool value_scan(const char *p, const char *end, struct attribute_scan *a)
{
	const char *equals = space_skip(p, end), *q = equals;
	while (q < end && *q == '=')
		q++;
	if (q == equals)
		return false;
	const char *from = space_skip(q, end), *to;
	if (from < end && (*from == '"' || *from == '\'')) {
		to = quoted_end(from, end);
		if (!to && from > q) {
			struct str spaces = slice(q, from);
			text_last(&spaces);
			from = to = spaces.p + spaces.n;
		} else if (!to && q - equals > 1) {
			from = q - 1;
			to = bare_end(from, end);
		} else if (!to) {
			return false;
		}
	} else {
		to = bare_end(from, end);
	}
	a->value = slice(from, to);
	a->has_value = true;
	a->end = to;
	return true;
}

/* One attribute at `p` with the filler behind it; in front of it, in the tag that begins at `tag`,
 * must be a quote, a slash or white space. */
static bool attribute_scan(const char *tag, const char *p, const char *end,
                           struct attribute_scan *a)
{
	const char *name = p;
	if (p == end || *p == '>' || *p == '/' || space_at(p, end))
		return false;
	struct str behind = slice(tag, p);
	if (!memchr("\"'/", p[-1], 3) && !text_is_space(text_last(&behind)))
		return false;
	for (p++; p < end && *p != '>' && *p != '/' && *p != '=' && !space_at(p, end);)
		p++;
	*a = (struct attribute_scan){ .name = slice(name, p), .end = p };
	value_scan(p, end, a);
	a->end = filler_skip(a->end, end);
	return true;
}

static const char *tag_name_end(const char *p, const char *end)
{
	while (p < end && !memchr("\t\n\r\f />", *p, 8))
		p++;
	return p;
}

static bool dead_test_set(struct scan *s, const char *p)
{
	if (!s->last)
		return false;
	if (!s->dead) {
		s->dead = arena_zalloc(s->tree->arena, (size_t)(s->end - s->p) / 8 + 1, 1);
		s->dead_from = s->p;
	}
	size_t at = (size_t)(p - s->dead_from);
	bool was = s->dead[at / 8] >> (at % 8) & 1;
	s->dead[at / 8] |= (uint8_t)(1u << (at % 8));
	return was;
}

/*
 * Goes over the attributes from `p` on. The end of the text if the tag is not complete. Text full of
 * tags that are never complete must not take quadratic time: places that such a tag came through
 * are remembered, and whoever comes there again is not complete either.
 */
static const char *attributes_pass(struct scan *s, const char *p)
{
	struct attribute_scan a;
	while (attribute_scan(s->p, p, s->end, &a)) {
		if (dead_test_set(s, p))
			return s->end;
		p = a.end;
	}
	return space_skip(p, s->end);
}

/* Where the start tag at s->p ends, NULL if it is not complete. */
static const char *start_tag_end(struct scan *s)
{
	const char *p = tag_name_end(s->p + 1, s->end);
	if (angle_next(s, p) == s->end && (p == s->end || *p != '\0'))
		return NULL;
	for (size_t n = 1; n;) {
		n = p < s->end && *p == '/' ? 1 : space_at(p, s->end);
		p += n;
	}
	p = attributes_pass(s, p);
	if (p == s->end)
		return NULL;
	if (*p == '>')
		return p + 1;
	if (*p == '/')
		return p + 1 < s->end && p[1] == '>' ? p + 2 : NULL;
	return is_letter(*p) || *p == '=' ? NULL : p;
}

static int attribute_order(const void *left, const void *right)
{
	const struct html_attribute *a = left, *b = right;
	int order = str_cmp(a->name, b->name);
	/* Equal names keep their order: text lies behind text that was read before. */
	return order ? order : (a->value.p > b->value.p) - (a->value.p < b->value.p);
}

/* Sorts by name; of those with the same name the last one stays. */
static size_t attributes_settle(struct html_attribute *list, size_t n)
{
	size_t kept = 0;
	for (size_t i = 0; i < n; i++) {
		if (kept && str_eq(list[kept - 1].name, list[i].name))
			list[kept - 1] = list[i];
		else
			list[kept++] = list[i];
	}
	return kept;
}

static struct str unquoted(struct str value)
{
	if (value.n >= 2 && (*value.p == '"' || *value.p == '\'') &&
	    value.p[value.n - 1] == *value.p)
		return str_slice(value, 1, value.n - 1);
	return value;
}

/* The attributes from `p` to before `end`; returns where they stop. */
static const char *attributes_read(struct scan *s, const char *p, const char *end,
                                   struct html_attribute **list_out, size_t *n_out)
{
	struct arena *arena = s->tree->arena;
	struct attribute_scan a;
	struct buffer list;
	buffer_init_in(&list, arena, SIZE_MAX / 2);
	while (p < end && attribute_scan(s->p, p, s->end, &a)) {
		struct html_attribute attribute = {
			text_lower(arena, a.name),
			a.has_value ? unquoted(a.value) : slice(a.end, a.end),
			STR_NONE,
		};
		buffer_add(&list, &attribute, sizeof attribute);
		p = a.end;
	}
	*list_out = (struct html_attribute *)(void *)list.p;
	*n_out = list.n / sizeof(struct html_attribute);
	if (*n_out > 1) {
		qsort(*list_out, *n_out, sizeof **list_out, attribute_order);
		*n_out = attributes_settle(*list_out, *n_out);
	}
	for (size_t i = 0; i < *n_out; i++)
		(*list_out)[i].value = html_unescape(arena, (*list_out)[i].value);
	return p;
}

static enum outcome take_start_tag(struct scan *s)
{
	const char *end = start_tag_end(s);
	if (!end)
		return INCOMPLETE;
	const char *name_end = tag_name_end(s->p + 1, s->end);
	struct html_attribute *attributes;
	size_t n;
	const char *p = attributes_read(s, filler_skip(name_end, s->end), end, &attributes, &n);
	struct str rest = text_strip(p < end ? slice(p, end) : S(""));
	bool empty = str_eq(rest, S("/>"));
	if (!empty && !str_eq(rest, S(">"))) {
		html_tree_text(s->tree, slice(s->p, end));
	} else {
		struct str name = text_lower(s->tree->arena, slice(s->p + 1, name_end));
		html_tree_start(s->tree, name, attributes, n, empty);
		if (!empty && (str_eq(name, S("script")) || str_eq(name, S("style"))))
			s->raw_element = name;
	}
	s->p = end;
	return TAKEN;
}

/* ---- end tags ---- */

/* "</name>" with white space around the name at `p`: the name, and *after behind the tag. */
static struct str plain_end_tag(const char *p, const char *end, const char **after)
{
	const char *from = space_skip(p + 2, end), *to = from;
	if (from == end || !is_letter(*from))
		return STR_NONE;
	while (to < end && (is_letter(*to) || is_digit(*to) || memchr("-.:_", *to, 4)))
		to++;
	const char *close = space_skip(to, end);
	if (close == end || *close != '>')
		return STR_NONE;
	*after = close + 1;
	return slice(from, to);
}

static enum outcome take_end_tag(struct scan *s)
{
	const char *after;
	if (angle_next(s, s->p + 1) == s->end)
		return INCOMPLETE;
	struct str name = plain_end_tag(s->p, s->end, &after);
	if (name.p) {
		html_tree_end(s->tree, text_lower(s->tree->arena, name));
		s->raw_element = STR_NONE;
		s->p = after;
		return TAKEN;
	}
	const char *from = s->p + 2;
	if (is_letter(*from)) {
		const char *to = tag_name_end(from, s->end);
		html_tree_end(s->tree, text_lower(s->tree->arena, slice(from, to)));
		s->p = angle_next(s, filler_skip(to, s->end)) + 1;
		return TAKEN;
	}
	if (*from == '>') {
		s->p += 3;
		return TAKEN;
	}
	return take_special(s, HTML_COMMENT, from, from);
}

/* Text of a script or style up to its end tag; false if there is none. */
static bool take_raw(struct scan *s)
{
	for (const char *at = s->p;; at++) {
		const char *after;
		at = find(at, s->end, '<');
		if (at == s->end)
			return false;
		if (s->end - at < 2 || at[1] != '/')
			continue;
		struct str name = plain_end_tag(at, s->end, &after);
		if (name.p && str_eq_ascii_case(name, s->raw_element)) {
			if (at > s->p)
				html_tree_text(s->tree, slice(s->p, at));
			s->p = at;
			return true;
		}
	}
}

/* ---- character references in text ---- */

static void text_copy(struct scan *s, struct str text)
{
	html_tree_text(s->tree, arena_dup(s->tree->arena, text));
}

/* A number as those who write it mean it: below 256 it is a byte of windows-1252. */
static void number_put(struct scan *s, struct str digits)
{
	bool hex = *digits.p == 'x' || *digits.p == 'X';
	char bytes[8];
	struct buffer b = { .p = bytes, .capacity = sizeof bytes, .limit = sizeof bytes };
	uint32_t c = 0;
	for (size_t i = hex; i < digits.n && c <= 0x10ffff; i++) {
		char d = digits.p[i];
		uint32_t value = is_digit(d) ? (uint32_t)(d - '0')
		                             : (uint32_t)((d | 0x20) - 'a' + 10);
		c = c * (hex ? 16 : 10) + value;
	}
	if (c >= 0x80 && c <= 0x9f) {
		text_copy(s, html_unescape(s->tree->arena,
		                           arena_printf(s->tree->arena, "&#%u;", (unsigned)c)));
		return;
	}
	buffer_add_utf8(&b, c > 0x10ffff ? TEXT_REPLACEMENT : c);
	text_copy(s, buffer_str(&b));
}

/* "&#…"; false ends the pass. */
static bool take_number(struct scan *s)
{
	const char *from = s->p + 2, *to = from;
	bool hex = to < s->end && (*to == 'x' || *to == 'X');
	for (to += hex; to < s->end && (hex ? is_hex(*to) : is_digit(*to));)
		to++;
	if (to > from + hex && to < s->end && !is_hex(*to)) {
		number_put(s, slice(from, to));
		s->p = *to == ';' ? to + 1 : to;
		return true;
	}
	if (find(s->p, s->end, ';') < s->end) {
		html_tree_text(s->tree, slice(s->p, from));
		s->p = from;
	}
	return false;
}

/* The name of the reference at s->p: something must follow it, be it a dash or dot of its own. */
static const char *name_end(const struct scan *s)
{
	const char *from = s->p + 1, *to = from;
	while (to < s->end && (is_letter(*to) || is_digit(*to) || *to == '-' || *to == '.'))
		to++;
	if (to < s->end)
		return to;
	while (to > from && to[-1] != '-' && to[-1] != '.')
		to--;
	return to > from ? to - 1 : from;
}

/* "&…"; false ends the pass. */
static bool take_reference(struct scan *s)
{
	const char *from = s->p + 1;
	if (from == s->end)
		return false;
	if (*from == '#')
		return take_number(s);
	if (!is_letter(*from)) {
		html_tree_text(s->tree, slice(s->p, from));
		s->p = from;
		return true;
	}
	const char *to = name_end(s);
	if (to == from) {
		/* One letter at the very end loses its ampersand. */
		if (s->last && s->end - s->p == 2)
			s->p++;
		return false;
	}
	const struct html_entity *entity = html_entity_find(slice(from, to));
	html_tree_text(s->tree, entity ? str_of(entity->text) : slice(s->p, to));
	s->p = *to == ';' ? to + 1 : to;
	return true;
}

/* ---- passes ---- */

static enum outcome take_markup(struct scan *s)
{
	struct str rest = slice(s->p, s->end);
	if (rest.n > 1 && is_letter(rest.p[1]))
		return take_start_tag(s);
	if (str_starts(rest, S("</")))
		return take_end_tag(s);
	if (str_starts(rest, S("<!--")))
		return take_comment(s);
	if (str_starts(rest, S("<?")))
		return take_special(s, HTML_INSTRUCTION, s->p + 2, s->p + 2);
	if (str_starts(rest, S("<!")))
		return take_declaration(s);
	html_tree_text(s->tree, str_slice(rest, 0, 1));
	s->p++;
	return TAKEN;
}

/* What is not complete, as text: up to its '>', or else to the next '<'. */
static void take_as_text(struct scan *s)
{
	const char *to = angle_next(s, s->p + 1);
	if (to < s->end) {
		to++;
	} else {
		to = find(s->p + 1, s->end, '<');
		if (to == s->end)
			to = s->p + 1;
	}
	html_tree_text(s->tree, slice(s->p, to));
	s->p = to;
}

/* The next construct of text or markup: 1, 0 if the pass ends here, -1. */
static int step(struct scan *s)
{
	if (s->raw_element.p) {
		if (!take_raw(s))
			return 0;
	} else {
		const char *at = s->p;
		while (at < s->end && *at != '<' && *at != '&')
			at++;
		if (at > s->p)
			html_tree_text(s->tree, slice(s->p, at));
		s->p = at;
	}
	if (s->p == s->end)
		return 0;
	if (*s->p == '&')
		return take_reference(s);
	if (s->end - s->p == 1)
		return 0;
	enum outcome outcome = take_markup(s);
	if (outcome == REFUSED)
		return -1;
	if (outcome == TAKEN)
		return 1;
	if (!s->last)
		return 0;
	take_as_text(s);
	return 1;
}

int html_scan(struct html_tree *tree, struct str text, struct err *err)
{
	struct scan s = { .tree = tree, .p = text.p, .end = text.p + text.n, .err = err };
	for (int pass = 0; pass < 2; pass++) {
		s.last = pass == 1;
		int outcome = 1;
		while (s.p < s.end && outcome > 0)
			outcome = step(&s);
		if (outcome < 0)
			return -1;
	}
	if (s.p < s.end && !s.raw_element.p)
		html_tree_text(tree, slice(s.p, s.end));
	return 0;
}
