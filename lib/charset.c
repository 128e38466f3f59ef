/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/charset.h>
#include <intelmq/buffer.h>
#include <intelmq/text.h>

#include <errno.h>
#include <iconv.h>
#include <stdlib.h>

enum kind {
	UTF_8,
	UTF_8_SIG,
	UTF_16,
	UTF_16_LE,
	UTF_16_BE,
	ASCII,
	LATIN_1,
	LATIN_9,
	CP1252,
	ICONV,
};

struct charset {
	const char *names; /* as name_normalize makes them, each between spaces */
	enum kind kind;
	const char *iconv;
};

// clang-format off
static const struct charset charsets[] = {
	{ " utf_8 cp65001 u8 utf utf8 utf8_ucs2 utf8_ucs4 ", UTF_8, NULL },
	{ " utf_8_sig ", UTF_8_SIG, NULL },
	{ " utf_16 u16 utf16 ", UTF_16, NULL },
	{ " utf_16_le unicodelittleunmarked utf_16le ", UTF_16_LE, NULL },
	{ " utf_16_be unicodebigunmarked utf_16be ", UTF_16_BE, NULL },
	{ " ascii 646 ansi_x3_4_1968 cp367 csascii ibm367 iso646_us iso_ir_6 us "
	  "us_ascii ", ASCII, NULL },
	{ " latin_1 8859 cp819 csisolatin1 ibm819 iso8859 iso8859_1 iso_8859_1 "
	  "iso_8859_1_1987 iso_ir_100 l1 latin latin1 ", LATIN_1, NULL },
	{ " iso8859_15 iso_8859_15 l9 latin9 ", LATIN_9, NULL },
	{ " cp1252 1252 windows_1252 ", CP1252, NULL },
	{ " big5 big5_tw csbig5 x_mac_trad_chinese ", ICONV, "BIG5" },
	{ " big5hkscs big5_hkscs hkscs ", ICONV, "BIG5HKSCS" },
	{ " cp1125 1125 cp866u ibm1125 ruscii ", ICONV, "CP1125" },
	{ " cp1250 1250 windows_1250 ", ICONV, "CP1250" },
	{ " cp1251 1251 windows_1251 ", ICONV, "CP1251" },
	{ " cp1253 1253 windows_1253 ", ICONV, "CP1253" },
	{ " cp1254 1254 windows_1254 ", ICONV, "CP1254" },
	{ " cp1255 1255 windows_1255 ", ICONV, "CP1255" },
	{ " cp1256 1256 windows_1256 ", ICONV, "CP1256" },
	{ " cp1257 1257 windows_1257 ", ICONV, "CP1257" },
	{ " cp1258 1258 windows_1258 ", ICONV, "CP1258" },
	{ " cp437 437 cspc8codepage437 ibm437 ", ICONV, "CP437" },
	{ " cp737 ", ICONV, "CP737" },
	{ " cp775 775 cspc775baltic ibm775 ", ICONV, "CP775" },
	{ " cp850 850 cspc850multilingual ibm850 ", ICONV, "CP850" },
	{ " cp852 852 cspcp852 ibm852 ", ICONV, "CP852" },
	{ " cp855 855 csibm855 ibm855 ", ICONV, "CP855" },
	{ " cp857 857 csibm857 ibm857 ", ICONV, "CP857" },
	{ " cp858 858 csibm858 ibm858 ", ICONV, "CP858" },
	{ " cp860 860 csibm860 ibm860 ", ICONV, "CP860" },
	{ " cp861 861 cp_is csibm861 ibm861 ", ICONV, "CP861" },
	{ " cp862 862 cspc862latinhebrew ibm862 ", ICONV, "CP862" },
	{ " cp863 863 csibm863 ibm863 ", ICONV, "CP863" },
	{ " cp864 864 csibm864 ibm864 ", ICONV, "CP864" },
	{ " cp865 865 csibm865 ibm865 ", ICONV, "CP865" },
	{ " cp866 866 csibm866 ibm866 ", ICONV, "CP866" },
	{ " cp869 869 cp_gr csibm869 ibm869 ", ICONV, "CP869" },
	{ " cp874 ", ICONV, "CP874" },
	{ " cp932 932 ms932 ms_kanji mskanji ", ICONV, "CP932" },
	{ " cp949 949 ms949 uhc ", ICONV, "CP949" },
	{ " cp950 950 ms950 ", ICONV, "CP950" },
	{ " euc_jp eucjp u_jis ujis ", ICONV, "EUC-JP" },
	{ " euc_kr euckr korean ks_c_5601 ks_c_5601_1987 ks_x_1001 ksc5601 ksx1001 "
	  "x_mac_korean ", ICONV, "EUC-KR" },
	{ " gb18030 gb18030_2000 ", ICONV, "GB18030" },
	{ " gb2312 chinese csiso58gb231280 euc_cn euccn eucgb2312_cn gb2312_1980 "
	  "gb2312_80 iso_ir_58 x_mac_simp_chinese ", ICONV, "GB2312" },
	{ " gbk 936 cp936 ms936 ", ICONV, "GBK" },
	{ " iso2022_jp csiso2022jp iso2022jp iso_2022_jp ", ICONV, "CSISO2022JP" },
	{ " iso2022_jp_2 iso2022jp_2 iso_2022_jp_2 ", ICONV, "ISO2022JP2" },
	{ " iso2022_kr csiso2022kr iso2022kr iso_2022_kr ", ICONV, "CSISO2022KR" },
	{ " iso8859_10 csisolatin6 iso_8859_10 iso_8859_10_1992 iso_ir_157 l6 "
	  "latin6 ", ICONV, "ISO8859-10" },
	{ " iso8859_11 iso_8859_11 iso_8859_11_2001 thai ", ICONV, "ISO8859-11" },
	{ " iso8859_13 iso_8859_13 l7 latin7 ", ICONV, "ISO8859-13" },
	{ " iso8859_14 iso_8859_14 iso_8859_14_1998 iso_celtic iso_ir_199 l8 "
	  "latin8 ", ICONV, "ISO8859-14" },
	{ " iso8859_16 iso_8859_16 iso_8859_16_2001 iso_ir_226 l10 latin10 ", ICONV, "ISO8859-16" },
	{ " iso8859_2 csisolatin2 iso_8859_2 iso_8859_2_1987 iso_ir_101 l2 latin2 ", ICONV, "ISO8859-2" },
	{ " iso8859_3 csisolatin3 iso_8859_3 iso_8859_3_1988 iso_ir_109 l3 latin3 ", ICONV, "ISO8859-3" },
	{ " iso8859_4 csisolatin4 iso_8859_4 iso_8859_4_1988 iso_ir_110 l4 latin4 ", ICONV, "ISO8859-4" },
	{ " iso8859_5 csisolatincyrillic cyrillic iso_8859_5 iso_8859_5_1988 "
	  "iso_ir_144 ", ICONV, "ISO8859-5" },
	{ " iso8859_6 arabic asmo_708 csisolatinarabic ecma_114 iso_8859_6 "
	  "iso_8859_6_1987 iso_ir_127 ", ICONV, "ISO8859-6" },
	{ " iso8859_7 csisolatingreek ecma_118 elot_928 greek greek8 iso_8859_7 "
	  "iso_8859_7_1987 iso_ir_126 ", ICONV, "ISO8859-7" },
	{ " iso8859_8 csisolatinhebrew hebrew iso_8859_8 iso_8859_8_1988 "
	  "iso_ir_138 ", ICONV, "ISO8859-8" },
	{ " iso8859_9 csisolatin5 iso_8859_9 iso_8859_9_1989 iso_ir_148 l5 latin5 ", ICONV, "ISO8859-9" },
	{ " koi8_r cskoi8r ", ICONV, "KOI8-R" },
	{ " koi8_t ", ICONV, "KOI8-T" },
	{ " koi8_u ", ICONV, "KOI8-U" },
	{ " shift_jis csshiftjis s_jis shiftjis sjis x_mac_japanese ", ICONV, "SHIFT-JIS" },
	{ " utf_32_be utf_32be ", ICONV, "UTF-32BE" },
	{ " utf_32_le utf_32le ", ICONV, "UTF-32LE" },
};

/* Where single-byte character sets differ from Latin 1; a character of 0 is undefined. */
struct exchange {
	uint8_t byte;
	uint16_t character;
};

static const struct exchange latin_9[] = {
	{ 0xA4, 0x20AC }, { 0xA6, 0x160 }, { 0xA8, 0x161 }, { 0xB4, 0x17D }, { 0xB8, 0x17E },
	{ 0xBC, 0x152 }, { 0xBD, 0x153 }, { 0xBE, 0x178 },
};

static const struct exchange cp1252[] = {
	{ 0x80, 0x20AC }, { 0x81, 0 }, { 0x82, 0x201A }, { 0x83, 0x192 }, { 0x84, 0x201E },
	{ 0x85, 0x2026 }, { 0x86, 0x2020 }, { 0x87, 0x2021 }, { 0x88, 0x2C6 },
	{ 0x89, 0x2030 }, { 0x8A, 0x160 }, { 0x8B, 0x2039 }, { 0x8C, 0x152 }, { 0x8D, 0 },
	{ 0x8E, 0x17D }, { 0x8F, 0 }, { 0x90, 0 }, { 0x91, 0x2018 }, { 0x92, 0x2019 },
	{ 0x93, 0x201C }, { 0x94, 0x201D }, { 0x95, 0x2022 }, { 0x96, 0x2013 },
	{ 0x97, 0x2014 }, { 0x98, 0x2DC }, { 0x99, 0x2122 }, { 0x9A, 0x161 }, { 0x9B, 0x203A },
	{ 0x9C, 0x153 }, { 0x9D, 0 }, { 0x9E, 0x17E }, { 0x9F, 0x178 },
};
// clang-format on

/* What turns one kind of bytes into text or back; FAULT_DECODING for what it cannot turn. */
struct turn {
	struct str in;
	bool force;
	size_t unit; /* bytes to pass over in iconv's input; 0: a character of UTF-8 */
	struct buffer out;
	bool failed;
};

enum { MAX_NAME = 40 };

/* Letters and digits in lower case, what is between them becomes one "_": "Latin-1" is " latin_1 ". */
static struct str name_normalize(struct str name, char out[MAX_NAME + 3])
{
	size_t n = 0;
	bool gap = false;
	out[n++] = ' ';
	for (size_t i = 0; i < name.n; i++) {
		unsigned char c = (unsigned char)name.p[i];
		if (c >= 'A' && c <= 'Z')
			c |= 0x20;
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) {
			gap = n > 1;
			continue;
		}
		if (n + gap >= MAX_NAME)
			return STR_NONE;
		if (gap)
			out[n++] = '_';
		gap = false;
		out[n++] = (char)c;
	}
	out[n++] = ' ';
	return n > 2 ? (struct str){ out, n } : STR_NONE;
}

static const struct charset *charset_find(struct str name, struct err *err)
{
	char room[MAX_NAME + 3];
	struct str normal = name_normalize(name, room);
	/* Python looks for the first of the names only if it has no dot. */
	size_t first = str_index(name, '.') != STR_NOT_FOUND ? 1 : 0;
	for (size_t i = 0; normal.p && i < sizeof charsets / sizeof *charsets; i++) {
		size_t at = str_find(str_of(charsets[i].names), normal);
		if (at != STR_NOT_FOUND && at >= first)
			return &charsets[i];
	}
	err_set(err, FAULT_OTHER, "LookupError: unknown encoding: %.*s", STR_ARG(name));
	return NULL;
}

/* Passes over n bytes that cannot be turned; false if that is the end of it. */
static bool turn_skip(struct turn *t, size_t n)
{
	t->in = str_slice(t->in, n, t->in.n);
	t->failed |= !t->force;
	return t->force;
}

static const struct exchange *exchanges(enum kind kind, size_t *n_out)
{
	*n_out = kind == LATIN_9 ? sizeof latin_9 / sizeof *latin_9
	       : kind == CP1252  ? sizeof cp1252 / sizeof *cp1252
	                         : 0;
	return kind == LATIN_9 ? latin_9 : cp1252;
}

/* The character of a byte, or 0 if it has none. */
static uint32_t character_of(enum kind kind, uint8_t byte)
{
	size_t n;
	const struct exchange *table = exchanges(kind, &n);
	for (size_t i = 0; i < n; i++)
		if (table[i].byte == byte)
			return table[i].character;
	return kind == ASCII && byte >= 0x80 ? 0 : byte;
}

/* The byte of a character that is not ASCII, or -1 if it has none. */
static int byte_of(enum kind kind, uint32_t character)
{
	size_t n;
	const struct exchange *table = exchanges(kind, &n);
	for (size_t i = 0; i < n; i++)
		if (table[i].character == character)
			return table[i].byte;
	if (character > 0xFF || character_of(kind, (uint8_t)character) != character)
		return -1;
	return (int)character;
}

static void single_decode(struct turn *t, enum kind kind)
{
	while (t->in.n) {
		uint8_t byte = (uint8_t)t->in.p[0];
		uint32_t c = byte < 0x80 ? byte : character_of(kind, byte);
		if (c || !byte) {
			buffer_add_utf8(&t->out, c);
			t->in = str_slice(t->in, 1, t->in.n);
		} else if (!turn_skip(t, 1)) {
			return;
		}
	}
}

static void single_encode(struct turn *t, enum kind kind)
{
	while (t->in.n) {
		struct str rest = t->in;
		uint32_t c = text_next(&rest);
		int byte = c < 0x80 ? (int)c : byte_of(kind, c);
		if (byte >= 0) {
			buffer_add_char(&t->out, (char)byte);
			t->in = rest;
		} else if (!turn_skip(t, t->in.n - rest.n)) {
			return;
		}
	}
}

static uint32_t unit_read(struct str in, size_t at, bool big)
{
	uint32_t first = (uint8_t)in.p[at], second = (uint8_t)in.p[at + 1];
	return big ? first << 8 | second : second << 8 | first;
}

static void utf16_decode(struct turn *t, enum kind kind)
{
	bool big = kind == UTF_16_BE;
	if (kind == UTF_16 && t->in.n >= 2) {
		uint32_t mark = unit_read(t->in, 0, false);
		big = mark == 0xFFFE;
		if (big || mark == 0xFEFF)
			t->in = str_slice(t->in, 2, t->in.n);
	}
	while (t->in.n) {
		size_t left = t->in.n;
		uint32_t c = left < 2 ? 0 : unit_read(t->in, 0, big);
		bool high = c >= 0xD800 && c < 0xDC00;
		uint32_t low = high && left >= 4 ? unit_read(t->in, 2, big) : 0;
		size_t wrong = 0;
		if (left < 2 || (high && left < 4))
			wrong = left; /* cut off */
		else if ((c >= 0xDC00 && c < 0xE000) || (high && (low & 0xFC00) != 0xDC00))
			wrong = 2;
		if (wrong) {
			if (!turn_skip(t, wrong))
				return;
			continue;
		}
		buffer_add_utf8(&t->out, high ? 0x10000 + ((c & 0x3FF) << 10 | (low & 0x3FF)) : c);
		t->in = str_slice(t->in, high ? 4 : 2, left);
	}
}

static void unit_write(struct buffer *out, uint32_t unit, bool big)
{
	char low = (char)(unit & 0xFF), high = (char)(unit >> 8);
	buffer_put(out, (char[]){ big ? high : low, big ? low : high }, 2);
}

static bool is_surrogate(uint32_t c)
{
	return c >= 0xD800 && c < 0xE000;
}

static void utf16_encode(struct turn *t, enum kind kind)
{
	bool big = kind == UTF_16_BE;
	if (kind == UTF_16)
		unit_write(&t->out, 0xFEFF, big);
	while (t->in.n) {
		struct str rest = t->in;
		uint32_t c = text_next(&rest);
		if (is_surrogate(c)) {
			if (!turn_skip(t, t->in.n - rest.n))
				return;
			continue;
		}
		if (c >= 0x10000)
			unit_write(&t->out, 0xD7C0 + (c >> 10), big);
		unit_write(&t->out, c < 0x10000 ? c : 0xDC00 | (c & 0x3FF), big);
		t->in = rest;
	}
}

/* Turns all of t->in, or up to the first thing that iconv refuses unless that is to be dropped. */
static void iconv_turn(struct turn *t, iconv_t converter)
{
	bool more = true;
	while (more) {
		char room[512], *out = room, *in = (char *)(uintptr_t)t->in.p;
		size_t in_left = t->in.n, out_left = sizeof room;
		/* Without input, the last call goes back to the initial shift state. */
		size_t status = iconv(converter, in_left ? &in : NULL, &in_left, &out, &out_left);
		int error = status == (size_t)-1 ? errno : 0;
		more = t->in.n > 0;
		t->in = str_slice(t->in, t->in.n - in_left, t->in.n);
		buffer_put(&t->out, room, (size_t)(out - room));
		if (error == EINVAL && !turn_skip(t, t->in.n))
			return;
		if (error == EILSEQ) {
			struct str rest = t->in;
			if (!t->unit)
				text_next(&rest);
			if (!turn_skip(t, t->unit ? t->unit : t->in.n - rest.n))
				return;
		}
	}
}

static int iconv_run(struct turn *t, const char *to, const char *from, struct err *err)
{
	iconv_t converter = iconv_open(to, from);
	if (converter == (iconv_t)-1)
		return err_set(err, FAULT_OTHER, "LookupError: unknown encoding: %s", from);
	iconv_turn(t, converter);
	iconv_close(converter);
	return 0;
}

static int turn_end(const struct turn *t, const char *verb, const struct charset *charset,
                    struct str *out, struct err *err)
{
	if (t->failed)
		return err_set(err, FAULT_DECODING, "can't %s as %.*s", verb,
		               (int)strcspn(charset->names + 1, " "), charset->names + 1);
	*out = buffer_str(&t->out);
	return 0;
}

static int utf8_decode(struct arena *arena, struct str bytes, bool force, struct str *out,
                       struct err *err)
{
	if (!force && !text_is_utf8(bytes))
		return err_set(err, FAULT_DECODING, "can't decode as utf_8");
	*out = text_clean_utf8(arena, bytes);
	return 0;
}

int charset_decode(struct arena *arena, struct str bytes, struct str name, bool force,
                   struct str *out, struct err *err)
{
	if (bytes.n == 0) {
		*out = S("");
		return 0;
	}
	const struct charset *charset = charset_find(name, err);
	if (!charset)
		return -1;
	struct turn t = { .in = bytes, .force = force };
	buffer_init_in(&t.out, arena, SIZE_MAX);
	switch (charset->kind) {
	case UTF_8_SIG:
		if (str_starts(bytes, S("\xEF\xBB\xBF")))
			bytes = str_slice(bytes, 3, bytes.n);
		return utf8_decode(arena, bytes, force, out, err);
	case UTF_8:
		return utf8_decode(arena, bytes, force, out, err);
	case UTF_16:
	case UTF_16_LE:
	case UTF_16_BE:
		utf16_decode(&t, charset->kind);
		break;
	case ASCII:
	case LATIN_1:
	case LATIN_9:
	case CP1252:
		if (text_is_ascii(bytes)) {
			*out = bytes;
			return 0;
		}
		single_decode(&t, charset->kind);
		break;
	case ICONV:
		t.unit = strncmp(charset->iconv, "UTF-32", 6) == 0 ? 4 : 1;
		if (iconv_run(&t, "UTF-8", charset->iconv, err) < 0)
			return -1;
		break;
	}
	return turn_end(&t, "decode", charset, out, err);
}

int charset_encode(struct arena *arena, struct str text, struct str name, bool force,
                   struct str *out, struct err *err)
{
	const struct charset *charset = charset_find(name, err);
	if (!charset)
		return -1;
	struct turn t = { .in = text, .force = force };
	buffer_init_in(&t.out, arena, SIZE_MAX);
	switch (charset->kind) {
	case UTF_8:
	case UTF_8_SIG:
		t.failed = utf8_decode(arena, text, force, &text, NULL) < 0;
		if (!t.failed && charset->kind == UTF_8) {
			*out = text;
			return 0;
		}
		buffer_add_str(&t.out, S("\xEF\xBB\xBF"));
		buffer_add_str(&t.out, text);
		break;
	case UTF_16:
	case UTF_16_LE:
	case UTF_16_BE:
		utf16_encode(&t, charset->kind);
		break;
	case ASCII:
	case LATIN_1:
	case LATIN_9:
	case CP1252:
		if (text_is_ascii(text)) {
			*out = text;
			return 0;
		}
		single_encode(&t, charset->kind);
		break;
	case ICONV:
		if (iconv_run(&t, charset->iconv, "UTF-8", err) < 0)
			return -1;
		break;
	}
	return turn_end(&t, "encode", charset, out, err);
}
