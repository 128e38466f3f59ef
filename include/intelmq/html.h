/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * html.h - the tree of an HTML text, with its elements as they were written.
 *
 * Feeds publish tables that no browser would accept; what counts is that the same text always
 * gives the same rows. So this is not the tree of the HTML standard but the plain one that
 * BeautifulSoup 4.11 makes on Python's html.parser: nothing is inserted, nothing is closed implicitly,
 * an end tag closes up to the nearest open element of its name, or is ignored.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/buffer.h>
#include <intelmq/err.h>
#include <intelmq/str.h>

enum html_kind {
	HTML_DOCUMENT, /* the root */
	HTML_ELEMENT,
	HTML_TEXT,
	HTML_COMMENT,
	HTML_DOCTYPE,
	HTML_DECLARATION,
	HTML_CDATA,
	HTML_INSTRUCTION,
};

struct html_attribute {
	struct str name, value; /* name in lower case, references in the value decoded */
	struct str written;     /* what html_write puts instead of the value, if not null */
};

struct html_node {
	enum html_kind kind;
	bool is_void;      /* an element that has no end tag, as br */
	uint8_t container; /* text: which element's own text it is (script, style, …), 0 any */
	struct str text;   /* the name of an element, the text of others */
	struct html_attribute *attributes;
	size_t n_attributes;
	struct html_node *parent, *first, *last, *next; /* children, next sibling */
};

/*
 * The tree, all of it in the arena; text without anything to decode is borrowed from `text`. Any
 * text gives a tree, except where the reference refuses it (malformed declarations): -1.
 * Takes time linear in the text; elements may be nested to any depth.
 */
int html_parse(struct arena *, struct str text, struct html_node **root_out, struct err *);

/* The node after `node` in document order inside `root`, NULL at the end: a walk without a stack. */
const struct html_node *html_walk(const struct html_node *root, const struct html_node *node);

/*
 * The descendants of `root` with this name, in document order, any name if it is STR_NONE; only
 * those whose attribute has this value if `attribute` is given (an empty value is also that of elements
 * without the attribute). Of a list-like attribute (class, rel, …) one word or the whole must be equal.
 * Returns the count.
 */
size_t html_find_all(struct arena *, const struct html_node *root, struct str name,
                     struct str attribute, struct str value, const struct html_node ***nodes_out);

/* The value of an attribute of this element, STR_NONE if it has none of that name. */
struct str html_attribute_get(const struct html_node *, struct str name);

/* All text inside, without comments and declarations; text of script, style, template and ruby
 * annotations belongs to these elements alone. */
struct str html_text(struct arena *, const struct html_node *);

/*
 * The element as HTML text: tags, attributes (in alphabetical order) and all that is inside, `&`, `<` and
 * `>` as references.
 */
void html_write(struct buffer *, const struct html_node *);

/* Adds the characters of a named reference ("amp", "acE", no semicolon) and returns true, or false. */
bool html_entity_add(struct buffer *, struct str name);
