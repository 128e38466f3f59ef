/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * html_entities.h - character references of HTML (HTML 5, section "Named character references").
 */
#pragma once
#include <intelmq/arena.h>

struct html_entity {
	const char *name, *text; /* no semicolon; one or two characters, UTF-8 */
	bool bare;               /* also known without semicolon behind it */
};

/* The reference of this name, or NULL. */
const struct html_entity *html_entity_find(struct str name);

/*
 * The text of an attribute value: references are decoded as html.unescape of Python does, which knows
 * some without semicolon and as the start of a longer word. Borrowed if there are none.
 */
struct str html_unescape(struct arena *, struct str);
