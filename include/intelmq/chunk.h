/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * chunk.h - cutting large reports at line ends.
 *
 * A piece has at most `size` bytes and is cut after the last LF that fits, or, if a line is longer
 * than that, after that line. Only the last piece may lack an LF at its end.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/buffer.h>
#include <intelmq/err.h>
#include <intelmq/str.h>

/* Cuts the next piece off `*rest`; the empty str when nothing is left. `size` is at least 1. */
struct str chunk_cut(struct str *rest, size_t size);

/*
 * Pieces of bytes that are read little by little, from a file descriptor or from memory. Reads
 * happen in blocks of `size` bytes, which decides where the cuts are.
 */
struct chunk_source {
	/* All private. */
	int fd;             /* -1: from memory */
	size_t size;        /* 0: everything is one piece */
	bool copy_header;   /* the first line is put in front of every piece */
	struct str window;  /* the blocks that were looked at, less what was given */
	struct str ahead;   /* what follows the window and is in memory already */
	size_t scanned;     /* so many bytes of the window are known to have no place to cut */
	struct buffer held; /* window and ahead of a file */
	struct buffer header, piece;
	bool started, ended;
};

/*
 * From a file or, as the second, from memory; both are borrowed. `bytes_max` bounds the header and
 * what is held of a file: a line may be longer than `size`. chunk_source_fini gives memory back.
 */
void chunk_source_init(struct chunk_source *, int fd, size_t size, bool copy_header,
                       size_t bytes_max);
void chunk_source_init_memory(struct chunk_source *, struct str bytes, size_t size,
                              bool copy_header);
void chunk_source_fini(struct chunk_source *);

/*
 * The next piece: 1, 0 at the end, -1 for a read error or a piece beyond `bytes_max`. It lives until
 * the next call. With size 0 there is one piece, none if there is nothing to read.
 */
int chunk_next(struct chunk_source *, struct str *piece_out, struct err *);
