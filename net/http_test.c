/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The web client against a server that does what servers do, and what they should not; plain sockets, a thread each. */
#include <intelmq/base64.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "net/http.h"

/* ---- The server ---- */

static struct {
	int fd, port;
	_Atomic int connections, requests, slow, most;
} server;

struct peer {
	int fd;
	char request[8192]; /* the head, NUL terminated */
	char path[300];
};

static void put(struct peer *p, const char *text)
{
	size_t n = strlen(text);
	while (n) {
		ssize_t sent = send(p->fd, text, n, MSG_NOSIGNAL);
		if (sent <= 0)
			return;
		text += sent;
		n -= (size_t)sent;
	}
}

static void answer(struct peer *p, const char *status, const char *fields, const char *body)
{
	char head[2000];
	snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", status,
	         strlen(body), fields);
	put(p, head);
	put(p, body);
}

static void redirect(struct peer *p, const char *status, const char *to)
{
	char fields[500];
	snprintf(fields, sizeof fields, "Location: %s\r\n", to);
	answer(p, status, fields, "elsewhere");
}

/* One gzip member of 64 MB of zeros, repeated: made with zlib at the start. */
static struct str bomb;

static void send_bomb(struct peer *p)
{
	put(p, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n");
	for (int i = 0; i < 4; i++)
		if (send(p->fd, bomb.p, bomb.n, MSG_NOSIGNAL) < 0)
			return;
}

static void send_forever(struct peer *p, const char *piece)
{
	char many[65536];
	for (size_t i = 0; i < sizeof many; i++)
		many[i] = piece[i % strlen(piece)];
	while (send(p->fd, many, sizeof many, MSG_NOSIGNAL) > 0)
		;
}

static void say_headers(struct peer *p)
{
	char *body = malloc(sizeof p->request + 10);
	snprintf(body, sizeof p->request + 10, "%s", p->request);
	answer(p, "200 OK", "X-Kind: echo\r\n", body);
	free(body);
}

/* Whether the connection goes on. */
static bool serve(struct peer *p)
{
	char to[200];
	const char *path = p->path;
	if (strcmp(path, "/hello") == 0)
		answer(p, "200 OK", "ETag: \"1\"\r\nX-Empty:\r\n", "hello");
	else if (strcmp(path, "/missing") == 0)
		answer(p, "404 Not Found", "", "nothing here");
	else if (strcmp(path, "/broken") == 0)
		answer(p, "500 Internal Server Error", "", "sorry");
	else if (strcmp(path, "/etag") == 0 && strstr(p->request, "If-None-Match: \"1\""))
		put(p, "HTTP/1.1 304 Not Modified\r\nETag: \"1\"\r\n\r\n");
	else if (strcmp(path, "/echo") == 0)
		say_headers(p);
	else if (strcmp(path, "/chunked") == 0)
		put(p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n "
		       "\r\n5\r\nworld\r\n0\r\n\r\n");
	else if (strcmp(path, "/one") == 0)
		redirect(p, "302 Found", "two?x=1#frag");
	else if (strcmp(path, "/two?x=1") == 0)
		redirect(p, "301 Moved", "/hello");
	else if (strcmp(path, "/circle") == 0)
		redirect(p, "302 Found", "/circle");
	else if (strcmp(path, "/other-scheme") == 0)
		redirect(p, "302 Found", "file:///etc/passwd");
	else if (strcmp(path, "/see-other") == 0)
		redirect(p, "303 See Other", "/echo");
	else if (strcmp(path, "/same-method") == 0)
		redirect(p, "307 Temporary", "/echo");
	else if (strcmp(path, "/away") == 0) {
		snprintf(to, sizeof to, "http://localhost:%d/echo", server.port);
		redirect(p, "302 Found", to);
	} else if (strcmp(path, "/slow") == 0) {
		int now = ++server.slow;
		if (now > server.most)
			server.most = now;
		usleep(50 * 1000);
		server.slow--;
		answer(p, "200 OK", "", "slow");
	} else if (strcmp(path, "/old") == 0) {
		put(p, "HTTP/1.0 200 OK\r\n\r\nuntil the end");
		return false;
	} else if (strcmp(path, "/silent") == 0) {
		sleep(4);
		return false;
	} else if (strcmp(path, "/stalls") == 0) {
		put(p, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbegins");
		sleep(4);
		return false;
	} else if (strcmp(path, "/trickles") == 0) {
		put(p, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
		for (int i = 0; i < 200; i++, usleep(20 * 1000))
			put(p, "x");
		return false;
	} else if (strcmp(path, "/hangs-up") == 0) {
		redirect(p, "302 Found", "/hello");
		usleep(20 * 1000);
		return false;
	} else if (strcmp(path, "/cut") == 0) {
		put(p, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this");
		return false;
	} else if (strcmp(path, "/bomb") == 0) {
		send_bomb(p);
		return false;
	} else if (strcmp(path, "/endless") == 0) {
		put(p, "HTTP/1.1 200 OK\r\n\r\n");
		send_forever(p, "0123456789\n");
		return false;
	} else if (strcmp(path, "/header") == 0) {
		put(p, "HTTP/1.1 200 OK\r\n");
		send_forever(p, "X-More: and more\r\n");
		return false;
	} else if (strcmp(path, "/lines") == 0) {
		put(p, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\none\n\r\n");
		usleep(300 * 1000);
		put(p, "4\r\ntwo\n\r\n");
		usleep(100 * 1000);
		put(p, "0\r\n\r\n");
	} else if (strcmp(path, "/nonsense") == 0) {
		put(p, "this is no HTTP at all\r\n\r\n");
		return false;
	} else {
		answer(p, "404 Not Found", "", "");
	}
	return true;
}

static bool read_request(struct peer *p)
{
	size_t n = 0;
	p->request[0] = 0;
	while (!strstr(p->request, "\r\n\r\n")) {
		ssize_t got = recv(p->fd, p->request + n, sizeof p->request - 1 - n, 0);
		if (got <= 0)
			return false;
		n += (size_t)got;
		p->request[n] = 0;
	}
	const char *from = strchr(p->request, ' ');
	snprintf(p->path, sizeof p->path, "%.*s", from ? (int)strcspn(from + 1, " ") : 0,
	         from ? from + 1 : "");
	return true;
}

static void *serve_peer(void *context)
{
	struct peer *p = context;
	bool goes_on = true;
	server.connections++;
	while (goes_on && read_request(p)) {
		server.requests++;
		goes_on = serve(p);
	}
	shutdown(p->fd, SHUT_RDWR);
	close(p->fd);
	free(p);
	return NULL;
}

static void *accept_all(void *context)
{
	int listening = (int)(intptr_t)context;
	for (int fd; (fd = accept(listening, NULL, NULL)) >= 0;) {
		struct peer *p = calloc(1, sizeof *p);
		pthread_t thread;
		pthread_attr_t attributes;
		p->fd = fd;
		pthread_attr_init(&attributes);
		pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
		pthread_create(&thread, &attributes, serve_peer, p);
		pthread_attr_destroy(&attributes);
	}
	return NULL;
}

static void start_server(void)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;
	pthread_t thread;
	server.fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(server.fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(server.fd, 512), 0);
	getsockname(server.fd, (struct sockaddr *)&at, &size);
	server.port = ntohs(at.sin_port);
	pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)server.fd);
	pthread_detach(thread);
}

/* ---- The client ---- */

struct client {
	uv_loop_t loop;
	struct dns *dns;
	struct http *http;
	struct arena arena;
	struct http_params params;
	struct err err;
};

static int setup(void **state)
{
	static struct client c;
	memset(&c, 0, sizeof c);
	arena_init(&c.arena);
	uv_loop_init(&c.loop);
	assert_int_equal(dns_open(&c.loop, &(struct dns_options){ 0 }, &c.dns, &c.err), 0);
	assert_int_equal(http_open(&c.loop, c.dns, NULL, &c.http, &c.err), 0);
	c.params = (struct http_params)HTTP_DEFAULTS;
	c.params.http_timeout_sec = 1;
	server.requests = server.connections = server.most = 0;
	*state = &c;
	return 0;
}

static int teardown(void **state)
{
	struct client *c = *state;
	http_close(c->http);
	dns_close(c->dns);
	uv_run(&c->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&c->loop), 0);
	arena_fini(&c->arena);
	return 0;
}

static void count(struct http_call *call, void *context)
{
	(void)call;
	++*(int *)context;
}

static struct str url_of(struct client *c, const char *path)
{
	return arena_printf(&c->arena, "http://127.0.0.1:%d%s", server.port, path);
}

/* As the engine does it: UV_RUN_ONCE would wait once more after what it waited for has come. */
static void turn(struct client *c)
{
	struct pollfd fd = { uv_backend_fd(&c->loop), POLLIN, 0 };
	poll(&fd, 1, uv_backend_timeout(&c->loop));
	uv_run(&c->loop, UV_RUN_NOWAIT);
}

static enum result ask(struct client *c, struct http_request request, struct http_response *out)
{
	int done = 0;
	c->err = (struct err){ 0 };
	request.params = request.params ? request.params : &c->params;
	struct http_call *call = http_start(c->http, &request, false, count, &done);
	assert_int_equal(done, 0);
	while (!done)
		turn(c);
	enum result result = http_call_answer(call, &c->arena, out, &c->err);
	http_call_free(call);
	assert_int_equal(done, 1);
	return result;
}

static enum result get(struct client *c, const char *path, struct http_response *out)
{
	return ask(c, (struct http_request){ .url = url_of(c, path) }, out);
}

#define assert_body(response, text) assert_true(str_eq((response).body, S(text)))
#define assert_said(c, part)                                                                       \
	do {                                                                                       \
		if (!strstr((c)->err.text, part))                                                  \
			fail_msg("'%s' is not in '%s'", part, (c)->err.text);                      \
	} while (0)

static bool contains(struct str text, const char *part)
{
	return str_find(text, str_of(part)) != STR_NOT_FOUND;
}

/* ---- Tests ---- */

static void test_answers(void **state)
{
	struct client *c = *state;
	struct http_response r;
	assert_int_equal(get(c, "/hello", &r), DONE);
	assert_int_equal(r.status, 200);
	assert_body(r, "hello");
	assert_int_equal(r.bytes, 5);
	assert_true(str_eq(r.reason, S("OK")));
	bool found = false;
	for (size_t i = 0; i < r.n_fields; i++)
		found = found || (str_eq(r.fields[i].name, S("ETag")) &&
		                  str_eq(r.fields[i].value, S("\"1\"")));
	assert_true(found);
	assert_int_equal(get(c, "/missing", &r), DONE);
	assert_int_equal(r.status, 404);
	assert_true(str_eq(r.reason, S("Not Found")));
	assert_body(r, "nothing here");
	assert_int_equal(get(c, "/broken", &r), DONE);
	assert_int_equal(r.status, 500);
	assert_int_equal(get(c, "/chunked", &r), DONE);
	assert_body(r, "hello world");
	assert_int_equal(get(c, "/old", &r), DONE);
	assert_body(r, "until the end");
	assert_int_equal(server.requests, 5);
	/* All but the last, which ends its connection, over one connection. */
	assert_int_equal(server.connections, 1);
}

static void test_nothing_is_changed(void **state)
{
	struct client *c = *state;
	struct http_response r;
	const struct http_field field = { S("If-None-Match"), S("\"1\"") };
	assert_int_equal(ask(c,
	                     (struct http_request){
				     .url = url_of(c, "/etag"), .fields = &field, .n_fields = 1 },
	                     &r),
	                 DONE);
	assert_int_equal(r.status, 304);
	assert_int_equal(r.body.n, 0);
}

static void test_redirections(void **state)
{
	struct client *c = *state;
	struct http_response r;
	assert_int_equal(get(c, "/one", &r), DONE);
	assert_int_equal(r.status, 200);
	assert_body(r, "hello");
	assert_true(str_ends(r.url, S("/hello")));
	assert_int_equal(server.requests, 3);
	assert_int_equal(get(c, "/circle", &r), TRY_LATER);
	assert_said(c, "without an end");
	assert_int_equal(server.requests, 3 + 1 + HTTP_REDIRECTS);
	assert_int_equal(get(c, "/other-scheme", &r), TRY_LATER);
	assert_said(c, "file:///etc/passwd");
}

static void test_methods_after_redirections(void **state)
{
	struct client *c = *state;
	struct http_response r;
	assert_int_equal(
		ask(c, (struct http_request){ .url = url_of(c, "/see-other"), .body = S("a=b") },
	            &r),
		DONE);
	assert_true(str_starts(r.body, S("GET /echo")));
	assert_int_equal(
		ask(c, (struct http_request){ .url = url_of(c, "/same-method"), .body = S("a=b") },
	            &r),
		DONE);
	assert_true(str_starts(r.body, S("POST /echo")));
}

static void test_credentials_stay_with_their_server(void **state)
{
	struct client *c = *state;
	struct http_response r;
	const struct http_field field = { S("Authorization"), S("Bearer token") };
	c->params.http_username = "user";
	c->params.http_password = "secret";
	assert_int_equal(get(c, "/echo", &r), DONE);
	assert_true(contains(r.body, "Authorization: Basic dXNlcjpzZWNyZXQ="));
	assert_int_equal(get(c, "/away", &r), DONE);
	assert_true(str_starts(r.body, S("GET /echo")));
	assert_false(contains(r.body, "Authorization"));
	c->params.http_username = NULL;
	struct http_request with = { .url = url_of(c, "/away"), .fields = &field, .n_fields = 1 };
	assert_int_equal(ask(c, with, &r), DONE);
	assert_false(contains(r.body, "Bearer"));
	with.url = url_of(c, "/echo");
	assert_int_equal(ask(c, with, &r), DONE);
	assert_true(contains(r.body, "Authorization: Bearer token"));
	/* In the URL, and never in an error. */
	assert_int_equal(
		ask(c,
	            (struct http_request){ .url = arena_printf(&c->arena,
	                                                       "http://me:hidden@127.0.0.1:%d/echo",
	                                                       server.port) },
	            &r),
		DONE);
	assert_true(contains(r.body, "Authorization: Basic bWU6aGlkZGVu"));
	assert_int_equal(
		ask(c,
	            (struct http_request){
			    .url = arena_printf(&c->arena, "http://me:hidden@127.0.0.1:%d/nonsense",
	                                        server.port) },
	            &r),
		TRY_LATER);
	assert_null(strstr(c->err.text, "hidden"));
}

static void test_header_fields(void **state)
{
	struct client *c = *state;
	struct http_response r;
	struct dict *fields = dict_new(&c->arena);
	dict_set(fields, S("X-Mine"), value_str(S("yes")));
	dict_set(fields, S("X-Split"), value_str(S("a\r\nX-Injected: b")));
	c->params.http_header = fields;
	c->params.http_user_agent = "tester";
	assert_int_equal(get(c, "/echo", &r), DONE);
	assert_true(contains(r.body, "X-Mine: yes\r\n"));
	assert_true(contains(r.body, "User-Agent: tester\r\n"));
	assert_false(contains(r.body, "Injected"));
}

static void test_wrong_addresses(void **state)
{
	struct client *c = *state;
	struct http_response r;
	static const char *const wrong[] = { "",
		                             "nonsense",
		                             "ftp://127.0.0.1/",
		                             "http://",
		                             "http://127.0.0.1:99999/",
		                             "file:///etc/passwd",
		                             "http://no such host/" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		assert_int_equal(ask(c, (struct http_request){ .url = str_of(wrong[i]) }, &r),
		                 TRY_LATER);
		assert_true(c->err.text[0]);
	}
}

/* ---- Servers that behave badly ---- */

static void test_nobody_there(void **state)
{
	struct client *c = *state;
	struct http_response r;
	assert_int_equal(ask(c, (struct http_request){ .url = S("http://127.0.0.1:1/") }, &r),
	                 TRY_LATER);
	assert_said(c, "127.0.0.1:1");
}

static void test_silence_is_tried_again(void **state)
{
	struct client *c = *state;
	struct http_response r;
	c->params.http_timeout_max_tries = 2;
	assert_int_equal(get(c, "/silent", &r), TRY_LATER);
	assert_said(c, "within 1 s");
	assert_int_equal(server.requests, 2);
	assert_int_equal(get(c, "/stalls", &r), TRY_LATER);
	assert_said(c, "nothing more came");
}

static void test_trickle_is_given_up(void **state)
{
	struct client *c = *state;
	struct http_response r;
	c->params.http_timeout_max_tries = 1;
	c->params.http_timeout_sec = 0.1;
	assert_int_equal(get(c, "/trickles", &r), TRY_LATER);
	assert_said(c, "slower than 100 bytes a second for 1 s");
}

/* The server closes its connection, without a word before, while the next request is on its way. */
static void test_closed_connection_is_replaced(void **state)
{
	struct client *c = *state;
	struct http_response r;
	c->params.http_timeout_max_tries = 1;
	for (int i = 0; i < 20; i++) {
		assert_int_equal(get(c, "/hangs-up", &r), DONE);
		assert_body(r, "hello");
	}
}

static void test_half_an_answer_is_none(void **state)
{
	struct client *c = *state;
	struct http_response r;
	assert_int_equal(get(c, "/cut", &r), TRY_LATER);
	assert_int_equal(server.requests, 3);
	assert_int_equal(get(c, "/nonsense", &r), TRY_LATER);
}

static void test_too_much(void **state)
{
	struct client *c = *state;
	struct http_response r;
	c->params.http_timeout_sec = 20;
	assert_int_equal(get(c, "/header", &r), TRY_LATER);
	assert_said(c, "header");
	assert_int_equal(get(c, "/endless", &r), TRY_LATER);
	assert_said(c, "67108864 bytes");
	c->params.http_max_size = 1000 * 1000;
	assert_int_equal(get(c, "/bomb", &r), TRY_LATER);
	assert_int_equal(get(c, "/endless", &r), TRY_LATER);
}

static void test_enough(void **state)
{
	struct client *c = *state;
	struct http_response r;
	const struct {
		const char *path, *body;
		uint64_t enough;
	} cases[] = { { "/chunked", "hello", 5 },
		      { "/chunked", "hello world", 11 },
		      { "/chunked", "hello world", 12 } };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct http_request request = { .url = url_of(c, cases[i].path),
			                              .enough = cases[i].enough };
		assert_int_equal(ask(c, request, &r), DONE);
		assert_int_equal(r.status, 200);
		assert_true(str_eq(r.body, str_of(cases[i].body)));
	}
	const struct http_request endless = { .url = url_of(c, "/endless"), .enough = 100000 };
	assert_int_equal(ask(c, endless, &r), DONE);
	assert_int_equal(r.body.n, 100000);
}

static void test_into_a_file(void **state)
{
	struct client *c = *state;
	struct http_response r;
	char text[20] = "";
	int fd = memfd_create("body", 0);
	assert_int_equal(pwrite(fd, "left from before", 16, 0), 16);
	assert_int_equal(
		ask(c, (struct http_request){ .url = url_of(c, "/chunked"), .file = fd }, &r),
		DONE);
	assert_int_equal(r.bytes, 11);
	assert_int_equal(r.body.n, 0);
	assert_int_equal(pread(fd, text, 11, 0), 11);
	assert_string_equal(text, "hello world");
	/* An error's text is for people. */
	assert_int_equal(
		ask(c, (struct http_request){ .url = url_of(c, "/missing"), .file = fd }, &r),
		DONE);
	assert_body(r, "nothing here");
	c->params.http_max_size = 5000000;
	assert_int_equal(
		ask(c, (struct http_request){ .url = url_of(c, "/endless"), .file = fd }, &r),
		TRY_LATER);
	assert_said(c, "5000000 bytes");
	close(fd);
}

/* ---- Many at once ---- */

static void test_connections_are_limited(void **state)
{
	struct client *c = *state;
	enum { N = 100 };
	struct http_call *calls[N];
	struct http_response r;
	int done = 0;
	c->params.http_connections = 10;
	c->params.http_timeout_sec = 20;
	struct http_request request = { .url = url_of(c, "/slow"), .params = &c->params };
	for (int i = 0; i < N; i++)
		calls[i] = http_start(c->http, &request, false, count, &done);
	while (done < N)
		turn(c);
	for (int i = 0; i < N; i++) {
		assert_int_equal(http_call_answer(calls[i], &c->arena, &r, &c->err), DONE);
		assert_body(r, "slow");
		http_call_free(calls[i]);
	}
	assert_in_range(server.most, 5, 10);
	assert_int_equal(server.requests, N);
	assert_true(server.connections <= 10);
}

static void test_equal_requests_are_shared(void **state)
{
	struct client *c = *state;
	struct http_call *calls[20];
	struct http_response r;
	int done = 0;
	struct http_request request = { .url = url_of(c, "/slow"),
		                        .params = &c->params,
		                        .shared = true };
	for (int i = 0; i < 20; i++)
		calls[i] = http_start(c->http, &request, false, count, &done);
	http_call_free(calls[0]); /* the others do not need the first */
	while (done < 19)
		turn(c);
	assert_int_equal(server.requests, 1);
	for (int i = 1; i < 20; i++) {
		assert_int_equal(http_call_answer(calls[i], &c->arena, &r, &c->err), DONE);
		assert_body(r, "slow");
		http_call_free(calls[i]);
	}
}

static void test_free_at_any_time(void **state)
{
	struct client *c = *state;
	static const char *const paths[] = { "/slow",    "/hello",  "/one",  "/silent",
		                             "/endless", "/circle", "/lines" };
	enum { N = 70 };
	struct http_call *calls[N];
	int done = 0;
	for (int round = 0; round < 8; round++) {
		for (int i = 0; i < N; i++) {
			struct http_request request = { .url = url_of(c, paths[i % 7]),
				                        .params = &c->params };
			calls[i] = http_start(c->http, &request, i % 7 == 6, count, &done);
		}
		for (int turn = 0; turn < round * 5; turn++)
			uv_run(&c->loop, UV_RUN_NOWAIT);
		for (int i = 0; i < N; i++)
			if (round < 7 || i % 2)
				http_call_free(
					calls[(i * 31) % N]); /* the rest is for http_close */
	}
}

/* A service that is down: one request at a time pays, the others wait, and all get through when it is back. */
static void test_service_is_waited_for(void **state)
{
	struct client *c = *state;
	struct http_call *calls[10];
	struct http_response r;
	int done = 0, failed = 0;
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;
	/* A port that nobody listens on, yet. */
	int later = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(later, (struct sockaddr *)&at, sizeof at), 0);
	getsockname(later, (struct sockaddr *)&at, &size);
	c->params.http_timeout_max_tries = 1;
	struct http_request request = { .url = arena_printf(&c->arena, "http://127.0.0.1:%d/hello",
		                                            ntohs(at.sin_port)),
		                        .params = &c->params,
		                        .service = true };
	for (int i = 0; i < 10; i++)
		calls[i] = http_start(c->http, &request, false, count, &done);
	while (!http_trouble(c->http).p)
		turn(c);
	assert_int_equal(done <= 1, 1);
	assert_true(contains(http_trouble(c->http), "does not answer"));
	assert_int_equal(listen(later, 100), 0);
	pthread_t thread;
	pthread_create(&thread, NULL, accept_all, (void *)(intptr_t)later);
	pthread_detach(thread);
	while (done < 10)
		turn(c);
	for (int i = 0; i < 10; i++) {
		failed += http_call_answer(calls[i], &c->arena, &r, &c->err) != DONE;
		http_call_free(calls[i]);
	}
	assert_in_range(failed, 1, 2);
	assert_null(http_trouble(c->http).p);
}

/* ---- Streams ---- */

static enum http_read read_some(struct client *c, struct http_call *call, struct str *out)
{
	enum http_read got;
	int news = 0;
	while ((got = http_call_read(call, &c->arena, out, &c->err)) == HTTP_QUIET) {
		http_call_watch(call, count, &news);
		while (!news)
			turn(c);
		news = 0;
	}
	http_call_watch(call, NULL, NULL);
	if (got == HTTP_BROKEN)
		print_message("%s\n", c->err.text);
	return got;
}

static struct http_call *open_stream(struct client *c, const char *path, struct http_response *out)
{
	int done = 0;
	struct http_request request = { .url = url_of(c, path), .params = &c->params };
	struct http_call *call = http_start(c->http, &request, true, count, &done);
	while (!done)
		turn(c);
	enum result result = http_call_answer(call, &c->arena, out, &c->err);
	if (result != DONE)
		fail_msg("%s: %s", path, c->err.text);
	return call;
}

static void test_stream(void **state)
{
	struct client *c = *state;
	struct http_response r;
	struct str data;
	struct http_call *call = open_stream(c, "/lines", &r);
	assert_int_equal(r.status, 200);
	assert_int_equal(read_some(c, call, &data), HTTP_DATA);
	assert_true(str_eq(data, S("one\n")));
	assert_int_equal(read_some(c, call, &data), HTTP_DATA);
	assert_true(str_eq(data, S("two\n")));
	assert_int_equal(read_some(c, call, &data), HTTP_END);
	http_call_free(call);
	call = open_stream(c, "/stalls", &r);
	assert_int_equal(read_some(c, call, &data), HTTP_DATA);
	assert_int_equal(read_some(c, call, &data), HTTP_BROKEN);
	assert_said(c, "nothing more came");
	http_call_free(call);
}

/* What is not read holds the server back; memory stays bounded. */
static void test_stream_holds_back(void **state)
{
	struct client *c = *state;
	struct http_response r;
	struct str data;
	size_t total = 0;
	struct http_call *call = open_stream(c, "/endless", &r);
	for (int i = 0; i < 300; i++)
		uv_run(&c->loop, UV_RUN_NOWAIT);
	while (total < 20 * 1000 * 1000) {
		assert_int_equal(read_some(c, call, &data), HTTP_DATA);
		assert_true(data.n <= 2 * 1024 * 1024);
		for (size_t i = 0; i < data.n; i += 1000)
			assert_int_equal(data.p[i], "0123456789\n"[(total + i) % 65536 % 11]);
		total += data.n;
		arena_reset(&c->arena);
	}
	http_call_free(call);
}

/* No threads of ours or of libraries: names are not looked up by libcurl. */
static void test_names_need_no_threads(void **state)
{
	struct client *c = *state;
	struct http_response r;
	assert_int_equal(ask(c,
	                     (struct http_request){ .url = arena_printf(&c->arena,
	                                                                "http://localhost:%d/hello",
	                                                                server.port) },
	                     &r),
	                 DONE);
	assert_body(r, "hello");
}

static void test_proxy(void **state)
{
	struct client *c = *state;
	struct http_response r;
	char proxy[60];
	snprintf(proxy, sizeof proxy, "http://127.0.0.1:%d", server.port);
	c->params.http_proxy = proxy;
	assert_int_equal(ask(c, (struct http_request){ .url = S("http://127.0.0.1:1/list") }, &r),
	                 TRY_LATER);
	c->params.https_proxy = proxy;
	assert_int_equal(ask(c, (struct http_request){ .url = S("http://feeds.example/list") }, &r),
	                 DONE);
	assert_int_equal(r.status, 404); /* the server has no http://feeds.example/list */
	assert_int_equal(server.requests, 1);
}

static void make_bomb(void)
{
	char path[] = "/tmp/http-test-bomb-XXXXXX", command[200];
	close(mkstemp(path));
	snprintf(command, sizeof command, "head -c 67108864 /dev/zero | gzip -9 > %s", path);
	assert_int_equal(system(command), 0);
	FILE *f = fopen(path, "r");
	char *bytes = malloc(1 << 20);
	bomb = (struct str){ bytes, fread(bytes, 1, 1 << 20, f) };
	fclose(f);
	unlink(path);
	assert_true(bomb.n > 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nothing_is_changed, setup, teardown),
		cmocka_unit_test_setup_teardown(test_redirections, setup, teardown),
		cmocka_unit_test_setup_teardown(test_methods_after_redirections, setup, teardown),
		cmocka_unit_test_setup_teardown(test_credentials_stay_with_their_server, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_header_fields, setup, teardown),
		cmocka_unit_test_setup_teardown(test_wrong_addresses, setup, teardown),
		cmocka_unit_test_setup_teardown(test_nobody_there, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silence_is_tried_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_trickle_is_given_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_closed_connection_is_replaced, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_half_an_answer_is_none, setup, teardown),
		cmocka_unit_test_setup_teardown(test_too_much, setup, teardown),
		cmocka_unit_test_setup_teardown(test_enough, setup, teardown),
		cmocka_unit_test_setup_teardown(test_into_a_file, setup, teardown),
		cmocka_unit_test_setup_teardown(test_connections_are_limited, setup, teardown),
		cmocka_unit_test_setup_teardown(test_equal_requests_are_shared, setup, teardown),
		cmocka_unit_test_setup_teardown(test_free_at_any_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_service_is_waited_for, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream_holds_back, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names_need_no_threads, setup, teardown),
		cmocka_unit_test_setup_teardown(test_proxy, setup, teardown),
	};
	signal(SIGPIPE, SIG_IGN);
	start_server();
	make_bomb();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
