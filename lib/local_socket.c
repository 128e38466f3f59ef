/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/local_socket.h"

#include <string.h>
#include <sys/socket.h>

int local_socket_address(const char *path, struct sockaddr_un *out, struct err *err)
{
	size_t n = strlen(path);
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (n >= sizeof out->sun_path)
		return err_set(err, FAULT_CONFIGURATION,
		               "%s: too long for a socket; use a shorter directory", path);
	memcpy(out->sun_path, path, n);
	return 0;
}
