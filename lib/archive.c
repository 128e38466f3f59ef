/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/archive.h>
#include <intelmq/buffer.h>

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
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
	struct buffer members; /* of struct archive_member */
	size_t bytes;          /* unpacked so far */
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

static enum outcome member_add(struct unpacking *u, struct str name, struct str bytes)
{
	struct archive_member member = { name, bytes };
	if (u->members.n / sizeof member >= u->limits->members) {
		err_set(u->err, FAULT_OTHER, "archive: more than %zu members", u->limits->members);
		return TOO_MUCH;
	}
	buffer_add(&u->members, &member, sizeof member);
	return UNPACKED;
}

/* ---- zip and tar ---- */

static enum outcome entry_read(struct unpacking *u, struct archive *a, struct str *bytes_out)
{
	struct buffer bytes;
	buffer_init_in(&bytes, u->arena, SIZE_MAX / 2);
	for (;;) {
		char *p = buffer_room(&bytes, READ_BLOCK);
		la_ssize_t n = archive_read_data(a, p, READ_BLOCK);
		if (n < 0)
			return NOT_THIS;
		if (n == 0)
			break;
		bytes.n += (size_t)n;
		enum outcome outcome = bytes_check(u, (size_t)n);
		if (outcome != UNPACKED)
			return outcome;
	}
	*bytes_out = buffer_str(&bytes);
	return UNPACKED;
}

static enum outcome entry_take(struct unpacking *u, struct archive *a, struct archive_entry *entry)
{
	if (archive_entry_filetype(entry) != AE_IFREG || archive_entry_hardlink(entry))
		return UNPACKED;
	const char *pathname = archive_entry_pathname_utf8(entry);
	if (!pathname)
		pathname = archive_entry_pathname(entry);
	struct str name = arena_dup(u->arena, str_of(pathname ? pathname : ""));
	struct str bytes;
	if (!wanted(u->request, name))
		return UNPACKED;
	enum outcome outcome = entry_read(u, a, &bytes);
	return outcome == UNPACKED ? member_add(u, name, bytes) : outcome;
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

static enum outcome stream_inflate(struct unpacking *u, z_stream *z, struct buffer *out)
{
	int status;
	do {
		char *p = buffer_room(out, READ_BLOCK);
		z->next_out = (Bytef *)p;
		z->avail_out = READ_BLOCK;
		status = inflate(z, Z_NO_FLUSH);
		size_t n = READ_BLOCK - z->avail_out;
		out->n += n;
		enum outcome outcome = bytes_check(u, n);
		if (outcome != UNPACKED)
			return outcome;
	} while (status == Z_OK);
	return status == Z_STREAM_END ? UNPACKED : NOT_THIS;
}

/* All gzip members one after the other make one content; zeros may fill up the end. */
static enum outcome unpack_gzip(struct unpacking *u)
{
	struct str rest = u->packed;
	struct buffer out;
	enum outcome outcome = UNPACKED;
	buffer_init_in(&out, u->arena, SIZE_MAX / 2);
	while (rest.n && outcome == UNPACKED) {
		z_stream z = { 0 };
		uInt size = rest.n > 1u << 30 ? 1u << 30 : (uInt)rest.n;
		if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
			return NOT_THIS;
		z.next_in = (Bytef *)(uintptr_t)rest.p;
		z.avail_in = size;
		outcome = stream_inflate(u, &z, &out);
		rest = str_slice(rest, size - z.avail_in, rest.n);
		inflateEnd(&z);
		while (rest.n && *rest.p == '\0')
			rest = str_slice(rest, 1, rest.n);
	}
	return outcome == UNPACKED ? member_add(u, STR_NONE, buffer_str(&out)) : outcome;
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

int archive_unpack(struct arena *arena, struct str bytes, const struct archive_request *request,
                   struct archive_member **members_out, size_t *n_out, struct err *err)
{
	static const struct {
		enum archive_format format;
		enum outcome (*unpack)(struct unpacking *);
	} formats[] = {
		{ ARCHIVE_ZIP, unpack_zip },
		{ ARCHIVE_TAR, unpack_tar },
		{ ARCHIVE_GZIP, unpack_gzip },
	};
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		if (request->formats && !(request->formats & formats[i].format))
			continue;
		struct arena_mark mark = arena_mark(arena);
		struct unpacking u = {
			.arena = arena,
			.packed = bytes,
			.request = request,
			.err = err,
			.limits = request->limits ? request->limits : &archive_limits_usual,
		};
		buffer_init_in(&u.members, arena, SIZE_MAX / 2);
		locale_t before, utf8 = locale_utf8_enter(&before);
		enum outcome outcome = formats[i].unpack(&u);
		locale_leave(utf8, before);
		if (outcome == UNPACKED) {
			*members_out = (struct archive_member *)(void *)u.members.p;
			*n_out = u.members.n / sizeof(struct archive_member);
			return 0;
		}
		arena_rewind(arena, mark);
		if (outcome == TOO_MUCH)
			return -1;
	}
	return err_set(err, FAULT_OTHER, "Failed to uncompress the given file.");
}
