/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "regex_parse.h"

enum { MAX_GROUPS = 65535 };

/* A group that can be referred to from here: closed, and not of the look-behind around us. */
static int group_check(const struct translator *t, const char *at, size_t number)
{
	if (number > t->n_groups || !t->groups[number].closed)
		return regex_refuse(t, at, "cannot refer to an open group");
	if (t->look_behind && number >= t->look_behind)
		return regex_refuse(
			t, at, "cannot refer to group defined in the same lookbehind subpattern");
	return 0;
}

int regex_reference(struct translator *t, const char *at, size_t number)
{
	if (group_check(t, at, number))
		return -1;
	regex_item(t, ITEM_PLAIN, 0);
	top(t)->last = t->groups[number].width;
	if (folds(t) && ascii(t))
		buffer_printf(&t->out, "(?i:\\g{%zu})", number);
	else
		buffer_printf(&t->out, "\\g{%zu}", number);
	return 0;
}

static int group_push(struct translator *t, enum group_kind kind, const char *opened)
{
	if (t->depth == MAX_REGEX_DEPTH)
		return regex_refuse(t, opened, "groups nested too deeply");
	regex_item(t, ITEM_PLAIN, 0);
	t->frames[++t->depth] = (struct frame){
		.kind = kind,
		.flags = t->flags,
		.look_behind = t->look_behind,
		.opened = opened,
	};
	return 0;
}

static int capture_open(struct translator *t, const char *opened, struct str name)
{
	if (t->n_groups == MAX_GROUPS)
		return regex_refuse(t, opened, "too many groups");
	if (group_push(t, GROUP_CAPTURE, opened))
		return -1;
	if (++t->n_groups >= t->groups_capacity) {
		size_t capacity = t->groups_capacity ? t->groups_capacity * 2 : 16;
		struct group *groups = arena_zalloc(t->arena, capacity, sizeof *groups);
		if (t->groups)
			memcpy(groups, t->groups, t->n_groups * sizeof *groups);
		t->groups = groups;
		t->groups_capacity = capacity;
	}
	t->groups[t->n_groups] = (struct group){ .name = name };
	if (name.p)
		dict_set(t->names, name, value_int((int64_t)t->n_groups));
	top(t)->number = t->n_groups;
	buffer_put(&t->out, "(", 1);
	return 0;
}

static int plain_open(struct translator *t, enum group_kind kind, const char *opened,
                      struct str text)
{
	if (group_push(t, kind, opened))
		return -1;
	if (kind == GROUP_LOOK_BEHIND && !t->look_behind)
		t->look_behind = t->n_groups + 1;
	buffer_add_str(&t->out, text);
	return 0;
}

int regex_group_close(struct translator *t)
{
	struct frame *f = top(t);
	if (f->kind == GROUP_ROOT)
		return regex_refuse(t, t->p, "unbalanced parenthesis");
	t->p++;
	regex_branch_end(f);
	struct width width = f->all;
	if (f->kind == GROUP_CONDITION && f->branches == 1)
		width.least = 0;
	if (f->kind == GROUP_LOOK_BEHIND && width.least != width.most)
		return err_set(t->err, FAULT_OTHER, "look-behind requires fixed-width pattern");
	if (f->kind == GROUP_LOOK || f->kind == GROUP_LOOK_BEHIND)
		width = (struct width){ 0, 0 };
	if (f->kind == GROUP_CAPTURE) {
		t->groups[f->number].width = width;
		t->groups[f->number].closed = true;
	}
	buffer_put(&t->out, ")", 1);
	t->flags = f->flags;
	t->look_behind = f->look_behind;
	t->depth--;
	top(t)->last = width;
	return 0;
}

int regex_branch(struct translator *t)
{
	struct frame *f = top(t);
	if (f->kind == GROUP_CONDITION && f->branches == 1)
		return regex_refuse(t, t->p, "conditional backref with more than two branches");
	t->p++;
	regex_branch_end(f);
	buffer_put(&t->out, "|", 1);
	return 0;
}

/* A name up to `terminator`. */
static int read_name(struct translator *t, char terminator, struct str *out)
{
	const char *from = t->p;
	const char *end = memchr(from, terminator, (size_t)(t->end - from));
	if (from == t->end || end == from)
		return regex_refuse(t, from, "missing group name");
	if (!end) {
		char reason[] = "missing ?, unterminated name";
		reason[8] = terminator;
		return regex_refuse(t, from, reason);
	}
	*out = (struct str){ from, (size_t)(end - from) };
	t->p = end + 1;
	return 0;
}

static int bad_name(const struct translator *t, struct str name)
{
	return regex_refuse_text(t, name.p, "bad character in group name '", name, "'");
}

static size_t group_find(const struct translator *t, struct str name)
{
	const struct value *number = dict_get(t->names, name);
	return number ? (size_t)number->integer : 0;
}

static int refuse_redefinition(const struct translator *t, struct str name)
{
	struct str after = arena_printf(t->arena, "' as group %zu; was group %zu", t->n_groups + 1,
	                                group_find(t, name));
	return regex_refuse_text(t, name.p, "redefinition of group name '", name, after.p);
}

/* (?P<name>…) */
static int translate_named(struct translator *t, const char *opened)
{
	struct str name;
	if (read_name(t, '>', &name))
		return -1;
	if (!regex_name_valid(name))
		return bad_name(t, name);
	if (group_find(t, name))
		return refuse_redefinition(t, name);
	return capture_open(t, opened, name);
}

/* (?P=name) */
static int translate_named_reference(struct translator *t)
{
	struct str name;
	if (read_name(t, ')', &name))
		return -1;
	if (!regex_name_valid(name))
		return bad_name(t, name);
	size_t number = group_find(t, name);
	if (!number)
		return regex_refuse_text(t, name.p, "unknown group name '", name, "'");
	return regex_reference(t, name.p, number);
}

/* The number in a condition; white space, a sign and single underscores are allowed, as for int(). */
static int condition_number(const struct translator *t, struct str text, size_t *out)
{
	uint64_t number = 0;
	const char *p = text.p, *end = text.p + text.n;
	while (p < end && (*p == ' ' || is_in(*p, '\t', '\r')))
		p++;
	while (p < end && (end[-1] == ' ' || is_in(end[-1], '\t', '\r')))
		end--;
	if (p < end && *p == '+')
		p++;
	if (p == end || !is_digit(end[-1]))
		return bad_name(t, text);
	for (; p < end; p++) {
		if (*p == '_' && p > text.p && is_digit(p[-1]))
			continue;
		if (!is_digit(*p))
			return bad_name(t, text);
		number = capped(number * 10 + (uint64_t)(*p - '0'), UINT32_MAX);
	}
	if (!number)
		return regex_refuse(t, text.p, "bad group number");
	if (number > MAX_GROUPS)
		return regex_refuse_text(t, text.p, "invalid group reference ", text, "");
	*out = (size_t)number;
	return 0;
}

/* (?(1)yes|no) */
static int translate_condition(struct translator *t, const char *opened)
{
	struct str name;
	size_t number = 0;
	if (read_name(t, ')', &name))
		return -1;
	if (regex_name_valid(name)) {
		number = group_find(t, name);
		if (!number)
			return regex_refuse_text(t, name.p, "unknown group name '", name, "'");
	} else if (condition_number(t, name, &number)) {
		return -1;
	}
	if (number > t->condition) {
		t->condition = number;
		t->condition_at = name.p;
	}
	if (t->look_behind && group_check(t, name.p, number))
		return -1;
	if (group_push(t, GROUP_CONDITION, opened))
		return -1;
	buffer_printf(&t->out, "(?(%zu)", number);
	return 0;
}

/* (?#…) */
static int skip_comment(struct translator *t, const char *opened)
{
	while (t->p < t->end && *t->p != ')')
		t->p += *t->p == '\\' && t->end - t->p >= 2 ? 2 : 1;
	return take(t, ')') ? 0 : regex_refuse(t, opened, "missing ), unterminated comment");
}

static unsigned flag_of(int c)
{
	switch (c) {
	case 'a':
		return REGEX_ASCII;
	case 'i':
		return REGEX_IGNORE_CASE;
	case 'm':
		return REGEX_MULTILINE;
	case 's':
		return REGEX_DOT_ALL;
	case 't':
		return FLAG_TEMPLATE;
	case 'u':
		return FLAG_UNICODE;
	case 'x':
		return REGEX_VERBOSE;
	default:
		return 0;
	}
}

static int refuse_flag(const struct translator *t, int c, const char *missing)
{
	if (c == 'L')
		return regex_refuse(t, t->p,
		                    "bad inline flags: cannot use 'L' flag with a str pattern");
	return regex_refuse(t, t->p, is_letter(c) ? "unknown flag" : missing);
}

/* Letters up to one that is none of the flags, which is returned; -1 on errors. */
static int read_flags(struct translator *t, unsigned *flags)
{
	for (;;) {
		int c = t->p < t->end ? (unsigned char)*t->p : 0;
		unsigned flag = flag_of(c);
		if (!flag)
			return c;
		*flags |= flag;
		if (*flags & REGEX_ASCII && *flags & FLAG_UNICODE)
			return regex_refuse(
				t, t->p,
				"bad inline flags: flags 'a', 'u' and 'L' are incompatible");
		t->p++;
	}
}

/* (?i) for everything; only at the start of the pattern. */
static int translate_global_flags(struct translator *t, const char *opened, unsigned flags)
{
	struct frame *f = top(t);
	if (f->kind != GROUP_ROOT || f->branches || f->item != ITEM_NONE)
		return regex_refuse(t, opened, "global flags not at the start of the expression");
	t->p++;
	t->flags |= flags;
	if (t->flags & REGEX_ASCII && t->flags & FLAG_UNICODE)
		return err_set(t->err, FAULT_OTHER, "ASCII and UNICODE flags are incompatible");
	return 0;
}

/* (?i-s:…) and (?i), at the first flag or minus. */
static int translate_flags(struct translator *t, const char *opened)
{
	unsigned on = 0, off = 0;
	bool outer = folds(t) && !ascii(t);
	int c = read_flags(t, &on);
	if (c == ')')
		return translate_global_flags(t, opened, on);
	if (c == '-') {
		t->p++;
		c = read_flags(t, &off);
		if (c >= 0 && !off)
			return refuse_flag(t, c, "missing flag");
		if (off & (REGEX_ASCII | FLAG_UNICODE))
			return regex_refuse(
				t, t->p,
				"bad inline flags: cannot turn off flags 'a', 'u' and 'L'");
	}
	if (c != ':')
		return c < 0 ? -1 : refuse_flag(t, c, off ? "missing :" : "missing -, : or )");
	if ((on | off) & FLAG_TEMPLATE)
		return regex_refuse(t, t->p, "bad inline flags: cannot turn on global flag");
	if (on & off)
		return regex_refuse(t, t->p, "bad inline flags: flag turned on and off");
	t->p++;
	if (plain_open(t, GROUP_PLAIN, opened, STR_NONE))
		return -1;
	if (on & (REGEX_ASCII | FLAG_UNICODE))
		t->flags &= ~(unsigned)(REGEX_ASCII | FLAG_UNICODE);
	t->flags = (t->flags | on) & ~off;
	bool inner = folds(t) && !ascii(t);
	buffer_add_str(&t->out, inner == outer ? S("(?:") : inner ? S("(?i:") : S("(?-i:"));
	return 0;
}

/* At the character that makes it unknown. */
static int refuse_extension(struct translator *t, const char *opened)
{
	if (regex_next(t) == CODE_END)
		return regex_refuse(t, t->end, "unexpected end of pattern");
	return regex_refuse_text(t, opened + 1, "unknown extension ",
	                         (struct str){ opened + 1, (size_t)(t->p - opened - 1) }, "");
}

static int translate_look_behind(struct translator *t, const char *opened)
{
	if (take(t, '='))
		return plain_open(t, GROUP_LOOK_BEHIND, opened, S("(?<="));
	if (take(t, '!'))
		return plain_open(t, GROUP_LOOK_BEHIND, opened, S("(?<!"));
	return refuse_extension(t, opened);
}

static int translate_python_group(struct translator *t, const char *opened)
{
	if (take(t, '<'))
		return translate_named(t, opened);
	if (take(t, '='))
		return translate_named_reference(t);
	return refuse_extension(t, opened);
}

int regex_group_open(struct translator *t)
{
	const char *opened = t->p++;
	if (!take(t, '?'))
		return capture_open(t, opened, STR_NONE);
	if (t->p == t->end)
		return regex_refuse(t, t->p, "unexpected end of pattern");
	char c = *t->p++;
	switch (c) {
	case 'P':
		return translate_python_group(t, opened);
	case ':':
		return plain_open(t, GROUP_PLAIN, opened, S("(?:"));
	case '>':
		return plain_open(t, GROUP_PLAIN, opened, S("(?>"));
	case '=':
		return plain_open(t, GROUP_LOOK, opened, S("(?="));
	case '!':
		return plain_open(t, GROUP_LOOK, opened, S("(?!"));
	case '<':
		return translate_look_behind(t, opened);
	case '#':
		return skip_comment(t, opened);
	case '(':
		return translate_condition(t, opened);
	default:
		t->p--;
		if (c == '-' || c == 'L' || flag_of(c))
			return translate_flags(t, opened);
		return refuse_extension(t, opened);
	}
}
