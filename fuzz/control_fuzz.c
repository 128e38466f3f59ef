/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What somebody writes to intelmqd's socket: each line is a request, and gets an answer. */
#include "daemon/inside.h"

#include <intelmq/json.h>

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void ask(struct daemon *d, struct str line)
{
	struct request request;
	struct buffer text;
	struct value back;
	request_begin(d, &request, line);
	if (!request_is_over(d, &request) && request.kind != REQUEST_SHUTDOWN)
		abort(); /* nothing runs here: there is nothing to wait for */
	buffer_init(&text, 1024 * 1024);
	json_write(&text, status_answer(d, &request, &request.arena), JSON_COMPACT);
	if (text.over || json_parse(&request.arena, buffer_str(&text), &back, NULL) < 0)
		abort();
	buffer_fini(&text);
	request_fini(&request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct paths paths = { .runtime = "/nowhere/runtime.yaml",
		                            .runtime_old = "/nowhere/runtime.conf",
		                            .state = "/nowhere/" };
	struct bot_child first = { .id = (char[]){ "first" } },
			 second = { .id = (char[]){ "b-2" } };
	struct daemon d = {
		.paths = &paths,
		.phase = DAEMON_STOPS_BOTS, /* so that nothing is begun */
		.stamp = "absent",
		.bots = (struct bot_child *[]){ &first, &second },
		.n = 2,
	};
	struct str rest = { (const char *)data, size };
	for (int i = 0; rest.p && i < 8; i++)
		ask(&d, str_cut(&rest, '\n'));
	return 0;
}
