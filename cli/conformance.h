/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * conformance.h - replaying recorded behaviour of the reference: what the two replays share.
 *
 * A folder of recordings has lib (results of library functions), bots/MODULE.json and
 * extra/MODULE.jsonl (runs of single bots), files/ that the runs refer to, and cli (command lines).
 */
#pragma once
#include <intelmq/buffer.h>
#include <intelmq/err.h>
#include <intelmq/value.h>

#include "message/fields.h"

struct tally {
	uint64_t passed, failed, skipped, not_built;
};

struct conformance {
	struct arena arena; /* of the whole replay */
	const char *dir;
	const char *prefix;      /* only modules or files whose name begins so; NULL: all */
	const char *format_path; /* harmonization.conf of the recordings */
	struct data_format *format;
	unsigned show; /* differences still to be printed in full */
	struct tally total;
	struct dict *lib, *bots, *cli; /* the report */
	const char *differences;       /* JSON: which command lines differ on purpose, and why */
	char scratch[32];              /* directory for @out */
	size_t deepest_stack;          /* bytes, of verbs that wait; see COROUTINE_STACK */
	struct authority *authority;   /* of the web servers that runs meet */
};

enum {
	MAX_RECORDING = 256 * 1024 * 1024,
	CLOCK_OF_RECORDINGS = 1795489200, /* 2026-11-24T03:00:00Z */
};

/* All lines of a JSONL file, or the list `runs` of a JSON file; -1 if it cannot be read. */
int recording_read(struct arena *, const char *path, struct str *text_out, struct err *);

/* One vector or run failed: printed while there is room for it. */
void difference_print(struct conformance *, const char *where, struct str id, const char *format,
                      ...) __attribute__((format(printf, 4, 5)));

/* Adds a tally to the report and to the total. */
void tally_report(struct conformance *, struct dict *report, struct str name, const struct tally *,
                  const struct tally *checks);

/* Replays lib/; replays bots/ and extra/. */
void conformance_lib(struct conformance *);
void conformance_bots(struct conformance *);

/* {"__float__": "nan"} and the like become floats, {"__bytes__": base64} bytes, in the whole tree. */
struct value recorded_value(struct arena *, struct value);
