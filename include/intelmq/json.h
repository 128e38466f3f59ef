/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * json.h - JSON (RFC 8259) as Python's json module reads and writes it.
 *
 * Beyond the RFC, NaN, Infinity and -Infinity are read and written, and a lone surrogate escape is
 * kept (three bytes, see str.h). Integers are kept at any size up to MAX_JSON_DIGITS; floats are
 * correctly rounded, and 1e999 is infinite. A key that occurs twice keeps its first place and its
 * last value. Refused: control characters in strings, a leading byte order mark, white space other
 * than space, tab, CR and LF, and containers nested deeper than MAX_JSON_DEPTH.
 *
 * Text is UTF-8. Whether the bytes inside strings are valid UTF-8 is not looked at: they are passed
 * on as they are. None of the functions is recursive.
 *
 * Errors (FAULT_OTHER) read like "Expecting value: line 1 column 1 (char 0)"; columns and chars
 * count code points.
 */
#pragma once
#include <intelmq/buffer.h>
#include <intelmq/err.h>
#include <intelmq/value.h>

enum {
	MAX_JSON_DEPTH = 900,   /* containers inside each other */
	MAX_JSON_DIGITS = 4300, /* of an integer */
};

/*
 * One document with white space around it. Strings without escapes and integers beyond 64 bits
 * borrow their bytes from `text`; everything else lies in the arena, linear in the size of the text.
 */
int json_parse(struct arena *, struct str text, struct value *out, struct err *);

/*
 * One value at the start of `text`, without white space in front of it; *end_out is the number of
 * bytes that it takes. What follows is not looked at.
 */
int json_parse_prefix(struct arena *, struct str text, struct value *out, size_t *end_out,
                      struct err *);

/*
 * Checks one value that starts at `p` as json_parse_prefix would, without building it: *after_out is
 * where it ended, *kind_out its kind (VALUE_INT also for larger integers), *canonical_out whether
 * all of its bytes are ASCII. No memory is taken. On errors, positions count from `p`.
 */
int json_skip(const char *p, const char *end, const char **after_out, enum value_kind *kind_out,
              bool *canonical_out, struct err *);

/*
 * What stands between the quotes of a string, with its escapes resolved; borrowed from the input if
 * there are none. -1 if an escape is wrong, or if there is a bare quote or control character.
 */
int json_string_decode(struct arena *, struct str quoted_inside, struct str *out);

enum json_flags {
	JSON_SORT_KEYS = 1,    /* maps in order of their keys' code points, at every level */
	JSON_KEEP_UNICODE = 2, /* other than ASCII as it is, not as \uXXXX */
	JSON_COMPACT = 4,      /* "," and ":" instead of ", " and ": " */
	JSON_INDENT4 = 8,      /* one item a line, indented by four spaces a level */
};

/*
 * Appends the value; `flags` are those of enum json_flags. Floats are written with the fewest digits
 * that read back as the same number. VALUE_BYTES is written like text. Whether all of it found room
 * is seen in buffer.over. For JSON_SORT_KEYS it takes and gives back heap memory.
 */
void json_write(struct buffer *, struct value, unsigned flags);

/*
 * Appends the string in quotes. Unless `keep_unicode`, the result is ASCII: code points above U+FFFF
 * become two escapes, bytes that are not UTF-8 become \ufffd.
 */
void json_write_str(struct buffer *, struct str, bool keep_unicode);
