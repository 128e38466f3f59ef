/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The directory of the database: its file system, its lock, and a database that is set aside. */
#include <intelmq/clock.h>

#include "broker/store_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { OWNER_SIZE = 200 };

static void warn(struct store *store, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void warn(struct store *store, const char *format, ...)
{
	size_t n = strlen(store->warning);
	va_list arguments;
	if (n)
		n += (size_t)snprintf(store->warning + n, sizeof store->warning - n, "; ");
	if (n >= sizeof store->warning)
		return;
	va_start(arguments, format);
	vsnprintf(store->warning + n, sizeof store->warning - n, format, arguments);
	va_end(arguments);
}

static int fail(struct err *err, const char *path, const char *what)
{
	return err_set(err, FAULT_CONFIGURATION, "%s: cannot be %s: %s", path, what,
	               strerror(errno));
}

int store_place_check(struct store *store, long kind, struct err *err)
{
	static const struct {
		long kind;
		const char *name;
		bool remote;
	} kinds[] = {
		{ NFS_SUPER_MAGIC, "NFS", true },
		{ SMB_SUPER_MAGIC, "SMB", true },
		{ SMB2_SUPER_MAGIC, "SMB", true },
		{ CIFS_SUPER_MAGIC, "CIFS", true },
		{ TMPFS_MAGIC, "tmpfs", false },
		{ RAMFS_MAGIC, "ramfs", false },
		{ OVERLAYFS_SUPER_MAGIC, "overlay", false },
	};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		if (kinds[i].kind != kind)
			continue;
		if (kinds[i].remote)
			return err_set(err, FAULT_CONFIGURATION,
			               "%s lies on %s, where a database can be damaged: use a "
			               "directory on a disk of this machine",
			               store->directory, kinds[i].name);
		warn(store,
		     "%s lies on %s: what is durable does not outlive this machine or container; "
		     "use a directory on a disk",
		     store->directory, kinds[i].name);
	}
	return 0;
}

/* Who has the lock wrote its pid and host into the file. */
static int name_owner(int fd, const char *path, struct err *err)
{
	char owner[OWNER_SIZE];
	ssize_t n = pread(fd, owner, sizeof owner - 1, 0);
	owner[n > 0 ? n : 0] = 0;
	owner[strcspn(owner, "\n")] = 0;
	for (char *p = owner; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	return err_set(err, FAULT_CONFIGURATION,
	               "%s: another broker has the lock (%s): stop it, or use another directory",
	               path, *owner ? owner : "its pid is not known");
}

static int write_owner(int fd)
{
	char host[65] = "", owner[OWNER_SIZE];
	if (gethostname(host, sizeof host - 1) < 0)
		return -1;
	int n = snprintf(owner, sizeof owner, "pid %d on %s\n", (int)getpid(), host);
	return ftruncate(fd, 0) < 0 || pwrite(fd, owner, (size_t)n, 0) != n ? -1 : 0;
}

static int take_lock(struct store *store, const char *path, struct err *err)
{
	struct flock whole = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	store->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (store->lock < 0)
		return fail(err, path, "opened");
	if (fcntl(store->lock, F_OFD_SETLK, &whole) < 0)
		return errno == EAGAIN || errno == EACCES ? name_owner(store->lock, path, err)
		                                          : fail(err, path, "locked");
	/* Where the disk is full the lock holds, without a name. */
	if (write_owner(store->lock) < 0 && errno != ENOSPC)
		return fail(err, path, "written");
	return 0;
}

int store_place_open(struct store *store, bool without_lock, struct err *err)
{
	struct statfs fs;
	if (mkdir(store->directory, 0750) < 0 && errno != EEXIST)
		return fail(err, store->directory, "made");
	if (statfs(store->directory, &fs) < 0)
		return fail(err, store->directory, "looked at");
	if (store_place_check(store, (long)fs.f_type, err) < 0)
		return -1;
	if (!without_lock) {
		char *path = sqlite3_mprintf("%sbroker.lock", store->directory);
		int rc = path ? take_lock(store, path, err) : -1;
		sqlite3_free(path);
		if (rc < 0)
			return -1;
	}
	/* SQLite would make it readable for everybody; its log gets the same mode. */
	int fd = open(store->path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0)
		return fail(err, store->path, "opened");
	close(fd);
	return 0;
}

/* ---- A corrupt database ---- */

static int sync_directory(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = fd < 0 ? -1 : fsync(fd);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int move(const char *from, const char *to)
{
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
}

int store_set_aside(struct store *store, const char *why, struct err *err)
{
	char *aside = sqlite3_mprintf("%s.corrupt-%lld", store->path,
	                              (long long)(clock_now_us() / 1000000));
	char *log = sqlite3_mprintf("%s-wal", store->path);
	char *log_aside = sqlite3_mprintf("%s-wal", aside);
	if (!aside || !log || !log_aside)
		abort();
	int rc = move(store->path, aside);
	if (rc == 0 && move(log, log_aside) < 0 && errno != ENOENT)
		rc = -1;
	if (rc < 0 || sync_directory(store->directory) < 0)
		rc = err_set(err, FAULT_OTHER, "%s; it cannot be set aside as %s: %s", why, aside,
		             strerror(errno));
	else
		warn(store,
		     "%s; it is kept as %s, a new one was begun: what lay in queues and the state "
		     "of "
		     "bots is missing. `sqlite3 %s .recover` may rescue parts; look after the disk",
		     why, aside, aside);
	store_unsuspect(store);
	sqlite3_free(aside);
	sqlite3_free(log);
	sqlite3_free(log_aside);
	return rc;
}
