/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/ctl_bots.h"

#include <intelmq/repr.h>

struct value bot_status_value(enum bot_status status)
{
	static const char *const names[] = {
		[BOT_RUNNING] = "running",   [BOT_STOPPING] = "stopping", [BOT_STOPPED] = "stopped",
		[BOT_DISABLED] = "disabled", [BOT_UNKNOWN] = "unknown",
	};
	return value_cstr(names[status]);
}

void bot_state_say(struct ctl *ctl, const struct runtime_bot *bot, const struct bot_state *state)
{
	if (state->status == BOT_RUNNING)
		ctl_say_good(ctl, "Bot %.*s is running.", STR_ARG(bot->id));
	else if (state->status == BOT_STOPPING)
		ctl_say(ctl, "Bot %.*s is stopping.", STR_ARG(bot->id));
	else if (state->status == BOT_STOPPED)
		ctl_say(ctl, "Bot %.*s is stopped.", STR_ARG(bot->id));
	else if (state->status == BOT_DISABLED)
		ctl_say(ctl, "Bot %.*s is disabled.", STR_ARG(bot->id));
	else
		ctl_complain(ctl, "Status of Bot %.*s is unknown: \"%.*s\".", STR_ARG(bot->id),
		             STR_ARG(state->reason));
	if (state->reason.n && state->status != BOT_UNKNOWN)
		ctl_say(ctl, "%.*s: %.*s", STR_ARG(bot->id), STR_ARG(state->reason));
}

static struct str text_of(const struct dict *d, struct str key)
{
	const struct value *v = dict_get(d, key);
	return v && v->kind == VALUE_STR ? v->text : STR_NONE;
}

/* Of what a running bot does, only what keeps it from getting on is worth a line. */
static bool is_in_the_way(struct str reason)
{
	static const char *const beginnings[] = { "waiting: ", "waiting for the broker",
		                                  "backing off", "it is no longer in" };
	for (size_t i = 0; i < sizeof beginnings / sizeof *beginnings; i++)
		if (str_starts(reason, str_of(beginnings[i])))
			return true;
	return false;
}

/* What intelmqd says of a bot, in the words of the reference. False: it does not run it. */
static bool supervised_state(struct ctl *ctl, const struct runtime_bot *bot,
                             const struct dict *bots, struct bot_state *out)
{
	const struct value *v = bots ? dict_get(bots, bot->id) : NULL;
	*out = (struct bot_state){ .status = bot->enabled ? BOT_STOPPED : BOT_DISABLED };
	if (!v || v->kind != VALUE_DICT)
		return false;
	struct str state = text_of(v->dict, S("state"));
	out->reason = text_of(v->dict, S("reason"));
	if (str_eq(state, S("running")) || str_eq(state, S("starting"))) {
		out->status = BOT_RUNNING;
		if (!is_in_the_way(out->reason))
			out->reason = STR_NONE;
	} else if (str_eq(state, S("stopping"))) {
		out->status = BOT_STOPPING;
	} else if (str_eq(state, S("crashed")) || str_eq(state, S("failed"))) {
		out->reason = arena_printf(&ctl->arena, "%.*s%s%.*s", STR_ARG(state),
		                           out->reason.n ? ": " : "", STR_ARG(out->reason));
		out->waits = true;
	} else {
		return false;
	}
	return true;
}

static int find_states(struct ctl *ctl, const struct runtime_bot *const *bots, size_t n,
                       struct bot_state *states, struct str *broker_out)
{
	const struct dict *supervised;
	if (daemon_status(ctl, &supervised, broker_out) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct bot_state foreign;
		if (supervised_state(ctl, bots[i], supervised, &states[i]))
			continue;
		foreign_state(ctl, bots[i], &foreign);
		if (foreign.status == BOT_RUNNING || foreign.status == BOT_UNKNOWN)
			states[i] = foreign;
	}
	return 0;
}

int bots_states(struct ctl *ctl, const struct runtime_bot *const *bots, size_t n,
                struct bot_state *states)
{
	struct str broker;
	return find_states(ctl, bots, n, states, &broker);
}

int bots_report(struct ctl *ctl, const struct runtime_bot *const *bots, size_t n, bool one,
                struct value *out)
{
	struct bot_state *states = arena_zalloc(&ctl->arena, n, sizeof *states);
	struct dict *all = dict_new(&ctl->arena);
	struct str broker;
	int code = 0;
	*out = value_cstr("error");
	if (find_states(ctl, bots, n, states, &broker) < 0)
		return 1;
	if (broker.n)
		ctl_say(ctl, "intelmq-broker: %.*s", STR_ARG(broker));
	for (size_t i = 0; i < n; i++) {
		bot_state_say(ctl, bots[i], &states[i]);
		dict_set(all, bots[i]->id, bot_status_value(states[i].status));
		if (states[i].status != BOT_RUNNING && states[i].status != BOT_DISABLED)
			code = 1;
	}
	*out = one ? bot_status_value(states[0].status) : value_dict(all);
	return code;
}
