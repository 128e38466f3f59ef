/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "worker/process.h"

#include <errno.h>
#include <getopt.h>
#include <intelmq/clock.h>
#include <intelmq/number.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "build_config.h"
#include "engine/types.h"
#include "worker/bot_sandbox.h"
#include "worker/privileges.h"
#include "worker/setup.h"
#include "worker/signals.h"

enum {
	FIRST_PAUSE_MS = 1000, /* between two tries to reach the broker, doubled up to … */
	LONGEST_PAUSE_MS = 30000,
	MAX_INSTANCE = 1000,
};

struct bot_process {
	struct bot_process_options options;
	struct arena arena;
	const struct paths *paths;
	struct setup setup;
	bool supervised;  /* by intelmqd */
	int broker_fd;    /* from intelmqd; -1: none */
	int64_t instance; /* -1: the only one */
	struct worker_page *page;
	struct broker *broker;
	struct worker *worker;
	bool cut_off; /* poll has seen the end of the connection */
	bool sandboxed;
};

/* ---- What intelmqd hands over ---- */

/* Taken out of the environment: programs that the bot starts have no use for it. */
static int take_instance(struct bot_process *p, struct err *err)
{
	const char *text = getenv("INTELMQD_INSTANCE");
	struct value v;
	if (!text)
		return 0;
	if (number_int(&p->arena, str_of(text), &v) < 0 || v.kind != VALUE_INT || v.integer < 0 ||
	    v.integer > MAX_INSTANCE)
		return err_set(err, FAULT_CONFIGURATION,
		               "INTELMQD_INSTANCE=%.50s: expected a number up to %d", text,
		               MAX_INSTANCE);
	p->instance = v.integer;
	unsetenv("INTELMQD_INSTANCE");
	return 0;
}

static int take_descriptors(struct bot_process *p, struct err *err)
{
	int page_fd = environment_fd("INTELMQD_PAGE_FD");
	p->broker_fd = environment_fd("INTELMQD_BROKER_FD");
	p->supervised = page_fd >= 0 || p->broker_fd >= 0;
	if (page_fd >= 0 && page_map(page_fd, &p->page, err) < 0)
		return -1;
	return take_instance(p, err);
}

/* ---- The broker ---- */

/* Lets time pass; false if the process is to end. */
static bool pause_for(int64_t ms)
{
	struct pollfd fd = { .fd = signals_fd(), .events = POLLIN };
	int64_t until = clock_monotonic_ms() + ms;
	for (int64_t left = ms; left > 0; left = until - clock_monotonic_ms()) {
		poll(&fd, 1, (int)left);
		signals_drain();
		if (*signals_stop())
			return false;
	}
	return true;
}

/* 0: connected; EXIT_ANEW: not, and intelmqd is to try again later; -1: the process is to end. */
static int connect_broker(struct bot_process *p)
{
	struct err err = { 0 };
	int64_t pause = FIRST_PAUSE_MS;
	p->broker = p->options.broker;
	for (bool told = false; !p->broker; told = true) {
		if (broker_connect(p->paths->broker_socket, p->broker_fd, &p->broker, &err) == 0)
			break;
		if (!told)
			setup_log(&p->setup, LEVEL_ERROR, "Pipeline failed. %s%s", err.text,
			          p->supervised ? "" : "; it is tried again until it works");
		if (p->supervised)
			return EXIT_ANEW;
		if (!pause_for(pause))
			return -1;
		pause = pause * 2 < LONGEST_PAUSE_MS ? pause * 2 : LONGEST_PAUSE_MS;
	}
	return 0;
}

/* ---- The sandbox ---- */

/*
 * Parsers and experts read what strangers wrote: they give up all that they do not need, once init has read what it needs.
 * One that was started by hand must be able to execute itself anew, and stays outside.
 */
static int enter_sandbox(struct bot_process *p, struct err *err)
{
	const struct bot_type *type = p->setup.type;
	if (!p->page || !p->supervised || (type->rows == ROWS_NONE && !type->enrich))
		return 0;
	const struct dict *parameters = p->setup.config.parameters;
	const char *folder = logbook_folder(p->setup.logbook, parameters, &p->arena);
	struct sandbox_rules rules = bot_sandbox_rules(&p->arena, type, parameters, p->paths,
	                                               folder);
	p->sandboxed = true;
	return sandbox_enter(&rules, p->page->sandbox, sizeof p->page->sandbox, err);
}

static void tell_refused(struct bot_process *p)
{
	char name[40];
	if (p->sandboxed && sandbox_refused(name, sizeof name))
		setup_log(&p->setup, LEVEL_WARNING, "The sandbox refused the system call %s.",
		          name);
}

/* ---- Running ---- */

static int open_worker(struct bot_process *p, struct err *err)
{
	struct host host = setup_host(&p->setup, p->broker);
	const struct worker_options options = setup_worker(&p->setup);
	host.page = p->page;
	host.hurry = signals_stop();
	p->worker = worker_open(&host, &options, err);
	return p->worker ? 0 : -1;
}

/* SIGHUP. True if the process must begin anew: what it may read and write belongs to its connection. */
static bool reload(struct bot_process *p)
{
	struct bot_config config;
	struct err err = { 0 };
	setup_log(&p->setup, LEVEL_INFO, "Received SIGHUP, initializing again later.");
	if (p->sandboxed) /* it cannot read the file; intelmqd starts it with what stands there now */
		return true;
	int fits = setup_reread(&p->setup, &config, &err);
	if (fits < 0)
		setup_log(&p->setup, LEVEL_ERROR, "%s; the bot goes on as it is.", err.text);
	if (fits == 0)
		setup_log(&p->setup, LEVEL_INFO, "Handling SIGHUP, initializing again now.");
	if (fits > 0) {
		if (logbook_reopen(p->setup.logbook, config.parameters, &err) < 0)
			setup_log(&p->setup, LEVEL_WARNING, "The log stays where it was: %s",
			          err.text);
		setup_log_findings(&p->setup, &config);
		worker_reload(p->worker, config.parameters);
	}
	bot_config_fini(&config);
	return fits == 0;
}

/* Until the worker wants its next step, the broker has news, or a signal comes. */
static void wait_for_news(struct bot_process *p, int64_t ms)
{
	struct pollfd fds[1 + WORKER_NEWS] = { { .fd = signals_fd(), .events = POLLIN } };
	worker_news(p->worker, fds + 1);
	if (poll(fds, 1 + WORKER_NEWS, ms > INT_MAX ? -1 : (int)ms) < 0)
		return;
	p->cut_off = fds[1].revents & (POLLHUP | POLLERR | POLLNVAL);
}

/* Until the worker has ended; its exit code, or EXIT_ANEW. */
static int run(struct bot_process *p)
{
	while (true) {
		signals_drain();
		if (*signals_stop())
			worker_stop(p->worker);
		if (signals_take_reload() && reload(p))
			return EXIT_ANEW;
		int64_t wait = worker_step(p->worker);
		tell_refused(p);
		if (wait == WORKER_STOPPED)
			return worker_exit_code(p->worker);
		if (wait > 0)
			wait_for_news(p, wait);
		if ((p->cut_off || worker_is_cut_off(p->worker)) && !*signals_stop()) {
			setup_log(&p->setup, LEVEL_ERROR,
			          "The connection to the broker has ended.");
			return EXIT_ANEW;
		}
	}
}

/* Everything but the broker. */
static int prepare(struct bot_process *p, struct err *err)
{
	p->paths = paths_new(&p->arena, LAYOUT_OPT, environment_real, NULL);
	if (take_descriptors(p, err) < 0 || privileges_drop(p->paths, err) < 0)
		return -1;
	const struct setup_options options = {
		.id = p->options.id,
		.module = p->options.module,
		.log_level = p->options.log_level,
		.to_console = p->options.to_console,
		.type = p->options.type,
		.instance = p->instance,
	};
	if (setup_read(&p->setup, &options, p->paths, err) < 0)
		return -1;
	if (!p->options.to_console)
		prctl(PR_SET_NAME, p->options.id); /* for top and ps; all modules begin alike */
	return signals_open(p->page, err);
}

/* The error that a bot ends with before it has a worker to tell it. */
static int fail(struct bot_process *p, const struct err *err)
{
	if (p->page)
		snprintf(p->page->state, sizeof p->page->state, "stopped: %.250s", err->text);
	if (p->setup.logbook)
		setup_log(&p->setup, LEVEL_CRITICAL, "%s", err->text);
	if (!p->options.to_console || !p->setup.logbook)
		fprintf(stderr, "%s: %s\n", p->options.id, err->text);
	return 1;
}

/* A worker could not be opened because the broker has just ended; intelmqd finds out by itself. */
static bool is_broker_away(const struct bot_process *p)
{
	struct arena arena;
	struct value status;
	if (p->supervised || p->options.broker)
		return false;
	arena_init(&arena);
	bool away = broker_status(p->broker, &arena, &status, NULL) < 0;
	arena_fini(&arena);
	return away;
}

static int live(struct bot_process *p)
{
	struct err err = { 0 };
	if (prepare(p, &err) < 0)
		return fail(p, &err);
	int rc;
	while ((rc = connect_broker(p)) == 0 && open_worker(p, &err) < 0) {
		if (!is_broker_away(p)) {
			fprintf(stderr, "%s: %s\n", p->options.id, err.text); /* the log has it */
			return 1;
		}
		broker_free(p->broker);
		p->broker = NULL;
		if (!pause_for(FIRST_PAUSE_MS))
			return 0;
	}
	if (rc != 0)
		return rc < 0 ? 0 : rc;
	return enter_sandbox(p, &err) < 0 ? fail(p, &err) : run(p);
}

static void tidy(struct bot_process *p, int rc)
{
	worker_close(p->worker);
	if (!p->options.broker)
		broker_free(p->broker);
	setup_fini(&p->setup);
	if (signals_fd() >= 0)
		signals_close();
	if (p->page) {
		p->page->restart = p->page->restart || rc == EXIT_ANEW;
		p->page->exits = 1;
		page_unmap(p->page);
	}
}

static void execute_anew(char *const *argv)
{
	fflush(NULL);
	execv("/proc/self/exe", argv);
	fprintf(stderr, "%s: cannot be executed anew: %s\n", argv[0], strerror(errno));
}

int bot_process_run(const struct bot_process_options *options)
{
	struct bot_process p = { .options = *options, .broker_fd = -1, .instance = -1 };
	arena_init(&p.arena);
	int rc = live(&p);
	bool lost = rc == EXIT_ANEW && p.worker && (p.cut_off || worker_is_cut_off(p.worker));
	bool anew = rc == EXIT_ANEW && !p.supervised && options->argv;
	/* A broker that is being restarted is not there at once. */
	if (anew && lost && !pause_for(FIRST_PAUSE_MS)) {
		anew = false;
		rc = 0;
	}
	tidy(&p, rc);
	arena_fini(&p.arena);
	if (anew && *signals_stop())
		return 0;
	if (anew) {
		execute_anew(options->argv);
		rc = 1;
	}
	return rc;
}

/* ---- Command line ---- */

static void print_help(FILE *out, const char *module)
{
	const struct bot_type *type = bot_type_find(str_of(module), NULL);
	const char *what = type && type->update ? type->update->what : NULL;
	fprintf(out, "usage: %s BOT-ID\n", module);
	if (type && type->update)
		fprintf(out, "       %s --update-%s [--verbose]\n", module,
		        what ? what : "database");
	fprintf(out, "\n%s\n", type ? type->summary : "");
	fprintf(out,
	        "Runs the bot of this id in runtime.yaml until SIGTERM; SIGHUP reads runtime.yaml "
	        "again.\n"
	        "`intelmq describe %s` tells its parameters.\n\n"
	        "  --help     this\n"
	        "  --version  the version of the program\n",
	        module);
}

int bot_process_main(const char *module, int argc, char **argv)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' },
		                                 { "version", no_argument, NULL, 'v' },
		                                 { 0 } };
	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (c == 'v')
			printf("intelmq %s\n", INTELMQ_VERSION);
		else
			print_help(c == 'h' ? stdout : stderr, module);
		return c == '?' ? 2 : 0;
	}
	if (optind >= argc) {
		fputs("No bot ID given.\n", stderr);
		return 1;
	}
	return bot_process_run(&(struct bot_process_options){
		.module = module, .id = argv[optind], .argv = argv });
}
