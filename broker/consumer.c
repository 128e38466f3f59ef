/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "broker/consumer.h"

#include <stdio.h>
#include <stdlib.h>

/* The first holding whose block is not before `block`. */
static size_t position_of(const struct core_consumer *c, uint64_t block)
{
	size_t low = c->first_holding, high = c->n_holdings;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (c->holdings[middle].block < block)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void compact(struct core_consumer *c)
{
	size_t n = 0;
	for (size_t i = c->first_holding; i < c->n_holdings; i++)
		if (c->holdings[i].entry)
			c->holdings[n++] = c->holdings[i];
	c->n_holdings = n;
	c->first_holding = c->empty_holdings = 0;
}

/*
 * Room for one more; empty ones are thrown out only if that frees half, which keeps it amortised.
 */
static void make_room(struct core_consumer *c)
{
	if (c->n_holdings < c->holdings_capacity)
		return;
	if (c->n_holdings && c->first_holding + c->empty_holdings >= c->n_holdings / 2) {
		compact(c);
		return;
	}
	c->holdings_capacity = c->holdings_capacity ? c->holdings_capacity * 2 : 16;
	c->holdings = realloc(c->holdings, c->holdings_capacity * sizeof *c->holdings);
	if (!c->holdings) {
		fprintf(stderr, "out of memory: %zu claims\n", c->holdings_capacity);
		abort();
	}
}

static void extend(struct core_consumer *c, struct holding *holding, struct entry *entry,
                   uint32_t place)
{
	if (!holding->entry) {
		*holding = (struct holding){ entry, holding->block, place, place, 0 };
		c->empty_holdings--;
	}
	if (place < holding->from)
		holding->from = place;
	if (place >= holding->to)
		holding->to = place + 1;
	holding->count++;
}

void holding_add(struct core_consumer *c, struct entry *entry, uint32_t place)
{
	uint64_t block = entry->block->identity;
	struct holding *last = c->n_holdings > c->first_holding ? &c->holdings[c->n_holdings - 1]
	                                                        : NULL;
	c->held++;
	if (last && last->entry == entry) {
		extend(c, last, entry, place);
		return;
	}
	size_t at = last && last->block >= block ? position_of(c, block) : c->n_holdings;
	if (at < c->n_holdings && c->holdings[at].block == block) {
		extend(c, &c->holdings[at], entry, place);
		return;
	}
	make_room(c);
	at = position_of(c, block);
	memmove(&c->holdings[at + 1], &c->holdings[at], (c->n_holdings - at) * sizeof *c->holdings);
	c->holdings[at] = (struct holding){ entry, block, place, place + 1, 1 };
	c->n_holdings++;
}

struct holding *holding_find(struct core_consumer *c, uint64_t block)
{
	for (size_t i = c->hint; i < c->hint + 2 && i < c->n_holdings; i++)
		if (i >= c->first_holding && c->holdings[i].block == block) {
			c->hint = i;
			return c->holdings[i].entry ? &c->holdings[i] : NULL;
		}
	size_t at = position_of(c, block);
	if (at == c->n_holdings || c->holdings[at].block != block || !c->holdings[at].entry)
		return NULL;
	c->hint = at;
	return &c->holdings[at];
}

void holding_take(struct core_consumer *c, struct holding *holding)
{
	c->held--;
	if (--holding->count)
		return;
	holding->entry = NULL;
	c->empty_holdings++;
	while (c->first_holding < c->n_holdings && !c->holdings[c->first_holding].entry) {
		c->first_holding++;
		c->empty_holdings--;
	}
	if (c->first_holding == c->n_holdings)
		c->first_holding = c->n_holdings = c->hint = 0;
}

void holdings_free(struct core_consumer *c)
{
	for (size_t i = c->first_holding; i < c->n_holdings; i++) {
		struct holding *holding = &c->holdings[i];
		for (uint32_t k = holding->from; holding->entry && k < holding->to; k++)
			if (holding->entry->holders[k] == c->number)
				place_unclaim(holding->entry, k);
	}
	free(c->holdings);
	c->holdings = NULL;
	c->first_holding = c->n_holdings = c->empty_holdings = c->holdings_capacity = 0;
	c->held = 0;
}
