/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What the control socket can be asked for: reading a request, setting it going, and when it is over. */
#include "daemon/inside.h"

#include <intelmq/clock.h>
#include <intelmq/json.h>

#include <stdarg.h>
#include <stdio.h>

/* An answer comes at the latest after this. Stopping may need all of STOP_BROKER at the end. */
enum { REQUEST_LIMIT = 60000, MAX_REQUESTED = 100000 };

static const char *const commands[] = { "status", "start", "stop", "restart", "reload", "shutdown" };

/* The first reason counts. */
__attribute__((format(printf, 2, 3))) static int refuse(struct request *r, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	if (!*r->error)
		vsnprintf(r->error, sizeof r->error, format, list);
	va_end(list);
	return -1;
}

static int read_command(struct request *r, const struct dict *request)
{
	const struct value *command = dict_get(request, S("command"));
	for (size_t i = 0; command && i < sizeof commands / sizeof *commands; i++)
		if (value_is_text(*command, str_of(commands[i]))) {
			r->kind = (enum request_kind)i;
			return 0;
		}
	return refuse(r, "the request has no \"command\" that intelmqd knows");
}

/* Of a command without names: whom it is for. */
static bool is_meant(const struct request *r, const struct bot_child *bot)
{
	bool enabled = bot->spec && bot->spec->enabled;
	switch (r->kind) {
	case REQUEST_STATUS:
	case REQUEST_SHUTDOWN:
	case REQUEST_RELOAD:
		return true;
	case REQUEST_STOP:
		return enabled || bot_is_wanted(bot) || bot_is_alive(bot);
	case REQUEST_START:
	case REQUEST_RESTART:
		break;
	}
	return enabled;
}

static void take_all(const struct daemon *d, struct request *r)
{
	r->ids = arena_zalloc(&r->arena, d->n + 1, sizeof *r->ids);
	for (size_t i = 0; i < d->n; i++)
		if (is_meant(r, d->bots[i]))
			r->ids[r->n++] = arena_dup(&r->arena, str_of(d->bots[i]->id));
}

static int take_named(const struct daemon *d, struct request *r, const struct value *bots)
{
	if (bots->kind != VALUE_LIST || bots->list->n > MAX_REQUESTED)
		return refuse(r, "\"bots\" is not a list of ids");
	r->ids = arena_zalloc(&r->arena, bots->list->n + 1, sizeof *r->ids);
	for (size_t i = 0; i < bots->list->n; i++) {
		const struct value *id = &bots->list->items[i];
		if (id->kind != VALUE_STR)
			return refuse(r, "\"bots\" is not a list of ids");
		if (!bot_find(d, id->text))
			return refuse(r, "there is no bot '%.*s' in runtime.yaml",
			              STR_ARG(id->text));
		r->ids[r->n++] = id->text;
	}
	return 0;
}

static int read_request(struct daemon *d, struct request *r, struct str line)
{
	struct value request;
	struct err err = { 0 };
	if (json_parse(&r->arena, arena_dup(&r->arena, line), &request, &err) < 0 ||
	    request.kind != VALUE_DICT)
		return refuse(r, "the request is not a JSON object%s%s", *err.text ? ": " : "",
		              err.text);
	if (read_command(r, request.dict) < 0)
		return -1;
	if (configuration_read(d) < 0)
		refuse(r, "%s", d->trouble);
	const struct value *bots = dict_get(request.dict, S("bots"));
	if (!bots || bots->kind == VALUE_NULL)
		take_all(d, r);
	else if (take_named(d, r, bots) < 0)
		return -1;
	return 0;
}

static void apply(struct daemon *d, const struct request *r, struct bot_child *bot)
{
	if (r->kind == REQUEST_START || r->kind == REQUEST_RESTART)
		bot->dismissed = false;
	else if (r->kind == REQUEST_STOP)
		bot->dismissed = true;
	switch (r->kind) {
	case REQUEST_START:
		bot_start(d, bot);
		break;
	case REQUEST_STOP:
		bot_stop(d, bot, "");
		break;
	case REQUEST_RESTART:
		bot_restart(d, bot);
		break;
	case REQUEST_RELOAD:
		bot_reload(d, bot);
		break;
	case REQUEST_STATUS:
	case REQUEST_SHUTDOWN:
		break;
	}
}

/* With a configuration that cannot be read, bots can be looked at and stopped, no more. */
static bool is_possible(const struct daemon *d, struct request *r)
{
	bool stops = r->kind == REQUEST_STATUS || r->kind == REQUEST_STOP ||
	             r->kind == REQUEST_SHUTDOWN;
	if (d->phase != DAEMON_RUNS && r->kind != REQUEST_STATUS && r->kind != REQUEST_SHUTDOWN)
		refuse(r, "intelmqd is about to end");
	return !*r->error || (stops && *d->trouble);
}

void request_begin(struct daemon *d, struct request *r, struct str line)
{
	*r = (struct request){ .deadline = clock_monotonic_ms() + REQUEST_LIMIT };
	arena_init(&r->arena);
	if (read_request(d, r, line) < 0) {
		r->n = 0;
		r->kind = REQUEST_STATUS;
		return;
	}
	if (!is_possible(d, r)) {
		r->kind = REQUEST_STATUS;
		return;
	}
	if (r->kind != REQUEST_STATUS)
		daemon_log(d, LEVEL_INFO, "asked to %s %zu bots", commands[r->kind], r->n);
	for (size_t i = 0; i < r->n; i++) {
		struct bot_child *bot = bot_find(d, r->ids[i]);
		if (bot && (bot->spec || r->kind == REQUEST_STOP || r->kind == REQUEST_RELOAD))
			apply(d, r, bot);
	}
	if (r->kind == REQUEST_SHUTDOWN) {
		daemon_shutdown(d);
		wanted_forget(d);
	} else if (r->kind != REQUEST_STATUS) {
		wanted_save(d);
	}
}

void request_fini(struct request *r)
{
	arena_fini(&r->arena);
}

bool request_is_over(const struct daemon *d, const struct request *r)
{
	if (r->kind == REQUEST_STATUS)
		return true;
	if (r->kind == REQUEST_SHUTDOWN)
		return d->phase == DAEMON_ENDED;
	/* While the broker waits for its next start nobody else is started: there is nothing to wait for. */
	bool hopeless = d->broker.child.state == CHILD_CRASHED;
	for (size_t i = 0; i < r->n; i++) {
		const struct bot_child *bot = bot_find(d, r->ids[i]);
		if (bot && !bot_is_settled(bot) && (!hopeless || bot_is_alive(bot)))
			return false;
	}
	return true;
}
