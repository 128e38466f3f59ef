/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The commands of intelmqdump on a file, with the memory broker. */
#include "cli/dump.h"

#include "tests/format.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "engine/files.h"

/* 2015-09-03T13:13:22.159014 UTC */
#define NOW INT64_C(1441286002159014)

static const char runtime_text[] = "global: {}\n"
				   "the-parser:\n"
				   "  module: intelmq.bots.parsers.ci_army.parser\n"
				   "the-expert:\n"
				   "  module: intelmq.bots.experts.taxonomy.expert\n"
				   "foreign-parser:\n"
				   "  module: example.parser\n"
				   "  group: Parser\n"
				   "the-collector:\n"
				   "  module: intelmq.bots.collectors.file.collector_file\n";

static const char an_event[] = "{\"source.ip\": \"192.0.2.1\", \"feed.name\": \"F\", \"raw\": "
			       "\"Zm9v\", \"__type\": \"Event\"}";

struct desk {
	struct dump_tool tool;
	struct dump_session *session;
	char directory[64];
	struct str path;
	char *said;
	size_t said_n;
	int64_t clock;
};

static int setup(void **state)
{
	struct desk *d = calloc(1, sizeof *d);
	struct runtime *runtime;
	struct findings findings;
	struct err err = { 0 };
	arena_init(&d->tool.arena);
	findings_init(&findings, &d->tool.arena);
	assert_int_equal(runtime_parse(&d->tool.arena, str_of(runtime_text), S("runtime.yaml"),
	                               NULL, &runtime, &findings),
	                 0);
	d->tool.runtime = runtime;
	assert_int_equal(data_format_new(test_format_text(&d->tool.arena), &d->tool.format, &err),
	                 0);
	d->tool.broker = broker_memory_new((struct queue_limits){ .messages = 3 });
	d->tool.truncate = 1000;
	d->tool.out = d->tool.errors = open_memstream(&d->said, &d->said_n);
	snprintf(d->directory, sizeof d->directory, "/tmp/dump_test.XXXXXX");
	assert_non_null(mkdtemp(d->directory));
	d->path = arena_printf(&d->tool.arena, "%s/the-expert.dump", d->directory);
	*state = d;
	return 0;
}

static int teardown(void **state)
{
	struct desk *d = *state;
	dump_session_close(d->session);
	broker_free(d->tool.broker);
	data_format_free(d->tool.format);
	fclose(d->tool.out);
	free(d->said);
	unlink(d->path.p);
	assert_int_equal(rmdir(d->directory), 0); /* nothing else is left */
	arena_fini(&d->tool.arena);
	free(d);
	return 0;
}

static void add(struct desk *d, struct str message, bool is_bytes, struct str queue)
{
	const struct dump dump = {
		.bot_id = S("the-expert"),
		.source_queue = queue,
		.reason = S("Traceback:\nInvalidValue: \033[2J"),
		.message = message,
		.is_bytes = is_bytes,
	};
	assert_int_equal(dump_file_append(d->path.p, &dump, NOW + d->clock++, NULL), 0);
}

static void write_file(struct desk *d, const char *text)
{
	FILE *file = fopen(d->path.p, "w");
	fputs(text, file);
	fclose(file);
}

static void open_file(struct desk *d)
{
	struct err err = { 0 };
	if (dump_session_open(d->path.p, &d->session, &err) < 0)
		fail_msg("%s", err.text);
}

/* Carries out a command; what it said is in d->said. */
static void command(struct desk *d, const char *text, enum dump_outcome expected)
{
	rewind(d->tool.out);
	enum dump_outcome outcome = dump_command(&d->tool, d->session, str_of(text));
	fputc(0, d->tool.out);
	fflush(d->tool.out);
	if (outcome != expected)
		fail_msg("%s: %d, it said: %s", text, outcome, d->said);
}

static void said(const struct desk *d, const char *part)
{
	if (!strstr(d->said, part))
		fail_msg("no '%s' in: %s", part, d->said);
}

static size_t entries(const struct desk *d)
{
	return dump_session_index(d->session)->n;
}

/* The first message of a queue, NUL terminated. */
static const char *queued(struct desk *d, const char *queue)
{
	struct str body = STR_NONE;
	if (broker_peek(d->tool.broker, str_of(queue), 1, &d->tool.arena, &body, NULL) < 1)
		return "";
	return arena_cstr(&d->tool.arena, body);
}

static int64_t queue_length(struct desk *d, const char *queue)
{
	struct str bodies[10];
	return broker_peek(d->tool.broker, str_of(queue), 10, &d->tool.arena, bodies, NULL);
}

static void recover_by_ids(void **state)
{
	struct desk *d = *state;
	add(d, str_of(an_event), false, S("the-expert-queue"));
	add(d, S("second"), false, S("the-expert-queue"));
	add(d, S("third"), false, S("the-expert-queue"));
	open_file(d);
	command(d, "r 0,2", DUMP_GO_ON);
	said(d, "Recovered dump 0.\nRecovered dump 2.\n");
	assert_string_equal(queued(d, "the-expert-queue"), an_event);
	assert_int_equal(queue_length(d, "the-expert-queue"), 2);
	assert_int_equal(entries(d), 1);
	command(d, "r 0", DUMP_QUIT);
	said(d, "Deleted file");
	assert_int_equal(access(d->path.p, F_OK), -1);
}

static void recover_all_into_a_queue(void **state)
{
	struct desk *d = *state;
	add(d, str_of(an_event), false, STR_NONE);
	add(d, S("\xff\0raw"), true, STR_NONE);
	open_file(d);
	command(d, "a", DUMP_FAILED);
	said(d, "name one behind");
	assert_int_equal(entries(d), 2);
	command(d, "a the-expert-queue", DUMP_QUIT);
	struct str bodies[2];
	assert_int_equal(
		broker_peek(d->tool.broker, S("the-expert-queue"), 2, &d->tool.arena, bodies, NULL),
		2);
	assert_true(str_eq(bodies[1], S("\xff\0raw")));
}

/* An event becomes a report for a parser, also for one that is no bot of ours; other things stay. */
static void events_for_parsers(void **state)
{
	struct desk *d = *state;
	static const char *const queues[] = { "the-parser-queue", "foreign-parser-queue" };
	for (size_t i = 0; i < 2; i++) {
		add(d, str_of(an_event), false, S("the-expert-queue"));
		add(d, S("no json"), false, S("the-expert-queue"));
	}
	open_file(d);
	for (size_t i = 0; i < 2; i++) {
		command(d, i ? "r 0,1 foreign-parser-queue" : "r 0-1 the-parser-queue",
		        i ? DUMP_QUIT : DUMP_GO_ON);
		assert_string_equal(
			queued(d, queues[i]),
			"{\"feed.name\": \"F\", \"raw\": \"Zm9v\", \"__type\": \"Report\"}");
		assert_int_equal(queue_length(d, queues[i]), 2);
	}
}

static void queues_of_nobody(void **state)
{
	struct desk *d = *state;
	add(d, S("m"), false, S("gone-queue"));
	open_file(d);
	command(d, "r 0", DUMP_FAILED);
	said(d, "gone-queue is not the source queue of a configured bot");
	command(d, "r 0 the-collector-queue", DUMP_FAILED);
	assert_int_equal(entries(d), 1);
}

/* What was sent before a failure is out of the file, the rest stays. */
static void full_queue(void **state)
{
	struct desk *d = *state;
	for (int i = 0; i < 5; i++)
		add(d, S("m"), false, S("the-expert-queue"));
	open_file(d);
	command(d, "a", DUMP_FAILED);
	said(d, "Recovered dump 2.\nDump 3 is not recovered");
	assert_int_equal(queue_length(d, "the-expert-queue"), 3);
	assert_int_equal(entries(d), 2);
}

static void without_message(void **state)
{
	struct desk *d = *state;
	write_file(d, "{\"a\": {\"source_queue\": \"x\"}, \"b\": {\"message\": null}, \"c\": 5, "
	              "\"d\": {\"message\": {\"__type\": \"Event\"}, "
	              "\"source_queue\": \"the-expert-queue\"}}");
	open_file(d);
	command(d, "a", DUMP_QUIT);
	said(d, "Deleted dump 2, it has no message.");
	assert_string_equal(queued(d, "the-expert-queue"), "{\"__type\": \"Event\"}");
}

static void delete_some_then_all(void **state)
{
	struct desk *d = *state;
	for (int i = 0; i < 4; i++)
		add(d, S("m"), false, S("q"));
	open_file(d);
	command(d, "d 1,3", DUMP_GO_ON);
	assert_int_equal(entries(d), 2);
	command(d, "d", DUMP_QUIT);
	assert_int_equal(access(d->path.p, F_OK), -1);
}

static void show_is_safe_and_short(void **state)
{
	struct desk *d = *state;
	add(d, S("{\"raw\": \"0123456789\", \"x\": \"\\u001b]0;\\u009b\"}"), false, S("q"));
	add(d, S("\033[31m"), false, S("q"));
	add(d, S("bytes that are long"), true, S("q"));
	open_file(d);
	d->tool.truncate = 4;
	command(d, "s 0,1,2", DUMP_GO_ON);
	said(d, "\"raw\": \"0123...[truncated]\"");
	said(d, "\"\\u001b]0;\\u009b\"");
	said(d, "\"InvalidValue: \\u001b[2J\"");
	said(d, "\"message\": \"Ynl0...[truncated]\"");
	for (const char *p = d->said; *p; p++)
		assert_true(*p == '\n' || (*p >= 0x20 && *p < 0x7f));
	d->tool.truncate = 0;
	command(d, "s 0", DUMP_GO_ON);
	said(d, "\"raw\": \"0123456789\"");
}

static void edit_a_message(void **state)
{
	struct desk *d = *state;
	add(d, str_of(an_event), false, S("the-expert-queue"));
	add(d, S("source,raw"), true, S("the-expert-queue"));
	open_file(d);
	setenv("EDITOR", "sed -i s/192.0.2.1/192.0.2.99/", 1);
	command(d, "e 0", DUMP_GO_ON);
	said(d, "Changed dump 0.");
	setenv("EDITOR", "sed -i s/source/changed/", 1);
	command(d, "e 1", DUMP_GO_ON);
	command(d, "e 1", DUMP_GO_ON);
	said(d, "Dump 1 is unchanged.");
	command(d, "s 1", DUMP_GO_ON);
	said(d, "\"message\": \"changed,raw\"");
	assert_null(strstr(d->said, "message_type"));
	command(d, "r 0", DUMP_GO_ON);
	assert_non_null(strstr(queued(d, "the-expert-queue"), "\"source.ip\": \"192.0.2.99\""));
}

static void edits_that_are_refused(void **state)
{
	struct desk *d = *state;
	static const struct {
		const char *editor, *said;
	} cases[] = {
		{ "sed -i s/source.ip/source.nothing/", "source.nothing" },
		{ "sed -i s/192.0.2.1/nonsense/", "source.ip" },
		{ "sed -i 1d", "cannot be used" },
		{ "sed -i /__type/d", "cannot be used" },
		{ "false", "the editor failed" },
		{ "/nowhere/editor", "there is no editor" },
		{ "rm", "cannot be opened" },
	};
	add(d, str_of(an_event), false, S("the-expert-queue"));
	open_file(d);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		setenv("EDITOR", cases[i].editor, 1);
		command(d, "e 0", DUMP_FAILED);
		said(d, "stays as it was");
		said(d, cases[i].said);
	}
	command(d, "r 0", DUMP_QUIT);
	assert_string_equal(queued(d, "the-expert-queue"), an_event);
}

static void commands_that_are_none(void **state)
{
	struct desk *d = *state;
	static const char *const wrong[] = { "x",     "",   "recover 0", "r 0 q too-much",
		                             "s 0 1", "q,", "e 0 queue", "d 0 1" };
	static const char *const ids[] = {
		"r",     "s 2",  "s -1",    "s 0,", "s a",
		"s 1-0", "s 0-", "s 0,0,9", "s ,",  "e 99999999999999999999"
	};
	add(d, S("m"), false, S("q"));
	add(d, S("m"), false, S("q"));
	open_file(d);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		command(d, wrong[i], DUMP_FAILED);
		assert_string_equal(d->said, "Action not allowed.\n");
	}
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		command(d, ids[i], DUMP_FAILED);
	command(d, "q", DUMP_QUIT);
	assert_int_equal(entries(d), 2);
}

/* What bots add between the list and the command is neither sent nor removed. */
static void added_meanwhile(void **state)
{
	struct desk *d = *state;
	add(d, S("old"), false, S("the-expert-queue"));
	open_file(d);
	add(d, S("new"), false, S("the-expert-queue"));
	command(d, "a", DUMP_GO_ON);
	assert_int_equal(queue_length(d, "the-expert-queue"), 1);
	assert_int_equal(entries(d), 1);
}

static void reasons_fit_a_line(void **state)
{
	struct desk *d = *state;
	struct dumped dumped;
	struct buffer text;
	buffer_init_in(&text, &d->tool.arena, 10000);
	buffer_add_str(&text, S("{\"a\": {\"traceback\": \"x\\n  "));
	for (int i = 0; i < 201; i++)
		buffer_add_str(&text, i < 100 ? S("\xc3\xa4") : i < 101 ? S("-") : S("z"));
	buffer_add_str(&text, S("\\n\\n\"}, \"b\": {\"traceback\": []}, \"c\": []}\0"));
	write_file(d, text.p);
	open_file(d);
	const struct dump_entry *entry = dump_session_index(d->session)->entries;
	assert_int_equal(dumped_read(d->session, entry, &d->tool.arena, &dumped, NULL), 0);
	struct str reason = dumped_reason(&d->tool.arena, &dumped);
	assert_int_equal(reason.n, 200 + 3 + 100);
	assert_int_equal(str_find(reason, S("\xc3\xa4...z")), 198);
	for (int i = 1; i < 3; i++) {
		assert_int_equal(dumped_read(d->session, entry + i, &d->tool.arena, &dumped, NULL),
		                 0);
		assert_true(str_eq(dumped_reason(&d->tool.arena, &dumped), S("(no reason given)")));
	}
}

/* What takes far more memory parsed than as text is not parsed. */
static void hostile_entries(void **state)
{
	struct desk *d = *state;
	struct dumped dumped;
	struct err err = { 0 };
	struct buffer text;
	buffer_init(&text, 8 << 20);
	buffer_add_str(&text, S("{\"many\": {"));
	for (int i = 0; i <= MAX_DUMPED_MEMBERS; i++)
		buffer_printf(&text, "\"%d\": 1,", i);
	buffer_add_str(&text, S("\"x\": 0}, \"large\": {\"message\": [0"));
	for (int i = 0; i < MAX_DUMPED_VALUE; i += 2)
		buffer_add_str(&text, S(",0"));
	buffer_add_str(&text, S("]}}\0"));
	write_file(d, text.p);
	buffer_fini(&text);
	open_file(d);
	const struct dump_entry *entry = dump_session_index(d->session)->entries;
	assert_int_equal(dumped_read(d->session, entry, &d->tool.arena, &dumped, &err), -1);
	assert_non_null(strstr(err.text, "more than 1000 members"));
	assert_int_equal(dumped_read(d->session, entry + 1, &d->tool.arena, &dumped, &err), -1);
	assert_non_null(strstr(err.text, "message is too large"));
	command(d, "d 1", DUMP_GO_ON); /* they can be deleted nevertheless */
	command(d, "s 0", DUMP_FAILED);
}

static void nothing_raw_to_the_terminal(void **state)
{
	struct desk *d = *state;
	rewind(d->tool.out);
	dump_print(d->tool.out, S("a\033\x9b\xc2\x9b\tb\xe2\x80\xae\xed\xa0\x80 \xc3\xa4"));
	fputc(0, d->tool.out);
	fflush(d->tool.out);
	assert_string_equal(d->said, "a\\x1b\\x9b\\u009b\\x09b\\u202e\\ud800 \xc3\xa4");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(recover_by_ids, setup, teardown),
		cmocka_unit_test_setup_teardown(recover_all_into_a_queue, setup, teardown),
		cmocka_unit_test_setup_teardown(events_for_parsers, setup, teardown),
		cmocka_unit_test_setup_teardown(queues_of_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(full_queue, setup, teardown),
		cmocka_unit_test_setup_teardown(without_message, setup, teardown),
		cmocka_unit_test_setup_teardown(delete_some_then_all, setup, teardown),
		cmocka_unit_test_setup_teardown(show_is_safe_and_short, setup, teardown),
		cmocka_unit_test_setup_teardown(edit_a_message, setup, teardown),
		cmocka_unit_test_setup_teardown(edits_that_are_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(commands_that_are_none, setup, teardown),
		cmocka_unit_test_setup_teardown(added_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(reasons_fit_a_line, setup, teardown),
		cmocka_unit_test_setup_teardown(hostile_entries, setup, teardown),
		cmocka_unit_test_setup_teardown(nothing_raw_to_the_terminal, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
