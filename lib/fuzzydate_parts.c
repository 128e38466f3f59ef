/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/datetime.h>

#include "lib/fuzzydate.h"

#define NONE (-1)

bool date_parts_add(struct date_parts *date, int64_t value, enum date_part part)
{
	if (date->count == 3)
		return false;
	if (part == PART_MONTH) {
		if (date->month_at != NONE)
			return false;
		date->month_at = date->count;
	} else if (part == PART_YEAR) {
		if (date->year_at != NONE)
			return false;
		date->year_at = date->count;
	}
	date->parts[date->count++] = value;
	return true;
}

bool date_parts_add_text(struct date_parts *date, struct str text, enum date_part part)
{
	int64_t value;
	if (!date_digits(text, &value))
		return false;
	if (text.n > 2) {
		date->century = true;
		part = PART_YEAR;
	}
	return date_parts_add(date, value, part);
}

bool date_parts_add_number(struct date_parts *date, const struct date_number *number)
{
	bool year = number->whole > 100 || (number->whole == 100 && number->has_rest);
	date->century |= year;
	return date_parts_add(date, number->whole, year ? PART_YEAR : PART_ANY);
}

bool date_parts_take_day(const struct date_parts *date, const struct date_number *number)
{
	int days = 31;
	if (date->month_at != NONE) {
		int64_t year = date->year_at == NONE ? 2000 : date->parts[date->year_at];
		days = date_month_days((int)(2000 + year % 400), (int)date->parts[date->month_at]);
	}
	return number->whole >= 1 &&
	       (number->whole < days || (number->whole == days && !number->has_rest));
}

int64_t date_year_complete(int64_t year, int this_year)
{
	if (year >= 100)
		return year;
	year += this_year / 100 * 100;
	if (year >= this_year + 50)
		return year - 100;
	return year < this_year - 50 ? year + 100 : year;
}

/* The order of three parts of which none is known to be the month. */
static const char *numeric_order(const struct date_parts *date)
{
	if (date->parts[0] > 31 || date->year_at == 0)
		return "ymd";
	return date->parts[0] > 12 ? "dmy" : "mdy";
}

static const char *order_of_three(const struct date_parts *date)
{
	static const char *const both[3][3] = {
		/* by the place of the month and of the year */
		{ "", "myd", "mdy" },
		{ "ymd", "", "dmy" },
		{ "ydm", "dym", "" },
	};
	const int64_t *p = date->parts;
	if (date->month_at != NONE && date->year_at != NONE)
		return both[date->month_at][date->year_at];
	switch (date->month_at) {
	case 0:
		return p[1] > 31 ? "myd" : "mdy";
	case 1:
		return p[0] > 31 ? "ymd" : "dmy";
	case 2:
		return p[1] > 31 ? "dym" : "ydm";
	default:
		return numeric_order(date);
	}
}

static const char *order_of_two(const struct date_parts *date)
{
	const int64_t *p = date->parts;
	if (date->month_at != NONE) {
		bool year = date->year_at != NONE || p[1 - date->month_at] > 31;
		return date->month_at == 0 ? (year ? "my" : "md") : (year ? "ym" : "dm");
	}
	if (p[0] > 31)
		return "ym";
	return p[1] > 31 ? "my" : "md";
}

static const char *order_of_one(const struct date_parts *date)
{
	if (date->month_at != NONE)
		return "m";
	return date->year_at != NONE || date->parts[0] > 31 ? "y" : "d";
}

struct ymd {
	int64_t year, month, day; /* NONE: not given */
};

static struct ymd date_resolve(const struct date_parts *date)
{
	struct ymd found = { NONE, NONE, NONE };
	const char *order = date->count == 3 ? order_of_three(date)
	                  : date->count == 2 ? order_of_two(date)
	                  : date->count == 1 ? order_of_one(date)
	                                     : "";
	for (int i = 0; order[i]; i++)
		*(order[i] == 'y'   ? &found.year
		  : order[i] == 'm' ? &found.month
		                    : &found.day) = date->parts[i];
	return found;
}

static bool in_range(int64_t value, int low, int high)
{
	return value >= low && value <= high;
}

bool date_parts_resolve(const struct date_parts *date, int weekday, const struct datetime *now,
                        struct datetime *out)
{
	struct ymd found = date_resolve(date);
	if (found.year == NONE)
		found.year = now->year;
	else if (!date->century)
		found.year = date_year_complete(found.year, now->year);
	if (found.month == NONE)
		found.month = now->month;
	if (!in_range(found.year, 1, 9999) || !in_range(found.month, 1, 12))
		return false;
	int days = date_month_days((int)found.year, (int)found.month);
	int64_t day = found.day != NONE ? found.day : now->day < days ? now->day : days;
	if (!in_range(day, 1, days))
		return false;
	out->year = (int)found.year;
	out->month = (int)found.month;
	out->day = (int)day;
	if (weekday == NONE || found.day != NONE)
		return true;
	int wait = (weekday + 7 - date_weekday(out->year, out->month, out->day)) % 7;
	return date_from_days(date_to_days(out->year, out->month, out->day) + wait, out) == 0;
}
