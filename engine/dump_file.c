/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/files.h"

#include <intelmq/base64.h>
#include <intelmq/datetime.h>
#include <intelmq/json.h>
#include <intelmq/text.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "engine/dump_read.h"

int dump_file_lock(int fd, unsigned seconds, struct err *err)
{
	enum { TRIES = 20, NS = 1000000000 / TRIES }; /* a second */
	for (unsigned i = 0; i <= seconds * TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			return err_set(err, FAULT_OTHER, "cannot be locked: %s", strerror(errno));
		nanosleep(&(struct timespec){ .tv_nsec = NS }, NULL);
	}
	return err_set(err, FAULT_OTHER, "is locked by another program");
}

bool dump_file_is_current(int fd, const char *path)
{
	struct stat mine, there;
	return fstat(fd, &mine) == 0 && stat(path, &there) == 0 && mine.st_dev == there.st_dev &&
	       mine.st_ino == there.st_ino;
}

/* Opens and locks the file. Whoever waited for the lock may find another file under its name, or none: then again. */
static int open_locked(const char *path, struct err *err)
{
	enum { TRIES = 100 };
	for (int i = 0; i < TRIES; i++) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
		if (fd < 0)
			return err_set(err, FAULT_OTHER, "cannot be opened: %s", strerror(errno));
		if (dump_file_lock(fd, DUMP_LOCK_SECONDS, err) < 0) {
			close(fd);
			return -1;
		}
		if (dump_file_is_current(fd, path))
			return fd;
		close(fd);
	}
	return err_set(err, FAULT_OTHER, "other programs replace it again and again");
}

/* The entry as it stands in the file: `\n    "<time>": {…}\n}`. */
static void write_entry(struct buffer *out, struct arena *arena, const struct dump *dump,
                        struct str name)
{
	struct dict *entry = dict_new(arena), *whole = dict_new(arena);
	dict_set(entry, S("bot_id"), value_str(dump->bot_id));
	dict_set(entry, S("source_queue"),
	         dump->source_queue.p ? value_str(dump->source_queue) : value_null());
	if (dump->reason_is_text) {
		dict_set(entry, S("traceback"), value_str(dump->reason));
	} else {
		struct list *lines = list_new(arena);
		for (struct str rest = dump->reason; rest.p;)
			list_add(lines, value_str(str_cut(&rest, '\n')));
		dict_set(entry, S("traceback"), value_list(lines));
	}
	dict_set(entry, S("message"),
	         value_str(dump->is_bytes ? base64_encode(arena, dump->message) : dump->message));
	if (dump->is_bytes)
		dict_set(entry, S("message_type"), value_str(S("base64")));
	dict_set(whole, name, value_dict(entry));
	json_write(out, value_dict(whole), JSON_INDENT4 | JSON_SORT_KEYS);
}

enum { TAIL = 8, MAX_NAME = 40 };

/*
 * Where the next member goes (behind the last value) and whether there is a member before it. A file that
 * ends as it should is not read; any other one is looked through and cut behind its last whole entry.
 */
static int find_end(int fd, off_t size, off_t *at, struct err *err)
{
	char tail[TAIL];
	ssize_t n = size >= TAIL ? pread(fd, tail, TAIL, size - TAIL) : 0;
	static const char good[] = "\n    }\n}";
	if (n == TAIL && memcmp(tail, good, TAIL) == 0) {
		*at = size - 2;
		return 0;
	}
	*at = 0;
	if (size == 0)
		return 0;
	void *map = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return err_set(err, FAULT_OTHER, "cannot be read: %s", strerror(errno));
	struct str text = { map, (size_t)size };
	*at = (off_t)dump_members_end(text);
	struct str start = text_strip_bytes(text, S(" \n\r\t"));
	bool foreign = *at == 0 && start.n && *start.p != '{';
	munmap(map, (size_t)size);
	return foreign ? err_set(err, FAULT_OTHER, "is no dump file (it does not begin with '{')")
	               : 0;
}

static struct str entry_name(struct arena *arena, int64_t now_us)
{
	struct datetime now;
	if (datetime_from_us(now_us, &now) < 0)
		return S("1970-01-01T00:00:00");
	now.has_offset = false;
	return datetime_iso(arena, &now);
}

/* The time that names the last entry in front of `end`, or -1: no line within a value begins as an entry does. */
static int64_t last_name(int fd, off_t end)
{
	static const char start[] = "\n    \"";
	enum { BLOCK = 64 * 1024, START = sizeof start - 1 };
	char *block = malloc(BLOCK + MAX_NAME);
	int64_t time = -1;
	if (!block)
		abort();
	for (off_t at = end; at > 0 && time < 0;) {
		/* Blocks overlap by a name, so that one that is cut in two is seen whole in the next. */
		size_t n = at > BLOCK ? BLOCK : (size_t)at;
		at -= (off_t)n;
		ssize_t got = pread(fd, block, n + MAX_NAME, at);
		struct str text = { block, got > 0 ? (size_t)got : 0 };
		for (size_t i = text.n > n ? n : text.n; i-- > 0 && time < 0;) {
			struct str name = str_slice(text, i + START, i + START + MAX_NAME);
			char canonical[MAX_NAME + 8];
			struct datetime datetime;
			if (!str_starts(str_slice(text, i, text.n), (struct str){ start, START }) ||
			    str_index(name, '"') > 26)
				continue;
			name = str_cut(&name, '"');
			memcpy(canonical, name.p, name.n);
			memcpy(canonical + name.n, "+00:00", 6);
			if (datetime_from_canonical((struct str){ canonical, name.n + 6 },
			                            &datetime) < 0)
				at = 0; /* named by somebody else */
			else
				time = datetime_to_us(&datetime);
			break;
		}
	}
	free(block);
	return time;
}

static int write_all(int fd, struct str bytes, off_t at)
{
	off_t start = at;
	while (bytes.n) {
		ssize_t n = pwrite(fd, bytes.p, bytes.n, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			/* A full disk: what was there before is closed again. */
			int why = errno;
			if (ftruncate(fd, start) == 0 && start > 0 &&
			    pwrite(fd, "\n}", 2, start) == 2)
				errno = why;
			return -1;
		}
		at += n;
		bytes = str_slice(bytes, (size_t)n, bytes.n);
	}
	return ftruncate(fd, at);
}

int dump_file_append(const char *path, const struct dump *dump, int64_t now_us, struct err *err)
{
	struct arena arena;
	struct buffer text;
	struct stat st;
	off_t at;
	int rc = -1;
	arena_init(&arena);
	buffer_init_in(&text, &arena, SIZE_MAX / 4);
	int fd = open_locked(path, err);
	if (fd < 0 || fstat(fd, &st) < 0 || find_end(fd, st.st_size, &at, err) < 0) {
		err_prefix(err, "%s", path);
		goto out;
	}
	/* Names are unique, also where two entries come in one microsecond or the clock was set back. */
	int64_t last = at ? last_name(fd, at) : -1;
	write_entry(&text, &arena, dump, entry_name(&arena, last >= now_us ? last + 1 : now_us));
	/* In front of the first entry stands '{', in front of a further one ','. */
	text.p[0] = at ? ',' : '{';
	if (write_all(fd, buffer_str(&text), at) < 0)
		err_set(err, FAULT_OTHER, "%s: cannot be written: %s", path, strerror(errno));
	else
		rc = 0;
out:
	if (fd >= 0)
		close(fd);
	arena_fini(&arena);
	return rc;
}
