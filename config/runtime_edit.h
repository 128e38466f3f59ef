/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * runtime_edit.h - changes to runtime.yaml that leave the rest of its text as people wrote it.
 *
 * An edit replaces or inserts a few bytes and then proves itself: the new text is read, and must have the wanted value
 * and all others unchanged. What cannot be edited so (aliases, complex keys, JSON with tabs) is refused, never guessed.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>

/*
 * The text with `enabled` of a bot set, in the arena; the text itself if the bot has that value already. Errors say what
 * to change by hand.
 */
int runtime_edit_enabled(struct arena *, struct str text, struct str bot, bool enabled,
                         struct str *out, struct err *);

/*
 * The same in a file: under a lock that a second writer waits for (some seconds), written to a temporary file, synced
 * and renamed, with the former mode and owner; the former content is then in `<path>.bak`. A symbolic link stays one,
 * the file that it points to is replaced.
 */
int runtime_file_set_enabled(const char *path, struct str bot, bool enabled, struct err *);
