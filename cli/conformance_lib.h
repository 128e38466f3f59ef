/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * conformance_lib.h - vectors of library functions: one JSON object a line, each with its result.
 */
#pragma once
#include "cli/conformance.h"

/* What ours gave for one vector. */
struct outcome {
	bool raised; /* refused: err says which kind */
	struct err err;
	struct value value; /* else */
};

/* Runs one vector. False: there is no such function in ours. */
typedef bool vector_function(struct conformance *, struct arena *, const struct dict *vector,
                             struct outcome *out);

/*
 * True if ours agrees: equal values, or both refuse. Where the reference's exception is one of those that
 * bots tell apart (InvalidValue, KeyExists …) ours must name the same.
 */
bool outcome_agrees(struct arena *, struct value recorded, const struct outcome *);

/* The outcome as the recordings write it. */
struct str outcome_text(struct arena *, const struct outcome *);

vector_function vector_message_factory, vector_utils, vector_parser_lines;

/* message.jsonl compares inside: several results a line. */
vector_function vector_message;

/* bot_defaults.json: the parameters of every bot that is built. */
void replay_bot_defaults(struct conformance *);
