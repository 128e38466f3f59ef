/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * settings.h - the parameters that every bot has: error handling, limits, logging, feed.* of collectors.
 */
#pragma once
#include <intelmq/param.h>

struct settings {
	/* errors and pace */
	bool error_dump_message, error_log_message, error_log_exception;
	int64_t error_max_retries;
	double error_retry_delay;    /* seconds */
	const char *error_procedure; /* "pass" or "stop" */
	double rate_limit;           /* seconds between two messages, 0: none */
	bool load_balance;
	/* logging */
	const char *logging_handler, *logging_level, *logging_path;
	struct value logging_syslog; /* a device, or [host, port] */
	int64_t logging_max_size, logging_max_copies;
	int64_t log_processed_messages_count;
	double log_processed_messages_seconds;
	/* collectors */
	const char *name, *code, *documentation, *provider;
	double accuracy;
	/* parsers */
	const struct dict *default_fields;
	const struct list *copy_collector_provided_fields;
	/* processes (ours, but for instances_threads) */
	int64_t instances, instances_threads;
	double watchdog; /* seconds, 0: none */
	/* batching (ours) */
	int64_t batch_messages, batch_bytes;
	const char *sync; /* "group" or "commit" */
	/* look-ups (ours) */
	const struct list *dns_servers; /* address[:port]; NULL: the system's */
	double dns_timeout;             /* seconds for one question */
	int64_t concurrency;            /* messages under way; 0: the engine's default */
};

extern const struct param settings_params[];
extern const struct settings settings_defaults;
