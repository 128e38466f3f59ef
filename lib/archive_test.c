/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <intelmq/archive.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

static char packed[1 << 20];

/* Packs members "name\0content\0…" with libarchive's writer. */
static struct str pack(const char *const *members, int (*format)(struct archive *),
                       int (*filter)(struct archive *))
{
	size_t used = 0;
	struct archive *a = archive_write_new();
	format(a);
	filter(a);
	archive_write_open_memory(a, packed, sizeof packed, &used);
	for (; *members; members += 2) {
		struct archive_entry *entry = archive_entry_new();
		archive_entry_set_pathname(entry, members[0]);
		archive_entry_set_filetype(entry, members[1] ? AE_IFREG : AE_IFDIR);
		archive_entry_set_perm(entry, 0644);
		archive_entry_set_size(entry, members[1] ? (int64_t)strlen(members[1]) : 0);
		archive_write_header(a, entry);
		if (members[1])
			archive_write_data(a, members[1], strlen(members[1]));
		archive_entry_free(entry);
	}
	archive_write_close(a);
	archive_write_free(a);
	return (struct str){ packed, used };
}

static struct str gzip(struct str content)
{
	z_stream z = { 0 };
	deflateInit2(&z, 6, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (Bytef *)(uintptr_t)content.p;
	z.avail_in = (uInt)content.n;
	z.next_out = (Bytef *)packed;
	z.avail_out = sizeof packed;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	deflateEnd(&z);
	return (struct str){ packed, z.total_out };
}

static const char *const three[] = { "a.txt", "first", "dir", NULL, "dir/b.txt", "", NULL };

static void check_three(struct str bytes)
{
	struct arena arena;
	struct archive_member *members;
	size_t n;
	arena_init(&arena);
	assert_int_equal(
		archive_unpack(&arena, bytes, &(struct archive_request){ 0 }, &members, &n, NULL),
		0);
	assert_int_equal(n, 2);
	assert_true(str_eq(members[0].name, S("a.txt")));
	assert_true(str_eq(members[0].bytes, S("first")));
	assert_true(str_eq(members[1].name, S("dir/b.txt")));
	assert_int_equal(members[1].bytes.n, 0);

	struct str names[] = { S("dir/b.txt"), S("other") };
	struct archive_request request = { .by_name = true, .names = names, .n_names = 2 };
	assert_int_equal(archive_unpack(&arena, bytes, &request, &members, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_true(str_eq(members[0].name, S("dir/b.txt")));

	request.n_names = 0;
	assert_int_equal(archive_unpack(&arena, bytes, &request, &members, &n, NULL), 0);
	assert_int_equal(n, 0);
	arena_fini(&arena);
}

static void zip_and_tar_give_regular_members(void **state)
{
	(void)state;
	check_three(pack(three, archive_write_set_format_zip, archive_write_add_filter_none));
	check_three(pack(three, archive_write_set_format_ustar, archive_write_add_filter_none));
	check_three(pack(three, archive_write_set_format_ustar, archive_write_add_filter_gzip));
	check_three(pack(three, archive_write_set_format_ustar, archive_write_add_filter_bzip2));
	check_three(pack(three, archive_write_set_format_ustar, archive_write_add_filter_xz));
}

static void a_format_can_be_left_out(void **state)
{
	(void)state;
	struct arena arena;
	struct archive_member *members;
	struct err err;
	size_t n;
	arena_init(&arena);
	struct str bytes = pack(three, archive_write_set_format_ustar,
	                        archive_write_add_filter_gzip);
	struct archive_request request = { .formats = ARCHIVE_ZIP | ARCHIVE_GZIP };
	assert_int_equal(archive_unpack(&arena, bytes, &request, &members, &n, &err), 0);
	assert_int_equal(n, 1); /* the tar file itself */
	assert_null(members[0].name.p);
	assert_true(members[0].bytes.n % 512 == 0);
	request.formats = ARCHIVE_ZIP;
	assert_int_equal(archive_unpack(&arena, bytes, &request, &members, &n, &err), -1);
	assert_string_equal(err.text, "Failed to uncompress the given file.");
	arena_fini(&arena);
}

static void gzip_is_checked(void **state)
{
	(void)state;
	struct arena arena;
	struct archive_member *members;
	size_t n;
	arena_init(&arena);
	struct archive_request all = { 0 };
	struct str bytes = gzip(S("hello"));
	assert_int_equal(archive_unpack(&arena, bytes, &all, &members, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_null(members[0].name.p);
	assert_true(str_eq(members[0].bytes, S("hello")));

	bytes.n--;
	assert_int_equal(archive_unpack(&arena, bytes, &all, &members, &n, NULL), -1);
	bytes.n++;
	packed[bytes.n - 8] ^= 1; /* the check sum */
	assert_int_equal(archive_unpack(&arena, bytes, &all, &members, &n, NULL), -1);

	/* nothing is an empty gzip file */
	assert_int_equal(archive_unpack(&arena, S(""), &all, &members, &n, NULL), 0);
	assert_int_equal(n, 1);
	assert_int_equal(members[0].bytes.n, 0);
	assert_int_equal(archive_unpack(&arena, S("not an archive"), &all, &members, &n, NULL), -1);
	arena_fini(&arena);
}

static void zip_without_members(void **state)
{
	(void)state;
	static const char empty[22] = "PK\5\6";
	struct arena arena;
	struct archive_member *members;
	size_t n = 1;
	arena_init(&arena);
	assert_int_equal(archive_unpack(&arena, (struct str){ empty, sizeof empty },
	                                &(struct archive_request){ 0 }, &members, &n, NULL),
	                 0);
	assert_int_equal(n, 0);
	arena_fini(&arena);
}

static void names_are_utf8_in_any_locale(void **state)
{
	(void)state;
	/* A zip file of one stored member "\u00e4", flag bit 11 set; and a tar file of the same. */
	static const char zip[] =
		"PK\3\4\x14\0\0\x08\0\0\0\0\x21\x46\x8b\x9e\xd9\xd3\1\0\0\0\1\0\0\0\2\0\0\0\xc3\xa4"
		"A"
		"PK\1\2\x14\3\x14\0\0\x08\0\0\0\0\x21\x46\x8b\x9e\xd9\xd3\1\0\0\0\1\0\0\0\2\0\0\0\0"
		"\0\0\0"
		"\0\0\0\0\x80\1\0\0\0\0\xc3\xa4"
		"PK\5\6\0\0\0\0\1\0\1\0\x30\0\0\0\x21\0\0\0\0";
	struct arena arena;
	struct archive_member *members;
	size_t n;
	arena_init(&arena);
	assert_int_equal(archive_unpack(&arena, (struct str){ zip, sizeof zip },
	                                &(struct archive_request){ 0 }, &members, &n, NULL),
	                 0);
	assert_int_equal(n, 1);
	assert_true(str_eq(members[0].name, S("\xc3\xa4")));
	assert_true(str_eq(members[0].bytes, S("A")));
	arena_fini(&arena);
}

static void limits_hold(void **state)
{
	(void)state;
	struct arena arena;
	struct archive_member *members;
	struct err err;
	size_t n;
	arena_init(&arena);
	struct archive_limits limits = { .bytes = 4, .members = 100, .ratio = 100 };
	struct archive_request request = { .limits = &limits };
	assert_int_equal(archive_unpack(&arena, gzip(S("hello")), &request, &members, &n, &err),
	                 -1);
	assert_string_equal(err.text, "archive: more than 4 bytes unpacked");
	limits.bytes = 100;
	limits.members = 1;
	struct str bytes = pack(three, archive_write_set_format_zip, archive_write_add_filter_none);
	assert_int_equal(archive_unpack(&arena, bytes, &request, &members, &n, &err), -1);
	assert_string_equal(err.text, "archive: more than 1 members");

	size_t large = 60 << 20;
	char *zeros = arena_zalloc(&arena, large, 1);
	memset(zeros, 'x', large);
	bytes = gzip((struct str){ zeros, large });
	assert_int_equal(
		archive_unpack(&arena, bytes, &(struct archive_request){ 0 }, &members, &n, &err),
		-1);
	assert_non_null(strstr(err.text, "200 times"));
	arena_fini(&arena);
}

/* ---- One by one ---- */

struct seen {
	int fd, calls, fails_at;
	char text[200]; /* "name=content;" of all */
};

static int see(void *context, struct str name, struct err *err)
{
	struct seen *seen = context;
	char content[100];
	ssize_t n = read(seen->fd, content, sizeof content);
	size_t used = strlen(seen->text);
	snprintf(seen->text + used, sizeof seen->text - used, "%.*s=%.*s;", STR_ARG(name), (int)n,
	         content);
	if (++seen->calls == seen->fails_at)
		return err_set(err, FAULT_OTHER, "enough");
	return 0;
}

static int each_of(struct str bytes, struct archive_request request, struct seen *seen,
                   struct err *err)
{
	struct arena arena;
	arena_init(&arena);
	seen->calls = 0;
	seen->text[0] = 0;
	int rc = archive_each(&arena, bytes, &request, seen->fd, see, seen, err);
	assert_true(arena.used < 200000);
	arena_fini(&arena);
	return rc;
}

static void members_come_one_by_one(void **state)
{
	(void)state;
	struct seen seen = { .fd = memfd_create("member", 0) };
	const struct archive_request all = { 0 };
	struct err err;
	struct str bytes = pack(three, archive_write_set_format_zip, archive_write_add_filter_none);
	assert_int_equal(write(seen.fd, "from before", 11), 11);
	assert_int_equal(each_of(bytes, all, &seen, &err), 0);
	assert_string_equal(seen.text, "a.txt=first;dir/b.txt=;");
	struct str names[] = { S("dir/b.txt") };
	const struct archive_request one = { .by_name = true, .names = names, .n_names = 1 };
	assert_int_equal(each_of(bytes, one, &seen, &err), 0);
	assert_string_equal(seen.text, "dir/b.txt=;");
	seen.fails_at = 1;
	assert_int_equal(each_of(bytes, all, &seen, &err), -1);
	assert_string_equal(err.text, "enough");
	assert_int_equal(seen.calls, 1);
	seen.fails_at = 0;
	assert_int_equal(each_of(gzip(S("hello")), all, &seen, &err), 0);
	assert_string_equal(seen.text, "=hello;");
	close(seen.fd);
}

static void one_by_one_with_errors(void **state)
{
	(void)state;
	struct seen seen = { .fd = memfd_create("member", 0) };
	const struct archive_limits limits = { .bytes = 3, .members = 100, .ratio = 100 };
	struct err err;
	assert_int_equal(each_of(S("no archive"), (struct archive_request){ 0 }, &seen, &err), 1);
	assert_string_equal(err.text, "Failed to uncompress the given file.");
	assert_int_equal(seen.calls, 0);
	struct str bytes = pack(three, archive_write_set_format_ustar,
	                        archive_write_add_filter_none);
	assert_int_equal(each_of(bytes, (struct archive_request){ .limits = &limits }, &seen, &err),
	                 -1);
	assert_string_equal(err.text, "archive: more than 3 bytes unpacked");
	/* Damaged behind the first member: it is too late for another format. */
	memset(packed + 1024, 'x', 512);
	assert_int_equal(each_of(bytes, (struct archive_request){ 0 }, &seen, &err), -1);
	assert_string_equal(err.text, "Failed to uncompress the given file.");
	assert_string_equal(seen.text, "a.txt=first;");
	close(seen.fd);
	seen.fd = open("/dev/null", O_RDONLY);
	assert_int_equal(each_of(gzip(S("hello")), (struct archive_request){ 0 }, &seen, &err), -1);
	assert_non_null(strstr(err.text, "a file for its members"));
	close(seen.fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zip_and_tar_give_regular_members),
		cmocka_unit_test(a_format_can_be_left_out),
		cmocka_unit_test(gzip_is_checked),
		cmocka_unit_test(zip_without_members),
		cmocka_unit_test(names_are_utf8_in_any_locale),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(members_come_one_by_one),
		cmocka_unit_test(one_by_one_with_errors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
