/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "daemon/process.h"

#include <intelmq/number.h>
#include <intelmq/text.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum {
	FIRST_FREE_FD =
		10, /* descriptors are brought out of the way here before they get their numbers */
	BROKER_FD = 3,
	PAGE_FD,
	READY_FD,
	AFTER_LAST_FD,
	MAX_PID_FILE = 32,
};

void process_init(struct process *p, struct loop *loop)
{
	*p = (struct process){ .loop = loop, .output.fd = -1, .page_fd = -1 };
}

static void drop_page(struct process *p)
{
	if (p->page)
		munmap(p->page, sizeof *p->page);
	if (p->page_fd >= 0)
		close(p->page_fd);
	p->page = NULL;
	p->page_fd = -1;
}

void process_fini(struct process *p)
{
	watch_close(&p->output, p->loop);
	drop_page(p);
}

/* Sealed, so that nobody can make it shorter under our hands. */
int process_new_page(struct process *p, struct err *err)
{
	drop_page(p);
	p->page_fd = memfd_create("intelmq-page", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (p->page_fd < 0 || ftruncate(p->page_fd, sizeof *p->page) < 0 ||
	    fcntl(p->page_fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return err_set(err, FAULT_OTHER, "no shared page: %s", strerror(errno));
	void *at = mmap(NULL, sizeof *p->page, PROT_READ | PROT_WRITE, MAP_SHARED, p->page_fd, 0);
	if (at == MAP_FAILED)
		return err_set(err, FAULT_OTHER, "no shared page: %s", strerror(errno));
	p->page = at;
	p->page->version = PAGE_VERSION;
	return 0;
}

bool process_read_page(const struct process *p, struct worker_page *out)
{
	if (!p->page)
		return false;
	*out = *p->page;
	out->state[PAGE_STATE - 1] = 0;
	out->sandbox[PAGE_SANDBOX - 1] = 0;
	return true;
}

/* ---- Starting ---- */

static bool is_inherited(const char *variable)
{
	static const char *const own[] = { "INTELMQD_",     "NOTIFY_SOCKET=", "WATCHDOG_USEC=",
		                           "WATCHDOG_PID=", "LISTEN_FDS=",    "LISTEN_PID=" };
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (str_starts(str_of(variable), str_of(own[i])))
			return false;
	return true;
}

static size_t count(const char *const *list)
{
	size_t n = 0;
	while (list && list[n])
		n++;
	return n;
}

static const char **environment_new(struct arena *arena, const struct launch *launch)
{
	const char **out = arena_zalloc(arena, count(launch->environment) + count(launch->more) + 4,
	                                sizeof *out);
	size_t n = 0;
	for (const char *const *at = launch->environment; at && *at; at++)
		if (is_inherited(*at))
			out[n++] = *at;
	for (const char *const *at = launch->more; at && *at; at++)
		out[n++] = *at;
	if (launch->broker_fd >= 0)
		out[n++] = arena_printf(arena, "INTELMQD_BROKER_FD=%d", BROKER_FD).p;
	if (launch->has_page)
		out[n++] = arena_printf(arena, "INTELMQD_PAGE_FD=%d", PAGE_FD).p;
	if (launch->ready_fd >= 0)
		out[n++] = arena_printf(arena, "INTELMQD_READY_FD=%d", READY_FD).p;
	return out;
}

void oom_score_set(int score)
{
	char text[16];
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	int n = snprintf(text, sizeof text, "%d", score);
	if (fd >= 0 && write(fd, text, (size_t)n) < 0)
		errno = 0;
	if (fd >= 0)
		close(fd);
}

/* In the child. */
static void place_descriptors(const struct process *p, const struct launch *launch, int output)
{
	const int from[] = {
		open("/dev/null", O_RDONLY | O_CLOEXEC), output,          output, launch->broker_fd,
		launch->has_page ? p->page_fd : -1,      launch->ready_fd
	};
	int aside[AFTER_LAST_FD];
	for (int i = 0; i < AFTER_LAST_FD; i++)
		aside[i] = from[i] < 0 ? -1 : fcntl(from[i], F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	for (int i = 0; i < AFTER_LAST_FD; i++)
		if (aside[i] < 0)
			close(i);
		else
			dup2(aside[i], i);
	/* Everything is close-on-exec anyway; this is for what a library has opened. */
	close_range(AFTER_LAST_FD, ~0U, 0);
}

/* In the child: signals as a program expects them, and the same end as intelmqd's. */
static void prepare_child(pid_t parent)
{
	sigset_t none;
	sigemptyset(&none);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
}

static void take_output(void *owner, uint32_t events);

int process_start(struct process *p, const struct launch *launch, struct err *err)
{
	int pipe_fds[2];
	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return err_set(err, FAULT_OTHER, "no pipe for its output: %s", strerror(errno));
	struct arena arena;
	arena_init(&arena);
	const char **environment = environment_new(&arena, launch);
	pid_t parent = getpid();
	fflush(NULL);
	pid_t pid = fork();
	if (pid == 0) {
		prepare_child(parent);
		oom_score_set(launch->oom_score);
		place_descriptors(p, launch, pipe_fds[1]);
		execve(launch->file, (char **)launch->argv, (char **)environment);
		dprintf(STDERR_FILENO, "%s cannot be executed: %s\n", launch->file,
		        strerror(errno));
		_exit(127);
	}
	int why = errno;
	arena_fini(&arena);
	close(pipe_fds[1]);
	if (pid < 0) {
		close(pipe_fds[0]);
		return err_set(err, FAULT_OTHER, "no process: %s", strerror(why));
	}
	p->pid = pid;
	p->n_tail = 0;
	if (p->page_fd >= 0)
		close(p->page_fd); /* it stays mapped */
	p->page_fd = -1;
	watch_close(&p->output, p->loop);
	fcntl(pipe_fds[0], F_SETFL, O_NONBLOCK);
	p->output = (struct watch){ pipe_fds[0], take_output, p };
	if (watch_open(&p->output, p->loop, EPOLLIN, NULL) < 0)
		watch_close(&p->output, p->loop); /* it gets SIGPIPE, if it prints */
	return 0;
}

/* ---- What it prints ---- */

static void add_to_tail(struct process *p, const char *bytes, size_t n)
{
	if (n > PROCESS_TAIL) {
		bytes += n - PROCESS_TAIL;
		n = PROCESS_TAIL;
	}
	size_t kept = p->n_tail + n > PROCESS_TAIL ? PROCESS_TAIL - n : p->n_tail;
	memmove(p->tail, p->tail + p->n_tail - kept, kept);
	memcpy(p->tail + kept, bytes, n);
	p->n_tail = kept + n;
}

/* A bounded amount a time: one that prints without end does not keep us from the others. */
static void take_output(void *owner, uint32_t events)
{
	struct process *p = owner;
	char bytes[PROCESS_TAIL];
	ssize_t n = read(p->output.fd, bytes, sizeof bytes);
	(void)events;
	if (n > 0)
		add_to_tail(p, bytes, (size_t)n);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		watch_close(&p->output, p->loop);
}

void process_ended(struct process *p)
{
	enum {
		PIPE_READS = 64
	}; /* what a pipe holds, and no more: others may have it open still */
	for (int i = 0; i < PIPE_READS && p->output.fd >= 0; i++) {
		size_t before = p->n_tail;
		errno = 0;
		take_output(p, 0);
		if (errno == EAGAIN && p->n_tail == before)
			break;
	}
	watch_close(&p->output, p->loop);
	p->pid = 0;
}

const char *process_words(struct process *p)
{
	struct str text = { p->tail, p->n_tail };
	size_t n = 0;
	text = text_strip_bytes(text, S(" \t\r\n"));
	for (size_t i = text.n; i > 0; i--)
		if (text.p[i - 1] == '\n') {
			text = str_slice(text, i, text.n);
			break;
		}
	for (; n < text.n && n < sizeof p->reason - 1; n++)
		p->reason[n] = text.p[n] >= 0 && text.p[n] < 0x20 ? ' ' : text.p[n];
	p->reason[n] = 0;
	return p->reason;
}

/* ---- Pid files ---- */

int pid_file_write(const char *path, pid_t pid, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0 || dprintf(fd, "%d", (int)pid) < 0) {
		int why = errno;
		if (fd >= 0)
			close(fd);
		return err_set(err, FAULT_OTHER, "%s: %s", path, strerror(why));
	}
	close(fd);
	return 0;
}

static struct str read_small(const char *path, char *bytes, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, size);
	if (fd >= 0)
		close(fd);
	return (struct str){ bytes, n > 0 ? (size_t)n : 0 };
}

static bool is_named(struct str word, const char *name)
{
	struct str wanted = str_of(name);
	return str_ends(word, wanted) &&
	       (word.n == wanted.n || word.p[word.n - wanted.n - 1] == '/');
}

/* Either the program itself, or a script behind its interpreter and an option of that. */
static bool command_line_fits(struct str line, const char *name, const char *id)
{
	for (int word = 0; word < 3 && line.p; word++)
		if (is_named(str_cut(&line, '\0'), name))
			return !id || str_eq(str_cut(&line, '\0'), str_of(id));
	return false;
}

pid_t process_find(const char *pid_file, const char *name, const char *id)
{
	char text[MAX_PID_FILE], path[64], line[4096];
	struct arena arena;
	struct value pid;
	arena_init(&arena);
	int rc = number_int(&arena, read_small(pid_file, text, sizeof text), &pid);
	arena_fini(&arena);
	if (rc < 0 || pid.kind != VALUE_INT || pid.integer < 2 || pid.integer > INT32_MAX)
		return 0;
	snprintf(path, sizeof path, "/proc/%d/cmdline", (int)pid.integer);
	return command_line_fits(read_small(path, line, sizeof line), name, id) ? (pid_t)pid.integer
	                                                                        : 0;
}
