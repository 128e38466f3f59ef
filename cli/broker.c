/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* intelmq-broker: the process that keeps the queues. */
#include "broker/server.h"

#include <intelmq/param.h>

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "cli/main.h"
#include "config/runtime.h"
#include "engine/files.h"
#include "engine/page.h"

extern char **environ;

/* Parameters of the section `global`. */
struct broker_settings {
	int64_t broker_queue_messages, broker_queue_bytes, broker_disk_bytes, broker_memory_bytes;
};

#define PARAMS struct broker_settings
static const struct param settings_table[] = {
	INT(broker_queue_messages, "Messages that a queue may hold, 0: no limit.", .min = 0,
	    .max = INT64_MAX),
	SIZE(broker_queue_bytes, "Bytes that a queue may hold, 0: no limit.", .min = 0,
	     .max = INT64_MAX),
	SIZE(broker_disk_bytes,
	     "Bytes that all queues and states may take on the disk; null: half of what is free.",
	     .nullable = true, .min = 1024 * 1024, .max = INT64_MAX),
	SIZE(broker_memory_bytes, "Bytes of messages that the broker keeps in memory.",
	     .min = 1024 * 1024, .max = INT64_C(1) << 40),
	{ 0 },
};

static const struct broker_settings defaults = {
	.broker_disk_bytes = PARAM_UNSET,
	.broker_memory_bytes = 64 * 1024 * 1024,
};

enum { LOG_BYTES = 10 * 1024 * 1024, LOG_COPIES = 3, RESERVE_BYTES = 32 * 1024 * 1024 };

static const char help[] =
	"usage: intelmq-broker\n\n"
	"Keeps the queues of the botnet of INTELMQ_ROOT_DIR (or /opt/intelmq) and the states of "
	"its bots. It is\n"
	"started by intelmqd. Its database is in var/lib/broker/, it listens on "
	"var/run/broker.sock, and logs to\n"
	"var/log/intelmq-broker.log. SIGTERM ends it once everything is on the disk.\n\n"
	"Global parameters of runtime.yaml: broker_queue_messages, broker_queue_bytes, "
	"broker_disk_bytes,\n"
	"broker_memory_bytes.\n";

static volatile sig_atomic_t stop_wanted;

static void on_signal(int number)
{
	(void)number;
	stop_wanted = 1;
}

static void log_line(void *context, bool is_error, const char *text)
{
	if (context)
		log_file_write(context, is_error ? LEVEL_ERROR : LEVEL_INFO, str_of(text));
	if (is_error || !context)
		fprintf(stderr, "intelmq-broker: %s\n", text);
}

/* An unreadable runtime.yaml keeps nobody from their messages. */
static struct broker_settings read_settings(struct arena *arena, const struct paths *paths,
                                            struct log_file *log)
{
	struct broker_settings settings = defaults;
	struct findings findings;
	struct runtime *runtime = NULL;
	const struct runtime_source source = { paths->runtime, (const char *const *)environ };
	findings_init(&findings, arena);
	if (runtime_load(arena, &source, &runtime, &findings) == 0)
		param_load(arena, settings_table, &defaults, sizeof settings, runtime->global,
		           &settings, &findings);
	else
		log_line(log, true, "runtime.yaml cannot be read: the usual limits apply");
	return settings;
}

/* Half of what is free, where it counts as free what the database has of it already. */
static uint64_t disk_limit(const struct broker_settings *settings, const struct paths *paths)
{
	char database[4096];
	struct statvfs disk;
	struct stat st;
	if (settings->broker_disk_bytes != PARAM_UNSET)
		return (uint64_t)settings->broker_disk_bytes;
	if (statvfs(paths->broker, &disk) < 0 && statvfs(paths->state, &disk) < 0)
		return 0;
	snprintf(database, sizeof database, "%s/broker.db", paths->broker);
	uint64_t used = stat(database, &st) == 0 ? (uint64_t)st.st_size : 0;
	return (disk.f_bavail * disk.f_frsize + used) / 2;
}

/* For `intelmqctl status`. */
static void show_trouble(struct worker_page *page, const char *trouble)
{
	if (page && strcmp(page->state, trouble ? trouble : "") != 0)
		snprintf(page->state, sizeof page->state, "%s", trouble ? trouble : "");
}

static void tell_ready(int fd)
{
	if (fd < 0)
		return;
	if (write(fd, "1", 1) < 0)
		perror("intelmq-broker: INTELMQD_READY_FD");
	close(fd);
}

static int serve(struct server *server, struct worker_page *page, int ready_fd,
                 struct log_file *log)
{
	struct err err = { 0 };
	int rc = 0;
	tell_ready(ready_fd);
	while (!stop_wanted && (rc = server_step(server, 1000, &err)) == 0)
		show_trouble(page, server_trouble(server));
	if (rc == 0 && !server_finish(server, &err))
		rc = -1;
	if (rc < 0)
		log_line(log, true, err.text);
	log_line(log, false, "Broker stopped.");
	server_close(server);
	return rc < 0 ? 1 : 0;
}

static int run(struct arena *arena, const struct paths *paths, struct log_file *log)
{
	struct broker_settings settings = read_settings(arena, paths, log);
	struct err err = { 0 };
	struct server *server;
	struct worker_page *page = NULL;
	int ready_fd = environment_fd("INTELMQD_READY_FD"),
	    page_fd = environment_fd("INTELMQD_PAGE_FD");
	if (page_fd >= 0 && page_map(page_fd, &page, &err) < 0)
		log_line(log, true, err.text);
	uint64_t limit = disk_limit(&settings, paths);
	const struct server_options options = {
		.store = {
			.directory = paths->broker,
			/* What drains the queues needs room, too. */
			.limit = limit ? limit + limit / 8 + RESERVE_BYTES : 0,
			.reserve = RESERVE_BYTES,
		},
		.socket = paths->broker_socket,
		.limits = { (uint64_t)settings.broker_queue_messages, (uint64_t)settings.broker_queue_bytes },
		.disk_limit = limit,
		.memory = (size_t)settings.broker_memory_bytes,
		.owner = ready_fd >= 0 ? getppid() : 0,
		.context = log,
		.log = log_line,
	};
	if (server_open(&options, &server, &err) < 0) {
		log_line(log, true, err.text);
		page_unmap(page);
		return 1;
	}
	int rc = serve(server, page, ready_fd, log);
	page_unmap(page);
	return rc;
}

int command_broker(int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		fputs(help, c == 'h' ? stdout : stderr);
		return c == 'h' ? 0 : 2;
	}
	struct arena arena;
	struct err err = { 0 };
	struct log_file *log = NULL;
	arena_init(&arena);
	const struct paths *paths = paths_new(&arena, LAYOUT_OPT, environment_real, NULL);
	const struct sigaction action = { .sa_handler = on_signal };
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "intelmq-broker");
	if (log_file_open(paths->log, "intelmq-broker", LOG_BYTES, LOG_COPIES, &log, &err) < 0)
		fprintf(stderr, "intelmq-broker: %s\n", err.text);
	int rc = run(&arena, paths, log);
	log_file_close(log);
	arena_fini(&arena);
	return rc;
}
