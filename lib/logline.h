/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * logline.h - lines of log files, taken apart.
 *
 * A file has "2015-05-29 21:00:24,379 - bot-id.4 - ERROR - text", syslog has
 * "Feb 22 10:17:10 host bot-id.4: ERROR text".
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>
#include <intelmq/str.h>

struct logline {
	struct str date; /* ISO 8601 without zone: "2015-05-29T21:00:24.379000", no ".000000" */
	struct str bot_id;
	int64_t thread_id; /* the number after the bot's id, -1: none */
	struct str level;
	struct str message;
};

/*
 * 1: taken apart; the parts are borrowed from the line, the date lies in the arena. 0: not such a
 * line. -1: such a line, but its date does not exist.
 */
int logline_parse(struct arena *, struct str line, struct logline *out, struct err *err);

/* The same for syslog, whose dates lack the year. */
int logline_parse_syslog(struct arena *, struct str line, int year, struct logline *out,
                         struct err *err);
