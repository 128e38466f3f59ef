/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "engine/settings.h"

#define PARAMS struct settings
static const char *const procedures[] = { "pass", "stop", NULL };
static const char *const levels[] = { "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL", NULL };
static const char *const syncs[] = { "group", "commit", NULL };
static const char *const handlers[] = { "file", "syslog", "stream", NULL };

const struct param settings_params[] = {
	BOOL(error_dump_message, "Write messages that failed to the dump file."),
	BOOL(error_log_exception, "Log details of an error, not only its text."),
	BOOL(error_log_message, "Log the message in hand when an error happens."),
	INT(error_max_retries, "How often a message is tried again.", .min = 0, .max = INT32_MAX),
	CHOICE(error_procedure, procedures, "After the retries: pass goes on, stop ends the bot."),
	TIME(error_retry_delay, "Seconds between two tries.", .min = 0, .max = INT32_MAX),
	TIME(rate_limit, "Seconds to wait after each message.", .min = 0, .max = INT32_MAX),
	BOOL(load_balance, "Send each message to one queue of a path in turn instead of to all."),
	CHOICE(logging_handler, handlers, "Where log lines go."),
	CHOICE(logging_level, levels, "The least important lines that are logged."),
	PATH(logging_path, "Directory of log and dump files.", .nullable = true),
	VALUE(logging_syslog, "Device of syslog, or a list of host and UDP port."),
	INT(logging_max_size, "Bytes after which a log file is rotated, 0: never.", .min = 0,
	    .max = INT64_MAX),
	INT(logging_max_copies, "Rotated log files to keep.", .nullable = true, .min = 0,
	    .max = 10000),
	INT(log_processed_messages_count, "Log progress after this many messages.", .min = 0,
	    .max = INT64_MAX),
	TIME(log_processed_messages_seconds, "Log progress after this many seconds.", .min = 0,
	     .max = INT32_MAX),
	STR(name, "Name of the feed: feed.name.", .nullable = true),
	STR(code, "Code of the feed: feed.code.", .nullable = true),
	STR(documentation, "Address of the feed's documentation: feed.documentation.",
	    .nullable = true),
	STR(provider, "Provider of the feed: feed.provider.", .nullable = true),
	FLOAT(accuracy, "How reliable the feed is in percent: feed.accuracy.", .min = 0,
	      .max = 100),
	MAP(default_fields, "Fields that a parser adds where its feed has none.",
	    .json_text = true),
	LIST(copy_collector_provided_fields,
	     "Report fields that a parser passes on to its events."),
	INT(instances, "Processes of this bot; 0: as instances_threads says.", .min = 0, .max = 64),
	INT(instances_threads, "The same under its former name.", .min = 0, .max = 64),
	TIME(watchdog, "Seconds after which a bot that works on one message is ended, 0: never.",
	     .min = 0, .max = INT32_MAX),
	CHOICE(sync, syncs,
	       "When a commit must be on the disk: group, with others after a moment; commit, "
	       "before the bot goes on."),
	INT(batch_messages, "Messages taken from the queue at once.", .min = 1, .max = 100000),
	LIST(dns_servers,
	     "Name servers as address or address:port; empty: those of /etc/resolv.conf."),
	TIME(dns_timeout, "Seconds after which a question that no name server answers has failed.",
	     .min = 0, .max = 600),
	INT(concurrency,
	    "Messages whose look-ups are under way at a time, for bots that ask others; 0: 1000.",
	    .min = 0, .max = 10000),
	SIZE(batch_bytes, "Bytes taken from the queue at once.", .min = 1, .max = INT64_C(1) << 30),
	{ 0 },
};

const struct settings settings_defaults = {
	.error_dump_message = true,
	.error_log_exception = true,
	.error_max_retries = 3,
	.error_procedure = "pass",
	.error_retry_delay = 15,
	.dns_timeout = 5,
	.logging_handler = "file",
	.logging_level = "INFO",
	.logging_syslog = TEXT("/dev/log"),
	.logging_max_copies = PARAM_UNSET,
	.log_processed_messages_count = 500,
	.log_processed_messages_seconds = 900,
	.accuracy = 100,
	.sync = "group",
	.batch_messages = 100,
	.batch_bytes = 1024 * 1024,
};
