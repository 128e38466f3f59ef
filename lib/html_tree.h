/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * html_tree.h - building the tree of html.h from what the scanner finds.
 */
#pragma once
#include <intelmq/html.h>
#include <intelmq/value.h>

enum { HTML_VOID_NAMES = 24 };

struct html_tree {
	struct arena *arena;
	struct html_node *root, *current;
	struct dict *open;    /* name -> how many elements of it are open */
	struct str borrowed;  /* text that is being collected, */
	struct buffer copied; /* or, when it is in several pieces, its copy */
	bool collecting;
	size_t preserving;                /* open elements that keep white space as it is */
	unsigned closed[HTML_VOID_NAMES]; /* void elements that wait for a needless end tag */
};

/* Text, borrowed. */
void html_tree_text(struct html_tree *, struct str);

/* A comment, declaration, …: a node of its own. */
void html_tree_special(struct html_tree *, enum html_kind, struct str);

/* A start tag; `empty`: written as <x/>. The attributes are taken over. */
void html_tree_start(struct html_tree *, struct str name, struct html_attribute *attributes,
                     size_t n, bool empty);
void html_tree_end(struct html_tree *, struct str name);

/* Finds the elements in the text and builds the tree from them. */
int html_scan(struct html_tree *, struct str text, struct err *);
