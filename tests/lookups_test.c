/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The SDK's calls that ask others, from bots in a worker, with real servers. */
#include <intelmq/cache.h>
#include <intelmq/dns.h>
#include <intelmq/http.h>
#include <intelmq/json.h>
#include <intelmq/whois.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <arpa/inet.h>

#include "cli/world.h"
#include "tests/stage.h"

static const char servers[] =
	"{\"dns\": {\"A www.example.com\": [\"192.0.2.1\", \"192.0.2.2\"], \"TXT t.example.com\": "
	"[\"a \\\"b\\\" c\"],"
	"\"PTR 1.2.0.192.in-addr.arpa\": [\"host.example.com.\"], \"PTR 2.2.0.192.in-addr.arpa\": "
	"\"noanswer\","
	"\"A slow.example.com\": \"timeout\"},"
	"\"http\": [{\"method\": \"GET\", \"url\": \"https://www.example.com/list\", \"status\": "
	"200, \"body\": \"one\","
	"\"headers\": {\"ETag\": \"v1\"}},"
	"{\"method\": \"GET\", \"url\": \"http://www.example.com/away\", \"status\": 302,"
	"\"headers\": {\"Location\": \"https://www.example.com/list\"}},"
	"{\"method\": \"GET\", \"url\": \"http://www.example.com/stream\", \"status\": 200, "
	"\"body\": \"a\\nb\\n\"}]}";

struct scene {
	struct stage stage;
	struct authority *authority;
	struct world world;
	struct value run;
};

static int setup(void **state)
{
	static struct scene s;
	struct err err;
	memset(&s, 0, sizeof s);
	stage_init(&s.stage, (struct queue_limits){ 0 });
	assert_int_equal(json_parse(&s.stage.arena, str_of(servers), &s.run, &err), 0);
	assert_int_equal(authority_new(&s.authority, &err), 0);
	assert_int_equal(world_open(&s.world, s.authority, s.run.dict, &err), 0);
	world_point_to(&s.world, &s.stage.arena, s.stage.parameters);
	s.stage.detour = (struct http_detour){ s.world.web, authority_path(s.authority) };
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	struct scene *s = *state;
	stage_fini(&s->stage);
	world_close(&s->world);
	authority_free(s->authority);
	return 0;
}

/* Runs until the input is empty. */
static void run(struct stage *s)
{
	for (int i = 0; i < 10000 && stage_left(s, STAGE_INPUT); i++) {
		struct pollfd news[WORKER_NEWS];
		int64_t wait = worker_step(s->worker);
		if (wait <= 0)
			continue;
		worker_news(s->worker, news);
		clock_poll(news, WORKER_NEWS, wait < 20 ? (int)wait : 20);
	}
}

/* ---- Names ---- */

static struct {
	enum dns_status status[6];
	struct dns_answer host;
	char text[40], quoted[40], pointer[40], address[40];
} names;

static void keep(char out[40], struct str text)
{
	snprintf(out, 40, "%.*s", STR_ARG(text));
}

static enum result namer_enrich(struct bot *bot, struct event *e)
{
	struct dns_answer a;
	(void)e;
	names.status[0] = dns_host(bot, S("WWW.example.com"), DNS_A, &names.host);
	names.host.values = NULL;
	names.status[1] = dns_query(bot, S("t.example.com"), DNS_TXT, &a);
	keep(names.quoted, a.values[0]);
	keep(names.text, dns_text(bot, a.values[0]));
	names.status[2] = dns_pointer(bot, S("192.0.2.1"), &a);
	keep(names.pointer, a.values[0]);
	names.status[3] = dns_pointer(bot, S("192.0.2.2"), &a);
	names.status[4] = dns_query(bot, S("slow.example.com"), DNS_A, &a);
	names.status[5] = dns_host(bot, S("nowhere.example.com"), DNS_A, &a);
	dns_host(bot, S("192.0.2.77"), DNS_A, &a);
	keep(names.address, a.values[0]);
	assert_int_equal(dns_pointer(bot, S("no address"), &a), DNS_BAD_NAME);
	return DONE;
}

static const struct bot_type namer = {
	.module = "test.namer",
	.summary = "Asks name servers.",
	.uses = USES_LOOKUPS,
	.enrich = namer_enrich,
};

static void test_names(void **state)
{
	struct scene *s = *state;
	stage_push(&s->stage, "{\"comment\": \"x\", \"__type\": \"Event\"}");
	assert_true(stage_enter(&s->stage, &namer));
	run(&s->stage);
	assert_int_equal(names.status[0], DNS_FOUND);
	assert_int_equal(names.host.n, 2);
	assert_true(names.host.ttl > 0);
	assert_string_equal(names.quoted, "\"a \\\"b\\\" c\"");
	assert_string_equal(names.text, "a \"b\" c");
	assert_string_equal(names.pointer, "host.example.com");
	assert_int_equal(names.status[3], DNS_NO_DATA);
	assert_int_equal(names.status[4], DNS_TIMEOUT);
	assert_int_equal(names.status[5], DNS_NO_NAME);
	assert_string_equal(names.address, "192.0.2.77");
}

/* ---- The web, also before the first message ---- */

static struct {
	int at_init, status;
	char body[40], etag[40], reason[200];
} web;

static enum result browser_init(struct bot *bot)
{
	struct http_response r;
	enum result result = http_request(
		bot, &(struct http_request){ .url = S("http://www.example.com/away") }, &r);
	web.at_init = r.status;
	return result;
}

static enum result browser_enrich(struct bot *bot, struct event *e)
{
	struct http_response r;
	(void)e;
	enum result result = http_request(
		bot, &(struct http_request){ .url = S("https://www.example.com/list") }, &r);
	web.status = r.status;
	keep(web.body, r.body);
	keep(web.etag, http_field(&r, "etag"));
	assert_null(http_field(&r, "X-None").p);
	assert_int_equal(http_request(bot, &(struct http_request){ .url = S("nonsense") }, &r),
	                 TRY_LATER);
	snprintf(web.reason, sizeof web.reason, "%s", bot->err.text);
	return result;
}

static const struct bot_type browser = {
	.module = "test.browser",
	.summary = "Asks web servers.",
	.uses = USES_LOOKUPS,
	.init = browser_init,
	.enrich = browser_enrich,
};

static void test_web(void **state)
{
	struct scene *s = *state;
	stage_push(&s->stage, "{\"comment\": \"x\", \"__type\": \"Event\"}");
	assert_true(stage_enter(&s->stage, &browser));
	assert_int_equal(web.at_init, 200);
	run(&s->stage);
	assert_int_equal(web.status, 200);
	assert_string_equal(web.body, "one");
	assert_string_equal(web.etag, "v1");
	assert_non_null(strstr(web.reason, "nonsense"));
	size_t size, depth = worker_stack_depth(s->stage.worker, &size);
	assert_in_range(depth, 1, size / 2);
}

/* The certificate is not of an authority that is known. */
static void test_unknown_authority(void **state)
{
	struct scene *s = *state;
	s->stage.detour.ca_file = "/dev/null";
	assert_false(stage_enter(&s->stage, &browser));
	assert_true(stage_logged(&s->stage, "certificate"));
}

/* ---- Addresses with the time in them ---- */

static struct str formatted(struct bot *bot, const char *url, struct value how, enum result *result)
{
	struct str out = STR_NONE;
	*result = http_format_url(bot, str_of(url), how, &out);
	return out;
}

static enum result formatter_init(struct bot *bot)
{
	enum result r;
	struct dict *shift = dict_new(bot->arena);
	clock_set(INT64_C(1772366400) * 1000000); /* 2026-03-01T12:00:00Z */
	dict_set(shift, S("days"), value_int(-1));
	dict_set(shift, S("hours"), value_float(1.5));
	assert_true(str_eq(formatted(bot, "a/{time[%Y]}/{{x}}", value_bool(true), &r),
	                   S("a/2026/{x}")) &&
	            r == DONE);
	assert_true(
		str_eq(formatted(bot, "{time[%d %H:%M]}", value_dict(shift), &r), S("28 13:30")));
	assert_true(str_eq(formatted(bot, "{time[%Y]}", value_bool(false), &r), S("{time[%Y]}")));
	dict_set(shift, S("eons"), value_int(1));
	formatted(bot, "x", value_dict(shift), &r);
	assert_int_equal(r, BAD_CONF);
	static const char *const wrong[] = { "{", "}", "{time}", "{time[%Y}", "{other[%Y]}" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		formatted(bot, wrong[i], value_bool(true), &r);
		assert_int_equal(r, BAD_CONF);
	}
	return DONE;
}

static const struct bot_type formatter = {
	.module = "test.formatter",
	.summary = "Formats addresses.",
	.uses = USES_LOOKUPS,
	.init = formatter_init,
	.enrich = namer_enrich,
};

static void test_addresses_with_time(void **state)
{
	struct scene *s = *state;
	assert_true(stage_enter(&s->stage, &formatter));
}

/* ---- Streams and the cache ---- */

static char streamed[100];

static enum result streamer_init(struct bot *bot)
{
	struct http_response r;
	struct str data, value;
	struct http_stream *stream = http_stream_open(
		bot, &(struct http_request){ .url = S("http://www.example.com/stream") }, &r);
	assert_non_null(stream);
	enum http_read got;
	while ((got = http_stream_read(bot, stream, 1, &data)) == HTTP_DATA || got == HTTP_QUIET)
		if (got == HTTP_DATA)
			snprintf(streamed + strlen(streamed), sizeof streamed - strlen(streamed),
			         "%.*s", STR_ARG(data));
	assert_int_equal(got, HTTP_END);
	http_stream_close(stream);
	assert_false(cache_get(bot, S("k"), &value));
	cache_set(bot, S("k"), S("v"), 10);
	assert_true(cache_get(bot, S("k"), &value) && str_eq(value, S("v")));
	clock_advance(INT64_C(11) * 1000000);
	assert_false(cache_get(bot, S("k"), &value));
	return DONE;
}

static const struct bot_type streamer = {
	.module = "test.streamer",
	.summary = "Reads a stream.",
	.uses = USES_LOOKUPS,
	.init = streamer_init,
	.enrich = namer_enrich,
};

static void test_stream_and_cache(void **state)
{
	struct scene *s = *state;
	assert_true(stage_enter(&s->stage, &streamer));
	assert_string_equal(streamed, "a\nb\n");
}

/* ---- Whois ---- */

static char said[100];
static int whois_port;

static enum result consulter_init(struct bot *bot)
{
	struct str answer;
	enum result result = whois_query(bot, S("127.0.0.1"), whois_port, S("AS64496"), &answer);
	if (result == DONE)
		snprintf(said, sizeof said, "%.*s", STR_ARG(answer));
	return result;
}

static const struct bot_type consulter = {
	.module = "test.consulter",
	.summary = "Asks a whois server.",
	.uses = USES_LOOKUPS,
	.init = consulter_init,
	.enrich = namer_enrich,
};

/* Says what it was asked, and hangs up. */
static void serve_whois(int fd)
{
	char line[100];
	int peer = accept(fd, NULL, NULL);
	ssize_t n = read(peer, line, sizeof line);
	if (n < 0 || write(peer, "you ask: ", 9) != 9 || write(peer, line, (size_t)n) != n)
		_exit(1);
	_exit(0);
}

static void test_whois(void **state)
{
	struct scene *s = *state;
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(fd, 1), 0);
	getsockname(fd, (struct sockaddr *)&at, &size);
	whois_port = ntohs(at.sin_port);
	pid_t pid = fork();
	if (pid == 0)
		serve_whois(fd);
	close(fd);
	assert_true(stage_enter(&s->stage, &consulter));
	assert_string_equal(said, "you ask: AS64496\n");
	waitpid(pid, NULL, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
		cmocka_unit_test_setup_teardown(test_web, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unknown_authority, setup, teardown),
		cmocka_unit_test_setup_teardown(test_addresses_with_time, setup, teardown),
		cmocka_unit_test_setup_teardown(test_stream_and_cache, setup, teardown),
		cmocka_unit_test_setup_teardown(test_whois, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
