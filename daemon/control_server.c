/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The control socket: lines in, answers out. Nobody on it can keep the loop from its work. */
#include "daemon/inside.h"

#include <intelmq/clock.h>
#include <intelmq/json.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/control.h"
#include "lib/local_socket.h"

enum {
	MAX_CONNECTIONS = 32,
	MAX_LINE = 1024 * 1024,
	MAX_OUT = 64 * 1024 * 1024,
	IDLE_LIMIT = 60000, /* ms after which a connection that asks and reads nothing is closed */
};

struct connection {
	struct daemon *daemon;
	struct watch watch; /* fd -1: free */
	struct buffer in, out;
	size_t sent; /* of `out` */
	bool busy;   /* `request` is under way */
	bool ends;   /* it sends nothing more */
	struct request request;
	int64_t active; /* monotonic ms: when something passed last */
};

struct control_server {
	struct watch listener;
	char *path;
	struct connection all[MAX_CONNECTIONS];
};

static void connection_close(struct connection *c)
{
	watch_close(&c->watch, &c->daemon->loop);
	buffer_fini(&c->in);
	buffer_fini(&c->out);
	if (c->busy)
		request_fini(&c->request);
	c->busy = false;
}

/* Readable as long as it may ask, writable while something is to be sent. */
static void choose_events(struct connection *c)
{
	uint32_t in = c->busy || c->ends ? 0 : EPOLLIN;
	uint32_t out = c->sent < c->out.n ? EPOLLOUT : 0;
	watch_change(&c->watch, &c->daemon->loop, in | out);
}

static void flush(struct connection *c)
{
	while (c->sent < c->out.n) {
		ssize_t n = send(c->watch.fd, c->out.p + c->sent, c->out.n - c->sent, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR) {
			connection_close(c);
			return;
		}
		if (n <= 0)
			break;
		c->sent += (size_t)n;
		c->active = clock_monotonic_ms();
	}
	if (c->sent == c->out.n && c->ends && !c->busy)
		connection_close(c);
	else
		choose_events(c);
}

static void answer(struct connection *c)
{
	struct value value = status_answer(c->daemon, &c->request, &c->request.arena);
	buffer_clear(&c->out);
	c->sent = 0;
	json_write(&c->out, value, JSON_COMPACT);
	buffer_add_char(&c->out, '\n');
	request_fini(&c->request);
	c->busy = false;
	c->active = clock_monotonic_ms();
	if (c->out.over)
		connection_close(c);
	else
		flush(c);
}

/* The next whole line of what came in, if nothing else is under way. */
static void take_line(struct connection *c)
{
	struct str text = buffer_str(&c->in);
	size_t end = str_index(text, '\n');
	if (c->busy || c->sent < c->out.n || end == STR_NOT_FOUND)
		return;
	request_begin(c->daemon, &c->request, str_slice(text, 0, end));
	c->busy = true;
	memmove(c->in.p, c->in.p + end + 1, c->in.n - end - 1);
	c->in.n -= end + 1;
	choose_events(c);
}

static void connection_ready(void *owner, uint32_t events)
{
	enum { PIECE = 16 * 1024 };
	struct connection *c = owner;
	if (events & EPOLLOUT)
		flush(c);
	if (c->watch.fd < 0 || !(events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		return;
	char *room = buffer_room(&c->in, PIECE);
	ssize_t n = room ? recv(c->watch.fd, room, PIECE, 0) : -1;
	if (n < 0 && room && (errno == EAGAIN || errno == EINTR))
		return;
	c->active = clock_monotonic_ms();
	if (n < 0 || (n == 0 && (events & (EPOLLHUP | EPOLLERR)))) {
		connection_close(c);
		return;
	}
	c->in.n += (size_t)n;
	c->ends = c->ends || n == 0;
	take_line(c);
	if (c->ends && !c->busy)
		flush(c);
}

/* A free place; the one that has been idle longest makes room. */
static struct connection *find_place(struct control_server *s)
{
	struct connection *oldest = NULL;
	for (size_t i = 0; i < MAX_CONNECTIONS; i++) {
		struct connection *c = &s->all[i];
		if (c->watch.fd < 0)
			return c;
		if (!c->busy && (!oldest || c->active < oldest->active))
			oldest = c;
	}
	if (oldest)
		connection_close(oldest);
	return oldest;
}

static void accept_one(void *owner, uint32_t events)
{
	struct daemon *d = owner;
	(void)events;
	int fd = accept4(d->server->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct connection *c = fd < 0 ? NULL : find_place(d->server);
	if (!c) {
		if (fd >= 0)
			close(fd);
		return;
	}
	*c = (struct connection){ .daemon = d, .watch = { fd, connection_ready, c } };
	c->active = clock_monotonic_ms();
	buffer_init(&c->in, MAX_LINE);
	buffer_init(&c->out, MAX_OUT);
	if (watch_open(&c->watch, &d->loop, EPOLLIN, NULL) < 0)
		connection_close(c);
}

static int listen_at(const char *path, struct err *err)
{
	struct sockaddr_un address;
	if (local_socket_address(path, &address, err) < 0)
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before = umask(0117); /* who is in our group may ask, others not */
	unlink(path);                /* of an intelmqd that was killed: we hold its lock */
	int rc = fd < 0 ? -1 : bind(fd, (struct sockaddr *)&address, sizeof address);
	int why = errno;
	umask(before);
	if (rc == 0 && listen(fd, SOMAXCONN) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return err_set(err, FAULT_OTHER, "%s: cannot listen: %s", path, strerror(why));
}

int control_server_open(struct daemon *d, struct err *err)
{
	struct control_server *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	for (size_t i = 0; i < MAX_CONNECTIONS; i++)
		s->all[i].watch.fd = -1;
	d->server = s;
	const char *path = control_path(&d->life, d->paths);
	s->listener = (struct watch){ listen_at(path, err), accept_one, d };
	if (s->listener.fd < 0)
		return -1;
	s->path = strdup(path);
	if (!s->path)
		abort();
	return watch_open(&s->listener, &d->loop, EPOLLIN, err);
}

void control_server_close(struct daemon *d)
{
	struct control_server *s = d->server;
	if (!s)
		return;
	for (size_t i = 0; i < MAX_CONNECTIONS; i++)
		if (s->all[i].watch.fd >= 0)
			connection_close(&s->all[i]);
	watch_close(&s->listener, &d->loop);
	if (s->path)
		unlink(s->path);
	free(s->path);
	free(s);
	d->server = NULL;
}

void control_server_step(struct daemon *d)
{
	int64_t now = clock_monotonic_ms();
	for (size_t i = 0; i < MAX_CONNECTIONS; i++) {
		struct connection *c = &d->server->all[i];
		if (c->watch.fd < 0)
			continue;
		if (c->busy && (request_is_over(d, &c->request) || now >= c->request.deadline))
			answer(c);
		if (c->watch.fd >= 0 && !c->busy)
			take_line(c);
		if (c->watch.fd >= 0 && !c->busy && now - c->active > IDLE_LIMIT)
			connection_close(c);
	}
}

bool control_server_is_busy(const struct daemon *d)
{
	for (size_t i = 0; i < MAX_CONNECTIONS; i++) {
		const struct connection *c = &d->server->all[i];
		if (c->watch.fd >= 0 && (c->busy || c->sent < c->out.n))
			return true;
	}
	return false;
}
