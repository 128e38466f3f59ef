/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * text.h - Unicode text (version 14) with the rules of Python 3.11's str.
 *
 * Text is UTF-8 as described in str.h. Lone surrogates count as characters. A byte that belongs to
 * no character is passed on as it is; where a code point is asked for, it counts as U+FFFD.
 * Positions and lengths named "characters" count code points. Text that is ASCII takes a fast path
 * everywhere. All functions take time linear in the text.
 */
#pragma once
#include <intelmq/arena.h>

enum { TEXT_REPLACEMENT = 0xFFFD };

/* The text without white space at both ends, at its start, at its end (str.strip and so on). */
struct str text_strip(struct str);
struct str text_strip_left(struct str);
struct str text_strip_right(struct str);

/* The text without bytes of `set`, which are ASCII characters, at both ends. */
struct str text_strip_bytes(struct str, struct str set);

/*
 * str.lower and str.upper: the full mappings of Unicode, so that the length may change ("ß" becomes
 * "SS"), and with the final sigma. Returns the input itself if nothing changes.
 */
struct str text_lower(struct arena *, struct str);
struct str text_upper(struct arena *, struct str);

/* Whether text_lower, text_upper would return the text unchanged. Takes memory if not ASCII. */
bool text_is_lower(struct arena *, struct str);
bool text_is_upper(struct arena *, struct str);

bool text_is_ascii(struct str);

/* Strict UTF-8 (RFC 3629): neither overlong forms nor surrogates. */
bool text_is_utf8(struct str);

/* Cuts the first character off *rest, which must not be empty, and returns its code point. */
uint32_t text_next(struct str *rest);

/* As text_next from the end of *rest. */
uint32_t text_last(struct str *rest);

/* The number of characters. */
size_t text_length(struct str);

/* The characters from `from` to before `to`; both are clamped to the length (text[from:to]). */
struct str text_slice(struct str, size_t from, size_t to);

/*
 * Cuts the next line and its ending off *rest and returns the line without the ending, which is
 * stored in *ending (empty at the end of the text; `ending` may be NULL). The endings are those of
 * str.splitlines: \n \r \r\n \v \f \x1c \x1d \x1e U+0085 U+2028 U+2029. The lines of a text are
 * `while (rest.n) { line = text_line(&rest, NULL); … }`.
 */
struct str text_line(struct str *rest, struct str *ending);

/* str.isspace and str.isprintable of one code point. */
bool text_is_space(uint32_t code_point);
bool text_is_printable(uint32_t code_point);

/* The value of a decimal digit of any script, or -1. */
int text_decimal(uint32_t code_point);

/* The text in normalisation form NFKC; the input itself if it is ASCII. */
struct str text_nfkc(struct arena *, struct str);

/*
 * Any bytes as text: what is not strict UTF-8 is dropped (bytes.decode with errors="ignore").
 * Returns the input itself if nothing is dropped.
 */
struct str text_clean_utf8(struct arena *, struct str bytes);
