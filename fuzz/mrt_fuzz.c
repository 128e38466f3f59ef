/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Any bytes give networks that exist and origins that count, or an error. */
#include <intelmq/mrt.h>

#include <stdlib.h>

static void require(bool condition)
{
	if (!condition)
		abort();
}

static int take(void *context, const struct network *network, uint32_t origin)
{
	uint64_t *taken = context;
	struct network same = network_of(&network->ip, network->length);
	require(network->length <= (network->ip.version == 4 ? 32 : 128));
	require(memcmp(&same, network, sizeof same) == 0);
	require(origin > 0 && origin < 1000000);
	return ++*taken < 1000 ? 0 : -1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mrt_counts counts;
	uint64_t taken = 0;
	int rc = mrt_read((struct str){ (const char *)data, size }, take, &taken, &counts, NULL);
	require(counts.routes == taken);
	require(rc == 0 || rc == -1);
	return 0;
}
