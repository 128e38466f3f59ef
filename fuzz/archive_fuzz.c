/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Limits hold for any bytes, and members are the same one by one. The first byte chooses the formats. */
#include <intelmq/archive.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

static void require(bool condition)
{
	if (!condition)
		abort();
}

struct seen {
	int fd;
	struct archive_member *members;
	size_t n, position;
};

static int compare(void *context, struct str name, struct err *err)
{
	struct seen *seen = context;
	static char content[1 << 20];
	(void)err;
	if (!seen->members)
		return 0;
	require(seen->position < seen->n);
	const struct archive_member *member = &seen->members[seen->position++];
	require(str_eq(member->name, name));
	ssize_t n = read(seen->fd, content, sizeof content);
	require(n >= 0 && str_eq(member->bytes, (struct str){ content, (size_t)n }));
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct archive_limits limits = { .bytes = 1 << 20,
		                                      .members = 20,
		                                      .ratio = 50 };
	struct archive_request request = { .limits = &limits };
	struct seen seen = { 0 };
	struct arena arena;
	size_t total = 0;
	if (size < 1)
		return 0;
	request.formats = data[0] & ARCHIVE_ANY;
	arena_init(&arena);
	struct str bytes = { (const char *)data + 1, size - 1 };
	if (archive_unpack(&arena, bytes, &request, &seen.members, &seen.n, NULL) == 0) {
		require(seen.n <= limits.members);
		for (size_t i = 0; i < seen.n; i++)
			total += seen.members[i].bytes.n;
		require(total <= limits.bytes);
	}
	seen.fd = memfd_create("member", 0);
	/* Where one format is damaged in the middle, the next one is not tried. */
	if (request.formats != ARCHIVE_ZIP && request.formats != ARCHIVE_TAR &&
	    request.formats != ARCHIVE_GZIP)
		seen.members = NULL;
	if (archive_each(&arena, bytes, &request, seen.fd, compare, &seen, NULL) == 0 &&
	    seen.members)
		require(seen.position == seen.n);
	close(seen.fd);
	arena_fini(&arena);
	return 0;
}
