/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "broker/core.h"

#include "broker/consumer.h"
#include "broker/cycle.h"
#include "broker/gap.h"
#include "broker/journal.h"
#include "broker/rules.h"
#include "lib/allocated.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	COUNTER_BITS = 40,                        /* of an identity; the rest is the epoch */
	BLOCK_MESSAGES = USUAL_OR_TEST(65536, 4), /* a larger commit becomes several blocks */
	BLOCK_BYTES = 512 << 20,                  /* likewise, unless it is one message */
	MAX_NAME_TOLD = 120,                      /* of a queue, in words */
	MAX_TARGETS = 64 << 20,                   /* messages of a commit times their queues */
};

struct core {
	struct queue_limits limits;
	uint64_t last_identity;
	struct queue **queues; /* by name; they are never removed */
	size_t n_queues, queues_capacity;
	struct core_consumer **consumers; /* by number - 1; NULL: a number that is free */
	size_t consumers_end;
	struct road *roads;
	bool topology_changed;
	struct journal *journal; /* NULL: nothing persists */
	enum pressure pressure;
	const char *why;      /* of the pressure, in words */
	char words[256];      /* of core_no_room */
	struct arena scratch; /* of one call */
};

struct core *core_new(struct queue_limits limits, uint32_t epoch)
{
	struct core *core = allocated(calloc(1, sizeof *core));
	assert(epoch && epoch < 1u << (64 - COUNTER_BITS));
	core->limits = limits;
	core->last_identity = (uint64_t)epoch << COUNTER_BITS;
	arena_init(&core->scratch);
	return core;
}

void core_persist(struct core *core, struct journal *journal)
{
	core->journal = journal;
}

void core_set_pressure(struct core *core, enum pressure pressure, const char *why)
{
	core->pressure = pressure;
	core->why = why;
}

bool core_holds_messages(const struct core *core)
{
	for (size_t i = 0; i < core->n_queues; i++)
		if (core->queues[i]->messages)
			return true;
	return false;
}

void core_free(struct core *core)
{
	for (size_t i = 0; i < core->consumers_end; i++)
		if (core->consumers[i])
			core_close(core->consumers[i]);
	for (size_t i = 0; i < core->n_queues; i++)
		queue_free(core->queues[i]);
	while (core->roads) {
		struct road *next = core->roads->next;
		free(core->roads);
		core->roads = next;
	}
	free(core->queues);
	free(core->consumers);
	arena_fini(&core->scratch);
	free(core);
}

/* ---- Queues by name ---- */

/* The index of the name, or where it belongs. */
static size_t search_name(struct queue *const *queues, size_t n, struct str name)
{
	size_t low = 0, high = n;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (str_cmp(queues[middle]->name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct queue *find_name(struct queue *const *queues, size_t n, struct str name)
{
	size_t at = search_name(queues, n, name);
	return at < n && str_eq(queues[at]->name, name) ? queues[at] : NULL;
}

static struct queue *queue_of(struct core *core, struct str name)
{
	struct queue *queue = find_name(core->queues, core->n_queues, name);
	if (queue)
		return queue;
	if (core->n_queues == core->queues_capacity) {
		core->queues_capacity = core->queues_capacity ? core->queues_capacity * 2 : 16;
		core->queues = allocated(
			realloc(core->queues, core->queues_capacity * sizeof *core->queues));
	}
	size_t at = search_name(core->queues, core->n_queues, name);
	memmove(&core->queues[at + 1], &core->queues[at],
	        (core->n_queues - at) * sizeof *core->queues);
	core->n_queues++;
	core->queues[at] = queue_new(name);
	if (core->journal)
		journal_queue(core->journal, core->queues[at]);
	return core->queues[at];
}

/* ---- What is only in the database ---- */

void core_restore(struct core *core, const struct store_queue *stored)
{
	struct queue *queue = queue_of(core, stored->name);
	core->journal->n_queues = 0; /* it is known there */
	queue->id = stored->id;
	if (stored->id > core->journal->last_queue_id)
		core->journal->last_queue_id = stored->id;
	queue->messages = stored->messages;
	queue->bytes = stored->bytes;
	queue->gap = (struct gap){
		.from = stored->first,
		.to = stored->last,
		.messages = stored->messages,
		.bytes = stored->bytes,
	};
}

void core_spill(struct core *core, size_t budget)
{
	gap_spill(core->queues, core->n_queues, budget);
}

bool core_next_slice(struct core *core, struct slice_wanted *out)
{
	for (size_t i = 0; i < core->n_queues; i++) {
		struct gap *gap = &core->queues[i]->gap;
		if (!gap->messages || !gap_wants_slice(core->queues[i]))
			continue;
		gap->is_read = true;
		*out = (struct slice_wanted){ core->queues[i]->id, gap->generation, gap->from - 1,
			                      gap->to };
		return true;
	}
	return false;
}

int core_take_slice(struct core *core, const struct slice_wanted *wanted,
                    const struct store_slice *slice, struct err *err)
{
	for (size_t i = 0; i < core->n_queues; i++)
		if (core->queues[i]->id == wanted->queue)
			return gap_fill(core->queues[i], wanted->generation, slice, err);
	return err_set(err, FAULT_OTHER, "a slice of an unknown queue");
}

/* ---- Consumers ---- */

void core_set_keeps_state(struct core_consumer *c)
{
	c->keeps_state = true;
}

static int check_names(const struct core *core, const struct consumer_names *names, struct err *err)
{
	if (!names->bot.n)
		return err_set(err, FAULT_INVALID_ARGUMENT, "a bot without a name cannot connect");
	for (size_t i = 0; i < names->n_destinations; i++)
		if (!names->destinations[i].n)
			return err_set(err, FAULT_INVALID_ARGUMENT,
			               "bot '%.*s' has a destination without a name",
			               STR_ARG(names->bot));
	for (size_t i = 0; i < core->consumers_end; i++) {
		const struct core_consumer *c = core->consumers[i];
		if (c && rule_on(RULE_FENCE) && c->instance == names->instance &&
		    str_eq(c->bot, names->bot))
			return err_set(err, FAULT_OTHER,
			               "bot '%.*s', instance %u is connected already",
			               STR_ARG(names->bot), names->instance);
	}
	return 0;
}

static size_t free_number(const struct core *core)
{
	size_t at = 0;
	while (at < core->consumers_end && core->consumers[at])
		at++;
	return at;
}

/* What an instance more or less means for the others of the bot. */
static void count_siblings(struct core *core, struct core_consumer *consumer, bool comes)
{
	for (size_t i = 0; i < core->consumers_end; i++) {
		struct core_consumer *c = core->consumers[i];
		if (!c || c == consumer || !str_eq(c->bot, consumer->bot))
			continue;
		if (comes) {
			c->siblings++;
			consumer->siblings++;
		} else {
			c->siblings--;
		}
	}
}

static int order_by_name(const void *a, const void *b)
{
	return str_cmp((*(struct queue *const *)a)->name, (*(struct queue *const *)b)->name);
}

static void set_destinations(struct core_consumer *c, const struct consumer_names *names)
{
	size_t n = names->n_destinations;
	c->n_destinations = n;
	c->destinations = allocated(malloc((2 * n + 1) * sizeof *c->destinations));
	c->by_name = c->destinations + n;
	for (size_t i = 0; i < n; i++)
		c->destinations[i] = c->by_name[i] = queue_of(c->core, names->destinations[i]);
	if (n)
		qsort(c->by_name, n, sizeof *c->by_name, order_by_name);
}

static void set_source(struct core_consumer *c, struct str name)
{
	c->source = queue_of(c->core, name);
	c->source->n_readers++;
}

static void forget_road(struct core *core, const struct core_consumer *c)
{
	struct road **link = &core->roads;
	while (*link && ((*link)->instance != c->instance || !str_eq((*link)->bot, c->bot)))
		link = &(*link)->next;
	struct road *road = *link;
	if (!road)
		return;
	*link = road->next;
	link = &road->from->roads;
	while (*link != road)
		link = &(*link)->next_from;
	*link = road->next_from;
	free(road);
}

/* Instead of that which the bot had when it was here before. */
static void set_road(struct core *core, const struct core_consumer *c)
{
	size_t size = c->n_destinations * sizeof *c->destinations;
	forget_road(core, c);
	core->topology_changed = true;
	if (!c->source || !c->n_destinations)
		return;
	struct road *road = allocated(malloc(sizeof *road + size + c->bot.n));
	*road = (struct road){
		.next = core->roads,
		.next_from = c->source->roads,
		.from = c->source,
		.to = memcpy(road + 1, c->destinations, size),
		.n = c->n_destinations,
		.bot = { memcpy((char *)(road + 1) + size, c->bot.p, c->bot.n), c->bot.n },
		.instance = c->instance,
	};
	core->roads = c->source->roads = road;
}

int core_open(struct core *core, const struct consumer_names *names, struct core_consumer **out,
              struct err *err)
{
	if (check_names(core, names, err) < 0)
		return -1;
	size_t at = free_number(core);
	if (at == HOLDER_MAX)
		return err_set(err, FAULT_OTHER, "more than %d bots are connected", HOLDER_MAX);
	struct core_consumer *c = allocated(calloc(1, sizeof *c + names->bot.n));
	memcpy(c + 1, names->bot.p, names->bot.n);
	c->core = core;
	c->bot = (struct str){ (char *)(c + 1), names->bot.n };
	c->instance = names->instance;
	c->number = (uint16_t)(at + 1);
	if (at == core->consumers_end) {
		core->consumers = allocated(
			realloc(core->consumers, (at + 1) * sizeof *core->consumers));
		core->consumers_end++;
	}
	core->consumers[at] = c;
	count_siblings(core, c, true);
	set_destinations(c, names);
	if (names->queue.n)
		set_source(c, names->queue);
	set_road(core, c);
	*out = c;
	return 0;
}

void core_drop_claims(struct core_consumer *c)
{
	if (rule_on(RULE_CLAIM_FREE))
		holdings_free(c);
}

void core_close(struct core_consumer *c)
{
	struct core *core = c->core;
	core_drop_claims(c);
	count_siblings(core, c, false);
	if (c->source)
		c->source->n_readers--;
	core->consumers[c->number - 1] = NULL;
	free(c->destinations);
	free(c);
}

/* ---- Budgets ---- */

static bool over(uint64_t used, uint64_t limit)
{
	return limit && used >= limit;
}

/* A cycle of queues is one budget. */
static bool has_room(struct core *core, const struct queue *queue)
{
	if (core->topology_changed)
		cycles_find(core->queues, core->n_queues);
	core->topology_changed = false;
	uint64_t messages = 0, bytes = 0;
	const struct queue *member = queue;
	do {
		messages += member->messages;
		bytes += member->bytes;
		member = member->next_in_cycle;
	} while (member != queue && rule_on(RULE_SCC));
	return !over(messages, core->limits.messages) && !over(bytes, core->limits.bytes);
}

/* What keeps a consumer from publishing; neither: nothing does. */
struct obstacle {
	bool pressure;
	const struct queue *queue; /* full, or under pressure not empty yet */
};

/* Under pressure what is stored must become less before anything is added. */
static bool is_kept_out(const struct core_consumer *c)
{
	const struct core *core = c->core;
	if (core->pressure == PRESSURE_NONE || !(c->n_destinations || c->keeps_state))
		return false;
	return core->pressure == PRESSURE_STUCK || !c->source || !rule_on(RULE_DISK_DRAIN);
}

static struct obstacle obstacle_of(struct core_consumer *c)
{
	struct core *core = c->core;
	if (!rule_on(RULE_ROOM))
		return (struct obstacle){ 0 };
	if (is_kept_out(c))
		return (struct obstacle){ .pressure = true };
	if (!core->limits.messages && !core->limits.bytes && !core->pressure)
		return (struct obstacle){ 0 };
	for (size_t i = 0; i < c->n_destinations; i++) {
		const struct queue *queue = c->destinations[i];
		bool room = has_room(core, queue), waits = core->pressure && queue->messages;
		bool inside = c->source && c->source->cycle == queue->cycle;
		if ((!room || waits) && !(inside && rule_on(RULE_CYCLE)))
			return (struct obstacle){ .pressure = room, .queue = queue };
	}
	return (struct obstacle){ 0 };
}

static bool has_obstacle(struct core_consumer *c)
{
	struct obstacle o = obstacle_of(c);
	return o.pressure || o.queue;
}

struct str core_no_room(struct core_consumer *c)
{
	struct core *core = c->core;
	struct obstacle o = obstacle_of(c);
	struct str name = o.queue ? str_slice(o.queue->name, 0, MAX_NAME_TOLD) : STR_NONE;
	if (!o.pressure && !o.queue)
		return STR_NONE;
	if (!o.pressure)
		snprintf(core->words, sizeof core->words, "queue '%.*s' is full", STR_ARG(name));
	else if (o.queue)
		snprintf(core->words, sizeof core->words, "%s; first queue '%.*s' must be empty",
		         core->why, STR_ARG(name));
	else
		snprintf(core->words, sizeof core->words, "%s", core->why);
	return str_of(core->words);
}

int64_t core_ahead(const struct core_consumer *c, uint64_t bytes, int64_t since)
{
	int64_t latest = -1;
	for (size_t i = 0; i < c->n_destinations; i++) {
		const struct queue *queue = c->destinations[i];
		bool exempt = c->source && c->source->cycle == queue->cycle;
		if (!exempt && queue->bytes > bytes && queue->served_at >= since &&
		    queue->served_at > latest)
			latest = queue->served_at;
	}
	return latest;
}

void core_served(struct core_consumer *c, int64_t now)
{
	c->source->served_at = now;
}

uint64_t core_available(const struct core_consumer *c)
{
	return c->source ? c->source->messages - c->source->claimed : 0;
}

/* ---- Receiving ---- */

/* At most a consumer's share of what is free, at least one. */
static uint64_t share_of(const struct core_consumer *c, size_t wanted)
{
	const struct queue *queue = c->source;
	uint64_t spare = queue->messages - queue->claimed;
	uint64_t share = spare / queue->n_readers + (spare % queue->n_readers != 0);
	return !wanted ? 1 : wanted < share ? wanted : share;
}

/* Where to look: a single instance is ordered, which matters only if others hold something. */
static struct walk walk_for(const struct core_consumer *c)
{
	bool ordered = !c->siblings && c->source->claimed > c->held && rule_on(RULE_NO_OVERTAKE);
	return walk_start(c->source, ordered ? c->number : 0);
}

static size_t count_within(const struct core_consumer *c, struct receive_limits limits)
{
	uint64_t share = share_of(c, limits.messages);
	size_t n = 0, bytes = 0;
	struct walk walk = walk_for(c);
	while (n < share && walk_next(&walk)) {
		bytes += entry_body(walk.entry, walk.place).n;
		if (n && bytes > limits.bytes)
			break;
		n++;
	}
	return n;
}

int core_receive(struct core_consumer *c, struct receive_limits limits, struct arena *arena,
                 struct batch *out, struct err *err)
{
	*out = (struct batch){ 0 };
	if (!c->source)
		return err_set(err, FAULT_INVALID_ARGUMENT,
		               "bot '%.*s' has no queue to receive from", STR_ARG(c->bot));
	if (c->source->messages == c->source->claimed || has_obstacle(c))
		return 0;
	if (limits.messages > INT32_MAX)
		limits.messages = INT32_MAX;
	size_t n = count_within(c, limits);
	struct walk walk = walk_for(c);
	out->messages = arena_alloc(arena, n * sizeof *out->messages);
	for (; out->n < n && walk_next(&walk); out->n++) {
		struct str body = entry_body(walk.entry, walk.place);
		out->messages[out->n] = (struct message){
			.block = walk.entry->block->identity,
			.at = entry_at(walk.entry, walk.place),
			.body = body,
			.note = place_note(walk.entry, walk.place),
		};
		out->bytes += body.n;
		place_claim(walk.entry, walk.place, c->number);
		holding_add(c, walk.entry, walk.place);
	}
	return (int)out->n;
}

/* ---- Claims that a commit or a release names ---- */

struct found {
	struct holding *holding;
	uint32_t place;
};

static int find_claim(struct core_consumer *c, const struct message *message, struct found *out,
                      struct err *err)
{
	struct holding *holding = holding_find(c, message->block);
	uint32_t place = holding ? entry_place(holding->entry, message->at) : PLACE_NONE;
	if (place == PLACE_NONE || holding->entry->holders[place] != c->number)
		return err_set(err, FAULT_OTHER, "bot '%.*s' does not hold message %llu.%u",
		               STR_ARG(c->bot), (unsigned long long)message->block, message->at);
	*out = (struct found){ holding, place };
	return 0;
}

static void unmark(struct core_consumer *c, const struct found *found, size_t n)
{
	for (size_t i = 0; i < n; i++)
		found[i].holding->entry->holders[found[i].place] = c->number;
}

/*
 * Finds and marks all, so that one named twice is seen, or none. NULL: err says which is not held.
 */
static struct found *mark_claims(struct core_consumer *c, const struct message *messages, size_t n,
                                 struct err *err)
{
	struct found *found = arena_alloc(&c->core->scratch, n * sizeof *found);
	for (size_t i = 0; i < n; i++) {
		if (find_claim(c, &messages[i], &found[i], err) < 0) {
			unmark(c, found, i);
			return NULL;
		}
		found[i].holding->entry->holders[found[i].place] = PLACE_MARKED;
	}
	return found;
}

int core_give_back(struct core_consumer *c, const struct message *messages, size_t count,
                   struct err *err)
{
	struct found *found = mark_claims(c, messages, count, err);
	for (size_t i = 0; found && i < count; i++) {
		place_unclaim(found[i].holding->entry, found[i].place);
		holding_take(c, found[i].holding);
	}
	arena_reset(&c->core->scratch);
	return found ? 0 : -1;
}

/* ---- Commit ---- */

/* The queues of each message, ended by NULL. NULL: refused. */
static struct queue **find_targets(struct core_consumer *c, const struct commit *commit,
                                   struct err *err)
{
	size_t total = commit->n_published;
	for (size_t i = 0; i < commit->n_published; i++)
		total += commit->published[i].n_queues;
	if (total > MAX_TARGETS) {
		err_set(err, FAULT_OTHER,
		        "a commit of bot '%.*s' has %zu messages for too many queues",
		        STR_ARG(c->bot), commit->n_published);
		return NULL;
	}
	struct queue **targets = arena_alloc(&c->core->scratch, (total + 1) * sizeof *targets);
	size_t n = 0, previous = 0;
	for (size_t i = 0; i < commit->n_published; i++) {
		const struct publish *p = &commit->published[i];
		size_t start = n;
		if (p->body.n > MAX_MESSAGE) {
			err_set(err, FAULT_OTHER,
			        "a message of bot '%.*s' has %zu bytes, more than %d",
			        STR_ARG(c->bot), p->body.n, MAX_MESSAGE);
			return NULL;
		}
		/* Most messages of a commit go the way of the one before. */
		bool same = i && p->queues == p[-1].queues && p->n_queues == p[-1].n_queues;
		for (size_t k = 0; k < p->n_queues; k++) {
			struct queue *queue = same ? targets[previous + k]
			                           : find_name(c->by_name, c->n_destinations,
			                                       p->queues[k]);
			if (!queue) {
				err_set(err, FAULT_OTHER,
				        "bot '%.*s' may not publish to queue '%.*s'",
				        STR_ARG(c->bot), STR_ARG(p->queues[k]));
				return NULL;
			}
			targets[n++] = queue;
		}
		targets[n++] = NULL;
		previous = start;
	}
	return targets;
}

static int check_changes(const struct core_consumer *c, const struct commit *commit,
                         struct err *err)
{
	for (size_t i = 0; i < commit->n_changes; i++)
		if (commit->changes[i].key.n > MAX_MESSAGE ||
		    commit->changes[i].value.n > MAX_MESSAGE)
			return err_set(err, FAULT_OTHER,
			               "a state change of bot '%.*s' is larger than %d bytes",
			               STR_ARG(c->bot), MAX_MESSAGE);
	return 0;
}

static void publish(struct core *core, const struct publish *messages, size_t n,
                    struct queue *const *targets)
{
	while (n) {
		size_t count = 0, bytes = 0;
		struct queue *const *after = targets;
		while (count < n && count < BLOCK_MESSAGES &&
		       (!count || bytes + messages[count].body.n <= BLOCK_BYTES)) {
			bytes += messages[count++].body.n;
			while (*after++)
				;
		}
		block_publish(++core->last_identity, messages, count, targets);
		targets = after;
		messages += count;
		n -= count;
	}
}

int core_commit(struct core_consumer *c, const struct commit *commit, struct err *err)
{
	struct found *found = mark_claims(c, commit->consumed, commit->n_consumed, err);
	struct found noted = { 0 };
	struct queue **targets = NULL;
	bool accepted = found &&
	                (!commit->noted || find_claim(c, commit->noted, &noted, err) == 0) &&
	                check_changes(c, commit, err) == 0 &&
	                (targets = find_targets(c, commit, err));
	if (accepted) {
		publish(c->core, commit->published, commit->n_published, targets);
		if (commit->noted)
			place_set_note(noted.holding->entry, noted.place, commit->noted->note);
		for (size_t i = 0; i < commit->n_consumed; i++) {
			struct entry *entry = found[i].holding->entry;
			holding_take(c, found[i].holding);
			place_remove(entry, found[i].place);
		}
	} else if (found) {
		unmark(c, found, commit->n_consumed);
	}
	arena_reset(&c->core->scratch);
	return accepted ? 0 : -1;
}

/* ---- From outside ---- */

size_t core_queues(struct core *core, struct arena *arena, struct queue_info **out)
{
	struct queue_info *infos = arena_alloc(arena, core->n_queues * sizeof *infos);
	for (size_t i = 0; i < core->n_queues; i++) {
		const struct queue *queue = core->queues[i];
		infos[i] = (struct queue_info){
			.name = arena_dup(arena, queue->name),
			.messages = queue->messages,
			.claimed = queue->claimed,
			.bytes = queue->bytes,
		};
	}
	*out = infos;
	return core->n_queues;
}

int core_push(struct core *core, struct str name, struct str body, struct err *err)
{
	if (!name.n)
		return err_set(err, FAULT_INVALID_ARGUMENT, "a queue needs a name");
	if (body.n > MAX_MESSAGE)
		return err_set(err, FAULT_OTHER, "the message has %zu bytes, more than %d", body.n,
		               MAX_MESSAGE);
	struct queue *queue = queue_of(core, name);
	if (core->pressure)
		return err_set(err, FAULT_OTHER, "%s", core->why);
	if (!has_room(core, queue))
		return err_set(err, FAULT_OTHER, "queue '%.*s' is full", STR_ARG(name));
	const struct publish message = { .body = body };
	struct queue *const targets[] = { queue, NULL };
	publish(core, &message, 1, targets);
	return 0;
}

size_t core_peek(struct core *core, struct str name, size_t count, size_t bytes,
                 struct arena *arena, struct str *bodies_out)
{
	const struct queue *queue = find_name(core->queues, core->n_queues, name);
	const struct entry *entry = queue ? queue->first : NULL;
	size_t n = 0;
	for (; entry && !(queue->gap.messages && entry->block->identity >= queue->gap.from);
	     entry = entry->after)
		for (uint32_t k = entry->first; k < entry->n; k++) {
			if (entry->holders[k] == PLACE_GONE)
				continue;
			struct str body = entry_body(entry, k);
			if (n == count || (n && body.n > bytes))
				return n;
			bytes -= body.n < bytes ? body.n : bytes;
			bodies_out[n++] = arena_dup(arena, body);
		}
	return n;
}

uint64_t core_clear(struct core *core, struct str name)
{
	struct queue *queue = find_name(core->queues, core->n_queues, name);
	uint64_t n = 0;
	struct entry *after;
	for (struct entry *entry = queue ? queue->first : NULL; entry; entry = after) {
		after = entry->after;
		uint32_t left = entry->left; /* the last one that is removed frees the entry */
		for (uint32_t k = entry->first; left; k++) {
			if (entry->holders[k] == PLACE_GONE)
				continue;
			left--;
			if (entry->holders[k] != PLACE_FREE && rule_on(RULE_CLEAR_FREE))
				continue;
			n++;
			place_remove(entry, k);
		}
	}
	return queue ? n + gap_clear(queue) : 0;
}

struct value core_status(struct core *core, struct arena *arena)
{
	struct list *queues = list_new(arena), *bots = list_new(arena);
	for (size_t i = 0; i < core->n_queues; i++) {
		const struct queue *queue = core->queues[i];
		struct dict *d = dict_new(arena);
		dict_set(d, S("name"), value_str(arena_dup(arena, queue->name)));
		dict_set(d, S("messages"), value_int((int64_t)queue->messages));
		dict_set(d, S("claimed"), value_int((int64_t)queue->claimed));
		dict_set(d, S("bytes"), value_int((int64_t)queue->bytes));
		list_add(queues, value_dict(d));
	}
	for (size_t i = 0; i < core->consumers_end; i++) {
		struct core_consumer *c = core->consumers[i];
		if (!c)
			continue;
		struct str why = core_no_room(c);
		struct dict *d = dict_new(arena);
		dict_set(d, S("bot"), value_str(arena_dup(arena, c->bot)));
		dict_set(d, S("instance"), value_int(c->instance));
		dict_set(d, S("waiting_for"),
		         why.p ? value_str(arena_dup(arena, why)) : value_null());
		list_add(bots, value_dict(d));
	}
	struct dict *status = dict_new(arena);
	dict_set(status, S("queues"), value_list(queues));
	dict_set(status, S("bots"), value_list(bots));
	return value_dict(status);
}
