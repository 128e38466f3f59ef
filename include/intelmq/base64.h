/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * base64.h - base64 (RFC 4648 section 4) without line breaks.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>

/* The encoded form, NUL terminated, in the arena. */
struct str base64_encode(struct arena *, struct str bytes);

/*
 * Decodes leniently, as Python's binascii.a2b_base64 does: characters outside the alphabet are
 * skipped; the padding that completes a group ends the text, padding at other places is skipped.
 * The result lies in the arena. -1 (FAULT_OTHER): the last group is not complete.
 */
int base64_decode(struct arena *, struct str text, struct str *out, struct err *);

/*
 * Whether the text is nothing but base64: only characters of the alphabet, in complete groups of
 * four, and padding at the very end, superfluous padding after a complete group included
 * (base64.b64decode with validate=True). The empty text is.
 */
bool base64_is_strict(struct str text);
