/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/yaml_tabs.h"

#include <stdlib.h>

#include <intelmq/yaml.h>

void yaml_parser_open(yaml_parser_t *parser, struct str text)
{
	if (!yaml_parser_initialize(parser))
		abort(); /* out of memory */
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(parser, (const unsigned char *)text.p, text.n);
}

void yaml_position_of(struct str text, size_t offset, uint32_t *line, uint32_t *column)
{
	*line = *column = 1;
	for (size_t i = 0; i < offset && i < text.n; i++) {
		if (text.p[i] == '\n') {
			++*line;
			*column = 1;
		} else if (((unsigned char)text.p[i] & 0xc0) != 0x80) {
			++*column;
		}
	}
}

/* Walks through the text by characters, because the scanner counts characters. */
struct cursor {
	struct str text;
	size_t byte, index;
};

static void cursor_to(struct cursor *c, size_t index)
{
	while (c->index < index && c->byte < c->text.n) {
		c->byte++;
		while (c->byte < c->text.n && ((unsigned char)c->text.p[c->byte] & 0xc0) == 0x80)
			c->byte++;
		c->index++;
	}
}

/* The first tab between two tokens, comments aside, or STR_NOT_FOUND. */
static size_t gap_tab(struct str text, size_t from, size_t to)
{
	bool comment = false;
	for (size_t i = from; i < to; i++) {
		if (text.p[i] == '\n' || text.p[i] == '\r')
			comment = false;
		else if (text.p[i] == '#')
			comment = true;
		else if (text.p[i] == '\t' && !comment)
			return i;
	}
	return STR_NOT_FOUND;
}

/* How a token changes the nesting. */
static int nesting_of(const yaml_token_t *token)
{
	switch (token->type) {
	case YAML_FLOW_SEQUENCE_START_TOKEN:
	case YAML_FLOW_MAPPING_START_TOKEN:
	case YAML_BLOCK_SEQUENCE_START_TOKEN:
	case YAML_BLOCK_MAPPING_START_TOKEN:
		return 1;
	case YAML_FLOW_SEQUENCE_END_TOKEN:
	case YAML_FLOW_MAPPING_END_TOKEN:
	case YAML_BLOCK_END_TOKEN:
		return -1;
	default:
		return 0;
	}
}

/* The next token: its place in characters; where the scanner fails, the place of the failure. */
struct token_place {
	size_t start, stop;
	bool plain, last;
	int nesting;
};

static struct token_place next_token(yaml_parser_t *parser)
{
	yaml_token_t token;
	if (!yaml_parser_scan(parser, &token)) {
		size_t at = parser->problem_mark.index + 1;
		return (struct token_place){ .start = at, .stop = at, .last = true };
	}
	struct token_place place = {
		.start = token.start_mark.index,
		.stop = token.end_mark.index,
		.plain = token.type == YAML_SCALAR_TOKEN &&
		         token.data.scalar.style == YAML_PLAIN_SCALAR_STYLE,
		.last = token.type == YAML_STREAM_END_TOKEN || token.type == YAML_NO_TOKEN,
		.nesting = nesting_of(&token),
	};
	yaml_token_delete(&token);
	return place;
}

bool yaml_refused_tab(struct str text, uint32_t *line, uint32_t *column)
{
	if (!text.n || !memchr(text.p, '\t', text.n))
		return false;
	yaml_parser_t parser;
	yaml_parser_open(&parser, text);
	struct cursor cursor = { text, 0, 0 };
	struct token_place token = { 0 };
	size_t tab = STR_NOT_FOUND;
	/* Too deep a text is refused anyway; libyaml's scanner takes quadratic time for it. */
	for (int depth = 0; tab == STR_NOT_FOUND && !token.last && depth <= YAML_DEPTH_MAX;) {
		size_t from = cursor.byte;
		token = next_token(&parser);
		depth += token.nesting;
		cursor_to(&cursor, token.start);
		size_t start = cursor.byte;
		cursor_to(&cursor, token.stop);
		tab = gap_tab(text, from, start);
		if (tab == STR_NOT_FOUND && token.plain) {
			size_t inside = str_index(str_slice(text, start, cursor.byte), '\t');
			tab = inside == STR_NOT_FOUND ? inside : start + inside;
		}
	}
	yaml_parser_delete(&parser);
	if (tab != STR_NOT_FOUND)
		yaml_position_of(text, tab, line, column);
	return tab != STR_NOT_FOUND;
}
