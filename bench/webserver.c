/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A web server far away: answers every request with 200 and a small body after a while. HTTP/1.1 with keep-alive, one thread.
 *
 *	webserver --listen 127.0.0.1:8081 --delay-ms 50
 */
#include <arpa/inet.h>
#include <getopt.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 4096, REQUEST = 4096, EVENTS = 256 };

struct peer {
	size_t n; /* of the request so far */
	char request[REQUEST];
};

/* Answers that wait, in the order of when they are due. */
struct due {
	int64_t at_us;
	int fd;
	unsigned generation;
};

static struct peer *peers[CONNECTIONS];
static unsigned generations[CONNECTIONS];
static struct due ring[CONNECTIONS];
static size_t first, waiting;
static int listening, epoll;
static int64_t delay_us;

static int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void hang_up(int fd)
{
	close(fd);
	free(peers[fd]);
	peers[fd] = NULL;
	generations[fd]++;
}

static void welcome(void)
{
	int fd = accept4(listening, NULL, NULL, SOCK_NONBLOCK);
	if (fd >= CONNECTIONS || (fd >= 0 && !(peers[fd] = calloc(1, sizeof *peers[fd])))) {
		close(fd);
		return;
	}
	if (fd >= 0)
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd,
		          &(struct epoll_event){ .events = EPOLLIN, .data.fd = fd });
}

static void listen_to(int fd)
{
	struct peer *p = peers[fd];
	ssize_t got = recv(fd, p->request + p->n, REQUEST - 1 - p->n, 0);
	if (got <= 0 || waiting == CONNECTIONS) {
		hang_up(fd);
		return;
	}
	p->n += (size_t)got;
	p->request[p->n] = 0;
	if (!strstr(p->request, "\r\n\r\n"))
		return;
	p->n = 0;
	ring[(first + waiting++) % CONNECTIONS] = (struct due){ now_us() + delay_us, fd,
		                                                generations[fd] };
}

static void answer_due(void)
{
	static const char answer[] =
		"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nhello\n";
	for (int64_t now = now_us(); waiting && ring[first].at_us <= now; waiting--) {
		const struct due *due = &ring[first];
		if (peers[due->fd] && generations[due->fd] == due->generation &&
		    send(due->fd, answer, sizeof answer - 1, MSG_NOSIGNAL) < 0)
			hang_up(due->fd);
		first = (first + 1) % CONNECTIONS;
	}
}

static bool open_server(const char *text)
{
	char host[64];
	const char *colon = strrchr(text, ':');
	struct sockaddr_in at = { .sin_family = AF_INET };
	int yes = 1;
	if (!colon)
		return false;
	snprintf(host, sizeof host, "%.*s", (int)(colon - text), text);
	at.sin_port = htons((uint16_t)strtoul(colon + 1, NULL, 10));
	listening = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
	return inet_pton(AF_INET, host, &at.sin_addr) == 1 &&
	       bind(listening, (struct sockaddr *)&at, sizeof at) == 0 &&
	       listen(listening, 1024) == 0;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "listen", required_argument, NULL, 'l' },
		                                 { "delay-ms", required_argument, NULL, 'd' },
		                                 { 0 } };
	const char *at = NULL;
	for (int c; (c = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (c == 'l')
			at = optarg;
		else if (c == 'd')
			delay_us = (int64_t)(strtod(optarg, NULL) * 1000);
	}
	if (!at || !open_server(at)) {
		fputs("usage: webserver --listen ADDRESS:PORT --delay-ms N\n", stderr);
		return 2;
	}
	epoll = epoll_create1(0);
	epoll_ctl(epoll, EPOLL_CTL_ADD, listening,
	          &(struct epoll_event){ .events = EPOLLIN, .data.fd = listening });
	while (true) {
		struct epoll_event events[EVENTS];
		int64_t left = waiting ? (ring[first].at_us - now_us() + 999) / 1000 : 1000;
		int n = epoll_wait(epoll, events, EVENTS, left < 0 ? 0 : (int)left);
		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == listening)
				welcome();
			else
				listen_to(events[i].data.fd);
		}
		answer_due();
	}
}
