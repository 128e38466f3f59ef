/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * local_socket.h - addresses of Unix sockets.
 */
#pragma once
#include <intelmq/err.h>
#include <sys/un.h>

/* The address of a path; -1 if it is too long for one (107 bytes, unix(7)), which err says with the path. */
int local_socket_address(const char *path, struct sockaddr_un *out, struct err *);
