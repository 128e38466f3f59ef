/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * wire.h - a client's end of a connection to the embedded broker: sends frames and reads frames, waiting or not.
 */
#pragma once
#include <sys/uio.h>

#include "broker/frame.h"

struct wire {
	int fd; /* -1: closed */
	bool broken;
	struct buffer in; /* from `parsed` on not looked at yet */
	size_t parsed;
	/* Tests that run the server in the same thread: called instead of waiting. */
	void (*wait)(void *context);
	void *context;
};

void wire_init(struct wire *);
/* Takes over a connected descriptor. */
void wire_use(struct wire *, int fd);
int wire_open(struct wire *, const char *path, struct err *);
void wire_close(struct wire *);

/* Sends all of it, and reads meanwhile, so that neither side waits for the other. */
int wire_send(struct wire *, struct iovec *parts, size_t n, struct err *);

/*
 * The next frame; its payload lives until the next call. Waits up to `timeout_ms` (0: not at all, -1: for ever). 1: a frame;
 * 0: none yet, or a signal that is to end the process came; -1: the connection is broken.
 */
int wire_next(struct wire *, int timeout_ms, struct frame *out, struct err *);

/* Hands out the bytes that the last frame lies in, so that they live on. The old content of `out` is dropped. */
void wire_take(struct wire *, struct buffer *out);
