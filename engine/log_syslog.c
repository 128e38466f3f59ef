/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Log lines to syslog: a local socket, or a host by UDP. */
#include "engine/files.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct log_syslog {
	int fd;
	char *bot_id;
	struct buffer line;
};

static int connect_local(const char *path, struct err *err)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof address.sun_path)
		return err_set(err, FAULT_CONFIGURATION,
		               "logging_syslog: '%s' is too long for a socket", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	err_set(err, FAULT_CONFIGURATION, "logging_syslog: %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int connect_host(const char *host, const char *port, struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *found = NULL;
	int rc = getaddrinfo(host, port, &hints, &found), fd = -1;
	for (struct addrinfo *at = found; rc == 0 && at && fd < 0; at = at->ai_next) {
		fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		            at->ai_protocol);
		if (fd >= 0 && connect(fd, at->ai_addr, at->ai_addrlen) < 0) {
			close(fd);
			fd = -1;
		}
	}
	if (found)
		freeaddrinfo(found);
	if (fd < 0)
		err_set(err, FAULT_CONFIGURATION, "logging_syslog: %s port %s: %s", host, port,
		        rc ? gai_strerror(rc) : strerror(errno));
	return fd;
}

int log_syslog_open(struct value where, const char *bot_id, struct log_syslog **out,
                    struct err *err)
{
	struct arena arena;
	int fd = -1;
	arena_init(&arena);
	if (where.kind == VALUE_STR)
		fd = connect_local(arena_cstr(&arena, where.text), err);
	else if (where.kind == VALUE_LIST && where.list->n == 2 &&
	         where.list->items[0].kind == VALUE_STR && where.list->items[1].kind == VALUE_INT)
		fd = connect_host(
			arena_cstr(&arena, where.list->items[0].text),
			arena_printf(&arena, "%lld", (long long)where.list->items[1].integer).p,
			err);
	else
		err_set(err, FAULT_CONFIGURATION,
		        "logging_syslog must be a device or [host, port]");
	arena_fini(&arena);
	if (fd < 0)
		return -1;
	struct log_syslog *log = calloc(1, sizeof *log);
	if (!log || !(log->bot_id = strdup(bot_id)))
		abort();
	log->fd = fd;
	buffer_init(&log->line, 8192);
	*out = log;
	return 0;
}

void log_syslog_close(struct log_syslog *log)
{
	if (!log)
		return;
	close(log->fd);
	buffer_fini(&log->line);
	free(log->bot_id);
	free(log);
}

/* RFC 3164: facility user, and the severity that fits the level. */
static int priority(enum log_level level)
{
	static const int severities[] = { 7, 6, 4, 3, 2 };
	return 1 << 3 | severities[level];
}

int log_syslog_write(struct log_syslog *log, enum log_level level, struct str text)
{
	buffer_clear(&log->line);
	buffer_printf(&log->line, "<%d>%s: %s ", priority(level), log->bot_id,
	              log_level_name(level));
	log_text_write(&log->line, str_slice(text, 0, 2000));
	/* A full or absent syslog must not stop a bot: the line is lost, as with every datagram. */
	return send(log->fd, log->line.p, log->line.n, MSG_NOSIGNAL) == (ssize_t)log->line.n ? 0
	                                                                                     : -1;
}
