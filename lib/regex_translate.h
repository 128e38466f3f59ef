/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * regex_translate.h - from Python's regular expressions to those of PCRE2.
 *
 * The result is for PCRE2 with UTF, UCP, DOTALL, ALT_CIRCUMFLEX and LF as the newline, and CASELESS
 * if `caseless`. Everything that could be read in two ways is written out: `.` is `.` or \N, classes
 * are ranges of code points, groups are numbered.
 */
#pragma once
#include <intelmq/buffer.h>
#include <intelmq/err.h>

struct regex_translation {
	struct str text; /* valid UTF-8 */
	bool caseless;
	size_t groups;
	struct str *names; /* by number of the group, up to `groups`; STR_NONE: none */
};

/* Everything lies in the arena. `flags` are enum regex_flags. */
int regex_translate(struct arena *, struct str pattern, unsigned flags,
                    struct regex_translation *out, struct err *);

/*
 * Lone surrogates cannot be in a subject of PCRE2. They and the bytes that are not UTF-8 become code
 * points of a private use plane, which belong to the same classes.
 */
enum { REGEX_SURROGATES = 0x100000, REGEX_BYTES = 0xDC00 };

/* Appends a code point as pattern text, inside or outside of a class. */
void regex_put_code(struct buffer *, uint32_t code_point);

/* Whether a group may have that name: an identifier of Python. */
bool regex_name_valid(struct str);

/* ---- Character classes ---- */

struct regex_range {
	uint32_t first, last;
};

enum regex_category { CATEGORY_NONE, CATEGORY_DIGIT, CATEGORY_SPACE, CATEGORY_WORD };

struct regex_class {
	struct arena *arena;
	struct buffer properties; /* \p{…} beside the ranges */
	struct regex_range *ranges;
	size_t n, capacity;
	bool negated;
};

void regex_class_init(struct regex_class *, struct arena *);
void regex_class_add(struct regex_class *, uint32_t first, uint32_t last);
void regex_class_add_category(struct regex_class *, enum regex_category, bool negated, bool ascii);
/* Adds the other case of what is there: of ASCII letters, or where PCRE2 knows fewer than Python. */
void regex_class_fold(struct regex_class *, bool ascii);
void regex_class_write(const struct regex_class *, struct buffer *);
/* Whether Python knows more letters equal to this one without regard to case than PCRE2 does. */
bool regex_code_folds_specially(uint32_t code_point);
