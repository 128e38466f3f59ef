/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What the broker needs while nobody consumes: its memory and the disk with more and more messages in one queue, and how
 * long it takes to start again with all of them, until a consumer has the first batch.
 *
 *	queue [--json] [MESSAGES]
 */
#include <intelmq/clock.h>

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/events.h"
#include "bench/processes.h"
#include "broker/server.h"

enum { EVENTS = 5000, BLOCK = 100, MESSAGES = 10000000, STEPS = 3, SINGLE = 1000000 };

static char directory[64], socket_path[80];
static struct bench_events events;
static bool json;

static void die(const char *what)
{
	fprintf(stderr, "queue: %s\n", what);
	exit(1);
}

static pid_t start_broker(void)
{
	struct err err = { 0 };
	struct server *server;
	const struct server_options options = { .store = { .directory = directory },
		                                .socket = socket_path };
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	if (server_open(&options, &server, &err) < 0)
		die(err.text);
	while (server_step(server, 1000, &err) == 0)
		;
	die(err.text);
	return -1;
}

static void end_broker(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static struct broker *connect_broker(void)
{
	struct err err = { 0 };
	struct broker *broker;
	while (broker_connect(socket_path, -1, &broker, &err) < 0)
		usleep(500);
	return broker;
}

/* Until `total` messages have come in, from `done` on; the last of them is on the disk then. */
static void feed(struct consumer *c, size_t done, size_t total, size_t block)
{
	struct err err = { 0 };
	struct str queue = S("q");
	struct publish published[BLOCK];
	for (; done < total; done += block) {
		if (done % BLOCK == 0 && broker_wait_for_room(c, NULL, NULL, &err) <= 0)
			die(err.text);
		for (size_t i = 0; i < block; i++)
			published[i] = (struct publish){ events.all[(done + i) % events.n], &queue,
				                         1 };
		const struct commit commit = { .published = published,
			                       .n_published = block,
			                       .durable = done + block >= total };
		if (broker_commit(c, &commit, &err) < 0)
			die(err.text);
	}
}

static void tell(size_t messages, size_t block, double seconds, pid_t broker)
{
	if (json)
		printf("{\"bench\": \"queue\", \"messages\": %zu, \"block\": %zu, \"memory_mb\": "
		       "%.1f, "
		       "\"disk_mb\": %.0f, \"seconds\": %.1f}\n",
		       messages, block, memory_of(broker), disk_of(directory), seconds);
	else
		printf("%10zu messages in blocks of %3zu  %7.1f MB memory  %7.0f MB disk  %6.1f "
		       "s\n",
		       messages, block, memory_of(broker), disk_of(directory), seconds);
	fflush(stdout);
}

/* Milliseconds until somebody gets the first messages. */
static void start_again(size_t messages)
{
	struct arena arena;
	struct err err = { 0 };
	struct consumer *c;
	struct batch batch = { 0 };
	arena_init(&arena);
	int64_t began = clock_monotonic_ms();
	pid_t pid = start_broker();
	struct broker *broker = connect_broker();
	int64_t connected = clock_monotonic_ms();
	if (consumer_open(broker, S("sink"), 0, S("q"), NULL, 0, &c, &err) < 0)
		die(err.text);
	while (broker_receive(c, (struct receive_limits){ BLOCK, 1 << 20 }, &arena, &batch, &err) ==
	       0) {
		struct pollfd fd = { consumer_fd(c), POLLIN, 0 };
		poll(&fd, 1, 1000);
	}
	if (!batch.n)
		die(err.text);
	int64_t served = clock_monotonic_ms();
	printf(json ? "{\"bench\": \"queue\", \"stored\": %zu, \"open_ms\": %d, \"first_ms\": %d, "
	              "\"memory_mb\": %.1f}\n"
	            : "start with %zu: open after %d ms, the first batch after %d ms, %.1f MB "
	              "memory\n",
	       messages, (int)(connected - began), (int)(served - began), memory_of(pid));
	consumer_close(c);
	broker_free(broker);
	end_broker(pid);
	arena_fini(&arena);
}

static void run(size_t messages, size_t block, int steps)
{
	struct err err = { 0 };
	struct consumer *c;
	struct str queue = S("q");
	char command[128];
	snprintf(directory, sizeof directory, "/var/tmp/intelmq-bench-XXXXXX");
	if (!mkdtemp(directory))
		die("no directory");
	snprintf(socket_path, sizeof socket_path, "%s/socket", directory);
	pid_t pid = start_broker();
	struct broker *broker = connect_broker();
	if (consumer_open(broker, S("feeder"), 0, STR_NONE, &queue, 1, &c, &err) < 0)
		die(err.text);
	tell(0, block, 0, pid);
	size_t done = 0;
	int64_t began = clock_monotonic_ms();
	for (int i = 1; i <= steps; i++) {
		/* A tenth, a half, all: 1, 5 and 10 million. */
		size_t goal = i == steps ? messages : i == 1 ? messages / 10 : messages / 2;
		feed(c, done, goal, block);
		done = goal;
		tell(goal, block, (double)(clock_monotonic_ms() - began) / 1000, pid);
	}
	consumer_close(c);
	broker_free(broker);
	end_broker(pid);
	start_again(messages);
	snprintf(command, sizeof command, "rm -r '%s'", directory);
	if (system(command) != 0)
		fprintf(stderr, "queue: %s is left\n", directory);
}

int main(int argc, char **argv)
{
	size_t messages = MESSAGES;
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--json") == 0)
			json = true;
		else
			messages = strtoul(argv[i], NULL, 10) / (10 * BLOCK) * (10 * BLOCK);
	if (!messages)
		die("expected a number, 1000 at least");
	events = bench_events_new(EVENTS);
	run(messages, BLOCK, STEPS);
	run(messages < SINGLE ? messages : SINGLE, 1, STEPS);
	bench_events_free(&events);
	return 0;
}
