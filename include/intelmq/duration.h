/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * duration.h - spans of time as people write them.
 */
#pragma once
#include <intelmq/arena.h>
#include <intelmq/err.h>
#include <intelmq/str.h>
#include <intelmq/value.h>

/*
 * "<n> <unit>" in minutes: "3 hours" is 180. Units are second, minute, hour, day, week, month (30
 * days) and year (365 days), with or without a final s, in lower case; white space around is
 * allowed. The value is an integer, of any size, except for seconds: n / 60 as a float. -1 for
 * anything else (FAULT_INVALID_ARGUMENT).
 */
int duration_parse(struct arena *, struct str text, struct value *minutes_out, struct err *);

/* As above as a number; beyond the range of double it is infinite. */
int duration_minutes(struct str text, double *minutes_out, struct err *);

/*
 * Seconds as "1d 2h 3m 4s": parts that are zero are left out, each part has `precision` decimals
 * (at most 15), the parts of a negative span carry their sign. Not a number or infinite: -1.
 */
int duration_human(struct arena *, double seconds, unsigned precision, struct str *text_out,
                   struct err *);
