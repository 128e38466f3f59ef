/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/dns.h"

#include <arpa/inet.h>
#include <intelmq/clock.h>
#include <intelmq/file.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "net/dns_parts.h"
#include "tests/name_server.h"

enum { SERVERS = 2, MANY = 200, TEXT_MAX = 2000 };

static struct world {
	uv_loop_t loop;
	struct arena arena;
	struct name_server *servers[SERVERS];
	struct dns *dns;
	char folder[64], resolv_conf[100], hosts[100];
} w;

/* A question and what came of it. */
struct asked {
	struct dns_question q;
	int calls;
	bool at_once;
	enum dns_status status;
	int64_t ttl;
	char values[TEXT_MAX]; /* joined by bars; why, without values */
	void (*then)(struct asked *);
};

static void file_set(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, str_of(text)), 0);
	close(fd);
}

static int world_open(void **state)
{
	(void)state;
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

static void dns_end(void)
{
	if (w.dns)
		dns_close(w.dns);
	w.dns = NULL;
	uv_run(&w.loop, UV_RUN_DEFAULT);
}

static int world_close(void **state)
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
static void dns_begin(size_t n, struct dns_options options)
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

static void note(struct asked *asked, const struct dns_answer *answer)
{
	size_t n = 0;
	asked->calls++;
	asked->status = answer->status;
	asked->ttl = answer->ttl;
	asked->values[0] = 0;
	for (size_t i = 0; i < answer->n; i++)
		n += (size_t)snprintf(asked->values + n, sizeof asked->values - n, "%s%.*s",
		                      i ? "|" : "", STR_ARG(answer->values[i]));
	if (answer->n == 0)
		snprintf(asked->values, sizeof asked->values, "%.*s", STR_ARG(answer->why));
	assert_true((answer->n == 0) == (answer->status != DNS_FOUND));
	assert_true(n < sizeof asked->values);
}

static void done(struct dns_question *q, const struct dns_answer *answer)
{
	struct asked *asked = q->context;
	note(asked, answer);
	if (asked->then)
		asked->then(asked);
}

static void begin(struct asked *asked, const char *name, enum dns_type type, bool host)
{
	struct dns_answer answer;
	memset(asked, 0, offsetof(struct asked, then));
	asked->q = (struct dns_question){ str_of(name), type, host, done, asked };
	asked->at_once = dns_ask(w.dns, &asked->q, &w.arena, &answer);
	if (asked->at_once)
		note(asked, &answer);
}

static void wait_for(const struct asked *asked)
{
	while (!asked->calls && uv_run(&w.loop, UV_RUN_ONCE))
		;
	assert_int_equal(asked->calls, 1);
}

static struct asked asked;

static void asks(const char *name, enum dns_type type, bool host, enum dns_status status,
                 const char *values)
{
	asked.then = NULL;
	begin(&asked, name, type, host);
	wait_for(&asked);
	assert_string_equal(asked.values, values);
	assert_int_equal(asked.status, status);
}

static void finds(const char *name, enum dns_type type, const char *values)
{
	asks(name, type, false, DNS_FOUND, values);
}

static unsigned packets(void)
{
	unsigned n = 0;
	for (int i = 0; i < SERVERS; i++)
		n += name_server_count(w.servers[i]);
	return n;
}

static void test_answers(void **state)
{
	(void)state;
	dns_begin(1, (struct dns_options){ 0 });
	finds("www.example", DNS_A, "192.0.2.1");
	assert_int_equal(asked.ttl, 300);
	finds("www.example", DNS_AAAA, "2001:db8::1");
	asks("www.example", DNS_MX, false, DNS_NO_DATA, "the name has no records of this type");
	asks("nx.example", DNS_A, false, DNS_NO_NAME, "the name does not exist");
	finds("_odd \xE4.Example.", DNS_A, "192.0.2.1");
	assert_int_equal(packets(), 5);
}

static void test_cache(void **state)
{
	(void)state;
	clock_set(INT64_C(1700000000000000));
	dns_begin(1, (struct dns_options){ 0 });
	finds("ttl5.example", DNS_A, "192.0.2.1");
	assert_false(asked.at_once);
	finds("TTL5.example.", DNS_A, "192.0.2.1");
	assert_true(asked.at_once);
	assert_int_equal(packets(), 1);
	clock_advance(4999999);
	finds("ttl5.example", DNS_A, "192.0.2.1");
	assert_int_equal(packets(), 1);
	clock_advance(1);
	finds("ttl5.example", DNS_A, "192.0.2.1");
	assert_false(asked.at_once);
	assert_int_equal(packets(), 2);

	asks("nx.example", DNS_A, false, DNS_NO_NAME, "the name does not exist");
	clock_advance(29999999);
	asks("nx.example", DNS_A, false, DNS_NO_NAME, "the name does not exist");
	assert_true(asked.at_once);
	clock_advance(1);
	asks("nx.example", DNS_A, false, DNS_NO_NAME, "the name does not exist");
	assert_false(asked.at_once);
	assert_int_equal(packets(), 4);

	finds("ttl0.example", DNS_A, "192.0.2.1");
	finds("ttl0.example", DNS_A, "192.0.2.1");
	assert_int_equal(packets(), 6);
	struct dns_counts counts = dns_counts(w.dns);
	assert_int_equal(counts.asked, 9);
	assert_int_equal(counts.cached, 3);
	assert_int_equal(counts.sent, 6);
	assert_int_equal(counts.shared + counts.timeouts, 0);
}

static void test_cache_is_bounded(void **state)
{
	(void)state;
	dns_begin(1, (struct dns_options){ .cache_bytes = 10000 });
	for (int i = 0; i < MANY; i++) {
		char name[30];
		snprintf(name, sizeof name, "w%d.example", i);
		finds(name, DNS_A, "192.0.2.1");
		assert_true(w.dns->cache.bytes <= 10000);
		/* What is used again and again stays. */
		finds("always.example", DNS_A, "192.0.2.1");
		assert_int_equal(asked.at_once, i > 0);
	}
	finds("w199.example", DNS_A, "192.0.2.1");
	assert_true(asked.at_once);
	finds("w0.example", DNS_A, "192.0.2.1");
	assert_false(asked.at_once);
}

static void test_equal_questions_are_asked_once(void **state)
{
	(void)state;
	static struct asked all[MANY];
	dns_begin(1, (struct dns_options){ 0 });
	for (int i = 0; i < MANY; i++)
		begin(&all[i], i % 2 ? "ttl0.example" : "Ttl0.EXAMPLE", DNS_A, false);
	for (int i = 0; i < MANY; i++)
		wait_for(&all[i]);
	assert_int_equal(packets(), 1);
	assert_int_equal(dns_counts(w.dns).shared, MANY - 1);
	for (int i = 0; i < MANY; i++)
		assert_string_equal(all[i].values, "192.0.2.1");
}

static void test_impossible_names(void **state)
{
	(void)state;
	static const char *const names[] = {
		"", "..", "a..b", ".a",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example"
	};
	dns_begin(1, (struct dns_options){ 0 });
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		asks(names[i], DNS_A, i % 2, DNS_BAD_NAME, "that cannot be a name");
		assert_true(asked.at_once);
	}
	assert_int_equal(packets(), 0);
}

static void test_hosts(void **state)
{
	(void)state;
	clock_set(INT64_C(1700000000000000));
	file_set(w.hosts, "# names\n192.0.2.7\tOne.example  one # two\n2001:DB8::7 one\n"
	                  "192.0.2.8 one\nnothing here\n192.0.2.9 a..b\n\n192.0.2.10 last");
	dns_begin(1, (struct dns_options){ 0 });
	asks("one.EXAMPLE", DNS_A, true, DNS_FOUND, "192.0.2.7");
	asks("one", DNS_A, true, DNS_FOUND, "192.0.2.7|192.0.2.8");
	asks("one", DNS_AAAA, true, DNS_FOUND, "2001:db8::7");
	asks("last", DNS_A, true, DNS_FOUND, "192.0.2.10");
	assert_int_equal(packets(), 0);
	/* Not in the file, not of this type, or no host: the servers know. */
	asks("two", DNS_A, true, DNS_FOUND, "192.0.2.1");
	asks("last", DNS_AAAA, true, DNS_FOUND, "2001:db8::1");
	finds("one", DNS_A, "192.0.2.1");
	assert_int_equal(packets(), 3);

	file_set(w.hosts, "192.0.2.77 one\n");
	asks("one", DNS_A, true, DNS_FOUND, "192.0.2.7|192.0.2.8");
	clock_advance(1000000);
	asks("one", DNS_A, true, DNS_FOUND, "192.0.2.77");
	unlink(w.hosts);
	clock_advance(1000000);
	asks("one", DNS_A, true, DNS_FOUND, "192.0.2.1");
}

static void test_addresses(void **state)
{
	(void)state;
	dns_begin(1, (struct dns_options){ 0 });
	asks("192.0.2.99", DNS_A, true, DNS_FOUND, "192.0.2.99");
	asks("127.1", DNS_A, true, DNS_FOUND, "127.0.0.1");
	asks("2001:DB8::0:1", DNS_AAAA, true, DNS_FOUND, "2001:db8::1");
	asks("192.0.2.99", DNS_AAAA, true, DNS_NO_DATA, "an address of the other kind");
	asks("::1", DNS_A, true, DNS_NO_DATA, "an address of the other kind");
	assert_int_equal(packets(), 0);
	/* As a question it is a name. */
	finds("192.0.2.99", DNS_A, "192.0.2.1");
}

static void test_search(void **state)
{
	(void)state;
	file_set(w.resolv_conf, "search wrong\ndomain  one.test nx.two.test\noptions ndots:2\n");
	dns_begin(1, (struct dns_options){ 0 });
	/* Found in the first domain; no search for a question or with a final dot. */
	asks("host", DNS_A, true, DNS_FOUND, "192.0.2.1");
	asks("host.one.test", DNS_A, false, DNS_FOUND, "192.0.2.1");
	assert_true(asked.at_once);
	asks("host.", DNS_A, true, DNS_FOUND, "192.0.2.1");
	assert_int_equal(packets(), 2);
	/* Nowhere: both domains, then itself. */
	asks("nx", DNS_A, true, DNS_NO_NAME, "the name does not exist");
	assert_int_equal(packets(), 5);
	assert_int_equal(asked.ttl, 30);
	asks("nx", DNS_A, true, DNS_NO_NAME, "the name does not exist");
	assert_true(asked.at_once);
	/* With dots enough: itself, then the domains, and what was said of itself. */
	asks("nx.a.b", DNS_A, true, DNS_NO_NAME, "the name does not exist");
	assert_int_equal(packets(), 8);
	finds("a.b.c", DNS_A, "192.0.2.1");
	assert_int_equal(packets(), 9);
	/* Something is there, but no address. */
	asks("nodata", DNS_A, true, DNS_NO_DATA, "the name has no records of this type");
	/* A server that cannot say is no proof that there is nothing. */
	asks("servfail", DNS_A, true, DNS_REFUSED, "the name servers answer SERVFAIL");
}

static void test_long_answers(void **state)
{
	(void)state;
	char expected[TEXT_MAX] = "";
	dns_begin(1, (struct dns_options){ 0 });
	for (int i = 0; i < 100; i++)
		sprintf(expected + strlen(expected), "%s192.0.2.%d", i ? "|" : "", i);
	finds("cut.example", DNS_A, expected);
	assert_int_equal(name_server_count_tcp(w.servers[0]), 1);
	assert_int_equal(packets(), 2);
	finds("cut-again.example", DNS_A, expected);
	assert_int_equal(name_server_count_tcp(w.servers[0]), 2);

	expected[0] = 0;
	for (int i = 0; i < 20; i++)
		sprintf(expected + strlen(expected),
		        "%s\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"", i ? " " : "");
	finds("large.example", DNS_TXT, expected);
	assert_int_equal(name_server_count_tcp(w.servers[0]), 2);
	assert_int_equal(packets(), 5);
}

/* That a server takes no connections ends none of the questions over UDP. */
static void test_no_tcp(void **state)
{
	(void)state;
	static struct asked slow;
	dns_begin(1, (struct dns_options){ .timeout_ms = 600 });
	begin(&slow, "late300.example", DNS_A, false);
	asks("cutonly.example", DNS_A, false, DNS_REFUSED,
	     "the answer is too long, and nobody gives it over TCP");
	name_server_set(w.servers[0], NOT_TCP);
	asks("cut.example", DNS_A, false, DNS_REFUSED,
	     "the answer is too long, and nobody gives it over TCP");
	wait_for(&slow);
	assert_int_equal(slow.status, DNS_FOUND);
	assert_int_equal(dns_trouble(w.dns).n, 0);
}

static void test_lies(void **state)
{
	(void)state;
	dns_begin(1, (struct dns_options){ 0 });
	finds("lie.example", DNS_A, "192.0.2.1");
	finds("foreign.example", DNS_A, "192.0.2.1");
	asks("loop.example", DNS_A, false, DNS_REFUSED, "an endless chain of CNAMEs");
	finds("bank.example", DNS_A, "192.0.2.1");
	finds("other.example", DNS_A, "192.0.2.1");
}

static void test_server_without_edns(void **state)
{
	(void)state;
	static struct asked all[MANY];
	dns_begin(1, (struct dns_options){ 0 });
	name_server_set(w.servers[0], NO_EDNS);
	for (int i = 0; i < MANY; i++)
		begin(&all[i], arena_printf(&w.arena, "w%d.example", i).p, DNS_A, false);
	for (int i = 0; i < MANY; i++) {
		wait_for(&all[i]);
		assert_string_equal(all[i].values, "192.0.2.1");
	}
	unsigned before = packets();
	finds("www.example", DNS_A, "192.0.2.1");
	assert_int_equal(packets(), before + 1);
	/* Without EDNS it may only send 512 bytes; what is more counts as cut off. */
	asks("large.example", DNS_TXT, false, DNS_FOUND, asked.values);
	assert_int_equal(name_server_count_tcp(w.servers[0]), 1);
}

static void test_next_server(void **state)
{
	(void)state;
	dns_begin(2, (struct dns_options){ .timeout_ms = 600 });
	name_server_set(w.servers[0], FAILS);
	finds("a.example", DNS_A, "192.0.2.1");
	assert_int_equal(name_server_count(w.servers[0]), 1);
	assert_int_equal(name_server_count(w.servers[1]), 1);
	asks("refused.example", DNS_A, false, DNS_REFUSED, "the name servers answer REFUSED");
	asks("servfail.example", DNS_A, false, DNS_REFUSED, "the name servers answer SERVFAIL");
	asks("servfail.example", DNS_A, false, DNS_REFUSED, "the name servers answer SERVFAIL");
	assert_int_equal(packets(), 8);
	/* One cannot, the other does not answer. */
	name_server_set(w.servers[1], SILENT);
	asks("b.example", DNS_A, false, DNS_REFUSED, "the name servers answer SERVFAIL");
}

static void test_silent_server_is_not_asked_first(void **state)
{
	(void)state;
	dns_begin(2, (struct dns_options){ .timeout_ms = 300 });
	name_server_set(w.servers[0], SILENT);
	for (int i = 0; i < 10; i++)
		finds(arena_printf(&w.arena, "w%d.example", i).p, DNS_A, "192.0.2.1");
	/* Three in vain, and one more to see whether it is back. */
	assert_int_equal(name_server_count(w.servers[0]), 4);
	assert_int_equal(name_server_count(w.servers[1]), 10);
}

static void test_rotate(void **state)
{
	(void)state;
	file_set(w.resolv_conf, "search .\noptions rotate\n");
	dns_begin(2, (struct dns_options){ 0 });
	for (int i = 0; i < 10; i++)
		finds(arena_printf(&w.arena, "w%d.example", i).p, DNS_A, "192.0.2.1");
	assert_int_equal(name_server_count(w.servers[0]), 5);
	assert_int_equal(name_server_count(w.servers[1]), 5);
}

static void test_lost_packet(void **state)
{
	(void)state;
	dns_begin(1, (struct dns_options){ .timeout_ms = 900 });
	finds("once.example", DNS_A, "192.0.2.1");
	assert_int_equal(packets(), 2);
	assert_int_equal(dns_counts(w.dns).sent, 2);
	/* A late answer to the first packet is as good as one to the second. */
	finds("late300.example", DNS_A, "192.0.2.1");
	assert_int_equal(dns_counts(w.dns).timeouts, 0);
}

static void test_one_name_without_answer(void **state)
{
	(void)state;
	static struct asked dead;
	dns_begin(1, (struct dns_options){ .timeout_ms = 300 });
	begin(&dead, "drop.example", DNS_A, false);
	finds("www.example", DNS_A, "192.0.2.1");
	wait_for(&dead);
	assert_int_equal(dead.status, DNS_TIMEOUT);
	assert_true(str_starts(str_of(dead.values), S("no name server answers (127.0.0.1:")));
	assert_int_equal(dns_trouble(w.dns).n, 0);
	assert_int_equal(dns_counts(w.dns).timeouts, 1);
	/* Not kept. */
	begin(&dead, "drop.example", DNS_A, false);
	assert_false(dead.at_once);
	dns_cancel(w.dns, &dead.q);
}

static int answered(const struct asked *all, size_t n, enum dns_status status)
{
	int count = 0;
	for (size_t i = 0; i < n; i++)
		count += all[i].calls && all[i].status == status;
	return count;
}

/* While nobody answers, one question fails at first and one with each probe; all others are answered in the end. */
static void test_outage(void **state)
{
	(void)state;
	static struct asked all[MANY];
	dns_begin(1, (struct dns_options){ .timeout_ms = 300, .in_flight = MANY / 2 });
	name_server_set(w.servers[0], SILENT);
	for (int i = 0; i < MANY; i++)
		begin(&all[i], arena_printf(&w.arena, "w%d.example", i).p, DNS_A, false);
	wait_for(&all[0]);
	assert_int_equal(all[0].status, DNS_TIMEOUT);
	/* The probe. */
	wait_for(&all[1]);
	assert_int_equal(all[1].status, DNS_TIMEOUT);
	assert_int_equal(answered(all, MANY, DNS_TIMEOUT), 2);
	struct str trouble = dns_trouble(w.dns);
	assert_true(str_starts(trouble, S("no name server answers (127.0.0.1:")));
	assert_true(str_ends(trouble, S(" since 1 s")));
	unsigned during = packets();
	assert_true(during <= (MANY / 2 + 1) * 3);
	name_server_set(w.servers[0], SERVES);
	for (int i = 2; i < MANY; i++) {
		wait_for(&all[i]);
		assert_string_equal(all[i].values, "192.0.2.1");
	}
	assert_int_equal(packets(), during + MANY - 2);
	assert_int_equal(dns_trouble(w.dns).n, 0);
	assert_int_equal(dns_counts(w.dns).timeouts, 2);
}

/* Nobody listens: that is known at once, not after all the time. */
static void test_unreachable(void **state)
{
	(void)state;
	static struct asked all[MANY];
	struct list *list = list_new(&w.arena);
	list_add(list, value_str(S("127.0.0.1:1")));
	dns_begin(0, (struct dns_options){ .servers = list });
	uint64_t start = uv_hrtime();
	for (int i = 0; i < MANY; i++)
		begin(&all[i], arena_printf(&w.arena, "w%d.example", i).p, DNS_A, false);
	while (answered(all, MANY, DNS_TIMEOUT) == 0)
		uv_run(&w.loop, UV_RUN_ONCE);
	for (int i = 0; i < 20; i++)
		uv_run(&w.loop, UV_RUN_NOWAIT);
	assert_true(uv_hrtime() - start < 900000000);
	assert_int_equal(answered(all, MANY, DNS_TIMEOUT), 1);
	for (int i = 0; i < MANY; i++)
		if (all[i].calls)
			assert_string_equal(all[i].values, "no name server answers (127.0.0.1:1)");
	assert_string_equal(dns_trouble(w.dns).p, "no name server answers (127.0.0.1:1) since 0 s");
}

static int order[10], orders;

static void order_note(struct asked *one)
{
	order[orders++] = (int)one->q.name.p[2] - '0';
}

static void test_limit_in_flight(void **state)
{
	(void)state;
	static struct asked all[10];
	dns_begin(1, (struct dns_options){ .in_flight = 1 });
	orders = 0;
	for (int i = 0; i < 10; i++) {
		all[i].then = order_note;
		begin(&all[i], arena_printf(&w.arena, "ok%d.example", i).p, DNS_A, false);
	}
	assert_int_equal(dns_counts(w.dns).sent, 1);
	for (int i = 0; i < 10; i++)
		wait_for(&all[i]);
	for (int i = 0; i < 10; i++)
		assert_int_equal(order[i], i);
}

static struct asked first, second, third;

static void cancel_others(struct asked *one)
{
	(void)one;
	dns_cancel(w.dns, &first.q);
	dns_cancel(w.dns, &second.q);
	dns_cancel(w.dns, &third.q);
}

static void test_cancel(void **state)
{
	(void)state;
	dns_begin(1, (struct dns_options){ .in_flight = 1 });
	first.then = second.then = third.then = NULL;
	/* Under way: its answer is kept all the same. */
	begin(&first, "a.example", DNS_A, false);
	begin(&second, "a.example", DNS_A, false);
	/* In the queue: it is not asked. */
	begin(&third, "b.example", DNS_A, false);
	dns_cancel(w.dns, &first.q);
	dns_cancel(w.dns, &second.q);
	dns_cancel(w.dns, &third.q);
	dns_cancel(w.dns, &third.q);
	finds("c.example", DNS_A, "192.0.2.1");
	assert_int_equal(packets(), 2);
	finds("a.example", DNS_A, "192.0.2.1");
	assert_true(asked.at_once);
	assert_int_equal(first.calls + second.calls + third.calls, 0);

	/* From inside done: one that waits for the same, and one in the queue. */
	first.then = cancel_others;
	begin(&first, "d.example", DNS_A, false);
	begin(&second, "d.example", DNS_A, false);
	begin(&third, "e.example", DNS_A, false);
	wait_for(&first);
	finds("f.example", DNS_A, "192.0.2.1");
	assert_int_equal(second.calls + third.calls, 0);
}

static void begin_again(struct asked *one)
{
	begin(&second, "d.example", DNS_A, false);
	assert_true(second.at_once);
	begin(&third, "g.example", DNS_A, false);
	(void)one;
}

static void test_ask_from_inside(void **state)
{
	(void)state;
	dns_begin(1, (struct dns_options){ 0 });
	second.then = third.then = NULL;
	first.then = begin_again;
	begin(&first, "d.example", DNS_A, false);
	wait_for(&first);
	wait_for(&third);
	assert_string_equal(third.values, "192.0.2.1");
}

static void close_all(struct asked *one)
{
	(void)one;
	dns_close(w.dns);
	w.dns = NULL;
}

static void test_close(void **state)
{
	(void)state;
	static struct asked all[MANY];
	dns_begin(2, (struct dns_options){ .in_flight = MANY / 2 });
	for (int i = 0; i < MANY; i++)
		begin(&all[i],
		      arena_printf(&w.arena, i % 3 ? "drop-%d.example" : "cut-%d.example", i).p,
		      DNS_A, i % 2);
	for (int i = 0; i < 5; i++)
		uv_run(&w.loop, UV_RUN_ONCE);
	dns_end();
	assert_int_equal(answered(all, MANY, DNS_TIMEOUT), 0);
	assert_null(all[1].q.entry);

	dns_begin(1, (struct dns_options){ 0 });
	first.then = close_all;
	begin(&first, "a.example", DNS_A, false);
	begin(&second, "a.example", DNS_A, false);
	begin(&third, "drop.example", DNS_A, false);
	wait_for(&first);
	uv_run(&w.loop, UV_RUN_DEFAULT);
	assert_int_equal(second.calls + third.calls, 0);
}

static void test_configuration(void **state)
{
	(void)state;
	struct dns_conf conf;
	struct err err;
	struct dns_options options = { .resolv_conf = w.resolv_conf };
	file_set(w.resolv_conf, "# comment\nnameserver 192.0.2.1\nnameserver  2001:db8::1 x\n"
	                        "nameserver nonsense\nsearch a.test B.test. a..b\n"
	                        "options ndots:99 timeout:2 attempts:3 rotate ndots:x edns0\n");
	assert_int_equal(dns_conf_read(&options, &conf, &err), 0);
	assert_int_equal(conf.n, 2);
	assert_int_equal(conf.servers[0].ip.bytes[0], 192);
	assert_int_equal(conf.servers[1].ip.version, 6);
	assert_int_equal(conf.servers[1].port, 53);
	assert_int_equal(conf.searches, 2);
	assert_true(str_eq(dns_name_str(&conf.search[1]), S("b.test")));
	assert_int_equal(conf.ndots, 15);
	assert_int_equal(conf.try_ms, 2000);
	assert_int_equal(conf.attempts, 3);
	assert_true(conf.rotate);

	struct list *list = list_new(&w.arena);
	list_add(list, value_str(S("192.0.2.5:5353")));
	list_add(list, value_str(S("[2001:db8::5]:54")));
	list_add(list, value_str(S("[2001:db8::6]")));
	list_add(list, value_str(S("2001:db8::7")));
	options.servers = list;
	assert_int_equal(dns_conf_read(&options, &conf, &err), 0);
	assert_int_equal(conf.n, 4);
	static const int ports[] = { 5353, 54, 53, 53 };
	for (int i = 0; i < 4; i++)
		assert_int_equal(conf.servers[i].port, ports[i]);
	assert_int_equal(conf.searches, 2);

	static const char *const wrong[] = { "",
		                             "ns.example",
		                             "192.0.2.5:",
		                             "192.0.2.5:0",
		                             "192.0.2.5:65536",
		                             "192.0.2.5:x",
		                             "[192.0.2.5]:53",
		                             "[::1",
		                             "[::1]53",
		                             "[::1]:" };
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		struct dns *dns;
		list->n = 1;
		list->items[0] = value_str(str_of(wrong[i]));
		assert_int_equal(dns_open(&w.loop, &options, &dns, &err), -1);
		assert_non_null(strstr(err.text, "is no address"));
	}
	list->n = 0;
	unlink(w.resolv_conf);
	assert_int_equal(dns_conf_read(&options, &conf, &err), 0);
	assert_int_equal(conf.n, 1);
	assert_int_equal(conf.servers[0].ip.bytes[0], 127);
	assert_int_equal(conf.servers[0].port, 53);
}

static pid_t dnsmasq_start(unsigned port)
{
	char port_option[30];
	snprintf(port_option, sizeof port_option, "--port=%u", port);
	pid_t pid = fork();
	if (pid == 0) {
		execlp("dnsmasq", "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
		       "--no-resolv", "--no-hosts", "--bind-interfaces",
		       "--listen-address=127.0.0.1",
		       "--pid-file=", "--user=", "--log-facility=/dev/null", "--local-ttl=60",
		       "--local=/test/", "--host-record=www.one.test,192.0.2.10,2001:db8::10",
		       "--txt-record=txt.test,v=spf1 -all,second \"part\"",
		       "--mx-host=one.test,mail.test,10", "--cname=alias.test,www.one.test",
		       "--local-service", port_option, (char *)NULL);
		_exit(127);
	}
	return pid;
}

static void ask_dnsmasq(void)
{
	finds("www.one.test", DNS_A, "192.0.2.10");
	assert_int_equal(asked.ttl, 60);
	finds("www.one.test", DNS_AAAA, "2001:db8::10");
	finds("10.2.0.192.in-addr.arpa", DNS_PTR, "www.one.test");
	finds("txt.test", DNS_TXT, "\"v=spf1 -all\" \"second \\\"part\\\"\"");
	finds("one.test", DNS_MX, "10 mail.test");
	finds("alias.test", DNS_A, "192.0.2.10");
	finds("alias.test", DNS_CNAME, "www.one.test");
	asks("nobody.test", DNS_A, false, DNS_NO_NAME, "the name does not exist");
	asks("txt.test", DNS_A, false, DNS_NO_DATA, "the name has no records of this type");
	asks("www", DNS_A, true, DNS_FOUND, "192.0.2.10");
	asks("www", DNS_A, false, DNS_REFUSED, "the name servers answer REFUSED");
}

static void test_dnsmasq(void **state)
{
	(void)state;
	int status;
	unsigned port = name_server_port(w.servers[0]);
	/* The port of a server that is gone is free. */
	name_server_close(w.servers[0]);
	pid_t pid = dnsmasq_start(port);
	assert_true(pid > 0);
	struct list *list = list_new(&w.arena);
	list_add(list, value_str(arena_printf(&w.arena, "127.0.0.1:%u", port)));
	file_set(w.resolv_conf, "search nowhere.test one.test\n");
	dns_begin(0, (struct dns_options){ .servers = list });
	usleep(300000);
	if (waitpid(pid, &status, WNOHANG) == pid) {
		printf("skipped: dnsmasq does not run here (status %d)\n", status);
	} else {
		ask_dnsmasq();
		kill(pid, SIGTERM);
		waitpid(pid, &status, 0);
	}
	w.servers[0] = name_server_open();
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, world_open, world_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answers),
		TEST(test_cache),
		TEST(test_cache_is_bounded),
		TEST(test_equal_questions_are_asked_once),
		TEST(test_impossible_names),
		TEST(test_hosts),
		TEST(test_addresses),
		TEST(test_search),
		TEST(test_long_answers),
		TEST(test_no_tcp),
		TEST(test_lies),
		TEST(test_server_without_edns),
		TEST(test_next_server),
		TEST(test_silent_server_is_not_asked_first),
		TEST(test_rotate),
		TEST(test_lost_packet),
		TEST(test_one_name_without_answer),
		TEST(test_outage),
		TEST(test_unreachable),
		TEST(test_limit_in_flight),
		TEST(test_cancel),
		TEST(test_ask_from_inside),
		TEST(test_close),
		TEST(test_configuration),
		TEST(test_dnsmasq),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
