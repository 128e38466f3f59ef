/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * registry.h - all bots of this build. The tables are generated from the tree of bots/: nobody edits
 * a list.
 */
#pragma once
#include <stddef.h>

struct bot_type;

/* Bots inside the program, in the order of their paths; NULL-terminated, NULL not counted. */
extern const struct bot_type *const all_bots[];
extern const size_t all_bots_count;

/* Where each of them lies below bots/, without ".c": "parsers/ci_army/parser". */
extern const char *const all_bots_paths[];

/* A bot in a loadable module `bots/<module>.so` that defines `const struct bot_type <symbol>`. */
struct bot_module {
	const char *module; /* public name */
	const char *symbol;
};

/* Ends with a row of NULL. */
extern const struct bot_module loadable_bots[];

/* A bot whose libraries were absent when this program was built. */
struct bot_not_built {
	const char *module; /* public name */
	const char *needs;  /* names of pkg-config, separated by spaces */
};

/* Ends with a row of NULL. */
extern const struct bot_not_built known_not_built[];
