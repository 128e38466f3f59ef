/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What an event costs in the file output: with a name from fields (at least once), with a fixed name (exactly once: each
 * batch is on the disk before it is committed), by batch size.
 *
 *	file
 */
#include "bench/events.h"
#include "engine/harness.h"
#include "tests/format.h"

#include <unistd.h>

extern const struct bot_type outputs_file_output;

enum { EVENTS = 50000 };

static double wall(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run(const struct data_format *format, const struct bench_events *events,
                const char *path, bool exactly, int64_t batch)
{
	struct arena arena;
	arena_init(&arena);
	struct dict *parameters = dict_new(&arena);
	struct err err = { 0 };
	dict_set(parameters, S("file"), value_cstr(path));
	dict_set(parameters, S("format_filename"), value_bool(!exactly));
	dict_set(parameters, S("batch_messages"), value_int(batch));
	struct harness *h = harness_open(&(struct harness_options){ .type = &outputs_file_output,
	                                                            .parameters = parameters,
	                                                            .format = format },
	                                 &err);
	if (!h) {
		fprintf(stderr, "file: %s\n", err.text);
		exit(1);
	}
	for (size_t i = 0; i < EVENTS; i++)
		harness_push(h, events->all[i % events->n]);
	double cpu = bench_cpu(), start = wall();
	harness_run(h, 0);
	double used = wall() - start;
	printf("%-14s batches of %4d: %6.2f us an event, %6.2f us of CPU, %7.0f us a batch\n",
	       exactly ? "exactly" : "at least once", (int)batch, used * 1e6 / EVENTS,
	       (bench_cpu() - cpu) * 1e6 / EVENTS, used * 1e6 / EVENTS * (double)batch);
	harness_close(h);
	arena_fini(&arena);
	unlink(path);
}

int main(void)
{
	char path[] = "build/bench-file.XXXXXX";
	struct bench_events events = bench_events_new(1000);
	struct data_format *format = test_format_new();
	int fd = mkstemp(path);
	if (fd < 0) {
		perror(path);
		return 1;
	}
	close(fd);
	for (int64_t batch = 10; batch <= 1000; batch *= 10)
		for (int exactly = 0; exactly < 2; exactly++)
			run(format, &events, path, exactly, batch);
	data_format_free(format);
	bench_events_free(&events);
	return 0;
}
