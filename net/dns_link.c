/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/dns_link.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "lib/allocated.h"

enum { PLAIN_SIZE = 512 }; /* bytes of an answer without EDNS */

static void poll_closed(uv_handle_t *handle)
{
	free(handle);
}

static void socket_ready(uv_poll_t *poll, int status, int events)
{
	struct dns_link *link = poll->data;
	uv_os_fd_t fd;
	if (uv_fileno((uv_handle_t *)poll, &fd))
		return;
	bool read = status < 0 || (events & UV_READABLE);
	bool write = status < 0 || (events & UV_WRITABLE);
	ares_process_fd(link->channel, read ? fd : ARES_SOCKET_BAD, write ? fd : ARES_SOCKET_BAD);
	link->after(link->context);
}

/* What c-ares waits for on its socket, of which a channel with one server and one protocol has one at a time. */
static void socket_wanted(void *context, ares_socket_t fd, int readable, int writable)
{
	struct dns_link *link = context;
	if (!readable && !writable) {
		if (link->poll)
			uv_close((uv_handle_t *)link->poll, poll_closed);
		link->poll = NULL;
		return;
	}
	if (!link->poll) {
		link->poll = allocated(malloc(sizeof *link->poll));
		if (uv_poll_init(link->loop, link->poll, fd)) {
			/* Then its packets are forgotten when their time is over. */
			free(link->poll);
			link->poll = NULL;
			return;
		}
		link->poll->data = link;
	}
	uv_poll_start(link->poll, (readable ? UV_READABLE : 0) | (writable ? UV_WRITABLE : 0),
	              socket_ready);
}

static int server_set(struct dns_link *link, const struct dns_address *address)
{
	struct ares_addr_port_node node = { .udp_port = address->port, .tcp_port = address->port };
	node.family = address->ip.version == 4 ? AF_INET : AF_INET6;
	memcpy(&node.addr, address->ip.bytes, address->ip.version == 4 ? 4 : 16);
	return ares_set_servers_ports(link->channel, &node);
}

int dns_link_open(struct dns_link *link, uv_loop_t *loop, const struct dns_address *address,
                  bool tcp, int forget_ms, struct err *err)
{
	char lookups[] = "b";
	struct ares_options options = {
		.flags = ARES_FLAG_EDNS | ARES_FLAG_NOCHECKRESP | ARES_FLAG_IGNTC |
		         (tcp ? ARES_FLAG_USEVC : 0),
		.timeout = forget_ms,
		.tries = 1,
		.ednspsz = DNS_EDNS_SIZE,
		.lookups = lookups,
		.socket_receive_buffer_size = LINK_RECEIVE_BUFFER,
		.socket_send_buffer_size = LINK_SEND_BUFFER,
		.sock_state_cb = socket_wanted,
		.sock_state_cb_data = link,
		/* Its own idea of the configuration is not wanted. */
		.resolvconf_path = (char[]){ "/dev/null" },
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
	           ARES_OPT_LOOKUPS | ARES_OPT_SOCK_RCVBUF | ARES_OPT_SOCK_SNDBUF |
	           ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF | ARES_OPT_NOROTATE;
	*link = (struct dns_link){ .loop = loop, .tcp = tcp };
	int status = ares_init_options(&link->channel, &options, mask);
	if (status == ARES_SUCCESS && (status = server_set(link, address)) != ARES_SUCCESS)
		dns_link_close(link);
	if (status == ARES_SUCCESS)
		return 0;
	link->channel = NULL;
	return err_set(err, FAULT_OTHER, "c-ares: %s", ares_strerror(status));
}

void dns_link_close(struct dns_link *link)
{
	if (link->channel)
		ares_destroy(link->channel);
	link->channel = NULL;
}

/* Ids that nobody outside can guess; from a random one on the first that is not in use. */
static bool id_take(struct dns_link *link, uint16_t *out)
{
	uint16_t id;
	if (link->open >= LINK_IDS)
		return false;
	if (getrandom(&id, sizeof id, GRND_NONBLOCK) != sizeof id)
		return false;
	while (link->ids[id / 64] >> (id % 64) & 1)
		id++;
	link->ids[id / 64] |= UINT64_C(1) << (id % 64);
	link->open++;
	*out = id;
	return true;
}

void dns_link_answered(struct dns_link *link, uint16_t id)
{
	link->ids[id / 64] &= ~(UINT64_C(1) << (id % 64));
	link->open--;
}

bool dns_link_ask(struct dns_link *link, struct str name, enum dns_type type, bool edns,
                  uint16_t *id_out, ares_callback done, void *context)
{
	unsigned char packet[DNS_QUESTION_MAX];
	if (!id_take(link, id_out))
		return false;
	size_t n = dns_question_write(name, type, *id_out, edns, packet);
	ares_send(link->channel, packet, (int)n, done, context);
	return true;
}

bool dns_link_is_cut(const struct dns_link *link, struct str packet)
{
	/*
	 * c-ares cuts at what it believes was agreed on: at 512 bytes once a server has shown that it does not know EDNS.
	 * A whole answer of just that size is asked for again in vain, which does no harm.
	 */
	return !link->tcp &&
	       (dns_packet_is_cut(packet) || packet.n == PLAIN_SIZE || packet.n >= DNS_EDNS_SIZE);
}

void dns_link_tick(struct dns_link *link)
{
	if (link->channel && link->open)
		ares_process_fd(link->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}
