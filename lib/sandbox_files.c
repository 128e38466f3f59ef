/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Landlock by bare system calls: neither libc nor the kernel headers of the day need to know it. Names and numbers are
 * those of the kernel's uapi/linux/landlock.h, of all versions up to 6.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/sandbox_parts.h"

/* The same on all architectures. */
enum { CREATE_RULESET = 444, ADD_RULE = 445, RESTRICT_SELF = 446 };

enum { ASK_VERSION = 1, RULE_PATH_BENEATH = 1, NEWEST = 6 };

enum {
	EXECUTE = 1 << 0,
	WRITE_FILE = 1 << 1,
	READ_FILE = 1 << 2,
	READ_DIR = 1 << 3,
	REMOVE_FILE = 1 << 5,
	MAKE_DIR = 1 << 7,
	MAKE_REG = 1 << 8,
	FIRST_VERSION = (1 << 13) - 1,
	REFER = 1 << 13,     /* version 2 */
	TRUNCATE = 1 << 14,  /* 3 */
	IOCTL_DEV = 1 << 15, /* 5 */

	OF_FILES = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV,
};

enum { BIND_TCP = 1, CONNECT_TCP = 2 };  /* version 4 */
enum { ABSTRACT_UNIX = 1, SIGNALS = 2 }; /* version 6 */

struct ruleset {
	uint64_t files, network, scoped;
};

struct __attribute__((packed)) path_rule {
	uint64_t allowed;
	int32_t fd;
};

static uint64_t known_to(long version)
{
	uint64_t files = FIRST_VERSION;
	if (version >= 2)
		files |= REFER;
	if (version >= 3)
		files |= TRUNCATE;
	if (version >= 5)
		files |= IOCTL_DEV;
	return files;
}

/* An older kernel takes the part of the structure that it knows. */
static long new_ruleset(const struct sandbox_rules *rules, long version, uint64_t files)
{
	struct ruleset set = { .files = files, .scoped = SIGNALS };
	if (!rules->network)
		set.network = BIND_TCP | CONNECT_TCP;
	if (!rules->unix_sockets)
		set.scoped |= ABSTRACT_UNIX;
	size_t size = version >= 6 ? sizeof set
	            : version >= 4 ? offsetof(struct ruleset, scoped)
	                           : offsetof(struct ruleset, network);
	return syscall(CREATE_RULESET, &set, size, 0);
}

static int add_path(long set, const char *path, uint64_t allowed, bool must_exist, struct err *err)
{
	struct stat st;
	struct path_rule rule = { .fd = open(path, O_PATH | O_CLOEXEC) };
	if (rule.fd < 0 && errno == ENOENT && !must_exist)
		return 0;
	if (rule.fd < 0 || fstat(rule.fd, &st) < 0)
		return err_set(err, FAULT_CONFIGURATION, "%s: %s", path, strerror(errno));
	rule.allowed = S_ISDIR(st.st_mode) ? allowed : allowed & OF_FILES;
	long rc = syscall(ADD_RULE, set, RULE_PATH_BENEATH, &rule, 0);
	int error = errno;
	close(rule.fd);
	return rc < 0 ? err_set(err, FAULT_OTHER, "landlock, %s: %s", path, strerror(error)) : 0;
}

static int add_paths(long set, const struct sandbox_rules *rules, uint64_t known, struct err *err)
{
	uint64_t read = READ_FILE | READ_DIR;
	if (rules->exec)
		read |= EXECUTE;
	const uint64_t write = READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | REMOVE_FILE |
	                       MAKE_REG | MAKE_DIR;
	for (const char *const *p = rules->readable; p && *p; p++)
		if (add_path(set, *p, read & known, false, err) < 0)
			return -1;
	for (const char *const *p = rules->writable; p && *p; p++)
		if (add_path(set, *p, write & known, true, err) < 0)
			return -1;
	return 0;
}

int sandbox_files(const struct sandbox_rules *rules, struct sandbox_half *out, struct err *err)
{
	long version = syscall(CREATE_RULESET, NULL, 0, ASK_VERSION);
	if (version < 1) {
		snprintf(out->why, sizeof out->why, "%s", strerror(errno));
		return 0;
	}
	version = version > NEWEST ? NEWEST : version;
	uint64_t known = known_to(version);
	long set = new_ruleset(rules, version, known);
	if (set < 0)
		return err_set(err, FAULT_OTHER, "landlock: %s", strerror(errno));
	int rc = add_paths(set, rules, known, err);
	if (rc == 0 && syscall(RESTRICT_SELF, set, 0) < 0)
		rc = err_set(err, FAULT_OTHER, "landlock: %s", strerror(errno));
	close((int)set);
	snprintf(out->what, sizeof out->what, "landlock %ld", version);
	return rc;
}
