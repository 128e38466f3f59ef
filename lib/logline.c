/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/logline.h"

#include <intelmq/datetime.h>

/*
 * Takes the text at the start of *rest by a pattern, in which 0 stands for a digit and every other
 * character for itself; false, and *rest unchanged, if it does not fit.
 */
static bool take(struct str *rest, const char *pattern)
{
	size_t n = strlen(pattern);
	if (rest->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		char c = rest->p[i];
		if (pattern[i] == '0' ? c < '0' || c > '9' : c != pattern[i])
			return false;
	}
	*rest = str_slice(*rest, n, rest->n);
	return true;
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static bool is_level(unsigned char c)
{
	return c >= 'A' && c <= 'Z';
}

/* Letters beyond ASCII count; that other characters there do as well makes no difference here. */
static bool is_word(unsigned char c)
{
	return is_digit(c) || is_level(c) || (c >= 'a' && c <= 'z') || c == '_' || c >= 0x80;
}

static bool is_id(unsigned char c)
{
	return is_word(c) || c == '-';
}

static bool is_host(unsigned char c)
{
	return is_id(c) || c == '.';
}

static struct str span(struct str *rest, bool (*fits)(unsigned char))
{
	size_t n = 0;
	while (n < rest->n && fits((unsigned char)rest->p[n]))
		n++;
	struct str taken = str_slice(*rest, 0, n);
	*rest = str_slice(*rest, n, rest->n);
	return taken;
}

static int number(const char *digits, size_t n)
{
	int value = 0;
	for (size_t i = 0; i < n; i++)
		value = value * 10 + (digits[i] - '0');
	return value;
}

/* "bot-id" or "bot-id.12", and "py.warnings", which is no bot but writes as one. */
static bool id_take(struct str *rest, struct logline *out)
{
	struct str before = *rest;
	out->bot_id = span(rest, is_id);
	out->thread_id = -1;
	if (str_eq(out->bot_id, S("py")) && str_starts(*rest, S(".warnings"))) {
		out->bot_id = str_slice(before, 0, S("py.warnings").n);
		*rest = str_slice(before, out->bot_id.n, before.n);
	}
	if (rest->n > 1 && *rest->p == '.' && is_digit((unsigned char)rest->p[1])) {
		*rest = str_slice(*rest, 1, rest->n);
		struct str digits = span(rest, is_digit);
		out->thread_id = 0;
		for (size_t i = 0; i < digits.n; i++) {
			if (__builtin_mul_overflow(out->thread_id, 10, &out->thread_id) ||
			    __builtin_add_overflow(out->thread_id, digits.p[i] - '0',
			                           &out->thread_id))
				return false;
		}
	}
	return out->bot_id.n > 0;
}

/* What is left is the message: one line, not empty. */
static bool message_take(struct str rest, struct logline *out)
{
	if (rest.n && rest.p[rest.n - 1] == '\n')
		rest.n--;
	out->message = rest;
	return rest.n > 0 && str_index(rest, '\n') == STR_NOT_FOUND;
}

static int date_put(struct arena *arena, const struct datetime *date, struct logline *out,
                    struct err *err)
{
	if (!datetime_exists(date))
		return err_set(err, FAULT_INVALID_ARGUMENT,
		               "the date of the log line does not exist");
	out->date = datetime_iso(arena, date);
	return 1;
}

/* The fraction of a second; digits beyond the sixth are cut. */
static int microseconds(struct str digits)
{
	int value = 0;
	for (size_t i = 0; i < 6; i++)
		value = value * 10 + (i < digits.n ? digits.p[i] - '0' : 0);
	return value;
}

int logline_parse(struct arena *arena, struct str line, struct logline *out, struct err *err)
{
	struct str rest = line;
	if (!take(&rest, "0000-00-00 00:00:00,"))
		return 0;
	struct str fraction = span(&rest, is_digit);
	if (!fraction.n || !take(&rest, " - ") || !id_take(&rest, out) || !take(&rest, " - "))
		return 0;
	out->level = span(&rest, is_level);
	if (!out->level.n || !take(&rest, " - ") || !message_take(rest, out))
		return 0;
	struct datetime date = {
		.year = number(line.p, 4),
		.month = number(line.p + 5, 2),
		.day = number(line.p + 8, 2),
		.hour = number(line.p + 11, 2),
		.minute = number(line.p + 14, 2),
		.second = number(line.p + 17, 2),
		.microsecond = microseconds(fraction),
	};
	return date_put(arena, &date, out, err);
}

static int month_number(struct str name)
{
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	for (int i = 0; i < 12; i++)
		if (str_eq_ascii_case(name, (struct str){ names + 3 * i, 3 }))
			return i + 1;
	return 0;
}

int logline_parse_syslog(struct arena *arena, struct str line, int year, struct logline *out,
                         struct err *err)
{
	struct str rest = line;
	struct str month = span(&rest, is_word);
	const char *day = rest.p;
	if (month.n != 3 || !take(&rest, " 00 00:00:00 "))
		return 0;
	struct str host = span(&rest, is_host);
	if (!host.n || !take(&rest, " ") || !id_take(&rest, out) || !take(&rest, ": "))
		return 0;
	out->level = span(&rest, is_level);
	if (!out->level.n || !take(&rest, " ") || !message_take(rest, out))
		return 0;
	struct datetime date = {
		.year = year,
		.month = month_number(month),
		.day = number(day + 1, 2),
		.hour = number(day + 4, 2),
		.minute = number(day + 7, 2),
		.second = number(day + 10, 2),
	};
	return date_put(arena, &date, out, err);
}
