/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/files.h"

#include <intelmq/base64.h>
#include <intelmq/datetime.h>
#include <intelmq/json.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int lock(int fd, const char *path, struct err *err)
{
	for (int i = 0; i < DUMP_LOCK_SECONDS; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0)
			return 0;
		if (errno != EWOULDBLOCK && errno != EINTR)
			break;
		nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
	}
	return err_set(err, FAULT_OTHER, "%s: cannot be locked: %s", path, strerror(errno));
}

/* The entry as it stands in the file: `\n    "<time>": {…}\n}`. */
static void write_entry(struct buffer *out, struct arena *arena, const struct dump *dump, struct str name)
{
	struct dict *entry = dict_new(arena), *whole = dict_new(arena);
	dict_set(entry, S("bot_id"), value_str(dump->bot_id));
	dict_set(entry, S("source_queue"), dump->source_queue.p ? value_str(dump->source_queue) : value_null());
	if (dump->reason_is_text) {
		dict_set(entry, S("traceback"), value_str(dump->reason));
	} else {
		struct list *lines = list_new(arena);
		for (struct str rest = dump->reason; rest.p;)
			list_add(lines, value_str(str_cut(&rest, '\n')));
		dict_set(entry, S("traceback"), value_list(lines));
	}
	dict_set(entry, S("message"), value_str(dump->is_bytes ? base64_encode(arena, dump->message) : dump->message));
	if (dump->is_bytes)
		dict_set(entry, S("message_type"), value_str(S("base64")));
	dict_set(whole, name, value_dict(entry));
	json_write(out, value_dict(whole), JSON_INDENT4 | JSON_SORT_KEYS);
}

static void skip_space(struct str *s)
{
	while (s->n && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
		*s = str_slice(*s, 1, s->n);
}

static bool take(struct str *s, char c)
{
	skip_space(s);
	if (!s->n || *s->p != c)
		return false;
	*s = str_slice(*s, 1, s->n);
	return true;
}

/* One JSON value at the start of *s. */
static bool take_value(struct str *s)
{
	const char *after;
	enum value_kind kind;
	bool canonical;
	skip_space(s);
	if (!s->n || json_skip(s->p, s->p + s->n, &after, &kind, &canonical, NULL) < 0)
		return false;
	*s = str_slice(*s, (size_t)(after - s->p), s->n);
	return true;
}

/* Where the last whole member of the object ends: 0 if there is none, else behind its value. */
static size_t members_end(struct str text)
{
	struct str rest = text;
	size_t end = 0;
	if (!take(&rest, '{'))
		return 0;
	while (take_value(&rest) && take(&rest, ':') && take_value(&rest)) {
		end = text.n - rest.n;
		if (!take(&rest, ','))
			break;
	}
	return end;
}

/* Name of the last entry that ends before `end`, read from the tail: times are 19 to 26 characters long. */
enum { TAIL = 8 };

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
	*at = (off_t)members_end(text);
	skip_space(&text);
	bool foreign = *at == 0 && text.n && *text.p != '{';
	munmap(map, (size_t)size);
	return foreign ? err_set(err, FAULT_OTHER, "is no dump file (it does not begin with '{')") : 0;
}

static struct str entry_name(struct arena *arena, int64_t now_us)
{
	struct datetime now;
	if (datetime_from_us(now_us, &now) < 0)
		return S("1970-01-01T00:00:00");
	now.has_offset = false;
	return datetime_iso(arena, &now);
}

static int write_all(int fd, struct str bytes, off_t at)
{
	while (bytes.n) {
		ssize_t n = pwrite(fd, bytes.p, bytes.n, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
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
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
	if (fd < 0) {
		err_set(err, FAULT_OTHER, "%s: cannot be opened: %s", path, strerror(errno));
		goto out;
	}
	if (lock(fd, path, err) < 0)
		goto out;
	if (fstat(fd, &st) < 0 || find_end(fd, st.st_size, &at, err) < 0) {
		err_prefix(err, "%s", path);
		goto out;
	}
	write_entry(&text, &arena, dump, entry_name(&arena, now_us));
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
