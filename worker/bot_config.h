/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * bot_config.h - what runtime.yaml says of one bot; the rest of the file is forgotten.
 */
#pragma once
#include "config/paths.h"
#include "config/runtime.h"

struct bot_config {
	struct arena arena;
	struct str module; /* STR_NONE: not given */
	struct str source_queue;
	struct dict *parameters, *destinations;
	enum run_mode run_mode;
	struct findings findings; /* about this bot and the file as a whole */
};

/*
 * A bot that the file lacks gets the global parameters and a warning among the findings, as the reference does it. -1:
 * the file cannot be used at all; err says why.
 */
int bot_config_read(struct bot_config *, const struct paths *, const char *id,
                    const char *const *environment, struct err *);
void bot_config_fini(struct bot_config *);

/* True if a bot with the one can go on with the other as it is: only parameters differ. */
bool bot_config_fits(const struct bot_config *, const struct bot_config *);
