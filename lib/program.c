/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/clock.h>
#include <intelmq/program.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

static int start(const char *const argv[], int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_adddup2(&actions, out, 2);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	int rc = posix_spawnp(pid, argv[0], &actions, &attributes, (char *const *)(uintptr_t)argv,
	                      environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return rc;
}

/* Until the program closes its output. False: it took too long. */
static bool read_all(int fd, int64_t until, struct buffer *output)
{
	char bytes[4096];
	while (true) {
		struct pollfd poller = { fd, POLLIN, 0 };
		int64_t left = until - clock_monotonic_ms();
		if (left <= 0)
			return false;
		if (poll(&poller, 1, left > 100 ? 100 : (int)left) <= 0)
			continue;
		ssize_t n = read(fd, bytes, sizeof bytes);
		if (n <= 0)
			return true;
		buffer_add(output, bytes, (size_t)n);
	}
}

int program_run(const char *const argv[], double seconds, struct buffer *output, struct err *err)
{
	int ends[2], status = 0;
	pid_t pid;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(err, FAULT_OTHER, "%s: %s", argv[0], strerror(errno));
	int rc = start(argv, ends[1], &pid);
	close(ends[1]);
	if (rc != 0) {
		close(ends[0]);
		return err_set(err, FAULT_OTHER, "%s cannot be started: %s", argv[0], strerror(rc));
	}
	bool ended = read_all(ends[0], clock_monotonic_ms() + (int64_t)(seconds * 1000), output);
	close(ends[0]);
	if (!ended)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!ended)
		return err_set(err, FAULT_OTHER, "%s took more than %g s", argv[0], seconds);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
