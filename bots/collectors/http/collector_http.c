/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Fetches an address, again and again. */
#include <intelmq/archive.h>
#include <intelmq/bot.h>
#include <intelmq/file.h>
#include <intelmq/http.h>
#include <intelmq/signature.h>
#include <intelmq/text.h>
#include <sys/stat.h>
#include <unistd.h>

struct params {
	const char *http_url, *signature_url, *gpg_keyring;
	struct value http_url_formatting, signature_url_formatting, extract_files;
	bool verify_pgp_signatures, http_conditional;
	struct http_params http;
};

#define PARAMS struct params
static const struct param params[] = {
	STR(http_url, "Address to fetch.", .required = true),
	VALUE(http_url_formatting,
	      "Put the time into the address: true, or what is added to it, as {\"days\": -1}; the "
	      "place is "
	      "{time[%Y-%m-%d]}.",
	      .nullable = true, .json_text = true),
	VALUE(extract_files,
	      "Unpack zip, tar or gzip: true, or the names of the files in it that are wanted.",
	      .nullable = true),
	BOOL(http_conditional,
	     "Ask for what has changed only: what the server says is the same is not sent again."),
	BOOL(verify_pgp_signatures, "Take only what is signed."),
	STR(signature_url, "Address of the detached signature.", .nullable = true),
	VALUE(signature_url_formatting, "As http_url_formatting, for the signature.",
	      .nullable = true, .json_text = true),
	PATH(gpg_keyring,
	     "File with the keys that are trusted; null: pubring.kbx in the user's .gnupg.",
	     .nullable = true),
	GROUP(http, http_params),
	{ 0 },
};

enum {
	REMEMBER = 90 * 24 * 3600, /* seconds, what the server said of a version */
	MAX_REMEMBERED = 2000,
	MAX_CONVERTED = 64 * 1024 * 1024, /* bytes of a text in another character set */
};

/* Files without a name, of the run under way; 0: not open. The verb may end without its own doing while it waits. */
struct state {
	int body, signature, other;
};

static int open_file(struct bot *bot, int *file)
{
	int fd = bot_temporary_file(bot);
	if (fd >= 0)
		*file = fd;
	return fd < 0 ? -1 : 0;
}

static void close_files(struct bot *bot)
{
	struct state *s = bot->state;
	if (s->body)
		close(s->body);
	if (s->signature)
		close(s->signature);
	if (s->other)
		close(s->other);
	*s = (struct state){ 0 };
}

/* For those who want a path. */
static const char *path_of(struct bot *bot, int fd)
{
	return arena_printf(bot->arena, "/proc/%d/fd/%d", (int)getpid(), fd).p;
}

/* ---- Signatures ---- */

/* False: not signed by somebody who is trusted; the log says so. */
static bool is_signed(struct bot *bot)
{
	const struct params *p = bot->params;
	struct state *s = bot->state;
	struct http_request request = { .params = &p->http };
	struct http_response response;
	enum result result = http_format_url(bot, str_of(p->signature_url),
	                                     p->signature_url_formatting, &request.url);
	if (result == DONE && open_file(bot, &s->signature) < 0)
		result = TRY_LATER;
	if (result == DONE) {
		request.file = s->signature;
		bot_log(bot, LEVEL_INFO, "Downloading PGP signature from '%.*s'.",
		        STR_ARG(request.url));
		result = http_request(bot, &request, &response);
	}
	if (result == DONE && !http_succeeded(&response))
		result = bot_fail(bot, TRY_LATER, "HTTP response status code was %d.",
		                  response.status);
	if (result != DONE)
		bot_log(bot, LEVEL_ERROR, "The signature cannot be fetched: %s", bot->err.text);
	else if (signature_check(bot->arena, p->gpg_keyring, s->signature, s->body, &bot->err) < 0)
		bot_log(bot, LEVEL_ERROR, "The signature is not valid: %s", bot->err.text);
	else
		return true;
	return false;
}

/* ---- Reports ---- */

static enum result emit_file(struct bot *bot, struct str url, struct str name, int fd)
{
	struct event *report = bot_new_report(bot);
	struct stat st;
	enum result result = event_set(report, "feed.url", url);
	if (result == DONE && name.p)
		result = event_set(report, "extra.file_name", name);
	if (result != DONE)
		return result;
	if (fstat(fd, &st) == 0 && st.st_size == 0)
		return bot_emit_report(bot, report, S("")); /* which tells that it is empty */
	return bot_emit_file(bot, report, fd, &(struct emit_file){ .chunk_size = PARAM_UNSET });
}

/* ---- Archives ---- */

static bool is_word(struct value v, struct str word)
{
	return v.kind == VALUE_STR && str_eq_nocase(text_strip(v.text), word);
}

static bool wants_archive(const struct params *p)
{
	return value_truthy(p->extract_files) && !is_word(p->extract_files, S("false"));
}

/* The members that are wanted: all, or those in a list or a text with commas. */
static void want_names(struct bot *bot, struct archive_request *request)
{
	const struct params *p = bot->params;
	struct value wanted = p->extract_files;
	struct list *list = list_new(bot->arena);
	if (wanted.kind == VALUE_STR && !is_word(wanted, S("true")))
		for (struct str rest = wanted.text; rest.p;)
			list_add(list, value_str(text_strip(str_cut(&rest, ','))));
	else if (wanted.kind == VALUE_LIST)
		list = wanted.list;
	else
		return;
	struct str *names = arena_zalloc(bot->arena, list->n, sizeof *names);
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].kind == VALUE_STR)
			names[request->n_names++] = list->items[i].text;
	request->by_name = true;
	request->names = names;
}

struct unpacking {
	struct bot *bot;
	struct str url;
	enum result result;
};

static int emit_member(void *context, struct str name, struct err *err)
{
	struct unpacking *u = context;
	const struct state *s = u->bot->state;
	(void)err; /* the bot's own */
	if (name.p)
		bot_log(u->bot, LEVEL_INFO, "Extracting files: '%.*s'.", STR_ARG(name));
	u->result = emit_file(u->bot, u->url, name, s->other);
	return u->result == DONE ? 0 : -1;
}

/* False: it is no archive, and need not be one. Else *result says what became of it. */
static bool emit_archive(struct bot *bot, struct str url, enum result *result)
{
	const struct params *p = bot->params;
	struct state *s = bot->state;
	bool wanted = wants_archive(p);
	const struct archive_limits limits = {
		.bytes = (size_t)p->http.http_max_size,
		.members = archive_limits_usual.members,
		.ratio = archive_limits_usual.ratio,
	};
	struct archive_request request = { .formats = wanted ? ARCHIVE_ANY : ARCHIVE_ZIP,
		                           .limits = &limits };
	struct unpacking u = { bot, url, DONE };
	struct str bytes;
	char begin[2] = "";
	if (!wanted && (pread(s->body, begin, 2, 0) != 2 || begin[0] != 'P' || begin[1] != 'K'))
		return false;
	if (wanted)
		want_names(bot, &request);
	*result = TRY_LATER;
	if (open_file(bot, &s->other) < 0 ||
	    file_map(path_of(bot, s->body), SIZE_MAX / 2, &bytes, &bot->err) < 0)
		return true;
	int rc = archive_each(bot->arena, bytes, &request, s->other, emit_member, &u, &bot->err);
	file_unmap(bytes);
	if (rc == 0 || u.result != DONE)
		*result = u.result;
	return rc <= 0 || wanted;
}

/* ---- Texts ---- */

/* Parsers read UTF-8. */
static enum result emit_text(struct bot *bot, struct str url, const struct http_response *response)
{
	struct state *s = bot->state;
	struct str bytes, text;
	int fd = s->body, rc = 0;
	if (response->bytes <= MAX_CONVERTED) {
		if (file_map(path_of(bot, fd), MAX_CONVERTED, &bytes, &bot->err) < 0)
			return TRY_LATER;
		if (http_to_utf8(bot, response, bytes, &text)) {
			rc = open_file(bot, &s->other);
			fd = s->other;
			if (rc == 0 && (file_write_all(fd, text) < 0 || lseek(fd, 0, SEEK_SET) < 0))
				rc = err_set(&bot->err, FAULT_OTHER,
				             "the report cannot be written to a file");
		}
		file_unmap(bytes);
	}
	return rc < 0 ? TRY_LATER : emit_file(bot, url, STR_NONE, fd);
}

static enum result emit(struct bot *bot, struct str url, const struct http_response *response)
{
	enum result result;
	return emit_archive(bot, url, &result) ? result : emit_text(bot, url, response);
}

/* ---- What has changed ---- */

/* "ETag\nLast-Modified", as the server gave them for this address. */
static size_t add_conditions(struct bot *bot, struct str url, struct http_field fields[2])
{
	const struct params *p = bot->params;
	struct str known;
	size_t n = 0;
	if (!p->http_conditional || !state_get(bot, url, &known))
		return 0;
	struct str etag = str_cut(&known, '\n');
	if (etag.n)
		fields[n++] = (struct http_field){ S("If-None-Match"), etag };
	if (known.n)
		fields[n++] = (struct http_field){ S("If-Modified-Since"), known };
	return n;
}

static void remember(struct bot *bot, struct str url, const struct http_response *response)
{
	const struct params *p = bot->params;
	struct str etag = http_field(response, "ETag"),
		   modified = http_field(response, "Last-Modified");
	struct buffer both;
	if (!p->http_conditional || (!etag.n && !modified.n))
		return;
	buffer_init_in(&both, bot->arena, MAX_REMEMBERED);
	buffer_add_str(&both, etag);
	buffer_add_char(&both, '\n');
	buffer_add_str(&both, modified);
	if (!both.over)
		state_set(bot, url, buffer_str(&both), REMEMBER);
}

/* ---- A run ---- */

static enum result fetch(struct bot *bot, struct str url)
{
	const struct params *p = bot->params;
	const struct state *s = bot->state;
	struct http_field fields[2];
	struct http_response response;
	const struct http_request request = {
		.url = url,
		.params = &p->http,
		.fields = fields,
		.n_fields = add_conditions(bot, url, fields),
		.file = s->body,
	};
	bot_log(bot, LEVEL_INFO, "Downloading report from '%.*s'.", STR_ARG(url));
	enum result result = http_request(bot, &request, &response);
	if (result != DONE)
		return result;
	if (response.status == 304 && request.n_fields) {
		bot_log(bot, LEVEL_INFO, "The report has not changed.");
		return DONE;
	}
	if (!http_succeeded(&response))
		return bot_fail(bot, TRY_LATER, "HTTP response status code was %d.",
		                response.status);
	bot_log(bot, LEVEL_INFO, "Report downloaded.");
	if (p->verify_pgp_signatures && !is_signed(bot))
		return DONE;
	result = emit(bot, url, &response);
	if (result == DONE)
		remember(bot, url, &response);
	return result;
}

static enum result http_collect(struct bot *bot)
{
	const struct params *p = bot->params;
	struct state *s = bot->state;
	struct str url;
	enum result result = http_format_url(bot, str_of(p->http_url), p->http_url_formatting,
	                                     &url);
	if (result == DONE)
		result = open_file(bot, &s->body) < 0 ? TRY_LATER : fetch(bot, url);
	close_files(bot);
	return result;
}

/* NULL: nothing. */
static const char *wrong_with(struct bot *bot, const char *url, struct value formatting)
{
	struct str text;
	if (http_format_url(bot, str_of(url), formatting, &text) != DONE)
		return arena_cstr(bot->arena, str_of(bot->err.text));
	if (!str_starts(text, S("http://")) && !str_starts(text, S("https://")))
		return "must begin with http:// or https://";
	return NULL;
}

static const char *wrong_with_signature(struct bot *bot)
{
	const struct params *p = bot->params;
	if (!p->verify_pgp_signatures)
		return NULL;
	/* Nothing may pass unsigned because there is no signature to look for. */
	if (!p->signature_url)
		return "is needed to verify signatures";
	return wrong_with(bot, p->signature_url, p->signature_url_formatting);
}

static enum result http_init(struct bot *bot)
{
	const struct params *p = bot->params;
	const char *wrong = wrong_with(bot, p->http_url, p->http_url_formatting);
	if (wrong)
		return bot_fail(bot, BAD_CONF, "http_url '%s': %s", p->http_url, wrong);
	wrong = wrong_with_signature(bot);
	return wrong ? bot_fail(bot, BAD_CONF, "signature_url: %s", wrong) : DONE;
}

static void http_check(struct bot *bot, struct findings *findings)
{
	const struct params *p = bot->params;
	const char *wrong = wrong_with(bot, p->http_url, p->http_url_formatting);
	http_params_check(&p->http, findings);
	if (wrong)
		finding_add(findings, SEVERITY_ERROR, "http_url", "%s", wrong);
	if (!p->verify_pgp_signatures)
		return;
	wrong = wrong_with_signature(bot);
	if (wrong)
		finding_add(findings, SEVERITY_ERROR, "signature_url", "%s", wrong);
	const char *keyring = signature_keyring(bot->arena, p->gpg_keyring);
	if (access(keyring, R_OK) < 0)
		finding_add(findings, SEVERITY_ERROR, "gpg_keyring", "'%s' cannot be read",
		            keyring);
}

const struct bot_type collectors_http_collector_http = {
	.module = "intelmq.bots.collectors.http.collector_http",
	.summary = "Fetches an address, again and again.",
	PARAMS_OF(.http_url = "<insert url of feed>", .http = HTTP_DEFAULTS),
	.state_size = sizeof(struct state),
	.rate_limit = 3600,
	.uses = USES_LOOKUPS | USES_STATE | USES_FILES | USES_EXEC,
	.init = http_init,
	.fini = close_files,
	.collect = http_collect,
	.check = http_check,
};
