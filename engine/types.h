/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * types.h - which kinds of bots there are: the generated registry, searched by public name.
 */
#pragma once
#include <intelmq/bot.h>

#include "engine/registry.h"

/* "collector", "parser", "expert" or "output", by the type's verb. */
const char *bot_type_kind(const struct bot_type *);

/* The type of a module name or of one of its former names; loads the module's library if it has one.
 * NULL: err says whether it is unknown or known but not built, and why. */
const struct bot_type *bot_type_find(struct str module, struct err *);
/* True for the name of a type, and for its former ones. */
bool bot_type_is_called(const struct bot_type *, struct str module);

/* The module whose name is nearly the same, or NULL. */
const char *bot_type_nearest(struct str module);

/* True if an executable of that name lies in a directory of `path` (as $PATH): a bot of somebody else. */
bool module_in_path(struct str module, const char *path);

/* The description of one type as JSON (parameters with defaults, mapping, uses) or as Markdown. */
struct value bot_type_describe(struct arena *, const struct bot_type *);
void bot_type_describe_markdown(struct buffer *, const struct bot_type *);
