/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "broker/frame.h"

#include <assert.h>

enum {
	COMMIT_DURABLE = 1,
	COMMIT_NOTED = 2,
	COMMIT_ROUND = 4,
	CLAIM_SIZE = 16, /* block, position, count */
	RUN_SIZE = 8,    /* set, count */
};

/* ---- Headers ---- */

int64_t frame_size(struct str bytes)
{
	uint32_t length;
	if (bytes.n < FRAME_HEADER)
		return 0;
	memcpy(&length, bytes.p, sizeof length);
	return length > MAX_FRAME ? -1 : (int64_t)length + FRAME_HEADER;
}

bool frame_first(struct str bytes, struct frame *out)
{
	int64_t size = frame_size(bytes);
	if (size <= 0 || bytes.n < (size_t)size)
		return false;
	out->type = (enum frame_type)(unsigned char)bytes.p[4];
	out->payload = str_slice(bytes, FRAME_HEADER, (size_t)size);
	return true;
}

size_t frame_begin(struct buffer *out, enum frame_type type)
{
	size_t begun = out->n;
	const char header[FRAME_HEADER] = { 0, 0, 0, 0, (char)type };
	buffer_add(out, header, sizeof header);
	return begun;
}

void frame_end(struct buffer *out, size_t begun, size_t extra)
{
	size_t length = out->n - begun - FRAME_HEADER + extra;
	uint32_t n = (uint32_t)length;
	assert(length <= MAX_FRAME && !out->over);
	memcpy(out->p + begun, &n, sizeof n);
}

void frame_u32(struct buffer *out, uint32_t number)
{
	buffer_put(out, &number, sizeof number);
}

void frame_u64(struct buffer *out, uint64_t number)
{
	buffer_put(out, &number, sizeof number);
}

void frame_text(struct buffer *out, struct str text)
{
	frame_u32(out, (uint32_t)text.n);
	buffer_add_str(out, text);
}

/* ---- Reading ---- */

struct reader reader_of(struct str payload)
{
	return (struct reader){ payload.p, payload.p + payload.n, false };
}

static struct str reader_bytes(struct reader *r, size_t n)
{
	if (r->bad || (size_t)(r->end - r->p) < n) {
		r->bad = true;
		return (struct str){ "", 0 };
	}
	struct str bytes = { r->p, n };
	r->p += n;
	return bytes;
}

uint32_t reader_u32(struct reader *r)
{
	uint32_t number = 0;
	struct str bytes = reader_bytes(r, sizeof number);
	if (bytes.n)
		memcpy(&number, bytes.p, sizeof number);
	return number;
}

uint64_t reader_u64(struct reader *r)
{
	uint64_t number = 0;
	struct str bytes = reader_bytes(r, sizeof number);
	if (bytes.n)
		memcpy(&number, bytes.p, sizeof number);
	return number;
}

struct str reader_text(struct reader *r)
{
	return reader_bytes(r, reader_u32(r));
}

/* A number of items of at least `size` bytes each that are still to come. */
static uint32_t reader_count(struct reader *r, size_t size)
{
	uint32_t n = reader_u32(r);
	if (!r->bad && n > (size_t)(r->end - r->p) / size)
		r->bad = true;
	return r->bad ? 0 : n;
}

bool reader_is_done(const struct reader *r)
{
	return !r->bad && r->p == r->end;
}

/* ---- Hello ---- */

void frame_hello_write(struct buffer *out, const struct hello *hello)
{
	size_t begun = frame_begin(out, FRAME_HELLO);
	frame_u32(out, hello->version);
	frame_u32(out, hello->pid);
	frame_u32(out, hello->instance);
	frame_text(out, hello->bot);
	frame_text(out, hello->queue);
	frame_u32(out, (uint32_t)hello->n_destinations);
	for (size_t i = 0; i < hello->n_destinations; i++)
		frame_text(out, hello->destinations[i]);
	frame_end(out, begun, 0);
}

int frame_hello_read(struct str payload, struct arena *arena, struct hello *out, struct err *err)
{
	struct reader r = reader_of(payload);
	out->version = reader_u32(&r);
	if (!r.bad && out->version != FRAME_VERSION)
		return err_set(err, FAULT_OTHER,
		               "the client speaks version %u of the protocol, the broker %d: "
		               "restart what was started before the update",
		               out->version, FRAME_VERSION);
	out->pid = reader_u32(&r);
	out->instance = reader_u32(&r);
	out->bot = reader_text(&r);
	out->queue = reader_text(&r);
	out->n_destinations = reader_count(&r, sizeof(uint32_t));
	out->destinations = arena_alloc(arena, out->n_destinations * sizeof *out->destinations);
	for (size_t i = 0; i < out->n_destinations; i++)
		out->destinations[i] = reader_text(&r);
	return reader_is_done(&r) ? 0 : err_set(err, FAULT_DECODING, "a broken hello");
}

/* ---- Claims ---- */

void frame_claims_write(struct buffer *out, const struct message *messages, size_t n)
{
	size_t place = out->n;
	uint32_t runs = 0;
	frame_u32(out, 0);
	for (size_t i = 0; i < n; runs++) {
		size_t count = 1;
		while (i + count < n && messages[i + count].block == messages[i].block &&
		       messages[i + count].at == messages[i].at + count)
			count++;
		frame_u64(out, messages[i].block);
		frame_u32(out, messages[i].at);
		frame_u32(out, (uint32_t)count);
		i += count;
	}
	memcpy(out->p + place, &runs, sizeof runs);
}

struct message *frame_claims_read(struct reader *r, struct arena *arena, size_t *n_out)
{
	uint32_t runs = reader_count(r, CLAIM_SIZE);
	struct reader ahead = *r;
	size_t total = 0;
	for (uint32_t i = 0; i < runs; i++) {
		reader_bytes(&ahead, CLAIM_SIZE - sizeof(uint32_t));
		total += reader_u32(&ahead);
	}
	/* More than anybody can hold would be memory for nothing. */
	if (ahead.bad || total > MAX_CLAIMS) {
		r->bad = true;
		total = runs = 0;
	}
	struct message *messages = arena_alloc(arena, total * sizeof *messages);
	size_t n = 0;
	for (uint32_t i = 0; i < runs; i++) {
		uint64_t block = reader_u64(r);
		uint32_t at = reader_u32(r), count = reader_u32(r);
		for (uint32_t k = 0; k < count; k++)
			messages[n++] = (struct message){ .block = block, .at = at + k };
	}
	*n_out = n;
	return messages;
}

/* ---- State ---- */

static void changes_write(struct buffer *out, const struct state_change *changes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct state_change *c = &changes[i];
		frame_u64(out, (uint64_t)c->expires);
		frame_u32(out, (uint32_t)c->key.n);
		frame_u32(out, c->deleted ? UINT32_MAX : (uint32_t)c->value.n);
		buffer_add_str(out, c->key);
		if (!c->deleted)
			buffer_add_str(out, c->value);
	}
}

int changes_each(struct str bytes, void (*each)(void *context, const struct state_change *),
                 void *context)
{
	struct reader r = reader_of(bytes);
	while (!r.bad && r.p < r.end) {
		struct state_change change = { .expires = (int64_t)reader_u64(&r) };
		uint32_t key = reader_u32(&r), value = reader_u32(&r);
		change.deleted = value == UINT32_MAX;
		change.key = reader_bytes(&r, key);
		change.value = reader_bytes(&r, change.deleted ? 0 : value);
		if (!r.bad && each)
			each(context, &change);
	}
	return r.bad ? -1 : 0;
}

/* ---- Commit ---- */

static bool same_queues(const struct publish *a, const struct publish *b)
{
	if (a->n_queues != b->n_queues)
		return false;
	for (size_t i = 0; a->queues != b->queues && i < a->n_queues; i++)
		if (!str_eq(a->queues[i], b->queues[i]))
			return false;
	return true;
}

/* Runs of messages that go to the same queues; each run names them. */
static void write_published(struct buffer *out, const struct publish *published, size_t n,
                            size_t *bodies_out)
{
	size_t place = out->n;
	uint32_t runs = 0;
	frame_u32(out, 0);
	for (size_t i = 0; i < n; runs++) {
		size_t count = 1;
		while (i + count < n && same_queues(&published[i], &published[i + count]))
			count++;
		frame_u32(out, (uint32_t)count);
		frame_u32(out, (uint32_t)published[i].n_queues);
		for (size_t k = 0; k < published[i].n_queues; k++)
			frame_text(out, published[i].queues[k]);
		i += count;
	}
	memcpy(out->p + place, &runs, sizeof runs);
	frame_u32(out, (uint32_t)n);
	*bodies_out = 0;
	for (size_t i = 0; i < n; i++) {
		frame_u32(out, (uint32_t)published[i].body.n);
		*bodies_out += published[i].body.n;
	}
}

void frame_commit_write(struct buffer *out, const struct commit *commit, size_t *bodies_out)
{
	size_t begun = frame_begin(out, FRAME_COMMIT);
	frame_u32(out, (commit->durable ? COMMIT_DURABLE : 0) | (commit->noted ? COMMIT_NOTED : 0) |
	                       (commit->round ? COMMIT_ROUND : 0));
	frame_claims_write(out, commit->consumed, commit->n_consumed);
	if (commit->noted) {
		frame_u64(out, commit->noted->block);
		frame_u32(out, commit->noted->at);
		frame_u64(out, commit->noted->note);
	}
	size_t place = out->n;
	frame_u32(out, 0);
	changes_write(out, commit->changes, commit->n_changes);
	uint32_t changes = (uint32_t)(out->n - place - sizeof changes);
	memcpy(out->p + place, &changes, sizeof changes);
	write_published(out, commit->published, commit->n_published, bodies_out);
	frame_end(out, begun, *bodies_out);
}

/* A run of messages with their queues. */
struct run {
	uint32_t count, n_queues;
	struct str *queues;
};

static struct run *read_runs(struct reader *r, struct arena *arena, uint32_t *n_out)
{
	uint32_t n = reader_count(r, RUN_SIZE), names = 0;
	if (n > MAX_PUBLISHED)
		r->bad = true;
	struct run *runs = arena_alloc(arena, (r->bad ? 0 : n) * sizeof *runs);
	for (uint32_t i = 0; i < n && !r->bad; i++) {
		runs[i].count = reader_u32(r);
		runs[i].n_queues = reader_count(r, sizeof(uint32_t));
		if (runs[i].n_queues > MAX_PUBLISHED - names) {
			r->bad = true;
			break;
		}
		names += runs[i].n_queues;
		runs[i].queues = arena_alloc(arena, runs[i].n_queues * sizeof(struct str));
		for (uint32_t k = 0; k < runs[i].n_queues; k++)
			runs[i].queues[k] = reader_text(r);
	}
	*n_out = r->bad ? 0 : n;
	return runs;
}

static void read_published(struct reader *r, struct arena *arena, struct commit *out)
{
	uint32_t n_runs;
	const struct run *runs = read_runs(r, arena, &n_runs);
	uint32_t n = reader_count(r, sizeof(uint32_t));
	if (n > MAX_PUBLISHED) {
		r->bad = true;
		return;
	}
	struct publish *published = arena_alloc(arena, n * sizeof *published);
	struct reader lengths = reader_of(reader_bytes(r, n * sizeof(uint32_t)));
	uint32_t at = 0;
	for (uint32_t i = 0; i < n_runs; i++) {
		if (runs[i].count > n - at) {
			r->bad = true;
			return;
		}
		for (uint32_t k = 0; k < runs[i].count; k++, at++)
			published[at] = (struct publish){
				.body = reader_bytes(r, reader_u32(&lengths)),
				.queues = runs[i].queues,
				.n_queues = runs[i].n_queues,
			};
	}
	if (at != n)
		r->bad = true;
	out->published = published;
	out->n_published = n;
}

int frame_commit_read(struct str payload, struct arena *arena, struct commit *out,
                      struct str *changes_out, struct err *err)
{
	struct reader r = reader_of(payload);
	*out = (struct commit){ 0 };
	uint32_t flags = reader_u32(&r);
	out->durable = flags & COMMIT_DURABLE;
	out->round = flags & COMMIT_ROUND;
	out->consumed = frame_claims_read(&r, arena, &out->n_consumed);
	if (flags & COMMIT_NOTED) {
		struct message *noted = arena_zalloc(arena, 1, sizeof *noted);
		noted->block = reader_u64(&r);
		noted->at = reader_u32(&r);
		noted->note = reader_u64(&r);
		out->noted = noted;
	}
	*changes_out = reader_text(&r);
	read_published(&r, arena, out);
	if (!reader_is_done(&r) || changes_out->n > MAX_CHANGES ||
	    changes_each(*changes_out, NULL, NULL) < 0)
		return err_set(err, FAULT_DECODING, "a broken commit");
	return 0;
}

/* ---- Batch ---- */

void frame_batch_write(struct buffer *out, const struct batch *batch)
{
	size_t begun = frame_begin(out, FRAME_BATCH), place;
	uint32_t notes = 0;
	frame_claims_write(out, batch->messages, batch->n);
	for (size_t i = 0; i < batch->n; i++)
		frame_u32(out, (uint32_t)batch->messages[i].body.n);
	place = out->n;
	frame_u32(out, 0);
	for (size_t i = 0; i < batch->n; i++) {
		if (!batch->messages[i].note)
			continue;
		frame_u32(out, (uint32_t)i);
		frame_u64(out, batch->messages[i].note);
		notes++;
	}
	memcpy(out->p + place, &notes, sizeof notes);
	frame_end(out, begun, batch->bytes);
}

int frame_batch_read(struct str payload, struct arena *arena, struct batch *out, struct err *err)
{
	struct reader r = reader_of(payload);
	*out = (struct batch){ 0 };
	out->messages = frame_claims_read(&r, arena, &out->n);
	struct reader lengths = reader_of(reader_bytes(&r, out->n * sizeof(uint32_t)));
	uint32_t notes = reader_count(&r, sizeof(uint32_t) + sizeof(uint64_t));
	for (uint32_t i = 0; i < notes; i++) {
		uint32_t which = reader_u32(&r);
		uint64_t note = reader_u64(&r);
		if (which < out->n)
			out->messages[which].note = note;
		else
			r.bad = true;
	}
	for (size_t i = 0; i < out->n && !r.bad; i++) {
		out->messages[i].body = reader_bytes(&r, reader_u32(&lengths));
		out->bytes += out->messages[i].body.n;
	}
	return reader_is_done(&r) ? 0 : err_set(err, FAULT_DECODING, "a broken batch");
}
