/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "daemon/loop.h"

#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

int loop_init(struct loop *loop, struct err *err)
{
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	return loop->epoll < 0 ? err_set(err, FAULT_OTHER, "epoll_create1: %s", strerror(errno))
	                       : 0;
}

void loop_fini(struct loop *loop)
{
	close(loop->epoll);
}

int watch_open(struct watch *watch, struct loop *loop, uint32_t events, struct err *err)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, watch->fd, &event) < 0)
		return err_set(err, FAULT_OTHER, "epoll_ctl: %s", strerror(errno));
	return 0;
}

void watch_change(struct watch *watch, struct loop *loop, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };
	epoll_ctl(loop->epoll, EPOLL_CTL_MOD, watch->fd, &event);
}

void watch_close(struct watch *watch, struct loop *loop)
{
	if (watch->fd < 0)
		return;
	epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	close(watch->fd);
	watch->fd = -1;
}

/* One event at a time: what its owner does may close other watches, whose events would then point nowhere. */
bool loop_wait(struct loop *loop, int timeout_ms)
{
	struct epoll_event event;
	if (epoll_wait(loop->epoll, &event, 1, timeout_ms) <= 0)
		return false;
	struct watch *watch = event.data.ptr;
	watch->ready(watch->owner, event.events);
	return true;
}
