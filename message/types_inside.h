/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * types_inside.h - what the files of the types share; see types.h for the meaning of the two verbs.
 */
#pragma once
#include "message/types.h"

#define SANITIZE(name) int name(struct arena *, struct value in, struct value *out, struct err *)
#define IS_VALID(name) int name(struct arena *, struct value in, struct err *)

/* types_text.c */
SANITIZE(string_sanitize);
IS_VALID(string_is_valid);
SANITIZE(lowercase_sanitize);
IS_VALID(lowercase_is_valid);
SANITIZE(uppercase_sanitize);
IS_VALID(uppercase_is_valid);
SANITIZE(taxonomy_sanitize);
IS_VALID(taxonomy_is_valid);
SANITIZE(classification_sanitize);
IS_VALID(classification_is_valid);
SANITIZE(registry_sanitize);
IS_VALID(registry_is_valid);
SANITIZE(tlp_sanitize);
IS_VALID(tlp_is_valid);

/* types_net.c */
SANITIZE(fqdn_sanitize);
IS_VALID(fqdn_is_valid);
SANITIZE(ipaddress_sanitize);
IS_VALID(ipaddress_is_valid);
SANITIZE(ipnetwork_sanitize);
IS_VALID(ipnetwork_is_valid);
SANITIZE(url_sanitize);
IS_VALID(url_is_valid);

/* types_number.c */
SANITIZE(boolean_sanitize);
IS_VALID(boolean_is_valid);
SANITIZE(integer_sanitize);
IS_VALID(integer_is_valid);
SANITIZE(asn_sanitize);
IS_VALID(asn_is_valid);
SANITIZE(float_sanitize);
IS_VALID(float_is_valid);
SANITIZE(accuracy_sanitize);
IS_VALID(accuracy_is_valid);

/* True for a text that is not empty: what most types require. */
static inline bool is_text(struct value v)
{
	return v.kind == VALUE_STR && v.text.n > 0;
}
