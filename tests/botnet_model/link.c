/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/botnet_model/world.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PIECE = 4096,
	EVENTS = 64,
	FAR = 1, /* beside the link's address */
};

static void pair_open(int fds[2])
{
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		abort();
}

static void end(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Remembers a worker's end, so that it can be taken away from it. */
static void remember(struct worker *w, int fd)
{
	struct stat st;
	size_t at = w->n_fds < FDS ? w->n_fds++ : FDS - 1;
	if (fstat(fd, &st) < 0)
		abort();
	w->fds[at] = fd;
	w->inodes[at] = st.st_ino;
}

static void watch(struct world *world, struct link *link, int fd, unsigned side)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET,
		                     .data.u64 = (uintptr_t)link | side };
	if (epoll_ctl(world->links_epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		abort();
}

int link_open(void *context)
{
	struct worker *w = context;
	struct world *world = w->world;
	int near[2], far[2];
	pair_open(near);
	if (w->dead) {
		close(near[1]);
		return near[0];
	}
	struct link *link = calloc(1, sizeof *link);
	if (!link)
		abort();
	pair_open(far);
	buffer_init(&link->up, SIZE_MAX);
	buffer_init(&link->down, SIZE_MAX);
	link->near = near[1];
	link->far = far[0];
	if (world->server)
		server_adopt(world->server, far[1], false);
	else
		close(far[1]);
	watch(world, link, link->near, 0);
	watch(world, link, link->far, FAR);
	link->speed = below(world, 4) ? 400 : 30;
	remember(w, near[0]);
	w->link = link;
	/* Behind the others. */
	struct link **at = &world->links;
	while (*at)
		at = &(*at)->next;
	*at = link;
	return near[0];
}

/* False once the other side has closed and everything was read. */
static bool take_in(int fd, struct buffer *buffer)
{
	while (true) {
		ssize_t n = recv(fd, buffer_room(buffer, PIECE), PIECE, MSG_DONTWAIT);
		if (n <= 0)
			return n < 0 && errno == EAGAIN;
		buffer->n += (size_t)n;
	}
}

/* False: nobody is there any more. */
static bool hand_on(int fd, struct buffer *buffer, size_t n)
{
	ssize_t sent = n ? send(fd, buffer->p, n, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;
	if (sent < 0)
		return errno == EAGAIN;
	if (sent)
		memmove(buffer->p, buffer->p + sent, buffer->n - (size_t)sent);
	buffer->n -= (size_t)sent;
	return true;
}

void link_drain(struct link *link)
{
	if (link->near >= 0 && !take_in(link->near, &link->up))
		end(&link->near);
}

static size_t share(struct world *world, size_t n, bool all)
{
	return all || chance(world, 700) ? n : below(world, (uint32_t)n + 1);
}

static void pump(struct world *world, struct link *link, bool all)
{
	if (link->near_news)
		link_drain(link);
	if (link->far >= 0 && !hand_on(link->far, &link->up, share(world, link->up.n, all)))
		end(&link->far);
	if (link->near < 0 && !link->up.n)
		end(&link->far);
	if (link->far >= 0 && link->far_news && !take_in(link->far, &link->down))
		end(&link->far);
	if (link->near >= 0 && !hand_on(link->near, &link->down, share(world, link->down.n, all)))
		end(&link->near);
	if (link->far < 0 && !link->down.n)
		end(&link->near);
	link->near_news = link->far_news = false;
}

static void link_free(struct link *link)
{
	end(&link->near);
	end(&link->far);
	buffer_fini(&link->up);
	buffer_fini(&link->down);
	free(link);
}

static void forget(struct world *world, const struct link *link)
{
	for (size_t i = 0; i < WORKERS; i++)
		if (world->workers[i].link == link)
			world->workers[i].link = NULL;
}

static void tidy(struct world *world)
{
	for (struct link **at = &world->links; *at;) {
		struct link *link = *at;
		if (link->near < 0 && link->far < 0) {
			*at = link->next;
			forget(world, link);
			link_free(link);
		} else {
			at = &link->next;
		}
	}
}

static void hear_news(struct world *world)
{
	struct epoll_event events[EVENTS];
	int n = epoll_wait(world->links_epoll, events, EVENTS, 0);
	for (int i = 0; i < n; i++) {
		struct link *link = (struct link *)(uintptr_t)(events[i].data.u64 & ~(uint64_t)FAR);
		*(events[i].data.u64 & FAR ? &link->far_news : &link->near_news) = true;
	}
}

void links_turn(struct world *world, bool all)
{
	hear_news(world);
	for (struct link *link = world->links; link; link = link->next)
		if (all || chance(world, link->speed))
			pump(world, link, all);
	tidy(world);
}

void links_init(struct world *world)
{
	world->links_epoll = epoll_create1(EPOLL_CLOEXEC);
	if (world->links_epoll < 0)
		abort();
}

void links_fini(struct world *world)
{
	while (world->links) {
		struct link *next = world->links->next;
		link_free(world->links);
		world->links = next;
	}
	close(world->links_epoll);
}
