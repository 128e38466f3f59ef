/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Reads the files of a directory, again and again. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <intelmq/bot.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct params {
	const char *path, *postfix;
	int64_t chunk_size;
	bool chunk_replicate_header, delete_file;
};

#define PARAMS struct params
static const struct param params[] = {
	PATH(path, "Directory to read; not its sub-directories.", .required = true),
	STR(postfix, "What the names of files end with; * and ? stand for other characters.",
	    .empty_is_value = true),
	SIZE(chunk_size, "Largest report in bytes, cut at line ends; null: one report per file.",
	     .nullable = true, .min = 1, .max = INT32_MAX),
	BOOL(chunk_replicate_header,
	     "Put the first line of a file in front of each of its reports."),
	BOOL(delete_file, "Remove files that were read."),
	{ 0 },
};

static enum result file_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct stat st;
	if (stat(p->path, &st) < 0 || !S_ISDIR(st.st_mode))
		return bot_fail(bot, BAD_CONF, "path '%s' is no directory", p->path);
	if (*p->postfix)
		return DONE;
	if (p->delete_file)
		return bot_fail(
			bot, BAD_CONF,
			"postfix is empty: with delete_file every file in '%s' would be removed",
			p->path);
	bot_log(bot, LEVEL_WARNING, "No file ending is set, every file in '%s' will be read.",
	        p->path);
	return DONE;
}

static enum result emit(struct bot *bot, const char *name, const char *path, int fd)
{
	const struct params *p = bot->params;
	char *real = arena_alloc(bot->arena, PATH_MAX);
	struct event *report = bot_new_report(bot);
	if (!realpath(path, real))
		return bot_fail(bot, TRY_LATER, "%s: %s", path, strerror(errno));
	/* A file that is to be removed is sent once, also if the bot is killed before it has removed it. */
	const struct emit_file how = {
		.chunk_size = p->chunk_size,
		.replicate_header = p->chunk_replicate_header,
		.remember = p->delete_file ? str_of(path) : STR_NONE,
	};
	struct str url = arena_printf(bot->arena, "file://localhost%s", real);
	enum result result = event_set(report, "feed.url", url);
	if (result == DONE)
		result = event_set(report, "extra.file_name", str_of(name));
	return result == DONE ? bot_emit_file(bot, report, fd, &how) : result;
}

/* One file of the directory. Somebody who still writes it holds a lock. */
static enum result file_read(struct bot *bot, const char *name)
{
	const struct params *p = bot->params;
	size_t n = strlen(p->path);
	struct str path = arena_printf(bot->arena, "%s%s%s", p->path,
	                               p->path[n - 1] == '/' ? "" : "/", name);
	struct stat st;
	enum result result = DONE;
	int fd = open(path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return bot_fail(bot, TRY_LATER, "%s: %s", path.p, strerror(errno));
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		goto out;
	bot_log(bot, LEVEL_INFO, "Processing file '%s'.", path.p);
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		bot_log(bot, LEVEL_INFO, "File '%s' is locked by another program, skipped.",
		        path.p);
	else
		result = emit(bot, name, path.p, fd);
	if (result == DONE && p->delete_file)
		bot_unlink_when_sent(bot, path);
out:
	close(fd);
	return result;
}

static enum result file_collect(struct bot *bot)
{
	const struct params *p = bot->params;
	struct str pattern = arena_printf(bot->arena, "*%s", p->postfix);
	enum result result = DONE;
	DIR *dir = opendir(p->path);
	if (!dir)
		return bot_fail(bot, TRY_LATER, "%s: %s", p->path, strerror(errno));
	for (struct dirent *entry; result == DONE && (entry = readdir(dir));)
		if (fnmatch(pattern.p, entry->d_name, 0) == 0 && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			result = file_read(bot, entry->d_name);
	closedir(dir);
	return result;
}

const struct bot_type collectors_file_collector_file = {
	.module = "intelmq.bots.collectors.file.collector_file",
	.summary = "Reads the files of a directory, again and again.",
	PARAMS_OF(.path = "/tmp/", .postfix = ".csv", .chunk_size = PARAM_UNSET,
	          .chunk_replicate_header = true),
	.rate_limit = 300,
	.uses = USES_FILES | USES_STATE,
	.init = file_init,
	.collect = file_collect,
};
