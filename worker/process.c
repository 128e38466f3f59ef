/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "worker/process.h"

#include <errno.h>
#include <getopt.h>
#include <intelmq/clock.h>
#include <intelmq/number.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "build_config.h"
#include "engine/files.h"
#include "engine/logbook.h"
#include "engine/types.h"
#include "worker/bot_config.h"
#include "worker/privileges.h"
#include "worker/signals.h"

extern char **environ;

enum {
	FIRST_PAUSE_MS = 1000, /* between two tries to reach the broker, doubled up to … */
	LONGEST_PAUSE_MS = 30000,
	MAX_INSTANCE = 1000,
};

struct bot_process {
	struct bot_process_options options;
	struct arena arena;
	const struct paths *paths;
	bool supervised;  /* by intelmqd */
	int broker_fd;    /* from intelmqd; -1: none */
	int64_t instance; /* -1: the only one */
	struct worker_page *page;
	struct bot_config config;
	const struct bot_type *type;
	struct data_format *format;
	struct stat format_stat; /* of its file when it was read */
	struct logbook *logbook;
	struct broker *broker;
	struct worker *worker;
	bool cut_off; /* poll has seen the end of the connection */
};

static void __attribute__((format(printf, 3, 4)))
log_line(struct bot_process *p, enum log_level level, const char *format, ...)
{
	char text[1500];
	va_list args;
	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	logbook_log(p->logbook, p->options.id, level, str_of(text));
}

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

static int map_page(struct bot_process *p, int fd, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0 || st.st_size < (off_t)sizeof *p->page)
		return err_set(err, FAULT_CONFIGURATION, "INTELMQD_PAGE_FD=%d is not a page", fd);
	void *at = mmap(NULL, sizeof *p->page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (at == MAP_FAILED)
		return err_set(err, FAULT_OTHER, "INTELMQD_PAGE_FD=%d: %s", fd, strerror(errno));
	p->page = at;
	if (p->page->version == PAGE_VERSION)
		return 0;
	int other = (int)p->page->version;
	munmap(at, sizeof *p->page);
	p->page = NULL;
	return err_set(err, FAULT_CONFIGURATION,
	               "intelmqd speaks version %d of the page, this program %d: restart intelmqd",
	               other, PAGE_VERSION);
}

static int take_descriptors(struct bot_process *p, struct err *err)
{
	int page_fd = environment_fd("INTELMQD_PAGE_FD");
	p->broker_fd = environment_fd("INTELMQD_BROKER_FD");
	p->supervised = page_fd >= 0 || p->broker_fd >= 0;
	if (page_fd >= 0 && map_page(p, page_fd, err) < 0)
		return -1;
	return take_instance(p, err);
}

/* ---- Configuration ---- */

static int check_id(const struct bot_process *p, struct err *err)
{
	const char *id = p->options.id;
	if (!runtime_id_is_valid(str_of(id)))
		return err_set(err, FAULT_CONFIGURATION,
		               "'%.100s' is no bot id: letters, digits and hyphens are allowed",
		               id);
	if (strchr(id, '.'))
		return err_set(err, FAULT_CONFIGURATION,
		               "'%.100s': single instances are started by intelmqd only", id);
	return 0;
}

static int find_type(struct bot_process *p, struct err *err)
{
	struct str module = p->config.module;
	p->type = p->options.type;
	if (p->type)
		return 0;
	if (p->options.module)
		module = str_of(p->options.module);
	if (!module.p)
		return err_set(err, FAULT_CONFIGURATION, "%s: no module is given for bot '%s'",
		               p->paths->runtime, p->options.id);
	p->type = bot_type_find(module, err);
	if (!p->type)
		return -1;
	if (p->instance > 0 && (p->type->uses & USES_STATE))
		return err_set(err, FAULT_CONFIGURATION,
		               "bot '%s' keeps a state, so it cannot have several instances",
		               p->options.id);
	return 0;
}

static int read_config(struct bot_process *p, struct bot_config *config, struct err *err)
{
	if (bot_config_read(config, p->paths, p->options.id, (const char *const *)environ, err) < 0)
		return -1;
	if (p->options.log_level)
		dict_set(config->parameters, S("logging_level"), value_cstr(p->options.log_level));
	return 0;
}

static int open_logbook(struct bot_process *p, struct err *err)
{
	struct logbook_options options = {
		.paths = p->paths,
		.bot_id = p->options.id,
		.to_console = p->options.to_console,
	};
	if (p->instance >= 0)
		options.signature =
			arena_printf(&p->arena, "%s.%d", p->options.id, (int)p->instance).p;
	return logbook_open(&options, p->config.parameters, &p->logbook, err);
}

/* What the file says of this bot, and whether this program is the one that it names. */
static void log_findings(struct bot_process *p, const struct bot_config *config)
{
	struct arena arena;
	arena_init(&arena);
	for (size_t i = 0; i < config->findings.n; i++) {
		const struct finding *finding = &config->findings.all[i];
		struct buffer line;
		buffer_init_in(&line, &arena, 4000);
		finding_print(&line, finding);
		if (finding->severity != SEVERITY_INFO)
			log_line(p,
			         finding->severity == SEVERITY_ERROR ? LEVEL_ERROR : LEVEL_WARNING,
			         "%.*s", STR_ARG(buffer_str(&line)));
	}
	arena_fini(&arena);
	if (config->module.p && p->options.module && bot_type_find(config->module, NULL) != p->type)
		log_line(p, LEVEL_WARNING, "runtime.yaml names module %.*s, this is %s.",
		         STR_ARG(config->module), p->options.module);
}

static void stat_format(const struct bot_process *p, struct stat *out)
{
	if (stat(p->paths->harmonization, out) < 0)
		*out = (struct stat){ 0 };
}

static bool format_changed(const struct bot_process *p)
{
	struct stat now;
	const struct stat *then = &p->format_stat;
	stat_format(p, &now);
	return now.st_ino != then->st_ino || now.st_size != then->st_size ||
	       now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != then->st_mtim.tv_nsec;
}

/* Everything before the log is there. */
static int prepare(struct bot_process *p, struct err *err)
{
	p->paths = paths_new(&p->arena, LAYOUT_OPT, environment_real, NULL);
	if (take_descriptors(p, err) < 0 || privileges_drop(p->paths, err) < 0 ||
	    check_id(p, err) < 0 || read_config(p, &p->config, err) < 0 || find_type(p, err) < 0 ||
	    open_logbook(p, err) < 0)
		return -1;
	return signals_open(p->page, err);
}

static int read_format(struct bot_process *p, struct err *err)
{
	log_findings(p, &p->config);
	stat_format(p, &p->format_stat);
	return format_file_read(p->paths->harmonization, &p->format, err);
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
			log_line(p, LEVEL_ERROR, "Pipeline failed. %s%s", err.text,
			         p->supervised ? "" : "; it is tried again until it works");
		if (p->supervised)
			return EXIT_ANEW;
		if (!pause_for(pause))
			return -1;
		pause = pause * 2 < LONGEST_PAUSE_MS ? pause * 2 : LONGEST_PAUSE_MS;
	}
	return 0;
}

/* ---- Running ---- */

static int open_worker(struct bot_process *p, struct err *err)
{
	const struct host host = {
		.broker = p->broker,
		.format = p->format,
		.paths = p->paths,
		.trust = WIRE_TRUSTED,
		.page = p->page,
		.hurry = signals_stop(),
		.context = p->logbook,
		.log = logbook_log,
		.dump = logbook_dump,
	};
	const struct worker_options options = {
		.id = p->options.id,
		.instance = p->instance < 0 ? 0 : (unsigned)p->instance,
		.type = p->type,
		.parameters = p->config.parameters,
		.source_queue = p->config.source_queue,
		.destinations = p->config.destinations,
		.scheduled = p->config.run_mode == RUN_SCHEDULED,
	};
	p->worker = worker_open(&host, &options, err);
	return p->worker ? 0 : -1;
}

/* SIGHUP. True if the process must begin anew: what it may read and write belongs to its connection. */
static bool reload(struct bot_process *p)
{
	struct bot_config config;
	struct err err = { 0 };
	log_line(p, LEVEL_INFO, "Received SIGHUP, initializing again later.");
	if (read_config(p, &config, &err) < 0) {
		log_line(p, LEVEL_ERROR, "%s; the bot goes on as it is.", err.text);
		bot_config_fini(&config);
		return false;
	}
	bool anew = !bot_config_fits(&config, &p->config) || format_changed(p);
	if (anew) {
		log_line(p, LEVEL_INFO, "Handling SIGHUP, initializing again now.");
	} else {
		if (logbook_reopen(p->logbook, config.parameters, &err) < 0)
			log_line(p, LEVEL_WARNING, "The log stays where it was: %s", err.text);
		log_findings(p, &config);
		worker_reload(p->worker, config.parameters);
	}
	bot_config_fini(&config);
	return anew;
}

/* Until the worker wants its next step, the broker has news, or a signal comes. */
static void wait_for_news(struct bot_process *p, int64_t ms)
{
	struct pollfd fds[] = { { .fd = signals_fd(), .events = POLLIN }, worker_news(p->worker) };
	if (poll(fds, 2, ms > INT_MAX ? -1 : (int)ms) < 0)
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
		if (wait == WORKER_STOPPED)
			return worker_exit_code(p->worker);
		if (wait > 0)
			wait_for_news(p, wait);
		if ((p->cut_off || worker_is_cut_off(p->worker)) && !*signals_stop()) {
			log_line(p, LEVEL_ERROR, "The connection to the broker has ended.");
			return EXIT_ANEW;
		}
	}
}

/* The error that a bot ends with before it has a worker to tell it. */
static int fail(struct bot_process *p, const struct err *err)
{
	if (p->page)
		snprintf(p->page->state, sizeof p->page->state, "stopped: %.250s", err->text);
	if (p->logbook)
		log_line(p, LEVEL_CRITICAL, "%s", err->text);
	if (!p->options.to_console || !p->logbook)
		fprintf(stderr, "%s: %s\n", p->options.id, err->text);
	return 1;
}

static int live(struct bot_process *p)
{
	struct err err = { 0 };
	if (prepare(p, &err) < 0 || read_format(p, &err) < 0)
		return fail(p, &err);
	int rc = connect_broker(p);
	if (rc != 0)
		return rc < 0 ? 0 : rc;
	if (open_worker(p, &err) < 0) {
		fprintf(stderr, "%s: %s\n", p->options.id, err.text); /* the log has it */
		return 1;
	}
	return run(p);
}

static void tidy(struct bot_process *p, int rc)
{
	worker_close(p->worker);
	if (!p->options.broker)
		broker_free(p->broker);
	data_format_free(p->format);
	logbook_close(p->logbook);
	bot_config_fini(&p->config);
	if (signals_fd() >= 0)
		signals_close();
	if (p->page) {
		p->page->restart = p->page->restart || rc == EXIT_ANEW;
		p->page->exits = 1;
		munmap(p->page, sizeof *p->page);
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
	arena_init(&p.config.arena);
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
	fprintf(out, "usage: %s BOT-ID\n\n", module);
	if (type)
		fprintf(out, "%s\n", type->summary);
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
