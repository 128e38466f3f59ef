/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * task.h - functions that stop in their midst and go on later, all in one thread.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <ucontext.h>

struct task {
	ucontext_t context;
	void (*run)(void *);
	void *argument;
	char *stack;      /* NULL: it has none yet */
	bool lives;       /* from its start until its function returns */
	void *fake_stack; /* of AddressSanitizer */
};

void task_start(struct task *, void (*run)(void *), void *argument);
/* Runs it until it pauses or ends. */
void task_go_on(struct task *);
/* Called in a task: back to whoever let it go on. */
void task_pause(void);
/* It must have ended. */
void task_fini(struct task *);
