/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "broker/gap.h"

#include "broker/journal.h"

/* Bytes of an entry's messages that are left. */
static uint64_t bytes_left(const struct entry *entry)
{
	uint64_t bytes = 0;
	for (uint32_t k = entry->first; k < entry->n; k++)
		if (entry->holders[k] != PLACE_GONE)
			bytes += entry_body(entry, k).n;
	return bytes;
}

/*
 * What is read back later is what the database has: that must be what is known here, of the entry and of all that lay between
 * it and the rest of the gap.
 */
static bool may_leave(const struct entry *entry)
{
	const struct block *block = entry->block;
	const struct queue *queue = entry->queue;
	uint64_t durable = block->journal->durable;
	uint64_t from = queue->gap.messages ? queue->gap.from : block->identity;
	if (queue->gone_group > durable && queue->gone_last >= from && rule_on(RULE_GAP))
		return false;
	return entry->stored && !entry->dirty && entry->free == entry->left && !block->pins &&
	       block->group <= durable && entry->group <= durable;
}

/*
 * Where the entries begin that may go: behind the gap, or behind what consumers get next. What they hold already does not
 * count: it may be much, and what comes behind it would go, and be read again at once.
 */
static struct entry *first_to_go(const struct queue *queue)
{
	if (queue->gap.messages)
		return queue_tail_start(queue);
	uint64_t bytes = 0;
	size_t blocks = 0;
	struct entry *entry = queue->first_free;
	for (; entry && bytes < GAP_HEAD && blocks++ < GAP_BLOCKS; entry = entry->after)
		bytes += entry->block->ends[entry->block->n - 1];
	return entry;
}

static void take_out(struct entry *entry)
{
	struct gap *gap = &entry->queue->gap;
	uint64_t block = entry->block->identity;
	if (!gap->messages)
		gap->from = block;
	gap->to = block;
	gap->messages += entry->left;
	gap->bytes += bytes_left(entry);
	entry_forget(entry);
}

static void spill_queue(struct queue *queue, const struct journal *j, size_t budget)
{
	struct entry *entry = first_to_go(queue), *after;
	for (; entry && j->memory > budget && may_leave(entry); entry = after) {
		after = entry->after;
		take_out(entry);
	}
}

void gap_spill(struct queue *const *queues, size_t n, size_t budget)
{
	for (size_t i = 0; i < n && queues[i]->journal->memory > budget; i++)
		spill_queue(queues[i], queues[i]->journal, budget);
}

bool gap_wants_slice(const struct queue *queue)
{
	if (!queue->gap.messages || queue->gap.is_read)
		return false;
	uint64_t bytes = 0;
	size_t blocks = 0;
	const struct entry *entry = queue->first_free;
	for (; entry && entry->block->identity < queue->gap.from; entry = entry->after) {
		bytes += entry->block->ends[entry->block->n - 1];
		/* Half of what spilling leaves, or both would take turns for ever. */
		if (bytes >= GAP_HEAD / 2 || ++blocks >= GAP_BLOCKS / 2)
			return false;
	}
	return true;
}

static bool fits(const struct gap *gap, const struct store_block *read)
{
	return read->block >= gap->from && read->block <= gap->to &&
	       read->messages <= gap->messages && read->bytes <= gap->bytes;
}

int gap_fill(struct queue *queue, uint32_t generation, const struct store_slice *slice,
             struct err *err)
{
	struct gap *gap = &queue->gap;
	gap->is_read = false;
	if (gap->generation != generation)
		return 0;
	if (!slice->n)
		return err_set(err, FAULT_OTHER,
		               "queue '%.*s': %llu messages are missing in the database",
		               STR_ARG(queue->name), (unsigned long long)gap->messages);
	struct entry *end = queue_head_end(queue);
	for (size_t i = 0; i < slice->n; i++) {
		const struct store_block *read = &slice->blocks[i];
		if (!fits(gap, read))
			return err_set(err, FAULT_OTHER,
			               "queue '%.*s': block %llu is not as it was stored",
			               STR_ARG(queue->name), (unsigned long long)read->block);
		end = block_restore(queue, end, read);
		gap->from = read->block + 1;
		gap->messages -= read->messages;
		gap->bytes -= read->bytes;
	}
	return 0;
}

uint64_t gap_clear(struct queue *queue)
{
	struct gap *gap = &queue->gap;
	uint64_t n = gap->messages;
	if (!n)
		return 0;
	journal_gone_span(queue, gap->from, gap->to);
	queue->messages -= n;
	queue->bytes -= gap->bytes;
	gap->messages = gap->bytes = 0;
	gap->generation++;
	return n;
}
