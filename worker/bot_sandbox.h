/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * bot_sandbox.h - the sandbox of a bot, derived from its type and parameters.
 *
 * To be entered after init: what a bot reads once, it has read by then. Every bot may write in the folder of its log and
 * dump files, since these are opened when they are needed and rotated; it does not see runtime.yaml any more (it has the
 * passwords of all bots), so it cannot take a new configuration (SIGHUP) or execute itself anew: it ends and is started
 * again. Beyond that:
 *
 *	USES_FILES    the files of its PATH parameters, the folders they lie in, and the state directory: collectors and
 *	              outputs write there, parsers and experts read
 *	USES_NETWORK  IPv4 and IPv6, and what look-ups of names and TLS read
 *	USES_EXEC     programs of the system
 */
#pragma once
#include <intelmq/bot.h>

#include "config/paths.h"
#include "lib/sandbox.h"

/* `parameters`: as configured; `log_folder`: where its log and dump files lie. The rules lie in the arena. */
struct sandbox_rules bot_sandbox_rules(struct arena *, const struct bot_type *,
                                       const struct dict *parameters, const struct paths *,
                                       const char *log_folder);
