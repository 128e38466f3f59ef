/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/json.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/ctl.h"
#include "engine/files.h"

enum { MAX_RESULT = 256 * 1024 * 1024 };

/* ---- intelmqctl.log ---- */

void ctl_log_open(struct ctl *ctl)
{
	struct err err;
	if (log_file_open(ctl->paths->log, "intelmqctl", 0, 0, &ctl->log, &err) < 0)
		fprintf(stderr, "Not logging to file: %s\n", err.text);
}

void ctl_log_close(struct ctl *ctl)
{
	if (ctl->log)
		log_file_close(ctl->log);
	ctl->log = NULL;
}

static void log_line(struct ctl *ctl, enum log_level level, struct str text)
{
	if (!ctl->log || log_file_write(ctl->log, level, text) == 0)
		return;
	fprintf(stderr, "Not logging to file: %m\n");
	ctl_log_close(ctl);
}

/* ---- Text ---- */

__attribute__((format(printf, 2, 0))) static struct str formatted(struct ctl *ctl,
                                                                  const char *format, va_list list)
{
	struct buffer b;
	char small[512];
	va_list again;
	va_copy(again, list);
	int n = vsnprintf(small, sizeof small, format, again);
	va_end(again);
	buffer_init_in(&b, &ctl->arena, 1 << 24);
	char *room = n < 0 ? NULL : buffer_room(&b, (size_t)n + 1);
	if (!room)
		return S("");
	vsnprintf(room, (size_t)n + 1, format, list);
	return (struct str){ room, (size_t)n };
}

static void put(FILE *stream, const char *before, struct str text, const char *after)
{
	fputs(before, stream);
	fwrite(text.p, 1, text.n, stream);
	fputs(after, stream);
	fflush(stream);
}

__attribute__((format(printf, 3, 0))) static void say(struct ctl *ctl, const char *colour,
                                                      const char *format, va_list list)
{
	if (ctl->type != CTL_TEXT)
		return;
	struct str text = formatted(ctl, format, list);
	bool coloured = colour && isatty(STDOUT_FILENO);
	log_line(ctl, LEVEL_INFO, text);
	if (!ctl->quiet)
		put(stdout, coloured ? colour : "", text, coloured ? "\033[0m\n" : "\n");
}

__attribute__((format(printf, 2, 0))) static void complain(struct ctl *ctl, const char *format,
                                                           va_list list)
{
	struct str text = formatted(ctl, format, list);
	log_line(ctl, LEVEL_ERROR, text);
	put(stderr, "\033[31m", text, "\033[0m\n");
}

void ctl_say(struct ctl *ctl, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	say(ctl, NULL, format, list);
	va_end(list);
}

void ctl_say_good(struct ctl *ctl, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	say(ctl, "\033[32m", format, list);
	va_end(list);
}

void ctl_print(struct ctl *ctl, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	if (ctl->type == CTL_TEXT)
		put(stdout, "", formatted(ctl, format, list), "\n");
	va_end(list);
}

void ctl_complain(struct ctl *ctl, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	if (ctl->type == CTL_TEXT)
		complain(ctl, format, list);
	va_end(list);
}

void ctl_error(struct ctl *ctl, const char *format, ...)
{
	va_list list;
	va_start(list, format);
	complain(ctl, format, list);
	va_end(list);
}

void ctl_print_result(struct ctl *ctl)
{
	struct buffer out;
	if (ctl->type != CTL_JSON || ctl->no_result)
		return;
	buffer_init_in(&out, &ctl->arena, MAX_RESULT);
	json_write(&out, ctl->result, JSON_INDENT4);
	buffer_add_char(&out, '\n');
	put(stdout, "", buffer_str(&out), "");
}
