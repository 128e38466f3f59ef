/* SPDX-License-Identifier: AGPL-3.0-or-later */
/*
 * format.h - the usual data format for tests, fuzz targets and benchmarks, without a file.
 */
#pragma once
#include <intelmq/buffer.h>
#include <intelmq/json.h>

#include "message/fields.h"

#include <stdio.h>
#include <stdlib.h>

struct test_field {
	const char *name, *type;
	int length; /* 0: any */
	const char *regex, *iregex;
};

// clang-format off
static const struct test_field test_event_fields[] = {
	{ "classification.identifier", "String" },
	{ "classification.taxonomy", "ClassificationTaxonomy", 100 },
	{ "classification.type", "ClassificationType" },
	{ "comment", "String" },
	{ "destination.abuse_contact", "LowercaseString" },
	{ "destination.account", "String" },
	{ "destination.allocated", "DateTime" },
	{ "destination.as_name", "String" },
	{ "destination.asn", "ASN" },
	{ "destination.domain_suffix", "FQDN" },
	{ "destination.fqdn", "FQDN", 0, "^.*[^\\.]$" },
	{ "destination.geolocation.cc", "UppercaseString", 2, "^[a-zA-Z0-9]{2}$" },
	{ "destination.geolocation.city", "String" },
	{ "destination.geolocation.country", "String" },
	{ "destination.geolocation.latitude", "Float" },
	{ "destination.geolocation.longitude", "Float" },
	{ "destination.geolocation.region", "String" },
	{ "destination.geolocation.state", "String" },
	{ "destination.ip", "IPAddress" },
	{ "destination.local_hostname", "String" },
	{ "destination.local_ip", "IPAddress" },
	{ "destination.network", "IPNetwork" },
	{ "destination.port", "Integer" },
	{ "destination.registry", "Registry", 7 },
	{ "destination.reverse_dns", "FQDN", 0, "^.*[^\\.]$" },
	{ "destination.tor_node", "Boolean" },
	{ "destination.url", "URL" },
	{ "destination.urlpath", "String" },
	{ "event_description.target", "String" },
	{ "event_description.text", "String" },
	{ "event_description.url", "URL" },
	{ "event_hash", "UppercaseString", 40, "^[A-F0-9./]+$" },
	{ "extra", "JSONDict" },
	{ "feed.accuracy", "Accuracy" },
	{ "feed.code", "String", 100 },
	{ "feed.documentation", "String" },
	{ "feed.name", "String" },
	{ "feed.provider", "String" },
	{ "feed.url", "URL" },
	{ "malware.hash.md5", "String", 200, "^[ -~]+$" },
	{ "malware.hash.sha1", "String", 200, "^[ -~]+$" },
	{ "malware.hash.sha256", "String", 200, "^[ -~]+$" },
	{ "malware.name", "LowercaseString", 0, "^[ -~]+$" },
	{ "malware.version", "String", 0, "^[ -~]+$" },
	{ "misp.attribute_uuid", "LowercaseString", 36, "^[a-z0-9]{8}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{12}$" },
	{ "misp.event_uuid", "LowercaseString", 36, "^[a-z0-9]{8}-[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}-[0-9a-z]{12}$" },
	{ "output", "JSON" },
	{ "protocol.application", "LowercaseString", 100, "^[ -~]+$" },
	{ "protocol.transport", "LowercaseString", 11, NULL, "^(ip|icmp|igmp|ggp|ipencap|st2|tcp|egp|igp|udp|gre|esp|ah|ipv6|ipv6-icmp|ospf|sctp)$" },
	{ "raw", "Base64" },
	{ "rtir_id", "Integer" },
	{ "screenshot_url", "URL" },
	{ "source.abuse_contact", "LowercaseString" },
	{ "source.account", "String" },
	{ "source.allocated", "DateTime" },
	{ "source.as_name", "String" },
	{ "source.asn", "ASN" },
	{ "source.domain_suffix", "FQDN" },
	{ "source.fqdn", "FQDN", 0, "^.*[^\\.]$" },
	{ "source.geolocation.cc", "UppercaseString", 2, "^[a-zA-Z0-9]{2}$" },
	{ "source.geolocation.city", "String" },
	{ "source.geolocation.country", "String" },
	{ "source.geolocation.cymru_cc", "UppercaseString", 2, "^[a-zA-Z0-9]{2}$" },
	{ "source.geolocation.geoip_cc", "UppercaseString", 2, "^[a-zA-Z0-9]{2}$" },
	{ "source.geolocation.latitude", "Float" },
	{ "source.geolocation.longitude", "Float" },
	{ "source.geolocation.region", "String" },
	{ "source.geolocation.state", "String" },
	{ "source.ip", "IPAddress" },
	{ "source.local_hostname", "String" },
	{ "source.local_ip", "IPAddress" },
	{ "source.network", "IPNetwork" },
	{ "source.port", "Integer", 5 },
	{ "source.registry", "Registry", 7 },
	{ "source.reverse_dns", "FQDN", 0, "^.*[^\\.]$" },
	{ "source.tor_node", "Boolean" },
	{ "source.url", "URL" },
	{ "source.urlpath", "String" },
	{ "status", "String" },
	{ "time.observation", "DateTime" },
	{ "time.source", "DateTime" },
	{ "tlp", "TLP" },
};
// clang-format on

// clang-format off
static const struct test_field test_report_fields[] = {
	{ "extra", "JSONDict" },
	{ "feed.accuracy", "Accuracy" },
	{ "feed.code", "String", 100 },
	{ "feed.documentation", "String" },
	{ "feed.name", "String" },
	{ "feed.provider", "String" },
	{ "feed.url", "URL" },
	{ "raw", "Base64" },
	{ "rtir_id", "Integer" },
	{ "time.observation", "DateTime" },
};
// clang-format on

static inline void test_section(struct dict *sections, const char *name,
                                const struct test_field *fields, size_t n)
{
	struct dict *section = dict_new(sections->arena);
	for (size_t i = 0; i < n; i++) {
		struct dict *spec = dict_new(sections->arena);
		dict_set(spec, S("type"), value_cstr(fields[i].type));
		if (fields[i].length)
			dict_set(spec, S("length"), value_int(fields[i].length));
		if (fields[i].regex)
			dict_set(spec, S("regex"), value_cstr(fields[i].regex));
		if (fields[i].iregex)
			dict_set(spec, S("iregex"), value_cstr(fields[i].iregex));
		dict_set(section, str_of(fields[i].name), value_dict(spec));
	}
	dict_set(sections, str_of(name), value_dict(section));
}

/* The text of the file, in the arena. */
static inline struct str test_format_text(struct arena *arena)
{
	struct dict *sections = dict_new(arena);
	struct buffer text;
	test_section(sections, "event", test_event_fields,
	             sizeof test_event_fields / sizeof *test_event_fields);
	test_section(sections, "report", test_report_fields,
	             sizeof test_report_fields / sizeof *test_report_fields);
	buffer_init_in(&text, arena, SIZE_MAX / 2);
	json_write(&text, value_dict(sections), JSON_INDENT4);
	return buffer_str(&text);
}

/* Ends the program if it cannot be made. To be freed with data_format_free. */
static inline struct data_format *test_format_new(void)
{
	struct data_format *format = NULL;
	struct arena arena;
	struct err err = { 0 };
	arena_init(&arena);
	if (data_format_new(test_format_text(&arena), &format, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	arena_fini(&arena);
	return format;
}
