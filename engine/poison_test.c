/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Bots that die: every life of the bot is a real process that is killed by a real signal, its commits are replayed into
 * the broker of the test, and a stand-in for intelmqd decides how the next life begins. Whatever dies where: each row and
 * event comes out once, and what kills is dumped alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "tests/stage.h"

enum { TAPE = 64 * 1024 * 1024, MAX_LIVES = 20, MAX_DUMPS = 20 };

/* What a process leaves behind. */
static struct shared {
	struct worker_page page;
	int deaths_left;  /* of all lives; -1: it dies each time */
	size_t row_calls; /* of this life */
	size_t commits;   /* of this life */
	bool died_alone;  /* nothing uncommitted was in front of the row that killed last */
	size_t n_dumps;
	char dumps[MAX_DUMPS][600], reasons[MAX_DUMPS][300];
	size_t tape_used;
	char tape[TAPE]; /* the commits of this life */
} * shared;

static void die_at(const char *text, struct str found)
{
	if (!str_eq(found, str_of(text)) || shared->deaths_left == 0)
		return;
	shared->deaths_left -= shared->deaths_left > 0;
	signal(SIGSEGV, SIG_DFL); /* not the sanitizer's */
	raise(SIGSEGV);
}

/* ---- Bots that die ---- */

static enum result fragile_row(struct bot *bot, const struct row *row, struct event *e)
{
	(void)bot;
	shared->row_calls++;
	die_at("crash", row->line);
	die_at("crash too", row->line);
	if (str_eq(row->line, S("bad")))
		return event_set(e, "source.ip", row->line);
	return event_set(e, "comment", row->line);
}

static enum result fragile_head(struct bot *bot, struct str line)
{
	(void)bot;
	die_at("# crash", line);
	return DONE;
}

static const struct bot_type fragile = {
	.module = "test.parser",
	.summary = "Dies at certain rows.",
	.rows = ROWS_LINES,
	.header = "#",
	.head = fragile_head,
	.row = fragile_row,
	.raw = RAW_LINE,
};

static const struct bot_type fragile_whole = {
	.module = "test.parser",
	.summary = "Dies at certain rows, and fails as a whole.",
	.rows = ROWS_LINES,
	.row = fragile_row,
	.raw = RAW_LINE,
	.whole = true,
};

static enum result fragile_enrich(struct bot *bot, struct event *e)
{
	(void)bot;
	const struct value *comment = event_get(e, "comment");
	die_at("crash", comment->text);
	die_at("crash too", comment->text);
	return DONE;
}

static const struct bot_type fragile_expert = {
	.module = "test.expert",
	.summary = "Dies at certain events.",
	.enrich = fragile_enrich,
};

/* ---- A life ---- */

static void tape_add(const void *bytes, size_t n)
{
	assert_true(shared->tape_used + n <= TAPE);
	memcpy(shared->tape + shared->tape_used, bytes, n);
	shared->tape_used += n;
}

static const struct backend *real_backend;

static int taped_commit(struct consumer *consumer, const struct commit *c, struct err *err)
{
	/* A broker that lets a worker wait is not the fault of what the worker has in hand. */
	if (shared->page.working.block || real_backend->commit(consumer, c, err) < 0)
		return -1;
	shared->commits++;
	bool noted = c->noted != NULL;
	tape_add(&c->n_consumed, sizeof c->n_consumed);
	for (size_t i = 0; i < c->n_consumed; i++)
		tape_add(&c->consumed[i], sizeof c->consumed[i]);
	tape_add(&noted, sizeof noted);
	if (noted)
		tape_add(c->noted, sizeof *c->noted);
	tape_add(&c->n_published, sizeof c->n_published);
	for (size_t i = 0; i < c->n_published; i++) {
		tape_add(&c->published[i].body.n, sizeof(size_t));
		tape_add(c->published[i].body.p, c->published[i].body.n);
	}
	return 0;
}

static int shared_dump(void *context, const struct settings *settings, const struct dump *dump,
                       struct err *err)
{
	(void)context, (void)settings, (void)err;
	assert_true(shared->n_dumps < MAX_DUMPS);
	assert_string_equal(arena_cstr(&stage_now->arena, dump->bot_id), "test-bot");
	assert_string_equal(arena_cstr(&stage_now->arena, dump->source_queue), STAGE_INPUT);
	snprintf(shared->dumps[shared->n_dumps], 600, "%.*s", STR_ARG(dump->message));
	snprintf(shared->reasons[shared->n_dumps++], 300, "%.*s", STR_ARG(dump->reason));
	return 0;
}

/* In the child: until the input is empty. */
static void live(struct stage *s, const struct bot_type *type)
{
	s->backend.commit = taped_commit;
	s->page = &shared->page;
	s->dump = shared_dump;
	if (!stage_enter(s, type))
		_exit(1);
	bool runs = stage_run(s);
	_exit(runs && shared->page.working.block == 0 ? 0 : 2);
}

static void *tape_take(size_t *at, size_t n)
{
	void *bytes = shared->tape + *at;
	*at += n;
	return bytes;
}

static size_t tape_number(size_t *at)
{
	size_t n;
	memcpy(&n, tape_take(at, sizeof n), sizeof n);
	return n;
}

/* The commits of the dead, by somebody who has claimed the same messages. */
static void replay(struct stage *s)
{
	struct consumer *consumer;
	struct batch batch;
	const struct str out = S("out");
	real_backend->open(s->broker,
	                   &(struct consumer_names){ S("test-bot"), 0, S(STAGE_INPUT), &out, 1 },
	                   &consumer, NULL);
	real_backend->receive(consumer, (struct receive_limits){ 10000, SIZE_MAX }, &s->arena,
	                      &batch, NULL);
	for (size_t at = 0; at < shared->tape_used;) {
		struct commit c = { .n_consumed = tape_number(&at) };
		struct message *consumed = arena_zalloc(&s->arena, c.n_consumed + 1,
		                                        sizeof *consumed);
		for (size_t i = 0; i < c.n_consumed; i++)
			memcpy(&consumed[i], tape_take(&at, sizeof *consumed), sizeof *consumed);
		bool noted;
		memcpy(&noted, tape_take(&at, sizeof noted), sizeof noted);
		struct message note;
		if (noted)
			memcpy(&note, tape_take(&at, sizeof note), sizeof note);
		c.n_published = tape_number(&at);
		struct publish *published = arena_zalloc(&s->arena, c.n_published + 1,
		                                         sizeof *published);
		for (size_t i = 0; i < c.n_published; i++) {
			size_t n = tape_number(&at);
			published[i] = (struct publish){ { tape_take(&at, n), n }, &out, 1 };
		}
		c.consumed = consumed;
		c.noted = noted ? &note : NULL;
		c.published = published;
		struct err err;
		if (real_backend->commit(consumer, &c, &err) < 0)
			fail_msg("replay: %s", err.text);
	}
	consumer_close(consumer);
}

/* What intelmqd does. */
static void judge(int status, struct place *last)
{
	struct worker_page *page = &shared->page;
	struct place here = page->working;
	bool again = here.block == last->block && here.at == last->at && here.row == last->row;
	assert_true(here.block != 0);
	assert_int_equal(page->exits, 0);
	*page = (struct worker_page){ .version = PAGE_VERSION,
		                      .careful = here,
		                      .quarantine = again };
	snprintf(page->death, sizeof page->death, "died of signal %d twice", WTERMSIG(status));
	*last = here;
}

/* Lives until one ends well; how many there were. */
static int live_until_done(struct stage *s, const struct bot_type *type)
{
	struct place last = { 0 };
	real_backend = s->real;
	shared->page = (struct worker_page){ .version = PAGE_VERSION };
	for (int lives = 1; lives < MAX_LIVES; lives++) {
		shared->tape_used = shared->row_calls = shared->commits = 0;
		fflush(NULL);
		pid_t pid = fork();
		if (pid == 0)
			live(s, type);
		int status;
		assert_int_equal(waitpid(pid, &status, 0), pid);
		replay(s);
		if (WIFEXITED(status)) {
			assert_int_equal(WEXITSTATUS(status), 0);
			assert_int_equal(stage_left(s, STAGE_INPUT), 0);
			return lives;
		}
		assert_int_equal(WTERMSIG(status), SIGSEGV);
		judge(status, &last);
	}
	fail_msg("it dies for ever");
	return 0;
}

static int begin(void **state)
{
	struct stage *s = calloc(1, sizeof *s);
	stage_init(s, (struct queue_limits){ 0 });
	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE,
	              MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_true(shared != MAP_FAILED);
	shared->deaths_left = -1;
	s->backend.commit = s->real->commit;
	*state = s;
	return 0;
}

static int end(void **state)
{
	stage_fini(*state);
	free(*state);
	munmap(shared, sizeof *shared);
	return 0;
}

/* ---- What came out ---- */

/* The comments of all events that were sent, by spaces. */
static const char *sent(struct stage *s)
{
	struct str *messages;
	struct buffer all;
	size_t n = stage_sent(s, "out", &messages);
	buffer_init_in(&all, &s->arena, 64 * 1024 * 1024);
	for (size_t i = 0; i < n; i++) {
		struct err err;
		struct event *e = event_decode(&s->arena, s->format, messages[i], S("Event"),
		                               WIRE_CHECKED, &err);
		assert_non_null(e);
		struct str comment = event_get(e, "comment")->text;
		buffer_printf(&all, "%s%.*s", i ? " " : "", (int)(comment.n > 8 ? 8 : comment.n),
		              comment.p);
	}
	buffer_add_char(&all, 0);
	return all.p;
}

static bool dumped(size_t i, const char *part)
{
	return strstr(shared->dumps[i], part) != NULL;
}

static void push_event(struct stage *s, const char *comment)
{
	stage_push(
		s,
		arena_printf(&s->arena, "{\"comment\": \"%s\", \"__type\": \"Event\"}", comment).p);
}

/* ---- Rows ---- */

static void one_row(void **state)
{
	struct stage *s = *state;
	stage_push_report(s, S("1\n2\nbad\n4\ncrash\n6\n7\n"));
	stage_push_report(s, S("8\n"));
	assert_int_equal(live_until_done(s, &fragile), 3);
	assert_string_equal(sent(s), "1 2 4 6 7 8");
	/* The bad row was dumped with the part that held it, once. */
	assert_int_equal(shared->n_dumps, 2);
	assert_non_null(strstr(shared->reasons[0], "row 3: InvalidValue"));
	assert_true(dumped(1, "\"raw\": \"Y3Jhc2g=\"")); /* crash */
	assert_string_equal(shared->reasons[1],
	                    "row 5: Error: not tried again: died of signal 11 twice");
	assert_int_equal(shared->page.careful.block, 0);
	assert_int_equal(shared->page.counters.dumped, 1);
	assert_int_equal(shared->page.counters.failed, 1);
	assert_string_equal(shared->page.state, "running");
	assert_int_equal(shared->page.initialised, 1);
}

/* What kills once may have been somebody else's fault: it is tried again, alone, and goes on. */
static void once(void **state)
{
	struct stage *s = *state;
	shared->deaths_left = 1;
	stage_push_report(s, S("1\n2\ncrash\n4\n"));
	assert_int_equal(live_until_done(s, &fragile), 2);
	assert_string_equal(sent(s), "1 2 crash 4");
	assert_int_equal(shared->n_dumps, 0);
	/* Before that row, behind it, and the end. */
	assert_int_equal(shared->commits, 3);
	assert_int_equal(shared->row_calls, 4);
}

static void two_rows(void **state)
{
	struct stage *s = *state;
	stage_push_report(s, S("1\ncrash\n3\n4\ncrash too\n6\n"));
	assert_int_equal(live_until_done(s, &fragile), 5);
	assert_string_equal(sent(s), "1 3 4 6");
	assert_int_equal(shared->n_dumps, 2);
	assert_true(dumped(0, "Y3Jhc2g="));
	assert_true(dumped(1, "Y3Jhc2ggdG9v")); /* crash too */
}

static void first_and_last_row(void **state)
{
	struct stage *s = *state;
	stage_push_report(s, S("crash\n2\ncrash too\n"));
	assert_int_equal(live_until_done(s, &fragile), 5);
	assert_string_equal(sent(s), "2");
	assert_int_equal(shared->n_dumps, 2);
}

/* Parts that were committed before the death are not done again. */
static void large_report(void **state)
{
	struct stage *s = *state;
	struct buffer text, expected;
	buffer_init_in(&text, &s->arena, 64 * 1024 * 1024);
	buffer_init_in(&expected, &s->arena, 64 * 1024);
	char filler[100 * 1024];
	memset(filler, 'x', sizeof filler);
	for (int i = 1; i <= 150; i++) {
		if (i == 120) {
			buffer_add_str(&text, S("crash\n"));
			continue;
		}
		buffer_printf(&text, "%07d ", i);
		buffer_add(&text, filler, sizeof filler);
		buffer_add_char(&text, '\n');
		buffer_printf(&expected, "%s%07d ", i > 1 ? " " : "", i);
	}
	buffer_add_char(&expected, 0);
	stage_push_report(s, buffer_str(&text));
	assert_int_equal(live_until_done(s, &fragile), 3);
	assert_string_equal(sent(s), expected.p);
	assert_int_equal(shared->n_dumps, 1);
	assert_int_equal(shared->row_calls, 30); /* of the third life: only those behind the row */
}

/* A line that has to be read for the rows behind it cannot be left out: the report goes as a whole. */
static void header(void **state)
{
	struct stage *s = *state;
	stage_push_report(s, S("# crash\n1\n2\n"));
	stage_push_report(s, S("3\n"));
	assert_int_equal(live_until_done(s, &fragile), 3);
	assert_string_equal(sent(s), "3");
	assert_int_equal(shared->n_dumps, 1);
	assert_true(dumped(0, "IyBjcmFzaAoxCjIK")); /* all of it */
	assert_string_equal(shared->reasons[0], "died of signal 11 twice");
}

static void whole_report(void **state)
{
	struct stage *s = *state;
	stage_push_report(s, S("1\ncrash\n3\n"));
	stage_push_report(s, S("4\n"));
	assert_int_equal(live_until_done(s, &fragile_whole), 3);
	assert_string_equal(sent(s), "4");
	assert_int_equal(shared->n_dumps, 1);
	assert_true(dumped(0, "MQpjcmFzaAozCg=="));
}

/* ---- Events ---- */

static void one_event(void **state)
{
	struct stage *s = *state;
	const char *const comments[] = { "1", "2", "3", "crash", "5", "6", "7" };
	for (size_t i = 0; i < 7; i++)
		push_event(s, comments[i]);
	assert_int_equal(live_until_done(s, &fragile_expert), 3);
	assert_string_equal(sent(s), "1 2 3 5 6 7");
	assert_int_equal(shared->n_dumps, 1);
	assert_string_equal(shared->dumps[0], "{\"comment\": \"crash\", \"__type\": \"Event\"}");
	assert_string_equal(shared->reasons[0], "died of signal 11 twice");
	/* The third life: that event alone, one more to see that it is past, then all others at once. */
	assert_int_equal(shared->commits, 3);
	assert_int_equal(shared->page.counters.received, 4);
	assert_int_equal(shared->page.counters.sent, 3);
}

static void neighbours(void **state)
{
	struct stage *s = *state;
	push_event(s, "crash");
	push_event(s, "crash too");
	push_event(s, "3");
	assert_int_equal(live_until_done(s, &fragile_expert), 5);
	assert_string_equal(sent(s), "3");
	assert_int_equal(shared->n_dumps, 2);
}

/* Bytes that are no text are dumped as bytes; nobody decodes them first. */
static void no_text(void **state)
{
	struct stage *s = *state;
	s->page = &shared->page;
	stage_push(s, "\xff\xfe");
	stage_push(s, "{\"comment\": \"2\", \"__type\": \"Event\"}");
	/* Where it lies is known from a look at it. */
	struct consumer *consumer;
	struct batch batch;
	assert_int_equal(
		consumer_open(s->broker, S("x"), 0, S(STAGE_INPUT), NULL, 0, &consumer, NULL), 0);
	assert_int_equal(broker_receive(consumer, (struct receive_limits){ 1, 1000 }, &s->arena,
	                                &batch, NULL),
	                 1);
	shared->page.careful = (struct place){ .block = batch.messages[0].block,
		                               .at = batch.messages[0].at };
	shared->page.quarantine = 1;
	snprintf(shared->page.death, PAGE_STATE, "a reason");
	consumer_close(consumer);
	assert_true(stage_enter(s, &fragile_expert));
	assert_true(stage_run(s));
	assert_string_equal(sent(s), "2");
	assert_int_equal(s->dumps->n, 1);
	assert_true(value_is_text(s->dumps->items[0], S("\xff\xfe")));
	assert_true(stage_logged(s, "ERROR The message is not tried again: a reason"));
	assert_int_equal(worker_counters(s->worker)->dumped, 1);
}

/* ---- An end in the middle ---- */

static volatile sig_atomic_t hurry;

static enum result hasty_row(struct bot *bot, const struct row *row, struct event *e)
{
	(void)bot;
	hurry |= str_eq(row->line, S("now"));
	return event_set(e, "comment", row->line);
}

static const struct bot_type hasty = {
	.module = "test.parser",
	.summary = "Is told to end at a certain row.",
	.rows = ROWS_LINES,
	.row = hasty_row,
	.raw = RAW_LINE,
};

static void hurries(void **state)
{
	struct stage *s = *state;
	hurry = 0;
	s->hurry = &hurry;
	stage_push_report(s, S("1\nnow\n3\n4\n"));
	assert_true(stage_enter(s, &hasty));
	worker_step(s->worker);
	assert_string_equal(sent(s), "1 now");
	assert_int_equal(worker_counters(s->worker)->failed, 0);
	worker_stop(s->worker);
	assert_int_equal(worker_step(s->worker), WORKER_STOPPED);
	assert_int_equal(worker_exit_code(s->worker), 0);
	assert_int_equal(stage_left(s, STAGE_INPUT), 1);
	stage_leave(s);
	hurry = 0;
	assert_true(stage_enter(s, &hasty));
	assert_true(stage_run(s));
	assert_string_equal(sent(s), "1 now 3 4");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_row),      TEST(once),    TEST(two_rows),  TEST(first_and_last_row),
		TEST(large_report), TEST(header),  TEST(one_event), TEST(whole_report),
		TEST(neighbours),   TEST(no_text), TEST(hurries),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
