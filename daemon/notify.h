/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * notify.h - telling a service manager how it goes (the protocol of sd_notify): datagrams to NOTIFY_SOCKET.
 *
 * Without that variable, and when nobody takes them, nothing happens: that somebody listens is never a condition.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct notify {
	int fd;              /* -1: nobody is to be told */
	int64_t watchdog_ms; /* how often it wants to hear of us; 0: not at all */
	int64_t next_ms;     /* monotonic: when it is told next */
	char status[200];    /* what was told last */
};

/* Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID. */
void notify_open(struct notify *);
void notify_close(struct notify *);

/* "READY=1", "STOPPING=1" … */
void notify_send(struct notify *, const char *text);
void notify_reloading(struct notify *);
/* One line for people, sent when it has changed. */
void notify_status(struct notify *, const char *text);
/* Tells the watchdog when it is due. */
void notify_alive(struct notify *);
