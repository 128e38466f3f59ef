/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Holds a connection to an address that never ends: each line is a report. */
#include <intelmq/bot.h>
#include <intelmq/http.h>
#include <intelmq/text.h>

struct params {
	const char *http_url;
	bool strip_lines;
	struct http_params http;
};

#define PARAMS struct params
static const struct param params[] = {
	STR(http_url, "Address to fetch.", .required = true),
	BOOL(strip_lines, "Take off the white space around each line."),
	GROUP(http, http_params),
	{ 0 },
};

enum {
	MAX_LINE = 16 * 1024 * 1024,
	MAX_PIECE = 16 * 1024 * 1024, /* of the stream, read at once; far more than comes */
	TURN = 1,                     /* seconds without anything, after which the verb returns */
};

struct state {
	struct http_stream *stream;
	struct buffer ahead; /* what has come and is not sent yet */
	bool skips;          /* the rest of a line that is too long */
};

static enum result stream_open(struct bot *bot)
{
	const struct params *p = bot->params;
	struct state *s = bot->state;
	struct http_request request = { .url = str_of(p->http_url), .params = &p->http };
	struct http_response response;
	bot_log(bot, LEVEL_INFO, "Connecting to stream at '%s'.", p->http_url);
	s->stream = http_stream_open(bot, &request, &response);
	if (!s->stream)
		return TRY_LATER;
	if (http_succeeded(&response))
		return DONE;
	http_stream_close(s->stream);
	s->stream = NULL;
	return bot_fail(bot, TRY_LATER, "HTTP response status code was %d.", response.status);
}

static enum result emit_line(struct bot *bot, struct str line)
{
	const struct params *p = bot->params;
	struct event *report = bot_new_report(bot);
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	if (p->strip_lines)
		line = text_strip(line);
	if (!line.n)
		return DONE;
	enum result result = event_set(report, "feed.url", str_of(p->http_url));
	return result == DONE ? bot_emit_report(bot, report, line) : result;
}

/* Forgets what is sent; the rest waits for what follows. */
static void keep_rest(struct state *s, struct str rest)
{
	if (rest.p != s->ahead.p)
		memmove(s->ahead.p, rest.p, rest.n);
	s->ahead.n = rest.n;
}

/* Sends the complete lines. If that fails, all of them are sent again by the next call. */
static enum result send_lines(struct bot *bot)
{
	struct state *s = bot->state;
	struct str rest = buffer_str(&s->ahead);
	for (size_t at; (at = str_index(rest, '\n')) != STR_NOT_FOUND;) {
		struct arena_mark mark = arena_mark(bot->arena);
		enum result result = s->skips ? DONE : emit_line(bot, str_slice(rest, 0, at));
		arena_rewind(bot->arena, mark);
		if (result != DONE)
			return result;
		s->skips = false;
		rest = str_slice(rest, at + 1, rest.n);
	}
	if (rest.n)
		keep_rest(s, rest);
	else
		buffer_clear(&s->ahead);
	return DONE;
}

static enum result take(struct bot *bot, struct str data)
{
	struct state *s = bot->state;
	buffer_add_str(&s->ahead, data);
	enum result result = send_lines(bot);
	if (result == BAD_DATA)
		buffer_clear(&s->ahead); /* it would be no better the next time */
	if (result != DONE || (s->ahead.n <= MAX_LINE && !s->skips))
		return result;
	/* Lines end at some time, or the server means harm. */
	if (!s->skips)
		bot_log(bot, LEVEL_ERROR, "A line of more than %d bytes is left out.", MAX_LINE);
	buffer_clear(&s->ahead);
	s->skips = true;
	return DONE;
}

static void stream_close(struct bot *bot)
{
	struct state *s = bot->state;
	http_stream_close(s->stream);
	s->stream = NULL;
	buffer_clear(&s->ahead);
	s->skips = false;
}

/* The server has finished: the last line may lack its line feed. */
static enum result stream_ended(struct bot *bot)
{
	struct state *s = bot->state;
	enum result result = s->skips ? DONE : emit_line(bot, buffer_str(&s->ahead));
	if (result != DONE)
		return result;
	stream_close(bot);
	bot_log(bot, LEVEL_INFO, "Stream stopped.");
	return DROP;
}

/* What had come of a line is half of one: it is not sent. */
static enum result stream_broke(struct bot *bot)
{
	struct str why = arena_dup(bot->arena, str_of(bot->err.text));
	stream_close(bot);
	return bot_fail(bot, TRY_LATER, "Stream broke: %.*s", STR_ARG(why));
}

static enum result stream_read(struct bot *bot)
{
	struct state *s = bot->state;
	struct str data;
	if (str_index(buffer_str(&s->ahead), '\n') != STR_NOT_FOUND)
		return take(bot, S("")); /* what could not be sent by the last call */
	if (!s->stream) {
		enum result result = stream_open(bot);
		if (result != DONE)
			return result;
	}
	switch (http_stream_read(bot, s->stream, TURN, &data)) {
	case HTTP_DATA:
		return take(bot, data);
	case HTTP_QUIET:
		return DONE;
	case HTTP_END:
		return stream_ended(bot);
	case HTTP_BROKEN:
		break;
	}
	return stream_broke(bot);
}

static const char *wrong_with(struct str url)
{
	return str_starts(url, S("http://")) || str_starts(url, S("https://"))
	             ? NULL
	             : "must begin with http:// or https://";
}

static enum result stream_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct state *s = bot->state;
	const char *wrong = wrong_with(str_of(p->http_url));
	if (wrong)
		return bot_fail(bot, BAD_CONF, "http_url '%s': %s", p->http_url, wrong);
	buffer_init(&s->ahead, MAX_LINE + MAX_PIECE);
	return DONE;
}

static void stream_fini(struct bot *bot)
{
	struct state *s = bot->state;
	http_stream_close(s->stream);
	buffer_fini(&s->ahead);
}

static void stream_check(struct bot *bot, struct findings *findings)
{
	const struct params *p = bot->params;
	const char *wrong = wrong_with(str_of(p->http_url));
	http_params_check(&p->http, findings);
	if (wrong)
		finding_add(findings, SEVERITY_ERROR, "http_url", "%s", wrong);
}

const struct bot_type collectors_http_collector_http_stream = {
	.module = "intelmq.bots.collectors.http.collector_http_stream",
	.summary = "Holds a connection to an address that never ends: each line is a report.",
	PARAMS_OF(.http_url = "<insert url of feed>", .strip_lines = true, .http = HTTP_DEFAULTS),
	.state_size = sizeof(struct state),
	.rate_limit = 3600,
	.uses = USES_LOOKUPS,
	.init = stream_init,
	.fini = stream_fini,
	.check = stream_check,
	.stream = stream_read,
};
