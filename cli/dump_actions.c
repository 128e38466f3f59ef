/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/clock.h>
#include <intelmq/json.h>
#include <intelmq/number.h>
#include <intelmq/text.h>

#include <inttypes.h>
#include <signal.h>

#include "cli/dump.h"
#include "engine/types.h"

/* What one command is about. The index is that of its start; places are those of the list, by name. */
struct action {
	struct dump_tool *tool;
	struct dump_session *session;
	const struct dump_index *index;
	struct arena arena;               /* of the command */
	struct arena scratch;             /* of one entry */
	size_t *places, n;                /* entries chosen, in the order that was asked for */
	struct str *instead;              /* for dump_session_change */
	struct str queue;                 /* to recover into; STR_NONE: as the first entry says */
	const struct runtime_bot *reader; /* of that queue, once it is known */
};

static const struct dump_entry *entry_at(const struct action *a, size_t place)
{
	return a->index->sorted[place];
}

static void put_instead(struct action *a, size_t place, struct str text)
{
	a->instead[entry_at(a, place) - a->index->entries] = text;
}

/* ---- Which entries ---- */

static bool choose(struct action *a, bool *chosen, size_t from, size_t to)
{
	if (from > to || to >= a->index->n)
		return false;
	for (size_t i = from; i <= to; i++)
		if (!chosen[i]) {
			chosen[i] = true;
			a->places[a->n++] = i;
		}
	return true;
}

static bool read_place(struct str text, size_t *out)
{
	*out = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		*out = *out * 10 + (size_t)(text.p[i] - '0');
	}
	return text.n > 0 && text.n < 10;
}

/* "0,3,5-7"; says what is wrong. */
static bool choose_ids(struct action *a, struct str ids)
{
	bool *chosen = arena_zalloc(&a->arena, a->index->n + 1, sizeof *chosen);
	if (!ids.n)
		return dump_say_error(a->tool, "Which entries? Give their ids, as in 0,2,5-7."),
		       false;
	for (struct str rest = ids; rest.p;) {
		struct str one = str_cut(&rest, ','), to = one, from = str_cut(&to, '-');
		size_t first, last;
		if (!read_place(from, &first) || !read_place(to.p ? to : from, &last) ||
		    !choose(a, chosen, first, last)) {
			dump_say_error(a->tool, "There is no entry %.*s.", STR_ARG(one));
			return false;
		}
	}
	return true;
}

static bool choose_all(struct action *a)
{
	for (a->n = 0; a->n < a->index->n; a->n++)
		a->places[a->n] = a->n;
	return true;
}

static int read_entry(struct action *a, size_t place, struct dumped *out)
{
	struct err err = { 0 };
	arena_reset(&a->scratch);
	if (dumped_read(a->session, entry_at(a, place), &a->scratch, out, &err) == 0)
		return 0;
	dump_say_error(a->tool, "Dump %zu: %s.", place, err.text);
	return -1;
}

/* Writes the file as it is to be, and reads it anew. */
static enum dump_outcome apply(struct action *a, const char *on_failure)
{
	struct err err = { 0 };
	int64_t left = 0;
	const char *path = arena_cstr(&a->arena, str_of(dump_session_path(a->session)));
	if (dump_session_change(a->session, a->instead, &left, &err) < 0) {
		dump_say_error(a->tool, "%s: %s. %s", path, err.text, on_failure);
		return DUMP_FAILED;
	}
	if (left == 0) {
		fputs("Deleted file ", a->tool->out);
		dump_print(a->tool->out, str_of(path));
		fputs(".\n", a->tool->out);
		return DUMP_QUIT;
	}
	if (dump_session_read(a->session, &err) == 0)
		return DUMP_GO_ON;
	dump_say_error(a->tool, "%s: %s.", path, err.text);
	return DUMP_FAILED;
}

/* ---- Recover ---- */

enum {
	PART_MS = 2000,  /* between two writings of the file, */
	PART_SHARE = 20, /* and so many times as long as the last one took */
};

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	interrupted = number;
}

static bool reader_is(const struct runtime_bot *bot, struct str kind, struct str group)
{
	const struct bot_type *type = bot->module.p ? bot_type_find(bot->module, NULL) : NULL;
	return type ? str_eq(str_of(bot_type_kind(type)), kind) : str_eq(bot->group, group);
}

/* Who reads the queue; a collector reads none. */
static const struct runtime_bot *find_reader(const struct runtime *runtime, struct str queue)
{
	for (size_t i = 0; i < runtime->n; i++)
		if (str_eq(runtime->bots[i].source_queue, queue) &&
		    !reader_is(&runtime->bots[i], S("collector"), S("Collector")))
			return &runtime->bots[i];
	return NULL;
}

/* The first entry recovered says where all of them go, unless the command does. */
static bool settle_queue(struct action *a, size_t place, const struct dumped *d)
{
	if (a->reader)
		return true;
	if (!a->queue.p)
		a->queue = d->queue.p ? arena_dup(&a->arena, d->queue) : STR_NONE;
	if (!a->queue.n) {
		dump_say_error(a->tool,
		               "Dump %zu does not say which queue it is from: name one behind the "
		               "ids.",
		               place);
		return false;
	}
	a->reader = find_reader(a->tool->runtime, a->queue);
	if (!a->reader)
		dump_say_error(a->tool,
		               "The queue %.*s is not the source queue of a configured bot.",
		               STR_ARG(a->queue));
	return a->reader;
}

static int connect(struct dump_tool *t, struct err *err)
{
	if (t->broker)
		return 0;
	struct str path = arena_printf(&t->arena, "%sbroker.sock", t->paths->run);
	return broker_connect(path.p, -1, &t->broker, err);
}

static int send_entry(struct action *a, const struct dumped *d, struct err *err)
{
	struct str message = d->message;
	const struct data_format *format;
	if (reader_is(a->reader, S("parser"), S("Parser")))
		if (!(format = dump_format(a->tool, err)) ||
		    dumped_report(&a->scratch, format, message, &message, err) < 0)
			return -1;
	if (connect(a->tool, err) < 0)
		return -1;
	return broker_push(a->tool->broker, a->queue, message, err);
}

/* One entry; it is to leave the file only if it is with the broker, or has nothing to send. */
static bool recover_entry(struct action *a, size_t place)
{
	struct dumped d;
	struct err err = { 0 };
	if (read_entry(a, place, &d) < 0)
		return false;
	if (!d.message.n) {
		put_instead(a, place, S(""));
		fprintf(a->tool->out, "Deleted dump %zu, it has no message.\n", place);
		return true;
	}
	if (!settle_queue(a, place, &d))
		return false;
	if (send_entry(a, &d, &err) < 0) {
		dump_say_error(a->tool, "Dump %zu is not recovered: %s.", place, err.text);
		return false;
	}
	put_instead(a, place, S(""));
	fprintf(a->tool->out, "Recovered dump %zu.\n", place);
	return true;
}

/* Now and then what was sent leaves the file; a large file is written less often. -1: it cannot be written. */
static int apply_part(struct action *a, int64_t *next_ms)
{
	int64_t began = clock_monotonic_ms(), left;
	struct err err = { 0 };
	if (began < *next_ms)
		return 0;
	if (dump_session_change(a->session, a->instead, &left, &err) < 0) {
		dump_say_error(a->tool, "%s: %s.", dump_session_path(a->session), err.text);
		return -1;
	}
	int64_t ended = clock_monotonic_ms();
	*next_ms = ended + PART_MS + (ended - began) * PART_SHARE;
	return 0;
}

static size_t recover_chosen(struct action *a)
{
	int64_t next_ms = clock_monotonic_ms() + PART_MS;
	size_t done = 0;
	while (done < a->n && !interrupted && recover_entry(a, a->places[done])) {
		done++;
		if (done < a->n && apply_part(a, &next_ms) < 0)
			break;
	}
	return done;
}

/*
 * What the broker has leaves the file every few seconds and at the end, also after a failure or ^C. Whoever is killed,
 * also by a second ^C, leaves in it what was sent since: that may come twice, nothing is lost.
 */
static enum dump_outcome recover(struct action *a)
{
	struct sigaction int_before, term_before;
	struct sigaction action = { .sa_handler = on_interrupt,
		                    .sa_flags = (int)(SA_RESTART | SA_RESETHAND) };
	enum dump_outcome outcome = DUMP_FAILED;
	interrupted = 0;
	sigaction(SIGINT, &action, &int_before);
	sigaction(SIGTERM, &action, &term_before);
	size_t done = recover_chosen(a);
	if (done)
		outcome = apply(a, "What was recovered is still in the file, too.");
	sigaction(SIGINT, &int_before, NULL);
	sigaction(SIGTERM, &term_before, NULL);
	if (interrupted && done < a->n)
		dump_say_error(a->tool, "Interrupted after %zu of %zu dumps.", done, a->n);
	if (interrupted == SIGTERM)
		raise(SIGTERM);
	return done < a->n ? DUMP_FAILED : outcome;
}

/* ---- Delete, show, edit ---- */

static enum dump_outcome delete_chosen(struct action *a)
{
	for (size_t i = 0; i < a->n; i++)
		put_instead(a, a->places[i], S(""));
	enum dump_outcome outcome = apply(a, "Nothing is deleted.");
	for (size_t i = 0; i < a->n && outcome == DUMP_GO_ON; i++)
		fprintf(a->tool->out, "Deleted dump %zu.\n", a->places[i]);
	return outcome;
}

static enum dump_outcome show(struct action *a)
{
	for (size_t i = 0; i < a->n; i++) {
		struct dumped d;
		if (read_entry(a, a->places[i], &d) < 0)
			return DUMP_FAILED;
		struct str text = dumped_show(&a->scratch, entry_at(a, a->places[i])->name, &d,
		                              a->tool->truncate);
		fwrite(text.p, 1, text.n, a->tool->out);
		fputc('\n', a->tool->out);
	}
	return DUMP_GO_ON;
}

/* What the operator is shown: an object on several lines, anything else as it is. */
static struct str editable(struct action *a, const struct dumped *d, bool *is_json)
{
	struct value v;
	struct buffer text;
	*is_json = !d->is_bytes && json_parse(&a->scratch, d->message, &v, NULL) == 0 &&
	           v.kind == VALUE_DICT;
	if (!*is_json)
		return d->message;
	buffer_init_in(&text, &a->scratch, SIZE_MAX / 4);
	json_write(&text, v, JSON_INDENT4 | JSON_KEEP_UNICODE);
	buffer_add_char(&text, '\n');
	return buffer_str(&text);
}

/* A message that no bot would take is not accepted. */
static int accept_edited(struct action *a, bool is_json, struct str edited, struct str *out,
                         struct err *err)
{
	struct value v;
	struct buffer text;
	const struct data_format *format = is_json ? dump_format(a->tool, err) : NULL;
	if (!is_json) {
		*out = edited;
		return text_is_utf8(edited) ? 0
		                            : err_set(err, FAULT_OTHER, "it is no UTF-8 any more");
	}
	if (!format || json_parse(&a->scratch, edited, &v, err) < 0)
		return -1;
	buffer_init_in(&text, &a->scratch, MAX_MESSAGE);
	json_write(&text, v, 0);
	*out = buffer_str(&text);
	return event_decode(&a->scratch, format, *out, STR_NONE, WIRE_CHECKED, err) ? 0 : -1;
}

static bool edit_entry(struct action *a, size_t place, size_t *changed)
{
	struct dumped d;
	struct str text, edited;
	struct err err = { 0 };
	bool is_json;
	if (read_entry(a, place, &d) < 0)
		return false;
	if (d.message.n > MAX_DUMPED_PARSED) {
		dump_say_error(a->tool, "Dump %zu is too large to be edited here.", place);
		return false;
	}
	text = editable(a, &d, &is_json);
	if (dump_edit(&a->scratch, text, &edited, &err) < 0) {
		dump_say_error(a->tool, "Dump %zu stays as it was: %s.", place, err.text);
		return false;
	}
	if (str_eq(text, edited)) {
		fprintf(a->tool->out, "Dump %zu is unchanged.\n", place);
		return true;
	}
	if (accept_edited(a, is_json, edited, &edited, &err) < 0) {
		dump_say_error(a->tool,
		               "Dump %zu stays as it was, what you wrote cannot be used: %s.",
		               place, err.text);
		return false;
	}
	put_instead(a, place, dumped_with_message(&a->arena, entry_at(a, place)->name, &d, edited));
	a->places[(*changed)++] = place;
	return true;
}

static enum dump_outcome edit(struct action *a)
{
	size_t changed = 0; /* their places are kept at the start of a->places */
	bool ok = true;
	for (size_t i = 0; i < a->n && ok; i++)
		ok = edit_entry(a, a->places[i], &changed);
	enum dump_outcome outcome = changed ? apply(a, "Nothing is changed.") : DUMP_GO_ON;
	for (size_t i = 0; i < changed && outcome == DUMP_GO_ON; i++)
		fprintf(a->tool->out, "Changed dump %zu.\n", a->places[i]);
	return ok ? outcome : DUMP_FAILED;
}

/* ---- Commands ---- */

static struct str next_word(struct str *rest)
{
	*rest = text_strip(*rest);
	size_t n = 0;
	while (n < rest->n && rest->p[n] != ' ' && rest->p[n] != '\t')
		n++;
	struct str word = str_slice(*rest, 0, n);
	*rest = str_slice(*rest, n, rest->n);
	return word;
}

static enum dump_outcome not_allowed(struct action *a)
{
	dump_say_error(a->tool, "Action not allowed.");
	return DUMP_FAILED;
}

static enum dump_outcome perform(struct action *a, struct str command)
{
	char verb = command.n ? *command.p : 0;
	struct str word = next_word(&command), first = next_word(&command);
	struct str second = next_word(&command);
	if (word.n != 1 || next_word(&command).n || !strchr("radseq", verb) ||
	    (second.n && verb != 'r'))
		return not_allowed(a);
	if (verb == 'q')
		return DUMP_QUIT;
	bool all = verb == 'a' || (verb == 'd' && !first.n);
	if (!(all ? choose_all(a) : choose_ids(a, first)))
		return DUMP_FAILED;
	struct str queue = verb == 'a' ? first : second;
	a->queue = queue.n ? queue : STR_NONE;
	switch (verb) {
	case 'd':
		return delete_chosen(a);
	case 's':
		return show(a);
	case 'e':
		return edit(a);
	default:
		return recover(a);
	}
}

enum dump_outcome dump_command(struct dump_tool *t, struct dump_session *session,
                               struct str command)
{
	struct action a = { .tool = t, .session = session, .index = dump_session_index(session) };
	arena_init(&a.arena);
	arena_init(&a.scratch);
	a.places = arena_zalloc(&a.arena, a.index->n + 1, sizeof *a.places);
	a.instead = arena_zalloc(&a.arena, a.index->n + 1, sizeof *a.instead);
	enum dump_outcome outcome = perform(&a, text_strip(command));
	arena_fini(&a.scratch);
	arena_fini(&a.arena);
	fflush(t->out);
	return outcome;
}
