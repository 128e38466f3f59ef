/* SPDX-License-Identifier: AGPL-3.0-or-later */
#include "bench/codec_shim.h"

#include <simdjson.h>

using namespace simdjson;

static bool is_changed(std::string_view key)
{
	return key == "classification.taxonomy" || key == "malware.name";
}

/* The document cannot be changed in place; it is written with the changes. */
static bool write_event(internal::string_builder<> &out, dom::object event)
{
	for (dom::key_value_pair field : event) {
		if (field.key == "__type" || is_changed(field.key))
			continue;
		out.append(field);
	}
	return true;
}

extern "C" size_t bench_simdjson(const char *text, const size_t *ends, size_t n)
{
	static const char added[] = "\"classification.taxonomy\":\"other\",\"source.as_name\":\"EXAMPLE-AS\","
				    "\"source.registry\":\"RIPE\",\"__type\":\"Event\"}";
	dom::parser parser;
	internal::string_builder<> out;
	std::string wire;
	size_t bytes = 0;
	for (size_t i = 0; i < n; i++) {
		size_t start = i ? ends[i - 1] : 0;
		dom::object event;
		if (parser.parse(text + start, ends[i] - start, false).get_object().get(event) != SUCCESS)
			return 0;
		out.clear();
		if (!write_event(out, event))
			return 0;
		wire.assign("{");
		wire.append(out.str());
		wire.append(added, sizeof added - 1);
		bytes += wire.size();
	}
	return bytes;
}
