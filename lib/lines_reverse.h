/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * lines_reverse.h - the lines of a file from the last to the first, as one reads a log.
 */
#pragma once
#include <intelmq/buffer.h>
#include <intelmq/err.h>

struct lines_reverse {
	/* All private. */
	int fd;
	int64_t offset;     /* of the file: what lies before it is not yet read */
	int64_t first;      /* what lies before it is never read */
	struct buffer held; /* bytes read, from `offset` on */
	size_t end;         /* of what is still to be given */
	size_t scanned;     /* from here to end there is no LF */
	bool ended;
};

/*
 * Reads a seekable file backwards from its present end; the descriptor is borrowed. A file that ends
 * with a newline gives an empty line first, an empty file one empty line. No more than the last
 * `bytes_max` bytes are looked at, so that the last line given may lack its start.
 */
int lines_reverse_init(struct lines_reverse *, int fd, size_t bytes_max, struct err *);
void lines_reverse_fini(struct lines_reverse *);

/* 1 and the next line without its LF, which lives until the next call; 0 at the start of the file; -1. */
int lines_reverse_next(struct lines_reverse *, struct str *line_out, struct err *);
