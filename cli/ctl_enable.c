/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* enable, disable: `enabled` of a bot in runtime.yaml. */
#include "cli/ctl_bots.h"
#include "config/runtime_edit.h"

static int set_enabled(struct ctl *ctl, const struct args *args, bool enabled)
{
	struct err err;
	struct str id = str_of(args_get(args, "bot_id"));
	const struct runtime_bot *bot = runtime_bot_find(ctl->runtime, id);
	const char *path = arena_cstr(&ctl->arena, ctl->runtime->file);
	if (bot->enabled != enabled) {
		ctl_say(ctl, "%s %.*s.", enabled ? "Enabling" : "Disabling", STR_ARG(id));
		if (runtime_file_set_enabled(path, id, enabled, &err) < 0) {
			ctl_error(ctl, "%s.", err.text);
			ctl->result = value_cstr("error");
			return 1;
		}
		ctl_load(ctl);
		bot = ctl->runtime ? runtime_bot_find(ctl->runtime, id) : NULL;
	} else if (enabled) {
		ctl_say(ctl, "Bot %.*s is enabled.", STR_ARG(id));
	}
	if (!bot || bot->enabled != enabled) {
		ctl_error(ctl, "%s was changed by another program meanwhile.", path);
		ctl->result = value_cstr("error");
		return 1;
	}
	return bots_report(ctl, &bot, 1, true, &ctl->result);
}

int ctl_enable(struct ctl *ctl, const struct args *args)
{
	return set_enabled(ctl, args, true);
}

int ctl_disable(struct ctl *ctl, const struct args *args)
{
	return set_enabled(ctl, args, false);
}
