/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* The scratch installation in which recorded command lines are replayed. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "broker/broker.h"
#include "cli/conformance_cli.h"
#include "config/runtime.h"
#include "daemon/control.h"

enum { TIMEOUT_MS = 60 * 1000, INTERRUPT_MS = 3000, MAX_OUTPUT = 64 * 1024 * 1024 };

/* ---- Running a program ---- */

static const char *const *environment_of(const struct place *place, struct arena *arena)
{
	const char **env = arena_zalloc(arena, 5, sizeof *env);
	const char *options = getenv("ASAN_OPTIONS");
	env[0] = arena_printf(arena, "INTELMQ_ROOT_DIR=%.*s", (int)strlen(place->root) - 1,
	                      place->root)
	                 .p;
	env[1] = arena_printf(arena, "PATH=%s:/usr/bin:/bin", place->bin).p;
	env[2] = options ? arena_printf(arena, "ASAN_OPTIONS=%s", options).p : NULL;
	return env;
}

/* Files in memory: a pipe would stay open as long as intelmqd, which may be started by it, lives. */
static int memory_file(struct str content)
{
	int fd = memfd_create("intelmqctl", MFD_CLOEXEC);
	if (fd >= 0 && content.n &&
	    (write(fd, content.p, content.n) < 0 || lseek(fd, 0, SEEK_SET) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

static struct str content_of(struct arena *arena, int fd)
{
	struct stat about;
	if (fstat(fd, &about) < 0 || about.st_size <= 0 || about.st_size > MAX_OUTPUT)
		return S("");
	char *bytes = arena_alloc(arena, (size_t)about.st_size);
	ssize_t n = pread(fd, bytes, (size_t)about.st_size, 0);
	return (struct str){ bytes, n > 0 ? (size_t)n : 0 };
}

static bool has_ended(int fd, int patience_ms)
{
	struct pollfd ended = { .fd = fd, .events = POLLIN };
	return fd < 0 || poll(&ended, 1, patience_ms) == 1;
}

/* Whoever does not end in time is interrupted, like somebody at the keyboard would do it; then killed. */
static void wait_for(const struct place *place, pid_t pid, struct run_result *result)
{
	int status = 0, fd = pidfd_open(pid, 0);
	result->late = !has_ended(fd, place->patience_ms);
	if (result->late) {
		kill(pid, SIGINT);
		if (!has_ended(fd, INTERRUPT_MS))
			kill(pid, SIGKILL);
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (fd >= 0)
		close(fd);
	result->exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct run_result place_run(const struct place *place, struct arena *arena, const struct list *argv,
                            struct str input)
{
	struct run_result result = { .exit = -1 };
	const char *const *env = environment_of(place, arena);
	const char *path = arena_printf(arena, "%s/intelmqctl", place->bin).p;
	const char **args = arena_zalloc(arena, argv->n + 2, sizeof *args);
	args[0] = path;
	for (size_t i = 0; i < argv->n; i++)
		args[i + 1] = arena_cstr(arena, recorded_text(place, arena, argv->items[i].text));
	int in = memory_file(input), out = memory_file(S("")), err = memory_file(S(""));
	pid_t pid = in < 0 || out < 0 || err < 0 ? -1 : fork();
	if (pid == 0) {
		if (dup2(in, 0) == 0 && dup2(out, 1) == 1 && dup2(err, 2) == 2)
			execve(path, (char *const *)(uintptr_t)args, (char *const *)(uintptr_t)env);
		_exit(126);
	}
	if (pid > 0) {
		wait_for(place, pid, &result);
		result.out = content_of(arena, out);
		result.err = content_of(arena, err);
	}
	close(in);
	close(out);
	close(err);
	return result;
}

int place_control(const struct place *place, const char *arguments)
{
	struct arena arena;
	arena_init(&arena);
	struct list *argv = list_new(&arena);
	for (struct str rest = str_of(arguments); rest.p;)
		list_add(argv, value_str(str_cut(&rest, ' ')));
	struct run_result result = place_run(place, &arena, argv, STR_NONE);
	arena_fini(&arena);
	return result.exit;
}

/* ---- The place ---- */

static int make_links(const struct place *place, struct err *err)
{
	static const char *const names[] = { "intelmqctl", "intelmqd", "intelmq-broker",
		                             "intelmq" };
	char own[4096];
	struct arena *arena = &place->c->arena;
	ssize_t n = readlink("/proc/self/exe", own, sizeof own - 1);
	if (n < 0)
		return err_set(err, FAULT_OTHER, "/proc/self/exe: %m");
	own[n] = '\0';
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (symlink(own, arena_printf(arena, "%s/%s", place->bin, names[i]).p) < 0)
			return err_set(err, FAULT_OTHER, "%s/%s: %m", place->bin, names[i]);
	return 0;
}

static int copy(const struct place *place, const char *from, const char *to, struct err *err)
{
	struct arena *arena = &place->c->arena;
	struct str text;
	if (runtime_read_file(arena, from, MAX_OUTPUT, &text, err) < 0)
		return -1;
	/* The port of a broker that ours does not use. */
	struct str port = S("$REDIS_PORT");
	struct buffer b;
	buffer_init_in(&b, arena, MAX_OUTPUT);
	text = recorded_text(place, arena, text);
	for (size_t at; (at = str_find(text, port)) != STR_NOT_FOUND;
	     text = str_slice(text, at + port.n, text.n)) {
		buffer_add_str(&b, str_slice(text, 0, at));
		buffer_add_str(&b, S("6379"));
	}
	buffer_add_str(&b, text);
	FILE *file = fopen(to, "w");
	if (!file || fwrite(b.p, 1, b.n, file) != b.n || fclose(file) != 0)
		return err_set(err, FAULT_OTHER, "%s: %m", to);
	return 0;
}

int place_configure(struct place *place, struct err *err)
{
	struct arena *arena = &place->c->arena;
	const char *fixture = arena_printf(arena, "%s/api/fixture/", place->c->dir).p;
	if (copy(place, place->c->format_path, place->paths->harmonization, err) < 0 ||
	    copy(place, arena_printf(arena, "%slog/csv-parser.log", fixture).p,
	         arena_printf(arena, "%scsv-parser.log", place->paths->log).p, err) < 0)
		return -1;
	return copy(place, arena_printf(arena, "%sruntime.yaml", fixture).p, place->paths->runtime,
	            err);
}

int place_init(struct place *place, struct err *err)
{
	static const char *const folders[] = { "",
		                               "bin",
		                               "etc",
		                               "var",
		                               "var/log",
		                               "var/run",
		                               "var/lib",
		                               "var/lib/bots",
		                               "var/lib/bots/feed-in",
		                               "var/lib/bots/file-output" };
	struct arena *arena = &place->c->arena;
	place->root = arena_printf(arena, "%s/%s/", place->c->scratch, place->suite).p;
	place->bin = arena_printf(arena, "%sbin", place->root).p;
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (mkdir(arena_printf(arena, "%s%s", place->root, folders[i]).p, 0755) < 0)
			return err_set(err, FAULT_OTHER, "%s%s: %m", place->root, folders[i]);
	const char *const env[] = { arena_printf(arena, "INTELMQ_ROOT_DIR=%s", place->root).p,
		                    NULL };
	place->paths = paths_new(arena, LAYOUT_OPT, environment_array, env);
	return make_links(place, err) < 0 ? -1 : place_configure(place, err);
}

int place_start_broker(struct place *place)
{
	struct arena arena;
	arena_init(&arena);
	const char *const *env = environment_of(place, &arena);
	const char *path = arena_printf(&arena, "%s/intelmq", place->bin).p;
	static char program[] = "intelmq", command[] = "broker";
	char *argv[] = { program, command, NULL };
	place->broker_pid = fork();
	if (place->broker_pid == 0) {
		execve(path, argv, (char *const *)(uintptr_t)env);
		_exit(126);
	}
	arena_fini(&arena);
	return place->broker_pid > 0 ? 0 : -1;
}

static int remove_one(const char *path, const struct stat *about, int type, struct FTW *walk)
{
	(void)about;
	(void)type;
	(void)walk;
	return remove(path);
}

static void shutdown_daemon(struct place *place)
{
	struct arena *arena = &place->c->arena;
	struct dict *request = dict_new(arena);
	struct value answer;
	struct err err;
	if (!control_is_running(place->paths))
		return;
	dict_set(request, S("command"), value_cstr("shutdown"));
	if (control_call(place->paths, value_dict(request), TIMEOUT_MS, arena, &answer, &err) < 0)
		fprintf(stderr, "intelmq conformance: intelmqd: %s\n", err.text);
	for (int i = 0; i < 50 && control_is_running(place->paths); i++)
		poll(NULL, 0, 100);
}

void place_fini(struct place *place)
{
	if (place->consumer)
		consumer_close(place->consumer);
	if (place->broker)
		broker_free(place->broker);
	if (place->stranger > 0) {
		kill(place->stranger, SIGKILL);
		waitpid(place->stranger, NULL, 0);
	}
	shutdown_daemon(place);
	if (place->broker_pid > 0) {
		kill(place->broker_pid, SIGTERM);
		waitpid(place->broker_pid, NULL, 0);
	}
	nftw(place->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
