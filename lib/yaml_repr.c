/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/repr.h>

#include <intelmq/yaml.h>

bool yaml_has_date(const struct yaml_mark *mark)
{
	if (!mark)
		return false;
	if (mark->date)
		return true;
	for (size_t i = 0; i < mark->n; i++)
		if (yaml_has_date(&mark->children[i]))
			return true;
	return false;
}

/* "2015-08-31 08:16:10.5" as datetime.datetime(2015, 8, 31, 8, 16, 10, 500000). */
static void repr_date(struct buffer *out, struct str text)
{
	int numbers[7] = { 0 };
	size_t n = 0;
	for (size_t i = 0; i < text.n && n < 7; i++) {
		if (text.p[i] >= '0' && text.p[i] <= '9')
			numbers[n] = numbers[n] * 10 + (text.p[i] - '0');
		else
			n++;
	}
	n++;
	buffer_printf(out, n > 3 ? "datetime.datetime(%d, %d, %d" : "datetime.date(%d, %d, %d",
	              numbers[0], numbers[1], numbers[2]);
	size_t shown = numbers[6] ? 7 : numbers[5] ? 6 : 5; /* zero seconds are left out */
	for (size_t i = 3; i < shown && n > 3; i++)
		buffer_printf(out, ", %d", numbers[i]);
	buffer_add_str(out, S(")"));
}

static void repr_children(struct buffer *out, struct value v, const struct yaml_mark *mark)
{
	size_t n = v.kind == VALUE_LIST ? v.list->n : v.dict->n;
	buffer_add_char(out, v.kind == VALUE_LIST ? '[' : '{');
	for (size_t i = 0; i < n; i++) {
		const struct yaml_mark *child = mark && i < mark->n ? &mark->children[i] : NULL;
		if (i > 0)
			buffer_add_str(out, S(", "));
		if (v.kind == VALUE_DICT) {
			repr_write(out, value_str(v.dict->pairs[i].key));
			buffer_add_str(out, S(": "));
		}
		yaml_repr(out, v.kind == VALUE_LIST ? v.list->items[i] : v.dict->pairs[i].value,
		          child);
	}
	buffer_add_char(out, v.kind == VALUE_LIST ? ']' : '}');
}

void yaml_repr(struct buffer *out, struct value v, const struct yaml_mark *mark)
{
	if (v.kind == VALUE_LIST || v.kind == VALUE_DICT)
		repr_children(out, v, mark);
	else if (v.kind == VALUE_STR && mark && mark->date)
		repr_date(out, v.text);
	else
		repr_write(out, v);
}
