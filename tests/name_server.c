/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/name_server.h"

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "tests/name_packet.h"

enum {
	LATER = 64, /* answers that wait for their time */
	NAMES_ONCE = 64,
	HEADER = 12,
	PACKET_MAX = 4096,
	A = 1,
	CNAME = 5,
	TXT = 16,
	AAAA = 28,
	OK = 0x8180,
	CUT = 0x8380,
};

struct question {
	unsigned id;
	char name[256];
	unsigned type;
	bool edns, tcp;
	struct sockaddr_in from;
	int fd; /* of the connection */
};

struct later {
	bool used;
	int64_t at_ms;
	struct question question;
};

struct name_server {
	int udp, tcp;
	uint16_t port;
	pthread_t thread;
	atomic_bool stop;
	atomic_int mode;
	atomic_uint count, count_tcp;
	struct later later[LATER];
	char once[NAMES_ONCE][256];
	size_t onces;
	struct name_packet packet;
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void send_packet(struct name_server *s, const struct question *q)
{
	if (!q->tcp) {
		(void)!sendto(s->udp, s->packet.p, s->packet.n, 0,
		              (const struct sockaddr *)&q->from, sizeof q->from);
		return;
	}
	unsigned char length[2] = { (unsigned char)(s->packet.n >> 8), (unsigned char)s->packet.n };
	(void)!send(q->fd, length, 2, MSG_NOSIGNAL);
	(void)!send(q->fd, s->packet.p, s->packet.n, MSG_NOSIGNAL);
}

static void begin(struct name_server *s, const struct question *q, unsigned flags, unsigned answers,
                  unsigned authority)
{
	packet_begin(&s->packet, q->id, flags, q->name, q->type, answers, authority);
}

static void nothing(struct name_server *s, const struct question *q, unsigned rcode)
{
	begin(s, q, OK | rcode, 0, 1);
	packet_soa(&s->packet, "", 30, 3600);
	send_packet(s, q);
}

static void code(struct name_server *s, const struct question *q, unsigned flags)
{
	begin(s, q, flags, 0, 0);
	send_packet(s, q);
}

static void address(struct name_server *s, const struct question *q, unsigned ttl)
{
	if (q->type != A && q->type != AAAA) {
		nothing(s, q, 0);
		return;
	}
	begin(s, q, OK, 1, 0);
	if (q->type == A) {
		packet_a(&s->packet, q->name, ttl, 0xC0000201);
	} else {
		size_t start = packet_record(&s->packet, q->name, AAAA, ttl);
		packet_bytes(&s->packet, "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
		packet_record_end(&s->packet, start);
	}
	send_packet(s, q);
}

static void many(struct name_server *s, const struct question *q)
{
	begin(s, q, OK, 100, 0);
	for (unsigned i = 0; i < 100; i++)
		packet_a(&s->packet, q->name, 300, 0xC0000200 + i);
	send_packet(s, q);
}

static void large(struct name_server *s, const struct question *q)
{
	char string[51];
	memset(string, 'x', sizeof string);
	string[0] = 50;
	begin(s, q, OK, 1, 0);
	size_t start = packet_record(&s->packet, q->name, TXT, 300);
	for (int i = 0; i < 20; i++)
		packet_bytes(&s->packet, string, sizeof string);
	packet_record_end(&s->packet, start);
	send_packet(s, q);
}

static void lie(struct name_server *s, const struct question *q)
{
	packet_begin(&s->packet, q->id ^ 1, OK, q->name, q->type, 1, 0);
	packet_a(&s->packet, q->name, 300, 0x06060606);
	send_packet(s, q);
	packet_begin(&s->packet, q->id, OK, "other.example", q->type, 1, 0);
	packet_a(&s->packet, q->name, 300, 0x06060606);
	send_packet(s, q);
	memset(s->packet.p, 0xC0, s->packet.n);
	send_packet(s, q);
	s->packet.n = 5;
	send_packet(s, q);
	address(s, q, 300);
}

static void foreign(struct name_server *s, const struct question *q)
{
	begin(s, q, OK, 3, 0);
	packet_a(&s->packet, "bank.example", 300, 0x06060606);
	packet_a(&s->packet, q->name, 300, 0xC0000201);
	packet_a(&s->packet, "www.bank.example", 300, 0x06060606);
	send_packet(s, q);
}

static void loop(struct name_server *s, const struct question *q)
{
	begin(s, q, OK, 2, 0);
	packet_points(&s->packet, q->name, CNAME, 300, "round.example");
	packet_points(&s->packet, "round.example", CNAME, 300, q->name);
	send_packet(s, q);
}

static bool first_time(struct name_server *s, const char *name)
{
	for (size_t i = 0; i < s->onces; i++)
		if (!strcmp(s->once[i], name))
			return false;
	if (s->onces < NAMES_ONCE)
		memcpy(s->once[s->onces++], name, sizeof s->once[0]);
	return true;
}

static void later(struct name_server *s, const struct question *q)
{
	for (size_t i = 0; i < LATER; i++)
		if (!s->later[i].used) {
			s->later[i] = (struct later){ true, now_ms() + 300, *q };
			return;
		}
}

static void answer(struct name_server *s, const struct question *q)
{
	struct str rest = str_of(q->name), word = str_cut(&rest, '.');
	word = str_cut(&word, '-');
	bool over_tcp = str_eq(word, S("cut")) || str_eq(word, S("cutonly"));
	if (str_eq(word, S("drop")) || (str_eq(word, S("once")) && first_time(s, q->name)))
		return;
	if (str_eq(word, S("late300")))
		later(s, q);
	else if (str_eq(word, S("nx")))
		nothing(s, q, 3);
	else if (str_eq(word, S("nodata")))
		nothing(s, q, 0);
	else if (str_eq(word, S("servfail")))
		code(s, q, OK | 2);
	else if (str_eq(word, S("refused")))
		code(s, q, OK | 5);
	else if (over_tcp && !q->tcp)
		code(s, q, CUT);
	else if (str_eq(word, S("cutonly")))
		shutdown(q->fd, SHUT_RDWR);
	else if (over_tcp)
		many(s, q);
	else if (str_eq(word, S("large")))
		large(s, q);
	else if (str_eq(word, S("lie")))
		lie(s, q);
	else if (str_eq(word, S("foreign")))
		foreign(s, q);
	else if (str_eq(word, S("loop")))
		loop(s, q);
	else
		address(s, q, str_eq(word, S("ttl0")) ? 0 : str_eq(word, S("ttl5")) ? 5 : 300);
}

static bool question_read(const unsigned char *p, size_t n, struct question *q)
{
	size_t at = HEADER, out = 0;
	if (n < HEADER)
		return false;
	q->id = (unsigned)p[0] << 8 | p[1];
	q->edns = p[11];
	while (at < n && p[at]) {
		size_t length = p[at];
		if (length > 63 || at + 1 + length >= n || out + length + 2 > sizeof q->name)
			return false;
		if (out)
			q->name[out++] = '.';
		memcpy(q->name + out, p + at + 1, length);
		out += length;
		at += 1 + length;
	}
	q->name[out] = 0;
	if (at + 5 > n)
		return false;
	q->type = (unsigned)p[at + 1] << 8 | p[at + 2];
	return true;
}

static void came(struct name_server *s, const unsigned char *p, size_t n, struct question *q)
{
	if (!question_read(p, n, q))
		return;
	s->count++;
	s->count_tcp += q->tcp;
	int mode = s->mode;
	if (mode == FAILS)
		code(s, q, OK | 2);
	else if (mode == NO_EDNS && q->edns)
		code(s, q, OK | 1);
	else if (mode != SILENT)
		answer(s, q);
}

static void udp_ready(struct name_server *s)
{
	unsigned char bytes[PACKET_MAX];
	struct question q = { 0 };
	socklen_t size = sizeof q.from;
	ssize_t n;
	while ((n = recvfrom(s->udp, bytes, sizeof bytes, MSG_DONTWAIT, (struct sockaddr *)&q.from,
	                     &size)) >= 0)
		came(s, bytes, (size_t)n, &q);
}

static bool receive(int fd, void *bytes, size_t n)
{
	return recv(fd, bytes, n, MSG_WAITALL) == (ssize_t)n;
}

/* One connection at a time, until the other side closes it. */
static void tcp_ready(struct name_server *s)
{
	struct question q = { .tcp = true, .fd = accept(s->tcp, NULL, NULL) };
	unsigned char length[2], bytes[PACKET_MAX];
	struct timeval patience = { .tv_sec = 2 };
	if (q.fd < 0)
		return;
	setsockopt(q.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	while (s->mode != NOT_TCP && receive(q.fd, length, 2)) {
		size_t n = (size_t)length[0] << 8 | length[1];
		if (n > sizeof bytes || !receive(q.fd, bytes, n))
			break;
		came(s, bytes, n, &q);
	}
	close(q.fd);
}

static void later_ready(struct name_server *s)
{
	for (size_t i = 0; i < LATER; i++)
		if (s->later[i].used && now_ms() >= s->later[i].at_ms) {
			s->later[i].used = false;
			address(s, &s->later[i].question, 300);
		}
}

static void *serve(void *context)
{
	struct name_server *s = context;
	while (!s->stop) {
		struct pollfd fds[] = { { s->udp, POLLIN, 0 }, { s->tcp, POLLIN, 0 } };
		if (poll(fds, 2, 5) > 0) {
			if (fds[0].revents)
				udp_ready(s);
			if (fds[1].revents)
				tcp_ready(s);
		}
		later_ready(s);
	}
	return NULL;
}

/* The same port for both. */
static bool sockets_open(struct name_server *s)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t size = sizeof address;
	int room = 8 << 20;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	s->udp = socket(AF_INET, SOCK_DGRAM, 0);
	s->tcp = socket(AF_INET, SOCK_STREAM, 0);
	assert(s->udp >= 0 && s->tcp >= 0);
	setsockopt(s->udp, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	if (bind(s->udp, (struct sockaddr *)&address, sizeof address) == 0 &&
	    getsockname(s->udp, (struct sockaddr *)&address, &size) == 0 &&
	    bind(s->tcp, (struct sockaddr *)&address, sizeof address) == 0 &&
	    listen(s->tcp, 10) == 0) {
		s->port = ntohs(address.sin_port);
		return true;
	}
	close(s->udp);
	close(s->tcp);
	return false;
}

struct name_server *name_server_open(void)
{
	struct name_server *s = calloc(1, sizeof *s);
	assert(s);
	while (!sockets_open(s))
		;
	int failed = pthread_create(&s->thread, NULL, serve, s);
	assert(!failed);
	return s;
}

void name_server_close(struct name_server *s)
{
	s->stop = true;
	pthread_join(s->thread, NULL);
	close(s->udp);
	close(s->tcp);
	free(s);
}

uint16_t name_server_port(const struct name_server *s)
{
	return s->port;
}

void name_server_set(struct name_server *s, enum name_server_mode mode)
{
	s->mode = mode;
}

unsigned name_server_count(struct name_server *s)
{
	return s->count;
}

unsigned name_server_count_tcp(struct name_server *s)
{
	return s->count_tcp;
}
