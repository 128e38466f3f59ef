/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "net/dns_conf.h"

#include <intelmq/file.h>
#include <unistd.h>

enum { CONF_BYTES_MAX = 1 << 20 };

/* Digits alone, cut at `max`. False: that is no number. */
static bool number_read(struct str text, unsigned max, unsigned *out)
{
	unsigned value = 0;
	for (size_t i = 0; i < text.n; i++) {
		if (text.p[i] < '0' || text.p[i] > '9')
			return false;
		value = value * 10 + (unsigned)(text.p[i] - '0');
		if (value > max)
			value = max;
	}
	*out = value;
	return text.n > 0;
}

static bool port_read(struct str text, uint16_t *out)
{
	unsigned port;
	if (!number_read(text, UINT16_MAX + 1, &port) || port == 0 || port > UINT16_MAX)
		return false;
	*out = (uint16_t)port;
	return true;
}

/* "address", "address:port", "[v6]", "[v6]:port" */
static bool address_read(struct str text, struct dns_address *out)
{
	out->port = DNS_PORT;
	if (ip_parse(text, &out->ip) == 0)
		return true;
	struct str address = text;
	if (str_starts(text, S("["))) {
		address = str_cut(&text, ']');
		address = str_slice(address, 1, address.n);
		if (!text.p || ip_parse(address, &out->ip) || out->ip.version != 6)
			return false;
		return text.n == 0 ||
		       (text.p[0] == ':' && port_read(str_slice(text, 1, text.n), &out->port));
	}
	address = str_cut(&text, ':');
	return ip_parse(address, &out->ip) == 0 && port_read(text, &out->port);
}

static int servers_read(const struct list *servers, struct dns_conf *conf, struct err *err)
{
	for (size_t i = 0; i < servers->n; i++) {
		struct value v = servers->items[i];
		if (v.kind != VALUE_STR)
			return err_set(err, FAULT_CONFIGURATION, "a name server is no text");
		if (conf->n == DNS_SERVERS_MAX)
			return err_set(err, FAULT_CONFIGURATION, "more than %d name servers",
			               DNS_SERVERS_MAX);
		if (!address_read(v.text, &conf->servers[conf->n++]))
			return err_set(err, FAULT_CONFIGURATION, "name server '%.*s' is no address",
			               STR_ARG(v.text));
	}
	return 0;
}

/* The next word of a line, or an empty one. */
static struct str word_cut(struct str *line)
{
	size_t from = 0, to;
	while (from < line->n && (line->p[from] == ' ' || line->p[from] == '\t'))
		from++;
	for (to = from; to < line->n && line->p[to] != ' ' && line->p[to] != '\t';)
		to++;
	struct str word = str_slice(*line, from, to);
	*line = str_slice(*line, to, line->n);
	return word;
}

/* The root as a domain adds nothing to a name: "search ." says that there are no others. */
static void search_add(struct dns_conf *conf, struct str domain)
{
	struct dns_name name;
	if (conf->searches < DNS_SEARCH_MAX && dns_name_fold(domain, &name) && name.n)
		conf->search[conf->searches++] = name;
}

static void option_read(struct dns_conf *conf, struct str option)
{
	struct str name = str_cut(&option, ':');
	unsigned value;
	if (str_eq(name, S("rotate"))) {
		conf->rotate = true;
	} else if (str_eq(name, S("ndots"))) {
		if (number_read(option, DNS_NDOTS_MAX, &value))
			conf->ndots = value;
	} else if (str_eq(name, S("timeout"))) {
		if (number_read(option, DNS_TRY_SECONDS_MAX, &value))
			conf->try_ms = value * 1000;
	} else if (str_eq(name, S("attempts"))) {
		if (number_read(option, DNS_ATTEMPTS_MAX, &value))
			conf->attempts = value;
	}
}

static void server_read(struct dns_conf *conf, struct str text)
{
	struct ip ip;
	if (conf->n < DNS_SERVERS_MAX && ip_parse(text, &ip) == 0)
		conf->servers[conf->n++] = (struct dns_address){ ip, DNS_PORT };
}

/* True: it says which domains are searched; the last of these lines counts. */
static bool line_read(struct dns_conf *conf, bool servers, struct str line)
{
	struct str key = word_cut(&line), word;
	if (str_eq(key, S("nameserver")) && servers) {
		server_read(conf, word_cut(&line));
	} else if (str_eq(key, S("search")) || str_eq(key, S("domain"))) {
		conf->searches = 0;
		while ((word = word_cut(&line)).n)
			search_add(conf, word);
		return true;
	} else if (str_eq(key, S("options"))) {
		while ((word = word_cut(&line)).n)
			option_read(conf, word);
	}
	return false;
}

/* Without such a line, the domain that this machine is in is searched. */
static void own_domain_search(struct dns_conf *conf)
{
	char name[256] = "";
	if (gethostname(name, sizeof name - 1))
		return;
	struct str domain = str_of(name);
	str_cut(&domain, '.');
	if (domain.p)
		search_add(conf, domain);
}

static void file_read(struct dns_conf *conf, const char *path)
{
	struct str text;
	bool servers = conf->n == 0, searches = false;
	if (file_map(path, CONF_BYTES_MAX, &text, NULL) == 0) {
		for (struct str rest = text; rest.p;)
			searches |= line_read(conf, servers, str_cut(&rest, '\n'));
		file_unmap(text);
	}
	if (!searches)
		own_domain_search(conf);
}

int dns_conf_read(const struct dns_options *options, struct dns_conf *out, struct err *err)
{
	*out = (struct dns_conf){ .ndots = 1 };
	if (options->servers && servers_read(options->servers, out, err))
		return -1;
	file_read(out, options->resolv_conf ? options->resolv_conf : "/etc/resolv.conf");
	if (out->n == 0) {
		out->n = 1;
		out->servers[0] = (struct dns_address){ { 4, { 127, 0, 0, 1 } }, .port = DNS_PORT };
	}
	return 0;
}
