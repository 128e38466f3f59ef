/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Appends every event as a line to a file, or to files named after the event's fields. */
#include <errno.h>
#include <fcntl.h>
#include <intelmq/bot.h>
#include <intelmq/datetime.h>
#include <intelmq/export.h>
#include <intelmq/format.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

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

enum { MAX_LINES = 256 * 1024 * 1024, WRITE_SIZE = 1024 * 1024 };

struct file_state {
	int fd;
	char path[4096];     /* of the open file */
	struct buffer lines; /* not yet written */
	struct stat opened;
};

/* Directories on the way to the file; those that exist are no error. */
static int make_directories(const char *path)
{
	char part[4096];
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t n = (size_t)(slash - path);
		if (n >= sizeof part)
			return -1;
		memcpy(part, path, n);
		part[n] = 0;
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return -1;
	}
	return 0;
}

static enum result file_open(struct bot *bot, struct str path)
{
	struct file_state *state = bot->state;
	if (!path.n || path.n >= sizeof state->path || memchr(path.p, 0, path.n))
		return bot_fail(bot, BAD_DATA, "'%.*s' is no name for a file", STR_ARG(path));
	memcpy(state->path, path.p, path.n);
	state->path[path.n] = 0;
	if (state->fd >= 0)
		close(state->fd);
	state->fd = open(state->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (state->fd < 0 && errno == ENOENT && make_directories(state->path) == 0)
		state->fd = open(state->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (state->fd < 0 || fstat(state->fd, &state->opened) < 0)
		return bot_fail(bot, TRY_LATER, "%s cannot be opened: %s", state->path,
		                strerror(errno));
	return DONE;
}

/* The file may have been moved or removed (log rotation): then it is opened anew. */
static bool is_in_place(const struct file_state *state)
{
	struct stat now;
	return state->fd >= 0 && stat(state->path, &now) == 0 &&
	       now.st_ino == state->opened.st_ino && now.st_dev == state->opened.st_dev;
}

static enum result file_flush(struct bot *bot)
{
	struct file_state *state = bot->state;
	size_t done = 0;
	if (!state->lines.n)
		return DONE;
	if (!is_in_place(state)) {
		enum result result = file_open(bot, arena_dup(bot->arena, str_of(state->path)));
		if (result != DONE)
			return result;
	}
	struct stat before;
	if (fstat(state->fd, &before) < 0)
		return bot_fail(bot, TRY_LATER, "%s: %s", state->path, strerror(errno));
	while (done < state->lines.n) {
		ssize_t n = write(state->fd, state->lines.p + done, state->lines.n - done);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			int error = errno;
			/* Half a batch would be written again with the whole one. */
			if (ftruncate(state->fd, before.st_size) < 0)
				bot_log(bot, LEVEL_WARNING, "%s may hold lines twice.",
				        state->path);
			buffer_clear(&state->lines);
			return bot_fail(bot, TRY_LATER, "%s cannot be written: %s", state->path,
			                strerror(error));
		}
		done += (size_t)n;
	}
	buffer_clear(&state->lines);
	return DONE;
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
	buffer_init_in(&path, bot->arena, sizeof state->path - 1);
	if (format_text(&path, str_of(p->file), &source, &bot->err) < 0)
		return BAD_DATA;
	if (state->fd >= 0 && str_eq(buffer_str(&path), str_of(state->path)))
		return DONE;
	enum result result = file_flush(bot);
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
	state->fd = -1;
	buffer_init(&state->lines, MAX_LINES);
	if (p->format_filename)
		return DONE;
	enum result result = file_open(bot, str_of(p->file));
	return result == DONE ? DONE : BAD_CONF;
}

static void file_fini(struct bot *bot)
{
	struct file_state *state = bot->state;
	if (state->fd >= 0)
		close(state->fd);
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
	if (make_directories(p->file) == 0)
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
	.uses = USES_FILES,
	.delivers = DELIVERS_AT_LEAST_ONCE,
	.init = file_init,
	.fini = file_fini,
	.check = file_check,
	.deliver = file_deliver,
	.flush = file_flush,
};
