/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/dump_session.h"

#include <intelmq/buffer.h>
#include <intelmq/hash.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/files.h"

struct dump_session {
	char *path; /* without symbolic links, so that a new file takes the old one's place */
	int fd;     /* of the file that has the name */
	int source; /* of the file that the index is of: the same, or the one before */
	struct arena arena; /* of the index */
	struct dump_index index;
	uint64_t size;
};

enum {
	SESSION_LOCK_SECONDS = 2,
	PIECE = 1024 * 1024, /* written at once */
};

/* One session at a time: a lock on a byte that no file has. Bots do not look at it. */
static int keep_others_out(int fd, struct err *err)
{
	struct flock one = {
		.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = INT64_C(1) << 60, .l_len = 1
	};
	if (fcntl(fd, F_OFD_SETLK, &one) == 0)
		return 0;
	if (errno == EAGAIN || errno == EACCES)
		return err_set(err, FAULT_OTHER, "it is locked: somebody else works on it");
	return err_set(err, FAULT_OTHER, "it cannot be locked: %s", strerror(errno));
}

static int map(int fd, struct str *out, struct err *err)
{
	struct stat st;
	*out = S("");
	if (fstat(fd, &st) < 0)
		return err_set(err, FAULT_OTHER, "it cannot be read: %s", strerror(errno));
	if (!S_ISREG(st.st_mode))
		return err_set(err, FAULT_OTHER, "it is no file");
	if (st.st_size == 0)
		return 0;
	void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (bytes == MAP_FAILED)
		return err_set(err, FAULT_OTHER, "it cannot be read: %s", strerror(errno));
	*out = (struct str){ bytes, (size_t)st.st_size };
	return 0;
}

static void unmap(struct str text)
{
	if (text.n)
		munmap((void *)(uintptr_t)text.p, text.n);
}

static int lock(struct dump_session *s, unsigned seconds, struct err *err)
{
	if (dump_file_lock(s->fd, seconds, err) < 0)
		return -1;
	if (dump_file_is_current(s->fd, s->path))
		return 0;
	flock(s->fd, LOCK_UN);
	return err_set(err, FAULT_OTHER, "another program replaced or removed it meanwhile");
}

static void use_file(struct dump_session *s, int fd)
{
	if (s->source != s->fd)
		close(s->source);
	s->source = fd;
}

int dump_session_read(struct dump_session *s, struct err *err)
{
	struct str text;
	arena_reset(&s->arena);
	s->index = (struct dump_index){ 0 };
	if (lock(s, SESSION_LOCK_SECONDS, err) < 0)
		return -1;
	use_file(s, s->fd);
	int rc = map(s->fd, &text, err);
	if (rc == 0) {
		s->size = text.n;
		rc = dump_index_read(&s->arena, text, &s->index, err);
		if (rc < 0)
			s->index = (struct dump_index){ 0 };
		unmap(text);
	}
	flock(s->fd, LOCK_UN);
	return rc;
}

int dump_session_open(const char *path, struct dump_session **out, struct err *err)
{
	struct dump_session *s = calloc(1, sizeof *s);
	if (!s)
		abort();
	*out = s;
	arena_init(&s->arena);
	s->fd = s->source = -1;
	s->path = realpath(path, NULL);
	if (s->path)
		s->fd = s->source = open(s->path, O_RDWR | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	if (s->fd < 0)
		err_set(err, FAULT_OTHER, "it cannot be opened: %s", strerror(errno));
	else if (keep_others_out(s->fd, err) == 0 && dump_session_read(s, err) == 0)
		return 0;
	err_prefix(err, "%s", path);
	dump_session_close(s);
	*out = NULL;
	return -1;
}

void dump_session_close(struct dump_session *s)
{
	if (!s)
		return;
	use_file(s, s->fd);
	if (s->fd >= 0)
		close(s->fd);
	free(s->path);
	arena_fini(&s->arena);
	free(s);
}

const struct dump_index *dump_session_index(const struct dump_session *s)
{
	return &s->index;
}

uint64_t dump_session_size(const struct dump_session *s)
{
	return s->size;
}

const char *dump_session_path(const struct dump_session *s)
{
	return s->path;
}

int dump_session_entry(struct dump_session *s, const struct dump_entry *entry, struct arena *arena,
                       struct str *member_out, struct err *err)
{
	if (entry->n > MAX_DUMP_ENTRY)
		return err_set(err, FAULT_OTHER, "it is larger than any message");
	char *bytes = arena_alloc(arena, entry->n);
	for (uint64_t done = 0; done < entry->n;) {
		ssize_t n = pread(s->source, bytes + done, entry->n - done,
		                  (off_t)(entry->at + done));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		done += (uint64_t)n;
		if (done == entry->n) {
			*member_out = (struct str){ bytes, entry->n };
			if (hash_bytes(*member_out) == entry->hash)
				return 0;
		}
	}
	return err_set(err, FAULT_OTHER, "another program changed the file meanwhile");
}

/* ---- Writing it again ---- */

/* The same entry in the file as it is now, from the `at`th on in the order of names; NULL if it is gone. */
static const struct dump_entry *find(const struct dump_index *now, size_t *at,
                                     const struct dump_entry *old)
{
	enum {
		LOOKED_AT = 64
	}; /* of those with one name, which the reference's files never have */
	while (*at < now->n && str_cmp(now->sorted[*at]->name, old->name) < 0)
		++*at;
	for (size_t k = *at; k < now->n && k < *at + LOOKED_AT; k++) {
		if (!str_eq(now->sorted[k]->name, old->name))
			break;
		if (now->sorted[k]->hash == old->hash) {
			*at = k + 1;
			return now->sorted[k];
		}
	}
	return NULL;
}

/* What stands instead of every entry of the file as it is now; one that was to be replaced must be there. */
static int changes_of_now(const struct dump_session *s, const struct dump_index *now,
                          const struct str *instead, struct str *out, struct err *err)
{
	size_t at = 0;
	for (size_t i = 0; i < s->index.n; i++) {
		const struct dump_entry *old = s->index.sorted[i], *new = find(now, &at, old);
		struct str change = instead[old - s->index.entries];
		if (new)
			out[new - now->entries] = change;
		else if (change.n)
			return err_set(err, FAULT_OTHER,
			               "another program changed or removed the entry meanwhile");
	}
	return 0;
}

struct writer {
	int fd;
	struct buffer held;
};

static int write_out(struct writer *w, struct str bytes)
{
	while (bytes.n) {
		ssize_t n = write(w->fd, bytes.p, bytes.n);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes = str_slice(bytes, (size_t)n, bytes.n);
	}
	return 0;
}

static int write_piece(void *context, struct str bytes)
{
	struct writer *w = context;
	if (w->held.n + bytes.n > PIECE) {
		if (write_out(w, buffer_str(&w->held)) < 0)
			return -1;
		buffer_clear(&w->held);
	}
	if (bytes.n >= PIECE)
		return write_out(w, bytes);
	buffer_add_str(&w->held, bytes);
	return 0;
}

/* Mode and owner of the old file, before anything is in the new one. */
static int keep_owner(int fd, int old, struct err *err)
{
	struct stat st, mine;
	if (fstat(old, &st) < 0 || fstat(fd, &mine) < 0)
		return err_set(err, FAULT_OTHER, "%s", strerror(errno));
	if ((st.st_uid != mine.st_uid || st.st_gid != mine.st_gid) &&
	    fchown(fd, st.st_uid, st.st_gid) < 0)
		return err_set(err, FAULT_OTHER,
		               "it belongs to user %u, group %u, and you may not give them a file: "
		               "do this as that user",
		               (unsigned)st.st_uid, (unsigned)st.st_gid);
	if (fchmod(fd, st.st_mode & 07777) < 0)
		return err_set(err, FAULT_OTHER, "%s", strerror(errno));
	return 0;
}

static int sync_directory(const char *path)
{
	char directory[4096];
	snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(path, '/') - path + 1), path);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd >= 0 ? fsync(fd) : -1;
	if (fd >= 0)
		close(fd);
	return rc;
}

/* The new file, complete and on the disk; the number of its entries. What a killed session left under its name goes. */
static int64_t write_new(struct dump_session *s, const char *path, struct str text,
                         const struct dump_index *now, const struct str *instead, int *fd_out,
                         struct err *err)
{
	struct writer w = { .fd = -1 };
	int64_t left = -1;
	unlink(path);
	*fd_out = w.fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (w.fd < 0)
		return err_set(err, FAULT_OTHER, "%s: cannot be made: %s", path, strerror(errno));
	if (keep_owner(w.fd, s->fd, err) < 0 || keep_others_out(w.fd, err) < 0)
		return -1;
	buffer_init(&w.held, PIECE);
	left = dump_rewrite(text, now, instead, write_piece, &w);
	if (left >= 0 && (write_out(&w, buffer_str(&w.held)) < 0 || fsync(w.fd) < 0))
		left = -1;
	if (left < 0)
		err_set(err, FAULT_OTHER, "%s: cannot be written: %s", path, strerror(errno));
	buffer_fini(&w.held);
	return left;
}

/* The new file takes the place of the old one, and the session goes on with it. */
static int put_in_place(struct dump_session *s, const char *path, int fd, int64_t left,
                        struct err *err)
{
	if (left == 0) {
		if (unlink(s->path) < 0)
			return err_set(err, FAULT_OTHER, "it cannot be removed: %s",
			               strerror(errno));
		unlink(path);
		close(fd);
	} else {
		if (rename(path, s->path) < 0)
			return err_set(err, FAULT_OTHER, "%s: cannot take its place: %s", path,
			               strerror(errno));
		if (s->source != s->fd)
			close(s->fd);
		s->fd = fd;
	}
	sync_directory(s->path); /* should it fail, the old file may come back: nothing is lost */
	return 0;
}

static int change(struct dump_session *s, struct arena *arena, const struct str *instead,
                  int64_t *left_out, struct err *err)
{
	struct str text, path = arena_printf(arena, "%s.new", s->path);
	struct dump_index now;
	int fd = -1, rc = -1;
	if (map(s->fd, &text, err) < 0)
		return -1;
	if (dump_index_read(arena, text, &now, err) == 0) {
		struct str *changes = arena_zalloc(arena, now.n, sizeof *changes);
		if (changes_of_now(s, &now, instead, changes, err) == 0) {
			*left_out = write_new(s, path.p, text, &now, changes, &fd, err);
			rc = *left_out < 0 ? -1 : put_in_place(s, path.p, fd, *left_out, err);
			if (rc < 0 && fd >= 0) {
				unlink(path.p);
				close(fd);
			}
		}
	}
	unmap(text);
	return rc;
}

int dump_session_change(struct dump_session *s, const struct str *instead, int64_t *left_out,
                        struct err *err)
{
	struct arena arena;
	if (lock(s, DUMP_LOCK_SECONDS, err) < 0)
		return -1;
	arena_init(&arena);
	int rc = change(s, &arena, instead, left_out, err);
	arena_fini(&arena);
	flock(s->fd, LOCK_UN);
	return rc;
}
