/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/update.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include <intelmq/file.h>

struct params {
	const char *database, *content;
	bool autoupdate_cached_database;
};

#define PARAMS struct params
static const struct param params[] = {
	PATH(database, "File.", .required = true),
	STR(content, "What is fetched."),
	BOOL(autoupdate_cached_database, "Whether it is."),
	{ 0 },
};

static enum result wanted_result;
static int fetches;

static enum result fetch(struct bot *bot, int file)
{
	const struct params *p = bot->params;
	fetches++;
	if (wanted_result != DONE && wanted_result != DROP)
		return bot_fail(bot, wanted_result, "the reason");
	bot_log(bot, LEVEL_INFO, "fetched by %s", bot->id);
	return file_write_all(file, str_of(p->content)) < 0 ? BAD_CONF : wanted_result;
}

static const struct bot_update database = { .parameter = "database", .fetch = fetch };
static const struct bot_update schema = { .name = "schema.json",
	                                  .keeps_old = true,
	                                  .fetch = fetch };
static const struct bot_type by_parameter = {
	.module = "intelmq.bots.experts.a.expert",
	PARAMS_OF(.content = "new", .autoupdate_cached_database = true),
	.update = &database,
};
static const struct bot_type by_name = {
	.module = "intelmq.bots.parsers.a.parser",
	PARAMS_OF(.content = "new", .autoupdate_cached_database = false),
	.update = &schema,
};

static struct arena arena;
static char folder[60], logged[1000];
static struct paths paths;

static void keep_log(void *context, const char *bot_id, enum log_level level, struct str text)
{
	(void)context;
	(void)bot_id;
	(void)level;
	snprintf(logged, sizeof logged, "%.*s", STR_ARG(text));
}

static const struct host host = { .paths = &paths, .log = keep_log };

static int begin(void **state)
{
	(void)state;
	arena_init(&arena);
	snprintf(folder, sizeof folder, "/tmp/intelmq-update-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	paths.state = arena_printf(&arena, "%s/state/", folder).p;
	wanted_result = DONE;
	fetches = 0;
	*logged = 0;
	return 0;
}

static int end(void **state)
{
	char command[200];
	(void)state;
	arena_fini(&arena);
	snprintf(command, sizeof command, "rm -rf '%s'", folder);
	return system(command);
}

static const char *in(const char *name)
{
	return arena_printf(&arena, "%s/%s", folder, name).p;
}

static struct worker_options options_of(const struct bot_type *type, const char *path,
                                        const char *autoupdate)
{
	struct dict *given = dict_new(&arena);
	if (path)
		dict_set(given, S("database"), value_cstr(path));
	if (autoupdate)
		dict_set(given, S("autoupdate_cached_database"), value_cstr(autoupdate));
	return (struct worker_options){ .id = "bot", .type = type, .parameters = given };
}

static void holds(const char *path, const char *wanted)
{
	struct str text;
	struct err err = { 0 };
	if (file_map(path, 1000, &text, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(arena_cstr(&arena, text), wanted);
	file_unmap(text);
}

static void write_old(const char *path)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs("old", file);
	fclose(file);
}

static void what_bots_want(void **state)
{
	(void)state;
	const struct {
		const struct bot_type *type;
		const char *database, *autoupdate;
		bool wanted;
		const char *path;
	} cases[] = {
		{ &by_parameter, "/x/y", NULL, true, "/x/y" },
		{ &by_parameter, "/x/y", "false", false, "/x/y" },
		{ &by_parameter, NULL, "yes", true, NULL },
		{ &by_parameter, "", NULL, true, NULL },
		{ &by_name, NULL, "true", true,
		  arena_printf(&arena, "%sschema.json", paths.state).p },
		{ &by_name, NULL, NULL, false,
		  arena_printf(&arena, "%sschema.json", paths.state).p },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct worker_options options = options_of(cases[i].type, cases[i].database,
		                                           cases[i].autoupdate);
		struct update_target target = update_target_read(&arena, &host, &options);
		assert_int_equal(target.wanted, cases[i].wanted);
		assert_true(!target.path == !cases[i].path);
		if (target.path)
			assert_string_equal(target.path, cases[i].path);
	}
	assert_int_equal(fetches, 0);
}

static void all_files_are_replaced(void **state)
{
	struct err err = { 0 };
	struct worker_options options = options_of(&by_parameter, "/nowhere", NULL);
	const char *files[] = { in("a"), in("deep/b") };
	(void)state;
	write_old(files[0]);
	assert_int_equal(update_run(&host, &options, files, 2, &err), 1);
	assert_int_equal(fetches, 1);
	holds(files[0], "new");
	holds(files[1], "new");
}

static void one_that_cannot_be_does_not_keep_others_from_it(void **state)
{
	struct err err = { 0 };
	struct worker_options options = options_of(&by_parameter, "/nowhere", NULL);
	const char *files[] = { in("a/below"), in("b"), in("a/below/too") };
	(void)state;
	write_old(in("a"));
	assert_int_equal(update_run(&host, &options, files, 3, &err), -1);
	assert_non_null(strstr(err.text, "a/below cannot be made"));
	assert_non_null(strstr(logged, "a/below/too cannot be made"));
	holds(in("a"), "old");
	holds(in("b"), "new");
}

static void what_is_not_new_or_broken_replaces_nothing(void **state)
{
	struct err err = { 0 };
	struct worker_options options = options_of(&by_parameter, "/nowhere", NULL);
	const char *file = in("a");
	(void)state;
	write_old(file);
	wanted_result = DROP;
	assert_int_equal(update_run(&host, &options, &file, 1, &err), 0);
	wanted_result = TRY_LATER;
	assert_int_equal(update_run(&host, &options, &file, 1, &err), -1);
	assert_string_equal(err.text, "the reason");
	wanted_result = BAD_CONF;
	assert_int_equal(update_run(&host, &options, &file, 1, NULL), -1);
	holds(file, "old");
}

static void the_old_one_is_kept(void **state)
{
	struct err err = { 0 };
	struct worker_options options = options_of(&by_name, NULL, NULL);
	const char *file = in("schema.json");
	(void)state;
	write_old(file);
	assert_int_equal(update_run(&host, &options, &file, 1, &err), 1);
	holds(file, "new");
	holds(in("schema.json.bak"), "old");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_bots_want),
		TEST(all_files_are_replaced),
		TEST(one_that_cannot_be_does_not_keep_others_from_it),
		TEST(what_is_not_new_or_broken_replaces_nothing),
		TEST(the_old_one_is_kept),
	};
	return cmocka_run_group_tests_name("engine/update", tests, NULL, NULL);
}
