/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The embedded broker as a whole: client, wire, server, database; all in one thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <intelmq/clock.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "broker/client.h"
#include "broker/server.h"
#include "tests/embedded.h"

/* ---- Messages ---- */

static struct consumer *open_bot(struct embedded *e, const char *bot, const char *queue,
                                 const char *destination)
{
	struct consumer *c = NULL;
	struct err err = { 0 };
	struct str name = str_of(destination);
	int rc = consumer_open(e->broker, str_of(bot), 0, str_of(queue), &name, destination ? 1 : 0,
	                       &c, &err);
	if (rc < 0)
		fail_msg("%s: %s", bot, err.text);
	return c;
}

static int receive(struct embedded *e, struct consumer *c, size_t n, struct batch *out)
{
	struct err err = { 0 };
	int got = 0;
	for (int i = 0; i < 100 && got == 0; i++) {
		got = broker_receive(c, (struct receive_limits){ n, 1 << 20 }, &e->arena, out,
		                     &err);
		if (got == 0)
			embedded_work(e);
	}
	if (got < 0)
		fail_msg("%s", err.text);
	return got;
}

static void publish(struct consumer *c, const char *queue, size_t n, uint32_t first)
{
	struct str name = str_of(queue);
	struct publish *all = calloc(n, sizeof *all);
	char(*bodies)[32] = calloc(n, sizeof *bodies);
	for (size_t i = 0; i < n; i++) {
		int length = snprintf(bodies[i], sizeof bodies[i], "message %zu", first + i);
		all[i] = (struct publish){ { bodies[i], (size_t)length }, &name, 1 };
	}
	assert_int_equal(
		broker_commit(c, &(struct commit){ .published = all, .n_published = n }, NULL), 0);
	free(all);
	free(bodies);
}

static void consume(struct consumer *c, const struct batch *batch)
{
	assert_int_equal(broker_commit(c,
	                               &(struct commit){ .consumed = batch->messages,
	                                                 .n_consumed = batch->n },
	                               NULL),
	                 0);
}

static void expect(const struct message *message, uint32_t number)
{
	char text[32];
	snprintf(text, sizeof text, "message %u", number);
	assert_true(str_eq(message->body, str_of(text)));
}

static void test_messages_go_through(void **state)
{
	struct embedded *e = *state;
	struct consumer *in = open_bot(e, "collector", "", "q"),
			*out = open_bot(e, "output", "q", NULL);
	struct batch batch;
	publish(in, "q", 10, 0);
	assert_int_equal(receive(e, out, 4, &batch), 4);
	for (uint32_t i = 0; i < 4; i++)
		expect(&batch.messages[i], i);
	consume(out, &batch);
	assert_int_equal(receive(e, out, 4, &batch), 4);
	consume(out, &batch);
	assert_int_equal(receive(e, out, 4, &batch), 2);
	expect(&batch.messages[1], 9);
	consume(out, &batch);
	consumer_close(in);
	consumer_close(out);
}

static void test_claims_return_with_the_connection(void **state)
{
	struct embedded *e = *state;
	struct consumer *in = open_bot(e, "collector", "", "q"),
			*out = open_bot(e, "output", "q", NULL);
	struct batch batch;
	publish(in, "q", 3, 0);
	assert_int_equal(receive(e, out, 2, &batch), 2);
	consumer_close(out);
	out = open_bot(e, "output", "q", NULL);
	assert_int_equal(receive(e, out, 10, &batch), 3);
	expect(&batch.messages[0], 0);
	consumer_close(in);
	consumer_close(out);
}

static void test_messages_and_notes_survive(void **state)
{
	struct embedded *e = *state;
	struct consumer *in = open_bot(e, "collector", "", "q"),
			*out = open_bot(e, "output", "q", NULL);
	struct batch batch;
	publish(in, "q", 300, 0);
	assert_int_equal(receive(e, out, 100, &batch), 100);
	struct message noted = batch.messages[60];
	noted.note = 42;
	const struct commit commit = {
		.consumed = batch.messages, .n_consumed = 50, .noted = &noted, .durable = true
	};
	assert_int_equal(broker_commit(out, &commit, NULL), 0);
	consumer_close(in);
	consumer_close(out);
	embedded_crash(e);
	out = open_bot(e, "output", "q", NULL);
	assert_int_equal(receive(e, out, 1000, &batch), 250);
	expect(&batch.messages[0], 50);
	assert_int_equal(batch.messages[10].note, 42);
	assert_int_equal(batch.messages[11].note, 0);
	consume(out, &batch);
	consumer_close(out);
}

static void count_change(void *context, const struct state_change *change)
{
	(void)change;
	++*(size_t *)context;
}

static void test_state_survives(void **state)
{
	struct embedded *e = *state;
	struct consumer *c = open_bot(e, "deduplicator", "q", NULL);
	const struct state_change changes[] = { { S("a"), S("1"), 0, false },
		                                { S("b"), S(""), 99, false } };
	const struct commit commit = { .changes = changes, .n_changes = 2, .durable = true };
	assert_int_equal(broker_commit(c, &commit, NULL), 0);
	consumer_close(c);
	embedded_crash(e);
	c = open_bot(e, "deduplicator", "q", NULL);
	size_t n = 0;
	assert_int_equal(broker_load_state(c, count_change, &n, NULL), 0);
	assert_int_equal(n, 2);
	consumer_close(c);
}

/* More than the memory holds goes to the database and comes back in order. */
static void test_a_long_queue_leaves_memory(void **state)
{
	enum { MESSAGES = 200000, BATCH = 1000 };
	struct embedded *e = *state;
	struct consumer *in = open_bot(e, "collector", "", "q"),
			*out = open_bot(e, "output", "q", NULL);
	struct value status;
	struct batch batch;
	for (uint32_t i = 0; i < MESSAGES; i += BATCH)
		publish(in, "q", BATCH, i);
	for (int i = 0; i < 20; i++)
		embedded_work(e);
	assert_int_equal(broker_status(e->broker, &e->arena, &status, NULL), 0);
	assert_true(dict_get(status.dict, S("memory"))->integer <= EMBEDDED_MEMORY);
	uint32_t next = 0;
	while (next < MESSAGES) {
		int n = receive(e, out, 500, &batch);
		assert_true(n > 0);
		for (int i = 0; i < n; i++)
			expect(&batch.messages[i], next++);
		consume(out, &batch);
		arena_reset(&e->arena);
	}
	consumer_close(in);
	consumer_close(out);
}

/* What lies behind a message larger than the memory does not go out and come in again and again. */
static void test_what_comes_next_stays_in_memory(void **state)
{
	struct embedded *e = *state;
	struct consumer *out = open_bot(e, "output", "q", NULL);
	struct str large = { calloc(1, 2 * EMBEDDED_MEMORY), 2 * EMBEDDED_MEMORY };
	struct str small = { large.p, EMBEDDED_MEMORY / 8 };
	struct batch batch;
	assert_int_equal(broker_push(e->broker, S("q"), large, NULL), 0);
	assert_int_equal(receive(e, out, 1, &batch), 1);
	for (int i = 0; i < 4; i++)
		assert_int_equal(broker_push(e->broker, S("q"), small, NULL), 0);
	for (int i = 0; i < 20; i++)
		embedded_work(e);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(server_step(e->server, 0, NULL), 0);
		assert_false(server_work(e->server));
	}
	consumer_close(out);
	free((char *)(uintptr_t)large.p);
}

static void test_tools_push_peek_and_clear(void **state)
{
	struct embedded *e = *state;
	struct str bodies[10];
	struct err err = { 0 };
	struct queue_info *queues;
	assert_int_equal(broker_push(e->broker, S("q"), S("one"), &err), 0);
	assert_int_equal(broker_push(e->broker, S("q"), S("two"), &err), 0);
	assert_int_equal(broker_peek(e->broker, S("q"), 10, &e->arena, bodies, &err), 2);
	assert_true(str_eq(bodies[1], S("two")));
	assert_int_equal(broker_queues(e->broker, &e->arena, &queues, &err), 1);
	assert_int_equal(queues[0].messages, 2);
	assert_int_equal(broker_clear(e->broker, S("q"), &err), 2);
	embedded_crash(e);
	assert_int_equal(broker_peek(e->broker, S("q"), 10, &e->arena, bodies, &err), 0);
}

static void test_nobody_publishes_elsewhere(void **state)
{
	struct embedded *e = *state;
	struct consumer *in = open_bot(e, "parser", "q", "mine");
	struct str other = S("other");
	const struct publish published = { S("x"), &other, 1 };
	const struct commit commit = { .published = &published, .n_published = 1, .durable = true };
	struct err err = { 0 };
	assert_int_equal(broker_commit(in, &commit, &err), -1);
	assert_true(consumer_is_broken(in));
	consumer_close(in);
	struct str bodies[1];
	assert_int_equal(broker_peek(e->broker, S("other"), 1, &e->arena, bodies, &err), 0);
	assert_non_null(strstr(embedded_log(e), "Security: bot 'parser'"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_messages_go_through, embedded_setup,
		                                embedded_teardown),
		cmocka_unit_test_setup_teardown(test_claims_return_with_the_connection,
		                                embedded_setup, embedded_teardown),
		cmocka_unit_test_setup_teardown(test_messages_and_notes_survive, embedded_setup,
		                                embedded_teardown),
		cmocka_unit_test_setup_teardown(test_state_survives, embedded_setup,
		                                embedded_teardown),
		cmocka_unit_test_setup_teardown(test_a_long_queue_leaves_memory, embedded_setup,
		                                embedded_teardown),
		cmocka_unit_test_setup_teardown(test_what_comes_next_stays_in_memory,
		                                embedded_setup, embedded_teardown),
		cmocka_unit_test_setup_teardown(test_tools_push_peek_and_clear, embedded_setup,
		                                embedded_teardown),
		cmocka_unit_test_setup_teardown(test_nobody_publishes_elsewhere, embedded_setup,
		                                embedded_teardown),
	};
	return cmocka_run_group_tests_name("embedded broker", tests, NULL, NULL);
}
