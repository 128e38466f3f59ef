/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/html_tree.h"

#include "lib/html_entities.h"

#include <intelmq/text.h>

#include <stdlib.h>

/* Elements whose text is not part of the text around them. */
enum container { NO_CONTAINER, RT, RP, STYLE, SCRIPT, TEMPLATE };

static const char *const container_names[] = { "", "rt", "rp", "style", "script", "template" };

static const char *const void_names[HTML_VOID_NAMES] = {
	"area",     "base",    "br",       "col",   "embed", "hr",      "img",    "input",
	"keygen",   "link",    "menuitem", "meta",  "param", "source",  "track",  "wbr",
	"basefont", "bgsound", "command",  "frame", "image", "isindex", "nextid", "spacer",
};

/* Attributes that are lists of words; element NULL: on all elements. */
static const struct {
	const char *element, *attribute;
} word_lists[] = {
	{ NULL, "class" },       { NULL, "accesskey" },
	{ NULL, "dropzone" },    { "a", "rel" },
	{ "a", "rev" },          { "link", "rel" },
	{ "link", "rev" },       { "td", "headers" },
	{ "th", "headers" },     { "form", "accept-charset" },
	{ "object", "archive" }, { "area", "rel" },
	{ "icon", "sizes" },     { "iframe", "sandbox" },
	{ "output", "for" },
};

static int void_index(struct str name)
{
	for (int i = 0; i < HTML_VOID_NAMES; i++)
		if (str_eq(name, str_of(void_names[i])))
			return i;
	return -1;
}

static uint8_t container_of(struct str name)
{
	for (uint8_t i = RT; i <= TEMPLATE; i++)
		if (str_eq(name, str_of(container_names[i])))
			return i;
	return NO_CONTAINER;
}

static bool preserves_space(struct str name)
{
	return str_eq(name, S("pre")) || str_eq(name, S("textarea"));
}

static bool is_word_list(struct str element, struct str attribute)
{
	for (size_t i = 0; i < sizeof word_lists / sizeof *word_lists; i++) {
		const char *on = word_lists[i].element;
		if (str_eq(attribute, str_of(word_lists[i].attribute)) &&
		    (!on || str_eq(element, str_of(on))))
			return true;
	}
	return false;
}

/* ---- building ---- */

static void html_tree_init(struct html_tree *t, struct arena *arena)
{
	*t = (struct html_tree){ .arena = arena, .open = dict_new(arena) };
	t->root = t->current = arena_zalloc(arena, 1, sizeof *t->root);
	t->root->kind = HTML_DOCUMENT;
	buffer_init_in(&t->copied, arena, SIZE_MAX / 2);
}

void html_tree_text(struct html_tree *t, struct str text)
{
	if (!t->collecting) {
		t->collecting = true;
		t->borrowed = text;
	} else if (t->copied.n == 0 && t->borrowed.p + t->borrowed.n == text.p) {
		t->borrowed.n += text.n;
	} else {
		if (t->copied.n == 0)
			buffer_add_str(&t->copied, t->borrowed);
		buffer_add_str(&t->copied, text);
	}
}

static struct html_node *node_add(struct html_tree *t, enum html_kind kind, struct str text)
{
	struct html_node *node = arena_zalloc(t->arena, 1, sizeof *node);
	struct html_node *parent = t->current;
	node->kind = kind;
	node->text = text;
	node->parent = parent;
	if (parent->last)
		parent->last->next = node;
	else
		parent->first = node;
	parent->last = node;
	return node;
}

static bool is_blank(struct str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (!memchr(" \n\t\f\r", text.p[i], 5))
			return false;
	return true;
}

/* The collected text becomes a node; blank text shrinks to one newline or space. */
static void text_end(struct html_tree *t, enum html_kind kind)
{
	if (!t->collecting)
		return;
	struct str text = t->borrowed;
	if (t->copied.n)
		text = arena_dup(t->arena, buffer_str(&t->copied));
	if (!t->preserving && is_blank(text))
		text = str_index(text, '\n') == STR_NOT_FOUND ? S(" ") : S("\n");
	struct html_node *node = node_add(t, kind, text);
	/* The innermost of the open elements with text of their own; elements inside inherit it. */
	node->container = node->parent->container;
	t->collecting = false;
	buffer_clear(&t->copied);
}

void html_tree_special(struct html_tree *t, enum html_kind kind, struct str text)
{
	text_end(t, HTML_TEXT);
	html_tree_text(t, text);
	text_end(t, kind);
}

static void open_count(struct html_tree *t, struct str name, int change)
{
	const struct value *count = dict_get(t->open, name);
	dict_set(t->open, name, value_int((count ? count->integer : 0) + change));
}

/* The words of a list, one space between them. */
static struct str words_join(struct arena *arena, struct str text)
{
	struct buffer b;
	buffer_init_in(&b, arena, text.n + 1);
	while (text.n) {
		struct str before = text;
		if (text_is_space(text_next(&text)))
			continue;
		while (text.n) {
			struct str after = text;
			if (text_is_space(text_next(&after)))
				break;
			text = after;
		}
		if (b.n)
			buffer_add_char(&b, ' ');
		buffer_add(&b, before.p, before.n - text.n);
	}
	return buffer_str(&b);
}

/* "; charset=x" in a content type becomes "; charset=utf-8". */
static struct str content_type_value(struct arena *arena, struct str content)
{
	struct buffer b;
	size_t at = 0;
	buffer_init_in(&b, arena, SIZE_MAX / 2);
	while (at < content.n) {
		bool starts = at == 0 || content.p[at - 1] == '\n' || content.p[at - 1] == ';';
		struct str rest = text_strip_left(str_slice(content, at, content.n));
		if (starts && str_starts(rest, S("charset="))) {
			size_t word = content.n - rest.n;
			size_t end = str_index(rest, ';');
			buffer_add(&b, content.p + at, word - at);
			buffer_add_str(&b, S("charset=utf-8"));
			at = end == STR_NOT_FOUND ? content.n : word + end;
		} else {
			buffer_add_char(&b, content.p[at++]);
		}
	}
	return buffer_str(&b);
}

/* The encoding that a meta element declares becomes that of the text now. */
static void meta_settle(struct arena *arena, struct html_node *node)
{
	struct str equivalent = html_attribute_get(node, S("http-equiv"));
	bool declared = html_attribute_get(node, S("charset")).p;
	bool typed = equivalent.p && str_eq_ascii_case(equivalent, S("content-type"));
	for (size_t i = 0; i < node->n_attributes; i++) {
		struct html_attribute *a = &node->attributes[i];
		if (declared && str_eq(a->name, S("charset")))
			a->written = S("utf-8");
		else if (!declared && typed && str_eq(a->name, S("content")))
			a->written = content_type_value(arena, a->value);
	}
}

static void tree_open(struct html_tree *t, struct str name, struct html_attribute *attributes,
                      size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (is_word_list(name, attributes[i].name))
			attributes[i].value = words_join(t->arena, attributes[i].value);
	struct html_node *node = node_add(t, HTML_ELEMENT, name);
	node->attributes = attributes;
	node->n_attributes = n;
	node->container = container_of(name);
	if (!node->container)
		node->container = node->parent->container;
	node->is_void = void_index(name) >= 0;
	if (str_eq(name, S("meta")))
		meta_settle(t->arena, node);
	t->current = node;
	t->preserving += preserves_space(name);
	open_count(t, name, 1);
}

static void pop(struct html_tree *t)
{
	open_count(t, t->current->text, -1);
	t->preserving -= preserves_space(t->current->text);
	t->current = t->current->parent;
}

/* Closes the nearest open element of this name and all inside it. */
static void tree_close(struct html_tree *t, struct str name)
{
	text_end(t, HTML_TEXT);
	const struct value *count = dict_get(t->open, name);
	if (!count || count->integer == 0)
		return;
	while (!str_eq(t->current->text, name))
		pop(t);
	pop(t);
}

void html_tree_start(struct html_tree *t, struct str name, struct html_attribute *attributes,
                     size_t n, bool empty)
{
	text_end(t, HTML_TEXT);
	tree_open(t, name, attributes, n);
	if (empty) {
		html_tree_end(t, name);
	} else if (t->current->is_void) {
		tree_close(t, name);
		t->closed[void_index(name)]++;
	}
}

void html_tree_end(struct html_tree *t, struct str name)
{
	int at = void_index(name);
	/* The end tag of a void element that was closed by its start tag, whichever that was. */
	if (at >= 0 && t->closed[at])
		t->closed[at]--;
	else
		tree_close(t, name);
}

static void html_tree_finish(struct html_tree *t)
{
	text_end(t, HTML_TEXT);
}

int html_parse(struct arena *arena, struct str text, struct html_node **root_out, struct err *err)
{
	struct html_tree tree;
	html_tree_init(&tree, arena);
	if (html_scan(&tree, text, err) < 0)
		return -1;
	html_tree_finish(&tree);
	*root_out = tree.root;
	return 0;
}

/* ---- asking ---- */

const struct html_node *html_walk(const struct html_node *root, const struct html_node *node)
{
	if (node->first)
		return node->first;
	while (node != root && !node->next)
		node = node->parent;
	return node == root ? NULL : node->next;
}

struct str html_attribute_get(const struct html_node *node, struct str name)
{
	for (size_t i = 0; i < node->n_attributes; i++)
		if (str_eq(node->attributes[i].name, name))
			return node->attributes[i].value;
	return STR_NONE;
}

static bool attribute_matches(const struct html_node *node, struct str name, struct str wanted)
{
	struct str value = html_attribute_get(node, name);
	if (!value.p)
		return wanted.n == 0; /* the reference has it so */
	if (str_eq(value, wanted))
		return true;
	if (!is_word_list(node->text, name))
		return false;
	while (value.p && value.n)
		if (str_eq(str_cut(&value, ' '), wanted))
			return true;
	return false;
}

size_t html_find_all(struct arena *arena, const struct html_node *root, struct str name,
                     struct str attribute, struct str value, const struct html_node ***nodes_out)
{
	struct buffer found;
	buffer_init_in(&found, arena, SIZE_MAX / 2);
	for (const struct html_node *node = html_walk(root, root); node;
	     node = html_walk(root, node)) {
		if (node->kind == HTML_ELEMENT && (!name.p || str_eq(node->text, name)) &&
		    (!attribute.p || attribute_matches(node, attribute, value)))
			buffer_add(&found, &node, sizeof node);
	}
	*nodes_out = (const struct html_node **)(void *)found.p;
	return found.n / sizeof(struct html_node *);
}

struct str html_text(struct arena *arena, const struct html_node *root)
{
	struct buffer b;
	uint8_t own = root->kind == HTML_ELEMENT ? container_of(root->text) : NO_CONTAINER;
	buffer_init_in(&b, arena, SIZE_MAX / 2);
	for (const struct html_node *node = root; node; node = html_walk(root, node))
		if ((node->kind == HTML_TEXT && node->container == own) ||
		    (node->kind == HTML_CDATA && own == NO_CONTAINER))
			buffer_add_str(&b, node->text);
	return buffer_str(&b);
}

/* ---- writing ---- */

/* Text with references for markup characters, and for double quotes if wanted. */
static void escaped_put(struct buffer *b, struct str text, bool quotes)
{
	static const struct {
		char c;
		struct str reference;
	} references[] = {
		{ '&', { "&amp;", 5 } },
		{ '<', { "&lt;", 4 } },
		{ '>', { "&gt;", 4 } },
		{ '"', { "&quot;", 6 } },
	};
	size_t from = 0;
	for (size_t i = 0; i < text.n; i++) {
		for (size_t k = 0; k < (quotes ? 4 : 3); k++) {
			if (text.p[i] != references[k].c)
				continue;
			buffer_put(b, text.p + from, i - from);
			buffer_add_str(b, references[k].reference);
			from = i + 1;
		}
	}
	buffer_put(b, text.p + from, text.n - from);
}

static void attributes_put(struct buffer *b, const struct html_node *node)
{
	for (size_t i = 0; i < node->n_attributes; i++) {
		const struct html_attribute *a = &node->attributes[i];
		struct str value = a->written.p ? a->written : a->value;
		bool quotes = str_index(value, '"') != STR_NOT_FOUND;
		bool both = quotes && str_index(value, '\'') != STR_NOT_FOUND;
		char quote = quotes && !both ? '\'' : '"';
		buffer_add_char(b, ' ');
		buffer_add_str(b, a->name);
		buffer_add_char(b, '=');
		buffer_add_char(b, quote);
		escaped_put(b, value, both);
		buffer_add_char(b, quote);
	}
}

static void node_put(struct buffer *b, const struct html_node *node)
{
	static const struct {
		const char *before, *after;
	} marks[] = {
		[HTML_COMMENT] = { "<!--", "-->" },  [HTML_DOCTYPE] = { "<!DOCTYPE ", ">\n" },
		[HTML_DECLARATION] = { "<?", "?>" }, [HTML_CDATA] = { "<![CDATA[", "]]>" },
		[HTML_INSTRUCTION] = { "<?", ">" },
	};
	if (node->kind == HTML_TEXT) {
		struct str parent = node->parent->text;
		if (str_eq(parent, S("script")) || str_eq(parent, S("style")))
			buffer_add_str(b, node->text);
		else
			escaped_put(b, node->text, false);
	} else if (node->kind == HTML_ELEMENT) {
		buffer_add_char(b, '<');
		buffer_add_str(b, node->text);
		attributes_put(b, node);
		buffer_add_str(b, node->is_void && !node->first ? S("/>") : S(">"));
	} else if (node->kind != HTML_DOCUMENT) {
		buffer_add_str(b, str_of(marks[node->kind].before));
		buffer_add_str(b, node->text);
		buffer_add_str(b, str_of(marks[node->kind].after));
	}
}

static void end_put(struct buffer *b, const struct html_node *node)
{
	if (node->kind != HTML_ELEMENT || (node->is_void && !node->first))
		return;
	buffer_add_str(b, S("</"));
	buffer_add_str(b, node->text);
	buffer_add_char(b, '>');
}

void html_write(struct buffer *b, const struct html_node *root)
{
	const struct html_node *node = root;
	for (;;) {
		node_put(b, node);
		if (node->first) {
			node = node->first;
			continue;
		}
		end_put(b, node);
		while (node != root && !node->next) {
			node = node->parent;
			end_put(b, node);
		}
		if (node == root)
			return;
		node = node->next;
	}
}

bool html_entity_add(struct buffer *b, struct str name)
{
	const struct html_entity *entity = html_entity_find(name);
	if (entity)
		buffer_add_str(b, str_of(entity->text));
	return entity;
}
