/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/archive.h>
#include <intelmq/buffer.h>
#include <intelmq/file.h>

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <unistd.h>
#include <zlib.h>

enum {
	READ_BLOCK = 64 * 1024,
	RATIO_FROM = 16 * 1024 * 1024, /* small files may well be compressed far */
};

const struct archive_limits archive_limits_usual = {
	.bytes = (size_t)1 << 30,
	.members = 10000,
	.ratio = 200,
};

/* What came of trying one format. */
enum outcome {
	UNPACKED,
	NOT_THIS, /* not of this format, or damaged */
	TOO_MUCH, /* beyond a limit: no other format is tried */
};

struct unpacking {
	struct arena *arena;
	struct str packed;
	const struct archive_request *request;
	const struct archive_limits *limits;
	struct buffer content; /* of the member in hand, or a part of it */
	struct buffer members; /* of struct archive_member */
	size_t n_members;
	size_t bytes; /* unpacked so far */
	/* archive_each */
	archive_member_fn *each;
	void *context;
	int fd;
	struct err *err;
};

static bool wanted(const struct archive_request *request, struct str name)
{
	if (!request->by_name)
		return true;
	for (size_t i = 0; i < request->n_names; i++)
		if (str_eq(request->names[i], name))
			return true;
	return false;
}

static enum outcome bytes_check(struct unpacking *u, size_t more)
{
	size_t total = u->bytes + more;
	if (total > u->limits->bytes) {
		err_set(u->err, FAULT_OTHER, "archive: more than %zu bytes unpacked",
		        u->limits->bytes);
		return TOO_MUCH;
	}
	if (total > RATIO_FROM && total / u->limits->ratio > u->packed.n) {
		err_set(u->err, FAULT_OTHER,
		        "archive: %zu bytes unpack to more than %zu times as many", u->packed.n,
		        u->limits->ratio);
		return TOO_MUCH;
	}
	u->bytes = total;
	return UNPACKED;
}

/* ---- Where the content of members goes: memory, or a file that holds one at a time ---- */

static enum outcome content_fails(struct unpacking *u)
{
	err_set(u->err, FAULT_OTHER, "archive: a file for its members: %s", strerror(errno));
	return TOO_MUCH;
}

static enum outcome content_begin(struct unpacking *u)
{
	if (!u->each)
		buffer_init_in(&u->content, u->arena, SIZE_MAX / 2);
	else if (lseek(u->fd, 0, SEEK_SET) < 0 || ftruncate(u->fd, 0) < 0)
		return content_fails(u);
	return UNPACKED;
}

/* READ_BLOCK bytes that come next. */
static char *content_room(struct unpacking *u)
{
	return buffer_room(&u->content, READ_BLOCK);
}

static enum outcome content_add(struct unpacking *u, size_t n)
{
	enum outcome outcome = bytes_check(u, n);
	u->content.n += n;
	if (outcome != UNPACKED || !u->each)
		return outcome;
	if (file_write_all(u->fd, buffer_str(&u->content)) < 0)
		return content_fails(u);
	buffer_clear(&u->content);
	return UNPACKED;
}

static enum outcome content_end(struct unpacking *u, struct str name)
{
	if (u->n_members++ >= u->limits->members) {
		err_set(u->err, FAULT_OTHER, "archive: more than %zu members", u->limits->members);
		return TOO_MUCH;
	}
	if (u->each && lseek(u->fd, 0, SEEK_SET) < 0)
		return content_fails(u);
	if (u->each)
		return u->each(u->context, name, u->err) < 0 ? TOO_MUCH : UNPACKED;
	struct archive_member member = { name, buffer_str(&u->content) };
	buffer_add(&u->members, &member, sizeof member);
	return UNPACKED;
}

/* ---- zip and tar ---- */

static enum outcome entry_read(struct unpacking *u, struct archive *a)
{
	enum outcome outcome = content_begin(u);
	while (outcome == UNPACKED) {
		la_ssize_t n = archive_read_data(a, content_room(u), READ_BLOCK);
		if (n < 0)
			return NOT_THIS;
		if (n == 0)
			break;
		outcome = content_add(u, (size_t)n);
	}
	return outcome;
}

static enum outcome entry_take(struct unpacking *u, struct archive *a, struct archive_entry *entry)
{
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return UNPACKED;
	const char *pathname = archive_entry_pathname_utf8(entry);
	if (!pathname)
		pathname = archive_entry_pathname(entry);
	struct arena_mark mark = arena_mark(u->arena);
	struct str name = arena_dup(u->arena, str_of(pathname ? pathname : ""));
	enum outcome outcome = UNPACKED;
	bool keeps = wanted(u->request, name);
	if (keeps)
		outcome = entry_read(u, a);
	if (keeps && outcome == UNPACKED)
		outcome = content_end(u, name);
	if (!keeps || u->each)
		arena_rewind(u->arena, mark);
	return outcome;
}

static enum outcome entries_take(struct unpacking *u, struct archive *a)
{
	if (archive_read_open_memory(a, u->packed.p, u->packed.n) != ARCHIVE_OK)
		return NOT_THIS;
	for (size_t seen = 0;; seen++) {
		struct archive_entry *entry;
		int status = archive_read_next_header(a, &entry);
		if (status == ARCHIVE_EOF)
			return UNPACKED;
		if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
			return NOT_THIS;
		/* Entries that are not taken cost time as well. */
		if (seen >= 100 * u->limits->members) {
			err_set(u->err, FAULT_OTHER, "archive: too many entries");
			return TOO_MUCH;
		}
		enum outcome outcome = entry_take(u, a, entry);
		if (outcome != UNPACKED)
			return outcome;
	}
}

/*
 * The end-of-directory record of a zip file, which makes it one (APPNOTE.TXT 4.3.16): NULL if there is
 * none in the last 64 KB. libarchive takes a file without members for none of its kind.
 */
static const unsigned char *zip_end(struct str bytes)
{
	enum { RECORD = 22, COMMENT_MAX = 65535 };
	for (size_t back = RECORD; back <= bytes.n && back <= RECORD + COMMENT_MAX; back++) {
		const char *p = bytes.p + bytes.n - back;
		if (memcmp(p, "PK\5\6", 4) == 0)
			return (const unsigned char *)p;
	}
	return NULL;
}

static enum outcome unpack_zip(struct unpacking *u)
{
	const unsigned char *end = zip_end(u->packed);
	if (!end)
		return NOT_THIS;
	if (end[10] == 0 && end[11] == 0)
		return UNPACKED;
	struct archive *a = archive_read_new();
	if (!a)
		return NOT_THIS;
	archive_read_support_format_zip_seekable(a);
	/* What names are in without the flag for UTF-8. */
	archive_read_set_options(a, "zip:hdrcharset=CP437");
	enum outcome outcome = entries_take(u, a);
	archive_read_free(a);
	return outcome;
}

static enum outcome unpack_tar(struct unpacking *u)
{
	if (u->packed.n == 0)
		return NOT_THIS;
	struct archive *a = archive_read_new();
	if (!a)
		return NOT_THIS;
	archive_read_support_format_tar(a);
	archive_read_support_filter_gzip(a);
	archive_read_support_filter_bzip2(a);
	archive_read_support_filter_xz(a);
	archive_read_support_filter_lzma(a);
	enum outcome outcome = entries_take(u, a);
	archive_read_free(a);
	return outcome;
}

/* ---- gzip: with zlib itself, which checks sums and lengths (RFC 1952) ---- */

static enum outcome stream_inflate(struct unpacking *u, z_stream *z)
{
	int status;
	do {
		z->next_out = (Bytef *)content_room(u);
		z->avail_out = READ_BLOCK;
		status = inflate(z, Z_NO_FLUSH);
		enum outcome outcome = content_add(u, READ_BLOCK - z->avail_out);
		if (outcome != UNPACKED)
			return outcome;
	} while (status == Z_OK);
	return status == Z_STREAM_END ? UNPACKED : NOT_THIS;
}

/* All gzip members one after the other make one content; zeros may fill up the end. */
static enum outcome unpack_gzip(struct unpacking *u)
{
	struct str rest = u->packed;
	enum outcome outcome = content_begin(u);
	while (rest.n && outcome == UNPACKED) {
		z_stream z = { 0 };
		uInt size = rest.n > 1u << 30 ? 1u << 30 : (uInt)rest.n;
		if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
			return NOT_THIS;
		z.next_in = (Bytef *)(uintptr_t)rest.p;
		z.avail_in = size;
		outcome = stream_inflate(u, &z);
		rest = str_slice(rest, size - z.avail_in, rest.n);
		inflateEnd(&z);
		while (rest.n && *rest.p == '\0')
			rest = str_slice(rest, 1, rest.n);
	}
	return outcome == UNPACKED ? content_end(u, STR_NONE) : outcome;
}

/*
 * libarchive converts names by the thread's locale, and knows no names beyond ASCII in the "C" locale
 * that programs start with. NULL if there is no such locale; then names may be missing.
 */
static locale_t locale_utf8_enter(locale_t *before)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	*before = utf8 ? uselocale(utf8) : (locale_t)0;
	return utf8;
}

static void locale_leave(locale_t utf8, locale_t before)
{
	if (!utf8)
		return;
	uselocale(before);
	freelocale(utf8);
}

/* As the formats that are asked for say, one after the other, into `u`, which is as at its beginning for each. */
static enum outcome unpack(struct unpacking *u)
{
	static const struct {
		enum archive_format format;
		enum outcome (*unpack)(struct unpacking *);
	} formats[] = {
		{ ARCHIVE_ZIP, unpack_zip },
		{ ARCHIVE_TAR, unpack_tar },
		{ ARCHIVE_GZIP, unpack_gzip },
	};
	enum outcome outcome = NOT_THIS;
	if (!u->limits)
		u->limits = &archive_limits_usual;
	const struct unpacking fresh = *u;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		unsigned wanted_formats = u->request->formats;
		if (wanted_formats && !(wanted_formats & formats[i].format))
			continue;
		struct arena_mark mark = arena_mark(u->arena);
		locale_t before, utf8 = locale_utf8_enter(&before);
		outcome = formats[i].unpack(u);
		locale_leave(utf8, before);
		if (outcome != NOT_THIS || (u->each && u->n_members))
			break;
		arena_rewind(u->arena, mark);
		*u = fresh;
	}
	if (outcome == NOT_THIS)
		err_set(u->err, FAULT_OTHER, "Failed to uncompress the given file.");
	return outcome;
}

int archive_unpack(struct arena *arena, struct str bytes, const struct archive_request *request,
                   struct archive_member **members_out, size_t *n_out, struct err *err)
{
	struct arena_mark mark = arena_mark(arena);
	struct unpacking u = {
		.arena = arena,
		.packed = bytes,
		.request = request,
		.limits = request->limits,
		.err = err,
	};
	buffer_init_in(&u.members, arena, SIZE_MAX / 2);
	if (unpack(&u) != UNPACKED) {
		arena_rewind(arena, mark);
		return -1;
	}
	*members_out = (struct archive_member *)(void *)u.members.p;
	*n_out = u.n_members;
	return 0;
}

int archive_each(struct arena *arena, struct str bytes, const struct archive_request *request,
                 int fd, archive_member_fn *each, void *context, struct err *err)
{
	struct arena_mark mark = arena_mark(arena);
	struct unpacking u = {
		.arena = arena,
		.packed = bytes,
		.request = request,
		.limits = request->limits,
		.each = each,
		.context = context,
		.fd = fd,
		.err = err,
	};
	buffer_init_in(&u.content, arena, READ_BLOCK);
	content_room(&u);
	enum outcome outcome = unpack(&u);
	arena_rewind(arena, mark);
	if (outcome == UNPACKED)
		return 0;
	return outcome == NOT_THIS && !u.n_members ? 1 : -1;
}
