/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Addresses with the time in them. */
#include <intelmq/bot.h>
#include <intelmq/clock.h>
#include <intelmq/datetime.h>
#include <intelmq/format.h>
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

/* When it is, and where texts of it may lie. */
struct moment {
	struct arena *arena;
	struct datetime time;
};

/* time[FORMAT] is text; there is nothing else. */
static int find_time(const void *context, const struct format_path *path, struct value *out,
                     bool *special_out, struct err *err)
{
	const struct moment *moment = context;
	struct buffer text;
	*special_out = false;
	if (path->n != 2 || !str_eq(path->steps[0].name, S("time")) ||
	    path->steps[1].kind != FORMAT_KEY)
		return err_set(err, FAULT_CONFIGURATION,
		               "the address has something else in braces than {time[FORMAT]}");
	buffer_init_in(&text, moment->arena, MAX_URL);
	if (datetime_format(&text, &moment->time, path->steps[1].name) < 0)
		return err_set(err, FAULT_CONFIGURATION, "the time in the address is too long");
	*out = value_str(buffer_str(&text));
	return 0;
}

enum result http_format_url(struct bot *bot, struct str url, struct value formatting,
                            struct str *out)
{
	struct moment moment = { .arena = bot->arena };
	const struct format_source source = { .context = &moment, .find = find_time };
	struct buffer text;
	int64_t us = clock_now_us();
	*out = url;
	if (!value_truthy(formatting))
		return DONE;
	if (formatting.kind == VALUE_DICT && add_shift(bot, formatting.dict, &us) != DONE)
		return BAD_CONF;
	if (datetime_local(us, &moment.time) < 0)
		return bot_fail(bot, BAD_CONF, "http_url_formatting: too far from now");
	moment.time.has_offset = false; /* as in the reference: %z is nothing */
	buffer_init_in(&text, bot->arena, MAX_URL);
	if (format_text(&text, url, &source, &bot->err) < 0)
		return BAD_CONF;
	*out = buffer_str(&text);
	return DONE;
}
