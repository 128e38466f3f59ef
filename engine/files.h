/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * files.h - log and dump files where the reference's tools look for them.
 *
 * `<logging_path>/<bot-id>.log`: `YYYY-MM-DD HH:MM:SS,mmm - <bot-id> - <LEVEL> - <text>` in local time.
 * `<logging_path>/<bot-id>.dump`: one JSON object, indented by four, a member per failed message.
 */
#pragma once
#include "engine/worker.h"

/* "DEBUG", "INFO" … */
const char *log_level_name(enum log_level);

/* One log line as it stands in the file, with the final newline. Control characters are shown as \xhh, so that
 * what a feed contains cannot forge lines. */
void log_line_write(struct buffer *out, int64_t now_us, struct str bot_id, enum log_level,
                    struct str text);

/* Appends a text with its control characters shown as \xhh. */
void log_text_write(struct buffer *out, struct str text);

struct log_file;

/* Opens `<directory>/<bot-id>.log` for appending; rotated at `max_size` bytes (0: never), keeping `max_copies`. */
int log_file_open(const char *directory, const char *bot_id, int64_t max_size, int64_t max_copies,
                  struct log_file **out, struct err *);
void log_file_close(struct log_file *);
int log_file_write(struct log_file *, enum log_level, struct str text);
/* From now on lines are signed with this name instead of the bot's id. */
void log_file_sign(struct log_file *, const char *name);

struct log_syslog;

/* Connects to syslog: the path of its device, or [host, UDP port]. Lines are `<bot-id>: <LEVEL> <text>`. */
int log_syslog_open(struct value where, const char *bot_id, struct log_syslog **out,
                    struct err *err);
void log_syslog_close(struct log_syslog *);
int log_syslog_write(struct log_syslog *, enum log_level, struct str text);

enum { DUMP_LOCK_SECONDS = 60 };

/*
 * Appends one failed message to a dump file, under the file's lock (waited for up to DUMP_LOCK_SECONDS). Only the
 * end of the file is touched; an end that a killed writer left open is repaired first. `now_us` names the entry.
 */
int dump_file_append(const char *path, const struct dump *, int64_t now_us, struct err *);

/* Takes the lock of a dump file, waiting for it up to some seconds; closing `fd` gives it back. */
int dump_file_lock(int fd, unsigned seconds, struct err *);

/*
 * Whether `path` still names the file that is open: a lock counts only then, since a dump file is replaced by a new one
 * when entries are removed from it (dump_session.h).
 */
bool dump_file_is_current(int fd, const char *path);

/* Reads harmonization.conf, which must have the sections event and report; errors name the file. */
int format_file_read(const char *path, struct data_format **out, struct err *);
