/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/file.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/allocated.h"

int file_temporary(const char *folder, struct err *err)
{
	char path[PATH_MAX];
	if ((size_t)snprintf(path, sizeof path, "%s/temporary-XXXXXX", folder) >= sizeof path)
		return err_set(err, FAULT_CONFIGURATION, "%s: the path is too long", folder);
	int fd = file_make_directories(path) < 0 ? -1 : mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_set(err, FAULT_CONFIGURATION, "%s: no file can be made here: %s", folder,
		               strerror(errno));
	unlink(path);
	return fd;
}

static int copy(int from, int to)
{
	char piece[64 * 1024];
	ssize_t n;
	for (off_t at = 0; (n = pread(from, piece, sizeof piece, at)) != 0; at += n) {
		if (n < 0 && errno == EINTR)
			n = 0;
		else if (n < 0 || file_write_all(to, (struct str){ piece, (size_t)n }) < 0)
			return -1;
	}
	return 0;
}

/* A second name for the old file; between the two calls there is no backup, but never no file. */
static int keep(const char *path)
{
	char backup[PATH_MAX];
	if ((size_t)snprintf(backup, sizeof backup, "%s.bak", path) >= sizeof backup) {
		errno = ENAMETOOLONG;
		return -1;
	}
	if (unlink(backup) < 0 && errno != ENOENT)
		return -1;
	return link(path, backup) < 0 && errno != ENOENT ? -1 : 0;
}

/* The rename itself is to survive a crash. Where a folder cannot be synced, the old file may come back: that is no harm. */
static void sync_folder(char *path)
{
	char *slash = strrchr(path, '/');
	if (slash)
		slash[slash == path] = 0;
	int fd = open(slash ? path : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

/* What could not be done, NULL: it is done. */
static const char *fill(int to, int from, const char *path, const char *temporary, bool keeps_old)
{
	struct stat st;
	mode_t mode = stat(path, &st) == 0 ? st.st_mode & 0777 : 0644;
	if (copy(from, to) < 0 || fchmod(to, mode) < 0 || fsync(to) < 0)
		return "written";
	if (keeps_old && keep(path) < 0)
		return "kept as a backup";
	return rename(temporary, path) < 0 ? "replaced" : NULL;
}

static int replace(char *path, int from, bool keeps_old, struct err *err)
{
	char temporary[PATH_MAX];
	if ((size_t)snprintf(temporary, sizeof temporary, "%s.XXXXXX", path) >= sizeof temporary)
		return err_set(err, FAULT_CONFIGURATION, "%s: the path is too long", path);
	int to = file_make_directories(path) < 0 ? -1 : mkostemp(temporary, O_CLOEXEC);
	if (to < 0)
		return err_set(err, FAULT_CONFIGURATION, "%s cannot be made: %s", path,
		               strerror(errno));
	const char *step = fill(to, from, path, temporary, keeps_old);
	if (step) {
		err_set(err, FAULT_CONFIGURATION, "%s cannot be %s: %s", path, step,
		        strerror(errno));
		unlink(temporary);
	} else {
		sync_folder(path);
	}
	close(to);
	return step ? -1 : 0;
}

int file_replace(const char *path, int fd, bool keeps_old, struct err *err)
{
	char *resolved = realpath(path, NULL); /* NULL: there is none yet */
	char *target = resolved ? resolved : allocated(strdup(path));
	int rc = replace(target, fd, keeps_old, err);
	free(target);
	return rc;
}
