/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * coroutine.h - functions that can wait in the middle, each on a stack of its own; no threads.
 *
 * ucontext of libc: 330 ns a round trip, which is little beside what is waited for. Stacks are taken from the kernel with
 * an unusable page below them, so that running out of one ends the process instead of writing elsewhere; what was never
 * touched costs no memory. AddressSanitizer and valgrind are told about them.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct coroutine;

/* Those of one loop: which one runs, and stacks for the next ones. */
struct coroutines {
	struct coroutine *current; /* NULL: the loop's own stack */
	struct coroutine *unused;
	size_t stack; /* bytes of each */
	size_t n_unused;
	size_t deepest; /* bytes used of any stack, as far as coroutine_depth has looked */
};

#if defined(__SANITIZE_ADDRESS__)
#define COROUTINE_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COROUTINE_SANITIZED 1
#endif
#endif

enum {
#ifdef COROUTINE_SANITIZED
	COROUTINE_STACK = 256 * 1024, /* frames are several times as large */
#else
	COROUTINE_STACK = 64 * 1024,
#endif
	COROUTINE_KEPT = 256, /* stacks that are not given back to the kernel */
};

/* `stack`: bytes, 0: COROUTINE_STACK. */
void coroutines_init(struct coroutines *, size_t stack);
/* After all of them were freed. */
void coroutines_fini(struct coroutines *);

/* Ready to run `body(context)`; the first coroutine_resume begins it. Without memory for a stack the process ends. */
struct coroutine *coroutine_new(struct coroutines *, void (*body)(void *context), void *context);

/* Ended, or one that waits and will never go on: nothing on its stack is unwound. Not the one that runs. */
void coroutine_free(struct coroutine *);

/* From the loop's stack: runs it until it waits (false) or its body returns (true). */
bool coroutine_resume(struct coroutine *);

/* From inside: back to who resumed it, until the next coroutine_resume. */
void coroutine_wait(struct coroutines *);

/*
 * Bytes of stack that the deepest of the stacks not in use has seen, at most; for tests and statistics, slow. Kept in
 * `deepest`, too.
 */
size_t coroutine_depth(struct coroutines *);
