/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * codec_shim.h - the same work done with simdjson, for comparison (bench/codec_simdjson.cc).
 */
#pragma once
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Decodes the events of `text` (ends[i] is where the i-th one ends), changes each as bench/codec.c does, and
 * writes them again. Returns the bytes written, 0 on failure.
 */
size_t bench_simdjson(const char *text, const size_t *ends, size_t n);

#ifdef __cplusplus
}
#endif
