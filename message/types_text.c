/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Types that hold text, free or one of a list of words. */
#include <intelmq/classification.h>
#include <intelmq/repr.h>
#include <intelmq/text.h>

#include "message/types_inside.h"

/* ---- Free text ---- */

int string_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	(void)err;
	*out = value_null();
	if (!value_truthy(in))
		return 0;
	switch (in.kind) {
	case VALUE_STR:
		*out = value_str(text_strip(in.text));
		break;
	case VALUE_BYTES:
		*out = value_str(text_strip(text_clean_utf8(arena, in.text)));
		break;
	default:
		*out = value_str(value_text(arena, in));
	}
	return 0;
}

int string_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)arena, (void)err;
	return is_text(in);
}

static struct str ascii_cased(struct arena *arena, struct str s, char first, char last)
{
	char *p = arena_alloc(arena, s.n);
	for (size_t i = 0; i < s.n; i++)
		p[i] = (char)(s.p[i] >= first && s.p[i] <= last ? s.p[i] ^ 0x20 : s.p[i]);
	return (struct str){ p, s.n };
}

int lowercase_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	if (in.kind == VALUE_STR)
		in.text = text_lower(arena, in.text);
	else if (in.kind == VALUE_BYTES)
		in.text = ascii_cased(arena, in.text, 'A', 'Z');
	else
		in = value_null();
	return string_sanitize(arena, in, out, err);
}

int lowercase_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)err;
	return is_text(in) && text_is_lower(arena, in.text);
}

int uppercase_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	if (in.kind == VALUE_STR)
		in.text = text_upper(arena, in.text);
	else if (in.kind == VALUE_BYTES)
		in.text = ascii_cased(arena, in.text, 'a', 'z');
	else
		in = value_null();
	return string_sanitize(arena, in, out, err);
}

int uppercase_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)err;
	return is_text(in) && text_is_upper(arena, in.text);
}

/* ---- Words of a list ---- */

/* A pair of texts; what they mean is said at each table. All tables end with an empty pair. */
struct words {
	struct str a, b;
};

// clang-format off
#define W(a, b)  { { a, sizeof a - 1 }, { b, sizeof b - 1 } }
#define NO_WORDS { { NULL, 0 }, { NULL, 0 } }

/* classification.type, the classification.taxonomy it belongs to; all that are allowed */
static const struct words classifications[] = {
	W("spam",                                    "abusive-content"),
	W("harmful-speech",                          "abusive-content"),
	W("violence",                                "abusive-content"),
	W("ddos",                                    "availability"),
	W("dos",                                     "availability"),
	W("outage",                                  "availability"),
	W("sabotage",                                "availability"),
	W("misconfiguration",                        "availability"),
	W("copyright",                               "fraud"),
	W("masquerade",                              "fraud"),
	W("phishing",                                "fraud"),
	W("unauthorized-use-of-resources",           "fraud"),
	W("unauthorised-information-access",         "information-content-security"),
	W("unauthorised-information-modification",   "information-content-security"),
	W("data-loss",                               "information-content-security"),
	W("data-leak",                               "information-content-security"),
	W("scanner",                                 "information-gathering"),
	W("sniffing",                                "information-gathering"),
	W("social-engineering",                      "information-gathering"),
	W("brute-force",                             "intrusion-attempts"),
	W("exploit",                                 "intrusion-attempts"),
	W("ids-alert",                               "intrusion-attempts"),
	W("application-compromise",                  "intrusions"),
	W("burglary",                                "intrusions"),
	W("privileged-account-compromise",           "intrusions"),
	W("system-compromise",                       "intrusions"),
	W("unprivileged-account-compromise",         "intrusions"),
	W("c2-server",                               "malicious-code"),
	W("infected-system",                         "malicious-code"),
	W("malware-configuration",                   "malicious-code"),
	W("malware-distribution",                    "malicious-code"),
	W("dga-domain",                              "other"),
	W("blacklist",                               "other"),
	W("other",                                   "other"),
	W("undetermined",                            "other"),
	W("malware",                                 "other"),
	W("proxy",                                   "other"),
	W("tor",                                     "other"),
	W("test",                                    "test"),
	W("ddos-amplifier",                          "vulnerable"),
	W("information-disclosure",                  "vulnerable"),
	W("potentially-unwanted-accessible",         "vulnerable"),
	W("vulnerable-system",                       "vulnerable"),
	W("weak-crypto",                             "vulnerable"),
	NO_WORDS,
};

/* former name, today's name */
static const struct words classification_names[] = {
	W("botnet drone",          "infected-system"),
	W("ids alert",             "ids-alert"),
	W("c&c",                   "c2-server"),
	W("c2server",              "c2-server"),
	W("infected system",       "infected-system"),
	W("malware configuration", "malware-configuration"),
	W("vulnerable client",     "vulnerable-system"),
	W("vulnerable service",    "vulnerable-system"),
	W("leak",                  "data-leak"),
	W("ransomware",            "infected-system"),
	W("unknown",               "undetermined"),
	W("dga domain",            "dga-domain"),
	W("unauthorized-login",    "system-compromise"),
	W("unauthorized-command",  "system-compromise"),
	W("compromised",           "system-compromise"),
	W("defacement",            "unauthorised-information-modification"),
	W("backdoor",              "system-compromise"),
	W("dropzone",              "other"),
	NO_WORDS,
};

static const struct words taxonomy_names[] = {
	W("abusive content",       "abusive-content"),
	W("information gathering", "information-gathering"),
	W("intrusion attempts",    "intrusion-attempts"),
	W("malicious code",        "malicious-code"),
	NO_WORDS,
};

static const struct words registry_names[] = {
	W("RIPENCC",  "RIPE"),
	W("RIPE-NCC", "RIPE"),
	NO_WORDS,
};

static const struct words tlp_names[] = {
	W("YELLOW", "AMBER"),
	NO_WORDS,
};

/* allowed word, nothing */
static const struct words registries[] = {
	W("AFRINIC", ""), W("APNIC", ""), W("ARIN", ""), W("LACNIC", ""), W("RIPE", ""), NO_WORDS,
};

static const struct words tlps[] = {
	W("WHITE", ""), W("GREEN", ""), W("AMBER", ""), W("RED", ""), NO_WORDS,
};
// clang-format on

static const struct words *find(const struct words *table, struct str word)
{
	for (; table->a.p; table++)
		if (str_eq(table->a, word))
			return table;
	return NULL;
}

static void rename_word(const struct words *names, struct value *v)
{
	const struct words *found = v->kind == VALUE_STR ? find(names, v->text) : NULL;
	if (found)
		v->text = found->b;
}

static bool is_word(const struct words *table, struct value v)
{
	return v.kind == VALUE_STR && find(table, v.text);
}

struct str taxonomy_of_type(struct str classification_type)
{
	const struct words *found = find(classifications, classification_type);
	return found ? found->b : S("other");
}

int taxonomy_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	if (lowercase_sanitize(arena, in, out, err))
		return -1;
	if (!is_text(*out))
		*out = value_null();
	rename_word(taxonomy_names, out);
	return 0;
}

int taxonomy_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)arena, (void)err;
	for (const struct words *w = classifications; w->a.p && in.kind == VALUE_STR; w++)
		if (str_eq(w->b, in.text))
			return 1;
	return 0;
}

int classification_sanitize(struct arena *arena, struct value in, struct value *out,
                            struct err *err)
{
	if (lowercase_sanitize(arena, in, out, err))
		return -1;
	if (!is_text(*out))
		*out = value_null();
	rename_word(classification_names, out);
	return 0;
}

int classification_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)arena, (void)err;
	return is_word(classifications, in);
}

int registry_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	if (uppercase_sanitize(arena, in, out, err))
		return -1;
	rename_word(registry_names, out);
	return 0;
}

int registry_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)arena, (void)err;
	return is_word(registries, in);
}

int tlp_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	if (uppercase_sanitize(arena, in, out, err))
		return -1;
	if (!is_text(*out)) {
		*out = value_null();
		return 0;
	}
	if (str_starts(out->text, S("TLP"))) {
		struct str rest = str_slice(out->text, 3, out->text.n);
		if (str_starts(rest, S(":")))
			rest = str_slice(rest, 1, rest.n);
		out->text = text_strip_left(rest);
	}
	rename_word(tlp_names, out);
	return 0;
}

int tlp_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)arena, (void)err;
	return is_word(tlps, in);
}
