/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* log: the last lines of a bot's log, read backwards from its end, no more than LOOK_BACK bytes. */
#include <errno.h>
#include <fcntl.h>
#include <intelmq/clock.h>
#include <intelmq/datetime.h>
#include <intelmq/number.h>
#include <intelmq/repr.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/ctl.h"
#include "engine/files.h"
#include "lib/lines_reverse.h"
#include "lib/logline.h"

enum { LOOK_BACK = 100000, DEFAULT_LINES = 10 };

/* What is looked for, and what was found, newest first. */
struct search {
	struct ctl *ctl;
	struct str bot_id;
	bool syslog;
	int level;
	int64_t lines; /* -1: all */
	struct list *found;
	struct list *headless; /* lines that belong to the next one found, the last first */
};

/* ---- Lines ---- */

static int level_number(struct str name)
{
	for (int level = LEVEL_DEBUG; level <= LEVEL_CRITICAL; level++)
		if (str_eq(name, str_of(log_level_name((enum log_level)level))))
			return level;
	return LEVEL_DEBUG;
}

static int this_year(void)
{
	struct datetime now = { 0 };
	return datetime_from_us(clock_now_us(), &now) == 0 ? now.year : 1970;
}

/* The lines without a head, each with its end. */
static struct str extended_take(struct search *s)
{
	struct buffer b;
	buffer_init_in(&b, &s->ctl->arena, 2 * LOOK_BACK);
	for (size_t i = s->headless->n; i-- > 0;) {
		buffer_add_str(&b, s->headless->items[i].text);
		buffer_add_char(&b, '\n');
	}
	s->headless = list_new(&s->ctl->arena);
	return buffer_str(&b);
}

static void found_add(struct search *s, const struct logline *line)
{
	struct arena *arena = &s->ctl->arena;
	struct dict *d = dict_new(arena);
	dict_set(d, S("date"), value_str(line->date));
	dict_set(d, S("bot_id"), value_str(line->bot_id));
	dict_set(d, S("thread_id"),
	         line->thread_id < 0 ? value_null() : value_int(line->thread_id));
	dict_set(d, S("log_level"), value_str(line->level));
	dict_set(d, S("message"), value_str(line->message));
	if (s->headless->n)
		dict_set(d, S("extended_message"), value_str(extended_take(s)));
	list_add(s->found, value_copy(arena, value_dict(d)));
}

static void line_read(struct search *s, struct str text)
{
	struct logline line;
	struct arena *arena = &s->ctl->arena;
	if (str_ends(text, S("\r")))
		text.n--;
	int status = s->syslog ? logline_parse_syslog(arena, text, this_year(), &line, NULL)
	                       : logline_parse(arena, text, &line, NULL);
	if (status <= 0) {
		if (!s->syslog) /* there the other lines are those of other programs */
			list_add(s->headless, value_str(arena_dup(arena, text)));
		return;
	}
	/* Levels *above* the wanted one are left out, as in the reference. */
	if (str_eq(line.bot_id, s->bot_id) && level_number(line.level) <= s->level)
		found_add(s, &line);
}

static int file_read(struct search *s, int fd, struct err *err)
{
	struct lines_reverse lines;
	struct str line;
	int status;
	if (lines_reverse_init(&lines, fd, LOOK_BACK, err) < 0)
		return -1;
	while ((status = lines_reverse_next(&lines, &line, err)) == 1) {
		line_read(s, line);
		if (s->lines >= 0 && s->found->n && (int64_t)s->found->n >= s->lines)
			break;
	}
	lines_reverse_fini(&lines);
	return status < 0 ? -1 : 0;
}

/* ---- Answers ---- */

static struct str text_in(struct value entry, const char *key)
{
	const struct value *v = dict_get(entry.dict, str_of(key));
	return v ? v->text : STR_NONE;
}

static void answer(struct search *s)
{
	struct list *oldest_first = list_new(&s->ctl->arena);
	for (size_t i = s->found->n; i-- > 0;) {
		struct value entry = s->found->items[i];
		list_add(oldest_first, entry);
		struct str extended = text_in(entry, "extended_message");
		ctl_print(s->ctl, "%.*s - %.*s - %.*s - %.*s", STR_ARG(text_in(entry, "date")),
		          STR_ARG(text_in(entry, "bot_id")), STR_ARG(text_in(entry, "log_level")),
		          (int)text_in(entry, "message").n, text_in(entry, "message").p);
		if (extended.p)
			ctl_print(s->ctl, "%.*s", (int)extended.n, extended.p);
	}
	s->ctl->result = value_list(oldest_first);
}

static void answer_no_file(struct search *s)
{
	struct arena *arena = &s->ctl->arena;
	struct dict *d = dict_new(arena);
	struct datetime now;
	if (datetime_from_us(clock_now_us(), &now) < 0)
		return;
	now.has_offset = false;
	dict_set(d, S("date"), value_str(datetime_iso(arena, &now)));
	dict_set(d, S("bot_id"), value_str(s->bot_id));
	dict_set(d, S("log_level"), value_cstr("INFO"));
	dict_set(d, S("message"), value_cstr("No log file exists (yet)."));
	list_add(s->found, value_dict(d));
	answer(s);
}

/* The file, or NULL for a handler that keeps none. */
static const char *path_of(struct search *s, const struct runtime_bot *bot)
{
	const struct value *handler = dict_get(bot->parameters, S("logging_handler"));
	const struct value *folder = dict_get(bot->parameters, S("logging_path"));
	struct str in = folder && folder->kind == VALUE_STR && folder->text.n
	                      ? folder->text
	                      : str_of(s->ctl->paths->log);
	s->syslog = handler && value_is_text(*handler, S("syslog"));
	if (s->syslog)
		return "/var/log/syslog";
	if (handler && handler->kind != VALUE_NULL && !value_is_text(*handler, S("file")))
		return NULL;
	return arena_printf(&s->ctl->arena, "%.*s%s%.*s.log", STR_ARG(in),
	                    str_ends(in, S("/")) ? "" : "/", STR_ARG(bot->id))
	        .p;
}

static int fail(struct ctl *ctl, const char *path, const char *what)
{
	ctl_error(ctl, "File '%s' is not readable%s%s.", path, what ? ": " : "", what ? what : "");
	ctl->result = value_cstr("error");
	return 1;
}

static int search(struct search *s, const char *path)
{
	struct err err;
	struct stat about;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		answer_no_file(s);
		return 0;
	}
	if (fd < 0)
		return fail(s->ctl, path, errno == EACCES ? NULL : strerror(errno));
	bool regular = fstat(fd, &about) == 0 && S_ISREG(about.st_mode);
	int status = regular ? file_read(s, fd, &err) : -1;
	close(fd);
	if (status < 0)
		return fail(s->ctl, path, regular ? err.text : "it is no file");
	answer(s);
	return 0;
}

int ctl_log(struct ctl *ctl, const struct args *args)
{
	const char *level = args_get(args, "log_level"), *lines = args_get(args, "number_of_lines");
	struct value number = value_int(DEFAULT_LINES);
	const struct runtime_bot *bot = runtime_bot_find(ctl->runtime,
	                                                 str_of(args_get(args, "bot_id")));
	struct search s = {
		.ctl = ctl,
		.bot_id = bot->id,
		.level = level ? level_number(str_of(level)) : LEVEL_INFO,
		.found = list_new(&ctl->arena),
		.headless = list_new(&ctl->arena),
	};
	if (lines && number_int(&ctl->arena, str_of(lines), &number) < 0)
		return 2; /* not reached: it was checked with the other arguments */
	s.lines = number.integer < 0 ? -1 : number.integer;
	const char *path = path_of(&s, bot);
	if (!path) {
		const struct value *handler = dict_get(bot->parameters, S("logging_handler"));
		fprintf(stderr, "Unknown logging handler %s\n",
		        value_repr(&ctl->arena, *handler).p);
		ctl->no_result = true;
		return 1;
	}
	return search(&s, path);
}
