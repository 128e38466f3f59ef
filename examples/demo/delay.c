/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A name server far away: passes questions on to a real one after a while, and loses some. UDP only, one thread.
 *
 *	delay --listen 127.0.0.1:5300 --to 127.0.0.1:5301 --delay-ms 20 [--drop-percent 1] [--seed N]
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { WAITING = 1 << 16, PACKET = 1232, IDS = 1 << 16, RECEIVE_BUFFER = 8 << 20, HEADER = 12 };

/* What the server's own buffer surely holds, and how long an answer may take before the next ones are asked anyway. */
enum { AT_ONCE = 100, PATIENCE_US = 100000 };

struct question {
	int64_t due_us;
	struct sockaddr_in from;
	size_t n;
	unsigned char bytes[PACKET];
};

/* Who asked under which number; the server sees numbers of ours. */
struct asker {
	struct sockaddr_in from;
	unsigned char id[2];
	bool waits;
};

static struct {
	int outer, inner;
	int64_t delay_us;
	double drop;
	unsigned seed;
	struct question *ring;
	size_t first, n;
	struct asker *askers;
	unsigned next_id;
	int unanswered;
	int64_t passed_us; /* when a question was passed on last */
} d;

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static bool is_lost(void)
{
	return (double)rand_r(&d.seed) / RAND_MAX * 100 < d.drop;
}

/* True: there was one. */
static bool take_question(void)
{
	struct question *q = &d.ring[(d.first + d.n) % WAITING];
	socklen_t size = sizeof q->from;
	ssize_t got = recvfrom(d.outer, q->bytes, PACKET, MSG_DONTWAIT, (struct sockaddr *)&q->from,
	                       &size);
	if (got < 0)
		return false;
	if (got < HEADER || d.n == WAITING - 1 || is_lost())
		return true;
	q->n = (size_t)got;
	q->due_us = now_us() + d.delay_us;
	d.n++;
	return true;
}

static void pass_on(const struct question *q)
{
	unsigned id = d.next_id++ % IDS;
	unsigned char packet[PACKET];
	struct asker *a = &d.askers[id];
	*a = (struct asker){ q->from, { q->bytes[0], q->bytes[1] }, true };
	memcpy(packet, q->bytes, q->n);
	packet[0] = (unsigned char)(id >> 8);
	packet[1] = (unsigned char)id;
	d.unanswered++;
	if (send(d.inner, packet, q->n, 0) < 0) {
		a->waits = false;
		d.unanswered--;
	}
}

static bool may_pass_on(int64_t now)
{
	if (d.unanswered && now - d.passed_us > PATIENCE_US)
		d.unanswered = 0;
	return d.unanswered < AT_ONCE;
}

static void pass_on_due(void)
{
	int64_t now = now_us();
	for (; d.n && d.ring[d.first].due_us <= now && may_pass_on(now); d.n--) {
		pass_on(&d.ring[d.first]);
		d.passed_us = now;
		d.first = (d.first + 1) % WAITING;
	}
}

static bool take_answer(void)
{
	unsigned char packet[65536];
	ssize_t got = recv(d.inner, packet, sizeof packet, MSG_DONTWAIT);
	if (got < 0)
		return errno == ECONNREFUSED; /* the server is not there (yet) */
	struct asker *a = got >= HEADER ? &d.askers[packet[0] << 8 | packet[1]] : NULL;
	if (!a || !a->waits)
		return true;
	a->waits = false;
	d.unanswered -= d.unanswered > 0;
	packet[0] = a->id[0];
	packet[1] = a->id[1];
	sendto(d.outer, packet, (size_t)got, 0, (struct sockaddr *)&a->from, sizeof a->from);
	return true;
}

static bool read_address(const char *text, struct sockaddr_in *out)
{
	char host[64];
	const char *colon = strrchr(text, ':');
	if (!colon)
		return false;
	snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
	long port = strtol(colon + 1, NULL, 10);
	*out = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	return port > 0 && port < 65536 && inet_pton(AF_INET, host, &out->sin_addr) == 1;
}

static int open_socket(const struct sockaddr_in *at, bool listens)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = RECEIVE_BUFFER;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0) /* root's */
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	int rc = listens ? bind(fd, (const struct sockaddr *)at, sizeof *at)
	                 : connect(fd, (const struct sockaddr *)at, sizeof *at);
	if (fd < 0 || rc < 0) {
		perror("delay");
		exit(1);
	}
	return fd;
}

static _Noreturn void usage(void)
{
	fputs("usage: delay --listen ADDRESS:PORT --to ADDRESS:PORT --delay-ms N [--drop-percent "
	      "N] [--seed N]\n",
	      stderr);
	exit(2);
}

static void read_arguments(int argc, char **argv)
{
	static const struct option options[] = {
		{ "listen", required_argument, NULL, 'l' },
		{ "to", required_argument, NULL, 't' },
		{ "delay-ms", required_argument, NULL, 'd' },
		{ "drop-percent", required_argument, NULL, 'p' },
		{ "seed", required_argument, NULL, 's' },
		{ 0 },
	};
	struct sockaddr_in outer = { 0 }, inner = { 0 };
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if ((c == 'l' && !read_address(optarg, &outer)) ||
		    (c == 't' && !read_address(optarg, &inner)) || c == '?')
			usage();
		if (c == 'd')
			d.delay_us = (int64_t)(strtod(optarg, NULL) * 1000);
		if (c == 'p')
			d.drop = strtod(optarg, NULL);
		if (c == 's')
			d.seed = (unsigned)strtoul(optarg, NULL, 10);
	}
	if (!outer.sin_port || !inner.sin_port || optind < argc)
		usage();
	d.outer = open_socket(&outer, true);
	d.inner = open_socket(&inner, false);
}

static void wait_for_more(void)
{
	struct pollfd fds[] = { { d.outer, POLLIN, 0 }, { d.inner, POLLIN, 0 } };
	int64_t now = now_us(), left = d.n ? d.ring[d.first].due_us - now : 1000000;
	if (left <= 0 && !may_pass_on(now))
		left = PATIENCE_US;
	struct timespec wait = { .tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000 };
	ppoll(fds, 2, left > 0 ? &wait : &(struct timespec){ 0 }, NULL);
}

int main(int argc, char **argv)
{
	read_arguments(argc, argv);
	d.ring = calloc(WAITING, sizeof *d.ring);
	d.askers = calloc(IDS, sizeof *d.askers);
	while (d.ring && d.askers) {
		wait_for_more();
		for (int i = 0; i < 256 && take_question(); i++)
			;
		pass_on_due();
		for (int i = 0; i < 256 && take_answer(); i++)
			;
	}
	return 1;
}
