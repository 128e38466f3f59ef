/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * str.h - borrowed text: a pointer and a length.
 *
 * A str never owns its bytes; who does is said where the str comes from (usually the arena
 * of the message). It may contain NUL bytes and is not NUL terminated unless a function says so.
 * Text is UTF-8; a lone surrogate (Python allows them in str) is kept in its three-byte form.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *p;
	size_t n;
};

/* A str of a string literal. */
#define S(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
/* Arguments for "%.*s". */
#define STR_ARG(s) (int)((s).n > 2000 ? 2000 : (s).n), (s).p ? (s).p : ""

/* The absent text; differs from the empty text only by its null pointer. */
#define STR_NONE ((struct str){ NULL, 0 })

/* Borrows a NUL-terminated string; NULL gives STR_NONE. */
static inline struct str str_of(const char *text)
{
	return (struct str){ text, text ? strlen(text) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline char str_lower_char(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* The same for ASCII letters of either case. */
static inline bool str_eq_nocase(struct str a, struct str b)
{
	for (size_t i = 0; a.n == b.n && i < a.n; i++)
		if (str_lower_char(a.p[i]) != str_lower_char(b.p[i]))
			return false;
	return a.n == b.n;
}

/* Order by bytes, which for UTF-8 is the order by code points. */
static inline int str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n ? memcmp(a.p, b.p, n) : 0;
	return order ? order : (a.n > b.n) - (a.n < b.n);
}

/* The part from `from` to before `to`; both are clamped to the length. */
static inline struct str str_slice(struct str s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from > to)
		from = to;
	return (struct str){ s.p ? s.p + from : NULL, to - from };
}

static inline bool str_starts(struct str s, struct str prefix)
{
	return s.n >= prefix.n && (prefix.n == 0 || memcmp(s.p, prefix.p, prefix.n) == 0);
}

static inline bool str_ends(struct str s, struct str suffix)
{
	return s.n >= suffix.n &&
	       (suffix.n == 0 || memcmp(s.p + s.n - suffix.n, suffix.p, suffix.n) == 0);
}

#define STR_NOT_FOUND ((size_t)-1)

/* Index of the first `c`, or STR_NOT_FOUND. */
static inline size_t str_index(struct str s, char c)
{
	const char *at = s.n ? memchr(s.p, c, s.n) : NULL;
	return at ? (size_t)(at - s.p) : STR_NOT_FOUND;
}

/* Index of the first `part`, or STR_NOT_FOUND; the empty part is found at 0. */
static inline size_t str_find(struct str s, struct str part)
{
	if (part.n == 0)
		return 0;
	const char *at = s.n ? memmem(s.p, s.n, part.p, part.n) : NULL;
	return at ? (size_t)(at - s.p) : STR_NOT_FOUND;
}

/* Equal when ASCII letters are compared without case. */
static inline bool str_eq_ascii_case(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++) {
		unsigned char x = (unsigned char)a.p[i], y = (unsigned char)b.p[i];
		if (x >= 'A' && x <= 'Z')
			x |= 0x20;
		if (y >= 'A' && y <= 'Z')
			y |= 0x20;
		if (x != y)
			return false;
	}
	return true;
}

/*
 * Cuts the piece before the next `separator` off `*rest` and returns it; the last piece is what
 * is left. After the last piece rest->p is NULL: `while (rest.p) { piece = str_cut(&rest, ','); … }`.
 */
static inline struct str str_cut(struct str *rest, char separator)
{
	size_t at = str_index(*rest, separator);
	struct str piece = *rest;
	if (at == STR_NOT_FOUND) {
		*rest = STR_NONE;
		return piece;
	}
	piece.n = at;
	rest->p += at + 1;
	rest->n -= at + 1;
	return piece;
}
