/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/datetime.h>
#include <intelmq/number.h>
#include <intelmq/text.h>

#include <math.h>

#define WINDOWS_EPOCH INT64_C(-11644473600) /* 1601-01-01 in seconds of 1970 */
#define MAX_SECONDS 1e12                    /* far beyond the year 9999 */

static int out_of_range(struct err *err)
{
	return err_set(err, FAULT_OTHER, "the time is out of range");
}

static int utc_iso(struct arena *arena, const struct datetime *t, struct str *out, struct err *err)
{
	struct datetime utc;
	if (datetime_to_utc(t, &utc) < 0)
		return out_of_range(err);
	*out = datetime_iso(arena, &utc);
	return 0;
}

static int us_iso(struct arena *arena, int64_t us, struct str *out, struct err *err)
{
	struct datetime t;
	if (datetime_from_us(us, &t) < 0)
		return out_of_range(err);
	*out = datetime_iso(arena, &t);
	return 0;
}

/* Adds a fraction of seconds, rounded to the microsecond and halves to the even one. */
static int64_t seconds_to_us(double whole, double fraction)
{
	return (int64_t)whole * 1000000 + (int64_t)rint(fraction * 1e6);
}

static int text_want(struct value in, struct str *out, struct err *err)
{
	if (in.kind != VALUE_STR)
		return err_set(err, FAULT_OTHER, "a time in this form must be text");
	*out = in.text;
	return 0;
}

static int from_timestamp(struct arena *arena, struct value in, struct str format, struct str *out,
                          struct err *err)
{
	(void)format;
	struct value seconds;
	if (value_to_float(arena, in, &seconds, err) < 0)
		return -1;
	if (!(fabs(seconds.real) < MAX_SECONDS))
		return out_of_range(err);
	double whole, fraction = modf(seconds.real, &whole);
	return us_iso(arena, seconds_to_us(whole, fraction), out, err);
}

static int from_windows(struct arena *arena, struct value in, struct str format, struct str *out,
                        struct err *err)
{
	(void)format;
	struct value ticks;
	if (value_to_int(arena, in, &ticks, err) < 0)
		return -1;
	if (ticks.kind != VALUE_INT)
		return out_of_range(err);
	double whole, fraction = modf((double)ticks.integer * 1e-7, &whole);
	return us_iso(arena, WINDOWS_EPOCH * 1000000 + seconds_to_us(whole, fraction), out, err);
}

/* The length of the value's text. */
static size_t shown_length(struct value in)
{
	char text[NUMBER_FLOAT_SIZE];
	switch (in.kind) {
	case VALUE_STR:
		return text_length(in.text);
	case VALUE_FLOAT:
		return number_float_text(in.real, text).n;
	case VALUE_INT:
		return number_int_text(in.integer, text).n;
	default:
		return 0;
	}
}

static int64_t floor_divide(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

static int from_epoch(struct arena *arena, struct value in, struct str format, struct str *out,
                      struct err *err)
{
	(void)format;
	struct value number;
	if (value_to_int(arena, in, &number, err) < 0)
		return -1;
	size_t length = shown_length(in);
	int64_t divisor = length == 10 ? 1 : length == 12 ? 100 : length == 13 ? 1000 : 0;
	if (divisor == 0) {
		*out = STR_NONE;
		return 0;
	}
	int64_t seconds = number.kind == VALUE_INT ? floor_divide(number.integer, divisor)
	                                           : INT64_MAX;
	if (!(fabs((double)seconds) < MAX_SECONDS))
		return out_of_range(err);
	return us_iso(arena, seconds * 1000000, out, err);
}

static int from_format(struct arena *arena, struct value in, struct str format, struct str *out,
                       struct err *err)
{
	struct str text;
	struct datetime t;
	if (text_want(in, &text, err) < 0 || datetime_strptime(text, format, &t, err) < 0)
		return -1;
	return utc_iso(arena, &t, out, err);
}

/* The day is the one that was written, whatever its time zone. */
static int from_format_midnight(struct arena *arena, struct value in, struct str format,
                                struct str *out, struct err *err)
{
	struct str text;
	struct datetime t;
	if (text_want(in, &text, err) < 0 || datetime_strptime(text, format, &t, err) < 0)
		return -1;
	struct datetime midnight = { .year = t.year, .month = t.month, .day = t.day };
	return utc_iso(arena, &midnight, out, err);
}

static int from_iso(struct arena *arena, struct value in, struct str format, struct str *out,
                    struct err *err)
{
	(void)arena;
	(void)format;
	struct str text;
	if (text_want(in, &text, err) < 0)
		return -1;
	if (!datetime_is_canonical(text))
		return err_set(err, FAULT_OTHER,
		               "'%.*s' is not of the form YYYY-MM-DDTHH:MM:SS+00:00",
		               STR_ARG(str_slice(text, 0, 100)));
	*out = text;
	return 0;
}

/*
 * "2023-02-15 14:19:09", with a space or a T, perhaps with "+00:00": what nearly all feeds write. It leaves no room for guesses,
 * and reading it here takes a tenth of the time.
 */
static bool plain_time(struct str text, struct datetime *out)
{
	static const char form[] = "dddd-dd-dd dd:dd:dd";
	static const uint8_t starts[] = { 5, 8, 11, 14, 17 };
	int parts[5];
	if (text.n == sizeof form - 1 + 6 && str_ends(text, S("+00:00")))
		text.n = sizeof form - 1;
	if (text.n != sizeof form - 1)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		bool digit = text.p[i] >= '0' && text.p[i] <= '9';
		if (form[i] == 'd' ? !digit
		                   : text.p[i] != form[i] && !(i == 10 && text.p[i] == 'T'))
			return false;
	}
	for (size_t i = 0; i < 5; i++)
		parts[i] = (text.p[starts[i]] - '0') * 10 + text.p[starts[i] + 1] - '0';
	int year = (text.p[0] - '0') * 1000 + (text.p[1] - '0') * 100 + (text.p[2] - '0') * 10 +
	           text.p[3] - '0';
	*out = (struct datetime){ year, parts[0], parts[1], parts[2], parts[3], parts[4] };
	return datetime_exists(out) && year >= 1000;
}

static int from_prose(struct arena *arena, struct value in, struct str format, struct str *out,
                      struct err *err)
{
	(void)format;
	struct str text;
	struct datetime t;
	if (text_want(in, &text, err) < 0 ||
	    (!plain_time(text, &t) && datetime_fuzzy(text, NULL, &t, err) < 0))
		return -1;
	return utc_iso(arena, &t, out, err);
}

static const struct conversion {
	struct str name;
	bool takes_format;
	int (*convert)(struct arena *, struct value, struct str format, struct str *out,
	               struct err *);
} conversions[] = {
	{ S("timestamp"), false, from_timestamp },
	{ S("windows_nt"), false, from_windows },
	{ S("epoch_millis"), false, from_epoch },
	{ S("from_format"), true, from_format },
	{ S("from_format_midnight"), true, from_format_midnight },
	{ S("utc_isoformat"), false, from_iso },
	{ S("fuzzy"), false, from_prose },
};

/* Looks up the name before the first `|`; *format is what follows, STR_NONE if there is no `|`. */
static const struct conversion *conversion_find(struct str text, struct str *format)
{
	struct str name = str_cut(&text, '|');
	*format = text;
	for (size_t i = 0; i < sizeof conversions / sizeof *conversions; i++)
		if (str_eq(conversions[i].name, name))
			return &conversions[i];
	return NULL;
}

int time_convert(struct arena *arena, struct value in, struct str conversion, struct str *out,
                 struct err *err)
{
	struct str format = STR_NONE;
	if (!conversion.p)
		return from_prose(arena, in, format, out, err);
	const struct conversion *found = conversion_find(conversion, &format);
	if (!found || found->takes_format != (format.p != NULL))
		return err_set(err, FAULT_OTHER, "there is no time conversion '%.*s'",
		               STR_ARG(conversion));
	return found->convert(arena, in, format, out, err);
}

int time_conversion_check(struct str conversion, struct err *err)
{
	struct str format;
	if (conversion.n == 0)
		return 0;
	const struct conversion *found = conversion_find(conversion, &format);
	if (!found)
		return err_set(err, FAULT_INVALID_ARGUMENT, "unknown time conversion '%.*s'",
		               STR_ARG(conversion));
	if (found->takes_format != (format.n > 0))
		return err_set(err, FAULT_INVALID_ARGUMENT,
		               "the time conversion '%.*s' %s a format", STR_ARG(found->name),
		               found->takes_format ? "needs" : "takes no");
	return 0;
}

struct str time_conversion_of(struct str parameter)
{
	if (parameter.n == 0)
		return STR_NONE;
	size_t first = str_index(parameter, '|');
	if (first == STR_NOT_FOUND)
		return parameter;
	struct str rest = str_slice(parameter, first + 1, parameter.n),
		   format = str_cut(&rest, '|');
	return str_slice(parameter, 0, format.n ? first + 1 + format.n : first);
}

int datetime_sanitize(struct arena *arena, struct value in, struct str *out)
{
	struct datetime t;
	if (in.kind != VALUE_STR)
		return -1;
	if (datetime_is_canonical(in.text)) {
		*out = in.text;
		return 0;
	}
	if (!plain_time(in.text, &t) && datetime_fuzzy(in.text, NULL, &t, NULL) < 0)
		return -1;
	return utc_iso(arena, &t, out, NULL);
}

bool datetime_is_valid(struct value in)
{
	return in.kind == VALUE_STR && datetime_is_canonical(in.text);
}
