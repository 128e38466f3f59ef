/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/format.h>
#include <intelmq/repr.h>

#include "wtf8.h"

enum { SURROGATE_OF_BYTE = 0xDC00 };

static void put_ascii(struct buffer *out, uint32_t c)
{
	if (c < 0x80)
		buffer_add_char(out, (char)c);
	else if (c <= 0xFF)
		buffer_printf(out, "\\x%02x", (unsigned)c);
	else if (c <= 0xFFFF)
		buffer_printf(out, "\\u%04x", (unsigned)c);
	else
		buffer_printf(out, "\\U%08x", (unsigned)c);
}

void format_repr(struct buffer *out, struct value v, bool ascii)
{
	if (!ascii) {
		repr_write(out, v);
		return;
	}
	struct buffer wide;
	buffer_init(&wide, out->limit);
	repr_write(&wide, v);
	for (const char *p = wide.p, *end = wide.p + wide.n; p < end && !out->over;) {
		uint32_t c;
		size_t n = wtf8_next(p, end, &c);
		put_ascii(out, n ? c : SURROGATE_OF_BYTE + c);
		p += n ? n : 1;
	}
	out->over |= wide.over;
	buffer_fini(&wide);
}

void format_str(struct buffer *out, struct value v)
{
	if (v.kind == VALUE_STR)
		buffer_add_str(out, v.text);
	else
		repr_write(out, v);
}
