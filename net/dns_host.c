/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/dns_host.h"

#include <arpa/inet.h>

bool dns_address_read(struct str name, struct ip *out)
{
	struct in_addr address;
	char text[IP_TEXT_SIZE];
	if (ip_parse(name, out) == 0)
		return true;
	if (name.n >= sizeof text)
		return false;
	for (size_t i = 0; i < name.n; i++) {
		text[i] = name.p[i];
		if (str_index(S("0123456789abcdefABCDEFxX."), text[i]) == STR_NOT_FOUND)
			return false;
	}
	text[name.n] = 0;
	if (!inet_aton(text, &address))
		return false;
	*out = ip_from_u32(ntohl(address.s_addr));
	return true;
}

bool dns_candidate(const struct dns_conf *conf, struct str host, unsigned n, struct dns_name *out,
                   bool *itself_out)
{
	size_t dots = 0, domains = conf->searches;
	if (!dns_name_fold(host, out))
		return false;
	for (size_t i = 0; i < out->n; i++)
		dots += out->p[i] == '.';
	bool first = dots >= conf->ndots;
	bool final = host.p[host.n - 1] == '.';
	*itself_out = final || (first ? n == 0 : n == domains);
	if (final)
		return n == 0;
	if (n > domains)
		return false;
	if (*itself_out)
		return true;
	struct dns_name name = *out;
	if (dns_name_join(&name, dns_name_str(&conf->search[n - first])))
		*out = name;
	return true;
}
