/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * control.h - how the command line and the API talk to intelmqd: one JSON object a line, over <run>/intelmqd.sock.
 *
 * Requests:
 *	{"command": "status"}                       the state of all
 *	{"command": "start", "bots": ["id", …]}     likewise stop, restart, reload; without "bots": all enabled ones
 *	{"command": "shutdown"}                     ends bots, broker and intelmqd
 * intelmqd reads runtime.yaml again before each of them, if it has changed. The answer comes when the wanted state is
 * reached, or certainly not reached, after a minute at the latest; the next request of a connection waits for it:
 *	{"daemon": {"pid": 1, "version": "…", "sandbox": "landlock 3, seccomp" or "none: why"},
 *	 "broker": {"state": "running", "reason": "…", "pid": 2, "since": "<ISO time>", "restarts": 0},
 *	 "bots": {"<id>": {"state": "…", "reason": "…", "pid": 3, "since": "<ISO time>", "restarts": 0, "module": "…",
 *	                   "enabled": true, "received": 0, "sent": 0, "failed": 0, "dumped": 0,
 *	                   "sandbox": "landlock 3, seccomp"}},
 *	 "error": "…"}                              only if the request could not be carried out
 * "bots" has those that were asked for. States: starting, running, stopping, stopped, disabled, crashed (is started
 * again at a time that the reason names), failed (is not: the reason says why). `reason` is a sentence for people; of a running broker: why
 * bots must wait (the disk is full). A bot
 * of several processes has "instances", too; it is as the one of them that is worst off, its counters are sums.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>
#include <intelmq/value.h>

#include "config/paths.h"

/* The path of the socket, in the arena. */
const char *control_path(struct arena *, const struct paths *);

/*
 * One request and its answer. FAULT_PIPELINE-like failures: nobody listens (err says that intelmqd does not run), the
 * connection broke. `timeout_ms` for the whole.
 */
int control_call(const struct paths *, struct value request, int timeout_ms, struct arena *,
                 struct value *answer, struct err *);

/* True if an intelmqd listens. */
bool control_is_running(const struct paths *);
