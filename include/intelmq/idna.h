/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * idna.h - host names in ASCII by the older rules, IDNA 2003 (RFC 3490), as Python's codec "idna".
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>

/*
 * Each label of a name to ASCII (ToASCII: nameprep, RFC 3491, then punycode, RFC 3492). A name that is
 * ASCII is returned itself, with any characters, if its labels have 1 to 63 of them; the last label
 * may be empty. In other names, U+3002, U+FF0E and U+FF61 are dots also and become dots; labels that
 * are ASCII stay as they are. Code points that Unicode 3.2 did not have are let through. The result is
 * not converted to lower case. -1 (FAULT_OTHER): a label is empty, too long or not allowed.
 */
int idna_encode(struct arena *, struct str name, struct str *out, struct err *);
