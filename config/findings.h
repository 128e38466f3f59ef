/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * findings.h - a list of findings about the configuration, for people and for programs.
 */
#pragma once
#include <intelmq/buffer.h>
#include <intelmq/finding.h>
#include <intelmq/value.h>

struct finding {
	enum severity severity;
	struct str file;           /* STR_NONE where there is none (environment) */
	uint32_t line;             /* from 1; 0 where unknown */
	struct str bot, parameter; /* STR_NONE: the file, or the bot, as a whole */
	struct str text;           /* a clause, no final stop */
	struct str advice;         /* what to do about it, or STR_NONE */
};

struct findings {
	struct arena *arena;
	struct finding *all;
	size_t n, capacity;
	size_t counts[3]; /* per severity */

	/* What finding_add is about; set by findings_scope. */
	struct str file, bot;
	uint32_t line;
	const struct dict *lines;
};

enum { FINDINGS_MAX = 10000 }; /* more are counted, but not kept */

void findings_init(struct findings *, struct arena *);

/*
 * From now on finding_add speaks of this file and bot (STR_NONE: of the file as a whole). `line` is
 * used where `lines` (NULL, or a map parameter -> line number) does not know the parameter.
 */
void findings_scope(struct findings *, struct str file, struct str bot, uint32_t line,
                    const struct dict *lines);

/* Adds one as it is; its texts are copied. Does nothing where `findings` is NULL. */
void findings_add(struct findings *, struct finding);

/* One line: `file:line: error: bot 'x', parameter 'y': expected …, got …; did you mean …?` without newline. */
void finding_print(struct buffer *, const struct finding *);

/* All, one a line, in order. */
void findings_print(struct buffer *, const struct findings *);

/* A list of maps with severity, file, line, bot, parameter, text, advice; what is absent is left out. */
struct value findings_json(struct arena *, const struct findings *);
