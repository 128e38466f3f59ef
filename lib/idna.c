/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/idna.h>
#include <intelmq/buffer.h>
#include <intelmq/text.h>

#include <punycode.h>
#include <stdlib.h>
#include <stringprep.h>
#include <unicase.h>
#include <uninorm.h>

enum {
	MAX_LABEL = 63,
	/* A composed character has at most four parts, so that a label with more code points is too long. */
	MAX_PARTS = MAX_LABEL * 4,
	MAX_STEPS = 24,
	FIRST_DECOMPOSING = 0xA0,
	CAPITAL_I_DOT = 0x130,
};

static const char length_error[] = "label empty or too long";

static int ascii_labels_check(struct str name, struct err *err)
{
	while (name.p) {
		struct str label = str_cut(&name, '.');
		if (label.n > MAX_LABEL || (label.n == 0 && name.p))
			return err_set(err, FAULT_OTHER, "%s", length_error);
	}
	return 0;
}

static bool is_dot(uint32_t c)
{
	return c == '.' || c == 0x3002 || c == 0xFF0E || c == 0xFF61;
}

/* Cuts the label before the next dot of any kind off *rest; rest->p is NULL after the last one. */
static struct str label_cut(struct str *rest)
{
	struct str label = *rest;
	while (rest->n) {
		size_t left = rest->n;
		if (is_dot(text_next(rest))) {
			label.n -= left;
			return label;
		}
	}
	*rest = STR_NONE;
	return label;
}

/* Code points of a label on its way through nameprep. */
struct parts {
	uint32_t at[MAX_PARTS];
	size_t n;
};

static int parts_add(struct parts *parts, uint32_t c)
{
	if (parts->n == MAX_PARTS)
		return -1;
	parts->at[parts->n++] = c;
	return 0;
}

/* Letters that are younger than Unicode 3.2 get their lower case here: nameprep does not know them. */
static int label_read(struct str label, struct parts *out)
{
	out->n = 0;
	while (label.n) {
		uint32_t c = text_next(&label);
		if (parts_add(out, c == CAPITAL_I_DOT ? c : uc_tolower(c)) < 0)
			return -1;
	}
	return 0;
}

/* Does the steps of nameprep that map characters, or those that check the result. */
static int steps_do(struct parts *parts, bool check)
{
	static const bool checks[] = {
		[STRINGPREP_BIDI] = true,
		[STRINGPREP_PROHIBIT_TABLE] = true,
		[STRINGPREP_BIDI_PROHIBIT_TABLE] = true,
		[STRINGPREP_BIDI_RAL_TABLE] = true,
		[STRINGPREP_BIDI_L_TABLE] = true,
	};
	Stringprep_profile steps[MAX_STEPS + 1] = { 0 };
	size_t n = 0;
	for (const Stringprep_profile *s = stringprep_nameprep; s->operation && n < MAX_STEPS; s++)
		if (check ? checks[s->operation] : s->operation == STRINGPREP_MAP_TABLE)
			steps[n++] = *s;
	return stringprep_4i(parts->at, &parts->n, MAX_PARTS, 0, steps);
}

/* Appends the composed form of the run and empties it. */
static int run_flush(struct parts *run, struct parts *out)
{
	size_t n = 0;
	uint32_t *composed = u32_normalize(UNINORM_NFC, run->at, run->n, NULL, &n);
	if (!composed && run->n)
		abort(); /* out of memory */
	int status = 0;
	for (size_t i = 0; i < n && status == 0; i++)
		status = parts_add(out, composed[i]);
	free(composed);
	run->n = 0;
	return status;
}

static bool is_composed(uint32_t c)
{
	uint32_t room[8];
	size_t n = sizeof room / sizeof *room;
	uint32_t *composed = u32_normalize(UNINORM_NFC, &c, 1, room, &n);
	bool same = composed && n == 1 && composed[0] == c;
	if (composed != room)
		free(composed);
	return same;
}

/* One decomposed character to the run, or past it if it is one that must not be taken apart. */
static int run_add(struct parts *run, uint32_t c, struct parts *out)
{
	if (is_composed(c))
		return parts_add(run, c);
	return run_flush(run, out) < 0 || parts_add(out, c) < 0 ? -1 : 0;
}

/*
 * NFKC as Python has it for nameprep: what a character decomposes to is decided by Unicode 3.2, its
 * order and composition by today's. So libidn looks at single characters, libunistring at the rest.
 */
static int parts_normalize(const struct parts *parts, struct parts *out)
{
	struct parts run = { .n = 0 };
	int status = 0;
	out->n = 0;
	for (size_t i = 0; i < parts->n && status == 0; i++) {
		if (parts->at[i] < FIRST_DECOMPOSING) {
			status = parts_add(&run, parts->at[i]);
			continue;
		}
		uint32_t *decomposed = stringprep_ucs4_nfkc_normalize(&parts->at[i], 1);
		if (!decomposed)
			abort(); /* out of memory */
		for (uint32_t *c = decomposed; *c && status == 0; c++)
			status = run_add(&run, *c, out);
		free(decomposed);
	}
	return status < 0 ? -1 : run_flush(&run, out);
}

static bool has_surrogate(const struct parts *parts)
{
	for (size_t i = 0; i < parts->n; i++)
		if (parts->at[i] >= 0xD800 && parts->at[i] < 0xE000)
			return true;
	return false;
}

/* Nameprep; a label of nothing but ignored characters becomes empty. */
static int label_prepare(struct str label, struct parts *out, struct err *err)
{
	struct parts mapped;
	if (label_read(label, &mapped) < 0 || steps_do(&mapped, false) != STRINGPREP_OK)
		return err_set(err, FAULT_OTHER, "%s", length_error);
	if (has_surrogate(&mapped))
		return err_set(err, FAULT_OTHER, "label not allowed: surrogate");
	if (parts_normalize(&mapped, out) < 0)
		return err_set(err, FAULT_OTHER, "%s", length_error);
	/* Prohibited characters, and the directions of writing; all code points count as assigned. */
	int status = steps_do(out, true);
	if (status != STRINGPREP_OK)
		return err_set(err, FAULT_OTHER, "label not allowed: %s",
		               stringprep_strerror((Stringprep_rc)status));
	return 0;
}

static bool all_ascii(const uint32_t *label, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (label[i] >= 0x80)
			return false;
	return true;
}

static bool has_ace_prefix(const uint32_t *label, size_t n)
{
	return n >= 4 && label[0] == 'x' && label[1] == 'n' && label[2] == '-' && label[3] == '-';
}

/* Appends a label that is not ASCII. */
static int label_encode(struct buffer *b, struct str label, struct err *err)
{
	struct parts parts;
	if (label_prepare(label, &parts, err) < 0)
		return -1;
	const uint32_t *prepared = parts.at;
	size_t n = parts.n;
	if (n == 0 || n > MAX_LABEL)
		return err_set(err, FAULT_OTHER, "%s", length_error);
	if (all_ascii(prepared, n)) {
		for (size_t i = 0; i < n; i++)
			buffer_add_char(b, (char)prepared[i]);
		return 0;
	}
	if (has_ace_prefix(prepared, n))
		return err_set(err, FAULT_OTHER, "label starts with ACE prefix");
	char code[MAX_LABEL];
	size_t length = MAX_LABEL - 4;
	if (punycode_encode(n, prepared, NULL, &length, code) != PUNYCODE_SUCCESS)
		return err_set(err, FAULT_OTHER, "%s", length_error);
	buffer_add_str(b, S("xn--"));
	buffer_add(b, code, length);
	return 0;
}

static int label_add(struct buffer *b, struct str label, struct err *err)
{
	if (!text_is_ascii(label))
		return label_encode(b, label, err);
	if (label.n == 0 || label.n > MAX_LABEL)
		return err_set(err, FAULT_OTHER, "%s", length_error);
	buffer_add_str(b, label);
	return 0;
}

int idna_encode(struct arena *arena, struct str name, struct str *out, struct err *err)
{
	if (text_is_ascii(name)) {
		if (ascii_labels_check(name, err) < 0)
			return -1;
		*out = name;
		return 0;
	}
	struct buffer b;
	buffer_init_in(&b, arena, SIZE_MAX);
	while (name.p) {
		struct str label = label_cut(&name);
		bool final_dot = label.n == 0 && !name.p;
		if (!final_dot && label_add(&b, label, err) < 0)
			return -1;
		if (name.p)
			buffer_add_char(&b, '.');
	}
	*out = buffer_str(&b);
	return 0;
}
