/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The SDK's calls that ask others: each waits on its flight's coroutine while the loop goes on. */
#include <intelmq/ip.h>
#include <stdlib.h>

#include "engine/flight.h"
#include "lib/allocated.h"
#include "net/http.h"
#include "net/whois.h"
#include <intelmq/whois.h>

struct lookups {
	uv_loop_t loop;
	struct dns *dns;
	struct http *http;
};

/* ---- The loop ---- */

int lookups_open(struct worker *w, struct err *err)
{
	struct lookups *net = allocated(calloc(1, sizeof *net));
	const struct dns_options options = {
		.servers = w->settings.dns_servers,
		.timeout_ms = (int)(w->settings.dns_timeout * 1000),
	};
	if (uv_loop_init(&net->loop) < 0) {
		free(net);
		return err_set(err, FAULT_OTHER, "no event loop: too many open files?");
	}
	w->lookups = net;
	if (dns_open(&net->loop, &options, &net->dns, err) < 0)
		return err_prefix(err, "dns_servers");
	return http_open(&net->loop, net->dns, &w->host.detour, &net->http, err);
}

void lookups_close(struct worker *w)
{
	struct lookups *net = w->lookups;
	if (!net)
		return;
	if (net->http)
		http_close(net->http);
	if (net->dns)
		dns_close(net->dns);
	uv_run(&net->loop, UV_RUN_DEFAULT);
	uv_loop_close(&net->loop);
	free(net);
	w->lookups = NULL;
}

void lookups_turn(struct worker *w)
{
	if (w->lookups)
		uv_run(&w->lookups->loop, UV_RUN_NOWAIT);
}

int lookups_fd(const struct worker *w)
{
	return w->lookups ? uv_backend_fd(&w->lookups->loop) : -1;
}

int64_t lookups_wait(const struct worker *w)
{
	/* libuv says 0 where nothing is awaited. */
	return w->lookups && uv_loop_alive(&w->lookups->loop)
	             ? uv_backend_timeout(&w->lookups->loop)
	             : -1;
}

struct str lookups_trouble(const struct worker *w)
{
	if (!w->lookups)
		return STR_NONE;
	struct str trouble = dns_trouble(w->lookups->dns);
	return trouble.p ? trouble : http_trouble(w->lookups->http);
}

/* ---- Time ---- */

struct sleeping {
	uv_timer_t timer;
	struct waiting waiting;
	struct worker *worker;
};

static void free_timer(uv_handle_t *handle)
{
	free(handle->data);
}

static void has_slept(uv_timer_t *timer)
{
	struct sleeping *sleeping = timer->data;
	uv_close((uv_handle_t *)timer, free_timer);
	wait_over(sleeping->worker, &sleeping->waiting);
}

static void stop_sleeping(void *awaited)
{
	struct sleeping *sleeping = awaited;
	uv_close((uv_handle_t *)&sleeping->timer, free_timer);
}

/* The timer is the loop's until it is closed, which may be after the flight has ended. */
void bot_sleep(struct bot *bot, double seconds)
{
	struct sleeping *sleeping = allocated(calloc(1, sizeof *sleeping));
	sleeping->worker = bot->worker;
	sleeping->timer.data = sleeping;
	uv_timer_init(&bot->worker->lookups->loop, &sleeping->timer);
	uv_timer_start(&sleeping->timer, has_slept, (uint64_t)(seconds * 1000), 0);
	wait_for(bot, &sleeping->waiting, stop_sleeping, sleeping);
}

/* ---- Names ---- */

struct asking {
	struct dns_question question;
	struct waiting waiting;
	struct bot *bot;
	struct dns_answer *out;
};

static void answered(struct dns_question *question, const struct dns_answer *answer)
{
	struct asking *asking = question->context;
	dns_answer_copy(asking->bot->arena, answer, asking->out);
	wait_over(asking->bot->worker, &asking->waiting);
}

static void stop_asking(void *awaited)
{
	struct asking *asking = awaited;
	dns_cancel(asking->bot->worker->lookups->dns, &asking->question);
}

static enum dns_status ask(struct bot *bot, struct str name, enum dns_type type, bool host,
                           struct dns_answer *out)
{
	struct asking asking = {
		.question = { .name = name, .type = type, .host = host, .done = answered },
		.bot = bot,
		.out = out,
	};
	asking.question.context = &asking;
	if (dns_ask(bot->worker->lookups->dns, &asking.question, bot->arena, out))
		return out->status;
	if (!wait_for(bot, &asking.waiting, stop_asking, &asking))
		*out = (struct dns_answer){ .status = DNS_TIMEOUT, .why = S("interrupted") };
	return out->status;
}

enum dns_status dns_query(struct bot *bot, struct str name, enum dns_type type,
                          struct dns_answer *out)
{
	return ask(bot, name, type, false, out);
}

enum dns_status dns_host(struct bot *bot, struct str name, enum dns_type type,
                         struct dns_answer *out)
{
	return ask(bot, name, type, true, out);
}

enum dns_status dns_pointer(struct bot *bot, struct str address, struct dns_answer *out)
{
	struct ip ip;
	char name[IP_REVERSE_SIZE];
	if (ip_parse(address, &ip) < 0) {
		*out = (struct dns_answer){ .status = DNS_BAD_NAME, .why = S("no IP address") };
		return out->status;
	}
	struct str reverse = ip_reverse(&ip, name);
	reverse.n -= reverse.n && reverse.p[reverse.n - 1] == '.';
	return ask(bot, arena_dup(bot->arena, reverse), DNS_PTR, false, out);
}

/* An escaped byte of a zone file: three decimal digits, or any other character as itself. */
static size_t unescape(struct str rest, char *out)
{
	unsigned code = 0;
	size_t digits = 0;
	while (digits < 3 && digits < rest.n && rest.p[digits] >= '0' && rest.p[digits] <= '9')
		code = code * 10 + (unsigned)(rest.p[digits++] - '0');
	*out = digits == 3 ? (char)code : rest.p[0];
	return digits == 3 ? 3 : 1;
}

struct str dns_text(struct bot *bot, struct str value)
{
	char *text = arena_alloc(bot->arena, value.n);
	size_t n = 0;
	bool quoted = false;
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] == '"')
			quoted = !quoted;
		else if (value.p[i] == '\\' && i + 1 < value.n)
			i += unescape(str_slice(value, i + 1, value.n), &text[n++]);
		else if (quoted || value.p[i] != ' ')
			text[n++] = value.p[i];
	}
	return (struct str){ text, n };
}

/* ---- The web ---- */

struct fetching {
	struct http_call *call;
	struct waiting waiting;
	struct worker *worker;
};

static void fetched(struct http_call *call, void *context)
{
	struct fetching *fetching = context;
	(void)call;
	wait_over(fetching->worker, &fetching->waiting);
}

static void stop_fetching(void *awaited)
{
	struct fetching *fetching = awaited;
	http_call_free(fetching->call);
	fetching->call = NULL;
}

/* Waits for the answer, or for the header of a stream. The call is the caller's; NULL: interrupted, or it failed. */
static enum result fetch(struct bot *bot, const struct http_request *request, bool stream,
                         struct http_call **call_out, struct http_response *out)
{
	struct fetching f = { .worker = bot->worker };
	*out = (struct http_response){ 0 };
	*call_out = NULL;
	f.call = http_start(bot->worker->lookups->http, request, stream, fetched, &f);
	if (!wait_for(bot, &f.waiting, stop_fetching, &f))
		return bot_fail(bot, TRY_LATER, "interrupted");
	enum result result = http_call_answer(f.call, bot->arena, out, &bot->err);
	if (result == DONE)
		*call_out = f.call;
	else
		http_call_free(f.call);
	return result;
}

enum result http_request(struct bot *bot, const struct http_request *request,
                         struct http_response *out)
{
	struct http_call *call;
	enum result result = fetch(bot, request, false, &call, out);
	if (call)
		http_call_free(call);
	return result;
}

struct str http_field(const struct http_response *response, const char *name)
{
	for (size_t i = 0; i < response->n_fields; i++)
		if (str_eq_nocase(response->fields[i].name, str_of(name)))
			return response->fields[i].value;
	return STR_NONE;
}

/* ---- Whois ---- */

struct consulting {
	struct whois_call *call;
	struct waiting waiting;
	struct bot *bot;
	enum result result;
	struct str answer;
};

static void consulted(void *context, struct str answer, const struct err *err)
{
	struct consulting *c = context;
	c->result = answer.p ? DONE : TRY_LATER;
	if (answer.p)
		c->answer = arena_dup(c->bot->arena, answer);
	else
		c->bot->err = *err;
	wait_over(c->bot->worker, &c->waiting);
}

static void stop_consulting(void *awaited)
{
	struct consulting *c = awaited;
	whois_cancel(c->call);
}

enum result whois_query(struct bot *bot, struct str server, int port, struct str question,
                        struct str *answer_out)
{
	struct consulting c = { .bot = bot };
	struct dns_answer address;
	if (dns_host(bot, server, DNS_A, &address) != DNS_FOUND &&
	    dns_host(bot, server, DNS_AAAA, &address) != DNS_FOUND)
		return bot_fail(bot, TRY_LATER, "whois server %.*s: %.*s", STR_ARG(server),
		                STR_ARG(address.why));
	c.call = whois_start(&bot->worker->lookups->loop, address.values[0], port, question,
	                     consulted, &c);
	if (!wait_for(bot, &c.waiting, stop_consulting, &c))
		return bot_fail(bot, TRY_LATER, "interrupted");
	*answer_out = c.answer;
	return c.result;
}

/* ---- Streams ---- */

struct http_stream {
	struct http_call *call;
	uv_timer_t timer;        /* of the read under way */
	struct fetching *reader; /* NULL: nobody reads */
};

struct http_stream *http_stream_open(struct bot *bot, const struct http_request *request,
                                     struct http_response *out)
{
	struct http_call *call;
	if (fetch(bot, request, true, &call, out) != DONE)
		return NULL;
	struct http_stream *stream = allocated(calloc(1, sizeof *stream));
	stream->call = call;
	uv_timer_init(&bot->worker->lookups->loop, &stream->timer);
	stream->timer.data = stream;
	return stream;
}

static void end_reading(struct http_stream *stream)
{
	struct fetching *reader = stream->reader;
	uv_timer_stop(&stream->timer);
	http_call_watch(stream->call, NULL, NULL);
	stream->reader = NULL;
	if (reader)
		wait_over(reader->worker, &reader->waiting);
}

static void has_news(struct http_call *call, void *context)
{
	(void)call;
	end_reading(context);
}

static void has_waited(uv_timer_t *timer)
{
	end_reading(timer->data);
}

static void stop_reading(void *awaited)
{
	struct http_stream *stream = awaited;
	stream->reader = NULL;
	end_reading(stream);
}

enum http_read http_stream_read(struct bot *bot, struct http_stream *stream, double seconds,
                                struct str *out)
{
	struct fetching reader = { .worker = bot->worker };
	enum http_read got = http_call_read(stream->call, bot->arena, out, &bot->err);
	if (got != HTTP_QUIET || seconds <= 0)
		return got;
	stream->reader = &reader;
	http_call_watch(stream->call, has_news, stream);
	uv_timer_start(&stream->timer, has_waited, (uint64_t)(seconds * 1000), 0);
	if (!wait_for(bot, &reader.waiting, stop_reading, stream))
		return HTTP_QUIET;
	return http_call_read(stream->call, bot->arena, out, &bot->err);
}

void http_stream_close(struct http_stream *stream)
{
	if (!stream)
		return;
	http_call_free(stream->call);
	uv_close((uv_handle_t *)&stream->timer, free_timer);
}
