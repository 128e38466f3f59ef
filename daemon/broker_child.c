/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "daemon/inside.h"

#include <intelmq/clock.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#define NAME "intelmq-broker"

void broker_child_init(struct daemon *d)
{
	struct broker_child *b = &d->broker;
	child_init(&b->child, (struct child_limits){ .stop_ms = STOP_BROKER, .endless = true });
	process_init(&b->process, &d->loop);
	b->ready.fd = -1;
	former_find(d, &b->former, NAME, NAME, NULL);
}

void broker_child_fini(struct daemon *d)
{
	watch_close(&d->broker.ready, &d->loop);
	process_fini(&d->broker.process);
	former_close(&d->broker.former);
}

bool broker_child_serves(const struct daemon *d)
{
	return d->broker.child.state == CHILD_RUNNING;
}

/* Whoever waited for it need not wait longer. */
static void hurry_bots(struct daemon *d)
{
	for (size_t i = 0; i < d->n; i++)
		for (unsigned k = 0; k < d->bots[i]->n; k++) {
			struct child *c = &d->bots[i]->all[k].child;
			if (c->state == CHILD_STARTING && !c->alive)
				c->due = clock_monotonic_ms();
		}
}

static void take_ready(void *owner, uint32_t events)
{
	struct daemon *d = owner;
	char byte;
	ssize_t n = read(d->broker.ready.fd, &byte, 1);
	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	watch_close(&d->broker.ready, &d->loop);
	if (n <= 0)
		return; /* it ends; that is said elsewhere */
	daemon_log(d, LEVEL_INFO, "the broker serves");
	child_ready(&d->broker.child);
	d->broker.deaf_until = 0;
	hurry_bots(d);
}

static void pid_path(const struct daemon *d, char *out, size_t size)
{
	snprintf(out, size, "%s" NAME ".pid", d->paths->run);
}

static int launch(struct daemon *d, int ready_fd, struct err *err)
{
	char link[4096], path[4096];
	snprintf(link, sizeof link, "%s/" NAME, d->bin);
	const char *argv[] = { link, NULL };
	struct launch launch = {
		.file = access(link, X_OK) == 0 ? link : d->program,
		.argv = argv,
		.environment = d->environment,
		.broker_fd = -1,
		.ready_fd = ready_fd,
		.oom_score = OOM_SCORE_NEEDED,
		.has_page = true,
	};
	if (process_new_page(&d->broker.process, err) < 0 ||
	    process_start(&d->broker.process, &launch, err) < 0)
		return -1;
	child_started(&d->broker.child);
	daemon_log(d, LEVEL_INFO, "the broker is process %d", (int)d->broker.process.pid);
	pid_path(d, path, sizeof path);
	return pid_file_write(path, d->broker.process.pid, err);
}

static void start(struct daemon *d)
{
	struct broker_child *b = &d->broker;
	struct err err = { 0 };
	int fds[2];
	if (former_is_there(d, &b->former, STOP_BROKER)) {
		child_delayed(&b->child, "it waits for the broker of before to end");
		return;
	}
	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		child_delayed(&b->child, strerror(errno));
		return;
	}
	watch_close(&b->ready, &d->loop);
	b->ready = (struct watch){ fds[0], take_ready, d };
	int rc = watch_open(&b->ready, &d->loop, EPOLLIN, &err);
	if (rc == 0)
		rc = launch(d, fds[1], &err);
	close(fds[1]);
	if (rc < 0 && b->child.alive)
		daemon_log(d, LEVEL_WARNING, "%s", err.text);
	else if (rc < 0)
		child_delayed(&b->child, err.text);
}

int64_t broker_child_step(struct daemon *d)
{
	struct broker_child *b = &d->broker;
	enum child_task task = child_task(&b->child);
	if (task == TASK_START)
		start(d);
	else if (task != TASK_NONE && b->process.pid > 0)
		kill(b->process.pid, task == TASK_TERM ? SIGTERM : SIGKILL);
	return b->child.due;
}

bool broker_child_reaped(struct daemon *d, pid_t pid, int status)
{
	struct broker_child *b = &d->broker;
	char path[4096];
	if (!b->child.alive || b->process.pid != pid)
		return false;
	process_ended(&b->process);
	struct ending ending = { .status = status, .words = process_words(&b->process) };
	bool asked = b->child.state == CHILD_STOPPING;
	child_ended(&b->child, &ending);
	watch_close(&b->ready, &d->loop);
	pid_path(d, path, sizeof path);
	unlink(path);
	daemon_log(d, asked ? LEVEL_INFO : LEVEL_ERROR, "the broker ended and is %s%s%s",
	           child_state_name(b->child.state), *b->child.reason ? ": " : "", b->child.reason);
	return true;
}
