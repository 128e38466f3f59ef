/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * inside.h - intelmqd from the inside: what its files share.
 *
 *	daemon.c         the program: options, the lock, the loop, the order of stopping
 *	configuration.c  runtime.yaml -> the list of bots
 *	bots.c           one bot: starting, watching, what to do when it ended
 *	broker_child.c   the same for the broker
 *	supervise.c      the decisions for both; process.c: their processes
 *	control_server.c the control socket; request.c: what is asked there; status.c: what is answered
 *	wanted.c         which bots are to run, remembered across restarts
 */
#pragma once
#include <intelmq/bot.h>
#include <sys/types.h>

#include "config/paths.h"
#include "config/runtime.h"
#include "daemon/loop.h"
#include "daemon/notify.h"
#include "daemon/process.h"
#include "daemon/supervise.h"
#include "engine/files.h"

enum {
	STOP_BOT = 5000,         /* ms until SIGKILL; a worker needs half a second */
	STOP_BROKER = 30000,     /* its last group may have to wait for a slow disk */
	OOM_SCORE_NEEDED = -900, /* of intelmqd and the broker, as far as it is allowed */
	OOM_SCORE_BOT = 200,
	BROKER_DEAF = 1000,
	FOREIGN_READY = 500, /* ms after which a program that does not tell counts as running */
	POLL_STARTING = 10, /* ms between two looks at the pages: while somebody starts, and else */
	POLL_RUNNING = 1000,
};

/* A process that an intelmqd before this one left behind: it is ended before another takes its place. */
struct former {
	pid_t pid;     /* 0: none */
	int fd;        /* of pidfd_open */
	int64_t since; /* monotonic ms of the SIGTERM */
};

struct bot_process {
	struct bot_child *bot;
	unsigned number; /* instance, from 0 */
	struct child child;
	struct process process;
	struct former former;
	bool foreign; /* a program that knows nothing of pages and of our broker */
	bool finished_something;
	struct place working; /* as seen last, for the watchdog */
	int64_t working_since, seen_at;
};

/* A bot of runtime.yaml, or one that was there and still runs. */
struct bot_child {
	char *id;
	const struct runtime_bot
		*spec; /* in the present configuration, NULL: it is gone from there */
	const struct bot_type
		*type;       /* NULL: of a library that is not loaded here, or somebody else's */
	bool known;          /* it is one of ours */
	unsigned instances;  /* that it shall have */
	int64_t watchdog_ms; /* that it may work on one message; 0: as long as it wants */
	bool was_enabled;    /* when it was started */
	bool dismissed;      /* somebody stopped it */
	char *started_as;    /* topology when it was started; NULL: it never was */
	bool again; /* it is started, with another number of instances, when all of these have ended */
	struct bot_process *all; /* its instances */
	unsigned n;
};

struct broker_child {
	struct child child;
	struct process process;
	struct watch ready; /* what it tells when it serves */
	int64_t deaf_until; /* monotonic ms: it took no connection, and is not asked again before that */
	struct former former;
};

enum daemon_phase {
	DAEMON_RUNS,
	DAEMON_STOPS_COLLECTORS,
	DAEMON_STOPS_BOTS,
	DAEMON_STOPS_BROKER,
	DAEMON_ENDED
};

struct control_server;

struct daemon {
	struct loop loop;
	struct arena life;
	const struct paths *paths;
	const char *const *environment;
	const char *bin;     /* where the programs are, without a final slash */
	const char *program; /* our own */
	unsigned max_crashes;
	enum daemon_phase phase;
	struct log_file *log;
	struct notify notify;
	bool told_ready;
	struct broker_child broker;
	struct control_server *server;

	/* the configuration in force: the last one that could be read */
	struct arena *configuration;
	struct runtime *runtime; /* NULL: none was readable yet */
	char stamp[160];         /* of the file when it was read last */
	char trouble[600];       /* why the file as it is now cannot be used; empty: it can */
	struct bot_child *
		*bots; /* in the order of the file, those that are gone from it at the end */
	size_t n;

	bool resumed;     /* what ran before was started again: wanted.c may write */
	bool changed;     /* a bot ended, so that wanted.c may have to write */
	char *remembered; /* what wanted.c has written last */
};

/* daemon.c */
void daemon_log(struct daemon *, enum log_level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void daemon_shutdown(struct daemon *);

/* configuration.c */

/* Reads runtime.yaml if it has changed. -1: it cannot be used, `trouble` says why, all goes on as it was. */
int configuration_read(struct daemon *);
void configuration_fini(struct daemon *);
struct bot_child *bot_find(const struct daemon *, struct str id);
/* Forgets bots that are gone from runtime.yaml and have ended. */
void configuration_sweep(struct daemon *);

/* bots.c */
void bot_start(struct daemon *, struct bot_child *);
void bot_stop(struct daemon *, struct bot_child *, const char *reason);
void bot_restart(struct daemon *, struct bot_child *);
/* Its parameters anew; restarted if more than these has changed, stopped if it is disabled or gone. */
void bot_reload(struct daemon *, struct bot_child *);
/* Does what is due; returns when the next thing is (monotonic ms). */
int64_t bot_step(struct daemon *, struct bot_child *);
/* True if the process was one of the bot's. */
bool bot_reaped(struct daemon *, struct bot_child *, pid_t, int status);
void bot_free(struct bot_child *);
bool bot_is_alive(const struct bot_child *);
bool bot_is_settled(const struct bot_child *);
/* True if it is to run: also while it waits for that. */
bool bot_is_wanted(const struct bot_child *);
bool bot_is_collector(const struct bot_child *);
/* Takes over what an earlier intelmqd left running, to end it. */
void bot_find_former(struct daemon *, struct bot_child *);

/* broker_child.c */
void broker_child_init(struct daemon *);
void broker_child_fini(struct daemon *);
int64_t broker_child_step(struct daemon *);
bool broker_child_reaped(struct daemon *, pid_t, int status);
bool broker_child_serves(const struct daemon *);

/* former.c: what an earlier intelmqd left behind. */
void former_find(struct daemon *, struct former *, const char *file, const char *name,
                 const char *id);
void former_close(struct former *);
/* True while it is there; it gets SIGTERM first, after `patience` ms SIGKILL. */
bool former_is_there(struct daemon *, struct former *, int64_t patience);

/* control_server.c, request.c, status.c */
int control_server_open(struct daemon *, struct err *);
void control_server_close(struct daemon *);
/* Answers what has become answerable. */
void control_server_step(struct daemon *);
/* True if an answer has not gone out yet. */
bool control_server_is_busy(const struct daemon *);

enum request_kind {
	REQUEST_STATUS,
	REQUEST_START,
	REQUEST_STOP,
	REQUEST_RESTART,
	REQUEST_RELOAD,
	REQUEST_SHUTDOWN
};

struct request {
	struct arena arena; /* of everything in it */
	enum request_kind kind;
	struct str *ids; /* of the bots asked for */
	size_t n;
	int64_t deadline; /* monotonic ms: then it is answered as it is */
	char error[700];  /* why it was not carried out; empty: it was */
};

/* Reads it and sets it going. */
void request_begin(struct daemon *, struct request *, struct str line);
bool request_is_over(const struct daemon *, const struct request *);
void request_fini(struct request *);
struct value status_answer(struct daemon *, const struct request *, struct arena *);

/* wanted.c */
/* Starts what ran before, and with `all` every enabled bot that nobody has stopped; with `every` those, too. */
void wanted_start(struct daemon *, bool all, bool every);
/* Writes down which bots are to run, if that has changed. */
void wanted_save(struct daemon *);
void wanted_forget(struct daemon *);
