/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/run_bot.h"

#include <errno.h>
#include <intelmq/json.h>
#include <intelmq/text.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/run_broker.h"
#include "engine/types.h"
#include "worker/process.h"
#include "worker/setup.h"
#include "worker/signals.h"

struct run {
	struct run_options options;
	struct arena arena;
	struct setup setup;
	struct broker *broker;
	struct worker *worker;
	struct str message; /* of the options, read and checked */
};

/* Waits for the broker or a signal. False: it is to end. */
static bool wait_for_news(const struct run *r, int64_t ms)
{
	struct pollfd fds[1 + WORKER_NEWS] = { { .fd = signals_fd(), .events = POLLIN } };
	worker_news(r->worker, fds + 1);
	poll(fds, 1 + WORKER_NEWS, ms > INT_MAX ? -1 : (int)ms);
	signals_drain();
	return !*signals_stop() && !worker_is_cut_off(r->worker);
}

/* ---- The message of the command line ---- */

static void print_format(const struct run *r)
{
	struct str text;
	struct err err;
	struct arena arena;
	arena_init(&arena);
	if (runtime_read_file(&arena, r->setup.paths->harmonization, INT_MAX, &text, &err) == 0)
		printf("%.*s\n", STR_ARG(text));
	arena_fini(&arena);
}

/* What such a message looks like. False: nobody is there to ask. */
static bool explain_message(const struct run *r)
{
	char answer[16] = "";
	fputs("\nThe message may look like:\n"
	      "    '{\"source.network\": \"178.72.192.0/18\", \"time.observation\": "
	      "\"2017-05-12T05:23:06+00:00\"}' \n"
	      "Do you want to display current harmonization (available fields)? y/[n]: ",
	      stdout);
	fflush(stdout);
	bool answered = fgets(answer, sizeof answer, stdin) != NULL;
	if (answer[0] == 'y' || answer[0] == 'Y')
		print_format(r);
	return answered;
}

/* A text that is no JSON may be the name of a file. */
static struct str read_text(struct run *r)
{
	struct str text = str_of(r->options.message), file;
	struct value v;
	if (json_parse(&r->arena, text, &v, NULL) < 0 && access(r->options.message, R_OK) == 0 &&
	    runtime_read_file(&r->arena, r->options.message, MAX_MESSAGE, &file, NULL) == 0)
		return file;
	return text;
}

/* The message as it goes on the wire; without a class it is of the one given. */
static int read_message(struct run *r, struct str class)
{
	struct err err = { 0 };
	struct str text = text_strip(read_text(r));
	struct event *event = event_decode(&r->arena, r->setup.format, text, class, WIRE_CHECKED,
	                                   &err);
	if (!event) {
		setup_log(&r->setup, LEVEL_ERROR, "Message can not be parsed from JSON: %s",
		          err.text);
		explain_message(r);
		puts("Bot exited with code 1.\n");
		return -1;
	}
	struct buffer wire;
	buffer_init_in(&wire, &r->arena, MAX_MESSAGE);
	event_encode(event, &wire);
	r->message = buffer_str(&wire);
	return 0;
}

/* ---- get, pop ---- */

static int take_message(struct run *r, bool pop)
{
	struct consumer *consumer = worker_consumer(r->worker);
	struct batch batch = { 0 };
	struct err err = { 0 };
	int n;
	while ((n = broker_receive(consumer, (struct receive_limits){ 1, MAX_MESSAGE }, &r->arena,
	                           &batch, &err)) == 0)
		if (!wait_for_news(r, consumer_fd(consumer) < 0 ? 100 : WORKER_FOREVER))
			return 0;
	if (n > 0) {
		run_print(r->setup.format, &batch.messages[0].body, 1, false);
		const struct commit commit = { .consumed = batch.messages,
			                       .n_consumed = 1,
			                       .durable = true };
		n = pop ? broker_commit(consumer, &commit, &err)
		        : broker_release(consumer, batch.messages, 1, &err);
	}
	if (n < 0)
		setup_log(&r->setup, LEVEL_ERROR, "Pipeline failed. %s", err.text);
	return n < 0;
}

static int get(struct run *r, bool pop)
{
	if (r->setup.type->collect || r->setup.type->stream) {
		puts("Collector bots have no input queue.");
		return 0;
	}
	if (pop)
		setup_log(&r->setup, LEVEL_INFO, "Waiting for a message to pop...");
	else
		puts("Waiting for a message to get...");
	fflush(stdout);
	return take_message(r, pop);
}

/* ---- send ---- */

static int send_out(struct run *r)
{
	const struct value *queues = dict_get(r->setup.config.destinations, S("_default"));
	size_t n = queues ? queues->list->n : 0;
	struct str *names = arena_zalloc(&r->arena, n + 1, sizeof *names);
	struct err err = { 0 };
	for (size_t i = 0; i < n; i++)
		names[i] = queues->list->items[i].text;
	const struct publish publish = { r->message, names, n };
	const struct commit commit = { .published = &publish, .n_published = 1, .durable = true };
	if (broker_commit(worker_consumer(r->worker), &commit, &err) < 0) {
		setup_log(&r->setup, LEVEL_ERROR, "Pipeline failed. %s", err.text);
		return 1;
	}
	puts("Message sent to output pipelines.");
	fflush(stdout);
	setup_log(&r->setup, LEVEL_INFO, "%s 1 messages since last logging.",
	          r->setup.type->verb ? r->setup.type->verb : "Processed");
	return 0;
}

static int send_message(struct run *r)
{
	const struct bot_type *type = r->setup.type;
	if (type->deliver) {
		puts("Output bots can't send message.");
		return 0;
	}
	if (!r->setup.config.destinations->n) {
		puts("Bot has no destination queues.");
		return 0;
	}
	if (!r->options.message) {
		setup_log(&r->setup, LEVEL_ERROR, "Message missing!");
		bool answered = explain_message(r);
		putchar('\n');
		return !answered;
	}
	if (read_message(r, type->collect || type->stream ? S("Report") : S("Event")) < 0)
		return 1;
	return send_out(r);
}

/* ---- process ---- */

/* True once the message or collection is finished, however; a bot that would try again is not waited for. */
static bool is_over(const struct run *r, const struct broker *between)
{
	const struct counters *counters = worker_counters(r->worker);
	return run_broker_is_done(between) || counters->succeeded || counters->failed;
}

static int process(struct run *r, struct broker *between)
{
	if (r->options.message) {
		if (read_message(r, r->setup.type->rows ? S("Report") : S("Event")) < 0)
			return 1;
		run_broker_give(between, r->message);
		puts(" * Message from cli will be used when processing.");
	}
	if (r->options.dryrun)
		puts(" * Dryrun only, no message will be really sent through.");
	puts("Processing...");
	fflush(stdout);
	while (!is_over(r, between)) {
		int64_t wait = worker_step(r->worker);
		if (wait == WORKER_STOPPED)
			return worker_exit_code(r->worker);
		if (wait > 0 && !is_over(r, between) && !wait_for_news(r, wait))
			return 0;
	}
	return !run_broker_is_done(between) && !worker_counters(r->worker)->succeeded;
}

/* After a dry run the bot is told that its commit failed, which is not the operator's business. */
struct quiet {
	struct logbook *logbook;
	const struct broker *between;
};

static void log_quietly(void *context, const char *bot_id, enum log_level level, struct str text)
{
	const struct quiet *quiet = context;
	if (!run_broker_is_done(quiet->between))
		logbook_log(quiet->logbook, bot_id, level, text);
}

static int dump_quietly(void *context, const struct settings *settings, const struct dump *dump,
                        struct err *err)
{
	const struct quiet *quiet = context;
	return logbook_dump(quiet->logbook, settings, dump, err);
}

static int run_process(struct run *r)
{
	struct err err = { 0 };
	const struct run_broker_options between_options = {
		.real = r->broker,
		.format = r->setup.format,
		.destinations = r->setup.config.destinations,
		.dryrun = r->options.dryrun,
		.show_sent = r->options.show_sent,
	};
	struct broker *between = run_broker_new(&between_options);
	struct host host = setup_host(&r->setup, between);
	struct worker_options options = setup_worker(&r->setup);
	struct quiet quiet = { r->setup.logbook, between };
	if (r->options.dryrun) {
		host.context = &quiet;
		host.log = log_quietly;
		host.dump = dump_quietly;
	}
	options.scheduled = false;
	dict_set(r->setup.config.parameters, S("rate_limit"), value_int(0));
	r->worker = worker_open(&host, &options, &err);
	int rc = r->worker ? process(r, between) : 1;
	if (r->worker && !r->options.dryrun && !worker_has_ended(r->worker))
		worker_end(r->worker);
	worker_close(r->worker);
	if (r->worker && r->options.dryrun)
		setup_log(&r->setup, LEVEL_INFO, "Bot stopped.");
	broker_free(between);
	return rc;
}

/* ---- All steps ---- */

/* get, pop and send are about the queues: the bot itself is not initialised. */
static int run_message(struct run *r)
{
	struct err err = { 0 };
	struct bot_type bare = *r->setup.type;
	struct host host = setup_host(&r->setup, r->broker);
	struct worker_options options = setup_worker(&r->setup);
	bare.init = NULL;
	bare.fini = NULL;
	bare.uses &= ~(unsigned)USES_STATE;
	options.type = &bare;
	r->worker = worker_open(&host, &options, &err);
	if (!r->worker)
		return 1;
	int rc = r->options.step == RUN_SEND ? send_message(r) : get(r, r->options.step == RUN_POP);
	fflush(stdout);
	worker_end(r->worker);
	worker_close(r->worker);
	return rc;
}

static int prepare(struct run *r, struct err *err)
{
	const struct setup_options options = {
		.id = r->options.bot_id,
		.log_level = r->options.log_level,
		.to_console = true,
		.instance = -1,
	};
	if (setup_read(&r->setup, &options, r->options.paths, err) < 0 ||
	    signals_open(NULL, err) < 0)
		return -1;
	r->broker = r->options.broker;
	return r->broker ? 0 : broker_connect(r->options.paths->broker_socket, -1, &r->broker, err);
}

static int run_whole(const struct run_options *options)
{
	int rc = bot_process_run(&(struct bot_process_options){
		.id = options->bot_id,
		.argv = options->argv,
		.log_level = options->log_level,
		.to_console = true,
		.broker = options->broker,
	});
	if (signals_interrupted())
		puts("Keyboard interrupt.");
	else
		printf("Bot exited with code %d.\n", rc);
	return rc;
}

int run_bot(const struct run_options *options)
{
	struct run r = { .options = *options };
	struct err err = { 0 };
	if (options->step == RUN_WHOLE)
		return run_whole(options);
	arena_init(&r.arena);
	int rc = 1;
	if (prepare(&r, &err) < 0)
		fprintf(stderr, "%s: %s\n", options->bot_id, err.text);
	else
		rc = options->step == RUN_PROCESS ? run_process(&r) : run_message(&r);
	if (signals_interrupted())
		puts("Keyboard interrupt.");
	if (!options->broker)
		broker_free(r.broker);
	if (signals_fd() >= 0)
		signals_close();
	setup_fini(&r.setup);
	arena_fini(&r.arena);
	return rc;
}
