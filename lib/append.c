/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/append.h>

#include <intelmq/file.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static int fail(struct err *err, const char *path, const char *what)
{
	return err_set(err, FAULT_OTHER, "%s cannot be %s: %s", path, what, strerror(errno));
}

/* ---- Marks ---- */

/* `mode_out` may be NULL. */
static int look_at(int fd, struct append_mark *out, mode_t *mode_out)
{
	struct stat st;
	struct statx more;
	if (fstat(fd, &st) < 0)
		return -1;
	*out = (struct append_mark){ st.st_dev, st.st_ino, 0, (uint64_t)st.st_size };
	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &more) == 0 && more.stx_mask & STATX_BTIME)
		out->born = more.stx_btime.tv_sec * 1000000000 + more.stx_btime.tv_nsec;
	if (mode_out)
		*mode_out = st.st_mode;
	return 0;
}

bool append_same_file(const struct append_mark *a, const struct append_mark *b)
{
	if (a->inode != b->inode)
		return false;
	return a->born && b->born ? a->born == b->born : a->device == b->device;
}

struct str append_mark_text(const struct append_mark *m, const char *path,
                            char out[APPEND_MARK_TEXT])
{
	int n = snprintf(out, APPEND_MARK_TEXT, "%llu %llu %lld %llu %s",
	                 (unsigned long long)m->device, (unsigned long long)m->inode,
	                 (long long)m->born, (unsigned long long)m->size, path);
	return (struct str){ out, (size_t)n };
}

int append_mark_read(struct str text, struct append_mark *out, struct str *path_out)
{
	uint64_t numbers[4];
	for (size_t i = 0; i < 4; i++) {
		char digits[24], *end;
		struct str part = str_cut(&text, ' ');
		if (!part.n || part.n >= sizeof digits)
			return -1;
		memcpy(digits, part.p, part.n);
		digits[part.n] = 0;
		numbers[i] = strtoull(digits, &end, 10);
		if (*end)
			return -1;
	}
	*out = (struct append_mark){ numbers[0], numbers[1], (int64_t)numbers[2], numbers[3] };
	*path_out = text;
	return text.p && text.n && text.n < APPEND_PATH && !memchr(text.p, 0, text.n) ? 0 : -1;
}

/* ---- Opening ---- */

void append_init(struct append_file *f)
{
	*f = (struct append_file){ .fd = -1 };
}

void append_close(struct append_file *f)
{
	if (f->fd >= 0)
		close(f->fd);
	f->fd = -1;
	f->torn = false;
}

/* A file system without locks is not worth stopping for. */
static int lock(int fd, const char *path, struct err *err)
{
	for (int waited = 0; flock(fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK;
	     waited += 20) {
		if (waited >= APPEND_LOCK_WAIT)
			return err_set(
				err, FAULT_OTHER,
				"%s is locked: another bot or process appends to it; each needs a "
				"file of its own",
				path);
		poll(NULL, 0, 20);
	}
	return 0;
}

static void directory_of(const char *path, char out[APPEND_PATH])
{
	const char *slash = strrchr(path, '/');
	snprintf(out, APPEND_PATH, "%.*s", slash ? (int)(slash - path) + 1 : 2,
	         slash ? path : "./");
}

/* The name is durable then. A directory that may not be read cannot be synced: the file's own sync must do. */
static void sync_directory(const char *path)
{
	char directory[APPEND_PATH];
	directory_of(path, directory);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	if (fsync(fd) < 0)
		errno = 0;
	close(fd);
}

int append_open(struct append_file *f, struct str path, enum append_mode mode, struct err *err)
{
	const int flags = O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
	mode_t kind;
	append_close(f);
	memcpy(f->path, path.p, path.n);
	f->path[path.n] = 0;
	f->fd = open(f->path, flags, 0644);
	if (f->fd < 0 && errno == ENOENT && file_make_directories(f->path) == 0)
		f->fd = open(f->path, flags, 0644);
	if (f->fd < 0)
		return fail(err, f->path, "opened");
	if (look_at(f->fd, &f->mark, &kind) < 0)
		goto failed;
	f->mode = S_ISREG(kind) ? mode : APPEND_SHARED;
	if (f->mode == APPEND_SHARED)
		return 0;
	if (lock(f->fd, f->path, err) < 0) {
		append_close(f);
		return -1;
	}
	/* As long as it was when the lock came; what stood there before is durable with what follows. */
	if (look_at(f->fd, &f->mark, NULL) < 0 || fsync(f->fd) < 0)
		goto failed;
	sync_directory(f->path);
	return 0;
failed:
	fail(err, f->path, "opened");
	append_close(f);
	return -1;
}

bool append_is_in_place(const struct append_file *f)
{
	struct stat now;
	return f->fd >= 0 && stat(f->path, &now) == 0 && now.st_ino == f->mark.inode &&
	       now.st_dev == f->mark.device;
}

/* ---- Writing ---- */

int append_look(struct append_file *f, bool *foreign_out, struct err *err)
{
	struct append_mark now;
	*foreign_out = false;
	if (f->mode != APPEND_ALONE)
		return 0;
	if (f->torn && ftruncate(f->fd, (off_t)f->mark.size) < 0)
		return fail(err, f->path, "cut");
	f->torn = false;
	if (look_at(f->fd, &now, NULL) < 0)
		return fail(err, f->path, "looked at");
	*foreign_out = now.size != f->mark.size;
	f->mark.size = now.size;
	return 0;
}

int append_write(struct append_file *f, struct str text, struct err *err)
{
	struct stat st;
	if (f->mode == APPEND_SHARED && fstat(f->fd, &st) < 0)
		return fail(err, f->path, "looked at");
	off_t before = f->mode == APPEND_SHARED ? st.st_size : (off_t)f->mark.size;
	if (file_write_all(f->fd, text) < 0 || (f->mode == APPEND_ALONE && fdatasync(f->fd) < 0)) {
		fail(err, f->path, "written");
		bool cut = ftruncate(f->fd, before) == 0;
		f->torn = !cut && f->mode == APPEND_ALONE;
		return cut || f->torn ? -1 : err_prefix(err, "what follows may be written twice");
	}
	f->mark.size += text.n;
	return 0;
}

/* ---- After a crash ---- */

/* The descriptor of `name` if it is the file of the mark. -1: it is not. */
static int open_marked(const char *name, const struct append_mark *mark)
{
	struct stat st;
	struct append_mark found;
	mode_t kind;
	if (stat(name, &st) < 0 || st.st_ino != mark->inode || !S_ISREG(st.st_mode))
		return -1;
	int fd = open(name, O_WRONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd >= 0 && look_at(fd, &found, &kind) == 0 && S_ISREG(kind) &&
	    append_same_file(&found, mark))
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int find_marked(const char *path, const struct append_mark *mark, char out[APPEND_PATH])
{
	char directory[APPEND_PATH];
	snprintf(out, APPEND_PATH, "%s", path);
	int fd = open_marked(path, mark);
	directory_of(path, directory);
	DIR *dir = fd < 0 ? opendir(directory) : NULL;
	for (struct dirent *entry; dir && fd < 0 && (entry = readdir(dir));)
		if (entry->d_ino == mark->inode &&
		    snprintf(out, APPEND_PATH, "%s%s", directory, entry->d_name) < APPEND_PATH)
			fd = open_marked(out, mark);
	if (dir)
		closedir(dir);
	return fd;
}

static int cut_to(int fd, const struct append_mark *mark, struct append_restored *out,
                  struct err *err)
{
	struct append_mark found;
	if (lock(fd, out->path, err) < 0)
		return -1;
	if (look_at(fd, &found, NULL) < 0)
		return fail(err, out->path, "looked at");
	out->size = found.size;
	if (found.size > mark->size && (ftruncate(fd, (off_t)mark->size) < 0 || fsync(fd) < 0))
		return fail(err, out->path, "cut");
	return 0;
}

int append_restore(struct str path, const struct append_mark *mark, struct append_restored *out,
                   struct err *err)
{
	char name[APPEND_PATH];
	*out = (struct append_restored){ 0 };
	snprintf(name, sizeof name, "%.*s", (int)path.n, path.p);
	int fd = find_marked(name, mark, out->path);
	if (fd < 0)
		return 0;
	out->found = true;
	int rc = cut_to(fd, mark, out, err);
	close(fd);
	return rc;
}
