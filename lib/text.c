/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/text.h>
#include <intelmq/buffer.h>

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>
#include <stdlib.h>

enum {
	BLOCK = 32, /* bytes looked at together; the loops over one become vector code */
	CAPITAL_I_DOT = 0x130,
	CAPITAL_SIGMA = 0x3A3,
	FINAL_SIGMA = 0x3C2,
};

static const uint8_t *bytes_of(struct str s)
{
	return (const uint8_t *)s.p;
}

static struct str skip(struct str s, size_t n)
{
	return (struct str){ s.p + n, s.n - n };
}

static bool continues(uint8_t byte)
{
	return (byte & 0xC0) == 0x80;
}

/* The code point at p and the number of its bytes; n > 0. */
static uint32_t decode(const uint8_t *p, size_t n, size_t *length)
{
	*length = 1;
	if (p[0] < 0x80)
		return p[0];
	if (p[0] < 0xC2 || p[0] > 0xF4 || n < 2 || !continues(p[1]))
		return TEXT_REPLACEMENT;
	if (p[0] < 0xE0) {
		*length = 2;
		return (p[0] & 0x1Fu) << 6 | (p[1] & 0x3Fu);
	}
	if (n < 3 || !continues(p[2]))
		return TEXT_REPLACEMENT;
	if (p[0] < 0xF0) {
		uint32_t c = (p[0] & 0x0Fu) << 12 | (p[1] & 0x3Fu) << 6 | (p[2] & 0x3Fu);
		if (c < 0x800)
			return TEXT_REPLACEMENT;
		*length = 3;
		return c;
	}
	if (n < 4 || !continues(p[3]))
		return TEXT_REPLACEMENT;
	uint32_t c = (p[0] & 0x07u) << 18 | (p[1] & 0x3Fu) << 12 | (p[2] & 0x3Fu) << 6 |
	             (p[3] & 0x3Fu);
	if (c < 0x10000 || c > 0x10FFFF)
		return TEXT_REPLACEMENT;
	*length = 4;
	return c;
}

uint32_t text_next(struct str *rest)
{
	size_t length;
	uint32_t c = decode(bytes_of(*rest), rest->n, &length);
	*rest = skip(*rest, length);
	return c;
}

uint32_t text_last(struct str *rest)
{
	const uint8_t *p = bytes_of(*rest);
	size_t start = rest->n - 1, length;
	if (p[start] >= 0x80)
		while (start > 0 && rest->n - start < 4 && continues(p[start]))
			start--;
	uint32_t c = decode(p + start, rest->n - start, &length);
	if (start + length != rest->n) {
		rest->n--;
		return TEXT_REPLACEMENT;
	}
	rest->n = start;
	return c;
}

/* The number of bytes in front of the first one that is not ASCII. */
static size_t ascii_prefix(struct str s)
{
	const uint8_t *p = bytes_of(s);
	size_t i = 0;
	for (; s.n - i >= BLOCK; i += BLOCK) {
		uint64_t w[BLOCK / 8];
		memcpy(w, p + i, BLOCK);
		if ((w[0] | w[1] | w[2] | w[3]) & 0x8080808080808080u)
			break;
	}
	for (; s.n - i >= 8; i += 8) {
		uint64_t w;
		memcpy(&w, p + i, 8);
		if (w & 0x8080808080808080u)
			break;
	}
	while (i < s.n && p[i] < 0x80)
		i++;
	return i;
}

bool text_is_ascii(struct str s)
{
	return ascii_prefix(s) == s.n;
}

bool text_is_utf8(struct str s)
{
	size_t n = ascii_prefix(s);
	return n == s.n || !u8_check(bytes_of(s) + n, s.n - n);
}

bool text_is_space(uint32_t c)
{
	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1C && c <= 0x1F);
	return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) ||
	       c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool text_is_printable(uint32_t c)
{
	if (c < 0x7F)
		return c >= ' ';
	const uint32_t hidden = UC_CATEGORY_MASK_C | UC_CATEGORY_MASK_Z;
	return !uc_is_general_category_withtable(c, hidden);
}

int text_decimal(uint32_t c)
{
	if (c < 0x80)
		return c >= '0' && c <= '9' ? (int)(c - '0') : -1;
	return uc_decimal_value(c);
}

struct str text_strip_left(struct str s)
{
	while (s.n) {
		struct str rest = s;
		if (!text_is_space(text_next(&rest)))
			break;
		s = rest;
	}
	return s;
}

struct str text_strip_right(struct str s)
{
	while (s.n) {
		struct str rest = s;
		if (!text_is_space(text_last(&rest)))
			break;
		s = rest;
	}
	return s;
}

struct str text_strip(struct str s)
{
	return text_strip_right(text_strip_left(s));
}

struct str text_strip_bytes(struct str s, struct str set)
{
	while (s.n && str_index(set, s.p[0]) != STR_NOT_FOUND)
		s = skip(s, 1);
	while (s.n && str_index(set, s.p[s.n - 1]) != STR_NOT_FOUND)
		s.n--;
	return s;
}

/* A function of libunistring that makes one text of another. */
typedef uint8_t *convert_function(const uint8_t *p, size_t n, size_t *n_out);

static uint8_t *to_upper(const uint8_t *p, size_t n, size_t *n_out)
{
	return u8_toupper(p, n, NULL, NULL, NULL, n_out);
}

static uint8_t *to_nfkc(const uint8_t *p, size_t n, size_t *n_out)
{
	return u8_normalize(UNINORM_NFKC, p, n, NULL, n_out);
}

static void run_add(struct buffer *out, const uint8_t *p, size_t n, convert_function *convert)
{
	size_t converted_n = 0;
	uint8_t *converted = n ? convert(p, n, &converted_n) : NULL;
	if (n && !converted)
		abort(); /* out of memory: the run is valid */
	buffer_add(out, converted, converted_n);
	free(converted);
}

/*
 * libunistring refuses surrogates and bytes that are no UTF-8. They have no properties that what is
 * beside them could depend on, so what lies between them is converted alone.
 */
static struct str convert_runs(struct arena *arena, struct str s, convert_function *convert)
{
	struct buffer out;
	buffer_init_in(&out, arena, SIZE_MAX);
	buffer_room(&out, s.n + 8);
	while (s.n) {
		const uint8_t *p = bytes_of(s), *wrong = u8_check(p, s.n);
		size_t run = wrong ? (size_t)(wrong - p) : s.n;
		run_add(&out, p, run, convert);
		s = skip(s, run);
		if (wrong) {
			buffer_add_char(&out, s.p[0]);
			s = skip(s, 1);
		}
	}
	return buffer_str(&out);
}

static uint8_t swap_case(uint8_t c, uint8_t first)
{
	return (uint8_t)(c ^ ((uint8_t)(c - first) < 26) << 5);
}

/* ASCII text with the letters from `first` to `first` + 25 in the other case. */
static struct str swap_ascii(struct arena *arena, struct str s, uint8_t first)
{
	const uint8_t *p = bytes_of(s);
	size_t i = 0;
	while (i < s.n && (uint8_t)(p[i] - first) >= 26)
		i++;
	if (i == s.n)
		return s;
	uint8_t *out = arena_alloc(arena, s.n + 1);
	memcpy(out, p, i);
	for (; s.n - i >= BLOCK; i += BLOCK)
		for (size_t k = 0; k < BLOCK; k++)
			out[i + k] = swap_case(p[i + k], first);
	for (; i < s.n; i++)
		out[i] = swap_case(p[i], first);
	out[s.n] = 0;
	return (struct str){ (char *)out, s.n };
}

/* `converted`, or s itself if both are equal; what was taken since the mark is given back then. */
static struct str unless_equal(struct arena *arena, struct arena_mark mark, struct str s,
                               struct str converted)
{
	if (!str_eq(converted, s))
		return converted;
	arena_rewind(arena, mark);
	return s;
}

static struct str convert_unless_equal(struct arena *arena, struct str s, convert_function *convert)
{
	struct arena_mark mark = arena_mark(arena);
	return unless_equal(arena, mark, s, convert_runs(arena, s, convert));
}

/* Whether the nearest character that matters for case, from the end of s or its start, has case. */
static bool beside_cased(struct str s, uint32_t (*take)(struct str *))
{
	while (s.n) {
		uint32_t c = take(&s);
		if (!uc_is_property_case_ignorable(c))
			return uc_is_property_cased(c);
	}
	return false;
}

/* One character in lower case; `before` and `after` are what is around it. */
static void put_lower(struct buffer *out, struct str before, uint32_t c, struct str after)
{
	if (c == CAPITAL_SIGMA && beside_cased(before, text_last) &&
	    !beside_cased(after, text_next))
		buffer_add_utf8(out, FINAL_SIGMA);
	else if (c == CAPITAL_I_DOT)
		buffer_add_str(out, S("i\u0307"));
	else
		buffer_add_utf8(out, uc_tolower(c));
}

/*
 * Not left to libunistring, which judges the final sigma differently where a character is both of a
 * case and ignorable. It takes linear time: no search passes another sigma.
 */
static struct str lower_runs(struct arena *arena, struct str s)
{
	struct buffer out;
	buffer_init_in(&out, arena, SIZE_MAX);
	buffer_room(&out, s.n + 8);
	struct str rest = s;
	while (rest.n) {
		struct str before = str_slice(s, 0, s.n - rest.n), at = rest;
		uint32_t c = text_next(&rest);
		if (c == TEXT_REPLACEMENT)
			buffer_add(&out, at.p, at.n - rest.n);
		else
			put_lower(&out, before, c, rest);
	}
	return buffer_str(&out);
}

struct str text_lower(struct arena *arena, struct str s)
{
	if (text_is_ascii(s))
		return swap_ascii(arena, s, 'A');
	struct arena_mark mark = arena_mark(arena);
	return unless_equal(arena, mark, s, lower_runs(arena, s));
}

struct str text_upper(struct arena *arena, struct str s)
{
	if (text_is_ascii(s))
		return swap_ascii(arena, s, 'a');
	return convert_unless_equal(arena, s, to_upper);
}

bool text_is_lower(struct arena *arena, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'A' && s.p[i] <= 'Z')
			return false;
	return text_is_ascii(s) || str_eq(s, text_lower(arena, s));
}

bool text_is_upper(struct arena *arena, struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] >= 'a' && s.p[i] <= 'z')
			return false;
	return text_is_ascii(s) || str_eq(s, text_upper(arena, s));
}

struct str text_nfkc(struct arena *arena, struct str s)
{
	if (text_is_ascii(s))
		return s;
	return convert_unless_equal(arena, s, to_nfkc);
}

size_t text_length(struct str s)
{
	size_t length = ascii_prefix(s);
	s = str_slice(s, length, s.n);
	while (s.n) {
		text_next(&s);
		length++;
	}
	return length;
}

/* The number of bytes that the first `count` characters take. */
static size_t bytes_of_characters(struct str s, size_t count)
{
	struct str rest = s;
	while (count && rest.n) {
		text_next(&rest);
		count--;
	}
	return s.n - rest.n;
}

struct str text_slice(struct str s, size_t from, size_t to)
{
	if (from > to)
		from = to;
	size_t ascii = ascii_prefix(str_slice(s, 0, to));
	if (ascii == to || ascii == s.n)
		return str_slice(s, from, to);
	size_t start = bytes_of_characters(s, from);
	struct str rest = skip(s, start);
	return str_slice(rest, 0, bytes_of_characters(rest, to - from));
}

/* Whether a line's end can start with this byte; true also for some other characters. */
static bool may_end_line(uint8_t c)
{
	return ((uint8_t)(c - '\n') <= '\r' - '\n') | ((uint8_t)(c - 0x1C) <= 2) | (c == 0xC2) |
	       (c == 0xE2);
}

/* The first byte at or after `i` with which a line's end may start. */
static size_t line_end_candidate(struct str s, size_t i)
{
	const uint8_t *p = bytes_of(s);
	for (; s.n - i >= BLOCK; i += BLOCK) {
		uint8_t found = 0;
		for (size_t k = 0; k < BLOCK; k++)
			found |= may_end_line(p[i + k]);
		if (found)
			break;
	}
	while (i < s.n && !may_end_line(p[i]))
		i++;
	return i;
}

/* The length of a line's end at the start of the text, 0 if there is none. */
static size_t line_end(struct str s)
{
	if (s.p[0] == '\r')
		return s.n > 1 && s.p[1] == '\n' ? 2 : 1;
	if ((uint8_t)s.p[0] < 0x80)
		return 1;
	struct str rest = s;
	uint32_t c = text_next(&rest);
	return c == 0x85 || c == 0x2028 || c == 0x2029 ? s.n - rest.n : 0;
}

struct str text_line(struct str *rest, struct str *ending)
{
	struct str s = *rest;
	size_t length = 0, at = line_end_candidate(s, 0);
	while (at < s.n && (length = line_end(skip(s, at))) == 0)
		at = line_end_candidate(s, at + 1);
	if (ending)
		*ending = str_slice(s, at, at + length);
	*rest = str_slice(s, at + length, s.n);
	return str_slice(s, 0, at);
}

struct str text_clean_utf8(struct arena *arena, struct str s)
{
	if (text_is_utf8(s))
		return s;
	uint8_t *out = arena_alloc(arena, s.n + 1);
	size_t n = 0;
	while (s.n) {
		const uint8_t *p = bytes_of(s), *wrong = u8_check(p, s.n);
		size_t run = wrong ? (size_t)(wrong - p) : s.n;
		memcpy(out + n, p, run);
		n += run;
		/* The bytes that may follow a wrong first byte cannot start a character either. */
		s = skip(s, wrong ? run + 1 : run);
	}
	out[n] = 0;
	return (struct str){ (char *)out, n };
}
