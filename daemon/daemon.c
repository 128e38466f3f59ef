/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* intelmqd: options, the lock, the loop, the order of stopping. */
#include "daemon/daemon.h"

#include "daemon/control.h"
#include "daemon/inside.h"

#include <intelmq/clock.h>

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "worker/privileges.h"

extern char **environ;

enum {
	LOG_SIZE = 10 * 1024 * 1024,
	LOG_COPIES = 5,
	LOCK_PATIENCE = 1000, /* ms: children of a killed intelmqd hold its lock for a moment */
	LAST_ANSWERS = 2000,  /* ms that those who asked for the end get to read the answer */
	MAX_WAIT = 1000,
	STOP_OTHER_MS = 60000,
	DESCRIPTORS = 8192,
};

static const char help[] =
	"usage: intelmqd [--foreground | --background | --stop] [--all] [--crash-limit N] [--bin "
	"DIR]\n\n"
	"Starts and watches the broker and the bots of runtime.yaml; intelmqctl and the API tell "
	"it "
	"which.\n"
	"INTELMQ_ROOT_DIR says where the installation is.\n"
	"  --foreground     stay; the default as process 1 and where NOTIFY_SOCKET is set\n"
	"  --background     return when it listens; the default else\n"
	"  --stop           end the one that runs, with all bots and the broker\n"
	"  --all            start all enabled bots; as process 1 and where NOTIFY_SOCKET is set,\n"
	"                   those that nobody has stopped are started\n"
	"  --crash-limit N  give a bot up that died N times in ten minutes (10; 0: never)\n"
	"  --bin DIR        where the programs of the bots are (beside this one)\n"
	"SIGHUP reads runtime.yaml again, SIGTERM and SIGINT end bots, broker and intelmqd.\n";

struct options {
	bool foreground, background, all;
	unsigned crash_limit;
	const char *bin;
};

struct program {
	struct daemon daemon;
	struct options options;
	struct watch signals;
	int lock;
	int told; /* who started us in the background reads here; -1: nobody */
	bool in_background;
	int64_t ended_at; /* monotonic ms */
};

void daemon_log(struct daemon *d, enum log_level level, const char *format, ...)
{
	char text[2000];
	va_list list;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	if (d->log)
		log_file_write(d->log, level, str_of(text));
}

/* ---- Stopping: collectors first, so that what they brought goes on; the broker last ---- */

void daemon_shutdown(struct daemon *d)
{
	if (d->phase != DAEMON_RUNS)
		return;
	wanted_save(d);
	daemon_log(d, LEVEL_INFO, "intelmqd stops");
	notify_send(&d->notify, "STOPPING=1");
	d->phase = DAEMON_STOPS_COLLECTORS;
}

/* True once none of them is there. */
static bool stop_bots(struct daemon *d, bool others)
{
	bool ended = true;
	for (size_t i = 0; i < d->n; i++) {
		struct bot_child *bot = d->bots[i];
		if (!others && !bot_is_collector(bot))
			continue;
		if (bot_is_wanted(bot))
			bot_stop(d, bot, "");
		ended = ended && !bot_is_alive(bot);
	}
	return ended;
}

static void stop_step(struct daemon *d)
{
	if (d->phase == DAEMON_STOPS_COLLECTORS && stop_bots(d, false))
		d->phase = DAEMON_STOPS_BOTS;
	if (d->phase == DAEMON_STOPS_BOTS && stop_bots(d, true)) {
		child_stop(&d->broker.child, "");
		d->phase = DAEMON_STOPS_BROKER;
	}
	if (d->phase == DAEMON_STOPS_BROKER && !d->broker.child.alive)
		d->phase = DAEMON_ENDED;
}

/* ---- Signals ---- */

/* All that ended; as process 1 also what nobody else waits for. */
static void reap(struct daemon *d)
{
	int status;
	for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;) {
		bool known = broker_child_reaped(d, pid, status);
		for (size_t i = 0; i < d->n && !known; i++)
			known = bot_reaped(d, d->bots[i], pid, status);
	}
}

/* Somebody may have moved the file away. */
static void log_reopen(struct daemon *d)
{
	struct log_file *fresh;
	if (log_file_open(d->paths->log, "intelmqd", LOG_SIZE, LOG_COPIES, &fresh, NULL) < 0)
		return;
	log_file_close(d->log);
	d->log = fresh;
}

static void reload(struct daemon *d)
{
	log_reopen(d);
	if (d->phase != DAEMON_RUNS)
		return;
	notify_reloading(&d->notify);
	if (configuration_read(d) == 0)
		for (size_t i = 0; i < d->n; i++)
			bot_reload(d, d->bots[i]);
	notify_send(&d->notify, "READY=1");
}

static void take_signal(void *owner, uint32_t events)
{
	struct program *p = owner;
	struct signalfd_siginfo info;
	(void)events;
	if (read(p->signals.fd, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(&p->daemon);
	else if (info.ssi_signo == SIGHUP)
		reload(&p->daemon);
	else
		daemon_shutdown(&p->daemon);
}

static int signals_open(struct program *p, struct err *err)
{
	sigset_t all;
	sigemptyset(&all);
	sigaddset(&all, SIGCHLD);
	sigaddset(&all, SIGHUP);
	sigaddset(&all, SIGINT);
	sigaddset(&all, SIGTERM);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
	p->signals = (struct watch){ signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK), take_signal,
		                     p };
	if (p->signals.fd < 0)
		return err_set(err, FAULT_OTHER, "signalfd: %s", strerror(errno));
	return watch_open(&p->signals, &p->daemon.loop, EPOLLIN, err);
}

/* ---- The lock ---- */

static int lock_fails(int fd, const char *path, struct err *err)
{
	char text[32] = "";
	int why = errno;
	if (fd < 0)
		return err_set(err, FAULT_CONFIGURATION, "%s: %s", path, strerror(why));
	ssize_t n = pread(fd, text, sizeof text - 1, 0);
	close(fd);
	return err_set(err, FAULT_OTHER, "intelmqd runs already, as process %.*s (%s)",
	               n > 0 ? (int)n : 0, text, path);
}

/* The file must still be what the path names when we have its lock: one that ends removes it. */
static bool is_file_of(int fd, const char *path)
{
	struct stat ours, theirs;
	return fstat(fd, &ours) == 0 && stat(path, &theirs) == 0 && ours.st_ino == theirs.st_ino &&
	       ours.st_dev == theirs.st_dev;
}

static const char *lock_path(struct daemon *d)
{
	return arena_printf(&d->life, "%sintelmqd.pid", d->paths->run).p;
}

static int lock_open(struct program *p, struct err *err)
{
	const char *path = lock_path(&p->daemon);
	int64_t until = clock_monotonic_ms() + LOCK_PATIENCE;
	while (true) {
		int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
		bool locked = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
		if (locked && is_file_of(fd, path)) {
			p->lock = fd;
			break;
		}
		if (!locked && (fd < 0 || clock_monotonic_ms() > until))
			return lock_fails(fd, path, err);
		close(fd);
		usleep(20000);
	}
	if (ftruncate(p->lock, 0) < 0 || dprintf(p->lock, "%d", (int)getpid()) < 0)
		return err_set(err, FAULT_OTHER, "%s: %s", path, strerror(errno));
	return 0;
}

static void lock_close(struct program *p)
{
	if (p->lock < 0)
		return;
	unlink(lock_path(&p->daemon));
	close(p->lock);
}

/* ---- The loop ---- */

static void tell_manager(struct daemon *d)
{
	unsigned running = 0, waiting = 0, failed = 0;
	char text[200];
	for (size_t i = 0; i < d->n; i++)
		for (unsigned k = 0; k < d->bots[i]->n; k++) {
			enum child_state state = d->bots[i]->all[k].child.state;
			running += state == CHILD_RUNNING;
			failed += state == CHILD_FAILED;
			waiting += state == CHILD_STARTING || state == CHILD_CRASHED;
		}
	if (!d->told_ready && child_is_settled(&d->broker.child)) {
		d->told_ready = true;
		notify_send(&d->notify, "READY=1");
	}
	snprintf(text, sizeof text, "broker %s; bots: %u running, %u waiting to start, %u failed",
	         child_state_name(d->broker.child.state), running, waiting, failed);
	notify_status(&d->notify, text);
	notify_alive(&d->notify);
}

/* What is to run without being asked; as soon as there is a runtime.yaml that says what it is. */
static void resume_bots(struct program *p)
{
	struct daemon *d = &p->daemon;
	bool managed = !p->in_background && (getpid() == 1 || getenv("NOTIFY_SOCKET"));
	if (d->resumed || d->phase != DAEMON_RUNS || configuration_read(d) < 0)
		return;
	wanted_start(d, managed || p->options.all, p->options.all);
	d->resumed = true;
}

/* Does all that is due; returns the ms until there is more. */
static int step(struct program *p)
{
	struct daemon *d = &p->daemon;
	int64_t next = broker_child_step(d);
	resume_bots(p);
	for (size_t i = 0; i < d->n; i++) {
		int64_t due = bot_step(d, d->bots[i]);
		next = due < next ? due : next;
	}
	stop_step(d);
	if (d->changed)
		wanted_save(d);
	d->changed = false;
	configuration_sweep(d);
	control_server_step(d);
	tell_manager(d);
	if (d->phase != DAEMON_RUNS)
		return POLL_STARTING;
	if (d->notify.watchdog_ms && d->notify.next_ms < next)
		next = d->notify.next_ms;
	next -= clock_monotonic_ms();
	return next < 0 ? 0 : next > MAX_WAIT ? MAX_WAIT : (int)next;
}

static void run(struct program *p)
{
	enum { EVENTS_A_ROUND = 64 };
	struct daemon *d = &p->daemon;
	while (d->phase != DAEMON_ENDED ||
	       (control_server_is_busy(d) && clock_monotonic_ms() - p->ended_at < LAST_ANSWERS)) {
		int wait = step(p);
		if (d->phase != DAEMON_ENDED)
			p->ended_at = clock_monotonic_ms();
		for (int i = 0; i < EVENTS_A_ROUND && loop_wait(&d->loop, wait); i++)
			wait = 0;
	}
}

/* ---- Beginning and end ---- */

/* Where we are: programs of bots lie beside us. */
static int find_programs(struct program *p, struct err *err)
{
	struct daemon *d = &p->daemon;
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
	if (n <= 0)
		return err_set(err, FAULT_OTHER, "/proc/self/exe: %s", strerror(errno));
	path[n] = 0;
	d->program = arena_cstr(&d->life, str_of(path));
	char *slash = strrchr(path, '/');
	if (slash)
		*slash = 0;
	if (p->options.bin && !realpath(p->options.bin, path))
		return err_set(err, FAULT_CONFIGURATION, "%s: %s", p->options.bin, strerror(errno));
	d->bin = arena_cstr(&d->life, str_of(path));
	return 0;
}

static void make_directory(const char *path)
{
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		char part[4096];
		snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
		mkdir(part, 0755);
	}
}

/* A pipe for each bot: a thousand bots are more than the usual limit. */
static void allow_descriptors(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= DESCRIPTORS)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int open_all(struct program *p, struct err *err)
{
	struct daemon *d = &p->daemon;
	allow_descriptors();
	oom_score_set(OOM_SCORE_NEEDED); /* while we may */
	if (privileges_drop(d->paths, err) < 0)
		return -1;
	make_directory(d->paths->log);
	make_directory(d->paths->run);
	make_directory(d->paths->state);
	if (lock_open(p, err) < 0 || find_programs(p, err) < 0 ||
	    log_file_open(d->paths->log, "intelmqd", LOG_SIZE, LOG_COPIES, &d->log, err) < 0 ||
	    signals_open(p, err) < 0 || control_server_open(d, err) < 0)
		return -1;
	daemon_log(d, LEVEL_INFO, "intelmqd starts as process %d", (int)getpid());
	notify_open(&d->notify);
	broker_child_init(d);
	child_start(&d->broker.child);
	return 0;
}

static void close_all(struct program *p)
{
	struct daemon *d = &p->daemon;
	configuration_fini(d);
	broker_child_fini(d);
	control_server_close(d);
	notify_close(&d->notify);
	watch_close(&p->signals, &d->loop);
	lock_close(p);
	daemon_log(d, LEVEL_INFO, "intelmqd ends");
	log_file_close(d->log);
	loop_fini(&d->loop);
	free(d->remembered);
	arena_fini(&d->life);
}

/* Tells who started us in the background: an empty text is good news. */
static void tell_starter(struct program *p, const char *text)
{
	if (p->told < 0)
		return;
	dprintf(p->told, "%c%s", *text ? 'E' : 'R', text);
	close(p->told);
	p->told = -1;
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3 && null >= 0; fd++)
		dup2(null, fd);
}

static int serve(struct program *p)
{
	struct daemon *d = &p->daemon;
	struct err err = { 0 };
	p->signals.fd = p->lock = d->notify.fd = d->broker.ready.fd = d->broker.process.output.fd =
		-1;
	d->broker.process.page_fd = -1;
	d->environment = (const char *const *)environ;
	d->max_crashes = p->options.crash_limit;
	arena_init(&d->life);
	d->paths = paths_new(&d->life, LAYOUT_OPT, environment_real, NULL);
	if (loop_init(&d->loop, &err) == 0 && open_all(p, &err) == 0) {
		tell_starter(p, "");
		run(p);
	} else {
		fprintf(stderr, "intelmqd: %s\n", err.text);
		tell_starter(p, err.text);
	}
	close_all(p);
	return *err.text ? 1 : 0;
}

/* What the process in the background says: its first byte is R (it listens) or E (an error, as text). */
static int wait_for_news(int fd)
{
	char text[1000];
	size_t n = 0;
	for (ssize_t got;
	     n < sizeof text - 1 && (got = read(fd, text + n, sizeof text - 1 - n)) != 0;) {
		if (got < 0 && errno != EINTR)
			break;
		n += got > 0 ? (size_t)got : 0;
	}
	text[n] = 0;
	close(fd);
	if (n && text[0] == 'R')
		return 0;
	if (n == 0)
		fputs("intelmqd: it ended before it listened\n", stderr);
	return 1;
}

static int serve_in_background(struct program *p)
{
	int fds[2];
	if (pipe2(fds, O_CLOEXEC) < 0) {
		perror("intelmqd: pipe");
		return 1;
	}
	fflush(NULL);
	pid_t pid = fork();
	if (pid < 0) {
		perror("intelmqd: fork");
		return 1;
	}
	if (pid > 0) {
		close(fds[1]);
		waitpid(pid, NULL, 0);
		return wait_for_news(fds[0]);
	}
	/* A pipe that we got from somebody would stay open as long as we live. */
	dup2(fds[1], 3);
	close_range(4, ~0U, 0);
	fcntl(3, F_SETFD, FD_CLOEXEC);
	setsid();
	if (fork() != 0)
		_exit(0);
	p->told = 3;
	p->in_background = true;
	return serve(p);
}

static unsigned read_limit(const char *text)
{
	unsigned n = 0;
	for (; *text >= '0' && *text <= '9' && n < CHILD_MAX_CRASHES; text++)
		n = n * 10 + (unsigned)(*text - '0');
	return *text || n > CHILD_MAX_CRASHES ? CHILD_MAX_CRASHES + 1 : n;
}

/* Asks the one that runs to end with everything, and waits until it has. */
static int stop_other(void)
{
	struct arena arena;
	struct err err = { 0 };
	struct value answer;
	arena_init(&arena);
	struct dict *request = dict_new(&arena);
	dict_set(request, S("command"), value_str(S("shutdown")));
	int rc = control_call(paths_new(&arena, LAYOUT_OPT, environment_real, NULL),
	                      value_dict(request), STOP_OTHER_MS, &arena, &answer, &err);
	if (rc < 0)
		fprintf(stderr, "intelmqd: %s\n", err.text);
	arena_fini(&arena);
	return rc < 0;
}

int command_daemon(int argc, char **argv)
{
	static const struct option options[] = {
		{ "foreground", no_argument, NULL, 'f' },
		{ "background", no_argument, NULL, 'b' },
		{ "stop", no_argument, NULL, 's' },
		{ "all", no_argument, NULL, 'a' },
		{ "crash-limit", required_argument, NULL, 'c' },
		{ "bin", required_argument, NULL, 'd' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct program p = { .told = -1, .options = { .crash_limit = 10 } };
	for (int c; (c = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		if (c == 'f')
			p.options.foreground = true;
		else if (c == 'b')
			p.options.background = true;
		else if (c == 's')
			return stop_other();
		else if (c == 'a')
			p.options.all = true;
		else if (c == 'c')
			p.options.crash_limit = read_limit(optarg);
		else if (c == 'd')
			p.options.bin = optarg;
		else
			return fputs(help, c == 'h' ? stdout : stderr), c == 'h' ? 0 : 2;
	}
	if (optind < argc || p.options.crash_limit > CHILD_MAX_CRASHES) {
		fputs(help, stderr);
		return 2;
	}
	if (!p.options.background &&
	    (p.options.foreground || getpid() == 1 || getenv("NOTIFY_SOCKET")))
		return serve(&p);
	return serve_in_background(&p);
}
