/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "config/findings.h"

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

static const char *printed(const struct findings *f)
{
	struct buffer b;
	buffer_init_in(&b, &arena, 1 << 16);
	findings_print(&b, f);
	return arena_cstr(&arena, buffer_str(&b));
}

static void findings_are_printed(void **state)
{
	(void)state;
	struct findings f;
	struct dict *lines = dict_new(&arena);
	dict_set(lines, S("port"), value_int(7));
	dict_set(lines, S("host"), value_int(0));
	findings_init(&f, &arena);
	findings_scope(&f, S("runtime.yaml"), S("x"), 3, lines);
	finding_add(&f, SEVERITY_ERROR, "port", "expected %s", "a number");
	finding_advise(&f, SEVERITY_WARNING, "prot", "did you mean 'port'?", "no such parameter");
	finding_add(&f, SEVERITY_INFO, "host", "is odd");
	finding_add(&f, SEVERITY_INFO, NULL, "is \033[odd");
	findings_scope(&f, STR_NONE, STR_NONE, 0, NULL);
	finding_add(&f, SEVERITY_ERROR, NULL, "nothing");
	assert_string_equal(printed(&f),
	                    "runtime.yaml:7: error: bot 'x', parameter 'port': expected a number\n"
	                    "runtime.yaml:3: warning: bot 'x', parameter 'prot': no such "
	                    "parameter; did you mean 'port'?\n"
	                    "environment: info: bot 'x', parameter 'host': is odd\n"
	                    "runtime.yaml:3: info: bot 'x': is \\x1b[odd\n"
	                    "error: nothing\n");
	assert_int_equal(f.counts[SEVERITY_ERROR], 2);
	finding_add(NULL, SEVERITY_ERROR, NULL, "ignored");
}

static void findings_are_json(void **state)
{
	(void)state;
	struct findings f;
	findings_init(&f, &arena);
	findings_add(&f, (struct finding){ .severity = SEVERITY_WARNING,
	                                   .file = S("a"),
	                                   .line = 2,
	                                   .text = S("t") });
	struct value v = findings_json(&arena, &f);
	assert_int_equal(v.list->n, 1);
	const struct dict *d = v.list->items[0].dict;
	assert_int_equal(d->n, 4);
	assert_true(value_is_text(*dict_get(d, S("severity")), S("warning")));
	assert_int_equal(dict_get(d, S("line"))->integer, 2);
}

static void findings_are_limited(void **state)
{
	(void)state;
	struct findings f;
	findings_init(&f, &arena);
	for (int i = 0; i < FINDINGS_MAX + 5; i++)
		finding_add(&f, SEVERITY_INFO, NULL, "x");
	assert_int_equal(f.n, FINDINGS_MAX);
	assert_int_equal(f.counts[SEVERITY_INFO], FINDINGS_MAX + 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(findings_are_printed),
		cmocka_unit_test(findings_are_json),
		cmocka_unit_test(findings_are_limited),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
