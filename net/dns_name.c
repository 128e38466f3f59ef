/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/dns_name.h"

static bool labels_fit(struct str text)
{
	while (text.p) {
		struct str label = str_cut(&text, '.');
		if (label.n == 0 || label.n > DNS_LABEL_MAX)
			return false;
	}
	return true;
}

bool dns_name_fold(struct str text, struct dns_name *out)
{
	if (text.n && text.p[text.n - 1] == '.')
		text.n--;
	else if (text.n == 0)
		return false;
	if (text.n > DNS_NAME_MAX || (text.n && !labels_fit(text)))
		return false;
	out->n = text.n;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		out->p[i] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	return true;
}

bool dns_name_join(struct dns_name *name, struct str domain)
{
	if (name->n + 1 + domain.n > DNS_NAME_MAX)
		return false;
	name->p[name->n] = '.';
	memcpy(name->p + name->n + 1, domain.p, domain.n);
	name->n += 1 + domain.n;
	return true;
}

void dns_wire_write(struct str folded, struct dns_wire *out)
{
	out->n = 0;
	while (folded.p && folded.n) {
		struct str label = str_cut(&folded, '.');
		out->p[out->n++] = (unsigned char)label.n;
		memcpy(out->p + out->n, label.p, label.n);
		out->n += label.n;
	}
	out->p[out->n++] = 0;
}

bool dns_wire_read(struct str packet, size_t *at, struct dns_wire *out)
{
	const unsigned char *p = (const unsigned char *)packet.p;
	size_t i = *at, behind = 0;
	/* Each pointer leads to a place before all that was read, so that there is an end. */
	size_t before = i;
	out->n = 0;
	while (i < packet.n) {
		size_t length = p[i];
		if (length > DNS_LABEL_MAX) {
			if (length < 0xC0 || i + 1 >= packet.n)
				return false;
			size_t to = (length & 0x3F) << 8 | p[i + 1];
			if (behind == 0)
				behind = i + 2;
			if (to >= before)
				return false;
			i = before = to;
			continue;
		}
		if (length + 1 > packet.n - i || length + 1 > DNS_WIRE_MAX - out->n)
			return false;
		memcpy(out->p + out->n, p + i, length + 1);
		out->n += length + 1;
		i += length + 1;
		if (length == 0) {
			*at = behind ? behind : i;
			return true;
		}
	}
	return false;
}

/* Lengths of labels are below the letters, so that all bytes compare alike. */
static bool same(const unsigned char *a, const unsigned char *b, size_t n)
{
	return str_eq_ascii_case((struct str){ (const char *)a, n },
	                         (struct str){ (const char *)b, n });
}

bool dns_wire_eq(const struct dns_wire *a, const struct dns_wire *b)
{
	return a->n == b->n && same(a->p, b->p, a->n);
}

bool dns_wire_below(const struct dns_wire *name, const struct dns_wire *domain)
{
	size_t at = 0;
	while (name->n - at > domain->n)
		at += 1 + (size_t)name->p[at];
	return name->n - at == domain->n && same(name->p + at, domain->p, domain->n);
}

void dns_byte_text(struct buffer *out, unsigned char c, struct str special)
{
	if (c < 0x20 || c >= 0x7F) {
		buffer_printf(out, "\\%03u", c);
		return;
	}
	if (str_index(special, (char)c) != STR_NOT_FOUND)
		buffer_add_char(out, '\\');
	buffer_add_char(out, (char)c);
}

void dns_wire_text(struct buffer *out, const struct dns_wire *wire)
{
	if (wire->n == 1)
		buffer_add_char(out, '.');
	for (size_t at = 0; wire->p[at];) {
		size_t end = at + 1 + wire->p[at];
		for (at++; at < end; at++) {
			unsigned char c = wire->p[at];
			if (c == ' ')
				buffer_add_str(out, S("\\032"));
			else
				dns_byte_text(out, c, S("\"().;\\@$"));
		}
		if (wire->p[at])
			buffer_add_char(out, '.');
	}
}
