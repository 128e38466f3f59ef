/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What it costs to store a message: a million events of about 1 KB written, later read and deleted, in blocks of 100
 * and of 1, as the broker's writer does it: groups of 1,000 messages, slices of 1 MB. Below $TMPDIR or /tmp.
 *
 *	store [--json]
 */
#include "bench/events.h"
#include "broker/store.h"

#include <sys/stat.h>
#include <unistd.h>

enum { MESSAGES = 1000000, GROUP = 1000, EVENTS = 2000, SLICE = 1024 * 1024 };

struct figures {
	uint32_t block; /* messages in a block */
	double write, read, drop, seconds;
	double bytes; /* the database at its largest */
};

struct run {
	struct store *store;
	const struct bench_events *events;
	struct group group;
	uint64_t next_block;
	uint64_t group_blocks[GROUP];
};

static void fail(const char *what, const struct err *err)
{
	fprintf(stderr, "store: %s: %s\n", what, err->text);
	exit(1);
}

static void write_group(struct run *run)
{
	struct err err = { 0 };
	run->group.number = store_group(run->store) + 1;
	if (store_write(run->store, &run->group, false, &err) != STORED)
		fail("write", &err);
}

/* All messages into queue 1. */
static void write_all(struct run *run, uint32_t per_block)
{
	static struct group_body bodies[GROUP];
	static struct group_entry entries[GROUP];
	static uint32_t ends[GROUP];
	static const struct group_queue queue = { 1, { "parser-queue", 12 } };
	const struct range all = { 0, per_block };
	for (size_t done = 0, first = 0; done < MESSAGES; done += GROUP) {
		size_t n = 0;
		for (size_t at = 0; at < GROUP; at += per_block, n++) {
			const struct str *events = &run->events->all[first];
			for (uint32_t i = 0; i < per_block; i++)
				ends[at + i] = (uint32_t)(events[i].p + events[i].n - events[0].p);
			bodies[n] = (struct group_body){ ++run->next_block, per_block, ends + at,
				                         events[0].p,       &all,      1 };
			entries[n] = (struct group_entry){
				.queue = 1,
				.block = run->next_block,
				.left = &all,
				.n_left = 1,
				.messages = per_block,
				.bytes = ends[at + per_block - 1],
			};
			first = (first + per_block) % EVENTS;
		}
		run->group = (struct group){ .queues = &queue,
			                     .n_queues = done == 0,
			                     .bodies = bodies,
			                     .n_bodies = n,
			                     .entries = entries,
			                     .n_entries = n };
		write_group(run);
	}
}

static uint64_t sum_of(const struct store_slice *slice)
{
	uint64_t messages = 0;
	for (size_t i = 0; i < slice->n; i++)
		messages += slice->blocks[i].messages;
	return messages;
}

static void read_all(struct run *run)
{
	struct store_slice slice;
	struct err err = { 0 };
	uint64_t messages = 0, after = 0;
	do {
		if (store_read(run->store, 1, after, UINT64_MAX, GROUP, SLICE, &slice, &err) < 0)
			fail("read", &err);
		messages += sum_of(&slice);
		after = slice.last;
		store_slice_free(&slice);
	} while (after);
	if (messages != MESSAGES)
		fail("read", &(struct err){ .text = "not all are there" });
}

static void drop_all(struct run *run, uint32_t per_block)
{
	static struct group_gone gone[GROUP];
	for (uint64_t block = 1; block <= MESSAGES / per_block;) {
		size_t n = 0;
		for (; n < GROUP / per_block; n++, block++)
			gone[n] = (struct group_gone){ 1, block, block, false };
		run->group = (struct group){ .gone = gone, .n_gone = n };
		write_group(run);
	}
}

static double lap(double *last)
{
	double now = bench_cpu(), spent = now - *last;
	*last = now;
	return spent * 1e6 / MESSAGES;
}

static double wall(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void run_all(struct figures *f, const struct bench_events *events, const char *directory)
{
	struct str warning;
	struct err err = { 0 };
	struct run run = { .events = events };
	if (store_open(&(struct store_options){ .directory = directory }, &run.store, &warning,
	               &err) < 0)
		fail("open", &err);
	double start = wall(), last = bench_cpu();
	write_all(&run, f->block);
	f->write = lap(&last);
	f->bytes = (double)store_size(run.store);
	read_all(&run);
	f->read = lap(&last);
	drop_all(&run, f->block);
	f->drop = lap(&last);
	f->seconds = wall() - start;
	store_close(run.store);
}

static void remove_all(const char *directory)
{
	static const char *const names[] = { "broker.db", "broker.db-wal", "broker.lock" };
	char path[4200];
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", directory, names[i]);
		unlink(path);
	}
	rmdir(directory);
}

int main(int argc, char **argv)
{
	struct bench_events events = bench_events_new(EVENTS);
	struct figures figures[] = { { .block = 100 }, { .block = 1 } };
	bool json = argc > 1 && strcmp(argv[1], "--json") == 0;
	const char *tmp = getenv("TMPDIR");
	if (!json)
		printf("%d messages of %.0f bytes, microseconds of CPU a message:\n", MESSAGES,
		       (double)events.text.n / (double)events.n);
	for (size_t i = 0; i < sizeof figures / sizeof *figures; i++) {
		struct figures *f = &figures[i];
		char directory[4096];
		snprintf(directory, sizeof directory, "%s/store-XXXXXX", tmp ? tmp : "/tmp");
		if (!mkdtemp(directory))
			fail("mkdtemp", &(struct err){ .text = "no directory" });
		run_all(f, &events, directory);
		remove_all(directory);
		printf(json ? "%s{\"block\": %u, \"write\": %.3f, \"read\": %.3f, \"drop\": %.3f, "
		              "\"sum\": %.3f, \"seconds\": %.2f, \"megabytes\": %.0f}%s"
		            : "%sblocks of %3u  write %5.2f  read %5.2f  delete %5.2f  sum %5.2f  "
		              "(%.1f s, %.0f MB)%s\n",
		       !json ? ""
		       : i   ? ", "
		             : "{\"bench\": \"store\", \"runs\": [",
		       f->block, f->write, f->read, f->drop, f->write + f->read + f->drop,
		       f->seconds, f->bytes / 1e6,
		       json && i + 1 == sizeof figures / sizeof *figures ? "]}\n" : "");
	}
	bench_events_free(&events);
	return 0;
}
