/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/chunk.h>

#include <errno.h>
#include <unistd.h>

enum { READ_BLOCK = 64 * 1024 };

/*
 * The length of the piece at the start of `text`: all of it if there is no place to cut. A line
 * beyond `size` is looked through once only: *scanned_io says how far that has been done.
 */
static size_t piece_length(struct str text, size_t size, size_t *scanned_io)
{
	if (text.n <= size)
		return text.n;
	if (*scanned_io < size) {
		const char *last = memrchr(text.p, '\n', size);
		if (last)
			return (size_t)(last - text.p) + 1;
		*scanned_io = size;
	}
	const char *next = memchr(text.p + *scanned_io, '\n', text.n - *scanned_io);
	if (next)
		return (size_t)(next - text.p) + 1;
	*scanned_io = text.n;
	return text.n;
}

struct str chunk_cut(struct str *rest, size_t size)
{
	size_t scanned = 0;
	size_t n = piece_length(*rest, size, &scanned);
	struct str piece = { rest->p, n };
	if (n) {
		rest->p += n;
		rest->n -= n;
	}
	return piece;
}

void chunk_source_init(struct chunk_source *c, int fd, size_t size, bool copy_header,
                       size_t bytes_max)
{
	*c = (struct chunk_source){ .fd = fd, .size = size, .copy_header = copy_header };
	buffer_init(&c->held, bytes_max);
	buffer_init(&c->header, bytes_max);
	buffer_init(&c->piece, SIZE_MAX / 2);
}

void chunk_source_init_memory(struct chunk_source *c, struct str bytes, size_t size,
                              bool copy_header)
{
	chunk_source_init(c, -1, size, copy_header, SIZE_MAX / 2);
	c->ahead = bytes;
}

void chunk_source_fini(struct chunk_source *c)
{
	buffer_fini(&c->held);
	buffer_fini(&c->header);
	buffer_fini(&c->piece);
}

/* Reads until `want` bytes are ahead; window and ahead move to the front of their memory. */
static int ahead_fill(struct chunk_source *c, size_t want, struct err *err)
{
	const char *start = c->window.n ? c->window.p : c->ahead.p;
	size_t window = c->window.n;
	c->held.n = window + c->ahead.n;
	if (c->held.n && start != c->held.p)
		memmove(c->held.p, start, c->held.n);
	while (c->held.n - window < want) {
		char *p = buffer_room(&c->held, READ_BLOCK);
		if (!p)
			return err_set(err, FAULT_OTHER, "a line is longer than %zu bytes",
			               c->held.limit);
		ssize_t n = read(c->fd, p, READ_BLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set(err, FAULT_OTHER, "reading: %s", strerror(errno));
		if (n == 0)
			break;
		c->held.n += (size_t)n;
	}
	c->window = str_slice(buffer_str(&c->held), 0, window);
	c->ahead = str_slice(buffer_str(&c->held), window, c->held.n);
	return 0;
}

/* The window grows by the next `want` bytes, fewer at the end. */
static int window_grow(struct chunk_source *c, size_t want, struct err *err)
{
	if (c->fd >= 0 && c->ahead.n < want && ahead_fill(c, want, err) < 0)
		return -1;
	if (want > c->ahead.n)
		want = c->ahead.n;
	if (!c->window.n)
		c->window.p = c->ahead.p;
	c->window.n += want;
	c->ahead = str_slice(c->ahead, want, c->ahead.n);
	c->ended = want == 0;
	return 0;
}

/* Takes the first line; the blocks begin after it. */
static int header_read(struct chunk_source *c, struct err *err)
{
	size_t at = STR_NOT_FOUND, seen = 0;
	while (at == STR_NOT_FOUND && !c->ended) {
		seen = c->window.n;
		if (window_grow(c, READ_BLOCK, err) < 0)
			return -1;
		at = str_index(str_slice(c->window, seen, c->window.n), '\n');
	}
	size_t n = at == STR_NOT_FOUND ? c->window.n : seen + at + 1;
	buffer_add(&c->header, c->window.p, n);
	if (c->header.over)
		return err_set(err, FAULT_OTHER, "the first line is too long");
	/* What was looked at beyond it goes back. */
	c->ahead = (struct str){ c->window.p + n, c->window.n - n + c->ahead.n };
	c->window = S("");
	c->ended = false;
	return 0;
}

static struct str with_header(struct chunk_source *c, struct str piece)
{
	if (!c->header.n)
		return piece;
	buffer_clear(&c->piece);
	buffer_add_str(&c->piece, buffer_str(&c->header));
	buffer_add_str(&c->piece, piece);
	return buffer_str(&c->piece);
}

static int everything(struct chunk_source *c, struct str *piece_out, struct err *err)
{
	while (!c->ended)
		if (window_grow(c, c->fd < 0 && c->ahead.n ? c->ahead.n : READ_BLOCK, err) < 0)
			return -1;
	*piece_out = c->window;
	c->window = S("");
	return piece_out->n > 0;
}

int chunk_next(struct chunk_source *c, struct str *piece_out, struct err *err)
{
	if (c->size == 0)
		return everything(c, piece_out, err);
	if (!c->started && c->copy_header && header_read(c, err) < 0)
		return -1;
	c->started = true;
	for (;;) {
		size_t n = c->window.n ? piece_length(c->window, c->size, &c->scanned) : 0;
		/* What reaches to the end of the window may go on in the next block. */
		if (n < c->window.n || c->ended) {
			*piece_out = with_header(c, str_slice(c->window, 0, n));
			c->window = str_slice(c->window, n, c->window.n);
			c->scanned = 0;
			return n > 0;
		}
		if (window_grow(c, c->size, err) < 0)
			return -1;
	}
}
