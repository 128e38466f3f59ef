/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Connections: what is read, what is sent, and when they end. */
#include "broker/rules.h"
#include "broker/server_inside.h"
#include "lib/local_socket.h"

#include <intelmq/clock.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	READ_BYTES = USUAL_OR_TEST(256 * 1024, 200), /* at once */
	READ_TURN = USUAL_OR_TEST(4 * 1024 * 1024,
	                          300), /* from one client before the next one has its turn */
	KEPT_BYTES = 1024 * 1024,       /* of buffers, between frames */
	MAX_IN = MAX_FRAME + FRAME_HEADER + READ_BYTES,
	MAX_OUT = 1024 * 1024 * 1024, /* that a client does not read */
	EVENTS = 64,
	BACKLOG = 256,
	IOV = 64,
};

void server_log(struct server *s, bool is_error, const char *format, ...)
{
	char text[1000];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	if (s->options.log)
		s->options.log(s->options.context, is_error, text);
}

/* ---- Clients ---- */

void client_end(struct client *c)
{
	c->broken = c->ended = true;
}

struct buffer *client_out(struct client *c)
{
	return c->n_parts ? &c->later : &c->out;
}

void client_refuse(struct client *c, const char *why)
{
	struct buffer *out = client_out(c);
	size_t begun = frame_begin(out, FRAME_ERROR);
	buffer_add_str(out, str_of(why));
	frame_end(out, begun, 0);
	c->last_words = true;
	client_send(c);
}

/* Bodies of one block lie one behind the other: they become one part. */
void client_add_part(struct client *c, struct str body)
{
	struct iovec *last = c->n_parts ? &c->parts[c->n_parts - 1] : NULL;
	if (last && (char *)last->iov_base + last->iov_len == body.p) {
		last->iov_len += body.n;
		return;
	}
	if (c->n_parts == c->parts_capacity) {
		c->parts_capacity = c->parts_capacity ? c->parts_capacity * 2 : 16;
		c->parts = realloc(c->parts, c->parts_capacity * sizeof *c->parts);
		if (!c->parts)
			abort();
	}
	c->parts[c->n_parts++] = (struct iovec){ (void *)(uintptr_t)body.p, body.n };
}

static size_t gather(struct client *c, struct iovec *iov)
{
	size_t n = 0;
	if (c->out.n > c->sent)
		iov[n++] = (struct iovec){ c->out.p + c->sent, c->out.n - c->sent };
	for (size_t i = c->part; i < c->n_parts && n < IOV; i++)
		iov[n++] = c->parts[i];
	return n;
}

static void advance(struct client *c, size_t n)
{
	size_t head = c->out.n - c->sent < n ? c->out.n - c->sent : n;
	c->sent += head;
	n -= head;
	while (c->part < c->n_parts && n >= c->parts[c->part].iov_len)
		n -= c->parts[c->part++].iov_len;
	if (n) {
		c->parts[c->part].iov_base = (char *)c->parts[c->part].iov_base + n;
		c->parts[c->part].iov_len -= n;
	}
}

/* One large frame should not cost its memory for ever. */
static void empty(struct buffer *buffer, size_t limit)
{
	if (buffer->capacity > KEPT_BYTES) {
		buffer_fini(buffer);
		buffer_init(buffer, limit);
	}
	buffer_clear(buffer);
}

/* What came while a batch was on its way is next. */
static bool next_out(struct client *c)
{
	empty(&c->out, MAX_OUT);
	c->sent = c->part = c->n_parts = 0;
	struct buffer out = c->out;
	c->out = c->later;
	c->later = out;
	return c->out.n > 0;
}

/* A peer that is gone takes nothing: what it had sent counts, what it was to get does not. */
static void hush(struct client *c)
{
	c->mute = true;
	c->part = c->n_parts = 0;
	c->waits = false;
}

void client_send(struct client *c)
{
	struct iovec iov[IOV + 1];
	while (!c->mute) {
		size_t n = gather(c, iov);
		if (!n) {
			if (next_out(c))
				continue;
			break;
		}
		struct msghdr message = { .msg_iov = iov, .msg_iovlen = n };
		ssize_t sent = sendmsg(c->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent >= 0)
			advance(c, (size_t)sent);
		else if (errno == EAGAIN)
			break;
		else if (errno != EINTR)
			hush(c);
	}
	if (c->mute) {
		buffer_clear(&c->out);
		c->sent = 0;
	}
	if (c->last_words && !c->n_parts && c->out.n == c->sent)
		client_end(c);
}

void server_adopt(struct server *s, int fd, bool owned)
{
	struct client *c = calloc(1, sizeof *c);
	if (!c)
		abort();
	c->server = s;
	c->fd = fd;
	c->owned = owned;
	c->serial = ++s->last_serial;
	c->served_at = INT64_MIN / 2;
	arena_init(&c->life);
	buffer_init(&c->in, MAX_IN);
	buffer_init(&c->out, MAX_OUT);
	buffer_init(&c->later, MAX_OUT);
	buffer_init(&c->answer, MAX_OUT);
	c->events = EPOLLIN;
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
	epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event);
	/* At the end: whoever came first is served first. */
	struct client **link = &s->clients;
	while (*link)
		link = &(*link)->next;
	*link = c;
}

static void client_free(struct client *c)
{
	if (c->consumer)
		core_close(c->consumer);
	close(c->fd);
	buffer_fini(&c->in);
	buffer_fini(&c->out);
	buffer_fini(&c->later);
	buffer_fini(&c->answer);
	arena_fini(&c->life);
	free(c->parts);
	free(c);
}

/* ---- Reading ---- */

/* Bytes that are parsed make room. */
static void tidy(struct client *c)
{
	size_t left = c->in.n - c->parsed;
	if (left && c->parsed < c->in.n / 2)
		return;
	if (left)
		memmove(c->in.p, c->in.p + c->parsed, left);
	c->in.n = left;
	c->parsed = 0;
	if (!left)
		empty(&c->in, MAX_IN);
}

/* More is read while frames can be carried out, or one is not complete. */
static bool wants_bytes(const struct client *c)
{
	struct str bytes = str_slice(buffer_str(&c->in), c->parsed, SIZE_MAX);
	int64_t size = bytes.n ? frame_size(bytes) : 0;
	return !c->ended && (size == 0 || bytes.n < (size_t)size);
}

static void client_read(struct client *c)
{
	size_t turn = 0;
	while (wants_bytes(c) && turn < READ_TURN) {
		char *room = buffer_room(&c->in, READ_BYTES);
		ssize_t n = room ? recv(c->fd, room, READ_BYTES, MSG_DONTWAIT) : 0;
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0) {
			c->ended = true;
			break;
		}
		c->in.n += (size_t)n;
		turn += (size_t)n;
		session_frames(c);
		tidy(c);
		if (n < READ_BYTES)
			break;
	}
}

static void watch(struct client *c)
{
	uint32_t events = (wants_bytes(c) ? (uint32_t)EPOLLIN : 0) |
	                  (c->n_parts || c->out.n > c->sent ? (uint32_t)EPOLLOUT : 0);
	if (events == c->events)
		return;
	c->events = events;
	struct epoll_event event = { .events = events, .data.ptr = c };
	epoll_ctl(c->server->epoll, EPOLL_CTL_MOD, c->fd, &event);
}

static void client_event(struct client *c, uint32_t events)
{
	bool gone = events & (EPOLLHUP | EPOLLERR);
	if (gone)
		hush(c);
	else if (events & EPOLLOUT)
		client_send(c);
	if (gone && c->consumer && !rule_on(RULE_DRAIN))
		core_drop_claims(c->consumer);
	session_frames(c);
	client_read(c);
	while (gone && wants_bytes(c))
		client_read(c);
	if (gone)
		c->ended = true;
}

/* ---- Listening ---- */

static void accept_client(struct server *s)
{
	int fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ucred peer = { 0 };
	socklen_t size = sizeof peer;
	if (fd < 0)
		return;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 ||
	    (peer.uid != geteuid() && peer.uid != 0)) {
		server_log(s, true, "Security: a process of user %u (pid %d) wanted to connect.",
		           peer.uid, (int)peer.pid);
		close(fd);
		return;
	}
	server_adopt(s, fd, s->options.owner && peer.pid == (pid_t)s->options.owner);
}

static int listen_at(struct server *s, struct err *err)
{
	struct sockaddr_un address;
	const char *path = s->options.socket;
	if (local_socket_address(path, &address, err) < 0)
		return -1;
	s->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* Whoever has the lock of the directory may take the socket's place. */
	unlink(path);
	mode_t mask = umask(0077);
	int rc = s->listener < 0 ? -1
	                         : bind(s->listener, (struct sockaddr *)&address, sizeof address);
	umask(mask);
	if (rc < 0 || listen(s->listener, BACKLOG) < 0)
		return err_set(err, FAULT_OTHER, "%s: %s", path, strerror(errno));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = NULL };
	epoll_ctl(s->epoll, EPOLL_CTL_ADD, s->listener, &event);
	return 0;
}

/* ---- The server ---- */

static int recover(struct server *s, struct err *err)
{
	struct store_queue *queues;
	size_t n;
	s->journal = journal_new();
	s->journal->durable = store_group(s->store);
	s->group = s->journal->number = s->journal->durable + 1;
	s->used_bytes = store_used(s->store);
	s->stored_bytes = store_size(s->store);
	s->core = core_new(s->options.limits, rule_on(RULE_EPOCH) ? store_epoch(s->store) : 1);
	core_persist(s->core, s->journal);
	if (store_queues(s->store, &queues, &n, err) < 0)
		return -1;
	uint64_t messages = 0;
	for (size_t i = 0; i < n; i++) {
		core_restore(s->core, &queues[i]);
		messages += queues[i].messages;
	}
	store_queues_free(queues, n);
	server_log(s, false, "Recovered group %llu with %llu messages in %zu queues, epoch %u.",
	           (unsigned long long)store_group(s->store), (unsigned long long)messages, n,
	           store_epoch(s->store));
	return 0;
}

int server_open(const struct server_options *options, struct server **out, struct err *err)
{
	struct server *s = calloc(1, sizeof *s);
	struct str warning = STR_NONE;
	if (!s)
		abort();
	s->options = *options;
	s->listener = -1;
	s->closed_at = INT64_MIN / 2;
	s->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (store_open(&options->store, &s->store, &warning, err) < 0)
		goto out;
	if (warning.n)
		server_log(s, true, "%.*s", STR_ARG(warning));
	if (recover(s, err) < 0)
		goto out;
	s->writer = writer_new(s->store, !options->without_thread);
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = s };
	epoll_ctl(s->epoll, EPOLL_CTL_ADD, writer_fd(s->writer), &event);
	if (options->socket && listen_at(s, err) < 0)
		goto out;
	*out = s;
	return 0;
out:
	server_close(s);
	return -1;
}

static void states_free(struct server *s)
{
	while (s->changes) {
		struct bot_changes *next = s->changes->next;
		buffer_fini(&s->changes->bytes);
		free(s->changes);
		s->changes = next;
	}
}

void server_close(struct server *s)
{
	if (!s)
		return;
	while (s->clients) {
		struct client *next = s->clients->next;
		client_free(s->clients);
		s->clients = next;
	}
	/* A job in hand needs the group; one that was done or given up is freed with it. */
	writer_free(s->writer);
	if (s->again_at)
		closed_group_free(s->writing);
	if (s->core)
		core_free(s->core);
	journal_free(s->journal);
	states_free(s);
	store_close(s->store);
	if (s->listener >= 0) {
		close(s->listener);
		unlink(s->options.socket);
	}
	close(s->epoll);
	arena_fini(&s->scratch);
	free(s);
}

/* Clients that have ended: their last frames are applied by now, their claims are free. */
static void bury(struct server *s)
{
	for (struct client **link = &s->clients; *link;) {
		struct client *c = *link;
		if (c->ended) {
			*link = c->next;
			client_free(c);
		} else {
			link = &c->next;
		}
	}
}

static void serve(struct server *s, int64_t now)
{
	for (struct client *c = s->clients; c; c = c->next)
		session_serve(c, now);
	bury(s);
	/* Whoever waited for one of them. */
	for (struct client *c = s->clients; c; c = c->next) {
		session_serve(c, now);
		tidy(c);
		watch(c);
	}
}

static int shortest(int a, int64_t b)
{
	return b >= 0 && (a < 0 || b < a) ? (int)b : a;
}

static int time_out(const struct server *s, int timeout_ms)
{
	int64_t now = clock_monotonic_ms();
	timeout_ms = shortest(timeout_ms, groups_deadline(s, now));
	for (const struct client *c = s->clients; c; c = c->next)
		timeout_ms = shortest(timeout_ms, session_deadline(c, now));
	return timeout_ms;
}

int server_step(struct server *s, int timeout_ms, struct err *err)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(s->epoll, events, EVENTS, time_out(s, timeout_ms));
	for (int i = 0; i < n; i++) {
		if (!events[i].data.ptr)
			accept_client(s);
		else if (events[i].data.ptr != s)
			client_event(events[i].data.ptr, events[i].events);
	}
	int64_t now = clock_monotonic_ms();
	groups_step(s, now);
	serve(s, now);
	if (s->failure.fault == FAULT_NONE)
		return 0;
	if (err)
		*err = s->failure;
	return -1;
}

const char *server_trouble(const struct server *s)
{
	return s->trouble;
}

bool server_finish(struct server *s, struct err *err)
{
	while (!groups_is_stored(s, groups_last(s))) {
		groups_want(s);
		groups_changed(s);
		if (server_step(s, 10, err) < 0)
			return false;
		if (s->full) {
			err_set(err, FAULT_OTHER,
			        "the disk is full: the last moment before it was is kept");
			return false;
		}
	}
	return true;
}

bool server_work(struct server *s)
{
	return writer_work(s->writer);
}
