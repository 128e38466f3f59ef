/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* A request on its way: where it goes, whose turn it is, when it is tried again, when it is over. */
#include <intelmq/clock.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/allocated.h"
#include "net/http_parts.h"

enum {
	MAX_ADDRESSES = 64 * 1024, /* text */
	MAX_REASON = 1000,
	TRANSFER_ARENA = 1024,
	MAX_STREAM = 4 * 1024 * 1024, /* 1 MB, and what libcurl hands over at once */
};

/* ---- What is asked for ---- */

static void copy_request(struct http_transfer *t, const struct http_request *request)
{
	struct http_field *fields = arena_zalloc(&t->arena, request->n_fields + 1, sizeof *fields);
	t->request = *request;
	t->request.url = arena_dup(&t->arena, request->url);
	t->request.body = request->body.p ? arena_dup(&t->arena, request->body) : STR_NONE;
	if (request->method)
		t->request.method = arena_cstr(&t->arena, str_of(request->method));
	for (size_t i = 0; i < request->n_fields; i++) {
		fields[i].name = arena_dup(&t->arena, request->fields[i].name);
		fields[i].value = arena_dup(&t->arena, request->fields[i].value);
	}
	t->request.fields = fields;
	t->url_text = t->request.url;
}

bool transfer_serves(const struct http_transfer *t, const struct http_request *request)
{
	const struct http_request *own = &t->request;
	if (t->phase == TRANSFER_OVER || t->stream || !own->shared || own->body.n ||
	    request->body.n || own->file || request->file || own->params != request->params ||
	    own->n_fields != request->n_fields || own->enough != request->enough ||
	    !str_eq(own->url, request->url) ||
	    !str_eq(str_of(own->method), str_of(request->method)))
		return false;
	for (size_t i = 0; i < own->n_fields; i++)
		if (!str_eq(own->fields[i].name, request->fields[i].name) ||
		    !str_eq(own->fields[i].value, request->fields[i].value))
			return false;
	return true;
}

struct http_transfer *transfer_new(struct http *http, const struct http_request *request,
                                   bool stream)
{
	static const struct http_params usual = HTTP_DEFAULTS;
	struct http_transfer *t = allocated(calloc(1, sizeof *t));
	t->http = http;
	t->stream = stream;
	arena_init(&t->arena);
	t->arena.first = TRANSFER_ARENA;
	copy_request(t, request);
	if (!t->request.params)
		t->request.params = &usual;
	buffer_init(&t->addresses, MAX_ADDRESSES);
	buffer_init(&t->arrived.head, HTTP_HEAD);
	buffer_init(&t->arrived.reason, MAX_REASON);
	buffer_init(&t->arrived.body, stream ? MAX_STREAM : HTTP_BODY);
	t->after = http->transfers;
	if (t->after)
		t->after->before = t;
	http->transfers = t;
	return t;
}

static void leave_host(struct http_transfer *t)
{
	struct http_host *host = t->host;
	if (!host)
		return;
	upstream_end(&host->upstream, &t->job);
	t->host = NULL;
	if (!t->http->closing)
		http_host_run(t->http, host);
	http_host_leave(t->http, host);
}

static void drop_easy(struct http_transfer *t)
{
	if (t->easy) {
		curl_multi_remove_handle(t->http->multi, t->easy);
		http_easy_give(t->http, t->easy);
	}
	curl_slist_free_all(t->fields);
	curl_slist_free_all(t->resolved);
	curl_slist_free_all(t->detour);
	t->easy = NULL;
	t->fields = t->resolved = t->detour = NULL;
}

static void leave_turn(struct http_transfer *t)
{
	struct http *http = t->http;
	struct http_transfer **place = &http->turn;
	while (*place && *place != t)
		place = &(*place)->next_turn;
	if (!*place)
		return;
	*place = t->next_turn;
	if (http->turn_end == &t->next_turn)
		http->turn_end = place;
}

void transfer_free(struct http_transfer *t)
{
	if (t->phase == TRANSFER_LOOKING_UP)
		dns_cancel(t->http->dns, &t->question);
	if (t->in_turn)
		leave_turn(t);
	drop_easy(t);
	leave_host(t);
	*(t->before ? &t->before->after : &t->http->transfers) = t->after;
	if (t->after)
		t->after->before = t->before;
	while (t->calls) {
		struct http_call *next = t->calls->next;
		free(t->calls); /* http_close: nobody is told */
		t->calls = next;
	}
	curl_url_cleanup(t->url);
	buffer_fini(&t->addresses);
	buffer_fini(&t->arrived.head);
	buffer_fini(&t->arrived.reason);
	buffer_fini(&t->arrived.body);
	arena_fini(&t->arena);
	free(t);
}

/* ---- The end ---- */

static void finish(struct http_transfer *t, enum result result)
{
	t->phase = TRANSFER_OVER;
	t->result = result;
	t->has_news = true;
	leave_host(t);
	http_turn(t);
}

/* "https://example.com/list: why"; user and password are never shown, nor what may be a key behind the ?. */
static void fail(struct http_transfer *t, enum result result, const char *why)
{
	char *shown = NULL;
	CURLU *bare = t->url ? curl_url_dup(t->url) : NULL;
	if (bare) {
		curl_url_set(bare, CURLUPART_USER, NULL, 0);
		curl_url_set(bare, CURLUPART_PASSWORD, NULL, 0);
		curl_url_set(bare, CURLUPART_QUERY, NULL, 0);
		curl_url_get(bare, CURLUPART_URL, &shown, 0);
	}
	err_set(&t->err, result == BAD_CONF ? FAULT_CONFIGURATION : FAULT_OTHER, "%.300s%s%s",
	        shown ? shown : "", shown ? ": " : "", why);
	curl_free(shown);
	curl_url_cleanup(bare);
	finish(t, result);
}

/* ---- Where it goes ---- */

static char *part_of(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	if (curl_url_get(url, part, &text, part == CURLUPART_PORT ? CURLU_DEFAULT_PORT : 0) !=
	    CURLUE_OK)
		return NULL;
	return text;
}

static bool is_https(CURLU *url)
{
	char *scheme = part_of(url, CURLUPART_SCHEME);
	bool yes = scheme && strcmp(scheme, "https") == 0;
	curl_free(scheme);
	return yes;
}

/* The reference uses both or none. */
static const char *proxy_of(const struct http_transfer *t)
{
	const struct http_params *p = t->request.params;
	if (!p->http_proxy || !p->https_proxy)
		return NULL;
	return is_https(t->url) ? p->https_proxy : p->http_proxy;
}

static void queue_attempt(struct http_transfer *t)
{
	t->phase = TRANSFER_QUEUED;
	upstream_queue(&t->host->upstream, &t->job);
	http_host_run(t->http, t->host);
}

static void add_addresses(struct http_transfer *t, const struct dns_answer *answer)
{
	for (size_t i = 0; i < answer->n; i++)
		buffer_printf(&t->addresses, "%s%.*s", t->addresses.n ? "," : "",
		              STR_ARG(answer->values[i]));
}

static void looked_up(struct http_transfer *t, const struct dns_answer *answer)
{
	char why[400];
	if (answer->status == DNS_FOUND) {
		add_addresses(t, answer);
		queue_attempt(t);
		return;
	}
	snprintf(why, sizeof why, "the address of %.*s is not known: %.*s",
	         STR_ARG(t->question.name), STR_ARG(answer->why));
	fail(t, TRY_LATER, why);
}

static void look_up(struct http_transfer *t, enum dns_type type);

static void name_answered(struct dns_question *question, const struct dns_answer *answer)
{
	struct http_transfer *t = question->context;
	bool other = answer->status == DNS_NO_DATA || answer->status == DNS_NO_NAME;
	t->phase = TRANSFER_FRESH;
	if (question->type == DNS_A && other)
		look_up(t, DNS_AAAA);
	else
		looked_up(t, answer);
}

static void look_up(struct http_transfer *t, enum dns_type type)
{
	struct arena arena;
	struct dns_answer answer;
	t->question.type = type;
	t->question.host = true;
	t->question.done = name_answered;
	t->question.context = t;
	t->phase = TRANSFER_LOOKING_UP;
	arena_init(&arena);
	if (dns_ask(t->http->dns, &t->question, &arena, &answer))
		name_answered(&t->question, &answer);
	arena_fini(&arena);
}

/* The host that is connected to, without the brackets of an IPv6 address. */
static void begin_lookup(struct http_transfer *t)
{
	const char *proxy = proxy_of(t);
	CURLU *url = proxy ? curl_url() : curl_url_dup(t->url);
	char *host = NULL;
	if (url &&
	    (!proxy || curl_url_set(url, CURLUPART_URL, proxy, CURLU_GUESS_SCHEME) == CURLUE_OK))
		host = part_of(url, CURLUPART_HOST);
	curl_url_cleanup(url);
	if (!host) {
		fail(t, BAD_CONF, "the proxy is no address");
		return;
	}
	struct str name = str_of(host);
	if (name.n > 1 && name.p[0] == '[')
		name = str_slice(name, 1, name.n - 1);
	t->question.name = arena_dup(&t->arena, name);
	curl_free(host);
	buffer_clear(&t->addresses);
	look_up(t, DNS_A);
}

static void enter_host(struct http_transfer *t)
{
	char key[400];
	char *host = part_of(t->url, CURLUPART_HOST), *port = part_of(t->url, CURLUPART_PORT);
	snprintf(key, sizeof key, "%s://%.300s:%s", is_https(t->url) ? "https" : "http",
	         host ? host : "", port ? port : "");
	curl_free(host);
	curl_free(port);
	leave_host(t);
	t->host = http_host_get(t->http, str_of(key), (size_t)t->request.params->http_connections);
}

static void begin(struct http_transfer *t)
{
	if (!t->url) {
		t->url = curl_url();
		CURLUcode code = CURLUE_OUT_OF_MEMORY;
		if (t->url && !memchr(t->url_text.p, 0, t->url_text.n))
			code = curl_url_set(t->url, CURLUPART_URL,
			                    arena_cstr(&t->arena, t->url_text), 0);
		char *scheme = code == CURLUE_OK ? part_of(t->url, CURLUPART_SCHEME) : NULL;
		bool known = scheme &&
		             (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0);
		curl_free(scheme);
		if (!known) {
			char why[400];
			snprintf(why, sizeof why, "'%.200s' is no address of a web server",
			         arena_cstr(&t->arena, t->url_text));
			curl_url_cleanup(t->url);
			t->url = NULL;
			fail(t, TRY_LATER, why);
			return;
		}
	}
	enter_host(t);
	if (t->http->detour.connect_to)
		queue_attempt(t);
	else
		begin_lookup(t);
}

static void tell_all(struct http_transfer *t)
{
	bool complete = t->phase == TRANSFER_OVER || (t->stream && t->arrived.head_is_complete);
	/* Who is told may free calls, this transfer, or begin others: nothing is touched after the last of them. */
	for (struct http_call *call = t->calls, *next; complete && call; call = next) {
		next = call->next;
		http_done *done = call->done;
		call->done = NULL;
		if (done)
			done(call, call->context);
	}
}

void transfer_turn(struct http_transfer *t)
{
	struct http_call *call = t->calls;
	if (t->phase == TRANSFER_FRESH) {
		begin(t);
	} else if (t->stream && call && !call->done) {
		if (t->has_news && call->news)
			call->news(call, call->news_context);
	} else {
		tell_all(t);
	}
}

/* ---- What comes after an attempt ---- */

static bool same_server(CURLU *a, CURLU *b)
{
	static const CURLUPart parts[] = { CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT };
	bool same = true;
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		char *x = part_of(a, parts[i]), *y = part_of(b, parts[i]);
		same = same && x && y && str_eq_nocase(str_of(x), str_of(y));
		curl_free(x);
		curl_free(y);
	}
	return same;
}

static struct str location_of(const struct http_transfer *t)
{
	struct str rest = buffer_str(&t->arrived.head);
	while (rest.n) {
		struct str line = str_cut(&rest, '\n'), name = str_cut(&line, ':');
		if (str_eq_nocase(name, S("Location")))
			return line.n && line.p[0] == ' ' ? str_slice(line, 1, line.n) : line;
	}
	return STR_NONE;
}

static bool is_redirection(const struct http_transfer *t)
{
	int status = t->arrived.status;
	return (status == 301 || status == 302 || status == 303 || status == 307 ||
	        status == 308) &&
	       location_of(t).n;
}

/* As browsers do it: 303 asks with GET, and so do 301 and 302 after a POST. */
static void change_method(struct http_transfer *t)
{
	int status = t->arrived.status;
	const char *method = t->request.method;
	bool head = method && strcmp(method, "HEAD") == 0;
	bool post = t->request.body.n || (method && strcmp(method, "POST") == 0);
	if ((status == 303 && !head) || (status <= 302 && post)) {
		t->request.method = NULL;
		t->request.body = STR_NONE;
	}
}

static void forget_attempt(struct http_transfer *t)
{
	struct http_arrived *a = &t->arrived;
	drop_easy(t);
	buffer_clear(&a->head);
	buffer_clear(&a->reason);
	buffer_clear(&a->body);
	a->status = 0;
	a->bytes = 0;
	a->moved = a->at_ms = a->began_ms = 0;
	a->head_is_complete = a->is_enough = a->too_large = a->file_failed = a->paused =
		a->stalled = false;
	a->trickles = false;
}

static void follow(struct http_transfer *t)
{
	char *text = NULL;
	CURLU *to = curl_url_dup(t->url);
	if (!to ||
	    curl_url_set(to, CURLUPART_URL, arena_cstr(&t->arena, location_of(t)),
	                 CURLU_URLENCODE) != CURLUE_OK ||
	    curl_url_get(to, CURLUPART_URL, &text, 0) != CURLUE_OK) {
		curl_url_cleanup(to);
		fail(t, TRY_LATER, "it leads to something that is no address");
		return;
	}
	if (++t->redirects > HTTP_REDIRECTS) {
		curl_url_cleanup(to);
		curl_free(text);
		fail(t, TRY_LATER, "it leads from one address to the next without an end");
		return;
	}
	if (!same_server(t->url, to))
		t->moved = true;
	change_method(t);
	forget_attempt(t);
	curl_url_cleanup(t->url);
	curl_url_cleanup(to);
	t->url = NULL; /* read anew, which also looks at the scheme */
	t->url_text = arena_dup(&t->arena, str_of(text));
	curl_free(text);
	leave_host(t);
	t->phase = TRANSFER_FRESH;
	http_turn(t);
}

static bool found_nobody(CURLcode code)
{
	return code == CURLE_COULDNT_CONNECT || code == CURLE_OPERATION_TIMEDOUT ||
	       code == CURLE_COULDNT_RESOLVE_HOST || code == CURLE_COULDNT_RESOLVE_PROXY;
}

static bool is_worth_another_try(const struct http_transfer *t, CURLcode code)
{
	bool idempotent = !t->request.body.n &&
	                  (!t->request.method || strcmp(t->request.method, "POST") != 0);
	switch (code) {
	case CURLE_COULDNT_CONNECT:
		return true;
	case CURLE_OPERATION_TIMEDOUT:
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_SSL_CONNECT_ERROR:
		return idempotent && !t->stream;
	default:
		return false;
	}
}

static const char *explain(struct http_transfer *t, CURLcode code)
{
	const struct http_params *p = t->request.params;
	const struct http_arrived *a = &t->arrived;
	if (a->too_large && a->head.over)
		return "its header has more than 262144 bytes";
	if (a->too_large)
		return arena_printf(&t->arena, "more than %lld bytes",
		                    (long long)(t->request.file > 0 ? p->http_max_size
		                                                    : (int64_t)HTTP_BODY))
		        .p;
	if (a->file_failed)
		return "its answer cannot be written to a file: is the disk full?";
	if (a->trickles)
		return arena_printf(&t->arena, "slower than %d bytes a second for %g s",
		                    HTTP_SLOWEST, p->http_timeout_sec * HTTP_SLOW_TIMES)
		        .p;
	if (code == CURLE_OPERATION_TIMEDOUT)
		return arena_printf(&t->arena,
		                    a->head_is_complete ? "nothing more came for %g s"
		                                        : "no answer within %g s",
		                    p->http_timeout_sec)
		        .p;
	return t->curl_text[0] ? t->curl_text : curl_easy_strerror(code);
}

/* A stream is over where it breaks; who reads it decides what follows. */
static void succeed(struct http_transfer *t)
{
	if (is_redirection(t))
		follow(t);
	else
		finish(t, DONE);
}

void transfer_ended(struct http_transfer *t, CURLcode code)
{
	if (code == CURLE_ABORTED_BY_CALLBACK)
		code = CURLE_OPERATION_TIMEDOUT; /* look_at_time */
	if (code == CURLE_WRITE_ERROR && t->arrived.is_enough)
		code = CURLE_OK;
	struct upstream *upstream = &t->host->upstream;
	if (t->arrived.status)
		upstream_heard(upstream);
	if (code == CURLE_OK) {
		succeed(t);
		return;
	}
	const char *why = arena_cstr(&t->arena, str_of(explain(t, code)));
	if (t->request.service && found_nobody(code) && !t->arrived.status &&
	    upstream_failed(upstream, &t->job, clock_monotonic_ms()) == UPSTREAM_WAITS) {
		forget_attempt(t);
		t->phase = TRANSFER_QUEUED;
		http_turn(t); /* so that the time of the next try is known */
		return;
	}
	if (++t->tries < t->request.params->http_timeout_max_tries &&
	    is_worth_another_try(t, code)) {
		forget_attempt(t);
		upstream_end(upstream, &t->job);
		queue_attempt(t);
		http_turn(t);
		return;
	}
	fail(t, TRY_LATER, why);
}
