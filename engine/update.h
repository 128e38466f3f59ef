/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * update.h - refreshing the files that bots read: what bot.h calls struct bot_update, without broker and messages.
 */
#pragma once
#include "engine/worker.h"

/* What a configured bot wants; its parameters beside these are not checked. */
struct update_target {
	bool wanted;      /* autoupdate_cached_database is not false */
	const char *path; /* of its file, in the arena; NULL: the parameter is missing */
};

struct update_target update_target_read(struct arena *, const struct host *,
                                        const struct worker_options *);

/*
 * Fetches with the parameters of one bot, and replaces n files. 1: done; 0: there is nothing newer; -1: err says why not.
 * A file that cannot be replaced does not keep the others from it.
 */
int update_run(const struct host *, const struct worker_options *, const char *const *paths,
               size_t n, struct err *);
