/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* intelmq attach: what a bot that was renamed or removed has left goes to another one. */
#include <intelmq/clock.h>

#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/broker.h"
#include "cli/main.h"
#include "config/paths.h"
#include "config/runtime.h"
#include "state/table.h"

extern char **environ;

enum { BATCH = 1000, BATCH_BYTES = 1024 * 1024, WAIT_MS = 200, CHANGES = 10000 };

static const char help[] = "usage: intelmq attach OLD NEW\n\n"
			   "Moves the messages and the keyed state of bot OLD, which was renamed "
			   "or removed, to bot NEW. Both must be\n"
			   "stopped, the broker must run. Interrupted, it can be called again: "
			   "nothing is lost or doubled. A report of which\n"
			   "OLD had done a part is parsed by NEW from its beginning.\n";

struct attach {
	struct arena arena;
	struct broker *broker;
	struct str old, new, from, to; /* bots and their queues */
	struct state_change *changes;
	size_t n, capacity;
	uint64_t moved;
};

/* The queue that a bot reads, by runtime.yaml or, where it is not there (any more), by its name. */
static struct str queue_of(struct attach *a, const struct runtime *runtime, struct str bot)
{
	const struct runtime_bot *known = runtime ? runtime_bot_find(runtime, bot) : NULL;
	return known ? known->source_queue : arena_printf(&a->arena, "%.*s-queue", STR_ARG(bot));
}

static int64_t left_in(struct attach *a, struct str queue, struct err *err)
{
	struct queue_info *queues;
	struct arena_mark mark = arena_mark(&a->arena);
	int64_t n = broker_queues(a->broker, &a->arena, &queues, err), left = n < 0 ? -1 : 0;
	for (int64_t i = 0; i < n; i++)
		if (str_eq(queues[i].name, queue))
			left = (int64_t)queues[i].messages;
	arena_rewind(&a->arena, mark);
	return left;
}

/* A batch leaves the one queue and enters the other in one step. */
static int move_batch(struct attach *a, struct consumer *c, struct arena *arena, struct err *err)
{
	struct batch batch;
	int n = broker_receive(c, (struct receive_limits){ BATCH, BATCH_BYTES }, arena, &batch,
	                       err);
	if (n <= 0)
		return n;
	struct publish *published = arena_zalloc(arena, batch.n, sizeof *published);
	for (size_t i = 0; i < batch.n; i++)
		published[i] = (struct publish){ batch.messages[i].body, &a->to, 1 };
	const struct commit commit = {
		.consumed = batch.messages,
		.n_consumed = batch.n,
		.published = published,
		.n_published = batch.n,
		.durable = true,
	};
	a->moved += batch.n;
	return broker_commit(c, &commit, err) < 0 ? -1 : n;
}

static int move_messages(struct attach *a, struct consumer *c, struct err *err)
{
	struct arena arena;
	int64_t left = 0;
	arena_init(&arena);
	while (!str_eq(a->from, a->to) && (left = left_in(a, a->from, err)) > 0) {
		int n = move_batch(a, c, &arena, err);
		struct pollfd fd = { .fd = consumer_fd(c), .events = POLLIN };
		if (n < 0)
			left = -1;
		if (n < 0 || (n == 0 && poll(&fd, 1, WAIT_MS) < 0))
			break;
		arena_reset(&arena);
	}
	arena_fini(&arena);
	return left < 0 ? -1 : 0;
}

/* ---- State ---- */

static int64_t now_seconds(void)
{
	return clock_now_us() / 1000000;
}

static void load_change(void *context, const struct state_change *change)
{
	state_table_load(context, change);
}

static void keep_entry(void *context, struct str key, struct str value, int64_t expires)
{
	struct attach *a = context;
	if (a->n == a->capacity) {
		a->capacity = a->capacity ? a->capacity * 2 : 1024;
		a->changes = realloc(a->changes, a->capacity * sizeof *a->changes);
		if (!a->changes)
			abort();
	}
	a->changes[a->n++] = (struct state_change){
		.key = arena_dup(&a->arena, key),
		.value = arena_dup(&a->arena, value),
		.expires = expires,
	};
}

/* What counts of all that the broker has of the bot. */
static int read_state(struct attach *a, struct consumer *c, struct err *err)
{
	struct state_table *table = state_table_new(now_seconds);
	int rc = broker_load_state(c, load_change, table, err);
	if (rc == 0)
		state_table_each(table, keep_entry, a);
	state_table_free(table);
	return rc;
}

static int commit_changes(struct attach *a, struct consumer *c, struct err *err)
{
	int rc = 0;
	for (size_t i = 0; rc == 0 && i < a->n; i += CHANGES) {
		size_t n = a->n - i < CHANGES ? a->n - i : CHANGES;
		const struct commit commit = {
			.changes = a->changes + i,
			.n_changes = n,
			.durable = i + n == a->n,
		};
		rc = broker_wait_for_room(c, NULL, NULL, err) <= 0 ? -1
		                                                   : broker_commit(c, &commit, err);
	}
	return rc;
}

/* The new bot has it durably before the old one loses it. */
static int move_state(struct attach *a, struct consumer *old, struct err *err)
{
	struct consumer *new;
	if (read_state(a, old, err) < 0)
		return -1;
	if (a->n == 0)
		return 0;
	if (consumer_open(a->broker, a->new, 0, a->to, NULL, 0, &new, err) < 0)
		return -1;
	int rc = commit_changes(a, new, err);
	consumer_close(new);
	for (size_t i = 0; i < a->n; i++)
		a->changes[i].deleted = true;
	return rc < 0 ? -1 : commit_changes(a, old, err);
}

/* As the old bot, which so cannot run meanwhile. */
static int as_old(struct attach *a, int (*act)(struct attach *, struct consumer *, struct err *),
                  struct err *err)
{
	struct consumer *old;
	if (consumer_open(a->broker, a->old, 0, a->from, &a->to, 1, &old, err) < 0)
		return -1;
	int rc = act(a, old, err);
	consumer_close(old);
	return rc;
}

static int attach(struct attach *a, const struct paths *paths, struct err *err)
{
	struct runtime *runtime = NULL;
	struct findings findings;
	const struct runtime_source source = { paths->runtime, (const char *const *)environ };
	findings_init(&findings, &a->arena);
	runtime_load(&a->arena, &source, &runtime, &findings);
	a->from = queue_of(a, runtime, a->old);
	a->to = queue_of(a, runtime, a->new);
	if (broker_connect(paths->broker_socket, -1, &a->broker, err) < 0)
		return -1;
	return as_old(a, move_messages, err) < 0 ? -1 : as_old(a, move_state, err);
}

int command_attach(int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		fputs(help, c == 'h' ? stdout : stderr);
		return c == 'h' ? 0 : 2;
	}
	if (argc - optind != 2 || !runtime_id_is_valid(str_of(argv[optind])) ||
	    !runtime_id_is_valid(str_of(argv[optind + 1])) ||
	    str_eq(str_of(argv[optind]), str_of(argv[optind + 1]))) {
		fputs(help, stderr);
		return 2;
	}
	struct attach a = { .old = str_of(argv[optind]), .new = str_of(argv[optind + 1]) };
	struct err err = { 0 };
	arena_init(&a.arena);
	int rc = attach(&a, paths_new(&a.arena, LAYOUT_OPT, environment_real, NULL), &err);
	if (rc < 0)
		fprintf(stderr, "intelmq attach: %s\n", err.text);
	else
		printf("%llu messages and %zu entries of state went from %s to %s.\n",
		       (unsigned long long)a.moved, a.n, argv[optind], argv[optind + 1]);
	broker_free(a.broker);
	free(a.changes);
	arena_fini(&a.arena);
	return rc < 0;
}
