/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What an earlier intelmqd left running. Its number may be somebody else's by now, so a descriptor stands for it. */
#include "daemon/inside.h"

#include <intelmq/clock.h>

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static void signal_former(const struct former *former, int number)
{
	syscall(SYS_pidfd_send_signal, former->fd, number, NULL, 0);
}

void former_find(struct daemon *d, struct former *former, const char *file, const char *name,
                 const char *id)
{
	char path[4096];
	snprintf(path, sizeof path, "%s%s.pid", d->paths->run, file);
	*former = (struct former){ .pid = process_find(path, name, id), .fd = -1 };
	if (former->pid)
		former->fd = (int)syscall(SYS_pidfd_open, former->pid, 0);
	/* Looked at again: from here on it is the same one. */
	if (former->fd < 0 || process_find(path, name, id) != former->pid) {
		former_close(former);
		return;
	}
	daemon_log(d, LEVEL_WARNING, "%s still runs as process %d, from before; it is ended", file,
	           (int)former->pid);
	former->since = clock_monotonic_ms();
	signal_former(former, SIGTERM);
}

void former_close(struct former *former)
{
	if (former->pid && former->fd >= 0)
		close(former->fd);
	former->pid = 0;
}

bool former_is_there(struct daemon *d, struct former *former, int64_t patience)
{
	struct pollfd ended = { .fd = former->fd, .events = POLLIN };
	if (former->pid == 0)
		return false;
	if (poll(&ended, 1, 0) > 0) {
		former_close(former);
		return false;
	}
	int64_t now = clock_monotonic_ms();
	if (now - former->since > patience) {
		daemon_log(d, LEVEL_WARNING, "process %d, from before, does not end; it is killed",
		           (int)former->pid);
		former->since = now;
		signal_former(former, SIGKILL);
	}
	return true;
}
