/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "daemon/notify.h"

#include <intelmq/clock.h>
#include <intelmq/number.h>

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A number of the environment; 0 if it is none. */
static int64_t number_of(const char *variable)
{
	const char *text = getenv(variable);
	struct arena arena;
	struct value value;
	arena_init(&arena);
	int64_t number = 0;
	if (text && number_int(&arena, str_of(text), &value) == 0 && value.kind == VALUE_INT)
		number = value.integer;
	arena_fini(&arena);
	return number;
}

/* A path, or a name without a file ("@name": its first byte is a zero). */
static int connect_to(const char *where)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t n = strlen(where);
	if ((where[0] != '/' && where[0] != '@') || n < 2 || n >= sizeof address.sun_path)
		return -1;
	memcpy(address.sun_path, where, n);
	if (where[0] == '@')
		address.sun_path[0] = 0;
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	socklen_t length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, length) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

void notify_open(struct notify *n)
{
	const char *where = getenv("NOTIFY_SOCKET");
	int64_t usec = number_of("WATCHDOG_USEC"), pid = number_of("WATCHDOG_PID");
	*n = (struct notify){ .fd = where ? connect_to(where) : -1 };
	if (n->fd >= 0 && usec > 0 && (pid == 0 || pid == getpid())) {
		n->watchdog_ms = usec / 1000 / 3;
		if (n->watchdog_ms < 1)
			n->watchdog_ms = 1;
	}
}

void notify_close(struct notify *n)
{
	if (n->fd >= 0)
		close(n->fd);
	n->fd = -1;
}

void notify_send(struct notify *n, const char *text)
{
	if (n->fd >= 0 && send(n->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
		return; /* it went away: no matter */
}

void notify_reloading(struct notify *n)
{
	char text[80];
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now); /* the service manager's clock, not ours */
	snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64,
	         (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000);
	notify_send(n, text);
}

void notify_status(struct notify *n, const char *text)
{
	char line[sizeof n->status + 10];
	if (strncmp(n->status, text, sizeof n->status - 1) == 0)
		return;
	snprintf(n->status, sizeof n->status, "%s", text);
	snprintf(line, sizeof line, "STATUS=%s", n->status);
	notify_send(n, line);
}

void notify_alive(struct notify *n)
{
	int64_t now = clock_monotonic_ms();
	if (n->watchdog_ms == 0 || now < n->next_ms)
		return;
	n->next_ms = now + n->watchdog_ms;
	notify_send(n, "WATCHDOG=1");
}
