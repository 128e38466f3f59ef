/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/dns.h"

#include <intelmq/clock.h>
#include <unistd.h>

#include "net/dns_parts.h"
#include "tests/dns_world.h"

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
		finds(name_of("w", i), DNS_A, "192.0.2.1");
		assert_true(w.dns->cache.bytes <= 10000);
		/* What is used again and again stays. */
		finds("always.example", DNS_A, "192.0.2.1");
		assert_int_equal(asked.at_once, i > 0);
	}
	finds("w-199.example", DNS_A, "192.0.2.1");
	assert_true(asked.at_once);
	finds("w-0.example", DNS_A, "192.0.2.1");
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
		dns_wait_for(&all[i]);
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

static int order[10], orders;

static void order_note(struct asked *one)
{
	order[orders++] = (int)one->q.name.p[3] - '0';
}

static void test_limit_in_flight(void **state)
{
	(void)state;
	static struct asked all[10];
	dns_begin(1, (struct dns_options){ .in_flight = 1 });
	orders = 0;
	for (int i = 0; i < 10; i++) {
		all[i].then = order_note;
		begin(&all[i], name_of("ok", i), DNS_A, false);
	}
	assert_int_equal(dns_counts(w.dns).sent, 1);
	for (int i = 0; i < 10; i++)
		dns_wait_for(&all[i]);
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
	dns_wait_for(&first);
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
	dns_wait_for(&first);
	dns_wait_for(&third);
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
		begin(&all[i], name_of(i % 3 ? "drop" : "cut", i), DNS_A, i % 2);
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
	dns_wait_for(&first);
	uv_run(&w.loop, UV_RUN_DEFAULT);
	assert_int_equal(second.calls + third.calls, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answers),          TEST(test_cache),
		TEST(test_cache_is_bounded), TEST(test_equal_questions_are_asked_once),
		TEST(test_impossible_names), TEST(test_hosts),
		TEST(test_addresses),        TEST(test_search),
		TEST(test_limit_in_flight),  TEST(test_cancel),
		TEST(test_ask_from_inside),  TEST(test_close),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
