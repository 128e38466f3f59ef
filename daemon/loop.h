/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * loop.h - the one place where intelmqd waits: descriptors and who is told that they are ready.
 */
#pragma once
#include <stdint.h>

#include <intelmq/err.h>

struct loop {
	int epoll;
};

/* Embedded in who wants to be told. A closed one has fd -1. */
struct watch {
	int fd;
	void (*ready)(void *owner, uint32_t events); /* events of epoll(7) */
	void *owner;
};

int loop_init(struct loop *, struct err *);
void loop_fini(struct loop *);

/* The watch stays where it is until it is closed. */
int watch_open(struct watch *, struct loop *, uint32_t events, struct err *);
void watch_change(struct watch *, struct loop *, uint32_t events);
/* Closes its descriptor, too. */
void watch_close(struct watch *, struct loop *);

/* Waits up to `timeout_ms` (-1: for ever) for one descriptor and tells its owner. False if nothing happened. */
bool loop_wait(struct loop *, int timeout_ms);
