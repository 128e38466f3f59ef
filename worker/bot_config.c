/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "worker/bot_config.h"

static void *copy(struct arena *arena, struct dict *dict)
{
	return value_copy(arena, value_dict(dict)).dict;
}

static void add_all(struct dict *to, const struct dict *from)
{
	for (size_t i = 0; i < from->n; i++)
		dict_set(to, from->pairs[i].key, from->pairs[i].value);
}

/* As a bot without anything of its own. */
static void read_missing(struct bot_config *c, const struct runtime *runtime, const char *id)
{
	struct dict *all = dict_new(&c->arena);
	add_all(all, runtime->global);
	add_all(all, runtime->environment);
	c->parameters = copy(&c->arena, all);
	c->destinations = dict_new(&c->arena);
	c->source_queue = arena_printf(&c->arena, "%s-queue", id);
	findings_scope(&c->findings, runtime->file, str_of(id), 0, NULL);
	finding_add(&c->findings, SEVERITY_WARNING, NULL,
	            "the bot is not in the file, it runs with the global parameters");
}

static void read_found(struct bot_config *c, const struct runtime_bot *bot)
{
	if (bot->module.p)
		c->module = arena_dup(&c->arena, bot->module);
	c->source_queue = arena_dup(&c->arena, bot->source_queue);
	c->parameters = copy(&c->arena, bot->parameters);
	c->destinations = copy(&c->arena, bot->destinations);
	c->run_mode = bot->run_mode;
}

static void keep_findings(struct bot_config *c, const struct findings *all, const char *id)
{
	for (size_t i = 0; i < all->n; i++)
		if (!all->all[i].bot.p || str_eq(all->all[i].bot, str_of(id)))
			findings_add(&c->findings, all->all[i]);
}

static int refuse(const struct findings *findings, const char *path, struct err *err)
{
	struct buffer line;
	buffer_init_in(&line, findings->arena, 4000);
	for (size_t i = findings->n; i-- > 0 && !line.n;)
		if (findings->all[i].severity == SEVERITY_ERROR)
			finding_print(&line, &findings->all[i]);
	if (line.n)
		return err_set(err, FAULT_CONFIGURATION, "%.*s", STR_ARG(buffer_str(&line)));
	return err_set(err, FAULT_CONFIGURATION, "%s cannot be used", path);
}

int bot_config_read(struct bot_config *c, const struct paths *paths, const char *id,
                    const char *const *environment, struct err *err)
{
	struct arena arena;
	struct findings findings;
	struct runtime *runtime;
	const struct runtime_source source = { paths->runtime, environment };
	*c = (struct bot_config){ 0 };
	arena_init(&arena);
	arena_init(&c->arena);
	findings_init(&findings, &arena);
	findings_init(&c->findings, &c->arena);
	int rc = runtime_load(&arena, &source, &runtime, &findings);
	if (rc < 0) {
		refuse(&findings, paths->runtime, err);
	} else {
		const struct runtime_bot *bot = runtime_bot_find(runtime, str_of(id));
		keep_findings(c, &findings, id);
		if (bot)
			read_found(c, bot);
		else
			read_missing(c, runtime, id);
	}
	arena_fini(&arena);
	return rc;
}

void bot_config_fini(struct bot_config *c)
{
	arena_fini(&c->arena);
}

bool bot_config_fits(const struct bot_config *a, const struct bot_config *b)
{
	return str_eq(a->module, b->module) && str_eq(a->source_queue, b->source_queue) &&
	       a->run_mode == b->run_mode &&
	       value_same(value_dict(a->destinations), value_dict(b->destinations));
}
