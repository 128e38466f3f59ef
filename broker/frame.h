/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * frame.h - the wire between a broker and its clients, both sides.
 *
 * A frame is a header of eight bytes (u32 length of the payload, u8 type, three zeros) and its payload. Numbers are of the
 * machine's byte order and fixed width, since both sides are on one machine; texts are a u32 length and bytes. What is
 * read is checked against the bytes that are there; counts allocate nothing that the payload could not fill.
 *
 *	HELLO    version, pid, instance, bot, queue, destinations; an empty bot: a tool
 *	PID      pid (of the worker that took over an introduced connection)
 *	RECEIVE  messages, bytes                               -> BATCH, or FULL and later BATCH
 *	COMMIT   see frame_commit_write                        -> DURABLE, if that was asked for
 *	RELEASE  claims
 *	ROOM                                                   -> FULL with an empty name: there is room; else FULL, later again
 *	LOAD                                                   -> STATE … (the last one is empty)
 * Tools: QUEUES, STATUS -> JSON; PUSH queue, body -> NUMBER; PEEK queue, count -> BODIES; CLEAR queue -> NUMBER.
 * Each may be answered by ERROR with a text. HELLO is answered by OK with the version once the bot is connected.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/buffer.h>

#include "broker/broker.h"

enum {
	FRAME_VERSION = 1,
	FRAME_HEADER = 8,
	MAX_FRAME = 1536 * 1024 *
	            1024, /* the largest commit: an outbox of 1 GB and what names it */
	MAX_PUBLISHED = 16 * 1024 * 1024, /* messages of a commit, and names of queues in it */
	MAX_CLAIMS = 1000000,             /* messages of a batch */
	MAX_CHANGES = 256 * 1024 * 1024,  /* bytes of keyed state in a commit */
};

enum frame_type {
	FRAME_HELLO = 1,
	FRAME_PID,
	FRAME_RECEIVE,
	FRAME_COMMIT,
	FRAME_RELEASE,
	FRAME_ROOM,
	FRAME_LOAD,
	FRAME_STATUS,
	FRAME_PUSH,
	FRAME_PEEK,
	FRAME_CLEAR,

	FRAME_OK = 64,
	FRAME_ERROR,
	FRAME_BATCH,
	FRAME_DURABLE,
	FRAME_FULL,
	FRAME_STATE,
	FRAME_NUMBER,
	FRAME_BODIES,
	FRAME_JSON,
};

struct frame {
	enum frame_type type;
	struct str payload;
};

/* Bytes of the first frame in `bytes` with its header, 0: the header is not complete, -1: no frame. */
int64_t frame_size(struct str bytes);
/* The first frame, if it is complete. */
bool frame_first(struct str bytes, struct frame *out);

/* Begins a frame; the header is completed by frame_end, to which `extra` bytes of payload follow elsewhere. */
size_t frame_begin(struct buffer *, enum frame_type);
void frame_end(struct buffer *, size_t begun, size_t extra);

void frame_u32(struct buffer *, uint32_t);
void frame_u64(struct buffer *, uint64_t);
void frame_text(struct buffer *, struct str);

/* Reads a payload; `bad` once something was missing: what is returned then is zero or empty. */
struct reader {
	const char *p, *end;
	bool bad;
};
struct reader reader_of(struct str payload);
uint32_t reader_u32(struct reader *);
uint64_t reader_u64(struct reader *);
struct str reader_text(struct reader *);
/* True if all was there and nothing is left. */
bool reader_is_done(const struct reader *);

struct hello {
	uint32_t version, pid, instance;
	struct str bot, queue;
	struct str *destinations;
	size_t n_destinations;
};
void frame_hello_write(struct buffer *, const struct hello *);
int frame_hello_read(struct str payload, struct arena *, struct hello *out, struct err *);

/* Claims as runs of positions in blocks; the notes are not carried. */
void frame_claims_write(struct buffer *, const struct message *, size_t n);
/* The messages in the arena, without bodies. */
struct message *frame_claims_read(struct reader *, struct arena *, size_t *n_out);

/*
 * All of a commit's frame but the bodies, which follow in order: `*bodies_out` is their sum. Flags (durable, noted, round);
 * claims; the note; sets of queues; of the messages runs of equal sets, then lengths; changes of state.
 */
void frame_commit_write(struct buffer *, const struct commit *, size_t *bodies_out);
/* Borrows from the payload and the arena. `changes_out`: the changes of state as they stand there, for changes_each. */
int frame_commit_read(struct str payload, struct arena *, struct commit *out,
                      struct str *changes_out, struct err *);

/* Calls `each` for the changes; -1 if the bytes are none. NULL: only checks. */
int changes_each(struct str bytes, void (*each)(void *context, const struct state_change *),
                 void *context);

/* A batch without its bodies, which follow in order. */
void frame_batch_write(struct buffer *, const struct batch *);
int frame_batch_read(struct str payload, struct arena *, struct batch *out, struct err *);
