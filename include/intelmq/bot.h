/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * bot.h - everything a bot needs to know. Start with bots/parsers/ci_army/parser.c.
 *
 * A bot is a table: what it is called, its parameters, and at most one verb that does the work.
 * It never sees queues, never acknowledges, never allocates with malloc, never reads its own
 * configuration. The engine calls the verb once a message (or row) and acts on its result:
 *
 *	DONE       what the verb emitted is sent, the message is finished
 *	DROP       finished, not sent on
 *	BAD_DATA   dumped, go on with the next one (parsers: the row, not the report)
 *	TRY_LATER  kept, tried again after error_retry_delay; dumped after error_max_retries
 *	BAD_CONF   the bot stops until somebody mends its configuration
 */
#pragma once
#include <intelmq/event.h>
#include <intelmq/param.h>
#include <intelmq/row.h>

struct bot_type;
struct worker;

/* One running bot. Three lifetimes: `state` lives from init to fini, `arena` until the message (in a
 * parser: the row) is finished, everything else is the stack's. */
struct bot {
	const struct bot_type *type;
	const char *id;        /* its name in runtime.yaml */
	const void *params;    /* the bot's `struct params`, filled from the configuration */
	void *state;           /* .state_size bytes, zero at init */
	struct arena *arena;   /* dies with the message or row */
	struct err err;        /* why the last SDK call or verb failed */
	struct worker *worker; /* the engine's */
};

/* ---- What a bot may use beside its messages: sandbox and scheduling are derived from it. ---- */
enum uses {
	USES_NETWORK = 1,   /* connects to other hosts */
	USES_FILES = 2,     /* reads or writes files named in its parameters */
	USES_EXEC = 4,      /* starts programs */
	USES_STATE = 8,     /* keyed state: one instance only */
	USES_BLOCKING = 16, /* waits inside a library */
	USES_LOOKUPS =
		32, /* the verb asks others and waits (dns.h, http.h): many messages at a time; implies the network */
};

/* What an output promises about delivery. */
enum delivers { DELIVERS_AT_LEAST_ONCE, DELIVERS_EXACTLY };

/* ---- Parsers: how a report becomes rows, and a row an event. ---- */
enum raw {
	RAW_NONE,    /* the row hook sets raw itself, or there is none */
	RAW_LINE,    /* the text of the row */
	RAW_RECOVER, /* kept header lines and the row: a report of its own that can be parsed again */
	RAW_AS_READ, /* as RAW_RECOVER, but with the row's line as it stood instead of written anew */
	RAW_REPORT, /* the raw of the report */
};

/* How a converter changes a cell before it is stored. DROP: no value. BAD_DATA: see map.lenient. */
typedef enum result convert_fn(struct bot *, struct value in, struct value *out);

/* One row of a mapping table; the table ends with { 0 }. */
struct map {
	const char *key; /* column name, or path in a JSON row ("a.b"); NULL: see column and value */
	const char *field; /* event field; "extra.name" for further ones */
	int column;        /* column counted from 1, for rows without names */
	const char *value; /* a constant, where there is neither key nor column */
	convert_fn *via;   /* before the field's own sanitation */
	const char *skip;  /* cells that mean "no value", separated by | */
	bool lenient;      /* an invalid value is skipped instead of failing the row */
	bool required;     /* a missing column or key fails the row */
	bool overwrite;    /* replaces what the report brought along */
};

/* A table of decisions: the first line whose `is` equals the value sets its fields; is NULL: otherwise. Ends with { 0 }. */
struct set {
	const char *field, *value;
};
struct when {
	const char *is;
	struct set then[6];
};

/*
 * A file that the bot reads and does not write, and how to get a newer one. It is fetched once for all bots of the module,
 * with the parameters of the first that wants it: autoupdate_cached_database is not false, where the module has that
 * parameter. What `fetch` has written takes the place of the file of each of them, at once and on the disk; then those
 * that run are reloaded. Bots that run never see half a file.
 */
struct bot_update {
	const char *what;      /* in the option's name and in messages; NULL: "database" */
	const char *parameter; /* the PATH parameter that names the file; NULL: it has a fixed … */
	const char *name;      /* … name in the state directory */
	bool keeps_old;        /* as <file>.bak */
	/*
	 * Writes the new content into a file of its own, which is open for reading and writing, and empty. DONE: it was
	 * looked at and can be used; DROP: there is nothing newer; else bot.err says why not, and all stays as it is.
	 */
	enum result (*fetch)(struct bot *, int file);
};

struct bot_type {
	const char *module;         /* public name, as in runtime.yaml: intelmq.bots.parsers.… */
	const char *const *aliases; /* former names, NULL-terminated */
	const char
		*summary; /* one sentence with a full stop: documentation, command line, web page */
	const struct param *params; /* ends with { 0 } */
	const void *defaults;       /* a struct params */
	size_t params_size;
	size_t state_size;
	unsigned uses; /* enum uses */
	enum delivers delivers;
	double rate_limit; /* default of that parameter, seconds */
	const char *
		verb; /* in progress lines of the log: "Processed" or "Forwarded"; NULL: Processed */

	/* collector: fetches, emits reports, returns */
	enum result (*collect)(struct bot *);
	/* collector: emits as data comes; called again and again, it returns after a second without data at the latest. DROP: the
	 * stream is over, and begins anew after rate_limit. */
	enum result (*stream)(struct bot *);

	/* parser: rows of the report -> events */
	enum rows_kind rows;           /* how a report is cut into rows */
	const struct csv_dialect *csv; /* for CSV rows; NULL: excel */
	const char *
		separator; /* lines are split here into stripped cells; NULL: the line is the only cell */
	const char *ignore; /* lines that start with one of these (separated by |) are skipped */
	const char *
		header; /* lines that start so are no rows, but kept in front of every recovered raw */
	const struct map *map;
	enum raw raw;
	bool whole; /* one bad row fails the whole report, and default_fields does not apply */
	enum result (*begin)(struct bot *, const struct event *report, struct rows_options *);
	enum result (*head)(struct bot *, struct str line); /* a kept header line */
	enum result (*row)(struct bot *, const struct row *, struct event *); /* after map */

	/* expert: changes the event in place */
	enum result (*enrich)(struct bot *, struct event *);

	/* output: hands over; flush makes durable what deliver buffered */
	enum result (*deliver)(struct bot *, const struct event *);
	enum result (*flush)(struct bot *);

	/* optional, all roles */
	enum result (*init)(struct bot *);
	void (*fini)(struct bot *);
	/* Looks at the parameters without starting (no state, no init): finding_add tells what is wrong. */
	void (*check)(struct bot *, struct findings *);
	/* `<module> --update-database`: where what the bot reads comes from. */
	const struct bot_update *update;
	/* Called about once a second, between two messages; what it emits and remembers commits like a message. What a
	 * failed one did is taken back; the next one comes a second later. */
	enum result (*tick)(struct bot *);
};

/* The parameter members of a descriptor: the table `params` of a `struct params`, and its defaults that are not zero. */
#define PARAMS_OF(...)                                                                             \
	.params = params, .params_size = sizeof(struct params), .defaults = &(const struct params) \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}

/* ---- Results and logging ---- */

/* Records why and returns the class: `return bot_fail(bot, BAD_DATA, "…", …);` */
enum result bot_fail(struct bot *, enum result, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

enum log_level { LEVEL_DEBUG, LEVEL_INFO, LEVEL_WARNING, LEVEL_ERROR, LEVEL_CRITICAL };
void bot_log(struct bot *, enum log_level, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* ---- Emitting ---- */

/* Experts and parsers: one more event on the way of _default (the one in hand follows by DONE). */
enum result bot_emit(struct bot *, const struct event *);

/* Parsers that find the rows of a ROWS_WHOLE report themselves: one finished event, which stays sent if a later row fails. */
enum result bot_emit_row(struct bot *, const struct event *);

/* Sends on a named path; a path that is not configured is quietly skipped. */
enum result bot_emit_path(struct bot *, const struct event *, const char *path);

/* Parsers: a fresh event as the row hook gets it, e.g. for a row that gives several. */
struct event *bot_new_event(struct bot *);

/* Reads a message from JSON as it goes on the wire; every value is checked. NULL: bot.err says why. */
struct event *bot_read_event(struct bot *, struct str json);

/* Collectors: a report with time.observation; fill it, then emit it (feed.* are added from the parameters). */
struct event *bot_new_report(struct bot *);
enum result bot_emit_report(struct bot *, struct event *report, struct str raw);

/* How a file becomes reports. */
struct emit_file {
	int64_t chunk_size; /* pieces of about so many bytes, cut at line ends; PARAM_UNSET: one report, of 128 MB at most */
	bool replicate_header; /* each piece begins with the first line of the file */
	struct str
		remember; /* USES_STATE: a key under which it is remembered, along with the reports, which pieces of the
	                        * file (as it is now) were sent: they are not sent again. STR_NONE: all are sent */
};
/* As bot_emit_report for a file's content. Fields of `report` go into every piece. */
enum result bot_emit_file(struct bot *, const struct event *report, int fd,
                          const struct emit_file *);

/* Collectors: returns when everything emitted so far is on disk, so that the sender can be told. TRY_LATER: the broker
 * is away, nothing since the last call is stored; return it. */
enum result report_emit_committed(struct bot *);

/* Removes a source file once everything emitted so far is committed durably, not before: nothing is lost by a crash. */
void bot_unlink_when_sent(struct bot *, struct str path);

/* ---- Mapping helpers ---- */

/* Sets the fields of the first matching line; a value NULL in `then` means the value itself. */
enum result event_when(struct event *, const struct when *, struct str value);

/* Converters for struct map. */
convert_fn convert_lower, convert_upper, convert_int, convert_float, convert_epoch,
	convert_asn_prefix;

/* ---- Keyed state (USES_STATE): survives restarts, commits with the message ---- */

/* True if the key is there and has not expired; value_out may be NULL, lives in the arena. */
bool state_get(struct bot *, struct str key, struct str *value_out);
/* ttl in seconds, 0: for ever. */
void state_set(struct bot *, struct str key, struct str value, int64_t ttl);
void state_del(struct bot *, struct str key);

/* Outputs, in deliver or flush: returns when all that was set so far is on disk, whatever becomes of the messages in
 * hand. For what must be known before the outside changes: which file is written to next. TRY_LATER: the broker is away;
 * return it. */
enum result bot_commit_state(struct bot *);

/* USES_LOOKUPS: waits for so long, while other messages go on. */
void bot_sleep(struct bot *, double seconds);

/* ---- Where things are ---- */

/* A file below the state directory of the installation (VAR_STATE_PATH), in the arena. */
struct str bot_state_path(struct bot *, const char *name);

/* ---- Updates ---- */

struct http_request;
struct http_response;

/* In `fetch`: http_request, where any answer but a success is a failure; `out` tells its status nevertheless. */
enum result bot_download(struct bot *, const struct http_request *, struct http_response *out);

/* In `fetch`: a file for what is too large for memory, open for reading and writing, without a name; the caller closes it.
 * -1: bot.err says why. */
int bot_temporary_file(struct bot *);

/* In `init`: what `<module> --update-database` does, for this bot's file alone and without a reload. DONE: there is a new
 * one; DROP: there is nothing newer. */
enum result bot_refresh(struct bot *);
