/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "net/dns_conf.h"
#include "net/dns_host.h"
#include "net/dns_hosts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_conf(const char *path)
{
	struct dns_conf conf;
	struct err err;
	struct dns_name name;
	bool itself;
	unsigned n = 0, own = 0;
	assert(dns_conf_read(&(struct dns_options){ .resolv_conf = path }, &conf, &err) == 0);
	assert(conf.n >= 1 && conf.n <= DNS_SERVERS_MAX && conf.searches <= DNS_SEARCH_MAX);
	for (; dns_candidate(&conf, S("a.b"), n, &name, &itself); n++) {
		assert(name.n >= 3 && name.n <= DNS_NAME_MAX);
		own += itself;
	}
	assert(n == conf.searches + 1 && own == 1);
}

static void check_hosts(const char *path, struct arena *arena)
{
	struct dns_hosts hosts;
	struct dns_answer answer;
	dns_hosts_init(&hosts, path);
	for (int type = DNS_A; type <= DNS_AAAA; type += DNS_AAAA - DNS_A)
		if (dns_hosts_find(&hosts, S("a"), (enum dns_type)type, arena, &answer))
			for (size_t i = 0; i < answer.n; i++) {
				struct ip ip;
				assert(ip_parse(answer.values[i], &ip) == 0);
				assert((ip.version == 4) == (type == DNS_A));
			}
	dns_hosts_fini(&hosts);
}

/* The same bytes as resolv.conf and as hosts file. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena arena;
	char path[40];
	int fd = memfd_create("conf", 0);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	arena_init(&arena);
	check_conf(path);
	check_hosts(path, &arena);
	arena_fini(&arena);
	close(fd);
	return 0;
}
