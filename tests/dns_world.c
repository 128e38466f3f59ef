/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "tests/dns_world.h"

#include <fcntl.h>
#include <intelmq/clock.h>
#include <intelmq/file.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct world w;
struct asked asked;

void file_set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, str_of(text)), 0);
	close(fd);
}

int dns_world_open(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	memset(&w, 0, sizeof w);
	uv_loop_init(&w.loop);
	arena_init(&w.arena);
	for (int i = 0; i < SERVERS; i++)
		w.servers[i] = name_server_open();
	strcpy(w.folder, "/tmp/dns_test_XXXXXX");
	assert_non_null(mkdtemp(w.folder));
	snprintf(w.resolv_conf, sizeof w.resolv_conf, "%s/resolv.conf", w.folder);
	snprintf(w.hosts, sizeof w.hosts, "%s/hosts", w.folder);
	file_set(w.resolv_conf, "search .\n");
	file_set(w.hosts, "");
	return 0;
}

void dns_end(void)
{
	if (w.dns)
		dns_close(w.dns);
	w.dns = NULL;
	uv_run(&w.loop, UV_RUN_DEFAULT);
}

int dns_world_close(void **state)
{
	(void)state;
	clock_unset();
	dns_end();
	for (int i = 0; i < SERVERS; i++)
		name_server_close(w.servers[i]);
	assert_int_equal(uv_loop_close(&w.loop), 0);
	arena_fini(&w.arena);
	unlink(w.resolv_conf);
	unlink(w.hosts);
	rmdir(w.folder);
	return 0;
}

/* With the first n of the servers. */
void dns_begin(size_t n, struct dns_options options)
{
	struct list *list = list_new(&w.arena);
	struct err err;
	for (size_t i = 0; i < n; i++)
		list_add(list, value_str(arena_printf(&w.arena, "127.0.0.1:%u",
		                                      name_server_port(w.servers[i]))));
	if (!options.servers)
		options.servers = list;
	options.resolv_conf = w.resolv_conf;
	options.hosts = w.hosts;
	assert_int_equal(dns_open(&w.loop, &options, &w.dns, &err), 0);
}

static void note(struct asked *one, const struct dns_answer *answer)
{
	size_t n = 0;
	one->calls++;
	one->status = answer->status;
	one->ttl = answer->ttl;
	one->values[0] = 0;
	for (size_t i = 0; i < answer->n; i++)
		n += (size_t)snprintf(one->values + n, sizeof one->values - n, "%s%.*s",
		                      i ? "|" : "", STR_ARG(answer->values[i]));
	if (answer->n == 0)
		snprintf(one->values, sizeof one->values, "%.*s", STR_ARG(answer->why));
	assert_true((answer->n == 0) == (answer->status != DNS_FOUND));
	assert_true(n < sizeof one->values);
}

static void done(struct dns_question *q, const struct dns_answer *answer)
{
	struct asked *one = q->context;
	note(one, answer);
	if (one->then)
		one->then(one);
}

void begin(struct asked *one, const char *name, enum dns_type type, bool host)
{
	struct dns_answer answer;
	memset(one, 0, offsetof(struct asked, then));
	one->q = (struct dns_question){ str_of(name), type, host, done, one };
	one->at_once = dns_ask(w.dns, &one->q, &w.arena, &answer);
	if (one->at_once)
		note(one, &answer);
}

void dns_wait_for(const struct asked *one)
{
	while (!one->calls && uv_run(&w.loop, UV_RUN_ONCE))
		;
	assert_int_equal(one->calls, 1);
}

void asks(const char *name, enum dns_type type, bool host, enum dns_status status,
          const char *values)
{
	asked.then = NULL;
	begin(&asked, name, type, host);
	dns_wait_for(&asked);
	assert_string_equal(asked.values, values);
	assert_int_equal(asked.status, status);
}

void finds(const char *name, enum dns_type type, const char *values)
{
	asks(name, type, false, DNS_FOUND, values);
}

unsigned packets(void)
{
	unsigned n = 0;
	for (int i = 0; i < SERVERS; i++)
		n += name_server_count(w.servers[i]);
	return n;
}

int answered(const struct asked *all, size_t n, enum dns_status status)
{
	int count = 0;
	for (size_t i = 0; i < n; i++)
		count += all[i].calls && all[i].status == status;
	return count;
}

const char *name_of(const char *word, int number)
{
	return arena_printf(&w.arena, "%s-%d.example", word, number).p;
}
