/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "lib/sandbox_parts.h"

#ifdef __has_feature
#if __has_feature(address_sanitizer) && !defined __SANITIZE_ADDRESS__
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

static bool inside;

#ifdef __SANITIZE_ADDRESS__
/* At the end of a process the search for leaks stops it with ptrace, which the sandbox forbids. */
int __lsan_is_turned_off(void);
int __lsan_is_turned_off(void)
{
	return inside;
}
#endif

/* Kernel memory that nobody here needs. */
static void limit_resources(void)
{
	const struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_MEMLOCK, &none);
	setrlimit(RLIMIT_MSGQUEUE, &none);
}

static void tell(const struct sandbox_half *files, const struct sandbox_half *calls, char *what_out,
                 size_t size)
{
	if (files->what[0] && calls->what[0])
		snprintf(what_out, size, "%s, %s", files->what, calls->what);
	else if (files->what[0])
		snprintf(what_out, size, "%s (no seccomp: %s)", files->what, calls->why);
	else if (calls->what[0])
		snprintf(what_out, size, "%s (no landlock: %s)", calls->what, files->why);
	else
		snprintf(what_out, size, "none: no landlock (%s), no seccomp (%s)", files->why,
		         calls->why);
}

int sandbox_enter(const struct sandbox_rules *rules, char *what_out, size_t size, struct err *err)
{
	struct sandbox_half files = { 0 }, calls = { 0 };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		snprintf(what_out, size, "none: no_new_privs: %s", strerror(errno));
		return 0;
	}
	limit_resources();
	inside = true;
	if (sandbox_files(rules, &files, err) < 0 || sandbox_calls(rules, &calls, err) < 0)
		return -1;
	tell(&files, &calls, what_out, size);
	return 0;
}
