/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * model.h - what the broker should hold, as a list of what happened to it, from which any earlier moment can be made.
 */
#pragma once
#include <intelmq/buffer.h>

enum queue_name { QP, QX, QD, QV, QL, QF, QO, QE, QE2, QUEUES };
enum bot { C1, C2, P, X, D, V, L, F, O, E, E2, TOOL, BOTS };
enum { KEYS = 8, KEY_SIZE = 16 };

extern const struct str queue_names[QUEUES];
extern const struct str bot_names[BOTS];
/* QUEUES, BOTS: no such name. */
enum queue_name queue_by_name(struct str);
enum bot bot_by_name(struct str);

/* A message is known by what it says: whence it is, the item there, which attempt to fetch it, row + 1, and loops. */
uint64_t message_id(unsigned source, unsigned item, uint32_t attempt, unsigned row, unsigned loop);
enum { SOURCE_C1 = 1, SOURCE_C2, SOURCE_PUSH };
unsigned id_source(uint64_t);
unsigned id_item(uint64_t);
unsigned id_attempt(uint64_t);
unsigned id_row(uint64_t);
unsigned id_loop(uint64_t);
/* The id with another row, another loop. */
uint64_t id_with_row(uint64_t, unsigned row);
uint64_t id_with_loop(uint64_t);
/* The id, and bytes that follow from it. */
void write_body(struct buffer *, uint64_t id, unsigned most);
/* 0: the body is not that of any message. */
uint64_t read_body(struct str, unsigned most);

struct item {
	uint64_t id, note;
	const void *holder; /* NULL: nobody */
	bool gone;
};

struct model_queue {
	struct item *items;
	size_t n, capacity, first; /* before `first` all are gone */
	size_t messages;
};

struct cell {
	bool set;
	uint64_t a, b;
};

enum op_kind { OP_PUT, OP_TAKE, OP_NOTE, OP_SET };

struct op {
	enum op_kind kind;
	unsigned where; /* queue, or bot */
	uint64_t what;  /* message, or key */
	uint64_t a, b;
};

/* The end of a commit: how many ops until then, and messages that lay in queues. */
struct moment {
	size_t ops, messages;
};

struct model {
	struct model_queue queues[QUEUES];
	struct cell cells[BOTS][KEYS];
	size_t messages;
	struct op *ops;
	size_t n_ops, ops_capacity;
	struct moment *moments; /* [n]: after commit n */
	size_t n, moments_capacity;
	uint64_t *groups; /* [number]: the last commit in that group */
	size_t groups_capacity;
	uint64_t stored;         /* number of the stored group, as it was last seen */
	uint64_t told;           /* the last commit that somebody knows to be durable */
	unsigned limits[QUEUES]; /* messages that may lie there at most, 0: no limit */
	bool shut;               /* the broker is being taken down: claims do not matter any more */
};

struct world;

void model_init(struct model *);
void model_fini(struct model *);
/* A commit begins; what it does; the group closes that has everything so far. */
void model_begin(struct model *);
void model_do(struct model *, struct op);
void model_group(struct model *, uint64_t number);
/* Back to the end of commit n. */
void model_rewind(struct model *, size_t n);
struct item *model_find(struct model *, enum queue_name, uint64_t id);
/* The world in which the broker works at present. */
void model_watch(struct world *);
