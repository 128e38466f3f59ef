/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * update.h - `<module> --update-database [--verbose]`: what the bots of a module read is fetched anew. The option is named
 * by what they read: the parser of Shadowserver has --update-schema.
 *
 * All bots of the module in runtime.yaml get the new file, and those that intelmqd runs are reloaded. Exit codes: 0 done, or
 * nothing to do, 1 failed, 2 wrong usage. Without --verbose it says only what went wrong, or that nobody is served.
 */
#pragma once
#include <stdbool.h>

/* True if the arguments ask for it. */
bool update_is_asked(int argc, char **argv);

/* Runs as the command line of a module. */
int command_update(const char *module, int argc, char **argv);
