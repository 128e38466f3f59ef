/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "daemon/inside.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "engine/registry.h"
#include "engine/settings.h"
#include "engine/types.h"

/* Tells whether a file is still the one that was read. */
static void stamp_of(const struct daemon *d, char *out, size_t size)
{
	struct stat st;
	if (stat(d->paths->runtime, &st) < 0 && stat(d->paths->runtime_old, &st) < 0)
		snprintf(out, size, "absent");
	else
		snprintf(out, size, "%ju/%ju/%jd/%jd.%09ld", (uintmax_t)st.st_dev,
		         (uintmax_t)st.st_ino, (intmax_t)st.st_size, (intmax_t)st.st_mtim.tv_sec,
		         st.st_mtim.tv_nsec);
}

struct bot_child *bot_find(const struct daemon *d, struct str id)
{
	for (size_t i = 0; i < d->n; i++)
		if (str_eq(str_of(d->bots[i]->id), id))
			return d->bots[i];
	return NULL;
}

/* Looks only: libraries of loadable bots are the workers' business. */
static void find_type(struct bot_child *bot)
{
	struct str module = bot->spec->module;
	bot->type = NULL;
	bot->known = false;
	for (size_t i = 0; i < all_bots_count && !bot->known; i++)
		if (bot_type_is_called(all_bots[i], module)) {
			bot->type = all_bots[i];
			bot->known = true;
		}
	for (const struct bot_module *at = loadable_bots; at->module && !bot->known; at++)
		bot->known = str_eq(str_of(at->module), module);
}

/* Keyed state and files that are written exactly once belong to one process. */
static bool can_be_several(const struct bot_child *bot)
{
	const struct bot_type *type = bot->type;
	if (!type && bot->known)
		type = bot_type_find(bot->spec->module, NULL);
	return type && !bot_is_collector(bot) && !(type->uses & USES_STATE) &&
	       type->delivers != DELIVERS_EXACTLY;
}

/* Those of its settings that are our business. */
static void read_settings(struct daemon *d, struct bot_child *bot)
{
	struct settings settings;
	param_load(d->configuration, settings_params, &settings_defaults, sizeof settings,
	           bot->spec->parameters, &settings, NULL);
	int64_t n = settings.instances ? settings.instances : settings.instances_threads;
	bot->instances = 1;
	bot->watchdog_ms = (int64_t)(settings.watchdog * 1000);
	if (n < 2)
		return;
	if (can_be_several(bot))
		bot->instances = (unsigned)n;
	else
		daemon_log(d, LEVEL_WARNING,
		           "%s gets one process: a bot of its kind cannot have several", bot->id);
}

static struct bot_child *bot_new(struct str id)
{
	struct bot_child *bot = calloc(1, sizeof *bot);
	if (!bot || !(bot->id = strndup(id.p, id.n)))
		abort();
	return bot;
}

/* The bots of a new configuration in its order; who is gone from it and still runs comes last. */
static void take_bots(struct daemon *d)
{
	struct bot_child **bots = calloc(d->runtime->n + d->n + 1, sizeof(struct bot_child *));
	size_t n = 0;
	if (!bots)
		abort();
	for (size_t i = 0; i < d->n; i++)
		d->bots[i]->spec = NULL;
	for (size_t i = 0; i < d->runtime->n; i++) {
		const struct runtime_bot *spec = &d->runtime->bots[i];
		struct bot_child *bot = bot_find(d, spec->id);
		bool is_new = !bot;
		bots[n++] = bot = is_new ? bot_new(spec->id) : bot;
		bot->spec = spec;
		find_type(bot);
		read_settings(d, bot);
		if (is_new)
			bot_find_former(d, bot);
	}
	for (size_t i = 0; i < d->n; i++)
		if (!d->bots[i]->spec)
			bots[n++] = d->bots[i];
	free(d->bots);
	d->bots = bots;
	d->n = n;
}

static void note_trouble(struct daemon *d, const struct findings *findings)
{
	struct buffer line;
	buffer_init(&line, 8192);
	for (size_t i = findings->n; i > 0 && line.n == 0; i--)
		if (findings->all[i - 1].severity == SEVERITY_ERROR)
			finding_print(&line, &findings->all[i - 1]);
	snprintf(d->trouble, sizeof d->trouble, "%s cannot be used: %.*s", d->paths->runtime,
	         STR_ARG(buffer_str(&line)));
	buffer_fini(&line);
	daemon_log(d, LEVEL_ERROR, "%s", d->trouble);
}

static void drop_arena(struct arena *arena)
{
	if (!arena)
		return;
	arena_fini(arena);
	free(arena);
}

int configuration_read(struct daemon *d)
{
	char stamp[sizeof d->stamp];
	struct findings findings;
	struct runtime *runtime;
	struct runtime_source source = { d->paths->runtime, d->environment };
	stamp_of(d, stamp, sizeof stamp);
	if (strcmp(stamp, d->stamp) == 0)
		return *d->trouble ? -1 : 0;
	snprintf(d->stamp, sizeof d->stamp, "%s", stamp);
	struct arena *arena = calloc(1, sizeof *arena), *old = d->configuration;
	if (!arena)
		abort();
	arena_init(arena);
	findings_init(&findings, arena);
	if (runtime_load(arena, &source, &runtime, &findings) < 0) {
		note_trouble(d, &findings);
		drop_arena(arena);
		return -1;
	}
	*d->trouble = 0;
	d->configuration = arena;
	d->runtime = runtime;
	take_bots(d);
	drop_arena(old);
	return 0;
}

static void forget_bots(struct daemon *d, bool all)
{
	size_t n = 0;
	for (size_t i = 0; i < d->n; i++) {
		struct bot_child *bot = d->bots[i];
		if (all || (!bot->spec && !bot_is_alive(bot) && bot_is_settled(bot)))
			bot_free(bot);
		else
			d->bots[n++] = bot;
	}
	d->n = n;
}

void configuration_sweep(struct daemon *d)
{
	forget_bots(d, false);
}

void configuration_fini(struct daemon *d)
{
	forget_bots(d, true);
	free(d->bots);
	drop_arena(d->configuration);
}
