/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * http.h - the web behind <intelmq/http.h>: libcurl's multi interface on libuv; names are asked through dns.h.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>
#include <intelmq/http.h>
#include <uv.h>

#include "net/dns.h"

struct http;
struct http_call;

/* For tests: every connection goes there, whatever the URL says. */
struct http_detour {
	const char *connect_to; /* "127.0.0.1:8080", NULL: nowhere else */
	const char *ca_file;    /* trusted beside the system's, NULL: none */
};

/* dns is borrowed. Nothing is connected yet. */
int http_open(uv_loop_t *, struct dns *, const struct http_detour *, struct http **out,
              struct err *);

/* Calls under way are forgotten, without `done`. The loop must run once more for its handles to be closed. */
void http_close(struct http *);

/*
 * Begins a request; what it names is borrowed until the call is freed. `done` is called once from the loop, never from
 * inside http_start, when the answer is complete (for a stream: when the header fields are there, or it failed). It may
 * start other calls, and free this one.
 */
typedef void http_done(struct http_call *, void *context);
struct http_call *http_start(struct http *, const struct http_request *, bool stream,
                             http_done *done, void *context);

/* At any time: cancels what is under way. */
void http_call_free(struct http_call *);

/* After `done`: the answer, copied into the arena. TRY_LATER, BAD_CONF: err says why; as http_request. */
enum result http_call_answer(const struct http_call *, struct arena *, struct http_response *out,
                             struct err *);

/* A stream after `done`: what has come since, copied into the arena and forgotten; HTTP_QUIET: nothing. */
enum http_read http_call_read(struct http_call *, struct arena *, struct str *out, struct err *);
/* `news` is called from the loop whenever http_call_read may have something else to say. */
void http_call_watch(struct http_call *, http_done *news, void *context);

/* Which servers are down, in words, or STR_NONE; good until the next call. */
struct str http_trouble(struct http *);
