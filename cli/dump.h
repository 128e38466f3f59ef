/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * dump.h - intelmqdump: looking at what bots could not process, and sending it again.
 *
 * What dumps contain came from strangers: it goes to the terminal through dump_print or as JSON in ASCII only.
 */
#pragma once
#include <stdio.h>

#include "broker/broker.h"
#include "config/paths.h"
#include "config/runtime.h"
#include "engine/dump_session.h"
#include "message/codec.h"

/* One run of the program. All is borrowed but what is said to be made when it is needed. */
struct dump_tool {
	struct arena arena;
	const struct paths *paths;
	const struct runtime *runtime;
	struct data_format *format; /* made when it is needed, or given */
	struct broker *broker;      /* made when it is needed, or given */
	size_t truncate;            /* characters of a raw shown; 0: all */
	bool color;
	FILE *out, *errors; /* the same in a dialogue */
};

/* ---- dump_list.c: which dump files there are ---- */

struct dump_listed {
	struct str name; /* bot id */
	const char *path;
	int64_t n;         /* entries, or -1 */
	const char *error; /* if n is -1: "empty file", or why it cannot be read */
};

/* All dump files in the directories of logs, in the order of names and places; the array in the arena. */
size_t dump_list(struct dump_tool *, struct dump_listed **out);
void dump_list_print(struct dump_tool *, const struct dump_listed *, size_t n);
void dump_list_json(struct dump_tool *, const struct dump_listed *, size_t n);

/* ---- dump_message.c: what an entry says ---- */

enum {
	MAX_DUMPED_MEMBERS = 1000,      /* of an entry; usual are five */
	MAX_DUMPED_VALUE = 1024 * 1024, /* bytes of one that is no text */
	MAX_DUMPED_PARSED = 64 * 1024 *
	                    1024, /* bytes of a message that is shown or edited as JSON */
};

/* One entry, parsed. It takes memory in proportion to its bytes, whatever they are. */
struct dumped {
	struct str member;         /* its bytes in the file */
	const struct dict *fields; /* never NULL; empty if it is no JSON object */
	struct str
		message; /* the message, or the bytes that were to become one; STR_NONE: there is none */
	bool is_bytes;    /* they stand in base64 */
	struct str queue; /* source_queue, or STR_NONE */
};

int dumped_read(struct dump_session *, const struct dump_entry *, struct arena *,
                struct dumped *out, struct err *);

/* The last line of its traceback, shortened to what fits a line of a list. */
struct str dumped_reason(struct arena *, const struct dumped *);

/* The entry for people: the message as JSON, tracebacks as lines, raw cut after `truncate` characters (0: not). */
struct str dumped_show(struct arena *, struct str name, const struct dumped *, size_t truncate);

/* The message as a parser wants it: an Event becomes a Report, anything else stays. */
int dumped_report(struct arena *, const struct data_format *, struct str message, struct str *out,
                  struct err *);

/* The entry with another message, as it goes into the file. */
struct str dumped_with_message(struct arena *, struct str name, const struct dumped *,
                               struct str message);

/* ---- dump_edit.c ---- */

/*
 * Lets the operator edit a text in $EDITOR or sensible-editor, in a directory of its own that nobody else can enter.
 * The result lies in the arena.
 */
int dump_edit(struct arena *, struct str text, struct str *out, struct err *);

/* ---- dump_actions.c ---- */

enum dump_outcome {
	DUMP_GO_ON,
	DUMP_FAILED, /* it was said why; a dialogue goes on */
	DUMP_QUIT,   /* asked for, or the file is gone */
};

/* One command on an open dump file, as the prompt offers them: "r 1,2 queue", "q" … Reads the file anew if it changed it. */
enum dump_outcome dump_command(struct dump_tool *, struct dump_session *, struct str command);

/* The data format, read when it is asked for first. */
const struct data_format *dump_format(struct dump_tool *, struct err *);

/* ---- dump_print.c ---- */

/* Text from outside, what cannot be printed as \xhh or \uhhhh. */
void dump_print(FILE *, struct str);

/* A line in red that says what went wrong; what cannot be printed is escaped. */
void dump_say_error(struct dump_tool *, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
