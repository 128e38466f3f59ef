/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * What a deduplicator with ten million keys costs: keyed state behind the embedded broker, beside Redis (if redis-server is
 * installed), in one run. Memory, size on disk, time to load, and processor time of all processes for a look-up that
 * misses and remembers, and for one that hits.
 *
 *	keyed [ENTRIES]
 */
#include <intelmq/clock.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/events.h"
#include "bench/processes.h"
#include "broker/server.h"
#include "state/table.h"

enum { ENTRIES = 10000000, BATCH = 1000, HITS = 1000000, SINGLE = 100000, TTL = 86400 };

struct figures {
	double memory, disk, load, miss, hit;
};

static char directory[64];

static void die(const char *what)
{
	fprintf(stderr, "keyed: %s\n", what);
	exit(1);
}

static void make_key(char key[64], uint64_t number)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t state = number * 0x9E3779B97F4A7C15u + 1;
	for (int i = 0; i < 64; i++)
		key[i] = digits[bench_random(&state) >> 7 & 15];
}

static int64_t now_seconds(void)
{
	return clock_now_us() / 1000000;
}

/* ---- Ours ---- */

static void run_broker(void)
{
	struct err err = { 0 };
	struct server *server;
	char path[80];
	snprintf(path, sizeof path, "%s/broker.sock", directory);
	const struct server_options options = { .store = { .directory = directory },
		                                .socket = path };
	if (server_open(&options, &server, &err) < 0)
		die(err.text);
	while (server_step(server, 1000, &err) == 0)
		;
	die(err.text);
}

static struct consumer *connect_bot(struct broker **broker_out)
{
	struct err err = { 0 };
	struct consumer *c;
	char path[80];
	snprintf(path, sizeof path, "%s/broker.sock", directory);
	while (broker_connect(path, -1, broker_out, &err) < 0)
		usleep(2000);
	if (consumer_open(*broker_out, S("deduplicator"), 0, S("q"), NULL, 0, &c, &err) < 0)
		die(err.text);
	return c;
}

static void load_change(void *context, const struct state_change *change)
{
	state_table_load(context, change);
}

static void remember_all(struct consumer *c, struct state_table *t, uint64_t entries)
{
	struct arena arena;
	struct err err = { 0 };
	char key[64];
	arena_init(&arena);
	for (uint64_t i = 0; i < entries; i += BATCH) {
		struct state_change *changes;
		struct commit commit = { .durable = i + BATCH >= entries };
		for (uint64_t k = i; k < i + BATCH; k++) {
			make_key(key, k);
			if (!state_table_get(t, &arena, (struct str){ key, 64 }, NULL))
				state_table_set(t, (struct str){ key, 64 }, S("hash"), TTL);
		}
		commit.n_changes = state_table_changes_again(t, &arena, &changes, &commit.round);
		commit.changes = changes;
		if (broker_wait_for_room(c, NULL, NULL, &err) < 0 ||
		    broker_commit(c, &commit, &err) < 0)
			die(err.text);
		state_table_committed(t);
		arena_reset(&arena);
	}
	arena_fini(&arena);
}

static double find_again(struct state_table *t, uint64_t entries)
{
	uint64_t random = 7, found = 0;
	char key[64];
	double start = bench_cpu();
	for (int i = 0; i < HITS; i++) {
		make_key(key, bench_below(&random, entries));
		found += state_table_get(t, NULL, (struct str){ key, 64 }, NULL);
	}
	double us = (bench_cpu() - start) * 1e6 / HITS;
	if (found != HITS)
		die("a key is missing");
	return us;
}

static struct figures measure_ours(uint64_t entries)
{
	struct figures f = { 0 };
	struct broker *broker;
	struct err err = { 0 };
	pid_t pid = fork();
	if (pid == 0)
		run_broker();
	struct consumer *c = connect_bot(&broker);
	struct state_table *t = state_table_new(now_seconds);
	double before = bench_cpu();
	remember_all(c, t, entries);
	f.miss = (bench_cpu() - before + cpu_of(pid)) * 1e6 / (double)entries;
	f.hit = find_again(t, entries);
	f.memory = (double)state_table_memory(t) / 1e6 + memory_of(pid);
	consumer_close(c);
	broker_free(broker);
	state_table_free(t);
	int64_t start = clock_now_us();
	c = connect_bot(&broker);
	t = state_table_new(now_seconds);
	if (broker_load_state(c, load_change, t, &err) < 0)
		die(err.text);
	f.load = (double)(clock_now_us() - start) / 1e6;
	if (state_table_count(t) != entries)
		die("the state that came back is not complete");
	f.disk = disk_of(directory);
	state_table_free(t);
	consumer_close(c);
	broker_free(broker);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return f;
}

/* ---- Redis ---- */

static pid_t start_redis(void)
{
	char socket_path[80];
	snprintf(socket_path, sizeof socket_path, "%s/redis.sock", directory);
	pid_t pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);
		dup2(null, 1);
		dup2(null, 2);
		execlp("redis-server", "redis-server", "--port", "0", "--unixsocket", socket_path,
		       "--dir", directory, "--appendonly", "yes", "--save", "", (char *)NULL);
		_exit(127);
	}
	return pid;
}

static int connect_redis(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	snprintf(address.sun_path, sizeof address.sun_path, "%s/redis.sock", directory);
	for (int i = 0; i < 60000; i++) {
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
			return fd;
		close(fd);
		usleep(1000);
	}
	die("redis-server does not answer");
	return -1;
}

static void send_all(int fd, struct buffer *out)
{
	for (size_t sent = 0; sent < out->n;) {
		ssize_t n = write(fd, out->p + sent, out->n - sent);
		if (n <= 0)
			die("redis-server is gone");
		sent += (size_t)n;
	}
	buffer_clear(out);
}

/* Reads so many answers of one or, for a text, two lines. False: Redis is still loading. */
static bool read_answers(int fd, size_t answers)
{
	static char room[65536];
	static size_t have;
	bool ready = true;
	while (answers) {
		char *end = memchr(room, '\n', have);
		bool text = end && room[0] == '$' && room[1] != '-';
		char *second = text ? memchr(end + 1, '\n', have - (size_t)(end + 1 - room)) : end;
		if (!second) {
			ssize_t n = read(fd, room + have, sizeof room - have);
			if (n <= 0)
				die("redis-server is gone");
			have += (size_t)n;
			continue;
		}
		ready = ready && room[0] != '-';
		have -= (size_t)(second + 1 - room);
		memmove(room, second + 1, have);
		answers--;
	}
	return ready;
}

static void put_get(struct buffer *out, const char *key)
{
	buffer_printf(out, "*2\r\n$3\r\nGET\r\n$64\r\n%.64s\r\n", key);
}

static void put_set(struct buffer *out, const char *key)
{
	buffer_printf(
		out, "*5\r\n$3\r\nSET\r\n$64\r\n%.64s\r\n$4\r\nhash\r\n$2\r\nEX\r\n$5\r\n86400\r\n",
		key);
}

static void wait_loaded(int fd)
{
	struct buffer out;
	buffer_init(&out, 1000);
	do {
		buffer_printf(&out, "*2\r\n$3\r\nGET\r\n$1\r\nx\r\n");
		send_all(fd, &out);
	} while (!read_answers(fd, 1) && usleep(1000) == 0);
	buffer_fini(&out);
}

static void fill_redis(int fd, uint64_t entries)
{
	struct buffer out;
	char key[64];
	buffer_init(&out, 1 << 20);
	for (uint64_t i = 0; i < entries; i += BATCH) {
		for (uint64_t k = i; k < i + BATCH; k++) {
			make_key(key, k);
			put_get(&out, key);
			put_set(&out, key);
		}
		send_all(fd, &out);
		read_answers(fd, 2 * BATCH);
	}
	buffer_fini(&out);
}

/* One question after the other, as the reference asks. */
static double ask_redis(int fd, pid_t pid, uint64_t entries)
{
	struct buffer out;
	char key[64];
	uint64_t random = 7;
	buffer_init(&out, 1000);
	double start = bench_cpu() + cpu_of(pid);
	for (int i = 0; i < SINGLE; i++) {
		make_key(key, bench_below(&random, entries));
		put_get(&out, key);
		send_all(fd, &out);
		read_answers(fd, 1);
	}
	buffer_fini(&out);
	return (bench_cpu() + cpu_of(pid) - start) * 1e6 / SINGLE;
}

static struct figures measure_redis(uint64_t entries)
{
	struct figures f = { 0 };
	double ours = disk_of(directory); /* is still there */
	pid_t pid = start_redis();
	int fd = connect_redis();
	wait_loaded(fd);
	double before = bench_cpu() + cpu_of(pid);
	fill_redis(fd, entries);
	f.miss = (bench_cpu() + cpu_of(pid) - before) * 1e6 / (double)entries;
	f.hit = ask_redis(fd, pid, entries);
	f.memory = memory_of(pid);
	f.disk = disk_of(directory) - ours;
	close(fd);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	int64_t start = clock_now_us();
	pid = start_redis();
	fd = connect_redis();
	wait_loaded(fd);
	f.load = (double)(clock_now_us() - start) / 1e6;
	close(fd);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return f;
}

static void print(const char *name, const struct figures *f)
{
	printf("%-24s %8.0f %8.0f %8.2f %14.2f %8.2f\n", name, f->memory, f->disk, f->load, f->miss,
	       f->hit);
}

int main(int argc, char **argv)
{
	uint64_t entries = argc > 1 ? strtoull(argv[1], NULL, 10) : ENTRIES;
	entries -= entries % BATCH;
	snprintf(directory, sizeof directory, "/var/tmp/intelmq-bench-XXXXXX");
	if (!mkdtemp(directory))
		die("no directory in /var/tmp");
	printf("%-24s %8s %8s %8s %14s %8s\n", "", "MB", "MB disk", "load s", "miss+set us",
	       "hit us");
	struct figures ours = measure_ours(entries);
	print("ours", &ours);
	if (system("command -v redis-server >/dev/null") == 0) {
		struct figures redis = measure_redis(entries);
		print("Redis (sets pipelined)", &redis);
	} else {
		printf("redis-server is not installed: not measured\n");
	}
	char command[100];
	snprintf(command, sizeof command, "rm -r '%s'", directory);
	return system(command);
}
