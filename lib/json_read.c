/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/json.h>
#include <intelmq/number.h>

#include "json_scan.h"
#include "wtf8.h"

/* Forces one copy of the walk for building and one for checking, so that both accept the same. */
#define INLINE static inline __attribute__((always_inline))

enum {
	MAX_EXACT_DIGITS = 15,
	MAX_EXACT_POWER = 22
}; /* both exact in a double, and so is one step */

/* An open container while values are built. */
struct frame {
	struct frame *outer, *inner; /* inner: kept for the next one of that depth */
	struct value container;
	struct str key; /* of the value that is being read */
};

struct reader {
	const char *p, *start, *end;
	struct arena *arena;
	struct frame *top;
	uint64_t dicts[(MAX_JSON_DEPTH + 64) /
	               64]; /* checking only: bit n: the container at depth n is a map */
	size_t depth;
	unsigned wide;
	const char *reason;
	const char *at; /* what the reason is about */
};

static int refuse(struct reader *r, const char *at, const char *reason)
{
	r->at = at;
	r->reason = reason;
	return -1;
}

/* Python's wording of where it went wrong. */
static int report(const struct reader *r, struct err *err)
{
	if (!err)
		return -1;
	size_t line = 1;
	const char *line_start = r->start;
	for (const char *p = r->start; p < r->at; p++) {
		if (*p == '\n') {
			line++;
			line_start = p + 1;
		}
	}
	size_t before = wtf8_count(r->start, line_start);
	size_t column = wtf8_count(line_start, r->at);
	return err_set(err, FAULT_OTHER, "%s: line %zu column %zu (char %zu)", r->reason, line,
	               column + 1, before + column);
}

static void skip_spaces(struct reader *r)
{
	const char *p = r->p;
	while (p < r->end && (*p == ' ' || *p == '\n' || *p == '\t' || *p == '\r'))
		p++;
	r->p = p;
}

/* Most often there is one space or none. */
INLINE void skip_space(struct reader *r)
{
	const char *p = r->p;
	p += p < r->end && *p == ' ';
	r->p = p;
	if (p < r->end && (unsigned char)*p <= ' ')
		skip_spaces(r);
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Four hexadecimal digits, or -1. */
static int32_t hex4(const char *p, const char *end)
{
	int32_t code = 0;
	if (end - p < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int digit = hex_value(p[i]);
		if (digit < 0)
			return -1;
		code = code << 4 | digit;
	}
	return code;
}

/* What a backslash and this letter stand for; 0 if nothing. */
static char escaped_char(char c)
{
	switch (c) {
	case '"':
	case '\\':
	case '/':
		return c;
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return 0;
	}
}

/*
 * Checks the escape whose backslash is at r->p and moves behind it. A string that has an opening
 * quote needs a closing one, even behind four good digits.
 */
static int escape_check(struct reader *r, const char *opening)
{
	const char *p = r->p;
	if (r->end - p < 2)
		return refuse(r, opening, "Unterminated string starting at");
	if (p[1] == 'u') {
		if (hex4(p + 2, r->end) < 0 || (opening && r->end - p == 6))
			return refuse(r, p + 1, "Invalid \\uXXXX escape");
		r->p = p + 6;
		return 0;
	}
	if (!escaped_char(p[1]))
		return refuse(r, p, "Invalid \\escape");
	r->p = p + 2;
	return 0;
}

/* From behind the opening quote to the closing one. */
INLINE int string_check(struct reader *r, bool *escapes_out)
{
	const char *opening = r->p - 1;
	*escapes_out = false;
	for (;;) {
		r->p = json_scan_plain(r->p, r->end, SCAN_STRING, &r->wide);
		if (r->p == r->end)
			return refuse(r, opening, "Unterminated string starting at");
		if (*r->p == '"')
			return 0;
		if (*r->p != '\\')
			return refuse(r, r->p, "Invalid control character at");
		*escapes_out = true;
		if (escape_check(r, opening))
			return -1;
	}
}

static char *put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xC0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3F));
	} else if (c < 0x10000) {
		*to++ = (char)(0xE0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3F));
		*to++ = (char)(0x80 | (c & 0x3F));
	} else {
		*to++ = (char)(0xF0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3F));
		*to++ = (char)(0x80 | (c >> 6 & 0x3F));
		*to++ = (char)(0x80 | (c & 0x3F));
	}
	return to;
}

/* Resolves the checked escape at *p; two surrogates that belong together are one code point. */
static char *put_escape(char *to, const char **p, const char *end)
{
	const char *from = *p;
	if (from[1] != 'u') {
		*p = from + 2;
		*to = escaped_char(from[1]);
		return to + 1;
	}
	uint32_t c = (uint32_t)hex4(from + 2, end);
	from += 6;
	if (c >> 10 == 0xD800 >> 10 && end - from >= 6 && from[0] == '\\' && from[1] == 'u') {
		uint32_t low = (uint32_t)hex4(from + 2, end);
		if (low >> 10 == 0xDC00 >> 10) {
			c = 0x10000 + ((c & 0x3FF) << 10) + (low & 0x3FF);
			from += 6;
		}
	}
	*p = from;
	return put_utf8(to, c);
}

/* Resolves checked escapes; the result is never longer than the input. */
static struct str unescape(struct arena *arena, const char *p, const char *end)
{
	char *bytes = arena_alloc(arena, (size_t)(end - p)), *to = bytes;
	while (p < end) {
		const char *escape = memchr(p, '\\', (size_t)(end - p));
		size_t plain = (size_t)((escape ? escape : end) - p);
		memcpy(to, p, plain);
		to += plain;
		p += plain;
		if (escape)
			to = put_escape(to, &p, end);
	}
	return (struct str){ bytes, (size_t)(to - bytes) };
}

/* A string whose opening quote is at r->p; moves behind the closing one. */
INLINE int read_string(struct reader *r, bool build, struct str *out)
{
	const char *inside = ++r->p;
	bool escapes;
	if (string_check(r, &escapes))
		return -1;
	if (build)
		*out = escapes ? unescape(r->arena, inside, r->p)
		               : (struct str){ inside, (size_t)(r->p - inside) };
	r->p++;
	return 0;
}

/* The usual short numbers without a detour: both factors are exact, so one rounding is correct. */
static bool float_exact(const char *p, const char *end, double *out)
{
	static const double powers[MAX_EXACT_POWER + 1] = {
		1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
		1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
	};
	bool negative = *p == '-';
	int64_t digits = 0;
	int count = 0, after_point = 0;
	bool point = false;
	for (p += negative; p < end; p++) {
		if (*p == '.') {
			point = true;
			continue;
		}
		if (*p < '0' || ++count > MAX_EXACT_DIGITS || *p > '9')
			return false;
		digits = digits * 10 + (*p - '0');
		after_point += point;
	}
	double d = (double)digits / powers[after_point];
	*out = negative ? -d : d;
	return true;
}

static int build_float(struct reader *r, const char *from, struct value *out)
{
	*out = value_float(0);
	if (float_exact(from, r->p, &out->real))
		return 0;
	if (number_float((struct str){ from, (size_t)(r->p - from) }, &out->real))
		return refuse(r, from, "Expecting value");
	return 0;
}

static void build_int(struct str text, struct value *out)
{
	size_t i = text.p[0] == '-';
	int64_t number = 0;
	for (; i < text.n; i++) {
		int digit = text.p[i] - '0';
		/* Counted downwards, because the lowest number has no positive twin. */
		if (__builtin_mul_overflow(number, 10, &number) ||
		    __builtin_sub_overflow(number, digit, &number))
			break;
	}
	if (i == text.n && text.p[0] != '-' && number == INT64_MIN)
		i = 0;
	if (i == text.n)
		*out = value_int(text.p[0] == '-' ? number : -number);
	else
		*out = (struct value){ .kind = VALUE_BIG, .text = text };
}

INLINE const char *digits_end(const char *p, const char *end)
{
	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return p;
}

/* A fraction and an exponent if they are complete; else they are not part of the number. */
INLINE const char *fraction_end(const char *p, const char *end)
{
	if (end - p >= 2 && p[0] == '.' && p[1] >= '0' && p[1] <= '9')
		p = digits_end(p + 2, end);
	if (end - p >= 2 && (p[0] == 'e' || p[0] == 'E')) {
		const char *exponent = p + 1 + (p[1] == '+' || p[1] == '-');
		if (exponent < end && *exponent >= '0' && *exponent <= '9')
			p = digits_end(exponent, end);
	}
	return p;
}

INLINE int read_number(struct reader *r, bool build, struct value *out)
{
	const char *from = r->p, *p = from;
	if (*p == '-')
		p++;
	if (p == r->end || *p < '0' || *p > '9')
		return refuse(r, from, "Expecting value");
	const char *digits = p;
	p = *p == '0' ? p + 1 : digits_end(p + 1, r->end);
	r->p = fraction_end(p, r->end);
	if (r->p != p) {
		out->kind = VALUE_FLOAT;
		return build ? build_float(r, from, out) : 0;
	}
	if (p - digits > MAX_JSON_DIGITS)
		return refuse(r, from, "Exceeds the limit (4300 digits) for integers");
	out->kind = VALUE_INT;
	if (build)
		build_int((struct str){ from, (size_t)(p - from) }, out);
	return 0;
}

INLINE bool take_word(struct reader *r, struct str word)
{
	if (!str_starts((struct str){ r->p, (size_t)(r->end - r->p) }, word))
		return false;
	r->p += word.n;
	return true;
}

/* null, true … and numbers. */
static inline int read_word(struct reader *r, bool build, struct value *out)
{
	switch (*r->p) {
	case 'n':
		*out = value_null();
		return take_word(r, S("null")) ? 0 : refuse(r, r->p, "Expecting value");
	case 't':
		*out = value_bool(true);
		return take_word(r, S("true")) ? 0 : refuse(r, r->p, "Expecting value");
	case 'f':
		*out = value_bool(false);
		return take_word(r, S("false")) ? 0 : refuse(r, r->p, "Expecting value");
	case 'N':
		*out = value_float(__builtin_nan(""));
		return take_word(r, S("NaN")) ? 0 : refuse(r, r->p, "Expecting value");
	case 'I':
		*out = value_float(__builtin_inf());
		return take_word(r, S("Infinity")) ? 0 : refuse(r, r->p, "Expecting value");
	case '-':
		*out = value_float(-__builtin_inf());
		if (take_word(r, S("-Infinity")))
			return 0;
		/* fall through */
	default:
		return read_number(r, build, out);
	}
}

/* A key and its colon, up to the value. */
INLINE int read_key(struct reader *r, bool build)
{
	struct str key = STR_NONE;
	if (r->p == r->end || *r->p != '"')
		return refuse(r, r->p, "Expecting property name enclosed in double quotes");
	if (read_string(r, build, &key))
		return -1;
	if (r->p == r->end || *r->p != ':') {
		skip_space(r);
		if (r->p == r->end || *r->p != ':')
			return refuse(r, r->p, "Expecting ':' delimiter");
	}
	r->p++;
	skip_space(r);
	if (build)
		r->top->key = key;
	return 0;
}

static void frame_push(struct reader *r, struct value container)
{
	struct frame *frame = r->top ? r->top->inner : NULL;
	if (!frame) {
		frame = arena_zalloc(r->arena, 1, sizeof *frame);
		frame->outer = r->top;
		if (r->top)
			r->top->inner = frame;
	}
	frame->container = container;
	r->top = frame;
}

INLINE bool in_dict(const struct reader *r)
{
	return r->dicts[r->depth / 64] >> r->depth % 64 & 1;
}

/* Enters the container whose bracket is at r->p. */
INLINE int container_enter(struct reader *r, bool build, bool dict)
{
	if (r->depth == MAX_JSON_DEPTH)
		return refuse(r, r->p, "Nested too deeply");
	r->p++;
	r->depth++;
	uint64_t bit = (uint64_t)1 << r->depth % 64;
	if (dict)
		r->dicts[r->depth / 64] |= bit;
	else
		r->dicts[r->depth / 64] &= ~bit;
	if (build)
		frame_push(r,
		           dict ? value_dict(dict_new(r->arena)) : value_list(list_new(r->arena)));
	skip_space(r);
	return 0;
}

/* Leaves the innermost container, which becomes the value that has just been read. */
INLINE void container_leave(struct reader *r, bool build, struct value *v)
{
	r->p++;
	v->kind = in_dict(r) ? VALUE_DICT : VALUE_LIST;
	r->depth--;
	if (build) {
		*v = r->top->container;
		r->top = r->top->outer;
	}
}

INLINE void container_add(struct reader *r, struct value v)
{
	if (r->top->container.kind == VALUE_DICT)
		dict_set(r->top->container.dict, r->top->key, v);
	else
		list_add(r->top->container.list, v);
}

/*
 * Behind a value: closes what ends here. *done if that was the outermost value, else r->p is at the
 * next one.
 */
INLINE int read_after(struct reader *r, bool build, struct value *v, bool *done)
{
	while (r->depth) {
		if (build)
			container_add(r, *v);
		skip_space(r);
		bool dict = in_dict(r);
		if (r->p < r->end && *r->p == ',') {
			r->p++;
			skip_space(r);
			*done = false;
			return dict ? read_key(r, build) : 0;
		}
		if (r->p == r->end || *r->p != (dict ? '}' : ']'))
			return refuse(r, r->p, "Expecting ',' delimiter");
		container_leave(r, build, v);
	}
	*done = true;
	return 0;
}

/* At a bracket: *inside if the first value of the container comes next, not if it is empty. */
INLINE int read_container(struct reader *r, bool build, struct value *v, bool *inside)
{
	bool dict = *r->p == '{';
	if (container_enter(r, build, dict))
		return -1;
	*inside = r->p == r->end || *r->p != (dict ? '}' : ']');
	if (*inside)
		return dict ? read_key(r, build) : 0;
	container_leave(r, build, v);
	return 0;
}

INLINE int read_value(struct reader *r, bool build, struct value *v)
{
	bool done = false;
	v->kind = VALUE_NULL;
	do {
		if (r->p == r->end)
			return refuse(r, r->p, "Expecting value");
		if (*r->p == '"') {
			v->kind = VALUE_STR;
			if (read_string(r, build, &v->text))
				return -1;
		} else if (*r->p == '{' || *r->p == '[') {
			bool inside;
			if (read_container(r, build, v, &inside))
				return -1;
			if (inside)
				continue;
		} else if (read_word(r, build, v)) {
			return -1;
		}
		if (read_after(r, build, v, &done))
			return -1;
	} while (!done);
	return 0;
}

static void reader_init(struct reader *r, struct arena *arena, const char *p, const char *end)
{
	r->p = r->start = p;
	r->end = end;
	r->arena = arena;
	r->top = NULL;
	r->depth = 0;
	r->wide = 0;
}

static int build_value(struct reader *r, struct value *out)
{
	return read_value(r, true, out);
}

int json_parse(struct arena *arena, struct str text, struct value *out, struct err *err)
{
	struct reader r;
	reader_init(&r, arena, text.p, text.p + text.n);
	if (str_starts(text, S("\xEF\xBB\xBF"))) {
		refuse(&r, r.p, "Unexpected UTF-8 BOM (decode using utf-8-sig)");
		return report(&r, err);
	}
	skip_space(&r);
	if (build_value(&r, out))
		return report(&r, err);
	skip_space(&r);
	if (r.p != r.end) {
		refuse(&r, r.p, "Extra data");
		return report(&r, err);
	}
	return 0;
}

int json_parse_prefix(struct arena *arena, struct str text, struct value *out, size_t *end_out,
                      struct err *err)
{
	struct reader r;
	reader_init(&r, arena, text.p, text.p + text.n);
	if (build_value(&r, out))
		return report(&r, err);
	*end_out = (size_t)(r.p - r.start);
	return 0;
}

int json_skip(const char *p, const char *end, const char **after_out, enum value_kind *kind_out,
              bool *canonical_out, struct err *err)
{
	struct reader r;
	struct value v;
	reader_init(&r, NULL, p, end);
	if (read_value(&r, false, &v))
		return report(&r, err);
	*after_out = r.p;
	*kind_out = v.kind;
	*canonical_out = !r.wide;
	return 0;
}

int json_string_decode(struct arena *arena, struct str quoted_inside, struct str *out)
{
	struct reader r;
	const char *p = quoted_inside.p;
	bool escapes = false;
	reader_init(&r, arena, p, p + quoted_inside.n);
	for (;;) {
		r.p = json_scan_plain(r.p, r.end, SCAN_STRING, &r.wide);
		if (r.p == r.end)
			break;
		escapes = true;
		if (*r.p != '\\' || escape_check(&r, NULL))
			return -1;
	}
	*out = escapes ? unescape(arena, p, r.end) : quoted_inside;
	return 0;
}
