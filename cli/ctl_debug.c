/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* debug: where files are, and the variables of the environment that matter. */
#include <intelmq/repr.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/ctl.h"

static const char *own_path(struct ctl *ctl)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path);
	struct str text = { path, n > 0 ? (size_t)n : 0 };
	return arena_cstr(&ctl->arena, text);
}

/* "a/b/../c" is "a/c", as people write it. */
static const char *without_dots(struct ctl *ctl, const char *path)
{
	struct str text = str_of(path);
	size_t dots = str_find(text, S("/../")), start = dots;
	if (dots == STR_NOT_FOUND)
		return path;
	while (start && path[start - 1] != '/')
		start--;
	return arena_printf(&ctl->arena, "%.*s%s", (int)start, path, path + dots + 4).p;
}

static struct dict *paths_of(struct ctl *ctl)
{
	const struct paths *p = ctl->paths;
	struct str root = str_of(p->root);
	struct dict *d = dict_new(&ctl->arena);
	if (root.n > 1 && str_ends(root, S("/")))
		root.n--;
	dict_set(d, S("HARMONIZATION_CONF_FILE"), value_cstr(p->harmonization));
	dict_set(d, S("RUNTIME_CONF_FILE"), value_cstr(p->runtime));
	dict_set(d, S("VAR_RUN_PATH"), value_cstr(p->run));
	dict_set(d, S("STATE_FILE_PATH"), value_cstr(without_dots(ctl, p->state_file)));
	dict_set(d, S("DEFAULT_LOGGING_PATH"), value_cstr(p->log));
	dict_set(d, S("__file__"), value_cstr(own_path(ctl)));
	dict_set(d, S("CONFIG_DIR"), value_cstr(p->config));
	dict_set(d, S("ROOT_DIR"), value_str(root));
	return d;
}

static struct dict *environment_of(struct ctl *ctl)
{
	static const char *const names[] = { "INTELMQ_ROOT_DIR", "INTELMQ_PATHS_NO_OPT",
		                             "INTELMQ_PATHS_OPT", "INTELMQ_MANAGER_CONTROLLER_CMD",
		                             "PATH" };
	struct dict *d = dict_new(&ctl->arena);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		dict_set(d, str_of(names[i]), value_cstr(getenv(names[i])));
	return d;
}

static void show(struct ctl *ctl, struct dict *all, struct str key, const char *title,
                 struct dict *part)
{
	dict_set(all, key, value_dict(part));
	ctl_print(ctl, "%s:", title);
	for (size_t i = 0; i < part->n; i++)
		ctl_print(ctl, "%.*s: %s", STR_ARG(part->pairs[i].key),
		          value_repr(&ctl->arena, part->pairs[i].value).p);
}

int ctl_debug(struct ctl *ctl, const struct args *args)
{
	bool paths = args_get(args, "--get-paths"),
	     environment = args_get(args, "--get-environment-variables");
	struct dict *all = dict_new(&ctl->arena);
	if (paths || !environment)
		show(ctl, all, S("paths"), "Paths", paths_of(ctl));
	if (environment || !paths)
		show(ctl, all, S("environment_variables"), "Environment variables",
		     environment_of(ctl));
	ctl->result = value_dict(all);
	return 0;
}
