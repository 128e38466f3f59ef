/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * whois.h - one question over TCP: a line goes out, everything until the end of the connection is the answer (RFC 3912).
 */
#pragma once
#include <intelmq/err.h>
#include <uv.h>

struct whois_call;

/* `answer` is borrowed for the call; NULL text: it failed, and err says why. The call is freed after it. */
typedef void whois_done(void *context, struct str answer, const struct err *err);

/*
 * Begins; `address` is a numeric one. `done` is called once from the loop, never from inside whois_start, unless the call is
 * cancelled before.
 */
struct whois_call *whois_start(uv_loop_t *, struct str address, int port, struct str question,
                               whois_done *done, void *context);
void whois_cancel(struct whois_call *);
