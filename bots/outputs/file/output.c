/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * Appends every event as a line to a file, or to files named after the event's fields. In one fixed file each event is
 * exactly once, whatever crashes; names from fields: at least once.
 */
#include <intelmq/append.h>
#include <intelmq/bot.h>
#include <intelmq/datetime.h>
#include <intelmq/export.h>
#include <intelmq/file.h>
#include <intelmq/format.h>
#include <stdio.h>
#include <sys/stat.h>

struct params {
	const char *file, *encoding_errors_mode;
	bool format_filename;
	struct export_params export;
};

#define PARAMS struct params
static const struct param params[] = {
	PATH(file, "File to append to; with format_filename a pattern as {event[source.ip]}.",
	     .required = true),
	BOOL(format_filename, "Fill in fields of each event into the name of the file."),
	STR(encoding_errors_mode,
	    "What is done with characters that cannot be written: strict, ignore or replace."),
	GROUP(export, export_params),
	{ 0 },
};

enum { MAX_LINES = 256 * 1024 * 1024 };

struct file_state {
	struct append_file file;
	bool stored;         /* the mark that the open file begins with is */
	struct buffer lines; /* not yet written */
};

/* ---- Exactly once: a crash leaves lines behind the mark that was committed; they are cut and come again ---- */

#define MARK S("file")

static void file_mark(struct bot *bot)
{
	const struct append_file *file = &((struct file_state *)bot->state)->file;
	char text[APPEND_MARK_TEXT];
	state_set(bot, MARK, append_mark_text(&file->mark, file->path, text), 0);
}

static void tell_restored(struct bot *bot, struct str path, const struct append_restored *found,
                          uint64_t size)
{
	unsigned long long was = found->size, wanted = size;
	if (!found->found)
		bot_log(bot, LEVEL_WARNING,
		        "%.*s is gone; lines that were not yet committed may come twice.",
		        STR_ARG(path));
	else if (was < wanted)
		bot_log(bot, LEVEL_WARNING,
		        "%s has lost %llu bytes since this bot wrote to it last.", found->path,
		        wanted - was);
	else if (was > wanted)
		bot_log(bot, LEVEL_WARNING,
		        "%s: %llu bytes were not yet committed and are cut off; they are written "
		        "again.",
		        found->path, was - wanted);
}

/* The file that was written to last, if need be cut to what is committed. */
static enum result file_restore(struct bot *bot, struct append_mark *mark)
{
	struct str text, path;
	struct append_restored found;
	if (!state_get(bot, MARK, &text) || append_mark_read(text, mark, &path) < 0)
		return DONE;
	if (append_restore(path, mark, &found, &bot->err) < 0)
		return BAD_CONF;
	tell_restored(bot, path, &found, mark->size);
	return DONE;
}

/* Before the first byte in a newly opened file it must be known how long it was. */
static enum result file_store_mark(struct bot *bot)
{
	struct file_state *state = bot->state;
	if (state->stored || state->file.mode == APPEND_SHARED)
		return DONE;
	file_mark(bot);
	enum result result = bot_commit_state(bot);
	state->stored = result == DONE;
	return result;
}

/* ---- The open file ---- */

static enum result file_open(struct bot *bot, struct str path)
{
	const struct params *p = bot->params;
	struct file_state *state = bot->state;
	if (!path.n || path.n >= APPEND_PATH || memchr(path.p, 0, path.n))
		return bot_fail(bot, BAD_DATA, "'%.*s' is no name for a file", STR_ARG(path));
	state->stored = false;
	return append_open(&state->file, path, p->format_filename ? APPEND_SHARED : APPEND_ALONE,
	                   &bot->err) < 0
	             ? TRY_LATER
	             : DONE;
}

/* It may have been moved or removed (log rotation): then it is opened anew. Or somebody else wrote to it. */
static enum result file_ready(struct bot *bot)
{
	struct file_state *state = bot->state;
	bool foreign = false;
	if (state->file.fd >= 0 && append_look(&state->file, &foreign, &bot->err) < 0)
		return TRY_LATER;
	if (!append_is_in_place(&state->file)) {
		enum result result = file_open(bot,
		                               arena_dup(bot->arena, str_of(state->file.path)));
		if (result != DONE)
			return result;
	} else if (foreign) {
		bot_log(bot, LEVEL_WARNING,
		        "Somebody else has changed %s, which is now %llu bytes long.",
		        state->file.path, (unsigned long long)state->file.mark.size);
		state->stored = false;
	}
	return file_store_mark(bot);
}

static enum result write_lines(struct bot *bot)
{
	struct file_state *state = bot->state;
	if (!state->lines.n)
		return DONE;
	enum result result = file_ready(bot);
	if (result != DONE)
		return result;
	if (append_write(&state->file, buffer_str(&state->lines), &bot->err) < 0)
		return TRY_LATER;
	if (state->file.mode == APPEND_ALONE)
		file_mark(bot);
	buffer_clear(&state->lines);
	return DONE;
}

/* What cannot be written is delivered again. */
static enum result file_flush(struct bot *bot)
{
	struct file_state *state = bot->state;
	enum result result = write_lines(bot);
	buffer_clear(&state->lines);
	return result;
}

/* ---- Names from fields: {event[time.source]:%Y-%m-%d} ---- */

struct name_source {
	const struct event *event;
};

static bool is_time(struct str key)
{
	return str_eq(key, S("time.source")) || str_eq(key, S("time.observation"));
}

static int name_find(const void *context, const struct format_path *path, struct value *out,
                     bool *special_out, struct err *err)
{
	const struct name_source *source = context;
	if (path->n < 2 || !str_eq(path->steps[0].name, S("event")) ||
	    path->steps[1].kind != FORMAT_KEY)
		return err_set(err, FAULT_KEY_NOT_EXISTS, "only event[FIELD] can be filled in");
	struct str key = path->steps[1].name;
	const struct value *v = event_get_key(source->event, key);
	if (!v)
		return err_set(err, FAULT_KEY_NOT_EXISTS, "the event has no field '%.*s'",
		               STR_ARG(key));
	*out = *v;
	*special_out = path->n == 2 && is_time(key);
	return *special_out ? 0 : format_walk(out, path->steps + 2, path->n - 2, err);
}

static int name_print(const void *context, const struct format_path *path, char conversion,
                      struct str spec, struct buffer *out, struct err *err)
{
	const struct name_source *source = context;
	const struct value *v = event_get_key(source->event, path->steps[1].name);
	struct datetime time;
	if (!v || v->kind != VALUE_STR || datetime_from_canonical(v->text, &time) < 0)
		return err_set(err, FAULT_OTHER, "'%.*s' is no time", STR_ARG(path->steps[1].name));
	return datetime_format(out, &time,
	                       conversion || !spec.n ? S("%Y-%m-%d %H:%M:%S+00:00") : spec);
}

static enum result file_of_event(struct bot *bot, const struct event *event)
{
	const struct params *p = bot->params;
	struct file_state *state = bot->state;
	struct name_source name = { event };
	struct format_source source = { &name, name_find, name_print };
	struct buffer path;
	buffer_init_in(&path, bot->arena, APPEND_PATH - 1);
	if (format_text(&path, str_of(p->file), &source, &bot->err) < 0)
		return BAD_DATA;
	if (state->file.fd >= 0 && str_eq(buffer_str(&path), str_of(state->file.path)))
		return DONE;
	/* If this fails, the lines are still there: they are of earlier messages, which the flush decides on. */
	enum result result = write_lines(bot);
	return result == DONE ? file_open(bot, buffer_str(&path)) : result;
}

static enum result file_deliver(struct bot *bot, const struct event *event)
{
	const struct params *p = bot->params;
	struct file_state *state = bot->state;
	enum result result = p->format_filename ? file_of_event(bot, event) : DONE;
	if (result != DONE)
		return result;
	size_t before = state->lines.n;
	if (export_event(event, &p->export, &state->lines, &bot->err) < 0) {
		state->lines.n = before;
		return BAD_DATA;
	}
	buffer_add_char(&state->lines, '\n');
	if (state->lines.over) {
		state->lines.n = before;
		state->lines.over = false;
		return bot_fail(bot, BAD_DATA, "the line is longer than %d bytes", MAX_LINES);
	}
	return DONE;
}

static enum result file_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct file_state *state = bot->state;
	struct append_mark mark = { 0 };
	append_init(&state->file);
	buffer_init(&state->lines, MAX_LINES);
	enum result result = file_restore(bot, &mark);
	if (p->format_filename) {
		state_del(bot, MARK);
		return result;
	}
	if (result != DONE || file_open(bot, str_of(p->file)) != DONE)
		return BAD_CONF;
	state->stored = append_same_file(&state->file.mark, &mark) &&
	                state->file.mark.size == mark.size;
	return DONE;
}

static void file_fini(struct bot *bot)
{
	struct file_state *state = bot->state;
	append_close(&state->file);
	buffer_fini(&state->lines);
}

static void file_check(struct bot *bot, struct findings *findings)
{
	const struct params *p = bot->params;
	char directory[4096];
	struct stat st;
	const char *slash = strrchr(p->file, '/');
	if (!slash || slash == p->file || (size_t)(slash - p->file) >= sizeof directory)
		return;
	snprintf(directory, sizeof directory, "%.*s", (int)(slash - p->file), p->file);
	if (stat(directory, &st) == 0 || strstr(directory, "{ev"))
		return;
	if (file_make_directories(p->file) == 0)
		finding_add(findings, SEVERITY_INFO, "file",
		            "the directory %s did not exist and was made", directory);
	else
		finding_add(findings, SEVERITY_ERROR, "file",
		            "the directory %s does not exist and cannot be made", directory);
}

const struct bot_type outputs_file_output = {
	.module = "intelmq.bots.outputs.file.output",
	.summary = "Appends every event as a line of JSON to a file.",
	PARAMS_OF(.file = "/opt/intelmq/var/lib/bots/file-output/events.txt",
	          .encoding_errors_mode = "strict"),
	.state_size = sizeof(struct file_state),
	.uses = USES_FILES | USES_STATE,
	.delivers = DELIVERS_EXACTLY, /* with one fixed path */
	.init = file_init,
	.fini = file_fini,
	.check = file_check,
	.deliver = file_deliver,
	.flush = file_flush,
};
