/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Requests one at a time, until there is the real layer below http.h: this file is removed then. */
#include <curl/curl.h>
#include <unistd.h>

#include <intelmq/bot.h>
#include <intelmq/buffer.h>
#include <intelmq/file.h>
#include <intelmq/http.h>

#define PARAMS struct http_params
const struct param http_params[] = {
	STR(http_username, "Name for the server.", .nullable = true),
	SECRET(http_password, "Password for the server.", .nullable = true),
	STR(http_proxy, "Proxy for http.", .nullable = true),
	STR(https_proxy, "Proxy for https.", .nullable = true),
	STR(http_user_agent, "How requests call themselves."),
	MAP(http_header, "Further header fields."),
	VALUE(http_verify_cert, "Whether certificates are checked, or where they are."),
	STR(ssl_client_cert, "Certificate and key.", .nullable = true),
	TIME(http_timeout_sec, "Seconds to wait.", .min = 0, .max = 3600),
	INT(http_timeout_max_tries, "Tries.", .min = 1, .max = 100),
	INT(http_connections, "Connections at once.", .min = 1, .max = 10000),
	SIZE(http_max_size, "Largest body.", .min = 1, .max = INT64_MAX),
	{ 0 },
};

struct receiving {
	int file;
	struct buffer body;
};

static size_t receive(char *bytes, size_t size, size_t n, void *context)
{
	struct receiving *r = context;
	if (r->file && file_write_all(r->file, (struct str){ bytes, size * n }) < 0)
		return 0;
	if (!r->file)
		buffer_add(&r->body, bytes, size * n);
	return r->body.over ? 0 : size * n;
}

enum result http_request(struct bot *bot, const struct http_request *request,
                         struct http_response *out)
{
	struct receiving r = { .file = request->file };
	long status = 0;
	CURL *curl = curl_easy_init();
	*out = (struct http_response){ .url = request->url, .reason = S("") };
	if (!curl)
		return bot_fail(bot, TRY_LATER, "no memory for a request");
	buffer_init_in(&r.body, bot->arena, HTTP_BODY);
	curl_easy_setopt(curl, CURLOPT_URL, arena_cstr(bot->arena, request->url));
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &r);
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(curl, CURLOPT_ACCEPT_ENCODING, "");
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 30L);
	CURLcode code = curl_easy_perform(curl);
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(curl);
	if (code != CURLE_OK)
		return bot_fail(bot, TRY_LATER, "%s", curl_easy_strerror(code));
	out->status = (int)status;
	out->body = buffer_str(&r.body);
	if (request->file && !http_succeeded(out) && ftruncate(request->file, 0) < 0)
		return bot_fail(bot, TRY_LATER, "%m");
	return DONE;
}
