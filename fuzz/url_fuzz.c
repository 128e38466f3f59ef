/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/url.h>

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	struct url url, again;
	struct err err = { 0 };
	int port;
	arena_init(&arena);
	if (url_split(&arena, (struct str){ (const char *)data, size }, &url, &err)) {
		assert(err.fault == FAULT_OTHER && err.text[0]);
	} else {
		assert(url.scheme.p && url.authority.p && url.path.p && url.query.p &&
		       url.fragment.p);
		assert(url.scheme.n + url.authority.n + url.path.n + url.query.n + url.fragment.n <=
		       size);
		assert(str_index(url.authority, '/') == STR_NOT_FOUND);
		url_username(&url);
		url_password(&url);
		url_hostname(&arena, &url);
		if (url_port(&url, &port, NULL) == 0)
			assert(port >= -1 && port <= 65535);
		if (url.authority.n) {
			assert(url_split(&arena, url_join(&arena, &url), &again, NULL) == 0);
			assert(str_eq(url.authority, again.authority) &&
			       str_eq(url.query, again.query));
		}
	}
	arena_fini(&arena);
	return 0;
}
