/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dump_session.h - one dump file, looked at and changed while bots may go on adding to it.
 *
 * A session keeps other sessions out. The file's lock, for which bots wait, is held only while the file is read or
 * written again. It is written again into a new file beside it, which then takes its name: whoever is killed at any
 * instant leaves the old file or the new one, both whole. A bot that waited for the lock of the old one sees that the
 * name means another file now, and opens that.
 */
#pragma once
#include "engine/dump_read.h"

struct dump_session;

/* Bytes of one entry: the longest message, and what escapes and base64 add. */
#define MAX_DUMP_ENTRY (INT64_C(2) * 512 * 1024 * 1024)

/* Opens and reads a dump file. It fails if somebody else has a session, or holds the lock for long ("is locked"). */
int dump_session_open(const char *path, struct dump_session **out, struct err *);
void dump_session_close(struct dump_session *);

/* What the file had when it was read last; empty after a read that failed. */
const struct dump_index *dump_session_index(const struct dump_session *);

/* Bytes of the file when it was read last. */
uint64_t dump_session_size(const struct dump_session *);
/* The file's path without symbolic links. */
const char *dump_session_path(const struct dump_session *);

/* Reads it anew: entries that bots added since. Pointers into the old index dangle. */
int dump_session_read(struct dump_session *, struct err *);

/* The bytes of an entry, in the arena. It fails if another program changed the file, and beyond MAX_DUMP_ENTRY. */
int dump_session_entry(struct dump_session *, const struct dump_entry *, struct arena *,
                       struct str *member_out, struct err *);

/*
 * Removes and replaces entries (`instead` as in dump_rewrite, one for each entry of the index) and leaves alone what was
 * added since; a file without entries is removed. All is done, and on the disk, or nothing; *left_out is the number of
 * entries that are left. The index stays what it was: further entries of it can be looked at, and removed by another call,
 * until it is read anew.
 */
int dump_session_change(struct dump_session *, const struct str *instead, int64_t *left_out,
                        struct err *);
