/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * The embedded broker against a client that sends anything: the first byte says whether it introduces itself as a bot, as a
 * tool, or not at all, the rest goes on the wire. An honest bot works beside it and must get all that it published.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/frame.h"
#include "tests/embedded.h"

enum { MAX_INPUT = 64 * 1024, MESSAGES = 3 };

static struct embedded *embedded;
static struct consumer *honest;

static void start(void)
{
	void *state;
	struct err err = { 0 };
	struct str own = S("honest-queue");
	if (embedded_setup(&state) != 0)
		abort();
	embedded = state;
	if (consumer_open(embedded->broker, S("honest"), 0, own, &own, 1, &honest, &err) < 0)
		abort();
}

static void send_all(int fd, const void *bytes, size_t n)
{
	for (const char *p = bytes; n;) {
		ssize_t sent = send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		p += sent;
		n -= (size_t)sent;
		embedded_work(embedded);
	}
}

static void introduce(int fd, bool is_tool)
{
	struct buffer hello;
	struct str destination = S("foreign-queue");
	buffer_init(&hello, 1000);
	frame_hello_write(&hello, &(struct hello){
					  .version = FRAME_VERSION,
					  .bot = is_tool ? S("") : S("foreign"),
					  .queue = is_tool ? S("") : S("foreign-queue"),
					  .destinations = &destination,
					  .n_destinations = is_tool ? 0 : 1,
				  });
	send_all(fd, hello.p, hello.n);
	buffer_fini(&hello);
}

static void work_honestly(void)
{
	struct str queue = S("honest-queue");
	struct publish published[MESSAGES];
	struct batch batch;
	size_t got = 0;
	for (size_t i = 0; i < MESSAGES; i++)
		published[i] = (struct publish){ S("an honest message"), &queue, 1 };
	if (broker_commit(honest,
	                  &(struct commit){ .published = published, .n_published = MESSAGES },
	                  NULL) < 0)
		abort();
	for (int i = 0; i < 50 && got < MESSAGES; i++) {
		int n = broker_receive(honest, (struct receive_limits){ 10, 1000 },
		                       &embedded->arena, &batch, NULL);
		if (n < 0 || (n && broker_commit(honest,
		                                 &(struct commit){ .consumed = batch.messages,
		                                                   .n_consumed = batch.n },
		                                 NULL) < 0))
			abort();
		got += batch.n;
		embedded_work(embedded);
	}
	if (got != MESSAGES)
		abort();
	arena_reset(&embedded->arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1 || size > MAX_INPUT)
		return 0;
	if (!embedded)
		start();
	int fd = embedded_connect(embedded);
	if (data[0] % 3)
		introduce(fd, data[0] % 3 == 2);
	send_all(fd, data + 1, size - 1);
	embedded_work(embedded);
	close(fd);
	embedded_work(embedded);
	/* A tool may have cleared and filled any queue, also this one. */
	if (data[0] % 3 != 2)
		work_honestly();
	else
		broker_clear(embedded->broker, S("honest-queue"), NULL);
	broker_clear(embedded->broker, S("foreign-queue"), NULL);
	embedded->log[0] = 0;
	return 0;
}
