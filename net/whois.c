/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/whois.h"

#include <intelmq/buffer.h>
#include <intelmq/whois.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/allocated.h"

enum { MAX_QUESTION = 4096 };

struct whois_call {
	uv_tcp_t tcp;
	uv_timer_t timer;
	uv_connect_t connect;
	uv_write_t write;
	int open_handles;
	struct buffer question, answer;
	char where[80], piece[4096];
	whois_done *done; /* NULL: was called, or nobody waits */
	void *context;
};

static void closed(uv_handle_t *handle)
{
	struct whois_call *c = handle->data;
	if (--c->open_handles)
		return;
	buffer_fini(&c->question);
	buffer_fini(&c->answer);
	free(c);
}

static void close_handles(struct whois_call *c)
{
	c->done = NULL;
	if (uv_is_closing((uv_handle_t *)&c->tcp))
		return;
	uv_close((uv_handle_t *)&c->tcp, closed);
	uv_close((uv_handle_t *)&c->timer, closed);
}

static void finish(struct whois_call *c, const char *why)
{
	struct err err = { 0 };
	whois_done *done = c->done;
	c->done = NULL;
	if (why)
		err_set(&err, FAULT_OTHER, "whois server %s: %s", c->where, why);
	if (done)
		done(c->context, why ? STR_NONE : buffer_str(&c->answer), &err);
	close_handles(c);
}

static void took_too_long(uv_timer_t *timer)
{
	finish(timer->data, "no answer in time");
}

static void give_piece(uv_handle_t *handle, size_t wanted, uv_buf_t *out)
{
	struct whois_call *c = handle->data;
	(void)wanted;
	*out = uv_buf_init(c->piece, sizeof c->piece);
}

static void piece_came(uv_stream_t *stream, ssize_t n, const uv_buf_t *piece)
{
	struct whois_call *c = stream->data;
	if (n > 0)
		buffer_add(&c->answer, piece->base, (size_t)n);
	if (n > 0 && !c->answer.over)
		uv_timer_again(&c->timer);
	else if (c->answer.over)
		finish(c, "it says too much");
	else if (n < 0)
		finish(c, n == UV_EOF ? NULL : uv_strerror((int)n));
}

static void written(uv_write_t *write, int status)
{
	struct whois_call *c = write->data;
	if (status < 0 && c->done)
		finish(c, uv_strerror(status));
}

static void connected(uv_connect_t *connect, int status)
{
	struct whois_call *c = connect->data;
	if (!c->done)
		return;
	if (status < 0) {
		finish(c, uv_strerror(status));
		return;
	}
	uv_buf_t line = uv_buf_init(c->question.p, (unsigned)c->question.n);
	uv_timer_again(&c->timer);
	if (uv_write(&c->write, (uv_stream_t *)&c->tcp, &line, 1, written) < 0 ||
	    uv_read_start((uv_stream_t *)&c->tcp, give_piece, piece_came) < 0)
		finish(c, "the connection broke");
}

/* What is wrong already is told by the timer, as everything else, from the loop. */
static void refuse(uv_timer_t *timer)
{
	finish(timer->data, "it cannot be reached");
}

struct whois_call *whois_start(uv_loop_t *loop, struct str address, int port, struct str question,
                               whois_done *done, void *context)
{
	struct whois_call *c = allocated(calloc(1, sizeof *c));
	struct sockaddr_storage at = { 0 };
	char text[60];
	c->done = done;
	c->context = context;
	c->open_handles = 2;
	snprintf(text, sizeof text, "%.*s", STR_ARG(address));
	snprintf(c->where, sizeof c->where, "%s:%d", text, port);
	buffer_init(&c->question, MAX_QUESTION);
	buffer_init(&c->answer, WHOIS_MAX);
	buffer_add_str(&c->question, question);
	buffer_add_char(&c->question, '\n');
	uv_tcp_init(loop, &c->tcp);
	uv_timer_init(loop, &c->timer);
	c->tcp.data = c->timer.data = c->connect.data = c->write.data = c;
	uv_timer_start(&c->timer, took_too_long, WHOIS_SECONDS * 1000, WHOIS_SECONDS * 1000);
	if ((uv_ip4_addr(text, port, (struct sockaddr_in *)&at) < 0 &&
	     uv_ip6_addr(text, port, (struct sockaddr_in6 *)&at) < 0) ||
	    c->question.over ||
	    uv_tcp_connect(&c->connect, &c->tcp, (const struct sockaddr *)&at, connected) < 0)
		uv_timer_start(&c->timer, refuse, 0, 0);
	return c;
}

void whois_cancel(struct whois_call *c)
{
	close_handles(c);
}
