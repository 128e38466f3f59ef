/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <stdlib.h>

#include "config/runtime.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Any text gives a runtime or an error with a text; every bot is complete. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const environment[] = { "INTELMQ_RATE_LIMIT=5", "INTELMQ_X=True", NULL };
	struct arena arena;
	struct findings findings;
	struct runtime *runtime;
	struct buffer text;

	arena_init(&arena);
	findings_init(&findings, &arena);
	int status = runtime_parse(&arena, (struct str){ (const char *)data, size },
	                           S("runtime.yaml"), environment, &runtime, &findings);
	if (status < 0 ? !findings.counts[SEVERITY_ERROR] || runtime : !runtime)
		abort();
	for (size_t i = 0; runtime && i < runtime->n; i++) {
		const struct runtime_bot *bot = &runtime->bots[i];
		if (!bot->parameters || !bot->own || !bot->destinations || !bot->source_queue.n)
			abort();
	}
	if (runtime)
		runtime_check(&arena, runtime, &findings);
	buffer_init(&text, 64 << 20);
	findings_print(&text, &findings);
	buffer_fini(&text);
	findings_json(&arena, &findings);
	arena_fini(&arena);
	return 0;
}
