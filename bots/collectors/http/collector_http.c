/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Fetches an address, again and again. */
#include <fcntl.h>
#include <intelmq/archive.h>
#include <intelmq/bot.h>
#include <intelmq/file.h>
#include <intelmq/http.h>
#include <intelmq/program.h>
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
	PATH(gpg_keyring, "File with the keys that are trusted; null: those of the user.",
	     .nullable = true),
	GROUP(http, http_params),
	{ 0 },
};

enum {
	REMEMBER = 90 * 24 * 3600, /* seconds, what the server said of a version */
	SIGNATURE_SECONDS = 60,
	MAX_GPG_TEXT = 4096,
	MAX_ARCHIVE = 1024 * 1024 * 1024,
};

/* ---- Signatures ---- */

/* A file without a name; gpg reads it so. */
static const char *path_of(struct bot *bot, int fd)
{
	return arena_printf(bot->arena, "/proc/%d/fd/%d", (int)getpid(), fd).p;
}

static bool check_signature(struct bot *bot, int data, int signature)
{
	const struct params *p = bot->params;
	const char *argv[10] = { "gpgv" };
	size_t n = 1;
	struct buffer said;
	if (p->gpg_keyring) {
		argv[n++] = "--keyring";
		argv[n++] = p->gpg_keyring;
	} else {
		argv[0] = "gpg";
		argv[n++] = "--batch";
		argv[n++] = "--verify";
	}
	argv[n++] = path_of(bot, signature);
	argv[n++] = path_of(bot, data);
	buffer_init_in(&said, bot->arena, MAX_GPG_TEXT);
	int status = program_run(argv, SIGNATURE_SECONDS, &said, &bot->err);
	if (status == 0)
		return true;
	bot_log(bot, LEVEL_ERROR, "The signature is not valid: %.*s",
	        STR_ARG(status < 0 ? str_of(bot->err.text) : buffer_str(&said)));
	return false;
}

/* False: not signed by somebody who is trusted; the log says so. */
static bool is_signed(struct bot *bot, int data)
{
	const struct params *p = bot->params;
	struct http_request request = { .params = &p->http };
	struct http_response response;
	bool valid = false;
	if (http_format_url(bot, str_of(p->signature_url), p->signature_url_formatting,
	                    &request.url) != DONE)
		return false;
	request.file = bot_temporary_file(bot);
	if (request.file < 0) {
		bot_log(bot, LEVEL_ERROR, "%s", bot->err.text);
		return false;
	}
	bot_log(bot, LEVEL_INFO, "Downloading PGP signature from '%.*s'.", STR_ARG(request.url));
	if (http_request(bot, &request, &response) != DONE)
		bot_log(bot, LEVEL_ERROR, "The signature cannot be fetched: %s", bot->err.text);
	else if (!http_succeeded(&response))
		bot_log(bot, LEVEL_ERROR,
		        "The signature cannot be fetched: HTTP response status code was %d.",
		        response.status);
	else
		valid = check_signature(bot, data, request.file);
	close(request.file);
	return valid;
}

/* ---- Reports ---- */

static struct event *new_report(struct bot *bot, struct str url)
{
	struct event *report = bot_new_report(bot);
	return event_set(report, "feed.url", url) == DONE ? report : NULL;
}

static enum result emit_members(struct bot *bot, struct str url,
                                const struct archive_member *members, size_t n)
{
	enum result result = DONE;
	for (size_t i = 0; result == DONE && i < n; i++) {
		struct event *report = new_report(bot, url);
		if (!report)
			return BAD_DATA;
		if (members[i].name.p)
			result = event_set(report, "extra.file_name", members[i].name);
		if (result == DONE)
			result = bot_emit_report(bot, report, members[i].bytes);
	}
	return result;
}

static void want_names(struct bot *bot, struct archive_request *request)
{
	const struct params *p = bot->params;
	struct value wanted = p->extract_files;
	struct list *list = list_new(bot->arena);
	if (wanted.kind == VALUE_STR)
		for (struct str rest = wanted.text; rest.p;)
			list_add(list, value_str(str_cut(&rest, ',')));
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

/* 1: it was an archive, result says what became of it; 0: it is none, and need not be one. */
static bool emit_archive(struct bot *bot, struct str url, int fd, enum result *result)
{
	const struct params *p = bot->params;
	bool wanted = value_truthy(p->extract_files), found = true;
	struct archive_request request = { .formats = wanted ? ARCHIVE_ANY : ARCHIVE_ZIP };
	struct archive_member *members;
	struct str bytes;
	size_t n;
	char begin[2] = "";
	if (!wanted && (pread(fd, begin, 2, 0) != 2 || begin[0] != 'P' || begin[1] != 'K'))
		return false;
	if (wanted)
		want_names(bot, &request);
	if (wanted && lseek(fd, 0, SEEK_END) == 0) {
		*result = bot_fail(bot, TRY_LATER,
		                   "Failed to uncompress the given file: it is empty.");
		return true;
	}
	if (file_map(path_of(bot, fd), MAX_ARCHIVE, &bytes, &bot->err) < 0) {
		*result = TRY_LATER;
		return true;
	}
	if (archive_unpack(bot->arena, bytes, &request, &members, &n, &bot->err) == 0) {
		bot_log(bot, LEVEL_INFO, "Extracting files: %zu.", n);
		*result = emit_members(bot, url, members, n);
	} else {
		found = wanted;
		*result = TRY_LATER;
	}
	file_unmap(bytes);
	return found;
}

static enum result emit(struct bot *bot, struct str url, int fd, uint64_t bytes)
{
	enum result result;
	if (emit_archive(bot, url, fd, &result))
		return result;
	struct event *report = new_report(bot, url);
	if (!report)
		return BAD_DATA;
	if (bytes == 0)
		return bot_emit_report(bot, report, S(""));
	return bot_emit_file(bot, report, fd, &(struct emit_file){ .chunk_size = PARAM_UNSET });
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
	if (!p->http_conditional || (!etag.n && !modified.n))
		return;
	state_set(bot, url,
	          arena_printf(bot->arena, "%.*s\n%.*s", STR_ARG(etag), STR_ARG(modified)),
	          REMEMBER);
}

/* ---- A run ---- */

static enum result fetch(struct bot *bot, struct str url, int fd)
{
	const struct params *p = bot->params;
	struct http_field fields[2];
	struct http_response response;
	const struct http_request request = {
		.url = url,
		.params = &p->http,
		.fields = fields,
		.n_fields = add_conditions(bot, url, fields),
		.file = fd,
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
	if (p->verify_pgp_signatures && p->signature_url && !is_signed(bot, fd))
		return DONE;
	result = emit(bot, url, fd, response.bytes);
	if (result == DONE)
		remember(bot, url, &response);
	return result;
}

static enum result http_collect(struct bot *bot)
{
	const struct params *p = bot->params;
	struct str url;
	enum result result = http_format_url(bot, str_of(p->http_url), p->http_url_formatting,
	                                     &url);
	if (result != DONE)
		return result;
	int fd = bot_temporary_file(bot);
	if (fd < 0)
		return TRY_LATER;
	result = fetch(bot, url, fd);
	close(fd);
	return result;
}

static bool is_web_address(struct str url)
{
	return str_starts(url, S("http://")) || str_starts(url, S("https://"));
}

static enum result http_init(struct bot *bot)
{
	const struct params *p = bot->params;
	struct str url;
	enum result result = http_format_url(bot, str_of(p->http_url), p->http_url_formatting,
	                                     &url);
	if (result == DONE && !is_web_address(url))
		result = bot_fail(bot, BAD_CONF,
		                  "http_url '%s' does not begin with http:// or https://",
		                  p->http_url);
	return result;
}

static void http_check(struct bot *bot, struct findings *findings)
{
	const struct params *p = bot->params;
	struct str url;
	http_params_check(&p->http, findings);
	if (http_format_url(bot, str_of(p->http_url), p->http_url_formatting, &url) != DONE)
		finding_add(findings, SEVERITY_ERROR, "http_url", "%s", bot->err.text);
	else if (!is_web_address(url))
		finding_add(findings, SEVERITY_ERROR, "http_url",
		            "must begin with http:// or https://");
	if (p->verify_pgp_signatures && !p->signature_url)
		finding_add(findings, SEVERITY_ERROR, "signature_url",
		            "is needed to verify signatures");
}

const struct bot_type collectors_http_collector_http = {
	.module = "intelmq.bots.collectors.http.collector_http",
	.summary = "Fetches an address, again and again.",
	PARAMS_OF(.http_url = "<insert url of feed>", .http = HTTP_DEFAULTS),
	.rate_limit = 3600,
	.uses = USES_LOOKUPS | USES_STATE | USES_FILES | USES_EXEC,
	.init = http_init,
	.collect = http_collect,
	.check = http_check,
};
