/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Bodies of answers as text. */
#include <intelmq/bot.h>
#include <intelmq/charset.h>
#include <intelmq/http.h>
#include <intelmq/text.h>

struct str http_charset(const struct http_response *response)
{
	struct str rest = http_field(response, "Content-Type");
	str_cut(&rest, ';');
	while (rest.p) {
		struct str value = str_cut(&rest, ';');
		struct str name = text_strip(str_cut(&value, '='));
		if (value.p && str_eq_nocase(name, S("charset")))
			return text_strip_bytes(text_strip(value), S("\"'"));
	}
	return STR_NONE;
}

static bool is_utf8_or_less(struct str charset)
{
	static const char *const names[] = { "utf-8", "utf8", "us-ascii", "ascii" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eq_nocase(charset, str_of(names[i])))
			return true;
	return false;
}

bool http_to_utf8(struct bot *bot, const struct http_response *response, struct str body,
                  struct str *out)
{
	struct str charset = http_charset(response), type = http_field(response, "Content-Type");
	struct err err;
	if (is_utf8_or_less(charset))
		return false;
	if (!charset.n && (!str_eq_nocase(str_slice(type, 0, 5), S("text/")) || text_is_utf8(body)))
		return false;
	if (!charset.n)
		charset = S("iso-8859-1");
	if (charset_decode(bot->arena, body, charset, true, out, &err) < 0) {
		bot_log(bot, LEVEL_WARNING, "The text stays as it is: %s", err.text);
		return false;
	}
	return !str_eq(body, *out);
}
