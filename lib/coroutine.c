/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/coroutine.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "lib/allocated.h"

#ifdef COROUTINE_SANITIZED
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define VALGRIND_MAKE_MEM_DEFINED(from, size) (void)(from)
#define VALGRIND_STACK_REGISTER(from, to) 0
#define VALGRIND_STACK_DEREGISTER(id) (void)(id)
#endif

/* It lies at the top of its own stack, whose pages are touched anyway. */
struct coroutine {
	struct coroutines *all;
	void (*body)(void *context);
	void *context;
	char *memory; /* the unusable page, then the stack */
	size_t size;  /* of the stack without this */
	struct coroutine *next_unused;
	unsigned valgrind_id;
	bool ended;
	ucontext_t here, there; /* its own place, and that of who resumed it */
	/* for AddressSanitizer: the other side's stack */
	const void *outer_stack;
	size_t outer_size;
};

static size_t page_size(void)
{
	return (size_t)sysconf(_SC_PAGESIZE);
}

static char *stack_of(const struct coroutine *c)
{
	return c->memory + page_size();
}

void coroutines_init(struct coroutines *all, size_t stack)
{
	size_t page = page_size();
	stack = stack ? stack : COROUTINE_STACK;
	*all = (struct coroutines){ .stack = (stack + page - 1) / page * page };
}

/* ---- Stacks ---- */

static struct coroutine *stack_new(struct coroutines *all)
{
	size_t whole = all->stack + page_size();
	char *memory = mmap(NULL, whole, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED || mprotect(memory, page_size(), PROT_NONE) < 0)
		memory = allocated(NULL);
	uintptr_t top = (uintptr_t)(memory + whole - sizeof(struct coroutine));
	struct coroutine *c = (struct coroutine *)(top & ~(uintptr_t)63);
	*c = (struct coroutine){ .all = all, .memory = memory };
	c->size = (size_t)((char *)c - stack_of(c));
	c->valgrind_id = VALGRIND_STACK_REGISTER(stack_of(c), (char *)c);
	return c;
}

static void stack_free(struct coroutine *c)
{
	size_t whole = c->all->stack + page_size();
	VALGRIND_STACK_DEREGISTER(c->valgrind_id);
	munmap(c->memory, whole);
}

/* What was abandoned in the middle left its marks in the shadow memory. */
static void forget_frames(struct coroutine *c)
{
#ifdef COROUTINE_SANITIZED
	__asan_unpoison_memory_region(stack_of(c), c->size);
#else
	(void)c;
#endif
}

void coroutine_free(struct coroutine *c)
{
	struct coroutines *all = c->all;
	forget_frames(c);
	if (all->n_unused == COROUTINE_KEPT) {
		stack_free(c);
		return;
	}
	c->next_unused = all->unused;
	all->unused = c;
	all->n_unused++;
}

void coroutines_fini(struct coroutines *all)
{
	while (all->unused) {
		struct coroutine *next = all->unused->next_unused;
		stack_free(all->unused);
		all->unused = next;
	}
	all->n_unused = 0;
}

/* Stacks come from the kernel as zeros: what is not zero was used once. */
static size_t depth_of(const struct coroutine *c)
{
	const char *stack = stack_of(c);
	size_t untouched = 0;
	VALGRIND_MAKE_MEM_DEFINED(stack, c->size);
	while (untouched + sizeof(uint64_t) <= c->size) {
		uint64_t word;
		memcpy(&word, stack + untouched, sizeof word);
		if (word)
			break;
		untouched += sizeof word;
	}
	return c->size - untouched;
}

size_t coroutine_depth(struct coroutines *all)
{
	for (const struct coroutine *c = all->unused; c; c = c->next_unused) {
		size_t depth = depth_of(c);
		if (depth > all->deepest)
			all->deepest = depth;
	}
	return all->deepest;
}

/* ---- Changing stacks ---- */

/* AddressSanitizer is told of every change: `fake` is what it keeps of the stack that is left, NULL: that one has ended. */
static void leave_for(void **fake, const void *stack, size_t size)
{
#ifdef COROUTINE_SANITIZED
	__sanitizer_start_switch_fiber(fake, stack, size);
#else
	(void)fake;
	(void)stack;
	(void)size;
#endif
}

static void arrive(void *fake, const void **stack_out, size_t *size_out)
{
#ifdef COROUTINE_SANITIZED
	__sanitizer_finish_switch_fiber(fake, stack_out, size_out);
#else
	(void)fake;
	(void)stack_out;
	(void)size_out;
#endif
}

/* makecontext passes integers only. */
static void begin(unsigned high, unsigned low)
{
	struct coroutine *c = (struct coroutine *)((uintptr_t)high << 32 | (uintptr_t)low);
	arrive(NULL, &c->outer_stack, &c->outer_size);
	c->body(c->context);
	c->ended = true;
	leave_for(NULL, c->outer_stack, c->outer_size);
	setcontext(&c->there);
}

static struct coroutine *take_stack(struct coroutines *all)
{
	struct coroutine *c = all->unused;
	if (!c)
		return stack_new(all);
	all->unused = c->next_unused;
	all->n_unused--;
	return c;
}

static void prepare(struct coroutine *c)
{
	getcontext(&c->here);
	c->here.uc_stack.ss_sp = stack_of(c);
	c->here.uc_stack.ss_size = c->size;
	c->here.uc_link = NULL;
	makecontext(&c->here, (void (*)(void))begin, 2, (unsigned)((uintptr_t)c >> 32),
	            (unsigned)(uintptr_t)c);
}

struct coroutine *coroutine_new(struct coroutines *all, void (*body)(void *context), void *context)
{
	struct coroutine *c = take_stack(all);
	c->body = body;
	c->context = context;
	c->ended = false;
	prepare(c);
	return c;
}

bool coroutine_resume(struct coroutine *c)
{
	void *fake = NULL;
	struct coroutine *outer = c->all->current;
	c->all->current = c;
	leave_for(&fake, stack_of(c), c->size);
	swapcontext(&c->there, &c->here);
	arrive(fake, NULL, NULL);
	c->all->current = outer;
	return c->ended;
}

void coroutine_wait(struct coroutines *all)
{
	void *fake = NULL;
	struct coroutine *c = all->current;
	leave_for(&fake, c->outer_stack, c->outer_size);
	swapcontext(&c->here, &c->there);
	arrive(fake, &c->outer_stack, &c->outer_size);
}
