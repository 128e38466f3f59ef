/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * privileges.h - bots and tools do not run as root.
 */
#pragma once
#include <intelmq/err.h>

#include "config/paths.h"

/*
 * As root: becomes the user and group `intelmq`, with the groups that list it as a member. Nothing is done for other
 * users, nor where INTELMQ_ROOT_DIR names a directory that belongs to root: such an installation is root's own. -1: it
 * did not work, and nothing may go on.
 */
int privileges_drop(const struct paths *, struct err *);
