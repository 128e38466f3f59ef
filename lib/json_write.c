/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/json.h>
#include <intelmq/number.h>

#include "json_scan.h"
#include "wtf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define INLINE static inline __attribute__((always_inline))

enum { FRAMES_INSIDE = 16, INDENT = 4 };

/* An open container. */
struct frame {
	struct value container;
	size_t next;               /* item to be written */
	const struct pair **order; /* of a sorted map, on the heap; else NULL */
};

struct writer {
	struct buffer *out;
	unsigned flags;
	struct frame *frames; /* `inside`, or on the heap for what is nested deeply */
	size_t depth, capacity;
	struct frame inside[FRAMES_INSIDE];
};

static void *memory_or_abort(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

static void put_unit(struct buffer *out, uint32_t unit)
{
	static const char digits[] = "0123456789abcdef";
	char text[6] = { '\\',
		         'u',
		         digits[unit >> 12 & 15],
		         digits[unit >> 8 & 15],
		         digits[unit >> 4 & 15],
		         digits[unit & 15] };
	buffer_put(out, text, sizeof text);
}

/* The byte at `p`, which must not stand in a string as it is; returns what comes behind it. */
static const char *put_escape(struct buffer *out, const char *p, const char *end)
{
	static const char letters[] = { ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f',
		                        ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\' };
	unsigned char byte = (unsigned char)*p;
	if (byte < sizeof letters && letters[byte]) {
		char text[2] = { '\\', letters[byte] };
		buffer_put(out, text, 2);
		return p + 1;
	}
	uint32_t c;
	size_t n = wtf8_next(p, end, &c);
	if (!n)
		c = 0xFFFD;
	if (c >= 0x10000) {
		put_unit(out, 0xD800 + ((c - 0x10000) >> 10));
		c = 0xDC00 + (c & 0x3FF);
	}
	put_unit(out, c);
	return p + (n ? n : 1);
}

/*
 * Copies the plain bytes in front of the first one that needs an escape. Sixteen bytes may be
 * written where fewer count, so `to` has room for that.
 */
INLINE const char *copy_plain(char **to, const char *p, const char *end, enum json_scan scan)
{
	unsigned wide = 0;
	char *out = *to;
	while (end - p >= 16) {
		const char *stop = json_scan_plain(p, p + 16, scan, &wide);
		memcpy(out, p, 16);
		out += stop - p;
		if (stop < p + 16) {
			*to = out;
			return stop;
		}
		p = stop;
	}
	const char *stop = json_scan_plain(p, end, scan, &wide);
	size_t n = (size_t)(stop - p);
	if (n >= 8) { /* two halves that overlap instead of a loop */
		memcpy(out, p, 8);
		memcpy(out + n - 8, stop - 8, 8);
	} else {
		for (size_t i = 0; i < n; i++)
			out[i] = p[i];
	}
	*to = out + n;
	return stop;
}

INLINE void write_str(struct buffer *out, struct str s, enum json_scan scan)
{
	const char *p = s.n ? s.p : "", *end = p + s.n;
	buffer_put(out, "\"", 1);
	while (p < end && !out->over) {
		size_t plain = (size_t)(end - p) + 16;
		if (out->limit - out->n < plain)
			plain = 0; /* near the limit: byte by byte */
		char *to = plain ? buffer_room(out, plain) : NULL;
		if (to) {
			p = copy_plain(&to, p, end, scan);
			out->n = (size_t)(to - out->p);
		} else if (!json_scan_stops((unsigned char)*p, scan)) {
			buffer_put(out, p++, 1);
		}
		while (p < end && json_scan_stops((unsigned char)*p, scan))
			p = put_escape(out, p, end);
	}
	buffer_put(out, "\"", 1);
}

void json_write_str(struct buffer *out, struct str s, bool keep_unicode)
{
	if (keep_unicode)
		write_str(out, s, SCAN_STRING);
	else
		write_str(out, s, SCAN_ASCII);
}

static void put_int(struct buffer *out, int64_t number)
{
	char digits[20];
	size_t at = sizeof digits;
	uint64_t rest = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	do
		digits[--at] = (char)('0' + rest % 10);
	while (rest /= 10);
	if (number < 0)
		digits[--at] = '-';
	buffer_put(out, digits + at, sizeof digits - at);
}

static void put_float(struct buffer *out, double d)
{
	char text[32];
	struct str s = d != d         ? S("NaN")
	             : d == INFINITY  ? S("Infinity")
	             : d == -INFINITY ? S("-Infinity")
	                              : number_float_text(d, text);
	buffer_put(out, s.p, s.n);
}

static void put_scalar(struct writer *w, struct value v)
{
	switch (v.kind) {
	case VALUE_BOOL:
		buffer_add_str(w->out, v.boolean ? S("true") : S("false"));
		break;
	case VALUE_INT:
		put_int(w->out, v.integer);
		break;
	case VALUE_FLOAT:
		put_float(w->out, v.real);
		break;
	case VALUE_BIG:
		buffer_put(w->out, v.text.p, v.text.n);
		break;
	case VALUE_STR:
	case VALUE_BYTES:
		json_write_str(w->out, v.text, w->flags & JSON_KEEP_UNICODE);
		break;
	default:
		buffer_put(w->out, "null", 4);
		break;
	}
}

static int pair_cmp(const void *a, const void *b)
{
	return str_cmp((*(const struct pair *const *)a)->key,
	               (*(const struct pair *const *)b)->key);
}

/* NULL if the map is in order as it is, which is usual. */
static const struct pair **sorted_pairs(const struct dict *d)
{
	size_t sorted = 1;
	while (sorted < d->n && str_cmp(d->pairs[sorted - 1].key, d->pairs[sorted].key) < 0)
		sorted++;
	if (sorted >= d->n)
		return NULL;
	const struct pair **order = memory_or_abort(malloc(d->n * sizeof *order));
	for (size_t i = 0; i < d->n; i++)
		order[i] = &d->pairs[i];
	qsort(order, d->n, sizeof *order, pair_cmp);
	return order;
}

static void frame_push(struct writer *w, struct value container)
{
	if (w->depth == w->capacity) {
		size_t bytes = w->capacity * sizeof *w->frames;
		struct frame *old = w->frames == w->inside ? NULL : w->frames;
		struct frame *frames = memory_or_abort(realloc(old, bytes * 2));
		if (!old)
			memcpy(frames, w->inside, bytes);
		w->frames = frames;
		w->capacity *= 2;
	}
	bool sort = container.kind == VALUE_DICT && w->flags & JSON_SORT_KEYS;
	w->frames[w->depth++] = (struct frame){
		.container = container,
		.order = sort ? sorted_pairs(container.dict) : NULL,
	};
}

static void new_line(struct writer *w)
{
	static const char spaces[] = "                                ";
	size_t n = w->depth * INDENT;
	buffer_put(w->out, "\n", 1);
	for (size_t piece; n && !w->out->over; n -= piece) {
		piece = n < sizeof spaces - 1 ? n : sizeof spaces - 1;
		buffer_put(w->out, spaces, piece);
	}
}

/* What stands in front of an item: comma, line, key. */
static void put_before(struct writer *w, const struct frame *f, const struct pair *pair)
{
	bool compact = w->flags & JSON_COMPACT, lines = w->flags & JSON_INDENT4;
	if (f->next)
		buffer_put(w->out, ", ", compact || lines ? 1 : 2);
	if (lines)
		new_line(w);
	if (pair) {
		json_write_str(w->out, pair->key, w->flags & JSON_KEEP_UNICODE);
		buffer_put(w->out, ": ", compact ? 1 : 2);
	}
}

static void container_close(struct writer *w)
{
	struct frame *f = &w->frames[--w->depth];
	free(f->order);
	if (w->flags & JSON_INDENT4)
		new_line(w);
	buffer_put(w->out, f->container.kind == VALUE_DICT ? "}" : "]", 1);
}

/* A scalar or an empty container at once; else the container is opened. */
static void put_value(struct writer *w, struct value v)
{
	bool dict = v.kind == VALUE_DICT;
	if (!dict && v.kind != VALUE_LIST)
		put_scalar(w, v);
	else if (!(dict ? v.dict->n : v.list->n))
		buffer_put(w->out, dict ? "{}" : "[]", 2);
	else {
		buffer_put(w->out, dict ? "{" : "[", 1);
		frame_push(w, v);
	}
}

static void put_next(struct writer *w)
{
	struct frame *f = &w->frames[w->depth - 1];
	bool dict = f->container.kind == VALUE_DICT;
	if (f->next == (dict ? f->container.dict->n : f->container.list->n)) {
		container_close(w);
		return;
	}
	const struct pair *pair = NULL;
	if (dict)
		pair = f->order ? f->order[f->next] : &f->container.dict->pairs[f->next];
	put_before(w, f, pair);
	f->next++;
	put_value(w, pair ? pair->value : f->container.list->items[f->next - 1]);
}

void json_write(struct buffer *out, struct value v, unsigned flags)
{
	struct writer w;
	w.out = out;
	w.flags = flags;
	w.frames = w.inside;
	w.depth = 0;
	w.capacity = FRAMES_INSIDE;
	put_value(&w, v);
	while (w.depth && !out->over)
		put_next(&w);
	while (w.depth)
		free(w.frames[--w.depth].order);
	if (w.frames != w.inside)
		free(w.frames);
}
