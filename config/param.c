/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/param.h>

#include <intelmq/json.h>
#include <intelmq/repr.h>
#include <intelmq/text.h>
#include <math.h>

#include "config/param_field.h"
#include <intelmq/yaml.h>

enum { SHOWN_MAX = 80 /* bytes of a wrong value in a finding */ };

/* One call of param_load. */
struct loader {
	struct arena *arena;
	const struct dict *given;
	struct findings *findings;
	const char *defaults;
	char *out;
	int errors;
};

/* One parameter on its way. */
struct slot {
	const struct param *row;
	const char *name; /* with the prefixes of its groups */
	size_t offset;
	const struct value *given; /* or NULL */
	bool refused;              /* given, but wrong; reported */
};

enum taken { TAKEN, UNSET, REFUSED };

const char *param_kind_name(enum param_kind kind)
{
	static const char *const names[] = {
		[PARAM_STR] = "text",     [PARAM_INT] = "integer",   [PARAM_FLOAT] = "number",
		[PARAM_BOOL] = "boolean", [PARAM_TIME] = "seconds",  [PARAM_SIZE] = "bytes",
		[PARAM_LIST] = "list",    [PARAM_MAP] = "map",       [PARAM_CHOICE] = "choice",
		[PARAM_PATH] = "path",    [PARAM_SECRET] = "secret", [PARAM_VALUE] = "any",
		[PARAM_GROUP] = "group",
	};
	return names[kind];
}

/* ---- Findings ---- */

static const char *shown(struct loader *l, const struct slot *s)
{
	struct buffer b;
	if (s->row->secret || param_name_is_secret(str_of(s->name)))
		return "a value that is not shown";
	buffer_init_in(&b, l->arena, 1 << 24);
	json_write(&b, *s->given, JSON_KEEP_UNICODE);
	struct str text = buffer_str(&b);
	if (b.over || text.n > SHOWN_MAX) {
		size_t n = SHOWN_MAX;
		while (n > 0 && ((unsigned char)text.p[n] & 0xc0) == 0x80)
			n--;
		return arena_printf(l->arena, "%.*s…", (int)n, text.p).p;
	}
	return arena_cstr(l->arena, text);
}

static enum taken refuse(struct loader *l, struct slot *s, const char *expected)
{
	l->errors++;
	s->refused = true;
	finding_add(l->findings, SEVERITY_ERROR, s->name, "expected %s, got %s", expected,
	            shown(l, s));
	return REFUSED;
}

static const char *range_text(struct loader *l, const struct param *row, const char *noun)
{
	if (row->min == 0 && row->max == 0)
		return noun;
	if ((row->max == 0 && row->min > 0) || row->max == INT64_MAX)
		return arena_printf(l->arena, "%s not below %lld", noun, (long long)row->min).p;
	return arena_printf(l->arena, "%s from %lld to %lld", noun, (long long)row->min,
	                    (long long)row->max)
	        .p;
}

static bool in_range(const struct param *row, double number)
{
	if (row->min == 0 && row->max == 0)
		return true;
	bool no_maximum = (row->max == 0 && row->min > 0) || row->max == INT64_MAX;
	return number >= (double)row->min && (no_maximum || number <= (double)row->max);
}

/* ---- Kinds ---- */

/* A scalar as Python's str() shows it; false for lists and maps. */
static bool scalar_text(struct arena *arena, struct value v, struct str *out)
{
	if (v.kind == VALUE_LIST || v.kind == VALUE_DICT)
		return false;
	*out = v.kind == VALUE_NULL ? S("") : v.kind == VALUE_BYTES ? v.text : value_text(arena, v);
	return true;
}

static const char **text_field(struct loader *l, const struct slot *s)
{
	return (const char **)(void *)(l->out + s->offset);
}

static enum taken take_text(struct loader *l, struct slot *s, struct value v)
{
	struct str text;
	if (!scalar_text(l->arena, v, &text))
		return refuse(l, s, "a text");
	if (text.n && memchr(text.p, '\0', text.n))
		return refuse(l, s, "a text without NUL characters");
	*text_field(l, s) = arena_cstr(l->arena, text);
	return TAKEN;
}

static const char *choices_text(struct loader *l, const struct param *row)
{
	struct buffer b;
	buffer_init_in(&b, l->arena, 1 << 16);
	for (const char *const *choice = row->choices; *choice; choice++)
		buffer_printf(&b, "%s'%s'",
		              choice == row->choices ? ""
		              : choice[1]            ? ", "
		                                     : " or ",
		              *choice);
	return arena_cstr(l->arena, buffer_str(&b));
}

static enum taken take_choice(struct loader *l, struct slot *s, struct value v)
{
	struct str text;
	if (scalar_text(l->arena, v, &text))
		for (const char *const *choice = s->row->choices; *choice; choice++)
			if (str_eq_ascii_case(text_strip(text), str_of(*choice))) {
				*text_field(l, s) = *choice;
				return TAKEN;
			}
	return refuse(l, s, choices_text(l, s->row));
}

/* Text that reads as a number is one. */
static struct value number_of(struct loader *l, struct value v)
{
	if (v.kind != VALUE_STR || v.text.n > 100)
		return v;
	struct value number = yaml_resolve(l->arena, text_strip(v.text));
	return number.kind == VALUE_INT || number.kind == VALUE_FLOAT || number.kind == VALUE_BIG
	             ? number
	             : v;
}

static enum taken take_int(struct loader *l, struct slot *s, struct value v)
{
	const char *expected = range_text(
		l, s->row, s->row->kind == PARAM_SIZE ? "a number of bytes" : "an integer");
	v = number_of(l, v);
	if (v.kind == VALUE_FLOAT && fabs(v.real) < 0x1p53 && floor(v.real) == v.real)
		v = value_int((int64_t)v.real);
	if (v.kind != VALUE_INT || v.integer == PARAM_UNSET || !in_range(s->row, (double)v.integer))
		return refuse(l, s, expected);
	memcpy(l->out + s->offset, &v.integer, sizeof v.integer);
	return TAKEN;
}

static enum taken take_float(struct loader *l, struct slot *s, struct value v)
{
	const char *expected = range_text(l, s->row,
	                                  s->row->kind == PARAM_TIME ? "seconds" : "a number");
	v = number_of(l, v);
	if (v.kind == VALUE_INT)
		v = value_float((double)v.integer);
	if (v.kind != VALUE_FLOAT || !isfinite(v.real) || !in_range(s->row, v.real))
		return refuse(l, s, expected);
	memcpy(l->out + s->offset, &v.real, sizeof v.real);
	return TAKEN;
}

static enum taken take_bool(struct loader *l, struct slot *s, struct value v)
{
	static const struct {
		const char *word;
		bool value, odd; /* odd: the reference takes any text for true */
	} words[] = { { "true", true, false }, { "false", false, false }, { "1", true, false },
		      { "0", false, false },   { "yes", true, true },     { "no", false, true },
		      { "on", true, true },    { "off", false, true } };
	struct str text;

	if (v.kind == VALUE_LIST || v.kind == VALUE_DICT || !scalar_text(l->arena, v, &text))
		return refuse(l, s, "true or false");
	text = text_strip(text);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		if (!str_eq_ascii_case(text, str_of(words[i].word)))
			continue;
		memcpy(l->out + s->offset, &words[i].value, sizeof words[i].value);
		if (words[i].odd)
			finding_advise(l->findings, SEVERITY_WARNING, s->name,
			               "write true or false", "the text '%s' is read as %s",
			               words[i].word, words[i].value ? "true" : "false");
		return TAKEN;
	}
	return refuse(l, s, "true or false");
}

/* Text that is JSON, where the row allows that. */
static struct value json_of(struct loader *l, const struct param *row, struct value v)
{
	struct value parsed;
	struct str text = v.kind == VALUE_STR ? text_strip(v.text) : STR_NONE;
	if (row->json_text && text.n && memchr("{[", text.p[0], 2) &&
	    json_parse(l->arena, text, &parsed, NULL) == 0)
		return parsed;
	return v;
}

static enum taken take_list(struct loader *l, struct slot *s, struct value v)
{
	struct list *list = list_new(l->arena);
	v = json_of(l, s->row, v);
	if (v.kind == VALUE_LIST) {
		for (size_t i = 0; i < v.list->n; i++) {
			struct str text;
			if (!scalar_text(l->arena, v.list->items[i], &text))
				return refuse(l, s, "a list of texts");
			list_add(list, value_str(arena_dup(l->arena, text)));
		}
	} else {
		struct str rest;
		if (!scalar_text(l->arena, v, &rest))
			return refuse(l, s, "a list, or a text with commas");
		while (rest.p && (rest.n || list->n)) {
			struct str piece = str_cut(&rest, ',');
			if (!s->row->keep_spaces)
				piece = text_strip(piece);
			list_add(list, value_str(arena_dup(l->arena, piece)));
		}
	}
	const struct list *field = list;
	memcpy(l->out + s->offset, &field, sizeof field);
	return TAKEN;
}

static enum taken take_map(struct loader *l, struct slot *s, struct value v)
{
	v = json_of(l, s->row, v);
	if (v.kind != VALUE_DICT)
		return refuse(l, s, "a map");
	const struct dict *field = v.dict;
	memcpy(l->out + s->offset, &field, sizeof field);
	return TAKEN;
}

static enum taken take_value(struct loader *l, struct slot *s, struct value v)
{
	v = json_of(l, s->row, v);
	memcpy(l->out + s->offset, &v, sizeof v);
	return TAKEN;
}

typedef enum taken take_fn(struct loader *, struct slot *, struct value);

static take_fn *const takers[] = {
	[PARAM_STR] = take_text,   [PARAM_PATH] = take_text,   [PARAM_SECRET] = take_text,
	[PARAM_INT] = take_int,    [PARAM_SIZE] = take_int,    [PARAM_FLOAT] = take_float,
	[PARAM_TIME] = take_float, [PARAM_BOOL] = take_bool,   [PARAM_LIST] = take_list,
	[PARAM_MAP] = take_map,    [PARAM_VALUE] = take_value, [PARAM_CHOICE] = take_choice,
};

/* ---- What "not set" means ---- */

static void set_null(struct loader *l, const struct slot *s)
{
	static const struct value null = { .kind = VALUE_NULL };
	static const int64_t unset = PARAM_UNSET;
	static const double nan = NAN;
	static const void *const nothing = NULL;
	char *field = l->out + s->offset;

	switch (s->row->kind) {
	case PARAM_INT:
	case PARAM_SIZE:
		memcpy(field, &unset, sizeof unset);
		break;
	case PARAM_FLOAT:
	case PARAM_TIME:
		memcpy(field, &nan, sizeof nan);
		break;
	case PARAM_VALUE:
		memcpy(field, &null, sizeof null);
		break;
	case PARAM_BOOL:
		*(bool *)(void *)field = false;
		break;
	case PARAM_GROUP:
		break;
	default:
		memcpy(field, &nothing, sizeof nothing);
	}
}

static bool is_text_kind(enum param_kind kind)
{
	return kind == PARAM_STR || kind == PARAM_PATH || kind == PARAM_SECRET;
}

/* True if the empty text or container that was given is to be taken for "not set". */
static bool empty_is_unset(struct loader *l, const struct slot *s)
{
	if (s->row->empty_is_value || s->row->kind == PARAM_VALUE)
		return false;
	if (s->given->kind == VALUE_LIST)
		return s->row->kind != PARAM_LIST;
	struct value standing = param_field(s->row, l->defaults + s->offset);
	if (s->given->kind == VALUE_DICT)
		return s->row->kind != PARAM_MAP || !value_truthy(standing);
	return !is_text_kind(s->row->kind) || !value_truthy(standing);
}

static bool is_placeholder(struct value v)
{
	return v.kind == VALUE_STR && v.text.n > 2 && v.text.p[0] == '<' &&
	       v.text.p[v.text.n - 1] == '>';
}

static bool takes_any_text(enum param_kind kind)
{
	return is_text_kind(kind) || kind == PARAM_VALUE || kind == PARAM_LIST;
}

static void take(struct loader *l, struct slot *s)
{
	struct value v = *s->given;
	if (v.kind == VALUE_NULL) {
		if (s->row->nullable)
			set_null(l, s);
		return;
	}
	bool empty = (v.kind == VALUE_STR && v.text.n == 0) ||
	             ((v.kind == VALUE_LIST) && v.list->n == 0) ||
	             (v.kind == VALUE_DICT && v.dict->n == 0);
	if (empty && empty_is_unset(l, s))
		return;
	if (is_placeholder(v) && !takes_any_text(s->row->kind)) {
		finding_advise(l->findings, SEVERITY_WARNING, s->name, "set it or remove it",
		               "the placeholder %s is ignored", shown(l, s));
		return;
	}
	takers[s->row->kind](l, s, v);
}

/* ---- Tables ---- */

static void check_required(struct loader *l, struct slot *s)
{
	if (!s->row->required || s->refused)
		return;
	bool missing;
	struct value v = param_field(s->row, l->out + s->offset);
	if (s->row->kind == PARAM_BOOL)
		missing = !s->given || s->given->kind == VALUE_NULL; /* a bool has no "not set" */
	else if (v.kind == VALUE_STR || v.kind == VALUE_LIST || v.kind == VALUE_DICT)
		missing = !value_truthy(v) && !s->row->empty_is_value;
	else
		missing = v.kind == VALUE_NULL;
	if (!missing)
		return;
	l->errors++;
	finding_add(l->findings, SEVERITY_ERROR, s->name, "is required (%s), but not set",
	            param_kind_name(s->row->kind));
}

/* What was given under the name, or under the old name. */
static void find_given(struct loader *l, struct slot *s, const char *prefix)
{
	s->given = dict_get(l->given, str_of(s->name));
	if (s->given || !s->row->old_name)
		return;
	const char *old = arena_printf(l->arena, "%s%s", prefix, s->row->old_name).p;
	s->given = dict_get(l->given, str_of(old));
	if (s->given)
		finding_advise(l->findings, SEVERITY_INFO, old,
		               arena_printf(l->arena, "rename it to '%s'", s->name).p,
		               "this is an old name");
}

static const char *joined(struct arena *arena, const char *prefix, const char *name)
{
	return *prefix ? arena_printf(arena, "%s%s", prefix, name).p : name;
}

static void load_table(struct loader *l, const struct param *table, const char *prefix, size_t base)
{
	for (const struct param *row = table; row->name; row++) {
		struct slot s = {
			.row = row,
			.name = joined(l->arena, prefix, row->name),
			.offset = base + row->offset,
		};
		if (row->kind == PARAM_GROUP) {
			load_table(l, row->group, s.name, s.offset); /* as deep as the tables are */
			continue;
		}
		find_given(l, &s, prefix);
		if (s.given)
			take(l, &s);
		check_required(l, &s);
	}
}

int param_load(struct arena *arena, const struct param *table, const void *defaults, size_t size,
               const struct dict *given, void *out, struct findings *findings)
{
	if (!defaults)
		defaults = arena_zalloc(arena, 1, size);
	memcpy(out, defaults, size);
	struct loader l = { arena, given ? given : dict_new(arena), findings, defaults, out, 0 };
	load_table(&l, table, "", 0);
	return l.errors;
}
