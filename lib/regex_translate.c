/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "regex_parse.h"

#include "wtf8.h"

enum { MAX_REPEAT = 65535 }; /* of PCRE2 */

/* ---- Errors and reading ---- */

int regex_refuse(const struct translator *t, const char *at, const char *reason)
{
	size_t position = wtf8_count(t->start, at), line = 1;
	const char *line_start = t->start;
	if (!memchr(t->start, '\n', (size_t)(t->end - t->start)))
		return err_set(t->err, FAULT_OTHER, "%s at position %zu", reason, position);
	for (const char *p = t->start; p < at; p++) {
		if (*p == '\n') {
			line++;
			line_start = p + 1;
		}
	}
	return err_set(t->err, FAULT_OTHER, "%s at position %zu (line %zu, column %zu)", reason,
	               position, line, wtf8_count(line_start, at) + 1);
}

int regex_refuse_text(const struct translator *t, const char *at, const char *before,
                      struct str piece, const char *after)
{
	struct str shown = str_slice(piece, 0, 60);
	struct str reason = arena_printf(t->arena, "%s%.*s%s", before, STR_ARG(shown), after);
	return regex_refuse(t, at, reason.p);
}

int regex_next(struct translator *t)
{
	uint32_t code;
	if (t->p == t->end)
		return CODE_END;
	size_t n = wtf8_next(t->p, t->end, &code);
	t->p += n ? n : 1;
	return (int)(n ? code : REGEX_BYTES + code);
}

/* ---- Items and their widths ---- */

/* An endless most never equals a least, which is what fixed width asks for. */
static struct width width_add(struct width a, struct width b)
{
	return (struct width){ capped(a.least + b.least, ENDLESS - 1),
		               capped(a.most + b.most, ENDLESS) };
}

static struct width width_either(struct width a, struct width b)
{
	return (struct width){ a.least < b.least ? a.least : b.least,
		               a.most > b.most ? a.most : b.most };
}

void regex_item(struct translator *t, enum item item, uint64_t width)
{
	struct frame *f = top(t);
	f->branch = width_add(f->branch, f->last);
	f->last = (struct width){ width, width };
	f->item = item;
	f->at = t->out.n;
}

void regex_branch_end(struct frame *f)
{
	struct width width = width_add(f->branch, f->last);
	f->all = f->branches++ ? width_either(f->all, width) : width;
	f->branch = f->last = (struct width){ 0, 0 };
	f->item = ITEM_NONE;
}

/* ---- Literals and classes ---- */

void regex_put_code(struct buffer *out, uint32_t code)
{
	if (code >= 0xD800 && code <= 0xDFFF)
		buffer_add_utf8(out, REGEX_SURROGATES + code);
	else if (code >= 0x80 || is_digit((char)code) || is_letter((int)code))
		buffer_add_utf8(out, code);
	else
		buffer_printf(out, "\\x%02x", (unsigned)code);
}

void regex_literal(struct translator *t, uint32_t code)
{
	bool fold_ascii = folds(t) && ascii(t) && is_letter((int)code);
	regex_item(t, ITEM_PLAIN, 1);
	if (!fold_ascii && !(folds(t) && !ascii(t) && regex_code_folds_specially(code))) {
		regex_put_code(&t->out, code);
		return;
	}
	struct regex_class c;
	regex_class_init(&c, t->arena);
	regex_class_add(&c, code, code);
	regex_class_fold(&c, ascii(t));
	regex_class_write(&c, &t->out);
}

void regex_assertion(struct translator *t, struct str text)
{
	regex_item(t, ITEM_ASSERTION, 0);
	buffer_add_str(&t->out, text);
}

/* ---- Quantifiers ---- */

/* Digits at *p; false if there are none. Larger numbers than any that is allowed stay large. */
static bool read_count(const char **p, const char *end, uint64_t *out)
{
	const char *from = *p;
	*out = 0;
	for (; *p < end && is_digit(**p); (*p)++)
		if (*out <= UINT32_MAX)
			*out = *out * 10 + (uint64_t)(**p - '0');
	return *p > from;
}

/* "{2,3}" behind the brace; 1 if the brace is a literal one. */
static int read_braces(struct translator *t, const char *at, struct width *repeat)
{
	const char *p = t->p;
	if (p < t->end && *p == '}')
		return 1;
	bool has_least = read_count(&p, t->end, &repeat->least), has_most = has_least;
	repeat->most = has_least ? repeat->least : ENDLESS;
	if (p < t->end && *p == ',') {
		p++;
		has_most = read_count(&p, t->end, &repeat->most);
		if (!has_most)
			repeat->most = ENDLESS;
	} else if (!has_least) {
		return 1;
	}
	if (p == t->end || *p != '}')
		return 1;
	t->p = p + 1;
	if ((has_least && repeat->least >= ENDLESS) || (has_most && repeat->most >= ENDLESS))
		return err_set(t->err, FAULT_OTHER, "the repetition number is too large");
	if (repeat->most < repeat->least)
		return regex_refuse(t, at + 1, "min repeat greater than max repeat");
	if (repeat->least > MAX_REPEAT || (has_most && repeat->most > MAX_REPEAT))
		return regex_refuse(t, at, "repetition counts above 65535 are not supported");
	return 0;
}

/*
 * Python does not go back into any repetition of a possessive quantifier, PCRE2 into all but the
 * last: so each is made atomic.
 */
static void make_atomic(struct translator *t)
{
	size_t at = top(t)->at, n = t->out.n - at;
	char *room = buffer_room(&t->out, 4);
	if (!room)
		return;
	char *item = t->out.p + at;
	memmove(item + 3, item, n);
	memcpy(item, "(?>", 3);
	item[n + 3] = ')';
	t->out.n += 4;
}

static void put_repeat(struct translator *t, struct width repeat)
{
	struct frame *f = top(t);
	bool possessive = take(t, '+');
	if (possessive)
		make_atomic(t);
	if (repeat.most == ENDLESS)
		buffer_printf(&t->out, "{%u,}", (unsigned)repeat.least);
	else
		buffer_printf(&t->out, "{%u,%u}", (unsigned)repeat.least, (unsigned)repeat.most);
	if (!possessive && take(t, '?'))
		buffer_put(&t->out, "?", 1);
	else if (possessive)
		buffer_put(&t->out, "+", 1);
	f->item = ITEM_REPEATED;
	f->last.least = capped(f->last.least * repeat.least, ENDLESS - 1);
	f->last.most = capped(f->last.most * repeat.most, ENDLESS);
}

static int translate_repeat(struct translator *t)
{
	const char *at = t->p++;
	struct width repeat = { *at == '+', *at == '?' ? 1 : ENDLESS };
	if (*at == '{') {
		int rc = read_braces(t, at, &repeat);
		if (rc == 1)
			regex_literal(t, '{');
		if (rc)
			return rc == 1 ? 0 : -1;
	}
	switch (top(t)->item) {
	case ITEM_NONE:
	case ITEM_ASSERTION:
		return regex_refuse(t, at, "nothing to repeat");
	case ITEM_REPEATED:
		return regex_refuse(t, at, "multiple repeat");
	default:
		put_repeat(t, repeat);
		return 0;
	}
}

/* ---- The whole ---- */

/* White space and comments of a verbose pattern; false if there is something else. */
static bool skip_verbose(struct translator *t)
{
	if (*t->p == ' ' || is_in(*t->p, '\t', '\r')) {
		t->p++;
		return true;
	}
	if (*t->p != '#')
		return false;
	while (t->p < t->end && *t->p != '\n') /* a backslash hides the end of the line */
		t->p += *t->p == '\\' && t->end - t->p >= 2 ? 2 : 1;
	return true;
}

static int translate_next(struct translator *t)
{
	bool multiline = t->flags & REGEX_MULTILINE;
	if (t->flags & REGEX_VERBOSE && skip_verbose(t))
		return 0;
	switch (*t->p) {
	case '\\':
		return regex_escape(t);
	case '[':
		return regex_class_read(t);
	case '(':
		return regex_group_open(t);
	case ')':
		return regex_group_close(t);
	case '|':
		return regex_branch(t);
	case '*':
	case '+':
	case '?':
	case '{':
		return translate_repeat(t);
	case '.':
		t->p++;
		regex_item(t, ITEM_PLAIN, 1);
		buffer_add_str(&t->out, t->flags & REGEX_DOT_ALL ? S(".") : S("\\N"));
		return 0;
	case '^':
		t->p++;
		regex_assertion(t, multiline ? S("(?m:^)") : S("\\A"));
		return 0;
	case '$':
		t->p++;
		regex_assertion(t, multiline ? S("(?m:$)") : S("$"));
		return 0;
	default:
		regex_literal(t, (uint32_t)regex_next(t));
		return 0;
	}
}

/* An odd number of backslashes at the end is an error wherever it stands, also in a comment. */
static bool ends_in_backslash(struct str pattern)
{
	size_t n = 0;
	while (n < pattern.n && pattern.p[pattern.n - 1 - n] == '\\')
		n++;
	return n % 2;
}

static int translate_all(struct translator *t)
{
	if (ends_in_backslash((struct str){ t->start, (size_t)(t->end - t->start) }))
		return regex_refuse(t, t->end - 1, "bad escape (end of pattern)");
	while (t->p < t->end)
		if (translate_next(t))
			return -1;
	if (t->depth)
		return regex_refuse(t, top(t)->opened, "missing ), unterminated subpattern");
	if (t->condition > t->n_groups)
		return regex_refuse(
			t, t->condition_at,
			arena_printf(t->arena, "invalid group reference %zu", t->condition).p);
	return 0;
}

int regex_translate(struct arena *arena, struct str pattern, unsigned flags,
                    struct regex_translation *out, struct err *err)
{
	struct translator t = {
		.arena = arena,
		.start = pattern.p ? pattern.p : "",
		.names = dict_new(arena),
		.flags = flags,
		.err = err,
	};
	t.p = t.start;
	t.end = t.start + pattern.n;
	t.frames = arena_zalloc(arena, MAX_REGEX_DEPTH + 1, sizeof *t.frames);
	buffer_init_in(&t.out, arena, SIZE_MAX / 4);
	if (translate_all(&t))
		return -1;
	out->text = buffer_str(&t.out);
	out->caseless = folds(&t) && !ascii(&t);
	out->groups = t.n_groups;
	out->names = arena_zalloc(arena, t.n_groups + 1, sizeof *out->names);
	for (size_t i = 1; i <= t.n_groups; i++)
		if (t.groups[i].name.p)
			out->names[i] = arena_dup(arena, t.groups[i].name);
	return 0;
}
