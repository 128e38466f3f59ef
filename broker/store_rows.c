/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "broker/store_rows.h"

#include <assert.h>

enum { VARINT_MAX = 10 };

static void write_number(struct buffer *out, uint64_t number)
{
	char bytes[VARINT_MAX];
	size_t n = 0;
	for (; number > 127; number >>= 7)
		bytes[n++] = (char)(number | 128);
	bytes[n++] = (char)number;
	buffer_put(out, bytes, n);
}

static int read_number(struct str *rest, uint64_t *out)
{
	uint64_t number = 0;
	for (size_t i = 0; i < rest->n && i < VARINT_MAX; i++) {
		uint64_t bits = (unsigned char)rest->p[i];
		if (i == VARINT_MAX - 1 && bits > 1)
			return -1; /* more than 64 bits */
		number |= (bits & 127) << (7 * i);
		if (bits < 128) {
			*rest = str_slice(*rest, i + 1, rest->n);
			*out = number;
			return 0;
		}
	}
	return -1;
}

void rows_write_sizes(struct buffer *out, const struct group_body *body)
{
	size_t live = 0;
	write_number(out, body->n);
	for (uint32_t i = 0; i < body->n; i++) {
		while (live < body->n_live && body->live[live].to <= i)
			live++;
		bool is_live = live < body->n_live && body->live[live].from <= i;
		uint32_t start = i ? body->ends[i - 1] : 0;
		assert(body->ends[i] >= start);
		write_number(out, is_live ? body->ends[i] - start : 0);
	}
}

void rows_write_ranges(struct buffer *out, const struct range *ranges, size_t n)
{
	uint32_t at = 0;
	write_number(out, n);
	for (size_t i = 0; i < n; i++) {
		assert(ranges[i].from >= at && ranges[i].to > ranges[i].from);
		write_number(out, ranges[i].from - at);
		write_number(out, ranges[i].to - ranges[i].from);
		at = ranges[i].to;
	}
}

void rows_write_notes(struct buffer *out, const struct note *notes, size_t n)
{
	write_number(out, n);
	for (size_t i = 0; i < n; i++) {
		write_number(out, notes[i].at);
		write_number(out, notes[i].value);
	}
}

int64_t rows_count(struct str list)
{
	uint64_t n;
	return read_number(&list, &n) < 0 || n > list.n || n > UINT32_MAX ? -1 : (int64_t)n;
}

/* The number of items of a list that rows_count has accepted; the rest are the items. */
static size_t begin(struct str *list)
{
	uint64_t n = 0;
	return read_number(list, &n) < 0 ? 0 : (size_t)n;
}

int rows_read_sizes(struct str list, uint64_t bytes, uint32_t *ends_out)
{
	size_t n = begin(&list);
	uint64_t end = 0, size;
	for (size_t i = 0; i < n; i++) {
		if (read_number(&list, &size) < 0 || size > UINT32_MAX - end)
			return -1;
		end += size;
		ends_out[i] = (uint32_t)end;
	}
	return list.n || end != bytes ? -1 : 0;
}

int rows_read_ranges(struct str list, uint32_t messages, struct range *out)
{
	size_t n = begin(&list);
	uint32_t at = 0;
	uint64_t gap, length;
	for (size_t i = 0; i < n; i++) {
		if (read_number(&list, &gap) < 0 || gap > messages - at)
			return -1;
		at += (uint32_t)gap;
		if (read_number(&list, &length) < 0 || !length || length > messages - at)
			return -1;
		out[i] = (struct range){ at, at + (uint32_t)length };
		at += (uint32_t)length;
	}
	return list.n ? -1 : 0;
}

int rows_read_notes(struct str list, uint32_t messages, struct note *out)
{
	size_t n = begin(&list);
	uint64_t at;
	for (size_t i = 0; i < n; i++) {
		if (read_number(&list, &at) < 0 || at >= messages ||
		    read_number(&list, &out[i].value) < 0)
			return -1;
		out[i].at = (uint32_t)at;
	}
	return list.n ? -1 : 0;
}
