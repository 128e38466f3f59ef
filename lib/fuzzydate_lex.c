/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/fuzzydate.h"

#include "lib/datetime_chars.h"

#define NOTHING                                                                                    \
	.jump = -1, .weekday = -1, .month = -1, .unit = -1, .half = -1, .of = -1, .utc = -1,       \
	.not_finite = -1

static const struct date_word unknown = { NULL, NOTHING };

#define WORD(name) .text = name, NOTHING

/* The rows override what NOTHING sets. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif

// clang-format off
static const struct date_word words[] = {
	{ WORD(" "), .jump = 1 }, { WORD("."), .jump = 1 }, { WORD(","), .jump = 1 },
	{ WORD(";"), .jump = 1 }, { WORD("-"), .jump = 1 }, { WORD("/"), .jump = 1 },
	{ WORD("'"), .jump = 1 }, { WORD("at"), .jump = 1 }, { WORD("on"), .jump = 1 },
	{ WORD("and"), .jump = 1 }, { WORD("ad"), .jump = 1 }, { WORD("t"), .jump = 1 },
	{ WORD("st"), .jump = 1 }, { WORD("nd"), .jump = 1 }, { WORD("rd"), .jump = 1 },
	{ WORD("th"), .jump = 1 }, { WORD("of"), .jump = 1, .of = 1 },
	{ WORD("mon"), .weekday = 0 }, { WORD("monday"), .weekday = 0 },
	{ WORD("tue"), .weekday = 1 }, { WORD("tuesday"), .weekday = 1 },
	{ WORD("wed"), .weekday = 2 }, { WORD("wednesday"), .weekday = 2 },
	{ WORD("thu"), .weekday = 3 }, { WORD("thursday"), .weekday = 3 },
	{ WORD("fri"), .weekday = 4 }, { WORD("friday"), .weekday = 4 },
	{ WORD("sat"), .weekday = 5 }, { WORD("saturday"), .weekday = 5 },
	{ WORD("sun"), .weekday = 6 }, { WORD("sunday"), .weekday = 6 },
	{ WORD("jan"), .month = 1 }, { WORD("january"), .month = 1 },
	{ WORD("feb"), .month = 2 }, { WORD("february"), .month = 2 },
	{ WORD("mar"), .month = 3 }, { WORD("march"), .month = 3 },
	{ WORD("apr"), .month = 4 }, { WORD("april"), .month = 4 },
	{ WORD("may"), .month = 5 },
	{ WORD("jun"), .month = 6 }, { WORD("june"), .month = 6 },
	{ WORD("jul"), .month = 7 }, { WORD("july"), .month = 7 },
	{ WORD("aug"), .month = 8 }, { WORD("august"), .month = 8 },
	{ WORD("sep"), .month = 9 }, { WORD("sept"), .month = 9 }, { WORD("september"), .month = 9 },
	{ WORD("oct"), .month = 10 }, { WORD("october"), .month = 10 },
	{ WORD("nov"), .month = 11 }, { WORD("november"), .month = 11 },
	{ WORD("dec"), .month = 12 }, { WORD("december"), .month = 12 },
	{ WORD("h"), .unit = 0 }, { WORD("hour"), .unit = 0 }, { WORD("hours"), .unit = 0 },
	{ WORD("m"), .jump = 1, .unit = 1 }, { WORD("minute"), .unit = 1 }, { WORD("minutes"), .unit = 1 },
	{ WORD("s"), .unit = 2 }, { WORD("second"), .unit = 2 }, { WORD("seconds"), .unit = 2 },
	{ WORD("am"), .half = 0 }, { WORD("a"), .half = 0 },
	{ WORD("pm"), .half = 1 }, { WORD("p"), .half = 1 },
	{ WORD("utc"), .utc = 1 }, { WORD("gmt"), .utc = 1 }, { WORD("z"), .utc = 1 },
	{ WORD("nan"), .not_finite = 1 }, { WORD("inf"), .not_finite = 1 },
	{ WORD("infinity"), .not_finite = 1 },
};
// clang-format on

#pragma GCC diagnostic pop

static const struct date_word *word_find(struct str text)
{
	if (text.n > 9)
		return &unknown;
	char first = text.p[0] >= 'A' && text.p[0] <= 'Z' ? (char)(text.p[0] | 0x20) : text.p[0];
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (words[i].text[0] == first && str_eq_ascii_case(str_of(words[i].text), text))
			return &words[i];
	return &unknown;
}

void date_lexer_init(struct date_lexer *lexer, struct str source, char *text)
{
	static const char stand_in[] = {
		[CHAR_OTHER] = FUZZY_OTHER,       [CHAR_SPACE] = ' ',
		[CHAR_LETTER] = FUZZY_LETTER,     [CHAR_DECIMAL] = '0',
		[CHAR_OTHER_DIGIT] = FUZZY_DIGIT,
	};
	lexer->text = text;
	lexer->n = lexer->at = lexer->cut = lexer->count = 0;
	for (size_t at = 0; at < source.n;) {
		struct date_char c = date_char_at(source, at);
		unsigned char byte = (unsigned char)source.p[at];
		at += c.length;
		if (byte == 0)
			continue;
		if (byte >= 0x80 || byte <= FUZZY_DIGIT || c.kind == CHAR_SPACE)
			byte = (unsigned char)(stand_in[c.kind] + c.digit);
		text[lexer->n++] = (char)byte;
	}
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == FUZZY_LETTER;
}

static bool is_digit(char c)
{
	return (c >= '0' && c <= '9') || c == FUZZY_DIGIT;
}

static bool is_mark(char c)
{
	return c == '.' || c == ',';
}

bool date_digits(struct str text, int64_t *number)
{
	*number = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		*number = *number * 10 + (text.p[i] - '0');
		if (*number > NUMBER_MAX)
			*number = NUMBER_MAX;
	}
	return text.n > 0;
}

bool date_number_read(struct str text, struct date_number *number)
{
	size_t point = str_index(text, '.');
	int64_t rest = 0;
	*number = (struct date_number){ 0 };
	if (!date_digits(str_slice(text, 0, point), &number->whole))
		return false;
	size_t zeros = 0, digits = point == STR_NOT_FOUND ? text.n : point;
	while (zeros < digits && text.p[zeros] == '0')
		zeros++;
	number->huge = digits - zeros > 28;
	if (point == STR_NOT_FOUND)
		return true;
	number->fraction = str_slice(text, point + 1, text.n);
	if (!date_digits(number->fraction, &rest))
		return false;
	number->has_rest = rest != 0;
	return true;
}

/* What a run of letters, digits and points is found to be, character by character. */
struct run {
	bool word;    /* now in a word, not in a number */
	bool pointed; /* a point (or the comma of a number) was seen */
	bool letters; /* it was a word before its last character */
	unsigned points;
};

/* Whether the run goes on with c; `last` is the character before. */
static bool run_takes(struct run *run, char c, char last, size_t length)
{
	run->letters |= run->word;
	if (c == '.' || (c == ',' && !run->word && !run->pointed && length >= 2)) {
		run->points += c == '.';
		run->pointed = true;
		return true;
	}
	if (run->word ? is_letter(c) : is_digit(c))
		return true;
	/* Only a point lets a word become a number or the reverse ("a.5", "5.a"). */
	if (!run->pointed || last != '.' || !(is_letter(c) || is_digit(c)))
		return false;
	run->word = !run->word;
	return true;
}

/* The end of the run at `at`; if it must be cut at its points and commas, lexer->cut says until where. */
static size_t run_end(struct date_lexer *lexer, size_t at)
{
	struct run run = { .word = is_letter(lexer->text[at]) };
	size_t i = at + 1;
	while (i < lexer->n && run_takes(&run, lexer->text[i], lexer->text[i - 1], i - at))
		i++;
	if (run.pointed && (run.letters || run.points > 1 || is_mark(lexer->text[i - 1]))) {
		lexer->cut = i;
		for (i = at; i < lexer->cut && !is_mark(lexer->text[i]); i++)
			;
	} else if (run.pointed && !run.word && run.points == 0) {
		*(char *)memchr(lexer->text + at, ',', i - at) = '.';
	}
	return i;
}

static struct str text_cut(struct date_lexer *lexer)
{
	size_t at = lexer->at, end = at + 1;
	char c = lexer->text[at];
	if (at < lexer->cut && !is_mark(c))
		while (end < lexer->cut && !is_mark(lexer->text[end]))
			end++;
	else if (at >= lexer->cut && (is_letter(c) || is_digit(c)))
		end = run_end(lexer, at);
	lexer->at = end;
	return (struct str){ lexer->text + at, end - at };
}

static struct date_piece piece_cut(struct date_lexer *lexer)
{
	struct date_piece piece = { .word = &unknown };
	if (lexer->at >= lexer->n)
		return piece;
	piece.text = text_cut(lexer);
	if (is_digit(piece.text.p[0]))
		piece.is_number = date_number_read(piece.text, &piece.number);
	else
		piece.word = word_find(piece.text);
	return piece;
}

const struct date_piece *date_lexer_get(struct date_lexer *lexer, size_t i)
{
	for (; lexer->count <= i; lexer->count++)
		lexer->window[lexer->count % WINDOW] = piece_cut(lexer);
	return &lexer->window[i % WINDOW];
}

void date_lexer_turn(struct date_lexer *lexer, size_t i)
{
	struct date_piece *piece = &lexer->window[i % WINDOW];
	piece->text = piece->text.p[0] == '+' ? S("-") : S("+");
	piece->word = word_find(piece->text);
}
