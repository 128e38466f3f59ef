/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* libcurl's multi interface on libuv: sockets, time, and whose turn it is. */
#include <intelmq/clock.h>
#include <stdlib.h>

#include "lib/allocated.h"
#include "net/http_parts.h"

enum { MAX_TROUBLE = 2000 };

struct socket {
	uv_poll_t poll;
	struct http *http;
	curl_socket_t fd;
};

/* ---- What libcurl wants watched ---- */

static void check_ended(struct http *http)
{
	CURLMsg *message;
	int left;
	while ((message = curl_multi_info_read(http->multi, &left))) {
		struct http_transfer *t = NULL;
		CURLcode code = message->data.result;
		if (message->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		transfer_ended(t, code);
	}
}

static void act(struct http *http, curl_socket_t fd, int what)
{
	int running;
	curl_multi_socket_action(http->multi, fd, what, &running);
	check_ended(http);
}

static void socket_ready(uv_poll_t *poll, int status, int events)
{
	struct socket *s = poll->data;
	/* libcurl finds out best what is wrong by reading: so a kept connection that the server has closed is replaced. */
	int what = status < 0 ? CURL_CSELECT_IN | CURL_CSELECT_OUT : 0;
	if (events & UV_READABLE)
		what |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		what |= CURL_CSELECT_OUT;
	act(s->http, s->fd, what);
}

static void socket_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void watch(struct http *http, struct socket *s, curl_socket_t fd, int what)
{
	if (!s) {
		s = allocated(calloc(1, sizeof *s));
		s->http = http;
		s->fd = fd;
		s->poll.data = s;
		if (uv_poll_init_socket(http->loop, &s->poll, fd) < 0) {
			free(s);
			return; /* the attempt runs into its time limit */
		}
		curl_multi_assign(http->multi, fd, s);
	}
	int events = (what & CURL_POLL_IN ? UV_READABLE : 0) |
	             (what & CURL_POLL_OUT ? UV_WRITABLE : 0);
	uv_poll_start(&s->poll, events, socket_ready);
}

static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *context, void *assigned)
{
	struct http *http = context;
	struct socket *s = assigned;
	(void)easy;
	if (what != CURL_POLL_REMOVE) {
		watch(http, s, fd, what);
	} else if (s) {
		uv_poll_stop(&s->poll);
		uv_close((uv_handle_t *)&s->poll, socket_closed);
		curl_multi_assign(http->multi, fd, NULL);
	}
	return 0;
}

static void time_is_up(uv_timer_t *timer)
{
	act(timer->data, CURL_SOCKET_TIMEOUT, 0);
}

static int timer_changed(CURLM *multi, long ms, void *context)
{
	struct http *http = context;
	(void)multi;
	if (http->closing)
		return 0;
	if (ms < 0)
		uv_timer_stop(&http->timer);
	else
		uv_timer_start(&http->timer, time_is_up, (uint64_t)ms, 0);
	return 0;
}

/* ---- Turns ---- */

/* Servers that are down are tried again when it is time. */
static void wait_for_servers(struct http *http)
{
	int64_t wait = http_hosts_wait(http, clock_monotonic_ms());
	if (http->turn)
		wait = 0;
	if (wait >= 0)
		uv_timer_start(&http->turn_timer, http->turn_timer.timer_cb, (uint64_t)wait, 0);
}

static void take_turn(uv_timer_t *timer)
{
	struct http *http = timer->data;
	struct http_transfer *t = http->turn, *next;
	http->turn = NULL;
	http->turn_end = &http->turn;
	for (; t; t = next) {
		next = t->next_turn;
		t->in_turn = false;
		transfer_turn(t);
	}
	for (size_t i = 0; i < sizeof http->hosts / sizeof *http->hosts; i++)
		for (struct http_host *host = http->hosts[i]; host; host = host->next)
			if (host->upstream.down)
				http_host_run(http, host);
	wait_for_servers(http);
}

void http_turn(struct http_transfer *t)
{
	struct http *http = t->http;
	if (t->in_turn)
		return;
	t->in_turn = true;
	t->next_turn = NULL;
	*http->turn_end = t;
	http->turn_end = &t->next_turn;
	uv_timer_start(&http->turn_timer, take_turn, 0, 0);
}

/* ---- Handles are used again: they are large. ---- */

CURL *http_easy_take(struct http *http)
{
	return allocated(http->n_unused ? http->unused[--http->n_unused] : curl_easy_init());
}

void http_easy_give(struct http *http, CURL *easy)
{
	if (http->n_unused == sizeof http->unused / sizeof *http->unused) {
		curl_easy_cleanup(easy);
		return;
	}
	curl_easy_reset(easy);
	http->unused[http->n_unused++] = easy;
}

/* ---- Open and close ---- */

static void timer_closed(uv_handle_t *handle)
{
	struct http *http = handle->data;
	if (--http->open_handles == 0)
		free(http);
}

int http_open(uv_loop_t *loop, struct dns *dns, const struct http_detour *detour, struct http **out,
              struct err *err)
{
	static bool ready;
	if (!ready && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return err_set(err, FAULT_OTHER, "libcurl cannot be used");
	ready = true;
	struct http *http = allocated(calloc(1, sizeof *http));
	http->loop = loop;
	http->dns = dns;
	if (detour)
		http->detour = *detour;
	http->multi = allocated(curl_multi_init());
	http->turn_end = &http->turn;
	buffer_init(&http->trouble, MAX_TROUBLE);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
	curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
	curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http);
	uv_timer_init(loop, &http->timer);
	uv_timer_init(loop, &http->turn_timer);
	http->timer.data = http->turn_timer.data = http;
	http->open_handles = 2;
	*out = http;
	return 0;
}

void http_close(struct http *http)
{
	http->closing = true;
	while (http->transfers)
		transfer_free(http->transfers);
	while (http->n_unused)
		curl_easy_cleanup(http->unused[--http->n_unused]);
	curl_multi_cleanup(http->multi);
	http_hosts_free(http);
	buffer_fini(&http->trouble);
	uv_close((uv_handle_t *)&http->timer, timer_closed);
	uv_close((uv_handle_t *)&http->turn_timer, timer_closed);
}

/* ---- Calls ---- */

static struct http_transfer *find_equal(struct http *http, const struct http_request *request)
{
	struct http_transfer *t = request->shared ? http->transfers : NULL;
	while (t && !transfer_serves(t, request))
		t = t->after;
	return t;
}

struct http_call *http_start(struct http *http, const struct http_request *request, bool stream,
                             http_done *done, void *context)
{
	struct http_call *call = allocated(calloc(1, sizeof *call));
	struct http_transfer *t = stream ? NULL : find_equal(http, request);
	if (!t)
		t = transfer_new(http, request, stream);
	*call = (struct http_call){ .http = http, .transfer = t, .done = done, .context = context };
	call->next = t->calls;
	t->calls = call;
	http_turn(t);
	return call;
}

void http_call_free(struct http_call *call)
{
	if (!call)
		return;
	struct http_transfer *t = call->transfer;
	struct http_call **place = &t->calls;
	while (*place != call)
		place = &(*place)->next;
	*place = call->next;
	if (!t->calls)
		transfer_free(t);
	free(call);
}

void http_call_watch(struct http_call *call, http_done *news, void *context)
{
	call->news = news;
	call->news_context = context;
	if (news && call->transfer->has_news)
		http_turn(call->transfer);
}

/* "Name: value" lines. */
static void copy_fields(struct arena *arena, struct str head, struct http_response *out)
{
	size_t n = 0;
	for (size_t i = 0; i < head.n; i++)
		n += head.p[i] == '\n';
	struct http_field *fields = arena_zalloc(arena, n + 1, sizeof *fields);
	for (struct str rest = arena_dup(arena, head), line; rest.n;) {
		line = str_cut(&rest, '\n');
		struct str name = str_cut(&line, ':');
		while (line.n && line.p[0] == ' ')
			line = str_slice(line, 1, line.n);
		fields[out->n_fields++] = (struct http_field){ name, line };
	}
	out->fields = fields;
}

enum result http_call_answer(const struct http_call *call, struct arena *arena,
                             struct http_response *out, struct err *err)
{
	const struct http_transfer *t = call->transfer;
	*out = (struct http_response){ 0 };
	if (t->result != DONE) {
		*err = t->err;
		return t->result;
	}
	out->status = t->arrived.status;
	out->reason = arena_dup(arena, buffer_str(&t->arrived.reason));
	if (!t->stream)
		out->body = arena_dup(arena, buffer_str(&t->arrived.body));
	out->bytes = t->arrived.bytes;
	out->url = arena_dup(arena, t->url_text);
	copy_fields(arena, buffer_str(&t->arrived.head), out);
	return DONE;
}

enum http_read http_call_read(struct http_call *call, struct arena *arena, struct str *out,
                              struct err *err)
{
	struct http_transfer *t = call->transfer;
	struct http_arrived *arrived = &t->arrived;
	t->has_news = false;
	if (arrived->body.n) {
		*out = arena_dup(arena, buffer_str(&arrived->body));
		buffer_clear(&arrived->body);
		if (arrived->paused) {
			arrived->paused = false;
			curl_easy_pause(t->easy, CURLPAUSE_CONT);
		}
		return HTTP_DATA;
	}
	if (t->phase != TRANSFER_OVER)
		return HTTP_QUIET;
	if (t->result == DONE)
		return HTTP_END;
	*err = t->err;
	return HTTP_BROKEN;
}
