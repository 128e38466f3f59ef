/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * yaml_tabs.h - what the reader needs to know of a text before it reads it.
 */
#pragma once
#include <intelmq/str.h>
#include <yaml.h>

/* A parser of libyaml over the text, which is UTF-8; end it with yaml_parser_delete. */
void yaml_parser_open(yaml_parser_t *, struct str text);

/* Line and column, from 1, of a byte. */
void yaml_position_of(struct str text, size_t byte, uint32_t *line_out, uint32_t *column_out);

/*
 * Readers of YAML differ in where a tab may separate tokens. The reference's refuses it everywhere
 * outside of quotes, comments and block scalars; libyaml does not. True if there is such a tab.
 */
bool yaml_refused_tab(struct str text, uint32_t *line_out, uint32_t *column_out);
