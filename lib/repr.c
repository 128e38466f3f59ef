/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/number.h>
#include <intelmq/repr.h>
#include <intelmq/text.h>

#include <stdio.h>

/* A container that is being written, and how many of its items are done. */
struct frame {
	struct value container;
	size_t done;
};

enum { FIRST_FRAMES = 16 };

/* Frames of containers inside each other; few of them lie on the stack, many on the heap. */
struct frames {
	struct frame first[FIRST_FRAMES];
	struct buffer more;
	size_t n;
};

static struct frame *frame_at(struct frames *f, size_t i)
{
	if (i < FIRST_FRAMES)
		return &f->first[i];
	return (struct frame *)(void *)f->more.p + (i - FIRST_FRAMES);
}

static void frame_push(struct frames *f, struct value container)
{
	struct frame frame = { container, 0 };
	if (f->n < FIRST_FRAMES)
		f->first[f->n] = frame;
	else
		buffer_add(&f->more, &frame, sizeof frame);
	f->n++;
}

static void frame_pop(struct frames *f)
{
	if (--f->n >= FIRST_FRAMES)
		f->more.n -= sizeof(struct frame);
}

/* The quote that Python prefers: a double one only if that saves escapes. */
static char quote_for(struct str s)
{
	bool single = str_index(s, '\'') != STR_NOT_FOUND;
	return single && str_index(s, '"') == STR_NOT_FOUND ? '"' : '\'';
}

/* ASCII characters that need no escape. */
static bool is_plain(unsigned char c, char quote)
{
	return c >= ' ' && c < 0x7F && c != '\\' && c != (unsigned char)quote;
}

static void put_escape(struct buffer *b, uint32_t c, char quote)
{
	static const char letters[] = { ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't', ['\\'] = '\\' };
	char text[12];
	int n;
	if (c < sizeof letters && letters[c])
		n = snprintf(text, sizeof text, "\\%c", letters[c]);
	else if (c == (unsigned char)quote)
		n = snprintf(text, sizeof text, "\\%c", quote);
	else if (c < 0x100)
		n = snprintf(text, sizeof text, "\\x%02x", (unsigned)c);
	else if (c < 0x10000)
		n = snprintf(text, sizeof text, "\\u%04x", (unsigned)c);
	else
		n = snprintf(text, sizeof text, "\\U%08x", (unsigned)c);
	buffer_put(b, text, (size_t)n);
}

/* Appends the plain characters that s starts with and returns the rest. */
static struct str put_plain(struct buffer *b, struct str s, char quote)
{
	size_t n = 0;
	while (n < s.n && is_plain((unsigned char)s.p[n], quote))
		n++;
	buffer_put(b, s.p, n);
	return str_slice(s, n, s.n);
}

static void put_str(struct buffer *b, struct str s)
{
	char quote = quote_for(s);
	buffer_put(b, &quote, 1);
	while ((s = put_plain(b, s, quote)).n) {
		struct str before = s;
		uint32_t c = text_next(&s);
		if (c >= 0x80 && text_is_printable(c))
			buffer_put(b, before.p, before.n - s.n);
		else
			put_escape(b, c, quote);
	}
	buffer_put(b, &quote, 1);
}

static void put_bytes(struct buffer *b, struct str s)
{
	char quote = quote_for(s);
	buffer_put(b, "b", 1);
	buffer_put(b, &quote, 1);
	while ((s = put_plain(b, s, quote)).n) {
		put_escape(b, (unsigned char)s.p[0], quote);
		s = str_slice(s, 1, s.n);
	}
	buffer_put(b, &quote, 1);
}

static void put_scalar(struct buffer *b, struct value v)
{
	char scratch[NUMBER_FLOAT_SIZE];
	switch (v.kind) {
	case VALUE_NULL:
		buffer_add_str(b, S("None"));
		break;
	case VALUE_BOOL:
		buffer_add_str(b, v.boolean ? S("True") : S("False"));
		break;
	case VALUE_INT:
		buffer_add_str(b, number_int_text(v.integer, scratch));
		break;
	case VALUE_FLOAT:
		buffer_add_str(b, number_float_text(v.real, scratch));
		break;
	case VALUE_BIG:
		buffer_add_str(b, v.text);
		break;
	case VALUE_STR:
		put_str(b, v.text);
		break;
	case VALUE_BYTES:
		put_bytes(b, v.text);
		break;
	case VALUE_LIST:
	case VALUE_DICT:
		break;
	}
}

/* Starts a value: a scalar is written, a container is opened and pushed. */
static void put_value(struct buffer *b, struct frames *f, struct value v)
{
	if (v.kind != VALUE_LIST && v.kind != VALUE_DICT) {
		put_scalar(b, v);
	} else if (f->n == MAX_REPR_DEPTH) {
		buffer_add_str(b, S("..."));
	} else {
		buffer_add_char(b, v.kind == VALUE_LIST ? '[' : '{');
		frame_push(f, v);
	}
}

/* Goes one item on in the innermost container, or closes it. */
static void put_next(struct buffer *b, struct frames *f)
{
	struct frame *frame = frame_at(f, f->n - 1);
	struct value c = frame->container;
	bool is_list = c.kind == VALUE_LIST;
	if (frame->done == (is_list ? c.list->n : c.dict->n)) {
		buffer_add_char(b, is_list ? ']' : '}');
		frame_pop(f);
		return;
	}
	size_t i = frame->done++;
	if (i > 0)
		buffer_add_str(b, S(", "));
	if (is_list) {
		put_value(b, f, c.list->items[i]);
		return;
	}
	put_str(b, c.dict->pairs[i].key);
	buffer_add_str(b, S(": "));
	put_value(b, f, c.dict->pairs[i].value);
}

static void put_container(struct buffer *b, struct value v)
{
	struct frames f;
	f.n = 0;
	buffer_init(&f.more, MAX_REPR_DEPTH * sizeof(struct frame));
	put_value(b, &f, v);
	while (f.n && !b->over)
		put_next(b, &f);
	buffer_fini(&f.more);
}

void repr_write(struct buffer *b, struct value v)
{
	if (v.kind == VALUE_LIST || v.kind == VALUE_DICT)
		put_container(b, v);
	else
		put_scalar(b, v);
}

struct str value_repr(struct arena *arena, struct value v)
{
	struct buffer b;
	buffer_init_in(&b, arena, SIZE_MAX);
	repr_write(&b, v);
	return buffer_str(&b);
}

struct str value_text(struct arena *arena, struct value v)
{
	return v.kind == VALUE_STR ? v.text : value_repr(arena, v);
}
