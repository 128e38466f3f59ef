/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the broker does, seen where its parts call each other: the linker leads these calls here (--wrap). Each is compared
 * with what the model says, and told to it.
 */
#include <stdlib.h>

#include "broker/consumer.h"
#include "broker/server_inside.h"
#include "tests/botnet_model/world.h"

static struct world
	*world; /* the one that runs; a wrapped function is told no more than its namesake */

void model_watch(struct world *w)
{
	world = w;
}

/* clang-format off: the names are the linker's */
int __real_core_commit(struct core_consumer *, const struct commit *, struct err *);
int __wrap_core_commit(struct core_consumer *, const struct commit *, struct err *);
int __real_core_receive(struct core_consumer *, struct receive_limits, struct arena *,
                        struct batch *, struct err *);
int __wrap_core_receive(struct core_consumer *, struct receive_limits, struct arena *,
                        struct batch *, struct err *);
int __real_core_give_back(struct core_consumer *, const struct message *, size_t, struct err *);
int __wrap_core_give_back(struct core_consumer *, const struct message *, size_t, struct err *);
void __real_core_close(struct core_consumer *);
void __wrap_core_close(struct core_consumer *);
int __real_core_push(struct core *, struct str, struct str, struct err *);
int __wrap_core_push(struct core *, struct str, struct str, struct err *);
uint64_t __real_core_clear(struct core *, struct str);
uint64_t __wrap_core_clear(struct core *, struct str);
void __real_groups_state(struct server *, struct str, struct str, bool);
void __wrap_groups_state(struct server *, struct str, struct str, bool);
struct closed_group *__real_journal_close(struct journal *, uint64_t);
struct closed_group *__wrap_journal_close(struct journal *, uint64_t);
enum stored __real_store_write(struct store *, const struct group *, bool, struct err *);
enum stored __wrap_store_write(struct store *, const struct group *, bool, struct err *);
uint64_t __wrap_store_size(const struct store *);
/* clang-format on */

static uint64_t id_of(struct str body)
{
	uint64_t id = read_body(body, world->body_size);
	if (!id)
		bad(world, "a message of %zu bytes is none that was ever published", body.n);
	return id;
}

/* ---- Commits ---- */

static void put(enum queue_name queue, uint64_t id)
{
	trace(world, "    + %llx in %s", (unsigned long long)id, queue_names[queue % QUEUES].p);
	struct model *m = &world->model;
	if (queue == QUEUES) {
		bad(world, "a message was published to an unknown queue");
		return;
	}
	if (model_find(m, queue, id))
		bad(world, "doubled: message %llx was published twice to %s",
		    (unsigned long long)id, queue_names[queue].p);
	model_do(m, (struct op){ .kind = OP_PUT, .where = queue, .what = id });
	size_t n = m->queues[queue].messages;
	if (queue == QX || queue == QL)
		n = m->queues[QX].messages + m->queues[QL].messages;
	if (m->limits[queue] && n > m->limits[queue])
		bad(world, "budget: %s has %zu messages, %u are the most that may be",
		    queue_names[queue].p, n, m->limits[queue]);
}

static void take(enum queue_name queue, uint64_t id, const void *holder)
{
	trace(world, "    - %llx of %s", (unsigned long long)id, queue_names[queue % QUEUES].p);
	struct item *item = queue < QUEUES ? model_find(&world->model, queue, id) : NULL;
	if (!item || item->gone || item->holder != holder)
		bad(world, "message %llx was consumed by somebody who does not hold it",
		    (unsigned long long)id);
	else
		model_do(&world->model, (struct op){ .kind = OP_TAKE, .where = queue, .what = id });
}

/* The message that a claim names, 0: none. */
static uint64_t claimed_id(struct core_consumer *c, const struct message *message)
{
	struct holding *holding = holding_find(c, message->block);
	uint32_t place = holding ? entry_place(holding->entry, message->at) : PLACE_NONE;
	return place == PLACE_NONE ? 0 : id_of(entry_body(holding->entry, place));
}

static void tell_worker(const struct core_consumer *c, bool durable)
{
	for (size_t i = 0; i < WORKERS; i++) {
		struct worker *w = &world->workers[i];
		if (!durable || w->instance != c->instance || !str_eq(bot_names[w->bot], c->bot))
			continue;
		w->durable_n = world->model.n;
		w->lost = false;
	}
}

static void note_commit(struct core_consumer *c, const struct commit *commit, const uint64_t *ids)
{
	struct model *m = &world->model;
	enum queue_name source = c->source ? queue_by_name(c->source->name) : QUEUES;
	model_begin(m);
	trace(world, "commit %zu of %s.%u", m->n, bot_names[bot_by_name(c->bot)].p, c->instance);
	tell_worker(c, commit->durable);
	for (size_t i = 0; i < commit->n_consumed; i++)
		take(source, ids[i], c);
	for (size_t i = 0; i < commit->n_published; i++)
		for (size_t k = 0; k < commit->published[i].n_queues; k++)
			put(queue_by_name(commit->published[i].queues[k]),
			    id_of(commit->published[i].body));
	if (commit->noted)
		model_do(m, (struct op){ .kind = OP_NOTE,
		                         .where = source,
		                         .what = ids[commit->n_consumed],
		                         .a = commit->noted->note });
}

int __wrap_core_commit(struct core_consumer *c, const struct commit *commit, struct err *err)
{
	uint64_t *ids = calloc(commit->n_consumed + 1, sizeof *ids);
	if (!ids)
		abort();
	for (size_t i = 0; i < commit->n_consumed; i++)
		ids[i] = claimed_id(c, &commit->consumed[i]);
	if (commit->noted)
		ids[commit->n_consumed] = claimed_id(c, commit->noted);
	int rc = __real_core_commit(c, commit, err);
	if (rc < 0)
		bad(world, "an honest worker was refused: %s", err->text);
	else
		note_commit(c, commit, ids);
	free(ids);
	return rc;
}

static void note_change(void *context, const struct state_change *change)
{
	enum bot bot = *(const enum bot *)context;
	uint64_t values[2];
	if (change->key.n != KEY_SIZE || change->value.n != sizeof values) {
		bad(world, "a change of state that nobody sent");
		return;
	}
	memcpy(values, change->value.p, sizeof values);
	model_do(&world->model, (struct op){ .kind = OP_SET,
	                                     .where = bot,
	                                     .what = (uint64_t)(change->key.p[0] - '0') % KEYS,
	                                     .a = values[0],
	                                     .b = values[1] });
}

void __wrap_groups_state(struct server *s, struct str name, struct str changes, bool round)
{
	enum bot bot = bot_by_name(name);
	__real_groups_state(s, name, changes, round);
	changes_each(changes, note_change, &bot);
}

/* ---- Claims ---- */

/* The next item that a consumer may get, from `at` on. An ordered one does not pass what somebody else holds. */
static struct item *next_free(struct model_queue *q, size_t *at, const struct core_consumer *c)
{
	for (; *at < q->n; ++*at) {
		struct item *item = &q->items[*at];
		if (item->gone || item->holder == c)
			continue;
		if (!item->holder)
			return item;
		if (!c->siblings)
			return NULL;
	}
	return NULL;
}

int __wrap_core_receive(struct core_consumer *c, struct receive_limits limits, struct arena *arena,
                        struct batch *out, struct err *err)
{
	int rc = __real_core_receive(c, limits, arena, out, err);
	enum queue_name queue = queue_by_name(c->source->name);
	if (rc <= 0 || queue == QUEUES)
		return rc;
	struct model_queue *q = &world->model.queues[queue];
	size_t at = q->first;
	for (int i = 0; i < rc; i++) {
		uint64_t id = id_of(out->messages[i].body);
		trace(world, "%s.%u gets %llx", bot_names[bot_by_name(c->bot)].p, c->instance,
		      (unsigned long long)id);
		struct item *item = next_free(q, &at, c);
		if (!item || item->id != id) {
			bad(world, "order: %s got %llx of %s, it is %llx's turn",
			    bot_names[bot_by_name(c->bot)].p, (unsigned long long)id,
			    queue_names[queue].p, (unsigned long long)(item ? item->id : 0));
			return rc;
		}
		if (item->note != out->messages[i].note)
			bad(world, "note: message %llx has %llu, not %llu", (unsigned long long)id,
			    (unsigned long long)out->messages[i].note,
			    (unsigned long long)item->note);
		item->holder = c;
	}
	return rc;
}

int __wrap_core_give_back(struct core_consumer *c, const struct message *messages, size_t n,
                          struct err *err)
{
	enum queue_name queue = c->source ? queue_by_name(c->source->name) : QUEUES;
	for (size_t i = 0; i < n; i++) {
		uint64_t id = claimed_id(c, &messages[i]);
		struct item *item = queue < QUEUES ? model_find(&world->model, queue, id) : NULL;
		trace(world, "%s.%u gives back %llx", bot_names[bot_by_name(c->bot)].p, c->instance,
		      (unsigned long long)id);
		if (item && item->holder == c)
			item->holder = NULL;
		else
			bad(world, "message %llx was released by somebody who does not hold it",
			    (unsigned long long)id);
	}
	return __real_core_give_back(c, messages, n, err);
}

void __wrap_core_close(struct core_consumer *c)
{
	for (size_t q = 0; q < QUEUES; q++)
		for (size_t i = world->model.queues[q].first; i < world->model.queues[q].n; i++)
			if (world->model.queues[q].items[i].holder == c)
				world->model.queues[q].items[i].holder = NULL;
	__real_core_close(c);
}

/* ---- From outside ---- */

int __wrap_core_push(struct core *core, struct str name, struct str body, struct err *err)
{
	int rc = __real_core_push(core, name, body, err);
	if (rc < 0)
		return rc;
	model_begin(&world->model);
	put(queue_by_name(name), id_of(body));
	for (size_t i = 0; i < WORKERS; i++)
		if (world->workers[i].bot == TOOL) {
			world->workers[i].durable_n = world->model.n;
			world->workers[i].lost = false;
		}
	return rc;
}

uint64_t __wrap_core_clear(struct core *core, struct str name)
{
	struct model *m = &world->model;
	enum queue_name queue = queue_by_name(name);
	uint64_t n = 0, cleared = __real_core_clear(core, name);
	struct model_queue *q = &m->queues[queue];
	for (size_t i = q->first; i < q->n; i++)
		if (!q->items[i].gone && !q->items[i].holder) {
			if (!n)
				model_begin(m);
			model_do(m, (struct op){ .kind = OP_TAKE,
			                         .where = queue,
			                         .what = q->items[i].id });
			n++;
		}
	if (n != cleared)
		bad(world, "clear took %llu messages of %s, %llu were free",
		    (unsigned long long)cleared, queue_names[queue].p, (unsigned long long)n);
	return cleared;
}

/* ---- Groups ---- */

struct closed_group *__wrap_journal_close(struct journal *journal, uint64_t number)
{
	model_group(&world->model, number);
	trace(world, "group %llu has all until commit %zu", (unsigned long long)number,
	      world->model.n);
	return __real_journal_close(journal, number);
}

/* What a disk may do beside what the VFS does: say that it is full though the group is there, or fail. */
enum stored __wrap_store_write(struct store *store, const struct group *group, bool again,
                               struct err *err)
{
	bool before = !world->calm && chance(world, world->chance[ERROR]);
	if (before && below(world, 2)) {
		err_set(err, FAULT_OTHER, "an error before the group was written");
		return STORE_FAILED;
	}
	enum stored stored = __real_store_write(store, group, again, err);
	if (stored == STORED)
		world->model.stored = group->number;
	if (stored == STORED && before) {
		err_set(err, FAULT_OTHER, "an error after the group was written");
		return STORE_FAILED;
	}
	if (stored == STORED && world->lies && !world->calm && chance(world, 150)) {
		err_set(err, FAULT_OTHER, "full, though the group is there");
		return STORE_FULL;
	}
	trace(world, "group %llu: %s", (unsigned long long)group->number,
	      stored == STORED       ? "stored"
	      : stored == STORE_FULL ? "full"
	                             : "failed");
	return stored;
}

/* In messages, so that a disk's limit is one of a few messages. */
uint64_t __wrap_store_size(const struct store *store)
{
	const struct model *m = &world->model;
	(void)store;
	return m->moments[m->groups[m->stored]].messages;
}
