/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * whois.h - questions to whois servers (RFC 3912), for bots with USES_LOOKUPS. The calls look as if they blocked; meanwhile the
 * other messages of the bot go on.
 */
#pragma once
#include <intelmq/result.h>
#include <intelmq/str.h>

struct bot;

enum {
	WHOIS_MAX = 1024 * 1024, /* bytes of an answer */
	WHOIS_SECONDS = 30,      /* to connect, and between two parts of an answer */
};

/*
 * Sends a line to a server and takes what it says until it hangs up; in bot->arena, as bytes. TRY_LATER: it cannot be reached, is
 * silent or says too much (bot->err).
 */
enum result whois_query(struct bot *, struct str server, int port, struct str question,
                        struct str *answer_out);
