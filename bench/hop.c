/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a hop costs: one more pure expert in a botnet with the embedded broker, one process each. All processor time counts,
 * of all processes, the kernel's part too. Measured as the difference between botnets with one expert and with five.
 * Then the backlog: what it costs more if a million messages lie in the queue before anybody takes one.
 *
 *	hop [--json]
 */
#include <intelmq/clock.h>
#include <intelmq/json.h>

#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/events.h"
#include "broker/server.h"
#include "engine/types.h"
#include "engine/worker.h"
#include "tests/format.h"

enum { EVENTS = 5000, TOTAL = 200000, BACKLOG = 1000000, BATCH = 100, LONG = 5, ROUNDS = 3 };

struct place {
	char directory[64], socket[80];
	struct data_format *format;
	struct bench_events events;
};

static void die(const char *what, const struct err *err)
{
	fprintf(stderr, "hop: %s: %s\n", what, err->text);
	_exit(1);
}

/* ---- The processes ---- */

static void run_broker(const struct place *place, uint64_t limit)
{
	struct err err = { 0 };
	struct server *server;
	const struct server_options options = {
		.store = { .directory = place->directory },
		.socket = place->socket,
		.limits = { .messages = limit },
	};
	if (server_open(&options, &server, &err) < 0)
		die("broker", &err);
	while (server_step(server, 1000, &err) == 0)
		;
	die("broker", &err);
}

static struct broker *connect_broker(const struct place *place)
{
	struct err err = { 0 };
	struct broker *broker;
	while (broker_connect(place->socket, -1, &broker, &err) < 0)
		usleep(2000);
	return broker;
}

static void wait_for(struct consumer *c, int64_t ms)
{
	struct pollfd fd = { consumer_fd(c), POLLIN, 0 };
	poll(&fd, 1, ms > 1000 ? 1000 : (int)ms);
}

static void run_feeder(const struct place *place, size_t total)
{
	struct broker *broker = connect_broker(place);
	struct consumer *c;
	struct err err = { 0 };
	struct str queue = S("q0");
	struct publish published[BATCH];
	if (consumer_open(broker, S("feeder"), 0, STR_NONE, &queue, 1, &c, &err) < 0)
		die("feeder", &err);
	for (size_t sent = 0; sent < total; sent += BATCH) {
		while (broker_no_room(c).p)
			wait_for(c, 1000);
		for (size_t i = 0; i < BATCH; i++)
			published[i] = (struct publish){
				place->events.all[(sent + i) % place->events.n], &queue, 1
			};
		if (broker_commit(c,
		                  &(struct commit){ .published = published, .n_published = BATCH },
		                  &err) < 0)
			die("feeder", &err);
	}
	_exit(0);
}

static void say(void *context, const char *bot_id, enum log_level level, struct str text)
{
	(void)context;
	if (level >= LEVEL_WARNING)
		fprintf(stderr, "%s: %.*s\n", bot_id, STR_ARG(text));
}

static void run_expert(const struct place *place, int number)
{
	struct arena arena;
	struct err err = { 0 };
	arena_init(&arena);
	struct dict *paths = dict_new(&arena);
	struct list *queues = list_new(&arena);
	list_add(queues, value_str(arena_printf(&arena, "q%d", number + 1)));
	dict_set(paths, S("_default"), value_list(queues));
	const struct host host = { .broker = connect_broker(place),
		                   .format = place->format,
		                   .log = say };
	const struct worker_options options = {
		.id = arena_printf(&arena, "expert-%d", number).p,
		.type = bot_type_find(S("intelmq.bots.experts.taxonomy.expert"), &err),
		.parameters = dict_new(&arena),
		.source_queue = arena_printf(&arena, "q%d", number),
		.destinations = paths,
	};
	struct worker *worker = options.type ? worker_open(&host, &options, &err) : NULL;
	if (!worker)
		die("expert", &err);
	while (true) {
		int64_t ms = worker_step(worker);
		if (ms)
			wait_for(worker_consumer(worker), ms);
	}
}

static void run_sink(const struct place *place, int number, size_t total)
{
	struct arena arena;
	struct err err = { 0 };
	struct broker *broker = connect_broker(place);
	struct consumer *c;
	struct batch batch;
	arena_init(&arena);
	if (consumer_open(broker, S("sink"), 0, arena_printf(&arena, "q%d", number), NULL, 0, &c,
	                  &err) < 0)
		die("sink", &err);
	for (size_t got = 0; got < total; got += batch.n) {
		int n = broker_receive(c, (struct receive_limits){ BATCH, 1 << 20 }, &arena, &batch,
		                       &err);
		if (n < 0 || (n && broker_commit(c,
		                                 &(struct commit){ .consumed = batch.messages,
		                                                   .n_consumed = batch.n },
		                                 &err) < 0))
			die("sink", &err);
		if (!n)
			wait_for(c, 1000);
		arena_reset(&arena);
	}
	_exit(0);
}

/* ---- Measuring ---- */

static double cpu_of_children(void)
{
	struct rusage usage;
	getrusage(RUSAGE_CHILDREN, &usage);
	return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

#define START(call)                                                                                \
	({                                                                                         \
		pid_t pid = fork();                                                                \
		if (pid == 0) {                                                                    \
			call;                                                                      \
			_exit(0);                                                                  \
		}                                                                                  \
		pid;                                                                               \
	})

static void place_init(struct place *place)
{
	snprintf(place->directory, sizeof place->directory, "/var/tmp/intelmq-bench-XXXXXX");
	if (!mkdtemp(place->directory))
		abort();
	snprintf(place->socket, sizeof place->socket, "%s/socket", place->directory);
}

static void place_fini(struct place *place)
{
	char command[128];
	snprintf(command, sizeof command, "rm -r '%s'", place->directory);
	if (system(command) != 0)
		fprintf(stderr, "hop: %s is left\n", place->directory);
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Microseconds of processor time a message, of everybody. */
static double run_line(struct place *place, int experts, size_t total)
{
	pid_t pids[LONG];
	double before = cpu_of_children();
	place_init(place);
	pid_t broker = START(run_broker(place, 20000));
	for (int i = 0; i < experts; i++)
		pids[i] = START(run_expert(place, i));
	pid_t sink = START(run_sink(place, experts, total)),
	      feeder = START(run_feeder(place, total));
	waitpid(feeder, NULL, 0);
	waitpid(sink, NULL, 0);
	for (int i = 0; i < experts; i++)
		end(pids[i]);
	end(broker);
	place_fini(place);
	return (cpu_of_children() - before) * 1e6 / (double)total;
}

static double run_backlog(struct place *place)
{
	double before = cpu_of_children();
	place_init(place);
	pid_t broker = START(run_broker(place, 0)), feeder = START(run_feeder(place, BACKLOG));
	waitpid(feeder, NULL, 0);
	pid_t sink = START(run_sink(place, 0, BACKLOG));
	waitpid(sink, NULL, 0);
	end(broker);
	place_fini(place);
	return (cpu_of_children() - before) * 1e6 / BACKLOG;
}

static double best(double a, double b)
{
	return a == 0 || b < a ? b : a;
}

int main(int argc, char **argv)
{
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
	struct place place = { .format = test_format_new(), .events = bench_events_new(EVENTS) };
	double none = 0, one = 0, many = 0;
	for (int i = 0; i < ROUNDS; i++) {
		none = best(none, run_line(&place, 0, TOTAL));
		one = best(one, run_line(&place, 1, TOTAL));
		many = best(many, run_line(&place, LONG, TOTAL));
	}
	double hop = (many - one) / (LONG - 1), backlog = run_backlog(&place) - none;
	double size = (double)place.events.text.n / (double)place.events.n;
	if (json)
		printf("{\"bench\": \"hop\", \"bytes\": %.0f, \"hop_us\": %.2f, \"none_us\": %.2f, "
		       "\"one_us\": %.2f, "
		       "\"five_us\": %.2f, \"backlog_us\": %.2f}\n",
		       size, hop, none, one, many, backlog);
	else
		printf("events of %.0f bytes; no expert %.2f us, one %.2f us, %d %.2f us\n"
		       "a hop          %6.2f us\nbacklog, more  %6.2f us\n",
		       size, none, one, LONG, many, hop, backlog);
	bench_events_free(&place.events);
	data_format_free(place.format);
	return 0;
}
