/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/yaml.h>

#include <intelmq/json.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/yaml_scalar.h"

enum {
	WIDTH = 80,
	STEP = 2,      /* of indentation */
	KEY_MAX = 128, /* bytes of a key that needs no "? " */
	DEPTH_MAX = 200,
	NO_INDENT = -STEP, /* of what surrounds the document */
};

struct writer {
	struct buffer *out;
	struct arena scratch; /* sorted keys */
	size_t column;        /* characters in the line so far */
	unsigned depth;
};

enum context { IN_BLOCK, IN_FLOW };
enum style { PLAIN, SINGLE, DOUBLE };

/* ---- Characters ---- */

/* The code point at p, decoded leniently; the number of bytes in *n. */
static uint32_t code_point(struct str text, size_t at, size_t *n)
{
	const unsigned char *p = (const unsigned char *)text.p + at;
	size_t left = text.n - at, length = p[0] < 0xc0 ? 1 : p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	*n = length <= left ? length : left;
	if (*n == 1)
		return p[0];
	uint32_t c = p[0] & (0x7fu >> length);
	for (size_t i = 1; i < *n; i++)
		c = c << 6 | (p[i] & 0x3fu);
	return c;
}

/* True if a character may stand in a quoted text as it is. */
static bool is_printable(uint32_t c)
{
	return (c >= 0x20 && c <= 0x7e) ||
	       (c >= 0xa0 && c <= 0xd7ff && c != 0x2028 && c != 0x2029) ||
	       (c >= 0xe000 && c <= 0xfffd && c != 0xfeff);
}

static void put(struct writer *w, struct str text)
{
	buffer_add_str(w->out, text);
	for (size_t i = 0; i < text.n; i++)
		w->column += ((unsigned char)text.p[i] & 0xc0) != 0x80;
}

static void put_line_end(struct writer *w, int indent)
{
	buffer_add_char(w->out, '\n');
	w->column = 0;
	for (int i = 0; i < indent; i++)
		put(w, S(" "));
}

/* ---- Scalars ---- */

static bool is_white(struct str text, size_t at)
{
	return at >= text.n || memchr(" \t\r\n", text.p[at], 4);
}

/* True if the text means itself without quotes. */
static bool plain_allowed(struct str text, enum context context)
{
	if (!text.n || text.p[0] == ' ' || text.p[text.n - 1] == ' ')
		return false;
	if (memchr("#,[]{}&*!|>'\"%@`", text.p[0], 16) || str_starts(text, S("---")) ||
	    str_starts(text, S("...")))
		return false;
	if (memchr("-?:", text.p[0], 3) &&
	    (is_white(text, 1) || (text.p[0] != '-' && context == IN_FLOW)))
		return false; /* YAML 1.1 readers take a leading ? or : between brackets for an indicator */
	for (size_t i = 1; i < text.n; i++) {
		char c = text.p[i];
		if (context == IN_FLOW && memchr(",[]{}", c, 5))
			return false;
		if (c == ':' && context == IN_FLOW && i + 1 < text.n && text.p[i + 1] == '?')
			return false;
		if ((c == ':' && is_white(text, i + 1)) || (c == '#' && is_white(text, i - 1)))
			return false;
	}
	return scalar_type_of(text) == SCALAR_STR;
}

static enum style style_of(struct str text, enum context context)
{
	for (size_t at = 0, n; at < text.n; at += n) {
		uint32_t c = code_point(text, at, &n);
		if (!is_printable(c) && !(c >= 0x10000 && c <= 0x10ffff))
			return DOUBLE;
	}
	if (plain_allowed(text, context))
		return PLAIN;
	return str_index(text, '\'') == STR_NOT_FOUND ? SINGLE : DOUBLE;
}

/* A line that begins with these at the left margin would end the document. */
static bool may_begin_line(struct str rest, int indent)
{
	return indent > 0 || !(str_starts(rest, S("---")) || str_starts(rest, S("...")));
}

/* Plain and single quoted: a line may end at a single blank between words. `indent` < 0: never. */
static void put_words(struct writer *w, struct str text, int indent)
{
	size_t start = 0;
	for (size_t i = 1; i + 1 < text.n; i++) {
		bool alone = text.p[i] == ' ' && text.p[i - 1] != ' ' && text.p[i + 1] != ' ';
		if (!alone || indent < 0 || !may_begin_line(str_slice(text, i + 1, text.n), indent))
			continue;
		put(w, str_slice(text, start, i));
		start = i;
		if (w->column > WIDTH) {
			put_line_end(w, indent);
			start = i + 1;
		}
	}
	put(w, str_slice(text, start, text.n));
}

static void put_escape(struct writer *w, uint32_t c)
{
	static const char plain[] = { '\0', '\a', '\b', '\t', '\n', '\v',
		                      '\f', '\r', 0x1b, '"',  '\\' };
	static const char letters[] = "0abtnvfre\"\\";
	char text[12];
	const char *at = c < 0x80 ? memchr(plain, (int)c, sizeof plain) : NULL;

	if (at)
		snprintf(text, sizeof text, "\\%c", letters[at - plain]);
	else if (c == 0x85 || c == 0x2028 || c == 0x2029)
		snprintf(text, sizeof text, "\\%c", c == 0x85 ? 'N' : c == 0x2028 ? 'L' : 'P');
	else if (c <= 0xff)
		snprintf(text, sizeof text, "\\x%02X", c);
	else if (c <= 0xffff)
		snprintf(text, sizeof text, "\\u%04X", c);
	else
		snprintf(text, sizeof text, "\\U%08X", c);
	put(w, str_of(text));
}

/* Double quoted: a line may end, marked by a backslash, before a blank or after an escape. */
static void put_double(struct writer *w, struct str text, int indent)
{
	size_t start = 0, pending = 0, n; /* bytes and characters not yet written */
	put(w, S("\""));
	for (size_t at = 0; at < text.n; at += n) {
		uint32_t c = code_point(text, at, &n);
		bool escape = !is_printable(c) || c == '"' || c == '\\';
		if (escape) {
			put(w, str_slice(text, start, at));
			put_escape(w, c);
			start = at + n;
			pending = 0;
		}
		bool inside = at > 0 && at + n < text.n;
		inside = inside &&
		         may_begin_line(str_slice(text, escape ? at + n : at, text.n), indent);
		if (indent >= 0 && inside && (escape || c == ' ') && w->column + pending > WIDTH) {
			put(w, str_slice(text, start, at));
			put(w, S("\\"));
			put_line_end(w, indent);
			start = escape ? at + n : at;
			pending = 0;
			if (text.p[start] == ' ')
				put(w, S("\\"));
		}
		pending += !escape;
	}
	put(w, str_slice(text, start, text.n));
	put(w, S("\""));
}

/* `indent` of further lines; negative: all in one line. */
static void write_text(struct writer *w, struct str text, enum context context, int indent)
{
	enum style style = style_of(text, context);
	if (style == DOUBLE) {
		put_double(w, text, indent);
		return;
	}
	if (style == SINGLE)
		put(w, S("'"));
	put_words(w, text, indent);
	if (style == SINGLE)
		put(w, S("'"));
}

static void write_scalar(struct writer *w, struct value v, enum context context, int indent)
{
	if (v.kind == VALUE_STR || v.kind == VALUE_BYTES) {
		write_text(w, v.text, context, indent);
	} else if (v.kind == VALUE_FLOAT && isnan(v.real)) {
		put(w, S(".nan"));
	} else if (v.kind == VALUE_FLOAT && isinf(v.real)) {
		put(w, v.real < 0 ? S("-.inf") : S(".inf"));
	} else {
		struct buffer text;
		buffer_init_in(&text, &w->scratch, 1 << 16);
		json_write(&text, v, 0);
		put(w, buffer_str(&text));
	}
}

/* ---- Lists and maps ---- */

static size_t count_of(struct value v)
{
	return v.kind == VALUE_LIST ? v.list->n : v.kind == VALUE_DICT ? v.dict->n : 0;
}

static bool is_scalar(struct value v)
{
	return v.kind != VALUE_LIST && v.kind != VALUE_DICT;
}

/* In one line (or several) with brackets: what holds scalars only. */
static bool is_flow(struct value v)
{
	for (size_t i = 0; i < count_of(v); i++)
		if (!is_scalar(v.kind == VALUE_LIST ? v.list->items[i] : v.dict->pairs[i].value))
			return false;
	return true;
}

static int by_key(const void *a, const void *b)
{
	return str_cmp((*(const struct pair *const *)a)->key,
	               (*(const struct pair *const *)b)->key);
}

static const struct pair **sorted(struct writer *w, const struct dict *d)
{
	const struct pair **pairs = arena_zalloc(&w->scratch, d->n + 1, sizeof *pairs);
	for (size_t i = 0; i < d->n; i++)
		pairs[i] = &d->pairs[i];
	qsort(pairs, d->n, sizeof *pairs, by_key);
	return pairs;
}

/* A key that a reader finds without looking further than YAML allows (1024 characters, one line). */
static bool is_simple_key(struct str key)
{
	return key.n < KEY_MAX && str_index(key, '\n') == STR_NOT_FOUND;
}

static void write_flow(struct writer *w, struct value v, int indent)
{
	bool map = v.kind == VALUE_DICT;
	const struct pair **pairs = map ? sorted(w, v.dict) : NULL;
	int text_indent = indent < 0 ? 0 : indent + STEP;

	indent = indent < 0 ? 0 : indent;
	put(w, map ? S("{") : S("["));
	for (size_t i = 0; i < count_of(v); i++) {
		if (i > 0)
			put(w, S(","));
		if (w->column > WIDTH)
			put_line_end(w, indent);
		else if (i > 0)
			put(w, S(" "));
		if (map) {
			bool simple = is_simple_key(pairs[i]->key);
			put(w, simple ? S("") : S("? "));
			write_text(w, pairs[i]->key, IN_FLOW, simple ? -1 : text_indent);
			put(w, simple ? S(": ") : S(" : "));
		}
		write_scalar(w, map ? pairs[i]->value : v.list->items[i], IN_FLOW, text_indent);
	}
	put(w, map ? S("}") : S("]"));
}

static void write_block(struct writer *, struct value, int indent);

/*
 * A value after "key:", "-" or "? …:". `indent` is that of the surrounding list or map; a list in a
 * map stands as far left as the map.
 */
static void write_value(struct writer *w, struct value v, int indent, bool after_key)
{
	if (is_scalar(v)) {
		put(w, S(" "));
		write_scalar(w, v, IN_BLOCK, indent + STEP);
	} else if (is_flow(v)) {
		put(w, S(" "));
		write_flow(w, v, indent + STEP);
	} else if (after_key) {
		int inner = v.kind == VALUE_LIST ? indent : indent + STEP;
		put_line_end(w, inner);
		write_block(w, v, inner);
	} else {
		put(w, S(" "));
		write_block(w, v, indent + STEP);
	}
}

/* The cursor stands at column `indent`. */
static void write_block(struct writer *w, struct value v, int indent)
{
	if (++w->depth > DEPTH_MAX) {
		w->out->over = true;
		w->depth--;
		return;
	}
	const struct pair **pairs = v.kind == VALUE_DICT ? sorted(w, v.dict) : NULL;
	for (size_t i = 0; i < count_of(v) && !w->out->over; i++) {
		if (i > 0)
			put_line_end(w, indent);
		if (!pairs) {
			put(w, S("-"));
			write_value(w, v.list->items[i], indent, false);
			continue;
		}
		bool simple = is_simple_key(pairs[i]->key);
		if (!simple)
			put(w, S("? "));
		write_text(w, pairs[i]->key, IN_BLOCK, simple ? -1 : indent + STEP);
		if (!simple)
			put_line_end(w, indent);
		put(w, S(":"));
		write_value(w, pairs[i]->value, indent, simple);
	}
	w->depth--;
}

void yaml_write(struct buffer *out, struct value v)
{
	struct writer w = { .out = out };
	arena_init(&w.scratch);
	if (is_scalar(v)) {
		write_scalar(&w, v, IN_BLOCK, 0);
		if (v.kind != VALUE_STR || style_of(v.text, IN_BLOCK) == PLAIN)
			put(&w, S("\n...")); /* ends a plain scalar that nothing else ends */
	} else if (is_flow(v)) {
		write_flow(&w, v, NO_INDENT);
	} else {
		write_block(&w, v, 0);
	}
	buffer_add_char(out, '\n');
	arena_fini(&w.scratch);
}
