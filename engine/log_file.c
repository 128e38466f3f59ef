/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/files.h"

#include <intelmq/clock.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Four bytes each at most, and the line still fits into its buffer. */
enum { MAX_LOG_TEXT = 15000 };

struct log_file {
	char *path, *bot_id;
	int fd;
	int64_t size, max_size, max_copies;
	struct buffer line;
};

const char *log_level_name(enum log_level level)
{
	static const char *const names[] = { "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL" };
	return names[level];
}

void log_text_write(struct buffer *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if ((c < 0x20 && c != '\t') || c == 0x7F)
			buffer_printf(out, "\\x%02x", c);
		else
			buffer_add_char(out, (char)c);
	}
}

void log_line_write(struct buffer *out, int64_t now_us, struct str bot_id, enum log_level level,
                    struct str text)
{
	time_t seconds = (time_t)(now_us / 1000000);
	struct tm tm = { 0 };
	char stamp[32];
	localtime_r(&seconds, &tm); /* allowed: log lines show local time */
	/* allowed: digits only */ size_t n = strftime(stamp, sizeof stamp, "%F %T", &tm);
	buffer_add(out, stamp, n);
	buffer_printf(out, ",%03d - ", (int)(now_us / 1000 % 1000));
	buffer_add_str(out, bot_id);
	buffer_printf(out, " - %s - ", log_level_name(level));
	log_text_write(out, text);
	buffer_add_char(out, '\n');
}

static int reopen(struct log_file *log, struct err *err)
{
	struct stat st;
	log->fd = open(log->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
	if (log->fd < 0 || fstat(log->fd, &st) < 0)
		return err_set(err, FAULT_CONFIGURATION, "%s: cannot be opened for writing: %s",
		               log->path, strerror(errno));
	log->size = st.st_size;
	return 0;
}

int log_file_open(const char *directory, const char *bot_id, int64_t max_size, int64_t max_copies,
                  struct log_file **out, struct err *err)
{
	struct log_file *log = calloc(1, sizeof *log);
	size_t n = strlen(directory);
	if (!log ||
	    asprintf(&log->path, "%s%s%s.log", directory, n && directory[n - 1] == '/' ? "" : "/",
	             bot_id) < 0 ||
	    !(log->bot_id = strdup(bot_id)))
		abort();
	log->max_size = max_size;
	log->max_copies = max_copies > 0 ? max_copies : 0;
	buffer_init(&log->line, 64 * 1024);
	if (reopen(log, err) < 0) {
		log_file_close(log);
		return -1;
	}
	*out = log;
	return 0;
}

void log_file_close(struct log_file *log)
{
	if (!log)
		return;
	if (log->fd >= 0)
		close(log->fd);
	buffer_fini(&log->line);
	free(log->path);
	free(log->bot_id);
	free(log);
}

void log_file_sign(struct log_file *log, const char *name)
{
	free(log->bot_id);
	log->bot_id = strdup(name);
	if (!log->bot_id)
		abort();
}

/* x.log.1 becomes x.log.2 and so on; without copies the file only grows, as the reference's does. */
static void rotate(struct log_file *log)
{
	char from[4096], to[4096];
	if (log->max_copies == 0)
		return;
	for (int64_t i = log->max_copies; i > 0; i--) {
		snprintf(to, sizeof to, "%s.%" PRId64, log->path, i);
		if (i > 1)
			snprintf(from, sizeof from, "%s.%" PRId64, log->path, i - 1);
		else
			snprintf(from, sizeof from, "%s", log->path);
		rename(from, to);
	}
	close(log->fd);
	reopen(log, NULL);
}

int log_file_write(struct log_file *log, enum log_level level, struct str text)
{
	buffer_clear(&log->line);
	text.n = text.n > MAX_LOG_TEXT ? MAX_LOG_TEXT : text.n;
	log_line_write(&log->line, clock_now_us(), str_of(log->bot_id), level, text);
	if (log->max_size > 0 && log->size + (int64_t)log->line.n > log->max_size)
		rotate(log);
	ssize_t n = log->fd < 0 ? -1 : write(log->fd, log->line.p, log->line.n);
	if (n > 0)
		log->size += n;
	return n == (ssize_t)log->line.n ? 0 : -1;
}
