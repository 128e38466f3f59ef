/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "worker/privileges.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define USER "intelmq"

static int refuse(struct err *err, const char *why)
{
	return err_set(err, FAULT_CONFIGURATION,
	               "IntelMQ must not run as root. Dropping privileges did not work. %s", why);
}

static bool is_roots_own(const struct paths *paths)
{
	const char *root = getenv("INTELMQ_ROOT_DIR");
	struct stat st;
	return root && *root && stat(paths->root, &st) == 0 && st.st_uid == 0;
}

int privileges_drop(const struct paths *paths, struct err *err)
{
	if (geteuid() != 0 || is_roots_own(paths))
		return 0;
	errno = 0;
	const struct passwd *user = getpwnam(USER);
	if (!user)
		return refuse(err, "There is no user '" USER "': make one, or set INTELMQ_ROOT_DIR "
		                   "to a directory of root's.");
	const struct group *group = getgrnam(USER);
	if (!group)
		return refuse(err, "There is no group '" USER "'.");
	/* The group first: afterwards there is no right to. */
	if (initgroups(USER, group->gr_gid) < 0 ||
	    setresgid(group->gr_gid, group->gr_gid, group->gr_gid) < 0 ||
	    setresuid(user->pw_uid, user->pw_uid, user->pw_uid) < 0)
		return refuse(err, strerror(errno));
	return setuid(0) == 0 ? refuse(err, "They came back.") : 0;
}
