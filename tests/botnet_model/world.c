/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Decides what happens next. */
#include "tests/botnet_model/world.h"

#include <intelmq/clock.h>
#include <sqlite3.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "broker/server_inside.h"
#include "tests/power_vfs.h"

enum {
	CALM_ROUNDS = 6000,
	START_S = 1000000, /* of the clock */
};

/* ---- Rules ---- */

static int rule_off = RULES;

static const char *const rule_names[RULES] = {
	[RULE_WHOLE] = "whole",
	[RULE_PREFIX] = "prefix",
	[RULE_GAP] = "gap",
	[RULE_CLAIM_FREE] = "claim_free",
	[RULE_DRAIN] = "drain",
	[RULE_FENCE] = "fence",
	[RULE_NO_OVERTAKE] = "no_overtake",
	[RULE_CLEAR_FREE] = "clear_free",
	[RULE_EPOCH] = "epoch",
	[RULE_DURABLE] = "durable",
	[RULE_STATE_FIRST] = "state_first",
	[RULE_ROUND_ROWS] = "round_rows",
	[RULE_ROUND_FORGET] = "round_forget",
	[RULE_ROOM] = "room",
	[RULE_CYCLE] = "cycle",
	[RULE_SCC] = "scc",
	[RULE_DISK_DRAIN] = "disk_drain",
	[RULE_FULL_KEEPS] = "full_keeps",
	[RULE_RETRY_CHECK] = "retry_check",
	[RULE_ERROR_ENDS] = "error_ends",
	[RULE_ONE_FRAME] = "one_frame",
	[RULE_EXIT] = "exit",
	[RULE_WATCH] = "watch",
	[RULE_ACK_DURABLE] = "ack_durable",
	[RULE_OPEN_DURABLE] = "open_durable",
	[RULE_ROUND] = "round",
	[RULE_PARTS_ROOM] = "parts_room",
	[RULE_NOTE] = "note",
	[RULE_NOTE_MESSAGE] = "note_message",
	[RULE_FILE_CUT] = "file_cut",
	[RULE_FILE_SYNC] = "file_sync",
	[RULE_DIRECTORY_SYNC] = "directory_sync",
	[RULE_FIND_ROTATED] = "find_rotated",
};

void rules_set_off(int rule)
{
	rule_off = rule;
}

const char *rule_name(int rule)
{
	return rule_names[rule];
}

bool rule_is_on(int rule)
{
	return rule != rule_off;
}

bool rule_on(enum rule rule)
{
	return rule_is_on((int)rule);
}

/* ---- Chance, and what is told ---- */

uint32_t below(struct world *world, uint32_t n)
{
	world->random ^= world->random << 13;
	world->random ^= world->random >> 7;
	world->random ^= world->random << 17;
	return (uint32_t)(world->random >> 20) % n;
}

bool chance(struct world *world, unsigned of_1000)
{
	return below(world, 1000) < of_1000;
}

void bad(struct world *world, const char *format, ...)
{
	va_list args;
	if (world->bad[0])
		return;
	va_start(args, format);
	vsnprintf(world->bad, sizeof world->bad, format, args);
	va_end(args);
}

void trace(struct world *world, const char *format, ...)
{
	va_list args;
	if (!world->trace)
		return;
	printf("%5u %8lld ms  ", world->turns, (long long)clock_monotonic_ms());
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

bool loops(uint64_t id)
{
	return !id_loop(id) && (id_item(id) + id_row(id)) % 3 != 1;
}

unsigned dedup_key(uint64_t id)
{
	return (id_item(id) * 3 + id_row(id)) % 6;
}

unsigned rows_of(uint64_t id)
{
	return 1 + (id_item(id) * 5 + id_source(id)) % 7;
}

/* What the broker writes into its log. Workers are honest: nobody breaks the protocol. */
static void hear_log(void *context, bool is_error, const char *text)
{
	struct world *world = context;
	(void)is_error;
	trace(world, "broker: %s", text);
	if (strstr(text, "Security"))
		bad(world, "%s", text);
}

/* ---- The beginning ---- */

static unsigned one_of(struct world *world, unsigned a, unsigned b, unsigned c, unsigned d)
{
	const unsigned all[] = { a, b, c, d };
	return all[below(world, 4)];
}

static void set_chances(struct world *world)
{
	static const unsigned most[KINDS] = {
		[KILL] = 40, [BROKER] = 10,    [POWER] = 6, [FULL] = 10,
		[ERROR] = 6, [CONFIGURE] = 10, [CLI] = 20,  [ROTATE] = 10
	};
	for (size_t i = 0; i < KINDS; i++)
		world->chance[i] = one_of(world, 0, 0, most[i] / 4, most[i]);
	world->writer_speed = one_of(world, 1000, 1000, 200, 50);
}

static void set_size(struct world *world)
{
	bool large = below(world, 3) == 0;
	world->n_all1 = world->n_items1 = below(world, large ? 12 : 5);
	for (unsigned i = 0; i < world->n_items1; i++)
		world->items1[i] = i;
	world->n_items2 = below(world, large ? 12 : 5);
	world->parsers = one_of(world, 1, 1, 1, 2);
	world->experts = one_of(world, 1, 1, 1, 2);
	world->two_instances = world->parsers + world->experts > 2;
	world->queue_limit = large ? one_of(world, 0, 0, 8, 20) : one_of(world, 2, 3, 4, 12);
	world->body_size = one_of(world, 0, 20, 60, 100);
	world->batch_size = one_of(world, 2, 3, 3, 6);
	world->e_exists = world->x_knows_e = true;
	world->path = -1;
}

static void set_workers(struct world *world)
{
	static const struct {
		enum bot bot;
		unsigned instance;
	} slots[WORKERS] = { { C1, 0 }, { C2, 0 }, { P, 0 },  { P, 1 },   { X, 0 },
		             { X, 1 },  { D, 0 },  { V, 0 },  { L, 0 },   { F, 0 },
		             { O, 0 },  { E, 0 },  { E2, 0 }, { TOOL, 0 } };
	for (size_t i = 0; i < WORKERS; i++) {
		struct worker *w = &world->workers[i];
		w->world = world;
		w->bot = slots[i].bot;
		w->instance = slots[i].instance;
		w->run = bot_runs[w->bot];
		w->speed = one_of(world, 30, 300, 1000, 1000);
	}
	configure(world);
}

static void set_broker(struct world *world)
{
	world->options = (struct server_options){
		.store = { .directory = "x",
		           .vfs = "power",
		           .without_lock = true,
		           .reserve = one_of(world, 0, 0, 20000, 100000) },
		.limits = { .messages = world->queue_limit,
		            .bytes = one_of(world, 0, 0, 0, 200 + below(world, 1000)) },
		.disk_limit = one_of(world, 0, 0, 8 + below(world, 16), 8 + below(world, 16)),
		.memory = one_of(world, 0, 200, 400, 800) + below(world, 3000) * below(world, 2),
		.without_thread = true,
		.context = world,
		.log = hear_log,
	};
}

static void world_init(struct world *world, uint64_t seed, bool trace)
{
	*world = (struct world){ .seed = seed, .trace = trace };
	world->random = (seed + 1) * 0x9e3779b97f4a7c15u;
	for (int i = 0; i < 4; i++)
		below(world, 2);
	clock_set((int64_t)START_S * 1000000);
	sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, (int)(seed % 1000000) + 1, NULL);
	model_init(&world->model);
	model_watch(world);
	world->vfs = power_vfs_new("power", seed);
	links_init(world);
	set_chances(world);
	set_size(world);
	set_workers(world);
	set_broker(world);
	broker_begin(world);
}

static void world_fini(struct world *world)
{
	world->calm = true;
	for (size_t i = 0; i < WORKERS; i++) {
		struct worker *w = &world->workers[i];
		worker_kill(w);
		while (w->task.lives)
			task_go_on(&w->task);
		task_fini(&w->task);
	}
	power_vfs_off(world->vfs, true);
	server_close(world->server);
	power_vfs_free(world->vfs);
	links_fini(world);
	model_fini(&world->model);
	for (size_t i = 0; i < world->n_inodes; i++)
		free(world->inodes[i].ids);
	free(world->deliveries);
	clock_unset();
}

/* ---- Turns ---- */

/* Some of the workers and connections, perhaps the broker, perhaps the disk. */
static void turn(struct world *world)
{
	world->turns++;
	if (chance(world, 600))
		clock_advance((int64_t)below(world, 20000));
	for (unsigned n = 1 + below(world, 6); n; n--) {
		struct worker *w = &world->workers[below(world, WORKERS)];
		if (w->dead || chance(world, w->speed))
			worker_turn(world, w);
	}
	links_turn(world, false);
	if (chance(world, 600))
		broker_turn(world);
	if (chance(world, 400))
		writer_turn(world);
	if (chance(world, 50))
		fate(world);
}

static bool is_quiet(const struct world *world)
{
	const struct server *s = world->server;
	for (const struct link *link = world->links; link; link = link->next)
		if (link->up.n)
			return false;
	return s && !world->n_items1 && !world->model.messages &&
	       world->model.cells[C2][0].a == world->n_items2 &&
	       groups_is_stored(s, groups_last(s));
}

/* Everybody has a turn. */
static void round_of_all(struct world *world)
{
	clock_advance(10000);
	world->turns++;
	for (size_t i = 0; i < WORKERS; i++)
		worker_turn(world, &world->workers[i]);
	links_turn(world, true);
	broker_turn(world);
	writer_turn(world);
}

static void calm_down(struct world *world)
{
	world->calm = true;
	power_vfs_cut(world->vfs, 0);
	power_vfs_fail(world->vfs, 0);
	power_vfs_fill(world->vfs, POWER_NO_LIMIT);
	trace(world, "no faults from now on");
	configure(world);
	for (int i = 0; i < CALM_ROUNDS && !world->bad[0]; i++) {
		round_of_all(world);
		if (is_quiet(world))
			return;
	}
	struct str most = S("the sources");
	for (size_t q = 0; q < QUEUES; q++)
		if (world->model.queues[q].messages)
			most = queue_names[q];
	bad(world, "no progress: %zu messages are left, in %s", world->model.messages, most.p);
}

static uint64_t print_of(const struct world *world)
{
	uint64_t print = world->random;
	for (size_t i = 0; i < world->model.n_ops; i++) {
		const struct op *op = &world->model.ops[i];
		print = (print ^ op->kind ^ op->where << 4 ^ op->what ^ op->a) * 0x100000001b3u;
	}
	return print;
}

bool world_run(uint64_t seed, bool trace_it, struct outcome *out)
{
	static struct world world; /* too large for the stack */
	world_init(&world, seed, trace_it);
	unsigned turns = one_of(&world, 200, 400, 800, 1600);
	while (world.turns < turns && !world.bad[0])
		turn(&world);
	if (!world.bad[0])
		calm_down(&world);
	if (!world.bad[0])
		check_end(&world);
	if (!world.bad[0]) {
		broker_end(&world, below(&world, 2));
		broker_begin(&world);
	}
	*out = (struct outcome){ .print = print_of(&world) };
	snprintf(out->reason, sizeof out->reason, "%s", world.bad);
	bool good = !world.bad[0];
	if (good || rule_off == RULES)
		world_fini(&world);
	return good;
}
