/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/lines_reverse.h"

#include <errno.h>
#include <unistd.h>

enum { READ_BLOCK = 16 * 1024 };

int lines_reverse_init(struct lines_reverse *r, int fd, size_t bytes_max, struct err *err)
{
	off_t end = lseek(fd, 0, SEEK_END);
	*r = (struct lines_reverse){ .fd = fd };
	if (end < 0)
		return err_set(err, FAULT_OTHER, "seeking: %s", strerror(errno));
	r->offset = end;
	if (bytes_max < (size_t)end)
		r->first = end - (int64_t)bytes_max;
	buffer_init(&r->held, SIZE_MAX / 2);
	return 0;
}

void lines_reverse_fini(struct lines_reverse *r)
{
	buffer_fini(&r->held);
}

static int read_at(int fd, char *p, size_t n, int64_t offset, struct err *err)
{
	while (n) {
		ssize_t got = pread(fd, p, n, offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return err_set(err, FAULT_OTHER, "reading: %s",
			               got ? strerror(errno) : "the file became shorter");
		p += got;
		n -= (size_t)got;
		offset += got;
	}
	return 0;
}

/* One more block in front. It doubles with what is held, so that a long line is not moved too often. */
static int block_read(struct lines_reverse *r, struct err *err)
{
	size_t n = r->end > READ_BLOCK ? r->end : READ_BLOCK;
	if ((int64_t)n > r->offset - r->first)
		n = (size_t)(r->offset - r->first);
	r->held.n = r->end;
	buffer_room(&r->held, n);
	memmove(r->held.p + n, r->held.p, r->end);
	r->offset -= (int64_t)n;
	r->end += n;
	r->held.n = r->end;
	r->scanned = n;
	return read_at(r->fd, r->held.p, n, r->offset, err);
}

int lines_reverse_next(struct lines_reverse *r, struct str *line_out, struct err *err)
{
	if (r->ended)
		return 0;
	for (;;) {
		const char *lf = r->scanned ? memrchr(r->held.p, '\n', r->scanned) : NULL;
		if (lf) {
			size_t at = (size_t)(lf - r->held.p);
			*line_out = (struct str){ lf + 1, r->end - at - 1 };
			r->end = r->scanned = at;
			return 1;
		}
		if (r->offset == r->first) {
			*line_out = (struct str){ r->held.p ? r->held.p : "", r->end };
			r->ended = true;
			return 1;
		}
		if (block_read(r, err) < 0)
			return -1;
	}
}
