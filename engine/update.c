/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/update.h"

#include <unistd.h>

#include <intelmq/file.h>
#include <intelmq/http.h>

#include "engine/inside.h"

/* ---- What a bot wants ---- */

/* The member of a bot's parameters that a row describes. */
static void read_member(const struct bot_type *type, const void *params, const char *name,
                        void *out, size_t size)
{
	const struct param *row = type->params ? param_find(type->params, str_of(name)) : NULL;
	if (row)
		memcpy(out, (const char *)params + row->offset, size);
}

static struct update_target target_of(struct bot *bot)
{
	const struct bot_update *update = bot->type->update;
	struct update_target target = { .wanted = true };
	read_member(bot->type, bot->params, "autoupdate_cached_database", &target.wanted,
	            sizeof target.wanted);
	if (update->parameter)
		read_member(bot->type, bot->params, update->parameter, &target.path,
		            sizeof target.path);
	else
		target.path = bot_state_path(bot, update->name).p;
	if (target.path && !*target.path)
		target.path = NULL;
	return target;
}

struct update_target update_target_read(struct arena *arena, const struct host *host,
                                        const struct worker_options *options)
{
	struct worker *w = worker_open_alone(host, options);
	struct update_target target = target_of(&w->bot);
	if (target.path)
		target.path = arena_cstr(arena, str_of(target.path));
	worker_close(w);
	return target;
}

/* ---- Doing it ---- */

static enum result install(struct bot *bot, int file, const char *const *paths, size_t n)
{
	struct err err = { 0 };
	size_t failed = 0;
	for (size_t i = 0; i < n; i++) {
		if (file_replace(paths[i], file, bot->type->update->keeps_old, &err) == 0)
			bot_log(bot, LEVEL_INFO, "%s is replaced.", paths[i]);
		else if (failed++ == 0)
			bot->err = err;
		else
			bot_log(bot, LEVEL_ERROR, "%s", err.text);
	}
	return failed ? TRY_LATER : DONE;
}

static enum result refresh(struct bot *bot, const char *const *paths, size_t n)
{
	int file = bot_temporary_file(bot);
	if (file < 0)
		return BAD_CONF;
	enum result result = bot->type->update->fetch(bot, file);
	if (result == DONE)
		result = install(bot, file, paths, n);
	close(file);
	return result;
}

int update_run(const struct host *host, const struct worker_options *options,
               const char *const *paths, size_t n, struct err *err)
{
	struct worker *w = worker_open_alone(host, options);
	enum result result = refresh(&w->bot, paths, n);
	if (result != DONE && result != DROP && err)
		*err = w->bot.err;
	worker_close(w);
	return result == DONE ? 1 : result == DROP ? 0 : -1;
}

/* ---- For bots ---- */

enum result bot_refresh(struct bot *bot)
{
	struct arena_mark mark = arena_mark(bot->arena);
	struct update_target target = target_of(bot);
	enum result result = BAD_CONF;
	if (target.path)
		result = refresh(bot, &target.path, 1);
	else
		bot_fail(bot, BAD_CONF, "%s is missing", bot->type->update->parameter);
	arena_rewind(bot->arena, mark);
	return result;
}

int bot_temporary_file(struct bot *bot)
{
	return file_temporary(bot_state_path(bot, "").p, &bot->err);
}

enum result bot_download(struct bot *bot, const struct http_request *request,
                         struct http_response *out)
{
	/* Bots without look-ups have no network but for this, which is gone before they enter their sandbox. */
	struct worker *w = worker_of(bot);
	bool own = !w->lookups;
	enum result result = TRY_LATER;
	*out = (struct http_response){ 0 };
	if (!own || lookups_open(w, &bot->err) == 0)
		result = http_request(bot, request, out);
	if (own)
		lookups_close(w);
	if (result != DONE || http_succeeded(out))
		return result;
	return bot_fail(bot, TRY_LATER, "the server answered %d %.*s", out->status,
	                STR_ARG(out->reason));
}
