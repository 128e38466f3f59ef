/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Life of a worker: reload, timers, streams, parts of large reports, state, pace, log lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "config/findings.h"
#include "tests/stage.h"

#define EASY "{\"source.port\": 80, \"__type\": \"Event\"}"

static struct told {
	int inits, finis, calls, ticks;
	enum result tick_says;
	enum result stream_says;
	size_t seen; /* messages in `out` when report_emit_committed returned */
	struct stage *stage;
} told;

/* ---- An expert with a parameter, state and a timer ---- */

struct params {
	const char *mark;
};

#define PARAMS struct params
static const struct param params[] = {
	STR(mark, "Text for the comment.", .required = true),
	{ 0 },
};

static enum result marker_init(struct bot *bot)
{
	(void)bot;
	told.inits++;
	return DONE;
}

static void marker_fini(struct bot *bot)
{
	(void)bot;
	told.finis++;
}

static enum result marker_enrich(struct bot *bot, struct event *e)
{
	const struct params *p = bot->params;
	told.calls++;
	return event_set(e, "comment", str_of(p->mark));
}

static const struct bot_type marker = {
	.module = "test.marker",
	.summary = "Sets a comment.",
	PARAMS_OF(.mark = NULL),
	.init = marker_init,
	.fini = marker_fini,
	.enrich = marker_enrich,
};

static struct dict *mark_of(struct stage *s, const char *mark)
{
	struct dict *parameters = dict_new(&s->arena);
	if (mark)
		dict_set(parameters, S("mark"), value_cstr(mark));
	return parameters;
}

static struct str only_sent(struct stage *s)
{
	struct str *sent;
	assert_int_equal(stage_sent(s, "out", &sent), 1);
	broker_clear(s->broker, S("out"), NULL);
	return sent[0];
}

static void stage_begin(struct stage *s)
{
	told = (struct told){ .stage = s };
	stage_init(s, (struct queue_limits){ 0 });
}

/* ---- Reload ---- */

static void reload_takes_new_parameters(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	s.parameters = mark_of(&s, "first");
	assert_true(stage_enter(&s, &marker));
	stage_push(&s, EASY);
	stage_run(&s);
	assert_true(str_find(only_sent(&s), S("first")) != STR_NOT_FOUND);
	struct dict *second = mark_of(&s, "second");
	worker_reload(s.worker, second);
	dict_set(second, S("mark"), value_cstr("changed afterwards")); /* the worker has its copy */
	stage_push(&s, EASY);
	stage_run(&s);
	assert_true(str_find(only_sent(&s), S("second")) != STR_NOT_FOUND);
	assert_int_equal(told.inits, 2);
	assert_int_equal(told.finis, 1);
	assert_true(stage_logged(&s, "INFO Handling SIGHUP, initializing again now.\n"));
	stage_fini(&s);
}

static void last_of_two_reloads_counts(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	s.parameters = mark_of(&s, "first");
	assert_true(stage_enter(&s, &marker));
	worker_reload(s.worker, mark_of(&s, "second"));
	worker_reload(s.worker, mark_of(&s, "third"));
	stage_push(&s, EASY);
	stage_run(&s);
	assert_true(str_find(only_sent(&s), S("third")) != STR_NOT_FOUND);
	assert_int_equal(told.inits, 2);
	stage_fini(&s);
}

static void bad_reload_stops(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	s.parameters = mark_of(&s, "first");
	assert_true(stage_enter(&s, &marker));
	worker_reload(s.worker, mark_of(&s, NULL));
	stage_push(&s, EASY);
	assert_false(stage_run(&s));
	assert_int_equal(worker_exit_code(s.worker), 1);
	assert_int_equal(stage_left(&s, STAGE_INPUT), 1);
	assert_int_equal(told.finis, 1);
	stage_fini(&s);
}

/* The rest of an idle time follows the new rate limit. */
static void reload_shortens_idling(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	s.parameters = mark_of(&s, "first");
	stage_set(&s, "rate_limit", value_int(3600));
	assert_true(stage_enter(&s, &marker));
	stage_push(&s, EASY);
	stage_push(&s, EASY);
	assert_int_equal(worker_step(s.worker), 3600 * 1000);
	clock_advance(20 * 1000000);
	struct dict *faster = mark_of(&s, "second");
	dict_set(faster, S("rate_limit"), value_int(30));
	worker_reload(s.worker, faster);
	assert_int_equal(worker_step(s.worker), 10 * 1000);
	clock_advance(10 * 1000000);
	worker_step(s.worker);
	assert_int_equal(told.calls, 2);
	stage_fini(&s);
}

/* ---- Stop ---- */

static void stop_ends(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	s.parameters = mark_of(&s, "x");
	assert_true(stage_enter(&s, &marker));
	stage_push(&s, EASY);
	worker_stop(s.worker);
	assert_int_equal(worker_step(s.worker), WORKER_STOPPED);
	assert_int_equal(worker_step(s.worker), WORKER_STOPPED);
	assert_true(worker_has_ended(s.worker));
	assert_int_equal(worker_exit_code(s.worker), 0);
	assert_int_equal(stage_left(&s, STAGE_INPUT), 1);
	assert_int_equal(told.finis, 1);
	assert_true(stage_logged(&s, "INFO Received SIGTERM.\nINFO Bot stopped.\n"));
	stage_fini(&s);
}

static void wrong_parameters_refuse_the_start(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	assert_false(stage_enter(&s, &marker));
	assert_int_equal(told.inits, 0);
	assert_true(stage_logged(&s, "ERROR "));
	stage_fini(&s);
}

/* ---- Timers ---- */

static enum result timer_tick(struct bot *bot)
{
	told.ticks++;
	struct event *e = bot_new_event(bot);
	enum result result = event_set(e, "comment", S("tick"));
	state_set(bot, arena_printf(bot->arena, "tick %d", told.ticks), S("x"), 0);
	if (result == DONE)
		result = bot_emit(bot, e);
	if (result == DONE && told.tick_says != DONE)
		return bot_fail(bot, told.tick_says, "the tick fails");
	return result;
}

static enum result timer_enrich(struct bot *bot, struct event *e)
{
	(void)bot, (void)e;
	told.calls++;
	return DONE;
}

static const struct bot_type timer = {
	.module = "test.timer",
	.summary = "Emits once a second.",
	.uses = USES_STATE,
	.enrich = timer_enrich,
	.tick = timer_tick,
};

static size_t saved_keys(struct stage *s)
{
	return state_table_count(worker_keyed_state(s->worker));
}

static void ticks_come_once_a_second(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	assert_true(stage_enter(&s, &timer));
	int64_t wait = worker_step(s.worker);
	assert_in_range(wait, 1, 1000);
	int before = told.ticks;
	for (int i = 0; i < 10; i++)
		worker_step(s.worker); /* no time passes */
	assert_int_equal(told.ticks, before);
	for (int i = 0; i < 5; i++) {
		clock_advance(1000000);
		worker_step(s.worker);
	}
	assert_int_equal(told.ticks, before + 5);
	assert_int_equal(stage_left(&s, "out"), told.ticks);
	/* What was remembered is committed: a new worker has it. */
	stage_leave(&s);
	assert_true(stage_enter(&s, &timer));
	assert_int_equal(saved_keys(&s), told.ticks);
	stage_fini(&s);
}

static void ticks_go_on_while_idling(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	stage_set(&s, "rate_limit", value_int(60));
	assert_true(stage_enter(&s, &timer));
	stage_push(&s, EASY);
	stage_push(&s, EASY);
	worker_step(s.worker);
	int before = told.ticks;
	for (int i = 0; i < 10; i++) {
		clock_advance(1000000);
		assert_in_range(worker_step(s.worker), 0, 1000);
	}
	assert_int_equal(told.ticks, before + 10);
	assert_int_equal(told.calls, 1);
	stage_fini(&s);
}

static void failed_tick_leaves_nothing(void **state)
{
	(void)state;
	static const enum result says[] = { BAD_DATA, TRY_LATER };
	for (size_t i = 0; i < 2; i++) {
		struct stage s;
		stage_begin(&s);
		told.tick_says = says[i];
		assert_true(stage_enter(&s, &timer));
		clock_advance(1000000);
		worker_step(s.worker);
		assert_int_equal(stage_left(&s, "out"), 0);
		assert_int_equal(saved_keys(&s), 0);
		assert_true(stage_logged(&s, "the tick fails"));
		told.tick_says = DONE;
		clock_advance(1000000);
		worker_step(s.worker);
		assert_int_equal(stage_left(&s, "out"), 1);
		stage_fini(&s);
	}
}

static void tick_can_stop_the_bot(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	told.tick_says = BAD_CONF;
	assert_true(stage_enter(&s, &timer));
	clock_advance(1000000);
	stage_push(&s, EASY);
	assert_false(stage_run(&s));
	assert_int_equal(worker_exit_code(s.worker), 1);
	assert_int_equal(told.calls, 0);
	stage_fini(&s);
}

/* The commit of a tick that failed is tried again; the tick does not run in between. */
static void commit_of_a_tick_is_tried_again(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	assert_true(stage_enter(&s, &timer));
	s.commits_to_fail = 2;
	clock_advance(1000000);
	worker_step(s.worker);
	clock_advance(15000000);
	worker_step(s.worker);
	assert_int_equal(told.ticks, 1);
	assert_int_equal(stage_left(&s, "out"), 0);
	clock_advance(15000000);
	worker_step(s.worker);
	assert_int_equal(stage_left(&s, "out"), 1);
	stage_fini(&s);
}

/* ---- Streams ---- */

static enum result streamer_stream(struct bot *bot)
{
	told.calls++;
	enum result result = bot_emit_report(bot, bot_new_report(bot), S("data"));
	if (result == DONE)
		result = report_emit_committed(bot);
	told.seen = stage_left(told.stage, "out");
	if (result != DONE)
		return result;
	/* A second one, which is not confirmed. */
	result = bot_emit_report(bot, bot_new_report(bot), S("more"));
	if (result == DONE && told.stream_says != DONE)
		return bot_fail(bot, told.stream_says, "the connection broke");
	return result;
}

static const struct bot_type streamer = {
	.module = "test.streamer",
	.summary = "Emits as data comes.",
	.stream = streamer_stream,
};

static void stream_is_told_when_committed(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	assert_true(stage_enter(&s, &streamer));
	assert_int_equal(worker_step(s.worker), 0);
	assert_int_equal(told.seen, 1);
	assert_int_equal(s.durable_commits, 1);
	assert_int_equal(stage_left(&s, "out"), 2);
	worker_step(s.worker);
	assert_int_equal(told.seen, 3);
	stage_fini(&s);
}

/* What was confirmed stays, what was not is taken back. */
static void broken_stream_keeps_what_was_confirmed(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	told.stream_says = TRY_LATER;
	assert_true(stage_enter(&s, &streamer));
	worker_step(s.worker);
	assert_int_equal(stage_left(&s, "out"), 1);
	assert_int_equal(worker_step(s.worker), 15000);
	stage_fini(&s);
}

/* The broker is away: the sender is told so, and nothing of it is stored later. */
static void stream_is_told_of_a_failed_commit(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	assert_true(stage_enter(&s, &streamer));
	s.commits_to_fail = 1;
	int64_t wait = worker_step(s.worker);
	assert_int_equal(wait, 15000);
	assert_int_equal(stage_left(&s, "out"), 0);
	assert_true(stage_logged(&s, "ERROR Pipeline failed. the broker is away"));
	clock_advance(wait * 1000);
	worker_step(s.worker);
	assert_int_equal(stage_left(&s, "out"), 2);
	stage_fini(&s);
}

/* ---- Large reports ---- */

enum { ROWS = 40000 };

static int crash_at; /* row at which the parser waits, 0: never */

static enum result wide_row(struct bot *bot, const struct row *row, struct event *e)
{
	told.calls++;
	if (crash_at && row->number == (size_t)crash_at)
		return bot_fail(bot, TRY_LATER, "not now");
	enum result result = event_set(e, "extra.number", row->line);
	if (result == DONE && row->number % 1000 == 7)
		return event_set(e, "source.ip", S("nonsense"));
	return result == DONE ? event_set(e, "comment",
	                                  S("Some text, so that the events of many rows are more "
	                                    "than one part of a report."))
	                      : result;
}

static const struct bot_type wide = {
	.module = "test.wide",
	.summary = "Makes much of little.",
	.rows = ROWS_LINES,
	.row = wide_row,
	.raw = RAW_LINE,
};

static void push_rows(struct stage *s)
{
	struct buffer text;
	buffer_init_in(&text, &s->arena, SIZE_MAX / 2);
	for (int i = 1; i <= ROWS; i++)
		buffer_printf(&text, "%d\n", i);
	stage_push_report(s, buffer_str(&text));
}

/* Every row but the bad ones is there once and in order. */
static void check_rows(struct stage *s)
{
	struct str *sent;
	size_t n = stage_sent(s, "out", &sent), at = 0;
	assert_int_equal(n, ROWS - ROWS / 1000);
	for (int i = 1; i <= ROWS; i++) {
		if (i % 1000 == 7)
			continue;
		struct str key = arena_printf(&s->arena, "\"extra.number\": \"%d\"", i);
		if (str_find(sent[at++], key) == STR_NOT_FOUND)
			fail_msg("row %d is not where it should be", i);
	}
	assert_int_equal(s->dumps->n, ROWS / 1000);
	assert_int_equal(stage_left(s, STAGE_INPUT), 0);
}

static void large_report_is_committed_in_parts(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	crash_at = 0;
	push_rows(&s);
	assert_true(stage_enter(&s, &wide));
	assert_true(stage_run(&s));
	assert_in_range(s.commits, 2, 20);
	check_rows(&s);
	stage_fini(&s);
}

/* The worker dies in the middle; the next one skips what was committed. */
static void next_worker_goes_on_in_the_middle(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	crash_at = ROWS - 10;
	push_rows(&s);
	assert_true(stage_enter(&s, &wide));
	worker_step(s.worker);
	size_t first = stage_left(&s, "out"), dumped = s.dumps->n;
	assert_in_range(first, 1, ROWS - 100);
	assert_in_range(dumped, 1, ROWS / 1000);
	stage_leave(&s);
	crash_at = 0;
	told.calls = 0;
	assert_true(stage_enter(&s, &wide));
	assert_true(stage_run(&s));
	assert_in_range(told.calls, 1, ROWS - (int)first);
	check_rows(&s);
	stage_fini(&s);
}

/* The same worker, which tries again after a pause, behind messages that share its batch. */
static void same_worker_goes_on_in_the_middle(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	crash_at = ROWS - 10;
	stage_push_report(&s, S("0"));
	push_rows(&s);
	assert_true(stage_enter(&s, &wide));
	worker_step(s.worker);
	crash_at = 0;
	assert_true(stage_run(&s));
	struct str *sent;
	assert_int_equal(stage_sent(&s, "out", &sent), ROWS - ROWS / 1000 + 1);
	stage_fini(&s);
}

/* A part that cannot be committed is no reason to dump the report, nor to lose or repeat rows. */
static void part_that_cannot_be_committed(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	crash_at = 0;
	stage_set(&s, "error_max_retries", value_int(0));
	stage_set(&s, "error_dump_message", value_bool(false));
	push_rows(&s);
	assert_true(stage_enter(&s, &wide));
	s.commits_to_fail = 3;
	assert_true(stage_run(&s));
	assert_int_equal(stage_left(&s, "out"), ROWS - ROWS / 1000);
	stage_fini(&s);
}

/* ---- Keyed state ---- */

static enum result counter_enrich(struct bot *bot, struct event *e)
{
	struct str count = STR_NONE;
	told.calls++;
	bool known = state_get(bot, S("n"), &count);
	state_set(bot, S("n"), arena_printf(bot->arena, "%.*sI", STR_ARG(known ? count : S(""))),
	          0);
	if (event_has(e, "comment"))
		return bot_fail(bot, BAD_DATA, "on order");
	return DONE;
}

static const struct bot_type counter = {
	.module = "test.counter",
	.summary = "Counts in its state.",
	.uses = USES_STATE,
	.enrich = counter_enrich,
};

static void state_of_failed_messages_is_undone(void **state)
{
	(void)state;
	struct stage s;
	struct str count;
	stage_begin(&s);
	assert_true(stage_enter(&s, &counter));
	stage_push(&s, EASY);
	stage_push(&s, "{\"comment\": \"fail\", \"__type\": \"Event\"}");
	stage_push(&s, EASY);
	assert_true(stage_run(&s));
	assert_true(state_table_get(worker_keyed_state(s.worker), &s.arena, S("n"), &count));
	assert_true(str_eq(count, S("II")));
	/* And it is where the broker keeps it. */
	stage_leave(&s);
	assert_true(stage_enter(&s, &counter));
	assert_true(state_table_get(worker_keyed_state(s.worker), &s.arena, S("n"), &count));
	assert_true(str_eq(count, S("II")));
	stage_fini(&s);
}

static void state_of_an_uncommitted_batch_is_lost(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	assert_true(stage_enter(&s, &counter));
	stage_push(&s, EASY);
	s.commits_to_fail = 1;
	worker_step(s.worker);
	stage_leave(&s);
	assert_true(stage_enter(&s, &counter));
	assert_int_equal(saved_keys(&s), 0);
	stage_fini(&s);
}

static enum result rememberer_enrich(struct bot *bot, struct event *e)
{
	(void)e;
	state_set(bot, arena_printf(bot->arena, "key %d", ++told.calls), S("x"), 0);
	return DONE;
}

static const struct bot_type rememberer = {
	.module = "test.rememberer",
	.summary = "Remembers a key more with each message.",
	.uses = USES_STATE,
	.enrich = rememberer_enrich,
};

/* Only a broker that stores changes as they come gets old entries once more; a failed commit is made anew. */
static void entries_of_long_ago_are_committed_again(void **state)
{
	(void)state;
	for (int wanted = 0; wanted < 2; wanted++) {
		struct stage s;
		stage_begin(&s);
		s.backend.wants_again = wanted;
		assert_true(stage_enter(&s, &rememberer));
		static const size_t changes[] = { 1, 2, 3, 3, 3 };
		static const size_t rounds[] = { 1, 2, 3, 4, 4 };
		for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
			stage_push(&s, EASY);
			s.commits_to_fail = i % 2;
			assert_true(stage_run(&s));
			assert_int_equal(s.changes, wanted ? changes[i] : 1);
			assert_int_equal(s.rounds, wanted ? rounds[i] : 0);
		}
		assert_int_equal(saved_keys(&s), 5);
		stage_leave(&s);
		assert_true(stage_enter(&s, &rememberer));
		assert_int_equal(saved_keys(&s), 5);
		stage_fini(&s);
	}
}

static void sync_commit_waits_for_the_disk(void **state)
{
	(void)state;
	static const char *const syncs[] = { "group", "commit" };
	for (size_t i = 0; i < 2; i++) {
		struct stage s;
		stage_begin(&s);
		stage_set(&s, "sync", value_cstr(syncs[i]));
		assert_true(stage_enter(&s, &rememberer));
		stage_push(&s, EASY);
		assert_true(stage_run(&s));
		assert_int_equal(s.commits, 1);
		assert_int_equal(s.durable_commits, i);
		stage_fini(&s);
	}
}

/* Whoever wants more gets one, and hears of it. */
static void check_tells_of_instances_with_state(void **state)
{
	(void)state;
	struct stage s;
	struct findings findings;
	stage_begin(&s);
	findings_init(&findings, &s.arena);
	stage_set(&s, "instances", value_int(2));
	const struct host host = { .format = s.format };
	const struct worker_options options = { .id = "test-bot",
		                                .type = &rememberer,
		                                .parameters = s.parameters };
	worker_check(&host, &options, &findings);
	assert_int_equal(findings.counts[SEVERITY_WARNING], 1);
	stage_fini(&s);
}

/* ---- Pace and paths ---- */

static void progress_is_logged(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	s.parameters = mark_of(&s, "x");
	stage_set(&s, "log_processed_messages_count", value_int(5));
	stage_set(&s, "log_processed_messages_seconds", value_int(900));
	assert_true(stage_enter(&s, &marker));
	for (int i = 0; i < 5; i++)
		stage_push(&s, EASY);
	stage_run(&s);
	assert_int_equal(stage_logged_times(&s, "INFO Processed 5 messages since last logging.\n"),
	                 1);
	stage_push(&s, EASY);
	stage_run(&s);
	assert_int_equal(stage_logged_times(&s, "since last logging"), 1);
	clock_advance(INT64_C(901) * 1000000);
	worker_step(s.worker);
	assert_int_equal(stage_logged_times(&s, "INFO Processed 1 messages since last logging.\n"),
	                 1);
	/* The rest is said at the end, after the bot has ended. */
	stage_push(&s, EASY);
	stage_push(&s, EASY);
	stage_run(&s);
	worker_stop(s.worker);
	worker_step(s.worker);
	assert_true(stage_logged(
		&s, "INFO Processed 2 messages since last logging.\nINFO Bot stopped.\n"));
	stage_fini(&s);
}

static void load_balance_takes_turns(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	s.parameters = mark_of(&s, "x");
	stage_path(&s, "_default", "a b c");
	stage_set(&s, "load_balance", value_bool(true));
	assert_true(stage_enter(&s, &marker));
	for (int i = 0; i < 7; i++)
		stage_push(&s, EASY);
	stage_run(&s);
	assert_int_equal(stage_left(&s, "a"), 3);
	assert_int_equal(stage_left(&s, "b"), 2);
	assert_int_equal(stage_left(&s, "c"), 2);
	assert_int_equal(worker_sent(s.worker, "_default"), 7);
	stage_fini(&s);
}

static void without_load_balance_all_get_all(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	s.parameters = mark_of(&s, "x");
	stage_path(&s, "_default", "a b");
	assert_true(stage_enter(&s, &marker));
	stage_push(&s, EASY);
	stage_run(&s);
	assert_int_equal(stage_left(&s, "a"), 1);
	assert_int_equal(stage_left(&s, "b"), 1);
	assert_int_equal(worker_counters(s.worker)->sent, 1);
	stage_fini(&s);
}

static void missing_default_path_stops(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	s.parameters = mark_of(&s, "x");
	s.paths = dict_new(&s.arena);
	assert_true(stage_enter(&s, &marker));
	stage_push(&s, EASY);
	assert_false(stage_run(&s));
	assert_int_equal(worker_exit_code(s.worker), 1);
	assert_int_equal(stage_left(&s, STAGE_INPUT), 1);
	assert_true(stage_logged(&s, "no destination queue is configured for path '_default'"));
	stage_fini(&s);
}

/* The reference dumps neither; here they are finished. */
static void empty_events_are_not_sent(void **state)
{
	(void)state;
	struct stage s;
	stage_begin(&s);
	assert_true(stage_enter(&s, &timer));
	stage_push(&s, "{\"__type\": \"Event\"}");
	told.tick_says = BAD_DATA;
	assert_true(stage_run(&s));
	assert_int_equal(stage_left(&s, "out"), 0);
	assert_true(stage_logged(
		&s, "WARNING Ignoring empty message at sending. Possible bug in bot.\n"));
	stage_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reload_takes_new_parameters),
		cmocka_unit_test(last_of_two_reloads_counts),
		cmocka_unit_test(bad_reload_stops),
		cmocka_unit_test(reload_shortens_idling),
		cmocka_unit_test(stop_ends),
		cmocka_unit_test(wrong_parameters_refuse_the_start),
		cmocka_unit_test(ticks_come_once_a_second),
		cmocka_unit_test(ticks_go_on_while_idling),
		cmocka_unit_test(failed_tick_leaves_nothing),
		cmocka_unit_test(tick_can_stop_the_bot),
		cmocka_unit_test(commit_of_a_tick_is_tried_again),
		cmocka_unit_test(stream_is_told_when_committed),
		cmocka_unit_test(broken_stream_keeps_what_was_confirmed),
		cmocka_unit_test(stream_is_told_of_a_failed_commit),
		cmocka_unit_test(large_report_is_committed_in_parts),
		cmocka_unit_test(next_worker_goes_on_in_the_middle),
		cmocka_unit_test(same_worker_goes_on_in_the_middle),
		cmocka_unit_test(part_that_cannot_be_committed),
		cmocka_unit_test(state_of_failed_messages_is_undone),
		cmocka_unit_test(state_of_an_uncommitted_batch_is_lost),
		cmocka_unit_test(entries_of_long_ago_are_committed_again),
		cmocka_unit_test(sync_commit_waits_for_the_disk),
		cmocka_unit_test(check_tells_of_instances_with_state),
		cmocka_unit_test(progress_is_logged),
		cmocka_unit_test(load_balance_takes_turns),
		cmocka_unit_test(without_load_balance_all_get_all),
		cmocka_unit_test(missing_default_path_stops),
		cmocka_unit_test(empty_events_are_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
