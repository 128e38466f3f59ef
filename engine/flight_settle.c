/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What becomes of a message whose verb has returned, and who pays for what fails: flight.h. */
#include "engine/flight_inside.h"

static void finish(struct worker *w, struct flight *f)
{
	struct flights *all = w->flights;
	if (all->charged == f)
		all->charged = NULL;
	f->since = clock_monotonic_ms();
	flight_move(f, &all->finished);
}

/* What it emitted, and an expert's event itself. */
static enum result send_on(struct worker *w, const struct flight *f)
{
	for (const struct emission *e = f->emitted; e; e = e->after)
		if (outbox_add(w, e->event, e->path, e->permissive) < 0)
			return outbox_refusal(w);
	if (f->result == DONE && w->bot.type->enrich &&
	    outbox_add(w, f->event, "_default", false) < 0)
		return outbox_refusal(w);
	return f->result;
}

static void succeed(struct worker *w, struct flight *f)
{
	struct flights *all = w->flights;
	all->successes++;
	all->narrow = false;
	w->pending.succeeded++;
	w->pending.dropped += f->result == DROP;
	if (w->careful)
		w->careful--;
	finish(w, f);
}

static void park(struct worker *w, struct flight *f, double seconds)
{
	struct flights *all = w->flights;
	f->since = clock_monotonic_ms() + (int64_t)(seconds * 1000);
	/* In the order of when they are due: those without a delay come first. */
	flight_move(f, seconds > 0 ? &all->parked : &all->unstarted);
}

static void narrow(struct flights *all, struct flight *charged)
{
	all->narrow = true;
	all->narrowed_at = all->started;
	all->charged = charged;
}

/* Whether it fails along with the one that is charged already: started before it was known that nothing goes through. */
static bool is_free_of_charge(const struct flights *all, const struct flight *f)
{
	return all->narrow && all->charged != f && (all->charged || f->number <= all->narrowed_at);
}

static void give_up(struct worker *w, struct flight *f)
{
	worker_give_up(w);
	finish(w, f);
	worker_obey_procedure(w);
}

static void try_later(struct worker *w, struct flight *f)
{
	struct flights *all = w->flights;
	if (is_free_of_charge(all, f)) {
		park(w, f, 0);
		return;
	}
	bool alone = f->successes == all->successes;
	w->counters.failed++;
	worker_log_failure(w, TRY_LATER);
	if (alone)
		narrow(all, f);
	if (f->retries++ >= w->settings.error_max_retries) {
		give_up(w, f);
		return;
	}
	worker_log(w, LEVEL_INFO, "Bot will continue in %g seconds.",
	           w->settings.error_retry_delay);
	worker_say(w, "backing off: %s", w->bot.err.text);
	park(w, f, w->settings.error_retry_delay);
}

void flight_settle(struct worker *w, struct flight *f)
{
	flight_take_in_hand(w, f);
	const struct reaction *reaction = reaction_to(f->result);
	if (!reaction->failed) {
		f->result = send_on(w, f);
		reaction = reaction_to(f->result);
	}
	if (!reaction->failed) {
		succeed(w, f);
		return;
	}
	outbox_undo(w, w->in_hand);
	if (w->table)
		state_table_undo(w->table, w->state_in_hand);
	if (reaction->again) {
		try_later(w, f);
		return;
	}
	w->counters.failed++;
	worker_log_failure(w, f->result);
	if (reaction->ends) {
		worker_say(w, "stopped: %s", w->bot.err.text);
		worker_halt(w, 1);
		park(w, f, 0);
		return;
	}
	give_up(w, f);
}

/* Nothing overtakes what is charged while nothing goes through. */
static struct flight *first_parked(const struct flights *all)
{
	bool charged = all->narrow && all->charged && all->charged->list == &all->parked;
	return charged ? all->charged : all->parked.first;
}

int64_t flight_due(const struct worker *w)
{
	const struct flight *parked = first_parked(w->flights);
	return parked ? parked->since : WORKER_FOREVER;
}

struct flight *flight_next(const struct worker *w, int64_t now)
{
	const struct flights *all = w->flights;
	struct flight *parked = first_parked(all);
	if (parked && parked->since <= now)
		return parked;
	if (parked && (worker_goes_one_by_one(w) || (all->narrow && parked == all->charged)))
		return NULL;
	return all->unstarted.first;
}
