/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * archive.h - the members of zip, tar (plain or compressed) and gzip files that are in memory, or mapped.
 *
 * Archives come from strangers: sizes, number and rate of compression are bounded before anything
 * is kept.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>
#include <intelmq/str.h>

enum archive_format {
	ARCHIVE_ZIP = 1,
	ARCHIVE_TAR = 2,  /* also in gzip, bzip2, xz or lzma */
	ARCHIVE_GZIP = 4, /* one member without name */
	ARCHIVE_ANY = 7,
};

struct archive_limits {
	size_t bytes; /* of all members together, unpacked */
	size_t members;
	size_t ratio; /* unpacked bytes per packed byte; counts only beyond 16 MB unpacked */
};

/* 1 GB, 10,000 members, 1:200. */
extern const struct archive_limits archive_limits_usual;

struct archive_request {
	unsigned formats; /* which to try, in the order of the enum; 0: all */
	bool by_name;     /* only members whose full name is in the list */
	const struct str *names;
	size_t n_names;
	const struct archive_limits *limits; /* NULL: the usual ones */
};

struct archive_member {
	struct str name; /* STR_NONE for the content of a gzip file */
	struct str bytes;
};

/*
 * The regular members in the order of the archive, in the arena. The formats are tried one after the
 * other; a damaged archive of one format may be one of the next. With `by_name` and a gzip file, which
 * has no names, its content is given all the same. -1: "Failed to uncompress the given file.", or
 * beyond a limit.
 */
int archive_unpack(struct arena *, struct str bytes, const struct archive_request *,
                   struct archive_member **members_out, size_t *n_out, struct err *);

/* One member, whose content is in the file. -1 ends it, err says why. */
typedef int archive_member_fn(void *context, struct str name, struct err *);

/*
 * The same for what is too large for memory: each member is written to the file `fd`, in place of the one before, and `each`
 * is called, with the file at its beginning. What is damaged shows only in the middle. Returns 0; 1: it is of none of these
 * formats, nobody was called; -1: beyond a limit, damaged, `each` ended it, or the file cannot be written.
 */
int archive_each(struct arena *, struct str bytes, const struct archive_request *, int fd,
                 archive_member_fn *each, void *context, struct err *);
