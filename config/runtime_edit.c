/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "config/runtime_edit.h"

#include <intelmq/buffer.h>
#include <intelmq/text.h>
#include <intelmq/value.h>
#include <intelmq/yaml.h>

/* Bytes `from` to before `to` are to become `text`. */
struct change {
	size_t from, to;
	struct str text;
};

/* The text as it was read. */
struct source {
	struct arena *arena;
	struct str text;
	struct value document;
	const struct yaml_mark *marks;
	const struct dict *section; /* of the bot */
	const struct yaml_mark *section_mark;
};

/* ---- Places in the text ---- */

/* The length of the line break at `at` as YAML counts lines, 0: there is none. */
static size_t line_break(struct str s, size_t at)
{
	static const struct str breaks[] = { { "\r\n", 2 },         { "\n", 1 },
		                             { "\r", 1 },           { "\xc2\x85", 2 },
		                             { "\xe2\x80\xa8", 3 }, { "\xe2\x80\xa9", 3 } };
	struct str rest = str_slice(s, at, s.n);
	for (size_t i = 0; i < sizeof breaks / sizeof *breaks; i++)
		if (str_starts(rest, breaks[i]))
			return breaks[i].n;
	return 0;
}

/* The byte at a line and column (in characters), both from 1; -1 where the text has no such place. */
static int place_find(struct str s, uint32_t line, uint32_t column, size_t *out)
{
	size_t at = str_starts(s, S("\xef\xbb\xbf")) ? 3 : 0;
	if (!line || !column)
		return -1;
	while (line > 1 && at < s.n) {
		size_t n = line_break(s, at);
		line -= n > 0;
		at += n ? n : 1;
	}
	for (; column > 1 && at < s.n && !line_break(s, at); column--) {
		struct str rest = str_slice(s, at, s.n);
		text_next(&rest);
		at = s.n - rest.n;
	}
	*out = at;
	return line == 1 && column == 1 ? 0 : -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_white(char c)
{
	return is_blank(c) || c == '\n' || c == '\r';
}

/* Behind white space and comments. */
static size_t skip_white(struct str s, size_t at)
{
	while (at < s.n && (is_white(s.p[at]) || s.p[at] == '#')) {
		if (s.p[at] == '#')
			while (at < s.n && !line_break(s, at))
				at++;
		else
			at++;
	}
	return at;
}

/* Behind an anchor and a tag, to what they belong to. */
static size_t skip_properties(struct str s, size_t at)
{
	while (at < s.n && (s.p[at] == '&' || s.p[at] == '!')) {
		while (at < s.n && !is_white(s.p[at]))
			at++;
		at = skip_white(s, at);
	}
	return at;
}

/* ---- The two kinds of changes ---- */

/* The end of a plain or quoted scalar in one line, or `at` if it is something else. */
static size_t scalar_end(struct str s, size_t at)
{
	char quote = at < s.n && (s.p[at] == '"' || s.p[at] == '\'') ? s.p[at] : 0;
	size_t end = at + (quote != 0);
	while (end < s.n &&
	       (quote ? s.p[end] != quote && s.p[end] != '\n'
	              : (s.p[end] >= '0' && s.p[end] <= '9') ||
	                        (s.p[end] >= 'a' && s.p[end] <= 'z') ||
	                        (s.p[end] >= 'A' && s.p[end] <= 'Z') || s.p[end] == '~'))
		end++;
	return quote && end < s.n && s.p[end] == quote ? end + 1 : quote ? at : end;
}

/* The section has the key: its value becomes another. */
static int change_value(const struct source *source, struct str word, struct change *out)
{
	const struct yaml_mark *mark = yaml_mark_of(source->section, source->section_mark,
	                                            S("enabled"));
	const struct value *now = dict_get(source->section, S("enabled"));
	if (!mark || place_find(source->text, mark->line, mark->column, &out->from) < 0)
		return -1;
	out->to = scalar_end(source->text, out->from);
	out->text = word;
	if (out->to > out->from)
		return 0;
	/* An empty value: YAML's place for it is right behind the colon, or somewhere after it. */
	while (out->from && is_white(source->text.p[out->from - 1]))
		out->from--;
	out->to = out->from;
	out->text = arena_printf(source->arena, " %.*s", STR_ARG(word));
	return now && now->kind == VALUE_NULL && out->from ? 0 : -1;
}

/* The key becomes the first one of a section in braces. */
static void insert_in_flow(const struct source *source, size_t brace, struct str word,
                           struct change *out)
{
	size_t next = skip_white(source->text, brace + 1);
	char first = next < source->text.n ? source->text.p[next] : '}';
	const char *quote = first == '"' ? "\"" : "", *comma = first == '}' ? "" : ", ";
	out->from = out->to = brace + 1;
	out->text = arena_printf(source->arena, "%senabled%s: %.*s%s", quote, quote, STR_ARG(word),
	                         comma);
}

/* The section lacks the key: it becomes the first one. */
static int insert_key(const struct source *source, struct str word, struct change *out)
{
	struct str text = source->text;
	const struct yaml_mark *mark = source->section_mark;
	size_t at;
	if (place_find(text, mark->line, mark->column, &at) < 0)
		return -1;
	at = skip_properties(text, at);
	if (at < text.n && text.p[at] == '{') {
		insert_in_flow(source, at, word, out);
		return 0;
	}
	size_t start = at;
	while (start && text.p[start - 1] == ' ')
		start--;
	if (start == at || !start || (text.p[start - 1] != '\n' && text.p[start - 1] != '\r'))
		return -1;
	bool crlf = start > 1 && text.p[start - 2] == '\r' && text.p[start - 1] == '\n';
	const char *end = crlf ? "\r\n" : text.p[start - 1] == '\r' ? "\r" : "\n";
	out->from = out->to = start;
	out->text = arena_printf(source->arena, "%*senabled: %.*s%s", (int)(at - start), "",
	                         STR_ARG(word), end);
	return 0;
}

/* ---- Proof ---- */

static struct str changed(struct arena *arena, struct str text, const struct change *change)
{
	struct buffer b;
	buffer_init_in(&b, arena, YAML_SIZE_MAX + 1024);
	buffer_add_str(&b, str_slice(text, 0, change->from));
	buffer_add_str(&b, change->text);
	buffer_add_str(&b, str_slice(text, change->to, text.n));
	return buffer_str(&b);
}

/* True if the text has the wanted value, and otherwise those of before. */
static bool is_proved(const struct source *source, struct str text, struct str bot, bool enabled)
{
	struct value now, wanted = value_copy(source->arena, source->document);
	const struct value *section = dict_get(wanted.dict, bot);
	dict_set(section->dict, S("enabled"), value_bool(enabled));
	return yaml_parse(source->arena, text, &now, NULL, NULL) == 0 && value_same(now, wanted);
}

/* ---- The edit ---- */

static int source_read(struct source *source, struct str bot, struct err *err)
{
	struct yaml_mark *marks;
	if (yaml_parse(source->arena, source->text, &source->document, &marks, err) < 0)
		return -1;
	source->marks = marks;
	const struct value *section = source->document.kind == VALUE_DICT
	                                    ? dict_get(source->document.dict, bot)
	                                    : NULL;
	if (!section || section->kind != VALUE_DICT)
		return err_set(err, FAULT_CONFIGURATION, "there is no section of a bot '%.*s'",
		               STR_ARG(bot));
	source->section = section->dict;
	source->section_mark = yaml_mark_of(source->document.dict, marks, bot);
	return 0;
}

int runtime_edit_enabled(struct arena *arena, struct str text, struct str bot, bool enabled,
                         struct str *out, struct err *err)
{
	struct source source = { .arena = arena, .text = text };
	struct str word = enabled ? S("true") : S("false");
	struct change change;
	if (source_read(&source, bot, err) < 0)
		return -1;
	const struct value *now = dict_get(source.section, S("enabled"));
	*out = text;
	if (now && now->kind == VALUE_BOOL && now->boolean == enabled)
		return 0;
	if (now && change_value(&source, word, &change) == 0) {
		*out = changed(arena, text, &change);
		if (is_proved(&source, *out, bot, enabled))
			return 0;
	}
	/* It may come from another section by a merge (<<): then an own one goes before it. */
	if (insert_key(&source, word, &change) == 0) {
		*out = changed(arena, text, &change);
		if (is_proved(&source, *out, bot, enabled))
			return 0;
	}
	return err_set(err, FAULT_CONFIGURATION,
	               "line %u: the section of '%.*s' is written in a way that cannot be changed "
	               "without changing more; set 'enabled: %.*s' there by hand",
	               source.section_mark->key_line, STR_ARG(bot), STR_ARG(word));
}
