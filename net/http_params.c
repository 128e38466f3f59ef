/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/http.h"

#define PARAMS struct http_params
const struct param http_params[] = {
	STR(http_username, "User name for basic authentication.", .nullable = true),
	SECRET(http_password, "Password for basic authentication.", .nullable = true),
	STR(http_proxy, "Proxy for http addresses; only used together with https_proxy.",
	    .nullable = true),
	STR(https_proxy, "Proxy for https addresses; only used together with http_proxy.",
	    .nullable = true),
	STR(http_user_agent, "How the bot names itself.", .nullable = true),
	MAP(http_header, "Further header fields of each request.", .json_text = true),
	VALUE(http_verify_cert,
	      "Check certificates: true, false, or a file or folder with those that are trusted."),
	PATH(ssl_client_cert, "File with a certificate of the bot's own and its key, as PEM.",
	     .nullable = true),
	PATH(ssl_client_certificate, "The same under its other name.", .nullable = true),
	TIME(http_timeout_sec, "Seconds to connect, and between two parts of an answer.", .min = 0,
	     .max = 86400),
	INT(http_timeout_max_tries, "How often a request is made until it gets through.", .min = 1,
	    .max = 1000),
	INT(http_connections, "Requests that one server gets at a time.", .min = 1, .max = 10000),
	SIZE(http_max_size, "Largest answer after decompression, in bytes.", .min = 1,
	     .max = INT64_C(1) << 50),
	{ 0 },
};

void http_params_check(const struct http_params *p, struct findings *findings)
{
	if (!p->http_proxy != !p->https_proxy)
		finding_add(findings, SEVERITY_WARNING,
		            p->http_proxy ? "http_proxy" : "https_proxy",
		            "only used if http_proxy and https_proxy are both set");
	if (p->http_verify_cert.kind != VALUE_BOOL && p->http_verify_cert.kind != VALUE_STR)
		finding_add(findings, SEVERITY_ERROR, "http_verify_cert",
		            "must be true, false, or a path");
}
