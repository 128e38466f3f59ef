/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "config/paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena arena;

static int setup(void **state)
{
	(void)state;
	arena_init(&arena);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_fini(&arena);
	return 0;
}

static struct paths *paths_of(enum layout usual, const char *a, const char *b)
{
	const char *const environment[] = { a, b, NULL };
	return paths_new(&arena, usual, environment_array, environment);
}

static void opt_is_the_default(void **state)
{
	(void)state;
	struct paths *p = paths_of(LAYOUT_OPT, NULL, NULL);
	assert_string_equal(p->root, "/opt/intelmq/");
	assert_string_equal(p->config, "/opt/intelmq/etc/");
	assert_string_equal(p->log, "/opt/intelmq/var/log/");
	assert_string_equal(p->run, "/opt/intelmq/var/run/");
	assert_string_equal(p->state, "/opt/intelmq/var/lib/bots/");
	assert_string_equal(p->state_file, "/opt/intelmq/var/lib/bots/../state.json");
	assert_string_equal(p->runtime, "/opt/intelmq/etc/runtime.yaml");
	assert_string_equal(p->runtime_old, "/opt/intelmq/etc/runtime.conf");
	assert_string_equal(p->harmonization, "/opt/intelmq/etc/harmonization.conf");
}

static void lsb_is_chosen(void **state)
{
	(void)state;
	struct paths *p = paths_of(LAYOUT_OPT, "INTELMQ_PATHS_NO_OPT=1", NULL);
	assert_string_equal(p->config, "/etc/intelmq/");
	assert_string_equal(p->log, "/var/log/intelmq/");
	assert_string_equal(p->run, "/var/run/intelmq/");
	assert_string_equal(p->state, "/var/lib/intelmq/bots/");
	p = paths_of(LAYOUT_OPT, "INTELMQ_PATHS_NO_OPT=1", "ROOT_DIR=/srv");
	assert_string_equal(p->config, "/srv/etc/intelmq/");
	p = paths_of(LAYOUT_OPT, "INTELMQ_PATHS_NO_OPT=", NULL);
	assert_string_equal(p->config, "/opt/intelmq/etc/");
}

static void root_dir_wins(void **state)
{
	(void)state;
	struct paths *p = paths_of(LAYOUT_LSB, "INTELMQ_ROOT_DIR=/x", "INTELMQ_PATHS_NO_OPT=1");
	assert_string_equal(p->config, "/x/etc/");
	assert_string_equal(p->state, "/x/var/lib/bots/");
	p = paths_of(LAYOUT_OPT, "INTELMQ_ROOT_DIR=", NULL);
	assert_string_equal(p->root, "/opt/intelmq/");
}

static void packages_may_flip_the_default(void **state)
{
	(void)state;
	assert_string_equal(paths_of(LAYOUT_LSB, NULL, NULL)->config, "/etc/intelmq/");
	assert_string_equal(paths_of(LAYOUT_LSB, "INTELMQ_PATHS_OPT=1", NULL)->config,
	                    "/opt/intelmq/etc/");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opt_is_the_default),
		cmocka_unit_test(lsb_is_chosen),
		cmocka_unit_test(root_dir_wins),
		cmocka_unit_test(packages_may_flip_the_default),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
