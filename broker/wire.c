/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "broker/wire.h"

#include "broker/rules.h"
#include "lib/local_socket.h"

#include <intelmq/clock.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum {
	READ_BYTES = USUAL_OR_TEST(256 * 1024, 1000),
	WAIT_MS = 200, /* between looks for a signal that is blocked */
	CONNECT_SECONDS = 2,
};

void wire_init(struct wire *w)
{
	*w = (struct wire){ .fd = -1 };
	buffer_init(&w->in, MAX_FRAME + (size_t)FRAME_HEADER + READ_BYTES);
}

void wire_use(struct wire *w, int fd)
{
	w->fd = fd;
}

void wire_close(struct wire *w)
{
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
	buffer_fini(&w->in);
}

int wire_open(struct wire *w, const char *path, struct err *err)
{
	struct sockaddr_un address;
	if (local_socket_address(path, &address, err) < 0)
		return -1;
	/* It takes time only where a broker does not go on and many wait for it already. */
	const struct timeval patience = { .tv_sec = CONNECT_SECONDS };
	w->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (w->fd >= 0)
		setsockopt(w->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (w->fd < 0 || connect(w->fd, (struct sockaddr *)&address, sizeof address) < 0) {
		int rc = err_set(err, FAULT_OTHER,
		                 "no broker answers at %s (%s); `intelmqctl start` starts it", path,
		                 strerror(errno));
		wire_close(w);
		return rc;
	}
	return 0;
}

static int broken(struct wire *w, struct err *err)
{
	w->broken = true;
	return err_set(err, FAULT_OTHER, "the broker has closed the connection");
}

/* 1: bytes came; 0: none are there; -1: the end. */
static int read_some(struct wire *w, struct err *err)
{
	char *room = buffer_room(&w->in, READ_BYTES);
	if (!room)
		return broken(w, err);
	ssize_t n;
	do
		n = recv(w->fd, room, READ_BYTES, MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return 0;
	if (n <= 0)
		return broken(w, err);
	w->in.n += (size_t)n;
	return 1;
}

static bool should_end(void)
{
	sigset_t pending;
	return sigpending(&pending) == 0 &&
	       (sigismember(&pending, SIGTERM) == 1 || sigismember(&pending, SIGINT) == 1);
}

static void wait_for(struct wire *w, short events, int timeout_ms)
{
	struct pollfd fd = { .fd = w->fd, .events = events };
	if (w->wait)
		w->wait(w->context);
	else
		poll(&fd, 1, timeout_ms < 0 || timeout_ms > WAIT_MS ? WAIT_MS : timeout_ms);
}

static void skip(struct iovec **parts, size_t *n, size_t sent)
{
	while (*n && sent >= (*parts)->iov_len) {
		sent -= (*parts)->iov_len;
		++*parts;
		--*n;
	}
	if (sent) {
		(*parts)->iov_base = (char *)(*parts)->iov_base + sent;
		(*parts)->iov_len -= sent;
	}
}

int wire_send(struct wire *w, struct iovec *parts, size_t n, struct err *err)
{
	skip(&parts, &n, 0);
	while (n) {
		struct msghdr message = { .msg_iov = parts, .msg_iovlen = n < 64 ? n : 64 };
		ssize_t sent = w->broken ? -1
		                         : sendmsg(w->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent >= 0) {
			skip(&parts, &n, (size_t)sent);
			continue;
		}
		if (w->broken || (errno != EAGAIN && errno != EINTR))
			return broken(w, err);
		if (read_some(w, err) < 0)
			return -1;
		wait_for(w, POLLIN | POLLOUT, -1);
	}
	return 0;
}

/* What is parsed makes room, if nothing of the last frame is borrowed any more. */
static void tidy(struct wire *w)
{
	size_t left = w->in.n - w->parsed;
	if (left && left > w->in.n / 2)
		return;
	if (left)
		memmove(w->in.p, w->in.p + w->parsed, left);
	w->in.n = left;
	w->parsed = 0;
}

int wire_next(struct wire *w, int timeout_ms, struct frame *out, struct err *err)
{
	int64_t until = clock_monotonic_ms() + timeout_ms;
	tidy(w);
	while (true) {
		struct str bytes = str_slice(buffer_str(&w->in), w->parsed, SIZE_MAX);
		if (frame_first(bytes, out)) {
			w->parsed += out->payload.n + FRAME_HEADER;
			return 1;
		}
		if (w->broken || frame_size(bytes) < 0)
			return broken(w, err);
		int got = read_some(w, err);
		if (got < 0)
			return -1;
		if (got)
			continue;
		int64_t left = timeout_ms < 0 ? WAIT_MS : until - clock_monotonic_ms();
		if (left <= 0 || (timeout_ms && should_end()))
			return 0;
		wait_for(w, POLLIN, (int)left);
	}
}

void wire_take(struct wire *w, struct buffer *out)
{
	struct buffer empty = *out;
	buffer_clear(&empty);
	buffer_add_str(&empty, str_slice(buffer_str(&w->in), w->parsed, SIZE_MAX));
	*out = w->in;
	w->in = empty;
	w->parsed = 0;
}
