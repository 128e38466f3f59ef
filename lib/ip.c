/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/ip.h>

enum {
	GROUPS = 8,      /* of an IPv6 address, 16 bits each */
	MAX_DIGITS = 39, /* of 2^128-1 */
};

/* ---- Reading ---- */

/* The value of a hexadecimal digit plus one; 0 for other characters. */
static const uint8_t hex_plus_one[256] = {
	['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
	['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
	['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
	['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static int v4_parse(struct str text, uint8_t out[4])
{
	if (text.n < 7 || text.n > 15)
		return -1;
	const char *p = text.p, *end = text.p + text.n;
	for (int i = 0; i < 4; i++) {
		if (i > 0) {
			if (p == end || *p != '.')
				return -1;
			p++;
		}
		if (p == end || !is_digit(*p))
			return -1;
		unsigned octet = (unsigned)(*p - '0');
		const char *most = octet ? p + 3 : p + 1; /* a leading zero stands alone */
		for (p++; p < end && p < most && is_digit(*p); p++)
			octet = octet * 10 + (unsigned)(*p - '0');
		if (octet > 255)
			return -1;
		out[i] = (uint8_t)octet;
	}
	return p == end ? 0 : -1;
}

/* The groups of an IPv6 address as far as they are read. */
struct groups {
	uint16_t all[GROUPS];
	int n;
	int gap; /* number of groups before "::", or -1 */
};

static int groups_add(struct groups *g, unsigned group)
{
	if (g->n == GROUPS)
		return -1;
	g->all[g->n++] = (uint16_t)group;
	return 0;
}

static int groups_add_v4(struct groups *g, struct str text)
{
	uint8_t v4[4];
	if (v4_parse(text, v4) || groups_add(g, (unsigned)v4[0] << 8 | v4[1]))
		return -1;
	return groups_add(g, (unsigned)v4[2] << 8 | v4[3]);
}

/* Passes the colons at *p; after them, at the end of the text, only "::" may stand. */
static int colons(struct groups *g, const char **p, const char *end)
{
	bool first = g->n == 0;
	if (end - *p >= 2 && (*p)[1] == ':') {
		if (g->gap >= 0)
			return -1;
		g->gap = g->n;
		*p += 2;
		return 0;
	}
	*p += 1;
	return first || *p == end ? -1 : 0;
}

static int groups_parse(struct str text, struct groups *g)
{
	const char *p = text.p, *end = text.p + text.n;
	while (p < end) {
		if (*p == ':' && colons(g, &p, end))
			return -1;
		if (p == end)
			break;
		const char *start = p;
		unsigned group = 0, digit;
		while (p < end && p - start < 4 && (digit = hex_plus_one[(uint8_t)*p]) != 0) {
			group = group << 4 | (digit - 1);
			p++;
		}
		if (p == start)
			return -1;
		if (p < end && *p == '.')
			return groups_add_v4(g, (struct str){ start, (size_t)(end - start) });
		if (groups_add(g, group) || (p < end && *p != ':'))
			return -1;
	}
	return 0;
}

static int v6_parse(struct str text, struct ip *out)
{
	struct groups g = { .gap = -1 };
	if (text.n < 2 || text.n >= IP_TEXT_SIZE || groups_parse(text, &g))
		return -1;
	if (g.gap < 0 ? g.n != GROUPS : g.n == GROUPS)
		return -1;
	*out = (struct ip){ .version = 6 };
	for (int i = 0; i < g.n; i++) {
		int at = g.gap >= 0 && i >= g.gap ? GROUPS - g.n + i : i;
		out->bytes[2 * at] = (uint8_t)(g.all[i] >> 8);
		out->bytes[2 * at + 1] = (uint8_t)g.all[i];
	}
	return 0;
}

int ip_parse(struct str text, struct ip *out)
{
	*out = (struct ip){ .version = 4 };
	if (v4_parse(text, out->bytes) == 0)
		return 0;
	return v6_parse(text, out);
}

int ip_parse_scoped(struct str text, struct ip *out, struct str *zone_out)
{
	*zone_out = STR_NONE;
	size_t percent = str_index(text, '%');
	if (percent == STR_NOT_FOUND)
		return ip_parse(text, out);
	struct str zone = str_slice(text, percent + 1, text.n);
	if (zone.n == 0 || str_index(zone, '%') != STR_NOT_FOUND ||
	    str_index(zone, '/') != STR_NOT_FOUND)
		return -1;
	if (v6_parse(str_slice(text, 0, percent), out))
		return -1;
	*zone_out = zone;
	return 0;
}

/* ---- Numbers ---- */

struct ip ip_from_u32(uint32_t a)
{
	return (struct ip){
		4, { (uint8_t)(a >> 24), (uint8_t)(a >> 16), (uint8_t)(a >> 8), (uint8_t)a }
	};
}

uint32_t ip_to_u32(const struct ip *ip)
{
	return (uint32_t)ip->bytes[0] << 24 | (uint32_t)ip->bytes[1] << 16 |
	       (uint32_t)ip->bytes[2] << 8 | ip->bytes[3];
}

static unsigned __int128 to_number(const struct ip *ip)
{
	unsigned __int128 n = 0;
	for (int i = 0; i < (ip->version == 4 ? 4 : 16); i++)
		n = n << 8 | ip->bytes[i];
	return n;
}

int ip_from_decimal(struct str digits, struct ip *out)
{
	while (digits.n > 1 && digits.p[0] == '0')
		digits = str_slice(digits, 1, digits.n);
	if (digits.n == 0 || digits.n > MAX_DIGITS)
		return -1;
	unsigned __int128 n = 0;
	for (size_t i = 0; i < digits.n; i++) {
		unsigned digit = (unsigned)(digits.p[i] - '0');
		if (!is_digit(digits.p[i]) || n > (~(unsigned __int128)0 - digit) / 10)
			return -1;
		n = n * 10 + digit;
	}
	if (n <= UINT32_MAX) {
		*out = ip_from_u32((uint32_t)n);
		return 0;
	}
	*out = (struct ip){ .version = 6 };
	for (int i = 15; i >= 0; i--, n >>= 8)
		out->bytes[i] = (uint8_t)n;
	return 0;
}

struct str ip_decimal(const struct ip *ip, char out[IP_DECIMAL_SIZE])
{
	char digits[MAX_DIGITS];
	size_t n = 0;
	unsigned __int128 rest = to_number(ip);
	do {
		digits[n++] = (char)('0' + (int)(rest % 10));
		rest /= 10;
	} while (rest);
	for (size_t i = 0; i < n; i++)
		out[i] = digits[n - 1 - i];
	out[n] = 0;
	return (struct str){ out, n };
}

int ip_cmp(const struct ip *a, const struct ip *b)
{
	if (a->version != b->version)
		return a->version < b->version ? -1 : 1;
	int order = memcmp(a->bytes, b->bytes, sizeof a->bytes);
	return (order > 0) - (order < 0);
}

bool ip_is_mapped(const struct ip *ip, struct ip *v4_out)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };
	if (ip->version != 6 || memcmp(ip->bytes, prefix, sizeof prefix) != 0)
		return false;
	if (v4_out) {
		*v4_out = (struct ip){ .version = 4 };
		memcpy(v4_out->bytes, ip->bytes + 12, 4);
	}
	return true;
}

/* ---- Writing ---- */

static char *put_octet(char *p, unsigned n)
{
	if (n >= 100)
		*p++ = (char)('0' + n / 100);
	if (n >= 10)
		*p++ = (char)('0' + n / 10 % 10);
	*p++ = (char)('0' + n % 10);
	return p;
}

static char *put_group(char *p, unsigned group)
{
	bool started = false;
	for (int shift = 12; shift >= 0; shift -= 4) {
		unsigned digit = group >> shift & 15;
		started = started || digit || shift == 0;
		if (started)
			*p++ = "0123456789abcdef"[digit];
	}
	return p;
}

/* The first longest run of zero groups; `*length` is 1 or less if there is nothing to compress. */
static int longest_zeros(const uint16_t groups[GROUPS], int *length)
{
	int best = 0, run = 0;
	*length = 0;
	for (int i = 0; i < GROUPS; i++) {
		run = groups[i] ? 0 : run + 1;
		if (run > *length) {
			*length = run;
			best = i + 1 - run;
		}
	}
	return best;
}

static char *put_v6(char *p, const uint8_t bytes[16])
{
	uint16_t groups[GROUPS];
	for (int i = 0; i < GROUPS; i++)
		groups[i] = (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
	int zeros, at = longest_zeros(groups, &zeros);
	for (int i = 0; i < GROUPS; i++) {
		if (zeros > 1 && i == at) {
			*p++ = ':';
			i += zeros - 1;
			if (i == GROUPS - 1)
				*p++ = ':';
			continue;
		}
		if (i > 0)
			*p++ = ':';
		p = put_group(p, groups[i]);
	}
	return p;
}

struct str ip_text(const struct ip *ip, char out[IP_TEXT_SIZE])
{
	char *p = out;
	if (ip->version == 4) {
		for (int i = 0; i < 4; i++) {
			p = put_octet(p, ip->bytes[i]);
			*p++ = '.';
		}
		p--;
	} else {
		p = put_v6(p, ip->bytes);
	}
	*p = 0;
	return (struct str){ out, (size_t)(p - out) };
}

/* Octets or nibbles, the last one first, each with a dot behind it; returns the end. */
static char *put_reverse(char *p, const struct ip *ip)
{
	for (int i = ip->version == 4 ? 3 : 15; i >= 0; i--) {
		if (ip->version == 4) {
			p = put_octet(p, ip->bytes[i]);
		} else {
			p = put_group(p, ip->bytes[i] & 15u);
			*p++ = '.';
			p = put_group(p, ip->bytes[i] >> 4);
		}
		*p++ = '.';
	}
	return p;
}

struct str ip_reverse(const struct ip *ip, char out[IP_REVERSE_SIZE])
{
	struct ip v4;
	if (ip_is_mapped(ip, &v4))
		ip = &v4;
	struct str zone = ip->version == 4 ? S("in-addr.arpa.") : S("ip6.arpa.");
	char *p = put_reverse(out, ip);
	memcpy(p, zone.p, zone.n + 1);
	return (struct str){ out, (size_t)(p - out) + zone.n };
}

struct str ip_reverse_labels(const struct ip *ip, char out[IP_REVERSE_SIZE])
{
	char *end = put_reverse(out, ip) - 1; /* the final dot */
	*end = 0;
	return (struct str){ out, (size_t)(end - out) };
}

/* ---- Networks ---- */

static unsigned bits_of(const struct ip *ip)
{
	return ip->version == 4 ? 32 : 128;
}

/* The bits of byte `i` that belong to a prefix of `length` bits. */
static uint8_t byte_mask(unsigned length, unsigned i)
{
	unsigned left = length > 8 * i ? length - 8 * i : 0;
	return (uint8_t)(left >= 8 ? 0xffu : 0xff00u >> left);
}

struct network network_of(const struct ip *ip, unsigned length)
{
	struct network n = { *ip, (uint8_t)(length > bits_of(ip) ? bits_of(ip) : length) };
	for (unsigned i = n.length / 8; i < 16; i++)
		n.ip.bytes[i] &= byte_mask(n.length, i);
	return n;
}

static int length_parse(struct str digits, unsigned most, unsigned *out)
{
	enum { PYTHON_INT_DIGITS = 4300 }; /* more is refused, zeros or not */
	unsigned length = 0;
	if (digits.n == 0 || digits.n > PYTHON_INT_DIGITS)
		return -1;
	for (size_t i = 0; i < digits.n; i++) {
		if (!is_digit(digits.p[i]))
			return -1;
		length = length * 10 + (unsigned)(digits.p[i] - '0');
		if (length > most)
			return -1;
	}
	*out = length;
	return 0;
}

/* The number of one bits at the top if only zeros follow, else -1. */
static int leading_ones(uint32_t mask)
{
	int ones = mask == UINT32_MAX ? 32 : __builtin_clz(~mask);
	return ones == 32 || mask << ones == 0 ? ones : -1;
}

static int mask_parse(struct str text, unsigned *length_out)
{
	struct ip ip = { .version = 4 };
	if (v4_parse(text, ip.bytes))
		return -1;
	uint32_t mask = ip_to_u32(&ip);
	int ones = leading_ones(mask);
	if (ones < 0)
		ones = leading_ones(~mask);
	*length_out = (unsigned)ones;
	return ones < 0 ? -1 : 0;
}

int network_parse_scoped(struct str text, bool strict, struct network *out, struct str *zone_out)
{
	size_t slash = str_index(text, '/');
	struct ip ip;
	if (ip_parse_scoped(str_slice(text, 0, slash), &ip, zone_out))
		return -1;
	unsigned length = bits_of(&ip);
	if (slash != STR_NOT_FOUND) {
		struct str prefix = str_slice(text, slash + 1, text.n);
		if (length_parse(prefix, bits_of(&ip), &length) &&
		    (ip.version == 6 || mask_parse(prefix, &length)))
			return -1;
	}
	*out = network_of(&ip, length);
	bool cleared = memcmp(out->ip.bytes, ip.bytes, sizeof ip.bytes) != 0;
	if (cleared)
		*zone_out = STR_NONE; /* the zone is that of the address, which is gone */
	return cleared && strict ? -1 : 0;
}

int network_parse(struct str text, bool strict, struct network *out)
{
	struct str zone;
	if (str_index(text, '%') != STR_NOT_FOUND)
		return -1;
	return network_parse_scoped(text, strict, out, &zone);
}

struct str network_text(const struct network *n, char out[NETWORK_TEXT_SIZE])
{
	char *p = out + ip_text(&n->ip, out).n;
	*p++ = '/';
	p = put_octet(p, n->length);
	*p = 0;
	return (struct str){ out, (size_t)(p - out) };
}

bool network_has(const struct network *n, const struct ip *ip)
{
	if (n->ip.version != ip->version)
		return false;
	unsigned whole = n->length / 8u;
	if (memcmp(n->ip.bytes, ip->bytes, whole) != 0)
		return false;
	return whole == 16 ||
	       ((n->ip.bytes[whole] ^ ip->bytes[whole]) & byte_mask(n->length, whole)) == 0;
}
