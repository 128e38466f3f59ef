/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/html_entities.h"

#include <intelmq/buffer.h>

static const struct html_entity entities[] = {
#include "lib/html_entities.inc"
};

const struct html_entity *html_entity_find(struct str name)
{
	size_t low = 0, high = sizeof entities / sizeof *entities;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = str_cmp(name, str_of(entities[middle].name));
		if (order == 0)
			return &entities[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* What the bytes 0x80 to 0x9f are in windows-1252, which is what those who write them as numbers mean. */
static const uint16_t windows_1252[32] = {
	0x20ac, 0x81,   0x201a, 0x192,  0x201e, 0x2026, 0x2020, 0x2021, 0x2c6,  0x2030, 0x160,
	0x2039, 0x152,  0x8d,   0x17d,  0x8f,   0x90,   0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x2dc,  0x2122, 0x161,  0x203a, 0x153,  0x9d,   0x17e,  0x178,
};

static bool is_no_character(uint32_t c)
{
	return (c >= 0x1 && c <= 0x8) || c == 0xb || (c >= 0xe && c <= 0x1f) || c == 0x7f ||
	       (c >= 0xfdd0 && c <= 0xfdef) || (c & 0xfffe) == 0xfffe;
}

static void number_add(struct buffer *b, uint32_t c)
{
	if (c == 0 || (c >= 0xd800 && c <= 0xdfff) || c > 0x10ffff)
		buffer_add_utf8(b, 0xfffd);
	else if (c >= 0x80 && c <= 0x9f)
		buffer_add_utf8(b, windows_1252[c - 0x80]);
	else if (!is_no_character(c))
		buffer_add_utf8(b, c);
}

static int digit_value(char c, int base)
{
	int value = c >= '0' && c <= '9' ? c - '0'
	          : c >= 'a' && c <= 'f' ? c - 'a' + 10
	          : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                                 : 16;
	return value < base ? value : -1;
}

/* A number after "&#"; returns how many bytes it takes with its semicolon, 0 if it is none. */
static size_t number_take(struct buffer *b, struct str text)
{
	size_t at = 0;
	uint32_t c = 0;
	int base = 10;
	if (text.n && (*text.p == 'x' || *text.p == 'X')) {
		base = 16;
		at = 1;
	}
	size_t first = at;
	for (; at < text.n && digit_value(text.p[at], base) >= 0; at++)
		if (c <= 0x10ffff)
			c = c * (uint32_t)base + (uint32_t)digit_value(text.p[at], base);
	if (at == first)
		return 0;
	number_add(b, c);
	return at < text.n && text.p[at] == ';' ? at + 1 : at;
}

/* A name after "&"; returns how many bytes it takes with its semicolon, 0 if it is none. */
static size_t name_take(struct buffer *b, struct str text)
{
	enum { NAME_MAX_CHARACTERS = 32 };
	size_t n = 0, characters = 0;
	for (; n < text.n && !memchr("\t\n\f <&#;", text.p[n], 8); n++) {
		if (((unsigned char)text.p[n] & 0xc0) != 0x80 && ++characters > NAME_MAX_CHARACTERS)
			break;
	}
	const struct html_entity *entity = html_entity_find(str_slice(text, 0, n));
	bool closed = n < text.n && text.p[n] == ';';
	if (entity && (closed || entity->bare)) {
		buffer_add_str(b, str_of(entity->text));
		return closed ? n + 1 : n;
	}
	for (size_t length = closed ? n : n - (n > 0); length >= 2; length--) {
		entity = html_entity_find(str_slice(text, 0, length));
		if (entity && entity->bare) {
			buffer_add_str(b, str_of(entity->text));
			return length;
		}
	}
	return 0;
}

struct str html_unescape(struct arena *arena, struct str text)
{
	struct buffer b;
	if (str_index(text, '&') == STR_NOT_FOUND)
		return text;
	/* No reference is longer as text than as a reference, but for &#0; and the like. */
	buffer_init_in(&b, arena, SIZE_MAX / 2);
	while (text.n) {
		size_t at = str_index(text, '&');
		if (at == STR_NOT_FOUND)
			at = text.n;
		buffer_put(&b, text.p, at);
		text = str_slice(text, at, text.n);
		if (!text.n)
			break;
		text = str_slice(text, 1, text.n);
		size_t n = text.n && *text.p == '#' ? number_take(&b, str_slice(text, 1, text.n))
		                                    : name_take(&b, text);
		if (n == 0)
			buffer_add_char(&b, '&');
		else
			text = str_slice(text, n + (*text.p == '#'), text.n);
	}
	return buffer_str(&b);
}
