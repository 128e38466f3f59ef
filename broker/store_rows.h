/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * store_rows.h - the columns of the store that are bytes: lengths of messages, ranges, notes.
 *
 * Each is a list: the number of its items, then the items, all numbers as LEB128 varints. A range is the gap to the
 * one before and its length, a note its position and its value. What is read is checked against everything that is
 * known, since a disk may have changed it; -1 says that it makes no sense.
 */
#pragma once
#include <intelmq/buffer.h>

#include "broker/store.h"

/* `live` are the messages whose lengths are written; the others have none. */
void rows_write_sizes(struct buffer *, const struct group_body *);
void rows_write_ranges(struct buffer *, const struct range *, size_t n);
void rows_write_notes(struct buffer *, const struct note *, size_t n);

/* How many items a list says it has: not more than its bytes can hold. */
int64_t rows_count(struct str list);

/*
 * Read a list of as many items as rows_count said, to its last byte. Sizes become ends and must add up to `bytes`;
 * ranges are ascending, not empty, and end by `messages`; notes are of such messages.
 */
int rows_read_sizes(struct str list, uint64_t bytes, uint32_t *ends_out);
int rows_read_ranges(struct str list, uint32_t messages, struct range *out);
int rows_read_notes(struct str list, uint32_t messages, struct note *out);
