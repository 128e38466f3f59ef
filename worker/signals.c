/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "worker/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

static volatile sig_atomic_t stop_wanted, reload_wanted, interrupted;
static struct worker_page *shared;
static int pipe_fds[2] = { -1, -1 };
static timer_t patience;

static const int handled[] = { SIGTERM, SIGINT, SIGHUP, SIGALRM };

/*
 * A signal that is to end the process is noted, and stays pending behind a mask: code that waits (for the broker) knows no
 * flag of ours, and sees it there.
 */
static void keep_pending(int number, ucontext_t *interrupted_code)
{
	sigaddset(&interrupted_code->uc_sigmask, number);
	raise(number);
}

static void note(int number, siginfo_t *info, void *context)
{
	(void)info;
	int error = errno;
	const struct itimerspec limit = { .it_value.tv_nsec = SIGNALS_PATIENCE_MS * 1000000L };
	if (number == SIGHUP)
		reload_wanted = 1;
	else if (!stop_wanted)
		timer_settime(patience, 0, &limit, NULL);
	if (number == SIGINT)
		interrupted = 1;
	if (number != SIGHUP) {
		stop_wanted = 1;
		keep_pending(number, context);
	}
	if (write(pipe_fds[1], "", 1) < 0)
		errno = 0; /* full: it is readable, then */
	errno = error;
}

/* A worker may be killed at any time: it has done a whole commit or none of it. */
static void give_up(int number, siginfo_t *info, void *context)
{
	(void)number, (void)info, (void)context;
	if (shared)
		shared->exits = 1;
	_exit(0);
}

int signals_open(struct worker_page *page, struct err *err)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM };
	shared = page;
	stop_wanted = reload_wanted = interrupted = 0;
	if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0 ||
	    timer_create(CLOCK_MONOTONIC, &event, &patience) < 0)
		return err_set(err, FAULT_OTHER, "no pipe or timer for signals: %s",
		               strerror(errno));
	for (size_t i = 0; i < sizeof handled / sizeof *handled; i++) {
		struct sigaction action = { .sa_flags = SA_RESTART | SA_SIGINFO };
		action.sa_sigaction = handled[i] == SIGALRM ? give_up : note;
		sigaction(handled[i], &action, NULL);
	}
	signal(SIGPIPE, SIG_IGN);
	return 0;
}

void signals_close(void)
{
	for (size_t i = 0; i < sizeof handled / sizeof *handled; i++)
		signal(handled[i], SIG_DFL);
	timer_delete(patience);
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	pipe_fds[0] = pipe_fds[1] = -1;
}

const volatile sig_atomic_t *signals_stop(void)
{
	return &stop_wanted;
}

bool signals_interrupted(void)
{
	return interrupted;
}

bool signals_take_reload(void)
{
	bool wanted = reload_wanted;
	reload_wanted = 0;
	return wanted;
}

int signals_fd(void)
{
	return pipe_fds[0];
}

void signals_drain(void)
{
	char some[64];
	while (read(pipe_fds[0], some, sizeof some) > 0)
		;
}
