/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * botnet.h - a whole botnet in one process: every enabled bot of runtime.yaml is a worker, the memory
 * broker is between them, and they take turns.
 */
#pragma once
#include "config/findings.h"
#include "config/runtime.h"
#include "engine/worker.h"

struct botnet;

struct botnet_options {
	const struct paths *paths;
	const char *const *environment; /* as environ(7) */
	struct queue_limits limits;     /* of each queue */
	bool log_to_stderr;             /* instead of log files */
};

/* Reads the configuration and opens all enabled bots. NULL: err says why; findings tell about the configuration. */
struct botnet *botnet_open(const struct botnet_options *, struct findings *, struct err *);
void botnet_close(struct botnet *);

/* One turn of every bot. Returns the milliseconds until somebody wants the next, or WORKER_STOPPED when all have ended. */
int64_t botnet_step(struct botnet *);

/* Waits so many milliseconds, or until what a bot has asked for comes, or a signal. */
void botnet_wait(struct botnet *, int ms);

/* Reads runtime.yaml again; bots go on with their new parameters at their next turn (SIGHUP). */
int botnet_reload(struct botnet *, struct findings *, struct err *);

/* Ends all bots (SIGTERM). */
void botnet_stop(struct botnet *);

/* True when every collector has ended and no queue that a running bot reads holds a message. */
bool botnet_is_drained(struct botnet *);

size_t botnet_size(const struct botnet *);
struct worker *botnet_worker(const struct botnet *, size_t);
struct broker *botnet_broker(const struct botnet *);
/* The largest exit code of the bots that have ended. */
int botnet_exit_code(const struct botnet *);
