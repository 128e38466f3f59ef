/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * file.h - whole files as text, and directories on the way to a file.
 */
#pragma once
#include <intelmq/err.h>

/*
 * Maps a regular file of at most `limit` bytes for reading; give it back with file_unmap. An empty file gives
 * the empty text. Errors name the path. A file that somebody cuts meanwhile ends the process (SIGBUS):
 * replace files by rename.
 */
int file_map(const char *path, size_t limit, struct str *out, struct err *);
void file_unmap(struct str);

/* Writes all of it. -1: errno says why not; a part may be written. */
int file_write_all(int fd, struct str);

/* Makes the directories on the way to a file; those that exist are no error. -1: errno says why not. */
int file_make_directories(const char *path);
