/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* run: a bot in the foreground, as a whole or one step of it. */
#include "cli/ctl_bots.h"
#include "cli/run_bot.h"

static const char *const message_actions[] = { "get", "pop", "send", NULL };

// clang-format off
static const struct arg args_console[] = {
	{ ARG_OPTIONAL, "console_type", { NULL }, NULL, false, "which one" }, { 0 } };
static const struct arg args_message[] = {
	{ ARG_POSITIONAL, "message_action_kind", { NULL }, message_actions, false,
	  "get: show the next message of the bot's queue. pop: show it and take it away. send: send one to the bot's destinations." },
	{ ARG_OPTIONAL, "msg", { NULL }, NULL, false, "The message to send, as JSON." }, { 0 } };
static const struct arg args_process[] = {
	{ ARG_FLAG, NULL, { "--show-sent", "-s" }, NULL, false, "Show what the bot sends." },
	{ ARG_FLAG, NULL, { "--dryrun", "-d" }, NULL, false, "Take nothing from the queue and send nothing." },
	{ ARG_VALUE, "MSG", { "--msg", "-m" }, NULL, false, "Process this message (JSON, or the name of a file) instead of one of the queue." },
	{ 0 } };
// clang-format on

/* Reads the arguments of the step into the options. */
static enum args_status read_step(struct ctl *ctl, const struct args *args,
                                  struct run_options *options)
{
	struct str step = str_of(args_get(args, "step"));
	struct args own = { .program = arena_printf(&ctl->arena, "%s %s %.*s", args->program,
		                                    options->bot_id, STR_ARG(step))
		                               .p };
	if (!step.p)
		return ARGS_OK;
	own.table = str_eq(step, S("process")) ? args_process
	          : str_eq(step, S("message")) ? args_message
	                                       : args_console;
	enum args_status status = args_parse(&ctl->arena, &own, (int)(args->n - args->rest),
	                                     args->argv + args->rest);
	if (status != ARGS_OK)
		return status;
	if (own.unknown[0])
		return args_fail(&own, "unrecognized arguments: %s", own.unknown[0]);
	const char *action = args_get(&own, "message_action_kind");
	options->message = args_get(&own, action ? "msg" : "--msg");
	options->dryrun = args_get(&own, "--dryrun");
	options->show_sent = args_get(&own, "--show-sent");
	if (own.table == args_process)
		options->step = RUN_PROCESS;
	else if (action)
		options->step = strcmp(action, "get") == 0 ? RUN_GET
		              : strcmp(action, "pop") == 0 ? RUN_POP
		                                           : RUN_SEND;
	return ARGS_OK;
}

/* Python's debuggers have no counterpart inside a bot here. */
static int no_console(struct ctl *ctl, const char *bot_id)
{
	ctl_error(ctl,
	          "There is no console inside of a bot. `intelmqctl run %s process --dryrun "
	          "--show-sent` shows what it does; `intelmq trace` explains each step of a "
	          "parser; gdb "
	          "can be attached to its process.",
	          bot_id);
	return 1;
}

/* A bot that runs is stopped meanwhile: the broker knows it once. */
static bool stop_running(struct ctl *ctl, const struct args *args, const struct runtime_bot *bot)
{
	struct bot_state state;
	if (bots_states(ctl, &bot, 1, &state) < 0 || state.status != BOT_RUNNING)
		return false;
	ctl_say(ctl,
	        "Main instance of the bot is running in the background and will be stopped; when "
	        "finished, we try to relaunch it again. You may want to launch: 'intelmqctl stop "
	        "%.*s' to prevent this message.",
	        STR_ARG(bot->id));
	ctl_stop(ctl, args);
	return true;
}

int ctl_run(struct ctl *ctl, const struct args *args)
{
	struct run_options options = {
		.paths = ctl->paths,
		.bot_id = args_get(args, "bot_id"),
		.log_level = args_get(args, "--loglevel"),
		.argv = ctl->argv,
	};
	const struct runtime_bot *bot = runtime_bot_find(ctl->runtime, str_of(options.bot_id));
	enum args_status status = read_step(ctl, args, &options);
	const char *step = args_get(args, "step");
	if (status != ARGS_OK) {
		ctl->no_result = true;
		return status == ARGS_HELP ? 0 : 2;
	}
	if (step && strcmp(step, "console") == 0)
		return no_console(ctl, options.bot_id);
	ctl->result = value_null();
	if (daemon_ensure(ctl) < 0) /* it runs the broker */
		return 1;
	bool again = stop_running(ctl, args, bot);
	ctl_say(ctl, "Starting %s...", options.bot_id);
	int code = run_bot(&options);
	if (again)
		ctl_start(ctl, args);
	ctl->result = value_null(); /* it printed all itself */
	return code;
}
