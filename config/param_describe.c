/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/json.h>
#include <intelmq/param.h>
#include <math.h>

#include "config/param_field.h"

struct value param_field(const struct param *row, const void *field)
{
	union {
		const char *text;
		int64_t integer;
		double real;
		bool boolean;
		struct list *list;
		struct dict *dict;
		struct value value;
	} at;

	switch (row->kind) {
	case PARAM_INT:
	case PARAM_SIZE:
		memcpy(&at.integer, field, sizeof at.integer);
		return at.integer == PARAM_UNSET ? value_null() : value_int(at.integer);
	case PARAM_FLOAT:
	case PARAM_TIME:
		memcpy(&at.real, field, sizeof at.real);
		return isnan(at.real) ? value_null() : value_float(at.real);
	case PARAM_BOOL:
		memcpy(&at.boolean, field, sizeof at.boolean);
		return value_bool(at.boolean);
	case PARAM_LIST:
		memcpy(&at.list, field, sizeof at.list);
		return at.list ? value_list(at.list) : value_null();
	case PARAM_MAP:
		memcpy(&at.dict, field, sizeof at.dict);
		return at.dict ? value_dict(at.dict) : value_null();
	case PARAM_VALUE:
		memcpy(&at.value, field, sizeof at.value);
		return at.value;
	case PARAM_GROUP:
		return value_null();
	default:
		memcpy(&at.text, field, sizeof at.text);
		return value_cstr(at.text);
	}
}

/* ---- Every row, groups unfolded ---- */

typedef void row_fn(void *context, struct arena *, const struct param *row, const char *name,
                    const void *field);

static void each_row(struct arena *arena, const struct param *table, const char *prefix,
                     const char *base, row_fn *fn, void *context)
{
	for (const struct param *row = table; row->name; row++) {
		const char *name = *prefix ? arena_printf(arena, "%s%s", prefix, row->name).p
		                           : row->name;
		const char *field = base ? base + row->offset : NULL;
		if (row->kind == PARAM_GROUP)
			each_row(arena, row->group, name, field, fn, context);
		else
			fn(context, arena, row, name, field);
	}
}

static struct value default_of(struct arena *arena, const struct param *row, const void *field)
{
	if (!field || row->secret || (row->kind == PARAM_BOOL && row->required))
		return value_null();
	return value_copy(arena, param_field(row, field));
}

static void describe_row(void *context, struct arena *arena, const struct param *row,
                         const char *name, const void *field)
{
	struct dict *d = dict_new(arena);
	dict_set(d, S("name"), value_cstr(name));
	dict_set(d, S("type"), value_cstr(param_kind_name(row->kind)));
	dict_set(d, S("default"), default_of(arena, row, field));
	dict_set(d, S("required"), value_bool(row->required));
	dict_set(d, S("help"), value_cstr(row->help));
	if (row->secret)
		dict_set(d, S("secret"), value_bool(true));
	if (row->nullable)
		dict_set(d, S("nullable"), value_bool(true));
	if (row->min || row->max) {
		dict_set(d, S("min"), value_int(row->min));
		if (row->max && row->max != INT64_MAX)
			dict_set(d, S("max"), value_int(row->max));
	}
	if (row->choices) {
		struct list *choices = list_new(arena);
		for (const char *const *choice = row->choices; *choice; choice++)
			list_add(choices, value_cstr(*choice));
		dict_set(d, S("choices"), value_list(choices));
	}
	if (row->old_name)
		dict_set(d, S("old_name"), value_cstr(row->old_name));
	list_add(context, value_dict(d));
}

struct value param_describe_json(struct arena *arena, const struct param *table,
                                 const void *defaults)
{
	struct list *list = list_new(arena);
	each_row(arena, table, "", defaults, describe_row, list);
	return value_list(list);
}

/* Text inside a cell: a bar would end it. */
static void cell_text(struct buffer *out, struct str text)
{
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] == '|')
			buffer_add_char(out, '\\');
		buffer_add_char(out, text.p[i] == '\n' ? ' ' : text.p[i]);
	}
}

static void markdown_row(void *context, struct arena *arena, const struct param *row,
                         const char *name, const void *field)
{
	struct buffer *out = context, json;
	struct value standard = default_of(arena, row, field);
	buffer_printf(out, "| `%s` | %s | ", name, param_kind_name(row->kind));
	if (standard.kind == VALUE_NULL) {
		buffer_add_str(out, row->required ? S("(required)") : S(""));
	} else {
		buffer_init_in(&json, arena, 1 << 16);
		json_write(&json, standard, JSON_KEEP_UNICODE);
		buffer_add_char(out, '`');
		cell_text(out, buffer_str(&json));
		buffer_add_char(out, '`');
	}
	buffer_add_str(out, S(" | "));
	cell_text(out, str_of(row->help));
	for (const char *const *choice = row->choices; choice && *choice; choice++)
		buffer_printf(out, "%s`%s`%s", choice == row->choices ? " One of " : ", ", *choice,
		              choice[1] ? "" : ".");
	buffer_add_str(out, S(" |\n"));
}

void param_describe_markdown(struct buffer *out, const struct param *table, const void *defaults)
{
	struct arena arena;
	arena_init(&arena);
	buffer_add_str(out, S("| Name | Type | Default | Help |\n|---|---|---|---|\n"));
	each_row(&arena, table, "", defaults, markdown_row, out);
	arena_fini(&arena);
}
