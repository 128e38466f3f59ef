/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/update.h"

#include <stdio.h>

#include "config/findings.h"
#include "config/runtime.h"
#include "daemon/control.h"
#include "engine/types.h"
#include "engine/update.h"
#include "worker/privileges.h"

extern char **environ;

enum { RELOAD_MS = 120 * 1000 };

struct update {
	struct arena arena;
	const char *module;
	bool verbose;
	const struct paths *paths;
	const struct bot_type *type;
	const struct runtime *runtime;
	struct host host;
	struct worker_options first; /* the bot whose parameters count */
	const char **files;          /* to be replaced, each once */
	size_t n_files;
	struct list *ids; /* the bots that read them */
};

/* ---- What it says ---- */

static const char *what_of(const struct update *u)
{
	return u->type->update->what ? u->type->update->what : "database";
}

/* "database" as the beginning of a sentence. */
static const char *subject_of(struct update *u)
{
	char *text = arena_cstr(&u->arena, str_of(what_of(u)));
	if (*text >= 'a' && *text <= 'z')
		*text = (char)(*text - 32);
	return text;
}

static int fail(struct update *u, const char *why)
{
	fprintf(stderr, "%s update failed. %s\n", u->type ? subject_of(u) : "Database", why);
	return 1;
}

/* Lines of the bot: warnings always, the others with --verbose. */
static void say(void *context, const char *bot_id, enum log_level level, struct str text)
{
	const struct update *u = context;
	(void)bot_id;
	if (level >= LEVEL_WARNING)
		fprintf(stderr, "%.*s\n", (int)text.n, text.p);
	else if (u->verbose)
		printf("%.*s\n", (int)text.n, text.p);
	fflush(stdout);
}

/* ---- Whose files ---- */

/* How verbose the bot is when it runs is not the question here. */
static struct dict *parameters_of(struct update *u, const struct dict *given)
{
	struct dict *all = value_copy(&u->arena, value_dict((struct dict *)(uintptr_t)given)).dict;
	dict_set(all, S("logging_level"), value_str(S("INFO")));
	return all;
}

static void add_file(struct update *u, const char *path)
{
	for (size_t i = 0; i < u->n_files; i++)
		if (str_eq(str_of(u->files[i]), str_of(path)))
			return;
	u->files[u->n_files++] = path;
}

/* A bot that wants no update is none of ours. */
static int add_bot(struct update *u, const char *id, const struct dict *parameters, struct err *err)
{
	struct worker_options options = { .id = id, .type = u->type, .parameters = parameters };
	struct update_target target = update_target_read(&u->arena, &u->host, &options);
	if (!target.wanted)
		return 0;
	if (!target.path)
		return err_set(err, FAULT_CONFIGURATION,
		               "Your configuration of %s is missing key '%s'.", id,
		               u->type->update->parameter);
	if (!u->n_files)
		u->first = options;
	add_file(u, target.path);
	return 1;
}

/* A file with a fixed name is wanted even before the first bot is configured. */
static int add_nobody(struct update *u, struct err *err)
{
	const struct dict *environment = u->runtime->environment;
	struct dict *all = parameters_of(u, u->runtime->global);
	for (size_t i = 0; i < environment->n; i++)
		dict_set(all, environment->pairs[i].key, environment->pairs[i].value);
	return add_bot(u, u->module, all, err);
}

static int add_bots(struct update *u, struct err *err)
{
	u->files = arena_zalloc(&u->arena, u->runtime->n + 1, sizeof *u->files);
	u->ids = list_new(&u->arena);
	for (size_t i = 0; i < u->runtime->n; i++) {
		const struct runtime_bot *bot = &u->runtime->bots[i];
		if (!bot->module.p || !bot_type_is_called(u->type, bot->module))
			continue;
		int rc = add_bot(u, arena_cstr(&u->arena, bot->id),
		                 parameters_of(u, bot->parameters), err);
		if (rc < 0)
			return -1;
		if (rc > 0)
			list_add(u->ids, value_str(bot->id));
	}
	return u->n_files || u->type->update->parameter ? 0 : add_nobody(u, err);
}

/* ---- Doing it ---- */

static int read_runtime(struct update *u)
{
	struct findings findings;
	struct buffer out;
	struct runtime *runtime;
	const struct runtime_source source = { u->paths->runtime, (const char *const *)environ };
	findings_init(&findings, &u->arena);
	if (runtime_load(&u->arena, &source, &runtime, &findings) == 0) {
		u->runtime = runtime;
		return 0;
	}
	buffer_init_in(&out, &u->arena, SIZE_MAX / 2);
	findings_print(&out, &findings);
	fwrite(out.p, 1, out.n, stderr);
	return -1;
}

static int prepare(struct update *u, struct err *err)
{
	u->type = bot_type_find(str_of(u->module), err);
	if (!u->type)
		return -1;
	u->paths = paths_new(&u->arena, LAYOUT_OPT, environment_real, NULL);
	u->host = (struct host){ .paths = u->paths, .context = u, .log = say };
	if (privileges_drop(u->paths, err) < 0)
		return -1;
	if (read_runtime(u) < 0)
		return err_set(err, FAULT_CONFIGURATION, "%s cannot be used.", u->paths->runtime);
	return add_bots(u, err);
}

/* Bots that do not run read the new file when they start; intelmqd leaves them as they are. */
static int reload(struct update *u)
{
	struct err err = { 0 };
	struct value answer;
	struct dict *request = dict_new(&u->arena);
	if (!u->ids->n)
		return 0;
	if (!control_is_running(u->paths)) {
		puts("intelmqd does not run: bots that were started without it read the new file "
		     "when they are reloaded.");
		return 0;
	}
	if (u->verbose)
		puts("Reloading affected bots.");
	dict_set(request, S("command"), value_str(S("reload")));
	dict_set(request, S("bots"), value_list(u->ids));
	int rc = control_call(u->paths, value_dict(request), RELOAD_MS, &u->arena, &answer, &err);
	const struct value *error = rc == 0 ? dict_get(answer.dict, S("error")) : NULL;
	if (error && error->kind == VALUE_STR)
		rc = err_set(&err, FAULT_OTHER, "%.*s", STR_ARG(error->text));
	if (rc == 0)
		return 0;
	fprintf(stderr, "The new file is in place, but the bots were not reloaded. %s\n", err.text);
	return 1;
}

static int run(struct update *u)
{
	struct err err = { 0 };
	if (prepare(u, &err) < 0)
		return fail(u, err.text);
	if (!u->n_files) {
		printf("%s update skipped. runtime.yaml has no bot of module %s, or their "
		       "autoupdate_cached_database is false.\n",
		       subject_of(u), u->type->module);
		return 0;
	}
	int rc = update_run(&u->host, &u->first, u->files, u->n_files, &err);
	if (rc < 0)
		return fail(u, err.text);
	if (u->verbose)
		printf(rc ? "%s updated.\n" : "%s is not updated: there is nothing newer.\n",
		       subject_of(u));
	return rc ? reload(u) : 0;
}

/* ---- The command line ---- */

static int refuse_option(const struct update *u, const char *option)
{
	fprintf(stderr, "%s: there is no option %s here.\n", u->module, option);
	if (u->type && u->type->update)
		fprintf(stderr, "usage: %s --update-%s [--verbose]\n", u->module, what_of(u));
	return 2;
}

/* As the reference reads options: they may be shortened. */
static bool is_option(const char *argument, const char *option)
{
	struct str all = str_of(option), given = str_of(argument);
	return given.n > 2 && str_starts(all, given);
}

static int read_arguments(struct update *u, int argc, char **argv)
{
	char option[40] = "";
	u->type = bot_type_find(str_of(u->module), NULL);
	if (u->type && u->type->update)
		snprintf(option, sizeof option, "--update-%s", what_of(u));
	for (int i = 1; i < argc; i++) {
		if (is_option(argv[i], "--verbose"))
			u->verbose = true;
		else if (u->type && !is_option(argv[i], option))
			return refuse_option(u, argv[i]);
	}
	return 0;
}

bool update_is_asked(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (str_starts(str_of(argv[i]), S("--u")))
			return true;
	return false;
}

int command_update(const char *module, int argc, char **argv)
{
	struct update u = { .module = module };
	int rc = read_arguments(&u, argc, argv);
	arena_init(&u.arena);
	if (rc == 0)
		rc = run(&u);
	arena_fini(&u.arena);
	return rc;
}
