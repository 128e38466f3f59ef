/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Look-ups of one worker: events that ask a name server 20 ms away (dnsmasq behind `delay`), the same with 1 % of the
 * questions lost, and a web server 50 ms away (`webserver`). Every name is asked for once: no cache helps.
 *
 *	lookups [--events N] [--concurrency N]
 *
 * Prints events per second, processor seconds per million, and memory for each message under way.
 */
#include <intelmq/clock.h>
#include <intelmq/number.h>

#include <getopt.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "bench/processes.h"
#include "engine/flight.h"
#include "engine/types.h"
#include "engine/worker.h"
#include "lib/allocated.h"
#include "tests/format.h"

enum {
	SERVER = 15353,
	DELAYED = 15354,
	LOSING = 15355,
	WEB = 15380,
	AT_ONCE = 20000,
	MAX_CHILDREN = 8
};

static struct {
	pid_t pids[MAX_CHILDREN];
	int n;
} children;

static void end_children(void)
{
	for (int i = 0; i < children.n; i++)
		kill(children.pids[i], SIGTERM);
	for (int i = 0; i < children.n; i++)
		waitpid(children.pids[i], NULL, 0);
}

static void start(const char *const *argv)
{
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGTERM);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		fprintf(stderr, "lookups: %s cannot be started\n", argv[0]);
		_exit(1);
	}
	children.pids[children.n++] = pid;
}

/* The programs beside this one. */
static const char *beside(const char *name)
{
	static char paths[4][PATH_MAX];
	static int n;
	char self[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", self, sizeof self - 1);
	self[length < 0 ? 0 : length] = 0;
	char *path = paths[n++ % 4];
	snprintf(path, PATH_MAX, "%s/%s", dirname(self), name);
	return path;
}

static void start_servers(void)
{
	char server[40], delayed[40], losing[40], web[40];
	snprintf(server, sizeof server, "127.0.0.1:%d", SERVER);
	snprintf(delayed, sizeof delayed, "127.0.0.1:%d", DELAYED);
	snprintf(losing, sizeof losing, "127.0.0.1:%d", LOSING);
	snprintf(web, sizeof web, "127.0.0.1:%d", WEB);
	start((const char *const[]){ "dnsmasq", "--keep-in-foreground", "--no-daemon",
	                             "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
	                             "--port=15353", "--listen-address=127.0.0.1",
	                             "--bind-interfaces", "--address=/example/192.0.2.1",
	                             "--pid-file=", "--log-facility=/dev/null", NULL });
	start((const char *const[]){ beside("../examples/delay"), "--listen", delayed, "--to",
	                             server, "--delay-ms", "20", NULL });
	start((const char *const[]){ beside("../examples/delay"), "--listen", losing, "--to",
	                             server, "--delay-ms", "20", "--drop-percent", "1", NULL });
	start((const char *const[]){ beside("webserver"), "--listen", web, "--delay-ms", "50",
	                             NULL });
	usleep(500 * 1000);
}

/* ---- The worker ---- */

struct run {
	const char *title, *module;
	int dns;                             /* port of the name server, 0: none */
	const char *field, *before, *behind; /* each event has another number between the two */
	size_t events;
	int64_t concurrency;
};

static void say(void *context, const char *bot_id, enum log_level level, struct str text)
{
	(void)context;
	if (level >= LEVEL_WARNING)
		fprintf(stderr, "%s: %.*s\n", bot_id, STR_ARG(text));
}

static struct worker *open_worker(struct arena *arena, const struct run *run, struct broker *broker,
                                  struct data_format *format)
{
	struct err err = { 0 };
	struct dict *parameters = dict_new(arena), *paths = dict_new(arena);
	struct list *queues = list_new(arena), *servers = list_new(arena);
	list_add(queues, value_str(S("out")));
	dict_set(paths, S("_default"), value_list(queues));
	list_add(servers, value_str(arena_printf(arena, "127.0.0.1:%d", run->dns)));
	if (run->dns)
		dict_set(parameters, S("dns_servers"), value_list(servers));
	dict_set(parameters, S("http_connections"), value_int(200));
	dict_set(parameters, S("concurrency"), value_int(run->concurrency));
	const struct host host = { .broker = broker, .format = format, .log = say };
	struct worker_options *options = arena_zalloc(arena, 1, sizeof *options);
	*options = (struct worker_options){
		.id = "lookups",
		.type = bot_type_find(str_of(run->module), &err),
		.parameters = parameters,
		.source_queue = S("in"),
		.destinations = paths,
	};
	struct worker *w = options->type ? worker_open(&host, options, &err) : NULL;
	if (!w) {
		fprintf(stderr, "lookups: %s\n", err.text);
		exit(1);
	}
	return w;
}

static void feed(struct broker *broker, const struct run *run, size_t first, size_t n)
{
	char body[400];
	for (size_t i = first; i < first + n; i++) {
		snprintf(body, sizeof body,
		         "{\"%s\": \"%s%zu%s\", \"classification.type\": \"other\", \"__type\": "
		         "\"Event\"}",
		         run->field, run->before, i, run->behind);
		broker_push(broker, S("in"), str_of(body), NULL);
	}
}

static void take_turn(struct worker *w)
{
	int64_t wait = worker_step(w);
	struct pollfd news[WORKER_NEWS];
	if (wait <= 0)
		return;
	worker_news(w, news);
	poll(news, WORKER_NEWS, wait > 100 ? 100 : (int)wait);
}

static void measure(const struct run *run)
{
	struct arena arena;
	arena_init(&arena);
	struct data_format *format = test_format_new();
	struct broker *broker = broker_memory_new((struct queue_limits){ 0 });
	struct worker *w = open_worker(&arena, run, broker, format);
	double cpu = cpu_of(getpid()), most = 0, before = 0;
	size_t under_way = 0;
	int64_t from = clock_monotonic_ms();
	for (size_t fed = 0; worker_counters(w)->received < run->events;) {
		/* There is always more to do: what the last ones wait for says nothing of the pace. */
		if (fed - worker_counters(w)->received < AT_ONCE / 2) {
			feed(broker, run, fed, AT_ONCE / 2);
			fed += AT_ONCE / 2;
			broker_clear(broker, S("out"), NULL);
			before = before > 0 ? before : memory_of(getpid());
		}
		take_turn(w);
		if (flights_under_way(w) > under_way)
			under_way = flights_under_way(w);
		if (worker_counters(w)->received % 64 == 0 && most < memory_of(getpid()))
			most = memory_of(getpid());
	}
	double seconds = (double)(clock_monotonic_ms() - from) / 1000;
	cpu = cpu_of(getpid()) - cpu;
	const struct counters *c = worker_counters(w);
	printf("%-28s %9.0f events/s  %6.1f CPU s per million  %6.1f MB with %zu under way  %llu "
	       "failed\n",
	       run->title, (double)run->events / seconds, cpu * 1e6 / (double)run->events,
	       most - before, under_way, (unsigned long long)c->failed);
	fflush(stdout);
	worker_close(w);
	broker_free(broker);
	data_format_free(format);
	arena_fini(&arena);
}

#define NAMED "source.fqdn", "host-", ".example"
#define LINKED "source.url", "http://127.0.0.1:15380/", ""

int main(int argc, char **argv)
{
	static const struct option options[] = { { "events", required_argument, NULL, 'e' },
		                                 { "concurrency", required_argument, NULL, 'c' },
		                                 { 0 } };
	size_t events = 200000;
	int64_t concurrency = 1000;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		int64_t n = c == '?' ? 0 : strtoll(optarg, NULL, 10);
		if (n <= 0) {
			fputs("usage: lookups [--events N] [--concurrency N]\n", stderr);
			return 2;
		}
		if (c == 'e')
			events = (size_t)n;
		else
			concurrency = n;
	}
	const struct run runs[] = {
		{ "dns, 20 ms", "intelmq.bots.experts.gethostbyname.expert", DELAYED, NAMED, events,
		  concurrency },
		{ "dns, 20 ms, 1 % lost", "intelmq.bots.experts.gethostbyname.expert", LOSING,
		  NAMED, events, concurrency },
		{ "http, 50 ms", "intelmq.bots.experts.http.expert_status", 0, LINKED, events / 10,
		  concurrency },
	};
	atexit(end_children);
	start_servers();
	for (size_t i = 0; i < sizeof runs / sizeof *runs; i++)
		measure(&runs[i]);
	return 0;
}
