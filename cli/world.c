/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "cli/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PACKET = 65535 };

static int listen_on(int type, char text[32])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
		                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof at;
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
	    (type == SOCK_STREAM && listen(fd, 64) < 0) ||
	    getsockname(fd, (struct sockaddr *)&at, &size) < 0) {
		close(fd);
		return -1;
	}
	snprintf(text, 32, "127.0.0.1:%d", ntohs(at.sin_port));
	return fd;
}

static void answer_question(const struct dict *run, int fd)
{
	static unsigned char question[PACKET], answer[PACKET];
	struct sockaddr_in from;
	socklen_t size = sizeof from;
	ssize_t n = recvfrom(fd, question, sizeof question, 0, (struct sockaddr *)&from, &size);
	size_t length = n > 0 ? world_answer_question(run, question, (size_t)n, answer,
	                                              sizeof answer)
	                      : 0;
	if (length)
		sendto(fd, answer, length, 0, (struct sockaddr *)&from, size);
}

static _Noreturn void live(const struct authority *authority, const struct dict *run, int dns,
                           int web)
{
	struct pollfd fds[] = { { dns, POLLIN, 0 }, { web, POLLIN, 0 } };
	size_t used = 0;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	while (poll(fds, 2, -1) >= 0 || errno == EINTR) {
		if (fds[0].revents)
			answer_question(run, dns);
		int fd = fds[1].revents ? accept(web, NULL, NULL) : -1;
		if (fd >= 0)
			world_serve(authority, run, fd, &used);
	}
	_exit(1);
}

int world_open(struct world *w, const struct authority *authority, const struct dict *run,
               struct err *err)
{
	int dns = listen_on(SOCK_DGRAM, w->dns), web = listen_on(SOCK_STREAM, w->web);
	w->pid = dns < 0 || web < 0 ? -1 : fork();
	if (w->pid == 0)
		live(authority, run, dns, web);
	close(dns);
	close(web);
	if (w->pid > 0)
		return 0;
	w->pid = 0;
	return err_set(err, FAULT_OTHER, "no servers on the loopback interface: %s",
	               strerror(errno));
}

void world_point_to(const struct world *w, struct arena *arena, struct dict *parameters)
{
	struct list *servers = list_new(arena);
	list_add(servers, value_str(arena_dup(arena, str_of(w->dns))));
	dict_set(parameters, S("dns_servers"), value_list(servers));
	dict_set(parameters, S("dns_timeout"), value_float(0.1)); /* silence is silence */
	dict_set(parameters, S("concurrency"), value_int(1)); /* in the order of the recordings */
}

void world_close(struct world *w)
{
	if (w->pid <= 0)
		return;
	kill(w->pid, SIGKILL);
	waitpid(w->pid, NULL, 0);
	w->pid = 0;
}
