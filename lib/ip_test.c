/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/ip.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

/* Text and its canonical form; NULL: refused. */
struct sample {
	const char *text, *canonical;
};

static void check_address(const char *text, const char *canonical)
{
	struct ip ip;
	char out[IP_TEXT_SIZE];
	int result = ip_parse(str_of(text), &ip);
	if ((result == 0) != (canonical != NULL))
		fail_msg("\"%s\" is %s", text, result ? "refused" : "accepted");
	if (result)
		return;
	struct str again = ip_text(&ip, out);
	assert_string_equal(out, canonical);
	assert_int_equal(again.n, strlen(canonical));
	struct ip back;
	assert_int_equal(ip_parse(again, &back), 0);
	assert_int_equal(ip_cmp(&ip, &back), 0);
}

static void test_v4(void **state)
{
	(void)state;
	static const struct sample samples[] = {
		{ "1.2.3.4", "1.2.3.4" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "192.0.2.10", "192.0.2.10" },
		{ "256.0.0.1", NULL },
		{ "1.2.3", NULL },
		{ "1.2.3.4.5", NULL },
		{ "1.2.3.", NULL },
		{ ".1.2.3", NULL },
		{ "1..2.3", NULL },
		{ "01.2.3.4", NULL },
		{ "1.2.3.04", NULL },
		{ "00.0.0.0", NULL },
		{ "1.2.3.1000", NULL },
		{ " 1.2.3.4", NULL },
		{ "1.2.3.4 ", NULL },
		{ "1.2.3.4\n", NULL },
		{ "+1.2.3.4", NULL },
		{ "0x1.2.3.4", NULL },
		{ "1.2.3.4/32", NULL },
		{ "16909060", NULL },
		{ "", NULL },
		{ "1.2.3.\xd9\xa4", NULL }, /* an Arabic digit */
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
		check_address(samples[i].text, samples[i].canonical);
	struct ip ip;
	assert_int_equal(ip_parse((struct str){ "1.2.3.4\0", 8 }, &ip), -1);
	assert_int_equal(ip_parse(STR_NONE, &ip), -1);
}

static void test_v6(void **state)
{
	(void)state;
	static const struct sample samples[] = {
		{ "::", "::" },
		{ "::1", "::1" },
		{ "1::", "1::" },
		{ "2001:DB8::A", "2001:db8::a" },
		{ "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1" },
		{ "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8" },
		{ "1:0:0:2:0:0:0:3", "1:0:0:2::3" },
		{ "1:0:0:2:0:0:3:4", "1::2:0:0:3:4" },
		{ "1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7" },
		{ "0:0:1:2:3:4:5:6", "::1:2:3:4:5:6" },
		{ "1:2:3:4:5:6:0:0", "1:2:3:4:5:6::" },
		{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
		{ "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
		{ "::ffff:1.2.3.4", "::ffff:102:304" },
		{ "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
		{ "::1.2.3.4", "::102:304" },
		{ "64:ff9b::192.0.2.33", "64:ff9b::c000:221" },
		{ ":", NULL },
		{ ":::", NULL },
		{ ":1", NULL },
		{ "1:", NULL },
		{ "::1:", NULL },
		{ ":1::", NULL },
		{ "1::2::3", NULL },
		{ "1:2:3:4:5:6:7", NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL },
		{ "1::2:3:4:5:6:7:8", NULL },
		{ "12345::", NULL },
		{ "g::", NULL },
		{ "::1.2.3", NULL },
		{ "::1.2.3.04", NULL },
		{ "1.2.3.4::", NULL },
		{ "::1.2.3.4:5", NULL },
		{ "1:2:3:4:5:6:7:1.2.3.4", NULL },
		{ "[::1]", NULL },
		{ "::1%eth0", NULL },
		{ "::1/128", NULL },
		{ "1::-1", NULL },
		{ "0000:0000:0000:0000:0000:0000:0000:0000:0000", NULL },
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++)
		check_address(samples[i].text, samples[i].canonical);
}

static void test_zone(void **state)
{
	(void)state;
	struct ip ip;
	struct str zone;
	assert_int_equal(ip_parse_scoped(S("fe80::1%eth0"), &ip, &zone), 0);
	assert_true(str_eq(zone, S("eth0")));
	assert_int_equal(ip.version, 6);
	assert_int_equal(ip_parse_scoped(S("::1"), &ip, &zone), 0);
	assert_null(zone.p);
	assert_int_equal(ip_parse_scoped(S("1.2.3.4"), &ip, &zone), 0);
	static const char *const refused[] = { "fe80::1%", "fe80::1%a%b", "1.2.3.4%eth0",
		                               "%eth0",    "fe80::1%a/b", "fe80::%%" };
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		assert_int_equal(ip_parse_scoped(str_of(refused[i]), &ip, &zone), -1);
}

static void check_network(const char *text, bool strict, const char *canonical)
{
	struct network network;
	char out[NETWORK_TEXT_SIZE];
	int result = network_parse(str_of(text), strict, &network);
	if ((result == 0) != (canonical != NULL))
		fail_msg("\"%s\" is %s", text, result ? "refused" : "accepted");
	if (result)
		return;
	assert_int_equal(network_text(&network, out).n, strlen(canonical));
	assert_string_equal(out, canonical);
}

static void test_networks(void **state)
{
	(void)state;
	static const struct {
		const char *text, *lenient, *strict;
	} samples[] = {
		{ "10.0.0.0/8", "10.0.0.0/8", "10.0.0.0/8" },
		{ "10.0.0.1/8", "10.0.0.0/8", NULL },
		{ "1.2.3.4", "1.2.3.4/32", "1.2.3.4/32" },
		{ "::1", "::1/128", "::1/128" },
		{ "2001:db8::1/32", "2001:db8::/32", NULL },
		{ "2001:DB8::/32", "2001:db8::/32", "2001:db8::/32" },
		{ "1.2.3.4/0", "0.0.0.0/0", NULL },
		{ "::/0", "::/0", "::/0" },
		{ "10.0.0.0/255.0.0.0", "10.0.0.0/8", "10.0.0.0/8" },
		{ "10.0.0.0/0.255.255.255", "10.0.0.0/8", "10.0.0.0/8" },
		{ "0.0.0.0/0.0.0.0", "0.0.0.0/0", "0.0.0.0/0" },
		{ "1.2.3.4/255.255.255.255", "1.2.3.4/32", "1.2.3.4/32" },
		{ "1.2.3.4/0.0.0.1", "1.2.3.4/31", "1.2.3.4/31" },
		{ "1.2.3.4/008", "1.0.0.0/8", NULL },
		{ "1.2.3.4/33", NULL, NULL },
		{ "::/129", NULL, NULL },
		{ "1.2.3.4/255.0.255.0", NULL, NULL },
		{ "1.2.3.4/", NULL, NULL },
		{ "1.2.3.4/+8", NULL, NULL },
		{ "1.2.3.4/-1", NULL, NULL },
		{ "1.2.3.4/8/8", NULL, NULL },
		{ "/8", NULL, NULL },
		{ "10/8", NULL, NULL },
		{ "::/ffff::", NULL, NULL },
		{ "::1%eth0/128", NULL, NULL },
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		check_network(samples[i].text, false, samples[i].lenient);
		check_network(samples[i].text, true, samples[i].strict);
	}
}

static void test_network_zone(void **state)
{
	(void)state;
	struct network network;
	struct str zone;
	assert_int_equal(network_parse_scoped(S("fe80::1%eth0"), true, &network, &zone), 0);
	assert_true(str_eq(zone, S("eth0")));
	assert_int_equal(network_parse_scoped(S("fe80::%1/64"), true, &network, &zone), 0);
	assert_true(str_eq(zone, S("1")));
	assert_int_equal(network_parse_scoped(S("fe80::1%1/64"), true, &network, &zone), -1);
	assert_int_equal(network_parse_scoped(S("fe80::1%1/64"), false, &network, &zone), 0);
	assert_null(zone.p);
	assert_int_equal(network_parse_scoped(S("fe80::/64%1"), false, &network, &zone), -1);
}

static bool has(const char *network, const char *address)
{
	struct network n;
	struct ip ip;
	assert_int_equal(network_parse(str_of(network), true, &n), 0);
	assert_int_equal(ip_parse(str_of(address), &ip), 0);
	return network_has(&n, &ip);
}

static void test_network_has(void **state)
{
	(void)state;
	assert_true(has("10.0.0.0/8", "10.255.255.255"));
	assert_false(has("10.0.0.0/8", "11.0.0.0"));
	assert_true(has("10.0.0.128/25", "10.0.0.255"));
	assert_false(has("10.0.0.128/25", "10.0.0.127"));
	assert_true(has("0.0.0.0/0", "255.1.1.1"));
	assert_true(has("1.2.3.4/32", "1.2.3.4"));
	assert_false(has("1.2.3.4/32", "1.2.3.5"));
	assert_true(has("::/0", "ffff::"));
	assert_true(has("::1/128", "::1"));
	assert_false(has("::1/128", "::2"));
	assert_false(has("::/0", "1.2.3.4"));
	assert_false(has("0.0.0.0/0", "::"));
}

static void test_numbers(void **state)
{
	(void)state;
	static const struct {
		const char *digits, *text; /* NULL: refused */
	} samples[] = {
		{ "0", "0.0.0.0" },
		{ "16909060", "1.2.3.4" },
		{ "4294967295", "255.255.255.255" },
		{ "4294967296", "::1:0:0" },
		{ "42540766411282592856903984951653826561", "2001:db8::1" },
		{ "340282366920938463463374607431768211455",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "340282366920938463463374607431768211456", NULL },
		{ "999999999999999999999999999999999999999", NULL },
		{ "3402823669209384634633746074317682114550", NULL },
		{ "-1", NULL },
		{ "", NULL },
		{ "1a", NULL },
	};
	for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
		struct ip ip;
		char text[IP_TEXT_SIZE], digits[IP_DECIMAL_SIZE];
		int result = ip_from_decimal(str_of(samples[i].digits), &ip);
		assert_int_equal(result, samples[i].text ? 0 : -1);
		if (result)
			continue;
		assert_string_equal(ip_text(&ip, text).p, samples[i].text);
		assert_string_equal(ip_decimal(&ip, digits).p, samples[i].digits);
	}
	struct ip ip = ip_from_u32(0x7f000001);
	assert_int_equal(ip_to_u32(&ip), 0x7f000001);
}

static void check_reverse(const char *address, const char *name)
{
	struct ip ip;
	char out[IP_REVERSE_SIZE];
	assert_int_equal(ip_parse(str_of(address), &ip), 0);
	assert_int_equal(ip_reverse(&ip, out).n, strlen(name));
	assert_string_equal(out, name);
}

static void check_labels(const char *address, const char *labels)
{
	struct ip ip;
	char out[IP_REVERSE_SIZE];
	assert_int_equal(ip_parse(str_of(address), &ip), 0);
	assert_int_equal(ip_reverse_labels(&ip, out).n, strlen(labels));
	assert_string_equal(out, labels);
}

static void test_reverse(void **state)
{
	(void)state;
	check_reverse("192.0.2.1", "1.2.0.192.in-addr.arpa.");
	check_reverse("255.255.255.255", "255.255.255.255.in-addr.arpa.");
	check_reverse("::ffff:1.2.3.4", "4.3.2.1.in-addr.arpa.");
	check_labels("192.0.2.1", "1.2.0.192");
	check_labels("::ffff:1.2.3.4",
	             "4.0.3.0.2.0.1.0.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0");
	check_reverse("2001:db8::567:89ab",
	              "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa.");
}

static void test_mapped_and_order(void **state)
{
	(void)state;
	struct ip mapped, other, v4;
	assert_int_equal(ip_parse(S("::ffff:1.2.3.4"), &mapped), 0);
	assert_int_equal(ip_parse(S("::1.2.3.4"), &other), 0);
	assert_true(ip_is_mapped(&mapped, &v4));
	assert_int_equal(ip_to_u32(&v4), 0x01020304);
	assert_false(ip_is_mapped(&other, NULL));
	assert_false(ip_is_mapped(&v4, NULL));
	assert_true(ip_cmp(&v4, &other) < 0);
	assert_true(ip_cmp(&mapped, &other) > 0);
	assert_int_equal(ip_cmp(&mapped, &mapped), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_v4),
		cmocka_unit_test(test_v6),
		cmocka_unit_test(test_zone),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_network_zone),
		cmocka_unit_test(test_network_has),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_reverse),
		cmocka_unit_test(test_mapped_and_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
