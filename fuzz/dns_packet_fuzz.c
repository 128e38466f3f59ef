/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <assert.h>

#include "net/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct dns_answer *answer)
{
	assert(answer->ttl >= 0 && answer->ttl <= 24 * 60 * 60);
	assert((answer->status == DNS_FOUND) == (answer->n > 0));
	assert((answer->status == DNS_FOUND) == (answer->why.n == 0));
	assert(answer->status != DNS_BAD_NAME && answer->status != DNS_TIMEOUT);
	for (size_t i = 0; i < answer->n; i++) {
		assert(answer->values[i].n > 0);
		for (size_t k = 0; k < answer->values[i].n; k++)
			assert(answer->values[i].p[k] >= 0x20 && answer->values[i].p[k] < 0x7F);
	}
}

/* The whole packet as an answer to each type for the name "a.b". */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const enum dns_type types[] = { DNS_A,  DNS_AAAA, DNS_NS, DNS_CNAME,
		                               DNS_MX, DNS_TXT,  DNS_PTR };
	struct str packet = { (const char *)data, size };
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		struct arena arena;
		struct dns_answer answer, copy;
		arena_init(&arena);
		dns_packet_read(&arena, packet, S("a.b"), types[i], &answer);
		check(&answer);
		dns_answer_copy(&arena, &answer, &copy);
		check(&copy);
		assert(copy.n == answer.n && copy.status == answer.status);
		arena_fini(&arena);
	}
	return 0;
}
