/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "lib/datetime_chars.h"

#include <intelmq/text.h>

#include <unictype.h>

static struct date_char foreign_char(struct str text, size_t at)
{
	struct str rest = str_slice(text, at, text.n);
	uint32_t c = text_next(&rest);
	struct date_char found = { CHAR_OTHER, text_decimal(c), (unsigned)(text.n - at - rest.n) };
	if (found.digit >= 0) {
		found.kind = CHAR_DECIMAL;
		return found;
	}
	found.digit = 0;
	if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L))
		found.kind = CHAR_LETTER;
	else if (uc_digit_value(c) >= 0)
		found.kind = CHAR_OTHER_DIGIT;
	else if (text_is_space(c))
		found.kind = CHAR_SPACE;
	return found;
}

struct date_char date_char_at(struct str text, size_t at)
{
	unsigned char c = (unsigned char)text.p[at];
	if (c >= 0x80)
		return foreign_char(text, at);
	if (c >= '0' && c <= '9')
		return (struct date_char){ CHAR_DECIMAL, c - '0', 1 };
	if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z')
		return (struct date_char){ CHAR_LETTER, 0, 1 };
	if (c == ' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f))
		return (struct date_char){ CHAR_SPACE, 0, 1 };
	return (struct date_char){ CHAR_OTHER, 0, 1 };
}
