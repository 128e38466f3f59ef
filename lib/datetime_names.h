/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * datetime_names.h - English names of days and months in full (private to lib/).
 */
#pragma once

/* Monday first; the three-letter form is the first three letters. */
static const char *const weekday_names[7] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
	                                      "Friday", "Saturday", "Sunday" };

static const char *const month_names[12] = { "January",   "February", "March",    "April",
	                                     "May",       "June",     "July",     "August",
	                                     "September", "October",  "November", "December" };
