/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * regex.h - regular expressions in the language of Python 3.11's `re` module, for text.
 *
 * A pattern is translated and handed to PCRE2. What re.compile refuses is refused; what it accepts
 * matches alike, with these exceptions, all of which are refused: \N{NAME}, repetition counts above
 * 65535, patterns whose groups nest deeper than MAX_REGEX_DEPTH, and patterns that are too large
 * when compiled (64 KB).
 *
 * Patterns and subjects are UTF-8. A lone surrogate (three bytes, see str.h) is one character; a byte
 * that is not UTF-8 counts as the surrogate U+DC80 to U+DCFF that Python's "surrogateescape" makes
 * of it.
 *
 * A search that needs too many steps, too much memory or too much time ends with an error, so that a
 * hostile pattern or subject cannot hang the process.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>

enum {
	MAX_REGEX_DEPTH = 100,      /* groups inside each other */
	MAX_REGEX_PATTERN = 100000, /* bytes */
};

enum regex_flags {
	REGEX_ASCII = 1,       /* \w \d \s \b and the case of letters know ASCII only: re.A */
	REGEX_IGNORE_CASE = 2, /* re.I */
	REGEX_MULTILINE = 4,   /* ^ and $ match at every line: re.M */
	REGEX_DOT_ALL = 8,     /* . matches LF also: re.S */
	REGEX_VERBOSE = 16,    /* white space and comments in the pattern are skipped: re.X */
};

/* A compiled pattern; not to be used by two threads at once. */
struct regex;

/*
 * Compiles; `flags` are those of enum regex_flags, to which those written in the pattern are added.
 * Keeps nothing of `pattern`. *regex_out is for regex_free; it is NULL on errors. Error texts are
 * Python's where it would refuse too ("bad escape \h at position 0"). Needs up to 40 KB of stack.
 */
int regex_new(struct str pattern, unsigned flags, struct regex **regex_out, struct err *);
void regex_free(struct regex *);

/* Where a group matched: bytes [start, end) of the subject; start is REGEX_UNSET if it took no part. */
struct regex_span {
	size_t start, end;
};

#define REGEX_UNSET ((size_t)-1)

/* A match; the spans lie in the arena that the search was given. */
struct regex_match {
	struct str subject;       /* borrowed */
	struct regex_span *spans; /* [0] is the whole match, [1] the first group */
	size_t n;                 /* spans: groups and one */
};

/*
 * 1 found, 0 not found, -1 error (FAULT_OTHER: a limit was reached). `out` is set only if found and
 * may be NULL, and so may the arena if `out` is.
 */
int regex_search(const struct regex *, struct arena *, struct str subject, struct regex_match *out,
                 struct err *);
/* As regex_search, but begins at the byte `from` (at most subject.n): for one match after another. */
int regex_search_from(const struct regex *, struct arena *, struct str subject, size_t from,
                      struct regex_match *out, struct err *);
/* At the start of the subject only: re.match. */
int regex_match_at_start(const struct regex *, struct arena *, struct str subject,
                         struct regex_match *out, struct err *);
/* The whole subject only: re.fullmatch. */
int regex_full_match(const struct regex *, struct arena *, struct str subject,
                     struct regex_match *out, struct err *);

/* The text of a group, 0 being the whole match; STR_NONE if it took no part or does not exist. */
struct str regex_group(const struct regex_match *, size_t number);
/* The same by name. */
struct str regex_group_by_name(const struct regex *, const struct regex_match *, struct str name);

/* Number of groups, without the whole match. */
size_t regex_group_count(const struct regex *);
/* The name of a group; STR_NONE if it has none. Borrowed from the regex. */
struct str regex_group_name(const struct regex *, size_t number);
/* The number of the group with that name, or 0. */
size_t regex_group_number(const struct regex *, struct str name);
