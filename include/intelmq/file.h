/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * file.h - whole files as text, files that take the place of others, and directories on the way to a file.
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

/* A file without a name in a folder, which is made if it is missing; open for reading and writing. -1: err says why. */
int file_temporary(const char *folder, struct err *err);

/*
 * Makes a copy of all that `fd` holds the file `path`, at once and on the disk: whoever opens it gets the old file or the
 * new one, and who has the old one open keeps it. Directories on the way are made, a symbolic link stays one, the mode is
 * that of the old file. With `keeps_old` that is found as "<path>.bak" afterwards. -1: err says why, and the old file is
 * where it was.
 */
int file_replace(const char *path, int fd, bool keeps_old, struct err *err);
