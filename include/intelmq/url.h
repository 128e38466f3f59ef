/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * url.h - URLs taken apart (RFC 3986 appendix B), with the leniency and the refusals of Python
 * 3.11's urllib.parse.urlsplit. Nothing is decoded, nothing is normalised but the scheme's case.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>

/* Parts are borrowed from the text, or from the arena where the text had to be cleaned first. */
struct url {
	struct str scheme;    /* lower case, without ":"; empty if there is none */
	struct str authority; /* between "//" and the next "/", "?" or "#"; as written */
	struct str path;
	struct str query;    /* without "?" */
	struct str fragment; /* without "#" */
};

/*
 * Leading spaces and C0 controls are skipped; tabs, carriage returns and line feeds are removed
 * everywhere. Missing parts are empty, never STR_NONE. A text without any URL in it has a path only.
 * Takes memory only if something is removed, the scheme has upper case, or the authority is not
 * ASCII.
 * Fails (FAULT_OTHER) for an authority with "[" without "]" or the reverse; with brackets around
 * something other than an IPv6 address (zone id allowed) or `v<hex>.<text>`, or with anything
 * between user information and "[", or anything but `:port` after "]"; and for a non-ASCII
 * authority whose NFKC form has one of "/?#@:".
 */
int url_split(struct arena *, struct str text, struct url *out, struct err *);

/* The part before "@" up to the first ":"; STR_NONE without "@". As written. */
struct str url_username(const struct url *);

/* The part before "@" behind the first ":"; STR_NONE if there is none. As written. */
struct str url_password(const struct url *);

/*
 * The host without port and brackets, in lower case but for a zone id; STR_NONE if empty. Takes
 * memory only where the case changes.
 */
struct str url_hostname(struct arena *, const struct url *);

/* *out is the port or -1 if there is none; fails (FAULT_OTHER) if it is no number of 0…65535. */
int url_port(const struct url *, int *out, struct err *);

/* The opposite of url_split: the text of the parts. Empty parts leave no delimiter. */
struct str url_join(struct arena *, const struct url *);
