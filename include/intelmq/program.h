/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * program.h - running another program, for bots with USES_EXEC.
 */
#pragma once
#include <intelmq/buffer.h>
#include <intelmq/err.h>

/*
 * Runs a program (looked for in PATH; no shell) with an empty input and waits for its end, at most so many seconds, after which
 * it is killed. What it writes to its output and error output goes into `output`, as far as there is room. Returns its exit
 * status (128 and the signal's number if one ended it), or -1: it could not be run, or took too long.
 */
int program_run(const char *const argv[], double seconds, struct buffer *output, struct err *);
