/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/dns_conf.h"
#include "tests/dns_world.h"

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
	dns_wait_for(&slow);
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
		begin(&all[i], name_of("w", i), DNS_A, false);
	for (int i = 0; i < MANY; i++) {
		dns_wait_for(&all[i]);
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
	dns_begin(2, (struct dns_options){ .timeout_ms = 900 });
	name_server_set(w.servers[0], SILENT);
	for (int i = 0; i < 10; i++)
		finds(name_of("w", i), DNS_A, "192.0.2.1");
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
		finds(name_of("w", i), DNS_A, "192.0.2.1");
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
	uint64_t start = uv_hrtime();
	begin(&dead, "drop.example", DNS_A, false);
	finds("www.example", DNS_A, "192.0.2.1");
	dns_wait_for(&dead);
	uint64_t taken_ms = (uv_hrtime() - start) / 1000000;
	assert_in_range(taken_ms, 270, 2000);
	assert_int_equal(packets(), 4);
	assert_int_equal(dead.status, DNS_TIMEOUT);
	assert_true(str_starts(str_of(dead.values), S("no name server answers (127.0.0.1:")));
	assert_int_equal(dns_counts(w.dns).timeouts, 1);
	/* Nobody was heard since its last try, so the server may be down: the next answer shows that it is not. */
	assert_true(dns_trouble(w.dns).n > 0);
	finds("ftp.example", DNS_A, "192.0.2.1");
	assert_int_equal(dns_trouble(w.dns).n, 0);
	/* Not kept. */
	begin(&dead, "drop.example", DNS_A, false);
	assert_false(dead.at_once);
	dns_cancel(w.dns, &dead.q);
}

/* While nobody answers, one question fails at first and one with each probe; all others are answered in the end. */
static void test_outage(void **state)
{
	(void)state;
	static struct asked all[MANY];
	dns_begin(1, (struct dns_options){ .timeout_ms = 300, .in_flight = MANY / 2 });
	name_server_set(w.servers[0], SILENT);
	for (int i = 0; i < MANY; i++)
		begin(&all[i], name_of("w", i), DNS_A, false);
	dns_wait_for(&all[0]);
	assert_int_equal(all[0].status, DNS_TIMEOUT);
	/* The probe: one that was not sent before. */
	dns_wait_for(&all[MANY / 2]);
	assert_int_equal(all[MANY / 2].status, DNS_TIMEOUT);
	assert_int_equal(answered(all, MANY, DNS_TIMEOUT), 2);
	struct str trouble = dns_trouble(w.dns);
	assert_true(str_starts(trouble, S("no name server answers (127.0.0.1:")));
	assert_true(str_find(trouble, S(") since ")) != STR_NOT_FOUND &&
	            str_ends(trouble, S(" s")));
	unsigned during = packets();
	assert_true(during <= (MANY / 2 + 1) * 3);
	name_server_set(w.servers[0], SERVES);
	for (int i = 0; i < MANY; i++)
		dns_wait_for(&all[i]);
	assert_int_equal(answered(all, MANY, DNS_FOUND), MANY - 2);
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
		begin(&all[i], name_of("w", i), DNS_A, false);
	while (answered(all, MANY, DNS_TIMEOUT) == 0)
		uv_run(&w.loop, UV_RUN_ONCE);
	for (int i = 0; i < 20; i++)
		uv_run(&w.loop, UV_RUN_NOWAIT);
	assert_true(uv_hrtime() - start < 900000000);
	assert_int_equal(answered(all, MANY, DNS_TIMEOUT), 1);
	for (int i = 0; i < MANY; i++)
		if (all[i].calls)
			assert_string_equal(all[i].values, "no name server answers (127.0.0.1:1)");
	assert_true(
		str_starts(dns_trouble(w.dns), S("no name server answers (127.0.0.1:1) since ")));
}

/* Questions of all kinds, cancelled and closed at any time: each that is wanted is answered, once. */
static void torture(unsigned *seed, struct asked *all, bool *wanted)
{
	static const char *const names[] = { "ok",      "ttl0",     "nx",    "drop",
		                             "late300", "cut",      "large", "lie",
		                             "loop",    "servfail", "once",  "cutonly" };
	static const enum name_server_mode modes[] = { SERVES, SERVES, SERVES,
		                                       SILENT, FAILS,  NOT_TCP };
	for (int step = 0; step < 1500; step++) {
		size_t i = (size_t)rand_r(seed) % MANY;
		int what = rand_r(seed) % 100;
		if (what < 60 && (!wanted[i] || all[i].calls)) {
			begin(&all[i], name_of(names[rand_r(seed) % 12], rand_r(seed) % 20), DNS_A,
			      what % 2);
			wanted[i] = true;
		} else if (what < 80 && wanted[i]) {
			dns_cancel(w.dns, &all[i].q);
			wanted[i] = all[i].calls > 0;
		} else if (what == 99) {
			name_server_set(w.servers[step % SERVERS], modes[rand_r(seed) % 6]);
		} else {
			uv_run(&w.loop, UV_RUN_NOWAIT);
		}
		assert_true(all[i].calls <= 1);
	}
}

static void test_torture(void **state)
{
	(void)state;
	static struct asked all[MANY];
	static bool wanted[MANY];
	for (unsigned seed = 1; seed <= 8; seed++) {
		unsigned random = seed;
		dns_begin(SERVERS, (struct dns_options){ .timeout_ms = 60,
		                                         .in_flight = 20,
		                                         .cache_bytes = 5000 });
		memset(wanted, 0, sizeof wanted);
		torture(&random, all, wanted);
		for (int i = 0; i < SERVERS; i++)
			name_server_set(w.servers[i], SERVES);
		for (int i = 0; i < MANY && seed % 2; i++)
			if (wanted[i])
				dns_wait_for(&all[i]);
		dns_end();
		for (int i = 0; i < MANY; i++)
			assert_true(all[i].calls <= 1);
	}
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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
		TEST(test_torture),
		TEST(test_configuration),
		TEST(test_dnsmasq),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
