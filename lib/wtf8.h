/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * wtf8.h - code points of text that may hold lone surrogates (three bytes each) or bytes that are
 * not UTF-8 at all.
 */
#pragma once
#include <intelmq/str.h>

/*
 * The code point at `p` (p < end) and, as result, the number of its bytes: 1 to 4. 0 if the bytes are
 * not UTF-8 (RFC 3629), surrogates being allowed; then *out is the byte.
 */
static inline size_t wtf8_next(const char *p, const char *end, uint32_t *out)
{
	const unsigned char *s = (const unsigned char *)p;
	size_t n = (size_t)(end - p);
	*out = s[0];
	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xC2 || s[0] > 0xF4 || n < 2 || (s[1] & 0xC0) != 0x80)
		return 0;
	if (s[0] < 0xE0) {
		*out = (uint32_t)(s[0] & 0x1F) << 6 | (s[1] & 0x3F);
		return 2;
	}
	if (n < 3 || (s[2] & 0xC0) != 0x80)
		return 0;
	if (s[0] < 0xF0) {
		uint32_t c = (uint32_t)(s[0] & 0x0F) << 12 | (uint32_t)(s[1] & 0x3F) << 6 |
		             (s[2] & 0x3F);
		if (c < 0x800)
			return 0;
		*out = c;
		return 3;
	}
	if (n < 4 || (s[3] & 0xC0) != 0x80)
		return 0;
	uint32_t c = (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3F) << 12 |
	             (uint32_t)(s[2] & 0x3F) << 6 | (s[3] & 0x3F);
	if (c < 0x10000 || c > 0x10FFFF)
		return 0;
	*out = c;
	return 4;
}

/* Number of code points of [p, end); a byte that is not UTF-8 counts as one. */
static inline size_t wtf8_count(const char *p, const char *end)
{
	size_t count = 0;
	while (p < end) {
		uint32_t c;
		size_t n = wtf8_next(p, end, &c);
		p += n ? n : 1;
		count++;
	}
	return count;
}
