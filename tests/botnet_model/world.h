/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * world.h - a botnet in one thread: workers, their connections, the broker, and everything that can go wrong.
 *
 *	C1 (deletes at its source), C2 (its position is state), pushes -> P (commits in parts)
 *	P -> X (fans out) -> D (deduplicator) -> V -> O (at least once; the receiver drops what it knows)
 *	X -> F (a file, exactly), X -> E or E2 (removed, renamed, cleared), X -> L -> X (a cycle)
 *
 * world.c decides what happens next, everything from one seed. Workers (worker.c, bots.c) are tasks that stop at every
 * call that waits (task.c) and may die there; their bytes pass a relay (link.c) that cuts and delays them. What the
 * broker does is seen where its core is called, and compared with a list of what happened (model.c, check.c).
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/buffer.h>

#include "broker/client.h"
#include "broker/rules.h"
#include "broker/server.h"
#include "tests/botnet_model/model.h"
#include "tests/botnet_model/task.h"

/* Rules that the workers keep, behind those of the broker. */
enum {
	RULE_ONE_FRAME = BROKER_RULES, /* 1: state goes with the messages it belongs to */
	RULE_EXIT,                     /* 4: a broken connection: nothing in memory is kept */
	RULE_WATCH,                    /* 4: a worker that waits watches its connection */
	RULE_ACK_DURABLE,              /* 5: a collector deletes after a durable commit */
	RULE_OPEN_DURABLE,             /* 5, 10: a file's size is durable before its first byte */
	RULE_ROUND,                    /* 6: a round begins when the one before is complete */
	RULE_PARTS_ROOM,               /* 7: a parser waits for room between parts */
	RULE_NOTE,                     /* 9: a part tells how far it came */
	RULE_NOTE_MESSAGE,             /* 9: … with the message, not in the bot's state */
	RULE_FILE_CUT,                 /* 10: what was not committed is cut off */
	RULE_FILE_SYNC,                /* 10: a file is synced before its size is committed */
	RULE_DIRECTORY_SYNC,           /* 10: a new file's name is, too */
	RULE_FIND_ROTATED,             /* 10: a file is looked for under its new name */
	RULES
};

struct world;
struct worker;

/* ---- The relay between a worker and the broker ---- */

struct link {
	struct link *next;
	int near, far;            /* towards the worker, towards the broker; -1: closed */
	bool near_news, far_news; /* there is something to read */
	struct buffer up, down;
	unsigned speed; /* of 1000 */
};

/* A connection for a worker (its end), as client_hooks have it. */
int link_open(void *worker);
/* Reads what the worker has sent. */
void link_drain(struct link *);
/* Bytes move on some of them, or on all; those that are closed on both sides are removed. */
void links_turn(struct world *, bool all);
void links_init(struct world *);
void links_fini(struct world *);

/* ---- Workers ---- */

enum { WORKERS = 14, DESTINATIONS = 4, FDS = 8 };

/* What a worker holds in memory: keyed state. */
struct memory {
	bool valid;
	struct cell cells[KEYS];
	unsigned resend; /* keys before it were sent again in this round */
};

struct worker {
	struct world *world;
	enum bot bot;
	unsigned instance;
	void (*run)(struct worker *);
	struct task task;
	bool wanted;    /* by the configuration */
	bool stop;      /* asked to end; its successor has other destinations, or there is none */
	bool dead;      /* killed: what it still does has no effect */
	unsigned speed; /* of 1000 */

	struct broker *broker;
	struct consumer *consumer;
	struct link *link; /* the latest */
	int fds[FDS];      /* its ends, and their inodes */
	uint64_t inodes[FDS];
	size_t n_fds;
	struct str destinations[DESTINATIONS];
	size_t n_destinations;
	struct arena arena; /* of a batch */
	struct batch batch;
	struct memory memory;

	uint64_t durable_n; /* the commit that it waits for */
	bool lost;          /* … which a recovery did not bring back */
};

void worker_begin(struct worker *);
void worker_kill(struct worker *);
/* False: it must end. At such a place it may die, and others go on. */
bool worker_pause(struct worker *);
/* Between messages: also if it was asked to end or the connection is broken. */
bool worker_idle(struct worker *);

/* Each returns false where the worker must end. */
bool worker_receive(struct worker *, size_t messages);
bool worker_commit(struct worker *, struct commit *);
bool worker_wait_room(struct worker *);
bool worker_has_room(struct worker *, bool *out);
bool worker_load(struct worker *);
/* An answer "durable" has come. */
void worker_told(struct worker *);

/* Pieces of commits, in the worker's arena. */
struct publish *worker_publish(struct worker *, uint64_t id, size_t n_queues,
                               const struct str *queues);
struct state_change worker_change(struct worker *, unsigned key, uint64_t a, uint64_t b);

extern void (*const bot_runs[BOTS])(struct worker *);
void file_run(struct worker *);

/* ---- The file of output F ---- */

struct inode {
	uint64_t *ids;
	size_t n, capacity;
	size_t synced;
	bool named; /* the directory was synced */
	bool gone;
};

struct delivery {
	uint64_t block, id;
	uint32_t at;
};

enum { INODES = 400, ITEMS = 64 };

/* ---- The world ---- */

enum kind { KILL, BROKER, POWER, FULL, ERROR, CONFIGURE, CLI, ROTATE, KINDS };

struct world {
	uint64_t seed, random;
	bool trace;
	bool calm;              /* no faults any more */
	unsigned chance[KINDS]; /* of 1000, at each turn of fate */
	unsigned writer_speed;  /* of 1000 */
	unsigned turns;

	struct server_options options;
	struct server *server; /* NULL: down */
	struct power_vfs *vfs;
	bool lies; /* a full disk may have taken the group nevertheless */
	bool full;
	struct link *links;
	int links_epoll; /* says which of them have news */
	struct worker workers[WORKERS];
	struct model model;

	unsigned parsers, experts; /* instances */
	bool two_instances;        /* of one of them, at some time */
	unsigned queue_limit, body_size, batch_size;
	bool e_exists, e_renamed, x_knows_e;
	unsigned items1[ITEMS]; /* what lies at the source of C1 */
	size_t n_items1, n_all1;
	uint32_t attempts;
	unsigned n_items2, pushed;

	struct inode inodes[INODES];
	size_t n_inodes;
	int path; /* the inode that has the file's name, -1: none */
	struct delivery *deliveries;
	size_t n_deliveries, deliveries_capacity;

	char bad[400]; /* what went wrong; empty: nothing */
};

/* Of a run. */
struct outcome {
	uint64_t print;   /* follows from all that happened */
	char reason[400]; /* empty: all is as it should be */
};

/* Runs a seed; false: something went wrong. */
bool world_run(uint64_t seed, bool trace, struct outcome *);

/* The rule that is off; RULES: none. */
void rules_set_off(int rule);
const char *rule_name(int rule);
bool rule_is_on(int rule);

uint32_t below(struct world *, uint32_t n);
bool chance(struct world *, unsigned of_1000);
void bad(struct world *, const char *format, ...) __attribute__((format(printf, 2, 3)));
void trace(struct world *, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* faults.c: something may happen now; one of them does a bit. */
void fate(struct world *);
void worker_turn(struct world *, struct worker *);
void broker_turn(struct world *);
void writer_turn(struct world *);
/* A broker starts on what is there; it ends with or without a loss of power. */
void broker_begin(struct world *);
void broker_end(struct world *, bool power);
/* What the configuration says of each worker, and what may lie in each queue. */
void configure(struct world *);
void set_limits(struct world *);
bool loops(uint64_t id);
unsigned dedup_key(uint64_t id);
unsigned rows_of(uint64_t id);

/* check.c: after a recovery, and at the end. */
void check_recovery(struct world *);
void check_end(struct world *);
