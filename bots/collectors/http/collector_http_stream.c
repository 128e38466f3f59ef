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
	TURN = 1, /* seconds without anything, after which the verb returns */
};

struct state {
	struct http_stream *stream;
	struct buffer line; /* what has come of the next one */
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

/* Complete lines are sent; the rest waits for what follows. */
static enum result take(struct bot *bot, struct str data)
{
	struct state *s = bot->state;
	enum result result = DONE;
	for (size_t at; result == DONE && (at = str_find(data, S("\n"))) != STR_NOT_FOUND;) {
		buffer_add(&s->line, data.p, at);
		if (s->line.over)
			break;
		result = emit_line(bot, buffer_str(&s->line));
		buffer_clear(&s->line);
		data = str_slice(data, at + 1, data.n);
	}
	if (result == DONE)
		buffer_add_str(&s->line, data);
	if (s->line.over) {
		buffer_clear(&s->line);
		return bot_fail(bot, BAD_DATA, "a line of more than %d bytes", MAX_LINE);
	}
	return result;
}

static void stream_close(struct bot *bot)
{
	struct state *s = bot->state;
	http_stream_close(s->stream);
	s->stream = NULL;
	buffer_fini(&s->line);
	buffer_init(&s->line, MAX_LINE);
}

/* The server has finished: the last line may lack its line feed. */
static enum result stream_ended(struct bot *bot)
{
	struct state *s = bot->state;
	enum result result = emit_line(bot, arena_dup(bot->arena, buffer_str(&s->line)));
	stream_close(bot);
	bot_log(bot, LEVEL_INFO, "Stream stopped.");
	return result == DONE ? DROP : result;
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

static enum result stream_init(struct bot *bot)
{
	struct state *s = bot->state;
	buffer_init(&s->line, MAX_LINE);
	return DONE;
}

static void stream_fini(struct bot *bot)
{
	struct state *s = bot->state;
	http_stream_close(s->stream);
	buffer_fini(&s->line);
}

static void stream_check(struct bot *bot, struct findings *findings)
{
	const struct params *p = bot->params;
	struct str url = str_of(p->http_url);
	http_params_check(&p->http, findings);
	if (!str_starts(url, S("http://")) && !str_starts(url, S("https://")))
		finding_add(findings, SEVERITY_ERROR, "http_url",
		            "must begin with http:// or https://");
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
