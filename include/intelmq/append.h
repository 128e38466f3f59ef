/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * append.h - a file that is only appended to, and what one needs so that a crash leaves nothing in it twice.
 *
 * The owner keeps a *mark* (which file it is, and how long) in the same atomic step as the knowledge that its bytes need
 * not be written again. After a crash append_restore cuts what came behind the last mark; it finds the file also if it
 * was moved within its directory meanwhile (log rotation). For that a file is opened APPEND_ALONE: locked, each write on
 * disk before it counts. Between opening and the first write its mark must be stored, too, or a crash in between leaves
 * bytes that nobody knows of.
 */
#pragma once
#include <intelmq/err.h>

enum {
	APPEND_PATH = 4096,      /* bytes of a path, its end included */
	APPEND_LOCK_WAIT = 2000, /* ms: a process that was killed takes a moment to end */
	APPEND_MARK_TEXT = 100 + APPEND_PATH,
};

struct append_mark {
	uint64_t device, inode;
	int64_t born; /* ns since the epoch; 0: this file system does not tell */
	uint64_t size;
};

enum append_mode {
	APPEND_SHARED, /* others may write to it as well: no lock, nothing waits for the disk */
	APPEND_ALONE, /* as above; what is no regular file (a pipe, a device) is opened as APPEND_SHARED */
};

struct append_file {
	int fd; /* -1: not open */
	enum append_mode mode;
	struct append_mark
		mark; /* APPEND_ALONE: as it was left by the last write, else as it was opened */
	bool torn;    /* holds bytes behind the mark that could not be cut yet */
	char path[APPEND_PATH];
};

void append_init(struct append_file *);

/*
 * Opens, or makes, a file and the directories on the way to it; what was open is closed first. Fails also if somebody
 * else has it locked. `path` is of 1 to APPEND_PATH - 1 bytes without NUL.
 */
int append_open(struct append_file *, struct str path, enum append_mode, struct err *);
void append_close(struct append_file *);

/* False if the path now leads to another file or to none. */
bool append_is_in_place(const struct append_file *);

/*
 * Before a write to a file that was opened APPEND_ALONE: cuts what a failed write left. True in *foreign_out: somebody
 * else wrote or cut; the mark says now how long the file is.
 */
int append_look(struct append_file *, bool *foreign_out, struct err *);

/* Appends all or, on failure, as good as nothing: what is there of it is cut (APPEND_ALONE: at the latest by append_look). */
int append_write(struct append_file *, struct str, struct err *);

/* The same file; sizes may differ. Birth tells more than the device, whose number may change with a reboot. */
bool append_same_file(const struct append_mark *, const struct append_mark *);

/* A mark with its path as text, and back; -1: that is none. `path_out` lies in the text. */
struct str append_mark_text(const struct append_mark *, const char *path,
                            char out[APPEND_MARK_TEXT]);
int append_mark_read(struct str text, struct append_mark *out, struct str *path_out);

struct append_restored {
	bool found;
	uint64_t size; /* as it was found; what was beyond the mark is cut */
	char path[APPEND_PATH];
};

/*
 * Looks for the file of a mark, under its path and then in that directory, and cuts it to the mark, durably. Not found, or
 * shorter: nothing is changed. -1: it is locked, or cannot be opened or cut.
 */
int append_restore(struct str path, const struct append_mark *, struct append_restored *out,
                   struct err *);
