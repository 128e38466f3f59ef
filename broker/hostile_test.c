/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * A hijacked bot has a connection of its own and sends what it likes. The broker stays, keeps to its memory, and serves the
 * others. fuzz/server_fuzz.c tries frames that nobody thought of; these are too large for it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/frame.h"
#include "tests/embedded.h"

enum { MB = 1024 * 1024, LIMIT = 10 }; /* messages that a queue may hold */

static struct embedded *here;

static int setup(void **state)
{
	if (embedded_setup(state) < 0)
		return -1;
	here = *state;
	server_close(here->server);
	here->options.limits.messages = LIMIT;
	embedded_start(here);
	return 0;
}

/* A hijacked bot that has introduced itself: it reads "in" and may publish to "out". */
static int hijacked(void)
{
	struct str out = S("out");
	struct buffer hello;
	int fd = embedded_connect(here);
	buffer_init(&hello, 1000);
	frame_hello_write(&hello, &(struct hello){ .version = FRAME_VERSION,
	                                           .bot = S("hijacked"),
	                                           .queue = S("in"),
	                                           .destinations = &out,
	                                           .n_destinations = 1 });
	assert_int_equal(send(fd, hello.p, hello.n, 0), hello.n);
	buffer_fini(&hello);
	embedded_work(here);
	return fd;
}

/* Sends until it is all sent (true), or the broker takes nothing more; never reads. */
static bool flood(int fd, const char *p, size_t n)
{
	for (int idle = 0; n && idle < 20;) {
		ssize_t sent = send(fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		idle = sent > 0 ? 0 : idle + 1;
		if (sent > 0) {
			p += sent;
			n -= (size_t)sent;
		}
		embedded_work(here);
	}
	return n == 0;
}

static struct value status(void)
{
	struct value value;
	struct err err = { 0 };
	if (broker_status(here->broker, &here->arena, &value, &err) < 0)
		fail_msg("%s", err.text);
	return value;
}

static int64_t memory(void)
{
	return dict_get(status().dict, S("memory"))->integer;
}

static bool was_cut_off(void)
{
	return strstr(here->log, "Security: bot 'hijacked'") != NULL;
}

/* Answers that it does not take do not pile up without end. */
static void questions_without_reading(void **state)
{
	(void)state;
	int fd = hijacked();
	struct buffer room;
	bool taken = true;
	buffer_init(&room, 4 * MB);
	while (room.n < MB)
		frame_end(&room, frame_begin(&room, FRAME_ROOM), 0);
	for (int i = 0; i < 40 && taken; i++)
		taken = flood(fd, room.p, room.n);
	assert_false(taken);
	status();
	buffer_fini(&room);
	close(fd);
}

static void write_commit(struct buffer *out, const struct commit *commit)
{
	size_t bodies;
	frame_commit_write(out, commit, &bodies);
	for (size_t i = 0; i < commit->n_published; i++)
		buffer_add_str(out, commit->published[i].body);
}

/* It publishes on though its queue is full: sooner or later it has to wait. */
static void publishing_without_room(void **state)
{
	(void)state;
	int fd = hijacked();
	struct str out = S("out");
	struct buffer frame;
	char *body = calloc(1, MB);
	bool taken = true;
	const struct publish published = { { body, MB }, &out, 1 };
	buffer_init(&frame, 4 * MB);
	write_commit(&frame, &(struct commit){ .published = &published, .n_published = 1 });
	for (int i = 0; i < 400 && taken; i++)
		taken = flood(fd, frame.p, frame.n);
	assert_false(taken);
	assert_true(memory() < 128 * (int64_t)MB);
	buffer_fini(&frame);
	free(body);
	close(fd);
	embedded_work(here);
	status();
}

/* Few bytes that mean a great many places: each message goes to one queue a thousand times over. */
static void queues_again_and_again(void **state)
{
	enum { MESSAGES = 100000, NAMES = 100000 };
	(void)state;
	int fd = hijacked();
	struct str *names = calloc(NAMES, sizeof *names);
	struct publish *published = calloc(MESSAGES, sizeof *published);
	struct buffer frame;
	for (size_t i = 0; i < NAMES; i++)
		names[i] = S("out");
	for (size_t i = 0; i < MESSAGES; i++)
		published[i] = (struct publish){ S(""), names, NAMES };
	buffer_init(&frame, 4 * MB);
	write_commit(&frame, &(struct commit){ .published = published, .n_published = MESSAGES });
	assert_true(frame.n < 2 * MB);
	flood(fd, frame.p, frame.n);
	assert_true(was_cut_off());
	buffer_fini(&frame);
	free(published);
	free(names);
	close(fd);
}

/* More state than one row of the database holds. */
static void state_without_end(void **state)
{
	(void)state;
	int fd = hijacked();
	struct buffer frame;
	char *value = calloc(1, 16 * MB);
	const struct state_change change = { S("key"), { value, 16 * MB }, 0, false };
	bool taken = true;
	buffer_init(&frame, 32 * MB);
	write_commit(&frame, &(struct commit){ .changes = &change, .n_changes = 1 });
	/* Without work on the database: the disk is slow. */
	for (int i = 0; i < 100 && taken; i++)
		for (size_t sent = 0, idle = 0; taken && sent < frame.n;) {
			ssize_t n = send(fd, frame.p + sent, frame.n - sent,
			                 MSG_DONTWAIT | MSG_NOSIGNAL);
			server_step(here->server, 0, NULL);
			idle = n > 0 ? 0 : idle + 1;
			sent += n > 0 ? (size_t)n : 0;
			taken = idle < 20;
		}
	assert_false(taken);
	embedded_work(here);
	status();
	assert_null(strstr(here->log, "cannot be written"));
	buffer_fini(&frame);
	free(value);
	close(fd);
}

/* A tool that wants to see more than an answer should hold gets the first ones. */
static void large_messages_are_shown_in_parts(void **state)
{
	enum { MESSAGES = 3, SIZE = 40 * MB };
	(void)state;
	struct str bodies[MESSAGES], body = { calloc(1, SIZE), SIZE };
	struct err err = { 0 };
	server_close(here->server);
	here->options.memory = 512 * (size_t)MB;
	embedded_start(here);
	for (int i = 0; i < MESSAGES; i++)
		assert_int_equal(broker_push(here->broker, S("q"), body, &err), 0);
	assert_int_equal(broker_peek(here->broker, S("q"), MESSAGES, &here->arena, bodies, &err),
	                 1);
	assert_int_equal(bodies[0].n, SIZE);
	free((char *)(uintptr_t)body.p);
}

/* Who has not said who he is may not make the broker hold much. */
static void long_hello(void **state)
{
	(void)state;
	int fd = embedded_connect(here);
	const uint32_t header[2] = { 1024 * MB, FRAME_HELLO };
	char *zeros = calloc(1, MB);
	bool taken = flood(fd, (const char *)header, sizeof header);
	for (int i = 0; i < 20 && taken; i++)
		taken = flood(fd, zeros, MB);
	assert_false(taken);
	free(zeros);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, embedded_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(questions_without_reading),
		TEST(publishing_without_room),
		TEST(queues_again_and_again),
		TEST(state_without_end),
		TEST(large_messages_are_shown_in_parts),
		TEST(long_hello),
	};
	return cmocka_run_group_tests_name("hostile clients", tests, NULL, NULL);
}
