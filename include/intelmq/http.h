/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * http.h - requests to web servers, for bots with USES_LOOKUPS.
 *
 * The calls look as if they blocked; meanwhile the other messages of the bot go on. Redirections are followed as browsers
 * do it (at most 30; credentials stay with their host), bodies are decompressed, what fails on the way is tried again
 * http_timeout_max_tries times in all; an answer with an error status is an answer. A server that is down is asked rarely
 * until it answers again, and never by more than http_connections at once.
 */
#pragma once
#include <intelmq/param.h>
#include <intelmq/result.h>

struct bot;

/* The parameters of all bots that make requests: GROUP(http, http_params), with .http = HTTP_DEFAULTS. */
struct http_params {
	const char *http_username, *http_password;
	const char *http_proxy, *https_proxy;
	const char *http_user_agent;
	const struct dict *http_header;
	struct value
		http_verify_cert; /* true, false, or the path of a file or folder with certificates */
	const char *ssl_client_cert,
		*ssl_client_certificate; /* two names: certificate and key, a PEM file */
	double http_timeout_sec; /* to connect, and between two pieces of an answer; see HTTP_SLOW_TIMES */
	int64_t http_timeout_max_tries;
	int64_t http_connections; /* at once to one server (ours) */
	int64_t http_max_size;    /* largest body after decompression, in bytes (ours) */
};
extern const struct param http_params[];

/* What is wrong with them, for a bot's `check`. */
void http_params_check(const struct http_params *, struct findings *);

#define HTTP_DEFAULTS HTTP_DEFAULTS_OF(100)
/* With another number of connections to one server: some services ask for few. */
#define HTTP_DEFAULTS_OF(connections)                                                              \
	{                                                                                          \
		.http_user_agent = "Mozilla/5.0 (Windows NT 6.1) AppleWebKit/537.36 (KHTML, like " \
				   "Gecko) Chrome/41.0.2228.0 Safari/537.36",                      \
		.http_verify_cert = { .kind = VALUE_BOOL, .boolean = true },                       \
		.http_timeout_sec = 30, .http_timeout_max_tries = 3,                               \
		.http_connections = (connections), .http_max_size = 16LL * 1024 * 1024 * 1024      \
	}

/* A header field of a request or an answer. */
struct http_field {
	struct str name, value;
};

enum {
	HTTP_BODY = 64 * 1024 * 1024, /* bytes of a body that is held in memory */
	HTTP_HEAD = 256 * 1024,       /* bytes of all header fields of an answer */
	HTTP_REDIRECTS = 30,
	HTTP_SLOW_TIMES = 10, /* after so many times http_timeout_sec … */
	HTTP_SLOWEST = 100, /* … an answer is given up that comes more slowly, in bytes a second */
};

struct http_request {
	const char *method; /* NULL: GET, or POST with a body */
	struct str url;     /* http or https */
	struct str body;
	const struct http_params *params; /* NULL: the defaults */
	const struct http_field *fields;  /* beside http_header */
	size_t n_fields;
	/*
	 * 0: the body is held in memory, at most HTTP_BODY bytes. Else a file that is open for writing: the body of an
	 * answer with a status below 300 goes there, from its beginning, and may be as large as http_max_size.
	 */
	int file;
	uint64_t enough; /* 0: the whole body is wanted. Else so much of its beginning: the rest is not fetched */
	bool shared; /* an equal request that is under way is not made again: its answer is this one's, too */
	/*
	 * The server is one that every message depends on: while it does not answer, requests to it wait, and one at a time
	 * tries and pays. Without it each request finds out for itself.
	 */
	bool service;
};

struct http_response {
	int status;        /* 0: there was no answer, see bot.err */
	struct str reason; /* "Not Found"; empty where the server sends none */
	struct str body;
	uint64_t bytes; /* of the body, wherever it is */
	struct str url; /* after redirections */
	const struct http_field *fields;
	size_t n_fields;
};

/*
 * Makes a request and waits for its whole answer, which lies in bot->arena. DONE: there is one, whatever its status.
 * TRY_LATER: there is none (bot->err says why: no connection, a wrong certificate, too slow, too large, …). BAD_CONF: the
 * parameters cannot be used.
 */
enum result http_request(struct bot *, const struct http_request *, struct http_response *out);

/*
 * The address with the time in it, as http_url_formatting has it: {time[FORMAT]} is the local time by datetime_format, in the
 * language of format.h. `formatting`: false or null: the address as it is; true; or a map of what is added to the time ({"days": -1};
 * also weeks, hours, minutes, seconds, milliseconds, microseconds). In bot->arena. BAD_CONF: bot->err says what is wrong.
 */
enum result http_format_url(struct bot *, struct str url, struct value formatting, struct str *out);

/* The value of a header field of an answer, any case; STR_NONE: it has none. */
struct str http_field(const struct http_response *, const char *name);

/* The character set that an answer's Content-Type names; STR_NONE: it names none. */
struct str http_charset(const struct http_response *);

/*
 * True: the body is in another character set than UTF-8, and `out`, in bot->arena, is its text in that. Counts what the
 * answer says (what does not fit that set is dropped); a text that says nothing and is no UTF-8 is in the old default of
 * the web, ISO 8859-1 (RFC 2616 §3.7.1). A set that nobody knows is a warning.
 */
bool http_to_utf8(struct bot *, const struct http_response *, struct str body, struct str *out);

/* True for 200 … 299. */
static inline bool http_succeeded(const struct http_response *response)
{
	return response->status >= 200 && response->status < 300;
}

/* ---- Answers without an end ---- */

struct http_stream;

enum http_read { HTTP_DATA, HTTP_QUIET, HTTP_END, HTTP_BROKEN };

/*
 * Begins a request whose answer is read bit by bit. It lives until http_stream_close; `out` has status and header fields,
 * in bot->arena. NULL: no answer, as for http_request.
 */
struct http_stream *http_stream_open(struct bot *, const struct http_request *,
                                     struct http_response *out);

/*
 * What has come: HTTP_DATA, copied into bot->arena. Waits at most so many seconds: HTTP_QUIET. HTTP_END: the answer is over;
 * HTTP_BROKEN: the connection broke, or nothing came for http_timeout_sec (bot->err). The server is held back while 1 MB
 * waits to be read.
 */
enum http_read http_stream_read(struct bot *, struct http_stream *, double seconds,
                                struct str *out);
void http_stream_close(struct http_stream *);
