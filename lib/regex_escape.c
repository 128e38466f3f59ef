/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "regex_parse.h"

#include "wtf8.h"

#define WORD_ASCII "[0-9A-Za-z_]"

enum { MAX_OCTAL = 0377 };

static enum regex_category category_of(int c, bool *negated)
{
	*negated = c >= 'A' && c <= 'Z';
	switch (c | 0x20) {
	case 'd':
		return CATEGORY_DIGIT;
	case 's':
		return CATEGORY_SPACE;
	case 'w':
		return CATEGORY_WORD;
	default:
		return CATEGORY_NONE;
	}
}

static void put_category(struct translator *t, enum regex_category category, bool negated)
{
	struct regex_class c;
	regex_item(t, ITEM_PLAIN, 1);
	regex_class_init(&c, t->arena);
	regex_class_add_category(&c, category, false, ascii(t));
	c.negated = negated;
	regex_class_write(&c, &t->out);
}

static int bad_escape(const struct translator *t, const char *at)
{
	const char *after = at + 1;
	uint32_t code;
	if (after < t->end) {
		size_t n = wtf8_next(after, t->end, &code);
		after += n ? n : 1;
	}
	return regex_refuse_text(t, at, "bad escape ", (struct str){ at, (size_t)(after - at) },
	                         "");
}

/* The digits of \x, \u and \U. */
static int escape_hex(struct translator *t, const char *at, int digits, uint32_t *code)
{
	*code = 0;
	for (int i = 0; i < digits; i++, t->p++) {
		char c = t->p < t->end ? *t->p : 0;
		if (!is_digit(c) && !is_in(c, 'a', 'f') && !is_in(c, 'A', 'F'))
			return regex_refuse_text(t, at, "incomplete escape ",
			                         (struct str){ at, (size_t)(t->p - at) }, "");
		*code = *code << 4 | (uint32_t)(is_digit(c) ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return *code > 0x10FFFF ? bad_escape(t, at) : 0;
}

/* Up to `more` octal digits, the first of which has been read. */
static int escape_octal(struct translator *t, const char *at, int first, int more, uint32_t *code)
{
	*code = (uint32_t)(first - '0');
	for (; more && t->p < t->end && is_in(*t->p, '0', '7'); more--)
		*code = *code << 3 | (uint32_t)(*t->p++ - '0');
	if (*code > MAX_OCTAL)
		return regex_refuse_text(t, at, "octal escape value ",
		                         (struct str){ at, (size_t)(t->p - at) },
		                         " outside of range 0-0o377");
	return 0;
}

/*
 * Escapes that mean one character everywhere; `c` is what followed the backslash at `at`. 1 if it is
 * none of these.
 */
static int escape_char(struct translator *t, const char *at, int c, uint32_t *code)
{
	static const char letters[] = "afnrtv", values[] = "\a\f\n\r\t\v";
	const char *letter = c > 0 && c < 0x80 ? strchr(letters, c) : NULL;
	if (letter) {
		*code = (uint32_t)values[letter - letters];
		return 0;
	}
	switch (c) {
	case 'x':
		return escape_hex(t, at, 2, code);
	case 'u':
		return escape_hex(t, at, 4, code);
	case 'U':
		return escape_hex(t, at, 8, code);
	case '0':
		return escape_octal(t, at, c, 2, code);
	case 'N':
		return t->p < t->end && *t->p == '{'
		             ? regex_refuse(t, at, "\\N{…} is not supported")
		             : regex_refuse(t, t->p, "missing {");
	case CODE_END:
		return regex_refuse(t, at, "bad escape (end of pattern)");
	default:
		if (is_letter(c) || (c >= '1' && c <= '9'))
			return 1;
		*code = (uint32_t)c;
		return 0;
	}
}

/* One member of a class: a code point, or *category. */
static int class_member(struct translator *t, const char *opened, uint32_t *code,
                        enum regex_category *category, bool *negated)
{
	const char *at = t->p;
	int c = regex_next(t);
	*category = CATEGORY_NONE;
	if (c == CODE_END)
		return regex_refuse(t, opened, "unterminated character set");
	*code = (uint32_t)c;
	if (c != '\\')
		return 0;
	c = regex_next(t);
	*code = '\b';
	if (c == 'b')
		return 0;
	*category = category_of(c, negated);
	if (*category != CATEGORY_NONE)
		return 0;
	if (c >= '1' && c <= '7')
		return escape_octal(t, at, c, 2, code);
	int rc = escape_char(t, at, c, code);
	return rc == 1 ? bad_escape(t, at) : rc;
}

/* The member at t->p, or the range that begins there. */
static int class_add(struct translator *t, const char *opened, struct regex_class *c)
{
	const char *at = t->p;
	uint32_t first, last;
	enum regex_category category, end_category;
	bool negated, ignored;
	if (class_member(t, opened, &first, &category, &negated))
		return -1;
	last = first;
	if (t->end - t->p == 1 && *t->p == '-')
		return regex_refuse(t, opened, "unterminated character set");
	if (t->end - t->p >= 2 && t->p[0] == '-' && t->p[1] != ']') {
		t->p++;
		if (class_member(t, opened, &last, &end_category, &ignored))
			return -1;
		if (category != CATEGORY_NONE || end_category != CATEGORY_NONE || last < first)
			return regex_refuse_text(t, at, "bad character range ",
			                         (struct str){ at, (size_t)(t->p - at) }, "");
	}
	if (category != CATEGORY_NONE)
		regex_class_add_category(c, category, negated, ascii(t));
	else
		regex_class_add(c, first, last);
	return 0;
}

int regex_class_read(struct translator *t)
{
	const char *opened = t->p++, *first;
	struct regex_class c;
	regex_class_init(&c, t->arena);
	c.negated = take(t, '^');
	for (first = t->p; t->p == first || !take(t, ']');)
		if (class_add(t, opened, &c))
			return -1;
	if (folds(t))
		regex_class_fold(&c, ascii(t));
	regex_item(t, ITEM_PLAIN, 1);
	regex_class_write(&c, &t->out);
	return 0;
}

/* \1 to \99, or three octal digits. */
static int escape_number(struct translator *t, const char *at)
{
	const char *digits = at + 1;
	size_t left = (size_t)(t->end - digits);
	if (left >= 3 && is_in(digits[0], '0', '7') && is_in(digits[1], '0', '7') &&
	    is_in(digits[2], '0', '7')) {
		uint32_t code;
		if (escape_octal(t, at, digits[0], 2, &code))
			return -1;
		regex_literal(t, code);
		return 0;
	}
	size_t number = (size_t)(digits[0] - '0');
	if (left >= 2 && is_digit(digits[1])) {
		number = number * 10 + (size_t)(digits[1] - '0');
		t->p = digits + 2;
	}
	if (number > t->n_groups)
		return regex_refuse_text(t, digits, "invalid group reference ",
		                         (struct str){ digits, (size_t)(t->p - digits) }, "");
	return regex_reference(t, at, number);
}

static bool escape_assertion(struct translator *t, int c)
{
	/* Python's \B does not match in an empty text. */
	static const char not_empty[] = "(?!\\A\\z)";
	switch (c) {
	case 'A':
		regex_assertion(t, S("\\A"));
		return true;
	case 'Z':
		regex_assertion(t, S("\\z"));
		return true;
	case 'b':
		regex_assertion(t, !ascii(t) ? S("\\b")
		                             : S("(?:(?<=" WORD_ASCII ")(?!" WORD_ASCII
		                                 ")|(?<!" WORD_ASCII ")(?=" WORD_ASCII "))"));
		return true;
	case 'B':
		regex_assertion(t, str_of(not_empty));
		buffer_add_str(&t->out, !ascii(t) ? S("\\B")
		                                  : S("(?:(?<=" WORD_ASCII ")(?=" WORD_ASCII
		                                      ")|(?<!" WORD_ASCII ")(?!" WORD_ASCII "))"));
		return true;
	default:
		return false;
	}
}

int regex_escape(struct translator *t)
{
	const char *at = t->p++;
	int c = regex_next(t);
	bool negated;
	enum regex_category category = category_of(c, &negated);
	uint32_t code;
	if (category != CATEGORY_NONE) {
		put_category(t, category, negated);
		return 0;
	}
	if (escape_assertion(t, c))
		return 0;
	if (c >= '1' && c <= '9')
		return escape_number(t, at);
	int rc = escape_char(t, at, c, &code);
	if (rc)
		return rc == 1 ? bad_escape(t, at) : rc;
	regex_literal(t, code);
	return 0;
}
