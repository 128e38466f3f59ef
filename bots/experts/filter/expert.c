/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Keeps or drops events by one field, by a pattern, or by time; events also go to paths of their own:
 * action_other, filter_match, filter_no_match.
 */
#include <intelmq/bot.h>
#include <intelmq/clock.h>
#include <intelmq/datetime.h>
#include <intelmq/duration.h>
#include <intelmq/regex.h>
#include <intelmq/repr.h>
#include <math.h>

struct params {
	struct value filter_key, filter_value, filter_action, filter_regex, not_after, not_before;
};

#define PARAMS struct params
static const struct param params[] = {
	VALUE(filter_key, "Field to look at.", .empty_is_value = true),
	VALUE(filter_value,
	      "Value to compare with, of the field's type; with filter_regex a pattern.",
	      .empty_is_value = true),
	VALUE(filter_action, "Whether to keep or to drop what matches.", .empty_is_value = true),
	VALUE(filter_regex, "Search filter_value as a pattern in the text of the field."),
	VALUE(not_after,
	      "Drop events with a later time.source: a time, or how long ago as 15 days.",
	      .empty_is_value = true),
	VALUE(not_before, "Drop events with an earlier time.source: a time, or how long ago.",
	      .empty_is_value = true),
	{ 0 },
};

/* A bound in time: a moment, or so long before now. */
struct bound {
	enum { BOUND_NONE, BOUND_MOMENT, BOUND_AGO } kind;
	bool zone_known;
	int64_t us;
};

struct filter_state {
	bool by_value, keep, by_time;
	struct regex *regex;
	struct bound after, before;
};

static bool is_set(struct value v)
{
	return v.kind != VALUE_NULL;
}

static bool names_a_unit(struct str text)
{
	static const char *const units[] = { "second", "minute", "hour", "day",
		                             "week",   "month",  "year" };
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (str_find(text, str_of(units[i])) != STR_NOT_FOUND)
			return true;
	return false;
}

static enum result read_bound(struct bot *bot, struct value v, const char *name, struct bound *out)
{
	struct datetime now, time;
	double minutes;
	if (!value_truthy(v))
		return DONE;
	struct str text = v.kind == VALUE_STR ? v.text : value_text(bot->arena, v);
	if (names_a_unit(text)) {
		if (duration_minutes(text, &minutes, &bot->err) < 0 || !isfinite(minutes) ||
		    fabs(minutes) > 1e12)
			return bot_fail(bot, BAD_CONF, "%s: '%.*s' is no span of time as '15 days'",
			                name, STR_ARG(text));
		*out = (struct bound){ BOUND_AGO, true, (int64_t)(minutes * 60e6) };
		return DONE;
	}
	if (datetime_from_us(clock_now_us(), &now) < 0 ||
	    datetime_guess(text, &now, &time, &bot->err) < 0)
		return bot_fail(bot, BAD_CONF, "%s: '%.*s' is no time: %s", name, STR_ARG(text),
		                bot->err.text);
	*out = (struct bound){ BOUND_MOMENT, time.has_offset, datetime_to_us(&time) };
	return DONE;
}

static enum result filter_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct filter_state *state = bot->state;
	state->keep = value_is_text(p->filter_action, S("keep"));
	state->by_value = is_set(p->filter_key) && is_set(p->filter_value) &&
	                  is_set(p->filter_action) &&
	                  (state->keep || value_is_text(p->filter_action, S("drop")));
	state->by_time = is_set(p->not_after) || is_set(p->not_before);
	if (!state->by_value && !state->by_time)
		return bot_fail(bot, BAD_CONF, "No relevant filter configuration found.");
	if (state->by_value && value_truthy(p->filter_regex)) {
		if (p->filter_value.kind != VALUE_STR ||
		    regex_new(p->filter_value.text, 0, &state->regex, &bot->err) < 0)
			return bot_fail(bot, BAD_CONF, "filter_value is no pattern: %s",
			                bot->err.text);
	}
	enum result result = read_bound(bot, p->not_after, "not_after", &state->after);
	return result == DONE ? read_bound(bot, p->not_before, "not_before", &state->before)
	                      : result;
}

static void filter_fini(struct bot *bot)
{
	struct filter_state *state = bot->state;
	regex_free(state->regex);
}

/* 1 the event is later than the bound, -1 earlier, 0 neither. */
static int compare(const struct bound *bound, int64_t time)
{
	int64_t limit = bound->kind == BOUND_AGO ? clock_now_us() - bound->us : bound->us;
	return (time > limit) - (time < limit);
}

/* DROP if time.source is out of the bounds. */
static enum result by_time(struct bot *bot, const struct event *event)
{
	const struct filter_state *state = bot->state;
	struct str text = event_text(event, "time.source");
	struct datetime now, time;
	if (!text.p)
		return DONE;
	if (datetime_from_us(clock_now_us(), &now) < 0 ||
	    datetime_guess(text, &now, &time, &bot->err) < 0) {
		bot_log(bot, LEVEL_ERROR, "Could not parse time.source '%.*s'.", STR_ARG(text));
		return DONE;
	}
	const struct bound *bounds[] = { &state->after, &state->before };
	for (size_t i = 0; i < 2; i++) {
		if (bounds[i]->kind == BOUND_NONE)
			continue;
		if (!bounds[i]->zone_known)
			return bot_fail(bot, BAD_DATA, "%s has no time zone, time.source has one",
			                i ? "not_before" : "not_after");
		if (compare(bounds[i], datetime_to_us(&time)) == (i ? -1 : 1))
			return DROP;
	}
	return DONE;
}

/* 1 it matches, 0 not, -1 the pattern gave up. */
static int matches(struct bot *bot, const struct event *event)
{
	const struct params *p = bot->params;
	const struct filter_state *state = bot->state;
	const struct value *v = p->filter_key.kind == VALUE_STR
	                              ? event_get_key(event, p->filter_key.text)
	                              : NULL;
	if (!v)
		return 0;
	if (!state->regex)
		return value_eq(*v, p->filter_value);
	return regex_search(state->regex, bot->arena,
	                    v->kind == VALUE_STR ? v->text : value_text(bot->arena, *v), NULL,
	                    &bot->err);
}

static enum result filter_enrich(struct bot *bot, struct event *event)
{
	const struct filter_state *state = bot->state;
	enum result result = state->by_time ? by_time(bot, event) : DONE;
	if (result != DONE || !state->by_value)
		return result;
	int match = matches(bot, event);
	if (match < 0)
		return BAD_DATA;
	bool passes = match == state->keep;
	if (!passes)
		result = bot_emit_path(bot, event, "action_other");
	if (result == DONE)
		result = bot_emit_path(bot, event, match ? "filter_match" : "filter_no_match");
	return result == DONE && !passes ? DROP : result;
}

static void filter_check(struct bot *bot, struct findings *findings)
{
	struct filter_state state = { 0 };
	bot->state = &state;
	if (filter_init(bot) != DONE)
		finding_add(findings, SEVERITY_ERROR, NULL, "%s", bot->err.text);
	filter_fini(bot);
	bot->state = NULL;
}

const struct bot_type experts_filter_expert = {
	.module = "intelmq.bots.experts.filter.expert",
	.summary = "Keeps or drops events by a field or by time.",
	PARAMS_OF(.filter_key = { 0 }),
	.state_size = sizeof(struct filter_state),
	.verb = "Forwarded",
	.init = filter_init,
	.fini = filter_fini,
	.check = filter_check,
	.enrich = filter_enrich,
};
