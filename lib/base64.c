/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/base64.h>

enum { NONE = 0xFF }; /* not in the alphabet */

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

// clang-format off
#define N NONE
static const uint8_t sextets[256] = {
	N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
	N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
	N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  62, N,  N,  N,  63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, N,  N,  N,  N,  N,  N,
	N,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, N,  N,  N,  N,  N,
	N,  26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, N,  N,  N,  N,  N,
	N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
	N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
	N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
	N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
	N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
	N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
	N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
	N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,  N,
};
#undef N
// clang-format on

/* 1 in each byte of x (0 to 63) that is at least `limit`. */
static uint64_t at_least(uint64_t x, uint64_t limit)
{
	const uint64_t ones = 0x0101010101010101;
	return (x + ones * (0x80 - limit)) >> 7 & ones;
}

static uint64_t big_endian(uint64_t x)
{
	return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? __builtin_bswap64(x) : x;
}

/*
 * 6 bytes to 8 characters, all in one register. Each byte ends between 43 and 122, so what the
 * subtractions borrow between bytes on the way is given back.
 */
static void encode_six(const uint8_t *in, char *out)
{
	uint64_t x;
	memcpy(&x, in, 8);
	x = big_endian(x) >> 16;
	x = (x & 0xFFFFFF000000) << 8 | (x & 0xFFFFFF);
	x = (x & 0x00FFF00000FFF000) << 4 | (x & 0x00000FFF00000FFF);
	x = (x & 0x0FC00FC00FC00FC0) << 2 | (x & 0x003F003F003F003F);
	uint64_t y = x + 0x0101010101010101 * 'A';
	y += at_least(x, 26) * ('a' - 26 - 'A');
	y -= at_least(x, 52) * ('a' - 26 - ('0' - 52));
	y -= at_least(x, 62) * ('0' - 52 - ('+' - 62));
	y += at_least(x, 63) * ('/' - 63 - ('+' - 62));
	y = big_endian(y);
	memcpy(out, &y, 8);
}

static void encode_three(uint32_t bytes, char *out)
{
	out[0] = alphabet[bytes >> 18 & 63];
	out[1] = alphabet[bytes >> 12 & 63];
	out[2] = alphabet[bytes >> 6 & 63];
	out[3] = alphabet[bytes & 63];
}

struct str base64_encode(struct arena *arena, struct str bytes)
{
	const uint8_t *in = (const uint8_t *)bytes.p;
	size_t left = bytes.n, size = (bytes.n / 3 + (bytes.n % 3 != 0)) * 4;
	char *text = arena_alloc(arena, size + 1), *out = text;
	for (; left >= 8; left -= 6, in += 6, out += 8)
		encode_six(in, out);
	for (; left >= 3; left -= 3, in += 3, out += 4)
		encode_three((uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2], out);
	if (left) {
		encode_three((uint32_t)in[0] << 16 | (left > 1 ? (uint32_t)in[1] << 8 : 0), out);
		out[3] = '=';
		if (left == 1)
			out[2] = '=';
	}
	text[size] = 0;
	return (struct str){ text, size };
}

/* Decodes whole groups of four characters as long as all are in the alphabet; their number. */
static size_t decode_groups(const uint8_t *in, size_t groups, uint8_t *out)
{
	size_t i = 0;
	for (; i < groups; i++, in += 4, out += 3) {
		uint32_t a = sextets[in[0]], b = sextets[in[1]], c = sextets[in[2]],
			 d = sextets[in[3]];
		if ((a | b | c | d) & 0xC0)
			break;
		uint32_t bits = a << 18 | b << 12 | c << 6 | d;
		out[0] = (uint8_t)(bits >> 16);
		out[1] = (uint8_t)(bits >> 8);
		out[2] = (uint8_t)bits;
	}
	return i;
}

/* A group of four while it is being collected. */
struct group {
	uint32_t bits;
	unsigned count, padding; /* characters; "=" after the last of them */
};

/* The bytes of a group that padding completed, or of a full one; their number. */
static size_t group_bytes(const struct group *g, uint8_t *out)
{
	uint32_t bits = g->bits << 6 * (4 - g->count);
	for (unsigned i = 0; i + 1 < g->count; i++)
		out[i] = (uint8_t)(bits >> (16 - 8 * i));
	return g->count - 1;
}

static int group_error(struct err *err, const struct group *g, size_t bytes)
{
	if (g->count == 1)
		return err_set(err, FAULT_OTHER,
		               "Invalid base64-encoded string: number of data characters (%zu) "
		               "cannot be 1 more than a multiple of 4",
		               bytes / 3 * 4 + 1);
	return err_set(err, FAULT_OTHER, "Incorrect padding");
}

/* Whether the character completes the group: the fourth one, or the padding instead of it. */
static bool group_add(struct group *g, uint8_t c)
{
	if (c == '=')
		return g->count >= 2 && g->count + ++g->padding >= 4;
	if (sextets[c] == NONE)
		return false;
	g->bits = g->bits << 6 | sextets[c];
	g->padding = 0;
	return ++g->count == 4;
}

int base64_decode(struct arena *arena, struct str text, struct str *out, struct err *err)
{
	const uint8_t *in = (const uint8_t *)text.p;
	struct arena_mark mark = arena_mark(arena);
	uint8_t *bytes = arena_alloc(arena, text.n / 4 * 3 + 4);
	struct group group = { 0 };
	size_t n = 0;
	for (size_t i = 0; i < text.n;) {
		if (group.count == 0) {
			size_t groups = decode_groups(in + i, (text.n - i) / 4, bytes + n);
			i += groups * 4;
			n += groups * 3;
			if (i == text.n)
				break;
		}
		if (!group_add(&group, in[i++]))
			continue;
		n += group_bytes(&group, bytes + n);
		bool last = group.count < 4;
		group = (struct group){ 0 };
		if (last)
			break;
	}
	if (group.count) {
		arena_rewind(arena, mark);
		return group_error(err, &group, n);
	}
	bytes[n] = 0;
	*out = (struct str){ (char *)bytes, n };
	return 0;
}

bool base64_is_strict(struct str text)
{
	const uint8_t *in = (const uint8_t *)text.p;
	size_t n = text.n, padding;
	while (n && in[n - 1] == '=')
		n--;
	padding = text.n - n;
	uint8_t wrong = 0;
	for (size_t i = 0; i < n; i++)
		wrong |= sextets[in[i]];
	if (wrong & 0xC0)
		return false;
	/* Padding after complete groups is superfluous, but harmless. */
	return n % 4 == 0 ? n > 0 || padding == 0 : n % 4 != 1 && n % 4 + padding == 4;
}
