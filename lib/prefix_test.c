/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/prefix.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

static struct ip ip_of(const char *text)
{
	struct ip ip;
	assert_int_equal(ip_parse(str_of(text), &ip), 0);
	return ip;
}

static void add(struct prefix_table *t, const char *text, uint32_t value)
{
	struct network n;
	assert_int_equal(network_parse(str_of(text), true, &n), 0);
	assert_int_equal(prefix_table_add(t, n, value, NULL), 0);
}

/* Finds `address` in `network` with `value`; network NULL: not at all. */
static void finds(struct prefix_table *t, const char *address, const char *network, uint32_t value)
{
	struct ip ip = ip_of(address);
	struct network matched;
	uint32_t got = 0;
	char text[NETWORK_TEXT_SIZE];
	assert_int_equal(prefix_table_find(t, &ip, &matched, &got), network != NULL);
	assert_int_equal(prefix_table_find(t, &ip, NULL, NULL), network != NULL);
	if (!network)
		return;
	network_text(&matched, text);
	assert_string_equal(text, network);
	assert_int_equal(got, value);
}

static void test_empty(void **state)
{
	(void)state;
	struct prefix_table *t = prefix_table_new();
	finds(t, "1.2.3.4", NULL, 0);
	finds(t, "::1", NULL, 0);
	assert_int_equal(prefix_table_count(t), 0);
	prefix_table_free(t);
	prefix_table_free(NULL);
}

static void test_longest_wins(void **state)
{
	(void)state;
	struct prefix_table *t = prefix_table_new();
	add(t, "10.0.0.0/8", 1);
	add(t, "10.1.0.0/16", 2);
	add(t, "10.1.2.0/24", 3);
	add(t, "10.1.2.3/32", 4);
	add(t, "10.1.2.128/25", 5);
	finds(t, "10.1.2.3", "10.1.2.3/32", 4);
	finds(t, "10.1.2.4", "10.1.2.0/24", 3);
	finds(t, "10.1.2.200", "10.1.2.128/25", 5);
	finds(t, "10.1.3.0", "10.1.0.0/16", 2);
	finds(t, "10.0.255.255", "10.0.0.0/8", 1);
	finds(t, "10.255.255.255", "10.0.0.0/8", 1);
	finds(t, "9.255.255.255", NULL, 0);
	finds(t, "11.0.0.0", NULL, 0);
	finds(t, "::10.1.2.3", NULL, 0);
	prefix_table_free(t);
}

static void test_default_route_and_borders(void **state)
{
	(void)state;
	struct prefix_table *t = prefix_table_new();
	add(t, "0.0.0.0/0", 1);
	add(t, "255.255.255.255/32", 2);
	add(t, "::/0", 3);
	add(t, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 4);
	add(t, "2001:db8::/64", 5);
	add(t, "2001:db8:0:0:8000::/65", 6);
	add(t, "::ffff:0:0/96", 7);
	finds(t, "0.0.0.0", "0.0.0.0/0", 1);
	finds(t, "255.255.255.254", "0.0.0.0/0", 1);
	finds(t, "255.255.255.255", "255.255.255.255/32", 2);
	finds(t, "::", "::/0", 3);
	finds(t, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	      "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", 4);
	finds(t, "2001:db8::1", "2001:db8::/64", 5);
	finds(t, "2001:db8::8000:0:0:1", "2001:db8:0:0:8000::/65", 6);
	finds(t, "::ffff:1.2.3.4", "::ffff:0:0/96", 7);
	prefix_table_free(t);
}

static void test_later_addition_replaces(void **state)
{
	(void)state;
	struct prefix_table *t = prefix_table_new();
	add(t, "192.0.2.0/24", 1);
	add(t, "192.0.2.0/24", 2);
	finds(t, "192.0.2.1", "192.0.2.0/24", 2);
	add(t, "192.0.2.0/24", 3);
	add(t, "192.0.0.0/16", 4);
	finds(t, "192.0.2.1", "192.0.2.0/24", 3);
	finds(t, "192.0.3.1", "192.0.0.0/16", 4);
	assert_int_equal(prefix_table_count(t), 2);
	prefix_table_free(t);
}

static bool collect(void *context, const struct network *network, uint32_t value)
{
	char *out = context, text[NETWORK_TEXT_SIZE];
	network_text(network, text);
	sprintf(out + strlen(out), "%s=%u ", text, value);
	return value != 1;
}

static void test_first_addition_counts(void **state)
{
	(void)state;
	struct prefix_table *t = prefix_table_new();
	prefix_table_keep_first(t);
	add(t, "10.0.0.0/8", 1);
	add(t, "10.1.0.0/16", 2);
	add(t, "10.0.0.0/8", 3);
	add(t, "10.0.0.0/8", 4);
	finds(t, "10.2.3.4", "10.0.0.0/8", 1);
	add(t, "10.1.0.0/16", 5);
	finds(t, "10.1.3.4", "10.1.0.0/16", 2);
	assert_int_equal(prefix_table_count(t), 2);
	prefix_table_free(t);
}

struct walk {
	char text[200];
	int left;
};

static bool note(void *context, const struct network *network, uint32_t value)
{
	struct walk *walk = context;
	char text[NETWORK_TEXT_SIZE];
	size_t n = strlen(walk->text);
	network_text(network, text);
	snprintf(walk->text + n, sizeof walk->text - n, "%s=%u ", text, value);
	return --walk->left > 0;
}

static void test_walk(void **state)
{
	(void)state;
	struct prefix_table *t = prefix_table_new();
	struct walk all = { .left = 100 }, some = { .left = 2 };
	prefix_table_walk(t, note, &all);
	assert_string_equal(all.text, "");
	add(t, "2001:db8::/32", 1);
	add(t, "10.1.0.0/16", 2);
	add(t, "10.0.0.0/8", 3);
	add(t, "::/0", 4);
	add(t, "9.0.0.0/8", 5);
	prefix_table_walk(t, note, &all);
	assert_string_equal(all.text,
	                    "9.0.0.0/8=5 10.0.0.0/8=3 10.1.0.0/16=2 ::/0=4 2001:db8::/32=1 ");
	prefix_table_walk(t, note, &some);
	assert_string_equal(some.text, "9.0.0.0/8=5 10.0.0.0/8=3 ");
	prefix_table_free(t);
}

static void test_each_goes_outwards(void **state)
{
	(void)state;
	char seen[200] = "";
	struct prefix_table *t = prefix_table_new();
	add(t, "0.0.0.0/0", 0);
	add(t, "10.0.0.0/8", 1);
	add(t, "10.1.0.0/16", 2);
	add(t, "10.1.2.0/24", 3);
	add(t, "10.1.1.0/24", 4);
	struct ip ip = ip_of("10.1.2.3");
	prefix_table_each(t, &ip, collect, seen);
	assert_string_equal(seen, "10.1.2.0/24=3 10.1.0.0/16=2 10.0.0.0/8=1 ");
	prefix_table_free(t);
}

static void test_host_bits_are_cleared(void **state)
{
	(void)state;
	struct prefix_table *t = prefix_table_new();
	struct network n = { ip_of("10.9.8.7"), 8 };
	assert_int_equal(prefix_table_add(t, n, 1, NULL), 0);
	finds(t, "10.0.0.1", "10.0.0.0/8", 1);
	prefix_table_free(t);
}

/* Against a search through all networks. */
static void test_random(void **state)
{
	(void)state;
	enum { NETWORKS = 600, LOOKUPS = 4000 };
	static struct network all[NETWORKS];
	uint32_t seed = 12345;
	struct prefix_table *t = prefix_table_new();
	for (uint32_t i = 0; i < NETWORKS; i++) {
		seed = seed * 1664525 + 1013904223;
		struct ip ip = ip_from_u32(seed & 0xC3FF80FF);
		all[i] = network_of(&ip, seed >> 8 & 31);
		assert_int_equal(prefix_table_add(t, all[i], i, NULL), 0);
	}
	for (int i = 0; i < LOOKUPS; i++) {
		seed = seed * 1664525 + 1013904223;
		struct ip ip = ip_from_u32(seed & 0xC3FFFFFF);
		int best = -1;
		for (int j = 0; j < NETWORKS; j++)
			if (network_has(&all[j], &ip) &&
			    (best < 0 || all[j].length >= all[best].length))
				best = j;
		uint32_t value = 0;
		assert_int_equal(prefix_table_find(t, &ip, NULL, &value), best >= 0);
		if (best >= 0)
			assert_int_equal(value, best);
	}
	prefix_table_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_longest_wins),
		cmocka_unit_test(test_default_route_and_borders),
		cmocka_unit_test(test_later_addition_replaces),
		cmocka_unit_test(test_first_addition_counts),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_each_goes_outwards),
		cmocka_unit_test(test_host_bits_are_cleared),
		cmocka_unit_test(test_random),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
