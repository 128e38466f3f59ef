/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/text.h>

#include <inttypes.h>
#include <stdarg.h>

#include "cli/dump.h"

void dump_print(FILE *out, struct str text)
{
	while (text.n) {
		const char *start = text.p;
		uint32_t code = text_next(&text);
		size_t n = (size_t)(text.p - start);
		if (n == 1 && (code >= 0x80 || code < 0x20 || code == 0x7f))
			fprintf(out, "\\x%02x", (unsigned char)*start);
		else if (!text_is_printable(code))
			fprintf(out, code > 0xffff ? "\\U%08" PRIx32 : "\\u%04" PRIx32, code);
		else
			fwrite(start, 1, n, out);
	}
}

void dump_say_error(struct dump_tool *t, const char *format, ...)
{
	char text[2000];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	fputs(t->color ? "\033[31m" : "", t->errors);
	dump_print(t->errors, str_of(text));
	fputs(t->color ? "\033[0m\n" : "\n", t->errors);
}
