/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sandbox.h - a process gives up what it does not need, for good: Landlock for files, seccomp for system calls.
 *
 * For a process without threads that has opened what it needs. What stays: memory, time, signals to itself, what is open
 * already (files, connected sockets), and what the rules name. New code (mmap of writable and executable memory, programs)
 * is refused, so regular expressions compiled later run interpreted. Metadata of files can be read anywhere.
 *
 * A refused call fails with EPERM and is remembered for sandbox_refused; what no honest process tries (running programs,
 * debugging others, mounting …) ends the process with SIGSYS. With `exec`, the programs need who knows what: then all is
 * allowed but what those never need, and Landlock guards the files. Core and file sizes stay limited as they are.
 */
#pragma once
#include <intelmq/err.h>

struct sandbox_rules {
	/* Files, and folders with all below, NULL at the end; NULL: none. What does not exist is passed over. */
	const char *const *readable;
	/* Also written, made and removed; must exist. Renaming works inside one folder. */
	const char *const *writable;
	bool network;      /* IPv4 and IPv6: connects and listens, looks up names; threads */
	bool unix_sockets; /* new sockets of this machine, to whoever listens */
	bool exec; /* starts programs that lie below `readable`; what they do is bound as well */
};

/*
 * Enters. `what_out` tells what is in force, for people: "landlock 3, seccomp", "seccomp (no landlock: Function not
 * implemented)", or "none: …". A kernel that lacks something is no failure. -1: a rule cannot be applied; the process may
 * be half inside and must end. Leaks are not looked for at the end of a process of a build with AddressSanitizer.
 */
int sandbox_enter(const struct sandbox_rules *, char *what_out, size_t size, struct err *);

/*
 * The name of the first system call that was refused since the last call of this, which is worth a line in the log: the
 * rules lack something, or somebody is at work here. NULL: none was.
 */
const char *sandbox_refused(char *name_out, size_t size);
