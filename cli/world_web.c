/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A web server that gives the answers of a recording, and the certification authority behind it. */
#include <intelmq/base64.h>
#include <intelmq/buffer.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/world.h"

enum { REQUEST = 64 * 1024, DAYS = 24 * 3600, MAX_ANSWER = 64 * 1024 * 1024, TLS_HANDSHAKE = 0x16 };

/* ---- Certificates ---- */

struct authority {
	EVP_PKEY *key;
	X509 *certificate;
	char path[64];
};

/* Signed by the authority, or by itself (no authority): then it is one. */
static X509 *certificate_new(const struct authority *authority, const char *name, EVP_PKEY *key)
{
	char text[300];
	X509V3_CTX context;
	X509 *x = X509_new();
	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), (long)getpid() * 1000 + random() % 1000);
	/* The clock of the recordings is not the machine's: valid in both. */
	ASN1_TIME_set_string_X509(X509_getm_notBefore(x), "20200101000000Z");
	ASN1_TIME_set_string_X509(X509_getm_notAfter(x), "20991231235959Z");
	X509_set_pubkey(x, key);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
	                           (const unsigned char *)name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(authority ? authority->certificate : x));
	X509V3_set_ctx(&context, authority ? authority->certificate : x, x, NULL, NULL, 0);
	snprintf(text, sizeof text, authority ? "DNS:%.250s" : "critical,CA:TRUE", name);
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(
		NULL, &context, authority ? NID_subject_alt_name : NID_basic_constraints, text);
	if (extension)
		X509_add_ext(x, extension, -1);
	X509_EXTENSION_free(extension);
	X509_sign(x, authority ? authority->key : key, EVP_sha256());
	return x;
}

int authority_new(struct authority **out, struct err *err)
{
	struct authority *a = calloc(1, sizeof *a);
	if (!a)
		abort();
	snprintf(a->path, sizeof a->path, "/tmp/intelmq-authority-XXXXXX");
	int fd = mkstemp(a->path);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	a->key = EVP_EC_gen("P-256");
	a->certificate = a->key ? certificate_new(NULL, "Conformance", a->key) : NULL;
	if (!file || !a->certificate || !PEM_write_X509(file, a->certificate)) {
		if (file)
			fclose(file);
		authority_free(a);
		return err_set(err, FAULT_OTHER, "no certificates can be made");
	}
	fclose(file);
	*out = a;
	return 0;
}

void authority_free(struct authority *a)
{
	if (!a)
		return;
	unlink(a->path);
	X509_free(a->certificate);
	EVP_PKEY_free(a->key);
	free(a);
}

const char *authority_path(const struct authority *a)
{
	return a->path;
}

/* A certificate for whatever name the client wants. */
static int name_wanted(SSL *ssl, int *alert, void *context)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *x = certificate_new(context, name ? name : "localhost", key);
	(void)alert;
	SSL_use_certificate(ssl, x);
	SSL_use_PrivateKey(ssl, key);
	X509_free(x);
	EVP_PKEY_free(key);
	return SSL_TLSEXT_ERR_OK;
}

/* ---- Connections ---- */

struct connection {
	int fd;
	SSL *ssl; /* NULL: plain */
};

static int receive(struct connection *c, char *bytes, size_t n)
{
	return c->ssl ? SSL_read(c->ssl, bytes, (int)n) : (int)recv(c->fd, bytes, n, 0);
}

static void send_all(struct connection *c, struct str bytes)
{
	while (bytes.n) {
		int n = c->ssl ? SSL_write(c->ssl, bytes.p, (int)bytes.n)
		               : (int)send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (n <= 0)
			return;
		bytes = str_slice(bytes, (size_t)n, bytes.n);
	}
}

/* The head of the request, NUL terminated. */
static bool read_head(struct connection *c, char head[REQUEST])
{
	size_t n = 0;
	head[0] = 0;
	while (!strstr(head, "\r\n\r\n")) {
		int got = n + 1 < REQUEST ? receive(c, head + n, REQUEST - 1 - n) : 0;
		if (got <= 0)
			return false;
		n += (size_t)got;
		head[n] = 0;
	}
	return true;
}

/* ---- Answers ---- */

static struct str text_in(const struct dict *d, const char *name)
{
	const struct value *v = d ? dict_get(d, str_of(name)) : NULL;
	return v && v->kind == VALUE_STR ? v->text : STR_NONE;
}

static const struct dict *dict_in(const struct dict *d, const char *name)
{
	const struct value *v = d ? dict_get(d, str_of(name)) : NULL;
	return v && v->kind == VALUE_DICT ? v->dict : NULL;
}

/* Without the query and the default port: what the recordings offer is named so. */
static struct str plain_url(struct arena *arena, struct str url)
{
	size_t query = str_find(url, S("?"));
	(void)arena;
	return query == STR_NOT_FOUND ? url : str_slice(url, 0, query);
}

static bool is_wanted(struct arena *arena, const struct dict *request, struct str method,
                      struct str url)
{
	struct str own = text_in(request, "url");
	return str_eq(text_in(request, "method"), method) &&
	       (str_eq(own, url) || str_eq(own, plain_url(arena, url)));
}

/*
 * What the server offers: with equal addresses the later entry wins. An exchange is found by its address, too; where the
 * test had put in another one, the exchanges come in order.
 */
static const struct dict *find_answer(struct arena *arena, const struct dict *run,
                                      struct str method, struct str url, size_t *used)
{
	const struct value *all = dict_get(run, S("http"));
	const struct dict *found = NULL;
	size_t n = all && all->kind == VALUE_LIST ? all->list->n : 0;
	for (size_t i = 0; i < n; i++) {
		const struct dict *entry = all->list->items[i].dict,
				  *request = dict_in(entry, "request");
		if (is_wanted(arena, request ? request : entry, method, url))
			found = request ? dict_in(entry, "response") : entry;
	}
	const struct dict *next = !found && *used < n
	                                ? dict_in(all->list->items[*used].dict, "response")
	                                : NULL;
	++*used;
	return found ? found : next;
}

static void put_fields(struct buffer *out, const struct dict *fields)
{
	for (size_t i = 0; fields && i < fields->n; i++)
		if (fields->pairs[i].value.kind == VALUE_STR)
			buffer_printf(out, "%.*s: %.*s\r\n", STR_ARG(fields->pairs[i].key),
			              STR_ARG(fields->pairs[i].value.text));
}

/* Recordings have no words behind the status. */
static void answer(struct arena *arena, struct connection *c, const struct dict *found)
{
	const struct value *status = found ? dict_get(found, S("status")) : NULL;
	int64_t code = status && status->kind == VALUE_INT ? status->integer : found ? 200 : 404;
	struct str body = text_in(found, "body"), coded = text_in(found, "body_base64");
	struct buffer out;
	if (coded.p)
		base64_decode(arena, coded, &body, NULL);
	buffer_init_in(&out, arena, MAX_ANSWER);
	buffer_printf(&out, "HTTP/1.1 %d \r\nContent-Length: %zu\r\nConnection: close\r\n",
	              (int)code, body.n);
	put_fields(&out, dict_in(found, "headers"));
	buffer_add_str(&out, S("\r\n"));
	buffer_add_str(&out, body);
	send_all(c, buffer_str(&out));
}

static struct str host_of(const char *head)
{
	const char *at = strcasestr(head, "\r\nHost: ");
	return at ? (struct str){ at + 8, strcspn(at + 8, "\r") } : S("localhost");
}

static void serve_request(const struct dict *run, struct connection *c, size_t *used)
{
	static char head[REQUEST];
	struct arena arena;
	if (!read_head(c, head))
		return;
	arena_init(&arena);
	struct str rest = str_of(head), method = str_cut(&rest, ' '), path = str_cut(&rest, ' ');
	struct str url = arena_printf(&arena, "%s://%.*s%.*s", c->ssl ? "https" : "http",
	                              STR_ARG(host_of(head)), STR_ARG(path));
	answer(&arena, c, find_answer(&arena, run, method, url, used));
	arena_fini(&arena);
}

void world_serve(const struct authority *authority, const struct dict *run, int fd, size_t *used)
{
	struct connection c = { fd, NULL };
	char first;
	SSL_CTX *context = NULL;
	if (recv(fd, &first, 1, MSG_PEEK) == 1 && first == TLS_HANDSHAKE) {
		context = SSL_CTX_new(TLS_server_method());
		SSL_CTX_set_tlsext_servername_callback(context, name_wanted);
		SSL_CTX_set_tlsext_servername_arg(context, (void *)(uintptr_t)authority);
		c.ssl = SSL_new(context);
		SSL_set_fd(c.ssl, fd);
	}
	if (!c.ssl || SSL_accept(c.ssl) == 1)
		serve_request(run, &c, used);
	if (c.ssl)
		SSL_shutdown(c.ssl);
	SSL_free(c.ssl);
	SSL_CTX_free(context);
	shutdown(fd, SHUT_WR);
	close(fd);
}
