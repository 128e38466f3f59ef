/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Limits hold for any bytes. The first byte chooses the formats. */
#include <intelmq/archive.h>

#include <stdlib.h>

static void require(bool condition)
{
	if (!condition)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct archive_limits limits = { .bytes = 1 << 20,
		                                      .members = 20,
		                                      .ratio = 50 };
	struct archive_request request = { .limits = &limits };
	struct archive_member *members;
	struct arena arena;
	size_t n, total = 0;
	if (size < 1)
		return 0;
	request.formats = data[0] & ARCHIVE_ANY;
	arena_init(&arena);
	struct str bytes = { (const char *)data + 1, size - 1 };
	if (archive_unpack(&arena, bytes, &request, &members, &n, NULL) == 0) {
		require(n <= limits.members);
		for (size_t i = 0; i < n; i++)
			total += members[i].bytes.n;
		require(total <= limits.bytes);
	}
	arena_fini(&arena);
	return 0;
}
