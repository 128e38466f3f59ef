/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * sandbox_parts.h - the two halves of sandbox.c. What the kernel lacks is no failure; a rule that cannot be applied is.
 */
#pragma once
#include "lib/sandbox.h"

enum { SANDBOX_WHAT = 100 };

struct sandbox_half {
	char what[SANDBOX_WHAT]; /* "landlock 3"; "": not in force */
	char why[SANDBOX_WHAT];  /* why not */
};

/* Landlock: files by the rules' folders; with newer kernels also TCP, signals and abstract sockets. */
int sandbox_files(const struct sandbox_rules *, struct sandbox_half *out, struct err *);

/* seccomp: system calls. */
int sandbox_calls(const struct sandbox_rules *, struct sandbox_half *out, struct err *);
