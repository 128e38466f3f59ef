/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Addresses with the time in them. */
#include <intelmq/bot.h>
#include <intelmq/clock.h>
#include <intelmq/datetime.h>
#include <intelmq/http.h>
#include <math.h>

enum { MAX_URL = 64 * 1024 };

/* What a member of the map counts, in microseconds; 0: there is no such member. */
static double unit_of(struct str name)
{
	static const struct {
		const char *name;
		double us;
	} units[] = {
		{ "weeks", 7 * 86400e6 }, { "days", 86400e6 }, { "hours", 3600e6 },
		{ "minutes", 60e6 },      { "seconds", 1e6 },  { "milliseconds", 1000 },
		{ "microseconds", 1 },
	};
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (str_eq(name, str_of(units[i].name)))
			return units[i].us;
	return 0;
}

static enum result add_shift(struct bot *bot, const struct dict *shift, int64_t *us)
{
	double sum = 0;
	for (size_t i = 0; i < shift->n; i++) {
		struct value v = shift->pairs[i].value;
		double unit = unit_of(shift->pairs[i].key);
		if (unit == 0 || (v.kind != VALUE_INT && v.kind != VALUE_FLOAT))
			return bot_fail(
				bot, BAD_CONF,
				"http_url_formatting: '%.*s' is no number of weeks, days, hours, …",
				STR_ARG(shift->pairs[i].key));
		sum += unit * (v.kind == VALUE_INT ? (double)v.integer : v.real);
	}
	if (!(fabs(sum) < 1e18))
		return bot_fail(bot, BAD_CONF, "http_url_formatting: too far from now");
	*us += (int64_t)sum;
	return DONE;
}

/* What stands in braces; `rest` begins behind the opening one. */
static enum result put_field(struct bot *bot, struct buffer *out, struct str *rest,
                             const struct datetime *now)
{
	size_t end = str_find(*rest, S("]}"));
	if (!str_starts(*rest, S("time[")) || end == STR_NOT_FOUND)
		return bot_fail(bot, BAD_CONF,
		                "the address has something else in braces than {time[FORMAT]}");
	datetime_format(out, now, str_slice(*rest, 5, end));
	*rest = str_slice(*rest, end + 2, rest->n);
	return DONE;
}

enum result http_format_url(struct bot *bot, struct str url, struct value formatting,
                            struct str *out)
{
	struct buffer text;
	struct datetime now;
	int64_t us = clock_now_us();
	enum result result = DONE;
	*out = url;
	if (!value_truthy(formatting))
		return DONE;
	if (formatting.kind == VALUE_DICT)
		result = add_shift(bot, formatting.dict, &us);
	if (result == DONE && datetime_local(us, &now) < 0)
		result = bot_fail(bot, BAD_CONF, "http_url_formatting: too far from now");
	buffer_init_in(&text, bot->arena, MAX_URL);
	for (struct str rest = url; result == DONE && rest.n;) {
		char c = rest.p[0];
		bool twice = rest.n > 1 && rest.p[1] == c;
		rest = str_slice(rest, 1, rest.n);
		if (c == '{' && !twice) {
			result = put_field(bot, &text, &rest, &now);
			continue;
		}
		if (c == '{' || c == '}') {
			if (!twice)
				return bot_fail(bot, BAD_CONF, "the address has a single '}'");
			rest = str_slice(rest, 1, rest.n);
		}
		buffer_add_char(&text, c);
	}
	*out = buffer_str(&text);
	return result;
}
