/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * backend.h - what a kind of broker provides; broker.c hands the calls of broker.h on to it.
 *
 * A backend embeds `struct broker` and `struct consumer` as the first members of its own
 * structures. The meaning of each function is that of its namesake in broker.h.
 */
#pragma once
#include "broker/broker.h"

/* Who connects, and what it reads and may publish to: the arguments of consumer_open. */
struct consumer_names {
	struct str bot;
	unsigned instance;
	struct str queue;
	const struct str *destinations;
	size_t n_destinations;
};

struct backend {
	bool wants_again; /* entries of keyed state, see broker_wants_again */
	void (*free)(struct broker *);
	int (*open)(struct broker *, const struct consumer_names *, struct consumer **out,
	            struct err *);
	void (*close)(struct consumer *);
	int (*fd)(struct consumer *);               /* NULL: none */
	bool (*is_broken)(const struct consumer *); /* NULL: never */
	int (*receive)(struct consumer *, struct receive_limits, struct arena *, struct batch *out,
	               struct err *);
	int (*commit)(struct consumer *, const struct commit *, struct err *);
	int (*release)(struct consumer *, const struct message *, size_t count, struct err *);
	struct str (*no_room)(struct consumer *);
	int (*wait_for_room)(struct consumer *, broker_tell *, void *context,
	                     struct err *); /* NULL: does not wait */
	int (*load_state)(struct consumer *,
	                  void (*each)(void *context, const struct state_change *), void *context,
	                  struct err *);
	int64_t (*queues)(struct broker *, struct arena *, struct queue_info **out, struct err *);
	int (*push)(struct broker *, struct str queue, struct str body, struct err *);
	int64_t (*peek)(struct broker *, struct str queue, size_t count, struct arena *,
	                struct str *bodies_out, struct err *);
	int64_t (*clear)(struct broker *, struct str queue, struct err *);
	int (*status)(struct broker *, struct arena *, struct value *out, struct err *);
};

struct broker {
	const struct backend *backend;
};

struct consumer {
	struct broker *broker;
};
