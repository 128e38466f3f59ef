/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "daemon/control.h"

#include "lib/local_socket.h"

#include <intelmq/buffer.h>
#include <intelmq/clock.h>
#include <intelmq/json.h>

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_REQUEST = 1024 * 1024, MAX_ANSWER = 64 * 1024 * 1024, RETRY_MS = 10 };

const char *control_path(struct arena *arena, const struct paths *paths)
{
	return arena_printf(arena, "%sintelmqd.sock", paths->run).p;
}

/* While more ask than intelmqd has taken yet, it is tried again, until a moment of the monotonic clock. */
static int connect_patiently(int fd, const struct sockaddr_un *address, int64_t until)
{
	while (true) {
		if (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0)
			return 0;
		if (errno != EAGAIN || clock_monotonic_ms() >= until)
			return -1;
		poll(NULL, 0, RETRY_MS);
	}
}

static int connect_to(const char *path, int64_t until, struct err *err)
{
	struct sockaddr_un address;
	if (local_socket_address(path, &address, err) < 0)
		return -1;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return err_set(err, FAULT_OTHER, "no socket: %s", strerror(errno));
	if (connect_patiently(fd, &address, until) == 0)
		return fd;
	if (errno == ENOENT || errno == ECONNREFUSED)
		err_set(err, FAULT_OTHER, "intelmqd does not run: nobody listens at %s", path);
	else
		err_set(err, FAULT_OTHER, "%s: %s", path, strerror(errno));
	close(fd);
	return -1;
}

/* Waits for a descriptor until a moment of the monotonic clock. */
static int wait_for(int fd, short events, int64_t until, struct err *err)
{
	struct pollfd watched = { .fd = fd, .events = events };
	while (true) {
		int64_t left = until - clock_monotonic_ms();
		int rc = left < 0 ? 0 : poll(&watched, 1, left > INT32_MAX ? INT32_MAX : (int)left);
		if (rc > 0)
			return 0;
		if (rc == 0)
			return err_set(err, FAULT_OTHER, "intelmqd did not answer in time");
		if (errno != EINTR)
			return err_set(err, FAULT_OTHER, "poll: %s", strerror(errno));
	}
}

static int send_all(int fd, struct str text, int64_t until, struct err *err)
{
	while (text.n) {
		if (wait_for(fd, POLLOUT, until, err) < 0)
			return -1;
		ssize_t n = send(fd, text.p, text.n, MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return err_set(err, FAULT_OTHER, "intelmqd closed the connection: %s",
			               strerror(errno));
		if (n > 0)
			text = str_slice(text, (size_t)n, text.n);
	}
	return 0;
}

/* One line, without its end. */
static int receive_line(int fd, struct buffer *line, int64_t until, struct err *err)
{
	enum { PIECE = 64 * 1024 };
	while (true) {
		if (wait_for(fd, POLLIN, until, err) < 0)
			return -1;
		char *room = buffer_room(line, PIECE);
		if (!room)
			return err_set(err, FAULT_OTHER, "intelmqd's answer is too long");
		ssize_t n = recv(fd, room, PIECE, 0);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			return err_set(err, FAULT_OTHER, "intelmqd closed the connection");
		const char *end = memchr(room, '\n', (size_t)n);
		line->n += end ? (size_t)(end - room) : (size_t)n;
		if (end)
			return 0;
	}
}

static int exchange(int fd, struct value request, int64_t until, struct arena *arena,
                    struct value *answer, struct err *err)
{
	struct buffer text;
	buffer_init_in(&text, arena, MAX_REQUEST);
	json_write(&text, request, JSON_COMPACT);
	buffer_add_char(&text, '\n');
	if (text.over)
		return err_set(err, FAULT_INVALID_ARGUMENT, "the request is too long");
	if (send_all(fd, buffer_str(&text), until, err) < 0)
		return -1;
	buffer_init_in(&text, arena, MAX_ANSWER);
	if (receive_line(fd, &text, until, err) < 0)
		return -1;
	if (json_parse(arena, buffer_str(&text), answer, err) < 0)
		return err_prefix(err, "intelmqd's answer");
	return answer->kind == VALUE_DICT
	             ? 0
	             : err_set(err, FAULT_OTHER, "intelmqd's answer is not an object");
}

int control_call(const struct paths *paths, struct value request, int timeout_ms,
                 struct arena *arena, struct value *answer, struct err *err)
{
	int64_t until = clock_monotonic_ms() + timeout_ms;
	int fd = connect_to(control_path(arena, paths), until, err);
	if (fd < 0)
		return -1;
	int rc = exchange(fd, request, until, arena, answer, err);
	close(fd);
	return rc;
}

bool control_is_running(const struct paths *paths)
{
	enum { PATIENCE = 1000 };
	struct arena arena;
	arena_init(&arena);
	int fd = connect_to(control_path(&arena, paths), clock_monotonic_ms() + PATIENCE, NULL);
	arena_fini(&arena);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}
