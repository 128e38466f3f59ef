/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "message/fields.h"

#include <intelmq/json.h>
#include <intelmq/text.h>

#include <stdlib.h>

static bool is_word(unsigned char c, bool digit)
{
	return (c >= 'a' && c <= 'z') || c == '_' || (digit && c >= '0' && c <= '9');
}

bool field_name_is_valid(struct str key)
{
	size_t start = 0;
	bool first = true;
	/* Python's `$` allows one line feed at the very end. */
	if (key.n && key.p[key.n - 1] == '\n')
		key.n--;
	while (true) {
		size_t at = start;
		while (at < key.n && is_word((unsigned char)key.p[at], !(first && at == start)))
			at++;
		if (at - start < (first ? 2u : 1u))
			return false;
		if (at == key.n)
			return true;
		if (key.p[at] != '.')
			return false;
		start = at + 1;
		first = false;
	}
}

/* Names differ in their ends and in the middle; three words of eight bytes tell them apart. */
static inline uint32_t name_hash(struct str s)
{
	uint64_t head = 0, tail = 0, middle = 0;
	if (s.n >= 8) {
		memcpy(&head, s.p, 8);
		memcpy(&tail, s.p + s.n - 8, 8);
		memcpy(&middle, s.p + (s.n - 8) / 2, 8);
	} else if (s.n) {
		memcpy(&head, s.p, s.n);
	}
	uint64_t h = head * 0x9E3779B97F4A7C15u ^ (tail + s.n) * 0xC2B2AE3D27D4EB4Fu;
	h ^= middle * 0x165667B19E3779F9u;
	return (uint32_t)(h >> 32) ^ (uint32_t)(h >> 13);
}

const struct field *field_find(const struct fields *fields, struct str name)
{
	size_t mask = fields->index_size - 1;
	for (size_t at = name_hash(name) & mask; fields->index[at]; at = (at + 1) & mask) {
		const struct field *field = &fields->all[fields->index[at] - 1];
		if (field->name.n == name.n && bytes_eq(field->name.p, name.p, name.n))
			return field;
	}
	return NULL;
}

const struct field *field_parent(const struct fields *fields, struct str key)
{
	size_t dot = str_index(key, '.');
	return dot == STR_NOT_FOUND ? NULL : field_find(fields, str_slice(key, 0, dot));
}

static int regex_of(const struct dict *spec, struct str member, unsigned flags, struct regex **out,
                    struct err *err)
{
	const struct value *pattern = dict_get(spec, member);
	if (!pattern || pattern->kind == VALUE_NULL)
		return 0;
	if (pattern->kind != VALUE_STR)
		return err_set(err, FAULT_CONFIGURATION, "'%.*s' must be a text", STR_ARG(member));
	return regex_new(pattern->text, flags, out, err);
}

static int field_read(struct field *field, struct arena *arena, const struct dict *spec,
                      struct err *err)
{
	const struct value *type = dict_get(spec, S("type"));
	if (!type || type->kind != VALUE_STR)
		return err_set(err, FAULT_CONFIGURATION, "'type' is missing");
	struct str type_name = type->text;
	/* Files older than version 2 type extra as JSON. */
	if (str_eq(field->name, S("extra")) && str_eq(type_name, S("JSON")))
		type_name = S("JSONDict");
	field->type = field_type_find(type_name);
	if (!field->type)
		return err_set(err, FAULT_CONFIGURATION, "unknown type '%.*s'", STR_ARG(type_name));
	field->json_dict = str_eq(type_name, S("JSONDict"));
	const struct value *length = dict_get(spec, S("length"));
	field->length = -1;
	if (length && length->kind == VALUE_INT && length->integer >= 0)
		field->length = length->integer;
	else if (length && length->kind != VALUE_NULL)
		return err_set(err, FAULT_CONFIGURATION, "'length' must be a whole number");
	field->quoted = arena_printf(arena, "\"%.*s\": ", STR_ARG(field->name));
	if (regex_of(spec, S("regex"), 0, &field->regex, err) < 0)
		return err_prefix(err, "'regex'");
	if (regex_of(spec, S("iregex"), REGEX_IGNORE_CASE, &field->iregex, err) < 0)
		return err_prefix(err, "'iregex'");
	return 0;
}

static int by_name(const void *a, const void *b)
{
	const struct field *x = *(struct field *const *)a, *y = *(struct field *const *)b;
	return str_cmp(x->name, y->name);
}

static void index_fields(struct fields *fields, struct arena *arena)
{
	fields->index_size = 16;
	while (fields->index_size < fields->n * 4)
		fields->index_size *= 2;
	fields->index = arena_zalloc(arena, fields->index_size, sizeof *fields->index);
	struct field **sorted = arena_zalloc(arena, fields->n, sizeof(struct field *));
	size_t mask = fields->index_size - 1;
	for (size_t i = 0; i < fields->n; i++) {
		size_t at = name_hash(fields->all[i].name) & mask;
		while (fields->index[at])
			at = (at + 1) & mask;
		fields->index[at] = (uint32_t)i + 1;
		sorted[i] = &fields->all[i];
	}
	qsort(sorted, fields->n, sizeof(struct field *), by_name);
	for (size_t i = 0; i < fields->n; i++)
		sorted[i]->rank = (uint32_t)i;
	fields->extra = field_find(fields, S("extra"));
	fields->raw = field_find(fields, S("raw"));
	fields->time_observation = field_find(fields, S("time.observation"));
}

static struct str class_name(struct arena *arena, struct str section)
{
	struct str name = arena_dup(arena, section);
	char *first = (char *)name.p;
	if (name.n && *first >= 'a' && *first <= 'z')
		*first = (char)(*first - 'a' + 'A');
	return name;
}

static int section_read(struct fields *fields, struct arena *arena, const struct pair *section,
                        struct err *err)
{
	fields->class_name = class_name(arena, section->key);
	fields->wire_type = arena_printf(arena, "\"__type\": \"%.*s\"}",
	                                 STR_ARG(fields->class_name));
	if (section->value.kind != VALUE_DICT)
		return err_set(err, FAULT_CONFIGURATION, "section '%.*s' must be an object",
		               STR_ARG(section->key));
	const struct dict *specs = section->value.dict;
	fields->n = specs->n;
	fields->all = arena_zalloc(arena, specs->n, sizeof *fields->all);
	fields->followers = arena_zalloc(arena, specs->n + 1, sizeof *fields->followers);
	for (size_t i = 0; i < specs->n; i++) {
		struct field *field = &fields->all[i];
		field->id = (uint32_t)i;
		field->name = arena_dup(arena, specs->pairs[i].key);
		if (!field_name_is_valid(field->name))
			return err_set(err, FAULT_INVALID_KEY, "section '%.*s': invalid key '%.*s'",
			               STR_ARG(section->key), STR_ARG(field->name));
		if (specs->pairs[i].value.kind != VALUE_DICT)
			err_set(err, FAULT_CONFIGURATION, "must be an object");
		else if (field_read(field, arena, specs->pairs[i].value.dict, err) == 0)
			continue;
		return err_prefix(err, "section '%.*s', field '%.*s'", STR_ARG(section->key),
		                  STR_ARG(field->name));
	}
	index_fields(fields, arena);
	return 0;
}

int data_format_new(struct str text, struct data_format **out, struct err *err)
{
	struct data_format *format = calloc(1, sizeof *format);
	if (!format)
		abort();
	arena_init(&format->arena);
	struct value tree;
	if (json_parse(&format->arena, arena_dup(&format->arena, text), &tree, err) < 0)
		goto out;
	if (tree.kind != VALUE_DICT) {
		err_set(err, FAULT_CONFIGURATION, "must be an object of sections");
		goto out;
	}
	format->n = tree.dict->n;
	format->sections = arena_zalloc(&format->arena, format->n, sizeof *format->sections);
	for (size_t i = 0; i < format->n; i++)
		if (section_read(&format->sections[i], &format->arena, &tree.dict->pairs[i], err) <
		    0)
			goto out;
	format->event = data_format_section(format, S("Event"));
	format->report = data_format_section(format, S("Report"));
	*out = format;
	return 0;
out:
	data_format_free(format);
	return -1;
}

void data_format_free(struct data_format *format)
{
	if (!format)
		return;
	for (size_t i = 0; i < format->n; i++)
		for (size_t k = 0; format->sections[i].all && k < format->sections[i].n; k++) {
			regex_free(format->sections[i].all[k].regex);
			regex_free(format->sections[i].all[k].iregex);
		}
	arena_fini(&format->arena);
	free(format);
}

struct fields *data_format_section(const struct data_format *format, struct str name)
{
	for (size_t i = 0; i < format->n; i++)
		if (format->sections[i].index &&
		    str_eq_ascii_case(format->sections[i].class_name, name))
			return &format->sections[i];
	return NULL;
}
