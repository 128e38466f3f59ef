/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/base64.h>
#include <intelmq/buffer.h>
#include <intelmq/datetime.h>
#include <intelmq/json.h>

#include "message/types_inside.h"

/* ---- Base64 ---- */

static int base64_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	(void)err;
	bool bytes = in.kind == VALUE_STR || in.kind == VALUE_BYTES;
	*out = bytes ? value_str(base64_encode(arena, in.text)) : value_null();
	return 0;
}

static int base64_is_valid(struct arena *arena, struct value in, struct err *err)
{
	struct str decoded;
	if (in.kind != VALUE_STR && in.kind != VALUE_BYTES)
		return 0;
	struct arena_mark mark = arena_mark(arena);
	int result = base64_decode(arena, in.text, &decoded, err);
	arena_rewind(arena, mark);
	return result ? -1 : is_text(in); /* bytes are decoded first, then refused */
}

/* ---- DateTime ---- */

static int time_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	(void)err;
	struct str text;
	*out = datetime_sanitize(arena, in, &text) ? value_null() : value_str(text);
	return 0;
}

static int time_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)arena, (void)err;
	return datetime_is_valid(in);
}

/* ---- JSON ---- */

static const char *skip_space(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
		p++;
	return p;
}

/* Whether the text is one JSON document; with `dict`, an object with members. */
static bool is_json(struct str text, bool dict)
{
	const char *end = text.p + text.n, *p = skip_space(text.p, end), *after;
	enum value_kind kind;
	bool canonical;
	if (json_skip(p, end, &after, &kind, &canonical, NULL) || skip_space(after, end) != end)
		return false;
	return !dict || (kind == VALUE_DICT && *skip_space(p + 1, after) != '}');
}

/* A list or map that is being walked through. */
struct level {
	struct value in;
	size_t next;
};

static const struct value *level_next(struct level *l)
{
	size_t i = l->next++;
	if (l->in.kind == VALUE_LIST)
		return i < l->in.list->n ? &l->in.list->items[i] : NULL;
	return i < l->in.dict->n ? &l->in.dict->pairs[i].value : NULL;
}

/* Bytes have no place in JSON; values nested deeper than any document are refused likewise. */
static bool is_serialisable(struct arena *arena, struct value v)
{
	if (v.kind != VALUE_LIST && v.kind != VALUE_DICT)
		return v.kind != VALUE_BYTES;
	struct level *levels = arena_alloc(arena, MAX_JSON_DEPTH * sizeof *levels);
	size_t depth = 1;
	levels[0] = (struct level){ v, 0 };
	while (depth > 0) {
		const struct value *item = level_next(&levels[depth - 1]);
		if (!item) {
			depth--;
			continue;
		}
		if (item->kind == VALUE_BYTES)
			return false;
		if (item->kind != VALUE_LIST && item->kind != VALUE_DICT)
			continue;
		if (depth == MAX_JSON_DEPTH)
			return false;
		levels[depth++] = (struct level){ *item, 0 };
	}
	return true;
}

static int json_text(struct arena *arena, struct value in, bool dict, struct value *out)
{
	struct value text = value_null();
	if (in.kind == VALUE_STR || in.kind == VALUE_BYTES)
		string_sanitize(arena, in, &text, NULL);
	*out = text;
	if (is_text(text) && is_json(text.text, dict))
		return 0;
	*out = value_null();
	struct arena_mark mark = arena_mark(arena);
	bool serialisable = is_serialisable(arena, in);
	arena_rewind(arena, mark);
	if (!serialisable)
		return 0;
	struct buffer b;
	buffer_init_in(&b, arena, SIZE_MAX);
	json_write(&b, in, JSON_SORT_KEYS);
	*out = value_str(buffer_str(&b));
	return 0;
}

static int json_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	(void)err;
	*out = value_null();
	return in.kind == VALUE_NULL ? 0 : json_text(arena, in, false, out);
}

static int json_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)arena, (void)err;
	return is_text(in) && is_json(in.text, false);
}

static int json_dict_sanitize(struct arena *arena, struct value in, struct value *out,
                              struct err *err)
{
	(void)err;
	*out = value_null();
	return value_truthy(in) ? json_text(arena, in, true, out) : 0;
}

static int json_dict_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)arena, (void)err;
	return is_text(in) && is_json(in.text, true);
}

/* ---- The table ---- */

// clang-format off
const struct field_type field_types[] = {
	{ "ASN",                    asn_sanitize,            asn_is_valid,            NULL,            0 },
	{ "Accuracy",               accuracy_sanitize,       accuracy_is_valid,       NULL,            0 },
	{ "Base64",                 base64_sanitize,         base64_is_valid,         NULL,            0 },
	{ "Boolean",                boolean_sanitize,        boolean_is_valid,        NULL,            0 },
	{ "ClassificationTaxonomy", taxonomy_sanitize,       taxonomy_is_valid,       NULL,            0 },
	{ "ClassificationType",     classification_sanitize, classification_is_valid, NULL,            0 },
	{ "DateTime",               time_sanitize,           time_is_valid,           NULL,            0 },
	{ "FQDN",                   fqdn_sanitize,           fqdn_is_valid,           NULL,            0 },
	{ "Float",                  float_sanitize,          float_is_valid,          NULL,            0 },
	{ "GenericType",            string_sanitize,         string_is_valid,         NULL,            0 },
	{ "IPAddress",              ipaddress_sanitize,      ipaddress_is_valid,      NULL,            0 },
	{ "IPNetwork",              ipnetwork_sanitize,      ipnetwork_is_valid,      NULL,            0 },
	{ "Integer",                integer_sanitize,        integer_is_valid,        NULL,            0 },
	{ "JSON",                   json_sanitize,           json_is_valid,           NULL,            TYPE_JSON },
	{ "JSONDict",               json_dict_sanitize,      json_dict_is_valid,      NULL,
	  TYPE_JSON | TYPE_JSON_DICT },
	{ "LowercaseString",        lowercase_sanitize,      lowercase_is_valid,      string_sanitize, 0 },
	{ "Registry",               registry_sanitize,       registry_is_valid,       NULL,            0 },
	{ "String",                 string_sanitize,         string_is_valid,         NULL,            0 },
	{ "TLP",                    tlp_sanitize,            tlp_is_valid,            NULL,            0 },
	{ "URL",                    url_sanitize,            url_is_valid,            NULL,            0 },
	{ "UppercaseString",        uppercase_sanitize,      uppercase_is_valid,      NULL,            0 },
	{ 0 },
};
// clang-format on

const struct field_type *field_type_find(struct str name)
{
	for (const struct field_type *type = field_types; type->name; type++)
		if (str_eq(str_of(type->name), name))
			return type;
	return NULL;
}

int field_type_is_valid_sanitized(const struct field_type *type, struct arena *arena,
                                  struct value in, struct err *err)
{
	if (type->presanitize && type->presanitize(arena, in, &in, err))
		return -1;
	if (type->sanitize(arena, in, &in, err))
		return -1;
	return type->is_valid(arena, in, err);
}
