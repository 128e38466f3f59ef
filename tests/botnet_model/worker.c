/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What workers have in common: their life, and broker.h as they use it. */
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/botnet_model/world.h"

enum { BATCH_BYTES = 200 };

/* ---- Life ---- */

static void wait_in_task(void *context)
{
	(void)context;
	task_pause();
}

static bool connect_bot(struct worker *w)
{
	bool reads = w->bot != C1 && w->bot != C2 && w->bot != TOOL;
	static const enum queue_name sources[BOTS] = {
		[P] = QP, [X] = QX, [D] = QD, [V] = QV,  [L] = QL,
		[F] = QF, [O] = QO, [E] = QE, [E2] = QE2
	};
	return consumer_open(w->broker, bot_names[w->bot], w->instance,
	                     reads ? queue_names[sources[w->bot]] : STR_NONE, w->destinations,
	                     w->n_destinations, &w->consumer, NULL) == 0;
}

static void worker_main(void *context)
{
	struct worker *w = context;
	const struct client_hooks hooks = { link_open, wait_in_task, w };
	w->broker = broker_connect_inside(&hooks);
	if (w->bot == TOOL || connect_bot(w))
		w->run(w);
	/* One that lost its connection executes itself anew: its memory is gone as well. */
	if (w->dead || w->stop || rule_is_on(RULE_EXIT))
		w->memory.valid = false;
	consumer_close(w->consumer);
	w->consumer = NULL;
	broker_free(w->broker);
	w->broker = NULL;
	arena_fini(&w->arena);
}

void worker_begin(struct worker *w)
{
	w->stop = w->dead = false;
	w->n_fds = 0;
	arena_init(&w->arena);
	w->batch = (struct batch){ 0 };
	trace(w->world, "%s.%u starts", bot_names[w->bot].p, w->instance);
	task_start(&w->task, worker_main, w);
}

/* Its ends of connections are closed at this moment; what the task still has leads nowhere. */
void worker_kill(struct worker *w)
{
	struct stat st;
	int nowhere[2];
	if (!w->task.lives || w->dead)
		return;
	trace(w->world, "%s.%u is killed", bot_names[w->bot].p, w->instance);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, nowhere) < 0)
		abort();
	close(nowhere[1]);
	for (size_t i = 0; i < w->n_fds; i++)
		if (fstat(w->fds[i], &st) == 0 && st.st_ino == w->inodes[i] &&
		    dup2(nowhere[0], w->fds[i]) < 0)
			abort();
	close(nowhere[0]);
	w->dead = true;
	w->memory.valid = false;
}

bool worker_pause(struct worker *w)
{
	if (!w->dead)
		task_pause();
	return !w->dead;
}

bool worker_idle(struct worker *w)
{
	struct pollfd fd = { .events = POLLIN };
	if (!worker_pause(w) || w->stop)
		return false;
	if (!rule_is_on(RULE_WATCH) || !w->consumer)
		return true;
	fd.fd = consumer_fd(w->consumer);
	if (poll(&fd, 1, 0) == 1)
		broker_no_room(w->consumer); /* hears what there is */
	return !w->dead && !consumer_is_broken(w->consumer);
}

/* ---- The broker ---- */

bool worker_receive(struct worker *w, size_t messages)
{
	const struct receive_limits limits = { messages, BATCH_BYTES };
	arena_reset(&w->arena);
	while (!w->dead && !w->stop) {
		int n = broker_receive(w->consumer, limits, &w->arena, &w->batch, NULL);
		if (n > 0)
			return !w->dead;
		if (n < 0 || !worker_pause(w))
			return false;
	}
	return false;
}

void worker_told(struct worker *w)
{
	struct model *m = &w->world->model;
	if (w->dead)
		return;
	if (w->lost)
		bad(w->world, "durable: %s was told so of what a recovery did not bring back",
		    bot_names[w->bot].p);
	else if (w->durable_n > m->told)
		m->told = w->durable_n;
}

/* Some of a commit's last bytes never left the worker, which was killed in the midst of sending. */
static bool cut(struct worker *w, size_t before)
{
	struct buffer *up = &w->link->up;
	link_drain(w->link);
	if (up->n > before)
		up->n = before + below(w->world, (uint32_t)(up->n - before + 1));
	worker_kill(w);
	return false;
}

bool worker_commit(struct worker *w, struct commit *commit)
{
	struct world *world = w->world;
	bool cuts = !world->calm && !commit->durable && w->link &&
	            chance(world, world->chance[KILL]);
	size_t before = 0;
	if (cuts) {
		link_drain(w->link);
		before = w->link->up.n;
	}
	if (w->dead || broker_commit(w->consumer, commit, NULL) < 0)
		return false;
	if (cuts && w->link)
		return cut(w, before);
	if (commit->durable)
		worker_told(w);
	return !w->dead;
}

bool worker_wait_room(struct worker *w)
{
	return !w->dead && broker_wait_for_room(w->consumer, NULL, NULL, NULL) > 0 && !w->dead;
}

bool worker_has_room(struct worker *w, bool *out)
{
	*out = !w->dead && !broker_no_room(w->consumer).p;
	return !w->dead && !consumer_is_broken(w->consumer);
}

/* ---- Keyed state ---- */

static void take_change(void *context, const struct state_change *change)
{
	struct cell *cells = context;
	struct cell cell = { .set = true };
	if (change->key.n != KEY_SIZE || change->value.n != 2 * sizeof cell.a)
		return;
	memcpy(&cell.a, change->value.p, sizeof cell.a);
	memcpy(&cell.b, change->value.p + sizeof cell.a, sizeof cell.b);
	cells[(change->key.p[0] - '0') % KEYS] = cell;
}

/* Whatever was committed before is in it, and nothing else: its predecessor has ended. */
bool worker_load(struct worker *w)
{
	struct memory memory = { .valid = true,
		                 .resend = KEYS }; /* the next commit begins a round */
	if (w->dead || broker_load_state(w->consumer, take_change, memory.cells, NULL) < 0 ||
	    w->dead)
		return false;
	const struct cell *now = w->world->model.cells[w->bot];
	for (unsigned k = 0; k < KEYS && !w->world->bad[0]; k++)
		if (memcmp(&memory.cells[k], &now[k], sizeof *now) != 0 && w->world->server)
			bad(w->world,
			    "state: %s loads key %u as it was not at the end of its predecessor",
			    bot_names[w->bot].p, k);
	w->memory = memory;
	return true;
}

struct state_change worker_change(struct worker *w, unsigned key, uint64_t a, uint64_t b)
{
	char *text = arena_alloc(&w->arena, KEY_SIZE + 2 * sizeof a);
	memset(text, 'k', KEY_SIZE);
	text[0] = (char)('0' + key);
	memcpy(text + KEY_SIZE, &a, sizeof a);
	memcpy(text + KEY_SIZE + sizeof a, &b, sizeof b);
	w->memory.cells[key] = (struct cell){ true, a, b };
	return (struct state_change){ .key = { text, KEY_SIZE },
		                      .value = { text + KEY_SIZE, 2 * sizeof a } };
}

struct publish *worker_publish(struct worker *w, uint64_t id, size_t n_queues,
                               const struct str *queues)
{
	struct publish *p = arena_alloc(&w->arena, sizeof *p);
	struct buffer body;
	buffer_init_in(&body, &w->arena, SIZE_MAX / 2);
	write_body(&body, id, w->world->body_size);
	struct str *names = arena_alloc(&w->arena, (n_queues + 1) * sizeof *names);
	memcpy(names, queues, n_queues * sizeof *names);
	*p = (struct publish){ buffer_str(&body), names, n_queues };
	return p;
}
