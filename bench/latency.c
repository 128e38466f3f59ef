/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a botnet does that has nothing to do: how long one event alone takes through eight experts, one process each under
 * intelmqd; and of 141 of them, how long they take to start, and the processor time of all processes while they wait. This
 * program is intelmqd, the broker and the bots, too, by the name that it is called.
 *
 *	latency [--json]      in the source directory
 */
#include <intelmq/clock.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/events.h"
#include "bench/processes.h"
#include "broker/broker.h"
#include "cli/main.h"
#include "config/paths.h"
#include "daemon/control.h"
#include "daemon/daemon.h"
#include "worker/process.h"

#define MODULE "intelmq.bots.experts.taxonomy.expert"

enum { HOPS = 8, MANY = 141, SAMPLES = 100, WARM_UP = 10, PAUSE_MS = 50, IDLE_MS = 10000 };

static struct arena arena;
static const struct paths *paths;
static char root[64], self[300];
static pid_t daemon_pid;

static void die(const char *what)
{
	fprintf(stderr, "latency: %s\n", what);
	if (daemon_pid > 0)
		kill(daemon_pid, SIGTERM);
	exit(1);
}

/* ---- The botnet ---- */

static const char *root_environment(const void *context, const char *name)
{
	(void)context;
	return strcmp(name, "INTELMQ_ROOT_DIR") == 0 ? root : NULL;
}

static void run_command(const char *command)
{
	if (system(command) != 0)
		die(command);
}

static void prepare(int bots)
{
	snprintf(root, sizeof root, "/var/tmp/intelmq-bench-XXXXXX");
	if (!mkdtemp(root))
		die("no directory");
	run_command(arena_printf(&arena,
	                         "cd %s && mkdir -p bin etc var/log var/run var/lib/bots && "
	                         "for name in " MODULE
	                         " intelmq-broker; do ln -s %s bin/$name; done "
	                         "&& cp \"$OLDPWD\"/etc/harmonization.conf etc/",
	                         root, self)
	                    .p);
	FILE *f = fopen(arena_printf(&arena, "%s/etc/runtime.yaml", root).p, "w");
	if (!f)
		die(strerror(errno));
	for (int i = 0; i < bots; i++)
		fprintf(f,
		        "bot-%d:\n  module: " MODULE
		        "\n  parameters: {destination_queues: bot-%d-queue}\n",
		        i, i + 1);
	fclose(f);
}

static void start_daemon(void)
{
	char name[] = "intelmqd", foreground[] = "--foreground", option[] = "--bin",
	     *bin = (char *)(uintptr_t)arena_printf(&arena, "%s/bin", root).p;
	char *const argv[] = { name, foreground, option, bin, NULL };
	daemon_pid = fork();
	if (daemon_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		setenv("INTELMQ_ROOT_DIR", root, 1);
		execv(self, argv);
		_exit(127);
	}
	while (!control_is_running(paths)) {
		if (waitpid(daemon_pid, NULL, WNOHANG) != 0)
			die("intelmqd has ended");
		usleep(5000);
	}
}

static struct dict *ask(const char *command)
{
	struct err err = { 0 };
	struct value answer;
	struct dict *request = dict_new(&arena);
	dict_set(request, S("command"), value_cstr(command));
	if (control_call(paths, value_dict(request), 60000, &arena, &answer, &err) < 0)
		die(err.text);
	return answer.dict;
}

/* Milliseconds until all of them run. */
static double start_all(int bots)
{
	int64_t began = clock_monotonic_ms();
	const struct dict *states = dict_get(ask("start"), S("bots"))->dict;
	int64_t took = clock_monotonic_ms() - began;
	int running = 0;
	for (size_t i = 0; i < states->n; i++)
		running += str_eq(dict_get(states->pairs[i].value.dict, S("state"))->text,
		                  S("running"));
	if (running != bots)
		die("not all bots run");
	return (double)took;
}

static void end_botnet(void)
{
	kill(daemon_pid, SIGTERM);
	waitpid(daemon_pid, NULL, 0);
	daemon_pid = 0;
	run_command(arena_printf(&arena, "rm -r %s", root).p);
	arena_reset(&arena);
}

/* ---- One event ---- */

struct ends {
	struct broker *in, *out;
	struct consumer *feeder, *sink;
};

static struct consumer *connect_bot(struct broker **broker, const char *id, struct str queue,
                                    const struct str *destination)
{
	struct err err = { 0 };
	struct consumer *c;
	if (broker_connect(paths->broker_socket, -1, broker, &err) < 0 ||
	    consumer_open(*broker, str_of(id), 0, queue, destination, destination != NULL, &c,
	                  &err) < 0)
		die(err.text);
	return c;
}

/* Microseconds from the commit of one event to its arrival behind the last expert. */
static double send_one(struct ends *ends, struct str event, struct str queue)
{
	struct arena batch_arena;
	struct batch batch;
	struct err err = { 0 };
	int n;
	arena_init(&batch_arena);
	const struct receive_limits limits = { 1, 1 << 20 };
	const struct publish message = { event, &queue, 1 };
	broker_receive(ends->sink, limits, &batch_arena, &batch, &err); /* it waits already */
	int64_t began = clock_now_us();
	if (broker_commit(ends->feeder, &(struct commit){ .published = &message, .n_published = 1 },
	                  &err) < 0)
		die(err.text);
	while ((n = broker_receive(ends->sink, limits, &batch_arena, &batch, &err)) == 0) {
		struct pollfd fd = { consumer_fd(ends->sink), POLLIN, 0 };
		if (poll(&fd, 1, 10000) == 0)
			die("an event does not arrive");
	}
	double took = (double)(clock_now_us() - began);
	if (n < 0 || broker_commit(ends->sink,
	                           &(struct commit){ .consumed = batch.messages, .n_consumed = 1 },
	                           &err) < 0)
		die(err.text);
	arena_fini(&batch_arena);
	return took;
}

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

struct figures {
	double median, high, start, idle;
};

static void measure_latency(struct figures *f)
{
	double took[SAMPLES];
	struct bench_events events = bench_events_new(SAMPLES);
	struct ends ends;
	struct str first = S("bot-0-queue");
	prepare(HOPS);
	paths = paths_new(&arena, LAYOUT_OPT, root_environment, NULL);
	start_daemon();
	start_all(HOPS);
	ends.feeder = connect_bot(&ends.in, "feeder", STR_NONE, &first);
	ends.sink = connect_bot(&ends.out, "sink", arena_printf(&arena, "bot-%d-queue", HOPS),
	                        NULL);
	for (int i = -WARM_UP; i < SAMPLES; i++) {
		usleep(PAUSE_MS * 1000);
		double us = send_one(&ends, events.all[i < 0 ? 0 : i], first);
		if (i >= 0)
			took[i] = us;
	}
	qsort(took, SAMPLES, sizeof *took, ascending);
	f->median = took[SAMPLES / 2] / 1000;
	f->high = took[SAMPLES * 95 / 100] / 1000;
	consumer_close(ends.feeder);
	consumer_close(ends.sink);
	broker_free(ends.in);
	broker_free(ends.out);
	bench_events_free(&events);
	end_botnet();
}

/* ---- Many that wait ---- */

/* Milliseconds of processor time. */
static double cpu_ms(int64_t pid)
{
	double seconds = cpu_of((pid_t)pid);
	if (seconds < 0)
		die("a process is gone");
	return seconds * 1000;
}

static double cpu_of_all(const struct dict *status)
{
	const struct dict *bots = dict_get(status, S("bots"))->dict;
	double sum = cpu_ms(daemon_pid) +
	             cpu_ms(dict_get(dict_get(status, S("broker"))->dict, S("pid"))->integer);
	for (size_t i = 0; i < bots->n; i++)
		sum += cpu_ms(dict_get(bots->pairs[i].value.dict, S("pid"))->integer);
	return sum;
}

static void measure_many(struct figures *f)
{
	prepare(MANY);
	paths = paths_new(&arena, LAYOUT_OPT, root_environment, NULL);
	start_daemon();
	f->start = start_all(MANY) / 1000;
	usleep(2000 * 1000); /* what follows a start is over */
	const struct dict *status = ask("status");
	double before = cpu_of_all(status);
	usleep(IDLE_MS * 1000);
	f->idle = (cpu_of_all(status) - before) / IDLE_MS * 100;
	end_botnet();
}

static int measure(bool json)
{
	struct figures f;
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n < 0)
		die(strerror(errno));
	arena_init(&arena);
	measure_latency(&f);
	measure_many(&f);
	if (json)
		printf("{\"bench\": \"latency\", \"median_ms\": %.2f, \"p95_ms\": %.2f, "
		       "\"start_s\": "
		       "%.2f, \"idle_percent\": %.2f}\n",
		       f.median, f.high, f.start, f.idle);
	else
		printf("one event through %d experts  %6.2f ms median  %6.2f ms 95th percentile\n"
		       "start of %d bots            %6.2f s\n"
		       "%d idle bots                %6.2f %% of one core, all processes\n",
		       HOPS, f.median, f.high, MANY, f.start, MANY, f.idle);
	arena_fini(&arena);
	return 0;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];
	if (strcmp(name, "intelmqd") == 0)
		return command_daemon(argc, argv);
	if (strcmp(name, "intelmq-broker") == 0)
		return command_broker(argc, argv);
	if (strcmp(name, MODULE) == 0)
		return bot_process_main(name, argc, argv);
	return measure(argc > 1 && strcmp(argv[1], "--json") == 0);
}
