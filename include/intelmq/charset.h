/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * charset.h - bytes in a named character set to text and back, as Python's codecs do it.
 *
 * Names are compared as Python does: case, and which punctuation separates the parts, do not
 * matter ("UTF-8", "utf_8", "latin1"). Built in: utf-8, utf-8-sig, utf-16, utf-16-le, utf-16-be,
 * ascii, iso-8859-1, iso-8859-15, cp1252. The Windows, DOS, ISO 8859, KOI8 and East Asian sets that
 * Python knows are left to iconv, whose tables differ in a few characters of the East Asian ones.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>

/*
 * bytes.decode(charset); with `force`, what cannot be decoded is dropped. The result is borrowed
 * from `bytes` where it can be, else it lies in the arena. Errors: FAULT_OTHER ("LookupError: …") for
 * an unknown name (of no importance if there are no bytes), FAULT_DECODING for wrong bytes.
 */
int charset_decode(struct arena *, struct str bytes, struct str charset, bool force,
                   struct str *out, struct err *);

/*
 * text.encode(charset); with `force`, what the character set does not have is dropped. Errors and
 * ownership as charset_decode, but an unknown name is always an error. utf-16 gets a byte order
 * mark and is little endian.
 */
int charset_encode(struct arena *, struct str text, struct str charset, bool force, struct str *out,
                   struct err *);
