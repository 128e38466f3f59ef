/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/types.h"

#include "build_config.h"
#include "engine/settings.h"

#include <dlfcn.h>
#include <stdio.h>
#include <unistd.h>

const char *bot_type_kind(const struct bot_type *type)
{
	if (type->collect || type->stream)
		return "collector";
	if (type->rows != ROWS_NONE)
		return "parser";
	return type->enrich ? "expert" : "output";
}

bool bot_type_is_called(const struct bot_type *type, struct str module)
{
	if (str_eq(str_of(type->module), module))
		return true;
	for (const char *const *alias = type->aliases; alias && *alias; alias++)
		if (str_eq(str_of(*alias), module))
			return true;
	return false;
}

/* Modules lie in `bots/` beside the program, or where the build installed them. */
static const struct bot_type *load(const struct bot_module *module, struct err *err)
{
	char program[3000], path[4096];
	ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
	program[n > 0 ? n : 0] = 0;
	char *slash = strrchr(program, '/');
	if (slash)
		*slash = 0;
	snprintf(path, sizeof path, "%s/bots/%s.so", program, module->module);
	if (access(path, F_OK) < 0)
		snprintf(path, sizeof path, INTELMQ_LIBDIR "/bots/%s.so", module->module);
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct bot_type *type = library ? dlsym(library, module->symbol) : NULL;
	if (!type)
		err_set(err, FAULT_CONFIGURATION, "module %s cannot be loaded: %s", module->module,
		        dlerror());
	return type;
}

const struct bot_type *bot_type_find(struct str module, struct err *err)
{
	for (size_t i = 0; i < all_bots_count; i++)
		if (bot_type_is_called(all_bots[i], module))
			return all_bots[i];
	for (const struct bot_module *m = loadable_bots; m->module; m++)
		if (str_eq(str_of(m->module), module))
			return load(m, err);
	for (const struct bot_not_built *m = known_not_built; m->module; m++)
		if (str_eq(str_of(m->module), module)) {
			err_set(err, FAULT_CONFIGURATION,
			        "module %s is known, but not built (needs %s)", m->module,
			        m->needs);
			return NULL;
		}
	err_set(err, FAULT_CONFIGURATION, "unknown module '%.*s'", STR_ARG(module));
	return NULL;
}

/* Where the first differing character is, counted from both ends: the more, the nearer. */
static size_t likeness(struct str a, struct str b)
{
	size_t start = 0, end = 0;
	while (start < a.n && start < b.n && a.p[start] == b.p[start])
		start++;
	while (end < a.n - start && end < b.n - start && a.p[a.n - 1 - end] == b.p[b.n - 1 - end])
		end++;
	return start + end;
}

const char *bot_type_nearest(struct str module)
{
	const char *nearest = NULL;
	size_t best = 0;
	for (size_t i = 0; i < all_bots_count; i++) {
		struct str name = str_of(all_bots[i]->module);
		size_t longer = name.n > module.n ? name.n : module.n,
		       like = likeness(name, module);
		/* Two or three letters may differ, not the family of the bot. */
		if (like + 3 >= longer && like > best) {
			best = like;
			nearest = all_bots[i]->module;
		}
	}
	return nearest;
}

bool module_in_path(struct str module, const char *path)
{
	for (struct str rest = str_of(path); rest.p;) {
		struct str directory = str_cut(&rest, ':');
		char file[4096];
		int n = snprintf(file, sizeof file, "%.*s/%.*s", STR_ARG(directory),
		                 STR_ARG(module));
		if (n > 0 && (size_t)n < sizeof file && access(file, X_OK) == 0)
			return true;
	}
	return false;
}

/* ---- Descriptions ---- */

static struct value describe_uses(struct arena *arena, unsigned uses)
{
	static const struct {
		unsigned flag;
		const char *name;
	} names[] = {
		{ USES_NETWORK, "network" },   { USES_FILES, "files" },
		{ USES_EXEC, "exec" },         { USES_STATE, "state" },
		{ USES_BLOCKING, "blocking" }, { USES_LOOKUPS, "look-ups" },
	};
	struct list *list = list_new(arena);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (uses & names[i].flag)
			list_add(list, value_cstr(names[i].name));
	return value_list(list);
}

static struct value describe_map(struct arena *arena, const struct map *map)
{
	struct list *list = list_new(arena);
	for (const struct map *m = map; m && m->field; m++) {
		struct dict *row = dict_new(arena);
		dict_set(row, S("field"), value_cstr(m->field));
		if (m->column)
			dict_set(row, S("column"), value_int(m->column));
		if (m->key)
			dict_set(row, S("key"), value_cstr(m->key));
		if (!m->column && !m->key)
			dict_set(row, S("value"), value_cstr(m->value));
		list_add(list, value_dict(row));
	}
	return value_list(list);
}

struct value bot_type_describe(struct arena *arena, const struct bot_type *type)
{
	struct dict *d = dict_new(arena);
	dict_set(d, S("module"), value_cstr(type->module));
	dict_set(d, S("kind"), value_cstr(bot_type_kind(type)));
	dict_set(d, S("summary"), value_cstr(type->summary));
	dict_set(d, S("parameters"),
	         type->params ? param_describe_json(arena, type->params, type->defaults)
	                      : value_list(list_new(arena)));
	dict_set(d, S("uses"), describe_uses(arena, type->uses));
	if (type->map)
		dict_set(d, S("map"), describe_map(arena, type->map));
	if (type->aliases) {
		struct list *aliases = list_new(arena);
		for (const char *const *alias = type->aliases; *alias; alias++)
			list_add(aliases, value_cstr(*alias));
		dict_set(d, S("aliases"), value_list(aliases));
	}
	if (type->deliver)
		dict_set(d, S("delivers"),
		         value_cstr(type->delivers == DELIVERS_EXACTLY ? "exactly"
		                                                       : "at least once"));
	return value_dict(d);
}

void bot_type_describe_markdown(struct buffer *out, const struct bot_type *type)
{
	buffer_printf(out, "### %s\n\n%s\n", type->module, type->summary);
	if (type->params) {
		buffer_add_str(out, S("\n"));
		param_describe_markdown(out, type->params, type->defaults);
	}
	if (!type->map || !type->map->field)
		return;
	buffer_add_str(out, S("\n| From | Event field |\n|---|---|\n"));
	for (const struct map *m = type->map; m->field; m++) {
		if (m->column)
			buffer_printf(out, "| column %d | `%s` |\n", m->column, m->field);
		else if (m->key)
			buffer_printf(out, "| `%s` | `%s` |\n", m->key, m->field);
		else
			buffer_printf(out, "| - | `%s` = `%s` |\n", m->field, m->value);
	}
}
