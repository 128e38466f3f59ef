/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* start, stop, restart, reload, status: of one bot, of a group, of the botnet. */
#include "cli/ctl_bots.h"

#include <stdlib.h>

#include "engine/types.h"

/* The bots that a command is about. */
struct scope {
	const struct runtime_bot **bots;
	size_t n;
	struct bot_state *states; /* before the command */
	bool *wanted;             /* those that it changes */
	const char *title;        /* "Botnet", "Expert group"; NULL: one bot */
};

static const char *group_title(const char *group)
{
	static const char *const titles[][2] = { { "collectors", "Collector group" },
		                                 { "parsers", "Parser group" },
		                                 { "experts", "Expert group" },
		                                 { "outputs", "Output group" } };
	for (size_t i = 0; group && i < sizeof titles / sizeof *titles; i++)
		if (strcmp(group, titles[i][0]) == 0)
			return titles[i][1];
	return "Botnet";
}

static struct scope scope_of(struct ctl *ctl, const struct args *args)
{
	struct scope s = { .title = group_title(ctl->group) };
	const char *id = args_get(args, "bot_id");
	if (id) {
		s.title = NULL;
		s.n = 1;
		s.bots = arena_zalloc(&ctl->arena, 1, sizeof *s.bots);
		s.bots[0] = runtime_bot_find(ctl->runtime, str_of(id));
	} else {
		s.n = ctl_bots(ctl, &s.bots);
	}
	s.states = arena_zalloc(&ctl->arena, s.n, sizeof *s.states);
	s.wanted = arena_zalloc(&ctl->arena, s.n, sizeof *s.wanted);
	return s;
}

/* Sets the result to the states, as one word or by id. */
static void set_result(struct ctl *ctl, const struct scope *s, const struct bot_state *states)
{
	struct dict *all = dict_new(&ctl->arena);
	for (size_t i = 0; i < s->n; i++)
		dict_set(all, s->bots[i]->id, bot_status_value(states[i].status));
	ctl->result = s->title ? value_dict(all) : bot_status_value(states[0].status);
}

static int fail(struct ctl *ctl)
{
	ctl->result = value_cstr("error");
	return 1;
}

/* Has intelmqd do something with the wanted bots that are not somebody else's. */
static int command(struct ctl *ctl, const struct scope *s, const char *name)
{
	const struct runtime_bot **bots = arena_zalloc(&ctl->arena, s->n, sizeof *bots);
	size_t n = 0;
	for (size_t i = 0; i < s->n; i++)
		if (s->wanted[i] && !s->states[i].foreign)
			bots[n++] = s->bots[i];
	return n ? daemon_command(ctl, name, bots, n) : 0;
}

/* The states after the command. */
static int states_now(struct ctl *ctl, const struct scope *s, struct bot_state **out)
{
	*out = arena_zalloc(&ctl->arena, s->n, sizeof **out);
	return bots_states(ctl, s->bots, s->n, *out);
}

/* ---- start ---- */

/* Says so if there is no program for the bot. */
static bool has_program(struct ctl *ctl, const struct runtime_bot *bot)
{
	struct err err = { 0 };
	const char *path = getenv("PATH");
	bool found = bot_type_find(bot->module, &err) ||
	             (bot->module.n && path && module_in_path(bot->module, path));
	if (!found)
		ctl_complain(ctl,
		             "Bot %.*s FAILED to start because the executable cannot be found. "
		             "Check your PATH variable and your the installation.",
		             STR_ARG(bot->id));
	return found;
}

/* True if the bot is to be started. */
static bool announce_start(struct ctl *ctl, const struct scope *s, size_t i)
{
	const struct runtime_bot *bot = s->bots[i];
	struct bot_state *state = &s->states[i];
	if (state->status == BOT_RUNNING) {
		bot_state_say(ctl, bot, state);
		return false;
	}
	if (state->status == BOT_UNKNOWN) {
		ctl_error(ctl, "%.*s", STR_ARG(state->reason));
		return false;
	}
	if (s->title && !bot->enabled) {
		ctl_say(ctl, "Bot %.*s is disabled.", STR_ARG(bot->id));
		return false;
	}
	ctl_say(ctl, "Starting %.*s...", STR_ARG(bot->id));
	return has_program(ctl, bot);
}

static int start(struct ctl *ctl, struct scope *s)
{
	struct bot_state *now;
	bool any = false, all = true;
	if (s->title)
		ctl_say(ctl, "Starting %s...", s->title);
	if (bots_states(ctl, s->bots, s->n, s->states) < 0)
		return fail(ctl);
	for (size_t i = 0; i < s->n; i++)
		any |= s->wanted[i] = announce_start(ctl, s, i);
	if (any && (daemon_ensure(ctl) < 0 || command(ctl, s, "start") < 0))
		return fail(ctl);
	if (states_now(ctl, s, &now) < 0)
		return fail(ctl);
	for (size_t i = 0; i < s->n; i++) {
		if (s->title ? s->bots[i]->enabled : s->wanted[i])
			bot_state_say(ctl, s->bots[i], &now[i]);
		all &= now[i].status == BOT_RUNNING || (s->title && !s->bots[i]->enabled);
	}
	if (s->title && all)
		ctl_say_good(ctl, "Bot %s is running.", s->title);
	set_result(ctl, s, now);
	return !all;
}

/* ---- stop ---- */

/* True if there is something to stop; a bot that waits for its restart after a crash is told so, too. */
static bool announce_stop(struct ctl *ctl, const struct scope *s, size_t i)
{
	const struct runtime_bot *bot = s->bots[i];
	const struct bot_state *state = &s->states[i];
	bool runs = state->status == BOT_RUNNING || state->status == BOT_STOPPING;
	if (runs)
		ctl_say(ctl, "Stopping bot %.*s...", STR_ARG(bot->id));
	else if (state->status == BOT_STOPPED)
		ctl_complain(ctl, "Bot %.*s was NOT RUNNING.", STR_ARG(bot->id));
	else
		bot_state_say(ctl, bot, state);
	return runs || state->waits;
}

static void stop_foreign(const struct ctl *ctl, const struct scope *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->wanted[i] && s->states[i].foreign)
			foreign_stop(ctl, s->bots[i], s->states[i].foreign);
}

/* What became of one bot; a whole botnet is reported like `status` does. */
static void report_stopped(struct ctl *ctl, const struct scope *s, size_t i, struct bot_state *now)
{
	bool runs = now->status == BOT_RUNNING || now->status == BOT_STOPPING;
	if (s->title) {
		bot_state_say(ctl, s->bots[i], now);
	} else if (runs) {
		ctl_complain(ctl, "Bot %.*s is still running.", STR_ARG(s->bots[i]->id));
	} else if (s->states[i].status == BOT_RUNNING || s->states[i].status == BOT_STOPPING) {
		now->status = BOT_STOPPED;
		bot_state_say(ctl, s->bots[i], now);
	}
}

static int stop(struct ctl *ctl, struct scope *s)
{
	struct bot_state *now;
	bool all = true;
	if (s->title)
		ctl_say(ctl, "Stopping bot %s...", s->title);
	if (bots_states(ctl, s->bots, s->n, s->states) < 0)
		return fail(ctl);
	for (size_t i = 0; i < s->n; i++)
		s->wanted[i] = announce_stop(ctl, s, i) && s->states[i].status != BOT_UNKNOWN;
	stop_foreign(ctl, s);
	if (command(ctl, s, "stop") < 0 || states_now(ctl, s, &now) < 0)
		return fail(ctl);
	for (size_t i = 0; i < s->n; i++) {
		report_stopped(ctl, s, i, &now[i]);
		all &= now[i].status == BOT_STOPPED || now[i].status == BOT_DISABLED;
	}
	if (s->title && all)
		ctl_say(ctl, "Bot %s is stopped.", s->title);
	set_result(ctl, s, now);
	return !all;
}

/* ---- reload ---- */

static int reload(struct ctl *ctl, struct scope *s)
{
	struct bot_state *now;
	int code = 0;
	if (s->title)
		ctl_say(ctl, "Reloading bot %s ...", s->title);
	if (bots_states(ctl, s->bots, s->n, s->states) < 0)
		return fail(ctl);
	for (size_t i = 0; i < s->n; i++) {
		const struct bot_state *state = &s->states[i];
		s->wanted[i] = state->status == BOT_RUNNING;
		bot_state_say(ctl, s->bots[i], state);
		if (s->wanted[i])
			ctl_say(ctl, "Reloading bot %.*s ...", STR_ARG(s->bots[i]->id));
		else if (state->status == BOT_STOPPED)
			ctl_complain(ctl, "Bot %.*s was NOT RUNNING.", STR_ARG(s->bots[i]->id));
		if (state->foreign)
			foreign_reload(s->bots[i], state->foreign);
	}
	if (command(ctl, s, "reload") < 0 || states_now(ctl, s, &now) < 0)
		return fail(ctl);
	for (size_t i = 0; i < s->n; i++) {
		if (s->title || s->wanted[i])
			bot_state_say(ctl, s->bots[i], &now[i]);
		if (now[i].status != BOT_RUNNING && now[i].status != BOT_DISABLED)
			code = 1;
	}
	if (s->title && code == 0)
		ctl_say(ctl, "Bot %s is reloaded.", s->title);
	set_result(ctl, s, now);
	return code;
}

/* ---- The commands ---- */

int ctl_start(struct ctl *ctl, const struct args *args)
{
	struct scope s = scope_of(ctl, args);
	return start(ctl, &s);
}

int ctl_stop(struct ctl *ctl, const struct args *args)
{
	struct scope s = scope_of(ctl, args);
	return stop(ctl, &s);
}

int ctl_reload(struct ctl *ctl, const struct args *args)
{
	struct scope s = scope_of(ctl, args);
	return reload(ctl, &s);
}

int ctl_restart(struct ctl *ctl, const struct args *args)
{
	struct scope s = scope_of(ctl, args);
	struct list *both = list_new(&ctl->arena);
	if (s.title)
		ctl_say(ctl, "Restarting %s...", s.title);
	if (stop(ctl, &s) != 0)
		return 1;
	list_add(both, ctl->result);
	struct scope again = scope_of(ctl, args);
	int code = start(ctl, &again);
	list_add(both, ctl->result);
	if (!s.title)
		ctl->result = value_list(both);
	return code;
}

int ctl_status(struct ctl *ctl, const struct args *args)
{
	struct scope s = scope_of(ctl, args);
	return bots_report(ctl, s.bots, s.n, !s.title, &ctl->result);
}
