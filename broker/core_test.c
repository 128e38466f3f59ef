/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "broker/core.h"

#include <stdio.h>
#include <stdlib.h>

struct fixture {
	struct core *core;
	struct arena arena;
	struct err err;
};

static void start(struct fixture *f, struct queue_limits limits)
{
	*f = (struct fixture){ .core = core_new(limits, 1) };
	arena_init(&f->arena);
}

static void finish(struct fixture *f)
{
	core_free(f->core);
	arena_fini(&f->arena);
}

static struct core_consumer *open_bot(struct fixture *f, const char *bot, unsigned instance,
                                      const char *queue, const char *to_first,
                                      const char *to_second)
{
	const struct str destinations[] = { str_of(to_first), str_of(to_second) };
	const struct consumer_names names = {
		str_of(bot),
		instance,
		str_of(queue),
		destinations,
		to_second ? 2 : to_first ? 1 : 0,
	};
	struct core_consumer *c = NULL;
	assert_int_equal(core_open(f->core, &names, &c, &f->err), 0);
	return c;
}

static void push(struct fixture *f, const char *queue, const char *body)
{
	assert_int_equal(core_push(f->core, str_of(queue), str_of(body), &f->err), 0);
}

/* The bodies that a receive gives, separated by spaces. */
static const char *take(struct fixture *f, struct core_consumer *c, size_t messages, size_t bytes,
                        struct batch *batch)
{
	struct batch local;
	batch = batch ? batch : &local;
	int n = core_receive(c, (struct receive_limits){ messages, bytes }, &f->arena, batch,
	                     &f->err);
	assert_true(n >= 0);
	assert_int_equal(n, batch->n);
	struct buffer all;
	buffer_init_in(&all, &f->arena, 100000);
	for (size_t i = 0; i < batch->n; i++) {
		if (i)
			buffer_add_char(&all, ' ');
		buffer_add_str(&all, batch->messages[i].body);
	}
	buffer_add_char(&all, 0);
	return all.p;
}

static int publish_to(struct fixture *f, struct core_consumer *c, struct str body,
                      const struct str *queues, size_t n)
{
	const struct publish p = { body, queues, n };
	return core_commit(c, &(struct commit){ .published = &p, .n_published = 1 }, &f->err);
}

static void test_receive_limits(void **state)
{
	(void)state;
	struct fixture f;
	start(&f, (struct queue_limits){ 0 });
	struct core_consumer *c = open_bot(&f, "bot", 0, "in", NULL, NULL);
	assert_string_equal(take(&f, c, 10, 1000, NULL), "");
	push(&f, "in", "long-message");
	push(&f, "in", "one");
	push(&f, "in", "two");
	push(&f, "in", "three");
	assert_string_equal(take(&f, c, 10, 5, NULL), "long-message");
	assert_string_equal(take(&f, c, 10, 6, NULL), "one two");
	assert_string_equal(take(&f, c, 0, 0, NULL), "three");
	assert_string_equal(take(&f, c, 10, 1000, NULL), "");
	finish(&f);
}

static void test_collector_cannot_receive(void **state)
{
	(void)state;
	struct fixture f;
	start(&f, (struct queue_limits){ 0 });
	struct core_consumer *c = open_bot(&f, "collector", 0, NULL, "out", NULL);
	struct batch batch;
	assert_int_equal(core_receive(c, (struct receive_limits){ 1, 1 }, &f.arena, &batch, &f.err),
	                 -1);
	finish(&f);
}

static void test_names_are_checked(void **state)
{
	(void)state;
	struct fixture f;
	start(&f, (struct queue_limits){ 0 });
	open_bot(&f, "bot", 0, "in", NULL, NULL);
	open_bot(&f, "bot", 1, "in", NULL, NULL);
	struct core_consumer *c;
	assert_int_equal(core_open(f.core,
	                           &(struct consumer_names){ .bot = S("bot"), .instance = 1 }, &c,
	                           &f.err),
	                 -1);
	assert_string_equal(f.err.text, "bot 'bot', instance 1 is connected already");
	assert_int_equal(core_open(f.core, &(struct consumer_names){ .bot = S("") }, &c, &f.err),
	                 -1);
	const struct str nameless = S("");
	assert_int_equal(core_open(f.core,
	                           &(struct consumer_names){ S("b"), 0, S("in"), &nameless, 1 }, &c,
	                           &f.err),
	                 -1);
	finish(&f);
}

static void test_body_is_stored_once(void **state)
{
	(void)state;
	struct fixture f;
	start(&f, (struct queue_limits){ 0 });
	struct core_consumer *from = open_bot(&f, "from", 0, NULL, "left", "right");
	struct core_consumer *left = open_bot(&f, "left-bot", 0, "left", NULL, NULL);
	struct core_consumer *right = open_bot(&f, "right-bot", 0, "right", NULL, NULL);
	const struct str both[] = { S("left"), S("right") };
	assert_int_equal(publish_to(&f, from, S("body"), both, 2), 0);
	struct batch a, b;
	assert_string_equal(take(&f, left, 1, 100, &a), "body");
	assert_string_equal(take(&f, right, 1, 100, &b), "body");
	assert_ptr_equal(a.messages->body.p, b.messages->body.p);
	struct commit done = { .consumed = a.messages, .n_consumed = 1 };
	assert_int_equal(core_commit(left, &done, &f.err), 0);
	assert_memory_equal(b.messages->body.p, "body", 4);
	finish(&f);
}

static void test_borrowed_body_is_passed_on(void **state)
{
	(void)state;
	struct fixture f;
	start(&f, (struct queue_limits){ 0 });
	struct core_consumer *expert = open_bot(&f, "expert", 0, "in", "out", NULL);
	struct core_consumer *output = open_bot(&f, "output", 0, "out", NULL, NULL);
	push(&f, "in", "unchanged");
	struct batch batch;
	take(&f, expert, 1, 100, &batch);
	const struct str out = S("out");
	const struct publish p = { batch.messages->body, &out, 1 };
	const struct commit commit = { batch.messages, 1, .published = &p, .n_published = 1 };
	assert_int_equal(core_commit(expert, &commit, &f.err), 0);
	assert_string_equal(take(&f, output, 1, 100, NULL), "unchanged");
	finish(&f);
}

static void test_claims_return_to_their_places(void **state)
{
	(void)state;
	struct fixture f;
	start(&f, (struct queue_limits){ 0 });
	struct core_consumer *c = open_bot(&f, "bot", 0, "in", NULL, NULL);
	for (const char *body = "a\0b\0c\0d\0e\0"; *body; body += 2)
		push(&f, "in", body);
	struct batch batch;
	assert_string_equal(take(&f, c, 4, 100, &batch), "a b c d");
	assert_int_equal(core_give_back(c, &batch.messages[1], 2, &f.err), 0);
	assert_int_equal(core_give_back(c, &batch.messages[1], 1, &f.err), -1);
	assert_string_equal(take(&f, c, 1, 100, NULL), "b");
	core_close(c);
	c = open_bot(&f, "bot", 0, "in", NULL, NULL);
	assert_string_equal(take(&f, c, 9, 100, NULL), "a b c d e");
	finish(&f);
}

static void test_single_consumer_waits_behind_a_claim(void **state)
{
	(void)state;
	struct fixture f;
	start(&f, (struct queue_limits){ 0 });
	struct core_consumer *tool = open_bot(&f, "tool", 0, "in", NULL, NULL);
	push(&f, "in", "a");
	push(&f, "in", "b");
	struct batch batch;
	assert_string_equal(take(&f, tool, 1, 100, &batch), "a");
	struct core_consumer *bot = open_bot(&f, "bot", 0, "in", NULL, NULL);
	assert_string_equal(take(&f, bot, 9, 100, NULL), "");
	assert_int_equal(core_give_back(tool, batch.messages, 1, &f.err), 0);
	core_close(tool);
	assert_string_equal(take(&f, bot, 9, 100, NULL), "a b");
	finish(&f);
}

static void test_instances_share(void **state)
{
	(void)state;
	struct fixture f;
	start(&f, (struct queue_limits){ 0 });
	struct core_consumer *first = open_bot(&f, "bot", 0, "in", NULL, NULL);
	struct core_consumer *second = open_bot(&f, "bot", 1, "in", NULL, NULL);
	for (const char *body = "a\0b\0c\0d\0e\0"; *body; body += 2)
		push(&f, "in", body);
	assert_string_equal(take(&f, first, 100, 100, NULL), "a b c");
	assert_string_equal(take(&f, second, 100, 100, NULL), "d");
	assert_string_equal(take(&f, second, 100, 100, NULL), "e");
	core_close(first);
	assert_string_equal(take(&f, second, 100, 100, NULL), "a b c");
	finish(&f);
}

static void test_notes_survive(void **state)
{
	(void)state;
	struct fixture f;
	start(&f, (struct queue_limits){ 0 });
	struct core_consumer *c = open_bot(&f, "parser", 0, "in", NULL, NULL);
	push(&f, "in", "report");
	struct batch batch;
	take(&f, c, 1, 100, &batch);
	assert_int_equal(batch.messages->note, 0);
	batch.messages->note = 7000;
	assert_int_equal(core_commit(c, &(struct commit){ .noted = batch.messages }, &f.err), 0);
	assert_int_equal(core_give_back(c, batch.messages, 1, &f.err), 0);
	take(&f, c, 1, 100, &batch);
	assert_int_equal(batch.messages->note, 7000);
	core_close(c);
	c = open_bot(&f, "parser", 0, "in", NULL, NULL);
	take(&f, c, 1, 100, &batch);
	assert_int_equal(batch.messages->note, 7000);
	finish(&f);
}

static void test_budget(void **state)
{
	(void)state;
	struct fixture f;
	start(&f, (struct queue_limits){ .messages = 2, .bytes = 10 });
	struct core_consumer *from = open_bot(&f, "from", 0, "in", "out", NULL);
	struct core_consumer *to = open_bot(&f, "to", 0, "out", NULL, NULL);
	const struct str out = S("out");
	push(&f, "in", "x");
	assert_null(core_no_room(from).p);
	assert_int_equal(publish_to(&f, from, S("more than ten bytes"), &out, 1), 0);
	assert_true(str_eq(core_no_room(from), S("queue 'out' is full")));
	assert_string_equal(take(&f, from, 1, 100, NULL), "");
	assert_int_equal(core_push(f.core, S("out"), S("y"), &f.err), -1);
	assert_string_equal(f.err.text, "queue 'out' is full");
	/* What a producer has in hand goes out all the same: a commit is never refused for room. */
	assert_int_equal(publish_to(&f, from, S("overshoot"), &out, 1), 0);
	struct batch batch;
	take(&f, to, 9, 100, &batch);
	assert_non_null(core_no_room(from).p); /* what is claimed counts */
	assert_int_equal(core_commit(to, &(struct commit){ batch.messages, 2 }, &f.err), 0);
	assert_null(core_no_room(from).p);
	assert_string_equal(take(&f, from, 1, 100, NULL), "x");
	finish(&f);
}

static void test_cycle_is_one_budget(void **state)
{
	(void)state;
	struct fixture f;
	start(&f, (struct queue_limits){ .messages = 2 });
	struct core_consumer *from = open_bot(&f, "from", 0, NULL, "a", NULL);
	struct core_consumer *there = open_bot(&f, "there", 0, "a", "b", "beside");
	push(&f, "b", "1");
	push(&f, "a", "2");
	assert_null(core_no_room(from).p);
	struct core_consumer *back = open_bot(&f, "back", 0, "b", "a", NULL);
	assert_true(str_eq(core_no_room(from), S("queue 'a' is full")));
	assert_null(core_no_room(there).p);
	assert_null(core_no_room(back).p);
	assert_int_equal(core_push(f.core, S("b"), S("3"), &f.err), -1);
	push(&f, "beside", "4");
	push(&f, "beside", "5");
	assert_true(str_eq(core_no_room(there), S("queue 'beside' is full")));
	/* It stays one while a bot is away, until that comes back to do something else. */
	core_close(back);
	assert_true(str_eq(core_no_room(from), S("queue 'a' is full")));
	open_bot(&f, "back", 0, "b", "out", NULL);
	assert_null(core_no_room(from).p);
	finish(&f);
}

static void test_long_way_round(void **state)
{
	(void)state;
	struct fixture f;
	start(&f, (struct queue_limits){ .messages = 3000 });
	enum { N = 3000 };
	for (int i = 0; i < N; i++) {
		char bot[20], queue[20], next[20];
		snprintf(bot, sizeof bot, "bot-%d", i);
		snprintf(queue, sizeof queue, "q-%d", i);
		snprintf(next, sizeof next, "q-%d", (i + 1) % N);
		open_bot(&f, bot, 0, queue, next, NULL);
		push(&f, queue, "x");
	}
	struct core_consumer *from = open_bot(&f, "from", 0, NULL, "q-7", NULL);
	assert_true(str_eq(core_no_room(from), S("queue 'q-7' is full")));
	finish(&f);
}

static void test_refused_commit_changes_nothing(void **state)
{
	(void)state;
	struct fixture f;
	start(&f, (struct queue_limits){ 0 });
	struct core_consumer *c = open_bot(&f, "bot", 0, "in", "out", NULL);
	push(&f, "in", "a");
	struct batch batch;
	take(&f, c, 1, 100, &batch);
	const struct str queues[] = { S("out"), S("elsewhere") };
	const struct publish p[] = { { S("1"), queues, 1 }, { S("2"), queues, 2 } };
	struct commit commit = { batch.messages, 1, .published = p, .n_published = 2 };
	assert_int_equal(core_commit(c, &commit, &f.err), -1);
	assert_string_equal(f.err.text, "bot 'bot' may not publish to queue 'elsewhere'");
	const struct publish large = { { "", (size_t)MAX_MESSAGE + 1 }, queues, 1 };
	commit.published = &large;
	commit.n_published = 1;
	assert_int_equal(core_commit(c, &commit, &f.err), -1);
	const struct state_change change = { .key = S("k"),
		                             .value = { "", (size_t)MAX_MESSAGE + 1 } };
	commit = (struct commit){ batch.messages, 1, .changes = &change, .n_changes = 1 };
	assert_int_equal(core_commit(c, &commit, &f.err), -1);
	struct queue_info *infos;
	assert_int_equal(core_queues(f.core, &f.arena, &infos), 2);
	assert_true(str_eq(infos[0].name, S("in")) && infos[0].messages == 1 &&
	            infos[0].claimed == 1);
	assert_true(str_eq(infos[1].name, S("out")) && infos[1].messages == 0);
	commit = (struct commit){ batch.messages, 1, .published = p, .n_published = 1 };
	assert_int_equal(core_commit(c, &commit, &f.err), 0);
	finish(&f);
}

/* Claims committed from the last to the first, and many of them. */
static void test_any_order_of_commits(void **state)
{
	(void)state;
	enum { N = 5000 };
	struct fixture f;
	start(&f, (struct queue_limits){ 0 });
	struct core_consumer *c = open_bot(&f, "bot", 0, "in", NULL, NULL);
	for (int i = 0; i < N; i++)
		push(&f, "in", "m");
	struct batch batch;
	assert_int_equal(core_receive(c, (struct receive_limits){ N, N }, &f.arena, &batch, &f.err),
	                 N);
	for (size_t i = N; i-- > 0;)
		assert_int_equal(core_commit(c, &(struct commit){ &batch.messages[i], 1 }, &f.err),
		                 0);
	struct queue_info *infos;
	core_queues(f.core, &f.arena, &infos);
	assert_int_equal(infos->messages, 0);
	assert_int_equal(infos->claimed, 0);
	assert_int_equal(infos->bytes, 0);
	finish(&f);
}

/* More than fit a block; every third goes to another queue. */
static void test_large_commit(void **state)
{
	(void)state;
	enum { N = 150000 };
	struct fixture f;
	start(&f, (struct queue_limits){ 0 });
	struct core_consumer *from = open_bot(&f, "from", 0, NULL, "most", "third");
	struct core_consumer *to = open_bot(&f, "to", 0, "third", NULL, NULL);
	const struct str names[] = { S("most"), S("third") };
	struct publish *all = arena_zalloc(&f.arena, N, sizeof *all);
	for (size_t i = 0; i < N; i++)
		all[i] = (struct publish){ arena_printf(&f.arena, "%zu", i), &names[i % 3 == 0],
			                   1 };
	assert_int_equal(
		core_commit(from, &(struct commit){ .published = all, .n_published = N }, &f.err),
		0);
	struct queue_info *infos;
	core_queues(f.core, &f.arena, &infos);
	assert_int_equal(infos[0].messages, N / 3 * 2);
	assert_int_equal(infos[1].messages, N / 3);
	struct batch batch;
	assert_int_equal(
		core_receive(to, (struct receive_limits){ N, SIZE_MAX }, &f.arena, &batch, &f.err),
		N / 3);
	assert_true(str_eq(batch.messages[N / 3 - 1].body, S("149997")));
	assert_int_equal(core_commit(to, &(struct commit){ batch.messages, batch.n }, &f.err), 0);
	finish(&f);
}

static void test_epochs_have_identities_of_their_own(void **state)
{
	(void)state;
	uint64_t seen[2];
	for (uint32_t epoch = 1; epoch <= 2; epoch++) {
		struct fixture f;
		start(&f, (struct queue_limits){ 0 });
		core_free(f.core);
		f.core = core_new((struct queue_limits){ 0 }, epoch);
		struct core_consumer *c = open_bot(&f, "bot", 0, "in", NULL, NULL);
		push(&f, "in", "a");
		struct batch batch;
		take(&f, c, 1, 10, &batch);
		seen[epoch - 1] = batch.messages->block;
		finish(&f);
	}
	assert_true(seen[0] < seen[1]);
}

static void test_clear_leaves_claims(void **state)
{
	(void)state;
	struct fixture f;
	start(&f, (struct queue_limits){ 0 });
	struct core_consumer *c = open_bot(&f, "bot", 0, "in", NULL, NULL);
	for (const char *body = "a\0b\0c\0"; *body; body += 2)
		push(&f, "in", body);
	struct batch batch;
	take(&f, c, 1, 10, &batch);
	assert_int_equal(core_clear(f.core, S("in")), 2);
	assert_int_equal(core_clear(f.core, S("in")), 0);
	assert_int_equal(core_clear(f.core, S("unknown")), 0);
	struct str bodies[4];
	assert_int_equal(core_peek(f.core, S("in"), 4, SIZE_MAX, &f.arena, bodies), 1);
	assert_true(str_eq(bodies[0], S("a")));
	assert_int_equal(core_commit(c, &(struct commit){ batch.messages, 1 }, &f.err), 0);
	assert_int_equal(core_peek(f.core, S("unknown"), 4, SIZE_MAX, &f.arena, bodies), 0);
	finish(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_receive_limits),
		cmocka_unit_test(test_collector_cannot_receive),
		cmocka_unit_test(test_names_are_checked),
		cmocka_unit_test(test_body_is_stored_once),
		cmocka_unit_test(test_borrowed_body_is_passed_on),
		cmocka_unit_test(test_claims_return_to_their_places),
		cmocka_unit_test(test_single_consumer_waits_behind_a_claim),
		cmocka_unit_test(test_instances_share),
		cmocka_unit_test(test_notes_survive),
		cmocka_unit_test(test_budget),
		cmocka_unit_test(test_cycle_is_one_budget),
		cmocka_unit_test(test_long_way_round),
		cmocka_unit_test(test_refused_commit_changes_nothing),
		cmocka_unit_test(test_any_order_of_commits),
		cmocka_unit_test(test_large_commit),
		cmocka_unit_test(test_epochs_have_identities_of_their_own),
		cmocka_unit_test(test_clear_leaves_claims),
	};
	return cmocka_run_group_tests_name("core", tests, NULL, NULL);
}
