/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* intelmq dump, also known as intelmqdump: what bots could not process, shown, changed, sent again. */
#include "cli/dump.h"

#include <intelmq/json.h>
#include <intelmq/text.h>

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/main.h"

extern char **environ;

enum {
	MAX_CONFIGURATION = 64 * 1024 * 1024,
	MAX_COMMANDS = 100,
	MAX_LINE = 16 * 1024,
	TRUNCATE = 1000,
};

static const char help[] =
	"usage: intelmqdump [BOT-ID] [--truncate N] [--command COMMAND]… [--json]\n\n"
	"Shows the messages that bots could not process and kept in their dump files, and sends "
	"them "
	"again.\n"
	"Without BOT-ID it lists the dump files and asks for one, then for commands; it reads them "
	"from "
	"a pipe as well:\n"
	"  r IDS [QUEUE]  recover: send to the queue (else the one it came from) and remove\n"
	"  a [QUEUE]      recover all\n"
	"  d [IDS]        delete the entries, or all and the file\n"
	"  s IDS          show\n"
	"  e IDS          edit the message with $EDITOR or sensible-editor\n"
	"  q              quit\n"
	"IDS are those of the list, as in 0,2,5-7. Entries are numbered anew after every command "
	"that "
	"removes some.\n\n"
	"  -t, --truncate N       characters of a raw field to show (default 1000; 0: all)\n"
	"  -c, --command COMMAND  carry out this instead of asking; may be given several times\n"
	"      --json             print the list of files, or of the bot's entries, as JSON\n";

struct options {
	const char *bot;
	const char *commands[MAX_COMMANDS];
	size_t n_commands;
	bool json;
};

const struct data_format *dump_format(struct dump_tool *t, struct err *err)
{
	struct str text;
	if (t->format)
		return t->format;
	if (runtime_read_file(&t->arena, t->paths->harmonization, MAX_CONFIGURATION, &text, err) <
	    0)
		return NULL;
	if (data_format_new(text, &t->format, err) < 0) {
		err_prefix(err, "%s", t->paths->harmonization);
		return NULL;
	}
	return t->format;
}

/* A number of up to nine digits. */
static bool read_count(const char *text, size_t *out)
{
	size_t n = 0, digits = strspn(text, "0123456789");
	for (size_t i = 0; i < digits && digits < 10; i++)
		n = n * 10 + (size_t)(text[i] - '0');
	*out = n;
	return digits && digits < 10 && !text[digits];
}

/* ---- One file ---- */

/* What a pid file says is believed if there is such a process. */
static bool is_running(struct dump_tool *t, struct str bot)
{
	struct arena arena;
	struct str text;
	bool running = false;
	arena_init(&arena);
	struct str path = arena_printf(&arena, "%s%.*s.pid", t->paths->run, STR_ARG(bot));
	if (runtime_read_file(&arena, path.p, 64, &text, NULL) == 0) {
		size_t pid;
		running = read_count(arena_cstr(&arena, text_strip(text)), &pid) && pid > 0 &&
		          (kill((pid_t)pid, 0) == 0 || errno == EPERM);
	}
	arena_fini(&arena);
	return running;
}

/* An entry that cannot be read says so in its line. */
static struct str reason_of(struct arena *arena, struct dump_session *session,
                            const struct dump_entry *entry, struct dumped *d)
{
	struct err err = { 0 };
	if (dumped_read(session, entry, arena, d, &err) < 0)
		return arena_printf(arena, "(unreadable: %s)", err.text);
	return dumped_reason(arena, d);
}

static void print_entries(struct dump_tool *t, struct dump_session *session, struct str bot)
{
	const struct dump_index *index = dump_session_index(session);
	struct arena arena;
	struct dumped d;
	arena_init(&arena);
	fputs("Processing ", t->out);
	dump_print(t->out, bot);
	fprintf(t->out, ": %zu dumps\n", index->n);
	for (size_t i = 0; i < index->n; i++) {
		arena_reset(&arena);
		fprintf(t->out, "%3zu: ", i);
		dump_print(t->out, index->sorted[i]->name);
		fputc(' ', t->out);
		dump_print(t->out, reason_of(&arena, session, index->sorted[i], &d));
		fputc('\n', t->out);
	}
	if (index->tail)
		dump_say_error(t,
		               "The last entry is not whole: its writer was ended. Its %" PRIu64
		               " bytes are left out when the file is written next.",
		               index->tail);
	if (is_running(t, bot))
		dump_say_error(t,
		               "The bot is running: what it cannot process meanwhile is added to "
		               "this file.");
	arena_fini(&arena);
}

/* One entry at a time: a file may be larger than memory. */
static void print_entries_json(struct dump_tool *t, struct dump_session *session)
{
	const struct dump_index *index = dump_session_index(session);
	struct arena arena;
	arena_init(&arena);
	fputc('[', t->out);
	for (size_t i = 0; i < index->n; i++) {
		struct buffer text;
		struct dumped d = { 0 };
		arena_reset(&arena);
		struct dict *one = dict_new(&arena);
		struct str reason = reason_of(&arena, session, index->sorted[i], &d);
		dict_set(one, S("id"), value_int((int64_t)i));
		dict_set(one, S("timestamp"), value_str(index->sorted[i]->name));
		dict_set(one, S("error"), value_str(reason));
		dict_set(one, S("source_queue"), d.queue.p ? value_str(d.queue) : value_null());
		dict_set(one, S("base64"), value_bool(d.is_bytes));
		dict_set(one, S("bytes"), value_int((int64_t)d.message.n));
		buffer_init_in(&text, &arena, SIZE_MAX / 4);
		json_write(&text, value_dict(one), 0);
		fprintf(t->out, "%s\n    %.*s", i ? "," : "", (int)text.n, text.p);
	}
	fputs(index->n ? "\n]\n" : "]\n", t->out);
	arena_fini(&arena);
}

/* A line of standard input without its end; false: there is none. */
static bool ask(struct dump_tool *t, const char *question, char line[MAX_LINE])
{
	fputs(question, t->out);
	fflush(t->out);
	if (!fgets(line, MAX_LINE, stdin)) {
		fputc('\n', t->out);
		return false;
	}
	line[strcspn(line, "\r\n")] = 0;
	return true;
}

static enum dump_outcome dialogue(struct dump_tool *t, struct dump_session *session, struct str bot)
{
	static const char question[] = "(r)ecover by ids, recover (a)ll, (d)elete file or entries, "
				       "(s)how by ids, (e)dit by ids, (q)uit? ";
	char line[MAX_LINE];
	bool failed = false;
	print_entries(t, session, bot);
	while (ask(t, question, line)) {
		struct str command = text_strip(str_of(line));
		if (!command.n)
			continue;
		enum dump_outcome outcome = dump_command(t, session, command);
		failed |= outcome == DUMP_FAILED;
		if (outcome == DUMP_QUIT)
			break;
		if (*command.p != 's')
			print_entries(t, session, bot);
	}
	return failed ? DUMP_FAILED : DUMP_GO_ON;
}

static enum dump_outcome carry_out(struct dump_tool *t, struct dump_session *session,
                                   const struct options *options)
{
	for (size_t i = 0; i < options->n_commands; i++) {
		enum dump_outcome outcome = dump_command(t, session, str_of(options->commands[i]));
		if (outcome == DUMP_FAILED)
			return outcome;
		if (outcome == DUMP_QUIT)
			break;
	}
	return DUMP_GO_ON;
}

/* A file that is damaged, or whose bot is not configured, is left alone. */
static void only_quit(struct dump_tool *t, const struct options *options)
{
	char line[MAX_LINE];
	while (!options->n_commands && !options->json && ask(t, "(q)uit? ", line)) {
		struct str command = text_strip(str_of(line));
		if (str_eq(command, S("q")))
			break;
		if (command.n)
			dump_say_error(t, "Action not allowed.");
	}
}

/* Exit code. */
static int process(struct dump_tool *t, const struct dump_listed *listed,
                   const struct options *options)
{
	struct dump_session *session;
	struct err err = { 0 };
	enum dump_outcome outcome = DUMP_FAILED;
	if (dump_session_open(listed->path, &session, &err) < 0) {
		dump_say_error(t, "%s.", err.text);
		only_quit(t, options);
		return 1;
	}
	if (options->json) {
		print_entries_json(t, session);
		outcome = DUMP_GO_ON;
	} else if (!runtime_bot_find(t->runtime, listed->name)) {
		print_entries(t, session, listed->name);
		dump_say_error(t, "The bot %.*s is not configured.", STR_ARG(listed->name));
		only_quit(t, options);
	} else if (options->n_commands) {
		outcome = carry_out(t, session, options);
	} else {
		outcome = dialogue(t, session, listed->name);
	}
	dump_session_close(session);
	return outcome == DUMP_FAILED && (options->n_commands || !isatty(STDIN_FILENO));
}

/* ---- Which file ---- */

static const struct dump_listed *find_listed(const struct dump_listed *all, size_t n,
                                             const char *text)
{
	size_t place;
	for (size_t i = 0; i < n; i++)
		if (str_eq(all[i].name, str_of(text)))
			return &all[i];
	return read_count(text, &place) && place < n ? &all[place] : NULL;
}

static int choose(struct dump_tool *t, const struct options *options)
{
	struct dump_listed *all;
	char line[MAX_LINE];
	size_t n = dump_list(t, &all);
	if (options->json)
		dump_list_json(t, all, n);
	else if (!n)
		fputs("Nothing to recover from, no dump files found!\n", t->out);
	if (options->json || !n)
		return 0;
	dump_list_print(t, all, n);
	while (ask(t, "Which dump file to process (id or name)? ", line)) {
		struct str answer = text_strip(str_of(line));
		if (!answer.n || str_eq(answer, S("q")))
			return 0;
		const struct dump_listed *listed = find_listed(all, n,
		                                               arena_cstr(&t->arena, answer));
		if (listed)
			return process(t, listed, options);
		dump_say_error(t, "There is no dump file %.*s.", STR_ARG(answer));
	}
	return 0;
}

static int process_named(struct dump_tool *t, const struct options *options)
{
	struct dump_listed *all;
	struct str bot = str_of(options->bot);
	size_t n = dump_list(t, &all);
	for (size_t i = 0; i < n; i++)
		if (str_eq(all[i].name, bot))
			return process(t, &all[i], options);
	dump_say_error(t, "There is no dump file of %.*s in %s or the bots' logging paths.",
	               STR_ARG(bot), t->paths->log);
	return 1;
}

/* ---- The program ---- */

/* -1: go on; else the exit code. */
static int read_options(int argc, char **argv, struct options *options, struct dump_tool *t)
{
	static const struct option known[] = {
		{ "truncate", required_argument, NULL, 't' },
		{ "command", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool wrong = false;
	for (int c; !wrong && (c = getopt_long(argc, argv, "t:c:h", known, NULL)) != -1;) {
		if (c == 'h') {
			fputs(help, stdout);
			return 0;
		}
		wrong = c == '?' || (c == 't' && !read_count(optarg, &t->truncate)) ||
		        (c == 'c' && options->n_commands == MAX_COMMANDS);
		if (c == 'c' && !wrong)
			options->commands[options->n_commands++] = optarg;
		options->json |= c == 'j';
	}
	options->bot = wrong ? NULL : argv[optind];
	if (!wrong && argc - optind <= 1 && (options->bot || !options->n_commands))
		return -1;
	fputs(help, stderr);
	return 2;
}

static int read_runtime(struct dump_tool *t)
{
	struct findings findings;
	struct runtime *runtime;
	struct runtime_source source = { t->paths->runtime, (const char *const *)environ };
	findings_init(&findings, &t->arena);
	int rc = runtime_load(&t->arena, &source, &runtime, &findings);
	t->runtime = runtime;
	for (size_t i = 0; rc < 0 && i < findings.n; i++)
		if (findings.all[i].severity == SEVERITY_ERROR) {
			struct buffer line;
			buffer_init_in(&line, &t->arena, 8192);
			finding_print(&line, &findings.all[i]);
			dump_say_error(t, "%.*s", STR_ARG(buffer_str(&line)));
		}
	return rc;
}

int command_dump(int argc, char **argv)
{
	struct options options = { 0 };
	struct dump_tool t = { .truncate = TRUNCATE,
		               .out = stdout,
		               .color = isatty(STDOUT_FILENO) };
	int rc = read_options(argc, argv, &options, &t);
	if (rc >= 0)
		return rc;
	t.errors = options.json ? stderr : stdout;
	arena_init(&t.arena);
	t.paths = paths_new(&t.arena, LAYOUT_OPT, environment_real, NULL);
	if (read_runtime(&t) < 0)
		rc = 1;
	else
		rc = options.bot ? process_named(&t, &options) : choose(&t, &options);
	broker_free(t.broker);
	data_format_free(t.format);
	arena_fini(&t.arena);
	return rc;
}
