/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "broker/cycle.h"

#include "broker/consumer.h"

/*
 * Tarjan's algorithm with its stack frames in the queues: `parent` is the caller, (road,
 * destination) where it is in the list of successors, `below` the stack of open components.
 */
struct search {
	uint32_t counter;
	struct queue *stack;
};

static void enter(struct search *search, struct queue *queue, struct queue *parent)
{
	queue->search.index = queue->search.low = ++search->counter;
	queue->search.parent = parent;
	queue->search.road = queue->roads;
	queue->search.destination = 0;
	queue->search.below = search->stack;
	queue->search.on_stack = true;
	search->stack = queue;
}

static struct queue *next_successor(struct queue *queue)
{
	while (queue->search.road) {
		struct road *road = queue->search.road;
		if (queue->search.destination < road->n)
			return road->to[queue->search.destination++];
		queue->search.road = road->next_from;
		queue->search.destination = 0;
	}
	return NULL;
}

/* The queues above `root` on the stack are its component. */
static void close_component(struct search *search, struct queue *root)
{
	struct queue *member, *ring = root;
	do {
		member = search->stack;
		search->stack = member->search.below;
		member->search.on_stack = false;
		member->cycle = root;
		member->next_in_cycle = ring;
		ring = member;
	} while (member != root);
}

static void lower(struct queue *queue, uint32_t low)
{
	if (low < queue->search.low)
		queue->search.low = low;
}

static void search_from(struct search *search, struct queue *start)
{
	enter(search, start, NULL);
	struct queue *queue = start;
	while (queue) {
		struct queue *next = next_successor(queue);
		if (next && !next->search.index) {
			enter(search, next, queue);
			queue = next;
		} else if (next) {
			if (next->search.on_stack)
				lower(queue, next->search.index);
		} else {
			struct queue *parent = queue->search.parent;
			if (queue->search.low == queue->search.index)
				close_component(search, queue);
			if (parent)
				lower(parent, queue->search.low);
			queue = parent;
		}
	}
}

void cycles_find(struct queue *const *queues, size_t n)
{
	struct search search = { 0 };
	for (size_t i = 0; i < n; i++)
		queues[i]->search.index = 0;
	for (size_t i = 0; i < n; i++)
		if (!queues[i]->search.index)
			search_from(&search, queues[i]);
}
