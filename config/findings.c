/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "config/findings.h"

#include <stdarg.h>
#include <stdio.h>

enum { TEXT_MAX = 1000 };

void findings_init(struct findings *f, struct arena *arena)
{
	*f = (struct findings){ .arena = arena };
}

void findings_scope(struct findings *f, struct str file, struct str bot, uint32_t line,
                    const struct dict *lines)
{
	if (!f)
		return;
	f->file = file;
	f->bot = bot;
	f->line = line;
	f->lines = lines;
}

static struct str dup_or_none(struct arena *arena, struct str s)
{
	return s.p ? arena_dup(arena, s) : STR_NONE;
}

void findings_add(struct findings *f, struct finding finding)
{
	if (!f)
		return;
	f->counts[finding.severity]++;
	if (f->n == FINDINGS_MAX)
		return;
	if (f->n == f->capacity) {
		size_t capacity = f->capacity ? f->capacity * 2 : 16;
		struct finding *all = arena_zalloc(f->arena, capacity, sizeof *all);
		if (f->n)
			memcpy(all, f->all, f->n * sizeof *all);
		f->all = all;
		f->capacity = capacity;
	}
	finding.file = dup_or_none(f->arena, finding.file);
	finding.bot = dup_or_none(f->arena, finding.bot);
	finding.parameter = dup_or_none(f->arena, finding.parameter);
	finding.text = dup_or_none(f->arena, finding.text);
	finding.advice = dup_or_none(f->arena, finding.advice);
	f->all[f->n++] = finding;
}

/* A finding in the scope that is set. */
static void __attribute__((format(printf, 5, 0)))
add_scoped(struct findings *f, enum severity severity, const char *parameter, const char *advice,
           const char *format, va_list args)
{
	char text[TEXT_MAX];
	if (!f)
		return;
	vsnprintf(text, sizeof text, format, args);
	struct finding finding = {
		.severity = severity,
		.file = f->file,
		.line = f->line,
		.bot = f->bot,
		.parameter = str_of(parameter),
		.text = str_of(text),
		.advice = str_of(advice),
	};
	const struct value *line = f->lines && parameter ? dict_get(f->lines, finding.parameter)
	                                                 : NULL;
	if (line && line->kind == VALUE_INT)
		finding.line = (uint32_t)line->integer;
	if (line && !finding.line)
		finding.file = S("environment"); /* known, but from no line of the file */
	findings_add(f, finding);
}

void finding_add(struct findings *f, enum severity severity, const char *parameter,
                 const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_scoped(f, severity, parameter, NULL, format, args);
	va_end(args);
}

void finding_advise(struct findings *f, enum severity severity, const char *parameter,
                    const char *advice, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	add_scoped(f, severity, parameter, advice, format, args);
	va_end(args);
}

static const char *severity_name(enum severity severity)
{
	static const char *const names[] = { "error", "warning", "info" };
	return names[severity];
}

/* Text from a file: control characters could play tricks with a terminal. */
static void print_safe(struct buffer *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		unsigned char c = (unsigned char)text.p[i];
		if (c < 0x20 || c == 0x7f)
			buffer_printf(out, "\\x%02x", c);
		else
			buffer_add_char(out, (char)c);
	}
}

void finding_print(struct buffer *out, const struct finding *f)
{
	if (f->file.p) {
		print_safe(out, f->file);
		if (f->line)
			buffer_printf(out, ":%u", f->line);
		buffer_add_str(out, S(": "));
	}
	buffer_printf(out, "%s: ", severity_name(f->severity));
	if (f->bot.p) {
		buffer_add_str(out, S("bot '"));
		print_safe(out, f->bot);
		buffer_add_str(out, f->parameter.p ? S("', ") : S("': "));
	}
	if (f->parameter.p) {
		buffer_add_str(out, S("parameter '"));
		print_safe(out, f->parameter);
		buffer_add_str(out, S("': "));
	}
	print_safe(out, f->text);
	if (f->advice.n) {
		buffer_add_str(out, S("; "));
		print_safe(out, f->advice);
	}
}

void findings_print(struct buffer *out, const struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		finding_print(out, &f->all[i]);
		buffer_add_char(out, '\n');
	}
}

static void set_text(struct dict *d, struct str key, struct str text)
{
	if (text.p)
		dict_set(d, key, value_str(text));
}

struct value findings_json(struct arena *arena, const struct findings *f)
{
	struct list *list = list_new(arena);
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *finding = &f->all[i];
		struct dict *d = dict_new(arena);
		set_text(d, S("severity"), str_of(severity_name(finding->severity)));
		set_text(d, S("file"), finding->file);
		if (finding->line)
			dict_set(d, S("line"), value_int(finding->line));
		set_text(d, S("bot"), finding->bot);
		set_text(d, S("parameter"), finding->parameter);
		set_text(d, S("text"), finding->text);
		set_text(d, S("advice"), finding->advice);
		list_add(list, value_dict(d));
	}
	return value_list(list);
}
