/* SPDX-License-Identifier: AGPL-3.0-or-later */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <intelmq/regex.h>

#include "regex_translate.h"
#include "wtf8.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum {
	MATCH_LIMIT = 5000000,  /* steps from one starting point */
	HEAP_LIMIT = 64 * 1024, /* in KB: what steps may remember */
	JIT_STACK_FIRST = 32 * 1024,
	JIT_STACK_MAX = 1024 * 1024,
	SLICE_FIRST = 64, /* starting points that are tried before looking at the clock */
	SLICE_MAX = 64 * 1024 * 1024,
	SLICE_MS = 20,        /* a slice that takes longer is made smaller */
	TIME_LIMIT_MS = 5000, /* of the processor, for one search */
};

enum variant { VARIANT_SEARCH, VARIANT_START, VARIANT_FULL, VARIANTS };

/* What changes in use: compiled forms are made when first needed, the rest is room for matching. */
struct engine {
	pcre2_code *codes[VARIANTS];
	pcre2_compile_context *compile_context;
	pcre2_match_context *match_context;
	pcre2_match_data *data;
	pcre2_jit_stack *stack;
};

struct regex {
	struct arena arena;
	struct regex_translation translation;
	struct engine *engine;
};

static void *memory_or_abort(void *p)
{
	if (!p) {
		fputs("out of memory\n", stderr);
		abort();
	}
	return p;
}

static pcre2_compile_context *compile_context_new(void)
{
	pcre2_compile_context *context = memory_or_abort(pcre2_compile_context_create(NULL));
	pcre2_set_newline(context, PCRE2_NEWLINE_LF);
	pcre2_set_parens_nest_limit(context, MAX_REGEX_DEPTH + 10);
	return context;
}

/* Names beyond ASCII are rare: their letters are left to the one who knows all letters. */
static bool wide_name_valid(struct str name)
{
	static const char pattern[] =
		"^[_\\p{L}\\p{Nl}][_\\p{L}\\p{Nl}\\p{Mn}\\p{Mc}\\p{Nd}\\p{Pc}]*+\\z";
	int code;
	size_t at;
	pcre2_code *compiled = memory_or_abort(pcre2_compile(
		(PCRE2_SPTR)pattern, sizeof pattern - 1, PCRE2_UTF, &code, &at, NULL));
	pcre2_match_data *data = memory_or_abort(pcre2_match_data_create(1, NULL));
	int rc = pcre2_match(compiled, (PCRE2_SPTR)name.p, name.n, 0, 0, data, NULL);
	pcre2_match_data_free(data);
	pcre2_code_free(compiled);
	return rc >= 0;
}

bool regex_name_valid(struct str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i], letter = (char)(c | 0x20);
		if ((unsigned char)c >= 0x80)
			return wide_name_valid(name);
		if (!(letter >= 'a' && letter <= 'z') && c != '_' && !(i && c >= '0' && c <= '9'))
			return false;
	}
	return name.n > 0;
}

static int pcre_failed(struct err *err, const char *what, int code)
{
	PCRE2_UCHAR text[200];
	pcre2_get_error_message(code, text, sizeof text);
	return err_set(err, FAULT_OTHER, "%s: %s", what, (const char *)text);
}

/* Compiles for one way of matching; options given when matching would keep the fast path from use. */
static int variant_compile(const struct regex *r, enum variant variant, struct err *err)
{
	static const uint32_t options[VARIANTS] = {
		[VARIANT_SEARCH] = PCRE2_USE_OFFSET_LIMIT,
		[VARIANT_START] = PCRE2_ANCHORED,
		[VARIANT_FULL] = PCRE2_ANCHORED | PCRE2_ENDANCHORED,
	};
	struct engine *e = r->engine;
	struct str text = r->translation.text;
	int code;
	size_t at;
	if (e->codes[variant])
		return 0;
	e->codes[variant] = pcre2_compile((PCRE2_SPTR)text.p, text.n,
	                                  PCRE2_UTF | PCRE2_UCP | PCRE2_DOTALL |
	                                          PCRE2_ALT_CIRCUMFLEX | options[variant] |
	                                          (r->translation.caseless ? PCRE2_CASELESS : 0),
	                                  &code, &at, e->compile_context);
	if (!e->codes[variant])
		return pcre_failed(err, "not supported", code);
	/* Without permission for executable memory it stays as it is, only slower. */
	pcre2_jit_compile(e->codes[variant], PCRE2_JIT_COMPLETE);
	return 0;
}

static void engine_new(struct regex *r)
{
	struct engine *e = memory_or_abort(calloc(1, sizeof *e));
	r->engine = e;
	e->compile_context = compile_context_new();
	e->match_context = memory_or_abort(pcre2_match_context_create(NULL));
	e->data = memory_or_abort(
		pcre2_match_data_create((uint32_t)r->translation.groups + 1, NULL));
	pcre2_set_match_limit(e->match_context, MATCH_LIMIT);
	pcre2_set_depth_limit(e->match_context, MATCH_LIMIT);
	pcre2_set_heap_limit(e->match_context, HEAP_LIMIT);
}

int regex_new(struct str pattern, unsigned flags, struct regex **regex_out, struct err *err)
{
	*regex_out = NULL;
	if (pattern.n > MAX_REGEX_PATTERN)
		return err_set(err, FAULT_OTHER, "pattern of more than %d bytes",
		               MAX_REGEX_PATTERN);
	struct regex *r = memory_or_abort(calloc(1, sizeof *r));
	arena_init(&r->arena);
	if (regex_translate(&r->arena, pattern, flags, &r->translation, err)) {
		regex_free(r);
		return -1;
	}
	engine_new(r);
	if (variant_compile(r, VARIANT_SEARCH, err)) {
		regex_free(r);
		return -1;
	}
	*regex_out = r;
	return 0;
}

void regex_free(struct regex *r)
{
	if (!r)
		return;
	if (r->engine) {
		for (int i = 0; i < VARIANTS; i++)
			pcre2_code_free(r->engine->codes[i]);
		pcre2_match_data_free(r->engine->data);
		pcre2_match_context_free(r->engine->match_context);
		pcre2_compile_context_free(r->engine->compile_context);
		pcre2_jit_stack_free(r->engine->stack);
		free(r->engine);
	}
	arena_fini(&r->arena);
	free(r);
}

/* ---- Subjects that are not UTF-8 ---- */

/* Where the copy of a subject drifted from it: behind `clean` bytes of the copy, `grown` more. */
struct drift {
	size_t clean, grown;
};

struct subject {
	struct str text;      /* valid UTF-8 */
	struct drift *drifts; /* in order; NULL if it is the subject itself */
	size_t n;
};

/* The code point for PCRE2, and whether it takes the place of something else. */
static bool replaced(size_t n, uint32_t *code)
{
	if (n && (*code < 0xD800 || *code > 0xDFFF))
		return false;
	*code = REGEX_SURROGATES + (n ? *code : REGEX_BYTES + *code);
	return true;
}

/* Number of places that cannot stay as they are. */
static size_t bad_count(struct str s)
{
	size_t count = 0;
	const char *p = s.n ? s.p : "", *end = p + s.n;
	while (p < end) {
		uint64_t eight;
		uint32_t code;
		if (end - p >= 8 &&
		    (memcpy(&eight, p, 8), !(eight & UINT64_C(0x8080808080808080)))) {
			p += 8;
			continue;
		}
		size_t n = wtf8_next(p, end, &code);
		count += replaced(n, &code);
		p += n ? n : 1;
	}
	return count;
}

static void subject_clean(struct arena *arena, struct str s, struct subject *out)
{
	size_t bad = bad_count(s), grown = 0;
	*out = (struct subject){ .text = { s.p ? s.p : "", s.n } };
	if (!bad)
		return;
	struct buffer copy;
	buffer_init_in(&copy, arena, SIZE_MAX / 4);
	out->drifts = arena_zalloc(arena, bad, sizeof *out->drifts);
	for (const char *p = s.p, *end = s.p + s.n; p < end;) {
		uint32_t code;
		size_t n = wtf8_next(p, end, &code);
		bool bent = replaced(n, &code);
		n = n ? n : 1;
		buffer_add_utf8(&copy, code);
		if (bent) {
			grown += 4 - n;
			out->drifts[out->n++] = (struct drift){ copy.n, grown };
		}
		p += n;
	}
	out->text = buffer_str(&copy);
}

static size_t offset_original(const struct subject *s, size_t clean)
{
	size_t low = 0, high = s->n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (s->drifts[middle].clean <= clean)
			low = middle + 1;
		else
			high = middle;
	}
	return clean - (low ? s->drifts[low - 1].grown : 0);
}

/* The other way; inside of a replaced piece: behind it. */
static size_t offset_clean(const struct subject *s, size_t original)
{
	size_t low = 0, high = s->n;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (s->drifts[middle].clean - s->drifts[middle].grown <= original)
			low = middle + 1;
		else
			high = middle;
	}
	size_t clean = original + (low ? s->drifts[low - 1].grown : 0);
	while (clean < s->text.n && (s->text.p[clean] & 0xC0) == 0x80)
		clean++;
	return clean > s->text.n ? s->text.n : clean;
}

/* ---- Matching ---- */

static int64_t cpu_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int match_once(struct engine *e, const pcre2_code *code, struct str text, size_t from,
                      uint32_t options)
{
	int rc = pcre2_match(code, (PCRE2_SPTR)text.p, text.n, from, PCRE2_NO_UTF_CHECK | options,
	                     e->data, e->match_context);
	if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
		rc = match_once(e, code, text, from, options | PCRE2_NO_JIT);
	return rc;
}

/*
 * PCRE2 limits the steps from each starting point, not their sum. So starting points are tried in
 * slices, between which the time is looked at.
 */
static int match_slices(struct engine *e, struct str text, size_t from)
{
	size_t slice = SLICE_FIRST;
	int64_t begun = 0, last = 0;
	for (unsigned round = 0;; round++) {
		size_t end = text.n - from > slice ? from + slice : text.n;
		while (end < text.n && (text.p[end] & 0xC0) == 0x80)
			end++;
		pcre2_set_offset_limit(e->match_context, end);
		int rc = match_once(e, e->codes[VARIANT_SEARCH], text, from, 0);
		if (rc != PCRE2_ERROR_NOMATCH || end == text.n)
			return rc;
		from = end;
		if (round < 2) {
			slice *= 8;
			begun = last = round ? cpu_ms() : 0;
			continue;
		}
		int64_t now = cpu_ms();
		if (now - begun > TIME_LIMIT_MS)
			return PCRE2_ERROR_MATCHLIMIT;
		if (now - last <= SLICE_MS && slice < SLICE_MAX)
			slice *= 4;
		else if (now - last > SLICE_MS && slice > 8)
			slice /= 8;
		last = now;
	}
}

static void engine_prepare(struct engine *e)
{
	if (e->stack)
		return;
	/* Its own stack, because a coroutine's is too small. */
	e->stack = memory_or_abort(pcre2_jit_stack_create(JIT_STACK_FIRST, JIT_STACK_MAX, NULL));
	pcre2_jit_stack_assign(e->match_context, NULL, e->stack);
}

static void match_store(const struct regex *r, struct arena *arena, struct str text,
                        const struct subject *s, struct regex_match *out)
{
	const size_t *offsets = pcre2_get_ovector_pointer(r->engine->data);
	size_t n = r->translation.groups + 1;
	*out = (struct regex_match){ .subject = text, .n = n };
	out->spans = arena_alloc(arena, n * sizeof *out->spans);
	for (size_t i = 0; i < n; i++) {
		struct regex_span span = { REGEX_UNSET, REGEX_UNSET };
		if (offsets[2 * i] != PCRE2_UNSET)
			span = (struct regex_span){ offset_original(s, offsets[2 * i]),
				                    offset_original(s, offsets[2 * i + 1]) };
		out->spans[i] = span;
	}
}

static int match(const struct regex *r, enum variant variant, struct arena *arena, struct str text,
                 size_t from, struct regex_match *out, struct err *err)
{
	struct engine *e = r->engine;
	struct arena scratch;
	struct subject s;
	if (!text.p)
		text = S("");
	if (variant_compile(r, variant, err))
		return -1;
	engine_prepare(e);
	arena_init(&scratch);
	subject_clean(&scratch, text, &s);
	int rc;
	if (variant == VARIANT_SEARCH) {
		rc = match_slices(e, s.text, offset_clean(&s, from));
	} else {
		pcre2_set_offset_limit(e->match_context, PCRE2_UNSET);
		rc = match_once(e, e->codes[variant], s.text, 0, 0);
	}
	if (rc >= 0 && out)
		match_store(r, arena, text, &s, out);
	arena_fini(&scratch);
	if (rc == PCRE2_ERROR_NOMATCH)
		return 0;
	return rc < 0 ? pcre_failed(err, "regular expression", rc) : 1;
}

int regex_search(const struct regex *r, struct arena *arena, struct str subject,
                 struct regex_match *out, struct err *err)
{
	return match(r, VARIANT_SEARCH, arena, subject, 0, out, err);
}

int regex_search_from(const struct regex *r, struct arena *arena, struct str subject, size_t from,
                      struct regex_match *out, struct err *err)
{
	return match(r, VARIANT_SEARCH, arena, subject, from < subject.n ? from : subject.n, out,
	             err);
}

int regex_match_at_start(const struct regex *r, struct arena *arena, struct str subject,
                         struct regex_match *out, struct err *err)
{
	return match(r, VARIANT_START, arena, subject, 0, out, err);
}

int regex_full_match(const struct regex *r, struct arena *arena, struct str subject,
                     struct regex_match *out, struct err *err)
{
	return match(r, VARIANT_FULL, arena, subject, 0, out, err);
}

/* ---- Groups ---- */

struct str regex_group(const struct regex_match *m, size_t number)
{
	if (number >= m->n || m->spans[number].start == REGEX_UNSET)
		return STR_NONE;
	struct str s = str_slice(m->subject, m->spans[number].start, m->spans[number].end);
	return s.p ? s : S("");
}

struct str regex_group_by_name(const struct regex *r, const struct regex_match *m, struct str name)
{
	size_t number = regex_group_number(r, name);
	return number ? regex_group(m, number) : STR_NONE;
}

size_t regex_group_count(const struct regex *r)
{
	return r->translation.groups;
}

struct str regex_group_name(const struct regex *r, size_t number)
{
	return number && number <= r->translation.groups ? r->translation.names[number] : STR_NONE;
}

size_t regex_group_number(const struct regex *r, struct str name)
{
	for (size_t i = 1; i <= r->translation.groups; i++) {
		struct str own = r->translation.names[i];
		if (own.p && str_eq(own, name))
			return i;
	}
	return 0;
}
