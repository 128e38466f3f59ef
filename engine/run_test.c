/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* What becomes of a message when its verb, its flush or the broker fails: every cell of the error table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "tests/stage.h"

/* ---- A bot that fails on order ---- */

enum cause {
	FINE,
	DROPS,
	BAD_VALUE, /* an event_set with an invalid value */
	BAD_OTHER, /* bot_fail(BAD_DATA) */
	LATER,
	CONF,
};

static struct script {
	enum cause cause;
	int times; /* so often, then it is fine; -1: always */
	int calls;
	int inits, finis;
} script;

static enum result obey(struct bot *bot, struct event *e)
{
	enum cause cause = script.times != 0 && (!e || event_has(e, "comment")) ? script.cause
	                                                                        : FINE;
	script.calls++;
	if (cause != FINE && script.times > 0)
		script.times--;
	switch (cause) {
	case DROPS:
		return DROP;
	case BAD_VALUE:
		return event_set(e, "source.ip", S("nonsense"));
	case BAD_OTHER:
		return bot_fail(bot, BAD_DATA, "bad for another reason");
	case LATER:
		return bot_fail(bot, TRY_LATER, "the server is down");
	case CONF:
		return bot_fail(bot, BAD_CONF, "wrong settings");
	case FINE:
		break;
	}
	return DONE;
}

static enum result expert_enrich(struct bot *bot, struct event *e)
{
	struct event *more = bot_new_event(bot);
	enum result result = event_set(more, "event_description.text", S("emitted beside"));
	/* Emitted before it fails: must not get out. */
	if (result == DONE && event_has(e, "comment"))
		result = bot_emit(bot, more);
	return result == DONE ? obey(bot, e) : result;
}

static const struct bot_type expert = {
	.module = "test.expert",
	.summary = "Fails on order.",
	.enrich = expert_enrich,
};

static enum result output_deliver(struct bot *bot, const struct event *e)
{
	return obey(bot, (struct event *)(uintptr_t)e);
}

static const struct bot_type output = {
	.module = "test.output",
	.summary = "Fails on order.",
	.deliver = output_deliver,
};

/* Collectors fail as a whole: there is no message. */
static enum result collector_collect(struct bot *bot)
{
	struct event *report = bot_new_report(bot);
	enum result result = bot_emit_report(bot, report, S("text"));
	return result == DONE ? obey(bot, NULL) : result;
}

static const struct bot_type collector = {
	.module = "test.collector",
	.summary = "Fails on order.",
	.collect = collector_collect,
};

/* A parser whose rows fail where they say "bad"; a whole report fails where the row says "broken". */
static enum result parser_row(struct bot *bot, const struct row *row, struct event *e)
{
	script.calls++;
	if (str_eq(row->line, S("bad")))
		return event_set(e, "source.ip", row->line);
	if (str_eq(row->line, S("skip")))
		return DROP;
	if (script.times != 0 && str_eq(row->line, S("obey"))) {
		script.times -= script.times > 0;
		return bot_fail(bot, script.cause == CONF ? BAD_CONF : TRY_LATER, "on order");
	}
	return event_set(e, "comment", row->line);
}

static const struct bot_type parser = {
	.module = "test.parser",
	.summary = "Fails on order.",
	.rows = ROWS_LINES,
	.row = parser_row,
	.raw = RAW_LINE,
};

/* ---- The error table ---- */

#define TROUBLE "{\"comment\": \"trouble\", \"__type\": \"Event\"}"
#define EASY "{\"source.port\": 80, \"__type\": \"Event\"}"
#define NOT_JSON "{\"comment\": \"trouble"
#define NO_OBJECT "[1]"
#define UNKNOWN_FIELD "{\"no.such.field\": 1, \"__type\": \"Event\"}"

struct cell {
	const char *name;
	const struct bot_type *type;
	const char *first; /* the message that meets the cause; EASY follows it */
	enum cause cause;
	int times;
	/* settings */
	int retries; /* error_max_retries */
	const char *procedure;
	bool undumped;    /* error_dump_message: false */
	bool no_on_error; /* the path is not configured */
	bool scheduled;
	double rate_limit;
	/* what must come of it */
	int calls;   /* of the verb */
	size_t sent; /* on _default */
	size_t on_error;
	size_t dumps;
	size_t left; /* messages that stay in the queue */
	bool ends;
	int exit_code;
	double seconds; /* from the first step to the last */
	const char *log;
};

enum { DELAY = 15 };

// clang-format off
static const struct cell cells[] = {
	/* no error */
	{ "fine", &expert, TROUBLE, FINE, 0, 3, .calls = 2, .sent = 3 },
	{ "drop", &expert, TROUBLE, DROPS, 1, 3, .calls = 2, .sent = 2 },
	{ "fine, output", &output, TROUBLE, FINE, 0, 3, .calls = 2 },
	{ "fine, rate limit", &expert, TROUBLE, FINE, 0, 3, .rate_limit = 5, .calls = 2, .sent = 3, .seconds = 5,
	  .log = "INFO Idling for 5.0s (5s) now.\n" },
	{ "fine, scheduled", &expert, TROUBLE, FINE, 0, 3, .scheduled = true, .calls = 1, .sent = 2, .left = 1,
	  .ends = true, .log = "INFO Shutting down scheduled bot.\n" },
	{ "drop, scheduled", &expert, TROUBLE, DROPS, 1, 3, .scheduled = true, .calls = 1, .sent = 1, .left = 1,
	  .ends = true },

	/* an invalid value: one try */
	{ "invalid value", &expert, TROUBLE, BAD_VALUE, -1, 3, .calls = 2, .sent = 1, .on_error = 1, .dumps = 1,
	  .log = "ERROR Found an invalid value that violates the harmonization rules." },
	{ "invalid value, stop", &expert, TROUBLE, BAD_VALUE, -1, 3, "stop", .calls = 1, .on_error = 1, .dumps = 1,
	  .left = 1, .ends = true, .exit_code = 1 },
	{ "invalid value, not dumped", &expert, TROUBLE, BAD_VALUE, -1, 3, .undumped = true, .calls = 2, .sent = 1,
	  .on_error = 1, .log = "WARNING Messages that fail are removed and not dumped" },
	{ "invalid value, no path", &expert, TROUBLE, BAD_VALUE, -1, 3, .no_on_error = true, .calls = 2, .sent = 1,
	  .dumps = 1 },
	{ "invalid value, scheduled", &expert, TROUBLE, BAD_VALUE, -1, 3, .scheduled = true, .calls = 1, .on_error = 1,
	  .dumps = 1, .left = 1, .ends = true, .log = "INFO Shutting down scheduled bot.\n" },
	{ "invalid value, scheduled, stop", &expert, TROUBLE, BAD_VALUE, -1, 3, "stop", .scheduled = true, .calls = 1,
	  .on_error = 1, .dumps = 1, .left = 1, .ends = true },
	{ "invalid value, rate limit", &expert, TROUBLE, BAD_VALUE, -1, 3, .rate_limit = 5, .calls = 2, .sent = 1,
	  .on_error = 1, .dumps = 1, .seconds = 5 },
	{ "other bad data", &expert, TROUBLE, BAD_OTHER, -1, 3, .calls = 2, .sent = 1, .on_error = 1, .dumps = 1,
	  .log = "ERROR Bot has found a problem. bad for another reason\n" },
	{ "other bad data, output", &output, TROUBLE, BAD_OTHER, -1, 3, .calls = 2, .on_error = 1, .dumps = 1 },

	/* bytes that are no message: one try, nothing for _on_error */
	{ "undecodable", &expert, NOT_JSON, FINE, 0, 3, .calls = 1, .sent = 1, .dumps = 1,
	  .log = "ERROR Could not decode message from pipeline. No retries useful." },
	{ "no object", &expert, NO_OBJECT, FINE, 0, 3, .calls = 1, .sent = 1, .dumps = 1 },
	{ "undecodable, stop", &expert, NOT_JSON, FINE, 0, 3, "stop", .dumps = 1, .left = 1, .ends = true, .exit_code = 1 },
	{ "undecodable, not dumped", &expert, NOT_JSON, FINE, 0, 3, .undumped = true, .calls = 1, .sent = 1 },
	{ "undecodable, scheduled", &expert, NOT_JSON, FINE, 0, 3, .scheduled = true, .dumps = 1, .left = 1, .ends = true },

	/* errors that may go away: 1 + error_max_retries tries */
	{ "later, once", &expert, TROUBLE, LATER, 1, 3, .calls = 3, .sent = 3, .seconds = DELAY,
	  .log = "INFO Bot will continue in 15 seconds.\n" },
	{ "later, three times", &expert, TROUBLE, LATER, 3, 3, .calls = 5, .sent = 3, .seconds = 3 * DELAY },
	{ "later, too often", &expert, TROUBLE, LATER, 4, 3, .calls = 5, .sent = 1, .on_error = 1, .dumps = 1,
	  .seconds = 3 * DELAY },
	{ "later, no retries", &expert, TROUBLE, LATER, -1, 0, .calls = 2, .sent = 1, .on_error = 1, .dumps = 1 },
	{ "later, stop", &expert, TROUBLE, LATER, -1, 2, "stop", .calls = 3, .on_error = 1, .dumps = 1, .left = 1,
	  .ends = true, .exit_code = 1, .seconds = 2 * DELAY },
	{ "later, not dumped", &expert, TROUBLE, LATER, -1, 1, .undumped = true, .calls = 3, .sent = 1, .on_error = 1,
	  .seconds = DELAY },
	{ "later, no path", &expert, TROUBLE, LATER, -1, 1, .no_on_error = true, .calls = 3, .sent = 1, .dumps = 1,
	  .seconds = DELAY },
	{ "later, scheduled", &expert, TROUBLE, LATER, -1, 1, .scheduled = true, .calls = 2, .on_error = 1, .dumps = 1,
	  .left = 1, .ends = true, .seconds = DELAY, .log = "INFO Shutting down scheduled bot.\n" },
	{ "later, scheduled, in the end fine", &expert, TROUBLE, LATER, 1, 3, .scheduled = true, .calls = 2, .sent = 2,
	  .left = 1, .ends = true, .seconds = DELAY },
	{ "later, scheduled, stop", &expert, TROUBLE, LATER, -1, 1, "stop", .scheduled = true, .calls = 2, .on_error = 1,
	  .dumps = 1, .left = 1, .ends = true, .seconds = DELAY },
	{ "later, rate limit", &expert, TROUBLE, LATER, -1, 1, .rate_limit = 5, .calls = 3, .sent = 1, .on_error = 1,
	  .dumps = 1, .seconds = DELAY + 5 },
	{ "later, output", &output, TROUBLE, LATER, 1, 3, .calls = 3, .seconds = DELAY },
	{ "later, output, too often", &output, TROUBLE, LATER, -1, 2, .calls = 4, .on_error = 1, .dumps = 1,
	  .seconds = 2 * DELAY },

	/* the operator must act: nothing is consumed */
	{ "configuration", &expert, TROUBLE, CONF, -1, 3, .calls = 1, .left = 2, .ends = true, .exit_code = 1,
	  .log = "ERROR Bot has found a problem. wrong settings\n" },
	{ "configuration, scheduled", &expert, TROUBLE, CONF, -1, 3, .scheduled = true, .calls = 1, .left = 2, .ends = true,
	  .exit_code = 1 },
	{ "configuration, stop", &output, TROUBLE, CONF, -1, 3, "stop", .calls = 1, .left = 2, .ends = true, .exit_code = 1 },
	{ "unknown field", &expert, UNKNOWN_FIELD, FINE, 0, 3, .left = 2, .ends = true, .exit_code = 1 },
};
// clang-format on

static void stage_settings(struct stage *s, const struct cell *c)
{
	stage_set(s, "error_max_retries", value_int(c->retries));
	stage_set(s, "error_retry_delay", value_int(DELAY));
	if (c->procedure)
		stage_set(s, "error_procedure", value_cstr(c->procedure));
	stage_set(s, "error_dump_message", value_bool(!c->undumped));
	stage_set(s, "rate_limit", value_float(c->rate_limit));
	if (!c->no_on_error)
		stage_path(s, "_on_error", "errors");
	s->options.scheduled = c->scheduled;
}

static void same(const struct cell *c, const char *what, double expected, double got)
{
	if (expected < got || expected > got)
		fail_msg("%s: %s: expected %g, got %g", c->name, what, expected, got);
}

static void check_cell(const struct cell *c)
{
	struct stage s;
	script = (struct script){ .cause = c->cause, .times = c->times };
	stage_init(&s, (struct queue_limits){ 0 });
	stage_settings(&s, c);
	assert_true(stage_enter(&s, c->type));
	stage_push(&s, c->first);
	stage_push(&s, EASY);
	bool goes_on = stage_run(&s);
	same(c, "calls", c->calls, script.calls);
	same(c, "sent", (double)c->sent, (double)stage_left(&s, "out"));
	same(c, "on_error", (double)c->on_error, (double)stage_left(&s, "errors"));
	same(c, "dumps", (double)c->dumps, (double)s.dumps->n);
	same(c, "counted dumps", (double)c->dumps, (double)worker_counters(s.worker)->dumped);
	same(c, "left", (double)c->left, (double)stage_left(&s, STAGE_INPUT));
	same(c, "received", (double)(2 - c->left), (double)worker_counters(s.worker)->received);
	same(c, "ends", c->ends, !goes_on);
	same(c, "exit code", c->exit_code, worker_exit_code(s.worker));
	same(c, "seconds", c->seconds, stage_seconds(&s));
	if (c->log && !stage_logged(&s, c->log))
		fail_msg("%s: the log has no '%s', but:\n%.*s", c->name, c->log,
		         STR_ARG(buffer_str(&s.log)));
	stage_fini(&s);
}

static void error_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++)
		check_cell(&cells[i]);
}

/* What is dumped: the message, for an invalid value what it was made from, for undecodable bytes these. */
static void dumps_hold_the_message(void **state)
{
	(void)state;
	static const struct {
		const char *first;
		enum cause cause;
		const char *message, *reason;
	} rows[] = {
		{ TROUBLE, BAD_OTHER, TROUBLE, "Error: bad for another reason" },
		{ NOT_JSON, FINE, NOT_JSON, "DecodingError: " },
		{ TROUBLE, BAD_VALUE, "{\"comment\": \"trouble\"}",
		  "InvalidValue: invalid value 'nonsense' (<class 'str'>) for key 'source.ip'" },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stage s;
		script = (struct script){ .cause = rows[i].cause, .times = -1 };
		stage_init(&s, (struct queue_limits){ 0 });
		assert_true(stage_enter(&s, &expert));
		stage_push(&s, rows[i].first);
		assert_true(stage_run(&s));
		assert_int_equal(s.dumps->n, 1);
		assert_string_equal(s.dumps->items[0].text.p, rows[i].message);
		assert_memory_equal(s.reasons->items[0].text.p, rows[i].reason,
		                    strlen(rows[i].reason));
		stage_fini(&s);
	}
}

static void current_message_is_logged(void **state)
{
	(void)state;
	struct stage s;
	script = (struct script){ .cause = BAD_OTHER, .times = -1 };
	stage_init(&s, (struct queue_limits){ 0 });
	stage_set(&s, "error_log_message", value_bool(true));
	assert_true(stage_enter(&s, &expert));
	stage_push(&s, TROUBLE);
	stage_run(&s);
	assert_true(stage_logged(&s, "INFO Current Message(event): " TROUBLE ".\n"));
	stage_fini(&s);
}

/* The one-time warning is one. */
static void undumped_is_said_once(void **state)
{
	(void)state;
	struct stage s;
	script = (struct script){ .cause = BAD_OTHER, .times = -1 };
	stage_init(&s, (struct queue_limits){ 0 });
	stage_set(&s, "error_dump_message", value_bool(false));
	assert_true(stage_enter(&s, &expert));
	stage_push(&s, TROUBLE);
	stage_push(&s, TROUBLE);
	assert_true(stage_run(&s));
	assert_int_equal(stage_logged_times(&s, "not dumped"), 1);
	stage_fini(&s);
}

/* ---- Collectors ---- */

static void collectors_have_no_message(void **state)
{
	(void)state;
	static const struct {
		enum cause cause;
		int times, calls;
		size_t sent;
	} rows[] = {
		{ FINE, 0, 3, 3 },
		{ BAD_OTHER, 1, 3, 2 }, /* what it emitted before is taken back */
		{ LATER, 1, 3, 2 },
		{ LATER, -1, 3, 0 },
	};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct stage s;
		script = (struct script){ .cause = rows[i].cause, .times = rows[i].times };
		stage_init(&s, (struct queue_limits){ 0 });
		stage_set(&s, "rate_limit", value_int(60));
		assert_true(stage_enter(&s, &collector));
		for (int k = 0; k < 3; k++)
			clock_advance(worker_step(s.worker) * 1000);
		assert_int_equal(script.calls, rows[i].calls);
		assert_int_equal(stage_left(&s, "out"), rows[i].sent);
		assert_int_equal(s.dumps->n, 0);
		stage_fini(&s);
	}
}

static void scheduled_collector_ends(void **state)
{
	(void)state;
	struct stage s;
	script = (struct script){ 0 };
	stage_init(&s, (struct queue_limits){ 0 });
	s.options.scheduled = true;
	assert_true(stage_enter(&s, &collector));
	assert_int_equal(worker_step(s.worker), 0);
	assert_int_equal(worker_step(s.worker), WORKER_STOPPED);
	assert_int_equal(worker_exit_code(s.worker), 0);
	assert_int_equal(stage_left(&s, "out"), 1);
	stage_fini(&s);
}

/* ---- Parsers ---- */

static void bad_rows_leave_the_good(void **state)
{
	(void)state;
	struct stage s;
	script = (struct script){ 0 };
	stage_init(&s, (struct queue_limits){ 0 });
	stage_path(&s, "_on_error", "errors");
	assert_true(stage_enter(&s, &parser));
	stage_push_report(&s, S("one\nbad\nskip\ntwo\n"));
	assert_true(stage_run(&s));
	struct str *sent;
	assert_int_equal(stage_sent(&s, "out", &sent), 2);
	assert_string_equal(arena_cstr(&s.arena, sent[1]),
	                    "{\"feed.name\": \"F\", \"comment\": \"two\", \"raw\": \"dHdv\", "
	                    "\"__type\": \"Event\"}");
	assert_int_equal(s.dumps->n, 1);
	assert_int_equal(stage_sent(&s, "errors", &sent), 1);
	assert_string_equal(arena_cstr(&s.arena, sent[0]),
	                    "{\"feed.name\": \"F\", \"raw\": \"YmFk\", \"__type\": \"Report\"}");
	assert_string_equal(s.dumps->items[0].text.p, arena_cstr(&s.arena, sent[0]));
	assert_true(stage_logged(&s, "ERROR Failed to parse line."));
	assert_true(stage_logged(&s, "INFO Sent 2 events and found 1 problem(s).\n"));
	stage_fini(&s);
}

/* A report that must wait gives its events once. */
static void report_is_tried_again_as_a_whole(void **state)
{
	(void)state;
	struct stage s;
	script = (struct script){ .cause = LATER, .times = 2 };
	stage_init(&s, (struct queue_limits){ 0 });
	assert_true(stage_enter(&s, &parser));
	stage_push_report(&s, S("zero\n"));
	stage_push_report(&s, S("one\nobey\n"));
	assert_true(stage_run(&s));
	assert_int_equal(stage_left(&s, "out"), 3);
	assert_int_equal(s.dumps->n, 0);
	stage_fini(&s);
}

/* ---- The broker fails ---- */

/* Nothing is lost, nothing comes twice, and no message is to blame. */
static void failed_commits_are_tried_again(void **state)
{
	(void)state;
	static const struct bot_type *const types[] = { &expert, &parser };
	for (size_t i = 0; i < 2; i++) {
		struct stage s;
		script = (struct script){ 0 };
		stage_init(&s, (struct queue_limits){ 0 });
		stage_set(&s, "error_max_retries", value_int(1));
		assert_true(stage_enter(&s, types[i]));
		for (int k = 0; k < 3; k++) {
			if (i == 0)
				stage_push(&s, EASY);
			else
				stage_push_report(&s, S("row"));
		}
		s.commits_to_fail = 5;
		assert_true(stage_run(&s));
		assert_int_equal(stage_left(&s, "out"), 3);
		assert_int_equal(script.calls, 3);
		assert_int_equal(s.dumps->n, 0);
		assert_int_equal(worker_counters(s.worker)->sent, 3);
		assert_int_equal(
			stage_logged_times(&s, "ERROR Pipeline failed. the broker is away"), 5);
		same(&(struct cell){ .name = "commit" }, "seconds", 5 * 15, stage_seconds(&s));
		stage_fini(&s);
	}
}

static void failed_commit_of_a_collector(void **state)
{
	(void)state;
	struct stage s;
	script = (struct script){ 0 };
	stage_init(&s, (struct queue_limits){ 0 });
	stage_set(&s, "rate_limit", value_int(60));
	assert_true(stage_enter(&s, &collector));
	s.commits_to_fail = 2;
	for (int k = 0; k < 3; k++)
		clock_advance(worker_step(s.worker) * 1000);
	assert_int_equal(script.calls, 1);
	assert_int_equal(stage_left(&s, "out"), 1);
	stage_fini(&s);
}

/* A worker that dies without having committed leaves everything to the next one. */
static void uncommitted_goes_back(void **state)
{
	(void)state;
	struct stage s;
	script = (struct script){ 0 };
	stage_init(&s, (struct queue_limits){ 0 });
	assert_true(stage_enter(&s, &expert));
	stage_push(&s, EASY);
	stage_push(&s, EASY);
	s.commits_to_fail = 1;
	worker_step(s.worker);
	stage_leave(&s);
	assert_int_equal(stage_left(&s, "out"), 0);
	assert_true(stage_enter(&s, &expert));
	assert_true(stage_run(&s));
	assert_int_equal(stage_left(&s, "out"), 2);
	stage_fini(&s);
}

static void full_queue_stops_the_road(void **state)
{
	(void)state;
	struct stage s;
	script = (struct script){ 0 };
	stage_init(&s, (struct queue_limits){ .messages = 1 });
	stage_push(&s, EASY);
	assert_true(stage_enter(&s, &expert));
	worker_step(s.worker);
	assert_int_equal(stage_left(&s, "out"), 1);
	stage_push(&s, EASY);
	assert_int_equal(worker_step(s.worker), WORKER_IDLE);
	assert_int_equal(script.calls, 1);
	assert_string_equal(worker_state(s.worker), "waiting: queue 'out' is full");
	broker_clear(s.broker, S("out"), NULL);
	worker_step(s.worker);
	assert_int_equal(script.calls, 2);
	stage_fini(&s);
}

/* ---- Flush ---- */

/* An output that writes at flush only; the flush fails where `poison` is among what it holds. */
static struct sink {
	int held[100], n; /* not yet flushed */
	int written[100], n_written;
	int poison; /* port of the message that cannot be flushed, or 0 */
	enum result says;
	int failures_left; /* -1: for ever */
	int flushes;
} sink;

static enum result sink_deliver(struct bot *bot, const struct event *e)
{
	(void)bot;
	sink.held[sink.n++] = (int)event_get(e, "source.port")->integer;
	return DONE;
}

static enum result sink_flush(struct bot *bot)
{
	bool poisoned = false;
	sink.flushes++;
	for (int i = 0; i < sink.n; i++)
		poisoned |= sink.poison == 0 || sink.held[i] == sink.poison;
	if (poisoned && sink.failures_left) {
		sink.failures_left -= sink.failures_left > 0;
		sink.n = 0;
		return bot_fail(bot, sink.says, "flush fails");
	}
	for (int i = 0; i < sink.n; i++)
		sink.written[sink.n_written++] = sink.held[i];
	sink.n = 0;
	return DONE;
}

static const struct bot_type flusher = {
	.module = "test.flusher",
	.summary = "Fails at flush.",
	.deliver = sink_deliver,
	.flush = sink_flush,
};

static void run_flusher(struct stage *s, int retries)
{
	stage_init(s, (struct queue_limits){ 0 });
	stage_set(s, "error_max_retries", value_int(retries));
	stage_path(s, "_on_error", "errors");
	assert_true(stage_enter(s, &flusher));
	for (int i = 1; i <= 5; i++)
		stage_push(s, arena_printf(&s->arena,
		                           "{\"source.port\": %d, \"__type\": \"Event\"}", i)
		                      .p);
}

static void assert_written(const int *ports, int n)
{
	assert_int_equal(sink.n_written, n);
	for (int i = 0; i < n; i++)
		assert_int_equal(sink.written[i], ports[i]);
}

static void flush_once_a_batch(void **state)
{
	(void)state;
	struct stage s;
	sink = (struct sink){ .poison = -1 };
	run_flusher(&s, 3);
	assert_true(stage_run(&s));
	assert_written((int[]){ 1, 2, 3, 4, 5 }, 5);
	assert_int_equal(sink.flushes, 1);
	stage_fini(&s);
}

/* Only the message that is to blame is dumped; the others are written, once, in their order. */
static void bad_flush_finds_the_culprit(void **state)
{
	(void)state;
	struct stage s;
	sink = (struct sink){ .poison = 3, .says = BAD_DATA, .failures_left = -1 };
	run_flusher(&s, 3);
	assert_true(stage_run(&s));
	assert_written((int[]){ 1, 2, 4, 5 }, 4);
	assert_int_equal(s.dumps->n, 1);
	assert_string_equal(s.dumps->items[0].text.p,
	                    "{\"source.port\": 3, \"__type\": \"Event\"}");
	assert_int_equal(stage_left(&s, "errors"), 1);
	assert_int_equal(worker_counters(s.worker)->received, 5);
	stage_fini(&s);
}

/* A server that comes back costs nobody anything. */
static void late_flush_waits(void **state)
{
	(void)state;
	struct stage s;
	sink = (struct sink){ .says = TRY_LATER, .failures_left = 3 };
	run_flusher(&s, 3);
	assert_true(stage_run(&s));
	assert_written((int[]){ 1, 2, 3, 4, 5 }, 5);
	assert_int_equal(s.dumps->n, 0);
	same(&(struct cell){ .name = "late flush" }, "seconds", 3 * 15, stage_seconds(&s));
	stage_fini(&s);
}

/* One that stays away costs the oldest message after its tries, not the batch. */
static void late_flush_charges_the_oldest(void **state)
{
	(void)state;
	struct stage s;
	sink = (struct sink){ .says = TRY_LATER, .failures_left = 4 };
	run_flusher(&s, 3);
	assert_true(stage_run(&s));
	assert_written((int[]){ 2, 3, 4, 5 }, 4);
	assert_int_equal(s.dumps->n, 1);
	assert_string_equal(s.dumps->items[0].text.p,
	                    "{\"source.port\": 1, \"__type\": \"Event\"}");
	same(&(struct cell){ .name = "late flush" }, "seconds", 3 * 15, stage_seconds(&s));
	stage_fini(&s);
}

static void flush_bad_configuration_stops(void **state)
{
	(void)state;
	struct stage s;
	sink = (struct sink){ .says = BAD_CONF, .failures_left = -1 };
	run_flusher(&s, 3);
	assert_false(stage_run(&s));
	assert_int_equal(stage_left(&s, STAGE_INPUT), 5);
	assert_int_equal(worker_exit_code(s.worker), 1);
	stage_fini(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(error_table),
		cmocka_unit_test(dumps_hold_the_message),
		cmocka_unit_test(current_message_is_logged),
		cmocka_unit_test(undumped_is_said_once),
		cmocka_unit_test(collectors_have_no_message),
		cmocka_unit_test(scheduled_collector_ends),
		cmocka_unit_test(bad_rows_leave_the_good),
		cmocka_unit_test(report_is_tried_again_as_a_whole),
		cmocka_unit_test(failed_commits_are_tried_again),
		cmocka_unit_test(failed_commit_of_a_collector),
		cmocka_unit_test(uncommitted_goes_back),
		cmocka_unit_test(full_queue_stops_the_road),
		cmocka_unit_test(flush_once_a_batch),
		cmocka_unit_test(bad_flush_finds_the_culprit),
		cmocka_unit_test(late_flush_waits),
		cmocka_unit_test(late_flush_charges_the_oldest),
		cmocka_unit_test(flush_bad_configuration_stops),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
