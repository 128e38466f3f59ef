/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include <intelmq/ip.h>

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_address(struct str text)
{
	struct ip ip, again;
	struct str zone;
	char out[IP_TEXT_SIZE], digits[IP_DECIMAL_SIZE], name[IP_REVERSE_SIZE];
	if (ip_parse_scoped(text, &ip, &zone))
		return;
	assert(ip_parse(ip_text(&ip, out), &again) == 0 && ip_cmp(&ip, &again) == 0);
	assert(ip_from_decimal(ip_decimal(&ip, digits), &again) == 0);
	assert(again.version == 4 || ip_cmp(&ip, &again) == 0);
	assert(ip_reverse(&ip, name).n < sizeof name);
}

static void check_network(struct str text)
{
	struct network lenient, strict, again;
	struct str zone;
	char out[NETWORK_TEXT_SIZE];
	if (network_parse_scoped(text, false, &lenient, &zone)) {
		assert(network_parse_scoped(text, true, &strict, &zone) == -1);
		return;
	}
	assert(network_has(&lenient, &lenient.ip));
	assert(network_parse(network_text(&lenient, out), true, &again) == 0);
	assert(ip_cmp(&again.ip, &lenient.ip) == 0 && again.length == lenient.length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct ip ip;
	check_address(text);
	check_network(text);
	(void)ip_from_decimal(text, &ip);
	return 0;
}
