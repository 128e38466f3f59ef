/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a small row of a report costs, from the bytes of the report to the encoded event: CSV of about
 * 100 bytes in six columns, by a mapping table and through the generic parser, and events as JSON lines
 * of about 150 bytes.
 *
 *	parse [--json]
 */
#include "bench/events.h"
#include "engine/types.h"
#include "engine/worker.h"
#include "tests/format.h"

#include <intelmq/base64.h>

enum { ROWS = 10000, REPORTS = 30 };

static const struct map columns[] = {
	{ .column = 1, .field = "time.source" },
	{ .column = 2, .field = "source.ip" },
	{ .column = 3, .field = "source.port" },
	{ .column = 4, .field = "classification.type" },
	{ .column = 5, .field = "malware.name" },
	{ .column = 6, .field = "source.url" },
	{ 0 },
};

static const struct bot_type mapped = {
	.module = "bench.mapped",
	.summary = "CSV by a mapping table.",
	.rows = ROWS_CSV,
	.map = columns,
	.raw = RAW_RECOVER,
};

struct job {
	const char *name, *module;
	const struct bot_type *type; /* NULL: the module's */
	void (*put_row)(struct buffer *, uint64_t *state);
	const char *parameters; /* JSON */
};

static void put_csv(struct buffer *out, uint64_t *state)
{
	unsigned a = (unsigned)bench_below(state, 254) + 1,
		 second = (unsigned)bench_below(state, 60);
	buffer_printf(out,
	              "2024-05-17T03:12:%02u+00:00,198.51.100.%u,%u,infected-system,andromeda,",
	              second, a, (unsigned)bench_below(state, 65536));
	buffer_printf(out, "http://h%u.example.org/%" PRIx64 "\n", a, bench_random(state));
}

static void put_json(struct buffer *out, uint64_t *state)
{
	unsigned a = (unsigned)bench_below(state, 254) + 1,
		 second = (unsigned)bench_below(state, 60);
	buffer_printf(out,
	              "{\"time.source\": \"2024-05-17T03:12:%02u+00:00\", \"source.ip\": "
	              "\"198.51.100.%u\", ",
	              second, a);
	buffer_printf(out,
	              "\"source.port\": %u, \"classification.type\": \"scanner\", \"extra.tag\": "
	              "\"ssh\"}\n",
	              (unsigned)bench_below(state, 65536));
}

static const struct job jobs[] = {
	{ "map", "", &mapped, put_csv, "{}" },
	{ "csv", "intelmq.bots.parsers.generic.parser_csv", NULL, put_csv,
	  "{\"columns\": [\"time.source\", \"source.ip\", \"source.port\", "
	  "\"classification.type\", \"malware.name\", "
	  "\"source.url\"]}" },
	{ "json", "intelmq.bots.parsers.json.parser", NULL, put_json, "{\"splitlines\": true}" },
};

struct figures {
	double rows_per_second, row_bytes, event_bytes;
	size_t events;
};

static struct str make_report(struct arena *arena, const struct job *job, struct figures *f)
{
	struct buffer text, wire;
	uint64_t state = 88172645463325252u;
	buffer_init_in(&text, arena, SIZE_MAX / 2);
	buffer_init_in(&wire, arena, SIZE_MAX / 2);
	for (int i = 0; i < ROWS; i++)
		job->put_row(&text, &state);
	f->row_bytes = (double)text.n / ROWS;
	buffer_add_str(&wire,
	               S("{\"feed.accuracy\": 100.0, \"feed.name\": \"Example\", "
	                 "\"time.observation\": \"2024-05-17T11:30:00+00:00\", \"raw\": \""));
	buffer_add_str(&wire, base64_encode(arena, buffer_str(&text)));
	buffer_add_str(&wire, S("\", \"__type\": \"Report\"}"));
	return buffer_str(&wire);
}

static void say(void *context, const char *bot_id, enum log_level level, struct str text)
{
	(void)context;
	if (level >= LEVEL_WARNING)
		fprintf(stderr, "%s: %.*s\n", bot_id, STR_ARG(text));
}

static struct worker *start(const struct job *job, struct arena *arena, struct broker *broker,
                            const struct data_format *format)
{
	struct err err = { 0 };
	struct value parameters;
	struct dict *paths = dict_new(arena);
	struct list *queues = list_new(arena);
	const struct bot_type *type = job->type ? job->type
	                                        : bot_type_find(str_of(job->module), &err);
	if (!type)
		return NULL;
	list_add(queues, value_str(S("out")));
	dict_set(paths, S("_default"), value_list(queues));
	if (json_parse(arena, str_of(job->parameters), &parameters, &err) < 0)
		abort();
	struct host host = { .broker = broker, .format = format, .log = say };
	struct worker_options *options = arena_zalloc(arena, 1, sizeof *options);
	*options = (struct worker_options){ .id = job->name,
		                            .type = type,
		                            .parameters = parameters.dict,
		                            .source_queue = S("in"),
		                            .destinations = paths };
	struct worker *worker = worker_open(&host, options, &err);
	if (!worker) {
		fprintf(stderr, "parse: %s: %s\n", job->module, err.text);
		exit(1);
	}
	return worker;
}

/* Best of all reports. False: there is no such bot in this build. */
static bool run(const struct job *job, const struct data_format *format, struct figures *f)
{
	struct arena arena;
	arena_init(&arena);
	struct broker *broker = broker_memory_new((struct queue_limits){ 0 });
	struct worker *worker = start(job, &arena, broker, format);
	struct str report = make_report(&arena, job, f);
	for (int i = 0; worker && i < REPORTS; i++) {
		broker_push(broker, S("in"), report, NULL);
		uint64_t sent = worker_counters(worker)->sent;
		double start_cpu = bench_cpu();
		while (worker_step(worker) == 0)
			;
		double seconds = bench_cpu() - start_cpu;
		f->events = worker_counters(worker)->sent - sent;
		if ((double)ROWS / seconds > f->rows_per_second)
			f->rows_per_second = (double)ROWS / seconds;
		struct queue_info *queues;
		struct arena_mark mark = arena_mark(&arena);
		int64_t n = broker_queues(broker, &arena, &queues, NULL);
		for (int64_t k = 0; k < n; k++)
			if (str_eq(queues[k].name, S("out")) && queues[k].messages)
				f->event_bytes = (double)queues[k].bytes /
				                 (double)queues[k].messages;
		arena_rewind(&arena, mark);
		broker_clear(broker, S("out"), NULL);
	}
	bool ran = worker != NULL;
	worker_close(worker);
	broker_free(broker);
	arena_fini(&arena);
	return ran;
}

int main(int argc, char **argv)
{
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
	struct data_format *format = test_format_new();
	if (!json)
		printf("%-8s %10s %12s %12s %10s\n", "rows", "bytes/row", "bytes/event",
		       "rows/CPU s", "us/row");
	else
		printf("{\"bench\": \"parse\"");
	for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
		struct figures f = { 0 };
		if (!run(&jobs[i], format, &f)) {
			fprintf(stderr, "%s is not in this build\n", jobs[i].module);
			continue;
		}
		if (f.events != ROWS)
			fprintf(stderr, "parse: %s: %zu events of %d rows\n", jobs[i].name,
			        f.events, ROWS);
		if (json)
			printf(", \"%s_rows_per_second\": %.0f", jobs[i].name, f.rows_per_second);
		else
			printf("%-8s %10.0f %12.0f %12.0f %10.2f\n", jobs[i].name, f.row_bytes,
			       f.event_bytes, f.rows_per_second, 1e6 / f.rows_per_second);
	}
	if (json)
		printf("}\n");
	data_format_free(format);
	return 0;
}
