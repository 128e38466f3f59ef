/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/file.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/runtime.h"
#include "config/runtime_edit.h"

enum { LOCK_TRIES = 50, LOCK_PAUSE_MS = 100 };

/* The file that is being changed. */
struct file {
	const char *path; /* links resolved */
	int fd;           /* locked */
	struct stat about;
};

/* ---- The lock: on the file itself; who waited for it must look whether the path still means it. ---- */

static bool is_still(const struct file *file)
{
	struct stat now;
	return stat(file->path, &now) == 0 && now.st_ino == file->about.st_ino &&
	       now.st_dev == file->about.st_dev;
}

static int file_open(struct file *file, struct err *err)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		file->fd = open(file->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
		if (file->fd < 0 || fstat(file->fd, &file->about) < 0) {
			err_set(err, FAULT_CONFIGURATION, "%s cannot be opened: %m", file->path);
			if (file->fd >= 0)
				close(file->fd);
			return -1;
		}
		if (flock(file->fd, LOCK_EX | LOCK_NB) == 0 && is_still(file))
			return 0;
		close(file->fd);
		poll(NULL, 0, LOCK_PAUSE_MS);
	}
	return err_set(err, FAULT_CONFIGURATION,
	               "%s is locked by another program that changes it; try again later",
	               file->path);
}

/* ---- Writing ---- */

/* Owner and mode of before: a configuration that its programs can no longer read is worse than none. */
static int keep_owner(int fd, const struct stat *about)
{
	struct stat now;
	if (fstat(fd, &now) < 0)
		return -1;
	bool same = now.st_uid == about->st_uid && now.st_gid == about->st_gid;
	if (!same && fchown(fd, about->st_uid, about->st_gid) < 0)
		return -1;
	return fchmod(fd, about->st_mode & 07777);
}

static void sync_folder(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');
	struct str folder = { path, slash ? (size_t)(slash + 1 - path) : 0 };
	int fd = open(folder.n ? arena_cstr(arena, folder) : ".",
	              O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* Replaces a file by these bytes, whole or not at all. */
static int replace(struct arena *arena, const char *path, struct str text, const struct stat *about,
                   struct err *err)
{
	char *temporary = arena_cstr(arena, arena_printf(arena, "%s.XXXXXX", path));
	int fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return err_set(err, FAULT_CONFIGURATION, "%s cannot be created: %m", temporary);
	const char *step = NULL;
	if (file_write_all(fd, text) < 0 || fsync(fd) < 0)
		step = "written";
	else if (keep_owner(fd, about) < 0)
		step = "given the owner and mode of the former file (run this as its owner)";
	else if (rename(temporary, path) < 0)
		step = "put in place";
	int reason = errno;
	close(fd);
	if (!step) {
		sync_folder(arena, path);
		return 0;
	}
	unlink(temporary);
	return err_set(err, FAULT_CONFIGURATION, "%s cannot be %s: %s", path, step,
	               strerror(reason));
}

static int change(struct arena *arena, const struct file *file, const char *backup, struct str bot,
                  bool enabled, struct err *err)
{
	struct str text, new;
	if (runtime_read_file(arena, file->path, YAML_SIZE_MAX, &text, err) < 0)
		return -1;
	if (runtime_edit_enabled(arena, text, bot, enabled, &new, err) < 0)
		return err_prefix(err, "%s", file->path);
	if (str_eq(text, new))
		return 0;
	if (replace(arena, backup, text, &file->about, err) < 0)
		return -1;
	return replace(arena, file->path, new, &file->about, err);
}

int runtime_file_set_enabled(const char *path, struct str bot, bool enabled, struct err *err)
{
	struct arena arena;
	char *resolved = realpath(path, NULL);
	struct file file = { .path = resolved };
	int rc = -1;
	if (!resolved)
		return err_set(err, FAULT_CONFIGURATION, "%s cannot be opened: %m", path);
	arena_init(&arena);
	if (file_open(&file, err) == 0) {
		const char *backup = arena_printf(&arena, "%s.bak", path).p;
		rc = change(&arena, &file, backup, bot, enabled, err);
		close(file.fd);
	}
	arena_fini(&arena);
	free(resolved);
	return rc;
}
