/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* intelmq botnet: the whole botnet in this process, with live progress. */
#include "cli/main.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/progress.h"
#include "engine/botnet.h"

extern char **environ;

static const char help[] =
	"usage: intelmq botnet [--until-done] [--quiet] [--log-to-stderr]\n\n"
	"Runs every enabled bot of runtime.yaml in this process, with the memory broker between "
	"them: what lies in\n"
	"its queues is gone when it ends. INTELMQ_ROOT_DIR says where etc/runtime.yaml and "
	"etc/harmonization.conf are.\n"
	"SIGHUP reads runtime.yaml again, SIGTERM and SIGINT end it.\n"
	"  --until-done     end when the collectors have ended and all queues are empty\n"
	"  --quiet          no progress and no table at the end\n"
	"  --log-to-stderr  log lines to standard error instead of var/log/<bot>.log\n";

static volatile sig_atomic_t stop_wanted, reload_wanted;

static void on_signal(int number)
{
	if (number == SIGHUP)
		reload_wanted = 1;
	else
		stop_wanted = 1;
}

static void install_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	sigaction(SIGHUP, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void print_findings(const struct findings *findings)
{
	for (size_t i = 0; i < findings->n; i++) {
		struct buffer line;
		buffer_init(&line, 8192);
		if (findings->all[i].severity != SEVERITY_INFO) {
			finding_print(&line, &findings->all[i]);
			fprintf(stderr, "%.*s\n", STR_ARG(buffer_str(&line)));
		}
		buffer_fini(&line);
	}
}

static void reload(struct botnet *botnet)
{
	struct arena arena;
	struct findings findings;
	struct err err;
	arena_init(&arena);
	findings_init(&findings, &arena);
	reload_wanted = 0;
	if (botnet_reload(botnet, &findings, &err) < 0)
		fprintf(stderr, "intelmq botnet: %s\n", err.text);
	print_findings(&findings);
	arena_fini(&arena);
}

static void run(struct botnet *botnet, const struct paths *paths, bool until_done, bool quiet)
{
	struct progress progress;
	progress_init(&progress, isatty(STDERR_FILENO));
	while (true) {
		if (stop_wanted)
			botnet_stop(botnet);
		if (reload_wanted)
			reload(botnet);
		int64_t wait = botnet_step(botnet);
		if (!quiet)
			progress_show(&progress, botnet);
		if (wait == WORKER_STOPPED)
			break;
		if (wait > 0 && until_done && botnet_is_drained(botnet))
			botnet_stop(botnet);
		else if (wait > 0)
			botnet_wait(botnet, wait > 200 ? 200 : (int)wait);
	}
	if (!quiet)
		progress_end(&progress, botnet, paths);
	progress_fini(&progress);
}

/* Logs need their directory; a first start should not fail for want of it. */
static void make_directories(const struct paths *paths)
{
	for (const char *slash = strchr(paths->log + 1, '/'); slash;
	     slash = strchr(slash + 1, '/')) {
		char path[4096];
		snprintf(path, sizeof path, "%.*s", (int)(slash - paths->log), paths->log);
		mkdir(path, 0755);
	}
}

int command_botnet(int argc, char **argv)
{
	static const struct option options[] = {
		{ "until-done", no_argument, NULL, 'u' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "log-to-stderr", no_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct botnet_options botnet_options = { .environment = (const char *const *)environ };
	bool until_done = false, quiet = false;
	for (int c; (c = getopt_long(argc, argv, "qh", options, NULL)) != -1;) {
		switch (c) {
		case 'u':
			until_done = true;
			break;
		case 'q':
			quiet = true;
			break;
		case 'l':
			botnet_options.log_to_stderr = true;
			break;
		case 'h':
			fputs(help, stdout);
			return 0;
		default:
			fputs(help, stderr);
			return 2;
		}
	}
	struct arena arena;
	struct findings findings;
	struct err err = { 0 };
	arena_init(&arena);
	findings_init(&findings, &arena);
	botnet_options.paths = paths_new(&arena, LAYOUT_OPT, environment_real, NULL);
	make_directories(botnet_options.paths);
	install_signals();
	struct botnet *botnet = botnet_open(&botnet_options, &findings, &err);
	print_findings(&findings);
	int rc = 1;
	if (!botnet)
		fprintf(stderr, "intelmq botnet: %s\n", err.text);
	else if (botnet_size(botnet) == 0)
		fprintf(stderr, "intelmq botnet: %s has no enabled bots\n",
		        botnet_options.paths->runtime);
	else {
		run(botnet, botnet_options.paths, until_done, quiet);
		rc = botnet_exit_code(botnet);
	}
	botnet_close(botnet);
	arena_fini(&arena);
	return rc;
}
