/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * json_scan.h - finding the bytes of a string that need a look, sixteen at a time where SSE2 is there.
 */
#pragma once
#include <intelmq/str.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* What ends a run of plain bytes, beside quote, backslash and controls below 0x20. */
enum json_scan {
	SCAN_STRING, /* nothing else; bytes from 0x80 on are noted */
	SCAN_ASCII,  /* everything that is not printable ASCII */
};

static inline bool json_scan_stops(unsigned char c, enum json_scan scan)
{
	return c < 0x20 || c == '"' || c == '\\' || (scan == SCAN_ASCII && c >= 0x7F);
}

#ifdef __SSE2__
/* Bit n of the result: byte n ends the run; the same for *high and bytes from 0x80 on. */
static inline __attribute__((always_inline)) unsigned json_scan_bits(__m128i v, enum json_scan scan,
                                                                     unsigned *high)
{
	__m128i stop = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')),
	                            _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
	stop = _mm_or_si128(stop, _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v));
	if (scan == SCAN_ASCII)
		stop = _mm_or_si128(stop, _mm_cmpeq_epi8(_mm_max_epu8(v, _mm_set1_epi8(0x7F)), v));
	unsigned stops = (unsigned)_mm_movemask_epi8(stop);
	*high = (unsigned)_mm_movemask_epi8(v);
	if (stops)
		*high &= (stops & (0 - stops)) - 1;
	return stops;
}

/* Eight to fifteen bytes as two halves that overlap. */
static inline __attribute__((always_inline)) const char *json_scan_halves(const char *p,
                                                                          const char *end,
                                                                          enum json_scan scan,
                                                                          unsigned *wide)
{
	unsigned high;
	__m128i v = _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)(const void *)p),
	                               _mm_loadl_epi64((const __m128i *)(const void *)(end - 8)));
	unsigned stops = json_scan_bits(v, scan, &high);
	*wide |= high;
	if (!stops)
		return end;
	unsigned at = (unsigned)__builtin_ctz(stops);
	return at < 8 ? p + at : end - 16 + at;
}
#endif

/*
 * The first byte at or behind `p` that ends the run, or `end`. *wide becomes nonzero if a byte from
 * 0x80 on was passed.
 */
static inline __attribute__((always_inline)) const char *json_scan_plain(const char *p,
                                                                         const char *end,
                                                                         enum json_scan scan,
                                                                         unsigned *wide)
{
#ifdef __SSE2__
	for (; end - p >= 16; p += 16) {
		unsigned high;
		unsigned stops = json_scan_bits(_mm_loadu_si128((const __m128i *)(const void *)p),
		                                scan, &high);
		*wide |= high;
		if (stops)
			return p + __builtin_ctz(stops);
	}
	if (end - p >= 8)
		return json_scan_halves(p, end, scan, wide);
#endif
	for (; p < end && !json_scan_stops((unsigned char)*p, scan); p++)
		*wide |= (unsigned char)*p & 0x80;
	return p;
}
