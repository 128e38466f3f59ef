/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/buffer.h>
#include <intelmq/ip.h>
#include <intelmq/text.h>
#include <intelmq/url.h>

/* What a character may be part of. */
enum {
	ALPHA = 1,
	SCHEME = 2, /* letters, digits, "+-." */
	HEX = 4,
	REMOVED = 8,   /* tab, line feed, carriage return */
	AFTER = 16,    /* ends the authority */
	RESERVED = 32, /* must not come out of compatibility characters in an authority */
	IGNORED = 64, /* not looked at by that check, as delimiters inside the authority are fine */
};

static const uint8_t kinds[256] = {
	['\t'] = REMOVED,
	['\n'] = REMOVED,
	['\r'] = REMOVED,
	['+'] = SCHEME,
	['-'] = SCHEME,
	['.'] = SCHEME,
	['/'] = AFTER | RESERVED,
	['?'] = AFTER | RESERVED | IGNORED,
	['#'] = AFTER | RESERVED | IGNORED,
	['@'] = RESERVED | IGNORED,
	[':'] = RESERVED | IGNORED,
	['0' ... '9'] = SCHEME | HEX,
	['A' ... 'F'] = ALPHA | SCHEME | HEX,
	['G' ... 'Z'] = ALPHA | SCHEME,
	['a' ... 'f'] = ALPHA | SCHEME | HEX,
	['g' ... 'z'] = ALPHA | SCHEME,
};

static bool is(char c, unsigned kind)
{
	return kinds[(unsigned char)c] & kind;
}

/* Index of the first character of these kinds, or the length. */
static size_t first_of(struct str s, unsigned kind)
{
	size_t i = 0;
	while (i < s.n && !is(s.p[i], kind))
		i++;
	return i;
}

static struct str without(struct arena *arena, struct str s, unsigned kind)
{
	size_t n = first_of(s, kind);
	if (n == s.n)
		return s;
	char *kept = arena_alloc(arena, s.n);
	memcpy(kept, s.p, n);
	for (size_t i = n; i < s.n; i++)
		if (!is(s.p[i], kind))
			kept[n++] = s.p[i];
	return (struct str){ kept, n };
}

static struct str ascii_lower(struct arena *arena, struct str s)
{
	size_t i = 0;
	while (i < s.n && !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
		i++;
	if (i == s.n)
		return s;
	char *lower = arena_alloc(arena, s.n);
	for (i = 0; i < s.n; i++)
		lower[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] | 0x20 : s.p[i]);
	return (struct str){ lower, s.n };
}

static struct str scheme_take(struct arena *arena, struct str *rest)
{
	if (rest->n == 0 || !is(rest->p[0], ALPHA))
		return str_slice(*rest, 0, 0);
	size_t n = 1;
	while (n < rest->n && is(rest->p[n], SCHEME))
		n++;
	if (n == rest->n || rest->p[n] != ':')
		return str_slice(*rest, 0, 0);
	struct str scheme = str_slice(*rest, 0, n);
	*rest = str_slice(*rest, n + 1, rest->n);
	return ascii_lower(arena, scheme);
}

/* Cuts off what follows the first `mark`; empty if there is none. */
static struct str tail_take(struct str *rest, char mark)
{
	size_t at = str_index(*rest, mark);
	if (at == STR_NOT_FOUND)
		return str_slice(*rest, rest->n, rest->n);
	struct str tail = str_slice(*rest, at + 1, rest->n);
	rest->n = at;
	return tail;
}

/* Host and port: what follows the last "@", or everything. */
static struct str host_part(struct str authority, size_t *user_length)
{
	const char *at = authority.n ? memrchr(authority.p, '@', authority.n) : NULL;
	*user_length = at ? (size_t)(at - authority.p) : STR_NOT_FOUND;
	return at ? str_slice(authority, *user_length + 1, authority.n) : authority;
}

static bool is_future_address(struct str host)
{
	size_t n = 1;
	while (n < host.n && is(host.p[n], HEX))
		n++;
	return n > 1 && n + 1 < host.n && host.p[n] == '.';
}

/* The authority has both brackets: they must enclose the host, and that must be an IPv6 address. */
static int brackets_check(struct str authority, struct err *err)
{
	size_t user;
	struct str rest = host_part(authority, &user), host, zone;
	size_t open = str_index(rest, '[');
	if (open == STR_NOT_FOUND) {
		host = str_slice(rest, 0, str_index(rest, ':'));
	} else {
		rest = str_slice(rest, open + 1, rest.n);
		size_t close = str_index(rest, ']');
		host = str_slice(rest, 0, close);
		bool port = close == STR_NOT_FOUND || close + 1 == rest.n ||
		            rest.p[close + 1] == ':';
		if (open > 0 || !port)
			return err_set(err, FAULT_OTHER,
			               "text beside the brackets of the host in \"%.*s\"",
			               STR_ARG(authority));
	}
	struct ip ip;
	if (host.n && host.p[0] == 'v' ? is_future_address(host)
	                               : ip_parse_scoped(host, &ip, &zone) == 0 && ip.version == 6)
		return 0;
	return err_set(err, FAULT_OTHER, "no IPv6 address in brackets in \"%.*s\"",
	               STR_ARG(authority));
}

static bool is_ascii(struct str s)
{
	unsigned char seen = 0;
	for (size_t i = 0; i < s.n; i++)
		seen |= (unsigned char)s.p[i];
	return seen < 0x80;
}

/* A look-alike such as U+2100 would otherwise move the end of the host after normalisation. */
static int lookalike_check(struct arena *arena, struct str authority, struct err *err)
{
	struct str plain = without(arena, authority, IGNORED);
	struct str normal = text_nfkc(arena, plain);
	if (str_eq(plain, normal) || first_of(normal, RESERVED) == normal.n)
		return 0;
	return err_set(err, FAULT_OTHER,
	               "\"%.*s\" contains invalid characters under NFKC normalization",
	               STR_ARG(authority));
}

static int authority_check(struct arena *arena, struct str authority, struct err *err)
{
	bool open = str_index(authority, '[') != STR_NOT_FOUND;
	bool close = str_index(authority, ']') != STR_NOT_FOUND;
	if (open != close)
		return err_set(err, FAULT_OTHER, "unbalanced bracket in \"%.*s\"",
		               STR_ARG(authority));
	if (open && brackets_check(authority, err))
		return -1;
	return is_ascii(authority) ? 0 : lookalike_check(arena, authority, err);
}

int url_split(struct arena *arena, struct str text, struct url *out, struct err *err)
{
	while (text.n && (unsigned char)text.p[0] <= ' ')
		text = str_slice(text, 1, text.n);
	if (!text.p)
		text = S("");
	text = without(arena, text, REMOVED);
	out->scheme = scheme_take(arena, &text);
	out->authority = str_slice(text, 0, 0);
	if (str_starts(text, S("//"))) {
		text = str_slice(text, 2, text.n);
		out->authority = str_slice(text, 0, first_of(text, AFTER));
		text = str_slice(text, out->authority.n, text.n);
		if (authority_check(arena, out->authority, err))
			return -1;
	}
	out->fragment = tail_take(&text, '#');
	out->query = tail_take(&text, '?');
	out->path = text;
	return 0;
}

struct str url_username(const struct url *url)
{
	size_t user;
	host_part(url->authority, &user);
	if (user == STR_NOT_FOUND)
		return STR_NONE;
	struct str all = str_slice(url->authority, 0, user);
	return str_slice(all, 0, str_index(all, ':'));
}

struct str url_password(const struct url *url)
{
	size_t user;
	host_part(url->authority, &user);
	if (user == STR_NOT_FOUND)
		return STR_NONE;
	struct str all = str_slice(url->authority, 0, user);
	size_t colon = str_index(all, ':');
	return colon == STR_NOT_FOUND ? STR_NONE : str_slice(all, colon + 1, all.n);
}

/* Host and port without brackets; the port is empty if there is none. */
static struct str host_split(struct str authority, struct str *port)
{
	size_t user;
	struct str host = host_part(authority, &user), rest = host;
	size_t open = str_index(host, '[');
	if (open != STR_NOT_FOUND) {
		rest = str_slice(host, open + 1, host.n);
		host = str_slice(rest, 0, str_index(rest, ']'));
		rest = str_slice(rest, host.n + 1, rest.n);
	}
	size_t colon = str_index(rest, ':');
	*port = colon == STR_NOT_FOUND ? str_slice(rest, rest.n, rest.n)
	                               : str_slice(rest, colon + 1, rest.n);
	return open == STR_NOT_FOUND ? str_slice(host, 0, colon) : host;
}

struct str url_hostname(struct arena *arena, const struct url *url)
{
	struct str port, host = host_split(url->authority, &port);
	if (host.n == 0)
		return STR_NONE;
	size_t percent = str_index(host, '%');
	struct str name = str_slice(host, 0, percent), lower = text_lower(arena, name);
	if (percent == STR_NOT_FOUND || str_eq(name, lower))
		return percent == STR_NOT_FOUND ? lower : host;
	struct buffer b;
	buffer_init_in(&b, arena, SIZE_MAX);
	buffer_add_str(&b, lower);
	buffer_add_str(&b, str_slice(host, percent, host.n));
	return buffer_str(&b);
}

int url_port(const struct url *url, int *out, struct err *err)
{
	struct str port;
	host_split(url->authority, &port);
	*out = port.n ? 0 : -1;
	for (size_t i = 0; i < port.n; i++) {
		if (port.p[i] < '0' || port.p[i] > '9')
			return err_set(err, FAULT_OTHER, "port \"%.*s\" is not a number",
			               STR_ARG(port));
		*out = *out * 10 + (port.p[i] - '0');
		if (*out > 65535)
			return err_set(err, FAULT_OTHER, "port %.*s is above 65535", STR_ARG(port));
	}
	return 0;
}

/* Schemes that are written with "//" even where the authority is empty: file:///x. */
static bool has_authority(struct str scheme)
{
	static const char *const names[] = { "file",   "ftp",      "git",   "git+ssh", "gopher",
		                             "http",   "https",    "imap",  "mms",     "nfs",
		                             "nntp",   "prospero", "rsync", "rtsp",    "rtspu",
		                             "sftp",   "shttp",    "snews", "svn",     "svn+ssh",
		                             "telnet", "wais",     "ws",    "wss" };
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eq(scheme, str_of(names[i])))
			return true;
	return false;
}

struct str url_join(struct arena *arena, const struct url *url)
{
	struct buffer b;
	buffer_init_in(&b, arena, SIZE_MAX);
	if (url->scheme.n) {
		buffer_add_str(&b, url->scheme);
		buffer_add_char(&b, ':');
	}
	if (url->authority.n || (has_authority(url->scheme) && !str_starts(url->path, S("//")))) {
		buffer_add_str(&b, S("//"));
		buffer_add_str(&b, url->authority);
		if (url->path.n && url->path.p[0] != '/')
			buffer_add_char(&b, '/');
	}
	buffer_add_str(&b, url->path);
	if (url->query.n) {
		buffer_add_char(&b, '?');
		buffer_add_str(&b, url->query);
	}
	if (url->fragment.n) {
		buffer_add_char(&b, '#');
		buffer_add_str(&b, url->fragment);
	}
	return buffer_str(&b);
}
