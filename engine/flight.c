/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Messages whose verb waits: lists, coroutines, turns. */
#include <poll.h>
#include <stdlib.h>

#include "engine/flight_inside.h"
#include "lib/allocated.h"

enum {
	FLIGHT_ARENA = 4096, /* first chunk: most events fit */
	SPARE = 1024,        /* flights kept for the next messages */
	LOOK_AROUND_MS = 100 /* while init waits: for the end of the process */
};

/* ---- Lists ---- */

static void list_push(struct flight_list *list, struct flight *f)
{
	f->list = list;
	f->before = list->last;
	f->after = NULL;
	*(list->last ? &list->last->after : &list->first) = f;
	list->last = f;
	list->n++;
}

static void list_drop(struct flight *f)
{
	struct flight_list *list = f->list;
	*(f->before ? &f->before->after : &list->first) = f->after;
	*(f->after ? &f->after->before : &list->last) = f->before;
	list->n--;
	f->list = NULL;
}

void flight_move(struct flight *f, struct flight_list *to)
{
	list_drop(f);
	list_push(to, f);
}

/* ---- Their life ---- */

static struct flight *take_spare(struct worker *w)
{
	struct flights *all = w->flights;
	struct flight *f = all->spare;
	if (!f) {
		f = allocated(calloc(1, sizeof *f));
		arena_init(&f->arena);
		f->arena.first = worker_has_input(w) ? FLIGHT_ARENA : 0;
		return f;
	}
	all->spare = f->after;
	all->n_spare--;
	struct arena arena = f->arena;
	*f = (struct flight){ .arena = arena };
	return f;
}

static struct flight *flight_new(struct worker *w)
{
	struct flight *f = take_spare(w);
	f->bot = w->bot;
	f->bot.arena = &f->arena;
	f->emitted_end = &f->emitted;
	list_push(&w->flights->unstarted, f);
	return f;
}

static bool is_large(const struct flight *f)
{
	return f->arena.chunk && (size_t)(f->arena.end - f->arena.next) > 4 * FLIGHT_ARENA;
}

/* Its memory serves the next one, unless it was a large one. */
static void flight_end(struct worker *w, struct flight *f)
{
	struct flights *all = w->flights;
	list_drop(f);
	arena_reset(&f->arena);
	if (all->n_spare == SPARE || is_large(f))
		arena_fini(&f->arena);
	if (all->n_spare == SPARE) {
		free(f);
		return;
	}
	f->after = all->spare;
	all->spare = f;
	all->n_spare++;
}

static void stand_still(struct worker *w, struct flight *f)
{
	struct flights *all = w->flights;
	all->n_slow -= f->slow;
	f->slow = false;
	if (all->first_young == f)
		all->first_young = f->after;
	if (f->coroutine)
		coroutine_free(f->coroutine);
	f->coroutine = NULL;
	f->abandon = NULL;
}

static void flight_abandon(struct worker *w, struct flight *f)
{
	if (f->abandon)
		f->abandon(f->awaited);
	stand_still(w, f);
	flight_move(f, &w->flights->unstarted);
}

void flights_restart(struct worker *w)
{
	struct flights *all = w->flights;
	if (!all)
		return;
	while (all->under_way.n)
		flight_abandon(w, all->under_way.first);
	while (all->parked.n)
		flight_move(all->parked.first, &all->unstarted);
	all->ready = NULL;
	all->ready_end = &all->ready;
	all->narrow = false;
	all->charged = NULL;
	int64_t wanted = w->settings.concurrency;
	all->concurrency = wanted ? (size_t)wanted : CONCURRENCY;
	/* What a verb changes in keyed state is taken back if it fails: two cannot do that at a time. */
	if (w->bot.type->uses & USES_STATE)
		all->concurrency = 1;
}

struct flights *flights_new(struct worker *w)
{
	if (!(w->bot.type->uses & USES_LOOKUPS))
		return NULL;
	struct flights *all = allocated(calloc(1, sizeof *all));
	coroutines_init(&all->coroutines, worker_has_input(w) ? 0 : COLLECTOR_STACK);
	w->flights = all;
	flights_restart(w);
	return all;
}

static void end_all(struct worker *w, struct flight_list *list)
{
	while (list->n)
		flight_end(w, list->first);
}

void flights_free(struct worker *w)
{
	struct flights *all = w->flights;
	if (!all)
		return;
	flights_restart(w);
	end_all(w, &all->unstarted);
	end_all(w, &all->finished);
	while (all->spare) {
		struct flight *next = all->spare->after;
		arena_fini(&all->spare->arena);
		free(all->spare);
		all->spare = next;
	}
	coroutines_fini(&all->coroutines);
	free(all);
	w->flights = NULL;
}

/* ---- Waiting ---- */

static void flight_wake(struct worker *w, struct flight *f)
{
	f->abandon = NULL;
	f->next_ready = NULL;
	*w->flights->ready_end = f;
	w->flights->ready_end = &f->next_ready;
}

void wait_over(struct worker *w, struct waiting *waiting)
{
	waiting->over = true;
	if (waiting->flight)
		flight_wake(w, waiting->flight);
}

/* On the loop's own stack nothing else goes on; a signal that ends the process is seen. */
static bool wait_here(struct worker *w, const struct waiting *waiting)
{
	while (!waiting->over) {
		int64_t wait = lookups_wait(w);
		struct pollfd fd = { lookups_fd(w), POLLIN, 0 };
		clock_poll(&fd, 1, wait < 0 || wait > LOOK_AROUND_MS ? LOOK_AROUND_MS : (int)wait);
		lookups_turn(w);
		if (worker_hurries(w))
			return waiting->over;
	}
	return true;
}

bool wait_for(struct bot *bot, struct waiting *waiting, void (*abandon)(void *awaited),
              void *awaited)
{
	struct worker *w = worker_of(bot);
	struct flight *f = w->flights ? w->flights->running : NULL;
	waiting->flight = f;
	waiting->over = false;
	if (!f) {
		if (wait_here(w, waiting))
			return true;
		abandon(awaited);
		return false;
	}
	f->abandon = abandon;
	f->awaited = awaited;
	coroutine_wait(&w->flights->coroutines);
	return true;
}

bool flight_keeps(struct worker *w, const struct event *event, const char *path, bool permissive)
{
	struct flight *f = w->flights ? w->flights->running : NULL;
	if (!f || !worker_has_input(w))
		return false;
	struct emission *e = arena_alloc(&f->arena, sizeof *e);
	*e = (struct emission){ NULL, event_dup(&f->arena, event), path, permissive };
	*f->emitted_end = e;
	f->emitted_end = &e->after;
	return true;
}

/* ---- Turns ---- */

static void run_verb(void *context)
{
	struct flight *f = context;
	const struct bot_type *type = f->bot.type;
	if (type->enrich)
		f->result = type->enrich(&f->bot, f->event);
	else if (type->deliver)
		f->result = type->deliver(&f->bot, f->event);
	else
		f->result = type->collect ? type->collect(&f->bot) : type->stream(&f->bot);
}

/* True: the verb has returned. */
static bool go_on(struct worker *w, struct flight *f)
{
	if (f->message.block)
		working_on_message(w, &f->message);
	w->flights->running = f;
	bool ended = coroutine_resume(f->coroutine);
	w->flights->running = NULL;
	w->page->working.block = 0;
	if (ended)
		stand_still(w, f);
	return ended;
}

static void begin_flight(struct worker *w, struct flight *f)
{
	struct flights *all = w->flights;
	arena_rewind(&f->arena, f->fresh);
	f->bot.err = (struct err){ 0 };
	f->bot.params = w->bot.params;
	f->bot.state = w->bot.state;
	f->emitted = NULL;
	f->emitted_end = &f->emitted;
	f->number = ++all->started;
	f->successes = all->successes;
	f->since = clock_monotonic_ms();
	flight_move(f, &all->under_way);
	if (!all->first_young)
		all->first_young = f;
	f->coroutine = coroutine_new(&all->coroutines, run_verb, f);
}

void flight_take_in_hand(struct worker *w, struct flight *f)
{
	w->hand = &f->message;
	w->failed_event = w->current = f->event;
	w->failed_text = STR_NONE;
	w->bot.err = f->bot.err;
	w->bot.arena = &w->message;
	w->in_hand = outbox_mark(w);
	w->state_in_hand = w->table ? state_table_mark(w->table) : 0;
}

/* Decoded and begun; what cannot be read, or is poison, never gets so far. */
static void start(struct worker *w, struct flight *f)
{
	begin_flight(w, f);
	f->event = NULL;
	flight_take_in_hand(w, f);
	if (worker_holds_poison(w)) {
		worker_quarantine(w);
		stand_still(w, f);
		flight_move(f, &w->flights->finished);
		return;
	}
	working_on_message(w, &f->message);
	f->event = worker_decode(w, &f->message, &f->arena, &f->bot.err);
	if (!f->event) {
		f->result = f->bot.err.fault == FAULT_INVALID_KEY ? BAD_CONF : BAD_DATA;
		stand_still(w, f);
		flight_settle(w, f);
	} else if (go_on(w, f)) {
		flight_settle(w, f);
	}
}

/* Those that wait for long do not hold up the others. */
static void age(struct worker *w, int64_t now)
{
	struct flights *all = w->flights;
	struct flight *f = all->first_young;
	for (; f && now - f->since > SLOW_MS; f = f->after) {
		f->slow = true;
		all->n_slow++;
	}
	all->first_young = f;
}

static bool may_start(const struct worker *w)
{
	const struct flights *all = w->flights;
	size_t n = all->under_way.n;
	if (w->phase != PHASE_RUNNING || clock_monotonic_ms() < w->not_before)
		return false;
	if (all->narrow || worker_goes_one_by_one(w))
		return n == 0;
	return n - all->n_slow < all->concurrency && n < all->concurrency * SLOW_TIMES;
}

static struct flight *next_ready(struct flights *all)
{
	struct flight *f = all->ready;
	if (!f)
		return NULL;
	all->ready = f->next_ready;
	if (!all->ready)
		all->ready_end = &all->ready;
	return f;
}

static bool is_half_full(const struct worker *w)
{
	return w->outbox.bodies.n > PART_BYTES;
}

void flights_run(struct worker *w)
{
	struct flights *all = w->flights;
	struct flight *f;
	int64_t now = clock_monotonic_ms();
	lookups_turn(w);
	age(w, now);
	while (w->phase == PHASE_RUNNING && !is_half_full(w) && (f = next_ready(all)))
		if (go_on(w, f))
			flight_settle(w, f);
	while (may_start(w) && !is_half_full(w) && (f = flight_next(w, now)))
		start(w, f);
	worker_forget_message(w);
}

bool flights_collect(struct worker *w, enum result *result_out)
{
	struct flights *all = w->flights;
	if (!all->under_way.n) {
		struct flight *f = all->unstarted.n ? all->unstarted.first : flight_new(w);
		f->fresh = (struct arena_mark){ 0 };
		begin_flight(w, f);
		flight_wake(w, f);
	}
	lookups_turn(w);
	struct flight *f = next_ready(all);
	if (!f || !go_on(w, f))
		return false;
	w->bot.err = f->bot.err;
	*result_out = f->result;
	flight_end(w, f);
	return true;
}

/* ---- From and to the broker ---- */

size_t flights_room(const struct worker *w)
{
	const struct flights *all = w->flights;
	if (all->unstarted.n || !may_start(w) || all->parked.n >= all->concurrency * PARKED_TIMES)
		return 0;
	if (all->narrow || worker_goes_one_by_one(w))
		return !all->parked.n;
	size_t room = all->concurrency - (all->under_way.n - all->n_slow);
	/* A few at a time would cost the broker more than they are worth. */
	return room >= all->concurrency / 8 ? room : 0;
}

void flights_take(struct worker *w, const struct batch *batch)
{
	for (size_t i = 0; i < batch->n; i++) {
		struct flight *f = flight_new(w);
		f->message = batch->messages[i];
		f->message.body = arena_dup(&f->arena, f->message.body);
		f->fresh = arena_mark(&f->arena);
	}
}

bool flights_are_due(const struct worker *w)
{
	const struct flights *all = w->flights;
	return all->finished.n && (all->finished.n >= LINGER_MESSAGES || !all->under_way.n ||
	                           is_half_full(w) || w->phase != PHASE_RUNNING ||
	                           clock_monotonic_ms() - all->finished.first->since >= LINGER_MS);
}

static int by_place(const void *a, const void *b)
{
	const struct message *x = a, *y = b;
	if (x->block != y->block)
		return x->block < y->block ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

void flights_consumed(struct worker *w, struct commit *commit)
{
	const struct flight_list *done = &w->flights->finished;
	struct message *messages = arena_zalloc(&w->batch, done->n, sizeof *messages);
	size_t n = 0;
	for (const struct flight *f = done->first; f; f = f->after)
		messages[n++] = f->message;
	if (n)
		qsort(messages, n, sizeof *messages, by_place);
	commit->consumed = messages;
	commit->n_consumed = n;
}

void flights_committed(struct worker *w)
{
	end_all(w, &w->flights->finished);
}

int64_t flights_wait(const struct worker *w)
{
	const struct flights *all = w->flights;
	int64_t wait = WORKER_FOREVER, now = clock_monotonic_ms(), network = lookups_wait(w);
	if (all->ready || (may_start(w) && flight_next(w, now)))
		return 0;
	if (network >= 0)
		wait = network;
	/* What may not start now will be looked at when something else ends. */
	if (may_start(w) && flight_due(w) - now < wait)
		wait = flight_due(w) - now;
	if (all->finished.n && LINGER_MS < wait)
		wait = LINGER_MS;
	return wait < 0 ? 0 : wait;
}

size_t flights_under_way(const struct worker *w)
{
	return w->flights ? w->flights->under_way.n : 0;
}
