/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * http_parts.h - what the files of the web client share.
 *
 * A call is what somebody has asked for; a transfer is what is done for it, on behalf of several calls if they asked for
 * the same. A transfer goes from attempt to attempt (redirections, tries); an attempt has its name looked up, waits for
 * its turn at the server, and runs as one easy handle of libcurl.
 *
 *	http_start ─► fresh ─► looking up ─► queued ─► running ─┬─► over ─► done
 *	                ▲                                      │
 *	                └──── redirection, another try ◄───────┘
 */
#pragma once
#include <intelmq/buffer.h>

#include <curl/curl.h>

#include "net/http.h"
#include "net/upstream.h"

enum transfer_phase {
	TRANSFER_FRESH,
	TRANSFER_LOOKING_UP,
	TRANSFER_QUEUED,
	TRANSFER_RUNNING,
	TRANSFER_OVER
};

struct http_transfer;

/* One server: scheme, host and port. It exists as long as somebody has to do with it, or it is down. */
struct http_host {
	struct http_host *next;
	struct upstream upstream;
	char *key; /* "https://example.com:443" */
	size_t users;
};

struct http_call {
	struct http *http;
	struct http_transfer *transfer;
	http_done *done, *news; /* NULL: was called, nobody waits */
	void *context, *news_context;
	struct http_call *next; /* of the same transfer */
};

/* What came, of an attempt. */
struct http_arrived {
	int status;
	struct buffer head; /* header fields, "Name: value\n" each */
	struct buffer reason;
	struct buffer body; /* or what a stream has not read yet */
	uint64_t bytes;
	int64_t moved; /* bytes that had come or gone … */
	int64_t at_ms; /* … when that changed last */
	int64_t began_ms;
	bool head_is_complete, is_enough, too_large, file_failed, paused, stalled, trickles;
};

struct http_transfer {
	struct http *http;
	struct arena arena; /* copies of what was asked for */
	struct http_request request;
	struct http_call *calls;
	enum transfer_phase phase;
	bool stream;
	bool moved;      /* away from the server that the credentials are for */
	bool turned_get; /* by a redirection */
	int redirects, tries;
	CURLU *url;
	struct str url_text; /* in the arena */
	struct http_host *host;
	struct upstream_job job;
	struct dns_question question;
	struct buffer addresses; /* "host:port:address,address" */
	CURL *easy;
	struct curl_slist *fields, *resolved, *detour;
	struct http_arrived arrived;
	char curl_text[CURL_ERROR_SIZE];
	enum result result;
	struct err err;
	bool has_news;
	/* in http.transfers, all; and in http.turn, those with something to do */
	struct http_transfer *before, *after, *next_turn;
	bool in_turn;
};

struct http {
	uv_loop_t *loop;
	struct dns *dns;
	struct http_detour detour;
	CURLM *multi;
	uv_timer_t timer, turn_timer;
	int open_handles;
	bool closing;
	struct http_transfer *transfers;
	struct http_transfer *turn, **turn_end;
	struct http_host *hosts[256];
	struct buffer trouble;
	CURL *unused[64];
	size_t n_unused;
};

/* http.c: something is to be done for it, soon, from the loop. */
void http_turn(struct http_transfer *);
CURL *http_easy_take(struct http *);
void http_easy_give(struct http *, CURL *);

/* http_transfer.c */
struct http_transfer *transfer_new(struct http *, const struct http_request *, bool stream);
void transfer_free(struct http_transfer *);
/* Does what is to be done; may free it. */
void transfer_turn(struct http_transfer *);
/* An attempt has ended as libcurl says. */
void transfer_ended(struct http_transfer *, CURLcode);
/* The same server, method, fields and parameters. */
bool transfer_serves(const struct http_transfer *, const struct http_request *);

/* http_host.c */
struct http_host *http_host_get(struct http *, struct str key, size_t at_once);
void http_host_leave(struct http *, struct http_host *);
/* Starts the attempts whose turn it is. */
void http_host_run(struct http *, struct http_host *);
int64_t http_hosts_wait(const struct http *, int64_t now);
void http_hosts_free(struct http *);
/* http_attempt.c */
void attempt_start(struct http_transfer *);
