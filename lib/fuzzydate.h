/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * fuzzydate.h - the pieces a date in prose is cut into (private to lib/).
 *
 * A piece is a word, a number, one white space or one other character. Points and commas belong
 * to a number or a word only where the number stays a number: "10.5" is one piece, "10.5.2015"
 * five, "12,5" is the number 12.5, and so is every comma between two digits after at least two.
 *
 * What of them belongs to the date is collected in order; which part is the year, which the month
 * and which the day is decided at the end.
 */
#pragma once
#include <intelmq/datetime.h>

/* What a word (or a character) can mean; a field that does not apply is -1. */
struct date_word {
	const char *text;           /* lower case */
	signed char jump;           /* 1: may stand anywhere, means nothing */
	signed char weekday, month; /* from 0 (Monday) and from 1 */
	signed char unit;           /* of a time: 0 hours, 1 minutes, 2 seconds */
	signed char half;           /* 0 am, 1 pm */
	signed char of;             /* 1: between a month and a year */
	signed char utc;            /* 1: a name of UTC */
	signed char not_finite;     /* 1: reads as a number without value */
};

/* Digits, and at most one point with digits after it. */
struct date_number {
	int64_t whole;       /* at most NUMBER_MAX, which stands for all that is more */
	struct str fraction; /* the digits after the point; n is 0 if there is none */
	bool has_rest;       /* the fraction is not zero */
	bool huge;           /* more digits before the point than the reference computes with */
};

#define NUMBER_MAX INT64_C(1000000000000)

struct date_piece {
	struct str text; /* ASCII; see fuzzy_chars. p is NULL after the end */
	bool is_number;
	struct date_number number;
	const struct date_word *word; /* never NULL; for unknown words all -1 */
};

/* Bytes that stand for characters beyond ASCII in a piece. */
enum fuzzy_chars {
	FUZZY_OTHER = 0x01,
	FUZZY_LETTER = 0x02,
	FUZZY_DIGIT = 0x03, /* one that numbers are not made of */
};

#define WINDOW 16 /* pieces kept: two back, five ahead are looked at */

struct date_lexer {
	char *text; /* one byte per character, see fuzzy_chars */
	size_t n, at;
	size_t cut; /* until here pieces end at points and commas */
	struct date_piece window[WINDOW];
	size_t count; /* pieces cut off so far */
};

/*
 * Makes a lexer over `source`. `text` must have room for source.n bytes (nothing is allocated)
 * and outlive the lexer.
 */
void date_lexer_init(struct date_lexer *, struct str source, char *text);

/* Piece number i; i may be at most eight below and eight above that of the last call. Never NULL. */
const struct date_piece *date_lexer_get(struct date_lexer *, size_t i);

/* Makes piece i, which is a sign, the other sign. */
void date_lexer_turn(struct date_lexer *, size_t i);

/* Whether `text` is all digits; `*number` is its value then, at most NUMBER_MAX. */
bool date_digits(struct str text, int64_t *number);

/* Reads a number; false if `text` is none. */
bool date_number_read(struct str text, struct date_number *);

enum date_part { PART_ANY, PART_MONTH, PART_YEAR };

struct date_parts {
	int64_t parts[3]; /* in the order found */
	int count;
	int month_at, year_at; /* parts that are known to be one; -1 if none is */
	bool century;          /* the year was written with it */
};

/* Adds a part. false if there are three, or one of this kind already. */
bool date_parts_add(struct date_parts *, int64_t value, enum date_part);

/* Adds digits as written: from three on they are a year. false also if they are no digits. */
bool date_parts_add_text(struct date_parts *, struct str digits, enum date_part);

/* Adds a number without its fraction: above 100 it is a year. */
bool date_parts_add_number(struct date_parts *, const struct date_number *);

/* Whether a number can be a day of what is known of the date. */
bool date_parts_take_day(const struct date_parts *, const struct date_number *);

/* A year below 100 becomes one within 50 years of this one. */
int64_t date_year_complete(int64_t year, int this_year);

/*
 * Sets year, month and day from the parts, and from the present what is missing. `weekday` (-1:
 * none) moves a date without a day to the next such day. false if there is no such day.
 */
bool date_parts_resolve(const struct date_parts *, int weekday, const struct datetime *now,
                        struct datetime *out);
