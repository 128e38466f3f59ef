/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * change.h - one change of keyed state, as it travels from a worker's table to the broker and back.
 */
#pragma once
#include <intelmq/str.h>

struct state_change {
	struct str key, value;
	int64_t expires; /* seconds since the epoch, 0: never */
	bool deleted;
};
