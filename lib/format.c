/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/format.h>

#include "wtf8.h"

enum { MAX_NESTING = 2 }; /* a field, and fields in its specification */

enum numbering { NUMBERING_OPEN, NUMBERING_AUTO, NUMBERING_MANUAL };

struct formatter {
	const struct format_source *source;
	enum numbering numbering; /* "{}" and "{0}" do not mix */
	int64_t next;             /* number of the next "{}" */
	struct err *err;
};

/* A field in pieces. */
struct field {
	struct str name;
	char conversion; /* 0: none */
	struct str spec;
	bool nested; /* the specification has fields */
};

static int bad(const struct formatter *f, const char *reason)
{
	return err_set(f->err, FAULT_OTHER, "%s", reason);
}

/* ---- Cutting a format into texts and fields ---- */

/* The name, up to one of "}:!" that is not inside of brackets. */
static int read_field_name(const struct formatter *f, struct str *rest, struct str *name)
{
	bool brackets = false;
	for (size_t i = 0; i < rest->n; i++) {
		char c = rest->p[i];
		if (c == '{')
			return bad(f, "unexpected '{' in field name");
		if (c == '[' || c == ']')
			brackets = c == '[';
		if (!brackets && (c == '}' || c == ':' || c == '!')) {
			*name = str_slice(*rest, 0, i);
			*rest = str_slice(*rest, i, rest->n);
			return 0;
		}
	}
	return bad(f, "expected '}' before end of string");
}

/* The conversion behind a "!". */
static int read_conversion(const struct formatter *f, struct str *rest, struct field *field)
{
	uint32_t c;
	if (!rest->n)
		return bad(f, "end of string while looking for conversion specifier");
	size_t n = wtf8_next(rest->p, rest->p + rest->n, &c);
	*rest = str_slice(*rest, n ? n : 1, rest->n);
	if (!rest->n)
		return bad(f, "unmatched '{' in format spec");
	if (*rest->p != ':' && *rest->p != '}')
		return bad(f, "expected ':' after conversion specifier");
	if (c == 's' || c == 'r' || c == 'a') {
		field->conversion = (char)c;
		return 0;
	}
	if (c > ' ' && c < 0x7F)
		return err_set(f->err, FAULT_OTHER, "Unknown conversion specifier %c", (int)c);
	return err_set(f->err, FAULT_OTHER, "Unknown conversion specifier \\x%x", (unsigned)c);
}

/* Up to the brace that closes the field. */
static int read_spec(const struct formatter *f, struct str *rest, struct field *field)
{
	size_t open = 1;
	for (size_t i = 0; i < rest->n; i++) {
		if (rest->p[i] == '{') {
			field->nested = true;
			open++;
		} else if (rest->p[i] == '}' && !--open) {
			field->spec = str_slice(*rest, 0, i);
			*rest = str_slice(*rest, i, rest->n);
			return 0;
		}
	}
	return bad(f, "unmatched '{' in format spec");
}

/* From behind the opening brace to behind the closing one. */
static int read_field(const struct formatter *f, struct str *rest, struct field *field)
{
	*field = (struct field){ .spec = S("") };
	if (read_field_name(f, rest, &field->name))
		return -1;
	if (*rest->p == '!') {
		*rest = str_slice(*rest, 1, rest->n);
		if (read_conversion(f, rest, field))
			return -1;
	}
	if (*rest->p == ':') {
		*rest = str_slice(*rest, 1, rest->n);
		if (read_spec(f, rest, field))
			return -1;
	}
	*rest = str_slice(*rest, 1, rest->n);
	return 0;
}

/* ---- The way to a value ---- */

/* Whether the name is a number, and which. */
static int read_index(const struct formatter *f, struct format_step *step)
{
	int64_t index = 0;
	step->is_index = step->name.n > 0;
	for (size_t i = 0; i < step->name.n; i++) {
		char c = step->name.p[i];
		if (c < '0' || c > '9') {
			step->is_index = false;
			return 0;
		}
		if (__builtin_mul_overflow(index, 10, &index) ||
		    __builtin_add_overflow(index, c - '0', &index))
			return bad(f, "Too many decimal digits in format string");
	}
	step->index = index;
	return 0;
}

static int read_first(struct formatter *f, struct str *rest, struct format_step *step)
{
	size_t n = 0;
	while (n < rest->n && rest->p[n] != '.' && rest->p[n] != '[')
		n++;
	*step = (struct format_step){ .kind = FORMAT_FIRST, .name = str_slice(*rest, 0, n) };
	*rest = str_slice(*rest, n, rest->n);
	if (read_index(f, step))
		return -1;
	if (step->name.n && !step->is_index)
		return 0;
	enum numbering wanted = step->name.n ? NUMBERING_MANUAL : NUMBERING_AUTO;
	if (f->numbering != NUMBERING_OPEN && f->numbering != wanted)
		return bad(f, wanted == NUMBERING_AUTO
		                      ? "cannot switch from manual field specification to "
		                        "automatic field numbering"
		                      : "cannot switch from automatic field numbering to "
		                        "manual field specification");
	f->numbering = wanted;
	if (wanted == NUMBERING_AUTO) {
		step->is_index = true;
		step->index = f->next++;
	}
	return 0;
}

/* One ".name" or "[name]". */
static int read_step(const struct formatter *f, struct str *rest, struct format_step *step)
{
	size_t n;
	if (*rest->p == '.') {
		*rest = str_slice(*rest, 1, rest->n);
		for (n = 0; n < rest->n && rest->p[n] != '.' && rest->p[n] != '[';)
			n++;
		*step = (struct format_step){ .kind = FORMAT_ATTRIBUTE };
	} else if (*rest->p == '[') {
		*rest = str_slice(*rest, 1, rest->n);
		n = str_index(*rest, ']');
		if (n == STR_NOT_FOUND)
			return bad(f, "Missing ']' in format string");
		*step = (struct format_step){ .kind = FORMAT_KEY };
	} else {
		return bad(f, "Only '.' or '[' may follow ']' in format field specifier");
	}
	step->name = str_slice(*rest, 0, n);
	*rest = str_slice(*rest, n + (step->kind == FORMAT_KEY), rest->n);
	if (!step->name.n)
		return bad(f, "Empty attribute in format string");
	return step->kind == FORMAT_KEY ? read_index(f, step) : 0;
}

static int read_path(struct formatter *f, struct str name, struct format_step *steps, size_t *n)
{
	if (read_first(f, &name, &steps[0]))
		return -1;
	for (*n = 1; name.n; (*n)++) {
		if (*n == MAX_FORMAT_STEPS)
			return bad(f, "too many accesses in a format field");
		if (read_step(f, &name, &steps[*n]))
			return -1;
	}
	return 0;
}

/* ---- Writing ---- */

/* A value as text first, which is then formatted as such. */
static int put_converted(const struct formatter *f, struct buffer *out, struct str text,
                         struct str spec)
{
	return format_value(out, value_str(text), spec, f->err);
}

static int put_special(const struct formatter *f, struct buffer *out,
                       const struct format_path *path, const struct field *field, struct str spec)
{
	const struct format_source *source = f->source;
	if (!field->conversion)
		return source->print(source->context, path, 0, spec, out, f->err);
	struct buffer text;
	buffer_init(&text, out->limit);
	int rc = source->print(source->context, path, field->conversion == 's' ? 's' : 'r',
	                       STR_NONE, &text, f->err);
	rc = rc ? rc : put_converted(f, out, buffer_str(&text), spec);
	buffer_fini(&text);
	return rc;
}

static int put_value(const struct formatter *f, struct buffer *out, const struct format_path *path,
                     const struct field *field, struct str spec)
{
	struct value value = value_null();
	bool special = false;
	if (f->source->find(f->source->context, path, &value, &special, f->err))
		return -1;
	if (special)
		return put_special(f, out, path, field, spec);
	if (!field->conversion)
		return format_value(out, value, spec, f->err);
	struct buffer text;
	buffer_init(&text, out->limit);
	if (field->conversion == 's')
		format_str(&text, value);
	else
		format_repr(&text, value, field->conversion == 'a');
	int rc = put_converted(f, out, buffer_str(&text), spec);
	out->over |= text.over;
	buffer_fini(&text);
	return rc;
}

static int put_format(struct formatter *, struct buffer *out, struct str format, int nesting);

static int put_field(struct formatter *f, struct buffer *out, const struct field *field,
                     int nesting)
{
	struct format_step steps[MAX_FORMAT_STEPS];
	struct format_path path = { .steps = steps };
	if (read_path(f, field->name, steps, &path.n))
		return -1;
	if (!field->nested)
		return put_value(f, out, &path, field, field->spec);
	struct buffer spec;
	buffer_init(&spec, out->limit);
	int rc = put_format(f, &spec, field->spec, nesting - 1);
	rc = rc ? rc : put_value(f, out, &path, field, buffer_str(&spec));
	buffer_fini(&spec);
	return rc;
}

/* The text before the next field; *field_next if one follows. */
static int put_literal(const struct formatter *f, struct buffer *out, struct str *rest,
                       bool *field_next)
{
	*field_next = false;
	while (rest->n) {
		size_t n = 0;
		while (n < rest->n && rest->p[n] != '{' && rest->p[n] != '}')
			n++;
		buffer_add_str(out, str_slice(*rest, 0, n));
		*rest = str_slice(*rest, n, rest->n);
		if (!rest->n)
			return 0;
		char c = *rest->p;
		bool twice = rest->n >= 2 && rest->p[1] == c;
		if (!twice && (c == '}' || rest->n == 1))
			return bad(f, c == '}' ? "Single '}' encountered in format string"
			                       : "Single '{' encountered in format string");
		*rest = str_slice(*rest, twice ? 2 : 1, rest->n);
		if (!twice) {
			*field_next = true;
			return 0;
		}
		buffer_add_char(out, c);
	}
	return 0;
}

static int put_format(struct formatter *f, struct buffer *out, struct str format, int nesting)
{
	if (!nesting)
		return bad(f, "Max string recursion exceeded");
	while (format.n) {
		struct field field;
		bool field_next;
		if (put_literal(f, out, &format, &field_next))
			return -1;
		if (!field_next)
			continue;
		if (read_field(f, &format, &field) || put_field(f, out, &field, nesting))
			return -1;
	}
	return 0;
}

int format_text(struct buffer *out, struct str format, const struct format_source *source,
                struct err *err)
{
	struct formatter f = { .source = source, .err = err };
	if (put_format(&f, out, format, MAX_NESTING))
		return -1;
	return out->over ? bad(&f, "formatted text is too long") : 0;
}

/* ---- Plain values ---- */

static const char *kind_name(enum value_kind kind)
{
	static const char *const names[] = {
		[VALUE_NULL] = "NoneType", [VALUE_BOOL] = "bool",   [VALUE_INT] = "int",
		[VALUE_BIG] = "int",       [VALUE_FLOAT] = "float", [VALUE_STR] = "str",
		[VALUE_BYTES] = "bytes",   [VALUE_LIST] = "list",   [VALUE_DICT] = "dict",
	};
	return names[kind];
}

static int step_dict(struct value *value, const struct format_step *step, struct err *err)
{
	/* Keys are texts: a number finds none. */
	const struct value *found = step->is_index ? NULL : dict_get(value->dict, step->name);
	if (!found)
		return err_set(err, FAULT_KEY_NOT_EXISTS, step->is_index ? "%.*s" : "'%.*s'",
		               STR_ARG(step->name));
	*value = *found;
	return 0;
}

static int step_list(struct value *value, const struct format_step *step, struct err *err)
{
	if (!step->is_index)
		return err_set(err, FAULT_OTHER,
		               "list indices must be integers or slices, not str");
	if ((uint64_t)step->index >= value->list->n)
		return err_set(err, FAULT_OTHER, "list index out of range");
	*value = value->list->items[step->index];
	return 0;
}

/* A character of a text. */
static int step_text(struct value *value, const struct format_step *step, struct err *err)
{
	if (!step->is_index)
		return err_set(err, FAULT_OTHER, "string indices must be integers, not 'str'");
	const char *p = value->text.p, *end = p + value->text.n;
	for (int64_t i = 0; p < end; i++) {
		uint32_t c;
		size_t n = wtf8_next(p, end, &c);
		n = n ? n : 1;
		if (i == step->index) {
			value->text = (struct str){ p, n };
			return 0;
		}
		p += n;
	}
	return err_set(err, FAULT_OTHER, "string index out of range");
}

int format_walk(struct value *value, const struct format_step *steps, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		int rc = -1;
		if (steps[i].kind == FORMAT_ATTRIBUTE)
			return err_set(err, FAULT_OTHER, "'%s' object has no attribute '%.*s'",
			               kind_name(value->kind), STR_ARG(steps[i].name));
		if (value->kind == VALUE_DICT)
			rc = step_dict(value, &steps[i], err);
		else if (value->kind == VALUE_LIST)
			rc = step_list(value, &steps[i], err);
		else if (value->kind == VALUE_STR)
			rc = step_text(value, &steps[i], err);
		else
			err_set(err, FAULT_OTHER, "'%s' object is not subscriptable",
			        kind_name(value->kind));
		if (rc)
			return -1;
	}
	return 0;
}

struct plain {
	const struct list *positional;
	const struct dict *named;
};

static int plain_find(const void *context, const struct format_path *path, struct value *out,
                      bool *special_out, struct err *err)
{
	const struct plain *plain = context;
	const struct format_step *first = &path->steps[0];
	const struct value *found = NULL;
	*special_out = false;
	if (first->is_index) {
		if (!plain->positional || (uint64_t)first->index >= plain->positional->n)
			return err_set(
				err, FAULT_OTHER,
				"Replacement index %lld out of range for positional args tuple",
				(long long)first->index);
		found = &plain->positional->items[first->index];
	} else if (plain->named) {
		found = dict_get(plain->named, first->name);
	}
	if (!found)
		return err_set(err, FAULT_KEY_NOT_EXISTS, "'%.*s'", STR_ARG(first->name));
	*out = *found;
	return format_walk(out, path->steps + 1, path->n - 1, err);
}

int format_values(struct buffer *out, struct str format, const struct list *positional,
                  const struct dict *named, struct err *err)
{
	struct plain plain = { positional, named };
	struct format_source source = { .context = &plain, .find = plain_find };
	return format_text(out, format, &source, err);
}
