/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * signals.h - SIGTERM, SIGINT and SIGHUP of a bot's process. Signals belong to the process, so there is one of this.
 */
#pragma once
#include <intelmq/err.h>
#include <signal.h>

#include "engine/page.h"

/* A verb may be in the middle of something: after this time it is cut short, which does no harm to what is committed. */
enum { SIGNALS_PATIENCE_MS = 400 };

/* From now on signals are noted. `page` (or NULL) learns of an end that had to be forced. */
int signals_open(struct worker_page *page, struct err *);
/* Back to what signals do by themselves. */
void signals_close(void);

/* Not 0 once SIGTERM or SIGINT came. */
const volatile sig_atomic_t *signals_stop(void);
/* True for SIGINT. */
bool signals_interrupted(void);
/* True once for each SIGHUP. */
bool signals_take_reload(void);

/* Becomes readable when a signal comes: for poll. */
int signals_fd(void);
/* Empties it; before the flags are looked at. */
void signals_drain(void);
