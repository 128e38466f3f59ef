/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dump_read.h - the text of a dump file: which entries it has, and the same text without some of them.
 *
 * The text is looked through once; its values are checked, not built, so that time is linear and memory grows with the
 * number of entries only. Whoever wants to know what an entry says parses that one.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>

enum {
	MAX_DUMP_ENTRIES = 2000000, /* of one file */
	MAX_DUMP_NAME = 1000,       /* bytes of an entry's name between its quotes; usual are 26 */
};

/* A member of a JSON object, as it stands in a text. */
struct dump_member {
	struct str quoted; /* its name between the quotes */
	struct str value;
	struct str whole; /* name and value */
};

/*
 * The next whole member; *rest begins with the object's brace (first) or behind the member before, and stays so if there
 * is none. Takes no memory.
 */
bool dump_member_next(struct str *rest, bool first, struct dump_member *out, struct err *err);

/* A member of the file's object: `"<time>": {…}`. */
struct dump_entry {
	struct str name; /* decoded, in the arena */
	uint64_t at, n;  /* where the member stands in the file, and how many bytes it has */
	uint64_t hash;   /* of those bytes; differs between processes */
};

struct dump_index {
	struct dump_entry *entries;       /* in the order of the file */
	const struct dump_entry **sorted; /* by name; equal names in the order of the file */
	size_t n;
	uint64_t tail; /* bytes behind the last whole entry that a killed writer left */
};

/*
 * Reads the text of a dump file into an index, which lies in the arena and borrows nothing from the text. An empty text
 * has no entries. -1: it is no dump file, is damaged in front of its last entry, or has too many entries; err says where.
 */
int dump_index_read(struct arena *, struct str text, struct dump_index *out, struct err *);

/* Where the last whole member of the object ends: 0 if there is none, else behind its value. */
size_t dump_members_end(struct str text);

typedef int dump_write(void *context, struct str bytes);

/*
 * Writes the text again. `instead` has one str for each entry: STR_NONE keeps it byte for byte, the empty text removes it,
 * any other one, a member with its name, replaces it. An open tail is left out. Returns the number of entries written, or
 * -1 as soon as `write` does.
 */
int64_t dump_rewrite(struct str text, const struct dump_index *, const struct str *instead,
                     dump_write *write, void *context);
