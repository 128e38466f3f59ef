/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * datetime_chars.h - what a character is to the readers of dates (private to lib/).
 *
 * They accept the digits, letters and white space of all of Unicode (version 14), but only ASCII
 * words mean something to them; so a class and, for digits, the value is all they ask for.
 */
#pragma once
#include <intelmq/str.h>

enum char_class {
	CHAR_OTHER,
	CHAR_SPACE,
	CHAR_LETTER,
	CHAR_DECIMAL,     /* a digit that numbers are made of */
	CHAR_OTHER_DIGIT, /* counts as a digit, but no number contains it */
};

struct date_char {
	enum char_class kind;
	int digit;       /* 0 to 9 for CHAR_DECIMAL */
	unsigned length; /* bytes of UTF-8; 1 for a byte that is none */
};

/* The character that starts at byte `at`, which must be less than text.n. */
struct date_char date_char_at(struct str text, size_t at);
