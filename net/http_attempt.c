/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* One attempt of a transfer: an easy handle of libcurl, and what comes of it. */
#include <intelmq/clock.h>
#include <intelmq/repr.h>
#include <string.h>
#include <unistd.h>

#include "net/http_parts.h"

enum { STREAM_FULL = 1024 * 1024 };

/* ---- What comes ---- */

static struct str without_end(const char *line, size_t n)
{
	while (n && (line[n - 1] == '\r' || line[n - 1] == '\n'))
		n--;
	return (struct str){ line, n };
}

/* "HTTP/1.1 404 Not Found": another answer begins; those before it (100, 401 of a proxy) do not count. */
static void begin_answer(struct http_transfer *t, struct str line)
{
	struct http_arrived *a = &t->arrived;
	buffer_clear(&a->head);
	buffer_clear(&a->reason);
	a->status = 0;
	a->head_is_complete = false;
	str_cut(&line, ' ');
	struct str code = str_cut(&line, ' ');
	for (size_t i = 0; i < code.n && i < 3 && code.p[i] >= '0' && code.p[i] <= '9'; i++)
		a->status = a->status * 10 + (code.p[i] - '0');
	buffer_add_str(&a->reason, str_slice(line, 0, line.n));
}

static size_t header_came(char *line, size_t size, size_t n, void *context)
{
	struct http_transfer *t = context;
	struct http_arrived *a = &t->arrived;
	struct str text = without_end(line, size * n);
	if (str_starts(text, S("HTTP/"))) {
		begin_answer(t, text);
	} else if (text.n) {
		buffer_add_str(&a->head, text);
		buffer_add_char(&a->head, '\n');
	} else if (a->status >= 200) {
		a->head_is_complete = true;
		if (t->stream && a->status / 100 != 3)
			http_turn(t);
	}
	a->too_large = a->head.over;
	return a->too_large ? 0 : size * n;
}

static bool goes_to_file(const struct http_transfer *t)
{
	return t->request.file > 0 && t->arrived.status < 300;
}

static bool write_file(struct http_transfer *t, const char *bytes, size_t n)
{
	off_t at = (off_t)t->arrived.bytes;
	while (n) {
		ssize_t written = pwrite(t->request.file, bytes, n, at);
		if (written <= 0)
			return false;
		bytes += written;
		at += written;
		n -= (size_t)written;
	}
	return true;
}

static size_t body_came(char *bytes, size_t size, size_t n, void *context)
{
	struct http_transfer *t = context;
	struct http_arrived *a = &t->arrived;
	size_t count = size * n;
	uint64_t limit = (uint64_t)t->request.params->http_max_size;
	if (t->stream && a->body.n >= STREAM_FULL) {
		a->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	if (t->request.enough && a->bytes + count > t->request.enough) {
		a->is_enough = true;
		count = (size_t)(t->request.enough - a->bytes);
	}
	if (a->bytes + count > limit && !t->stream)
		a->too_large = true;
	else if (goes_to_file(t))
		a->file_failed = !write_file(t, bytes, count);
	else
		buffer_add(&a->body, bytes, count);
	a->too_large = a->too_large || a->body.over;
	if (a->too_large || a->file_failed)
		return 0;
	a->bytes += count;
	if (t->stream && t->arrived.status / 100 != 3) {
		t->has_news = true;
		http_turn(t);
	}
	return count; /* libcurl stops where it is not all that came */
}

/* Called once a second at least. libcurl's own limit is an average, which says nothing of the moment. */
static int look_at_time(void *context, curl_off_t to_come, curl_off_t came, curl_off_t to_send,
                        curl_off_t sent)
{
	struct http_transfer *t = context;
	struct http_arrived *a = &t->arrived;
	(void)to_come;
	(void)to_send;
	int64_t now = clock_monotonic_ms(), moved = (int64_t)(came + sent);
	if (moved != a->moved || a->paused || !a->at_ms) {
		a->moved = moved;
		a->at_ms = now;
	}
	if (!a->began_ms)
		a->began_ms = now;
	double limit = t->request.params->http_timeout_sec * 1000;
	a->stalled = limit > 0 && (double)(now - a->at_ms) > limit;
	/* A byte now and then would keep a collector busy for ever. */
	double taken = (double)(now - a->began_ms);
	a->trickles = limit > 0 && !t->stream && taken > limit * HTTP_SLOW_TIMES &&
	              (double)moved * 1000 < taken * HTTP_SLOWEST;
	return a->stalled || a->trickles;
}

/* ---- What is sent ---- */

static bool is_credential(struct str name)
{
	return str_eq_nocase(name, S("Authorization")) || str_eq_nocase(name, S("Cookie"));
}

/* A line feed in a value would begin another field. */
static void add_field(struct http_transfer *t, struct str name, struct str value)
{
	if (t->moved && is_credential(name))
		return;
	if (memchr(value.p, '\n', value.n) || memchr(value.p, '\r', value.n) ||
	    memchr(name.p, '\n', name.n))
		return;
	/* libcurl takes "Name;" for a field without a value. */
	struct str line = value.n ? arena_printf(&t->arena, "%.*s: %.*s", STR_ARG(name),
	                                         STR_ARG(value))
	                          : arena_printf(&t->arena, "%.*s;", STR_ARG(name));
	struct curl_slist *longer = curl_slist_append(t->fields, line.p);
	t->fields = longer ? longer : t->fields;
}

static void add_fields(struct http_transfer *t)
{
	const struct dict *configured = t->request.params->http_header;
	for (size_t i = 0; configured && i < configured->n; i++) {
		struct value v = configured->pairs[i].value;
		add_field(t, configured->pairs[i].key,
		          v.kind == VALUE_STR ? v.text : value_repr(&t->arena, v));
	}
	for (size_t i = 0; i < t->request.n_fields; i++)
		add_field(t, t->request.fields[i].name, t->request.fields[i].value);
	if (t->request.body.n)
		add_field(t, S("Expect"), S("")); /* no waiting for 100 */
	curl_easy_setopt(t->easy, CURLOPT_HTTPHEADER, t->fields);
}

static void set_method(struct http_transfer *t)
{
	const char *method = t->request.method;
	if (t->request.body.p) {
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE,
		                 (curl_off_t)t->request.body.n);
		curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, t->request.body.p);
	}
	if (method && strcmp(method, "HEAD") == 0)
		curl_easy_setopt(t->easy, CURLOPT_NOBODY, 1L);
	else if (method && !(strcmp(method, "GET") == 0 && !t->request.body.p))
		curl_easy_setopt(t->easy, CURLOPT_CUSTOMREQUEST, method);
}

static void set_trust(struct http_transfer *t)
{
	const struct http_params *p = t->request.params;
	const char *ca = t->http->detour.ca_file;
	if (p->http_verify_cert.kind == VALUE_BOOL && !p->http_verify_cert.boolean) {
		curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(t->easy, CURLOPT_SSL_VERIFYHOST, 0L);
	} else if (p->http_verify_cert.kind == VALUE_STR) {
		const char *path = arena_cstr(&t->arena, p->http_verify_cert.text);
		bool folder = access(arena_printf(&t->arena, "%s/.", path).p, F_OK) == 0;
		curl_easy_setopt(t->easy, folder ? CURLOPT_CAPATH : CURLOPT_CAINFO, path);
	} else if (ca) {
		curl_easy_setopt(t->easy, CURLOPT_CAINFO, ca);
	}
	const char *own = p->ssl_client_cert ? p->ssl_client_cert : p->ssl_client_certificate;
	if (own)
		curl_easy_setopt(t->easy, CURLOPT_SSLCERT, own);
}

static void set_credentials(struct http_transfer *t)
{
	const struct http_params *p = t->request.params;
	curl_easy_setopt(t->easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
	if (!p->http_username || t->moved)
		return;
	curl_easy_setopt(t->easy, CURLOPT_USERNAME, p->http_username);
	curl_easy_setopt(t->easy, CURLOPT_PASSWORD, p->http_password ? p->http_password : "");
}

static void set_limits(struct http_transfer *t)
{
	double seconds = t->request.params->http_timeout_sec;
	long ms = seconds > 0 ? (long)(seconds * 1000) + (seconds * 1000 < 1) : 300 * 1000;
	curl_easy_setopt(t->easy, CURLOPT_CONNECTTIMEOUT_MS, ms);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME, (ms + 999) / 1000);
	curl_easy_setopt(t->easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(t->easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(t->easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(t->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(t->easy, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	curl_easy_setopt(t->easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
}

/* The addresses that were looked up, so that libcurl looks up nothing. */
static void set_way(struct http_transfer *t, const char *proxy)
{
	const struct http_detour *detour = &t->http->detour;
	CURLU *url = proxy ? curl_url() : NULL;
	char *host = NULL, *port = NULL;
	curl_easy_setopt(t->easy, CURLOPT_PROXY, proxy ? proxy : "");
	if (detour->connect_to) {
		t->detour = curl_slist_append(
			NULL, arena_printf(&t->arena, "::%s", detour->connect_to).p);
		curl_easy_setopt(t->easy, CURLOPT_CONNECT_TO, t->detour);
		return;
	}
	if (url && curl_url_set(url, CURLUPART_URL, proxy, CURLU_GUESS_SCHEME) != CURLUE_OK)
		goto out;
	curl_url_get(url ? url : t->url, CURLUPART_HOST, &host, 0);
	if (curl_url_get(url ? url : t->url, CURLUPART_PORT, &port, url ? 0 : CURLU_DEFAULT_PORT) !=
	    CURLUE_OK)
		port = NULL;
	if (host && host[0] != '[') {
		t->resolved = curl_slist_append(
			NULL, arena_printf(&t->arena, "+%s:%s:%.*s", host, port ? port : "1080",
		                           STR_ARG(buffer_str(&t->addresses)))
				      .p);
		curl_easy_setopt(t->easy, CURLOPT_RESOLVE, t->resolved);
	}
out:
	curl_free(host);
	curl_free(port);
	curl_url_cleanup(url);
}

static const char *proxy_for(const struct http_transfer *t)
{
	const struct http_params *p = t->request.params;
	if (!p->http_proxy || !p->https_proxy)
		return NULL;
	return str_starts(str_of(t->host->key), S("https:")) ? p->https_proxy : p->http_proxy;
}

static void clear_file(const struct http_transfer *t)
{
	/* An attempt before may have left the beginning of an answer. */
	if (t->request.file > 0 && t->tries > 0 && ftruncate(t->request.file, 0) < 0)
		return; /* what is written comes from the beginning all the same */
}

void attempt_start(struct http_transfer *t)
{
	const char *agent = t->request.params->http_user_agent;
	t->phase = TRANSFER_RUNNING;
	t->easy = http_easy_take(t->http);
	t->curl_text[0] = 0;
	clear_file(t);
	set_limits(t);
	set_method(t);
	set_trust(t);
	set_credentials(t);
	set_way(t, proxy_for(t));
	if (agent)
		curl_easy_setopt(t->easy, CURLOPT_USERAGENT, agent);
	add_fields(t);
	curl_easy_setopt(t->easy, CURLOPT_CURLU, t->url);
	curl_easy_setopt(t->easy, CURLOPT_ERRORBUFFER, t->curl_text);
	curl_easy_setopt(t->easy, CURLOPT_HEADERFUNCTION, header_came);
	curl_easy_setopt(t->easy, CURLOPT_HEADERDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_WRITEFUNCTION, body_came);
	curl_easy_setopt(t->easy, CURLOPT_WRITEDATA, t);
	curl_easy_setopt(t->easy, CURLOPT_XFERINFOFUNCTION, look_at_time);
	curl_easy_setopt(t->easy, CURLOPT_XFERINFODATA, t);
	curl_easy_setopt(t->easy, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t);
	curl_multi_add_handle(t->http->multi, t->easy);
}
