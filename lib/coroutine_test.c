/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/coroutine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct counting {
	struct coroutines *all;
	int count, upto;
};

static void count_up(void *context)
{
	struct counting *c = context;
	char text[200];
	for (int i = 0; i < c->upto; i++) {
		snprintf(text, sizeof text, "%d", i);
		c->count += (int)strlen(text);
		coroutine_wait(c->all);
	}
}

static void test_waits_and_goes_on(void **state)
{
	(void)state;
	struct coroutines all;
	coroutines_init(&all, 0);
	struct counting c = { &all, 0, 3 };
	struct coroutine *one = coroutine_new(&all, count_up, &c);
	assert_int_equal(c.count, 0);
	for (int i = 1; i <= 3; i++) {
		assert_false(coroutine_resume(one));
		assert_int_equal(c.count, i);
		assert_null(all.current);
	}
	assert_true(coroutine_resume(one));
	coroutine_free(one);
	coroutines_fini(&all);
}

/* A thousand in turn, some of them abandoned in the middle; their stacks serve the next ones. */
static void test_many_and_abandoned(void **state)
{
	(void)state;
	enum { N = 1000 };
	struct coroutines all;
	struct counting c[N];
	struct coroutine *many[N];
	coroutines_init(&all, 0);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < N; i++) {
			c[i] = (struct counting){ &all, 0, i % 7 };
			many[i] = coroutine_new(&all, count_up, &c[i]);
		}
		for (int turn = 0; turn < 4; turn++)
			for (int i = 0; i < N; i++)
				if (many[i] && coroutine_resume(many[i])) {
					assert_int_equal(c[i].count, i % 7);
					coroutine_free(many[i]);
					many[i] = NULL;
				}
		for (int i = 0; i < N; i++) {
			assert_int_equal(many[i] != NULL, i % 7 > 3);
			if (many[i])
				coroutine_free(many[i]);
		}
		assert_true(all.n_unused <= COROUTINE_KEPT);
	}
	coroutines_fini(&all);
}

struct deep {
	size_t bytes;
};

static void __attribute__((noinline)) use_stack(size_t bytes)
{
	volatile char here[1024];
	memset((char *)(uintptr_t)here, 1, sizeof here);
	if (bytes > sizeof here)
		use_stack(bytes - sizeof here);
	__asm__ volatile("" ::"r"(here) : "memory");
}

static void go_deep(void *context)
{
	const struct deep *d = context;
	use_stack(d->bytes);
}

static void test_depth_is_known(void **state)
{
	(void)state;
	struct coroutines all;
	struct deep d = { 20 * 1024 };
	coroutines_init(&all, 0);
	struct coroutine *one = coroutine_new(&all, go_deep, &d);
	assert_true(coroutine_resume(one));
	coroutine_free(one);
	assert_true(coroutine_depth(&all) >= 20 * 1024);
	assert_true(coroutine_depth(&all) < COROUTINE_STACK / 2);
	coroutines_fini(&all);
}

/* Who runs out of stack dies at the page below it, and writes nowhere else. */
static void test_running_out_ends_the_process(void **state)
{
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		struct coroutines all;
		struct deep d = { 64 * 1024 * 1024 };
		freopen("/dev/null", "w", stderr);
		coroutines_init(&all, 0);
		coroutine_resume(coroutine_new(&all, go_deep, &d));
		_exit(0);
	}
	int status;
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

/* One that resumes another one is where it was afterwards. */
struct nested {
	struct coroutines *all;
	struct counting inner;
	int seen;
};

static void run_inner(void *context)
{
	struct nested *n = context;
	struct coroutine *inner = coroutine_new(n->all, count_up, &n->inner);
	while (!coroutine_resume(inner)) {
		n->seen++;
		coroutine_wait(n->all);
	}
	coroutine_free(inner);
}

static void test_one_inside_another(void **state)
{
	(void)state;
	struct coroutines all;
	coroutines_init(&all, 0);
	struct nested n = { &all, { &all, 0, 3 }, 0 };
	struct coroutine *outer = coroutine_new(&all, run_inner, &n);
	while (!coroutine_resume(outer))
		;
	assert_int_equal(n.seen, 3);
	coroutine_free(outer);
	coroutines_fini(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_waits_and_goes_on),
		cmocka_unit_test(test_many_and_abandoned),
		cmocka_unit_test(test_depth_is_known),
		cmocka_unit_test(test_running_out_ends_the_process),
		cmocka_unit_test(test_one_inside_another),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
