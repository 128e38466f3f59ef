/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Types of the network: host names, addresses, networks, URLs. */
#include <intelmq/buffer.h>
#include <intelmq/idna.h>
#include <intelmq/ip.h>
#include <intelmq/text.h>
#include <intelmq/url.h>

#include <inttypes.h>
#include <stdio.h>

#include "message/types_inside.h"

/* Sanitises as a String; false if nothing is left. */
static bool text_of(struct arena *arena, struct value in, struct str *out)
{
	struct value text;
	string_sanitize(arena, in, &text, NULL);
	if (!is_text(text))
		return false;
	*out = text.text;
	return true;
}

/* The text itself if it is in canonical form already, else a copy of the canonical form. */
static struct value canonical(struct arena *arena, struct str text, struct str form)
{
	return value_str(str_eq(text, form) ? text : arena_dup(arena, form));
}

/* ---- FQDN ---- */

enum { MAX_LABEL = 63 };

/* What one look at a name tells. */
struct name_facts {
	bool ascii;
	bool upper;     /* has an ASCII capital */
	bool delimiter; /* has a character that URLs use: ":/?#" */
	bool label;     /* has an empty label or one that is too long; counts for ASCII only */
};

static struct name_facts name_look(struct str s)
{
	struct name_facts facts = { .ascii = true };
	size_t label = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c == '.') {
			facts.label = facts.label || label == 0 || label > MAX_LABEL;
			label = 0;
			continue;
		}
		label++;
		facts.ascii = facts.ascii && c < 0x80;
		facts.upper = facts.upper || (c >= 'A' && c <= 'Z');
		facts.delimiter = facts.delimiter || c == ':' || c == '/' || c == '?' || c == '#';
	}
	facts.label = facts.label || label > MAX_LABEL; /* the last one may be empty */
	return facts;
}

int fqdn_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	(void)err;
	struct str name, encoded;
	*out = value_null();
	if (!text_of(arena, in, &name))
		return 0;
	name = text_strip_bytes(name, S("."));
	if (name.n == 0)
		return 0;
	struct name_facts facts = name_look(name);
	if (facts.ascii && !facts.label)
		*out = value_str(facts.upper ? text_lower(arena, name) : name);
	else if (!facts.ascii && idna_encode(arena, name, &encoded, NULL) == 0)
		*out = value_str(text_lower(arena, encoded));
	return 0;
}

/* 1 if a URL splitter sees a path without "/" and nothing else, 0 if not, -1 if it fails. */
static int is_plain(struct arena *arena, struct str s, struct err *err)
{
	struct url url;
	if (str_index(s, ':') != STR_NOT_FOUND)
		return 0;
	if (url_split(arena, s, &url, err))
		return -1;
	return !url.authority.n && !url.query.n && !url.fragment.n &&
	       str_index(url.path, '/') == STR_NOT_FOUND;
}

int fqdn_is_valid(struct arena *arena, struct value in, struct err *err)
{
	struct str encoded;
	if (!is_text(in) || in.text.p[0] == '.' || in.text.p[in.text.n - 1] == '.')
		return 0;
	struct name_facts facts = name_look(in.text);
	if (facts.upper || (!facts.ascii && !text_is_lower(arena, in.text)))
		return 0;
	int plain = facts.delimiter ? is_plain(arena, in.text, err) : 1;
	if (plain != 1)
		return plain;
	if (facts.ascii && !facts.label)
		return !ipaddress_is_valid(arena, in, err);
	if (idna_encode(arena, in.text, &encoded, err))
		return -1;
	return str_eq(encoded, in.text);
}

/* ---- IPAddress ---- */

/* The decimal form of an integer as Python writes it. */
static bool is_decimal(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n == 1 || (s.n > 1 && s.p[0] != '0');
}

static int ip_of_text(struct str text, struct ip *out)
{
	if (ip_parse(text, out) == 0)
		return 0;
	if (is_decimal(text))
		return ip_from_decimal(text, out);
	struct network network;
	if (network_parse(str_slice(text, 0, str_index(text, '%')), true, &network))
		return -1;
	*out = network.ip;
	return network.length == (network.ip.version == 4 ? 32 : 128) ? 0 : -1;
}

int ipaddress_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	(void)err;
	struct ip ip;
	char buf[IP_TEXT_SIZE], number[24];
	struct str text = STR_NONE;
	*out = value_null();
	switch (in.kind) {
	case VALUE_BOOL:
		ip = ip_from_u32(in.boolean);
		break;
	case VALUE_INT:
		snprintf(number, sizeof number, "%" PRId64, in.integer);
		if (ip_from_decimal(str_of(number), &ip))
			return 0;
		break;
	case VALUE_BIG:
		if (ip_from_decimal(in.text, &ip))
			return 0;
		break;
	default:
		if (!text_of(arena, in, &text) || ip_of_text(text, &ip))
			return 0;
	}
	*out = canonical(arena, text, ip_text(&ip, buf));
	return 0;
}

int ipaddress_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)arena, (void)err;
	struct ip ip;
	return is_text(in) && ip_parse(in.text, &ip) == 0 && !str_eq(in.text, S("0.0.0.0"));
}

int ipaddress_to_int(struct arena *arena, struct str text, struct value *out, struct err *err)
{
	struct ip ip;
	char digits[IP_DECIMAL_SIZE];
	*out = value_null();
	if (str_index(text, '\0') != STR_NOT_FOUND)
		return err_set(err, FAULT_OTHER, "embedded null character");
	if (ip_parse(text, &ip))
		return 0;
	struct str number = ip_decimal(&ip, digits);
	int64_t small = 0;
	for (size_t i = 0; i < number.n; i++)
		if (__builtin_mul_overflow(small, 10, &small) ||
		    __builtin_add_overflow(small, number.p[i] - '0', &small)) {
			*out = (struct value){ .kind = VALUE_BIG,
				               .text = arena_dup(arena, number) };
			return 0;
		}
	*out = value_int(small);
	return 0;
}

static int no_address(struct str text, struct err *err)
{
	return err_set(err, FAULT_OTHER, "\"%.*s\" is no IP address", STR_ARG(text));
}

int ipaddress_version(struct str text, struct err *err)
{
	struct ip ip;
	struct str zone;
	return ip_parse_scoped(text, &ip, &zone) ? no_address(text, err) : ip.version;
}

int ipaddress_to_reverse(struct arena *arena, struct str text, struct str *out, struct err *err)
{
	struct ip ip;
	char name[IP_REVERSE_SIZE];
	/* The reference's reader passes over a final newline after an IPv4 tail in IPv6. */
	struct str rest = text;
	if (str_ends(text, S("\n")) && str_index(text, ':') != STR_NOT_FOUND &&
	    str_index(text, '.') != STR_NOT_FOUND)
		rest.n--;
	if (ip_parse(rest, &ip))
		return no_address(text, err);
	*out = arena_dup(arena, ip_reverse(&ip, name));
	return 0;
}

/* ---- IPNetwork ---- */

int ipnetwork_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	(void)err;
	struct str text, zone, form;
	struct network network;
	char buf[NETWORK_TEXT_SIZE];
	*out = value_null();
	if (!text_of(arena, in, &text) || network_parse_scoped(text, false, &network, &zone))
		return 0;
	form = network_text(&network, buf);
	if (zone.p) {
		struct buffer b;
		size_t slash = str_index(form, '/');
		buffer_init_in(&b, arena, SIZE_MAX);
		buffer_add_str(&b, str_slice(form, 0, slash));
		buffer_add_char(&b, '%');
		buffer_add_str(&b, zone);
		buffer_add_str(&b, str_slice(form, slash, form.n));
		form = buffer_str(&b);
	}
	*out = canonical(arena, text, form);
	return 0;
}

int ipnetwork_is_valid(struct arena *arena, struct value in, struct err *err)
{
	(void)arena, (void)err;
	struct network network;
	struct str zone;
	return is_text(in) && network_parse_scoped(in.text, true, &network, &zone) == 0;
}

int ipnetwork_version(struct str text, struct err *err)
{
	struct network network;
	struct str zone;
	if (network_parse_scoped(text, true, &network, &zone))
		return err_set(err, FAULT_OTHER, "\"%.*s\" is no IP network", STR_ARG(text));
	return network.ip.version;
}

/* ---- URL ---- */

/* hxxp:// and hxxps:// were written so that nobody clicks on them. */
static struct str refang(struct arena *arena, struct str s)
{
	size_t at = str_find(s, S("hxxp"));
	if (at == STR_NOT_FOUND)
		return s;
	char *p = arena_cstr(arena, s);
	struct str copy = { p, s.n }, rest = copy;
	for (; at != STR_NOT_FOUND; at = str_find(rest, S("hxxp"))) {
		rest = str_slice(rest, at, rest.n);
		struct str after = str_slice(rest, 4, rest.n);
		if (str_starts(after, S("://")) || str_starts(after, S("s://")))
			memcpy(p + (rest.p - p), "http", 4);
		rest = after;
	}
	return copy;
}

int url_sanitize(struct arena *arena, struct value in, struct value *out, struct err *err)
{
	struct str text;
	struct url url;
	*out = value_null();
	if (!text_of(arena, in, &text))
		return 0;
	text = refang(arena, text);
	if (url_split(arena, text, &url, err))
		return -1;
	if (url.authority.n) {
		*out = value_str(text);
	} else if (str_eq(url.scheme, S("file"))) {
		url.authority = S("localhost");
		*out = value_str(url_join(arena, &url));
	}
	return 0;
}

int url_is_valid(struct arena *arena, struct value in, struct err *err)
{
	struct url url;
	if (!is_text(in) || in.text.p[0] == ' ' || (in.text.p[0] >= '\t' && in.text.p[0] <= '\r'))
		return 0;
	if (url_split(arena, in.text, &url, err))
		return -1;
	return url.authority.n > 0;
}

int url_to_domain_name(struct arena *arena, struct str text, struct str *out, struct err *err)
{
	struct url url;
	*out = STR_NONE;
	if (url_split(arena, text, &url, err))
		return -1;
	if (url.authority.n && !ipaddress_is_valid(arena, value_str(url.authority), err))
		*out = url.authority;
	return 0;
}
