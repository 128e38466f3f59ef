/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * regex_parse.h - the state of a translation, shared by regex_translate.c (literals, quantifiers),
 * regex_escape.c (escapes, classes) and regex_group.c (groups, flags). Functions return 0, or -1 with
 * the error set.
 */
#pragma once
#include <intelmq/regex.h>
#include <intelmq/value.h>

#include "regex_translate.h"

enum {
	CODE_END = -1, /* there is no more character */
	/* beside enum regex_flags: */
	FLAG_UNICODE = 32,  /* (?u) */
	FLAG_TEMPLATE = 64, /* (?t), without meaning */
};

#define ENDLESS UINT32_MAX /* repetitions; widths are not counted any further */

/* How many characters something can match. */
struct width {
	uint64_t least, most;
};

/* What stands in front of a quantifier. */
enum item { ITEM_NONE, ITEM_ASSERTION, ITEM_PLAIN, ITEM_REPEATED };

enum group_kind {
	GROUP_ROOT,
	GROUP_CAPTURE,
	GROUP_PLAIN,
	GROUP_LOOK,
	GROUP_LOOK_BEHIND,
	GROUP_CONDITION,
};

/* An open group. */
struct frame {
	enum group_kind kind;
	unsigned flags;      /* outside of it */
	size_t look_behind;  /* the translator's, outside of it */
	size_t number;       /* GROUP_CAPTURE */
	const char *opened;  /* its parenthesis */
	size_t branches;     /* finished ones */
	struct width all;    /* of the finished branches */
	struct width branch; /* of the present branch without its last item */
	struct width last;   /* of the last item */
	enum item item;      /* kind of the last item */
	size_t at;           /* where its text begins in the output */
};

struct group {
	struct str name;
	struct width width;
	bool closed;
};

struct translator {
	struct arena *arena;
	struct buffer out;
	const char *start, *p, *end;
	unsigned flags;
	struct frame *frames;
	size_t depth;
	struct dict *names;   /* of groups, with their numbers */
	struct group *groups; /* by number, from 1 */
	size_t n_groups, groups_capacity;
	size_t look_behind; /* inside a look-behind: the number that the next group had at its start */
	size_t condition; /* highest group that a condition asks for, … */
	const char *condition_at;
	struct err *err;
};

static inline bool take(struct translator *t, char c)
{
	if (t->p == t->end || *t->p != c)
		return false;
	t->p++;
	return true;
}

static inline bool is_in(char c, char first, char last)
{
	return c >= first && c <= last;
}

static inline bool is_digit(char c)
{
	return is_in(c, '0', '9');
}

static inline bool is_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline bool folds(const struct translator *t)
{
	return t->flags & REGEX_IGNORE_CASE;
}

static inline bool ascii(const struct translator *t)
{
	return t->flags & REGEX_ASCII;
}

static inline struct frame *top(const struct translator *t)
{
	return &t->frames[t->depth];
}

static inline uint64_t capped(uint64_t n, uint64_t cap)
{
	return n < cap ? n : cap;
}

/* ---- regex_translate.c ---- */

/* Records the reason and the position of `at` in the pattern; returns -1. */
int regex_refuse(const struct translator *, const char *at, const char *reason);
/* The same about a piece of the pattern: `before`, the piece, `after`. */
int regex_refuse_text(const struct translator *, const char *at, const char *before,
                      struct str piece, const char *after);

/* Takes one character; a byte that is not UTF-8 is a surrogate. CODE_END at the end. */
int regex_next(struct translator *);

/* An item of that width begins; its text is to be appended to `out`. */
void regex_item(struct translator *, enum item, uint64_t width);
void regex_branch_end(struct frame *);
void regex_literal(struct translator *, uint32_t code);
void regex_assertion(struct translator *, struct str text);

/* ---- regex_escape.c ---- */

/* At a backslash, at a bracket. */
int regex_escape(struct translator *);
int regex_class_read(struct translator *);

/* ---- regex_group.c ---- */

/* At an opening parenthesis, at a closing one, at a bar. */
int regex_group_open(struct translator *);
int regex_group_close(struct translator *);
int regex_branch(struct translator *);
/* A reference, written at `at`, to what a group matched. */
int regex_reference(struct translator *, const char *at, size_t number);
