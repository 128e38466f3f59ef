/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* Replaced by dns.c and http.c. */
#include "net/http.h"
#include <stdlib.h>
#pragma GCC diagnostic ignored "-Wunused-parameter"
int dns_open(uv_loop_t *l, const struct dns_options *o, struct dns **out, struct err *e)
{
	*out = NULL;
	return 0;
}
void dns_close(struct dns *d) {}
bool dns_ask(struct dns *d, struct dns_question *q, struct arena *a, struct dns_answer *o)
{
	return true;
}
void dns_cancel(struct dns *d, struct dns_question *q) {}
void dns_answer_copy(struct arena *a, const struct dns_answer *x, struct dns_answer *o) {}
struct str dns_trouble(struct dns *d)
{
	return STR_NONE;
}
int http_open(uv_loop_t *l, struct dns *d, const struct http_detour *x, struct http **o,
              struct err *e)
{
	*o = NULL;
	return 0;
}
void http_close(struct http *h) {}
struct http_call *http_start(struct http *h, const struct http_request *r, bool s, http_done *d,
                             void *c)
{
	return NULL;
}
void http_call_free(struct http_call *c) {}
enum result http_call_answer(const struct http_call *c, struct arena *a, struct http_response *o,
                             struct err *e)
{
	return DONE;
}
enum http_read http_call_read(struct http_call *c, struct arena *a, struct str *o, struct err *e)
{
	return HTTP_END;
}
void http_call_watch(struct http_call *c, http_done *n, void *x) {}
struct str http_trouble(struct http *h)
{
	return STR_NONE;
}
const struct param http_params[] = { { 0 } };
