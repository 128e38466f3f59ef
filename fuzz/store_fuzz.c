/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Columns of the store as a damaged disk may give them: the first byte chooses the kind, four more the number of
 * messages or bytes, the rest is the list. What is accepted is written again and read back as the same.
 */
#include <assert.h>
#include <stdlib.h>

#include "broker/store_rows.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_sizes(struct str list, size_t n, uint32_t bytes, struct buffer *again)
{
	uint32_t *ends = calloc(n + 1, sizeof *ends);
	const struct range all = { 0, (uint32_t)n };
	assert(ends);
	if (rows_read_sizes(list, bytes, ends) == 0) {
		rows_write_sizes(again,
		                 &(struct group_body){
					 .n = all.to, .ends = ends, .live = &all, .n_live = 1 });
		uint32_t *back = calloc(n + 1, sizeof *back);
		assert(back && rows_count(buffer_str(again)) == (int64_t)n);
		assert(rows_read_sizes(buffer_str(again), bytes, back) == 0);
		assert(memcmp(ends, back, n * sizeof *ends) == 0);
		assert(n == 0 || ends[n - 1] == bytes);
		free(back);
	}
	free(ends);
}

static void check_ranges(struct str list, size_t n, uint32_t messages, struct buffer *again)
{
	struct range *ranges = calloc(n + 1, sizeof *ranges);
	assert(ranges);
	if (rows_read_ranges(list, messages, ranges) == 0) {
		for (size_t i = 0; i < n; i++)
			assert(ranges[i].from < ranges[i].to && ranges[i].to <= messages &&
			       (!i || ranges[i - 1].to <= ranges[i].from));
		struct range *back = calloc(n + 1, sizeof *back);
		rows_write_ranges(again, ranges, n);
		assert(back && rows_read_ranges(buffer_str(again), messages, back) == 0);
		assert(memcmp(ranges, back, n * sizeof *ranges) == 0);
		free(back);
	}
	free(ranges);
}

static void check_notes(struct str list, size_t n, uint32_t messages, struct buffer *again)
{
	struct note *notes = calloc(n + 1, sizeof *notes);
	assert(notes);
	if (rows_read_notes(list, messages, notes) == 0) {
		struct note *back = calloc(n + 1, sizeof *back);
		rows_write_notes(again, notes, n);
		assert(back && rows_read_notes(buffer_str(again), messages, back) == 0);
		for (size_t i = 0; i < n; i++)
			assert(notes[i].at < messages && notes[i].at == back[i].at &&
			       notes[i].value == back[i].value);
		free(back);
	}
	free(notes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const checks[])(struct str, size_t, uint32_t,
	                              struct buffer *) = { check_sizes, check_ranges, check_notes };
	uint32_t known;
	if (size < 1 + sizeof known)
		return 0;
	memcpy(&known, data + 1, sizeof known);
	struct str list = { (const char *)data + 5, size - 5 };
	int64_t n = rows_count(list);
	assert(n <= (int64_t)list.n);
	if (n < 0)
		return 0;
	struct buffer again;
	buffer_init(&again, SIZE_MAX / 2);
	checks[data[0] % 3](list, (size_t)n, known, &again);
	buffer_fini(&again);
	return 0;
}
