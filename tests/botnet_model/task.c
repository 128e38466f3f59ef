/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/botnet_model/task.h"

#include <stdlib.h>

enum { STACK = 256 * 1024 };

#if defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZER 1
#endif
#endif

#ifdef WITH_SANITIZER
#include <sanitizer/common_interface_defs.h>
#endif

/* Whoever let the present task go on. */
static struct {
	ucontext_t context;
	struct task *running;
	const void *stack;
	size_t size;
} scheduler;

/* AddressSanitizer wants to know on which stack we are. `to`: a task, NULL: the scheduler. */
static void leave(void **fake_stack, const struct task *to)
{
#ifdef WITH_SANITIZER
	__sanitizer_start_switch_fiber(fake_stack, to ? to->stack : scheduler.stack,
	                               to ? STACK : scheduler.size);
#else
	(void)fake_stack, (void)to;
#endif
}

static void arrive(void *fake_stack, bool from_scheduler)
{
#ifdef WITH_SANITIZER
	__sanitizer_finish_switch_fiber(fake_stack, from_scheduler ? &scheduler.stack : NULL,
	                                from_scheduler ? &scheduler.size : NULL);
#else
	(void)fake_stack, (void)from_scheduler;
#endif
}

static void task_main(void)
{
	struct task *task = scheduler.running;
	arrive(NULL, true);
	task->run(task->argument);
	task->lives = false;
	leave(NULL, NULL);
	setcontext(&scheduler.context);
}

void task_start(struct task *task, void (*run)(void *), void *argument)
{
	if (!task->stack && !(task->stack = malloc(STACK)))
		abort();
	getcontext(&task->context);
	task->context.uc_stack.ss_sp = task->stack;
	task->context.uc_stack.ss_size = STACK;
	task->context.uc_link = NULL;
	task->run = run;
	task->argument = argument;
	task->lives = true;
	task->fake_stack = NULL;
	makecontext(&task->context, task_main, 0);
}

void task_go_on(struct task *task)
{
	void *fake_stack = NULL;
	scheduler.running = task;
	leave(&fake_stack, task);
	swapcontext(&scheduler.context, &task->context);
	arrive(fake_stack, false);
	scheduler.running = NULL;
}

void task_pause(void)
{
	struct task *task = scheduler.running;
	leave(&task->fake_stack, NULL);
	swapcontext(&task->context, &scheduler.context);
	arrive(task->fake_stack, true);
}

void task_fini(struct task *task)
{
	free(task->stack);
	task->stack = NULL;
}
