/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * store.h - the embedded broker's database: groups of changes written to, and slices read from, one SQLite file.
 *
 * A *group* is the net change between two moments of the broker, written in one transaction. The database is always at
 * the end of some group. One thread uses a store at a time (the broker's writer); all calls wait for the disk.
 *
 * Tables: `queues` (id, name), `bodies` (block, its messages), `entries` (queue, block, what is left of it, notes:
 * changing what is left never touches a body), `state` (bot, row, changes; a row's number is the group's), `meta`.
 *
 * A function that fails with anything but STORE_FULL has met a disk, a database or a group that is not as it should be:
 * the broker must end, and the next opening finds out. After STORE_FAILED every call fails.
 */
#pragma once
#include <intelmq/err.h>
#include <intelmq/str.h>

enum {
	/* Identities of blocks, (epoch, counter), are below 2^63, as SQLite needs them. */
	STORE_EPOCH_MAX = (1 << 23) - 1,
	/* Bytes of a block's live bodies, SQLite's limit for a row. Callers see to it: a larger one fails. */
	STORE_BLOCK_MAX = 999000000,
};

/* Messages of a block by their position: from … before to. */
struct range {
	uint32_t from, to;
};

/* How far the last consumer of a message came. */
struct note {
	uint32_t at;
	uint64_t value;
};

/* A block that is new in this group. Only messages in `live` are written; the others keep their position with no bytes. */
struct group_body {
	uint64_t block;       /* 1 … 2^63 - 1 */
	uint32_t n;           /* messages */
	const uint32_t *ends; /* where in `bodies` each message ends */
	const char *bodies;
	const struct range *live; /* ascending, without overlap */
	size_t n_live;
};

/* What a queue has left of a block, at the end of the group: inserted, or it replaces what is there. */
struct group_entry {
	uint32_t queue;
	uint64_t block;
	bool shared; /* other queues got messages of this block, too */
	const struct range *left;
	size_t n_left;
	const struct note *notes;
	size_t n_notes;
	uint64_t messages, bytes; /* left, in sum */
};

/* Entries of a queue that are gone: one (from = to), or all whose blocks are in from … to, both included. */
struct group_gone {
	uint32_t queue;
	uint64_t from, to;
	bool shared; /* as in group_entry; not looked at for a span, whose rows say it */
};

struct group_queue {
	uint32_t id; /* never used twice */
	struct str name;
};

/* Keyed state of one bot that changed in this group. */
struct group_state {
	struct str bot;
	struct str changes;   /* opaque here, not empty: the row of this group */
	uint64_t drop_before; /* rows with a smaller number do not count any more; 0: all count */
};

struct group {
	uint64_t number;                  /* larger than that of the stored group */
	uint64_t last_counter;            /* of identities; opaque here */
	const struct group_queue *queues; /* new ones */
	size_t n_queues;
	const struct group_gone *gone; /* applied first, then bodies, then entries */
	size_t n_gone;
	const struct group_body *bodies;
	size_t n_bodies;
	const struct group_entry *entries;
	size_t n_entries;
	const struct group_state *states;
	size_t n_states;
};

struct store;

struct store_options {
	/* broker.db and broker.lock lie here; it is created if its parent exists. */
	const char *directory;
	uint64_t limit; /* bytes of the database at most; 0: no limit */
	/*
	 * Bytes of the reserve file, given up when the disk is full. As many of the limit, a quarter at most, are kept
	 * back and given up together with it.
	 */
	uint64_t reserve;
	/* Of SQLite; NULL: the usual one. With another the directory is neither looked at nor locked. */
	const char *vfs;
	bool without_lock; /* tests: several in one process, one after the other */
};

/*
 * Takes the lock of the directory, opens or makes the database, brings an older one up to date after a copy, checkpoints
 * its log, and raises the epoch durably. Fails with the reason and what to do: somebody else has the lock (pid and
 * host are named), the file system is NFS or CIFS, the database is from a newer release. A database that SQLite calls
 * corrupt is renamed (broker.db.corrupt-<time>) and a new one begun: `warning_out` says so (empty: nothing to say); also
 * where "durable" does not outlive the machine (tmpfs, overlay). The text lies in the store. Damage that shows only later
 * fails the call that meets it, and the next opening checks the whole database (which takes long).
 */
int store_open(const struct store_options *, struct store **out, struct str *warning_out,
               struct err *);
void store_close(struct store *);

/* Of this opening; each one has another. 1 … STORE_EPOCH_MAX; then opening fails. */
uint32_t store_epoch(const struct store *);
/* Number of the last group that is in the database (0: none yet), as it was read or written last. */
uint64_t store_group(const struct store *);
/*
 * Bytes in use: pages of the database that hold something, and its log, as of the last write. The file does not
 * shrink; its free pages are used again first.
 */
uint64_t store_size(const struct store *);
/* Likewise without the log, which does not become shorter when queues are drained. */
uint64_t store_used(const struct store *);

enum stored {
	STORED,
	STORE_FULL, /* no room on the disk or below the limit: nothing of the group is there; the same call may be repeated */
	STORE_FAILED, /* the outcome is unknown: the broker must end, and no call does anything any more */
};

/*
 * Writes a group whole or not at all, and checkpoints once the log is long. With `again` the group was tried before
 * (STORE_FULL): then the stored number is read first, and if it is the group's the group is done. On STORE_FULL the
 * reserve file is given up, so that the next try may succeed; it is made again once there is room. `err` says why it
 * was not stored.
 */
enum stored store_write(struct store *, const struct group *, bool again, struct err *);

/* ---- Reading; what is returned belongs to the caller, one allocation each ---- */

/* A queue with messages, for the start. */
struct store_queue {
	uint32_t id;
	struct str name;
	uint64_t blocks, messages, bytes;
	uint64_t first, last; /* identities of its first and last block; 0: empty */
};

/* All queues, also empty ones, in the order of ids. Free the array with store_queues_free. */
int store_queues(struct store *, struct store_queue **out, size_t *n_out, struct err *);
void store_queues_free(struct store_queue *, size_t n);

/* Its arrays are one allocation that begins at `notes`: who takes a block over frees that. */
struct store_block {
	uint64_t block;
	uint32_t n;
	uint32_t *ends;
	char *bodies;
	struct range *left;
	size_t n_left;
	struct note *notes;
	size_t n_notes;
	bool shared;
	uint64_t messages, bytes; /* left, in sum */
};

struct store_slice {
	struct store_block *blocks;
	size_t n;
	uint64_t last; /* identity of the last block in it; 0: empty */
};

/*
 * The queue's entries with blocks after `after` and up to `to`, in order: at least one if there is one, then as long as
 * their bodies (what is stored of a block, not only what is left) fit `bytes` and their number `blocks`. A row that
 * does not make sense (wrong lengths) is an error.
 */
int store_read(struct store *, uint32_t queue, uint64_t after, uint64_t to, size_t blocks,
               size_t bytes, struct store_slice *out, struct err *);
void store_slice_free(struct store_slice *);

/*
 * Rows of a bot's state behind row `after`, in order, as one text of at least one row and about `bytes`; `*last_out` is
 * the last row in it, `*more_out` whether others follow. Free `out->p`.
 */
int store_read_state(struct store *, struct str bot, uint64_t after, size_t bytes, struct str *out,
                     uint64_t *last_out, bool *more_out, struct err *);

/* Forgets a bot's state (bot removed by the operator), durably. May fail for lack of room and be repeated. */
int store_drop_state(struct store *, struct str bot, struct err *);
