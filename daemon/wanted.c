/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* <state>/../intelmqd.json: {"running": [ids], "stopped": [ids]}; stopped are those that somebody stopped. */
#include "daemon/inside.h"

#include <intelmq/json.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_WANTED = 16 * 1024 * 1024 };

static void wanted_path(const struct daemon *d, char *out, size_t size, const char *suffix)
{
	snprintf(out, size, "%s../intelmqd.json%s", d->paths->state, suffix);
}

static bool is_listed(const struct value *list, struct str id)
{
	for (size_t i = 0; list && list->kind == VALUE_LIST && i < list->list->n; i++)
		if (value_is_text(list->list->items[i], id))
			return true;
	return false;
}

/* An empty map if there is nothing, or nothing readable: then nobody is started unasked. */
static const struct dict *wanted_read(struct daemon *d, struct arena *arena)
{
	char path[4096];
	struct str text;
	struct value value;
	struct err err = { 0 };
	wanted_path(d, path, sizeof path, "");
	if (access(path, F_OK) < 0)
		return dict_new(arena);
	if (runtime_read_file(arena, path, MAX_WANTED, &text, &err) == 0 &&
	    json_parse(arena, text, &value, &err) == 0 && value.kind == VALUE_DICT)
		return value.dict;
	daemon_log(d, LEVEL_WARNING, "%s cannot be read, which bots ran is not known: %s", path,
	           err.text);
	return dict_new(arena);
}

void wanted_start(struct daemon *d, bool all, bool every)
{
	struct arena arena;
	arena_init(&arena);
	const struct dict *wanted = wanted_read(d, &arena);
	for (size_t i = 0; i < d->n; i++) {
		struct bot_child *bot = d->bots[i];
		struct str id = str_of(bot->id);
		bool ran = is_listed(dict_get(wanted, S("running")), id);
		bot->dismissed = !every && is_listed(dict_get(wanted, S("stopped")), id);
		if (bot->spec && (ran || (bot->spec->enabled && all && !bot->dismissed)))
			bot_start(d, bot);
	}
	arena_fini(&arena);
}

static int write_whole(const struct daemon *d, struct str text)
{
	char path[4096], fresh[4096];
	wanted_path(d, path, sizeof path, "");
	wanted_path(d, fresh, sizeof fresh, ".new");
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return -1;
	bool whole = write(fd, text.p, text.n) == (ssize_t)text.n;
	close(fd);
	return whole ? rename(fresh, path) : -1;
}

void wanted_save(struct daemon *d)
{
	struct arena arena;
	struct buffer text;
	if (d->phase != DAEMON_RUNS || !d->resumed)
		return;
	arena_init(&arena);
	buffer_init_in(&text, &arena, MAX_WANTED);
	struct list *running = list_new(&arena), *stopped = list_new(&arena);
	for (size_t i = 0; i < d->n; i++)
		if (bot_is_wanted(d->bots[i]))
			list_add(running, value_cstr(d->bots[i]->id));
		else if (d->bots[i]->dismissed)
			list_add(stopped, value_cstr(d->bots[i]->id));
	struct dict *all = dict_new(&arena);
	dict_set(all, S("running"), value_list(running));
	dict_set(all, S("stopped"), value_list(stopped));
	json_write(&text, value_dict(all), JSON_COMPACT);
	buffer_add_char(&text, '\n');
	if (!d->remembered || !str_eq(buffer_str(&text), str_of(d->remembered))) {
		free(d->remembered);
		d->remembered = strdup(arena_cstr(&arena, buffer_str(&text)));
		if (write_whole(d, buffer_str(&text)) < 0)
			daemon_log(d, LEVEL_WARNING,
			           "which bots are to run cannot be remembered: %s",
			           strerror(errno));
	}
	arena_fini(&arena);
}

void wanted_forget(struct daemon *d)
{
	char path[4096];
	wanted_path(d, path, sizeof path, "");
	unlink(path);
}
