/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/yaml.h>

#include <intelmq/json.h>
#include <intelmq/text.h>
#include <yaml.h>

#include "lib/yaml_scalar.h"
#include "lib/yaml_tabs.h"

/* A value with what is known about it. */
struct node {
	struct value value;
	struct yaml_mark mark;
	size_t cost;   /* values in it, aliases expanded, long texts counted more than once */
	size_t height; /* lists and maps inside each other */
};

/* A list or map whose end has not been read. */
struct frame {
	struct node node; /* what is there so far */
	size_t mark_capacity;
	struct str anchor; /* or STR_NONE */
	/* maps only: */
	bool have_key, key_is_merge, merge_seen;
	struct str key;
	uint32_t key_line, key_column;
	struct node merge;
};

struct reader {
	struct arena *arena;
	yaml_parser_t parser;
	struct frame *frames;
	size_t depth;
	struct dict *anchors; /* name -> position in nodes */
	struct node *nodes;
	size_t n_nodes, capacity;
	size_t cost;
	struct node root;
	struct err *err;
};

static int fail_at(struct reader *r, uint32_t line, uint32_t column, const char *what,
                   struct str detail)
{
	return err_set(r->err, FAULT_CONFIGURATION, "line %u, column %u: %s%s%.*s%s", line, column,
	               what, detail.n ? " '" : "", (int)(detail.n > 100 ? 100 : detail.n),
	               detail.n ? detail.p : "", detail.n ? "'" : "");
}

static int fail_mark(struct reader *r, const struct yaml_mark *m, const char *what,
                     struct str detail)
{
	return fail_at(r, m->line, m->column, what, detail);
}

static struct yaml_mark mark_of(const yaml_event_t *event)
{
	uint32_t line = (uint32_t)event->start_mark.line + 1,
		 column = (uint32_t)event->start_mark.column + 1;
	return (struct yaml_mark){
		.line = line, .column = column, .key_line = line, .key_column = column
	};
}

static struct str text_of(const yaml_char_t *text)
{
	return str_of((const char *)text);
}

/* ---- Tags ---- */

#define TAG(name) "tag:yaml.org,2002:" name

static int scalar_type_by_tag(struct str tag, enum scalar_type *out)
{
	static const struct {
		const char *tag;
		enum scalar_type type;
	} known[] = {
		{ "!", SCALAR_STR },
		{ TAG("str"), SCALAR_STR },
		{ TAG("null"), SCALAR_NULL },
		{ TAG("bool"), SCALAR_BOOL },
		{ TAG("int"), SCALAR_INT },
		{ TAG("float"), SCALAR_FLOAT },
		{ TAG("timestamp"), SCALAR_DATE },
		{ TAG("merge"), SCALAR_MERGE },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (str_eq(tag, str_of(known[i].tag))) {
			*out = known[i].type;
			return 0;
		}
	return -1;
}

static int check_collection_tag(struct reader *r, const yaml_char_t *tag, const char *usual,
                                const yaml_event_t *event)
{
	struct str given = text_of(tag);
	if (!given.n || str_eq(given, S("!")) || str_eq(given, str_of(usual)))
		return 0;
	struct yaml_mark m = mark_of(event);
	return fail_mark(r, &m, "a configuration knows no tag", given);
}

/* ---- Anchors ---- */

static void anchor_set(struct reader *r, struct str name, const struct node *node)
{
	if (!name.p)
		return;
	if (r->n_nodes == r->capacity) {
		size_t capacity = r->capacity ? r->capacity * 2 : 16;
		struct node *nodes = arena_zalloc(r->arena, capacity, sizeof *nodes);
		if (r->n_nodes)
			memcpy(nodes, r->nodes, r->n_nodes * sizeof *nodes);
		r->nodes = nodes;
		r->capacity = capacity;
	}
	r->nodes[r->n_nodes] = *node;
	dict_set(r->anchors, name, value_int((int64_t)r->n_nodes++));
}

/* Counts what a node adds to the document, so that aliases of aliases cannot make it enormous. */
static int charge(struct reader *r, const struct node *node, size_t cost)
{
	r->cost += cost;
	if (r->cost > YAML_NODES_MAX)
		return fail_mark(r, &node->mark, "too many values, aliases counted", STR_NONE);
	return 0;
}

/* ---- Building ---- */

static void mark_add(struct reader *r, struct frame *f, struct yaml_mark mark)
{
	struct yaml_mark *parent = &f->node.mark;
	if (parent->n == f->mark_capacity) {
		size_t capacity = f->mark_capacity ? f->mark_capacity * 2 : 4;
		struct yaml_mark *children = arena_zalloc(r->arena, capacity, sizeof *children);
		if (parent->n)
			memcpy(children, parent->children, parent->n * sizeof *children);
		parent->children = children;
		f->mark_capacity = capacity;
	}
	parent->children[parent->n++] = mark;
}

/* The text under which a key of any scalar type is found, as JSON would show it. */
static int key_text(struct reader *r, const struct node *node, struct str *out)
{
	static const struct str booleans[] = { { "false", 5 }, { "true", 4 } };
	switch (node->value.kind) {
	case VALUE_STR:
	case VALUE_BIG:
		*out = node->value.text;
		return 0;
	case VALUE_BOOL:
		*out = booleans[node->value.boolean];
		return 0;
	case VALUE_NULL:
		*out = S("null");
		return 0;
	case VALUE_INT:
	case VALUE_FLOAT: {
		struct buffer b;
		buffer_init_in(&b, r->arena, 64);
		json_write(&b, node->value, 0);
		*out = buffer_str(&b);
		return 0;
	}
	default:
		return fail_mark(r, &node->mark, "a list or map cannot be a key", STR_NONE);
	}
}

static int take_key(struct reader *r, struct frame *f, const struct node *node, bool is_merge)
{
	f->have_key = true;
	f->key_is_merge = is_merge;
	f->key_line = node->mark.line;
	f->key_column = node->mark.column;
	if (is_merge) {
		if (f->merge_seen)
			return fail_mark(r, &node->mark, "the same key twice in a map:", S("<<"));
		f->merge_seen = true;
		return 0;
	}
	if (key_text(r, node, &f->key) < 0)
		return -1;
	if (dict_get(f->node.value.dict, f->key))
		return fail_mark(r, &node->mark, "the same key twice in a map:", f->key);
	return 0;
}

static bool key_is_next(const struct reader *r)
{
	const struct frame *f = r->depth ? &r->frames[r->depth - 1] : NULL;
	return f && f->node.value.kind == VALUE_DICT && !f->have_key;
}

/* Hands a finished node to the list or map it belongs to. */
static int deliver(struct reader *r, struct node node, bool is_merge)
{
	struct frame *f = r->depth ? &r->frames[r->depth - 1] : NULL;
	if (r->depth + node.height > YAML_DEPTH_MAX)
		return fail_mark(r, &node.mark, "lists and maps nested too deeply", STR_NONE);
	if (key_is_next(r))
		return take_key(r, f, &node, is_merge);
	if (is_merge)
		return fail_mark(r, &node.mark, "'<<' has no meaning as a value; put it in quotes",
		                 STR_NONE);
	if (!f) {
		r->root = node;
		return 0;
	}
	f->node.cost += node.cost;
	if (f->node.height < node.height + 1)
		f->node.height = node.height + 1;
	if (f->node.value.kind == VALUE_LIST) {
		list_add(f->node.value.list, node.value);
		mark_add(r, f, node.mark);
		return 0;
	}
	f->have_key = false;
	node.mark.key_line = f->key_line;
	node.mark.key_column = f->key_column;
	if (f->key_is_merge) {
		f->merge = node;
		return 0;
	}
	dict_set(f->node.value.dict, f->key, node.value);
	mark_add(r, f, node.mark);
	return 0;
}

/* ---- Merge keys (https://yaml.org/type/merge.html): the map's own keys win, then earlier maps. ---- */

static int merge_map(struct reader *r, struct frame *f, struct value from,
                     const struct yaml_mark *mark)
{
	if (from.kind != VALUE_DICT)
		return fail_mark(r, &f->merge.mark, "'<<' needs a map, or a list of maps",
		                 STR_NONE);
	for (size_t i = 0; i < from.dict->n; i++) {
		const struct pair *pair = &from.dict->pairs[i];
		if (charge(r, &f->merge, 1) < 0)
			return -1;
		if (dict_get(f->node.value.dict, pair->key))
			continue;
		dict_set(f->node.value.dict, pair->key, pair->value);
		mark_add(r, f, mark->children[i]);
	}
	return 0;
}

static int merge_all(struct reader *r, struct frame *f)
{
	struct node *from = &f->merge;
	if (from->value.kind != VALUE_LIST)
		return merge_map(r, f, from->value, &from->mark);
	for (size_t i = 0; i < from->value.list->n; i++)
		if (merge_map(r, f, from->value.list->items[i], &from->mark.children[i]) < 0)
			return -1;
	return 0;
}

/* ---- Events ---- */

static struct str anchor_name(struct reader *r, const yaml_char_t *anchor)
{
	return anchor ? arena_dup(r->arena, text_of(anchor)) : STR_NONE;
}

static int on_scalar(struct reader *r, const yaml_event_t *event)
{
	struct node node = { .mark = mark_of(event), .height = 0 };
	struct str text = { (const char *)event->data.scalar.value, event->data.scalar.length };
	struct str tag = text_of(event->data.scalar.tag);
	enum scalar_type type = SCALAR_STR;
	struct err why = { 0 };

	text = arena_dup(r->arena, text);
	if (tag.n) {
		if (scalar_type_by_tag(tag, &type) < 0)
			return fail_mark(r, &node.mark, "a configuration knows no tag", tag);
	} else if (event->data.scalar.plain_implicit) {
		type = scalar_type_of(text);
		if (type == SCALAR_VALUE && key_is_next(r))
			type = SCALAR_STR;
	}
	node.cost = 1 + text.n / 64;
	node.mark.date = type == SCALAR_DATE;
	if (charge(r, &node, node.cost) < 0)
		return -1;
	bool is_merge = type == SCALAR_MERGE;
	if (!is_merge && scalar_value(r->arena, type, text, &node.value, &why) < 0)
		return fail_at(r, node.mark.line, node.mark.column, why.text, STR_NONE);
	anchor_set(r, anchor_name(r, event->data.scalar.anchor), &node);
	return deliver(r, node, is_merge);
}

static int on_alias(struct reader *r, const yaml_event_t *event)
{
	struct yaml_mark mark = mark_of(event);
	struct str name = text_of(event->data.alias.anchor);
	const struct value *at = dict_get(r->anchors, name);
	if (!at)
		return fail_mark(r, &mark, "no anchor before this alias:", name);
	struct node node = r->nodes[at->integer];
	if (node.value.kind == VALUE_NULL && node.height > 0)
		return fail_mark(r, &mark, "an alias inside its own anchor:", name);
	mark.date = node.mark.date;
	mark.children = node.mark.children;
	mark.n = node.mark.n;
	node.mark = mark;
	if (charge(r, &node, node.cost) < 0)
		return -1;
	return deliver(r, node, false);
}

static int on_start(struct reader *r, const yaml_event_t *event, struct value empty,
                    const yaml_char_t *anchor)
{
	struct node node = { .mark = mark_of(event), .value = empty, .cost = 1, .height = 1 };
	if (r->depth == YAML_DEPTH_MAX)
		return fail_mark(r, &node.mark, "lists and maps nested too deeply", STR_NONE);
	if (charge(r, &node, 1) < 0)
		return -1;
	struct str name = anchor_name(r, anchor);
	struct node unfinished = { .height = 1 }; /* null of height 1: what no finished node is */
	anchor_set(r, name, &unfinished);
	r->frames[r->depth++] = (struct frame){ .node = node, .anchor = name };
	return 0;
}

static int on_end(struct reader *r)
{
	struct frame *f = &r->frames[r->depth - 1];
	if (f->merge_seen && merge_all(r, f) < 0)
		return -1;
	struct node node = f->node;
	r->depth--;
	anchor_set(r, f->anchor, &node);
	return deliver(r, node, false);
}

static int on_event(struct reader *r, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		return on_scalar(r, event);
	case YAML_ALIAS_EVENT:
		return on_alias(r, event);
	case YAML_SEQUENCE_START_EVENT:
		if (check_collection_tag(r, event->data.sequence_start.tag, TAG("seq"), event) < 0)
			return -1;
		return on_start(r, event, value_list(list_new(r->arena)),
		                event->data.sequence_start.anchor);
	case YAML_MAPPING_START_EVENT:
		if (check_collection_tag(r, event->data.mapping_start.tag, TAG("map"), event) < 0)
			return -1;
		return on_start(r, event, value_dict(dict_new(r->arena)),
		                event->data.mapping_start.anchor);
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		return on_end(r);
	default:
		return 0;
	}
}

/* ---- Errors of libyaml ---- */

static int fail_parser(struct reader *r, struct str text)
{
	const yaml_parser_t *p = &r->parser;
	uint32_t line = (uint32_t)p->problem_mark.line + 1,
		 column = (uint32_t)p->problem_mark.column + 1;
	if (p->error == YAML_READER_ERROR)
		yaml_position_of(text, p->problem_offset, &line, &column);
	fail_at(r, line, column, p->problem ? p->problem : "cannot be read", STR_NONE);
	if (r->err && p->context && p->error != YAML_READER_ERROR) {
		char clause[sizeof r->err->text];
		memcpy(clause, r->err->text, sizeof clause);
		err_set(r->err, FAULT_CONFIGURATION, "%s (%s that begins in line %zu)", clause,
		        p->context, p->context_mark.line + 1);
	}
	return -1;
}

/* ---- Reading ---- */

static int read_document(struct reader *r, struct str text)
{
	size_t documents = 0;
	for (;;) {
		yaml_event_t event;
		if (!yaml_parser_parse(&r->parser, &event))
			return fail_parser(r, text);
		bool end = event.type == YAML_STREAM_END_EVENT;
		struct yaml_mark mark = mark_of(&event);
		int status = 0;
		if (event.type == YAML_DOCUMENT_START_EVENT && documents++ == 1)
			status = fail_mark(r, &mark,
			                   "a second document begins; only one is expected",
			                   STR_NONE);
		else
			status = on_event(r, &event);
		yaml_event_delete(&event);
		if (status < 0 || end)
			return status;
	}
}

/* Line of a marker that git leaves where it could not merge, or 0. */
static uint32_t conflict_line(struct str text)
{
	static const char *const markers[] = { "<<<<<<< ", "=======", ">>>>>>> " };
	uint32_t line = 0;
	for (struct str rest = text; rest.p;) {
		struct str one = str_cut(&rest, '\n');
		line++;
		for (size_t i = 0; i < 3; i++)
			if (str_starts(one, str_of(markers[i])))
				return line;
	}
	return 0;
}

static int explain_conflict(struct str text, struct err *err)
{
	uint32_t line = conflict_line(text);
	if (line)
		err_set(err, FAULT_CONFIGURATION,
		        "line %u, column 1: a merge conflict of git is not resolved; "
		        "keep one of the versions between <<<<<<< and >>>>>>> and remove these "
		        "lines",
		        line);
	return -1;
}

/* Marks of the right shape that know no lines; -1 where the value is too deep. */
static int blank_marks(struct arena *arena, struct value v, size_t depth, struct yaml_mark *mark)
{
	mark->n = v.kind == VALUE_LIST ? v.list->n : v.kind == VALUE_DICT ? v.dict->n : 0;
	if (depth > YAML_DEPTH_MAX)
		return -1;
	if (mark->n)
		mark->children = arena_zalloc(arena, mark->n, sizeof *mark->children);
	for (size_t i = 0; i < mark->n; i++) {
		struct value child = v.kind == VALUE_LIST ? v.list->items[i]
		                                          : v.dict->pairs[i].value;
		if (blank_marks(arena, child, depth + 1, &mark->children[i]) < 0)
			return -1;
	}
	return 0;
}

static int read_json(struct arena *arena, struct str text, struct node *root, struct err *err)
{
	if (!text_is_utf8(text))
		return err_set(err, FAULT_CONFIGURATION, "the text is not UTF-8");
	if (json_parse(arena, text, &root->value, err) < 0)
		return -1;
	if (blank_marks(arena, root->value, 0, &root->mark) < 0)
		return err_set(err, FAULT_CONFIGURATION, "lists and maps nested too deeply");
	return 0;
}

static int read_yaml(struct arena *arena, struct str text, struct node *root, struct err *err)
{
	struct reader r = { .arena = arena, .anchors = dict_new(arena), .err = err };
	r.frames = arena_zalloc(arena, YAML_DEPTH_MAX, sizeof *r.frames);
	yaml_parser_open(&r.parser, text);
	int status = read_document(&r, text);
	/* Escaped surrogates, as JSON writers make them, are beyond libyaml. */
	bool escape = status < 0 && r.parser.error == YAML_SCANNER_ERROR && r.parser.problem &&
	              strstr(r.parser.problem, "Unicode character escape");
	yaml_parser_delete(&r.parser);
	if (escape && read_json(arena, text, root, NULL) == 0)
		return 0;
	*root = r.root;
	return status;
}

int yaml_parse(struct arena *arena, struct str text, struct value *out,
               struct yaml_mark **marks_out, struct err *err)
{
	struct node root = { 0 };
	uint32_t line, column;
	int status;

	if (text.n > YAML_SIZE_MAX)
		return err_set(err, FAULT_CONFIGURATION,
		               "line 1, column 1: a text of %zu bytes is too long", text.n);
	if (str_starts(text, S("\xef\xbb\xbf")))
		text = str_slice(text, 3, text.n);
	if (yaml_refused_tab(text, &line, &column)) {
		status = read_json(arena, text, &root, err);
		if (status < 0 && err) {
			err_prefix(err, "line %u, column %u: YAML forbids this tab, and as JSON",
			           line, column);
			err->fault = FAULT_CONFIGURATION;
		}
	} else {
		status = read_yaml(arena, text, &root, err);
	}
	if (status < 0)
		return explain_conflict(text, err);
	*out = root.value;
	if (marks_out) {
		*marks_out = arena_zalloc(arena, 1, sizeof **marks_out);
		**marks_out = root.mark;
	}
	return 0;
}

const struct yaml_mark *yaml_mark_of(const struct dict *map, const struct yaml_mark *mark,
                                     struct str key)
{
	const struct value *v = map && mark ? dict_get(map, key) : NULL;
	if (!v)
		return NULL;
	size_t at = (size_t)((const char *)v - (const char *)map->pairs) / sizeof *map->pairs;
	return at < mark->n ? &mark->children[at] : NULL;
}
