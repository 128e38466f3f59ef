/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The state that a recorded command line starts from: what `given` says in words, or the name of the case. */
#include <fcntl.h>
#include <intelmq/text.h>
#include <intelmq/number.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/broker.h"
#include "cli/conformance_cli.h"
#include "config/runtime.h"
#include "config/runtime_edit.h"
#include "daemon/control.h"

enum { MAX_FILE = 16 * 1024 * 1024, BROKER_WAIT_MS = 10 * 1000 };

/* What the recordings put into queues: the n-th event has another address. */
static struct str event(struct arena *arena, int64_t n)
{
	return arena_printf(
		arena,
		"{\"__type\": \"Event\", \"feed.name\": \"Example Feed\", \"feed.provider\": "
		"\"Example Provider\", \"feed.accuracy\": 100.0, \"source.ip\": \"192.0.2.%lld\", "
		"\"source.fqdn\": \"q.example.com\", \"classification.type\": \"phishing\", "
		"\"time.source\": \"2024-01-02T03:04:05+00:00\", "
		"\"time.observation\": \"2024-01-02T03:05:00+00:00\"}",
		(long long)n + 9);
}

/* ---- Files ---- */

static int file_write(const char *path, const char *mode, struct str text)
{
	FILE *file = fopen(path, mode);
	bool written = file && fwrite(text.p, 1, text.n, file) == text.n;
	return file && fclose(file) == 0 && written ? 0 : -1;
}

static const char *cannot(struct place *place, const char *path)
{
	return arena_printf(&place->c->arena, "%s: %m", path).p;
}

/* ---- The broker ---- */

static int broker_wait(struct place *place, struct err *err)
{
	for (int waited = 0; waited < BROKER_WAIT_MS; waited += 20) {
		if (broker_connect(place->paths->broker_socket, -1, &place->broker, err) == 0)
			return 0;
		place->broker = NULL;
		poll(NULL, 0, 20);
	}
	return -1;
}

static const char *control(struct place *place, const char *command, const char *bot)
{
	const char *line = arena_printf(&place->c->arena, "-q %s%s%s", command, bot ? " " : "",
	                                bot ? bot : "")
	                           .p;
	return place_control(place, line) == 0
	             ? NULL
	             : arena_printf(&place->c->arena, "`intelmqctl %s` failed", line).p;
}

/* The broker alone; or intelmqd with it, where bots are to be started, too. */
static const char *broker_start(struct place *place)
{
	if (control_is_running(place->paths) || place->broker_pid > 0)
		return NULL;
	if (strcmp(place->suite, "run") != 0)
		return place_start_broker(place) < 0 ? "the broker cannot be started" : NULL;
	const char *problem = control(place, "start", "file-output");
	return problem ? problem : control(place, "stop", "file-output");
}

static const char *broker_ensure(struct place *place)
{
	struct err err = { 0 };
	const char *problem = place->broker ? NULL : broker_start(place);
	if (place->broker || problem)
		return problem;
	return broker_wait(place, &err) == 0 ? NULL
	                                     : arena_printf(&place->c->arena, "%s", err.text).p;
}

static void give_back(struct place *place)
{
	if (place->consumer)
		consumer_close(place->consumer);
	place->consumer = NULL;
}

static int empty_all(struct place *place, struct arena *arena)
{
	struct queue_info *queues;
	give_back(place);
	int64_t n = broker_queues(place->broker, arena, &queues, NULL);
	for (int64_t i = 0; i < n; i++)
		if (broker_clear(place->broker, queues[i].name, NULL) < 0)
			return -1;
	return n < 0 ? -1 : 0;
}

/* One message in the hands of a bot: what the reference has in `<bot>-queue-internal`. */
static int claim(struct place *place, struct arena *arena, struct str queue)
{
	struct str bot = str_slice(queue, 0, queue.n - sizeof "-queue" + 1);
	struct receive_limits limits = { 1, 1 << 20 };
	struct batch batch;
	struct err err;
	if (place->consumer || broker_push(place->broker, queue, event(arena, 0), &err) < 0 ||
	    consumer_open(place->broker, bot, 0, queue, NULL, 0, &place->consumer, &err) < 0)
		return -1;
	for (int i = 0; i < 100; i++) {
		int n = broker_receive(place->consumer, limits, arena, &batch, &err);
		if (n)
			return n < 0 ? -1 : 0;
		poll(NULL, 0, 20);
	}
	return -1;
}

/* "2 in csv-parser-queue", "1 in filter-expert-queue-internal", "2 messages in old-queue" */
static int fill(struct place *place, struct arena *arena, struct str text)
{
	struct value number;
	struct str rest = text_strip(text), count = str_cut(&rest, ' ');
	size_t in = str_find(rest, S("in "));
	if (number_int(arena, count, &number) < 0 || in == STR_NOT_FOUND)
		return -1;
	struct str queue = str_slice(rest, in + 3, rest.n);
	if (str_ends(queue, S("-internal")))
		return claim(place, arena, str_slice(queue, 0, queue.n - sizeof "-internal" + 1));
	for (int64_t i = 0; i < number.integer; i++)
		if (broker_push(place->broker, queue, event(arena, i), NULL) < 0)
			return -1;
	return 0;
}

static const char *fill_queues(struct place *place, struct str given)
{
	struct arena arena;
	arena_init(&arena);
	const char *problem = broker_ensure(place);
	if (!problem && empty_all(place, &arena) < 0)
		problem = "the queues cannot be emptied";
	bool none = str_starts(given, S("no message")) || str_starts(given, S("bot running"));
	struct str rest = none ? STR_NONE : given;
	/* "…, which is not configured", "…, bot not running": one queue, and a remark */
	if (str_find(given, S(" messages in ")) != STR_NOT_FOUND)
		rest = str_cut(&given, ',');
	while (!problem && rest.p)
		if (fill(place, &arena, str_cut(&rest, ',')) < 0)
			problem = "the queues cannot be filled";
	arena_fini(&arena);
	return problem;
}

struct dict *place_queues(struct place *place, struct arena *arena)
{
	struct queue_info *queues;
	struct dict *d = dict_new(arena);
	int64_t n = place->broker ? broker_queues(place->broker, arena, &queues, NULL) : -1;
	for (int64_t i = 0; i < n; i++) {
		struct str internal = arena_printf(arena, "%.*s-internal", STR_ARG(queues[i].name));
		uint64_t claimed = queues[i].claimed;
		dict_set(d, queues[i].name, value_int((int64_t)(queues[i].messages - claimed)));
		dict_set(d, internal, value_int((int64_t)claimed));
	}
	return n < 0 ? NULL : d;
}

/* ---- Bots ---- */

/* The bot that the command line is about. */
static const char *bot_of(struct place *place, const struct dict *test)
{
	const struct list *argv = dict_get(test, S("argv"))->list;
	return arena_cstr(&place->c->arena, argv->n ? argv->items[argv->n - 1].text : S(""));
}

static const char *set_enabled(struct place *place, const char *bot, bool enabled)
{
	struct err err;
	if (runtime_file_set_enabled(place->paths->runtime, str_of(bot), enabled, &err) == 0)
		return NULL;
	return arena_printf(&place->c->arena, "%s", err.text).p;
}

/* A process that is no bot; `gone`: one that has ended. */
static pid_t stranger(bool gone)
{
	pid_t pid = fork();
	if (pid == 0) {
		if (!gone)
			execl("/bin/sleep", "sleep", "600", (char *)NULL);
		_exit(0);
	}
	if (pid > 0 && gone)
		waitpid(pid, NULL, 0);
	return pid;
}

static const char *write_pid(struct place *place, struct str given, const char *bot)
{
	struct arena *arena = &place->c->arena;
	const char *path = arena_printf(arena, "%s%s.pid", place->paths->run, bot).p;
	struct str text = S("garbage\n");
	control(place, "stop", bot);
	if (str_find(given, S("does not exist")) != STR_NOT_FOUND) {
		text = arena_printf(arena, "%d", (int)stranger(true));
	} else if (str_find(given, S("not a bot")) != STR_NOT_FOUND) {
		if (place->stranger <= 0)
			place->stranger = stranger(false);
		text = arena_printf(arena, "%d", (int)place->stranger);
	}
	return file_write(path, "w", text) == 0 ? NULL : cannot(place, path);
}

/* Words that `given` begins with, and what they mean. */
static const char *prepare_bots(struct place *place, struct str given, const char *bot)
{
	if (str_eq(given, S("nothing running")))
		return control(place, "stop", NULL);
	if (str_eq(given, S("all enabled bots running")))
		return control(place, "start", NULL);
	if (str_eq(given, S("bot running")))
		return control(place, "start", bot);
	if (str_eq(given, S("bot stopped")) || str_starts(given, S("bot disabled")))
		return control(place, "stop", bot);
	if (str_starts(given, S("PID file")))
		return write_pid(place, given, bot);
	bool enabled = str_ends(given, S("enabled"));
	if (!enabled && !str_ends(given, S("disabled")))
		return "a state that is not known here";
	control(place, "stop", NULL);
	return set_enabled(place, bot, enabled);
}

/* Suite run: taxonomy-expert, in the background or not at all. */
static const char *prepare_run(struct place *place, struct str given)
{
	const char *bot = "taxonomy-expert";
	struct arena *arena = &place->c->arena;
	const char *file = arena_printf(arena, "%s/msg.json", place->bin).p; /* $WORK */
	const char *problem = file_write(file, "w", event(arena, 0)) < 0
	                            ? cannot(place, file)
	                            : fill_queues(place, given);
	if (problem)
		return problem;
	return control(place, str_starts(given, S("bot running")) ? "start" : "stop", bot);
}

/* ---- By the name of the case ---- */

static const char broken_bots[] =
	"ghost-expert:\n  description: x\n  enabled: true\n  group: Expert\n  name: x\n"
	"  module: intelmq.bots.experts.ghost.expert\n"
	"  parameters: {destination_queues: {_default: [file-output-queue]}}\n"
	"failing-collector:\n  description: x\n  enabled: true\n  group: Collector\n  name: x\n"
	"  module: intelmq.bots.collectors.file.collector_file\n"
	"  parameters: {rate_limit: [1], destination_queues: {_default: [csv-parser-queue]}}\n";

static const char *add_broken_bots(struct place *place)
{
	struct arena *arena = &place->c->arena;
	const char *path = place->paths->runtime;
	struct str text;
	if (runtime_read_file(arena, path, MAX_FILE, &text, NULL) < 0)
		return cannot(place, path);
	if (str_find(text, S("\nghost-expert:")) != STR_NOT_FOUND)
		return NULL;
	return file_write(path, "a", str_of(broken_bots)) == 0 ? NULL : cannot(place, path);
}

static const char *log_file_state(struct place *place, struct str id)
{
	const char *path = arena_printf(&place->c->arena, "%scsv-parser.log", place->paths->log).p;
	if (str_starts(id, S("no-file.")))
		return unlink(path) == 0 || access(path, F_OK) < 0 ? NULL : cannot(place, path);
	if (str_starts(id, S("empty-file.")))
		return file_write(path, "w", S("")) == 0 ? NULL : cannot(place, path);
	return chmod(path, 0) == 0 ? NULL : cannot(place, path);
}

/* A line of runtime.yaml becomes another. */
static const char *replace_line(struct place *place, struct str from, struct str to)
{
	struct arena *arena = &place->c->arena;
	struct buffer b;
	struct str text;
	if (runtime_read_file(arena, place->paths->runtime, MAX_FILE, &text, NULL) < 0)
		return cannot(place, place->paths->runtime);
	size_t at = str_find(text, from);
	if (at == STR_NOT_FOUND)
		return "the configuration of the recordings is another one";
	buffer_init_in(&b, arena, MAX_FILE);
	buffer_add_str(&b, str_slice(text, 0, at));
	buffer_add_str(&b, to);
	buffer_add_str(&b, str_slice(text, at + from.n, text.n));
	return file_write(place->paths->runtime, "w", buffer_str(&b)) == 0
	             ? NULL
	             : cannot(place, place->paths->runtime);
}

/* Suite check: each case starts from the configuration of the recordings. */
static const char *prepare_check(struct place *place, struct str id, struct str given)
{
	struct err err;
	const char *path = place->paths->runtime;
	struct str extended = S("runtime.yaml extended by:\n");
	if (place_configure(place, &err) < 0)
		return arena_printf(&place->c->arena, "%s", err.text).p;
	if (place->broker && empty_all(place, &place->c->arena) < 0)
		return "the queues cannot be emptied";
	if (str_starts(id, S("yaml-error")))
		return file_write(path, "w", S("a: [\n  b")) == 0 ? NULL : cannot(place, path);
	if (str_starts(id, S("no-runtime")))
		return unlink(path) == 0 ? NULL : cannot(place, path);
	if (str_starts(id, S("empty-runtime")))
		return file_write(path, "w", S("{}\n")) == 0 ? NULL : cannot(place, path);
	if (str_starts(id, S("harmonization-error")))
		return file_write(place->paths->harmonization, "w", S("{broken")) == 0
		             ? NULL
		             : cannot(place, place->paths->harmonization);
	if (str_starts(id, S("bad-process-manager")))
		return replace_line(place, S("process_manager: intelmq"),
		                    S("process_manager: systemd"));
	if (str_starts(id, S("bad-logging-handler")))
		return replace_line(place, S("logging_handler: file"),
		                    S("logging_handler: carrier-pigeon"));
	if (str_starts(given, extended))
		return file_write(path, "a", str_slice(given, extended.n, given.n)) == 0
		             ? NULL
		             : cannot(place, path);
	return fill_queues(place, given.n ? given : S("no messages"));
}

const char *place_lacks(const struct place *place, const struct dict *test)
{
	struct str id = dict_get(test, S("id"))->text;
	if (place->lacks)
		return place->lacks;
	if (str_find(id, S("broker-down")) != STR_NOT_FOUND)
		return "the broker would have to be stopped";
	if (strcmp(place->suite, "log") == 0 && str_starts(id, S("unreadable.")) && geteuid() == 0)
		return "root reads every file";
	return NULL;
}

const char *place_prepare(struct place *place, const struct dict *test)
{
	const struct value *v = dict_get(test, S("given"));
	struct str id = dict_get(test, S("id"))->text, given = v ? v->text : STR_NONE;
	if (strcmp(place->suite, "check") == 0)
		return prepare_check(place, id, given);
	if (strcmp(place->suite, "log") == 0 &&
	    (str_find(id, S("-file.")) != STR_NOT_FOUND || str_starts(id, S("unreadable."))))
		return log_file_state(place, id);
	if (str_find(id, S("missing-executable")) != STR_NOT_FOUND ||
	    str_find(id, S("failing")) != STR_NOT_FOUND ||
	    str_find(id, S("with-broken")) != STR_NOT_FOUND)
		return add_broken_bots(place);
	if (str_starts(id, S("clear-unknown")))
		give_back(place); /* the recorded internal queue was cleared in the case before */
	if (!given.n)
		return NULL;
	if (strcmp(place->suite, "lifecycle") == 0)
		return prepare_bots(place, given, bot_of(place, test));
	if (strcmp(place->suite, "run") == 0)
		return prepare_run(place, given);
	return fill_queues(place, given);
}
