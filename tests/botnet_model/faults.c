/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What goes wrong, and what people change. */
#include "tests/botnet_model/world.h"

#include "tests/power_vfs.h"

/* ---- The configuration ---- */

static void want(struct world *world, enum bot bot, unsigned instances)
{
	for (size_t i = 0; i < WORKERS; i++) {
		struct worker *w = &world->workers[i];
		if (w->bot == bot)
			w->wanted = w->instance < instances;
	}
}

static size_t destinations_of(const struct world *world, enum bot bot, struct str *out)
{
	size_t n = 0;
	static const enum queue_name next[BOTS] = {
		[C1] = QP, [C2] = QP, [P] = QX, [L] = QX, [D] = QV, [V] = QO
	};
	if (bot == X) {
		out[n++] = queue_names[QD];
		out[n++] = queue_names[QF];
		out[n++] = queue_names[QL];
		if (world->x_knows_e)
			out[n++] = queue_names[world->e_renamed ? QE2 : QE];
	} else if (bot < E && bot != F && bot != O) {
		out[n++] = queue_names[next[bot]];
	}
	return n;
}

/*
 * The limit may be passed by one commit of each producer. Until L has connected for the first time the broker does not know of
 * the cycle: then X and L have a limit each, and what they had before is not counted.
 */
void set_limits(struct world *world)
{
	const struct model *m = &world->model;
	unsigned limit = world->queue_limit, parts = 3 * world->parsers;
	unsigned one = world->batch_size, batch = world->two_instances ? 2 * one : one;
	unsigned before = (unsigned)(m->queues[QX].messages + m->queues[QL].messages);
	unsigned *limits = world->model.limits;
	memset(limits, 0, sizeof world->model.limits);
	if (!limit)
		return;
	limits[QP] = limit - 1 + 2;
	limits[QX] = limits[QL] = before + 2 * (limit - 1) + parts + batch;
	limits[QD] = limits[QF] = limits[QE] = limits[QE2] = limit - 1 + batch;
	limits[QV] = limits[QO] = limit - 1 + one;
}

void configure(struct world *world)
{
	static const enum bot always[] = { C1, C2, D, V, L, F, O };
	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		want(world, always[i], 1);
	want(world, P, world->parsers);
	want(world, X, world->experts);
	want(world, E, world->calm || (world->e_exists && !world->e_renamed));
	want(world, E2, world->calm || (world->e_exists && world->e_renamed));
	for (size_t i = 0; i < WORKERS; i++) {
		struct worker *w = &world->workers[i];
		struct str destinations[DESTINATIONS];
		size_t n = destinations_of(world, w->bot, destinations);
		bool changed = n != w->n_destinations;
		for (size_t k = 0; k < n && !changed; k++)
			changed = !str_eq(destinations[k], w->destinations[k]);
		if (w->task.lives && (!w->wanted || changed) && w->bot != TOOL)
			w->stop = true;
	}
}

/* A worker learns where it publishes when it starts. */
static void start_worker(struct world *world, struct worker *w)
{
	w->n_destinations = destinations_of(world, w->bot, w->destinations);
	worker_begin(w);
}

/* intelmqd starts what is wanted, once what ran before has ended. */
void worker_turn(struct world *world, struct worker *w)
{
	if (w->task.lives)
		task_go_on(&w->task);
	else if (w->wanted && world->server)
		start_worker(world, w);
}

/* ---- The broker ---- */

static void power_loss_of_files(struct world *world)
{
	for (size_t i = 0; i < world->n_inodes; i++) {
		struct inode *f = &world->inodes[i];
		if (!f->named && !f->gone) {
			f->gone = true;
			f->n = f->synced = 0;
			if (world->path == (int)i)
				world->path = -1;
		} else if (!f->gone) {
			f->n = f->synced + below(world, (uint32_t)(f->n - f->synced + 1));
			f->synced = f->n;
		}
	}
}

/* All processes of the machine are gone, and what was not synced. */
static void power_loss(struct world *world)
{
	for (size_t i = 0; i < WORKERS; i++)
		worker_kill(&world->workers[i]);
	power_loss_of_files(world);
}

void broker_end(struct world *world, bool power)
{
	trace(world, "the broker ends%s, commit %zu", power ? " with the power" : "",
	      world->model.n);
	power_vfs_off(world->vfs, !power);
	server_close(world->server);
	world->server = NULL;
	world->full = false;
	if (power)
		power_loss(world);
}

void broker_begin(struct world *world)
{
	struct err err = { 0 };
	power_vfs_on(world->vfs);
	if (!world->calm && chance(world, world->chance[POWER]))
		power_vfs_cut(world->vfs, 1 + below(world, 30));
	if (server_open(&world->options, &world->server, &err) == 0) {
		power_vfs_cut(world->vfs, 0);
		check_recovery(world);
		return;
	}
	world->server = NULL;
	if (!power_vfs_is_off(world->vfs))
		bad(world, "the broker does not start: %s", err.text);
	else
		power_loss(world);
}

void broker_turn(struct world *world)
{
	struct err err = { 0 };
	if (!world->server) {
		if (world->calm || chance(world, 200))
			broker_begin(world);
	} else if (server_step(world->server, 0, &err) < 0) {
		bool power = power_vfs_is_off(world->vfs);
		trace(world, "%s", err.text);
		if (!power && !world->chance[ERROR])
			bad(world, "the broker ends by itself: %s", err.text);
		broker_end(world, power);
	}
}

void writer_turn(struct world *world)
{
	if (!world->server || (!world->calm && !chance(world, world->writer_speed)))
		return;
	server_work(world->server);
	if (power_vfs_is_off(world->vfs)) {
		/* In the midst of writing; what was told before is told, what comes now is not. */
		broker_end(world, true);
	}
}

/* ---- Fate ---- */

static void fill_disk(struct world *world)
{
	world->full = !world->full;
	world->lies = world->full && below(world, 2);
	power_vfs_fill(world->vfs, world->full ? below(world, 200000) : POWER_NO_LIMIT);
	trace(world, "the disk is %s", world->full ? "full" : "not full any more");
}

static void change_configuration(struct world *world)
{
	switch (below(world, 4)) {
	case 0:
		world->x_knows_e = !world->x_knows_e;
		break;
	case 1:
		world->e_exists = !world->e_exists;
		break;
	case 2:
		world->e_renamed = !world->e_renamed;
		break;
	default:
		/* The order of messages is looked at only if it never had two. */
		if (world->parsers + world->experts > 2)
			world->experts = 3 - world->experts;
	}
	trace(world, "configuration: X knows E %d, E exists %d, as E2 %d, %u of X",
	      world->x_knows_e, world->e_exists, world->e_renamed, world->experts);
	configure(world);
}

static bool strikes(struct world *world, enum kind kind)
{
	return chance(world, world->chance[kind] * 8);
}

static void fate_of_disk(struct world *world)
{
	if (strikes(world, FULL) || (world->full && chance(world, 100)))
		fill_disk(world);
	if (strikes(world, ERROR))
		power_vfs_fail(world->vfs, 1 + below(world, 20));
	if (strikes(world, POWER)) {
		if (below(world, 2))
			power_vfs_cut(world->vfs, 1 + below(world, 20));
		else
			broker_end(world, true);
	}
}

static void set_tool(struct world *world)
{
	for (size_t i = 0; i < WORKERS; i++)
		if (world->workers[i].bot == TOOL && !world->workers[i].task.lives)
			start_worker(world, &world->workers[i]);
}

void fate(struct world *world)
{
	if (strikes(world, KILL))
		worker_kill(&world->workers[below(world, WORKERS)]);
	if (strikes(world, BROKER) && world->server)
		broker_end(world, false);
	if (world->server)
		fate_of_disk(world);
	if (strikes(world, ROTATE) && world->path >= 0)
		world->path = -1;
	if (strikes(world, CONFIGURE))
		change_configuration(world);
	if (strikes(world, CLI) && world->server)
		set_tool(world);
}
