/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * finding.h - what a check of the configuration has to say, for a bot's `check`.
 */
#pragma once

enum severity {
	SEVERITY_ERROR,   /* the bot cannot run with it */
	SEVERITY_WARNING, /* it runs, but probably not as meant */
	SEVERITY_INFO,
};

struct findings;

/*
 * Records a finding about a parameter of the bot that is being checked (NULL: about the bot as a
 * whole). The text is one clause without final stop: "expected a positive number, got -1". File, line
 * and bot are added by the caller of the check. Does nothing where `findings` is NULL.
 */
void finding_add(struct findings *, enum severity, const char *parameter, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* As finding_add, with what the operator can do about it: "did you mean 'http_url'?". */
void finding_advise(struct findings *, enum severity, const char *parameter, const char *advice,
                    const char *format, ...) __attribute__((format(printf, 5, 6)));
